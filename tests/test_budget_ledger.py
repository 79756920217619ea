"""The ledger keeps what was promised and paid through crashes, torn lines, other processes and roll-backs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from core.budget import Amount, Spent
from core.errors import ProjectError
from core.ledger import Account, Ledger, Sum, ledger_of
from core.logbook import LogbookDamaged
from core.record import Cost
from tests.workspace_sample import sample_project

ROOT = Path(__file__).resolve().parent.parent
TURN = Account(1, "a" * 40, "plan-formulation", "postdoc", "paid")
WORST = Sum(1, 1000, 500, nanos=3_000_000, millis=60_000, unsettled=1)
BILL = Sum(1, 400, 50, 100, nanos=900_000, millis=1500)


def always(worst: Sum = WORST) -> Callable[[Spent], Sum]:
    return lambda _: worst


def project_amount(path: Path) -> Amount:
    return Ledger(path).spent(Account()).project


def python(code: str, *arguments: object) -> subprocess.Popen[str]:
    """Another process that works on a ledger."""
    head = "import sys\nfrom pathlib import Path\nfrom core.ledger import *\nfrom tests.test_budget_ledger import *\n"
    return subprocess.Popen(
        [sys.executable, "-c", head + code, *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_kill_between_promise_and_bill_leaves_the_worst_case(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    child = python(
        "ledger = Ledger(Path(sys.argv[1]))\n"
        "ledger.settle(ledger.reserve(TURN, always()), BILL)\n"
        "ledger.reserve(TURN, always())\nprint('promised', flush=True)\nsys.stdin.read()\n",
        path,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "promised\n"
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    assert project_amount(path) == BILL.amount + WORST.amount


@pytest.mark.parametrize("kept", [1, 5, 9, 20, -1])
def test_a_line_that_was_torn_while_it_was_written_counts_for_nothing(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "ledger"
    ledger = Ledger(path)
    ledger.settle(ledger.reserve(TURN, always()), BILL)
    whole = path.read_bytes()
    ledger.reserve(TURN, always())
    torn = path.read_bytes()[len(whole) :]
    path.write_bytes(whole + torn[:kept])
    assert project_amount(path) == BILL.amount
    after = Ledger(path)
    after.settle(after.reserve(TURN, always()), BILL)
    assert project_amount(path) == BILL.amount + BILL.amount
    assert path.read_bytes().startswith(whole)


def test_a_torn_bill_leaves_its_promise_at_the_worst(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    ledger = Ledger(path)
    ledger.settle(ledger.reserve(TURN, always()), BILL)
    path.write_bytes(path.read_bytes()[:-3])
    assert project_amount(path) == WORST.amount


def test_blocks_of_nothing_at_the_end_are_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    ledger = Ledger(path)
    ledger.reserve(TURN, always())
    with open(path, "ab") as file:
        file.write(b"\0" * 4096)
    assert project_amount(path) == WORST.amount
    Ledger(path).reserve(TURN, always())
    assert b"\0" not in path.read_bytes()


@pytest.mark.parametrize("line", [0, 1, 2])
def test_a_line_that_was_changed_in_the_middle_stops_all_spending(tmp_path: Path, line: int) -> None:
    path = tmp_path / "ledger"
    ledger = Ledger(path)
    for _ in range(3):
        ledger.settle(ledger.reserve(TURN, always()), BILL)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[line] = lines[line].replace(b"1", b"0", 1) if b"1" in lines[line] else b"{}\n"
    path.write_bytes(b"".join(lines))
    for _ in range(2):
        with pytest.raises(LogbookDamaged, match=f"Line {line + 1} of"):
            Ledger(path).reserve(TURN, always())
    with pytest.raises(LogbookDamaged):
        project_amount(path)
    assert path.read_bytes() == b"".join(lines)


def test_a_line_that_is_whole_and_means_nothing_stops_all_spending(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    ledger = Ledger(path)
    ledger.reserve(TURN, always())
    ledger._file._read_to, ledger._file._lines = path.stat().st_size, 2
    with ledger._file.locked(writing=True):
        ledger._file.add([{"kind": "gift", "nanos": -1}])
    ledger = Ledger(path)
    for _ in range(2):
        with pytest.raises(LogbookDamaged, match="Line 3 of"):
            ledger.reserve(TURN, always())


RACE = """
ledger, cap, made = Ledger(Path(sys.argv[1])), int(sys.argv[2]), 0
class Full(Exception):
    pass
def granted(spent):
    if spent.project.tokens + WORST.amount.tokens > cap:
        raise Full
    return WORST
try:
    while True:
        booked = ledger.reserve(TURN, granted)
        made += 1
        if made % 2:
            ledger.settle(booked, BILL)
except Full:
    print(made)
"""


def test_two_processes_at_once_pass_no_cap_together_and_lose_no_line(tmp_path: Path) -> None:
    path, cap = tmp_path / "ledger", 100_000
    racers = [python(RACE, path, cap) for _ in range(2)]
    made = [int(racer.communicate()[0]) for racer in racers]
    assert all(racer.returncode == 0 for racer in racers)
    accounts = Ledger(path).accounts()
    assert sum(held.calls for held in accounts.values()) == sum(made)
    settled = sum((number + 1) // 2 for number in made)
    spent = settled * BILL.amount.tokens + (sum(made) - settled) * WORST.amount.tokens
    assert project_amount(path).tokens == spent
    assert cap - WORST.amount.tokens < spent <= cap


def test_threads_of_one_process_lose_no_line(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")

    def work() -> None:
        for _ in range(20):
            ledger.settle(ledger.reserve(TURN, always()), BILL)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert project_amount(tmp_path / "ledger").tokens == 80 * BILL.amount.tokens


def test_what_another_process_has_promised_is_seen_before_the_next_promise(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    mine, other = Ledger(path), Ledger(path)
    mine.reserve(TURN, always())
    other.settle(other.reserve(TURN, always()), BILL)
    seen: list[Spent] = []
    mine.reserve(TURN, lambda spent: seen.append(spent) or WORST)  # type: ignore[func-returns-value]
    assert seen[0].project == seen[0].turn == WORST.amount + BILL.amount


def test_a_file_that_is_deleted_while_it_is_in_use_begins_with_what_is_known(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    ledger = Ledger(path, lambda: {"plan-formulation": Cost(2, 100, 10, 0.5, 3.0)})
    booked = ledger.reserve(TURN, always())
    path.unlink()
    ledger.settle(booked, BILL)
    known = Amount(500_000_000, 110, 3000)
    assert project_amount(path) == known + BILL.amount


def test_a_disk_that_is_full_refuses_the_promise_and_tears_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    code = """
import resource
ledger = Ledger(Path(sys.argv[1]))
ledger.settle(ledger.reserve(TURN, always()), BILL)
resource.setrlimit(resource.RLIMIT_FSIZE, (Path(sys.argv[1]).stat().st_size + 50,) * 2)
try:
    ledger.reserve(TURN, always())
except ProjectError as error:
    print(error)
"""
    assert "cannot be written" in python(code, path).communicate()[0]
    assert project_amount(path) == BILL.amount


@pytest.mark.parametrize("what", ["link", "folder"])
def test_what_is_no_file_of_its_own_is_refused(tmp_path: Path, what: str) -> None:
    path = tmp_path / "ledger"
    if what == "link":
        path.symlink_to(tmp_path / "elsewhere")
    else:
        path.mkdir()
    with pytest.raises(ProjectError, match="cannot be opened"):
        Ledger(path).reserve(TURN, always())
    assert not (tmp_path / "elsewhere").exists()


def test_the_promise_is_on_disk_before_the_call_may_be_made(tmp_path: Path) -> None:
    path = tmp_path / "ledger"
    Ledger(path).reserve(TURN, always())
    assert b'"reserve"' in path.read_bytes()
    assert os.stat(path).st_mode & 0o077 == 0


def test_a_ledger_that_is_begun_late_knows_what_the_history_says_was_spent(tmp_path: Path) -> None:
    project = sample_project(tmp_path / "p", turns=4)
    project.rollback("2")
    ledger = ledger_of(project)
    account = Account(3, project.head, "running-experiments")
    assert ledger.spent(account).project.money == pytest.approx(0.04)
    assert ledger.spent(account).phase.money == pytest.approx(0.02)
    assert not project.private("ledger.jsonl").exists()
    ledger.reserve(account, always())
    project.undo()
    assert ledger_of(project).spent(account).project == Amount(40_000_000, 480, 6000) + WORST.amount


def test_a_project_can_begin_with_nothing_spent_although_it_has_a_history(tmp_path: Path) -> None:
    project = sample_project(tmp_path / "p", turns=2)
    Ledger(project.private("ledger.jsonl")).begin()
    assert ledger_of(project).spent(Account()).project == Amount()
