"""Looks for known mistakes in submissions that failed. It costs and gives no points, and no fault of it does."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from grader.examiner.exceptions import StudentError, WorkerLost
from grader.examiner.fingerprint import Fingerprint, KnownMistakes, Observation, take_fingerprint
from grader.examiner.student import Student, seed_generators
from grader.examiner.trusted import close_figures, import_file
from grader.job import Job, JobQuestion

SEED = "fingerprint"  # beside the names of checks


@dataclass(frozen=True, slots=True)
class Recognised:
    """The mistakes that a submission computes like, by question; ``fault`` says why some could not be looked for."""

    mistakes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fault: str | None = None


class Recogniser:
    """Recognises the known mistakes of a job's questions.

    ``functions`` are the fingerprint functions, by the path of their file. What they give of the known mistakes is
    found out once, when the first submission fails.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._known: dict[str, KnownMistakes] = {}
        self.functions: Mapping[str, Callable[[Any], Iterator[Observation]]] = {}

    def recognise(self, student: Student, failed: Collection[str]) -> Recognised:
        """Return what is recognised of a submission, given the checks that it failed."""
        mistakes, fault = {}, None
        for name, question in self._job.questions.items():
            suspects = [
                one for one, mistake in question.mistakes.items() if set(mistake.caught_by).intersection(failed)
            ]
            if not suspects or question.fingerprint is None or question.fingerprint not in self.functions:
                continue
            try:
                found = self._watch(student, question)
                known = self._known_mistakes(name).recognise(found) if found is not None else ()
            except (
                Exception,
                pytest.skip.Exception,
                pytest.fail.Exception,
            ) as error:  # the course's own code broke: the submission is graded all the same
                fault = _locate(error, Path(question.fingerprint))
                continue
            if recognised := tuple(one for one in known if one in suspects):
                mistakes[name] = recognised
        return Recognised(mistakes, fault)

    def _watch(self, student: Student, question: JobQuestion) -> Fingerprint | None:
        """Return a submission's fingerprint, taken in its own time; None where it breaks or ends on the way."""
        assert question.fingerprint is not None
        seed = self._job.seed_of(SEED)
        student.start_check()
        try:
            seed_generators(seed)
            return take_fingerprint(self.functions[question.fingerprint], student.load(question.file, seed))
        except (StudentError, WorkerLost, AssertionError, pytest.skip.Exception, pytest.fail.Exception):
            return None
        finally:
            student.stop_check()

    def _known_mistakes(self, name: str) -> KnownMistakes:
        """Return a question's known mistakes; their fingerprints are taken once in a job."""
        if name not in self._known:
            question = self._job.questions[name]
            assert question.reference is not None
            mistakes = {one: self._take(question, mistake.path) for one, mistake in question.mistakes.items()}
            self._known[name] = KnownMistakes(self._take(question, question.reference), mistakes)
        return self._known[name]

    def _take(self, question: JobQuestion, path: str) -> Fingerprint:
        assert question.fingerprint is not None
        seed_generators(self._job.seed_of(SEED))
        try:
            return take_fingerprint(self.functions[question.fingerprint], import_file(Path(path)))
        finally:
            close_figures()


def _locate(error: BaseException, path: Path) -> str:
    """Say what broke, and in which line of a file of checks."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    where = f", line {lines[-1]}" if lines else ""
    return f"the fingerprint of {path.name}{where} broke: {type(error).__name__}: {error}"
