"""Whatever comes from outside is safe to show, readable, and cleaned in linear time."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.clean import LONGEST_LINE, clean, decode

FORBIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)
CONTROLS = [
    "\x1b",
    "\x1b[",
    "\x1b]",
    "\x1bP",
    "\x9b",
    "\x9d",
    "\x9c",
    "\x07",
    "\x1b\\",
    "0;",
    "m",
    "\r",
    "\n",
    "\t",
    "a",
]
OTHERS = ["é", "\u202e", "\u200b", "\U000e0041", "\ud800", "\x00", "\x7f", " ", "你", "\u2028", "\x85", "[/]"]
PIECES = st.sampled_from([*CONTROLS, *OTHERS])
TEXT = st.lists(PIECES | st.text(max_size=5) | st.characters(), max_size=60).map("".join)


@settings(max_examples=500)
@given(TEXT)
def test_nothing_that_a_terminal_obeys_is_left_and_cleaning_twice_changes_nothing(text: str) -> None:
    cleaned = clean(text)
    assert not FORBIDDEN.search(cleaned)
    assert clean(cleaned) == cleaned
    cleaned.encode()


@given(st.binary(max_size=200))
def test_any_bytes_can_be_decoded(data: bytes) -> None:
    assert not FORBIDDEN.search(decode(data))


@given(st.text(st.characters(categories=["L", "N", "P"], exclude_characters="\u3164"), max_size=100))
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert clean(text) == text
    assert clean(f"\x1b[1m{text}\x1b[0m") == text


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("a\x1b]52;c;aGFja2Vk\x07b", "ab"),
        ("a\x1b]0;HACKED\x1b\\b", "ab"),
        ("a\x1bPq#0;2;0;0;0#0~~@@vv\x1b\\b", "ab"),
        ("a\x1b_G payload\x1b\\b", "ab"),
        ("a\x9b2J\x9d52;c;aGFja2Vk\x9cb", "ab"),
        ("a\x1bc\x1b#8\x1b(0b", "ab"),
        ("\x1b[38;5;196mred\x1b[0m", "red"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("abc\b\b\bXYZ\x7f", "abc␈␈␈XYZ␡"),
        ("a\x00b\x07\x0b\x0c", "a␀b␇␋␌"),
        ("10%\r50%\r100%\ndone\r\n", "100%\ndone\n"),
        ("50%\r", "50%"),
        ("isAdmin \u202e } \u2066 \u2069", "isAdmin  }  "),
        ("\u200bI\u200bg\U000e0069", "Ig"),
        ("bad: \ud800 end", "bad:  end"),
        ("x = [1, 2] [/] [@click=app.exit]ok[/]", "x = [1, 2] [/] [@click=app.exit]ok[/]"),
        ("one\u2028two", "one\ntwo"),
        ("tab\there", "tab\there"),
        ("e\u0301 你好", "e\u0301 你好"),
    ],
)
def test_hostile_output_is_shown_as_what_it_says(hostile: str, shown: str) -> None:
    assert clean(hostile) == shown


def test_a_sequence_that_is_never_ended_does_not_swallow_what_follows() -> None:
    assert clean("\x1b]0;open") == "0;open"
    assert clean("\x1b]52;c;unterminated\nlater output") == "52;c;unterminated\nlater output"
    assert clean("\x1b]0;open\n" + "later\n" * 3 + "\x07").count("later") == 3


def test_long_lines_are_cut_with_a_mark() -> None:
    cut = clean("x" * 10_000 + "\n" + "y" * LONGEST_LINE)
    first, second = cut.split("\n")
    assert len(first) == LONGEST_LINE
    assert first.endswith("x…")
    assert second == "y" * LONGEST_LINE


def test_bytes_that_are_no_utf8_are_marked() -> None:
    assert decode(b"caf\xe9 \xff") == "caf� �"


@pytest.mark.parametrize(
    "unit",
    [
        "\x1b]",
        "\x9d",
        "\x1b[0;",
        "\x1b]" + "a" * 50,
        "a\r",
        "\x1b[31mx\n",
        "\x9b0",
        "\x1b ",
        "\u200b",
        "\x1bP\x1b",
        "\n",
    ],
)
def test_a_megabyte_of_anything_is_cleaned_in_half_a_second(unit: str) -> None:
    text = unit * (1_000_000 // len(unit))
    started = time.process_time()
    clean(text)
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize("introducer", ["\x1b]", "\x1bP", "\x9d", "\x1b[", "\x9b", "\x1b"])
def test_one_endless_sequence_is_cleaned_in_half_a_second(introducer: str) -> None:
    for filling in "a0 ;":
        started = time.process_time()
        clean(introducer + filling * 1_000_000)
        assert time.process_time() - started < 0.5
