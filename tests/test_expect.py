"""What checks expect: every failure says in words what came back, and gives nothing of the values away."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from grader.examiner.bridge import Connection
from grader.examiner.expect import (
    Expectation,
    describe,
    expect_close,
    expect_gradient,
    expect_number,
    expect_parts,
    expect_scalar,
    expect_tensor,
)
from grader.examiner.proxy import Handle
from grader.language import speaking
from grader.resources import find_data

NAN, INF = math.nan, math.inf
OBJECT = Handle(cast(Connection, None), 7, "FocalLoss", "module")


def refusal(expect: Callable[..., object], *arguments: Any, **options: Any) -> Expectation:
    """Return what an expectation that does not hold raises."""
    with pytest.raises(Expectation) as caught:
        expect(*arguments, **options)
    return caught.value


def ones(*shape: int, dtype: torch.dtype = torch.float32, grad: bool = False) -> Tensor:
    return torch.ones(shape, dtype=dtype, requires_grad=grad)


# Descriptions


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "None"),
        (ones(2, 3), "a tensor of shape (2, 3) and dtype float32"),
        (torch.tensor(1), "a tensor of shape () and dtype int64"),
        (np.ones(3), "a numpy array of shape (3,) and dtype float64"),
        ([1, 2], "a list of length 2"),
        ((), "a tuple of length 0"),
        ({"loss": 1}, "a dict of length 1"),
        ("text", "a str of length 4"),
        (1, "an int"),
        (1.5, "a float"),
        (True, "a bool"),
        (1j, "a complex"),
        (..., "an ellipsis"),
        (OBJECT, "an object (<FocalLoss, the submission's>)"),
    ],
)
def test_a_value_is_described_by_its_kind(value: Any, words: str) -> None:
    assert describe(value) == words


# Parts


def test_parts_come_back_as_a_tuple() -> None:
    assert expect_parts([1, 2], 2, "two") == (1, 2)
    assert expect_parts((part for part in "ab"), 2, "two") == ("a", "b")


@pytest.mark.parametrize("value", [None, 3, (), (1,), [1, 2, 3], torch.tensor(1.0)])
def test_what_has_not_so_many_parts_is_refused(value: Any) -> None:
    assert refusal(expect_parts, value, 2, "It should be a pair.").message == "It should be a pair."


# Tensors


def test_a_tensor_comes_back_itself() -> None:
    value = ones(2, 3)
    assert expect_tensor(value) is value
    assert expect_tensor(value, [2, 3], torch.float32) is value
    assert expect_tensor(nn.Parameter(ones(2)), (2,)).requires_grad


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "The result should be a tensor, but it is None: is a return statement missing?"),
        (3, "The result should be a tensor, but it is an int."),
        ([1.0], "The result should be a tensor, but it is a list of length 1."),
        (np.ones(3), "The result should be a tensor, but it is a numpy array of shape (3,) and dtype float64."),
        (OBJECT, "The result should be a tensor, but it is an object (<FocalLoss, the submission's>)."),
    ],
)
def test_what_is_no_tensor_is_named(value: Any, words: str) -> None:
    error = refusal(expect_tensor, value)
    assert (error.message, error.detail) == (words, None)
    assert str(error) == words


def test_another_shape_or_dtype_is_told_with_what_is_asked_for() -> None:
    assert refusal(expect_tensor, ones(7, 4), (4, 7), name="the output").message == (
        "The output should have shape (4, 7), but it has (7, 4)."
    )
    assert refusal(expect_tensor, ones(1), ()).message == "The result should have shape (), but it has (1,)."
    assert refusal(expect_tensor, ones(2), (2,), torch.int64).message == (
        "The result should have dtype int64, but it has float32."
    )


# Scalars


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_a_floating_tensor_without_dimensions_is_a_scalar(dtype: torch.dtype) -> None:
    value = torch.tensor(0.5, dtype=dtype)
    assert expect_scalar(value) is value


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.5, "The loss should be a tensor, but it is a float."),
        (None, "The loss should be a tensor, but it is None: is a return statement missing?"),
        (ones(8), "The loss should be one number, a tensor of shape (), but it has shape (8,)."),
        (ones(1), "The loss should be one number, a tensor of shape (), but it has shape (1,)."),
        (torch.tensor(1), "The loss should be a floating point number, but its dtype is int64."),
        (torch.tensor(True), "The loss should be a floating point number, but its dtype is bool."),
        (torch.tensor(1j), "The loss should be a floating point number, but its dtype is complex64."),
    ],
)
def test_what_is_no_scalar_is_named(value: Any, words: str) -> None:
    assert refusal(expect_scalar, value).message == words
    assert refusal(expect_scalar, value, "the penalty").message == words.replace("The loss", "The penalty")


# Numbers


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (3, 3.0),
        (0.25, 0.25),
        (-0.0, 0.0),
        (np.float64(0.5), 0.5),
        (torch.tensor(0.5), 0.5),
        (torch.tensor([[4]]), 4.0),
        (ones(1, grad=True), 1.0),
    ],
)
def test_numbers_and_tensors_of_one_element_are_numbers(value: Any, number: float) -> None:
    found = expect_number(value)
    assert (found, type(found)) == (number, float)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "The result should be a number, but it is None: is a return statement missing?"),
        ("0.5", "The result should be a number, but it is a str of length 3."),
        (True, "The result should be a number, but it is a bool."),
        (torch.tensor(True), "The result should be a number, but it is a bool."),
        (1j, "The result should be a number, but it is a complex."),
        (torch.tensor(1j), "The result should be a number, but it is a tensor of shape () and dtype complex64."),
        (ones(2), "The result should be a number, but it is a tensor of shape (2,) and dtype float32."),
        (ones(0), "The result should be a number, but it is a tensor of shape (0,) and dtype float32."),
        (NAN, "The result should be a finite number, but it is nan."),
        (torch.tensor(-INF), "The result should be a finite number, but it is -inf."),
        (10**400, "The result is too large a number."),
    ],
)
def test_what_is_no_number_is_named(value: Any, words: str) -> None:
    assert refusal(expect_number, value).message == words


# Close values


def test_the_tolerance_is_absolute_plus_relative() -> None:
    for expected in (100.0, torch.tensor([100.0], dtype=torch.float64)):
        wrap = (lambda x: x) if isinstance(expected, float) else (lambda x: torch.tensor([x], dtype=torch.float64))
        for near in (99.0, 101.0, 100.0):
            expect_close(wrap(near), expected, rtol=0.005, atol=0.5)
        for far in (98.999, 101.001):
            refusal(expect_close, wrap(far), expected, rtol=0.005, atol=0.5)


def test_the_tolerance_is_of_what_is_expected_and_not_of_what_came() -> None:
    refusal(expect_close, 2.0, 1.0, rtol=0.6, atol=0.0)
    refusal(expect_close, torch.tensor(2.0), torch.tensor(1.0), rtol=0.6, atol=0.0)
    expect_close(1.0, 2.0, rtol=0.6, atol=0.0)


def test_without_tolerances_only_equal_values_will_do() -> None:
    expect_close(0.1, 0.1, rtol=0.0, atol=0.0)
    refusal(expect_close, 0.1 + 0.2, 0.3, rtol=0.0, atol=0.0)
    double = torch.tensor(0.3, dtype=torch.float64)
    refusal(expect_close, torch.tensor(0.1, dtype=torch.float64) + 0.2, double, rtol=0.0, atol=0.0)


def test_dtypes_may_differ_and_nothing_is_lost_in_comparing() -> None:
    expect_close(ones(3, dtype=torch.float64), ones(3))
    expect_close(ones(3, dtype=torch.int64), ones(3))
    expect_close(ones(3).half(), ones(3).bfloat16())
    near = torch.tensor(1.0 + 1e-12, dtype=torch.float64)
    refusal(expect_close, near, torch.tensor(1.0), rtol=0.0, atol=1e-13)  # they are equal in single precision


def test_values_that_need_gradients_are_compared_like_others() -> None:
    expect_close(ones(2, grad=True) * 2, ones(2, grad=True) * 2)


def test_a_wrong_number_shows_its_values_in_the_detail_only() -> None:
    error = refusal(expect_close, 0.25, 0.375, name="the MSE")
    assert error.message == "The MSE has a wrong value."
    assert error.detail == "expected 0.375, got 0.25"
    assert str(error) == "The MSE has a wrong value.\nexpected 0.375, got 0.25"
    scalar = refusal(expect_close, torch.tensor(0.25), torch.tensor(0.375))
    assert (scalar.message, scalar.detail) == ("The result has a wrong value.", "expected 0.375, got 0.25")


def test_wrong_values_are_counted_and_the_first_is_shown_in_the_detail() -> None:
    wanted = torch.arange(6.0).reshape(2, 3)
    got = wanted.clone()
    got[0, 2] = 9
    got[1, 1] = -1
    error = refusal(expect_close, got, wanted)
    assert error.message == "The result has wrong values: 2 of 6."
    assert error.detail == "at [0, 2]: expected 2, got 9"


@pytest.mark.parametrize(
    ("got", "words"),
    [
        (None, "The result should be a tensor, but it is None: is a return statement missing?"),
        (1.0, "The result should be a tensor, but it is a float."),
        (ones(3), "The result should have shape (2,), but it has (3,)."),
        (ones(2, 1), "The result should have shape (2,), but it has (2, 1)."),
        (ones(), "The result should have shape (2,), but it has ()."),
        (
            ones(2, dtype=torch.complex64),
            "The result should be a tensor of shape (2,) and dtype float32, "
            "but it is a tensor of shape (2,) and dtype complex64.",
        ),
        (torch.tensor([1.0, NAN]), "The result is NaN (not a number) in places."),
        (torch.tensor([1.0, INF]), "The result has wrong values: 1 of 2."),
    ],
)
def test_what_cannot_be_compared_is_named(got: Any, words: str) -> None:
    """Shapes that would broadcast are no exception."""
    assert refusal(expect_close, got, ones(2)).message == words


def test_a_scalar_that_is_nan_is_not_nan_in_places() -> None:
    assert refusal(expect_close, torch.tensor(NAN), torch.tensor(1.0)).message == "The result is NaN (not a number)."


def test_values_that_are_not_finite_must_be_where_they_are_expected() -> None:
    wanted = torch.tensor([1.0, NAN, INF, -INF])
    expect_close(wanted.clone(), wanted)
    for place, wrong in itertools.product(range(4), (0.0, NAN, INF, -INF)):
        got = wanted.clone()
        got[place] = wrong
        if not torch.equal(got.nan_to_num(7.0), wanted.nan_to_num(7.0)):
            assert refusal(expect_close, got, wanted).message == "The result has wrong values: 1 of 4."


@pytest.mark.parametrize("expected", [NAN, INF, -INF])
def test_a_check_cannot_expect_a_number_that_is_not_finite(expected: float) -> None:
    """It would hold for every number, or for none."""
    with pytest.raises(ValueError, match="the expected number is"):
        expect_close(3.0, expected)


def test_complex_values_are_compared_in_both_parts() -> None:
    expect_close(torch.tensor(1 + 2j), torch.tensor(1 + 2j))
    error = refusal(expect_close, torch.tensor(1 + 2j), torch.tensor(1 + 3j))
    assert error.message == "The result has a wrong value."
    assert error.detail == "expected 1+3j, got 1+2j"
    assert "should be a tensor" in refusal(expect_close, ones(2), torch.tensor([1j, 1j])).message
    assert "NaN" in refusal(expect_close, torch.tensor(complex(1, NAN)), torch.tensor(1j)).message


def test_nothing_is_close_to_nothing() -> None:
    expect_close(ones(0), ones(0))
    refusal(expect_close, ones(0), ones(1))


# Gradients


def test_the_gradients_of_a_result_come_back() -> None:
    x, y = ones(3, grad=True), ones(2, grad=True)
    (alone,) = expect_gradient((x**2).sum(), x)
    assert torch.equal(alone, torch.full((3,), 2.0))
    of_x, of_y = expect_gradient(3 * x, [x, y])  # summed; it does not depend on y
    assert torch.equal(of_x, torch.full((3,), 3.0))
    assert torch.equal(of_y, torch.zeros(2))
    assert x.grad is None


@pytest.mark.parametrize(
    "cut", [Tensor.detach, lambda value: value.data, lambda value: value > 0, lambda v: v.argmax()]
)
def test_a_result_without_a_graph_is_told_why(cut: Callable[[Tensor], Tensor]) -> None:
    x = ones(3, grad=True)
    assert refusal(expect_gradient, cut(2 * x), x, "the loss").message == (
        "No gradient flows back from the loss: it is detached from the graph "
        "(by .detach(), .data, .item(), numpy or torch.no_grad)."
    )


def test_a_gradient_that_reaches_something_else_only_is_told() -> None:
    x, weight = ones(3, grad=True), nn.Parameter(ones(3))
    error = refusal(expect_gradient, (weight * x.detach()).sum(), x, "the loss")
    assert error.message == "No gradient flows from the loss back to its inputs."


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda x: None, "The result should be a tensor, but it is None: is a return statement missing?"),
        (lambda x: x.sum().item(), "The result should be a tensor, but it is a float."),
        (lambda x: [x], "The result should be a tensor, but it is a list of length 1."),
        (lambda x: x * 1j, "The result should be real, but it is a tensor of shape (3,) and dtype complex64."),
    ],
)
def test_what_has_no_gradient_is_named(make: Callable[[Tensor], Any], words: str) -> None:
    x = ones(3, grad=True)
    assert refusal(expect_gradient, make(x), x).message == words


# Nothing is given away

SHAPES = st.lists(st.integers(0, 4), max_size=3).map(tuple)
SECRETS = st.integers(10**6, 10**7 - 1)  # their digits are in no shape and no count
ODD = st.sampled_from([NAN, INF, -INF, 0.0])
KINDS = st.sampled_from([torch.float64, torch.float32, torch.int64, torch.complex128])


@st.composite
def results(draw: st.DrawFn, expected: Tensor) -> Any:
    """Draw what a submission may return: of the right shape or not, with numbers of its own in it."""
    secret = float(draw(SECRETS))
    kind = draw(st.sampled_from(["tensor", "odd", "other shape", "float", "list", "text", "array", "complex", "none"]))
    if kind in ("tensor", "odd") and not expected.is_complex():
        change = secret if kind == "tensor" else draw(ODD)
        flat = expected.double().flatten().clone()
        flat[draw(st.integers(0, max(0, flat.numel() - 1))) :] += change
        return flat.reshape(expected.shape)
    values: dict[str, Any] = {
        "tensor": torch.tensor(complex(secret, secret)),
        "odd": secret * 10,
        "other shape": torch.full(draw(SHAPES), secret),
        "float": secret,
        "list": [secret],
        "text": f"{secret}",
        "array": np.full(3, secret),
        "complex": complex(secret, 1.0),
        "none": None,
    }
    return values[kind]


def message_of(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except Expectation as error:
        return error.message
    return ""


def find_values(text: str, *values: Any) -> set[str]:
    """Return the first digits of the large numbers in ``values`` that ``text`` shows, as 4827361 or 4.82736e+06."""
    shown = "".join(repr(value.flatten().tolist() if isinstance(value, Tensor) else value) for value in values)
    return {run[:5] for run in re.findall(r"\d{6,}", shown) if run[:5] in text.replace(".", "")}


@given(data=st.data(), shape=SHAPES, secret=SECRETS, kind=KINDS)
def test_messages_hold_neither_expected_values_nor_those_that_came(
    data: st.DataObject, shape: tuple[int, ...], secret: int, kind: torch.dtype
) -> None:
    expected = torch.full(shape, secret, dtype=kind)
    expected = expected + torch.arange(expected.numel()).reshape(shape)
    actual = data.draw(results(expected))
    attempts: list[Callable[[], object]] = [
        lambda: expect_close(actual, expected),
        lambda: expect_close(actual, float(secret)),
        lambda: expect_tensor(actual, shape, kind),
        lambda: expect_scalar(actual),
        lambda: expect_number(actual),
        lambda: expect_gradient(actual, ones(2, grad=True)),
    ]
    for attempt in attempts:
        message = message_of(attempt)
        assert not find_values(message, expected, actual), message
        assert message == "" or (message[0].isupper() and message[-1] in ".?")


def test_the_detail_of_a_wrong_value_does_hold_it() -> None:
    """So that the test above looks for what would be there."""
    actual, expected = torch.tensor([9153746.0]), torch.tensor([4827361.0])
    error = refusal(expect_close, actual, expected)
    assert find_values(str(error.detail), actual, expected) == {"91537", "48273"}


def test_a_function_s_name_begins_a_sentence_as_it_is_written() -> None:
    for name, begin in (("bce_loss", "bce_loss has"), ("the loss", "The loss has"), ("a_b of x", "a_b of x has")):
        with pytest.raises(Expectation, match=f"^{begin} a wrong value"):
            expect_close(torch.tensor(1.0), torch.tensor(2.0), name=name)


@pytest.mark.parametrize(
    ("name", "english", "german"),
    [
        ("the gradient", "The gradient", "Der Gradient"),
        ("the gradient of the logits", "The gradient of the logits", "Der Gradient der Logits"),
        ("the gradient of a", "The gradient of a", "Der Gradient von a"),
        ("the result of my_loss", "The result of my_loss", "Das Ergebnis von my_loss"),
        ("what predict returns", "What predict returns", "Die Rückgabe von predict"),
        ("the result of both losses", "The result of both losses", "The result of both losses"),
        ("my_loss", "my_loss", "my_loss"),
    ],
)
def test_names_that_checks_often_use_are_translated(name: str, english: str, german: str) -> None:
    for language, begin, words in (("en", english, "has a wrong value"), ("de", german, "hat einen falschen Wert")):
        with speaking(language):
            message = refusal(expect_close, torch.tensor(1.0), torch.tensor(2.0), name=name).message
        assert message == f"{begin} {words}."


def test_what_the_templates_of_a_course_call_things_is_translated() -> None:
    templates = [*find_data("templates").glob("new/checks/*/*.jinja")]
    names = {name for path in templates for name in re.findall(r'name="([^"]*)"', path.read_text())}
    assert len(names) > 1
    for name in names:
        with speaking("de"):
            message = refusal(expect_close, torch.tensor(1.0), torch.tensor(2.0), name=name).message
        assert not message.startswith("The "), message
