"""An example or two for each command, at the end of its help."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import click

from grader.language import later

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "list": ("grader list", "grader list --json"),
    "fetch": ("grader fetch focal-loss", "grader fetch focal-loss work/focal --student ada"),
    "check": ("grader check focal-loss", "grader check --watch"),
    "quiz": ("grader quiz choose-the-loss", "grader quiz work/choose-the-loss"),
    "hint": ("grader hint focal-loss", "grader hint focal-loss --again"),
    "submit": ("grader submit focal-loss", "grader submit work.zip --assignment focal-loss"),
    "status": ("grader status", "grader status --student ada --json"),
    "show": ("grader show", "grader show focal-loss --html report.html"),
    "receipt show": ("grader receipt show focal-loss --out receipt.json",),
    "receipt verify": (
        "grader receipt verify receipt.json",
        "grader receipt verify receipt.json --key KEY --work focal-loss",
    ),
    "receipt key": ("grader receipt key",),
    "new": ("grader new triplet-loss", "grader --course my-course new triplet-loss"),
    "verify": ("grader verify focal-loss", "grader --course my-course verify"),
    "import-quiz": ("grader import-quiz questions.xml week-1",),
    "grade": (
        "grader grade inbox --assignment focal-loss",
        "grader grade submissions.zip --assignment focal-loss --roster class.csv",
    ),
    "mark": (
        "grader mark focal-loss",
        "grader mark focal-loss --export answers.csv",
        "grader mark focal-loss ada --question why --score 1.5",
    ),
    "regrade": ("grader regrade focal-loss --dry-run", "grader regrade focal-loss --why 'a check was wrong'"),
    "replay": ("grader replay report.json",),
    "roster": ("grader roster", "grader roster import class.csv"),
    "roster import": ("grader roster import class.csv --dry-run",),
    "extend": (
        "grader extend focal-loss --student ada --by '2 d' --why ill",
        "grader extend focal-loss --section B --until 2026-12-01T18:00 --why 'no network'",
    ),
    "override": ("grader override focal-loss ada 7.5 --why 'an oral exam instead'",),
    "report": ("grader report --out report", "grader report --out report --against last-term.json"),
    "similar": ("grader similar focal-loss --threshold 0.7",),
    "export canvas": (
        "grader export canvas focal-loss --out grades.csv",
        "grader export canvas --template gradebook.csv --out filled.csv",
    ),
    "export moodle": ("grader export moodle focal-loss --template worksheet.csv --out filled.csv",),
    "export brightspace": ("grader export brightspace focal-loss --out grades.csv",),
    "export sakai": ("grader export sakai focal-loss --out grades.csv",),
    "export blackboard": ("grader export blackboard focal-loss --template gc.xls --out filled.xls",),
    "export openedx": ("grader export openedx focal-loss --template grades.csv --out filled.csv",),
    "export gradescope": ("grader export gradescope focal-loss --out grades.csv",),
    "export csv": ("grader export csv --out grades.csv",),
    "export xlsx": ("grader export xlsx --out grades.xlsx",),
    "feedback moodle": ("grader feedback moodle focal-loss --submissions submissions.zip --out feedback.zip",),
    "feedback canvas": ("grader feedback canvas focal-loss --submissions submissions.zip --out feedback.zip",),
    "package gradescope": ("grader package gradescope focal-loss",),
    "package github-classroom": ("grader package github-classroom focal-loss --out starter",),
    "push canvas": ("grader push canvas focal-loss --url https://canvas.example.edu --course-id 5 --assignment-id 9",),
    "push moodle": ("grader push moodle focal-loss --url https://moodle.example.edu --course-id 5 --yes",),
    "export-quiz": ("grader export-quiz moodle-xml choose-the-loss --out quiz.xml",),
    "gradebook check": ("grader gradebook check",),
    "gradebook backup": ("grader gradebook backup saved",),
    "gradebook restore": ("grader gradebook restore saved",),
    "gradebook log": ("grader gradebook log --student ada",),
    "doctor": ("grader doctor", "grader doctor --all"),
    "completion": ('eval "$(grader completion bash)"',),
    "demo": ("grader demo --dir demo",),
}


HEADING = later("For example:")


def add_examples(root: click.Group) -> None:
    """Let the help of every command end with its examples."""
    for path, command in walk_commands(root):
        if lines := EXAMPLES.get(path):
            command.epilog = "\n".join(["\b", HEADING, *(f"  {line}" for line in lines)])


def walk_commands(group: click.Group, prefix: str = "") -> Iterator[tuple[str, click.Command]]:
    """Yield every command that is shown, with the words that call it; groups too."""
    for name, command in group.commands.items():
        if command.hidden:
            continue
        path = f"{prefix}{name}"
        yield path, command
        if isinstance(command, click.Group):
            yield from walk_commands(command, f"{path} ")
