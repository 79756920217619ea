"""Plain text made safe to stand in LaTeX."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_ASCII = {
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    "[": "{[}",  # a bracket would end an optional argument
    "]": "{]}",
    **{character: "\\" + character for character in "{}$&#%_"},
}
_ACCENTS = dict(
    zip(
        "\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u030b\u030c\u0323\u0327",
        ["`", "'", "^", "~", "=", "u", ".", '"', "r", "H", "v", "d", "c"],
        strict=True,
    )
)
_LETTERS = dict(
    zip(
        "ßæÆœŒøØåÅłŁıȷđĐðÐþÞ",
        r"\ss{} \ae{} \AE{} \oe{} \OE{} \o{} \O{} \aa{} \AA{} \l{} \L{} \i{} \j{} d D d D th Th".split(),
        strict=True,
    )
)
_MARKS = dict(
    zip(
        "–—−‐‑‘’‚“”„«»…•·§¶©®™°±×÷µ£€",
        r"-- --- $-$ - - ` ' , `` '' ,, $\ll$ $\gg$ \ldots{} \textbullet{} \textperiodcentered{} \S{} \P{}"
        r" \copyright{} \textregistered{} \texttrademark{} $^\circ$ $\pm$ $\times$ $\div$ $\mu$ \pounds{} EUR".split(),
        strict=True,
    )
)
_SIGNS = dict(
    zip(
        "≤≥≠≈≡∼∝∞∈∉⊂⊆∪∩∅∀∃∇∂∑∏∫√→←↔⇒∧∨¬",
        "leq geq neq approx equiv sim propto infty in notin subset subseteq cup cap emptyset forall exists nabla"
        " partial sum prod int surd rightarrow leftarrow leftrightarrow Rightarrow wedge vee neg".split(),
        strict=True,
    )
)
_GREEK = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau phi chi psi omega"


def escape(text: str) -> str:
    """Plain text as LaTeX that prints it: no active characters, one line, any engine.

    What no TeX font of ours can print becomes its code point, as `(U+4E2D)`; invisible characters are dropped.
    """
    line = re.sub(r"\s+", " ", unicodedata.normalize("NFC", text))
    # Two of these in a row are a ligature (`--` is a dash), so they are kept apart before anything else is translated.
    pieces = re.split(r"(?<=[-`',!?])(?=[-`'])", line)
    return "{}".join("".join(map(_escaped, piece)) for piece in pieces)


@lru_cache(maxsize=4096)
def _escaped(character: str) -> str:
    if character in _ASCII:
        return _ASCII[character]
    if " " <= character <= "~":
        return character
    return _letter(character) or _decomposed(character)


def _letter(character: str) -> str:
    if found := _LETTERS.get(character) or _MARKS.get(character):
        return found
    if sign := _SIGNS.get(character):
        return rf"$\{sign}$"
    name = unicodedata.name(character, "").split()
    greek = name[-1].lower() if len(name) == 4 and name[0] == "GREEK" else ""
    if greek.replace("lamda", "lambda") in _GREEK.split():
        return _greek(greek.replace("lamda", "lambda"), name[1] == "CAPITAL")
    return ""


def _greek(letter: str, capital: bool) -> str:
    if not capital:
        return rf"$\{letter}$"
    has_own_capital = letter in "gamma delta theta lambda xi pi sigma phi psi omega".split()
    return rf"$\{letter.capitalize()}$" if has_own_capital else letter[0].upper()


def _decomposed(character: str) -> str:
    parts = unicodedata.normalize("NFKD", character)
    base, marks = parts[0], parts[1:]
    if base.isascii() and base.isalpha() and len(marks) == 1 and marks in _ACCENTS:
        return rf"\{_ACCENTS[marks]}{{{base}}}"
    if unicodedata.category(character)[0] in "CM":
        return ""
    if parts == character or not parts.isascii():
        return f"(U+{ord(character):04X})"
    plain = "".join(map(_escaped, parts))
    kind = unicodedata.decomposition(character).partition(">")[0]
    return {"<super": rf"\textsuperscript{{{plain}}}", "<sub": rf"\textsubscript{{{plain}}}"}.get(kind, plain)
