"""Submissions become grades: joins the checks, the examiner's run, the answers and the scoring."""

from __future__ import annotations

import math
import shlex
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

from grader.answers import Answers, read_answers
from grader.checks import Check
from grader.diagnosis import find_diagnoses
from grader.engine import Engine
from grader.errors import FaultError, InputError, reason_of
from grader.forbidden import Violation, find_forbidden
from grader.job import Fault, Finished, Job, JobCheck, JobMistake, JobQuestion, Verdict
from grader.language import ENGLISH, _, speaking
from grader.questions import CodeQuestion
from grader.results import CheckResult, Run
from grader.scoring import Grade, Status, score_submission
from grader.spec import ASSIGNMENT_FILE, Assignment
from grader.submission import Submission

ATTEMPTS = 2
JOB_SIZE = 50  # submissions in one pytest session: more would only hold more in memory
JOBS_EACH = 4  # for every examiner, where there are several and enough to do
JOB_BYTES = 16 << 20  # of source in one job
MOST_WAITING = 200  # submissions that are done or failed, before those are seen to
FEWEST = 8  # submissions for which another examiner is worth its start


@dataclass(frozen=True, slots=True)
class Setup:
    """How to run: ``secrets`` are folders besides the course that no student's code may read (the gradebook's).

    ``language`` is the course's: what a grade says is stored in it.
    """

    secrets: tuple[Path, ...] = ()
    seed: int = 0
    isolated: bool = True
    language: str = ENGLISH


def grade_submissions(
    engine: Engine,
    assignment: Assignment,
    checks: Sequence[Check],
    submissions: Iterable[Submission],
    setup: Setup,
) -> Iterator[tuple[int, Grade]]:
    """Grade submissions of one assignment; yields each one's number and grade as it is done.

    ``checks`` are those to run: only the public ones for a student's own look. A fault of ours is tried once more
    with a fresh examiner; then the grade says so and is pending. Where there are variants, one student's are filled in.

    Raises:
        FaultError: the sandbox cannot be had on this machine.
    """
    work = ((assignment, submission) for submission in submissions)
    expected = len(submissions) if isinstance(submissions, Sized) else None
    return grade_stream(engine, assignment, checks, work, setup, expected)


def grade_stream(
    engine: Engine,
    assignment: Assignment,
    checks: Sequence[Check],
    work: Iterable[tuple[Assignment, Submission]],
    setup: Setup,
    expected: int | None = None,
) -> Iterator[tuple[int, Grade]]:
    """Grade any number of submissions in bounded memory; each comes with its student's filled ``assignment``.

    ``work`` is asked for more whenever there is somebody to run it, perhaps by another thread, and a submission is
    forgotten once its grade was yielded. ``expected`` is about how many there are; see ``grade_submissions``.
    """
    cases = _read_work(work, checks, setup.language)
    size = JOB_SIZE if expected is None else _choose_size(expected, engine.width)
    stream = _Stream(engine, assignment, cases, setup, size)
    while not stream.ended:
        for case in stream.run():
            with speaking(setup.language):
                grade = _score(checks, case.as_run(), case.reading)
            yield case.number, grade


def _read_work(
    work: Iterable[tuple[Assignment, Submission]], checks: Sequence[Check], language: str
) -> Iterator[_Case]:
    for number, (own, submission) in enumerate(work):
        with speaking(language):
            case = _Case(number, _read_submission(own, checks, submission))
        yield case


@dataclass(frozen=True, slots=True)
class _Reading:
    """What can be said of a submission without running it. ``assignment`` has its student's variants."""

    assignment: Assignment
    files: Mapping[str, bytes]
    answers: Answers
    blocked: Mapping[str, str]
    checks: tuple[Check, ...]
    note: str | None


def _read_submission(assignment: Assignment, checks: Sequence[Check], submission: Submission) -> _Reading:
    blocked = {}
    for question in assignment.code_questions:
        reason = find_block(question, submission)
        if reason is not None:
            blocked[question.id] = reason
    sources = {name: content for name, content in submission.files.items() if name.endswith(".py")}
    to_run = tuple(check for check in checks if check.question not in blocked)
    answers = read_answers(assignment, submission)
    return _Reading(assignment, sources, answers, blocked, to_run, _find_note(assignment, submission))


def _find_note(assignment: Assignment, submission: Submission) -> str | None:
    """Return what to tell a student who answered another student's questions, or None."""
    if not assignment.student or submission.drawn_for in (None, assignment.student):
        return None
    return _(
        "The questions in this folder were drawn for {other}, and those of {student} are others: "
        "`{command}` shows them.",
        other=submission.drawn_for,
        student=assignment.student,
        command=f"grader fetch {assignment.id} --student {shlex.quote(assignment.student)}",
    )


def find_block(question: CodeQuestion, submission: Submission) -> str | None:
    """Return why a question's code must not be run, in words for the student, or None."""
    content = submission.files.get(question.file)
    if content is None:
        return _("{file} is not in the submission.", file=question.file)
    if not content.strip():
        return _("{file} is empty.", file=question.file)
    violations = find_forbidden(submission.text(question.file) or "", question.file, question.forbid)
    if violations:
        return _explain_violations(violations)
    return None


def _explain_violations(violations: Sequence[Violation]) -> str:
    first = violations[0]
    told = {"place": f"{first.file}:{first.line}", "name": first.name, "line": first.source_line.strip()}
    if len(violations) == 1:
        return _("{place} uses {name}, which this question asks you to do without: {line}", **told)
    return _(
        "{place} uses {name}, which this question asks you to do without (and {number} more): {line}",
        **told,
        number=len(violations) - 1,
    )


def _score(checks: Sequence[Check], run: Run, reading: _Reading) -> Grade:
    assignment = reading.assignment
    grade = score_submission(assignment, checks, run, reading.answers, reading.blocked)
    diagnoses = find_diagnoses(assignment, run.mistakes, reading.answers)
    return replace(grade, diagnoses=diagnoses, diagnosis_fault=run.diagnosis_fault, note=reading.note)


@dataclass(slots=True)
class _Case:
    """One submission on its way: what is known of it while its checks run."""

    number: int
    reading: _Reading
    results: dict[str, CheckResult] = field(default_factory=dict)
    finished: Finished | None = None
    fault: str | None = None
    hopeless: bool = False

    @property
    def key(self) -> _Key:
        """Submissions that need the same checks can share a job."""
        return tuple(check.id for check in self.reading.checks)

    @property
    def size(self) -> int:
        return sum(map(len, self.reading.files.values()))

    def as_run(self) -> Run:
        done = self.finished
        return Run(
            results=tuple(self.results.values()),
            output=done.output if done else "",
            environment=dict(done.environment) if done else {},
            fault=self.fault,
            seconds=done.seconds if done else 0.0,
            mistakes=dict(done.mistakes) if done else {},
            diagnosis_fault=done.diagnosis_fault if done else None,
        )


_Key = tuple[str, ...]


class _Stream:
    """Cases that run through an engine, in rounds that hold no more than a bounded number of them.

    A round goes on while it has work, unless too many wait for its end: to be yielded, or to be tried once more.
    """

    def __init__(self, engine: Engine, assignment: Assignment, cases: Iterator[_Case], setup: Setup, size: int) -> None:
        self.ended = False
        self._engine = engine
        self._assignment = assignment
        self._cases = cases
        self._setup = setup
        self._size = size
        self._broken: dict[_Key, list[str]] = {}  # lasting faults in a row, of jobs that decided nothing
        self._begin_round()

    def _begin_round(self) -> None:
        self._jobs: list[list[_Case | None]] = []  # by number; None: it is done
        self._done: deque[_Case] = deque()
        self._failed: list[_Case] = []

    def run(self) -> Iterator[_Case]:
        """Run one round: every case in it is yielded when it is done, the failed ones after one more try."""
        self._begin_round()
        yield from self._run_jobs(self._make_jobs())
        hopeless = [case for case in self._failed if case.hopeless]
        again = [case for case in self._failed if not case.hopeless]
        yield from hopeless
        self._begin_round()
        # Now each has an examiner to itself. What went wrong may have been the diagnosis, which no grade depends on.
        yield from self._run_jobs(self._make_retries(again))
        yield from self._failed
        self._begin_round()

    def _run_jobs(self, jobs: Iterator[Job]) -> Iterator[_Case]:
        for number, event in self._engine.run_all(jobs):
            yield from self._take_done()
            group = self._jobs[number]
            if isinstance(event, Fault):
                self._note_fault(event, group)
                continue
            case = group[event.submission]
            assert case is not None
            if isinstance(event, Verdict):
                case.results[event.result.check] = event.result
                continue
            case.finished, case.fault = event, None
            group[event.submission] = None
            self._broken.pop(case.key, None)
            yield case
        yield from self._take_done()

    def _take_done(self) -> Iterator[_Case]:
        while self._done:
            yield self._done.popleft()

    def _make_jobs(self) -> Iterator[Job]:
        """Group cases as they come; the engine asks for jobs, perhaps in a thread of its own."""
        groups: dict[_Key, list[_Case]] = {}
        for case in self._cases:
            key = case.key
            if self._is_decided(case):
                self._done.append(case)
            else:
                group = groups.setdefault(key, [])
                group.append(case)
                if len(group) >= self._size or sum(one.size for one in group) >= JOB_BYTES:
                    yield from self._start(groups.pop(key))
            if len(self._done) + len(self._failed) >= MOST_WAITING:
                break
        else:
            self.ended = True
        for group in groups.values():
            yield from self._start(group)

    def _is_decided(self, case: _Case) -> bool:
        """Is there nothing to run, or nothing that could be run?"""
        faults = self._broken.get(case.key, [])
        if len(faults) >= ATTEMPTS:
            case.fault = faults[-1]
            return True
        return not case.reading.checks

    def _make_retries(self, cases: Iterable[_Case]) -> Iterator[Job]:
        for case in cases:
            yield from self._start([case], diagnosed=False)

    def _start(self, group: list[_Case], *, diagnosed: bool = True) -> Iterator[Job]:
        """Yield the job of a group, unless it cannot be made: then the group has failed."""
        files = [case.reading.files for case in group]
        try:
            job = make_job(self._assignment, group[0].reading.checks, files, self._setup, diagnosed=diagnosed)
        except (InputError, OSError) as error:
            reason = f"{error.filename}: {reason_of(error)}" if isinstance(error, OSError) else error.message
            for case in group:
                case.fault, case.hopeless = reason, True
            self._failed += group
            return
        self._jobs.append([*group])
        yield job

    def _note_fault(self, fault: Fault, group: Sequence[_Case | None]) -> None:
        """Note what a fault left undecided. One with a hint is about this machine, and stops everything."""
        if fault.hint is not None:
            raise FaultError(fault.message, fault.hint)
        unfinished = [case for case in group if case is not None]
        if fault.lasting and len(unfinished) == len(group) and not any(case.results for case in unfinished):
            self._broken.setdefault(unfinished[0].key, []).append(fault.message)
        for case in unfinished:
            case.results.clear()
            case.fault = fault.message
            case.hopeless = fault.lasting
        self._failed += unfinished


def _choose_size(submissions: int, width: int) -> int:
    """Return how many submissions share a job: a job costs a little time, and a long last one leaves others idle."""
    return JOB_SIZE if width == 1 else max(FEWEST, min(JOB_SIZE, math.ceil(submissions / (JOBS_EACH * width))))


def pending_grade(assignment: Assignment, fault: str) -> Grade:
    """Return the grade of work that could not even be looked at, through a fault of ours."""
    return Grade(assignment.id, assignment.title, Status.PENDING, Fraction(0), assignment.points, fault=fault)


def make_job(
    assignment: Assignment,
    checks: Sequence[Check],
    files: Sequence[Mapping[str, bytes]],
    setup: Setup,
    *,
    diagnosed: bool = True,
) -> Job:
    """Return the examiner's job for some submissions' files. Those that are not ``diagnosed`` are only checked."""
    reference = next(iter(list_solutions(assignment)), {})
    return Job(
        # Real paths: whether an assertion is a check's own is told by where its code lies.
        directory=str(assignment.directory.resolve()),
        checks=tuple(
            JobCheck(check.id, str(check.path.resolve()), check.question, check.visibility, check.needs_device)
            for check in checks
        ),
        questions={
            question.id: JobQuestion(
                question.file,
                str(reference[question.file].resolve()) if question.file in reference else None,
                tuple(question.devices),
                tuple(question.forbid),
                *(_find_mistakes(assignment, question, checks) if diagnosed and question.file in reference else ()),
            )
            for question in assignment.code_questions
        },
        submissions=tuple(files),
        seconds=assignment.limits.seconds,
        check_seconds=assignment.limits.check_seconds,
        memory_mb=assignment.limits.memory_mb,
        secrets=tuple(str(path) for path in (*_find_secrets(assignment), *setup.secrets)),
        seed=setup.seed,
        language=setup.language,
        isolated=setup.isolated,
    )


def _find_mistakes(
    assignment: Assignment, question: CodeQuestion, checks: Sequence[Check]
) -> tuple[str | None, dict[str, JobMistake]]:
    """Return the file that says how a question's mistakes are recognised, and the mistakes."""
    own = [check for check in checks if check.question == question.id]
    files = [check.path for check in own if check.has_fingerprint]
    # A mistake's file is written in place of the first file of code.
    if not files or question.file != assignment.code_questions[0].file:
        return None, {}
    names = {check.id for check in own}
    mistakes = {
        mistake.id: JobMistake(str((assignment.directory / mistake.file).resolve()), caught)
        for mistake in assignment.mistakes
        if (caught := tuple(name for name in mistake.caught_by if name in names))
    }
    return str(files[0].resolve()), mistakes


def _find_secrets(assignment: Assignment) -> list[Path]:
    """Return what of the course students' code must not read: all of it, unless Python itself lies inside.

    A course's folder may well hold the environment that grades it; then its assignments are named one by one.
    """
    course = assignment.directory.resolve().parent
    if not any(Path(prefix).resolve().is_relative_to(course) for prefix in (sys.prefix, sys.base_prefix)):
        return [course]
    return sorted(path.parent for path in course.glob(f"*/{ASSIGNMENT_FILE}"))


def list_solutions(assignment: Assignment) -> list[dict[str, Path]]:
    """Return the assignment's solutions, the reference first: each maps a code file's name to where it lies.

    A solution is a ``.py`` file where there is one code file, else a folder that holds the code files.

    Raises:
        InputError: a solution folder lacks a code file.
    """
    names = [question.file for question in assignment.code_questions]
    folder = assignment.directory / "solutions"
    solutions = []
    for entry in sorted(folder.iterdir()) if folder.is_dir() else []:
        if entry.suffix == ".py" and len(set(names)) == 1:
            solutions.append({names[0]: entry})
        elif entry.is_dir() and not entry.name.startswith((".", "__")):
            missing = [name for name in names if not (entry / name).is_file()]
            if missing:
                raise InputError(f"{entry} lacks {', '.join(missing)}", "a solution holds every code file")
            solutions.append({name: entry / name for name in names})
    return solutions
