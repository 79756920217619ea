"""The one tree of errors that a person may see: what happened, what was kept, what to do next."""

import errno


class LabError(Exception):
    """Something a person should read; `title` is a short heading, `hint` says what to do next."""

    title = "labtop cannot go on"

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class ProjectError(LabError):
    """A folder is not a project that labtop can work on."""

    title = "Not a usable project"


class ProjectLocked(ProjectError):
    """Another process is working on the project."""

    title = "The project is in use"


class EngineError(LabError):
    """An engine in a process of its own cannot be started, reached or ordered."""

    title = "Engine"


class SettingsError(LabError):
    """`lab.toml` or the user's settings hold something that is not understood."""

    title = "Settings"


class HistoryError(LabError):
    """A roll-back, undo, redo, branch or comparison that cannot be done."""

    title = "History"


class ModelError(LabError):
    """The model gave no usable answer."""

    title = "Model"


class DataError(LabError):
    """A data set cannot be read or does not fit the question."""

    title = "Data"


class LatexError(LabError):
    """There is no LaTeX engine, or it cannot be run."""

    title = "LaTeX"


class DiskError(LabError):
    """The disk does not take what is to be written."""

    title = "Disk"


_NO_ROOM = "No usable temporary directory"
"""What Python says where not one folder for temporary files takes any."""
_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO)


def of_the_disk(error: BaseException) -> DiskError | None:
    """What a person should read of an error that the disk is the cause of; None where it is not."""
    if not isinstance(error, OSError) or not (error.errno in _DISK or _NO_ROOM in str(error)):
        return None
    where = f" ({error.filename})" if error.filename else ""
    return DiskError(
        f"What was to be written does not go onto the disk: {error.strerror}{where}.",
        "All turns that were committed are kept. Make room, and run on.",
    )
