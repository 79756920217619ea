"""Text from outside (models, papers, programs, LaTeX) made safe to show in a terminal."""

from __future__ import annotations

import re

LONGEST_LINE = 4000
"""Characters that are kept of one line; what follows is cut and marked with an ellipsis."""

_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*+[ -/]*+[@-~]?"  # CSI
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])(?:[^\x07\n\x1b\x80-\x9f]*+(?:\x07|\x1b\\|\x9c))?"  # OSC, DCS, SOS, PM, APC
    r"|\x1b[ -/]*+[0-~]?"
)
_UNSEEN = re.compile(
    "[\x80-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e01ef]"
)
_LINE_ENDS = re.compile(r"\r\n|[\u2028\u2029]")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_TOO_LONG = re.compile(rf"[^\n]{{{LONGEST_LINE + 1}}}")
_SUSPICIOUS = re.compile(f"{_UNSEEN.pattern}|{_CONTROLS.pattern}|[\u2028\u2029]|{_TOO_LONG.pattern}")


def clean(text: str) -> str:
    """Return `text` without escape sequences, control, bidirectional and invisible characters, in linear time.

    An escape string that is never ended loses its introducer only, so that it cannot swallow what follows. Control
    characters become their visible symbols; a line that was overwritten after a carriage return keeps what it showed
    last.
    """
    if not _SUSPICIOUS.search(text):
        return text
    text = _LINE_ENDS.sub("\n", _ESCAPES.sub("", text))
    text = _UNSEEN.sub("", text)
    return "\n".join(_clean_line(line) for line in text.split("\n"))


def decode(data: bytes) -> str:
    """Read what a program printed as UTF-8, whatever it is, and clean it."""
    return clean(data.decode("utf-8", errors="replace"))


def _clean_line(line: str) -> str:
    if "\r" in line:
        line = next((shown for shown in reversed(line.split("\r")) if shown), "")
    line = _CONTROLS.sub(_symbol, line)
    return line if len(line) <= LONGEST_LINE else line[: LONGEST_LINE - 1] + "…"


def _symbol(match: re.Match[str]) -> str:
    code = ord(match[0])
    return "\u2421" if code == 0x7F else chr(0x2400 + code)
