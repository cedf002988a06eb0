"""What QTI 1.2 for Canvas and for Common Cartridge have in common: items, conditions and what they show."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from lxml import etree

from grader.quizzes import xml
from grader.quizzes.content import Notes, Question, Quiz
from grader.quizzes.markup import Markup

NAMESPACE = "http://www.imsglobal.org/xsd/ims_qtiasiv1p2"
RESPONSE = "response1"
GENERAL = "general_fb"
PICTURES = "images"  # a folder of the zip
_FIRST_OPTION = 1001  # Canvas takes numbers as ids of answers


class ItemWriter:
    """Writes one question; ``item`` is its element once it is begun."""

    item: etree._Element

    def __init__(self, section: etree._Element, quiz: Quiz, question: Question, markup: Markup, notes: Notes) -> None:
        self.section = section
        self.quiz = quiz
        self.question = question
        self.markup = markup
        self.notes = notes
        self.where = f"{quiz.id}/{question.id}"
        self.feedback: dict[str, str] = {}
        if question.feedback:
            self.feedback[GENERAL] = self.render(question.feedback)

    def render(self, text: str) -> str:
        """Return a text as HTML that the importers keep."""
        return self.markup.render(text, self.where)

    def process(self) -> etree._Element:
        """Begin the conditions, with that for what everybody is told."""
        processing = start_processing(self.item)
        if GENERAL in self.feedback:
            show_always(processing)
        return processing


def make_ident(*names: str) -> str:
    """Return an identifier that is always the same for these names; it may be an xs:ID."""
    return "g" + hashlib.sha256("\0".join(names).encode()).hexdigest()[:32]


def start_assessment(quiz: Quiz, fields: Mapping[str, str]) -> tuple[etree._Element, etree._Element]:
    """Return the document of a quiz, and the section that its items go into."""
    root = xml.start("questestinterop", NAMESPACE)
    assessment = xml.add(root, "assessment", ident=make_ident(quiz.id), title=quiz.title)
    add_fields(assessment, fields)
    return root, xml.add(assessment, "section", ident="root_section")


def add_fields(parent: etree._Element, fields: Mapping[str, str]) -> None:
    """Add metadata, label by label."""
    metadata = xml.add(parent, "qtimetadata")
    for label, entry in fields.items():
        field = xml.add(metadata, "qtimetadatafield")
        xml.add(field, "fieldlabel", label)
        xml.add(field, "fieldentry", entry)


def add_item(section: etree._Element, quiz: Quiz, question: Question, fields: Mapping[str, str]) -> etree._Element:
    """Add a question with its metadata, and return it."""
    item = xml.add(section, "item", ident=make_ident(quiz.id, question.id), title=question.title)
    add_fields(xml.add(item, "itemmetadata"), fields)
    return item


def add_text(parent: etree._Element, html: str) -> None:
    """Add HTML that is shown."""
    material = xml.add(parent, "material")
    xml.add(material, "mattext", html, texttype="text/html")


def name_options(count: int) -> Sequence[str]:
    """Return the identifiers of so many options."""
    return [str(_FIRST_OPTION + index) for index in range(count)]


def ask_choice(item: etree._Element, prompt: str, options: Mapping[str, str], *, single: bool) -> None:
    """Add what is asked, and the options by their identifiers."""
    presentation = xml.add(item, "presentation")
    add_text(presentation, prompt)
    cardinality = "Single" if single else "Multiple"
    response = xml.add(presentation, "response_lid", ident=RESPONSE, rcardinality=cardinality)
    choices = xml.add(response, "render_choice")
    for ident, text in options.items():
        add_text(xml.add(choices, "response_label", ident=ident), text)


def ask_text(item: etree._Element, prompt: str, **attributes: str) -> None:
    """Add what is asked, and a field to write into."""
    presentation = xml.add(item, "presentation")
    add_text(presentation, prompt)
    response = xml.add(presentation, "response_str", ident=RESPONSE, rcardinality="Single")
    field = xml.add(response, "render_fib", **attributes)
    xml.add(field, "response_label", ident="answer1", rshuffle="No")


def start_processing(item: etree._Element) -> etree._Element:
    """Add the element that holds conditions, and return it."""
    processing = xml.add(item, "resprocessing")
    outcomes = xml.add(processing, "outcomes")
    xml.add(outcomes, "decvar", maxvalue="100", minvalue="0", varname="SCORE", vartype="Decimal")
    return processing


def add_condition(
    processing: etree._Element, *, goes_on: bool, scores: bool = False, shows: str | None = None
) -> etree._Element:
    """Add a condition, and return the element that it is to be written into."""
    response = xml.add(processing, "respcondition", continue_="Yes" if goes_on else "No")
    condition = xml.add(response, "conditionvar")
    if scores:
        xml.add(response, "setvar", "100", action="Set", varname="SCORE")
    if shows is not None:
        xml.add(response, "displayfeedback", feedbacktype="Response", linkrefid=shows)
    return condition


def add_equal(condition: etree._Element, text: str, **attributes: str) -> None:
    """Add that the answer is this."""
    xml.add(condition, "varequal", text, respident=RESPONSE, **attributes)


def show_always(processing: etree._Element) -> None:
    """Add the condition that shows the general feedback."""
    xml.add(add_condition(processing, goes_on=True, shows=GENERAL), "other")


def add_feedback(item: etree._Element, feedback: Mapping[str, str]) -> None:
    """Add what conditions show, by identifier."""
    for ident, html in feedback.items():
        add_text(xml.add(xml.add(item, "itemfeedback", ident=ident), "flow_mat"), html)
