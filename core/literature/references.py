"""The report's list of references, written by us: no BibTeX program comes with the bundled engine."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from urllib.parse import quote

from core.latex.escape import escape
from core.literature.records import Name, Record, read_records

MOST_AUTHORS = 10
"""Authors that are named in an entry before `et al.`"""

_CITE = re.compile(r"\\([A-Za-z]*cite[A-Za-z]*)\*?\s*(?:\[[^\]]*\]\s*){0,2}\{([^{}]*)\}", re.IGNORECASE)
_NOT_CITATIONS = frozenset({"bibcite", "citestyle", "setcitestyle", "citetext", "defcitealias"})
_UNREAD = re.compile(r"\\begin\{(verbatim|lstlisting)\*?\}.*?\\end\{\1\*?\}", re.DOTALL)
_COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)%.*")
_KEY = re.compile(r"[^\s\\{}#%,~$&^]+\Z")


def cited_keys(tex: str) -> list[str]:
    """The keys that the document cites, by any command of the `\\cite` family, in order of first appearance."""
    body = _UNREAD.sub("", _COMMENT.sub(r"\1", re.split(r"\\begin\{document\}", tex, maxsplit=1)[-1]))
    found = (keys for command, keys in _CITE.findall(body) if command.lower() not in _NOT_CITATIONS)
    keys = (key.strip() for group in found for key in group.split(","))
    return list(dict.fromkeys(key for key in keys if _KEY.match(key) and key != "*"))


def unresolved(tex: str, bib_text: str) -> list[str]:
    """The cited keys that `bib_text` has no record of, in order of first appearance."""
    known = {record.key for record in read_records(bib_text)}
    return [key for key in cited_keys(tex) if key not in known]


def thebibliography(bib_text: str, cited: Collection[str]) -> str:
    """`references.tex`: the cited records, by author, with `[Authors(Year)]` labels that natbib understands.

    Only a comment when nothing that is cited is known, since LaTeX takes an empty list for an error.
    """
    wanted = [record for record in read_records(bib_text) if record.key in set(cited) and _KEY.match(record.key)]
    records = sorted(wanted, key=lambda record: (_sort_name(record), _year(record), record.fields.get("title", "")))
    if not records:
        return "% No cited record is known.\n"
    years = _years(records)
    items = "\n".join(_item(record, years[record.key]) for record in records)
    return (
        "% Written by labtop from literature/references.bib: what is changed here is lost.\n"
        "\\providecommand{\\href}[2]{#2}\\providecommand{\\url}[1]{\\texttt{#1}}\n"
        f"\\begin{{thebibliography}}{{{len(records)}}}\n\n{items}\n\\end{{thebibliography}}\n"
    )


def _item(record: Record, year: str) -> str:
    title = escape(record.fields.get("title", "")).rstrip(".")
    lines = [f"\\bibitem[{_short(record)}({year})]{{{record.key}}}"]
    lines += [f"{authors}."] if (authors := _names(record.authors)) else []
    lines += [f"\\newblock {title}."] if title else []
    lines += [f"\\newblock {_published(record, year)}."]
    lines += [f"\\newblock {link}."] if (link := _link(record)) else []
    return "\n".join(lines) + "\n"


def _published(record: Record, year: str) -> str:
    fields = record.fields
    venue = escape(record.venue)
    inside = "In " if record.kind in ("inproceedings", "incollection") and venue else ""
    volume = escape(fields.get("volume", ""))
    number = f"({escape(fields['number'])})" if volume and fields.get("number") else ""
    pages = escape(fields.get("pages", "").replace("–", "--")).replace("-{}-", "--")
    place = f"{volume}{number}" + (f":{pages}" if volume and pages else "")
    rest = [place] if place else [f"pages {pages}"] if pages else []
    return ", ".join([f"{inside}\\emph{{{venue}}}", *rest, year] if venue else [*rest, year])


def _link(record: Record) -> str:
    if doi := record.fields.get("doi"):
        return f"\\href{{https://doi.org/{_address(doi)}}}{{doi:{_breakable(doi)}}}"
    if record.arxiv:
        return f"\\href{{https://arxiv.org/abs/{_address(record.arxiv)}}}{{arXiv:{escape(record.arxiv)}}}"
    return f"\\href{{{_address(record.url)}}}{{{_breakable(record.url)}}}" if record.url else ""


def _address(url: str) -> str:
    """The address with nothing left in it that TeX would act on."""
    return re.sub(r"([%#&_])", r"\\\1", quote(url, safe="/:?&=+,;@.%#_-()!*'"))


def _breakable(url: str) -> str:
    return re.sub(r"(?<=/)(?=\w)", r"\\allowbreak{}", escape(url))


def _names(authors: Sequence[Name]) -> str:
    names = [escape(str(author)).replace(" ", "~", 1) if author.first else escape(author.last) for author in authors]
    if len(names) > MOST_AUTHORS:
        return ", ".join(names[:MOST_AUTHORS]) + ", et~al"
    if len(names) > 2:
        return ", ".join(names[:-1]) + f", and {names[-1]}"
    return " and ".join(names)


def _short(record: Record) -> str:
    """How the text names it, e.g. `Lu et al.`; parentheses would end the label."""
    last = [re.sub(r"[()]", "", author.last) for author in record.authors] or [record.key]
    if last[-1].lower() == "others" or len(last) > 2:
        return f"{escape(last[0])} et~al."
    return " and ".join(escape(name) for name in last)


def _years(records: Sequence[Record]) -> Mapping[str, str]:
    """The year by key, with a letter where two records would be cited alike."""
    labels = [(_short(record), _year(record)) for record in records]
    common, seen = Counter(labels), Counter[tuple[str, str]]()
    years = {}
    for record, label in zip(records, labels, strict=True):
        letter = chr(ord("a") + seen[label] % 26) if common[label] > 1 else ""
        seen[label] += 1
        years[record.key] = label[1] + letter
    return years


def _year(record: Record) -> str:
    found = re.search(r"\d{4}", record.fields.get("year", "") or record.fields.get("date", ""))
    return found[0] if found else "n.d."


def _sort_name(record: Record) -> str:
    names = [f"{author.last} {author.first}" for author in record.authors]
    return " ".join(names or [record.key]).casefold()
