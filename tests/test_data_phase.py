"""The data preparation of a whole project: search the Hub, choose a set, and run on it without a network."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from core.brief import Brief, Job
from core.commands import AddPaper, Command, Dialogue, Judgement, Plan, Replace, SearchHF, SubmitCode, Summary
from core.events import Event, ProgramOutput, TurnCommitted
from core.parsing import write
from core.record import Agent, Phase, Status, Turn
from core.workspace.project import Project
from tests.scripted import ScriptedModel, events_of, new_project
from tests.servers.hub import HubServer, HubSet
from tests.test_data_fetch import parquet

CARD = {
    "license": "mit",
    "dataset_info": {
        "features": [{"name": "x", "dtype": "float64"}, {"name": "label", "dtype": "int64"}],
        "splits": [{"name": "train", "num_examples": 100}, {"name": "test", "num_examples": 20}],
    },
}
TINY = HubSet(
    "org/tiny-noise",
    {
        "data/train-00000-of-00001.parquet": parquet(100),
        "data/test-00000-of-00001.parquet": parquet(20, 1000),
    },
    CARD,
)
EXPERIMENT = """\
import json
import os

from data.prepare import load

X, y = load()
os.makedirs("results", exist_ok=True)
with open("results/metrics.json", "w") as file:
    json.dump({"metric": "mean", "value": float(X["x"].mean()), "higher_is_better": True}, file)
"""
GATED = HubSet("org/gated-noise", TINY.files, gated="auto", downloads=5)


def loading(name: str) -> str:
    return (
        "from datasets import load_dataset\n\n\ndef load():\n"
        f'    frame = load_dataset("{name}", split="train").to_pandas()\n'
        '    return frame[["x"]], frame["label"]\n\n\n'
        'if __name__ == "__main__":\n    print(load()[0].shape)\n'
    )


def preparing(engineer: Callable[[Brief], Command], helper: Callable[[Brief], Command]) -> Callable[[Brief], str]:
    """Answers that reach the data preparation in three turns; there the two engineers speak."""

    def answer(brief: Brief) -> str:
        match brief.phase:
            case Phase.LITERATURE if not brief.found:
                return write(Summary("random forests"))
            case Phase.LITERATURE:
                return write(AddPaper(brief.found[0].id, "Useful."))
            case Phase.PLAN:
                return write(Plan("# Plan\n\nMeasure accuracy."))
            case _:
                return write(engineer(brief) if brief.agent is Agent.SW_ENGINEER else helper(brief))

    return answer


def turns_of(events: list[Event]) -> list[Turn]:
    return [event.turn for event in events if isinstance(event, TurnCommitted) and event.turn.phase is Phase.DATA]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return new_project(tmp_path / "p", papers=1, arxiv=False, model="mine", hub_mb=5)


async def test_a_set_of_the_hub_is_found_fetched_described_and_run_on_offline(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = iter(["org/gated-noise", "org/tiny-noise"])
    briefs: list[Brief] = []

    def engineer(brief: Brief) -> Command:
        briefs.append(brief)
        return SubmitCode(loading(next(names)))

    with HubServer(TINY, GATED) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        answer = preparing(engineer, lambda _: SearchHF("label noise"))
        events = await events_of(project, ScriptedModel(answer), until=Phase.DATA)
    refused, searched, submitted = turns_of(events)
    assert refused.status is Status.FAILED
    assert "org/gated-noise cannot be had: it is gated" in refused.outcome
    assert "**org/tiny-noise**" in searched.outcome
    assert "sklearn:iris" in searched.outcome
    assert (submitted.status, "(100, 1)" in submitted.outcome) == (Status.OK, True)
    assert any(isinstance(event, ProgramOutput) and "in the cache: train 100" in event.text for event in events)
    card = json.loads(project.read("data/card.json"))
    assert (card["source"], card["target"], card["rows"]) == ("hf:org/tiny-noise", "label", 100)
    assert project.read("data/prepare.py") == loading("org/tiny-noise")
    # The server is gone; the experiment runs all the same.
    events = await events_of(project, ScriptedModel(experimenting), turns=1)
    (turn,) = [event.turn for event in events if isinstance(event, TurnCommitted)]
    assert (turn.status, json.loads(project.read("results/metrics.json"))["value"]) == (Status.OK, 49.5), turn.outcome


def experimenting(brief: Brief) -> str:
    return write(Judgement(0.5, "Fair.") if brief.job is Job.JUDGE else Replace(EXPERIMENT))


@pytest.mark.parametrize("without", [{"hub": False}, {"model": "builtin"}])
async def test_a_project_without_the_hub_asks_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, without: dict[str, object]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    settings: dict[str, object] = {"model": "mine", **without}
    project = new_project(tmp_path / "p", papers=1, arxiv=False, **settings)
    with HubServer(TINY) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        answer = preparing(lambda _: SubmitCode(loading("org/tiny-noise")), lambda _: SearchHF("flowers"))
        events = await events_of(project, ScriptedModel(answer), turns=5)
        assert server.asked == []
    refused, searched = turns_of(events)
    assert "run without the Hugging Face Hub" in refused.outcome
    assert (searched.status, "sklearn:iris" in searched.outcome) == (Status.OK, True)


async def test_without_a_network_the_bundled_sets_remain(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    answer = preparing(lambda _: Dialogue("What is there?"), lambda _: SearchHF("flowers"))
    events = await events_of(project, ScriptedModel(answer), turns=5)
    searched = turns_of(events)[-1]
    assert searched.status is Status.OK
    assert "was not searched: the Hugging Face Hub cannot be reached" in searched.outcome
    assert "sklearn:iris" in searched.outcome
