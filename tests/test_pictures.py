"""Pages and figures drawn by a limited process, and shown in half blocks."""

from __future__ import annotations

import os
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from textual.widgets import Static

from core.latex import apart, drawing, pictures
from core.latex.pages import pages_as_text
from core.latex.pictures import NotDrawn, Picture, picture
from core.sandbox import linux
from tests.app_stage import app_on, frame_of, laboratory, opened, told, until
from tests.looks import looks_as_it_did
from tests.pane_stage import staged, unsafe
from tui.panes.report import ReportPane
from tui.screens.pictures import PicturesScreen
from tui.widgets.page import PageView
from tui.widgets.sharp import Pixels, SharpPage, pixels_of


def pdf(pages: int = 2, box: str = "0 0 200 100", ink: str = "0 0 0 rg 0 0 100 100 re f") -> bytes:
    """A PDF whose pages are black in their left half."""
    kids = " ".join(f"{3 + 2 * n} 0 R" for n in range(pages))
    objects = ["<</Type/Catalog/Pages 2 0 R>>", f"<</Type/Pages/Kids[{kids}]/Count {pages}>>"]
    for n in range(pages):
        objects.append(f"<</Type/Page/Parent 2 0 R/MediaBox[{box}]/Contents {4 + 2 * n} 0 R>>")
        objects.append(f"<</Length {len(ink)}>>stream\n{ink}\nendstream")
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    tail = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}trailer<</Root 1 0 R/Size {len(objects) + 1}>>\n"
    return out + tail.encode() + f"startxref\n{len(out)}\n%%EOF".encode()


def test_a_page_is_drawn_as_large_as_fits_and_tells_how_many_there_are() -> None:
    drawn = picture(pdf(), 1, 40, 1000)
    assert (drawn.width, drawn.height, drawn.pages) == (40, 20, 2)
    assert drawn.pixels[:3] == b"\0\0\0"
    assert drawn.pixels[3 * 39 : 3 * 40] == b"\xff\xff\xff"


@pytest.mark.parametrize(
    ("data", "page", "words"),
    [
        (b"", 0, "no readable PDF"),
        (b"%PDF-1.4 and nothing more", 0, "no readable PDF"),
        (pdf(), 7, "cannot be drawn"),
    ],
)
def test_what_cannot_be_drawn_says_why(data: bytes, page: int, words: str) -> None:
    with pytest.raises(NotDrawn, match=words):
        picture(data, page, 40, 40)


def test_a_page_as_large_as_a_town_is_drawn_small() -> None:
    drawn = picture(pdf(box="0 0 14400 14400"), 0, 9000, 9000)
    assert drawn.width * drawn.height <= drawing.MOST_PIXELS * 1.01


@pytest.mark.parametrize("said", [b"", b"2 5 5\n\0\0", b"1 0 0\n", b"\x1b[31m\n", b"1 \x1b]52;c;x\n", b"x" * 5000])
def test_what_a_broken_reader_says_is_no_picture_and_none_of_it_is_repeated(said: bytes) -> None:
    with pytest.raises(NotDrawn) as caught:
        pictures._read(said)
    assert "\x1b" not in str(caught.value)


def test_a_reader_that_does_not_come_back_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "SECONDS", -4.5)
    monkeypatch.setattr(apart, "_START", "import time; time.sleep(60)")
    with pytest.raises(NotDrawn, match="too long"):
        picture(pdf(), 0, 40, 40)
    assert pages_as_text(pdf()) == ()


def bomb() -> bytes:
    """A PDF of a few kilobytes whose page asks for a gigabyte."""
    packer = zlib.compressobj(9)
    first, again = (packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    content = zlib.compress(first + 1000 * again, 9)
    name, length = b"/Filter[/FlateDecode/FlateDecode]/Length ", str(len(content)).encode()
    made = pdf(1, ink="HERE").replace(b"/Length 4>>stream\nHERE", name + length + b">>stream\n" + content)
    return made + b"\n" * 4  # the table of places is wrong now: readers look for the objects themselves


def test_what_a_page_asks_for_beyond_measure_ends_its_reader_only() -> None:
    data = bomb()
    assert len(data) < 20_000
    with pytest.raises(NotDrawn, match="too much"):
        picture(data, 0, 40, 40)
    assert "".join(pages_as_text(data)) == ""


@pytest.mark.skipif(not linux.landlock_abi(), reason="this kernel has no Landlock")
def test_a_reader_of_pdfs_reaches_no_file_and_no_network() -> None:
    code = """
import socket
from core.latex.drawing import shut_in
shut_in()
for attempt in (lambda: open("/etc/passwd"), socket.socket):
    try:
        attempt()
    except OSError:
        print("refused")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.split() == ["refused"] * 2


def halves(width: int = 40, height: int = 20) -> Picture:
    """Black on the left, white on the right."""
    row = b"\0\0\0" * (width // 2) + b"\xff\xff\xff" * (width - width // 2)
    return Picture(width, height, row * height, 1)


async def test_two_pixels_make_one_cell_and_neighbours_one_piece() -> None:
    view = PageView()
    async with staged(view, 60, 14) as pilot:
        view.show(halves())
        await pilot.pause()
        line = view.render_line(0)
        assert line.text.strip() == "▀" * 40
        inked = [segment for segment in line if "▀" in segment.text]
        assert [len(segment.text) for segment in inked] == [20, 20]
        assert view.render_line(10).text.strip() == ""


async def test_a_picture_larger_than_the_pane_is_moved_by_the_arrows_and_stays_where_it_was_when_it_grows() -> None:
    view = PageView()
    async with staged(view, 20, 6) as pilot:
        view.show(halves(80, 40))
        for _ in range(2):
            await pilot.pause()
            await pilot.press("right")
        await until(pilot, lambda: view.scroll_offset.x == 32)
        middle = (view.scroll_x + view.room[0] / 2) / 80
        view.show(halves(160, 80))
        await pilot.pause()
        assert (view.scroll_x + view.room[0] / 2) / 160 == pytest.approx(middle, abs=0.02)


async def test_without_colours_a_picture_is_drawn_in_shades(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    view = PageView()
    async with staged(view, 60, 14) as pilot:
        view.show(halves())
        await pilot.pause()
        text = view.render_line(0).text
        assert "█" * 20 in text
        assert "▀" not in text


class Canvas(Static):
    """Stands in for the widget of `textual-image`: it keeps what it is to show."""

    image: Any = None


async def test_where_the_terminal_shows_pixels_the_part_in_view_is_shown_and_moved() -> None:
    page = SharpPage(Pixels(Canvas, 10, 20))
    async with staged(page, 20, 6) as pilot:
        canvas = page.query_one(Canvas)
        assert page.room == (200, 120)
        page.show(halves(400, 300))
        assert canvas.image.size == (200, 120)
        assert canvas.image.getpixel((0, 0)) == (0, 0, 0)
        await pilot.press(*["right"] * 9, "pagedown")
        assert canvas.image.getpixel((0, 0)) == (255, 255, 255)
        await pilot.press("home")
        assert canvas.image.getpixel((0, 0)) == (255, 255, 255)
        page.say("")
        page.show(halves(400, 300))
        assert canvas.image.getpixel((0, 0)) == (0, 0, 0), "the next picture begins at its top"
        page.show(halves(40, 30))
        assert canvas.image.size == (40, 30)
        page.say("\x1b[31mnot\x1b[0m shown")
        await pilot.pause()
        assert canvas.image is None
        assert "not shown" in frame_of(pilot)


async def test_pixels_are_not_asked_for_where_nobody_sees_them(monkeypatch: pytest.MonkeyPatch) -> None:
    async with staged(PageView(), 20, 6) as pilot:
        assert pixels_of(pilot.app) is None
        monkeypatch.setenv("LABTOP_PICTURES", "blocks")
        assert pixels_of(pilot.app) is None


async def test_the_report_leads_to_its_pages_and_figures_and_back(tmp_path: Path) -> None:
    app = app_on(tmp_path, 16)
    async with opened(app, 100, 30) as pilot:
        folder = laboratory(pilot).session.project.path
        (folder / "report" / "report.pdf").write_bytes(pdf())
        (folder / "figures").mkdir(exist_ok=True)
        (folder / "figures" / "scores.pdf").write_bytes(pdf(1))
        (folder / "figures" / "broken.pdf").write_bytes(b"%PDF-1.4")
        (folder / "figures" / os.fsdecode(b"t\x1b]52;c;x\x07\xff.pdf")).write_bytes(pdf(1))
        await pilot.press("4", "w")
        await until(pilot, lambda: "page 1 · 1/5" in frame_of(pilot) and "▀" in frame_of(pilot))
        await pilot.press("plus")
        await until(pilot, lambda: "1.5 × the width" in frame_of(pilot))
        await pilot.press("right_square_bracket", "right_square_bracket")
        await until(pilot, lambda: "figures/broken.pdf cannot be shown: it is no readable PDF" in frame_of(pilot))
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: "figures/scores.pdf · 4/5" in frame_of(pilot) and "▀" in frame_of(pilot))
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: "figures/t.pdf · 5/5" in frame_of(pilot) and "▀" in frame_of(pilot))
        assert unsafe(frame_of(pilot)) == []
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: told(pilot) == "this is the last picture")
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is laboratory(pilot))


async def test_without_a_page_or_a_figure_the_screen_says_what_will_appear(tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 3)) as pilot:
        laboratory(pilot).query_one(ReportPane).action_pictures()
        await until(pilot, lambda: isinstance(pilot.app.screen, PicturesScreen))
        await until(pilot, lambda: "No page and no figure yet." in frame_of(pilot))
        await pilot.press("plus", "right_square_bracket")
        await until(pilot, lambda: told(pilot) == "there is no picture yet")


async def test_the_pictures_look_as_they_did(snapshot: SnapshotAssertion, tmp_path: Path) -> None:
    async with opened(app_on(tmp_path, 3)) as pilot:
        project = laboratory(pilot).session.project
        (project.path / "report").mkdir(exist_ok=True)
        ink = "0 0 1 rg 20 20 60 60 re f 1 0 0 rg 90 40 40 40 re f"
        (project.path / "report" / "report.pdf").write_bytes(pdf(ink=ink))
        screen = PicturesScreen(project, 1)
        await pilot.app.push_screen(screen)
        await until(pilot, lambda: "▀" in frame_of(pilot))
        drawing = pilot.app.workers
        await looks_as_it_did(pilot, snapshot, ready=lambda: not any(one.node is screen for one in drawing))
