"""The class report as JSON data, in the format that ``docs/class_report.md`` describes."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from typing import Any

from grader.class_report.content import (
    ChoiceTable,
    ClassAssignment,
    ClassCell,
    ClassReport,
    ClassStudent,
    DiagnosisFigures,
)
from grader.class_report.earlier import Comparison, Pair
from grader.class_report.versions import Versions
from grader.display import timestamp, to_number
from grader.results import Outcome
from grader.scoring import Status
from grader.statistics import CheckFigures, ItemFigures, QuestionFigures, Spread, SuccessFigures

FORMAT = 1


def to_class_json(report: ClassReport, comparison: Comparison | None = None) -> dict[str, Any]:
    """Return the class report as JSON data; ``comparison`` adds the figures of an earlier term beside those of now."""
    data: dict[str, Any] = {
        "format": FORMAT,
        "course": report.course,
        "as_of": timestamp(report.as_of),
        "points": to_number(report.points),
        "assignments": [_assignment_json(assignment) for assignment in report.assignments],
        "students": [_student_json(report, student) for student in report.students],
    }
    return data if comparison is None else {**data, "against": _comparison_json(comparison)}


def _assignment_json(assignment: ClassAssignment) -> dict[str, Any]:
    figures = assignment.figures
    return {
        "id": assignment.id,
        "title": assignment.title,
        "points": to_number(assignment.points),
        "due": timestamp(assignment.due),
        "submitted": figures.submitted,
        "late": assignment.late,
        "graded": figures.graded,
        "needs_review": figures.statuses[Status.NEEDS_REVIEW],
        "pending": figures.statuses[Status.PENDING],
        "not_graded": figures.ungraded,
        "waiting": figures.waiting,
        "mean": _number_or_none(figures.mean),
        "median": _number_or_none(figures.median),
        "lowest": _number_or_none(figures.lowest),
        "highest": _number_or_none(figures.highest),
        "full_marks": figures.full,
        "scores": [{"from": to_number(b.low), "to": to_number(b.high), "count": b.count} for b in figures.bins],
        "questions": [_question_json(question) for question in figures.questions],
        "checks": [_check_json(check) for check in figures.checks],
        "reliability": {"students": assignment.analysis.complete, "alpha": _rounded(assignment.analysis.alpha)},
        "items": [_item_json(item) for item in assignment.analysis.items],
        "choices": [choice for table in assignment.choices for choice in _choices_json(table)],
        "success": _success_json(assignment.success),
        "diagnoses": [_diagnosis_json(found) for found in assignment.diagnoses],
        "versions": _versions_json(assignment.versions) if assignment.versions is not None else [],
    }


def _question_json(question: QuestionFigures) -> dict[str, Any]:
    return {
        "id": question.id,
        "kind": question.kind,
        "title": question.title,
        "points": to_number(question.points),
        "mean": _number_or_none(question.mean),
        "full_marks": question.full,
        **{status.value: question.statuses[status] for status in Status},
        "unreadable": question.unreadable,
    }


def _check_json(check: CheckFigures) -> dict[str, Any]:
    return {
        "question": check.question,
        "id": check.id,
        "title": check.title,
        "visibility": check.visibility.value,
        "points": to_number(check.points),
        "bonus": check.bonus,
        "pass_rate": _number_or_none(check.pass_rate),
        "outcomes": {outcome.value: check.outcomes[outcome] for outcome in Outcome},
        "deferred": check.deferred,
    }


def _item_json(figures: ItemFigures) -> dict[str, Any]:
    item = figures.item
    return {
        "question": item.question,
        "check": item.check,
        "kind": item.kind,
        "title": item.title,
        "points": to_number(item.points),
        "bonus": item.bonus,
        "known": figures.known,
        "difficulty": _number_or_none(figures.difficulty),
        "discrimination": _rounded(figures.discrimination),
        "upper_lower": _rounded(figures.upper_lower),
        "alpha_without": _rounded(figures.alpha_without),
        "failed_alone": figures.alone,
    }


def _choices_json(table: ChoiceTable) -> list[dict[str, Any]]:
    return [
        {
            "question": table.question,
            "letter": line.figures.letter,
            "text": line.text,
            "correct": line.correct,
            "picked": line.figures.picked,
            "answered": line.figures.answered,
            "share": _number_or_none(line.figures.share),
            "discrimination": _rounded(line.figures.discrimination),
        }
        for line in table.choices
    ]


def _success_json(success: SuccessFigures) -> dict[str, Any]:
    return {
        "students": success.tried,
        "reached": success.reached,
        "never": success.never,
        "attempts": _spread_json(success.attempts),
        "hours": _spread_json(success.hours),
    }


def _spread_json(spread: Spread | None) -> dict[str, float] | None:
    if spread is None:
        return None
    return {
        "median": to_number(spread.median),
        "lower_quartile": to_number(spread.low),
        "upper_quartile": to_number(spread.high),
    }


def _diagnosis_json(found: DiagnosisFigures) -> dict[str, Any]:
    return {
        "mistake": found.mistake,
        "title": found.title,
        "submissions": found.students,
        "share": _number_or_none(found.share),
        "in_code": found.code,
        "in_quiz": found.quiz,
        "questions": list(found.questions),
    }


def _versions_json(versions: Versions) -> list[dict[str, Any]]:
    return [
        {
            "digest": version.digest,
            "since": timestamp(version.since),
            "graded": version.graded,
            "counting": version.counting,
            "mean": _number_or_none(version.mean),
            "pass_rates": [
                {"question": check.question, "id": check.id, "pass_rate": _number_or_none(check.pass_rate)}
                for check in version.checks.values()
            ],
        }
        for version in versions.versions
    ]


def _student_json(report: ClassReport, student: ClassStudent) -> dict[str, Any]:
    return {
        "student": student.id,
        "name": student.name,
        "section": student.section,
        "score": _number_or_none(report.total(student.key)),
        "at_risk": [{"kind": risk.kind.value, "reason": risk.words} for risk in student.risks],
        "assignments": {
            assignment.id: _cell_json(assignment.cells[student.key])
            for assignment in report.assignments
            if student.key in assignment.cells
        },
    }


def _cell_json(cell: ClassCell) -> dict[str, Any]:
    graded = cell.status is not None
    return {
        "submission": cell.info.id,
        "submitted_at": timestamp(cell.info.submitted_at),
        "status": cell.status.value if cell.status else "not_graded",
        "score": to_number(cell.score) if graded else None,
        "points": to_number(cell.points) if graded else None,
        "bonus": to_number(cell.bonus) if graded else None,
        "deferred": to_number(cell.deferred) if graded else None,
        "late_seconds": cell.late // timedelta(seconds=1),
        "attempts": len(cell.attempts),
        "diagnoses": list(dict.fromkeys(found.mistake for found in cell.diagnoses)),
    }


def _comparison_json(comparison: Comparison) -> dict[str, Any]:
    return {
        "course": comparison.then,
        "as_of": comparison.as_of,
        "students": {"then": comparison.sizes[0], "now": comparison.sizes[1]},
        "means": [_pair_json(pair) for pair in comparison.means],
        "medians": [_pair_json(pair) for pair in comparison.medians],
        "checks": [_pair_json(pair) for pair in comparison.checks],
        "diagnoses": [_pair_json(pair) for pair in comparison.diagnoses],
        "only_then": list(comparison.only_then),
        "only_now": list(comparison.only_now),
    }


def _pair_json(pair: Pair) -> dict[str, Any]:
    return {
        "title": pair.title,
        "then": _number_or_none(pair.before),
        "now": _number_or_none(pair.now),
        "graded": {"then": pair.graded[0], "now": pair.graded[1]},
    }


def _number_or_none(amount: Fraction | None) -> float | None:
    return None if amount is None else to_number(amount)


def _rounded(figure: float | None) -> float | None:
    return None if figure is None else round(figure, 4)
