"""Moodle XML → a quiz. The file may come from anybody."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from decimal import Decimal
from urllib.parse import unquote

from lxml import etree

from grader.display import clean_line
from grader.errors import InputError
from grader.quizzes import xml
from grader.quizzes.content import Answer, Choices, Essay, Number, Option, Question, Texts
from grader.quizzes.html_markdown import escape_markdown, to_markdown
from grader.quizzes.incoming import MAX_ANSWERS, PICTURES, Found, Reading, make_id, read_number, read_points
from grader.quizzes.pictures import PictureError, check_picture

_PLUGIN = "@@PLUGINFILE@@/"
_SKIPPED = "left out: grader has no questions of the kind {}"
MAX_QUESTIONS = 2_000


def read_moodle_xml(data: bytes, name: str) -> Found:
    """Read a file that Moodle exported, or that Moodle imports.

    Raises:
        InputError: it is not Moodle XML.
    """
    root = xml.parse(data, name)
    if root.tag != "quiz":
        raise InputError(
            f"{name}: this is not Moodle XML: it begins with <{clean_line(str(root.tag), 40)}>", "export as Moodle XML"
        )
    return _Reader(root).read()


class _Reader(Reading):
    def __init__(self, root: etree._Element) -> None:
        super().__init__()
        self.root = root
        self.pictures: dict[str, bytes] = {}
        self.summary: str | None = None

    def read(self) -> Found:
        questions: list[Question] = []
        for number, node in enumerate(self.root.iterchildren("question"), 1):
            if len(questions) == MAX_QUESTIONS:
                self.notes.add("the file", f"questions after the first {MAX_QUESTIONS} are left out")
                break
            kind = str(node.get("type", ""))
            if kind == "category":
                self.where = "the file"
                self.enter_category(xml.text_of(node.find("category/text")))
                self.summary = self.summary or self.text(node.find("info")) or None
            elif question := self.question(node, kind, number):
                questions.append(question)
        return Found(self.title, self.summary, tuple(questions), self.notes.all, self.pictures)

    def question(self, node: etree._Element, kind: str, number: int) -> Question | None:
        title = " ".join(xml.text_of(node.find("name/text")).split())
        own = (node.findtext("idnumber") or "").strip()
        made = make_id(own or title, self.taken, f"question-{number}")
        self.where = f"{title or made} (line {node.sourceline})"
        readers = {
            "multichoice": self.choices,
            "truefalse": self.true_false,
            "shortanswer": self.texts,
            "numerical": self.number,
            "essay": self.essay,
        }
        if kind not in readers:
            self.note(_SKIPPED.format(repr(kind)))
            return None
        if len(node.findall("answer")) > MAX_ANSWERS:
            self.note(f"left out: it has more than {MAX_ANSWERS} answers")
            return None
        self.feedback = self.text(node.find("generalfeedback")) or None
        prompt = self.text(node.find("questiontext"))
        answer = readers[kind](node)
        if answer is None:
            return None
        if not prompt:
            self.note("it has no text: its name stands for it")
            prompt = escape_markdown(title or made)
        if node.find("hint") is not None:
            self.note("its hints are left out")
        self.taken.add(made)
        points = read_points(node.findtext("defaultgrade"), self.where, self.notes)
        tags = (" ".join(xml.text_of(tag).split())[:300] for tag in node.iterfind("tags/tag/text"))
        return Question(made, title, prompt, points, answer, self.feedback, tuple(dict.fromkeys(filter(None, tags))))

    def text(self, node: etree._Element | None) -> str:
        """Return a text with its format as Markdown."""
        if node is None:
            return ""
        text = xml.text_of(node.find("text"))
        form = str(node.get("format", "html"))
        if form == "markdown":
            return text.strip()
        if form == "plain_text":
            return escape_markdown(text)
        if form == "moodle_auto_format":
            text = re.sub(r"\r?\n", "<br>\n", text.strip())
        return to_markdown(text, self.note, lambda address: self.place(node, address))

    def place(self, node: etree._Element, address: str) -> str | None:
        """Return where a picture will be, which is in a file beside the text; None where there is none."""
        if not address.startswith(_PLUGIN):
            return None
        name = unquote(address.removeprefix(_PLUGIN)).partition("?")[0]
        for file in node.iterfind("file"):
            if name in (str(file.get("name")), f"{str(file.get('path', '/')).strip('/')}/{file.get('name')}"):
                try:
                    picture = check_picture(name, base64.b64decode(xml.text_of(file), validate=False))
                except (PictureError, ValueError) as error:  # ValueError: no base64
                    self.note(f"the picture {name[:80]} {error}")
                    return None
                self.pictures[f"{PICTURES}/{picture.name}"] = picture.data
                return f"{PICTURES}/{picture.name}"
        return None

    def answers(self, node: etree._Element) -> Iterator[tuple[etree._Element, Decimal, str | None]]:
        """Yield each answer, what it earns in per cent, and its feedback."""
        for answer in node.iterchildren("answer"):
            fraction = read_number(str(answer.get("fraction", "0"))) or Decimal(0)
            yield answer, fraction, self.text(answer.find("feedback")) or None

    def choices(self, node: etree._Element) -> Answer | None:
        single = (node.findtext("single") or "true").strip() not in ("false", "0", "")
        rows = [(self.text(answer), fraction, told) for answer, fraction, told in self.answers(node)]
        correct = [fraction for _, fraction, _ in rows if fraction > 0]
        all_or_nothing = False
        if single:
            if any(0 < fraction < 100 for fraction in correct):
                self.note("options that earn a part earn nothing here")
            if any(fraction < 0 for _, fraction, _ in rows):
                self.note("options that take points away take nothing here")
            options = [Option(text, fraction >= 100, told) for text, fraction, told in rows]
        else:
            options = [Option(text, fraction > 0, told) for text, fraction, told in rows]
            all_or_nothing = self.is_strict([fraction for _, fraction, _ in rows])
        return self.finish_choices(Choices(tuple(options), single, all_or_nothing))

    def true_false(self, node: etree._Element) -> Answer | None:
        options = []
        for answer, fraction, told in self.answers(node):
            text = xml.text_of(answer.find("text")).strip().lower()
            options.append(Option("True" if text == "true" else "False", fraction >= 100, told))
        return self.finish_choices(Choices(tuple(options)))

    def texts(self, node: etree._Element) -> Answer | None:
        accepted: list[str] = []
        told = []
        for answer, fraction, feedback in self.answers(node):
            text = " ".join(xml.text_of(answer.find("text")).split())
            if fraction < 100 or not text:
                self.note(f"the answer {text[:60]!r} is left out: it does not earn all points")
            elif meant := self.take_wildcard(text):
                accepted.append(meant)
                told.append(feedback)
        self.keep_feedback(told)
        if not accepted:
            self.note("left out: no answer earns all points")
            return None
        sensitive = (node.findtext("usecase") or "0").strip() == "1"
        return Texts(tuple(dict.fromkeys(accepted)), sensitive)

    def number(self, node: etree._Element) -> Answer | None:
        found = None
        told = []
        if node.find("units/unit") is not None:
            self.note("its units are left out: the answer is a bare number")
        for answer, fraction, feedback in self.answers(node):
            text = xml.text_of(answer.find("text")) or (answer.text or "")
            value, tolerance = read_number(text), read_number(answer.findtext("tolerance") or "0")
            if fraction >= 100 and value is not None and tolerance is not None and found is None:
                found = Number(value, abs(tolerance))
                told.append(feedback)
            else:
                self.note(f"the answer {text.strip()[:60]!r} is left out: one number can be right")
        self.keep_feedback(told)
        if found is None:
            self.note("left out: no number earns all points")
        return found

    def essay(self, node: etree._Element) -> Answer:
        starter = xml.text_of(node.find("responsetemplate/text")).strip("\n")
        if starter.strip():
            self.note("the text that answers start from is left out")
        guidance = self.text(node.find("graderinfo"))
        if self.feedback:
            guidance = f"{guidance}\n\n{self.feedback}".strip()
            self.feedback = None
        return Essay(guidance or None)
