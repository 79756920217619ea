"""The report: sections, escaping, engines, compiling in the sandbox, problems in plain words."""

from __future__ import annotations

import asyncio
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import LatexError
from core.latex.compile import Compiled, compile_report
from core.latex.engines import find_engine
from core.latex.escape import escape
from core.latex.pages import pages_as_text
from core.latex.problems import MOST_PROBLEMS, Problem, in_order
from core.latex.sections import SECTIONS, empty_sections, missing_sections, scaffold, section_text, with_section
from core.latex.text import plain, source_as_text
from core.literature.library import bundled
from core.literature.references import cited_keys, thebibliography
from core.sandbox.outcome import Tier

needs_engine = pytest.mark.skipif(find_engine() is None, reason="this machine has no LaTeX engine")

TABLE = r"""
\begin{table}[H]
\centering
\caption{Accuracy by share of wrong labels.}\label{tab:accuracy}
\begin{tabular}{lrr}
\toprule
 & \multicolumn{2}{c}{share} \\
\cmidrule(lr){2-3}
Model & 0 & 0.4 \\
\midrule
random forest & $0.97 \pm 0.01$ & $0.90 \pm 0.01$ \\
\addlinespace
ridge & 0.93 & 0.71 \\
\bottomrule
\end{tabular}
\end{table}
"""
FIGURE = r"""
\begin{figure}[t]
\centering\includegraphics[width=0.7\linewidth]{figures/accuracy.pdf}
\caption{Accuracy falls.}\label{fig:accuracy}
\end{figure}
"""


def figure() -> bytes:
    from matplotlib.figure import Figure

    held = io.BytesIO()
    drawing = Figure(figsize=(4, 2))
    drawing.subplots().plot([0, 0.4], [0.97, 0.9])
    drawing.savefig(held, format="pdf")
    return held.getvalue()


def filled() -> str:
    bodies = dict.fromkeys(SECTIONS, "Some words about the study.")
    bodies["Introduction"] = (
        r"Noise is common \citep[see][p.~2]{frenay2014classification, northcutt2021pervasive}."
        r" \citet{ghosh2017robustness} and \cite{breiman2001random};"
        r" \citeauthor{demsar2006statistical} in \citeyear{demsar2006statistical}."
    )
    bodies["Methods"] = (
        r"\begin{equation}\label{eq:drop} d = a_0 - a_\eta \in \mathbb{R} \end{equation} as in \cref{eq:drop}."
    )
    bodies["Results"] = (
        f"Table~\\ref{{tab:accuracy}} and Figure~\\ref{{fig:accuracy}}, with x ≤ 0.4 − 0.1.\n{TABLE}{FIGURE}"
    )
    report = scaffold("Trees & noise: 100% of it?", "The built-in researcher")
    for name, body in bodies.items():
        report = with_section(report, name, body)
    return report


def document(body: str) -> str:
    """A document that fits the bundled engine, its body starting in line 4."""
    head = "\\documentclass{article}\n\\usepackage[T1]{fontenc}\\usepackage{lmodern,graphicx}\n\\begin{document}\n"
    return f"{head}{body}\n\\end{{document}}\n"


async def compiled(body: str, **options: object) -> Compiled:
    return await compile_report(document(body), {}, **options)  # type: ignore[arg-type]


def test_a_new_report_has_its_eight_sections_and_they_are_empty() -> None:
    report = scaffold("T", "A")
    assert empty_sections(report) == list(SECTIONS)
    assert missing_sections(report) == []
    assert all(section_text(report, name) == "" for name in SECTIONS)


def test_what_is_put_into_a_section_is_read_back_and_its_neighbours_stay() -> None:
    report = filled()
    changed = with_section(report, "results", "New results.\n\nTwo paragraphs.")
    assert section_text(changed, "Results") == "New results.\n\nTwo paragraphs."
    assert all(section_text(changed, name) == section_text(report, name) for name in SECTIONS if name != "Results")
    assert with_section(changed, "Results", section_text(report, "Results")) == report


@given(st.sampled_from(SECTIONS), st.text(alphabet="ab \n%$\\{}1", min_size=1).map(lambda text: "x" + text))
def test_any_body_of_a_section_is_read_back_as_written(name: str, body: str) -> None:
    assert section_text(with_section(scaffold("T", "A"), name, body), name) == body.strip()


def test_a_comment_alone_does_not_fill_a_section() -> None:
    report = with_section(scaffold("T", "A"), "Methods", "text")
    assert "Methods" in empty_sections(report.replace("text", "% to be written"))
    assert "Methods" not in empty_sections(report.replace("text", "100\\% of it"))


def test_markers_that_were_edited_away_come_back() -> None:
    report = "\n".join(line for line in filled().split("\n") if "labtop:" not in line)
    assert missing_sections(report) == []
    mended = with_section(report, "Related Work", "Other words.")
    assert section_text(mended, "Related Work") == "Other words."
    assert (
        "% labtop: section Related Work\nOther words.\n% labtop: end Related Work\n\\section{Methods}"
        in mended.replace("\n\n", "\n")
    )
    assert section_text(with_section(report, "Abstract", "Short."), "Abstract") == "Short."


def test_a_section_whose_end_marker_is_gone_ends_at_the_next_heading() -> None:
    report = filled().replace("% labtop: end Background\n", "")
    assert section_text(report, "Background") == "Some words about the study."
    assert section_text(report, "Related Work") == "Some words about the study."


def test_a_section_without_marker_and_heading_is_missing_and_cannot_be_written() -> None:
    report = (
        filled()
        .replace("% labtop: section Discussion\n", "")
        .replace("\\section{Discussion}", "% \\section{Discussion}")
    )
    assert missing_sections(report) == ["Discussion"]
    with pytest.raises(LatexError, match="labtop: section Discussion"):
        with_section(report, "Discussion", "text")


def test_a_section_that_is_none_of_the_eight_is_refused_by_name() -> None:
    with pytest.raises(LatexError, match="Experimental Setup"):
        section_text(scaffold("T", "A"), "Conclusions")


@pytest.mark.parametrize("body", ["", "  \n", "% only a comment", "\\section{Methods}", "% labtop: section Methods\n"])
def test_an_empty_body_is_refused(body: str) -> None:
    with pytest.raises(LatexError, match="empty"):
        with_section(scaffold("T", "A"), "Methods", body)


def test_a_whole_document_is_no_section() -> None:
    with pytest.raises(LatexError, match="whole document"):
        with_section(scaffold("T", "A"), "Methods", document("hello"))


def test_headings_and_markers_that_the_writer_repeats_are_not_doubled() -> None:
    body = (
        "% labtop: section Related Work\n\\section{Related  work}\\label{sec:x}\n\nWords.\n% labtop: end Related Work"
    )
    assert section_text(with_section(scaffold("T", "A"), "Related Work", body), "Related Work") == "Words."
    abstract = "\\begin{abstract}\nShort.\n\\end{abstract}"
    report = with_section(scaffold("T", "A"), "Abstract", abstract)
    assert report.count("\\begin{abstract}") == 1
    assert section_text(report, "Abstract") == "Short."


@given(st.text())
def test_escaped_text_has_nothing_that_tex_would_act_on(text: str) -> None:
    escaped = escape(text)
    assert escaped.isascii()
    assert "\n" not in escaped
    known = r"\\(?:[{}$&#%_]|text\w+|[`'^~=\"uvHcdr.]\{|\w+\{\}|\w+\$|\w+)"
    rest = re.sub(known, "", re.sub(r"\$[^$]*(?<!\\)\$", "", escaped.replace(r"\$", "")))
    assert not re.search(r"[$&#%_^~\\]", rest)
    assert escaped.replace(r"\{", "").count("{") == escaped.replace(r"\}", "").count("}")


def test_escaping_keeps_dashes_and_quotes_apart() -> None:
    assert escape("--flag") == "-{}-flag"
    assert escape("a_b & 5% of #1 {x} ~ ^ \\") == (
        r"a\_b \& 5\% of \#1 \{x\} \textasciitilde{} \textasciicircum{} \textbackslash{}"
    )
    assert escape("José Ñandú α ≤ 中 x²") == r"Jos\'{e} \~{N}and\'{u} $\alpha$ $\leq$ (U+4E2D) x\textsuperscript{2}"


@needs_engine
async def test_every_character_escaped_compiles() -> None:
    characters = {escape(chr(code)): chr(code) for code in range(32, 0x2FFFF) if not 0xD800 <= code < 0xE000}
    texts = [text for text in characters if text and not text.startswith("(U+")]
    assert len(texts) > 800
    report = with_section(scaffold("".join(map(chr, range(32, 400))), 'A "b" --c'), "Results", "\n".join(texts))
    done = await compile_report(report, {})
    assert [str(problem) for problem in done.problems] == []
    assert done.ok


@needs_engine
async def test_a_filled_report_compiles_with_figure_table_and_citations() -> None:
    report = filled()
    references = thebibliography(bundled().bibtex(cited_keys(report)), cited_keys(report))
    done = await compile_report(report, {"references.tex": references.encode(), "figures/accuracy.pdf": figure()})
    assert [str(problem) for problem in done.problems] == []
    assert done.ok
    assert done.pdf.startswith(b"%PDF")
    text = " ".join(" ".join(done.pages).split())
    assert "Trees & noise: 100% of it?" in text
    assert "(see Frénay and Verleysen, 2014; Northcutt et al., 2021, p. 2)" in text
    assert "Ghosh et al. (2017) and Breiman (2001); Demšar in 2006." in text
    assert "Table 1 and Figure 1, with x ≤ 0.4 − 0.1." in text
    assert "Table 1. Accuracy by share of wrong labels." in text
    assert "Figure 1. Accuracy falls." in text
    assert "Leo Breiman. Random Forests. Machine Learning, 45(1):5–32, 2001." in text


@needs_engine
async def test_reports_compile_side_by_side() -> None:
    done = await asyncio.gather(*(compile_report(filled(), {"figures/accuracy.pdf": figure()}) for _ in range(3)))
    assert all(len(one.pages) == len(done[0].pages) > 1 for one in done)


@needs_engine
async def test_pages_are_read_in_many_threads_at_once() -> None:
    report = filled().replace("Some words about the study.", "Some words about the study, and more of them. " * 20)
    pdf = (await compile_report(report, {"figures/accuracy.pdf": figure()})).pdf
    found = await asyncio.gather(*(asyncio.to_thread(pages_as_text, pdf) for _ in range(4)))
    assert len(found[0]) > 1
    assert len(set(found)) == 1


@needs_engine
async def test_errors_come_with_line_words_and_the_lines_around() -> None:
    done = await compiled("one\n\ntwo \\foo{x}\n\n$a_b\n\nthree & four\n")
    first, *_ = done.problems
    assert not done.ok
    assert (first.line, first.severity) == (6, "error")
    assert "\\foo" in first.message
    assert str(first).splitlines() == [
        "error, line 6: Undefined control sequence \\foo: no loaded package defines it.",
        "     4| one",
        "     5| ",
        ">    6| two \\foo{x}",
        "     7| ",
        "     8| $a_b",
    ]
    assert {problem.line for problem in done.problems} >= {6, 10}, "later errors are told, too"


@needs_engine
async def test_unknown_citations_references_and_figures_are_errors() -> None:
    report = document("\\cite{nobody} and \\ref{fig:none}\n\\includegraphics{figures/none.pdf}")
    done = await compile_report(report, {"figures/there.pdf": figure()})
    told = {problem.line: problem.message for problem in done.problems if problem.severity == "error"}
    assert not done.ok
    assert "figures/none.pdf" in told[5]
    assert "figures/there.pdf" in told[5]
    messages = " ".join(problem.message for problem in done.problems)
    assert "no reference nobody" in messages
    assert "\\label{fig:none}" in messages


@needs_engine
async def test_unknown_citations_are_told_by_the_scaffold_as_well() -> None:
    done = await compile_report(with_section(filled(), "Methods", "As \\citet{nobody2020} says."), {})
    assert any("nobody2020" in problem.message and problem.line for problem in done.problems)


@needs_engine
async def test_a_missing_package_is_named_with_its_line() -> None:
    done = await compile_report("\\documentclass{article}\n\\usepackage{no-such-package}\n" + document("x"), {})
    assert any("no-such-package.sty" in problem.message and problem.line == 2 for problem in done.problems)


@needs_engine
@pytest.mark.parametrize(
    "source", ["", "\\documentclass{article}\\begin{document}\\end{document}", "\x00\udc80\x1b[31m"]
)
async def test_a_source_without_pages_is_a_problem_not_a_crash(source: str) -> None:
    done = await compile_report(source, {})
    assert not done.ok
    assert done.problems
    assert "\x1b" not in "".join(map(str, done.problems))


@needs_engine
async def test_a_doubled_label_is_a_warning_and_the_report_is_fine() -> None:
    done = await compiled("\\section{A}\\label{a} \\section{B}\\label{a} see \\ref{a}")
    assert done.ok
    assert [problem.severity for problem in done.problems] == ["warning"]


@needs_engine
@pytest.mark.parametrize(
    ("body", "words"),
    [
        (r"\def\a{\a}\a", "did not finish"),
        (r"\def\a{\message{" + "x" * 500 + r"}\a}\a", "wrote too much"),
    ],
)
async def test_an_endless_report_is_ended(body: str, words: str) -> None:
    done = await compiled(body, seconds=4)
    assert not done.ok
    assert words in done.problems[0].message
    assert done.seconds < 12


@needs_engine
@pytest.mark.parametrize("tier", [None, Tier.PLAIN])
async def test_a_report_cannot_read_outside_its_folder(tmp_path: Path, tier: Tier | None) -> None:
    secret = tmp_path / "secret.tex"
    secret.write_text("TOPSECRET")
    done = await compiled(f"shown \\input{{{secret}}}", tier=tier)
    assert not done.ok
    assert "TOPSECRET" not in "".join(done.pages)
    assert "lies outside" in done.problems[0].message


@needs_engine
async def test_a_report_cannot_run_programs(tmp_path: Path) -> None:
    done = await compiled(f"shown \\immediate\\write18{{touch {tmp_path}/pwned}}", tier=Tier.PLAIN)
    assert os.listdir(tmp_path) == []
    assert not done.ok
    assert "asked to run a program" in done.problems[0].message


@needs_engine
async def test_a_first_line_cannot_choose_another_format() -> None:
    done = await compile_report("%&pdftex\n" + document("hello"), {})
    assert done.ok


@needs_engine
@pytest.mark.parametrize("name", ["/etc/x.pdf", "../x.pdf", "a/../../x.pdf", "report.tex", ".hidden.pdf"])
async def test_files_beside_the_report_stay_beside_it(name: str) -> None:
    with pytest.raises(LatexError, match="cannot lie beside"):
        await compile_report(document("x"), {name: b"x"})


@needs_engine
async def test_files_that_would_replace_latex_itself_are_not_laid_out() -> None:
    done = await compile_report(document("hello"), {"article.cls": b"broken", "texmf.cnf": b"openin_any = a"})
    assert done.ok


async def test_without_an_engine_the_person_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LABTOP_LATEX", "system")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LatexError, match="apt install"):
        await compile_report(document("x"), {})


def test_an_unknown_choice_of_engine_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABTOP_LATEX", "tectonic")
    with pytest.raises(LatexError, match="bundled"):
        find_engine()


def put_pdflatex(folder: Path) -> None:
    folder.mkdir(parents=True)
    program = folder / "pdflatex"
    program.write_text("#!/bin/sh\necho 'pdfTeX 9 (test)'\n")
    program.chmod(0o755)


def test_the_engine_of_the_machine_comes_first_and_can_be_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    put_pdflatex(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin{os.pathsep}{os.environ['PATH']}")
    found = find_engine()
    assert found is not None
    assert (found.name, found.version) == ("pdflatex", "pdfTeX 9 (test)")
    monkeypatch.setenv("LABTOP_LATEX", "bundled")
    inside = find_engine()
    assert inside is None or "tinytex" in inside.name


def test_a_pdflatex_inside_a_project_or_a_relative_folder_is_not_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    put_pdflatex(tmp_path / "project" / "bin")
    (tmp_path / "project" / "lab.toml").write_text("")
    put_pdflatex(tmp_path / "here")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LABTOP_LATEX", "system")
    put_pdflatex(tmp_path / "good")
    monkeypatch.setenv("PATH", os.pathsep.join([f"{tmp_path}/project/bin", "here", "", f"{tmp_path}/good"]))
    found = find_engine()
    assert found is not None
    assert found.argv == (f"{tmp_path}/good/pdflatex",)


def test_problems_come_errors_first_once_and_not_too_many() -> None:
    many = [Problem(1, "w", severity="warning"), *[Problem(at // 2, "e") for at in range(100)]]
    told = in_order(many)
    assert len(told) == MOST_PROBLEMS + 1
    assert told[0] == Problem(0, "e")
    assert told[-1].message.startswith("39 more")


def test_what_is_no_pdf_has_no_pages() -> None:
    assert pages_as_text(b"") == ()
    assert pages_as_text(b"%PDF-1.7 nonsense") == ()


def test_source_reads_well_before_it_compiles() -> None:
    text = source_as_text(filled())
    for words in (
        "[frenay2014classification, northcutt2021pervasive]",
        "[figure figures/accuracy.pdf]",
        "random forest",
    ):
        assert words in text
    assert source_as_text(r"\texttt{load_digits} \emph{now} 5\% \alpha") == "load_digits now 5% α"


@given(st.text())
def test_any_latex_reads_as_some_text(text: str) -> None:
    assert "\n" not in plain(text)
    assert isinstance(source_as_text(text), str)


def test_reading_thousands_of_braces_does_not_crash() -> None:
    assert plain("{" * 5000 + "x") == "x"


def test_neither_pdfium_nor_pylatexenc_is_loaded_before_it_is_needed() -> None:
    code = "import sys, core.latex.compile, core.latex.sections; print({'pypdfium2', 'pylatexenc'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
