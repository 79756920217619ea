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


def _pairs(characters: str, commands: str) -> dict[str, str]:
    return dict(zip(characters, commands.split(), strict=True))


_ACCENTS = _pairs(
    "\u0300\u0301\u0302\u0303\u0304\u0306\u0307\u0308\u030a\u030b\u030c\u0323\u0327", "` ' ^ ~ = u . \" r H v d c"
)
_LETTERS = _pairs(
    "ßæÆœŒøØåÅłŁıȷđĐðÐþÞΑΒΕΖΗΙΚΜΝΟΡΤΥΧο",
    r"\ss{} \ae{} \AE{} \oe{} \OE{} \o{} \O{} \aa{} \AA{} \l{} \L{} \i{} \j{} d D d D th Th"
    " A B E Z H I K M N O P T Y X o",
)
_MARKS = _pairs(
    "–—−‐‑‘’‚“”„«»…•·§¶©®™°±×÷µ£€⁄",
    r"-- --- $-$ - - ` ' , `` '' ,, $\ll$ $\gg$ \ldots{} \textbullet{} \textperiodcentered{} \S{} \P{}"
    r" \copyright{} \textregistered{} \texttrademark{} $^\circ$ $\pm$ $\times$ $\div$ $\mu$ \pounds{} EUR /",
)
_SIGNS = _pairs(
    "αβγδεζηθικλμνξπρςστυφχψωΓΔΘΛΞΠΣΦΨΩ≤≥≠≈≡∼∝∞∈∉⊂⊆∪∩∅∀∃∇∂∑∏∫√→←↔⇒∧∨¬",
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho varsigma sigma tau upsilon phi chi"
    " psi omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega"
    " leq geq neq approx equiv sim propto infty in notin subset subseteq cup cap emptyset forall exists nabla"
    " partial sum prod int surd rightarrow leftarrow leftrightarrow Rightarrow wedge vee neg",
)


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
    return ""


def _decomposed(character: str) -> str:
    parts = unicodedata.normalize("NFKD", character)
    base, marks = parts[0], parts[1:]
    if base.isascii() and base.isalpha() and len(marks) == 1 and marks in _ACCENTS:
        return rf"\{_ACCENTS[marks]}{{{base}}}"
    if unicodedata.category(character)[0] in "CM":
        return ""
    if marks and all(unicodedata.combining(mark) for mark in marks):
        return _escaped(base)
    plain = "" if parts == character else "".join(map(_escaped, parts))
    if not plain or "(U+" in plain:
        return f"(U+{ord(character):04X})"
    kind = unicodedata.decomposition(character).partition(">")[0]
    return {"<super": rf"\textsuperscript{{{plain}}}", "<sub": rf"\textsubscript{{{plain}}}"}.get(kind, plain)
