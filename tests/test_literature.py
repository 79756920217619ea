"""The bundled library, searching it, and the list of references of a report."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.literature.library import Library, bundled
from core.literature.records import Name, read_records
from core.literature.references import MOST_AUTHORS, cited_keys, thebibliography, unresolved

BIB = Path(__file__).parent.parent / "core" / "literature" / "library.bib"
PREAMBLE = r"\providecommand{\cite}{\citet} \ProvideDocumentCommand{\citet}{s o o m}{x} \def\cite{\citet}" + "\n"


def test_the_bundled_library_has_its_55_records_and_each_is_whole() -> None:
    papers = bundled().papers
    assert len(papers) == 55
    for paper in papers:
        assert paper.id
        assert paper.title
        assert paper.authors
        assert re.fullmatch(r"\d{4}", paper.year)
        assert paper.venue
        assert len(paper.abstract) > 40
        assert paper.url.startswith("http")
        assert not set("{}\\") & set(paper.title + "".join(paper.authors) + paper.venue)


def test_names_are_decoded_and_in_reading_order() -> None:
    paper = bundled().get("frenay2014classification")
    assert paper is not None
    assert paper.authors == ("Benoît Frénay", "Michel Verleysen")


def test_an_unknown_key_is_no_paper() -> None:
    assert bundled().get("nobody2020nothing") is None


def test_the_demo_question_finds_papers_on_its_subjects_first() -> None:
    found = bundled().search(
        "are tree ensembles more sensitive to label noise than linear models on handwritten digits?"
    )
    first = [paper.id for paper in found[:8]]
    assert {"ghosh2017robustness", "frenay2014classification", "alpaydin1998optical"} <= set(first)
    assert len(found) <= 20


def test_the_title_weighs_more_than_the_keywords_and_they_more_than_the_summary() -> None:
    library = Library.from_bibtex(
        "@misc{summary, title={Alpha beta}, keywords={delta}, annotation={noise zeta eta}}\n"
        "@misc{keywords, title={Alpha beta}, keywords={noise}, annotation={epsilon zeta eta}}\n"
        "@misc{title, title={Alpha noise}, keywords={delta}, annotation={epsilon zeta eta}}\n"
    )
    assert [paper.id for paper in library.search("noise")] == ["title", "keywords", "summary"]


def test_words_are_stemmed_and_accents_do_not_matter() -> None:
    assert bundled().search("randomly forested")[0].id == "breiman2001random"
    assert bundled().search("frenay")[0].id == "frenay2014classification"


def test_a_search_is_an_or_of_its_words() -> None:
    ids = {paper.id for paper in bundled().search("bagging zyzzyva matplotlib")}
    assert {"breiman1996bagging", "hunter2007matplotlib"} <= ids


def test_a_search_keeps_its_limit() -> None:
    assert len(bundled().search("learning", limit=3)) == 3
    assert bundled().search("learning", limit=0) == []


@pytest.mark.parametrize(
    "query", ['"', "AND OR NOT", "NEAR(", "*", "title:", "-", "'; DROP TABLE papers", "\x00", "\udc80", ""]
)
def test_a_hostile_query_finds_something_or_nothing(query: str) -> None:
    assert isinstance(bundled().search(query), list)


@given(st.text(max_size=80))
def test_no_query_raises(query: str) -> None:
    assert len(bundled().search(query)) <= 20


def test_a_very_long_query_is_answered_quickly() -> None:
    started = time.perf_counter()
    bundled().search("learning noise " * 100_000)
    assert time.perf_counter() - started < 2


def test_a_librarys_bibtex_is_its_own_text_without_the_summary() -> None:
    text = bundled().bibtex(["frenay2014classification", "unknown", "frenay2014classification"])
    assert text.count("@article{") == 1
    assert r"author = {Fr{\'e}nay, Beno{\^\i}t and Verleysen, Michel}" in text
    assert "annotation" not in text
    again = Library.from_bibtex(text).get("frenay2014classification")
    original = bundled().get("frenay2014classification")
    assert again is not None
    assert original is not None
    assert (again.title, again.authors, again.venue) == (original.title, original.authors, original.venue)
    assert again.abstract == ""


def test_every_bundled_record_survives_being_written_and_read() -> None:
    keys = [paper.id for paper in bundled().papers]
    assert [record.key for record in read_records(bundled().bibtex(keys))] == keys


def test_a_broken_bib_keeps_its_good_records() -> None:
    entries = ["{good, title={A}, year=2001}", "{bad, title={never closed", "{fine, title={B}}", "{good, title={C}}"]
    text = "\n".join(f"@article{entry}" for entry in entries)
    library = Library.from_bibtex(text)
    assert library.get("good") is not None
    assert library.get("good").title == "A"  # type: ignore[union-attr]
    assert library.get("fine") is not None


@given(st.text(max_size=200))
def test_any_text_is_a_library(text: str) -> None:
    assert isinstance(Library.from_bibtex(text).papers, tuple)


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("Lu, Chris and Ludwig van Beethoven", [Name("Chris", "Lu"), Name("Ludwig", "van Beethoven")]),
        ("{Research and Development Team} and Plato", [Name("", "Research and Development Team"), Name("", "Plato")]),
        ("King, Jr, Martin Luther", [Name("Martin Luther", "King Jr")]),
        ("de la Cruz, Ana AND {\\L}ukasiewicz, Jan", [Name("Ana", "de la Cruz"), Name("Jan", "Łukasiewicz")]),
    ],
)
def test_names_are_taken_apart(written: str, names: list[Name]) -> None:
    [record] = read_records(f"@misc{{k, author = {{{written}}}}}")
    assert list(record.authors) == names


def test_every_command_of_the_cite_family_counts_and_comments_do_not() -> None:
    tex = (
        PREAMBLE
        + r"""\begin{document}
\cite{a} \citep[see][p.~3]{b, c}\citet*{d} \Citealp {e} \citeauthor{a} \citeyearpar{f} \textcite{g} \nocite{*}
\nocite{h}
% \cite{commented}
100\% \cite{i} \\% \cite{after-a-line-break}
\begin{verbatim}\cite{verbatim}\end{verbatim} \setcitestyle{round} \cite{} \cite{ bad key } \cite{\macro}
\end{document}"""
    )
    assert cited_keys(tex) == ["a", "b", "c", "d", "e", "f", "g", "h", "i"]


def test_citations_that_no_record_answers_are_unresolved() -> None:
    tex = r"\cite{breiman2001random} \citep{lu2024ai,made2023up} \citet{gone}"
    assert unresolved(tex, bundled().bibtex(["breiman2001random", "lu2024ai"])) == ["made2023up", "gone"]
    assert unresolved(tex, "") == ["breiman2001random", "lu2024ai", "made2023up", "gone"]


def test_the_list_of_references_holds_what_is_cited_by_author() -> None:
    text = thebibliography(BIB.read_text(encoding="utf-8"), ["lu2024ai", "breiman2001random", "unknown"])
    assert re.findall(r"\\bibitem\[(.*?)\]\{(.*?)\}", text) == [
        ("Breiman(2001)", "breiman2001random"),
        ("Lu et~al.(2024)", "lu2024ai"),
    ]
    assert "\\emph{Machine Learning}, 45(1):5--32, 2001." in text
    assert "\\href{https://doi.org/10.1023/A:1010933404324}" in text
    assert "\\href{https://arxiv.org/abs/2408.06292}{arXiv:2408.06292}" in text


def test_records_that_would_be_cited_alike_get_letters() -> None:
    text = thebibliography(BIB.read_text(encoding="utf-8"), ["northcutt2021confident", "northcutt2021pervasive"])
    assert re.findall(r"\((\d{4}\w?)\)\]\{(\w+)\}", text) == [
        ("2021a", "northcutt2021pervasive"),
        ("2021b", "northcutt2021confident"),
    ]


def test_long_lists_of_authors_are_cut() -> None:
    text = thebibliography(BIB.read_text(encoding="utf-8"), ["virtanen2020scipy"])
    line = next(line for line in text.splitlines() if line.startswith("Pauli"))
    assert line.endswith("et~al.")
    assert line.count(",") == MOST_AUTHORS


def test_nothing_cited_is_an_empty_list_that_still_compiles() -> None:
    assert "thebibliography" not in thebibliography(BIB.read_text(encoding="utf-8"), [])


def test_a_hostile_record_cannot_act() -> None:
    bib = (
        r"@misc{evil, author={\input{/etc/passwd}}, title={\write18{id} 100% & _ # \def\x{y}}, year={2020)]\x},"
        "\n" + r" url={https://x.org/a\input{b}c%20#d}, doi={10.1/\x}, note={$$}}"
    )
    text = thebibliography(bib, ["evil"])
    assert not re.search(r"\\(?:input|write|def|x)\b", text)
    assert "\\bibitem[" in text
    label = re.search(r"\\bibitem\[(.*)\((\d{4})\)\]", text)
    assert label is not None
    assert label[2] == "2020"


def test_a_hostile_address_is_written_so_that_tex_reads_an_address() -> None:
    text = thebibliography(r"@misc{k, title={T}, year=2001, url={https://x.org/a\input{b}c%20#d&e_f}}", ["k"])
    assert r"\href{https://x.org/a\%5Cinput\%7Bb\%7Dc\%20\#d\&e\_f}" in text
    assert "\\input" not in text
    assert (
        "href{"
        not in thebibliography(r"@misc{k, title={T}, year=2001, url={javascript:alert(1)}}", ["k"]).split("T.")[1]
    )


@given(st.text(alphabet="aé{}\\%$&#_~^()[]-,. \n", max_size=60))
def test_any_field_becomes_a_reference_with_balanced_braces(value: str) -> None:
    fields = ", ".join(f"{name} = {{{value}}}" for name in ("author", "title", "journal", "volume", "url", "doi"))
    bib = f"@article{{k, {fields}, year = 2001}}"
    text = thebibliography(bib, ["k"])
    bare = text.replace("\\{", "").replace("\\}", "")
    assert bare.count("{") == bare.count("}")


def test_importing_the_library_reads_nothing() -> None:
    code = (
        "import sys, core.literature.library, core.literature.references;"
        "print({'bibtexparser', 'pylatexenc'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
