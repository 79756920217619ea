"""A section as a model wrote it, made into LaTeX that belongs here, where there is no doubt what was meant.

Small models mix Markdown into LaTeX, leave `%` and `_` as they are, send the whole paper, and cite what they remember.
What is taken out is told in notes; words and numbers are never changed.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import PurePosixPath

from core.latex.escape import escape
from core.latex.sections import SECTIONS

_NEAR = 0.8
"""How alike a cited key and a known one must be to be the same."""
_MATHS = "equation|align|gather|multline|eqnarray|math|displaymath|split|cases|array"
_APART = re.compile(
    rf"\\begin\{{(?P<env>(?:{_MATHS}|verbatim|lstlisting|alltt)\*?)\}}.*?\\end\{{(?P=env)\}}"
    r"|(?<!\\)\$\$.+?\$\$|(?<![\\$])\$[^$\n]+(?<!\\)\$|\\\(.+?\\\)|\\\[.+?\\\]"
    r"|\\(?:label|ref|cref|autoref|eqref|pageref|input|url|href|includegraphics|[A-Za-z]*cite[A-Za-z]*)\*?"
    r"(?:\s*\[[^\]\n]*\])*\s*\{[^{}\n]*\}"
    r"|\\(?:begin|end)\{[^{}\n]*\}(?:\[[^\]\n]*\])?"
    r"|^[ \t]*%.*$",
    re.DOTALL | re.MULTILINE,
)
"""Mathematics, verbatim text, keys, file names and comments: what is not plain text."""
_TABULAR = re.compile(r"\\begin\{(tabular[x*]?|longtable)\}.*?\\end\{\1\}", re.DOTALL)
_FOREIGN = re.compile(
    r"^[ \t]*\\(?:documentclass|usepackage|title|author|date|bibliography|bibliographystyle|newcommand|maketitle|"
    r"tableofcontents|newpage|clearpage|input|begin\{(?:document|abstract|thebibliography)\}|"
    r"end\{(?:document|abstract|thebibliography)\})(?![A-Za-z]).*$\n?",
    re.MULTILINE,
)
_FENCE = re.compile(r"^[ \t]*(?:```|~~~).*$\n?", re.MULTILINE)
_CITE = re.compile(r"[~ ]?\\([A-Za-z]*cite[A-Za-z]*\*?)((?:\s*\[[^\]]*\])*)\s*\{([^{}]*)\}")
_GRAPHICS = re.compile(r"\\includegraphics(\s*\[[^\]]*\])?\s*\{([^{}]*)\}")
_FLOAT = re.compile(r"\\begin\{figure(\*?)\}.*?\\end\{figure\1\}\n?", re.DOTALL)
_ENVIRONMENT = re.compile(r"\\(begin|end)\{([A-Za-z]+\*?)\}")
_NAMES = "|".join(name.replace(" ", r"\s+") for name in SECTIONS)
_HEADING = re.compile(
    rf"^[ \t]*(?:\\section\*?\{{\s*(?P<latex>{_NAMES})\s*\}}.*|#+\s*(?:\d+\.?\s*)?(?P<markdown>{_NAMES})\s*)$\n?",
    re.MULTILINE | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Mended:
    """A section's text, and what was taken out of it, a line each."""

    text: str
    notes: tuple[str, ...] = ()


def mended(body: str, section: str, keys: Collection[str], figures: Collection[str], *, strict: bool = False) -> Mended:
    """The text of `section` without what cannot stand there.

    `keys` are those that may be cited; `figures` the paths of the figures that exist, like `figures/scores.pdf`. Others
    are taken out, or left for the check to name when `strict`.
    """
    notes: list[str] = []
    text = _FENCE.sub("", body.replace("\r\n", "\n"))
    text = _own_part(text, section, notes)
    text = _FOREIGN.sub("", text)
    text = re.sub(r"^([ \t]*\\)section(\*?\{)", r"\1subsection\2", text, flags=re.MULTILINE)
    text = _without_markdown(text)
    text = _cited(text, keys, notes, strict=strict)
    text = _drawn(text, figures, notes, strict=strict)
    text = _escaped(text)
    return Mended(_closed(text).strip() + "\n", tuple(notes))


def _own_part(text: str, section: str, notes: list[str]) -> str:
    """What belongs to the section, when headings of the report's other sections stand in the text, too."""
    found = list(_HEADING.finditer(text))
    names = [" ".join((one["latex"] or one["markdown"]).split()).casefold() for one in found]
    if not found or all(name == section.casefold() for name in names):
        return _HEADING.sub("", text)
    ends = [one.start() for one in found[1:]] + [len(text)]
    own = [
        text[one.end() : end] for one, end, name in zip(found, ends, names, strict=True) if name == section.casefold()
    ]
    part = "\n".join(own) or text[: found[0].start()]
    if not part.strip():
        return _HEADING.sub("", text)
    others = sorted({name.title() for name in names if name != section.casefold()})
    notes.append(f"Text of other sections was left out: {', '.join(others)}.")
    return part


def _without_markdown(text: str) -> str:
    text = re.sub(r"^[ \t]*#{1,6}[ \t]+(.+?)[ \t#]*$", r"\\subsection*{\1}", text, flags=re.MULTILINE)
    text = re.sub(r"\*\*([^*\n]+)\*\*", r"\\textbf{\1}", text)
    text = re.sub(r"(?<!`)`([^`'\n]+)`(?!`)", r"\\texttt{\1}", text)
    text = re.sub(r"\[@([\w:.-]+)\]", r"\\citep{\1}", text)
    text = _blocks(text, re.compile(r"[ \t]*\|.*\|[ \t]*"), _table)
    text = _blocks(text, re.compile(r"[ \t]*[-*•][ \t]+\S.*"), lambda lines: _list(lines, "itemize"))
    return _blocks(text, re.compile(r"[ \t]*\d{1,2}[.)][ \t]+\S.*"), lambda lines: _list(lines, "enumerate"))


def _blocks(text: str, line: re.Pattern[str], made: Callable[[list[str]], list[str]]) -> str:
    """The text with each run of two or more lines of one kind made into something else."""
    out: list[str] = []
    run: list[str] = []
    for one in [*text.split("\n"), ""]:
        if line.fullmatch(one):
            run.append(one)
            continue
        out += made(run) if len(run) > 1 else run
        out.append(one)
        run = []
    return "\n".join(out[:-1])


def _list(lines: list[str], kind: str) -> list[str]:
    items = (re.sub(r"^[ \t]*(?:[-*•]|\d{1,2}[.)])[ \t]+", "", line) for line in lines)
    return [f"\\begin{{{kind}}}", *(f"\\item {item}" for item in items), f"\\end{{{kind}}}"]


def _table(lines: list[str]) -> list[str]:
    """A Markdown table as a `tabular`."""
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines]
    rows = [row for row in rows if not all(re.fullmatch(r":?-+:?", cell) for cell in row)]
    width = max(map(len, rows), default=0)
    told = [" & ".join([*row, *[""] * (width - len(row))]) + r" \\" for row in rows]
    top, rest = told[:1], told[1:]
    opening = ["\\begin{center}", f"\\begin{{tabular}}{{{'l' * width}}}", "\\toprule", *top, "\\midrule"]
    return [*opening, *rest, "\\bottomrule", "\\end{tabular}", "\\end{center}"]


def _cited(text: str, keys: Collection[str], notes: list[str], *, strict: bool) -> str:
    """Citations of what the review holds; a key that is nearly one of them is that one."""
    known = {key.casefold(): key for key in keys}

    def one(found: re.Match[str]) -> str:
        kept: list[str] = []
        for key in (key.strip() for key in found[3].split(",")):
            near = difflib.get_close_matches(key.casefold(), known, n=1, cutoff=_NEAR)
            if near or (strict and key):
                kept.append(known[near[0]] if near else key)
            elif key:
                notes.append(f"The citation of “{key}” was taken out: it is not in the review.")
        space = found[0][0] if found[0][0] in "~ " else ""
        return f"{space}\\{found[1]}{found[2]}{{{','.join(dict.fromkeys(kept))}}}" if kept else ""

    return _CITE.sub(one, text)


def _drawn(text: str, figures: Collection[str], notes: list[str], *, strict: bool) -> str:
    """Figures that exist, by their right paths; others go with the whole float."""
    by_stem = {PurePosixPath(path).stem.casefold(): path for path in figures}

    def path_of(name: str) -> str:
        name = name.strip()
        return name if name in figures else by_stem.get(PurePosixPath(name).stem.casefold(), name if strict else "")

    def whole(found: re.Match[str]) -> str:
        names = [one[2] for one in _GRAPHICS.finditer(found[0])]
        missing = [name for name in names if not path_of(name)]
        if names and len(missing) == len(names):
            notes.append(f"The figure {missing[0].strip()} was taken out: there is no such file.")
            return ""
        return found[0]

    def one(found: re.Match[str]) -> str:
        path = path_of(found[2])
        return f"\\includegraphics{found[1] or ''}{{{path}}}" if path else ""

    return _GRAPHICS.sub(one, _FLOAT.sub(whole, text))


def _escaped(text: str) -> str:
    """Plain text with its special characters escaped; a `&` stays where it parts the cells of a table."""
    out: list[str] = []
    position = 0
    for table in _TABULAR.finditer(text):
        out += [_plain(text[position : table.start()], cells=False), _plain(table[0], cells=True)]
        position = table.end()
    return "".join([*out, _plain(text[position:], cells=False)])


def _plain(text: str, *, cells: bool) -> str:
    out: list[str] = []
    position = 0
    for apart in _APART.finditer(text):
        out += [_escape(text[position : apart.start()], cells=cells), _signs(apart[0], in_math=True)]
        position = apart.end()
    return "".join([*out, _escape(text[position:], cells=cells)])


def _escape(text: str, *, cells: bool) -> str:
    text = re.sub(r"(?<=[\w)])\^(\{[^{}\n]*\}|[\w+-])", r"\\textsuperscript{\1}", text)
    text = re.sub(r"(?<!\\)(?<=\d)(\s?)%", r"\1\\%", text)
    text = re.sub(r"(?<!\\)_", r"\\_", text)
    text = re.sub(r"(?<!\\)#(?!\d)", r"\\#", text)
    if not cells:
        text = re.sub(r"(?<!\\)&", r"\\&", text)
    return _signs(text, in_math=False)


def _signs(text: str, *, in_math: bool) -> str:
    """Letters and signs that our fonts lack, as commands."""
    if text.isascii():
        return text
    return "".join(_sign(one, in_math) if ord(one) > 0x17F else one for one in text)


def _sign(one: str, in_math: bool) -> str:
    written = escape(one)
    return written.strip("$") + " " if in_math and written.startswith("$") else written


def _closed(text: str) -> str:
    """Each environment begun and ended: an end without a beginning goes, a beginning without an end is ended."""
    opened: list[str] = []
    out: list[str] = []
    position = 0
    for found in _ENVIRONMENT.finditer(text):
        out.append(text[position : found.start()])
        position = found.end()
        if found[1] == "begin":
            opened.append(found[2])
        elif found[2] in opened:
            while opened[-1] != found[2]:
                out.append(f"\\end{{{opened.pop()}}}\n")
            opened.pop()
        else:
            continue
        out.append(found[0])
    ends = "".join(f"\n\\end{{{name}}}" for name in reversed(opened))
    return "".join([*out, text[position:]]).rstrip() + ends
