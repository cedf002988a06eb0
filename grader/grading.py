"""Submissions become grades: joins the checks, the examiner's run, the answers and the scoring.

``Examiner`` is the other process, seen from here. Starting it returns at once, so that a caller can read its own files
while the examiner imports torch.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from grader.answers import Answers, read_answers
from grader.checks import Check
from grader.diagnosis import find_diagnoses
from grader.errors import FaultError, InputError
from grader.forbidden import find_forbidden
from grader.job import (
    Event,
    Fault,
    Finished,
    Job,
    JobCheck,
    JobMistake,
    JobQuestion,
    Message,
    Survey,
    Verdict,
    event_from_json,
    job_to_json,
)
from grader.results import CheckResult, Run
from grader.scoring import Grade, score_submission
from grader.spec import ASSIGNMENT_FILE, Assignment, CodeQuestion
from grader.submission import Submission
from grader.variants import fill_assignment

START_SECONDS = 180.0  # both processes import torch, perhaps from a cold disk
SLACK_SECONDS = 60.0
MAX_LINE_BYTES = 64 << 20
# What the examiner and, of these, the sandbox may know of the user's environment.
ENVIRONMENT = (
    "PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "XDG_CACHE_HOME", "VIRTUAL_ENV", "PYTHONPATH",
    "PYTHONHOME", "LD_LIBRARY_PATH", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "CUDA_HOME", "CUDA_VISIBLE_DEVICES",
)  # fmt: skip
_CONFUSED = "the process that runs checks sent something that was not asked for"
ATTEMPTS = 2
JOB_SIZE = 50  # submissions in one pytest session: more would only hold more in memory


@dataclass(frozen=True, slots=True)
class Setup:
    """How to run: ``secrets`` are folders besides the course that no student's code may read (the gradebook's)."""

    secrets: tuple[Path, ...] = ()
    seed: int = 0
    isolated: bool = True


class Examiner:
    """The process that runs checks. Use it as a context manager; it ends with the block."""

    def __init__(self) -> None:
        self._process = _start_process()
        self._buffer = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def close(self) -> None:
        """End the process, and with it every student's process."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()

    def restart(self) -> None:
        """Replace a process that failed."""
        self.close()
        self._process = _start_process()
        self._buffer = b""

    def run(self, job: Job) -> Iterator[Event]:
        """Run a job and yield its events as they happen, up to the last submission's ``Finished`` or a ``Fault``."""
        try:
            self._send(job)
        except OSError:
            yield Fault("the process that runs checks ended")
            return
        remaining = len(job.submissions)
        silence = START_SECONDS
        while remaining:
            message = self._read_event(job.seconds + job.check_seconds + silence)
            event = Fault(_CONFUSED) if isinstance(message, Survey) else message
            yield event
            if isinstance(event, Fault):
                return
            remaining -= isinstance(event, Finished)
            silence = SLACK_SECONDS

    def survey(self) -> Survey:
        """Return what this machine offers to keep students' code in.

        Raises:
            FaultError: the examiner does not work.
        """
        empty = Job("", (), {}, (), seconds=0, check_seconds=0, memory_mb=0)
        try:
            self._send(empty)
        except OSError:
            raise FaultError("the process that runs checks ended") from None
        event = self._read_event(START_SECONDS)
        if isinstance(event, Survey):
            return event
        raise FaultError(event.message if isinstance(event, Fault) else _CONFUSED)

    def _send(self, job: Job) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(job_to_json(job)).encode() + b"\n")
        self._process.stdin.flush()

    def _read_event(self, seconds: float) -> Message:
        deadline = time.monotonic() + seconds
        while b"\n" not in self._buffer:
            data = self._read(deadline)
            if data is None:
                return Fault(f"the process that runs checks said nothing for {seconds:.0f} s")
            if not data or len(self._buffer) > MAX_LINE_BYTES:
                return Fault("the process that runs checks ended")
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        try:
            return event_from_json(json.loads(line))
        except (KeyError, TypeError, ValueError, RecursionError):
            return Fault(_CONFUSED)

    def _read(self, deadline: float) -> bytes | None:
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
        return os.read(descriptor, 1 << 16) if ready else None


def _start_process() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "grader.examiner"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # What a check prints, or an error of the examiner's own, is for whoever writes checks.
        stderr=None if os.environ.get("GRADER_DEBUG") else subprocess.DEVNULL,
        bufsize=0,
        env=_clean_environment(),
    )


def _clean_environment() -> dict[str, str]:
    """Return the examiner's environment: how to find Python and its libraries, but none of the user's secrets."""
    kept = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
    return kept | {
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",  # the course's folder stays as it is
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
    }


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
    examiner: Examiner,
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
    for number, run in _run_checks(examiner, assignment, readings, to_run, setup):
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
    examiner: Examiner,
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
        for group in _group(readings, unfinished, together=attempt == 1):
            job = make_job(assignment, readings[group[0]].checks, [readings[n].files for n in group], setup)
            for event in examiner.run(job):
                if isinstance(event, Fault):
                    _note_fault(examiner, event, [progress[n] for n in group])
                    break
                own = progress[group[event.submission]]
                if isinstance(event, Verdict):
                    own.results[event.result.check] = event.result
                else:
                    own.finished, own.fault = event, None
                    yield group[event.submission], own.as_run()
    for number in numbers:
        if progress[number].finished is None:
            yield number, progress[number].as_run()


def _group(readings: Sequence[_Reading], numbers: Sequence[int], *, together: bool) -> list[list[int]]:
    groups: dict[object, list[int]] = {}
    for number in numbers:
        groups.setdefault(tuple(c.id for c in readings[number].checks) if together else number, []).append(number)
    return [group[start : start + JOB_SIZE] for group in groups.values() for start in range(0, len(group), JOB_SIZE)]


def _note_fault(examiner: Examiner, fault: Fault, unfinished: Sequence[_Progress]) -> None:
    """A fault with a hint is about this machine, and stops everything; another leaves the examiner replaced."""
    if fault.hint is not None:
        raise FaultError(fault.message, fault.hint)
    for progress in unfinished:
        if progress.finished is None:
            progress.results.clear()
            progress.fault = fault.message
            progress.hopeless = fault.lasting
    examiner.restart()


def make_job(
    assignment: Assignment, checks: Sequence[Check], files: Sequence[Mapping[str, bytes]], setup: Setup
) -> Job:
    """Return the examiner's job for some submissions' files."""
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
                *(_find_mistakes(assignment, question, checks) if question.file in reference else ()),
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
