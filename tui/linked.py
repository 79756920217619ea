"""Addresses that a terminal may open (OSC 8): checked, and always with the address itself as their text."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from textual.content import Content
from textual.style import Style

LONGEST = 500
"""Characters that an address may have."""

_ARXIV = re.compile(r"(?:arxiv:)?((?:\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7})(?:v\d{1,2})?)", re.IGNORECASE)
_DOI = re.compile(r"(?:doi:|https?://(?:dx\.)?doi\.org/)?(10\.\d{4,9}/[^\s\"<>\\^`{|}]+)", re.IGNORECASE)
_WITHIN = re.compile(rf"https?://[!-~]+|\barxiv:[\w./-]+|{_DOI.pattern}", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://[!-~]+")


def checked(address: str) -> str:
    """The address if it is plain http(s) to a named host, with no user, escape or blank in it; else nothing."""
    if len(address) > LONGEST or not _ADDRESS.fullmatch(address):
        return ""
    try:
        parts = urlsplit(address)
        sound = bool(parts.hostname) and "@" not in parts.netloc and (parts.port is None or parts.port > 0)
    except ValueError:
        return ""
    return address if sound else ""


def address_of(name: str) -> str:
    """Where a paper can be read: of an arXiv number, a DOI or an address; nothing for anything else."""
    text = name.strip()
    if len(text) > LONGEST:
        return ""
    if found := _ARXIV.fullmatch(text):
        return f"https://arxiv.org/abs/{found[1]}"
    if found := _DOI.fullmatch(text):
        return checked(f"https://doi.org/{quote(found[1], safe='/:;().-_')}")
    return checked(text)


def linked(text: Content, name: str) -> Content:
    """Text that the terminal may open, if it is a sound address, an arXiv number or a DOI; else as it was.

    `text` has to show `name`, or a part of it: what is seen is what is opened, never other words.
    """
    address = address_of(name)
    return text.stylize(Style(link=address)) if address else text


def with_links(line: Content) -> Content:
    """A line of a report with the addresses in it to be opened; one that the line's end may have cut is left alone."""
    for found in _WITHIN.finditer(line.plain):
        name = found[0].rstrip(".,;:)]")
        end = found.start() + len(name)
        address = address_of(name)
        if address and (end < len(line.plain.rstrip()) or _ARXIV.fullmatch(name)):
            line = line.stylize(Style(link=address), found.start(), end)
    return line
