"""Settings under which git executes nothing that a workspace, its repository or the user's own settings name."""

from __future__ import annotations

import os
from collections.abc import Iterable

SETTINGS = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "core.attributesFile": os.devnull,
    "core.excludesFile": os.devnull,
    "core.pager": "cat",
    "core.editor": "true",
    "core.askPass": "true",
    "core.sshCommand": "false",
    "core.alternateRefsCommand": "true",
    "core.bare": "false",
    "core.fsync": "all",
    "core.autocrlf": "false",
    "core.safecrlf": "false",
    "core.fileMode": "true",
    "core.symlinks": "true",
    "core.quotePath": "false",
    "core.trustctime": "true",
    "core.checkStat": "default",
    "core.ignoreStat": "false",
    "core.sparseCheckout": "false",
    "core.splitIndex": "false",
    "core.untrackedCache": "false",
    "core.useReplaceRefs": "false",
    "diff.external": "",
    "diff.ignoreSubmodules": "all",
    "diff.noprefix": "false",
    "diff.mnemonicPrefix": "false",
    "diff.orderFile": os.devnull,
    "diff.renames": "false",
    "color.ui": "false",
    "commit.gpgSign": "false",
    "gpg.program": "false",
    "log.showSignature": "false",
    "log.mailmap": "false",
    "i18n.commitEncoding": "UTF-8",
    "i18n.logOutputEncoding": "UTF-8",
    "credential.helper": "",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "protocol.allow": "never",
    "submodule.recurse": "false",
    "fetch.recurseSubmodules": "false",
    "fastimport.unpackLimit": "100",
}

VARIABLES = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_GRAFT_FILE": os.devnull,
    "GIT_ASKPASS": "true",
    "GIT_EDITOR": "true",
    "GIT_PAGER": "cat",
    "GIT_AUTHOR_NAME": "labtop",
    "GIT_AUTHOR_EMAIL": "labtop@labtop",
    "GIT_COMMITTER_NAME": "labtop",
    "GIT_COMMITTER_EMAIL": "labtop@labtop",
}

ATTRIBUTES = "* -text !eol -ident -filter -working-tree-encoding !diff !merge !export-subst\n"
"""Content of `.git/info/attributes`, which outranks every .gitattributes: bytes are kept as they are, and no filter,
diff or merge driver is ever chosen, whatever its name."""

_COMMANDS = frozenset({"command", "cmd", "driver", "helper", "program", "textconv"})
_FILTERS = frozenset({"clean", "smudge", "process"})


def overrides(keys: Iterable[str]) -> dict[str, str]:
    """Settings that disarm those of `keys` (from a repository's own config) that name a program to run.

    A fixed list cannot do it: the middle part of such a key is a name of the attacker's choice.
    """
    found: dict[str, str] = {}
    for key in keys:
        if key.count(".") < 2:
            continue
        section, last = key.split(".", 1)[0].lower(), key.rsplit(".", 1)[1].lower()
        stem = key.rsplit(".", 1)[0]
        if section == "filter" and last in _FILTERS:
            found[key] = ""
            found[f"{stem}.required"] = "false"
        elif last in _COMMANDS:
            found[key] = "true"
        if section == "hook":
            found[f"{stem}.enabled"] = "false"
    return found


def environment(extra: dict[str, str]) -> dict[str, str]:
    """The variables for one run of git: `SETTINGS` and `extra` as command-scope configuration, and `VARIABLES`."""
    settings = {**SETTINGS, **extra}
    variables = dict(VARIABLES)
    variables["GIT_CONFIG_COUNT"] = str(len(settings))
    for number, (key, value) in enumerate(settings.items()):
        variables[f"GIT_CONFIG_KEY_{number}"] = key
        variables[f"GIT_CONFIG_VALUE_{number}"] = value
    return variables
