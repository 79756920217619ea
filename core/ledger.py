"""The ledger: what was promised before each call and paid after it, outside the history, so that no roll-back hides it.

A call is a `reserve` line, on disk before the call is made, and a `settle` line; one that was never settled (a crash)
counts at its worst case.
"""

from __future__ import annotations

import operator
import secrets
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.budget import Amount, Spent
from core.logbook import Logbook
from core.record import Cost, now

if TYPE_CHECKING:
    from core.workspace.project import Project

FILE = "ledger.jsonl"
"""Under `.git/labtop/`."""


@dataclass(frozen=True, slots=True)
class Account:
    """Where an expense is booked; a program has neither agent nor model, what was before the ledger at most a phase.

    `at` is the commit that the turn starts from, since its number may come again after a roll-back; `attempt` counts
    the turns that have been committed on top of it already.
    """

    turn: int = 0
    at: str = ""
    phase: str = ""
    agent: str = ""
    model: str = ""
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class Sum:
    """What an account holds: calls, tokens, billionths of a dollar, milliseconds at work, and kinds of calls.

    `failed` ones got no answer; `unsettled` ones did not end or say what they used and are counted at their worst;
    `guessed` ones are counted at the dearest price there is, `unpriced` ones without money.
    """

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    nanos: int = 0
    millis: int = 0
    failed: int = 0
    unsettled: int = 0
    guessed: int = 0
    unpriced: int = 0

    def __add__(self, other: Sum) -> Sum:
        return Sum(*map(operator.add, _numbers(self), _numbers(other)))

    def __sub__(self, other: Sum) -> Sum:
        return Sum(*map(operator.sub, _numbers(self), _numbers(other)))

    @property
    def amount(self) -> Amount:
        """What of it the caps are about."""
        return Amount(self.nanos, self.prompt_tokens + self.completion_tokens, self.millis)


_numbers = operator.attrgetter(*Sum.__slots__)
"""All that a sum holds, at once: a long study's ledger adds up a hundred thousand of them."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """What may be spent at most by one call or program, and is promised on disk."""

    id: str
    account: Account
    worst: Sum

    @property
    def seconds(self) -> float:
        """How long it may take."""
        return self.worst.millis / 1000


@dataclass(slots=True)
class _Books:
    """The sums of all lines read, and the promises that are open."""

    accounts: dict[Account, Sum] = field(default_factory=lambda: defaultdict(Sum))
    turns: dict[tuple[int, str, int], Amount] = field(default_factory=lambda: defaultdict(Amount))
    phases: dict[str, Amount] = field(default_factory=lambda: defaultdict(Amount))
    project: Amount = field(default_factory=Amount)
    open: dict[str, tuple[Account, Sum]] = field(default_factory=dict)
    guessed: set[str] = field(default_factory=set)
    commits: dict[tuple[int, str], list[str]] = field(default_factory=lambda: defaultdict(list))

    def book(self, account: Account, change: Sum) -> None:
        self.accounts[account] += change
        self.turns[account.turn, account.at, account.attempt] += change.amount
        self.phases[account.phase] += change.amount
        self.project += change.amount
        if change.guessed > 0:
            self.guessed.add(account.model)

    def read(self, line: Mapping[str, Any]) -> None:
        """Take in one line of the file; raises KeyError, TypeError or ValueError when it is none of ours."""
        match line["kind"]:
            case "known":
                self.book(Account(phase=str(line["phase"])), Sum(**line["sum"]))
            case "reserve":
                account, worst = Account(**line["account"]), Sum(**line["worst"])
                self.open[line["id"]] = (account, worst)
                self.book(account, worst)
            case "settle":
                account, worst = self.open.pop(line["id"])
                self.book(account, Sum(**line["sum"]) - worst)
            case "commit":
                self.commits[line["turn"], line["at"]].append(line["commit"])
            case kind:
                raise ValueError(f"unknown kind {kind!r}")


class Ledger:
    """One project's ledger. Synchronous and thread-safe; several processes may write to the same file.

    `known` tells by phase what was spent before there was a ledger; it is asked when the file is begun.
    """

    def __init__(self, path: Path, known: Callable[[], Mapping[str, Cost]] = dict) -> None:
        self._file = Logbook(path)
        self._known = known
        self._books = _Books()
        self._alone = threading.Lock()

    def reserve(self, account: Account, granted: Callable[[Spent], Sum]) -> Reservation:
        """Promise on disk what `granted` makes of what is spent so far; what it raises goes up and nothing is promised.

        No other process can promise anything in between, so that two together pass no cap.
        """
        with self._reading(writing=True):
            account = self._placed(account)
            worst = granted(self._spent(account))
            reservation = Reservation(secrets.token_hex(8), account, worst)
            self._write(_reserve_line(reservation))
        return reservation

    def settle(self, reservation: Reservation, spent: Sum) -> None:
        """Put what a call or program did cost in the place of what was promised for it."""
        with self._reading(writing=True):
            if reservation.id not in self._books.open:  # somebody deleted the file meanwhile
                self._write(_reserve_line(reservation))
            self._write({"kind": "settle", "id": reservation.id, "sum": _short(spent)})

    def committed(self, turn: int, at: str, commit: str) -> None:
        """Note that what was spent on the turn is in the history: what comes now from `at` is another attempt.

        A turn that nothing was spent on (it was replayed) leaves no line.
        """
        if not self._file.there:
            return
        with self._reading(writing=True):
            attempt = self._placed(Account(turn, at)).attempt
            if (turn, at, attempt) in self._books.turns:
                self._write({"kind": "commit", "turn": turn, "at": at, "commit": commit})

    def begin(self) -> None:
        """Begin the file now if there is none, with what was known to be spent."""
        with self._reading(writing=True):
            return

    def spent(self, account: Account) -> Spent:
        """What is spent and promised in the project, and in the phase and turn of `account`."""
        with self._reading():
            return self._spent(self._placed(account))

    def commits(self) -> dict[tuple[int, str], tuple[str, ...]]:
        """By a turn's number and the commit it starts from: the commits of its attempts, in order."""
        with self._reading():
            return {place: tuple(found) for place, found in self._books.commits.items()}

    def accounts(self) -> dict[Account, Sum]:
        """Every account, with what is spent and promised."""
        with self._reading():
            return dict(self._books.accounts)

    def promised(self, at: str) -> Sum:
        """What is promised for the turn that starts from commit `at`, and neither paid nor given up."""
        with self._reading():
            return sum((worst for account, worst in self._books.open.values() if account.at == at), Sum())

    def guessed(self) -> frozenset[str]:
        """The models whose calls were counted at a guessed price, now or ever."""
        with self._reading():
            return frozenset(self._books.guessed)

    def _placed(self, account: Account) -> Account:
        return replace(account, attempt=len(self._books.commits.get((account.turn, account.at), ())))

    def _spent(self, account: Account) -> Spent:
        books, turn = self._books, (account.turn, account.at, account.attempt)
        none = Amount()
        return Spent(books.project, books.phases.get(account.phase, none), books.turns.get(turn, none))

    @contextmanager
    def _reading(self, *, writing: bool = False) -> Iterator[None]:
        """Have all lines in the books, those of other processes too."""
        with self._alone, self._file.locked(writing=writing):
            if self._file.begins_anew():
                self._books = _Books()
            for line in self._file.news():
                try:
                    self._books.read(line)
                except (KeyError, TypeError, ValueError) as error:
                    raise self._file.damaged() from error
            if self._file.empty:
                beginning = [_known_line(phase, cost) for phase, cost in {"": Cost(), **self._known()}.items()]
                if writing:
                    self._file.add(beginning)
                for line in beginning:
                    self._books.read(line)
            yield

    def _write(self, line: Mapping[str, Any]) -> None:
        self._file.add([line])
        self._books.read(line)


def ledger_of(project: Project) -> Ledger:
    """The project's ledger; one that is begun now begins with what the history says was spent."""
    return Ledger(project.private(FILE), lambda: _known(project))


def _known(project: Project) -> dict[str, Cost]:
    """What the line's turns have cost by phase, and under no phase what was rolled back."""
    found = {"": project.sunk_cost()}
    for turn in project.summaries():
        found[turn.phase] = found.get(turn.phase, Cost()) + turn.cost
    return found


def sum_of(cost: Cost) -> Sum:
    """A turn's cost as the ledger counts it."""
    tokens = (cost.prompt_tokens, cost.completion_tokens, cost.cached_tokens)
    return Sum(cost.calls, *tokens, round(cost.money * 1e9), round(cost.seconds * 1000))


def _known_line(phase: str, cost: Cost) -> dict[str, Any]:
    return {"kind": "known", "phase": str(phase), "sum": _short(sum_of(cost))}


def _reserve_line(reservation: Reservation) -> dict[str, Any]:
    account, worst = asdict(reservation.account), _short(reservation.worst)
    return {"kind": "reserve", "id": reservation.id, "account": account, "worst": worst, "time": now()}


def _short(held: Sum) -> dict[str, int]:
    return {name: number for name, number in asdict(held).items() if number}
