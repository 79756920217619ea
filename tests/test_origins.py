"""Where a number of the report was measured."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from core.origins import said_in, where_measured
from core.workspace.project import Project
from tests.scripted import new_project
from tests.workspace_sample import sample_turn


def measure(project: Project, number: int, metrics: Mapping[str, object] | str, output: str = "") -> str:
    text = metrics if isinstance(metrics, str) else json.dumps(metrics)
    turn = replace(sample_turn(number), subject=f"EDIT, turn {number}")
    return project.commit(turn, {"results/metrics.json": text, "results/output.txt": output, "plan.md": f"{number}\n"})


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return new_project(tmp_path / "p")


def test_a_number_leads_to_the_turn_that_first_had_it_not_to_the_last(project: Project) -> None:
    measure(project, 1, {"value": 0.9})
    first = measure(project, 2, {"value": 0.9344, "seeds": 25})
    measure(project, 3, {"value": 0.9344, "seeds": 50})
    found = where_measured(project, "0.934")
    assert found is not None
    assert (found.turn, found.commit, found.name, found.value) == (2, first, "value", "0.9344")
    assert found.subject == "EDIT, turn 2"


def test_a_number_that_was_measured_again_later_is_of_the_later_run(project: Project) -> None:
    measure(project, 1, {"value": 0.9344})
    measure(project, 2, {"value": 0.8})
    measure(project, 3, {"value": 0.9344})
    found = where_measured(project, ".934")
    assert found is not None
    assert found.turn == 3


def test_a_number_that_is_gone_from_the_results_is_found_in_older_ones(project: Project) -> None:
    measure(project, 1, {"value": 0.777})
    measure(project, 2, {"value": 0.8})
    found = where_measured(project, "0.777")
    assert found is not None
    assert found.turn == 1


@pytest.mark.parametrize("text", ["93.4 %", "93.4\\,\\%", "93.4%", "93.4", "0.934", ".934", "0.93"])
def test_a_share_is_known_in_percent_and_rounded(project: Project, text: str) -> None:
    measure(project, 1, {"value": 0.934})
    assert where_measured(project, text) is not None


@pytest.mark.parametrize("text", ["0.935", "95 %", "5", "2017", "", "no number", "1e999", "0.009340"])
def test_what_was_not_measured_or_may_mean_anything_is_not_known(project: Project, text: str) -> None:
    measure(project, 1, {"value": 0.934, "seeds": 5, "year": 2017, "scores": [0.9533]})
    assert where_measured(project, text) is None


def test_a_result_is_named_by_its_keys_and_comes_before_the_parts_of_one(project: Project) -> None:
    entries = [{"model": "forest", "scores": [0.944], "mean": 0.9441}, {"model": "ridge", "mean": 0.8}]
    measure(project, 1, {"results": entries})
    found = where_measured(project, "0.944")
    assert found is not None
    assert (found.name, found.others) == ("results[0: forest].mean", 1)


def test_what_only_the_output_tells_is_found_there(project: Project) -> None:
    measure(project, 1, {"value": 0.9}, "1,797 rows\nloss 0.123 after 30 epochs\n")
    found = where_measured(project, "1797")
    assert found is not None
    assert (found.file, found.name) == ("results/output.txt", "1,797 rows (1)")


@pytest.mark.parametrize("metrics", ["", "[", "[" * 100_000, "{}", '{"value": NaN}', '{"value": 1e400}', '"0.934"'])
def test_results_that_cannot_be_read_hold_no_number(project: Project, metrics: str) -> None:
    measure(project, 1, metrics)
    assert where_measured(project, "0.934") is None


def test_a_project_without_results_knows_no_number(project: Project) -> None:
    assert where_measured(project, "0.934") is None


def test_numbers_are_read_as_reports_write_them() -> None:
    told = [said_in(text) for text in ("−0.25", "1,258 rows", "1.5e-3", "40\\,\\%")]
    assert [(said.value, said.decimals, said.percent) for said in told if said] == [
        (-0.25, 2, False),
        (1258.0, 0, False),
        (0.0015, 0, False),
        (40.0, 0, True),
    ]
    assert said_in("sec2 v1.x") is None
