"""The student's commands: list, fetch, check, submit, status, show."""

from __future__ import annotations

import os
import shlex
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.completion import complete_assignment
from grader.cli.output import exit_code, print_json, print_report, print_table, waiting
from grader.cli.seat import Seat, draw_for, who
from grader.errors import FaultError, InputError, reason_of, suggest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from grader.answers import AnswerProblem
    from grader.engine import Examiner
    from grader.gradebook import Entry, Gradebook
    from grader.grading import Setup
    from grader.overview import Overview
    from grader.report import Report
    from grader.scoring import FinalGrade, Grade
    from grader.spec import Assignment
    from grader.stub import WrittenStub
    from grader.submission import Submission

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
student_option = click.option(
    "--student", envvar="GRADER_STUDENT", metavar="ID", help="The student's id.  [default: your user name]"
)
assignment_option = click.option(
    "--assignment",
    metavar="ID",
    shell_complete=complete_assignment,
    help="The assignment, where the folder does not say it itself.",
)
no_isolation_option = click.option(
    "--no-isolation", is_flag=True, help="Run the code without the sandbox: for your own code on your own machine only."
)
jobs_option = click.option(
    "-j",
    "--jobs",
    type=click.IntRange(1, 256),
    default=lambda: len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
    show_default="one for each core",
    metavar="N",
    help="How many submissions to grade at once.",
)
RECEIPTS = "receipts"  # a folder in that of the work
path_argument = click.argument("path", type=click.Path(path_type=Path), default=Path())


@click.command("list")
@student_option
@json_option
@click.pass_obj
def list_(course: Path | None, student: str | None, as_json: bool) -> None:
    """List the assignments: when each is due, attempts left, best score."""
    seat = Seat(course)
    now = datetime.now(UTC)
    overviews = review_course(seat, student, now)
    if as_json:
        print_json([_overview_json(overview) for overview in overviews])
        return
    from grader.display import format_amount

    click.echo(f"{seat.course.title}\n")
    rows = [
        (
            one.assignment.id,
            format_amount(one.assignment.points),
            describe_due(one, now),
            _describe_attempts(one),
            "-" if one.best is None else format_amount(one.best),
            one.assignment.title,
        )
        for one in overviews
    ]
    headings = ("ASSIGNMENT", "POINTS", "DUE", "ATTEMPTS", "BEST", "TITLE")
    # What says nothing of any assignment is left out: without a policy there are only titles.
    shown = [place for place in range(len(headings)) if any(row[place] not in ("", "-") for row in rows)]
    print_table(
        [headings[place] for place in shown],
        [[row[place] for place in shown] for row in rows],
        numbers=[shown.index(place) for place in (1, 4) if place in shown],
    )
    click.echo(f"\nGet one with `{seat.spell('fetch ASSIGNMENT')}`.")


def review_course(seat: Seat, student: str | None, now: datetime) -> list[Overview]:
    """Return how a student stands in all assignments; where nobody has handed in anything, no gradebook is made."""
    from grader.gradebook import DATABASE

    name = who(student)
    if not (seat.state / DATABASE).exists():
        return _review(seat, None, seat.course.assignments, name, now)
    with seat.open_gradebook() as gradebook:
        return _review(seat, gradebook, seat.course.assignments, name, now)


def _review(
    seat: Seat, gradebook: Gradebook | None, assignments: Iterable[str], student: str, now: datetime
) -> list[Overview]:
    from grader.overview import review_assignment

    specs = [seat.course.load(name) for name in assignments]
    return [review_assignment(seat.course, gradebook, spec, student, now) for spec in specs]


def describe_due(overview: Overview, now: datetime) -> str:
    """Return when an assignment is due in words, and whether it can still be handed in after that."""
    from grader.display import describe_distance

    if overview.due is None:
        return "-"
    distance = describe_distance(overview.due, now)
    if now <= overview.due:
        return distance
    return f"{distance}, {'closed' if overview.closed is not None else 'still open'}"


def _describe_attempts(overview: Overview) -> str:
    following, left = overview.following, overview.attempts_left
    if left is not None:
        return f"{left} left of {following.limit}" if following.limit is not None else "none left"
    return f"{following.used} so far" if following.used else "-"


def _overview_json(overview: Overview) -> dict[str, object]:
    from grader.display import timestamp

    spec = overview.assignment
    return {
        "id": spec.id,
        "title": spec.title,
        "summary": spec.summary,
        "points": float(spec.points),
        "due": timestamp(overview.due),
        "attempts": overview.following.used,
        "attempts_left": overview.attempts_left,
        "closed": overview.closed,
        "best": None if overview.best is None else float(overview.best),
        "changes": list(overview.changes),
    }


@click.command()
@click.argument("assignment", shell_complete=complete_assignment)
@click.argument("directory", type=click.Path(path_type=Path), required=False)
@student_option
@click.option("--notebook", is_flag=True, help="A Jupyter notebook to answer in, in place of the files to fill in.")
@click.option("--force", is_flag=True, help="Overwrite files that are there; they are copied to a backup first.")
@click.pass_obj
def fetch(
    course: Path | None, assignment: str, directory: Path | None, student: str | None, notebook: bool, force: bool
) -> None:
    """Make a folder to work in: what is asked, files to fill in, checks.

    DIRECTORY is named after the assignment where none is given. Files of yours in it are never overwritten without
    --force, and with it are kept in a folder beside it. Some questions are drawn for each student: fetch, check and
    submit as the same one.
    """
    from grader.policy import describe_rules
    from grader.submission import notebook_name

    seat = Seat(course)
    spec = draw_for(seat.course.load(assignment), student)
    target = directory if directory is not None else Path(spec.id)
    rules = describe_rules(seat.course.policy_of(spec), seat.course.due_of(spec), groups=spec.groups)
    result = make_stub(spec, target, rules, notebook=notebook, course=course, force=force)
    if result.backup is not None:
        click.echo(f"What was there is in {result.backup}.")
    for name in result.written:
        click.echo(f"{target / name}")
    for name in result.kept:
        click.echo(f"{target / name}  (as it was)")
    whose = f" --student {shlex.quote(student)}" if spec.student and student else ""
    check_it, hand_it_in = (seat.spell(f"{command} {target}{whose}") for command in ("check", "submit"))
    first = f"Answer in {target / notebook_name(spec)}" if notebook else f"Read {target / 'README.md'}"
    click.echo(f"\n{first}; then `{check_it}` and `{hand_it_in}`.")


def make_stub(
    assignment: Assignment,
    target: Path,
    rules: Sequence[str] = (),
    *,
    notebook: bool = False,
    course: Path | None = None,
    force: bool = False,
) -> WrittenStub:
    """Write an assignment's stub to a folder; see ``write_stub``.

    With ``notebook`` it is one, whose last cell looks for the checks in ``course``.

    Raises:
        InputError: the folder holds the questions of another student, and ``force`` is not given.
    """
    from grader.checks import read_checks
    from grader.notebook_stub import render_notebook_stub
    from grader.stub import render_stub, write_stub

    _refuse_source(assignment, target)
    if assignment.student and not force:
        _refuse_others_folder(assignment, target)
    checks = read_checks(assignment)
    if notebook:
        where = str(course.resolve()) if course is not None else None
        files = render_notebook_stub(assignment, checks, rules, course=where)
    else:
        files = render_stub(assignment, checks, rules)
    return write_stub(files, target, force=force)


def _refuse_source(assignment: Assignment, target: Path) -> None:
    """Refuse to write a student's files over what they are made of.

    Raises:
        InputError: the folder is an assignment's own, or lies in one.
    """
    from grader.spec import ASSIGNMENT_FILE

    for folder in (target, *target.absolute().parents[:2]):
        if (folder / ASSIGNMENT_FILE).exists():
            message = f"{target} is in the folder of an assignment, where its checks and solutions are"
            raise InputError(message, f"give another folder: `grader fetch {assignment.id} work/{assignment.id}`")


def _refuse_others_folder(assignment: Assignment, target: Path) -> None:
    from grader.submission import read_marker

    try:
        marker = read_marker(target)
    except InputError:  # what else may be in the way is told when the stub is written
        return
    found = marker.get("student") if marker is not None else None
    if found not in (None, assignment.student):
        message = f"{target} holds the questions of {found}, and those of {assignment.student} are others"
        hint = "give another folder, or use --force: it keeps a copy of what is there beside the folder"
        raise InputError(message, hint)


@click.command()
@path_argument
@assignment_option
@student_option
@json_option
@no_isolation_option
@click.option("--watch", is_flag=True, help="Stay, and check again whenever a file is saved.")
@click.pass_obj
def check(
    course: Path | None,
    path: Path,
    assignment: str | None,
    student: str | None,
    as_json: bool,
    no_isolation: bool,
    watch: bool,
) -> None:
    """Run the public checks on your work. Nothing is handed in.

    PATH is the folder that `grader fetch` made, a single file, a notebook, or a zip. Nothing in a notebook is run: the
    cells that answer are taken, and you are told which. In a folder that holds several of those it says what is left to
    do.
    """
    seat = Seat(course)
    if path == Path() and assignment is None and (folders := find_fetched(path)):
        from grader.cli.todo import print_left

        print_left(seat, folders, student, as_json)
        return
    from grader.engine import Examiner  # starts importing torch in its own process while this one reads files

    with Examiner() as examiner:
        setup = seat.setup_own(isolated=not no_isolation)
        if watch:
            from grader.cli.watch import Desk, watch_work

            if as_json:
                raise click.UsageError("--watch and --json exclude each other")
            watch_work(Desk(seat, examiner, setup, path, assignment, student))
            return
        report = check_work(examiner, seat, path, assignment, student, setup)
    _print(report, as_json)
    # Whether answers to the quiz are right is not told here, not even by the exit code.
    raise click.exceptions.Exit(exit_code([report.grade], kinds=("code",)))


def check_work(
    examiner: Examiner, seat: Seat, path: Path, assignment: str | None, student: str | None, setup: Setup
) -> Report:
    """Run the public checks on work that lies somewhere, and return the report of it.

    Raises:
        InputError: it is no submission, or an answer in it cannot be understood.
        FaultError: nothing can be run here.
    """
    from grader.report import Reader, SubmissionInfo, build_report
    from grader.reporting import gather_local_context

    spec, submission = _read(seat, path, assignment, student)
    grade, complete = _run_public(examiner, spec, submission, setup)
    context = gather_local_context(spec, submission, grade)
    info = SubmissionInfo(digest=submission.digest)
    return build_report(grade, info, Reader.STUDENT, complete=complete, context=context)


def find_fetched(folder: Path) -> list[Path]:
    """Return the folders of fetched assignments that lie in a folder which is none itself, by name."""
    from grader.submission import MARKER

    try:
        if (folder / MARKER).exists():
            return []
        return sorted(path for path in folder.iterdir() if (path / MARKER).is_file())
    except OSError:
        return []


@click.command()
@path_argument
@assignment_option
@student_option
@json_option
@no_isolation_option
@click.pass_obj
def submit(
    course: Path | None, path: Path, assignment: str | None, student: str | None, as_json: bool, no_isolation: bool
) -> None:
    """Hand in your work, and see its score.

    PATH is the folder that `grader fetch` made, a single file, a notebook, or a zip. Nothing in a notebook is run: the
    cells that answer are taken, and you are told which.
    """
    from grader.engine import Examiner  # starts importing torch in its own process while this one reads files

    with Examiner() as examiner:
        seat = Seat(course)
        report, grade = hand_in(
            examiner, seat, path, assignment, student, lambda: seat.setup_own(isolated=not no_isolation)
        )
    _print(report, as_json)
    raise click.exceptions.Exit(exit_code([grade]))


def hand_in(
    examiner: Examiner,
    seat: Seat,
    path: Path,
    assignment: str | None,
    student: str | None,
    make_setup: Callable[[], Setup],
) -> tuple[Report, Grade]:
    """Hand in work that lies somewhere, and return its report and grade; its receipt is written beside it.

    Raises:
        InputError: it is no submission, or another attempt would not count.
        FaultError: it is stored, but this machine cannot grade it.
    """
    name = who(student)
    spec, submission = _read(seat, path, assignment, name)
    with seat.open_gradebook() as gradebook:
        unfinished = _find_unfinished(gradebook, spec, submission, name)
        if unfinished is None:
            _refuse_useless(seat, gradebook, spec, name)
        entry, grade = submit_work(
            examiner,
            gradebook,
            spec,
            submission,
            name,
            make_setup(),
            acknowledge=lambda stored: keep_receipt(seat, gradebook, stored, path),
            unfinished=unfinished,
        )
        return report_of(seat, gradebook, entry, grade, name), grade


def _find_unfinished(gradebook: Gradebook, spec: Assignment, submission: Submission, student: str) -> Entry | None:
    """Return the student's last attempt where it holds the same files and was never graded: somebody stopped it."""
    entries = gradebook.entries(student=student, assignment=spec.id)
    last = entries[-1] if entries else None
    same = last is not None and last.student == student and last.digest == submission.digest
    return last if last is not None and same and gradebook.grade(last) is None else None


def keep_receipt(seat: Seat, gradebook: Gradebook, entry: Entry, path: Path) -> None:
    """Write the receipt of a submission beside the work, to ``receipts/``.

    Where nothing can be written that fails nothing: `grader receipt show` makes the receipt again.
    """
    from grader.receipts import sign_receipt, write_receipt

    folder = (path if path.is_dir() else path.parent) / RECEIPTS
    target = folder / f"{entry.assignment}-{entry.number}.json"
    data = write_receipt(sign_receipt(seat.course.title, gradebook, entry, datetime.now(UTC)))
    try:
        if target.exists() and target.read_bytes() != data:  # of somebody else, or from another gradebook
            target = folder / f"{entry.assignment}-{entry.id}.json"
        folder.mkdir(exist_ok=True)
        target.write_bytes(data)
    except OSError as error:
        command = seat.spell(f"receipt show {entry.id}")
        click.echo(f"{target} cannot be written: {reason_of(error)}; `{command}` prints the receipt.", err=True)
    else:
        click.echo(f"Receipt: {target}", err=True)


def _refuse_useless(seat: Seat, gradebook: Gradebook, assignment: Assignment, student: str) -> None:
    """Refuse an attempt that would not count, before it is handed in; say which one it is where there is a limit.

    Raises:
        InputError: all attempts are used up, or the next one opens later.
    """
    from grader.settlement import find_next

    found = find_next(seat.course, gradebook, assignment, student, datetime.now(UTC))
    if not found.is_open:
        at = "" if found.opens_at is None else f", at {found.opens_at.astimezone():%Y-%m-%d %H:%M}"
        hint = "nothing was handed in; `grader show` shows the last report, `grader check` checks as often as you like"
        raise InputError(f"{assignment.id}: {found.reason}{at}", hint)


def report_of(
    seat: Seat, gradebook: Gradebook, entry: Entry, grade: Grade, student: str, *, instructor: bool = False
) -> Report:
    """Return the report of a submission, as it is told now."""
    from grader.report import Reader
    from grader.reporting import report_stored

    reader = Reader.INSTRUCTOR if instructor else Reader.STUDENT
    return report_stored(seat.course, gradebook, entry, grade, student, reader, datetime.now(UTC))


def submit_work(
    examiner: Examiner,
    gradebook: Gradebook,
    assignment: Assignment,
    submission: Submission,
    student: str,
    setup: Setup,
    acknowledge: Callable[[Entry], None] = lambda _: None,
    unfinished: Entry | None = None,
) -> tuple[Entry, Grade]:
    """Store a submission, grade it with all checks, and store the grade. It is stored before anything runs.

    ``acknowledge`` is called once it is stored. ``unfinished`` is an attempt that holds the same and was not graded: it
    is gone on with, and no further one is made.

    Raises:
        FaultError: it is stored, but this machine cannot grade it.
    """
    from grader.checks import read_checks
    from grader.recording import Work, grade_stored, store_work

    read_checks(assignment)  # a broken assignment is better told of before anything is handed in
    work = Work(student, assignment, student, lambda: submission)
    entry = unfinished or store_work(gradebook, work, by=student)
    # Whoever stops this now shall know that it is in.
    said = "Handed in" if unfinished is None else "Handed in before, and not graded"
    click.echo(f"{said}: {assignment.id}, attempt {entry.number} of {student} ({entry.id}).", err=True)
    acknowledge(entry)
    try:
        with waiting("Running the checks"):
            (graded,) = grade_stored(examiner, gradebook, assignment, [entry], setup, by=student)
    except KeyboardInterrupt:
        click.echo(
            f"Attempt {entry.number} is stored, but not graded: hand the same in again to go on with it.", err=True
        )
        raise
    except FaultError as fault:
        raise FaultError(f"submission {entry.id} is stored, but not graded: {fault.message}", fault.hint) from None
    if graded.grade is None:
        assert graded.error is not None
        raise graded.error
    return entry, graded.grade


@click.command()
@student_option
@json_option
@click.pass_obj
def status(course: Path | None, student: str | None, as_json: bool) -> None:
    """List what you have handed in, and what it earned."""
    seat = Seat(course)
    student, now = who(student), datetime.now(UTC)
    with seat.open_gradebook() as gradebook:
        rows = gradebook.graded(student)
        # What is still open is told to people, and is about all of the course; else only what was handed in matters.
        told = {entry.assignment for entry, _ in rows} if as_json or not rows else seat.course.assignments
        names = [name for name in seat.course.assignments if name in told]
        overviews = _review(seat, gradebook, names, student, now)
    finals = (one.final for one in overviews)
    counting = {final.attempt.submission: final for final in finals if final is not None and final.attempt is not None}
    if as_json:
        print_json([_entry_json(entry, grade, counting.get(entry.id)) for entry, grade in rows])
        return
    if not rows:
        click.echo(f"{student} has handed in nothing yet. `grader list` shows what there is to do.")
        return
    from grader.display import format_amount

    table = [
        (
            entry.assignment,
            str(entry.number),
            f"{entry.submitted_at.astimezone():%Y-%m-%d %H:%M}",
            f"{format_amount(grade.score)} / {format_amount(grade.points)}" if grade else "-",
            (grade.status if grade else "not graded").replace("_", " "),
            _describe_counting(counting.get(entry.id)),
            entry.id,
        )
        for entry, grade in rows
    ]
    print_table(("ASSIGNMENT", "ATTEMPT", "SUBMITTED", "SCORE", "STATUS", "COUNTS", "ID"), table, numbers=(1, 3))
    _print_outlook(overviews, now)


def _print_outlook(overviews: Sequence[Overview], now: datetime) -> None:
    """Print what others changed since somebody last handed in, and what is still open."""
    changes = [f"  {one.assignment.id}: {change}" for one in overviews for change in one.changes]
    open_ones = [_describe_open(one, now) for one in overviews if one.closed is None and one.due is not None]
    for heading, lines in (("Changed since you handed in", changes), ("Still open", open_ones)):
        if lines:
            click.echo("\n".join(["", f"{heading}:", *lines]))


def _describe_open(overview: Overview, now: datetime) -> str:
    parts = [f"due {describe_due(overview, now)}"]
    if overview.attempts_left is not None:
        parts.append(f"{overview.attempts_left} {'attempt' if overview.attempts_left == 1 else 'attempts'} left")
    if overview.final is None or overview.final.attempt is None:
        parts.append("nothing handed in")
    return f"  {overview.assignment.id}: {', '.join(parts)}"


def _describe_counting(final: FinalGrade | None) -> str:
    from grader.display import format_amount

    if final is None:
        return ""
    if final.status is None or final.status == "pending":
        return "-"
    return f"{format_amount(final.score)}{f' + {format_amount(final.bonus)}' if final.bonus else ''}"


def _entry_json(entry: Entry, grade: Grade | None, final: FinalGrade | None) -> dict[str, object]:
    from grader.display import timestamp

    return {
        "id": entry.id,
        "assignment": entry.assignment,
        "student": entry.student,
        "attempt": entry.number,
        "digest": entry.digest,
        "submitted_at": timestamp(entry.submitted_at),
        "status": str(grade.status) if grade else None,
        "score": float(grade.score) if grade else None,
        "points": float(grade.points) if grade else None,
        "counts": final is not None,
        "final_score": float(final.total) if final is not None and final.status is not None else None,
    }


@click.command()
@click.argument("what", metavar="[ASSIGNMENT|ID]", required=False, shell_complete=complete_assignment)
@student_option
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write the report to an HTML file.")
@click.option("--pdf", type=click.Path(path_type=Path, dir_okay=False), help="Write the report to a PDF file.")
@click.option("--instructor", is_flag=True, help="Show what instructors see: details of hidden checks, output.")
@json_option
@click.pass_obj
def show(
    course: Path | None,
    what: str | None,
    student: str | None,
    html: Path | None,
    pdf: Path | None,
    instructor: bool,
    as_json: bool,
) -> None:
    """Show the report of something that was handed in.

    Without an argument it is your last submission; ASSIGNMENT is your last one for that assignment; ID is the name of
    a submission, as `grader status` lists it.
    """
    from grader.report import to_html

    seat = Seat(course)
    with seat.open_gradebook() as gradebook:
        reader = who(student)
        entry = find_entry(seat, gradebook, what, reader)
        grade = gradebook.grade(entry)
        if grade is None:
            hint = "`grader submit` it again, or ask your instructor"
            raise InputError(f"submission {entry.id} has no grade yet", hint)
        own = reader if reader in entry.students else entry.student
        report = report_of(seat, gradebook, entry, grade, own, instructor=instructor)
    if html is not None:
        write_file(html, to_html(report).encode())
        click.echo(f"{html}", err=as_json)
    if pdf is not None:
        from grader.report.pdf import to_pdf

        write_file(pdf, to_pdf(report))
        click.echo(f"{pdf}", err=as_json)
    if as_json or (html is None and pdf is None):
        _print(report, as_json)


def find_entry(seat: Seat, gradebook: Gradebook, what: str | None, student: str) -> Entry:
    """Find a submission: by its id, or the student's last one (of an assignment)."""
    if what is not None and what not in seat.course.assignments:
        known = {entry.id: entry for entry in gradebook.entries()}
        if what not in known:
            near = suggest(what, seat.course.assignments)
            message = f"there is neither an assignment nor a submission {what!r}{near}"
            raise InputError(message, "`grader list` shows the assignments, `grader status` your submissions")
        return known[what]
    entries = gradebook.entries(student=student, assignment=what)
    if not entries:
        of = f" for {what}" if what else ""
        raise InputError(f"{student} has handed in nothing{of} yet", "`grader submit` hands work in")
    return entries[-1]


def write_file(path: Path, data: bytes) -> None:
    """Write a file that was asked for: all of it, or what stood there before stays.

    Raises:
        InputError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():  # a pipe, or /dev/stdout
            path.write_bytes(data)
            return
        target = path.resolve()  # where a link leads, so that it stays one
        part = target.with_name(f".{target.name[:100]}.{os.getpid()}.part")
        try:
            part.write_bytes(data)
            if target.exists():
                part.chmod(stat.S_IMODE(target.stat().st_mode))
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        reason = reason_of(error)
        raise InputError(f"{path} cannot be written: {reason}", "give a place that you may write to") from None


def _read(seat: Seat, path: Path, assignment_id: str | None, student: str | None) -> tuple[Assignment, Submission]:
    """Read a student's work; answers that cannot be understood are better mended before than after.

    Raises:
        InputError: it is not a submission, or an answer in it cannot be understood.
    """
    from grader.answers import read_answers
    from grader.submission import read_submission

    assignment = seat.find_assignment(path, assignment_id)
    submission = read_submission(path, assignment)
    say_taken(submission)
    assignment = draw_for(assignment, student)
    problems = read_answers(assignment, submission).problems
    if problems:
        told = (_describe_problem(problem, submission) for problem in problems)
        raise InputError("\n".join(told), "mend the answers and try again; nothing was handed in")
    return assignment, submission


def say_taken(submission: Submission) -> None:
    """Say on standard error which cells were taken, where a notebook was read, and what was left out."""
    from grader.cells import describe_pieces

    for line in (*describe_pieces(submission.pieces), *submission.notes):
        click.echo(line, err=True)


def _describe_problem(problem: AnswerProblem, submission: Submission) -> str:
    """Return what is wrong with an answer, and where: in a notebook that is a cell."""
    from grader.cells import locate
    from grader.submission import ANSWERS

    place = locate(submission.pieces, ANSWERS, problem.line)
    return str(problem) if place is None else f"cell {place[0]}, line {place[1]}: {problem.message}"


def _run_public(examiner: Examiner, assignment: Assignment, submission: Submission, setup: Setup) -> tuple[Grade, bool]:
    """Run the public checks only; says also whether those are all there is."""
    from grader.checks import read_checks
    from grader.grading import grade_submissions
    from grader.results import Visibility

    checks = read_checks(assignment)
    public = [check for check in checks if check.visibility is Visibility.PUBLIC]
    with waiting("Running the public checks"):
        ((_, grade),) = grade_submissions(examiner, assignment, public, [submission], setup)
    return grade, len(public) == len(checks) and not assignment.quiz_questions


def _print(report: Report, as_json: bool) -> None:
    from grader.report import to_json

    if as_json:
        print_json(to_json(report))
    else:
        print_report(report)
