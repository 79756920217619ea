"""Which data sets of the Hub a program names, read from its text: the program itself is not run for that."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from core.clean import clean
from core.errors import DataError

LOCAL = frozenset({"arrow", "csv", "imagefolder", "json", "pandas", "parquet", "text"})
"""What `load_dataset` reads from files of the project."""

_LOADERS = ("load_dataset", "load_dataset_builder")
_POSITIONS = ("path", "name", "data_dir", "data_files", "split")
_HARMLESS = {"split", "streaming", "num_proc", "keep_in_memory", "verification_mode", "download_mode", "save_infos"}
_REPO = re.compile(r"[A-Za-z0-9][\w.-]{0,95}(?:/[A-Za-z0-9][\w.-]{0,95})?")
_MOST_FILES = 100


@dataclass(frozen=True, slots=True)
class Use:
    """One data set as a program asks for it: what `load_dataset` is given; an empty text stands for its default.

    `files` is `data_files` as JSON.
    """

    repo: str
    config: str = ""
    split: str = ""
    files: str = ""
    folder: str = ""
    revision: str = ""

    @property
    def words(self) -> str:
        """The use as a person reads it."""
        return self.repo + (f" ({_short(self.config)})" if self.config else "")


def uses(text: str) -> tuple[Use, ...]:
    """The data sets that the program `text` loads from the Hub, each once, in the program's order.

    Raises DataError, for the agent to read, when a call does not say plainly which set it wants or asks for what is
    never done. A text that is no Python names none: running it says what is wrong.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    functions, modules = _names(tree)
    constants = _constants(tree)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _loads(node.func, functions, modules)]
    calls.sort(key=lambda call: (call.lineno, call.col_offset))
    found = [_use(call, constants) for call in calls]
    return tuple(dict.fromkeys(use for use in found if use))


def _names(tree: ast.AST) -> tuple[set[str], set[str]]:
    """The names by which the program calls the loaders, and the module `datasets`."""
    functions: set[str] = set()
    modules: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "datasets" and not node.level:
            for alias in node.names:
                functions |= set(_LOADERS) if alias.name == "*" else set()
                functions |= {alias.asname or alias.name} if alias.name in _LOADERS else set()
        elif isinstance(node, ast.Import):
            modules |= {alias.asname or "datasets" for alias in node.names if alias.name.split(".")[0] == "datasets"}
    return functions, modules


def _loads(called: ast.expr, functions: set[str], modules: set[str]) -> bool:
    if isinstance(called, ast.Name):
        return called.id in functions
    if not isinstance(called, ast.Attribute) or called.attr not in _LOADERS:
        return False
    first = called.value
    while isinstance(first, ast.Attribute):
        first = first.value
    return isinstance(first, ast.Name) and first.id in modules


def _constants(tree: ast.AST) -> dict[str, ast.expr]:
    """Names that are bound once in the whole program, to a text."""
    bound: dict[str, int] = {}
    values: dict[str, ast.expr] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound[node.id] = bound.get(node.id, 0) + 1
        elif isinstance(node, ast.arg):
            bound[node.arg] = bound.get(node.arg, 0) + 1
        elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            values[node.targets[0].id] = node.value
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            values[node.target.id] = node.value
    return {name: value for name, value in values.items() if bound[name] == 1 and isinstance(value, ast.Constant)}


def _use(call: ast.Call, constants: dict[str, ast.expr]) -> Use | None:
    """What the call loads from the Hub; None when it reads files of the project."""
    given = _given(call)
    path = _text(given.get("path"), "the name of the data set", call, constants)
    if path in LOCAL:
        _check_local(path, given, call, constants)
        return None
    if path.startswith((".", "/", "~", "data/")):
        return None
    if not _REPO.fullmatch(path) or ".." in path:
        raise _refused(call, f"{_short(path)} is not the name of a data set on the Hub", 'Write "org/name".')
    _check_asked(given, call)
    return Use(
        path,
        _text(given.get("name"), "the configuration", call, constants),
        _text(given.get("split"), "", call, constants),
        _files(given.get("data_files"), call, constants),
        _text(given.get("data_dir"), "data_dir", call, constants),
        _text(given.get("revision"), "the revision", call, constants),
    )


def _given(call: ast.Call) -> dict[str, ast.expr]:
    if any(isinstance(one, ast.Starred) for one in call.args) or any(one.arg is None for one in call.keywords):
        raise _refused(call, "its arguments are not written out", "Write them out, without * and **.")
    if len(call.args) > len(_POSITIONS):
        raise _refused(call, "it has too many arguments without a name", "Name them.")
    given = dict(zip(_POSITIONS, call.args, strict=False))
    return given | {one.arg: one.value for one in call.keywords if one.arg}


def _check_asked(given: dict[str, ast.expr], call: ast.Call) -> None:
    plain = {name for name, value in given.items() if isinstance(value, ast.Constant) and value.value in (None, False)}
    if "trust_remote_code" in given and "trust_remote_code" not in plain:
        raise _refused(call, "no code of a data set is ever run", "Leave trust_remote_code out.")
    known = {*_POSITIONS, *_HARMLESS, "revision"}
    if odd := sorted(set(given) - known - plain):
        raise _refused(
            call, f"a data set is fetched as it is, without {', '.join(map(_short, odd))}", "Leave that out."
        )


def _check_local(path: str, given: dict[str, ast.expr], call: ast.Call, constants: dict[str, ast.expr]) -> None:
    for name in ("data_files", "data_dir"):
        try:
            value = json.dumps(_value(given.get(name), constants))
        except (ValueError, TypeError):
            continue
        if "://" in value:
            raise _refused(
                call, f"programs have no network, so {path!r} cannot read {name} from an address",
                'Load a data set of the Hub by its name, load_dataset("org/name").',
            )  # fmt: skip


def _files(node: ast.expr | None, call: ast.Call, constants: dict[str, ast.expr]) -> str:
    try:
        value = _value(node, constants)
    except ValueError as error:
        raise _refused(call, "data_files is not written out", "Write the names of the files as literals.") from error
    if value is None:
        return ""
    names = list(_leaves(value))
    if not names or len(names) > _MOST_FILES or not all(isinstance(one, str) and "://" not in one for one in names):
        raise _refused(call, "data_files does not name files of the set", "Give paths inside the data set.")
    return json.dumps(value, sort_keys=True)


def _leaves(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for one in value:
            yield from _leaves(one)
    else:
        yield value


def _text(node: ast.expr | None, what: str, call: ast.Call, constants: dict[str, ast.expr]) -> str:
    """The text of an argument; `what` names it in a refusal, an argument without a name need not be written out."""
    try:
        value = _value(node, constants)
    except ValueError as error:
        if not what:
            return ""
        raise _refused(call, f"{what} is not written out", "Write it as a text in quotes in the call.") from error
    if value is not None and not isinstance(value, str):
        if not what:
            return ""
        raise _refused(call, f"{what} is not a text", "Write it as a text in quotes in the call.")
    if what == "the name of the data set" and not value:
        raise _refused(call, "it names no data set", 'Write load_dataset("org/name").')
    return value or ""


def _value(node: ast.expr | None, constants: dict[str, ast.expr]) -> Any:
    """The value of a literal or of a name that stands for one; ValueError for anything else."""
    if node is None:
        return None
    if isinstance(node, ast.Name) and node.id in constants:
        node = constants[node.id]
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError) as error:
        raise ValueError("not a literal") from error


def _refused(call: ast.Call, why: str, hint: str) -> DataError:
    return DataError(f"load_dataset in line {call.lineno}: {why}.", hint)


def _short(text: str) -> str:
    text = " ".join(clean(text).split())
    return text if len(text) <= 60 else text[:59] + "…"
