"""A report as a PDF: what it says, and that nothing in it is read as Typst's language."""

from __future__ import annotations

import importlib.util
import io
import sys
from dataclasses import replace

import pytest
from pypdf import PdfReader

from grader.errors import InputError
from grader.report import Reader, Report, build_report
from grader.report.context import Context, Prompt
from grader.report.pdf import to_pdf
from tests.test_report import CONTEXT, DIAGNOSED, DRAWN, FULL, INFO, code_question, grade_of, hostile_report
from tests.test_report_page import png

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("typst") is None, reason="Typst is not installed"),
]


def text_of(report: Report) -> str:
    pages = PdfReader(io.BytesIO(to_pdf(report))).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def test_what_a_pdf_says() -> None:
    text = text_of(build_report(DIAGNOSED, INFO, Reader.STUDENT, context=CONTEXT))
    for said in (
        "Implement focal loss",
        "ada",
        "of 16 points so far",
        "What to do next",
        "The loss is one number",
        "expected shape (), got shape (8,)",
        "Hint: Is a mean missing?",
        "The weight is cut off",
        "That is MSE.",
        "MSELoss (your answer)",
    ):
        assert said in text, said


def test_the_same_report_gives_the_same_bytes() -> None:
    report = build_report(DIAGNOSED, INFO, Reader.STUDENT, context=CONTEXT)
    assert to_pdf(report) == to_pdf(report)


def test_figures_are_in_it() -> None:
    grade = grade_of(code_question(replace(DRAWN, figure=png(64, 48))))
    context = replace(CONTEXT, references={("focal-loss", "test_plot"): png(32, 24)})
    (page, *_) = PdfReader(io.BytesIO(to_pdf(build_report(grade, INFO, Reader.STUDENT, context=context)))).pages
    assert len(page.images) == 2


def test_hostile_text_stays_text() -> None:
    assert "<script>alert('x')</script> {{ 7 * 7 }}" in text_of(hostile_report(Reader.INSTRUCTOR))
    odd = '#panic("x") #read("/etc/passwd") $x$ *b* _i_ \\ ` " ] @label <label> // no /* no */ = Title'
    message = replace(FULL.questions[0].checks[1], message=odd, detail=f"{odd} and more", hint=None)
    shown = text_of(build_report(grade_of(code_question(message)), INFO, Reader.STUDENT))
    assert shown.count('#panic("x") #read("/etc/passwd") $x$ *b* _i_') == 2


@pytest.mark.parametrize(
    "formula",
    [
        r"\begin{aligned} a &= b \\ &= c \end{aligned}",
        r"\begin{cases} x & x < 1 \\ 0 & \text{else} \end{cases}",
        r"\left( \frac{\sum_{i=1}^{N} x_i}{\sqrt[3]{N}} \right)^2 \quad \hat{y} \max_\theta f'",
        r"\underbrace{a+b}_{n} \overline{x} \begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}",
        r"\nonsense{x}",
        "",
    ],
)
def test_formulas_do_not_stop_it(formula: str) -> None:
    context = Context(prompts={"why": Prompt(f"So ${formula}$ is\n\n$$\n{formula}\n$$\n\nthe end of it.")})
    assert "the end of it." in text_of(build_report(FULL, INFO, Reader.STUDENT, context=context))


def test_without_typst_it_is_said_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(InputError) as raised:
        to_pdf(build_report(FULL, INFO, Reader.STUDENT))
    assert "grader[pdf]" in (raised.value.hint or "")
