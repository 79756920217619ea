"""Choosing a file or a folder with the keys."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from core.clean import clean
from tui.widgets.frame import MUTED

MOST = 2000
"""Entries of a folder that are shown."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the list; `size` in bytes."""

    path: Path
    name: str
    folder: bool
    size: int = 0


class PickScreen(ModalScreen[Path | None]):
    """Walks through folders; gives back what was taken, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "dismiss(None)", "cancel"),
        ("backspace,left", "up", "folder above"),
        ("s", "take_folder", "this folder"),
    ]

    def __init__(self, start: Path, wanted: Callable[[Path], bool]) -> None:
        """`wanted` says which files are offered."""
        super().__init__()
        self.folder = start if start.is_dir() else Path.home()
        self.wanted = wanted
        self.entries: Sequence[Entry] = ()

    def compose(self) -> ComposeResult:
        choices = OptionList(id="pick", classes="sheet", compact=True)
        choices.border_subtitle = "enter open · ← above · s this folder · esc cancel"
        yield choices

    def on_mount(self) -> None:
        self._go(self.folder)

    @work(exclusive=True)
    async def _go(self, folder: Path, came_from: str = "") -> None:
        try:
            entries = await asyncio.to_thread(entries_of, folder, self.wanted)
        except OSError as error:
            self.notify(f"{folder} cannot be read: {error.strerror}", severity="warning", markup=False)
            return
        self.folder, self.entries = folder, entries
        choices = self.query_one(OptionList)
        choices.border_title = clean(str(folder))
        choices.clear_options()
        choices.add_options([Option(_line(entry)) for entry in entries])
        names = [entry.name for entry in entries]
        choices.highlighted = names.index(came_from) if came_from in names else 0
        choices.focus()

    @on(OptionList.OptionSelected)
    def _take(self, event: OptionList.OptionSelected) -> None:
        entry = self.entries[event.option_index]
        if entry.name == "..":
            self.action_up()
        elif entry.folder:
            self._go(entry.path)
        else:
            self.dismiss(entry.path)

    def action_up(self) -> None:
        """The folder above."""
        self._go(self.folder.parent, self.folder.name)

    def action_take_folder(self) -> None:
        """This folder as a whole."""
        self.dismiss(self.folder)


def entries_of(folder: Path, wanted: Callable[[Path], bool]) -> list[Entry]:
    """What a folder shows: the one above, its folders, the files that are wanted; nothing hidden. Raises OSError."""
    found: list[Entry] = []
    with os.scandir(folder) as listed:
        for one in listed:
            if one.name.startswith(".") or len(found) >= MOST:
                continue
            path = Path(one.path)
            try:
                if one.is_dir():
                    found.append(Entry(path, one.name, True))
                elif one.is_file() and wanted(path):
                    found.append(Entry(path, one.name, False, one.stat().st_size))
            except OSError:
                continue  # a link to nowhere
    found.sort(key=lambda entry: (not entry.folder, entry.name.casefold()))
    return [Entry(folder.parent, "..", True), *found]


def _line(entry: Entry) -> Content:
    name = clean(entry.name)
    if entry.folder:
        return Content.styled(name if name == ".." else f"{name}/", "bold")
    return Content.assemble(name, (f"  {entry.size / 1000:,.1f} kB", MUTED))
