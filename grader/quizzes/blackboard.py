"""Quizzes → the tab-delimited text that Blackboard uploads questions from: one row for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from grader.errors import InputError
from grader.quizzes.content import Choices, Exported, Notes, Number, Question, Quiz, Texts, format_decimal
from grader.quizzes.markup import Markup, flatten_html, render_prompt, to_plain

MAX_ROWS = 500


def to_blackboard(quizzes: Sequence[Quiz]) -> Exported:
    """Return the file to upload under Upload Questions.

    Raises:
        InputError: there are more questions than Blackboard takes in one file.
    """
    notes = Notes()
    rows: list[str] = []
    for quiz in quizzes:
        notes.add(quiz.id, "Blackboard's text carries no points, titles, feedback, tags or pictures: set points there")
        markup = Markup(quiz.directory, notes)
        for bank, question in quiz.walk():
            rows.append("\t".join(_write(question, f"{quiz.id}/{question.id}", markup, notes)))
            if bank is not None:
                where = f"{quiz.id}/{bank.id}"
                notes.add(where, "its instances stand one after another: put them into a pool, for one random question")
    if len(rows) > MAX_ROWS:
        hint = "export fewer assignments at once, or fewer --instances"
        raise InputError(f"these are {len(rows)} questions: Blackboard takes {MAX_ROWS} in one file", hint)
    return Exported("\r\n".join(rows).encode(), len(rows), notes.all)


def _write(question: Question, where: str, markup: Markup, notes: Notes) -> Iterator[str]:
    def show(text: str) -> str:
        return flatten_html(markup.render_short(text, where))

    answer = question.answer
    prompt = flatten_html(render_prompt(markup, question, where))
    if isinstance(answer, Choices):
        yield from ("MC" if answer.single else "MA", prompt)
        for option in answer.options:
            yield from (show(option.text), "correct" if option.correct else "incorrect")
        if not answer.single and not answer.all_or_nothing:
            notes.add(where, "Blackboard gives all or nothing, until you allow partial credit there")
    elif isinstance(answer, Number):
        yield from ("NUM", prompt, format_decimal(answer.value), format_decimal(answer.tolerance))
    elif isinstance(answer, Texts):
        if answer.case_sensitive:
            notes.add(where, "capitals do not count, until you set it in Blackboard")
        yield from ("FIB", prompt, *answer.accepted)
    else:
        yield from ("ESS", prompt, to_plain(markup.render(answer.guidance, where)))
