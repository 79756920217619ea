"""Programs as text that can be changed in place: constants, the table of models, functions, imports.

Whatever a person or an earlier step has written around these places stays as it is.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from core.commands import Edit, Replace

LONGEST_EDIT = 80
"""Lines that one EDIT may replace before it is clearer to hand in the whole program."""


@dataclass(frozen=True, slots=True)
class Model:
    """One entry of a program's `models`: its lines (1-based, inclusive) and its estimator's arguments as source.

    A tuned entry tries several values of one argument: `loops` is (variable, source of the tuple of values).
    """

    name: str
    first: int
    last: int
    estimator: str
    arguments: Mapping[str, str]
    loop: tuple[str, tuple[str, ...]] | None = None


@lru_cache(maxsize=32)
def parsed(text: str) -> ast.Module | None:
    """The program's syntax tree, None when it is not valid Python. Not to be changed: it is remembered."""
    if "\r" in text:  # the parser ends lines there, EDIT does not
        return None
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def constant(text: str, name: str) -> str | None:
    """The source of a top-level constant's value."""
    node = _assignment(text, name)
    return _source(text, node.value) if node else None


def literal(text: str, name: str) -> object:
    """The value of a top-level constant, None when it is not there or not a literal."""
    node = _assignment(text, name)
    try:
        return ast.literal_eval(node.value) if node else None
    except ValueError:
        return None


def with_constant(text: str, name: str, value: str) -> str | None:
    """The program with another value for a top-level constant; a comment behind it stays."""
    node = _assignment(text, name)
    if node is None:
        return None
    comment = _comment(text.split("\n")[(node.value.end_lineno or node.lineno) - 1][_end(text, node.value) :])
    return with_lines(text, node.lineno, node.end_lineno or node.lineno, constant_text(name, value, comment))


def constant_text(name: str, value: str, comment: str = "") -> str:
    """The definition of a constant, a tuple that is too long for a line over several; `comment` with its `  #`."""
    line = f"{name} = {value}{comment}\n"
    tree = parsed(line)
    if len(line) <= 121 or "\n" in value or tree is None:
        return line
    items = getattr(getattr(tree.body[0], "value", None), "elts", None)
    if not items:
        return line
    return f"{name} = (\n" + "".join(f"    {_source(line, item)},\n" for item in items) + f"){comment}\n"


@lru_cache(maxsize=32)
def models(text: str) -> Mapping[str, Model]:
    """The entries of the dictionary that the program's function `models` returns; those not understood are left out."""
    node = _function(text, "models")
    table = next((n.value for n in ast.walk(node) if isinstance(n, ast.Return)), None) if node else None
    if not isinstance(table, ast.Dict):
        return {}
    found = {}
    for key, value in zip(table.keys, table.values, strict=True):
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            entry = _entry(text, key, key.value, value)
            if entry:
                found[entry.name] = entry
    return found


def with_model(text: str, model: Model) -> str | None:
    """The program with the lines of one entry written anew from its arguments."""
    known = models(text).get(model.name)
    if known is None:
        return None
    return with_lines(
        text, known.first, known.last, entry_text(model.name, model.estimator, model.arguments, model.loop)
    )


def entry_text(
    name: str, estimator: str, arguments: Mapping[str, str], loop: tuple[str, tuple[str, ...]] | None = None
) -> str:
    """The line of one entry of `models`, ending in a newline."""
    call = f"{estimator}({', '.join(f'{key}={value}' for key, value in arguments.items())})"
    if loop is None:
        return f'        "{name}": [{call}],\n'
    variable, values = loop
    line = f'        "{name}": [{call} for {variable} in ({", ".join(values)})],\n'
    if len(line) <= 120:
        return line
    return f'        "{name}": [\n            {call}\n            for {variable} in ({", ".join(values)})\n        ],\n'


def with_function(text: str, name: str, source: str) -> str | None:
    """The program with another definition of a top-level function."""
    node = _function(text, name)
    if node is None:
        return None
    return with_lines(text, node.lineno, node.end_lineno or node.lineno, source.strip("\n") + "\n")


def with_imports(text: str, names: Mapping[str, str]) -> str | None:
    """The program with more names imported from scikit-learn: names is {imported name: module below sklearn}."""
    tree = parsed(text)
    if tree is None:
        return None
    for name, module in sorted(names.items()):
        full = f"sklearn.{module}"
        nodes = [n for n in (parsed(text) or tree).body if isinstance(n, ast.ImportFrom) and n.module]
        node = next((n for n in nodes if n.module == full), None)
        if node:
            imported = sorted({alias.name for alias in node.names} | {name}, key=_import_order)
            line = import_text(module, imported)
            text = with_lines(text, node.lineno, node.end_lineno or node.lineno, line)
        elif nodes:
            before = [n for n in nodes if (n.module or "") < full and (n.module or "").startswith("sklearn")]
            after = before[-1] if before else nodes[0]
            at = (after.end_lineno or after.lineno) + 1
            text = with_lines(text, at, at - 1, import_text(module, [name]))
        else:
            return None
    return text


def without_import(text: str, name: str) -> str:
    """The program without the import of a scikit-learn name that nothing in it uses any more."""
    tree = parsed(text)
    if tree is None or any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(tree)):
        return text
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and name in [alias.name for alias in node.names]:
            left = [alias.name for alias in node.names if alias.name != name]
            line = import_text((node.module or "").removeprefix("sklearn."), left) if left else ""
            return with_lines(text, node.lineno, node.end_lineno or node.lineno, line)
    return text


def import_text(module: str, names: list[str]) -> str:
    """One import line, in brackets when it is too long."""
    line = f"from sklearn.{module} import {', '.join(names)}\n"
    if len(line) <= 121:
        return line
    return f"from sklearn.{module} import (\n" + "".join(f"    {name},\n" for name in names) + ")\n"


def function_before(text: str, name: str, source: str) -> str | None:
    """The program with a new top-level function in front of another."""
    node = _function(text, name)
    return with_lines(text, node.lineno, node.lineno - 1, source.strip("\n") + "\n\n\n") if node else None


def has_function(text: str, name: str) -> bool:
    """Whether the program defines that function at top level."""
    return _function(text, name) is not None


def with_lines(text: str, first: int, last: int, new: str) -> str:
    """The text with its lines `first` to `last` replaced; `last = first - 1` inserts."""
    lines = text.split("\n")
    added = new.split("\n")[:-1] if new.endswith("\n") else new.split("\n") if new else []
    return "\n".join([*lines[: first - 1], *added, *lines[last:]])


def chained(text: str, *changes: Callable[[str], str | None]) -> str | None:
    """One change after another; None when one of them finds no place."""
    result: str | None = text
    for change in changes:
        result = change(result) if result is not None else None
    return result


def command_for(before: str, after: str) -> Edit | Replace:
    """The smallest command that turns one program into the other: EDIT of the lines that differ, else REPLACE."""
    if not before.endswith("\n") or not after.endswith("\n"):
        return Replace(after)
    old, new = before.split("\n")[:-1], after.split("\n")[:-1]
    changes = [op for op in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes() if op[0] != "equal"]
    if not changes:
        return Replace(after)
    first, last = changes[0][1], changes[-1][2]
    start, stop = changes[0][3], changes[-1][4]
    if max(last - first, stop - start) > LONGEST_EDIT:
        return Replace(after)
    return Edit(first + 1, last, "".join(f"{line}\n" for line in new[start:stop]))


def _assignment(text: str, name: str) -> ast.Assign | None:
    tree = parsed(text)
    for node in tree.body if tree else ():
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target = node.targets[0]
            if isinstance(target, ast.Name) and target.id == name:
                return node
    return None


def _function(text: str, name: str) -> ast.FunctionDef | None:
    tree = parsed(text)
    return next((n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == name), None) if tree else None


def _entry(text: str, key: ast.Constant, name: str, value: ast.expr) -> Model | None:
    loop = None
    if isinstance(value, ast.ListComp) and len(value.generators) == 1:
        source = value.generators[0]
        if not isinstance(source.target, ast.Name) or not isinstance(source.iter, ast.Tuple):
            return None
        loop = (source.target.id, tuple(_source(text, item) for item in source.iter.elts))
        call = value.elt
    elif isinstance(value, ast.List) and len(value.elts) == 1:
        call = value.elts[0]
    else:
        return None
    if not isinstance(call, ast.Call) or call.args or any(kw.arg is None for kw in call.keywords):
        return None
    arguments = {str(kw.arg): _source(text, kw.value) for kw in call.keywords}
    return Model(name, key.lineno, value.end_lineno or key.lineno, _source(text, call.func), arguments, loop)


def _source(text: str, node: ast.expr) -> str:
    # ast.get_source_segment splits the whole text with a slow pattern at every call.
    lines = text.split("\n")[node.lineno - 1 : node.end_lineno]
    lines[-1] = lines[-1].encode()[: node.end_col_offset].decode()
    lines[0] = lines[0].encode()[node.col_offset :].decode()
    return "\n".join(lines)


def _end(text: str, node: ast.expr) -> int:
    line = text.split("\n")[(node.end_lineno or node.lineno) - 1]
    return len(line.encode()[: node.end_col_offset or 0].decode())


def _comment(rest: str) -> str:
    return f"  {rest.strip()}" if rest.strip().startswith("#") else ""


def _import_order(name: str) -> tuple[bool, str]:
    return not name.isupper(), name
