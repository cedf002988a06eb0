r"""Markdown → the HTML that learning management systems keep: no script, formulas as each of them draws them.

Moodle, and others with MathJax, draw what stands between ``\(`` and ``\)``. Canvas has pictures of its own.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

from grader.quizzes.content import Essay, Notes, Question
from grader.quizzes.pictures import Picture, PictureError, read_picture
from grader.report.markup import make_parser

_PARAGRAPH = re.compile(r"<p>((?:(?!</?p>).)*)</p>\Z", re.DOTALL)


def delimit_formula(formula: str, *, block: bool) -> str:
    r"""Return a formula for MathJax, between ``\(`` and ``\)``."""
    left, right = (r"\[", r"\]") if block else (r"\(", r"\)")
    return f"{left}{html.escape(formula.strip())}{right}"


def picture_formula(formula: str, *, block: bool) -> str:
    """Return a formula as Canvas' own editor writes it: a picture that Canvas draws, and a text for screen readers."""
    text = html.escape(formula.strip())
    address = quote(quote(formula.strip(), safe=""), safe="")  # Canvas takes off two layers
    picture = (
        f'<img class="equation_image" title="{text}" src="/equation_images/{address}" alt="LaTeX: {text}" '
        f'data-equation-content="{text}">'
    )
    return f"<p>{picture}</p>" if block else picture


class Markup:
    """Renders the texts of one quiz.

    ``place`` says where a picture will be, from its name; without it pictures are left out. Those that were shown are
    in ``pictures``; what could not be is noted.
    """

    def __init__(
        self,
        directory: Path | None,
        notes: Notes,
        *,
        formula: Callable[..., str] = delimit_formula,
        place: Callable[[str], str] | None = None,
    ) -> None:
        self._directory = directory
        self._notes = notes
        self._formula = formula
        self._place = place
        self._where = ""
        self._pictures: dict[str, Picture] = {}

    @property
    def pictures(self) -> Mapping[str, Picture]:
        """The pictures that were shown so far, by name."""
        return self._pictures

    def render(self, text: str | None, where: str) -> str:
        """Return Markdown as HTML; notes are about ``where``."""
        if not text:
            return ""
        self._where = where
        rendered: str = self._parser.render(text)
        return rendered.strip()

    def render_short(self, text: str | None, where: str) -> str:
        """Return Markdown as HTML, without the ``<p>`` where it is one paragraph."""
        rendered = self.render(text, where)
        match = _PARAGRAPH.match(rendered)
        return match.group(1) if match else rendered

    @cached_property
    def _parser(self) -> Any:
        parser = make_parser()
        parser.add_render_rule("image", lambda _, *given: self._show_picture(*given))
        parser.add_render_rule("math_block", lambda _, *given: self._show_block(*given))
        parser.add_render_rule("math_inline", lambda _, *given: self._show_formula(*given))
        return parser

    def _show_formula(self, tokens: Sequence[Any], index: int, *_: Any) -> str:
        return self._formula(str(tokens[index].content), block=False)

    def _show_block(self, tokens: Sequence[Any], index: int, *_: Any) -> str:
        shown = self._formula(str(tokens[index].content), block=True)
        return f"{shown}\n" if shown.startswith("<p>") else f"<p>{shown}</p>\n"

    def _show_picture(self, tokens: Sequence[Any], index: int, *_: Any) -> str:
        token = tokens[index]
        source, text = str(token.attrGet("src") or ""), str(token.content)
        if self._place is None:
            self._notes.add(self._where, f"the picture {source} is left out, only its description {text!r} is there")
            return html.escape(text)
        try:
            picture = read_picture(self._directory, source)
        except PictureError as error:
            self._notes.add(self._where, f"the picture {source} {error}; its description {text!r} is there instead")
            return html.escape(text)
        self._pictures[picture.name] = picture
        return f'<img src="{html.escape(self._place(picture.name))}" alt="{html.escape(text)}">'


def render_prompt(markup: Markup, question: Question, where: str) -> str:
    """Return what is asked, with the code that an essay starts from."""
    prompt = markup.render(question.prompt, where)
    if isinstance(question.answer, Essay) and question.answer.starter:
        prompt += "\n" + markup.render(_fence(question.answer.starter), where)
    return prompt


def _fence(code: str) -> str:
    marks = "`" * max([2, *map(len, re.findall("`+", code))]) + "`"
    return f"{marks}python\n{code}\n{marks}"


def flatten_html(text: str) -> str:
    """Return HTML on one line without tabs, for formats whose lines and tabs mean something. Code keeps its shape."""
    parts = re.split(r"(<pre>.*?</pre>)", text, flags=re.DOTALL)
    for number, part in enumerate(parts):
        if number % 2:
            kept = part.replace("\t", "    ")
            kept = re.sub(r"\n(?=(?:</code>)?</pre>\Z)", "", kept).replace("\n", "<br>").replace("<br> ", "<br>&nbsp;")
            # Only what is shown: a space inside a tag stays one.
            parts[number] = re.sub(r"(<[^>]*>)|  ", lambda found: found.group(1) or "&nbsp; ", kept)
        else:
            parts[number] = re.sub(r"[\n\t]+", " ", part)
    return "".join(parts).strip()


def to_plain(text: str) -> str:
    """Return what is to read in HTML, on one line, for formats that know no other."""
    from lxml import etree
    from lxml import html as parser

    try:
        root = parser.fragment_fromstring(text, create_parent="div")
    except (etree.ParserError, ValueError):
        return ""
    # What ends a block, or a cell, ends a word.
    for element in root.iter("p", "br", "li", "td", "th", "tr", "pre", "h3", "h4", "h5", "h6", "blockquote"):
        element.tail = f" {element.tail or ''}"
        if element.tag == "li":
            element.text = f"- {element.text or ''}"
    return " ".join(str(root.text_content()).split())
