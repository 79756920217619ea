"""The cassette: a project is made again without a model or a network, forked for the price of what follows a change."""

from __future__ import annotations

import asyncio
import os
import re
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from core.brief import Brief, Job
from core.cassette import FOLDER, CassetteError, Shelf, Take
from core.commands import Edit, FullText, Replace, Summary
from core.errors import HistoryError, ProjectError
from core.events import Proposed, StateChanged, TurnCommitted
from core.fork import REPLY, editable, fork
from core.gate import Approve, PersonGate, TakeOver
from core.laboratory import Laboratory
from core.models.model import Request
from core.parsing import write
from core.record import Agent, Phase, Status
from core.replay import Replayed, replay
from core.workspace.commits import commit_turn
from core.workspace.files import Content
from core.workspace.journal import TURN_FILE
from core.workspace.project import Project
from tests.scripted import ScriptedModel, events_of, like, new_project
from tests.test_laboratory import PROGRAM, judged, scientist, turns_in


def experimenter(brief: Brief) -> str:
    """Experiments that begin, fail, are repaired and improved."""
    if brief.job is Job.JUDGE:
        return judged(brief, 0.4 + brief.step / 10)
    if brief.job is Job.FIRST:
        return write(Replace(PROGRAM + "raise SystemExit(3)\n"))
    if brief.job is Job.REPAIR:
        return write(Replace(PROGRAM))
    return write(Edit(1, 0, f"# step {brief.step}\n"))


async def studied(folder: Path, program: str = "", **settings: object) -> tuple[Project, ScriptedModel]:
    """A project through the experiments, with its model."""

    def answer(brief: Brief) -> str:
        reply = experimenter(brief)
        return reply.replace(PROGRAM, program) if program else reply

    model, what = ScriptedModel(scientist(answer)), f"studied {program} {settings}"

    async def make(at: Path) -> None:
        await events_of(new_project(at, papers=2, solver_steps=2, **settings), model, until=Phase.EXPERIMENTS)
        _asked[what] = model.requests

    project = await like(folder, what, make)
    model.requests = list(_asked[what])
    return project, model


_asked: dict[str, list[Request]] = {}


async def replayed(project: Project, to: str = "HEAD", *, rerun: bool = False) -> list[Replayed]:
    return [one async for one in replay(project, to, rerun=rerun)]


async def test_a_replay_makes_the_same_commits_without_a_model(tmp_path: Path) -> None:
    project, model = await studied(tmp_path / "p")
    asked = len(model.requests)
    made = await replayed(project)
    assert all(one.same for one in made), made[-1]
    assert [one.turn.commit for one in made] == [logged.commit for logged in project.log()[::-1][1:]]
    assert len(model.requests) == asked
    assert any(one.turn.turn.status is Status.FAILED for one in made)


async def test_a_replay_ends_where_it_is_told_to(tmp_path: Path) -> None:
    project, _ = await studied(tmp_path / "p")
    assert [one.turn.turn.number for one in await replayed(project, "3")] == [1, 2, 3]
    with pytest.raises(HistoryError):
        await replayed(project, "99")


async def test_a_replay_makes_the_persons_own_edits_and_foreign_commits_again(tmp_path: Path) -> None:
    project = new_project(tmp_path / "p", papers=3)
    model = ScriptedModel(scientist(experimenter))
    await events_of(project, model, turns=2)
    (project.path / "notes/all.md").write_text("Be quick.\n")
    await events_of(project, model, turns=1)
    (project.path / "plan.md").write_text("# Mine\n")
    project.git.run("add", "plan.md", writes=True)
    project.git.run("-c", "user.name=me", "-c", "user.email=me@here", "commit", "-q", "-m", "by hand", writes=True)
    await events_of(project, model, turns=2)
    made = await replayed(project)
    assert all(one.same for one in made), made[-1]
    assert [one.turn.commit for one in made] == [logged.commit for logged in project.log()[::-1][1:]]
    assert Agent.RESEARCHER in {one.turn.turn.agent for one in made}


async def test_a_replay_gives_the_persons_verdicts_again(tmp_path: Path) -> None:
    project = new_project(tmp_path / "p", copilot="turn")
    verdicts = iter([Approve(write(Summary("label noise"))), TakeOver(write(Summary("boosting")))])
    gate = PersonGate(running=True)
    async with aclosing(Laboratory(project, gate, ScriptedModel(scientist(experimenter))).run(turns=2)) as events:
        async for event in events:
            if isinstance(event, StateChanged) and event.state == "waiting":
                asyncio.get_running_loop().call_later(0.05, lambda: gate.answer(next(verdicts)))
    assert [logged.turn.agent for logged in project.log()[:2]] == [Agent.RESEARCHER, Agent.PHD_STUDENT]
    assert all(one.same for one in await replayed(project))


async def test_a_replay_notices_a_prompt_that_is_no_longer_the_same(tmp_path: Path) -> None:
    project, _ = await studied(tmp_path / "p")
    take = _takes(project, 1, "reply")[0]
    shelf = Shelf(project.private(FOLDER))
    other = shelf.put(Take(take.kind, {**take.asked, "user": "something else"}, take.answer))
    _rewrite_first_turn(project, other)
    (first, *rest) = await replayed(project)
    assert not first.same
    assert "user" in first.why
    assert not rest


async def test_a_damaged_take_is_refused_by_name(tmp_path: Path) -> None:
    project, _ = await studied(tmp_path / "p")
    name = project.turn_at("1").turn.takes[0]
    digest = name.rpartition("-")[2]
    path = project.private(f"{FOLDER}/kept") / digest[:2] / digest
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(CassetteError):
        Shelf(project.private(FOLDER)).get(name)
    (first, *_) = await replayed(project)
    assert not first.same
    assert "take" in first.why


async def test_a_project_without_its_cassette_says_so(tmp_path: Path) -> None:
    project, _ = await studied(tmp_path / "p")
    (project.path / ".git/labtop/cassette").rename(tmp_path / "elsewhere")
    (first, *_) = await replayed(project)
    assert not first.same
    assert "not there" in first.why


async def test_a_rerun_lists_what_programs_do_differently(tmp_path: Path) -> None:
    by_chance = PROGRAM.replace("value = 0.5", "value = int.from_bytes(os.urandom(4), 'big') / 2**32")
    project, _ = await studied(tmp_path / "p", by_chance)
    made = await replayed(project, rerun=True)
    assert all(one.same for one in made), made[-1]
    words = " ".join(word for one in made for word in one.programs)
    assert re.search(r"results/metrics.json differs: value [\d.e-]+ \(recorded: [\d.e-]+\)", words)


async def test_a_rerun_of_sound_programs_lists_nothing(tmp_path: Path) -> None:
    project, _ = await studied(tmp_path / "p")
    assert not [word for one in await replayed(project, rerun=True) for word in one.programs]


async def test_a_fork_with_another_reply_acts_on_it_and_asks_the_model_only_for_what_follows(tmp_path: Path) -> None:
    project, _ = await studied(tmp_path / "p")
    assert "SUMMARY" in editable(project, "1", REPLY)
    forked = await fork(project, "1", tmp_path / "new", REPLY, write(Summary("gradient boosting")))
    assert (len(forked.reused), len(forked.left)) == (0, len(project.log()) - 1)
    assert forked.estimate.calls == sum(logged.turn.cost.calls for logged in project.log())
    model = ScriptedModel(scientist(experimenter))
    (turn,) = turns_in(await events_of(forked.project, model, turns=1))
    assert turn.turn.command == "SUMMARY gradient boosting"
    assert model.requests == []
    await events_of(forked.project, model, turns=1)
    assert len(model.requests) == 1


async def test_a_fork_with_another_note_reuses_the_turns_that_never_saw_it(tmp_path: Path) -> None:
    project, model = await studied(tmp_path / "p")
    text = editable(project, "2", "notes/running-experiments.md") + "\n- Use few trees.\n"
    forked = await fork(project, "2", tmp_path / "new", "notes/running-experiments.md", text)
    phases = [logged.turn.phase for logged in project.log()[::-1][1:]]
    assert forked.left[0].turn.number == phases.index(Phase.EXPERIMENTS) + 1
    assert "user" in forked.why
    again = ScriptedModel(scientist(experimenter))
    events = await events_of(forked.project, again, until=Phase.EXPERIMENTS)
    assert "Use few trees." in again.requests[0].user
    assert len(again.requests) < len(model.requests)
    assert turns_in(events)[0].turn.number == forked.left[0].turn.number
    assert project.read("notes/running-experiments.md") != text


async def test_a_fork_wants_an_empty_folder_and_a_turn_with_a_reply(tmp_path: Path) -> None:
    project, _ = await studied(tmp_path / "p")
    (tmp_path / "full").mkdir()
    (tmp_path / "full/x").write_text("mine")
    with pytest.raises(ProjectError):
        await fork(project, "1", tmp_path / "full", REPLY, "x")
    assert (tmp_path / "full/x").read_text() == "mine"
    with pytest.raises(HistoryError):
        editable(project, "0", REPLY)


async def test_a_reply_that_arrived_before_a_crash_is_not_asked_for_again(tmp_path: Path) -> None:
    project = new_project(tmp_path / "p")
    model = ScriptedModel(scientist(experimenter))
    async with aclosing(Laboratory(project, PersonGate(running=True), model).run(turns=1)) as events:
        async for event in events:
            if isinstance(event, Proposed):
                break  # the engine dies here: the reply is on the cassette, the turn is not committed
    assert len(project.log()) == 1
    assert len(model.requests) == 1
    (turn,) = turns_in(await events_of(project, model, turns=1))
    assert isinstance(turn, TurnCommitted)
    assert len(model.requests) == 1
    await events_of(project, model, turns=1)
    assert len(model.requests) == 2


async def test_a_whole_project_is_replayed_from_the_command_line(tmp_path: Path) -> None:
    from click.testing import CliRunner

    from tui.cli import main

    project, _ = await studied(tmp_path / "p")
    ran = await asyncio.to_thread(CliRunner().invoke, main, ["replay", str(project.path), "--to", "4"])
    assert ran.exit_code == 0, ran.output
    assert "4 turns" in ran.output
    (project.path / ".git/labtop/cassette").rename(tmp_path / "elsewhere")
    ran = await asyncio.to_thread(CliRunner().invoke, main, ["replay", str(project.path)])
    assert ran.exit_code == 1


async def test_modes_links_and_odd_names_of_the_persons_files_are_made_again(tmp_path: Path) -> None:
    project = new_project(tmp_path / "p", papers=3)
    model = ScriptedModel(scientist(experimenter))
    await events_of(project, model, turns=1)
    script = project.path / "notes/zählung.sh"
    script.write_text("echo 1\n")
    script.chmod(0o755)
    (project.path / "notes/link.md").symlink_to("all.md")
    await events_of(project, model, turns=1)
    (project.path / "notes/link.md").unlink()
    await events_of(project, model, turns=1)
    made = await replayed(project)
    assert all(one.same for one in made), made[-1]
    assert [one.turn.turn.agent for one in made].count(Agent.RESEARCHER) == 2


async def test_a_link_in_a_history_leads_no_replay_and_no_fork_out_of_its_folder(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "mine.md").write_text("mine")
    project = new_project(tmp_path / "p", papers=3)
    model = ScriptedModel(scientist(experimenter))
    await events_of(project, model, turns=1)
    (project.path / "shelf").symlink_to(outside)
    await events_of(project, model, turns=1)
    forked = await fork(project, "2", tmp_path / "new", "shelf/mine.md", "forked")
    (project.path / "shelf").unlink()
    (project.path / "shelf").mkdir()
    (project.path / "shelf/mine.md").write_text("yours")
    await events_of(project, model, turns=1)
    made = await replayed(project)
    assert all(one.same for one in made), made[-1]
    assert (outside / "mine.md").read_text() == "mine"
    assert forked.project.read("shelf/mine.md") == "forked"


async def test_a_fork_shares_nothing_with_its_origin_that_may_change(tmp_path: Path) -> None:
    project, _ = await studied(tmp_path / "objects" / "kept" / "p")
    forked = await fork(project, "2", tmp_path / "new", "notes/all.md", "Be brief.\n")
    shared = [
        str(path.relative_to(forked.project.path))
        for path in forked.project.path.rglob("*")
        if path.is_file() and not path.is_symlink() and path.stat().st_nlink > 1
    ]
    assert shared
    assert all(name.startswith((".git/objects/", ".git/labtop/cassette/kept/")) for name in shared), shared


async def test_a_fork_that_cannot_be_made_leaves_nothing(tmp_path: Path) -> None:
    project, _ = await studied(tmp_path / "p")
    with pytest.raises(HistoryError):
        await fork(project, "99", tmp_path / "new", REPLY, "x")
    os.mkfifo(project.path / ".git/pipe")
    with pytest.raises(ProjectError):
        await fork(project, "1", tmp_path / "new", REPLY, "x")
    assert not (tmp_path / "new").exists()


async def test_a_useless_reply_is_followed_by_a_freer_question(tmp_path: Path) -> None:
    model = ScriptedModel(lambda brief: f"nothing usable {len(brief.history)}")
    await events_of(new_project(tmp_path / "p"), model, turns=3)
    warmth = [request.temperature for request in model.requests]
    assert warmth == sorted(set(warmth))
    assert warmth[-1] <= 1.0


@pytest.mark.parametrize(("reply", "freer"), [("same", True), ("another", False)])
async def test_a_reply_that_fails_as_it_did_before_is_followed_by_a_freer_question(
    tmp_path: Path, reply: str, freer: bool
) -> None:
    model = ScriptedModel(
        lambda brief: write(FullText("nobody2020" + chr(ord("a") + len(brief.history)) * (reply == "another")))
    )
    await events_of(new_project(tmp_path / "p"), model, turns=3)
    first, second, third = (request.temperature for request in model.requests)
    assert first == second
    assert (third > second) is freer


def _takes(project: Project, turn: int, kind: str) -> list[Take]:
    shelf = Shelf(project.private(FOLDER))
    return [shelf.get(name) for name in project.turn_at(str(turn)).turn.takes if name.startswith(f"{kind}-")]


def _rewrite_first_turn(project: Project, take: str) -> None:
    """Make turn 1 name another take, as a tampered history would."""
    first, second = project.turn_at("0"), project.turn_at("1")
    turn = replace(second.turn, takes=(take,))
    project.git.run("update-ref", "HEAD", first.commit, writes=True)
    commit_turn(project.git, "refs/heads/main", turn, [(TURN_FILE, Content(turn.to_json().encode()))])
