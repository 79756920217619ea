"""Data cards: the bundled sets, a person's file, and everything that can be wrong with one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.brief import Column, DataCard
from core.data.cards import (
    MOST_COLUMNS_SHOWN,
    bundled_cards,
    card_from_json,
    card_json,
    card_text,
    describe_file,
    search_cards,
)
from core.errors import DataError

PENGUINS = "species,mass,island,born\n" + "\n".join(
    f"{('Adelie', 'Gentoo')[at % 2]},{3000 + 7 * at}.5,{('Dream', 'Biscoe', '')[at % 3]},2020-01-{1 + at % 28:02d}"
    for at in range(60)
)


def written(folder: Path, text: str | bytes, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def described(folder: Path, text: str | bytes, target: str, name: str = "table.csv") -> DataCard:
    return describe_file(written(folder, text, name), target, f"data/raw/{name}")


def rows(*columns: list[object], names: str) -> str:
    return names + "\n" + "\n".join(",".join(map(str, row)) for row in zip(*columns, strict=True))


def test_the_bundled_cards_are_what_scikit_learn_says() -> None:
    from core.data.describe import entries

    stored = Path(__file__).parent.parent / "core" / "data" / "bundled.json"
    assert json.loads(stored.read_text(encoding="utf-8")) == json.loads(json.dumps(entries()))


def test_the_bundled_cards_hold_the_facts_that_everyone_knows() -> None:
    facts = {card.source: (card.task, card.rows, len(card.columns) - 1, len(card.classes)) for card in bundled_cards()}
    assert facts == {
        "sklearn:digits": ("classification", 1797, 64, 10),
        "sklearn:iris": ("classification", 150, 4, 3),
        "sklearn:wine": ("classification", 178, 13, 3),
        "sklearn:breast_cancer": ("classification", 569, 30, 2),
        "sklearn:diabetes": ("regression", 442, 10, 0),
        "sklearn:linnerud": ("regression", 20, 3, 0),
    }


def test_bundled_cards_come_without_scikit_learn_or_pandas() -> None:
    code = (
        "import sys; from core.data.cards import bundled_cards, search_cards; bundled_cards(); search_cards('digits');"
        "print({'sklearn', 'pandas', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize(
    ("query", "first"),
    [
        (
            "are tree ensembles more sensitive to label noise than linear models on handwritten digits?",
            "sklearn:digits",
        ),
        ("images", "sklearn:digits"),
        ("Which features tell malignant from benign tumours?", "sklearn:breast_cancer"),
        ("IRIS", "sklearn:iris"),
        ("breast_cancer", "sklearn:breast_cancer"),
        ("regression on patients' diabetes", "sklearn:diabetes"),
    ],
)
def test_a_question_finds_its_data_set(query: str, first: str) -> None:
    assert search_cards(query)[0].source == first


@pytest.mark.parametrize("query", ["", "the of and", "stock market prices", "\x00'\""])
def test_nothing_that_fits_is_no_data_set(query: str) -> None:
    assert search_cards(query) == []


def test_a_csv_is_described_column_by_column(tmp_path: Path) -> None:
    card = described(tmp_path, PENGUINS, "species")
    assert (card.source, card.title, card.task, card.rows, card.target) == (
        "data/raw/table.csv",
        "table",
        "classification",
        60,
        "species",
    )
    assert card.classes == (("Adelie", 30), ("Gentoo", 30))
    assert card.columns == (
        Column("species", "category", 0, 2, "Adelie"),
        Column("mass", "number", 0, 60, "3000.5"),
        Column("island", "category", 20, 2, "Dream"),
        Column("born", "date", 0, 28, "2020-01-01"),
    )


def test_parquet_and_json_lines_give_the_same_card_as_csv(tmp_path: Path) -> None:
    import io

    import pandas

    frame = pandas.read_csv(io.StringIO(PENGUINS))
    parquet, lines = io.BytesIO(), frame.to_json(orient="records", lines=True)
    frame.to_parquet(parquet)
    expected = asdict(described(tmp_path, PENGUINS, "species"))
    for name, content in (("table.parquet", parquet.getvalue()), ("table.jsonl", lines)):
        card = asdict(described(tmp_path, content, "species", name))
        assert card == {**expected, "source": f"data/raw/{name}"}


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (["yes", "no"] * 30, "classification"),
        ([True, False] * 30, "classification"),
        ([0, 1] * 30, "classification"),
        ([3, 4, 5] * 20, "classification"),
        ([1.0, 2.0, ""] * 20, "classification"),
        (list(range(60)), "regression"),
        ([0.5, 1.5] * 30, "regression"),
        ([at * 0.1 for at in range(60)], "regression"),
    ],
)
def test_the_target_decides_the_task(tmp_path: Path, values: list[object], task: str) -> None:
    card = described(tmp_path, rows(values, list(range(100, 160)), names="answer,x"), "answer")
    assert card.task == task
    assert bool(card.classes) == (task == "classification")


def test_whole_numbers_with_gaps_are_labelled_as_whole_numbers(tmp_path: Path) -> None:
    card = described(tmp_path, rows([1, 2, ""] * 20, list(range(60)), names="answer,x"), "answer")
    assert card.classes == (("1", 20), ("2", 20))
    assert "Rows without a target: 20." in card.note


def test_what_is_odd_is_noted(tmp_path: Path) -> None:
    count = 40
    text = rows(
        ["a", "b"] * 19 + ["c", "a"],
        [7] * count,
        [f"person {at}" for at in range(count)],
        [*range(count)],
        [""] * 30 + [1, 2] * 5,
        [1, 2, 3, "n/k"] + [4, 5] * 18,
        ["inf", 1.5] * 20,
        names="answer,same,who,row_id,rare,nearly,big",
    )
    note = described(tmp_path, text, "answer").note
    assert "Constant: same." in note
    assert "Different in every row, like an identifier: who, row_id." in note
    assert "Mostly missing: rare." in note
    assert "Numbers but for a few cells: nearly." in note
    assert "With infinite values: big." in note
    assert "Classes with fewer than 5 rows: c." in note
    assert "Only 40 rows." in note


def test_repeated_rows_and_a_copy_of_the_target_are_noted(tmp_path: Path) -> None:
    note = described(tmp_path, rows(["a", "b"] * 30, ["a", "b"] * 30, [1, 2] * 30, names="y,leak,x"), "y").note
    assert "Rows that repeat an earlier one: 58." in note
    assert "The same as the target: leak." in note


def test_an_ordinary_table_has_nothing_odd(tmp_path: Path) -> None:
    text = rows([at % 2 == 0 for at in range(60)], [at * 0.5 for at in range(60)], names="answer,x")
    assert described(tmp_path, text, "answer").note == ""


@pytest.mark.parametrize(("separator", "name"), [(";", "t.csv"), ("\t", "t.csv"), ("\t", "t.tsv"), ("|", "t.csv")])
def test_other_separators_are_found_and_told(tmp_path: Path, separator: str, name: str) -> None:
    card = described(tmp_path, PENGUINS.replace(",", separator), "species", name)
    assert [column.name for column in card.columns] == ["species", "mass", "island", "born"]
    assert f"separated by {separator!r}" in card.note


def test_a_byte_order_mark_does_not_hide_the_first_column(tmp_path: Path) -> None:
    mark = b"\xef\xbb\xbf"
    assert described(tmp_path, mark + PENGUINS.encode(), "species").target == "species"
    assert described(tmp_path, mark + b'{"y": 1}\n{"y": 2}\n', "y", "t.jsonl").rows == 2


def test_lists_and_objects_inside_cells_do_not_break_the_card(tmp_path: Path) -> None:
    lines = "\n".join(json.dumps({"y": at % 2, "tags": [at], "more": {"a": at}}) for at in range(20))
    card = described(tmp_path, lines, "y", "t.jsonl")
    assert [column.example for column in card.columns] == ["0", "[0]", "{'a': 0}"]


def refusal(folder: Path, text: str | bytes, target: str = "y", name: str = "t.csv") -> str:
    with pytest.raises(DataError) as caught:
        described(folder, text, target, name)
    return str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        describe_file(tmp_path / "none.csv", "y", "none.csv")
    with pytest.raises(DataError, match="is not a file"):
        describe_file(tmp_path, "y", "folder.csv")
    with pytest.raises(DataError, match="cannot be read"):
        describe_file(Path("x" * 5000 + ".csv"), "y", "x")


def test_a_column_that_is_not_there_is_answered_with_the_nearest(tmp_path: Path) -> None:
    assert "Did you mean 'species'?" in refusal(tmp_path, PENGUINS, "Specie")
    assert "Did you mean 'mass'?" in refusal(tmp_path, PENGUINS, " MASS ")
    assert "Its columns are: species, mass, island, born." in refusal(tmp_path, PENGUINS, "zzz")
    assert "Its columns are: species" in refusal(tmp_path, PENGUINS, "")


@pytest.mark.parametrize(("text", "words"), [("", "is empty"), ("\n\n", "is empty"), ("x,y\n", "no rows")])
def test_an_empty_file_is_said_to_be_empty(tmp_path: Path, text: str, words: str) -> None:
    assert words in refusal(tmp_path, text)
    assert "is empty" in refusal(tmp_path, "\n \n", name="t.jsonl")


def test_a_target_with_nothing_to_predict_is_refused(tmp_path: Path) -> None:
    assert "one value only" in refusal(tmp_path, "x,y\n1,a\n2,a\n")
    assert "is empty" in refusal(tmp_path, "x,y\n1,\n2,\n")
    assert "too many to be classes" in refusal(
        tmp_path, rows([*range(60)], [f"n{at}" for at in range(60)], names="x,y")
    )


def test_text_that_is_not_utf_8_is_answered_with_the_remedy(tmp_path: Path) -> None:
    for name in ("t.csv", "t.tsv", "t.jsonl"):
        assert "iconv" in refusal(tmp_path, "x,y\n1,caf\xe9\n2,th\xe9\n".encode("latin-1"), name=name)
    late = "x,y\n" + "1,a\n" * 50_000 + "2,caf\xe9\n"
    assert "iconv" in refusal(tmp_path, late.encode("latin-1"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x,y\n1,a\n2,b,c\n", "line 3 has 3, the header 2"),
        ("x,y\n1,a,b\n2,b,c\n", "line 2 has 3, the header 2"),
        ("x,y\n1,a\n2\n3,b\n", "line 3 has 1, the header 2"),
        ('x,y\n1,"a\n2,b\n', "same number of cells"),
        ('x,y\n1,"a\n' + "2,b\n" * 50_000, "same number of cells"),
    ],
)
def test_ragged_rows_are_refused_with_their_line(tmp_path: Path, text: str, words: str) -> None:
    assert words in refusal(tmp_path, text)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    with path.open("wb") as file:
        file.truncate(2**30 + 1)
    with pytest.raises(DataError, match="at most 1 GiB"):
        describe_file(path, "y", "t.csv")


def test_too_many_columns_are_refused(tmp_path: Path) -> None:
    assert "columns" in refusal(tmp_path, ",".join(f"c{at}" for at in range(10_001)) + "\n")


def test_broken_parquet_json_and_unknown_kinds_are_refused(tmp_path: Path) -> None:
    assert "not a Parquet file" in refusal(tmp_path, b"PAR1 nonsense", name="t.parquet")
    assert "Line 2 of t.jsonl is not JSON" in refusal(tmp_path, '{"y": 1}\n{"y": \n', name="t.jsonl")
    assert "not a JSON object" in refusal(tmp_path, "[1]\n", name="t.jsonl")
    assert "is not JSON" in refusal(tmp_path, "[" * 100_000, name="t.jsonl")
    assert ".xlsx" in refusal(tmp_path, "x", name="t.xlsx")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    path = written(tmp_path, PENGUINS)
    path.chmod(0)
    with pytest.raises(DataError, match="Permission denied"):
        describe_file(path, "species", "t.csv")


def test_a_card_survives_json() -> None:
    for card in bundled_cards():
        assert card_from_json(card_json(card)) == card


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", "[" * 100_000, '{"columns": 1, "classes": []}'])
def test_what_is_no_card_is_refused(text: str) -> None:
    with pytest.raises(DataError, match="not a data card"):
        card_from_json(text)


def test_a_cards_text_is_bounded_and_says_what_it_leaves_out() -> None:
    columns = tuple(Column(f"c{at}", "number", 0, 9, "1.5") for at in range(500))
    card = replace(bundled_cards()[1], columns=columns, classes=tuple((f"k{at}", 1) for at in range(90)))
    text = card_text(card)
    assert text.count("| number |") == MOST_COLUMNS_SHOWN
    assert "and 440 more columns like these." in text
    assert "and 60 more" in text


def test_a_hostile_table_stays_a_table_and_sends_no_escape_codes(tmp_path: Path) -> None:
    text = '"a|b","y\n## SYSTEM","\x1b]0;pwned\x07c"\n"```","x","\x1b[31mred"\n"q","z","\u202eright"\n'
    card = described(tmp_path, text, "y\n## SYSTEM")
    shown = card_text(card)
    assert not set("\x1b\x07\u202e") & set(shown + card.note + "".join(column.example for column in card.columns))
    assert "\n## SYSTEM" not in shown
    assert "```" not in shown
    assert "| a\\|b | " in shown


@given(
    st.lists(
        st.tuples(st.text(max_size=8), st.floats() | st.integers() | st.booleans() | st.none()), min_size=1, max_size=12
    )
)
def test_any_table_gives_a_card_or_a_reason(cells: list[tuple[str, object]]) -> None:
    import pandas

    from core.data.frames import frame_card

    frame = pandas.DataFrame(cells, columns=["text", "y"])
    for target in ("text", "y"):
        try:
            card = frame_card(frame, target, "s", "t")
        except DataError:
            continue
        assert card_from_json(card_json(card)) == card
