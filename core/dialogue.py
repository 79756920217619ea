"""Two agents in conversation until the one who leads submits what they were asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.brief import Entry
from core.briefing import brief_for
from core.commands import Command, Dialogue, Interpretation, Malformed, Plan
from core.edits import unified_diff
from core.hunks import Change
from core.record import Agent, Status
from core.turn import Answer, Desk, Draft


def speaker(history: Sequence[Entry], leader: Agent, other: Agent) -> Agent:
    """Whose turn it is: the leader opens, then they alternate; whose reply could not act speaks again."""
    spoken = [entry for entry in history if entry.agent in (leader, other)]
    if not spoken:
        return leader
    last = spoken[-1]
    if last.status in (Status.MALFORMED, Status.DECLINED):
        return last.agent
    return other if last.agent is leader else leader


def said(desk: Desk, answer: Answer, text: str) -> Draft:
    """The draft of an utterance; what was said before in the same words is no utterance."""
    before = (entry.text for entry in desk.progress.history if entry.command == "DIALOGUE")
    if any(earlier.split() == text.split() for earlier in before):
        problem = "These very words were said before. Say something new, or hand in what the phase is for."
        return desk.rejected(replace(answer, command=Malformed(problem, "")))
    line = " ".join(text.split())
    return desk.draft(answer, line if len(line) <= 80 else f"{line[:79]}…", Status.OK, text, text=text)


async def converse(desk: Desk, submission: type[Plan] | type[Interpretation], path: str, task: str) -> Draft:
    """One utterance of postdoc or PhD student; the postdoc's `submission` is written to `path` and ends the phase.

    Once the settings' turns are used up, the postdoc may only submit.
    """
    agent = speaker(desk.progress.history, Agent.POSTDOC, Agent.PHD_STUDENT)
    brief = brief_for(desk, agent, max_steps=desk.settings.dialogue_turns)
    allowed: tuple[type, ...] = (Dialogue,)
    if agent is Agent.POSTDOC:
        allowed = (submission,) if brief.step >= brief.max_steps else (Dialogue, submission)

    def preview(command: Command) -> Change | None:
        if not isinstance(command, submission):
            return None
        return Change(path, desk.project.read(path), command.text.strip() + "\n")

    answer = await desk.ask(brief, allowed, preview, task=task)
    match answer.command:
        case Dialogue(text):
            return said(desk, answer, text)
        case Plan(text) | Interpretation(text):
            written = text.strip() + "\n"
            draft = desk.draft(
                answer, f"{answer.label} of {len(written.splitlines())} lines", Status.OK, f"Written to {path}."
            )
            diff = unified_diff(desk.project.read(path), written, path)
            return replace(draft, changes={path: written}, diff=diff, path=path, finished="written")
        case _:
            return desk.rejected(answer)
