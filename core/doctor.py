"""What this machine has and lacks for labtop, and what to do about it."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from core.errors import SettingsError

LOCAL_SERVERS = {8080: "llama.cpp", 11434: "Ollama", 8000: "vLLM"}
"""Where such servers listen on this machine when they are not told otherwise."""
PATIENCE = 0.3
"""Seconds that a server on this machine has to answer."""
LARGEST_ANSWER = 64_000
"""Bytes that are read of what answers there."""

SERVICES = {
    "arXiv": ("https://export.arxiv.org/", "Papers come from the bundled library and your own folder."),
    "Hugging Face Hub": ("https://huggingface.co/", "Data sets come from scikit-learn and your own files."),
}
"""What labtop asks on the network besides models: where, and what remains without it."""


UNASKED = "not checked"
"""What is found of a service that was not asked."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that labtop uses: whether it is good (None: not checked), what was found, what a person can do."""

    what: str
    good: bool | None
    found: str
    advice: str = ""


def findings(network: bool = False) -> Iterator[Finding]:
    """Look at the machine, one thing after another; what is on the network only when asked to."""
    yield _python()
    yield _git()
    yield _sandbox()
    yield _latex()
    yield Finding("model", True, "built-in researcher (rules, not a language model; no key, no network)")
    yield from models()
    yield gpu()
    yield slurm()
    for what, (url, without) in SERVICES.items():
        unasked = Finding(what, None, UNASKED, "labtop doctor --network asks it.")
        yield reached(what, url, without) if network else unasked
    yield _terminal()


def _python() -> Finding:
    return Finding("Python", True, platform.python_version())


def _git() -> Finding:
    path = shutil.which("git")
    if path is None:
        return Finding("git", False, "not found", "Install it: every turn is a git commit. Debian: apt-get install git")
    version = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=20, check=False)
    return Finding("git", version.returncode == 0, version.stdout.strip() or "does not answer")


def _sandbox() -> Finding:
    from core.sandbox.run import Tier, best_tier, describe

    tier = best_tier()
    advice = {
        Tier.BUBBLEWRAP: "",
        Tier.LANDLOCK: "Programs are held by Landlock. bubblewrap isolates more: apt-get install bubblewrap",
        Tier.PLAIN: "Programs of the agents run unconfined: install bubblewrap before you run what you do not trust.",
    }[tier]
    return Finding("sandbox", tier is not Tier.PLAIN, describe(tier), advice)


def _latex() -> Finding:
    from core.latex.engines import find_engine

    engine = find_engine()
    if engine is None:
        return Finding(
            "LaTeX", False, "none", "Reports cannot be compiled. Debian: apt-get install texlive-latex-recommended"
        )
    return Finding("LaTeX", True, f"{engine.name} {engine.version}")


def models(ports: Mapping[int, str] = LOCAL_SERVERS) -> Iterator[Finding]:
    """The language models that the user has named, and what else is at hand for one."""
    from core.models.named import config_path, known_models

    try:
        named = known_models()
    except SettingsError as error:
        yield Finding("your models", False, error.message, error.hint)
        return
    names = ", ".join(one.name for one in named)
    advice = "labtop models tests them." if named else "labtop models shows how to name one."
    yield Finding("your models", True if named else None, names or f"none in {_short(config_path())}", advice)
    if os.environ.get("OPENAI_API_KEY"):
        yield Finding("key", True, "OPENAI_API_KEY is set (not looked at)")
    for port, usual in ports.items():
        served = _served(port)
        if served is not None:
            url = f"http://127.0.0.1:{port}/v1"
            name = next((one.name for one in named if one.base_url.endswith(f":{port}/v1") and one.local), "")
            add = f"labtop models --add NAME --base-url {url} --model {served[0] if served else 'MODEL'} --free"
            with_them = f" with {', '.join(served[:5])}" if served else ""
            found = f"{url} answers{with_them} ({usual}'s usual port)"
            yield Finding("model server", True, found, f"It is your “{name}”." if name else f"To use it: {add}")


def _short(path: Path) -> str:
    return str(path).replace(str(Path.home()), "~", 1)


def _served(port: int) -> list[str] | None:
    """The models that a server on this machine says it has; None when nothing answers there as such a server does."""
    import http.client
    import json

    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", "/v1/models")
        response = connection.getresponse()
        told = json.loads(response.read(LARGEST_ANSWER))
        return [str(one["id"]) for one in told["data"]]
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError, RecursionError):
        return None
    finally:
        connection.close()


def reached(what: str, url: str, without: str, seconds: float = 5.0) -> Finding:
    """Whether a service on the network answers at all, whatever it says."""
    import urllib.error
    import urllib.request

    try:
        with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=seconds):
            return Finding(what, True, f"{url} answers")
    except urllib.error.HTTPError as error:
        return Finding(what, error.code < 500, f"{url} answers with {error.code}")
    except (OSError, ValueError) as error:
        return Finding(what, False, f"{url} does not answer: {getattr(error, 'reason', error)}", without)


def gpu(proc: Path = Path("/proc"), dev: Path = Path("/dev")) -> Finding:
    """The graphics processors that the drivers show; no program is started for it."""
    names = []
    for card in sorted(proc.glob("driver/nvidia/gpus/*/information")):
        try:
            told = dict(line.split(":", 1) for line in card.read_text(errors="replace").splitlines() if ":" in line)
        except OSError:
            told = {}
        names.append(told.get("Model", "NVIDIA").strip())
    if not names and (dev / "kfd").exists():
        names.append("AMD")
    if not names:
        return Finding("GPU", None, "none", "Programs of the agents compute on the CPU.")
    kinds = [f"{names.count(name)} × {name}" if names.count(name) > 1 else name for name in dict.fromkeys(names)]
    return Finding("GPU", True, ", ".join(kinds))


def slurm() -> Finding:
    """Whether this machine can hand work to a Slurm cluster."""
    path = shutil.which("sbatch")
    if path is None:
        return Finding("Slurm", None, "none")
    return Finding("Slurm", None, path, "labtop does not submit to it yet: start `labtop run --detach` inside a job.")


def _terminal() -> Finding:
    term, colours = os.environ.get("TERM", ""), os.environ.get("COLORTERM", "")
    good = term not in ("", "dumb")
    within = "tmux" if os.environ.get("TMUX") else "screen" if os.environ.get("STY") else ""
    shown = f"{term or 'unknown'}{', true colour' if colours in ('truecolor', '24bit') else ''}"
    if not good:
        return Finding("terminal", False, shown, "The app needs a terminal; `labtop run` does not.")
    advice = {
        "tmux": "`set -g allow-passthrough on` in ~/.tmux.conf lets notifications through; copies need no setting.",
        "screen": "screen passes no notifications on: the bell rings. Copied text lies in a file, too.",
    }
    return Finding("terminal", True, f"{shown}{f', in {within}' if within else ''}", advice.get(within, ""))
