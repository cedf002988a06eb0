"""The student's commands check and submit."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.options import assignment_option, json_option, no_isolation_option, path_argument, student_option
from grader.cli.output import agrees, exit_code, print_report, waiting
from grader.cli.seat import Seat, draw_for, find_fetched, who
from grader.cli.showing import report_of
from grader.errors import FaultError, InputError
from grader.files import write_file
from grader.language import _, later, plural

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from grader.answers import AnswerProblem
    from grader.engine import Examiner
    from grader.gradebook import Entry, Gradebook
    from grader.grading import Setup
    from grader.report import Report
    from grader.scoring import Grade, NextAttempt
    from grader.spec import Assignment
    from grader.submission import Submission

RECEIPTS = "receipts"  # a folder in that of the work


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
                raise click.UsageError(_("--watch and --json exclude each other"))
            watch_work(Desk(seat, examiner, setup, path, assignment, student))
            return
        report = check_work(examiner, seat, path, assignment, student, setup)
    print_report(report, as_json=as_json)
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
    from grader.meaning import find_missing
    from grader.report import Reader, SubmissionInfo, build_report
    from grader.reporting import gather_local_context

    spec, submission = _read(seat, path, assignment, student)
    for line in find_missing(submission.files, spec):
        click.echo(f"grader: {line}", err=True)
    grade, complete = _run_public(examiner, spec, submission, setup)
    context = gather_local_context(spec, submission, grade)
    info = SubmissionInfo(digest=submission.digest)
    language = seat.course.language
    return build_report(grade, info, Reader.STUDENT, complete=complete, context=context, language=language)


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
            examiner, seat, path, assignment, student, lambda: seat.setup_own(isolated=not no_isolation), _ask
        )
    print_report(report, as_json=as_json)
    raise click.exceptions.Exit(exit_code([grade]))


def hand_in(
    examiner: Examiner,
    seat: Seat,
    path: Path,
    assignment: str | None,
    student: str | None,
    make_setup: Callable[[], Setup],
    ask: Callable[[Sequence[str]], None],
) -> tuple[Report, Grade]:
    """Hand in work that lies somewhere, and return its report and grade; its receipt is written beside it.

    ``ask`` is called first with what makes it doubtful; it raises where it is not to be handed in.

    Raises:
        InputError: it is no submission, or another attempt would not count.
        FaultError: it is stored, but this machine cannot grade it.
    """
    name = who(student)
    spec, submission = _read(seat, path, assignment, name)
    with seat.open_gradebook() as gradebook:
        entries = gradebook.entries(student=name, assignment=spec.id)
        unfinished = _find_unfinished(gradebook, entries, submission, name)
        if unfinished is None:
            _refuse_useless(seat, gradebook, spec, name)
            ask(_list_doubts(entries, spec, submission))
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


def foresee(seat: Seat, path: Path, assignment: str | None, student: str | None) -> list[str]:
    """Return what somebody should know before work is handed in: what makes it doubtful, and the attempts left.

    Raises:
        InputError: it is no submission, or another attempt would not count.
    """
    name = who(student)
    spec, submission = _read(seat, path, assignment, name)
    with seat.open_gradebook() as gradebook:
        following = _refuse_useless(seat, gradebook, spec, name)
        doubts = _list_doubts(gradebook.entries(student=name, assignment=spec.id), spec, submission)
    if following.limit is not None:
        left = following.limit - following.used
        doubts.append(plural("{number} attempt left", "{number} attempts left", left))
    return doubts


def _list_doubts(entries: Sequence[Entry], spec: Assignment, submission: Submission) -> list[str]:
    """Return what speaks against handing in: see ``find_doubts``; or the same was handed in before."""
    from grader.meaning import find_doubts

    doubts = find_doubts(submission.files, spec)
    same = [one for one in entries if one.digest == submission.digest]
    if same:
        doubts.append(_("this is what was handed in as attempt {number}", number=same[-1].number))
    return doubts


def _ask(doubts: Sequence[str]) -> None:
    """Say what speaks against handing in; at a terminal a person then decides.

    Raises:
        InputError: they decided against it.
    """
    for doubt in doubts:
        click.echo(f"grader: {doubt}", err=True)
    try:
        agreed = not doubts or agrees(_("Hand it in all the same?"))
    except click.Abort:
        nothing = _("nothing was handed in")
        click.echo(err=True)
        click.echo(f"grader: {nothing}", err=True)
        raise
    if not agreed:
        raise InputError(_("nothing was handed in"))


def _find_unfinished(
    gradebook: Gradebook, entries: Sequence[Entry], submission: Submission, student: str
) -> Entry | None:
    """Return the student's last attempt where it holds the same files and was never graded: somebody stopped it."""
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
        with contextlib.suppress(OSError):
            if target.exists() and target.read_bytes() != data:  # of somebody else, or from another gradebook
                target = folder / f"{entry.assignment}-{entry.id}.json"
        write_file(target, data)
    except InputError as error:
        told = _("`{command}` prints the receipt.", command=seat.spell(f"receipt show {entry.id}"))
        click.echo(f"{error.message}; {told}", err=True)
    else:
        click.echo(_("Receipt: {file}", file=target), err=True)


def _refuse_useless(seat: Seat, gradebook: Gradebook, assignment: Assignment, student: str) -> NextAttempt:
    """Refuse an attempt that would not count, before it is handed in; return what is known of one that would.

    Raises:
        InputError: all attempts are used up, or the next one opens later.
    """
    from grader.settlement import find_next

    found = find_next(seat.course, gradebook, assignment, student, datetime.now(UTC))
    if not found.is_open:
        at = "" if found.opens_at is None else _(", at {time}", time=f"{found.opens_at.astimezone():%Y-%m-%d %H:%M}")
        hint = _(
            "nothing was handed in; `grader show` shows the last report, `grader check` checks as often as you like"
        )
        raise InputError(f"{assignment.id}: {found.reason}{at}", hint)
    return found


def submit_work(
    examiner: Examiner,
    gradebook: Gradebook,
    assignment: Assignment,
    submission: Submission,
    student: str,
    setup: Setup,
    acknowledge: Callable[[Entry], None] = lambda _entry: None,
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
    entry = unfinished or store_work(gradebook, work, by=student).entry
    # Whoever stops this now shall know that it is in.
    said = later("Handed in: {assignment}, attempt {number} of {student} ({id}).")
    if unfinished is not None:
        said = later("Handed in before, and not graded: {assignment}, attempt {number} of {student} ({id}).")
    told = _(said, assignment=assignment.id, number=entry.number, student=student, id=entry.id)
    click.echo(told, err=True)
    try:
        acknowledge(entry)
        with waiting(_("Running the checks")):
            (graded,) = grade_stored(examiner, gradebook, assignment, [entry], setup, by=student)
    except KeyboardInterrupt:
        stopped = later("Attempt {number} is stored, but not graded: hand the same in again to go on with it.")
        click.echo(_(stopped, number=entry.number), err=True)
        raise
    except FaultError as fault:
        message = _("submission {id} is stored, but not graded: {reason}", id=entry.id, reason=fault.message)
        raise FaultError(message, fault.hint) from None
    if graded.grade is None:
        assert graded.error is not None
        raise graded.error
    return entry, graded.grade


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
        raise InputError(
            "\n".join(told), _("mend the answers and try again: nothing was run, and nothing was handed in")
        )
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
    if place is None:
        return str(problem)
    return _("cell {cell}, line {line}: {message}", cell=place[0], line=place[1], message=problem.message)


def _run_public(examiner: Examiner, assignment: Assignment, submission: Submission, setup: Setup) -> tuple[Grade, bool]:
    """Run the public checks only; says also whether those are all there is."""
    from grader.checks import read_checks
    from grader.grading import grade_submissions
    from grader.results import Visibility

    checks = read_checks(assignment)
    public = [check for check in checks if check.visibility is Visibility.PUBLIC]
    with waiting(_("Running the public checks")):
        ((_number, grade),) = grade_submissions(examiner, assignment, public, [submission], setup)
    return grade, len(public) == len(checks) and not assignment.quiz_questions
