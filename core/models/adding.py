"""Writes a model of the user's into their `config.toml`, and what to paste there by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.errors import SettingsError
from core.models.named import config_path, read_named
from core.places import write_privately

EXAMPLES = """\
[models.openai]                          # the name that lab.toml says; any you like
base_url = "https://api.openai.com/v1"
model = "gpt-4o-mini"                    # what the server calls it
key_env = "OPENAI_API_KEY"               # the variable that holds the key, never the key itself

[models.vllm]                            # vllm serve Qwen/Qwen2.5-Coder-7B-Instruct
base_url = "http://127.0.0.1:8000/v1"
model = "Qwen/Qwen2.5-Coder-7B-Instruct"
free = true                              # your own machine: no money is counted

[models.llamacpp]                        # llama-server -m model.gguf --port 8080
base_url = "http://127.0.0.1:8080/v1"
model = "local"                          # llama-server serves one model, whatever it is called here
free = true

[models.ollama]                          # ollama pull qwen2.5-coder:7b
base_url = "http://127.0.0.1:11434/v1"
model = "qwen2.5-coder:7b"
free = true
"""
"""Four servers as `config.toml` describes them."""


def add_model(name: str, **values: Any) -> Path:
    """Add `[models.NAME]` to the user's `config.toml`, whose comments stay; returns the file.

    Empty values (`""`, False, None) are left out. Raises SettingsError, and then nothing is written.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    path = config_path()
    text = _read(path)
    if name in read_named(text, str(path)):
        raise SettingsError(f"{path} has a model “{name}” already.", "Change it there, or choose another name.")
    try:
        document = tomlkit.parse(text)
        models = document.setdefault("models", tomlkit.table(is_super_table=True))
        table = tomlkit.table()
        table.update({key: value for key, value in values.items() if value not in ("", False, None)})
        models[name] = table
        text = tomlkit.dumps(document)
    except (TOMLKitError, ValueError, TypeError) as error:
        raise SettingsError(f"{path} cannot be added to: {error}.", "Write the model into it by hand.") from error
    read_named(text, str(path))
    try:
        write_privately(path, text)
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error}.", "Nothing was changed.") from error
    return path


def begin_config() -> Path:
    """The user's `config.toml`; a new one begins with examples, all commented out. Raises SettingsError."""
    path = config_path()
    if not path.exists():
        lines = "".join(f"# {line}".rstrip() + "\n" for line in EXAMPLES.splitlines())
        try:
            write_privately(
                path, f"# Models of your own; `labtop models` tries them. Take away the # of what you use.\n\n{lines}"
            )
        except OSError as error:
            raise SettingsError(f"{path} cannot be written: {error}.", "Nothing was changed.") from error
    return path


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}.", "Make it a readable UTF-8 file.") from error
