"""Data preparation: ML and SW engineer look at the data; the SW engineer ends it with code that runs (section 3.2)."""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import asdict, replace
from pathlib import Path

from core.brief import Brief, DataCard
from core.briefing import brief_for
from core.commands import Command, Dialogue, Python, SearchHF, SubmitCode
from core.data.access import allowed, card_of
from core.data.cards import bundled_cards, card_from_json, card_json, card_text, search_cards
from core.data.hub import hub_at, hub_of
from core.data.listing import listing
from core.dialogue import said, speaker
from core.edits import unified_diff
from core.errors import DataError
from core.hunks import Change
from core.progress import condensed
from core.record import Agent, Status
from core.running import run
from core.turn import Answer, Desk, Draft

PATH = "data/prepare.py"
LOOK_SECONDS = 120.0
"""How long a look at the data may take (Agent Laboratory: 120 s)."""
ENOUGH_SAID = 2
"""Utterances of the SW engineer after which, the data seen, only the code is wanted."""
SHOWN = 4000
"""How many characters of a program's output the agents read."""
CHECK = """\
import runpy

runpy.run_path("data/prepare.py", run_name="__main__")
from data.prepare import load

X, y = load()
if len(X) != len(y) or len(y) == 0:
    raise SystemExit(f"load() must return X and y of the same length, not empty: {len(X)} and {len(y)} rows")
"""


async def step(desk: Desk) -> Draft:
    """One utterance, look, search or submission; when the turns run out, the SW engineer goes on alone and hands in."""
    most = desk.settings.preparation_turns
    is_late = desk.progress.phase_turns + 2 > most
    agent = Agent.SW_ENGINEER
    if not is_late:
        agent = speaker(desk.progress.history, Agent.SW_ENGINEER, Agent.ML_ENGINEER)
    brief = brief_for(desk, agent, max_steps=most)

    def preview(command: Command) -> Change | None:
        code = command.code if isinstance(command, SubmitCode) else ""
        return Change(PATH, desk.project.read(PATH), code) if code else None

    answer = await desk.ask(brief, _may(brief, is_late), preview, task="prepares the data")
    match answer.command:
        case Dialogue(text):
            return said(desk, answer, text)
        case Python(code):
            return await _look(desk, answer, code)
        case SearchHF(query):
            return await _search(desk, answer, query)
        case SubmitCode(code):
            return await _submit(desk, answer, code)
        case _:
            return desk.rejected(answer)


def _may(brief: Brief, is_late: bool) -> tuple[type, ...]:
    """What the agent may do.

    Of data that are there, the ML engineer tells nothing before having looked at them; once they have been looked at,
    and the SW engineer has said enough, nothing is left but to hand in the code.
    """
    if brief.agent is Agent.SW_ENGINEER:
        spoke = [entry for entry in brief.history if entry.agent is brief.agent and entry.command == "DIALOGUE"]
        seen = any(entry.command == "PYTHON" and entry.status is Status.OK for entry in brief.history)
        return (SubmitCode,) if is_late or (seen and len(spoke) >= ENOUGH_SAID) else (Dialogue, SubmitCode)
    looked = any(entry.command.startswith(("PYTHON", "SEARCH_HF")) for entry in brief.history)
    return (Dialogue, SearchHF, Python) if looked or brief.data is None else (SearchHF, Python)


async def _look(desk: Desk, answer: Answer, code: str) -> Draft:
    seconds = min(LOOK_SECONDS, desk.settings.limits.seconds)
    result = (await run(desk, "look.py", {"look.py": code}, seconds=seconds)).outcome
    printed = condensed(result.output, SHOWN)
    if result.problem:
        return desk.draft(
            answer, f"PYTHON: {result.problem}", Status.FAILED, f"{result.problem}\n\n{printed}", output=result.output
        )
    return desk.draft(answer, "PYTHON looked at the data", Status.OK, printed, output=result.output)


async def _search(desk: Desk, answer: Answer, query: str) -> Draft:
    """The bundled sets that fit, all of them by name when none does, and what the Hub has."""
    cards = search_cards(query)
    bundled = "\n\n".join(card_text(card) for card in cards) or (
        f"No bundled data set fits by its words. Those of scikit-learn: {', '.join(c.source for c in bundled_cards())}."
    )
    if not allowed(desk.settings):
        outcome = f"{bundled}\n\nSearched: the data sets that scikit-learn carries; the project is run without the Hub."
        subject = f"SEARCH_HF “{query}”, {len(cards)} sets"
        return desk.draft(answer, subject, Status.OK if cards else Status.FAILED, outcome)
    endpoint = hub_of(os.environ)
    found = await desk.once("search", {"query": query}, lambda: hub_at(endpoint).search(query))
    outcome = f"{listing(found, desk.settings.hub_mb)}\n\nWithout a network:\n\n{bundled}"
    subject = f"SEARCH_HF “{query}”, {len(found['sets'])} sets of the Hub, {len(cards)} bundled"
    return desk.draft(answer, subject, Status.OK if found["sets"] or cards else Status.FAILED, outcome)


async def _submit(desk: Desk, answer: Answer, code: str) -> Draft:
    result = (await run(desk, "check_data.py", {PATH: code, "check_data.py": CHECK})).outcome
    diff = unified_diff(desk.project.read(PATH), code, PATH)
    printed = condensed(result.output, SHOWN)
    own = Path(desk.settings.data_file).name
    if not result.problem and own and own not in code:
        outcome = (
            f"The code runs, but it does not read the researcher's data, {desk.settings.data_file}. Read that file."
        )
        return desk.draft(answer, "SUBMIT_CODE: reads other data", Status.FAILED, outcome, diff=diff, path=PATH)
    if result.problem:
        outcome = f"The code does not run, so it was not accepted: {result.problem}\n\n{printed}"
        subject = f"SUBMIT_CODE: {result.problem}"
        return desk.draft(answer, subject, Status.FAILED, outcome, diff=diff, path=PATH, output=result.output)
    changes: dict[str, str | bytes | None] = {
        PATH: code,
        "data/README.md": f"# What load() yields\n\n{_quoted(printed)}",
    }
    card = await _chosen(desk, code)
    if card and not desk.settings.data_file and card.source != _described(desk.project.read("data/card.json")):
        changes["data/card.json"] = card_json(card)
    draft = desk.draft(answer, "SUBMIT_CODE runs", Status.OK, f"The code runs and is in {PATH}.\n\n{printed}")
    return replace(draft, changes=changes, diff=diff, path=PATH, output=result.output, finished="prepared")


async def _chosen(desk: Desk, code: str) -> DataCard | None:
    """The data set that the code loads: a bundled one, by its loader's name, or one of the Hub."""
    bundled = next((card for card in bundled_cards() if f"load_{card.source.removeprefix('sklearn:')}" in code), None)
    if bundled or "load_dataset" not in code:
        return bundled

    async def look() -> dict[str, object] | None:
        card = await asyncio.to_thread(card_of, code)
        return asdict(card) if card else None

    found = await desk.once("card", {"code": code}, look)
    return card_from_json(json.dumps(found)) if found else None


def _described(card: str) -> str:
    """The source of the set that data/card.json describes; empty when it describes none."""
    try:
        return card_from_json(card).source if card else ""
    except DataError:
        return ""


def _quoted(text: str) -> str:
    return "".join(f"    {line}\n" for line in text.splitlines())
