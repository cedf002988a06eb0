"""A report in a few lines of plain text, as an LMS shows them beside a score."""

from __future__ import annotations

from collections.abc import Iterator

from grader.display import clean_line, clean_text, shorten_lines
from grader.language import _, speaking
from grader.report.content import Report, is_code
from grader.report.wording import (
    answer_verdict,
    check_amount,
    check_explanation,
    check_verdict,
    diagnosis_title,
    feedback_sentence,
    final_sentences,
    question_amount,
    shared_end,
    total_sentences,
)
from grader.scoring import CheckGrade, QuestionGrade

LENGTH = 2_000
_LINE = 300
_LINES = 40
_RIGHT = "passed"


def to_remark(report: Report) -> str:
    """Return what a report's reader is told, short: the score, what is not right and why, and the hints."""
    with speaking(report.language):
        return _write(report)


def _write(report: Report) -> str:
    lines = [" ".join([*total_sentences(report), *final_sentences(report)])]
    for question in report.grade.questions:
        lines += _code_lines(question) if is_code(question) else _answer_lines(report, question)
    lines += [diagnosis_title(diagnosis) for diagnosis in report.grade.diagnoses]
    told_later = feedback_sentence(report)
    lines += [told_later] if told_later else []
    cut = [clean_line(line, 3 * _LINE if number == 0 else _LINE) for number, line in enumerate(lines)]
    return clean_text(shorten_lines("\n".join(cut), _LINES), LENGTH)


def _code_lines(question: QuestionGrade) -> Iterator[str]:
    title, end = question.title.rstrip("."), shared_end(question)
    if question.message or end is not None:  # no check has anything of its own to say
        yield f"{title}: {question.message or (end.explanation if end is not None else '')}"
    else:
        wrong = [check for check in question.checks if check_verdict(check).tone != _RIGHT]
        yield from (_check_line(check, question) for check in wrong)
    if question.comment:
        yield f"{title}: {question.comment}"


def _check_line(check: CheckGrade, question: QuestionGrade) -> str:
    parts = [f"{check.title.rstrip('.')} ({check_amount(check, question)}): {check_verdict(check).label}."]
    why = check_explanation(check)
    parts += [_end(why)] if why else []
    parts += [_("Hint: {hint}", hint=_end(check.hint))] if check.hint else []
    return " ".join(parts)


def _answer_lines(report: Report, question: QuestionGrade) -> Iterator[str]:
    verdict = answer_verdict(report, question)
    said = [_end(text) for text in (question.message, question.feedback, question.comment) if text]
    if verdict.tone != _RIGHT or question.comment:
        start = f"{question.title.rstrip('.')} ({question_amount(report, question)}): {verdict.label}."
        yield " ".join([start, *said])


def _end(text: str) -> str:
    text = clean_line(text.strip(), _LINE)
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
