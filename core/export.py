"""One zip file with what a reader needs to check a project: report, code, figures, data recipe, and every turn."""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import LabError
from core.status import log_entry

if TYPE_CHECKING:
    from core.workspace.project import Project

PDF = "report/report.pdf"


def export(project: Project, target: Path) -> int:
    """Write the project as it was last committed, the compiled report and the turns to `target`; returns its bytes.

    Raises LabError when the file is there already or cannot be written.
    """
    archive = io.BytesIO(project.git.run("archive", "--format=zip", f"--prefix={project.name}/", "HEAD"))
    with zipfile.ZipFile(archive, "a", zipfile.ZIP_DEFLATED) as content:
        pdf = project.read_bytes(PDF)
        if pdf:
            content.writestr(f"{project.name}/{PDF}", pdf)
        turns = (json.dumps(log_entry(logged), ensure_ascii=False) for logged in reversed(project.log()))
        content.writestr(f"{project.name}/turns.jsonl", "".join(f"{turn}\n" for turn in turns))
    try:
        opened = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except OSError as error:
        reason = "it is there already" if isinstance(error, FileExistsError) else error.strerror
        raise LabError(f"{target} cannot be written: {reason}.", "Name another file.") from error
    with os.fdopen(opened, "wb") as file:
        return file.write(archive.getvalue())
