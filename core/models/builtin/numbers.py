"""Which decimal numbers of a report were measured, or are computed from measured ones in view."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from typing import Any

_SKIPPED = re.compile(
    r"(?<!\\)%.*|\\(?:includegraphics|begin\{tabular\})(?:\[[^\]]*\])?\{[^\n]*|\\[A-Za-z]*(?:cite|ref|label)[A-Za-z]*\*?"
    r"(?:\[[^\]]*\])*\{[^}]*\}|[0-9.]+\s*\\(?:linewidth|textwidth|columnwidth)|\[[0-9.]+(?:ex|em|pt|mm|cm)\]"
)
_DECIMAL = re.compile(r"(?<![\w.])-?\d+\.\d+(?![\w.]*\w)")
_NUMBER = r"(-?\d+(?:\.\d+)?)"
_EQUATION = re.compile(rf"{_NUMBER}\s*([-+/*])\s*{_NUMBER}\s*=\s*{_NUMBER}")


def unsupported(report: str, sources: Any, words: str = "") -> list[str]:
    """The decimal numbers in a report that are neither in `sources`, nor in `words`, nor the result of a sum in view.

    `sources` is anything made of mappings, lists and numbers, such as the content of metrics.json; a number counts
    when it is one of them, or a hundred times one, in the digits printed. Integers are not looked at.
    """
    text = _body(report)
    known = sorted({abs(value) for value in _numbers(sources)})
    allowed = {token.lstrip("-") for token in _DECIMAL.findall(words)}
    computed = set(_computed(text))
    missing = []
    for match in _DECIMAL.finditer(text):
        token = match[0].lstrip("-")
        if token not in allowed and match.start() not in computed and not _among(token, known):
            missing.append(match[0])
    return list(dict.fromkeys(missing))


def _body(report: str) -> str:
    start, end = report.find(r"\begin{document}"), report.find(r"\end{document}")
    text = _SKIPPED.sub(" ", report[max(start, 0) : end if end >= 0 else len(report)])
    text = text.replace(r"$-$", "-").replace("−", "-").replace(r"$\times$", "*")
    return re.sub(r"[{}$~]|\\[,;!]", " ", text)


def _among(token: str, known: list[float]) -> bool:
    digits, value = len(token.partition(".")[2]), float(token)
    near = 0.5000001 * 10**-digits
    for scale in (1, 100):
        place = bisect_left(known, (value - near) / scale)
        if place < len(known) and known[place] <= (value + near) / scale:
            return True
    return False


def _computed(text: str) -> Iterator[int]:
    """Where the results of sums in view stand that come out as printed."""
    for match in _EQUATION.finditer(text):
        a, b, result = float(match[1]), float(match[3]), float(match[4])
        if match[2] == "/" and b == 0:
            continue
        value = {"-": a - b, "+": a + b, "*": a * b, "/": a / b if b else 0.0}[match[2]]
        digits = len(match[4].partition(".")[2])
        if abs(value - result) <= 0.5000001 * 10**-digits:
            yield match.start(4)


def _numbers(value: Any) -> Iterator[float]:
    if isinstance(value, bool):
        return
    if isinstance(value, int | float):
        yield float(value)
    elif isinstance(value, str):
        yield from (float(token) for token in re.findall(r"\d+\.\d+", value))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _numbers(key)
            yield from _numbers(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _numbers(item)
