"""LaTeX and PDF as text that a person or a model can read."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from core.clean import clean

MOST_PAGES = 60
LONGEST_PAGE = 20_000
LONGEST_SOURCE = 200_000
"""Characters of LaTeX that are translated; a longer source is cut."""

_CITATIONS = ("cite", "citet", "citep", "citealp", "citealt", "citeauthor", "citeyear", "nocite")
PDFIUM = threading.Lock()
"""Held by whoever uses pypdfium2: PDFium crashes when two threads are inside it."""


def pages_as_text(pdf: bytes) -> tuple[str, ...]:
    """The text of each page, cleaned, at most `MOST_PAGES` pages; empty when `pdf` is not a readable PDF."""
    import pypdfium2

    with PDFIUM:
        try:
            document = pypdfium2.PdfDocument(pdf)
        except pypdfium2.PdfiumError:
            return ()
        try:
            return tuple(_page_text(document, number) for number in range(min(len(document), MOST_PAGES)))
        finally:
            document.close()


def _page_text(document: Any, number: int) -> str:
    import pypdfium2

    try:
        page = document[number]
    except pypdfium2.PdfiumError:
        return ""
    text = page.get_textpage()
    try:
        # PDFium writes a hyphen at a line's end as U+FFFE or U+0002; the word goes on in the next line.
        found = re.sub("[\ufffe\x02]\r?\n?", "", text.get_text_bounded()[:LONGEST_PAGE])
        return clean(found.replace("\r\n", "\n")).strip()
    finally:
        text.close()
        page.close()


def plain(tex: str) -> str:
    """A short piece of LaTeX, such as a title or a name, as one line of plain text."""
    simple = re.fullmatch(r"[\w\s.,:;!?()/'\-]*", tex)
    text = tex if simple else _translated(re.sub(r"(?<!\\)%", r"\%", tex))
    return " ".join(clean(text).split())


def source_as_text(tex: str) -> str:
    """A report's source as readable text, for reading it before it compiles; citations appear as `[key]`."""
    body = re.split(r"\\begin\{document\}", tex, maxsplit=1)[-1].split(r"\end{document}")[0]
    return re.sub(r"\n{3,}", "\n\n", clean(_translated(body[:LONGEST_SOURCE]))).strip()


def _translated(tex: str) -> str:
    from pylatexenc.latexwalker import LatexWalker

    syntax, words = _language()
    try:
        nodes = LatexWalker(tex, latex_context=syntax, tolerant_parsing=True).get_latex_nodes()[0]
        return str(words.nodelist_to_text(nodes))
    except RecursionError:  # thousands of nested braces
        return re.sub(r"[{}\\$]", "", tex)


@lru_cache(maxsize=1)
def _language() -> tuple[Any, Any]:
    """How commands take their arguments, and how they read: pylatexenc alone drops `\\texttt` and `\\cite` text."""
    from pylatexenc import latex2text, latexwalker, macrospec

    syntax = latexwalker.get_default_latex_context_db()
    words = latex2text.get_default_latex_context_db()
    syntax.add_context_category(
        "labtop", prepend=True, macros=[macrospec.std_macro(name, "*[[{") for name in _CITATIONS]
    )
    shown = {
        **dict.fromkeys(_CITATIONS, _in_brackets("")),
        **dict.fromkeys(("texttt", "textsc", "url"), "%s"),
        **dict.fromkeys(("ref", "autoref", "cref"), _in_brackets("see ")),
        "includegraphics": _in_brackets("figure "),
    }
    macros = [latex2text.MacroTextSpec(name, simplify_repl=text) for name, text in shown.items()]
    words.add_context_category("labtop", prepend=True, macros=macros)
    return syntax, latex2text.LatexNodes2Text(latex_context=words)


def _in_brackets(word: str) -> Callable[[Any], str]:
    def text(node: Any) -> str:
        return f"[{word}{node.nodeargd.argnlist[-1].latex_verbatim().strip('{}')}]"

    return text
