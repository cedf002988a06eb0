"""Work is stored and then graded, in a stream: any number of it, and whatever fails of ours meanwhile."""

from __future__ import annotations

import gc
import threading
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import pytest

from grader.engine import Examiner
from grader.errors import SubmissionError
from grader.gradebook import Gradebook
from grader.grading import MOST_WAITING, Setup
from grader.recording import Recorded, Work, keep_grade, record_work
from grader.scoring import Status
from grader.spec import Assignment, load_assignment
from grader.submission import Submission
from tests.shell import write
from tests.test_engine import FILES, HALF, RIGHT
from tests.test_gradebook import latest, make_grade

QUIZ = """\
format: 1
id: quiz
title: Quiz
summary: One question.
questions:
  - {id: how, kind: numeric, points: 1, prompt: "2 times 3?", correct: 6, tolerance: 0}
"""


@pytest.fixture(scope="module")
def examiner() -> Iterator[Examiner]:
    with Examiner() as examiner:
        yield examiner


@pytest.fixture
def gradebook(tmp_path: Path) -> Iterator[Gradebook]:
    with Gradebook.open(tmp_path / "state") as gradebook:
        yield gradebook


@pytest.fixture
def quiz(tmp_path: Path) -> Assignment:
    return load_assignment(write(tmp_path / "course" / "quiz", {"assignment.yaml": QUIZ}))


@pytest.fixture
def twice(tmp_path: Path) -> Assignment:
    return load_assignment(write(tmp_path / "course" / "twice", FILES))


def answer(assignment: Assignment, number: int, padding: int = 0) -> Work:
    """One student's answers, of their own and right for every second one, with a comment of some size."""

    def read() -> Submission:
        return Submission({"answers.yaml": f"how: {6 - number % 2}\n# {number:{padding}}\n".encode()})

    return Work(f"s{number:05}", assignment, "", read)


def code(assignment: Assignment, student: str, source: str) -> Work:
    return Work(student, assignment, student, lambda: Submission({"twice.py": source.format(student).encode()}))


def record(examiner: Examiner, gradebook: Gradebook, *work: Work) -> dict[str, Recorded]:
    return {one.work.student: one for one in record_work(examiner, gradebook, work, Setup())}


def peak_of(examiner: Examiner, gradebook: Gradebook, work: Iterator[Work]) -> tuple[int, int]:
    """Record work and forget it; return how much there was, and the most memory in bytes that it took meanwhile."""
    gc.collect()
    tracemalloc.start()
    count = sum(1 for one in record_work(examiner, gradebook, work, Setup()) if one.grade is not None)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return count, peak


LINE = 5_000  # bytes that may be kept of a submission for the table
PADDING = 40_000  # bytes of a submission, so that keeping those would show


@pytest.mark.slow
def test_memory_stays_flat(examiner: Examiner, gradebook: Gradebook, quiz: Assignment) -> None:
    few, many = MOST_WAITING + 10, 1_000
    assert peak_of(examiner, gradebook, (answer(quiz, n) for n in range(9)))[0] == 9  # what is made once is made
    first, low = peak_of(examiner, gradebook, (answer(quiz, n, PADDING) for n in range(few)))
    second, high = peak_of(examiner, gradebook, (answer(quiz, n, PADDING) for n in range(few, few + many)))
    assert (first, second) == (few, many)
    assert high - low < (many - few) * LINE
    assert (many - few) * LINE < many * PADDING / 4  # or the line above would say nothing


@pytest.mark.slow
def test_a_class_of_five_thousand(examiner: Examiner, gradebook: Gradebook, quiz: Assignment) -> None:
    graded = 0
    right = 0
    for one in record_work(examiner, gradebook, (answer(quiz, n) for n in range(5_000)), Setup()):
        assert one.grade is not None
        graded += 1
        right += int(one.grade.score)
    assert (graded, right) == (5_000, 2_500)


def test_code_that_is_blocked_and_code_that_runs_go_through_together(
    examiner: Examiner, gradebook: Gradebook, twice: Assignment
) -> None:
    """More blocked ones than may wait, between others: nobody is lost, and each has the own grade."""
    sources = [RIGHT if number % 60 == 0 else HALF if number % 60 == 30 else " " for number in range(MOST_WAITING + 90)]
    work = [code(twice, f"s{number:03}", source) for number, source in enumerate(sources)]
    found = record(examiner, gradebook, *work)
    scores = [int(one.grade.score) if one.grade else None for _, one in sorted(found.items())]
    assert scores == [{RIGHT: 2, HALF: 1}.get(source, 0) for source in sources]


def test_what_cannot_be_read_is_not_stored_and_stops_nobody(
    examiner: Examiner, gradebook: Gradebook, quiz: Assignment
) -> None:
    def fail() -> Submission:
        raise SubmissionError("it is gone")

    found = record(examiner, gradebook, answer(quiz, 1), Work("ben", quiz, "ben", fail), answer(quiz, 2))
    assert isinstance(found["ben"].error, SubmissionError)
    assert found["ben"].entry is None
    assert gradebook.entries(student="ben") == ()
    assert {name for name, one in found.items() if one.grade} == {"s00001", "s00002"}


def test_all_is_stored_before_anything_runs(gradebook: Gradebook, twice: Assignment) -> None:
    with Examiner() as own:
        stream = record_work(own, gradebook, [code(twice, f"s{n}", RIGHT) for n in range(5)], Setup())
        next(stream)
        assert len(gradebook.entries()) == 5


# Faults of ours


def test_a_check_file_that_vanishes_leaves_grades_pending(
    examiner: Examiner, gradebook: Gradebook, twice: Assignment, quiz: Assignment
) -> None:
    """After the checks were read, while the first job runs; the other assignment goes on."""

    def vanish() -> Submission:
        (twice.directory / "checks/hidden/test_hidden.py").unlink()
        return Submission({"twice.py": RIGHT.encode()})

    found = record(examiner, gradebook, code(twice, "ada", RIGHT), Work("ben", twice, "ben", vanish), answer(quiz, 2))
    for student in ("ada", "ben"):
        grade = found[student].grade
        assert grade is not None
        assert grade.status is Status.PENDING
        assert grade.fault
        assert latest(gradebook, "twice")[0][1] is not None
    other = found["s00002"].grade
    assert other is not None
    assert (other.status, int(other.score)) == (Status.GRADED, 1)


def test_a_check_file_that_vanishes_while_jobs_run(examiner: Examiner, gradebook: Gradebook, twice: Assignment) -> None:
    """It was there for the first job, and is gone for all others."""
    work = [code(twice, f"s{number:03}", RIGHT) for number in range(120)]
    graded = []
    for one in record_work(examiner, gradebook, work, Setup()):
        assert one.grade is not None
        graded.append(one.grade.status)
        (twice.directory / "checks/hidden/test_hidden.py").unlink(missing_ok=True)
    assert len(graded) == 120
    assert set(graded) == {Status.GRADED, Status.PENDING}
    assert set(graded[:50]) == {Status.GRADED}


def test_an_examiner_that_always_dies_costs_nobody_a_point(
    gradebook: Gradebook, twice: Assignment, quiz: Assignment
) -> None:
    """It is killed again and again: the grades are pending. Once it lives, they are made up for."""
    work = [code(twice, "ada", RIGHT), code(twice, "ben", HALF), answer(quiz, 2)]
    done = threading.Event()
    with Examiner() as own:

        def kill() -> None:
            while not done.wait(0.05):
                own._process.kill()

        killer = threading.Thread(target=kill)
        killer.start()
        try:
            found = record(own, gradebook, *work)
        finally:
            done.set()
            killer.join()
        for student in ("ada", "ben"):
            grade = found[student].grade
            assert grade is not None
            assert (grade.status, grade.fault) == (Status.PENDING, "the process that runs checks ended")
        assert found["s00002"].grade is not None
        assert found["s00002"].grade.status is Status.GRADED

        again = record(own, gradebook, *work)
    scores = {name: one.grade.score if one.grade else None for name, one in again.items()}
    assert scores == {"ada": 2, "ben": 1, "s00002": 1}
    assert len(gradebook.entries()) == 3


def test_a_broken_assignment_among_several(
    examiner: Examiner, gradebook: Gradebook, twice: Assignment, quiz: Assignment
) -> None:
    (twice.directory / "checks/hidden/test_hidden.py").write_text("def test_one(submission)\n")
    found = record(examiner, gradebook, code(twice, "ada", RIGHT), answer(quiz, 2))
    grade = found["ada"].grade
    assert grade is not None
    assert grade.status is Status.PENDING
    assert (int(grade.score), int(grade.points)) == (0, 2)
    assert "checks/hidden/test_hidden.py:1" in str(grade.fault)
    assert latest(gradebook, "twice")[0][1] == grade
    assert found["s00002"].grade is not None
    assert found["s00002"].grade.status is Status.GRADED


def test_a_stored_submission_that_is_lost_is_pending(
    examiner: Examiner, gradebook: Gradebook, quiz: Assignment
) -> None:
    """Its blob goes after it was stored, before it is graded."""

    def spoil() -> Submission:
        (lost,) = (path for path in (tmp / "blobs").rglob("*") if path.is_file())
        lost.unlink()
        return Submission({"answers.yaml": b"how: 6\n"})

    tmp = gradebook.directory
    found = record(examiner, gradebook, answer(quiz, 1), Work("zoe", quiz, "zoe", spoil))
    grade = found["s00001"].grade
    assert grade is not None
    assert grade.status is Status.PENDING
    assert "is missing" in str(grade.fault)
    assert found["zoe"].grade is not None
    assert found["zoe"].grade.score == 1


def test_of_many_who_grade_at_once_none_lowers_a_score(gradebook: Gradebook, twice: Assignment) -> None:
    work = code(twice, "ada", RIGHT)
    entry = gradebook.submit("ada", twice.id, work.read(), datetime.now(UTC))
    start = threading.Barrier(4)

    def keep_several(first: int) -> None:
        with Gradebook.open(gradebook.directory) as own:
            start.wait()
            for step in range(20):
                keep_grade(own, entry, make_grade(Fraction((first * 7 + step * 13) % 31, 31)), "sha256:abc")

    with ThreadPoolExecutor(4) as graders:
        list(graders.map(keep_several, range(4)))
    scores = [grade.score for grade in gradebook.grades(entry)]
    assert scores == sorted(set(scores))
    assert scores[-1] == Fraction(30, 31)
