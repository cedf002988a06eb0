"""What came of a submission in the format that Gradescope reads: results.json.

A fault of ours leaves out every score: Gradescope then reports the autograder as failed, and nobody has a 0.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grader.display import to_number
from grader.errors import FaultError, InputError, reason_of
from grader.files import write_file
from grader.language import ENGLISH, _, later
from grader.packages.gradescope import SETTINGS, Settings, Shown, StudentField
from grader.report import Report
from grader.report.wording import answer_verdict, check_detail, check_explanation, check_verdict, diagnosis_title
from grader.results import Outcome, Visibility
from grader.scoring import CheckGrade, QuestionGrade, Status

MAX_OUTPUT = 20_000  # characters of one test
MAX_METADATA_BYTES = 5_000_000
FAULT = later(
    "The autograder itself failed, so this submission has no score; your work is not to blame. "
    "Ask your instructor to run the autograder again."
)


def build_results(report: Report, settings: Settings, seconds: float) -> dict[str, Any]:
    """Return results.json of a report as a student may see it.

    The score is that of all that could be graded, bonus points included where they count. A grade that is pending
    through a fault of ours has none.
    """
    grade = report.grade
    if grade.status is Status.PENDING:
        return fail_results(seconds)
    score = to_number(grade.score + grade.bonus if settings.with_bonus else grade.score)
    tests = [
        test
        for number, question in enumerate(grade.questions, 1)
        for test in _tests(report, question, number, settings)
    ]
    return {
        "score": score,
        "execution_time": round(seconds),
        "output": "\n\n".join(_summary(report)),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": Shown.VISIBLE.value,
        "stdout_visibility": Shown.HIDDEN.value,
        "tests": [*tests, *_diagnoses(report, settings)],
    }


def refuse_results(error: InputError, seconds: float) -> dict[str, Any]:
    """Return results.json of what was handed in but cannot be graded: it earns nothing, and is told why."""
    words = f"{error.message}\n\n{error.hint}" if error.hint else error.message
    return {
        "score": 0.0,
        "execution_time": round(seconds),
        "output": _("Nothing could be graded: {reason}", reason=words)[:MAX_OUTPUT],
        "output_format": "text",
        "visibility": Shown.VISIBLE.value,
        "stdout_visibility": Shown.HIDDEN.value,
        "tests": [],
    }


def fail_results(seconds: float) -> dict[str, Any]:
    """Return results.json after a fault of ours: words, and no score."""
    return {
        "execution_time": round(seconds),
        "output": _(FAULT),
        "output_format": "text",
        "visibility": Shown.VISIBLE.value,
        "stdout_visibility": Shown.HIDDEN.value,
    }


def _summary(report: Report) -> Iterator[str]:
    """Yield what is told of the whole; nothing that would tell of hidden checks."""
    grade = report.grade
    yield _("{title}, graded in a sandbox with {versions}.", title=grade.title, versions=_list_versions(report))
    if grade.note:
        yield grade.note
    if grade.status is Status.NEEDS_REVIEW:
        yield _("A person reads some of the answers; the score does not count them yet.")
    if grade.deferred:
        points = f"{to_number(grade.deferred):g}"
        yield _("{points} points are for checks on a GPU. There is none here, so they were not run.", points=points)


def _list_versions(report: Report) -> str:
    environment = report.grade.environment
    found = [f"{name} {environment[name]}" for name in ("grader", "python", "torch") if name in environment]
    return ", ".join(found) or "grader"


def _tests(report: Report, question: QuestionGrade, number: int, settings: Settings) -> Iterator[dict[str, Any]]:
    if question.checks:
        for place, check in enumerate(question.checks, 1):
            yield _check_test(check, f"{number}.{place}", settings)
        if question.message:
            yield _said(question.title, f"{number}.0", question.message, Shown.VISIBLE)
    else:
        yield _answer_test(report, question, f"{number}", settings)


def _check_test(check: CheckGrade, number: str, settings: Settings) -> dict[str, Any]:
    hidden = check.visibility is Visibility.HIDDEN
    counts = not check.bonus or settings.with_bonus
    title = check.title if counts else _("{title} (bonus, not counted)", title=check.title)
    words = [check_verdict(check).word, check_explanation(check), check_detail(check)]
    words += [f"{frame.file}:{frame.line}: {frame.source}" for frame in check.frames[-3:]]
    words += [_("hint: {hint}", hint=check.hint)] if check.hint else []
    test: dict[str, Any] = {
        "name": title,
        "number": number,
        "output": "\n".join(word for word in words if word)[:MAX_OUTPUT],
        "output_format": "text",
        "tags": [word for word, holds in ((str(check.visibility), True), ("bonus", check.bonus)) if holds],
        "visibility": (settings.hidden if hidden else Shown.VISIBLE).value,
    }
    if not check.deferred:
        passed = check.outcome is Outcome.PASSED
        score, most = (to_number(check.score), to_number(check.points)) if counts else (0.0, 0.0)
        test |= {"score": score, "max_score": most, "status": "passed" if passed else "failed"}
    return test


def _answer_test(report: Report, question: QuestionGrade, number: str, settings: Settings) -> dict[str, Any]:
    verdict = answer_verdict(report, question)
    answer = question.answer and _("your answer: {answer}", answer=question.answer)
    words = [verdict.word, answer, question.message, question.feedback]
    test: dict[str, Any] = {
        "name": question.title,
        "number": number,
        "output": "\n".join(word for word in words if word)[:MAX_OUTPUT],
        "output_format": "text",
        "tags": [question.kind],
        "visibility": settings.feedback.value,
    }
    if question.status in (Status.GRADED, Status.UNANSWERED):
        full = question.score >= question.points
        test |= {
            "score": to_number(question.score),
            "max_score": to_number(question.points),
            "status": "passed" if full else "failed",
        }
    return test


def _diagnoses(report: Report, settings: Settings) -> Iterator[dict[str, Any]]:
    """Yield known mistakes: hidden checks or answers may show them, so they are told when the later of both is."""
    order = list(Shown)
    visibility = max(settings.hidden, settings.feedback, key=order.index)
    for found in report.grade.diagnoses:
        yield _said(diagnosis_title(found), None, found.explanation, visibility)


def _said(name: str, number: str | None, words: str, visibility: Shown) -> dict[str, Any]:
    test = {"name": name, "output": words[:MAX_OUTPUT], "output_format": "text", "visibility": visibility.value}
    return test if number is None else {**test, "number": number}


def has_score(results: dict[str, Any]) -> bool:
    """Say whether results tell of a score, which they do not after a fault of ours."""
    return "score" in results


# What lies in the container.


def read_settings(source: Path) -> Settings:
    """Return how the autograder in a folder grades.

    Raises:
        FaultError: the folder is not as it was packed.
    """
    try:
        data: Any = json.loads((source / SETTINGS).read_bytes())
        return Settings(
            assignment=str(data["assignment"]),
            hidden=Shown(data["hidden"]),
            feedback=Shown(data["feedback"]),
            with_bonus=bool(data["with_bonus"]),
            student=StudentField(data["student"]),
            language=str(data.get("language", ENGLISH)),
        )
    except OSError as error:
        message = f"{source / SETTINGS} cannot be read: {reason_of(error)}"
        raise FaultError(message, "build the autograder again") from None
    except (ValueError, KeyError, TypeError):
        raise FaultError(f"{source / SETTINGS} is damaged", "build the autograder again") from None


def find_student(metadata: Path, field: StudentField) -> str | None:
    """Return the id of who handed in, as Gradescope's metadata has it; None where it has none."""
    try:
        with open(metadata, "rb") as file:
            data: Any = json.loads(file.read(MAX_METADATA_BYTES))
        found = data["users"][0][str(field)]
    except (OSError, ValueError, KeyError, IndexError, TypeError, RecursionError):
        return None
    return found if isinstance(found, str) and found else None


def write_results(path: Path, results: dict[str, Any]) -> None:
    """Write results.json, whole or not at all.

    Raises:
        FaultError: it cannot be written.
    """
    text = json.dumps(results, indent=1, ensure_ascii=True, allow_nan=False) + "\n"
    try:
        write_file(path, text.encode())
    except InputError as error:
        raise FaultError(error.message) from None
