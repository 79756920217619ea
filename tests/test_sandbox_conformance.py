"""One list of hostile and harmless programs, run in every tier that works here; what a tier does not promise is skipped."""

# ruff: noqa: E501, ASYNC110, ASYNC220, ASYNC240  (program texts are long; a test may block its own loop)

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import secrets
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.sandbox import processes
from core.sandbox.outcome import Ending, Outcome, Tier
from core.sandbox.programs import run_program
from core.sandbox.run import run
from core.sandbox.tiers import why_not
from core.settings import Limits

ROOT = Path(__file__).parents[1]
Runner = Callable[..., Coroutine[Any, Any, Outcome]]


@pytest.fixture(params=list(Tier))
def tier(request: pytest.FixtureRequest) -> Tier:
    chosen = Tier(request.param)
    if problem := why_not(chosen):
        pytest.skip(f"{chosen} does not work here: {problem}")
    return chosen


@pytest.fixture
def closed(tier: Tier) -> Tier:
    """A tier that keeps a program away from the rest of the machine."""
    if tier is Tier.PLAIN:
        pytest.skip("the plain tier warns that it does not keep this")
    return tier


@pytest.fixture
def canary() -> Iterator[str]:
    """A mark in the environment of everything that a test's program starts; nothing that bears it may be left."""
    mark = secrets.token_hex(8)
    yield mark
    left = processes.marked(f"CANARY={mark}")
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert not left, f"{len(left)} processes outlived the run"


@pytest.fixture
def python(tmp_path: Path, tier: Tier, canary: str) -> Runner:
    """Runs a program text in the tier, in a folder of its own."""
    folder = tmp_path / "folder"
    folder.mkdir()

    async def start(text: str, seconds: float = 20.0, **given: Any) -> Outcome:
        limits = given.pop("limits", Limits(seconds=seconds, memory_mb=1024, processes=256, disk_mb=256))
        (folder / "program.py").write_text(textwrap.dedent(text))
        settings = {"CANARY": canary, **given.pop("settings", {})}
        return await run([sys.executable, "program.py"], folder, limits, tier=tier, settings=settings, **given)

    return start


async def test_a_program_that_does_its_work_ends_well(python: Runner, tier: Tier) -> None:
    outcome = await python("print('measured')")
    assert (outcome.status, outcome.exit_code, outcome.output, outcome.problem) == (Ending.OK, 0, "measured\n", "")
    assert outcome.tier is tier
    assert outcome.seconds > 0


async def test_the_last_line_of_a_traceback_is_the_problem(python: Runner) -> None:
    outcome = await python("def f(): return [][3]\ntry: 1/0\nexcept ZeroDivisionError: f()")
    assert outcome.status is Ending.FAILED
    assert outcome.problem == "IndexError: list index out of range"
    assert 'File "program.py", line 1' in outcome.output, "files are named as the project knows them"


async def test_exit_is_an_ordinary_end(python: Runner) -> None:
    assert (await python("print('accuracy: 0.99'); exit()")).status is Ending.OK
    outcome = await python("import sys; sys.exit(3)")
    assert (outcome.status, outcome.exit_code, outcome.problem) == (Ending.FAILED, 3, "ended with exit code 3")


async def test_a_segmentation_fault_is_named(python: Runner) -> None:
    outcome = await python("import ctypes; ctypes.string_at(0)")
    assert (outcome.status, outcome.exit_code) == (Ending.KILLED, -11)
    assert outcome.problem == "crashed by signal 11 (SIGSEGV)"


async def test_killing_its_own_group_ends_the_program_alone(python: Runner) -> None:
    outcome = await python("import os; os.killpg(0, 9)")
    assert (outcome.status, outcome.exit_code) == (Ending.KILLED, -9)


async def test_an_endless_loop_is_stopped_at_the_time_limit(python: Runner) -> None:
    outcome = await python("print('begun')\nwhile True: pass", seconds=0.5)
    assert outcome.status is Ending.TIMED_OUT
    assert outcome.problem == "stopped after 0.5 s (time limit)"
    assert outcome.output == "begun\n"
    assert outcome.seconds < 3


async def test_a_program_told_to_stop_may_clean_up(python: Runner) -> None:
    outcome = await python(
        """
        import signal, sys, time
        signal.signal(signal.SIGTERM, lambda *_: (print("cleaned up"), sys.exit(0)))
        print("begun")
        time.sleep(60)
        """,
        seconds=0.5,
    )
    assert outcome.status is Ending.TIMED_OUT
    assert outcome.output == "begun\ncleaned up\n"


async def test_a_program_that_ignores_signals_is_killed(python: Runner) -> None:
    outcome = await python(
        """
        import signal, time
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP): signal.signal(number, signal.SIG_IGN)
        print("begun")
        while True: time.sleep(1)
        """,
        seconds=0.5,
    )
    assert outcome.status is Ending.TIMED_OUT
    assert outcome.output == "begun\n"
    assert 2 < outcome.seconds < 6


FORKS = """
    import os, signal, time
    for i in range(200):
        if os.fork() == 0:
            if i % 2: os.setsid()
            if i % 4 == 0 and os.fork(): os._exit(0)
            for number in (signal.SIGTERM, signal.SIGHUP): signal.signal(number, signal.SIG_IGN)
            time.sleep(60); os._exit(0)
    print("forked", flush=True)
    time.sleep(60)
"""


async def test_two_hundred_descendants_die_with_the_program(python: Runner) -> None:
    outcome = await python(FORKS, seconds=1.5)
    assert outcome.status is Ending.TIMED_OUT
    assert outcome.output == "forked\n"
    assert outcome.seconds < 8


async def test_more_processes_than_allowed_end_the_program(python: Runner) -> None:
    outcome = await python(FORKS, limits=Limits(seconds=30, memory_mb=1024, processes=40, disk_mb=64))
    assert outcome.status in (Ending.KILLED, Ending.FAILED)
    assert "processes (limit 40)" in outcome.problem or "BlockingIOError" in outcome.problem
    assert outcome.seconds < 10


async def test_a_daemon_neither_holds_up_the_end_nor_outlives_it(python: Runner) -> None:
    outcome = await python(
        """
        import os, time
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                time.sleep(60)
            os._exit(0)
        time.sleep(0.2)
        print("done")
        """
    )
    assert (outcome.status, outcome.output) == (Ending.OK, "done\n")
    assert outcome.seconds < 5


async def test_killing_its_parent_does_not_set_the_program_free(python: Runner) -> None:
    outcome = await python(
        """
        import os, time
        if os.fork() == 0:
            os.setsid()
            time.sleep(60)
        try: os.kill(os.getppid(), 9)
        except OSError: print("refused")
        time.sleep(0.5)
        os._exit(7)
        """
    )
    assert outcome.status in (Ending.KILLED, Ending.FAILED)
    assert outcome.seconds < 5


async def test_closing_its_output_is_not_taken_for_the_end(python: Runner, tmp_path: Path) -> None:
    outcome = await python("import os, time; os.close(1); os.close(2); time.sleep(0.5); open('late', 'w').write('x')")
    assert outcome.status is Ending.OK
    assert outcome.seconds > 0.5
    assert (tmp_path / "folder" / "late").exists()


@pytest.mark.parametrize("megabytes", [1, 100])
async def test_a_flood_of_output_is_kept_in_bounded_memory(python: Runner, megabytes: int) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    text = "import sys\nprint('first')\nblock = ('x' * 99 + '\\n') * 10\n"
    outcome = await python(f"{text}for _ in range({megabytes * 1000}): sys.stdout.write(block)\nprint('last')")
    assert outcome.status is Ending.OK
    assert outcome.output.startswith("first\n")
    assert outcome.output.endswith("last\n")
    assert "bytes omitted …]" in outcome.output
    assert len(outcome.output) < 70_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


async def test_a_line_without_end_is_cut(python: Runner) -> None:
    outcome = await python("import sys\nfor _ in range(200): sys.stdout.write('x' * 65536)")
    assert outcome.status is Ending.OK
    assert max(map(len, outcome.output.splitlines())) <= 4000


async def test_output_in_no_encoding_is_shown_as_well_as_can_be(python: Runner) -> None:
    outcome = await python(
        r"""
        import os, sys
        sys.stdout.buffer.write(os.urandom(1 << 18) + b"\xff\xfe\x80\x1b]52;c;aGFja2Vk\x07\x1b[2J\n"); print("end")
        """
    )
    assert outcome.status is Ending.OK
    assert outcome.output.endswith("end\n")
    assert not any(character < " " and character not in "\n\t" for character in outcome.output)
    assert "]52;" not in outcome.output[-200:]


async def test_pieces_of_the_output_come_while_the_program_runs(python: Runner) -> None:
    pieces: list[tuple[float, str]] = []
    outcome = await python(
        "import time\nfor i in range(10): print(i); time.sleep(0.08)",
        on_output=lambda piece: pieces.append((time.monotonic(), piece)),
    )
    assert "".join(piece for _, piece in pieces) == outcome.output
    assert 3 <= len(pieces) <= 11
    assert pieces[-1][0] - pieces[0][0] > 0.3


async def test_deleting_all_its_files_hurts_nobody(python: Runner, tmp_path: Path) -> None:
    outcome = await python("import os, shutil\nshutil.rmtree('.', ignore_errors=True)\nprint(os.listdir('.'))")
    assert (outcome.status, outcome.output) == (Ending.OK, "[]\n")
    assert (tmp_path / "folder").is_dir()


async def test_secrets_in_the_environment_stay_outside(python: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-in-the-environment")
    monkeypatch.setenv("PYTHONSTARTUP", "sk-canary-in-the-environment")
    outcome = await python("import os; print(dict(os.environ), open('/proc/self/environ').read())")
    assert outcome.status is Ending.OK
    assert "LABTOP_RUN" in outcome.output
    assert "sk-canary" not in outcome.output


async def test_open_files_of_labtop_are_not_handed_down(python: Runner, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("sk-canary-in-an-open-file")
    descriptor = os.open(tmp_path / "secret", os.O_RDONLY)
    os.set_inheritable(descriptor, True)
    try:
        outcome = await python(
            """
            import os
            for number in range(256):
                try: print(number, os.readlink(f"/proc/self/fd/{number}"), os.pread(number, 100, 0))
                except OSError: pass
            """
        )
    finally:
        os.close(descriptor)
    assert outcome.status is Ending.OK
    assert "sk-canary" not in outcome.output
    assert "memfd" not in outcome.output


async def test_a_file_outside_cannot_be_read(closed: Tier, python: Runner, tmp_path: Path) -> None:
    secret = tmp_path / "id_rsa"
    secret.write_text("sk-canary-in-a-file")
    reading = (
        "import sys\nfor name in sys.argv[1:] or NAMES:\n try: print(open(name).read())\n except OSError as e: print(e)"
    )
    outcome = await python(f"NAMES = [{str(secret)!r}, '../id_rsa', '/etc/shadow', '/proc/1/environ']\n{reading}")
    assert outcome.status is Ending.OK
    assert "sk-canary" not in outcome.output
    assert "root:" not in outcome.output


async def test_the_environment_of_other_processes_cannot_be_read(closed: Tier, python: Runner) -> None:
    outside = subprocess.Popen(["sleep", "30"], env={"SECRET": "sk-canary-elsewhere"})
    try:
        outcome = await python(
            f"""
            import glob
            for name in [*glob.glob("/proc/[0-9]*/environ"), "/proc/{outside.pid}/environ"]:
                try: print(open(name, "rb").read())
                except OSError as error: print(error)
            """
        )
    finally:
        outside.kill()
        outside.wait()
    assert outcome.status is Ending.OK
    assert "sk-canary" not in outcome.output


async def test_a_readable_path_can_be_read_and_not_written(closed: Tier, python: Runner, tmp_path: Path) -> None:
    data = tmp_path / "large.csv"
    data.write_text("a,b\n")
    text = f"print(open({str(data)!r}).read())\nopen({str(data)!r}, 'w')"
    outcome = await python(text, readable=[data, tmp_path / "missing"])
    assert outcome.status is Ending.FAILED
    assert outcome.output.startswith("a,b\n")
    assert data.read_text() == "a,b\n"


async def test_nothing_outside_can_be_changed(closed: Tier, python: Runner, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text("as it was")
    kept.chmod(0o640)
    outcome = await python(
        f"""
        import os
        kept = {str(kept)!r}
        os.symlink(kept, "link")
        def new(name): open(name, "w").close()
        for attempt in (
            lambda: open(kept, "a").write("x"), lambda: open("link", "w"), lambda: os.truncate(kept, 0),
            lambda: os.unlink(kept), lambda: os.rename(kept, "mine"), lambda: os.link(kept, "mine"),
            lambda: os.chmod(kept, 0o777), lambda: os.open(kept, os.O_RDONLY | os.O_TRUNC),
            lambda: new({str(tmp_path / "new")!r}), lambda: os.mkdir("../dir"), lambda: new({sys.prefix!r} + "/labtop-was-here"),
            lambda: new(os.path.dirname(os.__file__) + "/labtop-was-here.py"),
        ):
            try: attempt()
            except OSError as error: print(error)
        """
    )
    assert outcome.status is Ending.OK
    assert kept.read_text() == "as it was"
    assert kept.stat().st_mode & 0o777 == 0o640
    assert kept.stat().st_nlink == 1
    assert {path.name for path in tmp_path.iterdir()} == {"kept", "folder"}
    for name in (Path(sys.prefix, "labtop-was-here"), Path(os.__file__).with_name("labtop-was-here.py")):
        written = name.exists()
        name.unlink(missing_ok=True)
        assert not written


async def test_only_its_own_folders_can_be_written(closed: Tier, python: Runner) -> None:
    outcome = await python(
        """
        import os, tempfile
        places = "/ /dev /etc /home /lib /mnt /opt /proc /root /run /srv /sys /usr /var /var/tmp /tmp/.. /dev/pts".split()
        for folder in (".", tempfile.gettempdir(), "/dev/shm", *places):
            try:
                os.mkdir(f"{folder}/labtop-was-here")
                os.rmdir(f"{folder}/labtop-was-here")
                print("wrote to", folder)
            except OSError: pass
        """
    )
    wrote = outcome.output.replace("wrote to ", "").splitlines()
    assert len(wrote) == 3, wrote
    assert (wrote[0], wrote[2]) == (".", "/dev/shm")


async def test_the_network_of_the_machine_is_out_of_reach(closed: Tier, python: Runner) -> None:
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        for listener in (tcp, udp):
            listener.settimeout(0.1)
        outcome = await python(
            f"""
            import socket
            try: socket.create_connection(("127.0.0.1", {tcp.getsockname()[1]}), 2); print("CONNECTED")
            except OSError as error: print(error)
            try: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", {udp.getsockname()[1]}))
            except OSError as error: print(error)
            for family in (17, 40):  # packet, vsock
                try: socket.socket(family, socket.SOCK_STREAM if family == 40 else socket.SOCK_RAW); print("OPENED")
                except OSError as error: print(error)
            """
        )
        with pytest.raises(TimeoutError):
            tcp.accept()
        with pytest.raises(TimeoutError):
            udp.recv(10)
    assert outcome.status is Ending.OK
    assert "CONNECTED" not in outcome.output
    assert "OPENED" not in outcome.output


async def test_sockets_of_other_programs_are_out_of_reach(closed: Tier, python: Runner, tmp_path: Path) -> None:
    names = [str(tmp_path / "agent.sock"), f"\0labtop-{secrets.token_hex(8)}"]
    with socket.socket(socket.AF_UNIX) as by_path, socket.socket(socket.AF_UNIX) as abstract:
        for listener, name in zip((by_path, abstract), names, strict=True):
            listener.bind(name)
            listener.listen()
        outcome = await python(
            f"""
            import socket
            for name in {names!r}:
                try: socket.socket(socket.AF_UNIX).connect(name); print("CONNECTED", name)
                except OSError as error: print(error)
            """
        )
    assert outcome.status is Ending.OK
    assert "CONNECTED" not in outcome.output


async def test_other_processes_get_no_signals(closed: Tier, python: Runner) -> None:
    outside = subprocess.Popen(["sleep", "30"])
    try:
        outcome = await python(
            f"""
            import os
            try: os.kill({outside.pid}, 15)  # never -1: where a guard is missing, that is every process of the user
            except OSError as error: print(error)
            """
        )
        assert outside.poll() is None
    finally:
        outside.kill()
        outside.wait()
    assert outcome.status is Ending.OK


async def test_system_calls_that_open_ways_out_are_refused(closed: Tier, python: Runner) -> None:
    outcome = await python(
        """
        import ctypes, os, platform
        libc = ctypes.CDLL(None, use_errno=True)
        x86 = platform.machine() == "x86_64"
        calls = {"unshare": (272 if x86 else 97, 0x10000000), "ptrace": (101 if x86 else 117, 0), "bpf": (321 if x86 else 280, 0),
                 "io_uring_setup": (425, 1), "keyctl": (250 if x86 else 219, 0), "userfaultfd": (323 if x86 else 282, 0),
                 "clone3": (435, 0), "clone": (56 if x86 else 220, 0x10000000 | 17)}
        for name, (number, argument) in calls.items():
            result = libc.syscall(number, ctypes.c_ulong(argument), *[ctypes.c_ulong(0)] * 4)
            if name == "clone" and result == 0: os._exit(0)
            print(name, result, ctypes.get_errno())
        print("tiocsti", libc.ioctl(0, 0x5412, b"x"), ctypes.get_errno())
        """
    )
    assert outcome.status is Ending.OK
    answers = dict(line.split(" ", 1) for line in outcome.output.splitlines())
    assert answers.pop("clone3") == "-1 38"
    assert set(answers.values()) == {"-1 1"}, answers


async def test_no_privilege_is_left(closed: Tier, python: Runner) -> None:
    outcome = await python("print(open('/proc/self/status').read())")
    status = dict(line.split(":\t", 1) for line in outcome.output.splitlines() if ":\t" in line)
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0
    assert os.getuid() != 0 or int(status["CapBnd"], 16) == 0
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"


@pytest.mark.parametrize("children", [0, 4])
async def test_memory_is_counted_over_the_whole_tree(python: Runner, children: int) -> None:
    outcome = await python(
        f"""
        import os, time
        size = {300 if children else 900} << 20
        for _ in range({children}):
            if os.fork() == 0: break
        else:
            if {children}: time.sleep(20)
        held = bytearray(size)
        for place in range(0, size, 4096): held[place] = 1
        time.sleep(20)
        """,
        limits=Limits(seconds=20, memory_mb=500, processes=50, disk_mb=64),
    )
    assert outcome.status is Ending.OUT_OF_MEMORY, outcome
    assert "(limit 500 MB)" in outcome.problem
    assert outcome.seconds < 10


async def test_a_memory_error_counts_as_out_of_memory(python: Runner) -> None:
    outcome = await python("held = bytearray(1 << 40)")
    assert outcome.status is Ending.OUT_OF_MEMORY
    assert outcome.problem == "ran out of memory: MemoryError"


@pytest.mark.parametrize("pause", [0.0, 0.02])
async def test_a_full_folder_ends_the_program(python: Runner, pause: float) -> None:
    outcome = await python(
        f"""
        import time
        for number in range(60):
            with open(f"part-{{number}}", "wb") as part: part.write(b"x" * (1 << 20))
            time.sleep({pause})
        """,
        limits=Limits(seconds=20, memory_mb=1024, processes=50, disk_mb=20),
    )
    assert outcome.status is Ending.TOO_MUCH_DISK
    assert "(limit 20 MB)" in outcome.problem


async def test_temporary_files_are_bounded_too(python: Runner, tmp_path: Path) -> None:
    outcome = await python(
        """
        import tempfile
        with tempfile.NamedTemporaryFile() as file:
            print(file.name)
            for _ in range(200): file.write(b"x" * (1 << 20))
            file.flush()
            import time; time.sleep(2)
        """,
        limits=Limits(seconds=20, memory_mb=1024, processes=50, disk_mb=20),
    )
    assert outcome.status in (Ending.TOO_MUCH_DISK, Ending.FAILED)
    assert not Path(outcome.output.splitlines()[0]).exists()


async def test_every_process_has_limits_of_its_own(python: Runner) -> None:
    outcome = await python(
        """
        import os
        from resource import *
        for limit in (RLIMIT_AS, RLIMIT_CORE, RLIMIT_FSIZE, RLIMIT_NOFILE, RLIMIT_NPROC): print(*getrlimit(limit))
        os.abort()
        """,
        limits=Limits(seconds=20, memory_mb=1000, processes=50, disk_mb=64),
    )
    soft, hard = zip(*(map(int, line.split()) for line in outcome.output.splitlines()), strict=True)
    assert soft == hard
    addresses, core, file, files, tasks = soft
    assert (addresses, core, file, files) == (12192 << 20, 0, 65 << 20, 4096)
    assert 50 <= tasks < 100_000
    assert outcome.problem == "crashed by signal 6 (SIGABRT)"


async def test_the_terminal_is_out_of_reach(tier: Tier, tmp_path: Path) -> None:
    """The program's labtop has a controlling terminal here, as a person's has; the program must not."""
    script = tmp_path / "labtop_with_terminal.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import asyncio, sys
            from pathlib import Path
            from core.sandbox.outcome import Tier
            from core.sandbox.run import run
            from core.settings import Limits
            open("/dev/tty").close()
            text = "open('/dev/tty', 'wb', 0).write(b'ESCAPED')"
            outcome = asyncio.run(
                run([sys.executable, "-c", text], Path({str(tmp_path)!r}), Limits(seconds=20), tier=Tier({str(tier)!r}))
            )
            print("problem:", outcome.problem)
            """
        )
    )
    leader, follower = os.openpty()
    process = await asyncio.create_subprocess_exec(
        "setsid", "--ctty", "--wait", sys.executable, str(script), stdin=follower, stdout=follower, stderr=follower,
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    os.close(follower)
    await asyncio.wait_for(process.wait(), 30)
    os.set_blocking(leader, False)
    shown = b""
    with contextlib.suppress(OSError):
        while part := os.read(leader, 65536):
            shown += part
    os.close(leader)
    assert b"problem: OSError" in shown or b"problem: PermissionError" in shown, shown
    assert b"ESCAPED" not in shown


async def test_cancelling_kills_the_program_and_goes_on(python: Runner, canary: str) -> None:
    started = asyncio.Event()
    task = asyncio.create_task(python(FORKS, on_output=lambda _: started.set()))
    await asyncio.wait_for(started.wait(), 20)
    assert len(processes.marked(f"CANARY={canary}")) > 100
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not processes.marked(f"CANARY={canary}")


async def test_the_program_dies_with_labtop(tier: Tier, tmp_path: Path, canary: str) -> None:
    text = f"""
        import asyncio, sys
        from pathlib import Path
        from core.sandbox.outcome import Tier
        from core.sandbox.run import run
        from core.settings import Limits
        asyncio.run(run(
            [sys.executable, "-c", {textwrap.dedent(FORKS)!r}], Path({str(tmp_path)!r}), Limits(seconds=60),
            tier=Tier({str(tier)!r}), settings={{"CANARY": {canary!r}}}, on_output=lambda piece: print(piece, flush=True),
        ))
    """
    labtop = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(text)], stdout=subprocess.PIPE, cwd=ROOT, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert labtop.stdout
    assert labtop.stdout.readline() == "forked\n"
    assert len(processes.marked(f"CANARY={canary}")) > 100
    labtop.kill()
    labtop.wait()
    labtop.stdout.close()
    deadline = time.monotonic() + 5
    while processes.marked(f"CANARY={canary}") and time.monotonic() < deadline:
        await asyncio.sleep(0.05)


async def test_other_children_of_labtop_are_left_alone(python: Runner) -> None:
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(0.7); raise SystemExit(5)"])
    outcome = await python(FORKS, seconds=0.3)
    assert outcome.status is Ending.TIMED_OUT
    assert other.wait() == 5


async def test_planted_modules_are_not_imported_by_the_sandbox(python: Runner, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    for name in ("json", "ctypes", "contextlib", "resource", "core"):
        (folder / f"{name}.py").write_text("open('planted', 'w').close()\n")
    assert (await python("print('ok')")).output == "ok\n"
    assert not (folder / "planted").exists()


async def test_a_pool_of_workers_works(python: Runner) -> None:
    outcome = await python(
        """
        import multiprocessing
        if __name__ == "__main__":
            with multiprocessing.Pool(2) as pool: print(pool.map(abs, [-1, -2]))
        """
    )
    assert outcome.output == "[1, 2]\n", outcome


async def test_parallel_jobs_of_scikit_learn_work(python: Runner) -> None:
    text = "from joblib import Parallel, delayed\nprint(Parallel(n_jobs=2)(delayed(abs)(n) for n in (-1, -2)))"
    outcome = await python(text)
    assert outcome.output == "[1, 2]\n", outcome


async def test_a_program_finds_a_name_a_home_a_place_for_temporary_files_and_utf8(
    python: Runner, tmp_path: Path
) -> None:
    outcome = await python(
        """
        import getpass, locale, os, tempfile
        with tempfile.TemporaryDirectory() as name: open(name + "/x", "w").close()
        print(getpass.getuser(), os.path.expanduser("~") == os.getcwd(), locale.getpreferredencoding(), "é")
        """
    )
    assert outcome.output == "researcher True UTF-8 é\n"


async def test_a_loopback_of_its_own_exists_or_is_refused_with_a_reason(closed: Tier, python: Runner) -> None:
    outcome = await python(
        "import socket; s = socket.create_server(('127.0.0.1', 0)); socket.create_connection(s.getsockname()); print('OK')"
    )
    if closed is Tier.BUBBLEWRAP:
        assert outcome.output == "OK\n"
    else:
        assert "Network is unreachable" in outcome.problem


async def test_what_cannot_be_started_is_said(tier: Tier, tmp_path: Path) -> None:
    limits = Limits(seconds=5)
    outcome = await run(["no-such-program"], tmp_path, limits, tier=tier)
    assert (outcome.status, outcome.problem) == (Ending.NOT_STARTED, "there is no program no-such-program")
    outcome = await run(["true"], tmp_path / "missing", limits, tier=tier)
    assert outcome.status is Ending.NOT_STARTED
    broken = tmp_path / "broken"
    broken.write_text("#!/no/such/interpreter\n")
    broken.chmod(0o755)
    outcome = await run([str(broken)], tmp_path, limits, tier=tier)
    assert outcome.status is Ending.NOT_STARTED
    assert "broken" in outcome.problem


async def test_a_project_s_program_imports_its_data_and_leaves_results(tier: Tier, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "prepare.py").write_text("def load(): return 42\n")
    program = """
        import json, pathlib
        from data.prepare import load
        pathlib.Path("results/metrics.json").write_text(json.dumps({"metric": "answer", "value": load()}))
    """
    overlay = {"experiment/main.py": textwrap.dedent(program)}
    result = await run_program(tmp_path, "experiment/main.py", overlay=overlay, limits=Limits(seconds=20), tier=tier)
    assert result.outcome.ok, result.outcome
    assert dict(result.files) == {"results/metrics.json": b'{"metric": "answer", "value": 42}'}
    assert not (tmp_path / "results").exists(), "the project itself is never touched"
    assert not (tmp_path / "experiment").exists()


async def test_results_that_are_links_pipes_or_old_are_not_taken(tier: Tier, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("sk-canary")
    project = tmp_path / "project"
    (project / "results").mkdir(parents=True)
    (project / "results" / "metrics.json").write_text("{}")
    program = f"""
        import os
        print(os.listdir("results"))
        os.mkfifo("results/pipe.json")
        os.symlink({str(secret)!r}, "results/link.json")
        os.rmdir("figures")
        os.symlink({str(tmp_path)!r}, "figures")
        os._exit(0)
    """
    overlay = {"main.py": textwrap.dedent(program)}
    result = await run_program(project, "main.py", overlay=overlay, limits=Limits(seconds=20), tier=tier)
    assert (result.outcome.status, result.outcome.output) == (Ending.OK, "[]\n")
    assert not result.files
    assert {line.split(":")[0] for line in result.skipped} == {"figures", "results/link.json", "results/pipe.json"}


@pytest.mark.slow
async def test_a_gigabyte_of_output_leaves_memory_flat(tmp_path: Path) -> None:
    if problem := why_not(Tier.BUBBLEWRAP):
        pytest.skip(problem)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    lags: list[float] = []

    async def look_at_the_clock() -> None:
        while True:
            began = time.monotonic()
            await asyncio.sleep(0.01)
            lags.append(time.monotonic() - began - 0.01)

    clock = asyncio.create_task(look_at_the_clock())
    text = "import sys\nblock = ('x' * 99 + '\\n') * 100\nfor _ in range(100_000): sys.stdout.write(block)"
    pieces: list[str] = []
    limits = Limits(seconds=60)
    outcome = await run([sys.executable, "-c", text], tmp_path, limits, tier=Tier.BUBBLEWRAP, on_output=pieces.append)
    clock.cancel()
    assert outcome.status is Ending.OK
    assert len(pieces) <= 10 * outcome.seconds + 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024
    assert max(lags) < 0.5
