"""What a program may read besides its project: the data sets of the Hub that it names, from the user's cache."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from core.data.fetch import fetch
from core.data.hub import hub_at, hub_of
from core.data.store import Fetched, Store, default_root
from core.data.uses import Use, uses
from core.errors import DataError

if TYPE_CHECKING:
    from core.brief import DataCard
    from core.settings import Settings

_CACHE = ".cache/huggingface/datasets"
"""Where `datasets` keeps its sets below the home of a program, which is its copy of the project."""
OFFLINE: Mapping[str, str] = MappingProxyType(
    {
        "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    }
)


@dataclass(frozen=True, slots=True)
class Access:
    """What one run is given: paths it may read, settings of its environment, and links in its copy of the project.

    `linked` leads from paths in the copy to files outside of it, later ones to be taken for newer.
    """

    readable: tuple[Path, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    linked: Mapping[str, Path] = field(default_factory=dict)


def wanted(texts: Iterable[str]) -> tuple[Use, ...]:
    """The sets that programs name, each once; raises DataError where that is not plain or cannot be."""
    found = tuple(dict.fromkeys(use for text in texts for use in uses(text)))
    revisions: dict[tuple[str, ...], str] = {}
    for use in found:
        asked = (use.repo, use.config, use.files, use.folder)
        if revisions.setdefault(asked, use.revision) != use.revision:
            raise DataError(f"{use.words} is wanted in two revisions.", "Use one of them.")
    return found


def allowed(settings: Settings) -> bool:
    """Whether the project uses the Hub at all; the built-in researcher does without."""
    return settings.hub and settings.model != "builtin"


async def access(
    texts: Iterable[str], settings: Settings, tell: Callable[[str], None], *, store: Store | None = None
) -> Access:
    """Fetch what the programs `texts` name and say what they are to be given.

    Raises DataError, for the agent to read, when a set cannot be had.
    """
    found = wanted(texts)
    if not found:
        return Access(environment=OFFLINE)
    store = store or Store(default_root(), hub_of(os.environ))
    sets = [(use, await _had(use, store, settings, tell)) for use in found]
    sets.sort(key=lambda one: not one[0].config)  # `datasets` takes the newest where no configuration is named
    linked = {f"{_CACHE}/{one.place}/{one.folder.name}/{file.name}": file for _, one in sets for file in one.files}
    return Access(tuple(one.folder for _, one in sets), OFFLINE, linked)


def card_of(text: str, *, store: Store | None = None) -> DataCard | None:
    """The card of the first set that a program names, when it is in the cache and can be described."""
    store = store or Store(default_root(), hub_of(os.environ))
    found = [store.found(use) for use in uses(text)]
    return next((one.card for one in found if one and one.card), None)


async def _had(use: Use, store: Store, settings: Settings, tell: Callable[[str], None]) -> Fetched:
    if found := store.found(use):
        return found
    if not allowed(settings):
        why = "this project is run without the Hugging Face Hub" + ("" if settings.hub else " (hub in lab.toml)")
        raise DataError(f"The data set {use.words} cannot be had: {why}.", "Use a set of sklearn.datasets.")
    if problem := await hub_at(store.endpoint).unreachable():
        raise DataError(f"The data set {use.words} cannot be had: {problem}.", "Use a set of sklearn.datasets.")
    return await fetch(use, store, settings.hub_mb, tell)
