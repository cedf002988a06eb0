"""The command that grades a class."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from grader.cli.completion import complete_assignment
from grader.cli.options import GivenPath, jobs_option, json_option, no_isolation_option
from grader.cli.output import exit_code, print_json, print_table, progress
from grader.cli.seat import Seat, acting_user
from grader.display import clean_line, clean_text, format_amount, list_names
from grader.errors import FaultError, GraderError, InputError, SpecError, SubmissionError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from grader.cluster import RayPool
    from grader.engine import Pool
    from grader.gradebook import Entry, Gradebook
    from grader.inbox import Inbox, Refusal
    from grader.recording import Recorded
    from grader.report import JunitFile
    from grader.spec import Assignment, Course

MOST_NOTES = 20  # on what was taken of notebooks
STOPPED = 128 + signal.SIGINT  # as a shell has it for what Ctrl-C ended


LAYOUTS = ("folders", "moodle", "canvas", "blackboard", "brightspace", "pattern")
_file = GivenPath(dir_okay=False)


@click.command()
@click.argument("paths", metavar="PATH [PATH]...", nargs=-1, required=True, type=GivenPath())
@click.option(
    "--assignment", metavar="ID", shell_complete=complete_assignment, help="All work in PATH is for this assignment."
)
@click.option("--layout", type=click.Choice(LAYOUTS), help="How PATH is laid out.  [default: as its names show]")
@click.option("--pattern", metavar="REGEX", help="Match the paths of files: groups named student and file.")
@click.option("--roster", "roster_file", type=_file, metavar="FILE", help="Who takes the course, as a CSV file.")
@click.option("--worksheet", type=_file, metavar="FILE", help="The assignment's grading worksheet from Moodle.")
@click.option("--came", metavar="WHEN", help="When the work came: on-time, now, or a time.")
@click.option("--times", type=_file, metavar="FILE", help="When each one's work came: a CSV file with id and time.")
@jobs_option
@click.option("--force", is_flag=True, help="Grade again what has not changed since it was graded.")
@click.option("--junitxml", type=_file, metavar="FILE", help="Write what came of each check as JUnit XML.")
@json_option
@no_isolation_option
@click.option(
    "--engine", type=click.Choice(["local", "ray"]), default="local", help="What runs checks; see docs/cluster.md."
)
@click.option("--address", metavar="HOST:PORT", help="The Ray cluster to use, or auto.  [default: one on this machine]")
@click.option("--gpu-share", type=float, metavar="X", help="What part of a GPU Ray keeps for each submission.")
@click.pass_obj
def grade(course: Path | None, /, paths: tuple[Path, ...], **options: Any) -> None:
    """Grade a class: each PATH is a folder or zip of students' work.

    It holds one folder (or zip, or notebook) per student, its name the student's id, or is a download of all
    submissions from Moodle, Canvas, Blackboard or Brightspace, or is one student's zip or notebook. With --assignment,
    each one is a submission. Without it, each student's folder holds the folders that `grader fetch` made. Where
    lateness costs something, and neither the LMS's names nor --times say when work came, --came must.

    What has not changed since it was graded keeps its grade. Ctrl-C stops; the same command goes on from there. With
    --json, one report is printed per line.
    """
    request = _Request(**options)
    with _start_engine(request) as pool, _open_junit(request.junitxml) as junit:
        seat = Seat(course)
        ledger = _Ledger(request.as_json, junit, seat.course.language)
        with seat.open_gradebook() as gradebook, _open(seat, gradebook, paths, request) as inbox:
            for note in inbox.notes:
                click.echo(clean_line(note, 2_000), err=True)
            for refusal in inbox.refusals:
                ledger.refuse(refusal)
            with _stopping(ledger, len(inbox.works)):
                _grade_all(pool, seat, gradebook, inbox, ledger, request)
            with suppress(GraderError):  # the grades are what was asked for
                ledger.compare(seat.course, gradebook)
        ledger.close()
    raise click.exceptions.Exit(ledger.code)


@dataclass(frozen=True)
class _Request:
    """What the options ask for."""

    assignment: str | None
    layout: str | None
    pattern: str | None
    roster_file: Path | None
    worksheet: Path | None
    came: str | None
    times: Path | None
    jobs: int
    force: bool
    junitxml: Path | None
    as_json: bool
    no_isolation: bool
    engine: str
    address: str | None
    gpu_share: float | None


def _start_engine(request: _Request) -> Pool | RayPool:
    """Start what runs the checks. ``-j`` holds for each of a cluster's machines, if it was given at all."""
    if request.engine == "ray":
        from grader.cluster import RayPool

        given = click.get_current_context().get_parameter_source("jobs") is not ParameterSource.DEFAULT
        each = request.jobs if given or request.address is None else None
        return RayPool(each, address=request.address, gpu_share=request.gpu_share)
    if request.address is not None or request.gpu_share is not None:
        raise InputError("--address and --gpu-share are about a Ray cluster", "add --engine ray")
    from grader.engine import Pool

    return Pool(request.jobs)


def _open(seat: Seat, gradebook: Gradebook, paths: Sequence[Path], request: _Request) -> Inbox:
    from grader.arrival import Arrival, list_unused, note_arrival, parse_arrival, read_times
    from grader.inbox import Sorting, open_inbox
    from grader.layouts import Layout, compile_pattern
    from grader.roster import read_roster, read_worksheet

    now = datetime.now(UTC)
    sorting = Sorting(
        load=seat.course.load,
        assignment=seat.course.load(request.assignment) if request.assignment is not None else None,
        layout=Layout(request.layout) if request.layout is not None else None,
        pattern=compile_pattern(request.pattern) if request.pattern is not None else None,
        roster=read_roster(request.roster_file) if request.roster_file is not None else gradebook.roster(),
        worksheet=read_worksheet(request.worksheet) if request.worksheet is not None else None,
        zone=seat.course.time_zone,
    )
    arrival = Arrival(
        parse_arrival(request.came, seat.course, now) if request.came is not None else None,
        read_times(request.times, seat.course, sorting.roster, now) if request.times is not None else {},
    )
    inbox = open_inbox(paths, sorting)
    try:
        inbox.works = tuple(note_arrival(inbox.works, arrival, seat.course, now))
        if unused := list_unused(inbox.works, arrival):
            inbox.notes.append(f"{request.times} has times of {list_names(unused, 5)}, of whom nothing is here")
    except BaseException:
        inbox.close()
        raise
    return inbox


def _open_junit(path: Path | None) -> AbstractContextManager[JunitFile | None]:
    from grader.report import JunitFile

    return nullcontext() if path is None else JunitFile(path)


def _grade_all(
    pool: Pool | RayPool, seat: Seat, gradebook: Gradebook, inbox: Inbox, ledger: _Ledger, request: _Request
) -> None:
    from grader.recording import record_work

    setup = seat.setup(isolated=not request.no_isolation, secrets=inbox.secrets)

    def find_environment() -> Mapping[str, str]:
        return pool.survey(seed=setup.seed, isolated=setup.isolated).environment

    keep = None if request.force else find_environment
    with progress(len(inbox.works), "Grading") as advance:
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
    junit: JunitFile | None
    language: str
    rows: list[tuple[str, ...]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    refused_work: bool = False
    entries: dict[str, tuple[Assignment, list[Entry]]] = field(default_factory=dict)  # of each assignment
    counting: dict[tuple[str, str], str] = field(default_factory=dict)  # where a row's score is not what counts
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
        from grader.reporting import describe_entry

        work, found = recorded.work, recorded.grade
        if found is None or recorded.entry is None:
            assert recorded.error is not None
            self._fail(work.where, work.student, work.assignment.id, recorded.error, stored=recorded.entry is not None)
            return
        self.graded += 1
        newest = recorded.refused or found
        self.code = max(self.code, exit_code([newest]))
        self.rows.append(_describe(recorded))
        self.entries.setdefault(work.assignment.id, (work.assignment, []))[1].append(recorded.entry)
        self.notes += [f"{recorded.entry.student}: {note}" for note in recorded.notes]
        if any(question.unreadable for question in found.questions):
            self.unreadable.append(recorded.entry.student)
        if newest.fault is not None:
            self.faults.setdefault(newest.fault, []).append(work.where)
        if self.as_json or self.junit is not None:
            info = describe_entry(recorded.entry)
            report = build_report(found, info, Reader.INSTRUCTOR, language=self.language)
            if self.junit is not None:
                self.junit.add(report)
            if self.as_json:
                print_json(to_json(report))

    def refuse(self, refusal: Refusal) -> None:
        """Take down what could not even be opened."""
        self._fail(refusal.where, refusal.student, refusal.assignment, refusal.error)

    def compare(self, course: Course, gradebook: Gradebook) -> None:
        """Take down what counts in the end, after lateness and of all attempts, where a submission's score does not."""
        from grader.settlement import settle_assignment

        older = []
        for assignment, entries in self.entries.values():
            settled = settle_assignment(course, gradebook, assignment)
            for entry in entries:
                final, attempts = settled[entry.student].final, settled[entry.student].attempts
                own = next(one for one in attempts if one.submission == entry.id)
                if own.order < max(one.order for one in attempts):
                    older.append(entry.student)
                if final.status is not None and own.grade is not None and final.score != own.grade.score:
                    self.counting[entry.student, assignment.id] = format_amount(final.score)
        if older:
            self.reasons.append(
                (
                    f"an earlier attempt, handed in before, and not filed anew: {list_names(sorted(older), 5)}",
                    "if it came again after the newest one, say when: --came now, or --times FILE",
                )
            )

    def close(self) -> None:
        """Print the table, and then what was not graded and why."""
        if self.as_json:
            for failure in self.failures:
                print_json(failure)
        else:
            self._print_rows()
        for note in sorted(self.notes)[:MOST_NOTES]:
            click.echo(clean_line(note, 500), err=True)
        if len(self.notes) > MOST_NOTES:
            click.echo(f"and {len(self.notes) - MOST_NOTES} more notes on notebooks", err=True)
        for fault, places in self.faults.items():
            click.echo(f"pending: {clean_text(fault)} ({list_names(places, 5)})", err=True)
        if self.unreadable:
            names = list_names(sorted(self.unreadable), 5)
            where = "`grader show ASSIGNMENT --student ID` says which and why"
            self.reasons.append((f"answers that could not be read, and earn nothing: {names}", where))
        for reason, hint in self.reasons:
            click.echo(reason, err=True)
            if hint:
                click.echo(f"  {hint}", err=True)
        if self.refused_work:
            click.echo("Refused work is not stored: let it be handed in again, or mend it and grade again.", err=True)
        if self.stopped:
            click.echo(self.stopped, err=True)
        if self.fault is not None:
            raise self.fault

    def _print_rows(self) -> None:
        rows = sorted(self.rows)
        headings = ["STUDENT", "ASSIGNMENT", "SCORE", "BONUS", "STATUS"]
        if self.counting:
            headings.insert(4, "COUNTS")
            rows = [(*row[:4], self.counting.get((row[0], row[1]), ""), *row[4:]) for row in rows]
        print_table(headings, rows, numbers=(2, 3, 4) if self.counting else (2, 3))

    def _fail(
        self, where: str, student: str, assignment: str | None, error: GraderError, *, stored: bool = False
    ) -> None:
        ours = isinstance(error, FaultError | SpecError)
        self.code = max(self.code, 3 if ours else 2)
        status = "pending" if stored else "not stored" if ours else "not graded"
        self.refused_work |= isinstance(error, SubmissionError) and not stored
        self.rows.append((clean_line(student), assignment or "", "", "", status))
        self._explain(where, status, error.message, error.hint)
        if self.junit is not None:
            self.junit.add_failure(student, assignment, error.message, ours=ours)
        self.failures.append(_failure_json(where, student, assignment, error, "fault" if ours else "refused"))

    def _explain(self, where: str, status: str, message: str, hint: str | None) -> None:
        path, text = clean_line(where), clean_text(message)
        place = "" if text.startswith(path) else f"{path}: "
        self.reasons.append((f"{status}: {place}{text}", clean_text(hint) if hint else None))


def _describe(recorded: Recorded) -> tuple[str, ...]:
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
    return {
        "format": 1,
        "assignment": assignment,
        "student": clean_line(student),
        "status": status,
        "path": clean_line(where),
        "message": clean_text(error.message),
        "hint": clean_text(error.hint) if error.hint else None,
    }
