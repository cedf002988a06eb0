"""An author's Markdown as HTML."""

from __future__ import annotations

import hashlib
import re

import pytest

from grader.report.markup import has_math, math_style, to_inline_markup, to_markup
from grader.resources import find_data
from grader.spec import load_course


def test_what_authors_write() -> None:
    html = str(to_markup("# Title\n\nA **loss** of `x`:\n\n- one\n- two\n\n|a|b|\n|-|-|\n|1|2|"))
    assert "<h3>Title</h3>" in html
    assert "<p>A <strong>loss</strong> of <code>x</code>:</p>" in html
    assert "<li>one</li>" in html
    assert "<td>1</td>" in html
    assert str(to_inline_markup("A **loss**")) == "A <strong>loss</strong>"


@pytest.mark.parametrize(
    ("formula", "wanted"),
    [
        (r"\frac{1}{N}", "<mfrac>"),
        (r"\sum_{i=1}^{N} w_i", "<munderover>"),
        (r"\begin{aligned} a &= b \\ &= c \end{aligned}", "<mtable"),
        (r"\boldsymbol{\theta} \in \mathbb{R}", "\u211d"),
        (r"\begin{cases} x & x < 1 \\ 0 & \text{else} \end{cases}", "<mtable"),
        (r"\left( \frac{a}{b} \right)^2", "<msup>"),
    ],
)
def test_formulas(formula: str, wanted: str) -> None:
    assert wanted in to_markup(f"$$\n{formula}\n$$")
    assert "<code>" not in to_markup(f"${formula}$")


def test_a_formula_that_is_none_is_shown_as_it_was_written() -> None:
    html = to_markup(r"so $\nonsense{<b>x</b>}$ it is")
    assert r"<code>\nonsense{&lt;b&gt;x&lt;/b&gt;}</code>" in html
    assert not has_math(html)


def test_dollars_that_are_money_stay() -> None:
    assert str(to_markup("It costs $5 or 6 $, not more.")) == "<p>It costs $5 or 6 $, not more.</p>"


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[a](javascript:alert(1))",
        "[a](data:text/html,x)",
        "![a](https://example.org/x.png)",
        r"$\text{<script>alert(1)</script>}$",
        r"$\href{javascript:alert(1)}{x}$",
        "`<script>`",
        "```<script>\nx\n```",
        "&lt;script&gt;",
        '<https://example.org/"onclick=x>',
    ],
)
def test_nothing_acts(text: str) -> None:
    for html in (str(to_markup(text)), str(to_inline_markup(text))):
        tags = re.findall(r"<\s*([a-z]+)([^>]*)>", html)
        assert not {"script", "img", "iframe", "style"} & {tag for tag, _ in tags}
        assert not [attributes for _, attributes in tags if re.search(r"\son|javascript:|data:", attributes)]


def test_every_formula_of_the_course_is_understood() -> None:
    course = load_course(find_data("assignments"))
    texts = []
    for name in course.assignments:
        for question in course.load(name).questions:
            texts.append(question.prompt)
            for choice in getattr(question, "choices", ()):
                texts += [choice.text, choice.why or ""]
            texts.append(getattr(question, "why", None) or "")
    rendered = [str(to_markup(text)) for text in texts]
    assert sum(html.count("<math") for html in rendered) > 50
    assert not [html for html in rendered if re.search(r'class="math [a-z]+">\s*<code>', html)]


def test_the_font_is_in_the_page() -> None:
    assert len(math_style()) < 60_000
    assert "base64,d09GMk9U" in math_style()  # wOF2


def test_what_others_made_is_as_they_made_it() -> None:
    folder = find_data("templates") / "vendor"
    text = (folder / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"`([^`]+)`[^`]*`([0-9a-f]{64})`", text)
    assert len(rows) >= 4
    for name, digest in rows:
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest, name
