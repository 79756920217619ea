"""What a model sends as a section becomes LaTeX that compiles, with its words and numbers as they were."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.latex.compile import compile_report
from core.latex.mend import mended
from core.latex.sections import scaffold, with_section

KEYS = ("breiman2001random", "ho1995random")
FIGURES = ("figures/scores.pdf",)


def text_of(body: str, section: str = "Results") -> str:
    return mended(body, section, KEYS, FIGURES).text


@pytest.mark.parametrize(
    ("sent", "becomes"),
    [
        ("It rose by 5% to 95 %.", "It rose by 5\\% to 95 \\%."),
        ("Set n_estimators & max_depth, run #a.", "Set n\\_estimators \\& max\\_depth, run \\#a."),
        ("An R^2 of 0.3.", "An R\\textsuperscript{2} of 0.3."),
        ("**Bold** and `a_b`.", "\\textbf{Bold} and \\texttt{a\\_b}."),
        ("α ≤ 5 ± 1", "$\\alpha$ $\\leq$ 5 ± 1"),
        ("```latex\nText.\n```", "Text."),
        ("### Main finding\nText.", "\\subsection*{Main finding}\nText."),
        ("\\section{Main finding}\nText.", "\\subsection{Main finding}\nText."),
        ("\\usepackage{x}\n\\begin{document}\nText.\n\\end{document}", "Text."),
        ("# Results\nText.", "Text."),
        ("- a\n- b", "\\begin{itemize}\n\\item a\n\\item b\n\\end{itemize}"),
        ("1. a\n2. b", "\\begin{enumerate}\n\\item a\n\\item b\n\\end{enumerate}"),
        ("\\begin{itemize}\n\\item a", "\\begin{itemize}\n\\item a\n\\end{itemize}"),
        ("a\n\\end{center}", "a"),
        ("As \\citet{breiman2001randm} showed.", "As \\citet{breiman2001random} showed."),
        ("So it is [@ho1995random].", "So it is \\citep{ho1995random}."),
        ("So it is~\\citep[p.~3]{foo, ho1995random}.", "So it is~\\citep[p.~3]{ho1995random}."),
        ("So it is \\citep{foo}.", "So it is."),
        ("\\includegraphics[width=1cm]{scores}", "\\includegraphics[width=1cm]{figures/scores.pdf}"),
        ("a\n\\begin{figure}\n\\includegraphics{x.png}\n\\end{figure}\nb", "a\nb"),
    ],
)
def test_what_was_meant_is_what_stands_there(sent: str, becomes: str) -> None:
    assert text_of(sent) == becomes + "\n"


@pytest.mark.parametrize(
    "right",
    [
        "Plain text with 5\\,\\% and $x_1 \\leq y^2$ in Table~\\ref{tab:a_b}, \\citep[see][]{ho1995random}.",
        "\\begin{tabular}{ll}\na & b\\_c \\\\\n1 & 2 \\\\\n\\end{tabular}",
        "\\begin{equation}\nx_1 = a & b^2\n\\label{eq:a_b}\n\\end{equation}",
        "% a comment_with % signs\nText.",
        "``Quoted'' text, an en--dash, Émile.",
        "\\includegraphics[width=0.8\\linewidth]{figures/scores.pdf}",
    ],
)
def test_what_is_right_stays_as_it_is(right: str) -> None:
    assert text_of(right) == right + "\n"


def test_a_whole_paper_is_cut_to_the_section_that_was_asked_for() -> None:
    sent = "\\section{Introduction}\nFirst.\n\\section{Results}\nThe finding.\n\\section{Discussion}\nLast.\n"
    made = mended(sent, "Results", KEYS, FIGURES)
    assert made.text == "The finding.\n"
    assert made.notes == ("Text of other sections was left out: Discussion, Introduction.",)


def test_what_is_taken_out_is_told_and_left_where_the_check_is_to_name_it() -> None:
    sent = "As \\citet{foo2020bar} said.\n\\begin{figure}\\includegraphics{x.png}\\end{figure}"
    made = mended(sent, "Results", KEYS, FIGURES)
    assert [note.partition(" was")[0] for note in made.notes] == ["The citation of “foo2020bar”", "The figure x.png"]
    left = mended(sent, "Results", KEYS, FIGURES, strict=True)
    assert "foo2020bar" in left.text
    assert "x.png" in left.text
    assert not left.notes


def test_a_table_of_markdown_becomes_one_of_latex() -> None:
    made = text_of("| model | a_b |\n|:---|---:|\n| x | 5% |\n| y | |\n")
    assert (
        "\\begin{tabular}{ll}\n\\toprule\nmodel & a\\_b \\\\\n\\midrule\nx & 5\\% \\\\\ny &  \\\\\n\\bottomrule" in made
    )


PLAIN = ["%", "_", "#", "&", "^2", "$x$", "5", "word", " ", "\n", "\n\n", "≤", "é", "—", "~", "\\%"]
MARKDOWN = ["**b**", "`c`", "- item", "| a | b |", "# Results\n", "## Part\n"]
LATEX = ["\\begin{itemize}\n\\item ", "\\end{itemize}", "\\end{table}", "\\section{X}"]
PIECES = st.sampled_from([*PLAIN, *MARKDOWN, *LATEX])


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES | st.text(max_size=4), max_size=30).map("".join))
def test_nothing_raises_and_numbers_stay(sent: str) -> None:
    made = mended(sent, "Results", KEYS, FIGURES)
    if not made.notes:
        numbers = re.findall(r"\d+\.\d+", sent)
        assert [number for number in numbers if number not in made.text] == []
    assert made.text.endswith("\n")


async def test_a_section_full_of_markdown_compiles() -> None:
    sent = """```latex
\\documentclass{article}
\\begin{document}
## Main findings

The **accuracy** of `random_forest` was 95% (R^2 = 0.3), n_estimators & depth ≤ 5, α = 0.1 ± 0.2.

- one item with 5 %
- two_items

| model | score_x |
|---|---|
| a | 0.9% |

1. first
2. second

Inline $x_1 ≤ y^2$ and a figure:
\\begin{figure}
\\includegraphics{missing.png}
\\caption{It_is}
\\end{figure}
\\begin{itemize}
\\item left open
\\end{document}
```"""
    report = with_section(scaffold("A title", "labtop"), "Results", text_of(sent))
    compiled = await compile_report(report, {"references.tex": b""})
    assert compiled.ok, [str(problem) for problem in compiled.problems]
    assert any("left open" in page for page in compiled.pages)
