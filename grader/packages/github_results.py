"""What came of the public checks, as GitHub Classroom and GitHub's pages read it."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grader.display import format_amount, to_number
from grader.errors import FaultError, InputError, reason_of
from grader.language import _, later
from grader.report import Report
from grader.report.wording import check_explanation, check_verdict
from grader.results import Outcome
from grader.scoring import CheckGrade, Status

MAX_MESSAGE = 2_000
MAX_SUMMARY = 200_000  # GitHub takes a megabyte
FOREWORD = later(
    "Public checks only: hidden checks and quiz questions are graded elsewhere, and this is no final grade."
)


def build_result(report: Report) -> dict[str, Any]:
    """Return the result that GitHub Classroom's reporter adds up. After a fault of ours its status is ``error``."""
    grade = report.grade
    checks = [check for question in grade.questions for check in question.checks if not check.deferred]
    if grade.status is Status.PENDING:
        return fail_result()
    passed = all(check.outcome is Outcome.PASSED or check.bonus for check in checks)
    return {
        "version": 1,
        "status": "pass" if passed and not any(question.message for question in grade.questions) else "fail",
        "max_score": to_number(grade.points - grade.deferred),
        "tests": [_test(check) for check in checks],
    }


def fail_result() -> dict[str, Any]:
    """Return the result of a fault of ours. Without a maximum the reporter tells Classroom of no points, not of 0."""
    message = _("The grader itself failed; your work is not to blame.")
    return {"version": 1, "status": "error", "max_score": 0.0, "tests": [_line("grader", "error", 0.0, message)]}


def refuse_result(error: InputError, points: float) -> dict[str, Any]:
    """Return the result of what cannot be graded."""
    words = f"{error.message}. {error.hint}" if error.hint else error.message
    return {"version": 1, "status": "fail", "max_score": points, "tests": [_line("files", "fail", 0.0, words)]}


def _test(check: CheckGrade) -> dict[str, Any]:
    passed = check.outcome is Outcome.PASSED
    message = "" if passed else (check_explanation(check) or "")
    score = 0.0 if check.bonus else to_number(check.score)  # points above the maximum would read as more than all
    return _line(check.title, "pass" if passed else "fail", score, message)


def _line(name: str, status: str, score: float, message: str) -> dict[str, Any]:
    return {
        "name": name,
        "status": status,
        "score": score,
        "message": message[:MAX_MESSAGE],
        "test_code": "",
        "filename": "",
        "line_no": 0,
        "duration": 0,
    }


def encode_result(result: dict[str, Any]) -> str:
    """Return a result as the reporter's input: JSON in base64, so that nothing in it means anything to a shell."""
    return base64.b64encode(json.dumps(result, ensure_ascii=True, allow_nan=False).encode()).decode()


def write_summary(report: Report) -> str:
    """Return a page of Markdown for the run: texts from outside are escaped."""
    grade = report.grade
    earned, most = format_amount(grade.score), format_amount(grade.points)
    amounts = _("{score} of {amount} points", score=earned, amount=most)
    lines = [f"## {_escape(grade.title)}: {amounts}", "", _(FOREWORD), ""]
    for question in grade.questions:
        if len(grade.questions) > 1:
            lines += [f"### {_escape(question.title)}", ""]
        lines += [*([_escape(question.message), ""] if question.message else []), *_table(question.checks), ""]
    if grade.note:
        lines += [_escape(grade.note), ""]
    return "\n".join(lines)[:MAX_SUMMARY] + "\n"


def _table(checks: tuple[CheckGrade, ...]) -> Iterator[str]:
    yield "| | " + _("check") + " | " + _("points") + " |"
    yield "|---|---|---:|"
    for check in checks:
        words = [
            _escape(check.title),
            *(f"<br>{_escape(one)}" for one in (check_explanation(check), check.hint) if one),
        ]
        points = "" if check.deferred else f"{format_amount(check.score)} / {format_amount(check.points)}"
        yield f"| {check_verdict(check).word} | {''.join(words)} | {points} |"


def _escape(text: str) -> str:
    """Return text of which Markdown, a table of it and HTML make nothing else."""
    plain = html.escape(text[:MAX_MESSAGE], quote=False)
    plain = re.sub(r"([\\`*_{}\[\]()#+\-.!|~$@:])", r"\\\1", plain)
    return plain.replace("\n", "<br>")


def append(path: Path, text: str) -> None:
    """Add text to a file in which GitHub collects what steps say.

    Raises:
        FaultError: it cannot be written.
    """
    try:
        with open(path, "a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise FaultError(f"{path} cannot be written: {reason_of(error)}") from None
