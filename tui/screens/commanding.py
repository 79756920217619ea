"""The input line of the laboratory: words to the agents, and /commands carried out."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from textual import on, work

from core.errors import LabError
from core.events import Event, Notice, State
from core.gate import Decline
from core.orders import Ask, Autonomy, Order, StopAt
from core.record import Phase
from core.settings import Copilot
from tui.editor import edit
from tui.screens.answers import AnsweringScreen
from tui.screens.wall import Wall
from tui.slash import MODES, Facts, slashes, typed, unknown
from tui.themes import THEMES
from tui.typed import Typed, read_typed, remember_typed
from tui.widgets.tell import Purpose, TellLine

LISTED = ("", "plan.md", "notes", "experiment", "data", "report", "literature", "reviews")
"""Where the files of a project lie that a person opens; `""` is the project's folder itself."""
MOST_FILES = 400


class CommandingScreen(AnsweringScreen):
    """A screen with an input line over a session."""

    @property
    def wall(self) -> Wall:
        """The panes."""
        return self.query_one(Wall)

    @property
    def tell_line(self) -> TellLine:
        """The input line."""
        return self.query_one(TellLine)

    def action_tell(self) -> None:
        """Write a note to the agents."""
        self.tell_line.write(Purpose.NOTE)
        self._prepare()

    def action_command(self) -> None:
        """Start a command."""
        self.tell_line.write(Purpose.NOTE, "/")
        self._prepare()

    def action_leave_line(self) -> None:
        """Give the keys back to the pane."""
        self.tell_line.rest()
        self.wall.go_to(self.wall.current)

    @work(exclusive=True, group="line")
    async def _prepare(self) -> None:
        """Look up what can be said: lines of before, turns, files."""
        folder = self.session.project.path
        files, lines, branches, beside = await asyncio.to_thread(
            lambda: (files_of(folder), read_typed(), [*self.session.project.branches()], self._lines())
        )
        if not self.query(TellLine):
            return
        line = self.tell_line
        if not line.typed.lines:
            line.typed = Typed(lines)
        turns = {str(row.turn): f"{row.agent.title}: {row.subject}" for row in self.board.history}
        line.learn(Facts(turns, files, branches, beside, sorted(self.app.available_themes)))

    def _lines(self) -> list[str]:
        from core.lines import lines_of

        return [line.name for line in lines_of(self.session.project)]

    @on(TellLine.Said)
    async def _said(self, message: TellLine.Said) -> None:
        self.action_leave_line()
        if message.purpose is Purpose.REASON:
            self.answer(Decline(message.words), self.about)
            return
        if message.purpose is Purpose.QUESTION:
            if said := await self._ask_agent(message.words, self.about.key if self.about else ""):
                self.say(said)
            return
        self._remember(message.words)
        await self.note(message.words)

    async def note(self, words: str) -> None:
        """Words to the agents of this phase, read at the next turn."""
        try:
            file = await self.session.tell(words)
        except (LabError, OSError) as error:
            self.say(f"the note was not written: {error}", "error")
        else:
            self.wall.note(f"you: {words}  ({file}; read at the next turn)")

    @on(TellLine.Commanded)
    async def _commanded(self, message: TellLine.Commanded) -> None:
        name, rest = typed(message.line)
        slash = slashes().get(name)
        problem = unknown(name) if slash is None else ""
        if slash is not None and slash.choices and slash.runs and rest not in slash.choices:
            problem = f"/{name} wants one of {', '.join(slash.choices)}"
        if slash is None or problem:
            self.say(problem, "warning")
            return
        self._remember(message.line)
        self.tell_line.rest()
        if slash.runs:
            await self.run_action(f"{slash.runs}({rest!r})" if slash.choices else slash.runs)
        elif said := await self.carriers()[name](rest):
            self.say(said)
        if self.focused is self.tell_line.line and self.tell_line.purpose is Purpose.NOTE:
            self.wall.go_to(self.wall.current)  # the command has given the keys to nobody

    def attend(self, before: State, events: Sequence[Event]) -> None:
        """Call the person back where the run has left the state `before` and nobody looks; ring where it was asked."""
        from tui.app import LabtopApp

        board = self.board
        if isinstance(self.app, LabtopApp):
            asked = board.proposed.command if board.proposed else ""
            wanted = f"{board.agent.title} wants {asked}" if asked and board.agent else ""
            self.app.attend(before, board.state, f"{board.project} {wanted or board.reason or board.state.value}")
            for event in events:
                if isinstance(event, Notice) and event.level == "bell":
                    self.app.ring(f"{board.project} {event.text}")

    def _remember(self, line: str) -> None:
        from tui.app import LabtopApp

        kept = self.tell_line.typed.add(line)
        private = isinstance(self.app, LabtopApp) and bool(self.app.preferences and self.app.preferences.private)
        if kept and not private:
            self._write_down(line)

    @work(group="typed")
    async def _write_down(self, line: str) -> None:
        try:
            await asyncio.to_thread(remember_typed, line)
        except OSError as error:
            self.say(f"what you typed is remembered until you leave only: {error}", "warning")

    @abstractmethod
    async def goto(self, turn: str) -> str:
        """Look at a turn in the history; gives back what to say, e.g. where there is none."""

    @abstractmethod
    async def roll_back_to(self, turn: str) -> str:
        """Go back to a turn, the selected one where none is named; gives back what to say."""

    @abstractmethod
    async def branch_off(self, name: str, turn: str) -> str:
        """Start a line of inquiry at a turn, the selected one where none is named; gives back what to say."""

    @abstractmethod
    async def switch_to(self, name: str) -> str:
        """Go to another line of inquiry; gives back what to say."""

    # The commands with words of their own; each gives back what to say, or nothing

    def carriers(self) -> Mapping[str, Callable[[str], Awaitable[str]]]:
        """What carries out each command of `tui.slash.OWN`."""
        return {
            "note": self._note,
            "run": self._run_on,
            "pause": self._pause,
            "autonomy": self._autonomy,
            "ask": self._ask_agent,
            "decline": self._decline,
            "goto": self.goto,
            "rollback": self.roll_back_to,
            "branch": self._branch,
            "switch": self._switch_line,
            "open": self._open,
            "theme": self._theme,
            "notify": lambda rest: self._switch("notify", rest),
            "private": lambda rest: self._switch("private", rest),
            "mouse": lambda rest: self._switch("mouse", rest),
        }

    async def _note(self, rest: str) -> str:
        if not rest:
            return "write the words after it: /note use five seeds"
        await self.note(rest)
        return ""

    async def _run_on(self, rest: str) -> str:
        self.session.go()
        return ""

    async def _pause(self, rest: str) -> str:
        if rest in ("phase", "at the end of the phase"):
            await self.run_action("finish_phase")
            return ""
        if not rest:
            self.session.pause()
            return "holding after this turn"
        from core.steering import stop_from_words

        when = rest.removeprefix("at ")
        return await self._order(lambda: StopAt(*stop_from_words(when)), f"the run will hold at {when}")

    async def _autonomy(self, rest: str) -> str:
        *places, mode = rest.split() or [""]
        modes = [one.value for one in Copilot]
        if mode not in modes:
            return f"/autonomy PHASE MODE; the modes are {', '.join(modes)}"
        named = places[0] if places else (await self.session.phase()).value
        if named != "all" and named not in list(Phase):
            return f"there is no phase {named}; they are {', '.join(Phase)}"
        said = ""
        for phase in Phase if named == "all" else [Phase(named)]:
            words = f"{'every phase' if named == 'all' else phase.title}: you are asked {MODES[mode]}"
            said = await self._order(partial(Autonomy, phase, Copilot(mode)), words)
        return said

    async def _ask_agent(self, rest: str, key: str = "") -> str:
        if not rest:
            return "write the question after it: /ask why five seeds?"
        return await self._order(partial(Ask, rest, key), "asked; the answer comes into the chat, and is no turn")

    async def _order(self, make: Callable[[], Order], done: str) -> str:
        """Give the engine an order; what happened, `done` where it has nothing to say, or why not."""
        try:
            return await self.session.obey(make()) or done
        except LabError as error:
            self.say(str(error), "warning")
            return ""

    async def _decline(self, rest: str) -> str:
        if not rest:
            self.action_decline()
        elif proposed := self._asking():
            self.answer(Decline(rest), proposed)
        return ""

    async def _branch(self, rest: str) -> str:
        name, _, turn = rest.partition(" ")
        return await self.branch_off(name, turn.strip()) if name else "name the new line: /branch what-if 12"

    async def _switch_line(self, rest: str) -> str:
        return await self.switch_to(rest) if rest else "name a line of inquiry: /switch main"

    async def _open(self, rest: str) -> str:
        if not rest:
            return "name a file of the project: /open plan.md"
        folder = self.session.project.path
        file = (folder / rest).resolve()
        if not file.is_relative_to(folder.resolve()) or not file.is_file():
            return f"there is no file {rest} in this project"
        return edit(self.app, file)

    async def _theme(self, rest: str) -> str:
        if not rest:
            self.action_change_theme()
            return ""
        chosen = {words: name for name, words in THEMES.items()}.get(rest, rest)
        if chosen not in self.app.available_themes:
            return f"there is no theme {rest}; /theme alone shows all"
        self.app.theme = chosen
        await self.prefer("theme", chosen)
        return ""

    async def _switch(self, key: str, rest: str) -> str:
        if rest not in ("on", "off"):
            return f"/{key} on, or /{key} off"
        await self.prefer(key, rest == "on")
        return f"{key} is {rest}{' from the next start on' if key == 'mouse' else ''}"


def files_of(folder: Path) -> list[str]:
    """The text files of a project that a person may want to open, as paths inside it."""
    found = []
    for place in LISTED:
        at = folder / place
        if at.is_file():
            found.append(place)
            continue
        entries = sorted(at.iterdir()) if at.is_dir() else []
        found += [str(one.relative_to(folder)) for one in entries if one.is_file() and one.suffix in TEXTS]
    return list(dict.fromkeys(found))[:MOST_FILES]


TEXTS = (".md", ".py", ".tex", ".toml", ".json", ".bib", ".txt", ".csv")
"""How the files end that an editor can open."""
