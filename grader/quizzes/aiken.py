"""Quizzes → Aiken, the plainest of Moodle's formats: questions with one right option, each text on one line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from string import ascii_uppercase

from grader.quizzes.content import Choices, Exported, Notes, Question, Quiz
from grader.quizzes.markup import Markup, to_plain

_TAKEN = re.compile(r"[A-Z][).]|ANSWER:")  # what an option, or the answer, begins with


def to_aiken(quizzes: Sequence[Quiz]) -> Exported:
    """Return the file to import under Question bank, Import, Aiken format."""
    notes = Notes()
    blocks: list[str] = []
    for quiz in quizzes:
        notes.add(quiz.id, "Aiken carries plain text only: no titles, points, feedback, tags, formatting or pictures")
        markup = Markup(quiz.directory, notes)
        for bank, question in quiz.walk():
            where = f"{quiz.id}/{bank.id if bank else question.id}"
            if block := "\n".join(_write(question, where, markup, notes)):
                blocks.append(block)
                if bank is not None:
                    notes.add(where, "its instances stand one after another: let each student get one")
    return Exported("".join(f"{block}\n\n" for block in blocks).encode(), len(blocks), notes.all)


def _write(question: Question, where: str, markup: Markup, notes: Notes) -> Iterator[str]:
    answer = question.answer
    if not isinstance(answer, Choices) or not answer.single:
        notes.add(where, "left out: Aiken holds questions with one right option, and no others")
        return
    prompt = to_plain(markup.render(question.prompt, where))
    options = [to_plain(markup.render(option.text, where)) for option in answer.options]
    if not prompt or _TAKEN.match(prompt) or not all(options) or len(set(options)) < len(options):
        notes.add(where, "left out: as plain text it is not clear what is asked, and what the options are")
        return
    if "```" in question.prompt or any("```" in option.text for option in answer.options):
        notes.add(where, "its code stands on one line")
    yield prompt
    for letter, option in zip(ascii_uppercase, options, strict=False):
        yield f"{letter}. {option}"
    yield f"ANSWER: {ascii_uppercase[[option.correct for option in answer.options].index(True)]}"
