"""Quizzes → QTI 1.2 as Canvas reads it: a zip with one assessment for each quiz.

Canvas imports nonsense without a word, so all that it would guess is written: the type of each question, its points,
the identifiers of its answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from lxml import etree

from grader.archive import pack_archive
from grader.quizzes import qti, xml
from grader.quizzes.content import (
    Answer,
    Bank,
    Choices,
    Essay,
    Exported,
    Notes,
    Number,
    Quiz,
    Texts,
    format_decimal,
)
from grader.quizzes.markup import Markup, picture_formula, render_prompt

_META = "http://canvas.instructure.com/xsd/cccv1p0"
_PACKAGE = "http://www.imsglobal.org/xsd/imsccv1p1/imscp_v1p1"
_META_TYPE = "associatedcontent/imscc_xmlv1p1/learning-application-resource"
_SMALLEST = Decimal("0.0001")  # Canvas shows and keeps four decimals of a right answer


def to_qti12(quizzes: Sequence[Quiz]) -> Exported:
    """Return the zip to import under Settings, Import Course Content, QTI .zip file."""
    notes = Notes()
    files: dict[str, bytes] = {}
    pictures: dict[str, bytes] = {}
    for quiz in quizzes:
        markup = Markup(
            quiz.directory,
            notes,
            formula=picture_formula,
            place=lambda name: f"$IMS-CC-FILEBASE$/{qti.PICTURES}/{name}",
        )
        ident = qti.make_ident(quiz.id)
        files[f"{ident}/assessment_meta.xml"] = _write_meta(quiz, markup)
        files[f"{ident}/{ident}.xml"] = _write_assessment(quiz, markup, notes)
        pictures |= {f"{qti.PICTURES}/{name}": picture.data for name, picture in markup.pictures.items()}
    files["imsmanifest.xml"] = _write_manifest(quizzes, sorted(pictures))
    return Exported(pack_archive(files | pictures), sum(len(quiz.questions) for quiz in quizzes), notes.all)


def _write_manifest(quizzes: Sequence[Quiz], pictures: Sequence[str]) -> bytes:
    ident = qti.make_ident("package", *(quiz.id for quiz in quizzes))
    root = xml.start("manifest", _PACKAGE, identifier=ident)
    metadata = xml.add(root, "metadata")
    xml.add(metadata, "schema", "IMS Content")
    xml.add(metadata, "schemaversion", "1.1.3")
    xml.add(root, "organizations")
    resources = xml.add(root, "resources")
    for quiz in quizzes:
        ident, meta = qti.make_ident(quiz.id), qti.make_ident(quiz.id, "meta")
        resource = xml.add(resources, "resource", identifier=ident, type="imsqti_xmlv1p2")
        xml.add(resource, "file", href=f"{ident}/{ident}.xml")
        xml.add(resource, "dependency", identifierref=meta)
        href = f"{ident}/assessment_meta.xml"
        resource = xml.add(resources, "resource", identifier=meta, type=_META_TYPE, href=href)
        xml.add(resource, "file", href=href)
    for name in pictures:
        resource = xml.add(resources, "resource", identifier=qti.make_ident(name), type="webcontent", href=name)
        xml.add(resource, "file", href=name)
    return xml.to_bytes(root)


def _write_meta(quiz: Quiz, markup: Markup) -> bytes:
    root = xml.start("quiz", _META, identifier=qti.make_ident(quiz.id))
    fields = {
        "title": quiz.title,
        "description": markup.render(quiz.summary, quiz.id),
        "shuffle_answers": "false",
        "scoring_policy": "keep_highest",
        "hide_results": "",
        "quiz_type": "assignment",
        "points_possible": format_decimal(quiz.points),
        "show_correct_answers": "false",
        "allowed_attempts": "1",
        "one_question_at_a_time": "false",
        "cant_go_back": "false",
        "available": "false",
    }
    for name, text in fields.items():
        xml.add(root, name, text)
    return xml.to_bytes(root)


def _write_assessment(quiz: Quiz, markup: Markup, notes: Notes) -> bytes:
    root, section = qti.start_assessment(quiz, {"cc_maxattempts": "1"})
    for entry in quiz.entries:
        if isinstance(entry, Bank):
            group = _add_group(section, quiz, entry)
            for question in entry.instances:
                _Item(group, quiz, question, markup, notes).write()
        else:
            _Item(section, quiz, entry, markup, notes).write()
    return xml.to_bytes(root)


def _add_group(section: etree._Element, quiz: Quiz, bank: Bank) -> etree._Element:
    """Add a group, of which each student gets one question."""
    group = xml.add(section, "section", ident=qti.make_ident(quiz.id, bank.id), title=bank.title)
    selection = xml.add(xml.add(group, "selection_ordering"), "selection")
    xml.add(selection, "selection_number", "1")
    xml.add(xml.add(selection, "selection_extension"), "points_per_item", format_decimal(bank.points))
    return group


def _kind(answer: Answer) -> str:
    if isinstance(answer, Choices):
        return "multiple_choice_question" if answer.single else "multiple_answers_question"
    names = {Number: "numerical_question", Texts: "short_answer_question", Essay: "essay_question"}
    return names[type(answer)]


class _Item(qti.ItemWriter):
    """Writes one question."""

    def write(self) -> None:
        question, answer = self.question, self.question.answer
        options = qti.name_options(len(answer.options)) if isinstance(answer, Choices) else []
        fields = {
            "question_type": _kind(answer),
            "points_possible": format_decimal(question.points),
            "original_answer_ids": ",".join(options),
            "assessment_question_identifierref": qti.make_ident(self.quiz.id, question.id, "bank"),
        }
        self.item = qti.add_item(self.section, self.quiz, question, fields)
        self.prompt = render_prompt(self.markup, question, self.where)
        if isinstance(answer, Choices):
            self.choices(answer, options)
        elif isinstance(answer, Number):
            self.number(answer)
        elif isinstance(answer, Texts):
            self.texts(answer)
        else:
            self.essay(answer)
        qti.add_feedback(self.item, self.feedback)

    def choices(self, answer: Choices, idents: Sequence[str]) -> None:
        options = dict(zip(idents, answer.options, strict=True))
        texts = {ident: self.markup.render_short(option.text, self.where) for ident, option in options.items()}
        qti.ask_choice(self.item, self.prompt, texts, single=answer.single)
        processing = self.process()
        for ident, option in options.items():
            if option.feedback:
                self.feedback[f"{ident}_fb"] = self.render(option.feedback)
                qti.add_equal(qti.add_condition(processing, goes_on=True, shows=f"{ident}_fb"), ident)
        condition = qti.add_condition(processing, goes_on=False, scores=True)
        if not answer.single:
            condition = xml.add(condition, "and")
            if answer.all_or_nothing and len(options) > 1:
                self.notes.add(
                    self.where,
                    "Canvas' classic quizzes have no all or nothing: each right pick earns its share, and each wrong "
                    "one takes one away",
                )
        for ident, option in options.items():
            if option.correct:
                qti.add_equal(condition, ident)
            elif not answer.single:
                qti.add_equal(xml.add(condition, "not"), ident)

    def number(self, answer: Number) -> None:
        value = format_decimal(answer.value)
        if 0 < abs(answer.value) < _SMALLEST or 0 < answer.tolerance < _SMALLEST:
            self.notes.add(
                self.where, f"Canvas may round {value} ± {format_decimal(answer.tolerance)} to four decimals"
            )
        qti.ask_text(self.item, self.prompt, fibtype="Decimal")
        either = xml.add(qti.add_condition(self.process(), goes_on=False, scores=True), "or")
        qti.add_equal(either, value)
        # vargte, not vargt: with that Canvas would read some ranges as a number of decimals.
        both = xml.add(either, "and")
        xml.add(both, "vargte", format_decimal(answer.value - answer.tolerance), respident=qti.RESPONSE)
        xml.add(both, "varlte", format_decimal(answer.value + answer.tolerance), respident=qti.RESPONSE)

    def texts(self, answer: Texts) -> None:
        if answer.case_sensitive:
            self.notes.add(self.where, "capitals do not count in Canvas")
        qti.ask_text(self.item, self.prompt)
        condition = qti.add_condition(self.process(), goes_on=False, scores=True)
        for text in answer.accepted:
            qti.add_equal(condition, text)

    def essay(self, answer: Essay) -> None:
        if answer.guidance:
            self.notes.add(self.where, "Canvas cannot hold what a good answer says: keep it for whoever grades")
        qti.ask_text(self.item, self.prompt)
        xml.add(qti.add_condition(self.process(), goes_on=False), "other")
