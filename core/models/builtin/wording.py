"""How numbers, levels and names are written, once for Markdown and once for LaTeX."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal

from core.latex.escape import escape
from core.models.builtin.evidence import Evidence

_WIDE = Context(prec=400)
_SINGULAR = ("bayes", "ss", "sis", "us")


def number(value: float) -> str:
    """A measured number with three decimals, e.g. `0.955` or `−0.012`."""
    return _show(_rounded(value))


def spread(mean: float, std: float) -> str:
    """Mean and standard deviation, e.g. `0.955 ± 0.004`."""
    return f"{number(mean)} ± {number(std)}"


def interval(low: float, high: float) -> str:
    """An interval in words, e.g. `0.024 to 0.038`; on which side of zero a bound lies can be seen."""
    return f"{bound(low)} to {bound(high)}"


def bound(value: float) -> str:
    """A bound of an interval: three decimals, or as many as show that it is not zero, at most seven."""
    places = next((n for n in range(3, 8) if _rounded(value, f"1e-{n}")), 3)
    return _show(_rounded(value, f"1e-{places}"))


def minus(a: float, b: float) -> str:
    """A difference in view, exact in the digits shown, e.g. `0.955 − 0.912 = 0.043`."""
    x, y = _rounded(a), _rounded(b)
    return f"{_show(x)} − {_show(y)} = {_show(x - y)}"


def ratio(a: float, b: float) -> str:
    """A quotient in view of two measured numbers, e.g. `0.0312 / 0.0060 = 5.2`; `b` must not round to zero."""
    x, y = _rounded(a, "0.0001"), _rounded(b, "0.0001")
    return f"{_show(x)} / {_show(y)} = {_show((x / y).quantize(Decimal('0.1'), context=_WIDE))}"


def is_zero(value: float) -> bool:
    """Whether a number shows as 0.000."""
    return _rounded(value) == 0


def count(n: int, noun: str) -> str:
    """A number of things, e.g. `1 seed`, `5 seeds`."""
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def listed(items: Sequence[str], last: str = "and") -> str:
    """Items as a sentence lists them: `a`, `a and b`, `a, b, and c`."""
    if len(items) < 3:
        return f" {last} ".join(items)
    return f"{', '.join(items[:-1])}, {last} {items[-1]}"


def sentence(text: str) -> str:
    """The text with a capital first letter."""
    return text[:1].upper() + text[1:]


def plural(name: str) -> bool:
    """Whether a name takes a plural verb, e.g. `extra trees` but not `naive Bayes`."""
    low = name.lower()
    return low.endswith("s") and not low.endswith(_SINGULAR)


def verb(name: str, singular: str, many: str) -> str:
    """A name with its verb, e.g. `random forest loses`, `extra trees lose`."""
    return f"{name} {many if plural(name) else singular}"


def metric_name(metric: str) -> str:
    """A metric as text shows it: `R2` becomes `R²`."""
    return "R²" if metric in {"R2", "r2"} else metric


def short_level(evidence: Evidence, level: float) -> str:
    """A level as a table heads it, e.g. `20 %`, `0.5 sd`."""
    if evidence.factor == "training size" or (evidence.factor == "label noise" and evidence.task != "regression"):
        return f"{level * 100:g} %"
    return f"{level:g} sd" if evidence.factor in {"feature noise", "label noise"} else f"{level:g}"


def at_level(evidence: Evidence, level: float) -> str:
    """A level in a sentence, e.g. `at 20 % label noise`, `with all training rows`."""
    first = level == evidence.start
    match evidence.factor:
        case "label noise" if evidence.task == "regression":
            return "on clean targets" if level == 0 else f"with target noise of {_deviations(level)}"
        case "label noise":
            return "without label noise" if level == 0 else f"at {short_level(evidence, level)} label noise"
        case "training size":
            share = "all" if first and level == 1 else f"{short_level(evidence, level)} of the"
            return f"with {share} training rows"
        case "feature noise":
            return "on clean features" if level == 0 else f"with feature noise of {_deviations(level)}"
        case _:
            return f"at {evidence.factor or 'level'} {level:g}" if evidence.varied else "on the test rows"


def span(evidence: Evidence) -> str:
    """The range of the factor, e.g. `when label noise rises from 0 % to 40 %`."""
    ends = f"from {short_level(evidence, evidence.start)} to {short_level(evidence, evidence.end)}"
    if evidence.factor == "training size":
        return f"when the share of training rows falls {ends}"
    return f"when {evidence.factor or 'the factor'} rises {ends}"


def under_factor(evidence: Evidence) -> str:
    """The factor as what models suffer, e.g. `as label noise grows`."""
    return {
        "training size": "as training rows are taken away",
        "label noise": "as label noise grows",
        "feature noise": "as feature noise grows",
    }.get(evidence.factor, f"as {evidence.factor or 'the level'} grows")


def tex(text: str) -> str:
    """Plain text as LaTeX, every special character escaped."""
    return escape(text).replace(r" $\pm$ ", r"~$\pm$~").replace(r" \%", r"\,\%")


def words(text: str) -> int:
    """How many words a piece of text or LaTeX holds, commands and maths not counted."""
    bare = re.sub(r"\\[A-Za-z]+\*?(\[[^\]]*\])?|\$[^$]*\$|[{}&\\~]", " ", text)
    return len(re.findall(r"[A-Za-zÀ-ž][\w'’-]*", bare))


def _deviations(level: float) -> str:
    return f"{level:g} standard deviation{'s' * (level != 1)}"


def _rounded(value: float, unit: str = "0.001") -> Decimal:
    result = Decimal(repr(float(value))).quantize(Decimal(unit), ROUND_HALF_EVEN, _WIDE)
    return result if result else abs(result)


def _show(value: Decimal) -> str:
    return str(value).replace("-", "−")
