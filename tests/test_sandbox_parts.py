# ruff: noqa: E501  (program texts are long)

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from core.sandbox import linux, processes, seccomp, surroundings
from core.sandbox.outcome import Ending, Tier, ended
from core.sandbox.output import Output
from core.sandbox.run import run
from core.sandbox.tiers import SandboxError, best_tier, describe, why_not
from core.sandbox.watch import usage
from core.settings import Limits

ROOT = Path(__file__).parents[1]
ALLOWED, KILLED = "allowed", "killed"
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}


def _answer(code: bytes, machine: str, number: int, *arguments: int, architecture: int | None = None) -> str | int:
    """What the kernel would make of a system call under the filter: a small machine for classic BPF."""
    words = [number, architecture or ARCHITECTURES[machine], 0, 0]
    for argument in (*arguments, *[0] * 6)[:6]:
        words += [argument & 0xFFFFFFFF, argument >> 32]
    place = value = 0
    while True:
        operation, if_true, if_false, constant = struct.unpack_from("=HBBI", code, place * 8)
        place += 1
        if operation == 0x20:
            value = words[constant // 4]
        elif operation == 0x54:
            value &= constant
        elif operation == 0x06:
            if constant == 0x7FFF0000:
                return ALLOWED
            return constant & 0xFFFF if constant & 0xFFFF0000 == 0x00050000 else KILLED
        else:
            true = {0x15: value == constant, 0x35: value >= constant, 0x45: bool(value & constant)}[operation]
            place += if_true if true else if_false


@pytest.mark.parametrize("machine", list(ARCHITECTURES))
def test_the_filter_refuses_what_opens_ways_out_and_nothing_ordinary(machine: str) -> None:
    column = list(ARCHITECTURES).index(machine)
    number = {name: pair[column] for name, pair in seccomp._CALLS.items()}
    for room in seccomp.Room:
        code = seccomp.filter_for(room, landlock_abi=7, machine=machine)
        assert _answer(code, machine, 0) == ALLOWED
        assert _answer(code, machine, number["ptrace"] or 0) == errno.EPERM
        assert _answer(code, machine, number["clone3"] or 0) == errno.ENOSYS
        assert _answer(code, machine, number["clone"] or 0, 0x01200011) == ALLOWED, "fork"
        assert _answer(code, machine, number["clone"] or 0, 0x003D0F00) == ALLOWED, "a thread"
        assert _answer(code, machine, number["clone"] or 0, 0x10000011) == errno.EPERM, "a user namespace"
        assert _answer(code, machine, number["ioctl"] or 0, 0, 0x5412) == errno.EPERM
        assert _answer(code, machine, number["ioctl"] or 0, 0, 0x5412 | 1 << 40) == errno.EPERM
        assert _answer(code, machine, number["ioctl"] or 0, 0, 0x5401) == ALLOWED
        assert _answer(code, machine, number["openat"] or 0, 0, 0, 0o1000) == ALLOWED
        assert _answer(code, machine, 0, architecture=0x40000003) == KILLED, "calls of another architecture"
        assert len(code) // 8 < 4096
    if machine == "x86_64":
        assert _answer(code, machine, 0x40000000 + 41) == errno.ENOSYS


def test_sockets_are_refused_with_a_reason_where_the_network_is_shared() -> None:
    shared = seccomp.filter_for(seccomp.Room.SHARED, machine="x86_64")
    private = seccomp.filter_for(seccomp.Room.NAMESPACES, machine="x86_64")
    families = {1: ALLOWED, 2: ALLOWED, 10: ALLOWED, 16: ALLOWED, 17: errno.EAFNOSUPPORT, 40: errno.EAFNOSUPPORT}
    assert {family: _answer(private, "x86_64", 41, family) for family in families} == families
    assert {_answer(shared, "x86_64", 41, family) for family in families if family != 1} == {errno.ENETUNREACH}
    assert _answer(shared, "x86_64", 41, 1) == errno.EACCES


def test_an_old_landlock_gets_help_against_truncation() -> None:
    old = seccomp.filter_for(seccomp.Room.SHARED, landlock_abi=2, machine="x86_64")
    assert _answer(old, "x86_64", 76) == errno.EACCES
    assert _answer(old, "x86_64", 437) == errno.ENOSYS
    for call, before in ((2, [0]), (257, [0, 0])):
        assert _answer(old, "x86_64", call, *before, os.O_RDONLY | os.O_TRUNC | os.O_CLOEXEC) == errno.EACCES
        assert _answer(old, "x86_64", call, *before, os.O_WRONLY | os.O_TRUNC | os.O_CREAT) == ALLOWED
        assert _answer(old, "x86_64", call, *before, os.O_RDONLY) == ALLOWED


def test_the_system_calls_are_numbered_as_the_kernel_s_headers_say() -> None:
    tables = [Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"), Path("/usr/include/asm-generic/unistd.h")]
    if not all(table.exists() for table in tables):
        pytest.skip("no kernel headers here")
    for column, table in enumerate(tables):
        words = (line.split() for line in table.read_text().splitlines() if line.startswith("#define __NR"))
        known = {row[1].removeprefix("__NR3264_").removeprefix("__NR_"): row[2] for row in words if len(row) > 2}
        for name, numbers in seccomp._CALLS.items():
            if name in known and known[name].isdigit():
                assert numbers[column] == int(known[name]), name


@pytest.mark.parametrize(
    ("output", "status", "problem"),
    [
        ("Traceback…\nValueError: bad\n", Ending.FAILED, "ValueError: bad"),
        ("KeyError: 'a'\nDuring handling…\nTypeError: b\n", Ending.FAILED, "TypeError: b"),
        ('  File "x", line 1\n    (\n    ^\nSyntaxError: never closed\n', Ending.FAILED, "SyntaxError: never closed"),
        (
            "sklearn.exceptions.NotFittedError: fit first\n",
            Ending.FAILED,
            "sklearn.exceptions.NotFittedError: fit first",
        ),
        ("KeyboardInterrupt\n", Ending.FAILED, "KeyboardInterrupt"),
        ("all is well: no Error\n", Ending.FAILED, "ended with exit code 1"),
        ("", Ending.FAILED, "ended with exit code 1"),
        (
            "numpy._core._exceptions._ArrayMemoryError: Unable to allocate 80 GiB\n",
            Ending.OUT_OF_MEMORY,
            "ran out of memory: numpy._core._exceptions._ArrayMemoryError: Unable to allocate 80 GiB",
        ),
    ],
)
def test_a_failure_is_told_by_its_last_error(output: str, status: Ending, problem: str) -> None:
    assert ended(1, output) == (status, problem)


def _through(written: bytes) -> tuple[Output, list[str]]:
    reading, writing = os.pipe()
    pieces: list[str] = []
    output = Output(reading, lambda data: data.decode(errors="replace"), pieces.append)
    os.write(writing, written)  # fits into the pipe; the loop never gets to read it
    os.close(writing)
    output.close()
    return output, pieces


async def test_short_output_is_kept_whole() -> None:
    for size in (0, 1, 16 * 1024, 16 * 1024 + 1, 60_000):
        written = (b"0123456789abcde\n" * 4000)[:size]
        output, pieces = _through(written)
        assert output.text() == written.decode()
        assert "".join(pieces).endswith(written.decode()[-16 * 1024 :])


async def test_long_output_says_how_much_is_missing() -> None:
    reading, writing = os.pipe()
    output = Output(reading, lambda data: data.decode(), None)
    await asyncio.to_thread(lambda: [os.write(writing, b"x" * 50_000) for _ in range(20)])
    os.close(writing)
    output.close()
    head, marker, tail = output.text().split("\n")
    assert marker == "[… 934464 bytes omitted …]"
    assert len(head) + len(tail) + 934_464 == 1_000_000


def test_a_tree_of_processes_is_found_and_measured() -> None:
    script = "import subprocess, sys, time\nsubprocess.Popen(['sleep', '20'])\nx = b'x' * (80 << 20)\nprint(1, flush=True)\ntime.sleep(20)"
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        parent.stdout.readline()
        tree = [parent.pid, *processes.descendants(parent.pid)]
        try:
            assert len(tree) == 2
            assert processes._children_by_scan()[parent.pid] == tree[1:]
            assert 80 << 20 < processes.memory(tree, 1) < 120 << 20
            assert processes.memory(tree, 1) <= processes.memory(tree, 1 << 40), "the cheap answer is an upper bound"
            assert all(map(processes.alive, tree))
        finally:
            for pid in tree:
                os.kill(pid, 9)
    assert not processes.alive(parent.pid)


def test_disk_usage_counts_blocks_and_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "file").write_bytes(b"x" * (1 << 20))
    (tmp_path / "inner" / "loop").symlink_to(tmp_path)
    with (tmp_path / "sparse").open("wb") as sparse:
        sparse.truncate(1 << 30)
    assert 1 << 20 <= usage(tmp_path) < 2 << 20


def test_the_tier_can_be_chosen_among_those_that_work(monkeypatch: pytest.MonkeyPatch) -> None:
    for tier in Tier:
        monkeypatch.setenv("LABTOP_SANDBOX", tier.value)
        if why_not(tier):
            with pytest.raises(SandboxError, match="does not work here"):
                best_tier()
        else:
            assert best_tier() is tier
    monkeypatch.setenv("LABTOP_SANDBOX", "none")
    with pytest.raises(SandboxError, match="bubblewrap, landlock, plain"):
        best_tier()
    monkeypatch.delenv("LABTOP_SANDBOX")
    assert best_tier() is next(tier for tier in Tier if not why_not(tier))


def test_a_tier_that_could_work_here_does() -> None:
    """So that no test is skipped because labtop itself broke a tier."""
    if linux.landlock_abi() and seccomp.known_machine():
        assert why_not(Tier.LANDLOCK) == ""
    simple = [
        "bwrap",
        "--unshare-user",
        "--unshare-pid",
        "--unshare-net",
        "--ro-bind",
        "/",
        "/",
        "--proc",
        "/proc",
        "true",
    ]
    if shutil.which("bwrap") and subprocess.run(simple, capture_output=True, check=False).returncode == 0:
        assert why_not(Tier.BUBBLEWRAP) == ""


def test_only_the_plain_tier_warns() -> None:
    assert [tier for tier in Tier if "no sandbox!" in describe(tier)] == [Tier.PLAIN]


async def test_bubblewrap_that_is_there_but_cannot_work_is_not_chosen(tmp_path: Path) -> None:
    """Inside one sandbox no second one can be made: bwrap exists and fails, Landlock works."""
    if why_not(Tier.BUBBLEWRAP) or why_not(Tier.LANDLOCK):
        pytest.skip("needs both")
    text = f"import sys; sys.path.insert(0, {str(ROOT)!r})\nfrom core.sandbox.tiers import *\nprint(best_tier(), why_not(Tier.BUBBLEWRAP))"
    outcome = await run(
        [sys.executable, "-c", text], tmp_path, Limits(seconds=30), tier=Tier.BUBBLEWRAP, readable=[ROOT / "core"]
    )
    assert outcome.output.startswith("landlock "), outcome
    assert "bwrap" in outcome.output


def test_the_interpreter_s_paths_never_open_a_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home" / "lib").mkdir(parents=True)
    monkeypatch.setenv("LD_LIBRARY_PATH", f"{tmp_path / 'home'}:/:{tmp_path}::relative:{tmp_path / 'home' / 'lib'}")
    found = surroundings.interpreter_paths()
    assert tmp_path / "home" / "lib" in found
    assert not {Path("/"), tmp_path, tmp_path / "home", Path("relative")} & set(found)
    assert Path(sys.prefix) in found
    assert Path(sys.base_prefix).resolve() in found


def test_starting_the_sandbox_imports_nothing_heavy() -> None:
    asked = "import sys, core.sandbox.programs, core.sandbox.metrics; print([m for m in ('numpy', 'textual', 'rich', 'git', 'jinja2') if m in sys.modules])"
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, cwd=ROOT, check=True)
    assert said.stdout == "[]\n"
