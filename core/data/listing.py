"""What a search of the Hub found, as text for the agents: what each set is, and which cannot be had."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from core.clean import clean

_MOST_COLUMNS = 30
_MOST_CONFIGS = 8
_LONGEST_ROW = 400


def listing(found: Mapping[str, Any], largest_mb: int) -> str:
    """The sets of `found` (core.data.hub.Found) as Markdown; `largest_mb` is what may be fetched."""
    sets = found["sets"]
    if not sets:
        return f"The Hugging Face Hub was not searched: {_line(found['problem'])}." if found["problem"] else (
            "Nothing on the Hugging Face Hub fits. Its search looks at names only: try one or two words."
        )  # fmt: skip
    texts = [_entry(one, largest_mb, whole=len(sets) == 1) for one in sets]
    more = (
        "" if len(sets) == 1 else '\nSEARCH_HF with one exact name ("owner/name") shows its columns, splits and rows.'
    )
    return (
        "On the Hugging Face Hub:\n\n"
        + "\n".join(texts)
        + f'\n\nA program loads one by `load_dataset("owner/name")`.{more}'
    )


def _entry(one: Mapping[str, Any], largest_mb: int, *, whole: bool) -> str:
    facts = [
        f"{one['bytes'] / 1e6:,.1f} MB" if one["bytes"] else "size not told",
        f"{_line(one['size'])} rows" if one["size"] else "",
        f"licence {_line(one['licence'])}" if one["licence"] else "licence not told",
        f"{one['downloads']:,} downloads",
        ", ".join(map(_line, one["tasks"])),
    ]
    cannot = _cannot(one, largest_mb)
    lines = [
        f"- **{_line(one['id'])}**: {'; '.join(fact for fact in facts if fact)}",
        *([f"  {cannot}"] if cannot else []),
    ]
    configs = one["configs"][: _MOST_CONFIGS if whole else 1]
    lines += [f"  {_config(config)}" for config in configs]
    if len(configs) < len(one["configs"]):
        lines.append(f"  and {len(one['configs']) - len(configs)} more configurations")
    if whole and one["about"]:
        lines.append(f"  about: {_line(one['about'])}")
    lines += [f"  a row of train: {_line(json.dumps(row, ensure_ascii=False))[:_LONGEST_ROW]}" for row in one["rows"]]
    return "\n".join(lines)


def _cannot(one: Mapping[str, Any], largest_mb: int) -> str:
    """Why the set cannot be fetched, as far as it is known before trying."""
    if one["closed"]:
        return "cannot be had: private or disabled"
    if one["gated"]:
        return "gated: can be had only with the owner's leave (HF_TOKEN)"
    if one["script"]:
        return "cannot be had: it is a script, and no code of a data set is run"
    if one["bytes"] > largest_mb * 10**6 and len(one["configs"]) < 2:
        return f"cannot be had: larger than the {largest_mb:,} MB of hub_mb in lab.toml"
    return ""


def _config(config: Mapping[str, Any]) -> str:
    splits = ", ".join(f"{_line(name)} {rows:,}" for name, rows in config["splits"])
    columns = ", ".join(f"{_line(name)} ({_line(kind)})" for name, kind in config["columns"][:_MOST_COLUMNS])
    more = len(config["columns"]) - _MOST_COLUMNS
    columns += f" and {more} more" if more > 0 else ""
    parts = [f"rows: {splits}" if splits else "", f"columns: {columns}" if columns else ""]
    said = "; ".join(part for part in parts if part) or "columns not told"
    return f"configuration {_line(config['name'])}: {said}"


def _line(text: Any) -> str:
    return " ".join(clean(str(text)).split())
