"""LaTeX as text that a person or a model can read."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from core.clean import clean

LONGEST_SOURCE = 200_000
"""Characters of LaTeX that are translated; a longer source is cut."""

_CITATIONS = ("cite", "citet", "citep", "citealp", "citealt", "citeauthor", "citeyear", "nocite")


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
