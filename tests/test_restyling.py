"""Every known mistake is recognised in whatever style it is written, and no right answer ever is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.checks import read_checks
from grader.engine import Examiner
from grader.grading import Setup, grade_submissions, list_solutions
from grader.resources import find_data
from grader.results import Outcome
from grader.scoring import Grade
from grader.spec import Assignment, load_assignment
from grader.submission import Submission
from grader.variants import fill_assignment
from tests.restyling import STYLES

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

COURSE = find_data("assignments")
ALL = [load_assignment(path.parent) for path in sorted(COURSE.glob("*/assignment.yaml"))]
TOLD = [one for one in ALL if any(check.has_fingerprint for check in read_checks(one))]


@pytest.fixture(scope="module")
def examiner() -> Iterator[Examiner]:
    with Examiner() as examiner:
        yield examiner


def restyle(path: Path) -> dict[str, str]:
    """The source in all styles, and as it is."""
    source = path.read_text()
    return {"as it is": source, **{name: rewrite(source) for name, rewrite in STYLES.items()}}


def grade(examiner: Examiner, assignment: Assignment, sources: list[str]) -> list[Grade]:
    file = assignment.code_questions[0].file
    work = [Submission({file: source.encode()}) for source in sources]
    filled = fill_assignment(assignment)
    found = dict(grade_submissions(examiner, filled, read_checks(filled), work, Setup()))
    return [found[number] for number in range(len(work))]


def test_every_code_question_has_a_fingerprint() -> None:
    lacking = {question.id for one in ALL for question in one.code_questions}
    for one in ALL:
        lacking -= {check.question for check in read_checks(one) if check.has_fingerprint}
    assert not lacking


@pytest.mark.parametrize("assignment", TOLD, ids=lambda one: one.id)
def test_a_mistake_is_recognised_in_any_style(examiner: Examiner, assignment: Assignment) -> None:
    work = [
        (mistake.id, style, source)
        for mistake in assignment.mistakes
        if mistake.caught_by
        for style, source in restyle(assignment.directory / mistake.file).items()
    ]
    assert len({source for _, _, source in work}) > 3 / 4 * len(work)  # some have nothing that one style would change
    grades = grade(examiner, assignment, [source for _, _, source in work])
    seen = [
        (name, style, tuple(one.mistake for one in grade.diagnoses))
        for (name, style, _), grade in zip(work, grades, strict=True)
        if is_wrong_on_the_cpu(grade)
    ]
    assert seen
    assert [found for found in seen if found[2] != (found[0],)] == []


def is_wrong_on_the_cpu(grade: Grade) -> bool:
    """Fingerprints are taken on the CPU, where a tensor of the wrong device is not seen."""
    checks = [check for question in grade.questions for check in question.checks if not check.deferred]
    return any(check.outcome is not Outcome.PASSED and check.device == "cpu" for check in checks)


@pytest.mark.parametrize("assignment", TOLD, ids=lambda one: one.id)
def test_a_right_answer_is_never_taken_for_a_mistake(examiner: Examiner, assignment: Assignment) -> None:
    """But for what only a bonus check looks for, where a right answer may well do as a mistake does."""
    work = [
        (path.name, style, source)
        for solution in list_solutions(assignment)
        for path in solution.values()
        for style, source in restyle(path).items()
    ]
    grades = grade(examiner, assignment, [source for _, _, source in work])
    caught_by = {mistake.id: set(mistake.caught_by) for mistake in assignment.mistakes}
    for (name, style, _), grade_ in zip(work, grades, strict=True):
        checks = [check for question in grade_.questions for check in question.checks]
        failed = {check.id for check in checks if check.outcome != "passed" and not check.deferred}
        assert all(check.bonus for check in checks if check.id in failed), (name, style, failed)
        for diagnosis in grade_.diagnoses:
            assert caught_by[diagnosis.mistake] <= failed, (name, style, diagnosis.mistake)


def test_these_are_more_than_fifty_right_answers() -> None:
    sources = {
        source
        for assignment in TOLD
        for solution in list_solutions(assignment)
        for path in solution.values()
        for source in restyle(path).values()
    }
    assert len(sources) >= 50
