"""A report for the terminal."""

from __future__ import annotations

import io
from collections.abc import Iterator

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from grader.display import ELLIPSIS, shorten_lines
from grader.language import _, speaking
from grader.report.content import Reader, Report, is_code
from grader.report.context import Excerpt, Prompt
from grader.report.wording import (
    PARTLY,
    WRONG,
    Verdict,
    answer_verdict,
    attempts_line,
    check_amount,
    check_detail,
    check_explanation,
    check_tags,
    check_verdict,
    chosen_letters,
    criterion_line,
    diagnosis_title,
    encouragement,
    feedback_sentence,
    final_sentences,
    mark_line,
    next_steps,
    no_checks,
    question_amount,
    shared_end,
    shown_frames,
    total_sentences,
)
from grader.results import Frame
from grader.scoring import CheckGrade, QuestionGrade, Status

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
_PROMPT_LINES = 6
_ASKED_LINES = 3  # of what code is to do, which has a page of its own
_LINES_AROUND = 1


def to_text(report: Report, width: int = 80, color: bool = False) -> str:
    """Return the report for a terminal ``width`` columns wide, without a newline at its end.

    Colours are ANSI sequences; without ``color`` the text holds none. At its end are the total in words, what counts
    where that is something else, and what a student can do next.
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
    with console.capture() as capture, speaking(report.language):
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
        yield Padding(_prose(diagnosis.explanation, _MESSAGE_LINES), (0, 0, 0, 4))
    yield from _closing_parts(report)


def _closing_parts(report: Report) -> Iterator[Text | Padding]:
    """Yield what is told of the submission as a whole; the total is near the end, where it is read first."""
    grade = report.grade
    if grade.output:
        yield Padding(Text(_("What the program printed"), style="bold"), (1, 0, 0, 2))
        yield Padding(_plain(grade.output, _OUTPUT_LINES, "dim"), (0, 0, 0, 4))
    if grade.fault:
        yield Padding(_plain(_("fault: {fault}", fault=grade.fault), _MESSAGE_LINES, "blue"), (1, 0, 0, 2))
    if grade.note:
        yield Padding(_plain(_("note: {note}", note=grade.note), _MESSAGE_LINES), (1, 0, 0, 2))
    yield Text()
    if so_far := attempts_line(report):
        yield Text(so_far, style="dim")
    yield Text(" ".join(total_sentences(report)), style="bold")
    told = [*final_sentences(report), feedback_sentence(report)]
    if report.complete and report.reader is Reader.STUDENT:
        kind = [] if grade.status is Status.PENDING else [encouragement(report)]
        told = [*kind, *told, *next_steps(report)]
    yield from (Text(sentence) for sentence in told if sentence)


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
    told: set[Frame] = set()
    if question.message:
        table.add_row("", _plain(question.message, _MESSAGE_LINES), "")
    prompt = report.context.prompts.get(question.id)
    if prompt is not None and report.complete and question.score < question.points:
        first, _gap, rest = prompt.text.partition("\n\n")
        table.add_row("", _prose(f"{first} {ELLIPSIS}" if rest else first, _ASKED_LINES, "dim"), "")
    shared = shared_end(question)
    for line in _end_lines(report, shared.explanation, shared.frames, shared.detail, told) if shared else ():
        table.add_row("", line, "")
    if not question.checks:
        table.add_row("", Text(no_checks(), style="dim"), "")
    for check in question.checks:
        verdict, tags = check_verdict(check), check_tags(report, check)
        title = Text.assemble(check.title, (f" ({', '.join(tags)})", "dim") if tags else "")
        table.add_row(_word(verdict), title, check_amount(check, question))
        for line in () if shared else _check_lines(report, check, told):
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


def _check_lines(report: Report, check: CheckGrade, told: set[Frame]) -> Iterator[Text]:
    yield from _end_lines(report, check_explanation(check), check.frames, check_detail(check), told)
    if check.hint:
        yield _prose(_("hint: {hint}", hint=check.hint), _MESSAGE_LINES, "italic")


def _end_lines(
    report: Report, explanation: str | None, frames: tuple[Frame, ...], detail: str | None, told: set[Frame]
) -> Iterator[Text]:
    """Yield why a check ended as it did, where in the student's code, and with which values.

    The lines around a place are shown once: ``told`` holds where that was.
    """
    if explanation:
        yield _plain(explanation, _MESSAGE_LINES)
    for frame, excerpt in shown_frames(report, frames) if explanation else ():
        place = (f"{frame.file}:{frame.line}{excerpt.place if excerpt is not None else ''}", "cyan")
        if excerpt is None or frame in told or frame != frames[-1]:
            yield Text.assemble(place, f"  {frame.source}")
            continue
        told.add(frame)
        yield Text.assemble(place)
        yield from _source_lines(excerpt, frame.line)
    if detail:
        yield _plain(detail, _DETAIL_LINES, "dim")


def _source_lines(excerpt: Excerpt, here: int) -> Iterator[Text]:
    for number, source in excerpt.numbered:
        if abs(number - here) <= _LINES_AROUND:
            mark, style = (">", "") if number == here else (" ", "dim")
            yield Text(f"{mark} {number:>4}  {source}", style=style, no_wrap=True, overflow="ellipsis")


def _quiz_table(report: Report, question: QuestionGrade, right: int) -> Padding:
    table = _grid(right)
    verdict, prompt = answer_verdict(report, question), report.context.prompts.get(question.id)
    table.add_row(_word(verdict), Text(question.title), question_amount(report, question))
    if prompt is not None and verdict in (WRONG, PARTLY):  # what is right needs no second look
        table.add_row("", _prose(prompt.text, _PROMPT_LINES, "dim"), "")
    elif question.asked and prompt is None:
        table.add_row("", _prose(question.asked, _MESSAGE_LINES), "")
    for answer in _answer_lines(question, prompt):
        table.add_row("", _prose(answer, _MESSAGE_LINES, "dim"), "")
    if question.expected is not None:
        table.add_row("", _plain(_("expected: {answer}", answer=question.expected), _MESSAGE_LINES, "dim"), "")
    if question.message:
        table.add_row("", _plain(question.message, _MESSAGE_LINES), "")
    if question.feedback:
        table.add_row("", _prose(question.feedback, _MESSAGE_LINES), "")
    for line in _mark_lines(question):
        table.add_row("", line, "")
    return Padding(table, (0, 0, 0, 2))


def _prose(text: str, lines: int, style: str = "") -> Text:
    """Return an author's Markdown, its formulas as they are read aloud."""
    if "$" in text:
        from grader.report.plain import to_plain_text  # takes a while, and few need it

        text = to_plain_text(text)
    return _plain(_join_lines(text), lines, style)


def _join_lines(text: str) -> str:
    """Return Markdown with each plain paragraph on one line, for the terminal to break."""
    plain = (part if part.lstrip()[:1] in "-*|`$#>" else " ".join(part.splitlines()) for part in text.split("\n\n"))
    return "\n".join(plain)


def _answer_lines(question: QuestionGrade, prompt: Prompt | None) -> Iterator[str]:
    """Yield the answer: the choices that were picked in full, where they are known."""
    if question.answer is None:
        return
    chosen = chosen_letters(question)
    picked = [(letter, text) for letter, text in prompt.choices if letter in chosen] if prompt is not None else []
    if not picked:
        yield _("answer: {answer}", answer=question.answer)
    for letter, text in picked:
        yield _("answer: {answer}", answer=f"{letter}) {text}")


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
