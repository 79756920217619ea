from __future__ import annotations

import time
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from textual.content import Content
from textual.events import MouseScrollDown, MouseScrollUp

from core.record import Agent, Phase, Status
from tests.pane_stage import HOSTILE, Stage, a_score, a_turn, frame_of, painted, staged, unsafe
from tui.panes.chat import KEPT, ChatPane, Said
from tui.widgets.document import Block, Document
from tui.widgets.prose import prose
from tui.widgets.spoken import LONGEST_BLOCK, Growing, headline, spoken
from tui.widgets.stack import HELD

PROGRAM = "\n".join(f"value_{n} = {n}" for n in range(128))


async def test_an_empty_chat_says_what_will_appear_and_what_to_press() -> None:
    async with staged(ChatPane(), 62, 20) as pilot:
        frame = frame_of(pilot)
    assert "appear here as they write" in frame
    assert "n makes one step" in frame


async def test_a_reply_streams_under_the_agents_name_and_turn() -> None:
    chat = ChatPane()
    async with staged(chat, 62, 20) as pilot:
        chat.begin(41, "ML engineer · running experiments")
        chat.stream("The forest still sees **cle")
        chat.stream("an** labels")
        frame = await painted(pilot)
    assert "■ ML engineer · running experiments" in frame
    assert "turn 41" in frame
    assert "The forest still sees clean labels▌" in frame


async def test_thoughts_are_seen_while_they_come_and_folded_once_the_reply_begins() -> None:
    chat = ChatPane()
    async with staged(chat, 62, 20) as pilot:
        chat.begin(41, "ML engineer · running experiments")
        chat.think("first thought\nsecond thought\nthird thought\nfourth")
        chat.think(" thought")
        frame = await painted(pilot)
        assert "▾ thinks · 8 words" in frame
        assert "┊ fourth thought" in frame
        assert "first thought" not in frame
        chat.stream("I draw the noise once.")
        frame = await painted(pilot)
        assert "▸ thought · 8 words" in frame
        assert "fourth thought" not in frame
        await pilot.press("o")
        assert "┊ first thought" in await painted(pilot)
        assert "noise once.▌" in frame_of(pilot)
        chat.finish(a_turn(41, reply="I draw the noise once."))
        assert "┊ first thought" in await painted(pilot)
        await pilot.press("o")
        assert "first thought" not in await painted(pilot)
        assert "▸ thought · 8 words" in frame_of(pilot)


async def test_a_reply_that_is_asked_for_again_begins_anew_with_the_reason_above_it() -> None:
    chat = ChatPane()
    async with staged(chat, 62, 20) as pilot:
        chat.begin(41, "ML engineer · running experiments")
        chat.think("void thoughts")
        chat.stream("void words\n\nand more\n\n")
        chat.restart("the stream died")
        chat.stream("whole")
        chat.restart("502 Bad Gateway")
        chat.stream("The whole reply")
        frame = await painted(pilot)
        assert "void" not in frame
        assert "↻ asked again 2 times: 502 Bad Gateway" in frame
        assert "The whole reply▌" in frame
        chat.hush()
        chat.restart("of the judge")
        chat.think("of the judge")
        assert "The whole reply" in await painted(pilot)
        assert "of the judge" not in frame_of(pilot)


async def test_a_finished_turn_replaces_the_live_one_and_folds_its_program() -> None:
    chat = ChatPane()
    turn = a_turn(
        41,
        command="REPLACE",
        path="experiment/main.py",
        reply=f"I start anew.\n\n```REPLACE\n{PROGRAM}\n```",
        outcome="The program ran for 12.3 s.",
        score=a_score(0.934),
    )
    async with staged(chat, 62, 20) as pilot:
        chat.begin(41, "ML engineer · running experiments")
        chat.stream(turn.reply)
        assert "value_127" in await painted(pilot)
        assert "value_100" not in frame_of(pilot)
        chat.finish(turn)
        frame = await painted(pilot)
        assert len(chat._slots) == 1
    assert "▸ REPLACE · 128 lines · experiment/main.py" in frame
    assert "value_" not in frame
    assert "accuracy 0.934 · judge 0.80  ▲ best so far" in frame
    assert "✓ The program ran for 12.3 s." in frame
    assert "▌" not in frame


async def test_o_opens_what_is_folded_and_folds_it_again() -> None:
    chat = ChatPane()
    turn = a_turn(1, command="REPLACE", path="experiment/main.py", reply=f"```REPLACE\n{PROGRAM}\n```")
    async with staged(chat, 62, 20) as pilot:
        chat.load([turn])
        await pilot.press("o")
        assert "▏ value_1 = 1" in await painted(pilot)
        await pilot.press("o")
        assert "value_1 = 1" not in await painted(pilot)


async def test_a_failure_shows_its_first_and_last_line() -> None:
    chat = ChatPane()
    outcome = "The program broke.\nTraceback:\n  line 1\n  line 2\nIndexError: out of range"
    async with staged(chat, 62, 20) as pilot:
        chat.load([a_turn(38, status=Status.FAILED, outcome=outcome)])
        frame = await painted(pilot)
    assert "✗ The program broke." in frame
    assert "IndexError: out of range" in frame
    assert "… 3 more lines, o opens" in frame
    assert "line 2" not in frame


async def test_what_is_said_in_a_dialogue_is_shown_as_talk() -> None:
    chat = ChatPane()
    async with staged(chat, 62, 20) as pilot:
        reply = "```DIALOGUE\nWhich *levels* of noise?\n```"
        chat.load([a_turn(14, agent=Agent.POSTDOC, phase=Phase.PLAN, reply=reply)])
        frame = await painted(pilot)
    assert "Which levels of noise?" in frame
    assert "```" not in frame
    assert "◇ Postdoc · plan formulation" in frame


async def test_a_turn_that_nobody_saw_begin_is_shown_whole() -> None:
    chat = ChatPane()
    async with staged(chat, 62, 20) as pilot:
        chat.finish(a_turn(3, agent=Agent.RESEARCHER, subject="edited plan.md", reply="", outcome="plan.md changed"))
        frame = await painted(pilot)
    assert "» Researcher" in frame
    assert "edited plan.md" in frame


async def test_a_reply_that_is_broken_off_stays_without_a_cursor() -> None:
    chat = ChatPane()
    async with staged(chat, 62, 20) as pilot:
        chat.begin(1, "Postdoc · plan formulation")
        chat.stream("half a thou")
        chat.begin(2, "PhD student · plan formulation")
        chat.stream("another")
        frame = await painted(pilot)
    assert "half a thou… broken off" in frame
    assert frame.count("▌") == 1


async def test_it_follows_the_newest_words_until_one_scrolls_up_and_counts_what_comes_meanwhile() -> None:
    chat = ChatPane()
    async with staged(chat, 62, 12) as pilot:
        chat.load([a_turn(n) for n in range(1, 11)])
        assert "words of turn 10." in await painted(pilot)
        chat.finish(a_turn(11))
        assert "words of turn 11." in await painted(pilot)
        await pilot.press("k", "k", "k", "k")
        chat.finish(a_turn(12))
        chat.begin(13, "Postdoc · plan formulation")
        frame = await painted(pilot)
        assert "words of turn 12." not in frame
        assert "↓ 2 new below" in frame
        await pilot.press("end")
        await pilot.pause()
        chat.stream("the newest words")
        frame = await painted(pilot)
        assert "the newest words" in frame
        assert "new below" not in frame


class Counting(ChatPane):
    """Counts how often a turn is laid out."""

    def __init__(self) -> None:
        super().__init__()
        self.made = 0

    def drawn(self, slot: Said) -> Document | None:
        self.made += 1
        return super().drawn(slot)


async def test_only_turns_around_what_is_in_view_are_laid_out_of_ten_thousand() -> None:
    chat = Counting()
    async with staged(chat, 62, 20) as pilot:
        chat.load([a_turn(n) for n in range(1, 10_001)])
        assert "words of turn 10000." in await painted(pilot)
        assert chat.made < 40
        await pilot.press("home")
        assert "words of turn 1." in await painted(pilot)
        assert chat.made < 80
        chat.made = 0
        await pilot.press("pagedown", "pagedown", "k", "j")
        assert "turn 9 of 10000" in await painted(pilot)
        assert chat.made < 40
        await pilot.press("end")
        chat.finish(a_turn(10_001))
        assert "words of turn 10001." in await painted(pilot)
        assert not chat.children, "nothing is mounted"


async def test_scrolling_up_line_by_line_loses_and_repeats_no_line() -> None:
    chat = ChatPane()
    async with staged(chat, 62, 12) as pilot:
        chat.load([a_turn(n, reply="\n\n".join(f"p{n}.{k}" for k in range(n % 7 + 1))) for n in range(1, 61)])
        await pilot.pause()
        seen: list[str] = []
        while chat.scroll_offset.y > 0:
            seen.append(chat.render_line(0).text)
            chat.action_scroll_up()
        read = [word for line in reversed(seen) for word in line.split() if word.startswith("p") and "." in word]
        wanted = [f"p{n}.{k}" for n in range(1, 61) for k in range(n % 7 + 1)]
        assert read == [word for word in wanted if word in set(read)]
        assert len(read) > len(wanted) - 12


class History(Stage):
    """Answers a chat that wants earlier turns."""

    def __init__(self, pane: ChatPane, missing: int = 0) -> None:
        super().__init__(pane)
        self.read: list[tuple[int, int]] = []
        self.missing = missing

    def on_chat_pane_wanted(self, message: ChatPane.Wanted) -> None:
        self.read.append((message.first, message.last))
        turns = [a_turn(n) for n in range(message.first, message.last + 1) if n != self.missing]
        message.pane.recalled(message.first, message.last, turns)

    def on_chat_pane_prompt_wanted(self, message: ChatPane.PromptWanted) -> None:
        message.pane.told_prompt(message.turn.number, f"You are asked {message.turn.number}.\n\x1b[31mred")


async def test_earlier_turns_are_read_when_one_scrolls_up_to_them() -> None:
    chat = ChatPane()
    app = History(chat, missing=55)
    async with app.run_test(size=(62, 20)) as pilot:
        chat.focus()
        chat.load([a_turn(n) for n in range(9000, 9101)], recalls=True)
        await pilot.pause()
        assert app.read == []
        await pilot.press("home")
        assert "words of turn 1." in await painted(pilot)
        assert len(app.read) == 1
        for _ in range(14):
            await pilot.press("pagedown")
            await pilot.pause()
        assert 50 < chat._slots[chat.top].number < 70
        assert "words of turn 6" in frame_of(pilot)
        assert len(app.read) < 5
        assert not [slot for slot in chat._slots if slot.number == 55], "the history has no such turn"


async def test_turns_far_from_what_is_read_are_let_go_and_read_again() -> None:
    chat = ChatPane()
    app = History(chat)
    async with app.run_test(size=(62, 20)) as pilot:
        chat.focus()
        chat.load([a_turn(1)], recalls=True)
        for number in range(2, KEPT + 200):
            chat.begin(number, "Postdoc · plan formulation")
            chat.stream("words")
            chat.finish(a_turn(number))
        await pilot.pause()
        assert sum(slot.turn is not None for slot in chat._slots) <= KEPT
        assert sum(slot.document is not None for slot in chat._slots) <= HELD
        await pilot.press("home")
        assert "words of turn 1." in await painted(pilot)


async def test_braces_mark_what_can_be_opened_and_enter_opens_it() -> None:
    chat = ChatPane()
    reply = f"I start anew.\n\n```REPLACE\n{PROGRAM}\n```"
    outcome = "It ran.\n" + "\n".join(f"line {n}" for n in range(9))
    turns = [a_turn(n, command="REPLACE", path="main.py", reply=reply, outcome=outcome) for n in (1, 2)]
    async with staged(chat, 62, 24) as pilot:
        chat.load(turns)
        frame = await painted(pilot)
        assert frame.count("✓ It ran.  … 9 more lines, o opens") == 2
        await pilot.press("enter")
        assert "line 3" not in frame_of(pilot)
        await pilot.press("right_curly_bracket", "right_curly_bracket", "enter")
        frame = await painted(pilot)
        assert frame.count("line 3") == 1, "the outcome of the first turn, and nothing else"
        assert "value_1 = 1" not in frame
        await pilot.press("enter")
        assert "line 3" not in await painted(pilot)
        await pilot.press("left_curly_bracket", "enter")
        assert "value_1 = 1" in await painted(pilot)


async def test_the_wheel_scrolls_and_the_end_is_followed_again() -> None:
    chat = ChatPane()
    async with staged(chat, 62, 12) as pilot:
        chat.load([a_turn(n) for n in range(1, 101)])
        await pilot.pause()
        for _ in range(3):
            chat.post_message(MouseScrollUp(chat, 5, 5, 0, -1, 0, False, False, False))
        await pilot.pause()
        assert not chat.following
        assert "of 100" in frame_of(pilot)
        for _ in range(9):
            chat.post_message(MouseScrollDown(chat, 5, 5, 0, 1, 0, False, False, False))
        await pilot.pause()
        assert chat.following
        assert "words of turn 100." in frame_of(pilot)


async def test_a_click_on_a_head_opens_it() -> None:
    chat = ChatPane()
    turn = a_turn(1, command="REPLACE", path="main.py", reply=f"```REPLACE\n{PROGRAM}\n```")
    async with staged(chat, 62, 20) as pilot:
        chat.load([turn])
        await pilot.pause()
        line = next(y for y, text in enumerate(frame_of(pilot).split("\n")) if "▸ REPLACE" in text)
        await pilot.click(offset=(8, line))
        assert "▏ value_1 = 1" in await painted(pilot)


async def test_the_prompt_of_a_turn_is_read_when_it_is_opened() -> None:
    chat = ChatPane()
    app = History(chat)
    async with app.run_test(size=(62, 20)) as pilot:
        chat.focus()
        chat.load([a_turn(1), a_turn(2, takes=("reply-ab12", "program-cd34"))])
        frame = await painted(pilot)
        assert "▸ turn 2" in frame
        assert "▸ turn 1" not in frame, "it names no reply"
        await pilot.press("o")
        assert "You are asked" not in await painted(pilot), "prompts are opened one at a time"
        await pilot.press("o", "right_curly_bracket", "enter")
        frame = await painted(pilot)
        assert "▾ turn 2" in frame
        assert "┆ You are asked 2." in frame
        assert unsafe(frame) == []


async def test_a_resize_keeps_what_one_reads_in_view() -> None:
    chat = ChatPane()
    async with staged(chat, 62, 14) as pilot:
        chat.load(
            [a_turn(n, reply="many words that wrap when it is narrow " * 4 + f"end of {n}.") for n in range(1, 101)]
        )
        await pilot.press("pageup", "pageup", "pageup")
        await pilot.pause()
        before = chat._slots[chat.top].number
        await pilot.resize_terminal(40, 10)
        await pilot.pause()
        assert chat._slots[chat.top].number == before
        await pilot.press("end")
        await pilot.resize_terminal(100, 20)
        assert "end of 100." in await painted(pilot)


async def test_words_that_are_marked_can_be_copied_across_turns() -> None:
    chat = ChatPane()
    async with staged(chat, 62, 20) as pilot:
        chat.load([a_turn(n) for n in range(1, 4)])
        await pilot.pause()
        chat.text_select_all()
        await pilot.pause()
        copied = pilot.app.screen.get_selected_text() or ""
        assert "words of turn 1." in copied
        assert "words of turn 3." in copied


async def test_a_note_says_how_bad_it_is() -> None:
    chat = ChatPane()
    async with staged(chat, 62, 20) as pilot:
        chat.note("no sandbox on this machine", "warning")
        frame = await painted(pilot)
    assert "! no sandbox on this machine" in frame


async def test_hostile_words_are_shown_as_words() -> None:
    chat = ChatPane()
    async with staged(chat, 40, 24) as pilot:
        for name, text in HOSTILE.items():
            chat.begin(1, text)
            for start in range(0, min(len(text), 9000), 3000):
                chat.think(text[start : start + 3000])
                chat.stream(text[start : start + 3000])
            await pilot.pause()
            assert unsafe(frame_of(pilot)) == [], name
            chat.restart(text)
            await pilot.pause()
            assert unsafe(frame_of(pilot)) == [], name
            chat.finish(a_turn(1, reply=text, outcome=text, status=Status.FAILED, path=text, reflection=text))
            await pilot.press("o")
            chat.finish(a_turn(2, reply=f"```REPLACE {text}\n{text}\n```", subject=text, agent=Agent.RESEARCHER))
            chat.note(text, text)
            await pilot.pause()
            assert unsafe(frame_of(pilot)) == [], name
            await pilot.click(offset=(8, 12))
            chat.load([])
        assert isinstance(pilot.app, Stage)
        assert pilot.app.opened == []
        assert pilot.app.is_running


def test_links_and_images_do_not_hide_their_targets() -> None:
    text = "[good](https://bad.example) ![x](https://bad.example) <https://bad.example> &#x202e; <b>"
    (block, _) = prose(text)
    assert block.content.plain == text
    assert block.content.spans == []


def test_text_that_is_nested_too_deep_is_shown_as_it_is() -> None:
    assert [block.content.plain for block in prose("> " * 30 + "hidden?")] == ["> " * 30 + "hidden?"]


def test_lists_hang_and_quotes_keep_their_bar() -> None:
    blocks = prose("- a long item that has to wrap\n  1. inner\n\n> quoted words that wrap too")
    lines = [line.plain.rstrip() for block in blocks for line in block.lines(18)]
    assert lines == [
        "• a long item that",
        "  has to wrap",
        "  1. inner",
        "",
        "▎ quoted words",
        "▎ that wrap too",
        "",
    ]


def test_tables_are_set_in_columns() -> None:
    lines = [line.plain.rstrip() for block in prose("| a | bb |\n|---|---|\n| 100 | 2 |") for line in block.lines(40)]
    assert lines == ["a    bb", "───  ──", "100  2", ""]


PIECES = ["word ", "*it* ", "`co` ", "\n", "\n\n", "- item\n", "1. one\n", "# head\n", "> quote\n", "```\n"]
MARKDOWN = st.lists(st.sampled_from([*PIECES, "    x\n", "---\n", "===\n", "| a |\n", "|---|\n"]), max_size=30).map(
    "".join
)


@settings(max_examples=100, deadline=None)
@given(MARKDOWN, st.integers(1, 12))
def test_streamed_in_pieces_is_the_same_as_read_at_once(text: str, step: int) -> None:
    growing = Growing(headline("Postdoc", 1))
    for start in range(0, len(text), step):
        growing.feed(text[start : start + step])
    streamed = growing.document(cursor="").lines(40)[1:]
    whole = Growing(headline("Postdoc", 1))
    whole.feed(text)
    assert words(streamed) == words(whole.document(cursor="").lines(40)[1:])


def words(lines: list[Content]) -> list[str]:
    return [text for line in lines if (text := line.plain.rstrip())]


def test_a_block_that_never_ends_stays_cheap() -> None:
    for text in ("word " * 8000, "| a |\n|---|\n" + "| 1 |\n" * 2500, "```REPLACE\n" + "x = 1\n" * 16_000):
        growing = Growing(headline("Postdoc", 1))
        for start in range(0, len(text), 2000):
            growing.feed(text[start : start + 2000])
            assert len(growing._tail) <= LONGEST_BLOCK + 45_000
        assert len(growing.document().lines(60)) < 3000


async def test_of_a_text_without_end_head_and_tail_are_laid_out_and_the_rest_is_counted() -> None:
    chat = ChatPane()
    flood = "first\n" + "- again\n" * 60_000 + "last"
    async with staged(chat, 62, 30) as pilot:
        began = time.process_time()
        chat.load([a_turn(1, outcome=flood), a_turn(2, agent=Agent.RESEARCHER, subject=flood, reply="")])
        await pilot.press("o")
        chat.note(flood, "warning")
        chat.begin(3, "Postdoc · plan formulation")
        chat.stream(f"```REPLACE\n{flood}")
        await pilot.pause()
        assert time.process_time() - began < 1.5, "it took 6 s where all of it was laid out"
        assert "▾ REPLACE · 400 lines" in frame_of(pilot), "the end of a piece knows in which block it stands"
        assert "last▌" in frame_of(pilot)
        heights = [slot.height for slot in chat._slots]
        assert max(heights) < 450
        lines = [line.plain for slot in chat._slots[:2] for line in (slot.document or Document([])).lines(60)]
        assert sum("more characters …]" in line for line in lines) == 2


def test_a_headline_fits_the_width_exactly() -> None:
    for width in (12, 30, 80):
        (line,) = headline("ML engineer · running experiments", 41).lines(width)
        assert line.cell_length == width or width == 12


def test_code_that_is_too_wide_is_folded_and_nothing_lost() -> None:
    block = Block(Content("x" * 95))
    assert "".join(line.plain for line in block.lines(20)) == "x" * 95


async def test_the_first_turns_stand_at_the_top_until_there_are_more_than_fit() -> None:
    chat = ChatPane()
    async with staged(chat, 62, 16) as pilot:
        chat.load([a_turn(1)])
        assert "turn 1" in (await painted(pilot)).split("\n")[1]
        for number in range(2, 9):
            chat.finish(a_turn(number))
            await pilot.pause()
        assert "words of turn 8." in frame_of(pilot)
        assert "words of turn 1." not in frame_of(pilot)


async def test_a_reply_that_is_carried_out_has_no_cursor() -> None:
    pane = ChatPane()
    async with staged(pane, 60, 8) as pilot:
        pane.begin(3, "ML engineer · running experiments")
        pane.stream("I raise the depth.")
        assert "depth.▌" in await painted(pilot)
        pane.hush()
        assert "depth." in await painted(pilot)
        assert "▌" not in frame_of(pilot)


def test_what_a_command_names_is_said_once() -> None:
    turn = a_turn(2, command="SUMMARY label noise", reply="```SUMMARY\nlabel noise\n```", path="")
    lines = [line.plain for line in spoken(turn).lines(70)]
    assert any(line.startswith("▸ SUMMARY") and line.count("label noise") == 1 for line in lines)


def test_what_was_said_is_not_said_again_as_its_outcome() -> None:
    turn = a_turn(2, command="DIALOGUE", reply="So:\n\n```DIALOGUE\nFive seeds\nwill do.\n```", path="")
    said = replace(turn, status=Status.OK, outcome="Five seeds will do.", score=None)
    lines = [line.plain for line in spoken(said).lines(70)]
    assert sum("Five seeds" in line for line in lines) == 1
