"""The command that grades a class."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.output import exit_code, print_json, print_table, progress
from grader.cli.seat import Seat, acting_user
from grader.cli.students import describe_entry, jobs_option, json_option, no_isolation_option
from grader.errors import FaultError, GraderError, SpecError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from grader.engine import Pool
    from grader.inbox import Inbox, Refusal
    from grader.recording import Recorded

STOPPED = 128 + signal.SIGINT  # as a shell has it for what Ctrl-C ended


@click.command()
@click.argument("inbox", type=click.Path(path_type=Path))
@click.option("--assignment", metavar="ID", help="All work in INBOX is for this assignment.")
@jobs_option
@click.option("--force", is_flag=True, help="Grade again what has not changed since it was graded.")
@json_option
@no_isolation_option
@click.pass_obj
def grade(
    course: Path | None,
    inbox: Path,
    assignment: str | None,
    jobs: int,
    force: bool,
    as_json: bool,
    no_isolation: bool,
) -> None:
    """Grade a class: INBOX holds one folder (or zip) per student.

    The name of each is the student's id. With --assignment, each one is a submission. Without it, each is a folder
    that holds the folders that `grader fetch` made. What has not changed since it was graded keeps its grade. Ctrl-C
    stops; the same command goes on from there. With --json, one report is printed per line.
    """
    from grader.engine import Pool

    with Pool(jobs) as pool:
        from grader.inbox import open_inbox

        seat = Seat(course)
        spec = seat.course.load(assignment) if assignment is not None else None
        found = open_inbox(inbox, spec, seat.course.load)
        ledger = _Ledger(as_json)
        for refusal in found.refusals:
            ledger.refuse(refusal)
        with _stopping(ledger, len(found.works)):
            _grade_all(pool, seat, found, ledger, force=force, isolated=not no_isolation)
    ledger.close()
    raise click.exceptions.Exit(ledger.code)


def _grade_all(pool: Pool, seat: Seat, inbox: Inbox, ledger: _Ledger, *, force: bool, isolated: bool) -> None:
    from grader.recording import record_work

    setup = seat.setup(isolated=isolated, secrets=[Path(work.where) for work in inbox.works])

    @cache
    def find_environment() -> Mapping[str, str]:
        return pool.first.survey(seed=setup.seed, isolated=setup.isolated).environment

    keep: Callable[[], Mapping[str, str]] | None = None if force else find_environment
    with seat.open_gradebook() as gradebook, progress(len(inbox.works), "Grading") as advance:
        for recorded in record_work(pool, gradebook, inbox.works, setup, keep, by=acting_user()):
            ledger.add(recorded)
            advance()


@contextmanager
def _stopping(ledger: _Ledger, total: int) -> Iterator[None]:
    """Let what is done so far be told, also after Ctrl-C and after a fault that stops everything."""
    try:
        yield
    except KeyboardInterrupt:
        ledger.stopped = f"stopped: {ledger.graded} of {total} graded; the same command goes on from there"
        ledger.code = STOPPED
    except FaultError as fault:
        if not ledger.rows:
            raise
        ledger.fault = fault
        ledger.code = 3


@dataclass
class _Ledger:
    """What is told of a class when all is done: a line for each submission, and nothing more is kept of it."""

    as_json: bool
    rows: list[tuple[str, ...]] = field(default_factory=list)
    reasons: list[tuple[str, str | None]] = field(default_factory=list)
    faults: dict[str, list[str]] = field(default_factory=dict)  # why grades are pending, and where those lie
    failures: list[dict[str, object]] = field(default_factory=list)
    graded: int = 0
    code: int = 0
    stopped: str | None = None
    fault: FaultError | None = None

    def add(self, recorded: Recorded) -> None:
        """Take down what came of one student's work."""
        from grader.report import Reader, build_report, to_json

        work, found = recorded.work, recorded.grade
        if found is None or recorded.entry is None:
            assert recorded.error is not None
            self._fail(work.where, work.student, work.assignment.id, recorded.error, stored=recorded.entry is not None)
            return
        self.graded += 1
        newest = recorded.refused or found
        self.code = max(self.code, exit_code([newest]))
        self.rows.append(_describe(recorded))
        if newest.fault is not None:
            self.faults.setdefault(newest.fault, []).append(work.where)
        if self.as_json:
            print_json(to_json(build_report(found, describe_entry(recorded.entry), Reader.INSTRUCTOR)))

    def refuse(self, refusal: Refusal) -> None:
        """Take down what could not even be opened."""
        self._fail(refusal.where, refusal.student, refusal.assignment, refusal.error)

    def close(self) -> None:
        """Print the table, and then what was not graded and why."""
        from grader.display import clean_text, list_names

        if self.as_json:
            for failure in self.failures:
                print_json(failure)
        else:
            print_table(("STUDENT", "ASSIGNMENT", "SCORE", "BONUS", "STATUS"), sorted(self.rows), numbers=(2, 3))
        for fault, places in self.faults.items():
            click.echo(f"pending: {clean_text(fault)} ({list_names(places, 5)})", err=True)
        for reason, hint in self.reasons:
            click.echo(reason, err=True)
            if hint:
                click.echo(f"  {hint}", err=True)
        if self.stopped:
            click.echo(self.stopped, err=True)
        if self.fault is not None:
            raise self.fault

    def _fail(
        self, where: str, student: str, assignment: str | None, error: GraderError, *, stored: bool = False
    ) -> None:
        from grader.display import clean_line

        ours = isinstance(error, FaultError | SpecError)
        self.code = max(self.code, 3 if ours else 2)
        status = "pending" if stored else "not stored" if ours else "not graded"
        self.rows.append((clean_line(student), assignment or "", "", "", status))
        self._explain(where, status, error.message, error.hint)
        self.failures.append(_failure_json(where, student, assignment, error, "fault" if ours else "refused"))

    def _explain(self, where: str, status: str, message: str, hint: str | None) -> None:
        from grader.display import clean_line, clean_text

        path, text = clean_line(where), clean_text(message)
        place = "" if text.startswith(path) else f"{path}: "
        self.reasons.append((f"{status}: {place}{text}", clean_text(hint) if hint else None))


def _describe(recorded: Recorded) -> tuple[str, ...]:
    from grader.display import clean_line, format_amount

    entry, found = recorded.entry, recorded.grade
    assert entry is not None
    assert found is not None
    status = found.status.replace("_", " ") + (", unchanged" if recorded.kept else "")
    if recorded.refused is not None:
        lower = f", not lowered to {format_amount(recorded.refused.score)}"
        status += ", not graded again" if recorded.refused.status == "pending" else lower
    return (
        clean_line(entry.student),
        entry.assignment,
        f"{format_amount(found.score)} / {format_amount(found.points)}",
        format_amount(found.bonus) if found.bonus else "",
        status,
    )


def _failure_json(
    where: str, student: str, assignment: str | None, error: GraderError, status: str
) -> dict[str, object]:
    """Return the line of work that has no report; docs/report.md describes it beside the report."""
    from grader.display import clean_line, clean_text

    return {
        "format": 1,
        "assignment": assignment,
        "student": clean_line(student),
        "status": status,
        "path": clean_line(where),
        "message": clean_text(error.message),
        "hint": clean_text(error.hint) if error.hint else None,
    }
