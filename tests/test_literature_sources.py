"""Own library, arXiv and bundled records as one; references that keep their keys; passages; the review on them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.brief import Brief, Paper
from core.cassette import FOLDER, Shelf
from core.commands import AddPaper, FullText, Summary
from core.events import Event, Notice, TurnCommitted, Waiting
from core.laboratory import Laboratory
from core.literature.arxiv import Arxiv, Hosts
from core.literature.bibtex import Reference, authors_field, is_key, merged, new_key, tex, written
from core.literature.fetch import Limits
from core.literature.hits import (
    ARXIV,
    BUNDLED,
    FOUND,
    MOST,
    OWN,
    Hit,
    found_text,
    marks,
    named,
    read_found,
    with_keys,
    without_doubles,
)
from core.literature.library import bundled
from core.literature.own import OwnLibrary
from core.literature.passages import (
    CHARACTERS_A_TOKEN,
    excerpt,
    passages_for,
    passages_of,
    ranked,
    text_file,
    text_path,
)
from core.literature.records import read_records
from core.literature.references import thebibliography, unresolved
from core.literature.sources import Sources, papers_of, sources_for
from core.parsing import write
from core.record import Status
from core.settings import read_settings, settings_text
from core.unattended import OpenGate
from core.workspace.project import Project
from tests.scripted import ScriptedModel, new_project
from tests.servers.arxiv import ArxivServer, Entry, pdf_of, refused
from tests.test_arxiv import HTML

QUICK = Limits(connect=1, read=1, whole=2, back_off=(0.01, 0.01), offline=60)
FORESTS = Entry("2301.00001", "Random forests under label noise", html=HTML)
LINEAR = Entry("2302.00002", "Linear models and label noise", ("Grace Hopper",))
NOWHERE = Hosts("http://127.0.0.1:9", "http://127.0.0.1:9")


def hit(key: str, title: str, author: str = "Ada Lovelace", **more: str) -> Hit:
    paper = Paper(key, title, (author,), "2020", "arXiv", "An abstract.")
    fields = {"author": author, "title": tex(title), "year": "2020"}
    return Hit(paper, Reference("misc", fields), more.pop("origin", ARXIV), **more)


def ignore(*_: object) -> None:
    return None


# --- what is one paper, and what it is called


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"arxiv": "2301.00001v1"}, {"arxiv": "2301.00001v3"}, True),
        ({"arxiv": "2301.00001"}, {"doi": "10.48550/arXiv.2301.00001"}, True),
        ({"doi": "10.1/A"}, {"doi": "10.1/a"}, True),
        ({"arxiv": "2301.00001"}, {"arxiv": "2301.00002"}, False),
        ({}, {}, False),
    ],
)
def test_numbers_tell_papers_apart(one: dict[str, str], other: dict[str, str], same: bool) -> None:
    first, second = hit("a", "First title of a paper", **one), hit("b", "Second title of a paper", "Bo Li", **other)
    assert bool(marks(first) & marks(second)) is same
    assert len(without_doubles([first, second])) == (1 if same else 2)


def test_a_title_with_its_first_author_is_one_paper_and_the_record_knows_what_both_know() -> None:
    mine = hit("mine", "Random {F}orests under Label Noise", "Lovelace", origin=OWN, file="a.pdf")
    theirs = hit("2301.00001", "random forests: under label-noise", arxiv="2301.00001v1", doi="10.1/x")
    [one] = without_doubles([mine, theirs])
    assert (one.paper.id, one.file, one.arxiv, one.doi) == ("mine", "a.pdf", "2301.00001v1", "10.1/x")
    assert len(without_doubles([mine, replace(theirs, paper=replace(theirs.paper, authors=("Bo Li",)))])) == 2


@pytest.mark.parametrize(
    ("authors", "year", "title", "key"),
    [
        (("Chris Lu",), "2024", "The AI Scientist: Towards Discovery", "lu2024ai"),
        (("Benoît Frénay", "X Y"), "2014", "Classification in the Presence", "frenay2014classification"),
        (("Jan Łukasiewicz",), "n.d.", "On $\\alpha$-trees", "lukasiewiczndα".replace("α", "trees")),
        (("Bjørn Ødegård",), "2001", "Σ of things", "odegard2001things"),
        (("李明",), "2020", "深度学习", "anon2020"),
        ((), "", "", "anonnd"),
        (("Müller, Jörg",), "1999", "A of the", "muller1999"),
    ],
)
def test_keys_are_surname_year_and_first_word_in_ascii(
    authors: tuple[str, ...], year: str, title: str, key: str
) -> None:
    assert new_key(authors, year, title, ()) == key


@given(st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), max_size=40))
def test_keys_are_unique_whatever_the_papers_are_called(papers: list[tuple[str, str]]) -> None:
    hits = [hit(f"2301.{number:05d}", title, author) for number, (author, title) in enumerate(papers)]
    hits = [replace(one, arxiv=f"2301.{number:05d}") for number, one in enumerate(hits)]
    keyed = with_keys(hits, (), bundled().all_hits())
    keys = [
        one.paper.id.lower()
        for one in keyed
        if not any(marks(one) & marks(other) for other in keyed if other is not one)
    ]
    assert len(set(keys)) == len(keys)
    assert all(is_key(one.paper.id) for one in keyed)
    assert [one.paper.id for one in with_keys(hits, keyed)] == [one.paper.id for one in keyed]


def test_a_key_once_given_stays_and_another_paper_gets_another() -> None:
    first, second = hit("2301.1", "Forests", arxiv="2301.00001"), hit("2301.2", "Forests", arxiv="2301.00002")
    [a] = with_keys([replace(first, paper=replace(first.paper, id="?"))], ())
    [b] = with_keys([replace(second, paper=replace(second.paper, id="?"))], [a])
    assert (a.paper.id, b.paper.id) == ("lovelace2020forests", "lovelace2020forestsb")
    assert with_keys([replace(first, arxiv="2301.00001v9")], [b, a])[0].paper.id == "lovelace2020forests"


def test_a_persons_key_is_kept_unless_it_names_another_paper() -> None:
    mine = hit("breiman2001random", "Quite another paper about pangolins", origin=OWN)
    [kept] = with_keys([mine], (), bundled().all_hits())
    assert kept.paper.id == "lovelace2020quite"
    [kept] = with_keys([replace(mine, paper=replace(mine.paper, id="My:Key-2"))], (), bundled().all_hits())
    assert kept.paper.id == "My:Key-2"
    [kept] = with_keys([replace(mine, paper=replace(mine.paper, id="a}b"))], (), bundled().all_hits())
    assert kept.paper.id == "lovelace2020quite"


KNOWN = [
    hit("lu2024ai", "The AI Scientist: Towards Open-Ended Discovery", arxiv="2408.06292v3", doi="10.1000/ai.1"),
    hit("li2020forests", "Forests and the trees in them"),
    hit("li2020forestsb", "Forests and the noise in them", arxiv="cs/0112017"),
]


@pytest.mark.parametrize(
    ("asked", "key"),
    [
        ("lu2024ai", "lu2024ai"),
        ("`lu2024ai`", "lu2024ai"),
        ("[lu2024ai]", "lu2024ai"),
        ("“Lu2024AI”.", "lu2024ai"),
        ("lu2024ai: The AI Scientist (Chris Lu, 2024)", "lu2024ai"),
        ("arXiv:2408.06292v1", "lu2024ai"),
        ("https://arxiv.org/abs/2408.06292", "lu2024ai"),
        ("https://doi.org/10.1000/AI.1", "lu2024ai"),
        ("The AI Scientist: Towards Open-Ended Discovery", "lu2024ai"),
        ("Forests and the noise in them (2020)", "li2020forestsb"),
        ("cs/0112017v2", "li2020forestsb"),
        ("li2020forests", "li2020forests"),
        ("Forests and the", None),  # two titles begin so
        ("lu2024ai and li2020forests", None),
        ("2408.062921", None),
        ("2408.0629", None),
        ("", None),
        ("AI", None),
    ],
)
def test_a_paper_is_known_by_any_near_form_of_its_name(asked: str, key: str | None) -> None:
    found = named(asked, KNOWN)
    assert (found.paper.id if found else None) == key


@given(st.text(max_size=60))
def test_any_text_names_a_paper_or_none(text: str) -> None:
    named(text, KNOWN)


def test_found_papers_survive_their_file_and_a_broken_file_holds_none() -> None:
    assert read_found(found_text(KNOWN)) == tuple(KNOWN)
    for broken in ("", "{", "[]", '{"papers": [{}]}', '{"papers": 1}', found_text(KNOWN)[:-9]):
        assert read_found(broken) == ()


# --- references.bib


@given(st.text(alphabet=st.characters(exclude_categories=("C", "Z")) | st.sampled_from(" {}\\%$&#_~^-`'"), max_size=60))
def test_a_field_is_read_back_as_it_was_written(text: str) -> None:
    bib = written([("key", Reference("misc", {"title": tex(text), "year": "2020"}))])
    [record] = read_records(bib)
    assert (record.key, set(record.source)) == ("key", {"title", "year"})
    assert not re.search(r"\\(?:input|write|def)\b", record.source["title"].replace(r"\textbackslash{}", ""))
    if text.isascii() and not set(text) & set("^`'?!-,<>"):  # ligatures become the signs that TeX prints
        assert record.fields["title"] == " ".join(text.split())


def test_authors_with_commas_and_ands_stay_whole() -> None:
    names = ("Ada Lovelace", "The Trees and Forests Team", "ATLAS Collaboration, CERN", "Jan van Eyck", "")
    [record] = read_records(written([("k", Reference("misc", {"author": authors_field(names)}))]))
    assert [str(name) for name in record.authors] == list(names[:4])


def test_a_value_that_breaks_out_of_its_braces_is_written_as_plain_text() -> None:
    bib = written([("k", Reference("misc", {"title": "a} , howpublished = {b", "year": "2020"}))])
    [record] = read_records(bib)
    assert set(record.source) == {"title", "year"}


def test_references_keep_what_stands_there_and_never_hold_a_key_twice() -> None:
    mine = "@book{mine, title = {My {Own} Entry}, note = {by hand}}\n"
    bib = merged(mine, [("mine", KNOWN[0].reference), ("new", KNOWN[1].reference)])
    assert [record.key for record in read_records(bib)] == ["mine", "new"]
    assert "title = {My {Own} Entry}" in bib
    assert "by hand" in bib
    assert [record.key for record in read_records(merged(bib, [], gone={"new"}))] == ["mine"]
    assert merged(bib, []) == bib


def test_references_of_arxiv_become_a_list_that_natbib_understands() -> None:
    reference = Reference("misc", {**KNOWN[0].reference.fields, "eprint": "2408.06292", "archivePrefix": "arXiv"})
    text = thebibliography(written([("lu2024ai", reference)]), ["lu2024ai"])
    assert "\\bibitem[Lovelace(2020)]{lu2024ai}" in text
    assert "arXiv:2408.06292" in text


# --- all sources as one


@pytest.fixture
def server() -> Iterator[ArxivServer]:
    with ArxivServer([FORESTS, LINEAR]) as server:
        yield server


@pytest.fixture
def own(tmp_path: Path) -> OwnLibrary:
    folder = tmp_path / "papers"
    folder.mkdir()
    (folder / "a.bib").write_text(
        "@article{my-forests, title={Random Forests under Label Noise}, author={Lovelace, Ada and Babbage, Charles},"
        " year=2023, journal={Trees}}\n"
        "@article{my-bagging, title={Bagging Predictors}, author={Breiman, Leo}, year=1996}\n"
    )
    lines = [f"Forests line {number} of the text that is on the page in full." for number in range(20)]
    (folder / "b.pdf").write_bytes(pdf_of([lines], large="Random Forests under Label Noise"))
    return OwnLibrary(folder, tmp_path / "index")


def sources(tmp_path: Path, own: OwnLibrary | None = None, hosts: Hosts | None = NOWHERE) -> Sources:
    arxiv = Arxiv(tmp_path / "arxiv", hosts, 0.01, QUICK) if hosts else None
    return Sources(own, bundled(), arxiv)


async def test_each_paper_is_found_once_the_persons_own_first(
    tmp_path: Path, server: ArxivServer, own: OwnLibrary
) -> None:
    found = await sources(tmp_path, own, server.hosts).search("label noise forests bagging", ignore)
    titles = [re.sub(r"\W+", " ", one.paper.title.lower()) for one in found.hits]
    assert 10 < len(set(titles)) == len(titles) <= 20
    by_key = {one.paper.id: one for one in found.hits}
    assert [one.origin for one in found.hits[:2]] == [OWN, OWN]
    assert by_key["my-forests"].arxiv == "2301.00001v1"
    assert by_key["my-forests"].file == "b.pdf"
    assert {one.origin for one in found.hits} == {OWN, ARXIV, BUNDLED}
    assert found.notes == ()


async def test_a_paper_of_arxiv_that_is_bundled_is_the_bundled_record(tmp_path: Path, server: ArxivServer) -> None:
    server.papers = [
        Entry("1605.06296", "On the Robustness of Decision Tree Learning under Label Noise", summary="New.")
    ]
    found = await sources(tmp_path, None, server.hosts).search("robustness decision tree", ignore)
    [one] = [one for one in found.hits if one.arxiv.startswith("1605.06296")]
    assert one.paper.id == "ghosh2017robustness"
    assert one.reference.kind == "inproceedings"
    assert one.paper.abstract == "New."


async def test_without_a_network_the_rest_is_searched_and_that_is_said(tmp_path: Path, own: OwnLibrary) -> None:
    found = await sources(tmp_path, own).search("label noise forests", ignore)
    assert found.hits[0].paper.id == "my-forests"
    assert len(found.hits) > 5
    [note] = found.notes
    assert note.startswith("arXiv cannot be reached: ")
    assert note.endswith("Searched your own library and the bundled one only.")


async def test_an_own_library_that_is_not_there_is_a_note(tmp_path: Path) -> None:
    found = await sources(tmp_path, OwnLibrary(tmp_path / "absent", tmp_path / "i"), None).search("forests", ignore)
    assert found.hits
    assert found.notes[0].startswith("Your own library was not searched: there is no folder")


async def test_the_text_of_an_own_pdf_needs_no_network(tmp_path: Path, own: OwnLibrary) -> None:
    all_ = sources(tmp_path, own)
    found = await all_.search("label noise forests", ignore)
    read, source = await all_.full_text(found.hits[0], ignore)
    assert read is not None
    assert "Forests line 3" in read.body
    assert source == "b.pdf of your own library"


def test_the_built_in_researcher_and_a_project_without_arxiv_never_ask_it(tmp_path: Path) -> None:
    settings = read_settings(settings_text("Why?", name="p", model="mine"), "lab.toml")
    assert sources_for(settings, tmp_path)._arxiv is not None
    assert sources_for(replace(settings, arxiv=False), tmp_path)._arxiv is None
    assert sources_for(replace(settings, model="builtin"), tmp_path)._arxiv is None


# --- passages


PARAGRAPHS = [f"Paragraph {number} speaks about weather and tea. " * 12 for number in range(30)]
BODY = "\n\n".join(
    [
        "## Abstract",
        "We study zebras in the abstract.",
        "## 1 Introduction",
        *PARAGRAPHS[:15],
        "The pangolin sleeps under label noise.",
        *PARAGRAPHS[15:],
        "## 5 Conclusion",
        "Zebras win in the end.",
    ]
)


@pytest.mark.parametrize("tokens", [300, 600, 2000])
def test_an_excerpt_holds_abstract_conclusion_and_what_bears_on_the_question_in_reading_order(tokens: int) -> None:
    text = excerpt(BODY, "does the pangolin mind noise?", tokens)
    assert len(text) <= 1.1 * tokens * CHARACTERS_A_TOKEN
    places = [text.index(words) for words in ("in the abstract", "pangolin sleeps", "win in the end")]
    assert places == sorted(places)
    assert "[…]" in text


def test_a_text_that_fits_is_left_whole() -> None:
    assert excerpt(BODY, "x", 100_000) == BODY


@given(st.text(max_size=3000), st.text(max_size=40), st.integers(0, 300))
def test_no_text_breaks_an_excerpt(body: str, query: str, tokens: int) -> None:
    assert len(excerpt(body, query, tokens)) <= max(
        len(body) if len(body) <= tokens * CHARACTERS_A_TOKEN else 0, tokens * 4
    )


def test_passages_are_short_and_lose_nothing() -> None:
    passages = passages_of("p", BODY)
    assert max(len(passage.text) for passage in passages) <= 900
    words = re.findall(r"\w+", " ".join(passage.text for passage in passages))
    assert words == re.findall(r"\w+", re.sub(r"^## .*$", "", BODY, flags=re.MULTILINE))
    assert (
        ranked(passages, "pangolins")[0].text.startswith("The pangolin")
        or "pangolin" in ranked(passages, "pangolins")[0].text
    )
    assert ranked(passages, "the of") == []


def test_passages_for_a_prompt_come_from_what_the_project_has_read(tmp_path: Path) -> None:
    project = new_project(tmp_path / "p")
    assert passages_for(project, "pangolin", 500) == ()
    for key, body in (("a2020", BODY), ("b2021", "## 2 Methods\n\nThe pangolin method is quite the pangolin.")):
        path = project.path / text_path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text_file(key, "from x", body, "[1] A pangolin reference"))
    found = passages_for(project, "pangolin", 500)
    assert found[0].startswith("b2021, 2 Methods: The pangolin")
    assert any(passage.startswith("a2020, 1 Introduction: ") for passage in found)
    assert not any("reference" in passage for passage in found)
    assert sum(map(len, found)) <= 500 * CHARACTERS_A_TOKEN


# --- the phase


async def reviewed(
    folder: Path, all_: Sources, replies: Callable[[Brief, int], str], turns: int, **settings: object
) -> tuple[Project, list[Event], ScriptedModel]:
    project = new_project(folder, papers=2, **settings)
    count = 0

    def answer(brief: Brief) -> str:
        nonlocal count
        count += 1
        return replies(brief, count)

    model = ScriptedModel(answer)
    async with aclosing(Laboratory(project, OpenGate(), model, sources=all_).run(turns=turns)) as events:
        return project, [event async for event in events], model


def in_turn(*replies: object) -> Callable[[Brief, int], str]:
    return lambda _, number: write(replies[number - 1])  # type: ignore[arg-type]


def turns_of(events: list[Event]) -> list[TurnCommitted]:
    return [event for event in events if isinstance(event, TurnCommitted)]


async def test_a_review_from_arxiv_leaves_all_that_the_next_step_needs_in_the_tree(
    tmp_path: Path, server: ArxivServer
) -> None:
    script = in_turn(
        Summary("label noise"),
        FullText("arXiv:2301.00001"),
        AddPaper("`2301.00001v1`", "Forests hold."),
        AddPaper("Linear models and label noise", "Lines break."),
    )
    project, events, model = await reviewed(tmp_path / "p", sources(tmp_path, None, server.hosts), script, 4)
    turns = [event.turn for event in turns_of(events)]
    assert [turn.status for turn in turns] == [Status.OK] * 4, [turn.outcome for turn in turns]
    assert "lovelace2023random: Random forests under label noise" in turns[0].outcome
    assert "Trees vote" in turns[1].outcome
    bib = project.read("literature/references.bib")
    assert [record.key for record in read_records(bib)] == ["lovelace2023random", "hopper2023linear"]
    assert unresolved(r"\begin{document}\cite{lovelace2023random,hopper2023linear}", bib) == []
    assert "Breiman. Forests. 2001." in project.read("literature/texts/lovelace2023random.txt")
    assert "Trees vote" in " ".join(passages_for(project, "trees vote", 300))
    assert project.read("literature/papers/hopper2023linear.md").startswith("# Linear models")
    assert [paper.id for paper in papers_of(project, ("hopper2023linear", "gone"))] == ["hopper2023linear"]
    assert "lovelace2023random" in model.requests[2].user
    assert "search" in {take.split("-")[0] for take in turns[0].takes}


async def test_what_was_found_outside_is_in_the_cassette_text_and_all(tmp_path: Path, server: ArxivServer) -> None:
    script = in_turn(Summary("label noise"), FullText("2301.00001"))
    project, events, _ = await reviewed(tmp_path / "p", sources(tmp_path, None, server.hosts), script, 2)
    names = [name for event in turns_of(events) for name in event.turn.takes]
    takes = [Shelf(project.private(FOLDER)).get(name) for name in names if name.startswith(("search-", "paper-"))]
    assert [take.kind for take in takes] == ["search", "paper"]
    assert takes[0].asked["query"] == "label noise"
    assert takes[0].answer["hits"][0]["paper"]["title"]
    assert "Trees vote" in takes[1].answer["body"]


async def test_no_network_is_an_outcome_that_the_agent_reads(tmp_path: Path) -> None:
    script = in_turn(Summary("label noise forests"), FullText("ghosh2017robustness"), Summary("other words on noise"))
    project, events, model = await reviewed(tmp_path / "p", sources(tmp_path), script, 3)
    first, second, third = (event.turn for event in turns_of(events))
    assert first.status is Status.OK
    assert first.outcome.startswith("arXiv cannot be reached: ")
    assert "not all sources" in first.subject
    assert "arXiv cannot be reached" in second.outcome
    assert "summary is all that can be read here" in second.outcome
    assert "Searched the bundled library only" in third.outcome
    assert project.read("literature/texts/ghosh2017robustness.txt") == ""
    assert "arXiv cannot be reached" in "".join(request.user for request in model.requests[1:])


async def test_waits_for_arxiv_are_told_as_events(tmp_path: Path, server: ArxivServer) -> None:
    server.faults.append(refused(503))
    _, events, _ = await reviewed(
        tmp_path / "p", sources(tmp_path, None, server.hosts), in_turn(Summary("label noise")), 1
    )
    [wait] = [event for event in events if isinstance(event, Waiting)]
    assert "503" in wait.reason
    assert wait.turn == 1


async def test_the_same_search_is_refused_and_a_number_never_found_is_looked_up(
    tmp_path: Path, server: ArxivServer
) -> None:
    server.papers.append(Entry("1999.00007", "Something about pangolins", ("Kim Li",)))
    script = in_turn(
        Summary("label noise"),
        Summary("Label  Noise"),
        AddPaper("arXiv:1999.00007", "Sleeps."),
        AddPaper("nobody2020x", "?"),
    )
    project, events, _ = await reviewed(tmp_path / "p", sources(tmp_path, None, server.hosts), script, 4)
    turns = [event.turn for event in turns_of(events)]
    assert [turn.status for turn in turns] == [Status.OK, Status.FAILED, Status.OK, Status.FAILED]
    assert "already searched" in turns[1].outcome
    assert "@misc{li2023something," in project.read("literature/references.bib")
    assert "There is no paper with the id “nobody2020x”" in turns[3].outcome


async def test_troubles_with_the_persons_files_are_told_to_the_person(tmp_path: Path, own: OwnLibrary) -> None:
    (own.folder / "broken.pdf").write_bytes(b"rubbish")
    _, events, _ = await reviewed(tmp_path / "p", sources(tmp_path, own, None), in_turn(Summary("forests")), 1)
    told = [event.text for event in events if isinstance(event, Notice)]
    assert any("broken.pdf is left out" in text for text in told)
    [turn] = turns_of(events)
    assert turn.turn.outcome.startswith("my-forests: Random Forests")
    assert "broken" not in turn.turn.outcome


async def test_found_papers_are_forgotten_but_for_the_newest_and_those_that_were_used(
    tmp_path: Path, server: ArxivServer
) -> None:
    words = ("alpha", "beta", "gamma", "delta", "epsilon")
    server.papers = [
        Entry(f"2301.{at * 100 + number:05d}", f"Paper {number} about {word} things", (f"Author{number} {word}",))
        for at, word in enumerate(words)
        for number in range(20)
    ]
    script = in_turn(Summary("alpha"), AddPaper("2301.00003", "Kept."), *(Summary(word) for word in words[1:]))
    project, _, _ = await reviewed(tmp_path / "p", sources(tmp_path, None, server.hosts), script, 6)
    found = read_found(project.read(FOUND))
    assert MOST <= len(found) <= MOST + 1
    assert "2301.00003v1" in {one.arxiv for one in found}
    assert sum("epsilon" in one.paper.title for one in found) >= 16
