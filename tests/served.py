"""A user with a model behind a real chat server: private folders, a config.toml, and the program as they start it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.workspace.project import Project
from tests.servers.chat import ChatServer

ROOT = Path(__file__).resolve().parent.parent
QUESTION = "Does the nearest centroid tell the kinds of iris apart?"
SMALL = {"papers": 1, "solver_steps": 1, "report_steps": 1, "rounds": 1, "arxiv": False, "hub": False}
"""Settings of a study that takes few turns and needs no network."""


@dataclass(frozen=True, slots=True)
class User:
    """Whoever starts labtop: their home, and what is in their environment besides."""

    home: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def config(self) -> Path:
        """The folder of their labtop settings."""
        return self.home / "config" / "labtop"

    @property
    def environment(self) -> dict[str, str]:
        """All that their programs inherit."""
        folders = {f"XDG_{name.upper()}_HOME": str(self.home / name) for name in ("config", "state", "cache", "data")}
        kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "TZ") if name in os.environ}
        return kept | folders | {"HOME": str(self.home), "PYTHONPATH": str(ROOT)} | dict(self.variables)

    def knows(self, server: ChatServer, name: str = "mine", **more: Any) -> None:
        """Name the server's model in their config.toml."""
        values = {"model": server.model, "base_url": server.url, "free": True} | more
        lines = [f"{key} = {_toml(value)}" for key, value in values.items() if value is not None]
        self.config.mkdir(parents=True, exist_ok=True)
        with open(self.config / "config.toml", "a", encoding="utf-8") as file:
            file.write("\n".join([f"[models.{name}]", *lines, ""]))

    def labtop(self, *arguments: object, seconds: float = 120) -> subprocess.CompletedProcess[str]:
        """Run the program to its end."""
        command = [sys.executable, "-m", "labtop", *map(str, arguments)]
        return subprocess.run(
            command, cwd=self.home, env=self.environment, capture_output=True, text=True, timeout=seconds, check=False
        )

    def starts(self, *arguments: object) -> subprocess.Popen[str]:
        """Start the program in a group of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "labtop", *map(str, arguments)],
            cwd=self.home,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )


def user_at(folder: Path, **variables: str) -> User:
    """A user with an empty home."""
    (folder / "home").mkdir(parents=True)
    return User(folder / "home", variables)


def set_in(project: Path, **settings: object) -> None:
    """Change settings in a project's lab.toml, as a person does in an editor."""
    path = project / "lab.toml"
    text = path.read_text(encoding="utf-8")
    for name, value in settings.items():
        text, count = re.subn(rf"^{name} = [^#\n]*", f"{name} = {_toml(value)} ", text, flags=re.MULTILINE)
        assert count == 1, name
    path.write_text(text, encoding="utf-8")


def events_in(printed: str) -> list[dict[str, Any]]:
    """The events of a run with --json; a last line that a kill has cut is left out."""
    lines = printed.splitlines()
    whole = [line for line in lines if line.startswith("{") and line.endswith("}")]
    return [json.loads(line) for line in whole]


def turns_of(project: Path) -> list[int]:
    """The numbers of the turns in the history, oldest first."""
    return [logged.turn.number for logged in reversed(Project.open(project).log())]


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(one)}" for key, one in value.items()) + "}"
    return json.dumps(value)
