"""Which data sets of the Hub a program names: read from its text, never by running it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clean import clean
from core.data.access import wanted
from core.data.uses import Use, uses
from core.errors import DataError

HEAD = "from datasets import load_dataset\n"


@pytest.mark.parametrize(
    ("program", "use"),
    [
        ('from datasets import load_dataset\nd = load_dataset("org/name")', Use("org/name")),
        ('from datasets import load_dataset as get\nget("imdb", split="train")', Use("imdb", split="train")),
        ('import datasets\ndatasets.load_dataset("nyu-mll/glue", "sst2")', Use("nyu-mll/glue", "sst2")),
        ('import datasets as d\nd.load.load_dataset(path="a/b", name="c")', Use("a/b", "c")),
        ('def f():\n  from datasets import *\n  return load_dataset("a/b")["train"]', Use("a/b")),
        (HEAD + 'NAME = "a/b"\nload_dataset(NAME)', Use("a/b")),
        (HEAD + 'load_dataset("a/b", None, split=pick())', Use("a/b")),
        (HEAD + 'load_dataset("a/b", data_files={"x": ["1.csv"]})', Use("a/b", files='{"x": ["1.csv"]}')),
        (HEAD + 'load_dataset("a/b", data_dir="sub", revision="v1")', Use("a/b", folder="sub", revision="v1")),
        (HEAD + 'load_dataset("a/b", trust_remote_code=False, streaming=True, num_proc=n)', Use("a/b")),
        ('from datasets import load_dataset_builder\nload_dataset_builder("a/b")', Use("a/b")),
    ],
)
def test_a_set_that_is_written_out_is_found(program: str, use: Use) -> None:
    assert uses(program) == (use,)


@pytest.mark.parametrize(
    "program",
    [
        "",
        "def (",
        "x = '\x00'",
        "from sklearn.datasets import load_iris\nload_iris()",
        'def load_dataset(name):\n  return name\nload_dataset("a/b")',
        '# load_dataset("a/b")\n"""datasets.load_dataset("a/b")"""',
        HEAD + 'load_dataset("csv", data_files="data/raw/t.csv")',
        HEAD + 'load_dataset("imagefolder", data_dir="data/raw/birds")',
        HEAD + 'load_dataset("./data/raw")',
        HEAD + 'load_dataset("data/raw")',
    ],
)
def test_a_program_without_a_set_of_the_hub_names_none(program: str) -> None:
    assert uses(program) == ()


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("load_dataset(name)", "line 2: the name of the data set is not written out"),
        ('for n in ("a/b", "c/d"):\n  load_dataset(n)', "line 3: the name of the data set is not written out"),
        ('n = "a/b"\nn = "c/d"\nload_dataset(n)', "is not written out"),
        ('load_dataset(f"a/{b}")', "is not written out"),
        ("load_dataset(*names)", "its arguments are not written out"),
        ('load_dataset("a/b", **more)', "its arguments are not written out"),
        ('load_dataset("a/b", config)', "the configuration is not written out"),
        ('load_dataset("a/b", 3)', "the configuration is not a text"),
        ("load_dataset()", "it names no data set"),
        ('load_dataset("a/b", trust_remote_code=True)', "no code of a data set is ever run"),
        ('load_dataset("a/b", features=f, sep=";")', "without features, sep"),
        ('load_dataset("a/b", cache_dir="/tmp")', "without cache_dir"),
        ('load_dataset("a/b", data_files=names)', "data_files is not written out"),
        ('load_dataset("a/b", data_files="https://x/y.csv")', "does not name files of the set"),
        ('load_dataset("csv", data_files="https://x/y.csv")', "programs have no network"),
        ('load_dataset("hf://datasets/a/b")', "is not the name of a data set"),
        ('load_dataset("a/../b")', "is not the name of a data set"),
        ('load_dataset("a/b/c")', "is not the name of a data set"),
    ],
)
def test_what_is_not_written_out_or_never_done_is_refused(program: str, reason: str) -> None:
    with pytest.raises(DataError) as caught:
        uses(HEAD + program)
    assert reason in caught.value.message
    assert caught.value.hint


def test_all_sets_of_all_texts_are_found_once() -> None:
    texts = [HEAD + 'load_dataset("c/d")\nload_dataset("a/b")\nload_dataset("c/d")', HEAD + 'load_dataset("a/b")']
    assert wanted(texts) == (Use("c/d"), Use("a/b"))


def test_one_set_in_two_revisions_is_refused() -> None:
    with pytest.raises(DataError, match="two revisions"):
        wanted([HEAD + 'load_dataset("a/b", revision="1")\nload_dataset("a/b")'])


@given(st.text(max_size=60), st.text(max_size=60))
def test_whatever_is_written_is_a_use_or_a_refusal(name: str, config: str) -> None:
    try:
        found = uses(f"import datasets\ndatasets.load_dataset({name!r}, {config!r})")
    except DataError as error:
        refused = str(error)
        found = ()
    else:
        refused = ""
    assert clean(refused) == refused
    assert all(use.repo == name and use.config == config for use in found)
