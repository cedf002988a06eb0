"""Quizzes → Common Cartridge 1.1: one file that Canvas, Moodle and others read as quizzes.

Its profile of QTI knows choices, short texts and essays, one flat list of questions, and whole points from 1 to 99.
Moodle's reader has traps of its own; what is here because of them says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction

from lxml import etree

from grader.archive import pack_archive
from grader.quizzes import qti, xml
from grader.quizzes.content import Bank, Choices, Essay, Exported, Notes, Number, Question, Quiz, Texts, format_decimal
from grader.quizzes.markup import Markup, delimit_formula, render_prompt

_PACKAGE = "http://www.imsglobal.org/xsd/imsccv1p1/imscp_v1p1"
_METADATA = "http://ltsc.ieee.org/xsd/imsccv1p1/LOM/manifest"
_TYPE = "imsqti_xmlv1p2/imscc_xmlv1p1/assessment"
_MOST_POINTS = 99
_FIELDS = {
    "cc_profile": "cc.exam.v0p1",
    "qmd_assessmenttype": "Examination",
    "cc_maxattempts": "1",
}
_TAG = re.compile(r"(<[^>]*>)")
_OPENING = re.compile(r"&lt;(?=[A-Za-z/!?])")


def to_cartridge(quizzes: Sequence[Quiz]) -> Exported:
    """Return the cartridge (.imscc) with one assessment for each quiz."""
    notes = Notes()
    files: dict[str, bytes] = {}
    pictures: dict[str, bytes] = {}
    written: list[Quiz] = []
    count = 0
    for quiz in quizzes:
        markup = Markup(
            quiz.directory,
            notes,
            formula=_delimit_formula,
            place=lambda name: f"$IMS-CC-FILEBASE$/{qti.PICTURES}/{name}",
        )
        questions = list(_pick_questions(quiz, notes))
        if not questions:
            continue
        root, section = qti.start_assessment(quiz, _FIELDS)
        for question in questions:
            _Item(section, quiz, question, markup, notes).write()
        # In the top folder: Moodle looks for pictures relative to this file, Canvas relative to the package.
        files[_name(quiz)] = xml.to_bytes(root)
        pictures |= {f"{qti.PICTURES}/{name}": picture.data for name, picture in markup.pictures.items()}
        written.append(quiz)
        count += len(questions)
    files["imsmanifest.xml"] = _write_manifest(written, sorted(pictures))
    return Exported(pack_archive(files | pictures), count, notes.all)


def make_sturdy(html: str) -> str:
    """Return HTML that survives Moodle's reader of cartridges.

    It takes text for Latin-1, so nothing but ASCII is in it; and it replaces entities once too often, so that the
    ``&lt;`` of ``&lt;b`` would open a tag, and the ``&quot;`` in an attribute would end it.
    """
    parts = _TAG.split(html)
    parts[::2] = [_OPENING.sub("&lt;<span></span>", part) for part in parts[::2]]
    parts[1::2] = [part.replace("&quot;", "'") for part in parts[1::2]]
    return "".join(parts).encode("ascii", "xmlcharrefreplace").decode()


def _delimit_formula(formula: str, *, block: bool) -> str:
    """Return a formula in which no ``<`` can open a tag: inside it nothing else may stand between."""
    return delimit_formula(re.sub(r"<(?=[A-Za-z/!?])", "< ", formula), block=block)


def _name(quiz: Quiz) -> str:
    return f"{qti.make_ident(quiz.id)}.xml"


def _pick_questions(quiz: Quiz, notes: Notes) -> Iterator[Question]:
    """Yield what the profile has a counterpart for."""
    for entry in quiz.entries:
        where = f"{quiz.id}/{entry.id}"
        question = entry.instances[0] if isinstance(entry, Bank) else entry
        if isinstance(question.answer, Number):
            notes.add(where, "left out: Common Cartridge has no questions with a number as their answer")
            continue
        if isinstance(entry, Bank):
            notes.add(
                where, f"only the first of {len(entry.instances)} instances is in it: Common Cartridge has no banks"
            )
        yield question


def _write_manifest(quizzes: Sequence[Quiz], pictures: Sequence[str]) -> bytes:
    ident = qti.make_ident("cartridge", *(quiz.id for quiz in quizzes))
    root = xml.start("manifest", _PACKAGE, identifier=ident)
    metadata = xml.add(root, "metadata")
    xml.add(metadata, "schema", "IMS Common Cartridge")
    xml.add(metadata, "schemaversion", "1.1.0")
    lom = etree.SubElement(metadata, f"{{{_METADATA}}}lom", nsmap={"lomimscc": _METADATA})
    general = xml.add(lom, "general")
    title = ", ".join(quiz.title for quiz in quizzes)
    xml.add(xml.add(general, "title"), "string", title, language="en")
    organization = xml.add(
        xml.add(root, "organizations"), "organization", identifier="O_1", structure="rooted-hierarchy"
    )
    top = xml.add(organization, "item", identifier="I_1")
    for quiz in quizzes:
        name = qti.make_ident(quiz.id)
        item = xml.add(top, "item", identifier=f"I_{name}", identifierref=name)
        xml.add(item, "title", quiz.title)
    resources = xml.add(root, "resources")
    for quiz in quizzes:
        resource = xml.add(resources, "resource", identifier=qti.make_ident(quiz.id), type=_TYPE)
        xml.add(resource, "file", href=_name(quiz))
    for name in pictures:
        resource = xml.add(resources, "resource", identifier=qti.make_ident(name), type="webcontent", href=name)
        xml.add(resource, "file", href=name)
    return xml.to_bytes(root)


class _Item(qti.ItemWriter):
    """Writes one question."""

    def render(self, text: str) -> str:
        return make_sturdy(super().render(text))

    def write(self) -> None:
        answer = self.question.answer
        fields = {"cc_profile": self.profile(), "cc_weighting": self.points()}
        if isinstance(answer, Essay):
            fields["qmd_computerscored"] = "No"
        self.item = qti.add_item(self.section, self.quiz, self.question, fields)
        self.prompt = make_sturdy(render_prompt(self.markup, self.question, self.where))
        if isinstance(answer, Choices):
            self.choices(answer)
        elif isinstance(answer, Texts):
            self.texts(answer)
        elif isinstance(answer, Essay):
            self.essay(answer)
        qti.add_feedback(self.item, self.feedback)

    def profile(self) -> str:
        answer = self.question.answer
        if isinstance(answer, Choices):
            # Also with two options: what the profile has for those, true or false, loses the options' texts in Moodle.
            return "cc.multiple_choice.v0p1" if answer.single else "cc.multiple_response.v0p1"
        return "cc.fib.v0p1" if isinstance(answer, Texts) else "cc.essay.v0p1"

    def points(self) -> str:
        points = self.question.points
        whole = min(max(int(points + Fraction(1, 2)), 1), _MOST_POINTS)
        if points != whole:
            self.notes.add(
                self.where,
                f"worth {format_decimal(points)}, but a cartridge holds whole points from 1 to {_MOST_POINTS}: "
                f"{whole} is written, set it by hand",
            )
        return str(whole)

    def choices(self, answer: Choices) -> None:
        idents = qti.name_options(len(answer.options))
        texts = [make_sturdy(self.markup.render_short(option.text, self.where)) for option in answer.options]
        qti.ask_choice(self.item, self.prompt, dict(zip(idents, texts, strict=True)), single=answer.single)
        processing = self.process()
        if not answer.single:
            self.score_together(processing, answer, idents)
        for ident, option in zip(idents, answer.options, strict=True):
            shows = f"{ident}_fb" if option.feedback else None
            if option.feedback:
                self.feedback[f"{ident}_fb"] = self.render(option.feedback)
            if shows or (answer.single and option.correct):
                # None of these goes on: Moodle would show everybody what is shown by one that does.
                scores = answer.single and option.correct
                qti.add_equal(qti.add_condition(processing, goes_on=False, scores=scores, shows=shows), ident)

    def score_together(self, processing: etree._Element, answer: Choices, idents: Sequence[str]) -> None:
        together = xml.add(qti.add_condition(processing, goes_on=True, scores=True), "and")
        for ident, option in zip(idents, answer.options, strict=True):
            # Without the attribute Moodle takes every option for wrong.
            qti.add_equal(together if option.correct else xml.add(together, "not"), ident, case="Yes")
        if answer.all_or_nothing:
            told = "a cartridge says all or nothing, but Canvas and Moodle give points for a part of the right picks"
        else:
            told = (
                "a cartridge cannot say how parts are scored: Canvas takes a share away for a wrong pick, Moodle none"
            )
        self.notes.add(self.where, told)

    def texts(self, answer: Texts) -> None:
        if answer.case_sensitive:
            self.notes.add(self.where, "that capitals count is in it, but neither Canvas nor Moodle reads it")
        if any("*" in text for text in answer.accepted):
            self.notes.add(self.where, "Moodle takes the * in an accepted answer for any text")
        qti.ask_text(self.item, self.prompt)
        condition = qti.add_condition(self.process(), goes_on=False, scores=True)
        for text in answer.accepted:
            qti.add_equal(condition, text, case="Yes" if answer.case_sensitive else "No")

    def essay(self, answer: Essay) -> None:
        if answer.guidance:
            self.notes.add(self.where, "a cartridge cannot hold what a good answer says: keep it for whoever grades")
        qti.ask_text(self.item, self.prompt)
        xml.add(qti.add_condition(self.process(), goes_on=False), "other")
