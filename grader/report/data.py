"""Reports as JSON data, in the format that ``docs/report.md`` describes."""

from __future__ import annotations

import re
from datetime import timedelta
from fractions import Fraction
from typing import Any

from grader.display import timestamp, to_number
from grader.language import speaking
from grader.report.content import Report, is_code
from grader.report.wording import next_steps
from grader.scoring import CheckGrade, FinalGrade, Grade, QuestionGrade

FORMAT = 1


def to_json(report: Report) -> dict[str, Any]:
    """Return the report as JSON data in the format that ``docs/report.md`` describes; keys come in a fixed order."""
    with speaking(report.language):
        return _report_json(report)


def _report_json(report: Report) -> dict[str, Any]:
    grade, info = report.grade, report.info
    return {
        "format": FORMAT,
        "language": report.language,
        "assignment": grade.assignment,
        "title": grade.title,
        "student": info.student,
        "status": grade.status.value,
        "fault": grade.fault,
        "note": grade.note,
        "complete": report.complete,
        "submission": {"id": info.id, "digest": info.digest, "submitted_at": timestamp(info.submitted_at)},
        **_amounts(grade),
        "final": _final_json(report.final) if report.final is not None else None,
        "questions": [_question_json(report, question) for question in grade.questions],
        "diagnoses": [
            {
                "mistake": found.mistake,
                "title": found.title,
                "explanation": found.explanation,
                "questions": [*found.code, *found.quiz],
            }
            for found in grade.diagnoses
        ],
        "environment": {name: _setting(name, value) for name, value in grade.environment.items()},
        "output": grade.output or None,
        "context": _context_json(report) if report.context else None,
    }


def _context_json(report: Report) -> dict[str, Any]:
    context = report.context
    return {
        "prompts": [
            {
                "question": question,
                "text": prompt.text,
                "choices": [{"letter": letter, "text": text} for letter, text in prompt.choices],
            }
            for question, prompt in context.prompts.items()
        ],
        "excerpts": [
            {
                "file": file,
                "line": line,
                "first": excerpt.first,
                "lines": list(excerpt.lines),
                "cell": None if excerpt.cell is None else {"number": excerpt.cell[0], "line": excerpt.cell[1]},
            }
            for (file, line), excerpt in context.excerpts.items()
        ],
        "references": [
            {"question": question, "check": check, "figure": f"data:image/png;base64,{figure}"}
            for (question, check), figure in context.references.items()
        ],
        "attempts": [
            {
                "attempt": attempt.number,
                "submitted_at": timestamp(attempt.submitted_at),
                "status": attempt.status.value if attempt.status is not None else "not_graded",
                "score": to_number(attempt.score),
                "points": to_number(attempt.points),
                "counts": attempt.counts,
            }
            for attempt in context.attempts
        ],
        "closed": context.closed,
        "feedback_from": timestamp(context.feedback_from),
        "next": next_steps(report),
    }


def _final_json(final: FinalGrade) -> dict[str, Any]:
    override = final.override
    return {
        "status": final.status.value if final.status is not None else "not_graded",
        "score": to_number(final.score),
        "points": to_number(final.points),
        "bonus": to_number(final.bonus),
        "submission": final.attempt.submission if final.attempt is not None else None,
        "attempt": final.number,
        "attempts_used": final.used,
        "attempts_limit": final.limit,
        "due": timestamp(final.due),
        "late_seconds": final.lateness // timedelta(seconds=1),
        "penalty": final.penalty,
        "override": None
        if override is None
        else {"score": to_number(override.score or Fraction(0)), "by": override.by, "why": override.why or None},
        "notes": list(final.notes),
    }


def _question_json(report: Report, question: QuestionGrade) -> dict[str, Any]:
    answered = not (report.complete or is_code(question)) and question.answer is not None
    return {
        "id": question.id,
        "kind": question.kind,
        "title": question.title,
        "status": "answered" if answered else question.status.value,
        **_amounts(question),
        "asked": question.asked,
        "answer": question.answer,
        "expected": question.expected,
        "message": question.message,
        "feedback": question.feedback,
        "comment": question.comment,
        "marked_by": question.marked_by,
        "criteria": [
            {
                "title": criterion.title,
                "level": criterion.level,
                "score": to_number(criterion.score),
                "points": to_number(criterion.points),
            }
            for criterion in question.criteria
        ],
        "checks": [_check_json(check) for check in question.checks],
    }


def _check_json(check: CheckGrade) -> dict[str, Any]:
    return {
        "id": check.id,
        "title": check.title,
        "visibility": check.visibility.value,
        "points": to_number(check.points),
        "score": to_number(check.score),
        "bonus": check.bonus,
        "outcome": check.outcome.value,
        "deferred": check.deferred,
        "message": check.message,
        "hint": check.hint,
        "detail": check.detail,
        "frames": [
            {"file": frame.file, "line": frame.line, "function": frame.function, "source": frame.source}
            for frame in check.frames
        ],
        "device": check.device,
        "figure": f"data:image/png;base64,{check.figure}" if check.figure else None,
    }


def _amounts(graded: Grade | QuestionGrade) -> dict[str, float]:
    return {
        "score": to_number(graded.score),
        "points": to_number(graded.points),
        "bonus": to_number(graded.bonus),
        "bonus_points": to_number(graded.bonus_points),
        "deferred": to_number(graded.deferred),
    }


def _setting(name: str, value: str) -> str | int:
    return int(value) if name == "seed" and re.fullmatch(r"[0-9]{1,20}", value, re.ASCII) else value
