r"""Quiz → GIFT, Moodle's plain text format. It carries neither points nor pictures.

Every text stands on one line: a blank line would end the question, and a line that begins with ``//`` would vanish.
What means something to GIFT is escaped, ``\`` too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from grader.quizzes.content import (
    Bank,
    Choices,
    Exported,
    Notes,
    Number,
    Question,
    Quiz,
    Texts,
    format_decimal,
)
from grader.quizzes.markup import Markup, render_prompt
from grader.quizzes.moodle_xml import category_of, escape_wildcard, note_banks, share_out

_SPECIAL = re.compile(r"[\\~=#{}:]")
_PLACEHOLDER = re.compile(r"&&(?:010|035|058|061|092|123|125|126);")  # what Moodle puts for what is escaped


def to_gift(quizzes: Sequence[Quiz]) -> Exported:
    """Return the file to import under Question bank, Import, GIFT format."""
    notes = Notes()
    lines: list[str] = []
    count = 0
    for quiz in quizzes:
        notes.add(quiz.id, "GIFT carries no points: each question is worth 1 until you set it in the quiz")
        lines += [_category(quiz), ""]
        markup = Markup(quiz.directory, notes)
        inside: Bank | None = None
        for bank, question in quiz.walk():
            if bank is not inside:
                lines += [_category(quiz, bank), ""]
                inside = bank
            if written := list(_write(quiz, question, markup, notes)):
                lines += [*written, ""]
                count += 1
        note_banks(quiz, notes)
    return Exported("\n".join(lines).encode(), count, notes.all)


def escape(text: str) -> str:
    """Return a text as GIFT takes it anywhere, on one line."""
    return _SPECIAL.sub(lambda found: f"\\{found.group()}", text.strip()).replace("\n", r"\n")


def _category(quiz: Quiz, bank: Bank | None = None) -> str:
    return f"$CATEGORY: {category_of(quiz, bank)}".replace("\\", "")  # nothing is unescaped here


def _write(quiz: Quiz, question: Question, markup: Markup, notes: Notes) -> Iterator[str]:
    where = f"{quiz.id}/{question.id}"
    answers = list(_answers(question, where, markup, notes))
    if isinstance(question.answer, Texts) and not answers:
        notes.add(where, "left out: GIFT can hold none of its accepted answers")
        return
    tags = "".join(f" [tag:{tag}]" for tag in question.tags if not set(tag) & set("[]"))
    if len(tags) < len("".join(f" [tag:{tag}]" for tag in question.tags)):
        notes.add(where, "tags with brackets are left out: GIFT cannot hold them")
    yield f"// [id:{question.id}]{tags}"
    prompt = escape(render_prompt(markup, question, where))
    opening = "{#" if isinstance(question.answer, Number) else "{"
    yield f"::{escape(_PLACEHOLDER.sub('', question.title))}::[html]{prompt} {opening}"
    yield from answers
    if question.feedback:
        yield f"####{escape(markup.render(question.feedback, where))}"
    yield "}"


def _answers(question: Question, where: str, markup: Markup, notes: Notes) -> Iterator[str]:
    answer = question.answer
    if isinstance(answer, Choices):
        for option, fraction in zip(answer.options, share_out(answer, where, notes), strict=True):
            # A weight is always written: a text may itself begin like one.
            sign = "=" if answer.single and option.correct else f"~%{format_decimal(fraction)}%"
            told = escape(markup.render(option.feedback, where)) if option.feedback else ""
            yield f"{sign}[html]{escape(markup.render_short(option.text, where))}{'#' if told else ''}{told}"
    elif isinstance(answer, Number):
        yield f"={format_decimal(answer.value)}:{format_decimal(answer.tolerance)}"
    elif isinstance(answer, Texts):
        if answer.case_sensitive:
            notes.add(where, "GIFT cannot say that capitals count: they do not, until you set it in Moodle")
        for text in answer.accepted:
            if "->" in text or _PLACEHOLDER.search(text):
                notes.add(where, f"the accepted answer {text!r} is left out: Moodle would take it for something else")
            else:
                yield f"=%100%[plain]{escape(escape_wildcard(text))}"
    elif answer.guidance:
        notes.add(where, "GIFT cannot hold what a good answer says: keep it for whoever grades")
