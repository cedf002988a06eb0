"""Submissions become grades: joins the checks, the examiner's run, the answers and the scoring."""

from __future__ import annotations

import math
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from grader.answers import Answers, read_answers
from grader.checks import Check
from grader.diagnosis import find_diagnoses
from grader.engine import Engine
from grader.errors import FaultError, InputError
from grader.forbidden import find_forbidden
from grader.job import Fault, Finished, Job, JobCheck, JobMistake, JobQuestion, Verdict
from grader.results import CheckResult, Run
from grader.scoring import Grade, score_submission
from grader.spec import ASSIGNMENT_FILE, Assignment, CodeQuestion
from grader.submission import Submission
from grader.variants import fill_assignment

ATTEMPTS = 2
JOB_SIZE = 50  # submissions in one pytest session: more would only hold more in memory
JOBS_EACH = 4  # for every examiner, where there are several and enough to do
FEWEST = 8  # submissions for which another examiner is worth its start


@dataclass(frozen=True, slots=True)
class Setup:
    """How to run: ``secrets`` are folders besides the course that no student's code may read (the gradebook's)."""

    secrets: tuple[Path, ...] = ()
    seed: int = 0
    isolated: bool = True


@dataclass(slots=True)
class _Progress:
    """What is known of one submission while its checks run."""

    results: dict[str, CheckResult] = field(default_factory=dict)
    finished: Finished | None = None
    fault: str | None = None
    hopeless: bool = False

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


def grade_submissions(
    engine: Engine,
    assignment: Assignment,
    checks: Sequence[Check],
    submissions: Sequence[Submission],
    setup: Setup,
    students: Sequence[str] | None = None,
) -> Iterator[tuple[int, Grade]]:
    """Grade submissions of one assignment; yields each one's number and grade as it is done.

    ``checks`` are those to run: only the public ones for a student's own look. A fault of ours is tried once more
    with a fresh examiner; then the grade says so and is pending. ``students`` says whose each submission is, and so by
    which variants it is judged; it may be left out where there are none, or where one student's are filled in already.

    Raises:
        FaultError: the sandbox cannot be had on this machine.
        SpecError: a variant cannot be made.
    """
    own = [assignment] * len(submissions) if students is None else [fill_assignment(assignment, s) for s in students]
    readings = [_read_submission(filled, checks, work) for filled, work in zip(own, submissions, strict=True)]
    to_run = [number for number, reading in enumerate(readings) if reading.checks]
    for number, reading in enumerate(readings):
        if not reading.checks:
            yield number, _score(checks, Run(), reading)
    for number, run in _run_checks(engine, assignment, readings, to_run, setup):
        yield number, _score(checks, run, readings[number])


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
    return (
        f"The questions in this folder were drawn for {submission.drawn_for}, and those of {assignment.student} are "
        f"others: `grader fetch {assignment.id} --student {shlex.quote(assignment.student)}` shows them."
    )


def find_block(question: CodeQuestion, submission: Submission) -> str | None:
    """Return why a question's code must not be run, in words for the student, or None."""
    content = submission.files.get(question.file)
    if content is None:
        return f"{question.file} is not in the submission."
    if not content.strip():
        return f"{question.file} is empty."
    violations = find_forbidden(submission.text(question.file) or "", question.file, question.forbid)
    if violations:
        first = violations[0]
        more = f" (and {len(violations) - 1} more)" if len(violations) > 1 else ""
        return (
            f"{first.file}:{first.line} uses {first.name}, which this question asks you to do without{more}: "
            f"{first.source_line.strip()}"
        )
    return None


def _score(checks: Sequence[Check], run: Run, reading: _Reading) -> Grade:
    assignment = reading.assignment
    grade = score_submission(assignment, checks, run, reading.answers, reading.blocked)
    diagnoses = find_diagnoses(assignment, run.mistakes, reading.answers)
    return replace(grade, diagnoses=diagnoses, diagnosis_fault=run.diagnosis_fault, note=reading.note)


def _run_checks(
    engine: Engine,
    assignment: Assignment,
    readings: Sequence[_Reading],
    numbers: Sequence[int],
    setup: Setup,
) -> Iterator[tuple[int, Run]]:
    """Run the checks of the numbered submissions; those whose examiner fails get one more try each."""
    progress = {number: _Progress() for number in numbers}
    for attempt in range(1, ATTEMPTS + 1):
        # Submissions that need the same checks share a job; the second time each has an examiner to itself.
        unfinished = [n for n in numbers if progress[n].finished is None and not progress[n].hopeless]
        size = _choose_size(len(unfinished), engine.width) if attempt == 1 else 1
        groups = _group(readings, unfinished, size)
        # What went wrong may have been the diagnosis, which no grade depends on.
        jobs = (
            make_job(
                assignment,
                readings[group[0]].checks,
                [readings[n].files for n in group],
                setup,
                diagnosed=attempt == 1,
            )
            for group in groups
        )
        for job_number, event in engine.run_all(jobs):
            group = groups[job_number]
            if isinstance(event, Fault):
                _note_fault(event, [progress[n] for n in group])
                continue
            own = progress[group[event.submission]]
            if isinstance(event, Verdict):
                own.results[event.result.check] = event.result
            else:
                own.finished, own.fault = event, None
                yield group[event.submission], own.as_run()
    for number in numbers:
        if progress[number].finished is None:
            yield number, progress[number].as_run()


def _choose_size(submissions: int, width: int) -> int:
    """Return how many submissions share a job: a job costs a little time, and a long last one leaves others idle."""
    return JOB_SIZE if width == 1 else max(FEWEST, min(JOB_SIZE, math.ceil(submissions / (JOBS_EACH * width))))


def _group(readings: Sequence[_Reading], numbers: Sequence[int], size: int) -> list[list[int]]:
    groups: dict[object, list[int]] = {}
    for number in numbers:
        groups.setdefault(tuple(check.id for check in readings[number].checks), []).append(number)
    return [group[start : start + size] for group in groups.values() for start in range(0, len(group), size)]


def _note_fault(fault: Fault, unfinished: Sequence[_Progress]) -> None:
    """A fault with a hint is about this machine, and stops everything."""
    if fault.hint is not None:
        raise FaultError(fault.message, fault.hint)
    for progress in unfinished:
        if progress.finished is None:
            progress.results.clear()
            progress.fault = fault.message
            progress.hopeless = fault.lasting


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
