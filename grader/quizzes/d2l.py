"""Quizzes → the CSV that Brightspace (D2L) imports questions from: a few rows for each."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from grader.quizzes.content import Choices, Exported, Notes, Number, Question, Quiz, Texts, format_decimal
from grader.quizzes.markup import Markup, flatten_html, render_prompt, to_plain

_COLUMNS = 5


def to_d2l(quizzes: Sequence[Quiz]) -> Exported:
    """Return the file to import under Question Library, Import, Upload a File."""
    notes = Notes()
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    count = 0
    for quiz in quizzes:
        notes.add(quiz.id, "Brightspace's CSV carries no tags, and feedback as plain text")
        markup = Markup(quiz.directory, notes)
        for bank, question in quiz.walk():
            where = f"{quiz.id}/{question.id}"
            if isinstance(question.answer, Number):
                where = f"{quiz.id}/{bank.id if bank else question.id}"
                notes.add(where, "left out: Brightspace's CSV has no questions with a number as their answer")
                continue
            for row in _write(quiz, question, where, markup, notes):
                writer.writerow([*row, *[""] * (_COLUMNS - len(row))])
            count += 1
            if bank is not None:
                where = f"{quiz.id}/{bank.id}"
                notes.add(where, "its instances stand one after another: put them into a pool, for one random question")
    return Exported(stream.getvalue().encode(), count, notes.all)


def _write(quiz: Quiz, question: Question, where: str, markup: Markup, notes: Notes) -> Iterator[Sequence[str]]:
    yield "NewQuestion", _kind(question)
    yield "ID", f"{quiz.id}-{question.id}"
    yield "Title", question.title
    yield "QuestionText", flatten_html(render_prompt(markup, question, where)), "HTML"
    yield "Points", format_decimal(question.points)
    yield "Difficulty", "1"
    yield from _answer(question, where, markup, notes)
    if question.feedback:
        yield "Feedback", to_plain(markup.render(question.feedback, where))


def _kind(question: Question) -> str:
    answer = question.answer
    if isinstance(answer, Choices):
        return "MC" if answer.single else "MS"
    return "SA" if isinstance(answer, Texts) else "WR"


def _answer(question: Question, where: str, markup: Markup, notes: Notes) -> Iterator[Sequence[str]]:
    answer = question.answer
    if isinstance(answer, Choices):
        right = "100" if answer.single else "1"
        if not answer.single:
            yield "Scoring", "AllOrNothing" if answer.all_or_nothing else "RightMinusWrong"
            if not answer.all_or_nothing:
                notes.add(where, "Brightspace shares points among all options: one rightly left alone counts, too")
        for option in answer.options:
            text = flatten_html(markup.render_short(option.text, where))
            told = to_plain(markup.render(option.feedback, where))
            yield "Option", right if option.correct else "0", text, "HTML", told
    elif isinstance(answer, Texts):
        if answer.case_sensitive:
            notes.add(where, "capitals do not count, until you set it in Brightspace")
        yield "InputBox", "1", "40"
        yield from (("Answer", "100", text) for text in answer.accepted)
    elif not isinstance(answer, Number) and answer.guidance:
        yield "AnswerKey", to_plain(markup.render(answer.guidance, where))
