"""Data preparation: ML and SW engineer look at the data; the SW engineer ends it with code that runs (section 3.2)."""

from __future__ import annotations

from dataclasses import replace

from core.brief import DataCard
from core.briefing import brief_for
from core.commands import Dialogue, Python, SearchHF, SubmitCode
from core.data.cards import bundled_cards, card_json, card_text, search_cards
from core.dialogue import said, speaker
from core.edits import unified_diff
from core.progress import condensed
from core.record import Agent, Status
from core.running import run
from core.turn import Answer, Desk, Draft

PATH = "data/prepare.py"
LOOK_SECONDS = 120.0
"""How long a look at the data may take (Agent Laboratory: 120 s)."""
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
    """One utterance, look, search or submission."""
    agent = speaker(desk.progress.history, Agent.SW_ENGINEER, Agent.ML_ENGINEER)
    brief = brief_for(desk, agent, max_steps=desk.settings.preparation_turns)
    allowed: tuple[type, ...] = (Dialogue, SubmitCode) if agent is Agent.SW_ENGINEER else (Dialogue, Python, SearchHF)
    answer = await desk.ask(brief, allowed, task="prepares the data")
    match answer.command:
        case Dialogue(text):
            return said(desk, answer, text)
        case Python(code):
            return await _look(desk, answer, code)
        case SearchHF(query):
            return _search(desk, answer, query)
        case SubmitCode(code):
            return await _submit(desk, answer, code)
        case _:
            return desk.rejected(answer)


async def _look(desk: Desk, answer: Answer, code: str) -> Draft:
    seconds = min(LOOK_SECONDS, desk.settings.limits.seconds)
    result = (await run(desk, "look.py", {"look.py": code}, seconds=seconds)).outcome
    printed = condensed(result.output, SHOWN)
    if result.problem:
        return desk.draft(
            answer, f"PYTHON: {result.problem}", Status.FAILED, f"{result.problem}\n\n{printed}", output=result.output
        )
    return desk.draft(answer, "PYTHON looked at the data", Status.OK, printed, output=result.output)


def _search(desk: Desk, answer: Answer, query: str) -> Draft:
    cards = search_cards(query)
    listed = "\n\n".join(card_text(card) for card in cards)
    outcome = (
        f"{listed or 'No bundled data set fits.'}\n\n"
        "Searched: the data sets that scikit-learn carries. The Hugging Face Hub is not connected in this version."
    )
    return desk.draft(answer, f"SEARCH_HF “{query}”, {len(cards)} sets", Status.OK if cards else Status.FAILED, outcome)


async def _submit(desk: Desk, answer: Answer, code: str) -> Draft:
    result = (await run(desk, "check_data.py", {PATH: code, "check_data.py": CHECK})).outcome
    diff = unified_diff(desk.project.read(PATH), code, PATH)
    printed = condensed(result.output, SHOWN)
    if result.problem:
        outcome = f"The code does not run, so it was not accepted: {result.problem}\n\n{printed}"
        subject = f"SUBMIT_CODE: {result.problem}"
        return desk.draft(answer, subject, Status.FAILED, outcome, diff=diff, path=PATH, output=result.output)
    changes: dict[str, str | bytes | None] = {
        PATH: code,
        "data/README.md": f"# What load() yields\n\n{_quoted(printed)}",
    }
    card = _chosen(code)
    if not desk.project.read("data/card.json") and card:
        changes["data/card.json"] = card_json(card)
    draft = desk.draft(answer, "SUBMIT_CODE runs", Status.OK, f"The code runs and is in {PATH}.\n\n{printed}")
    return replace(draft, changes=changes, diff=diff, path=PATH, output=result.output, finished="prepared")


def _chosen(code: str) -> DataCard | None:
    """The bundled data set that the code loads, by scikit-learn's own loader's name."""
    return next((card for card in bundled_cards() if f"load_{card.source.removeprefix('sklearn:')}" in code), None)


def _quoted(text: str) -> str:
    return "".join(f"    {line}\n" for line in text.splitlines())
