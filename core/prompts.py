"""Prompts: one Markdown file (Jinja2 with `[[ ]]`) per agent and phase, filled from a Brief."""

from __future__ import annotations

import traceback
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.brief import Brief
from core.clean import clean
from core.commands import (
    AddPaper,
    Dialogue,
    Edit,
    Finish,
    FullText,
    GoBack,
    Interpretation,
    Judgement,
    Plan,
    Python,
    Replace,
    ReviewForm,
    SearchHF,
    SubmitCode,
    Summary,
)
from core.errors import SettingsError
from core.fitting import Fit, fits, fitted, tokens_of
from core.parsing import form
from core.record import Agent
from core.review.form import REVIEW_SCHEMA

if TYPE_CHECKING:
    from jinja2 import Environment

FOLDER = Path(__file__).resolve().parent.parent / "prompts"
SPLIT = "<!-- what changes from turn to turn -->"
"""The line of a prompt file that parts the system text from the user text."""
LARGEST_FILE = 100_000
"""Characters that a prompt file may have."""

_REVIEWERS = (Agent.REVIEWER_1, Agent.REVIEWER_2, Agent.REVIEWER_3)
_FORMS: Mapping[type, str] = {
    Summary: "SUMMARY\n<two to four words to search for>",
    FullText: "FULL_TEXT\n<id>",
    AddPaper: "ADD_PAPER\n<id>\n<your summary, three to six sentences>",
    Dialogue: "DIALOGUE\n<what you say to the other>",
    Plan: "PLAN\n<the whole plan>",
    Python: "PYTHON\n<the code>",
    SearchHF: "SEARCH_HF\n<a few words>",
    SubmitCode: "SUBMIT_CODE\n<the whole code>",
    Edit: "EDIT <first line> <last line>\n<the new lines>",
    Replace: "REPLACE\n<the whole text>",
    Interpretation: "INTERPRETATION\n<the whole interpretation>",
    Judgement: "SCORE\n<number from 0 to 1>\n<your reflection>",
    ReviewForm: "REVIEW\n<the filled form, one JSON object>",
    Finish: "FINISH\n<why it is done>",
    GoBack: "GO_BACK <phase>\n<what must be different>",
}
"""The first line of each command's block, behind the fence, and what stands in the block."""
_Source = tuple[str, str, Callable[[], bool]]


def fill(
    agent: Agent, brief: Brief, allowed: Sequence[type], overrides: Path | None = None, *, tokens: int = 0
) -> tuple[str, str]:
    """The system and the user text for an agent's turn; a file of the same name in `overrides` goes before ours.

    The system text does not change between the turns of a phase, so that servers can cache it. `tokens` is the most
    that both may have together, 0 for no limit: what was said and quoted is told shorter then, the task, the commands,
    the text to be edited and the error never. Raises SettingsError, with file and line, when an override is broken, and
    with the tokens that are needed when even the shortest prompt has too many.
    """
    name = f"{brief.phase}.{'reviewer' if agent in _REVIEWERS else agent}.md"
    environment = _environment(overrides)

    @cache
    def filled(fit: Fit) -> tuple[str, str]:
        facts = _facts(brief, allowed, fit)
        try:
            system, user = (environment.get_template(f"{name}:{part}").render(facts) for part in ("system", "user"))
        except SettingsError:
            raise
        except Exception as error:  # a person's own template may fail in any way that Python knows
            raise _broken(error, name, overrides) from error
        return system.strip(), user.strip()

    def few(fit: Fit) -> bool:
        return not tokens or tokens_of("".join(filled(fit))) <= tokens

    choices = fits(tokens)
    found = 0 if few(choices[0]) else bisect_left(choices, True, lo=1, key=few)
    if found == len(choices):
        raise _too_long(tokens_of("".join(filled(choices[-1]))), tokens)
    return filled(choices[found])


def _facts(brief: Brief, allowed: Sequence[type], fit: Fit) -> dict[str, Any]:
    """What a template may use besides `brief`: the smaller it must be, the less it holds."""
    told = fitted(brief, fit)
    return {
        "brief": told,
        "fit": fit,
        "untold": len(brief.history) - len(told.history),
        "commands": "\n\n".join(form(kind) for kind in allowed),
        "forms": [_FORMS[kind] for kind in allowed],
        "form": REVIEW_SCHEMA,
    }


def _too_long(needed: int, tokens: int) -> SettingsError:
    return SettingsError(
        f"This turn needs a prompt of about {needed} tokens, and it may have {tokens}.",
        "Raise prompt_tokens in lab.toml, or give this phase a model with a larger window under [models].",
    )


@lru_cache(maxsize=8)
def _environment(overrides: Path | None) -> Environment:
    from jinja2 import FunctionLoader, StrictUndefined
    from jinja2.exceptions import SecurityError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    from core.filters import FILTERS

    class Sandbox(ImmutableSandboxedEnvironment):
        """Templates without multiplication, which could ask for more memory than there is."""

        intercepted_binops = frozenset({"*", "**"})

        def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
            raise SecurityError(f"{operator} cannot be used in prompts")

    environment = Sandbox(
        variable_start_string="[[",
        variable_end_string="]]",
        block_start_string="[%",
        block_end_string="%]",
        comment_start_string="[#",
        comment_end_string="#]",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
        loader=FunctionLoader(lambda name: _source(name, overrides)),
    )
    environment.filters |= FILTERS
    return environment


def _source(name: str, overrides: Path | None) -> _Source | None:
    """The text of a template, its file, and a check that it still is the same; `:system` and `:user` name the halves.

    The user half keeps its line numbers, so that errors name the line of the file.
    """
    name, _, half = name.partition(":")
    found = _read(name, overrides)
    if found is None:
        return None
    text, path = found
    system, split, user = text.partition(f"{SPLIT}\n")
    if half and not split:
        raise SettingsError(f"{path} lacks the line {SPLIT}.", "What stands above it is the system text.")
    if half:
        text = system if half == "system" else "\n" * (system.count("\n") + 1) + user
    return text, str(path), lambda: _read(name, overrides) == found


def _read(name: str, overrides: Path | None) -> tuple[str, Path] | None:
    for folder in (overrides, FOLDER):
        if folder is None or not (folder / name).exists():  # most projects override nothing
            continue
        # A project's templates may name and link to anything: only files inside the folder are read.
        path = (folder / name).resolve()
        if path.is_relative_to(folder.resolve()) and path.is_file():
            try:
                text = path.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise SettingsError(f"{path} cannot be read: {error}.", "Prompts are UTF-8 text.") from error
            if len(text) > LARGEST_FILE:
                raise SettingsError(f"{path} is longer than {LARGEST_FILE} characters.", "Shorten the prompt.")
            return text, path
    return None


def _broken(error: Exception, name: str, overrides: Path | None) -> SettingsError:
    from jinja2 import TemplateSyntaxError

    file, line = name, 0
    if isinstance(error, TemplateSyntaxError):
        file, line = error.filename or name, error.lineno
    else:
        for frame in traceback.extract_tb(error.__traceback__):
            if frame.filename.endswith(".md"):
                file, line = frame.filename, frame.lineno or 0
    where = f"{file}, line {line}" if line else file
    problem = clean(f"{type(error).__name__}: {error}")[:300]
    remove = " or remove the file to have labtop's own prompt back" if overrides else ""
    return SettingsError(f"The prompt {where} cannot be filled: {problem}.", f"Correct that line{remove}.")
