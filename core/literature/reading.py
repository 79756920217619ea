"""Documents read by a limited process: what hostile PDF or HTML does to its reader stays there."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import tempfile
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import core
from core.literature.extract import SECONDS
from core.literature.texts import LONGEST, Read

_START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from core.literature.extract import main; main()"
_LONGEST_LINE = 16 * LONGEST
_DIED = "reading it takes too long, too much memory, or breaks the reader"


class Unreadable(ValueError):
    """A document that cannot be read; says why."""


async def read_bytes(kind: str, data: bytes) -> Read:
    """The text of one document (`pdf`, `html` or `src`: an e-print's source). Raises Unreadable."""
    with tempfile.NamedTemporaryFile(prefix="labtop-") as file:
        await asyncio.to_thread(Path(file.name).write_bytes, data)
        async with contextlib.aclosing(read_files(kind, [Path(file.name)])) as found:
            _, read = await anext(found)
    if isinstance(read, str):
        raise Unreadable(read)
    return read


async def read_files(kind: str, paths: Sequence[Path]) -> AsyncGenerator[tuple[Path, Read | str]]:
    """Each document with its text, or why there is none; one that kills its reader costs only itself."""
    left = list(paths)
    while left:
        async with contextlib.aclosing(_lines(kind, tuple(left))) as lines:
            async for line in lines:
                yield left.pop(0), _answer(line)
        if left:
            yield left.pop(0), _DIED


async def _lines(kind: str, paths: Sequence[Path]) -> AsyncGenerator[bytes]:
    """What one reader says, a line a document, until it is done or dies."""
    root = str(Path(core.__file__).parent.parent)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-B", "-c", _START, root, kind, *map(str, paths)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
        limit=_LONGEST_LINE,
    )
    assert process.stdout is not None
    try:
        for _ in paths:
            line = await asyncio.wait_for(process.stdout.readline(), SECONDS + 20)
            if not line.endswith(b"\n"):
                return
            yield line
    except (TimeoutError, ValueError):
        return
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _answer(line: bytes) -> Read | str:
    try:
        found = json.loads(line)
        return str(found["problem"]) if "problem" in found else Read(**found)
    except (ValueError, TypeError):
        return _DIED
