"""arXiv over real HTTP: its pace, its cache, and what happens when it misbehaves."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from pathlib import Path

import pytest

from core.literature.arxiv import Arxiv, Hosts
from core.literature.bibtex import written
from core.literature.cache import Cache
from core.literature.fetch import Limits, NotFetched
from core.literature.hits import Hit
from core.literature.pace import LONGEST_PAUSE, Pace
from core.literature.records import read_records
from tests.servers.arxiv import (
    ArxivServer,
    Entry,
    cut,
    dripping,
    huge,
    page,
    pdf_of,
    raw,
    refused,
    sent_to,
    slow,
)

ROOT = Path(__file__).resolve().parent.parent
QUICK = Limits(connect=1, read=1, whole=2, back_off=(0.01, 0.02, 0.03, 0.04), offline=60)
FORESTS = Entry("2301.00001", "Random forests under label noise", summary="Trees and forests.")
LINEAR = Entry("2302.00002", "Linear models and label noise", ("Grace Hopper",), "Lines only.", 3)


@pytest.fixture
def server() -> Iterator[ArxivServer]:
    with ArxivServer([FORESTS, LINEAR]) as server:
        yield server


def arxiv_at(server: ArxivServer, folder: Path, interval: float = 0.01) -> Arxiv:
    return Arxiv(folder, server.hosts, interval, QUICK)


async def found(arxiv: Arxiv, query: str, limit: int = 20, told: list[tuple[str, float]] | None = None) -> list[Hit]:
    waits = [] if told is None else told
    return await arxiv.search(query, limit, lambda reason, seconds: waits.append((reason, seconds)))


async def test_a_search_finds_papers_with_all_that_is_needed_to_cite_them(server: ArxivServer, tmp_path: Path) -> None:
    [hit] = await found(arxiv_at(server, tmp_path), "random forests")
    assert hit.paper.title == FORESTS.title
    assert hit.paper.authors == ("Ada Lovelace", "Charles Babbage")
    assert (hit.paper.year, hit.paper.venue, hit.arxiv) == ("2023", "arXiv", "2301.00001v1")
    assert hit.reference.kind == "misc"
    fields = hit.reference.fields
    assert (fields["eprint"], fields["archivePrefix"], fields["primaryClass"]) == ("2301.00001", "arXiv", "cs.LG")
    assert "labtop" in server.asked[0].agent


async def test_few_hits_for_all_words_are_filled_up_with_hits_for_any(server: ArxivServer, tmp_path: Path) -> None:
    hits = await found(arxiv_at(server, tmp_path), "the linear forests")
    assert server.searches == ["all:linear AND all:forests", "all:linear OR all:forests"]
    assert {hit.arxiv for hit in hits} == {"2301.00001v1", "2302.00002v3"}


async def test_a_number_finds_its_paper(server: ArxivServer, tmp_path: Path) -> None:
    [hit] = await found(arxiv_at(server, tmp_path), "arXiv:2302.00002v1")
    assert hit.paper.title == LINEAR.title


async def test_short_pages_are_followed_to_the_limit(tmp_path: Path) -> None:
    papers = [Entry(f"2301.{number:05d}", f"Noise number {number} of many") for number in range(30)]
    with ArxivServer(papers) as server:
        server.most = 8
        assert len(await found(arxiv_at(server, tmp_path), "noise")) == 20
        assert len(server.asked) == 3


async def test_an_answer_is_asked_for_once_for_days(server: ArxivServer, tmp_path: Path) -> None:
    first = await found(arxiv_at(server, tmp_path), "label noise forests linear")
    asked = len(server.asked)
    assert await found(arxiv_at(server, tmp_path), "label noise forests linear") == first
    assert len(server.asked) == asked


async def test_a_broken_entry_of_the_cache_is_asked_for_again(server: ArxivServer, tmp_path: Path) -> None:
    first = await found(arxiv_at(server, tmp_path), "arXiv:2301.00001")
    [kept] = (tmp_path / "answers").iterdir()
    kept.write_bytes(kept.read_bytes().replace(b"Random", b"Rotten"))
    assert await found(arxiv_at(server, tmp_path), "arXiv:2301.00001") == first
    assert len(server.asked) == 2


def test_the_cache_keeps_whole_entries_up_to_its_size_and_age(tmp_path: Path) -> None:
    now = 1000.0
    cache = Cache(tmp_path, most=2500, clock=lambda: now)
    for number in range(4):
        now += 1
        cache.put(str(number), bytes([number]) * 1000)
    assert [cache.get(str(number)) is not None for number in range(4)] == [False, False, True, True]
    assert cache.get("3", most_age=5) == b"\3" * 1000
    now += 6
    assert cache.get("3", most_age=5) is None
    assert not list(tmp_path.glob("*.tmp"))
    cache.put("long", b"x" * (9 << 20))
    assert cache.get("long") is None


def test_a_cache_that_cannot_be_written_keeps_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = Cache(tmp_path / "file" / "cache")
    cache.put("a", b"b")
    assert cache.get("a") is None


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (refused(429), "429"),
        (refused(503), "503"),
        (refused(500), "500"),
        (page("<!DOCTYPE html><html>arXiv is down for maintenance</html>"), "a page for people"),
        (raw(b"<feed xmlns='http://www.w3.org/2005/Atom'><entry>"), "not whole"),
        (raw(b"<rss/>"), "not a list of papers"),
        (raw(b"\xff\xfe\x00"), "not whole"),
        (cut, "broke off"),
        (slow(1.5), "no answer within 1 seconds"),
        (dripping(0.05), "no whole answer within 2 seconds"),
    ],
)
async def test_a_fault_is_waited_out_in_view_and_nothing_of_it_is_kept(
    server: ArxivServer, tmp_path: Path, fault: object, reason: str
) -> None:
    server.faults.append(fault)  # type: ignore[arg-type]
    told: list[tuple[str, float]] = []
    [hit] = await found(arxiv_at(server, tmp_path), "arXiv:2301.00001", told=told)
    assert hit.paper.title == FORESTS.title
    assert len(told) == 1
    assert reason in told[0][0]


async def test_back_off_grows_and_ends_with_the_reason(server: ArxivServer, tmp_path: Path) -> None:
    server.faults += [refused(429)] * 5
    told: list[tuple[str, float]] = []
    with pytest.raises(NotFetched, match="429") as error:
        await found(arxiv_at(server, tmp_path), "forests", told=told)
    assert not error.value.offline
    assert len(told) == 4
    for (_, seconds), planned in zip(told, QUICK.back_off, strict=True):
        assert 0.8 * planned <= seconds <= 1.2 * planned
    assert Limits().back_off == (5, 10, 20, 40)


@pytest.mark.parametrize("header", ["1", "date"])
async def test_retry_after_is_honoured_by_other_processes_too(server: ArxivServer, tmp_path: Path, header: str) -> None:
    value = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True) if header == "date" else header
    server.faults.append(refused(429, {"Retry-After": value}))
    first, second = arxiv_at(server, tmp_path), arxiv_at(server, tmp_path)
    waits = asyncio.Event()
    one = asyncio.ensure_future(first.search("arXiv:2301.00001", 20, lambda *_: waits.set()))
    await waits.wait()
    await asyncio.gather(one, found(second, "arXiv:2302.00002"))
    refusal, *others = sorted(server.asked, key=lambda asked: asked.began)
    assert min(asked.began for asked in others) - refusal.ended > 0.9


async def test_a_server_that_asks_for_a_long_time_is_left_alone_for_now(server: ArxivServer, tmp_path: Path) -> None:
    server.faults.append(refused(503, {"Retry-After": "7200"}))
    with pytest.raises(NotFetched, match="left alone for 900 seconds"):
        await found(arxiv_at(server, tmp_path), "forests")
    assert 800 < float((tmp_path / "pace").read_text()) - time.time() <= LONGEST_PAUSE
    with pytest.raises(NotFetched, match=r"left alone for another [89]\d\d seconds"):
        await found(arxiv_at(server, tmp_path), "trees")
    assert len(server.asked) == 1


async def test_no_network_is_known_at_once_and_for_a_while(tmp_path: Path) -> None:
    arxiv = Arxiv(tmp_path, Hosts("http://127.0.0.1:9", "http://127.0.0.1:9"), 0.5, QUICK)
    began = time.monotonic()
    for _ in range(5):
        with pytest.raises(NotFetched, match="arXiv cannot be reached") as error:
            await found(arxiv, "forests")
        assert error.value.offline
    assert time.monotonic() - began < 1.4  # five requests at this pace take longer


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/elsewhere", "file:///etc/passwd", "https://example.org/x"])
async def test_a_redirect_to_another_host_is_not_followed(server: ArxivServer, tmp_path: Path, address: str) -> None:
    server.faults.append(sent_to(address))
    with pytest.raises(NotFetched, match="not asked"):
        await found(arxiv_at(server, tmp_path), "forests")


async def test_a_redirect_within_arxiv_is_followed_but_not_for_ever(server: ArxivServer, tmp_path: Path) -> None:
    server.faults.append(sent_to("/api/query?id_list=2301.00001&start=0&max_results=1"))
    assert len(await found(arxiv_at(server, tmp_path), "arXiv:2301.00001")) == 1
    server.faults += [sent_to("/api/query?x")] * 9
    with pytest.raises(NotFetched, match="from one address to the next"):
        await found(arxiv_at(server, tmp_path), "other")


async def test_an_answer_without_end_is_cut_off(server: ArxivServer, tmp_path: Path) -> None:
    server.faults.append(huge)
    with pytest.raises(NotFetched, match="larger than 4 MB"):
        await found(arxiv_at(server, tmp_path), "forests")


async def test_a_search_can_be_given_up_and_asks_nothing_more(server: ArxivServer, tmp_path: Path) -> None:
    server.faults.append(refused(503))
    arxiv = Arxiv(tmp_path, server.hosts, 0.01, replace(QUICK, back_off=(0.3, 0.3)))
    waits = asyncio.Event()
    search = asyncio.ensure_future(arxiv.search("forests", 20, lambda *_: waits.set()))
    await waits.wait()
    began = time.monotonic()
    search.cancel()
    with pytest.raises(asyncio.CancelledError):
        await search
    assert time.monotonic() - began < 0.2
    await asyncio.sleep(0.5)
    assert len(server.asked) == 1


async def test_dates_that_are_none_are_an_answer_that_cannot_be_read(server: ArxivServer, tmp_path: Path) -> None:
    server.papers = [Entry("2301.00001", "Forests", published="yesterday")]
    with pytest.raises(NotFetched, match="cannot be read"):
        await found(arxiv_at(server, tmp_path), "forests")


async def test_what_arxiv_tells_as_an_error_is_no_paper(server: ArxivServer, tmp_path: Path) -> None:
    body = server.feed({"start": ["0"], "max_results": ["1"], "id_list": ["2301.00001"]})
    wrong = body.replace(b"http://arxiv.org/abs/2301.00001v1", b"http://arxiv.org/api/errors#incorrect_id_format")
    server.faults.append(raw(wrong))
    assert await found(arxiv_at(server, tmp_path), "arXiv:2301.00001") == []


HOSTILE = (
    "\x1b[31mRed\x1b[0m } , howpublished = {evil} @misc{b, title={c}}",
    r"\input{/etc/passwd} \write18{rm} $\immediate$ 100% & # _ ~ ^",
    "x}\n@article{other, title = {Injected}}\n% {",
    "Brace { only",
    "\u202egnp.exe\u200b \\",
)


@pytest.mark.parametrize("text", HOSTILE)
async def test_a_hostile_record_neither_acts_nor_escapes(server: ArxivServer, tmp_path: Path, text: str) -> None:
    xml = text.replace("\x1b", "\x9b")  # XML cannot hold an escape; its C1 twin it can
    server.papers = [Entry("2301.00009", f"Forests {xml}", (f"Eve {xml}", "and, B. and C"), xml, journal_ref=xml)]
    [hit] = await found(arxiv_at(server, tmp_path), "forests")
    shown = json.dumps(hit.as_json(), ensure_ascii=False)
    assert not set(shown) & {"\x9b", "\x1b", "\u202e", "\u200b"}
    [record] = read_records(written([("key", hit.reference)]))
    assert record.key == "key"
    assert set(record.source) == set(hit.reference.fields)
    assert "\\input" not in record.source["title"]
    assert "\\write" not in record.source["title"]
    assert len(record.authors) == 2


@pytest.mark.parametrize(
    ("journal_ref", "doi", "kind", "fields"),
    [
        (
            "Phys. Rev. D 76, 013009 (2007)",
            "10.1103/PhysRevD.76.013009",
            "article",
            {"journal": "Phys. Rev. D", "volume": "76", "pages": "013009", "year": "2007"},
        ),
        (
            "Machine Learning, 45(1):5-32, 2001",
            "10.1023/A:1010933404324",
            "article",
            {"journal": "Machine Learning", "volume": "45", "number": "1", "pages": "5-32", "year": "2001"},
        ),
        ("Phys. Rev. D 76, 013009 (2007)", "", "misc", {"note": "Phys. Rev. D 76, 013009 (2007)", "year": "2023"}),
        ("Proceedings of ICML 2019", "10.1/x", "misc", {"note": "Proceedings of ICML 2019"}),
        ("", "10.1000/5", "misc", {"doi": "10.1000/5", "year": "2023"}),
    ],
)
async def test_a_preprint_is_an_article_only_where_that_is_sure(
    server: ArxivServer, tmp_path: Path, journal_ref: str, doi: str, kind: str, fields: dict[str, str]
) -> None:
    server.papers = [Entry("2301.00001", "Forests", journal_ref=journal_ref, doi=doi)]
    [hit] = await found(arxiv_at(server, tmp_path), "forests")
    assert hit.reference.kind == kind
    assert fields.items() <= hit.reference.fields.items()
    assert hit.reference.fields["eprint"] == "2301.00001"


def test_the_real_arxiv_is_never_asked_faster_than_it_allows(tmp_path: Path) -> None:
    assert Arxiv(tmp_path, interval=0.0)._service._pace.interval == 3.0
    assert Arxiv(tmp_path, Hosts("http://127.0.0.1:1", "http://127.0.0.1:1"), 0.2)._service._pace.interval == 0.2


def test_two_processes_at_once_keep_the_interval(tmp_path: Path) -> None:
    interval = 0.25
    code = (
        "import asyncio, sys; from pathlib import Path; from core.literature.arxiv import Arxiv, Hosts\n"
        "folder, url, name = sys.argv[1:]\n"
        f"arxiv = Arxiv(Path(folder), Hosts(url, url), {interval})\n"
        "async def main():\n"
        "    for number in range(4):\n"
        "        await arxiv.search(f'arXiv:2301.{name}000{number}', 1, lambda *_: None)\n"
        "asyncio.run(main())"
    )
    with ArxivServer([FORESTS]) as server:
        server.faults += [slow(0.1)] * 3
        started = [
            subprocess.Popen([sys.executable, "-c", code, str(tmp_path), server.url, name], cwd=ROOT)
            for name in ("1", "2")
        ]
        assert [process.wait(60) for process in started] == [0, 0]
        asked = sorted(server.asked, key=lambda one: one.began)
    assert len(asked) == 8
    pauses = [after.began - before.ended for before, after in pairwise(asked)]
    assert min(pauses) >= interval - 0.02  # the server sees an answer end a little before the client does


async def test_one_process_dying_in_a_request_does_not_hold_the_others(tmp_path: Path) -> None:
    code = (
        "import asyncio, os, sys; from pathlib import Path; from core.literature.pace import Pace\n"
        "async def main():\n"
        "    async with Pace(Path(sys.argv[1]), 0.3).turn(lambda *_: None): os._exit(9)\n"
        "asyncio.run(main())"
    )
    dying = await asyncio.create_subprocess_exec(sys.executable, "-c", code, str(tmp_path / "pace"), cwd=ROOT)
    assert await dying.wait() == 9
    began = time.monotonic()
    async with Pace(tmp_path / "pace", 0.3).turn(lambda *_: None):
        assert time.monotonic() - began < 0.5


@pytest.mark.parametrize("content", ["rubbish", "99999999999.0", "nan", ""])
async def test_a_time_that_no_clock_of_ours_wrote_costs_one_interval_at_most(tmp_path: Path, content: str) -> None:
    (tmp_path / "pace").write_text(content)
    began = time.monotonic()
    async with Pace(tmp_path / "pace", 0.2).turn(lambda *_: None):
        assert time.monotonic() - began < 0.4


async def test_without_a_place_for_the_pace_nothing_is_asked(server: ArxivServer, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotFetched, match="pace cannot be kept"):
        await found(arxiv_at(server, tmp_path / "file"), "forests")
    assert server.asked == []


HTML = """<html><head><script>alert(1)</script></head><body><nav>Menu</nav><article class="ltx_document">
<h1 class="ltx_title">Random forests under label noise</h1>
<div class="ltx_abstract"><h6>Abstract</h6><p>We measure how for-
ests fare.</p></div>
<section><h2>1 Introduction</h2><p>Let <math alttext="\\alpha&lt;1"><mi>a</mi></math> be noise. %s</p></section>
<section class="ltx_bibliography"><h2>References</h2><ul><li>[1] Breiman. Forests. 2001.</li></ul></section>
</article></body></html>""" % ("Trees vote. " * 60)
TEX = (
    r"\documentclass{article}\begin{document}\begin{abstract}We measure.\end{abstract}\section{Method}"
    + "Trees vote often. " * 60
    + r"\begin{thebibliography}{9}\bibitem{b}Breiman. Forests. 2001.\end{thebibliography}\end{document}"
)
PDF = pdf_of(
    [
        [
            f"Journal of Trees, page {number}",
            "Abstract",
            "We measure how forests fare.",
            f"{number} Method number {number}",
            *(f"Line {line} of page {number} says that trees vote about every single row." for line in range(20)),
            str(number),
        ]
        for number in range(1, 5)
    ]
    + [["References", "[1] Breiman. Forests. 2001."]],
    large="Random forests under label noise",
)


async def test_the_full_text_is_html_where_there_is_html(server: ArxivServer, tmp_path: Path) -> None:
    server.papers = [Entry("2301.00001", "Forests", html=HTML, src=TEX.encode(), pdf=PDF)]
    arxiv = arxiv_at(server, tmp_path)
    read = await arxiv.full_text("2301.00001v1", lambda *_: None)
    assert "## 1 Introduction\n" in read.body
    assert "\\alpha<1" in read.body
    assert "alert" not in read.body
    assert "Menu" not in read.body
    assert read.references == "[1] Breiman. Forests. 2001."
    assert await arxiv_at(server, tmp_path).full_text("2301.00001v1", lambda *_: None) == read
    assert server.paths() == ["/html/2301.00001v1"]


async def test_the_full_text_is_the_source_where_there_is_no_html(server: ArxivServer, tmp_path: Path) -> None:
    server.papers = [Entry("2301.00001", "Forests", src=TEX.encode(), pdf=PDF)]
    read = await arxiv_at(server, tmp_path).full_text("2301.00001v1", lambda *_: None)
    assert read.body.startswith("## Abstract\n\nWe measure.\n\n## Method\n\nTrees vote")
    assert read.references == "Breiman. Forests. 2001."


async def test_the_full_text_is_the_pdf_at_last(server: ArxivServer, tmp_path: Path) -> None:
    server.papers = [Entry("2301.00001", "Forests", html="<html>No HTML for this paper</html>", src=PDF, pdf=PDF)]
    read = await arxiv_at(server, tmp_path).full_text("2301.00001v1", lambda *_: None)
    assert "Journal of Trees" not in read.body
    assert "## 1 Method number 1\n" in read.body
    assert "Line 19 of page 4" in read.body
    assert read.references == "[1] Breiman. Forests. 2001."
    assert read.title == "Random forests under label noise"


async def test_no_readable_text_anywhere_says_what_was_tried(server: ArxivServer, tmp_path: Path) -> None:
    server.papers = [Entry("2301.00001", "Forests", pdf=b"%PDF-1.4 rubbish")]
    with pytest.raises(NotFetched, match="no HTML, no SRC, it is no readable PDF"):
        await arxiv_at(server, tmp_path).full_text("2301.00001v1", lambda *_: None)
