"""The console command `labtop`: finds `core` and `tui` beside this file, or inside a wheel under `_labtop/`."""

import sys
from pathlib import Path


def main() -> None:
    """Run the command line (see `tui.cli`)."""
    inside_wheel = Path(__file__).resolve().parent / "_labtop"
    if inside_wheel.is_dir():
        sys.path.insert(0, str(inside_wheel))
    from tui.cli import main as command_line

    command_line()


if __name__ == "__main__":
    main()
