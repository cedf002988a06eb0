"""Quiz → Moodle XML: questions for Moodle's question bank, in a category for each quiz and each bank.

Moodle takes fractions from a fixed list only, reads ``*`` in short answers as a wildcard, and loses white space next
to entities; what is here for these reasons says so.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from lxml import etree

from grader.quizzes import xml
from grader.quizzes.content import (
    Bank,
    Choices,
    Essay,
    Exported,
    Notes,
    Number,
    Option,
    Question,
    Quiz,
    Texts,
    format_decimal,
)
from grader.quizzes.markup import Markup

# The only fractions that an import accepts, in per cent; each may be negative, too.
FRACTIONS = tuple(map(Decimal, (
    "100", "90", "83.33333", "80", "75", "70", "66.66667", "60", "50", "40", "33.33333", "30", "25", "20", "16.66667",
    "14.28571", "12.5", "11.11111", "10", "5", "0",
)))  # fmt: skip


def to_moodle_xml(quizzes: Sequence[Quiz]) -> Exported:
    """Return the file to import under Question bank, Import, Moodle XML."""
    notes = Notes()
    root = etree.Element("quiz")
    count = 0
    for quiz in quizzes:
        inside: Bank | None = None
        _add_category(root, category_of(quiz), Markup(quiz.directory, notes).render(quiz.summary, quiz.id))
        markup = Markup(quiz.directory, notes, place=lambda name: f"@@PLUGINFILE@@/{name}")
        for bank, question in quiz.walk():
            if bank is not inside:
                _add_category(root, category_of(quiz, bank))
                inside = bank
            _Item(root, quiz, question, markup, notes).write()
            count += 1
        note_banks(quiz, notes)
    return Exported(xml.to_bytes(root), count, notes.all)


def category_of(quiz: Quiz, bank: Bank | None = None) -> str:
    """Return the path of a category of Moodle's; a slash in a name is written twice."""
    names = [quiz.title or quiz.id, *([bank.title] if bank is not None else [])]
    return "/".join(["$course$", "top", *(name.replace("/", "//") for name in names)])


def note_banks(quiz: Quiz, notes: Notes) -> None:
    """Say what is to be done with banks: a category is all that a question bank of Moodle's knows."""
    for entry in quiz.entries:
        if isinstance(entry, Bank):
            notes.add(
                f"{quiz.id}/{entry.id}",
                f"{len(entry.instances)} instances are in the category {entry.title!r}: add one random question from "
                "it to the quiz",
            )


def share_out(answer: Choices, where: str, notes: Notes) -> list[Decimal]:
    """Return what each option earns in per cent, as Moodle allows it; say what cannot be as it was meant."""
    if answer.single:
        return [Decimal(100 if option.correct else 0) for option in answer.options]
    count = answer.correct_count
    exact = Fraction(100, count) if count else Fraction(0)
    right = min(FRACTIONS, key=lambda fraction: abs(Fraction(fraction) - exact))
    if Fraction(right) != exact:
        notes.add(
            where,
            f"each of the {count} right picks earns {right}% (Moodle has no exact 1/{count}): all together earn "
            f"{min(right * count, Decimal(100))}%",
        )
    if not answer.all_or_nothing:
        return [right if option.correct else -right for option in answer.options]
    if count > 1:
        notes.add(where, "Moodle has no all or nothing: a wrong pick earns nothing, but a part of the right ones does")
    return [right if option.correct else Decimal(-100) for option in answer.options]


def escape_wildcard(text: str) -> str:
    r"""Return a short answer in which ``*`` means itself: Moodle takes a bare one for any text."""
    return text.replace("*", r"\*")


def _add_category(root: etree._Element, path: str, about: str = "") -> None:
    question = xml.add(root, "question", type="category")
    xml.add_cdata(xml.add(question, "category"), "text", path)
    xml.add_cdata(xml.add(question, "info", format="html"), "text", about)


class _Item:
    """Writes one question."""

    def __init__(self, root: etree._Element, quiz: Quiz, question: Question, markup: Markup, notes: Notes) -> None:
        self.root = root
        self.question = question
        self.markup = markup
        self.notes = notes
        self.where = f"{quiz.id}/{question.id}"

    def write(self) -> None:
        question, answer = self.question, self.question.answer
        self.node = xml.add(self.root, "question", type=self.kind())
        xml.add_cdata(xml.add(self.node, "name"), "text", question.title)
        self.html("questiontext", question.prompt)
        self.html("generalfeedback", question.feedback)
        xml.add(self.node, "defaultgrade", format_decimal(question.points))
        xml.add(self.node, "penalty", "0")
        xml.add(self.node, "hidden", "0")
        xml.add(self.node, "idnumber", question.id)
        if isinstance(answer, Choices):
            self.choices(answer)
        elif isinstance(answer, Number):
            self.number(answer)
        elif isinstance(answer, Texts):
            self.texts(answer)
        else:
            self.essay(answer)
        if question.tags:
            tags = xml.add(self.node, "tags")
            for tag in question.tags:
                xml.add_cdata(xml.add(tags, "tag"), "text", tag)

    def kind(self) -> str:
        names = {Choices: "multichoice", Number: "numerical", Texts: "shortanswer", Essay: "essay"}
        return names[type(self.question.answer)]

    def html(self, tag: str, text: str | None, parent: etree._Element | None = None) -> None:
        node = xml.add(self.node if parent is None else parent, tag, format="html")
        self.fill(node, self.markup.render(text, self.where))

    def fill(self, node: etree._Element, rendered: str) -> None:
        """Add a text, and the pictures that it shows."""
        xml.add_cdata(node, "text", rendered)
        for name, picture in self.markup.pictures.items():
            if f"@@PLUGINFILE@@/{name}" in rendered:
                xml.add(node, "file", base64.b64encode(picture.data).decode(), name=name, path="/", encoding="base64")

    def choices(self, answer: Choices) -> None:
        xml.add(self.node, "single", "true" if answer.single else "false")
        xml.add(self.node, "shuffleanswers", "false")
        xml.add(self.node, "answernumbering", "abc")
        for option, fraction in zip(answer.options, share_out(answer, self.where, self.notes), strict=True):
            self.option(option, fraction)

    def option(self, option: Option, fraction: Decimal) -> None:
        node = xml.add(self.node, "answer", fraction=format_decimal(fraction), format="html")
        self.fill(node, self.markup.render_short(option.text, self.where))
        self.html("feedback", option.feedback, node)

    def number(self, answer: Number) -> None:
        node = xml.add(self.node, "answer", fraction="100", format="moodle_auto_format")
        xml.add(node, "text", format_decimal(answer.value))
        xml.add(xml.add(node, "feedback", format="html"), "text")
        xml.add(node, "tolerance", format_decimal(answer.tolerance))

    def texts(self, answer: Texts) -> None:
        xml.add(self.node, "usecase", "1" if answer.case_sensitive else "0")
        for text in answer.accepted:
            node = xml.add(self.node, "answer", fraction="100", format="moodle_auto_format")
            xml.add_cdata(node, "text", escape_wildcard(text))
            xml.add(xml.add(node, "feedback", format="html"), "text")

    def essay(self, answer: Essay) -> None:
        xml.add(self.node, "responseformat", "monospaced" if answer.starter else "editor")
        xml.add(self.node, "responserequired", "1")
        xml.add(self.node, "responsefieldlines", "40" if answer.starter else "15")
        xml.add(self.node, "attachments", "0")
        xml.add(self.node, "attachmentsrequired", "0")
        self.html("graderinfo", answer.guidance)
        template = xml.add(self.node, "responsetemplate", format="plain_text" if answer.starter else "html")
        xml.add_cdata(template, "text", answer.starter or "")
