"""Formulas for terminals: readable, and never another formula than the author's."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.report.plain import to_plain_formula, to_plain_markdown, to_plain_text
from grader.resources import find_data
from grader.spec import load_course


@pytest.mark.parametrize(
    ("formula", "plain"),
    [
        (r"\gamma", "\N{GREEK SMALL LETTER GAMMA}"),
        (r"\frac{1}{1 + e^{-z_i}}", "1/(1 + e^{-z_i})"),
        (r"\frac{a + b}{c}", "(a + b)/c"),
        (r"\frac{ab}{c}x", "(ab)/(c)x"),
        (r"\left(\frac{1}{2}\right)^2", "(1/2)^2"),
        (r"\frac{1}{a}^2", "1/(a)^2"),
        (r"-\log p_t", "-log p_t"),
        (r"(1 - p)^\gamma \log p", "(1 - p)^\N{GREEK SMALL LETTER GAMMA} log p"),
        (r"\frac{1}{n}\sum \max(0, x)", "1/n∑ max(0, x)"),
        (r"x^{\log y}", "x^{log y}"),
        (r"\max(0,\; m - d_i)^2", "max(0, m - d_i)^2"),
        (r"\sqrt{x + 1}", "√(x + 1)"),
        (r"\sum_{i=1}^{N} x_i", "∑_{i=1}^N x_i"),
        (r"i \ne j", "i ≠ j"),
        (r"a = b \qquad c = d", "a = b ; c = d"),
        (r"\hat{y}", "ŷ"),
    ],
)  # fmt: skip
def test_a_formula_is_read_as_it_is_meant(formula: str, plain: str) -> None:
    assert to_plain_formula(formula) == plain


@pytest.mark.parametrize(
    "formula",
    [r"\nosuch{a}{b}", "{", "}", r"\begin{cases} 1 & x \\ 2 & y \end{cases}", r"\begin{aligned} a \\ b \end{aligned}"],
)
def test_what_is_not_understood_stays_as_it_is_written(formula: str) -> None:
    assert to_plain_formula(formula) == formula


def test_every_formula_of_the_course_is_understood() -> None:
    course = load_course(find_data("assignments"))
    count = 0
    for name in course.assignments:
        for question in course.load(name).questions:
            for formula in re.findall(r"\$\$?([^$]+)\$\$?", question.prompt):
                assert "\\" not in to_plain_formula(formula), formula
                count += 1
    assert count > 50


def test_code_and_money_are_no_formulas() -> None:
    text = "Is `a $x$ b` or\n```\n$y$\n```\nworth $5 or $6, and $p_t$?"
    assert to_plain_text(text) == text.replace("$p_t$", "p_t")
    assert to_plain_markdown(text) == text.replace("$p_t$", "`p_t`")
    assert to_plain_markdown("so $$a_1 = b$$ is") == "so \n\n    a_1 = b\n\n is"


@given(st.text(max_size=60))
def test_nothing_breaks_it(text: str) -> None:
    assert isinstance(to_plain_formula(text), str)
    assert isinstance(to_plain_markdown(f"a ${text}$ b"), str)
