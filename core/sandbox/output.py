"""Reads all that a program prints in bounded memory: its head, its tail, and pieces for whoever looks on."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

_HEAD, _TAIL = 16 * 1024, 48 * 1024
_READ = 64 * 1024
_PIECE = 16 * 1024
_BETWEEN_PIECES = 0.1
_LAST_READS = 64


class Output:
    """Drains the reading end of a pipe on the running event loop from the start to `close`."""

    def __init__(self, pipe: int, shown: Callable[[bytes], str], on_output: Callable[[str], None] | None) -> None:
        self._pipe = pipe
        self._shown = shown
        self._on_output = on_output
        self._head, self._tail, self._total = bytearray(), bytearray(), 0
        self._fresh, self._lost = bytearray(), 0
        self._overwrites = False
        self._loop = asyncio.get_running_loop()
        self._next_piece: asyncio.TimerHandle | None = None
        os.set_blocking(pipe, False)
        self._loop.add_reader(pipe, self._read)

    def text(self) -> str:
        """What was printed, safe for a terminal: all of it, or head and tail and how much lies between."""
        omitted = self._total - len(self._head) - len(self._tail[-_TAIL:])
        if not omitted:
            return self._shown(bytes(self._head + self._tail))
        head, tail = self._shown(bytes(self._head)), self._shown(bytes(self._tail[-_TAIL:]))
        return f"{head}\n{_omitted(omitted)}\n{tail}"

    def close(self) -> None:
        """Read what the dead program left in the pipe, never waiting for more, and hand over what was not shown yet."""
        if self._pipe >= 0:
            for _ in range(_LAST_READS):  # an escaped process may hold the pipe and go on writing
                if not self._read():
                    break
            self._loop.remove_reader(self._pipe)
            os.close(self._pipe)
            self._pipe = -1
        if self._next_piece:
            self._next_piece.cancel()
        self._hand_over(len(self._fresh))

    def _read(self) -> bool:
        """Read once; whether there was anything."""
        try:
            data = os.read(self._pipe, _READ)
        except BlockingIOError:
            return False
        if not data:
            self._loop.remove_reader(self._pipe)
            return False
        self._keep(data)
        if self._on_output:
            self._fresh += data
            over = len(self._fresh) - _PIECE
            if over > 0:
                del self._fresh[:over]
                self._lost += over
            self._next_piece = self._next_piece or self._loop.call_later(_BETWEEN_PIECES, self._tick)
        return True

    def _keep(self, data: bytes) -> None:
        self._total += len(data)
        room = _HEAD - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        self._tail += data
        if len(self._tail) > 4 * _TAIL:
            del self._tail[:-_TAIL]

    def _tick(self) -> None:
        """Hand over whole lines, those of a progress bar too; a line without end goes when it is long."""
        self._next_piece = None
        whole = max(self._fresh.rfind(b"\n"), self._fresh.rfind(b"\r")) + 1
        whole = whole or (len(self._fresh) if len(self._fresh) > _PIECE // 2 else 0)
        if whole:
            self._hand_over(whole)

    def _hand_over(self, count: int) -> None:
        piece, lost = bytes(self._fresh[:count]), self._lost
        if not piece or not self._on_output:
            return
        del self._fresh[:count]
        self._lost = 0
        over, self._overwrites = "\r" if self._overwrites else "", piece.endswith(b"\r")
        self._on_output(over + (f"{_omitted(lost)}\n" if lost else "") + self._shown(piece))


def _omitted(count: int) -> str:
    return f"[… {count} bytes omitted …]"
