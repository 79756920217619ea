"""Commands on lines of inquiry: start one, list them, compare them, take a finding from one into another."""

from __future__ import annotations

from pathlib import Path

import click

from core.clean import clean
from tui.commands import offered
from tui.commands.engines import travelled
from tui.commands.group import FOLDER, main, project_in, say, tells_errors


@main.command()
@click.argument("folder", type=FOLDER)
@click.argument("name")
@click.argument("rev", default="HEAD", shell_complete=offered.turns)
@click.option("--beside", type=FOLDER, metavar="NEWFOLDER", help="In a folder of its own: both lines can run at once.")
@tells_errors
def branch(folder: Path, name: str, rev: str, beside: Path | None) -> None:
    """Start the line of inquiry NAME from turn or commit REV, and go to it."""
    if beside is None:
        from core.orders import Travel, Way

        say(clean(travelled(project_in(folder), Travel(Way.BRANCH, rev, name))))
        return
    from core.lines import branch_beside

    copy, words = branch_beside(project_in(folder), name, rev, beside)
    project_in(copy.path)
    say(clean(words))
    say(f"Next: labtop open {beside}   or, without a screen: labtop run {beside}")


@main.command()
@click.argument("folder", type=FOLDER)
@tells_errors
def lines(folder: Path) -> None:
    """The lines of inquiry of a study, in this folder and in those beside it."""
    from core.lines import lines_of, lines_text

    project = project_in(folder)
    say(clean(lines_text(lines_of(project), project.path)))


@main.command()
@click.argument("folder", type=FOLDER)
@click.argument("named", nargs=-1, required=True, metavar="A B [C]...", shell_complete=offered.turns)
@tells_errors
def compare(folder: Path, named: tuple[str, ...]) -> None:
    """Two or more lines of inquiry, turns or folders of one study side by side."""
    import shutil

    from core.comparison import compare_lines, compared_text

    if len(named) < 2:
        raise click.UsageError("Name two lines at least: labtop lines FOLDER lists them.")
    width = min(200, shutil.get_terminal_size((120, 40)).columns)
    say(clean(compared_text(compare_lines(project_in(folder), named), width)))


@main.command()
@click.argument("folder", type=FOLDER)
@click.argument("line", metavar="FROM")
@click.option(
    "--part",
    "parts",
    multiple=True,
    help="program, results, 'section NAME', or 'section NAME 2' for its second paragraph; may be given again.",
)
@click.option("--list", "listed", is_flag=True, help="Only list the parts that there are to take.")
@click.option("--over", is_flag=True, help="Where both lines changed the same, put theirs in the place of yours.")
@click.option("--preview", is_flag=True, help="Only say what would be taken, and what is missing.")
@tells_errors
def take(folder: Path, line: str, parts: tuple[str, ...], listed: bool, over: bool, preview: bool) -> None:
    """Take a finding of line, turn or folder FROM: its program, its numbers, a section or paragraph of its report.

    It becomes a turn of yours. The program is run and measured here; the numbers, those in a paragraph too, come with
    the commit that measured them and are never taken for this line's own.
    """
    from core.findings import find, finding_text, offered
    from core.findings import take as take_finding

    project = project_in(folder)
    if listed:
        say(clean("\n".join(f"{one.piece.name:<30} {one.words}" for one in offered(project, line))))
        return
    say(clean(finding_text(find(project, line, parts)) if preview else take_finding(project, line, parts, over=over)))
