"""What a project has cost: calls, tokens, money, time and success by phase, agent and model (`labtop costs`).

Like the tables of cost, time and success rate of Schmidgall et al. 2025, section 4.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING
from unicodedata import east_asian_width

from core.budget import caps
from core.clean import clean
from core.ledger import Account, Ledger, Sum, ledger_of, sum_of
from core.progress import read_progress
from core.record import Agent, Cost, LoggedTurn, Phase, Status
from core.workspace.history import log_of, summaries
from core.workspace.turns import TurnSummary, one_line

if TYPE_CHECKING:
    from core.workspace.project import Project


@dataclass(frozen=True, slots=True)
class Row:
    """What one phase, agent or model has cost; `turns` that it had, and how many of them were `ok`.

    `seconds` are those of models and programs at work. `unsettled` calls did not end or say what they used and
    are counted at their worst, `guessed` ones at the dearest known price, `unpriced` ones without money.
    """

    name: str
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    money: float = 0.0
    seconds: float = 0.0
    failed: int = 0
    unsettled: int = 0
    guessed: int = 0
    unpriced: int = 0
    turns: int = 0
    ok: int = 0

    @property
    def success(self) -> float | None:
        """The share of its turns that were ok; None of none."""
        return self.ok / self.turns if self.turns else None


@dataclass(frozen=True, slots=True)
class CapLeft:
    """A cap on the project or on its phase now: its key in `[budget]`, in dollars, tokens or hours."""

    key: str
    scope: str
    measure: str
    most: float
    spent: float
    left: float


@dataclass(frozen=True, slots=True)
class Costs:
    """What a project has cost. Phases, agents and models are those of the current line; `total` is everything."""

    project: str
    branch: str
    phases: tuple[Row, ...]
    agents: tuple[Row, ...]
    models: tuple[Row, ...]
    other_branches: Row
    rolled_back: Row
    """Turns that were rolled back, and calls whose turn never came to its end."""
    total: Row
    caps: tuple[CapLeft, ...]


PROGRAMS = "programs"
"""The row of what ran without an agent."""


Commits = Mapping[tuple[int, str], tuple[str, ...]]
"""By a turn's number and the commit it starts from: the commits of its attempts, in order."""


class _Table:
    """Rows by name, in the order in which the names come."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._held = {name: Sum() for name in names}
        self._turns: Counter[str] = Counter()
        self._ok: Counter[str] = Counter()

    def book(self, name: str, held: Sum) -> None:
        self._held[name] = self._held.get(name, Sum()) + held

    def count(self, name: str, status: Status) -> None:
        self._held.setdefault(name, Sum())
        self._turns[name] += 1
        self._ok[name] += status is Status.OK

    def rows(self) -> tuple[Row, ...]:
        return tuple(_row(name, held, self._turns[name], self._ok[name]) for name, held in self._held.items())


def costs(project: Project) -> Costs:
    """What `project` has cost so far, by its ledger, and by its history for what was before there was one."""
    ledger, line, head = ledger_of(project), project.summaries(), project.head
    accounts, commits = ledger.accounts(), ledger.commits()
    where = _Where(line, head, summaries(project.git, "--branches", "--not", "HEAD"), commits)
    read, spoke = _told(project, line, _models(accounts, commits))
    phases, agents, models = _Table(Phase), _Table(), _Table()
    apart = {Place.OTHER: Sum(), Place.LOST: Sum()}
    expenses = list(accounts.items())
    if any(account.phase and not account.at for account in accounts):
        booked = {(account.turn, account.at) for account in accounts}
        earlier = _from_history(read, booked)
        expenses = earlier + [(one, held) for one, held in expenses if one.at or not one.phase]
    for account, held in expenses:
        place = where.of(account)
        if place is not Place.LINE:
            apart[place] += held
            continue
        phases.book(account.phase, held)
        agents.book(account.agent or PROGRAMS, held)
        if account.model:
            models.book(account.model, held)
    for turn in line:
        if turn.agent.speaks:
            model = spoke.get((turn.commit, turn.agent.value), "")
            for table, name in ((phases, turn.phase), (agents, turn.agent), (models, model)):
                table.count(name, turn.status)
    return Costs(
        project.name,
        project.branch_name,
        phases.rows(),
        agents.rows(),
        models.rows(),
        _row("other branches", apart[Place.OTHER]),
        _row("rolled back", apart[Place.LOST]),
        _row("total", sum((held for _, held in expenses), Sum())),
        _caps(project, ledger),
    )


class Place(StrEnum):
    """Where in the history a turn is that something was spent on; `LOST` ones were rolled back or never finished."""

    LINE = "line"
    OTHER = "other"
    LOST = "lost"


class _Where:
    """Tells where the turns of accounts are; one that is being made at `head` counts as on the line."""

    def __init__(
        self,
        line: Sequence[TurnSummary],
        head: str,
        others: Sequence[TurnSummary],
        commits: Commits,
    ) -> None:
        self._line = {turn.commit: (turn.number, turn.parent) for turn in line}
        self._others = {turn.commit for turn in others}
        self._commits = commits
        noted = {commit for found in commits.values() for commit in found}
        self._unnoted = {place for commit, place in self._line.items() if commit not in noted}
        self._head = head

    def of(self, account: Account) -> Place:
        if not account.at:
            return Place.LINE if account.phase else Place.LOST
        place = (account.turn, account.at)
        commits = self._commits.get(place, ())
        if account.attempt >= len(commits):
            return Place.LINE if account.at == self._head or place in self._unnoted else Place.LOST
        commit = commits[account.attempt]
        if commit in self._line:
            return Place.LINE
        return Place.OTHER if commit in self._others else Place.LOST


def _told(
    project: Project, line: Sequence[TurnSummary], models: Mapping[tuple[str, str], set[str]]
) -> tuple[Sequence[LoggedTurn], Mapping[tuple[str, str], str]]:
    """The turns that the ledger does not tell of, whole, and the model that spoke in each turn of the line.

    The others are not read: the records of ten thousand turns take seconds.
    """
    spoke = {place: min(found) for place, found in models.items() if len(found) == 1}
    untold = [turn for turn in line if turn.agent.speaks or turn.cost != Cost()]
    read = log_of(project.git, [turn for turn in untold if (turn.commit, turn.agent.value) not in spoke])
    return read, spoke | {(logged.commit, logged.turn.agent.value): logged.turn.model for logged in read}


def _models(accounts: Iterable[Account], commits: Commits) -> dict[tuple[str, str], set[str]]:
    """By a turn's commit and its agent, the models that the ledger has for it."""
    found: dict[tuple[str, str], set[str]] = {}
    for account in accounts:
        made = commits.get((account.turn, account.at), ())
        if account.model and account.attempt < len(made):
            found.setdefault((made[account.attempt], account.agent), set()).add(account.model)
    return found


def _from_history(line: Sequence[LoggedTurn], booked: set[tuple[int, str]]) -> list[tuple[Account, Sum]]:
    """What the turns have cost that were made before there was a ledger."""
    found = []
    for logged in line:
        turn, cost = logged.turn, logged.turn.cost
        if (turn.number, logged.parent) not in booked and cost != Cost():
            agent = turn.agent.value if turn.agent.speaks else ""
            found.append((Account(turn.number, "", turn.phase.value, agent, turn.model), sum_of(cost)))
    return found


def _row(name: str, held: Sum, turns: int = 0, ok: int = 0) -> Row:
    amount = held.amount
    tokens = (held.prompt_tokens, held.completion_tokens, held.cached_tokens)
    marks = (held.failed, held.unsettled, held.guessed, held.unpriced)
    return Row(str(name), held.calls, *tokens, amount.money, amount.seconds, *marks, turns, ok)


def _caps(project: Project, ledger: Ledger) -> tuple[CapLeft, ...]:
    """The caps on the project and on its phase now, with what is left of them; a turn's begin with the turn."""
    spent = ledger.spent(Account(phase=read_progress(project).phase.value))
    return tuple(
        CapLeft(cap.key, cap.scope, cap.measure, cap.limit, used := cap.of(getattr(spent, cap.scope)), cap.limit - used)
        for cap in caps(project.settings().budget)
        if cap.scope != "turn"
    )


_NAME = 24
_HEADS = ("calls", "prompt", "cached", "reply", "money", "time", "success")
_WIDTHS = (7, 8, 8, 8, 9, 8, 8)


def costs_text(told: Costs) -> str:
    """`costs` as tables for a person, 80 columns wide."""
    titled = {name.value: name.title for kind in (Phase, Agent) for name in kind}
    lines = [clean(f"{told.project} ▸ {told.branch}")]
    for title, rows in (("phase", told.phases), ("agent", told.agents), ("model", told.models)):
        lines += ["", _line(title, _HEADS)]
        lines += [_line(titled.get(row.name, row.name), _cells(row)) for row in rows]
    ends = [row for row in (told.other_branches, told.rolled_back) if row.calls or row.seconds or row.money]
    lines += ["", *(_line(row.name, _cells(row)) for row in (*ends, told.total))]
    return "\n".join([*lines, *_remarks(told.total), *map(_cap_line, told.caps)])


def _cells(row: Row) -> tuple[str, ...]:
    success = "" if row.success is None else f"{100 * row.success:.0f} %"
    tokens = (_count(row.prompt_tokens), _count(row.cached_tokens), _count(row.completion_tokens))
    return (_count(row.calls), *tokens, _money(row.money), _time(row.seconds), success)


def _line(name: str, cells: Sequence[str]) -> str:
    shown = one_line(name, _NAME - 1)
    while _columns(shown) >= _NAME:
        shown = shown[:-2] + "…"
    return (
        shown
        + " " * (_NAME - _columns(shown))
        + "".join(cell.rjust(width) for cell, width in zip(cells, _WIDTHS, strict=True))
    ).rstrip()


def _columns(text: str) -> int:
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)


def _remarks(total: Row) -> list[str]:
    """What the numbers do not say by themselves."""
    remarks = {
        "counted at their worst case (no end yet, or no usage told)": total.unsettled,
        "counted at the dearest known price (their own is not known)": total.guessed,
        "counted without money (no price)": total.unpriced,
        "without an answer": total.failed,
    }
    told = [f"calls {words}: {number}" for words, number in remarks.items() if number]
    return ["", *told] if told else []


def _cap_line(cap: CapLeft) -> str:
    shown = {"money": "${:,.2f}", "tokens": "{:,.0f} tokens", "hours": "{:.2f} hours"}[cap.measure].format
    return f"budget.{cap.key}: {shown(cap.spent)} of {shown(cap.most)}, {shown(max(0.0, cap.left))} left"


def _money(dollars: float) -> str:
    return f"${dollars:.4f}" if dollars < 100 else f"${dollars:.2f}" if dollars < 10_000 else f"${dollars:.0f}"


def _count(number: int) -> str:
    if number < 10_000:
        return str(number)
    for unit, sign in ((1e3, "k"), (1e6, "M"), (1e9, "G")):
        if number < 1000 * unit:
            return f"{number / unit:.1f}{sign}"
    return f"{number:.0e}"


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 1:
        return f"{seconds:.1f}s"
    return f"{minutes}m{rest:02}s" if minutes < 60 else f"{minutes // 60}h{minutes % 60:02}m"
