"""A report for the terminal."""

from __future__ import annotations

import io
from collections.abc import Iterator

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from grader.display import shorten_lines
from grader.report.content import Reader, Report, is_code
from grader.report.wording import (
    NO_CHECKS,
    Verdict,
    answer_verdict,
    check_amount,
    check_detail,
    check_explanation,
    check_tags,
    check_verdict,
    criterion_line,
    diagnosis_title,
    final_sentences,
    mark_line,
    question_amount,
    shared_end,
    total_sentences,
)
from grader.results import Frame
from grader.scoring import CheckGrade, QuestionGrade

WORD_WIDTH = 8  # the longest words are "deferred" and "answered"

_TONE_STYLES = {
    "passed": "green",
    "wrong": "bold red",
    "slow": "yellow",
    "crashed": "bold magenta",
    "ours": "bold blue",
    "waiting": "cyan",
    "open": "dim",
}
_DETAIL_LINES = 12
_MESSAGE_LINES = 12
_OUTPUT_LINES = 20


def to_text(report: Report, width: int = 80, color: bool = False) -> str:
    """Return the report for a terminal ``width`` columns wide, without a newline at its end.

    Colours are ANSI sequences; without ``color`` the text holds none. Its end is the total, in words, and what counts
    where that is something else.
    """
    console = Console(
        file=io.StringIO(),
        width=max(width, 40),
        color_system="standard" if color else None,
        force_terminal=color,
        no_color=not color,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
        _environ={},
    )
    with console.capture() as capture:
        for part in _text_parts(report):
            console.print(part)
    lines = [line.rstrip() for line in capture.get().rstrip().split("\n")]
    return "\n".join(lines)


def _text_parts(report: Report) -> Iterator[Text | Table | Padding]:
    questions = report.grade.questions
    right = max((len(amount) for amount in _all_amounts(report)), default=0)
    yield Text(_headline(report), style="bold")
    for position, question in enumerate(questions):
        if is_code(question):
            if len(questions) > 1:
                yield Text()
                yield _question_heading(report, question, right)
            yield _code_table(report, question, right)
        else:
            if position == 0 or is_code(questions[position - 1]):
                yield Text()
            yield _quiz_table(report, question, right)
    for diagnosis in report.grade.diagnoses:
        yield Padding(Text(diagnosis_title(diagnosis), style="bold"), (1, 0, 0, 2))
        yield Padding(Text(shorten_lines(diagnosis.explanation, _MESSAGE_LINES)), (0, 0, 0, 4))
    if report.grade.output:
        yield Padding(Text("What the program printed", style="bold"), (1, 0, 0, 2))
        yield Padding(_plain(report.grade.output, _OUTPUT_LINES, "dim"), (0, 0, 0, 4))
    if report.grade.fault:
        yield Padding(_plain(f"fault: {report.grade.fault}", _MESSAGE_LINES, "blue"), (1, 0, 0, 2))
    if report.grade.note:
        yield Padding(_plain(f"note: {report.grade.note}", _MESSAGE_LINES), (1, 0, 0, 2))
    yield Text()
    yield Text(" ".join(total_sentences(report)), style="bold")
    for sentence in final_sentences(report):
        yield Text(sentence)


def _headline(report: Report) -> str:
    """Return ``focal-loss · Implement focal loss · cpu, torch 2.9``."""
    grade = report.grade
    checks = [check for question in grade.questions for check in question.checks if not check.deferred]
    devices = sorted({check.device for check in checks})
    torch = [f"torch {grade.environment['torch']}"] if "torch" in grade.environment else []
    parts = [report.info.student, grade.assignment, grade.title, ", ".join([*devices, *torch])]
    if report.reader is Reader.STUDENT:
        parts = parts[1:]
    return " · ".join(part for part in parts if part)


def _all_amounts(report: Report) -> Iterator[str]:
    for question in report.grade.questions:
        yield question_amount(report, question)
        yield from (check_amount(check, question) for check in question.checks)


def _question_heading(report: Report, question: QuestionGrade, right: int) -> Padding:
    table = Table.grid(expand=True, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(ratio=1, overflow="fold")
    table.add_column(width=right, justify="right", no_wrap=True)
    table.add_row(Text(question.title, style="bold"), Text(question_amount(report, question), style="bold"))
    return Padding(table, (0, 0, 0, 2))


def _code_table(report: Report, question: QuestionGrade, right: int) -> Padding:
    table = _grid(right)
    if question.message:
        table.add_row("", _plain(question.message, _MESSAGE_LINES), "")
    shared = shared_end(question)
    for line in _end_lines(shared.explanation, shared.frames, shared.detail) if shared else ():
        table.add_row("", line, "")
    if not question.checks:
        table.add_row("", Text(NO_CHECKS, style="dim"), "")
    for check in question.checks:
        verdict, tags = check_verdict(check), check_tags(report, check)
        title = Text.assemble(check.title, (f" ({', '.join(tags)})", "dim") if tags else "")
        table.add_row(_word(verdict), title, check_amount(check, question))
        for line in () if shared else _check_lines(check):
            table.add_row("", line, "")
    for line in _mark_lines(question):
        table.add_row("", line, "")
    return Padding(table, (0, 0, 0, 2))


def _mark_lines(question: QuestionGrade) -> Iterator[Text]:
    """Yield what a person gave and said."""
    for criterion in question.criteria:
        yield _plain(criterion_line(criterion), 1)
    if marked := mark_line(question):
        yield _plain(marked, 1)
    if question.comment:
        yield _plain(question.comment, _MESSAGE_LINES)


def _check_lines(check: CheckGrade) -> Iterator[Text]:
    yield from _end_lines(check_explanation(check), check.frames, check_detail(check))
    if check.hint:
        yield Text.assemble(("hint: ", "italic"), (_spaced(shorten_lines(check.hint, _MESSAGE_LINES)), "italic"))


def _end_lines(explanation: str | None, frames: tuple[Frame, ...], detail: str | None) -> Iterator[Text]:
    """Yield why a check ended as it did, where in the student's code, and with which values."""
    if explanation:
        yield _plain(explanation, _MESSAGE_LINES)
    if frames and explanation:
        yield Text.assemble((f"{frames[-1].file}:{frames[-1].line}", "cyan"), f"  {frames[-1].source}")
    if detail:
        yield _plain(detail, _DETAIL_LINES, "dim")


def _quiz_table(report: Report, question: QuestionGrade, right: int) -> Padding:
    table = _grid(right)
    table.add_row(_word(answer_verdict(report, question)), Text(question.title), question_amount(report, question))
    if question.asked:
        table.add_row("", _plain(question.asked, _MESSAGE_LINES), "")
    if question.answer is not None:
        table.add_row("", _plain(f"answer: {question.answer}", _MESSAGE_LINES, "dim"), "")
    if question.expected is not None:
        table.add_row("", _plain(f"expected: {question.expected}", _MESSAGE_LINES, "dim"), "")
    for text in (question.message, question.feedback):
        if text:
            table.add_row("", _plain(text, _MESSAGE_LINES), "")
    for line in _mark_lines(question):
        table.add_row("", line, "")
    return Padding(table, (0, 0, 0, 2))


def _grid(right: int) -> Table:
    table = Table.grid(expand=True, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(width=WORD_WIDTH, no_wrap=True)
    table.add_column(ratio=1, overflow="fold")
    table.add_column(width=right, justify="right", no_wrap=True)
    return table


def _word(verdict: Verdict) -> Text:
    return Text(verdict.word, style=_TONE_STYLES[verdict.tone])


def _plain(text: str, lines: int, style: str = "") -> Text:
    """Return text of a student or an author as it is: no markup in it is obeyed."""
    return Text(_spaced(shorten_lines(text, lines)), style=style)


def _spaced(text: str) -> str:
    return text.expandtabs(4)
