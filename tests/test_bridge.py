"""Autograd across the socket, against the same code called directly. Real workers throughout."""

from __future__ import annotations

import types
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from grader.examiner.exceptions import MissingName, StudentError, match_exception
from grader.examiner.expect import describe
from grader.examiner.workers import Zygote
from grader.job import JobQuestion
from tests.workers import make_job, start_zygote, student

SOURCE = """
import torch
from torch import nn


def softmax_loss(logits, targets):
    return -torch.log_softmax(logits, 1)[range(len(targets)), targets].mean()


def several(x, y):
    return {"sum": x + y, "list": [x * 2, (y.exp(), 7)], "text": "ok", "none": None}


def detached(x):
    return (x * 2).detach()


def partly(x):
    return x * 2, x.detach() * 3, (x > 0)


def same(x):
    return x


def in_place(x):
    x.mul_(2)
    return x.sum()


def unused(x, y):
    return (x ** 2).sum()


def no_tensors(n):
    return n + 1


def records(x):
    return torch.is_grad_enabled(), x.requires_grad


def default_dtype():
    return torch.zeros(1).dtype


def complex_square(z):
    return z * z


class Line(nn.Module):
    def __init__(self, slope=2.0):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(slope))
        self.bias = nn.Parameter(torch.tensor(0.5))
        self.dropout = nn.Dropout(0.5)

    def forward(self, x):
        return self.weight * self.dropout(x) + self.bias

    def penalty(self):
        return self.weight ** 2


class Mystery:
    def __eq__(self, other):
        return True

    def __len__(self):
        return 3

    def __getitem__(self, key):
        return ["a", key]

    def __repr__(self):
        raise RuntimeError("never called")


def mystery():
    return Mystery()


def count():
    yield from range(3)


def boom(kind):
    raise {"value": ValueError, "key": KeyError, "own": Own, "exit": SystemExit, "unicode": unicode}[kind]("why")


def unicode(text):
    return UnicodeDecodeError("utf-8", b"x", 0, 1, text)


class Own(ZeroDivisionError):
    def __str__(self):
        raise RuntimeError("even this")
"""


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    zygote = start_zygote()
    yield zygote
    zygote.close()


@pytest.fixture
def remote(zygote: Zygote) -> Iterator[Any]:
    with student(zygote, SOURCE) as (module, _):
        yield module


@pytest.fixture(scope="module")
def direct() -> Any:
    module = types.ModuleType("direct")
    exec(compile(SOURCE, "direct.py", "exec"), module.__dict__)
    return module


def inputs(dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    torch.manual_seed(0)
    return torch.randn(4, 3, dtype=dtype, requires_grad=True), torch.tensor([0, 2, 1, 1])


def test_value_and_gradient_equal_a_direct_call(remote: Any, direct: Any) -> None:
    outcomes = []
    for module in (remote, direct):
        logits, targets = inputs()
        loss = module.softmax_loss(logits, targets)
        loss.backward()
        outcomes.append((loss.detach(), logits.grad))
    for got, expected in zip(*outcomes, strict=True):
        torch.testing.assert_close(got, expected, rtol=1e-6, atol=0)


def test_gradcheck_and_gradgradcheck(remote: Any) -> None:
    logits, targets = inputs(torch.float64)
    assert torch.autograd.gradcheck(lambda x: remote.softmax_loss(x, targets), logits)
    assert torch.autograd.gradgradcheck(lambda x: remote.softmax_loss(x, targets), logits)


def test_nested_results_keep_their_structure_and_gradients(remote: Any, direct: Any) -> None:
    results = []
    for module in (remote, direct):
        x, y = torch.tensor([1.0, 2.0], requires_grad=True), torch.tensor([0.5, 0.1], requires_grad=True)
        result = module.several(x, y)
        assert result["text"] == "ok"
        assert result["none"] is None
        assert result["list"][1][1] == 7
        (result["sum"].sum() + result["list"][0].prod() + result["list"][1][0].sum()).backward()
        results.append((x.grad, y.grad))
    for got, expected in zip(*results, strict=True):
        torch.testing.assert_close(got, expected)


def test_inputs_may_be_results_of_other_operations(remote: Any, direct: Any) -> None:
    gradients = []
    for module in (remote, direct):
        base = torch.tensor([[0.1, 0.2, 0.3]], requires_grad=True)
        module.softmax_loss(base * 3 + 1, torch.tensor([1])).mul(2).backward()
        gradients.append(base.grad)
    torch.testing.assert_close(*gradients)


def test_requires_grad_is_as_the_students_code_left_it(remote: Any) -> None:
    x = torch.ones(2, requires_grad=True)
    assert not remote.detached(x).requires_grad
    attached, cut, mask = remote.partly(x)
    assert (attached.requires_grad, cut.requires_grad, mask.dtype) == (True, False, torch.bool)


def test_no_grad_crosses(remote: Any) -> None:
    x = torch.ones(2, requires_grad=True)
    assert remote.records(x) == (True, True)
    with torch.no_grad():
        assert remote.records(x) == (False, False)
        assert not remote.same(x).requires_grad


def test_the_identity_has_a_gradient(remote: Any) -> None:
    x = torch.ones(2, requires_grad=True)
    (remote.same(x) * torch.tensor([2.0, 3.0])).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [2.0, 3.0]


def test_a_leaf_edited_in_place_raises_as_usual_and_a_result_does_not(remote: Any) -> None:
    leaf = torch.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="in-place"):
        remote.in_place(leaf)
    remote.in_place(leaf * 1).backward()
    assert leaf.grad is not None
    assert leaf.grad.tolist() == [2.0, 2.0]


def test_an_unused_input_has_no_gradient(remote: Any) -> None:
    x, y = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    remote.unused(x, y).backward()
    assert y.grad is None


def test_a_second_backward_raises_and_retain_graph_allows_it(remote: Any) -> None:
    logits, targets = inputs()
    loss = remote.softmax_loss(logits, targets)
    loss.backward(retain_graph=True)
    loss.backward()
    with pytest.raises(RuntimeError, match="second time"):
        loss.backward()


def test_complex_gradients(remote: Any, direct: Any) -> None:
    gradients = []
    for module in (remote, direct):
        z = torch.tensor([1 + 2j, 0.5 - 1j], requires_grad=True)
        module.complex_square(z).abs().sum().backward()
        gradients.append(z.grad)
    torch.testing.assert_close(*gradients)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_dtypes_have_gradients_of_their_own(remote: Any, dtype: torch.dtype) -> None:
    x = torch.ones(3, dtype=dtype, requires_grad=True)
    remote.same(x).sum().backward()
    assert x.grad is not None
    assert x.grad.dtype == dtype


def test_parameters_accumulate_in_the_students_process(remote: Any) -> None:
    line = remote.Line(3.0)
    line.eval()
    x = torch.tensor([1.0, 2.0])
    for times in (1, 2):
        line(x).sum().backward()
        assert line.weight.grad.item() == 3.0 * times
    assert [parameter.item() for parameter in line.parameters()] == [3.0, 0.5]
    assert {name for name, _ in line.named_parameters()} == {"weight", "bias"}
    line.zero_grad()
    assert line.weight.grad is None


def test_a_graph_of_parameters_alone(remote: Any) -> None:
    line = remote.Line(3.0)
    penalty = line.penalty()
    assert penalty.requires_grad
    penalty.backward()
    assert line.weight.grad.item() == 6.0


def test_attributes_can_be_set(remote: Any) -> None:
    line = remote.Line()
    line.dropout.training = False
    assert line(torch.ones(1)).item() == 2.5


def test_an_optimiser_of_the_students_process_trains(zygote: Zygote) -> None:
    with student(zygote, SOURCE) as (module, own):
        line = module.Line(0.0)
        line.eval()
        optimiser = own.fetch("torch.optim.SGD")(line.parameters(), lr=0.1)
        x = torch.linspace(-1, 1, 16)
        for _ in range(60):
            optimiser.zero_grad()
            ((line(x) - (2 * x + 1)) ** 2).mean().backward()
            optimiser.step()
        assert line.weight.item() == pytest.approx(2.0, abs=0.2)
        assert line.bias.item() == pytest.approx(1.0, abs=0.05)


def test_the_default_dtype_crosses(remote: Any) -> None:
    assert remote.default_dtype() == torch.float32
    torch.set_default_dtype(torch.float64)
    try:
        assert remote.default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)


def test_objects_stay_where_they_are_and_lie_to_nobody(remote: Any) -> None:
    mystery = remote.mystery()
    assert mystery != 5
    assert mystery == mystery
    assert mystery != remote.mystery()
    assert len(mystery) == 3
    assert mystery[7] == ["a", 7]
    assert "Mystery" in repr(mystery)
    assert list(remote.count()) == [0, 1, 2]


def test_exceptions_arrive_as_matching_types_with_the_students_lines(remote: Any) -> None:
    with pytest.raises(ValueError, match="ValueError: why") as caught:
        remote.boom("value")
    error = caught.value
    assert isinstance(error, StudentError)
    assert [frame.function for frame in error.frames] == ["boom"]
    assert error.frames[0].source.startswith("raise {")
    assert error.safe == f"The code raised ValueError at student.py:{error.frames[0].line}."
    with pytest.raises(KeyError):
        remote.boom("key")
    with pytest.raises(ZeroDivisionError) as caught_own:
        remote.boom("own")
    assert isinstance(caught_own.value, StudentError)
    assert caught_own.value.type_name == "Own"


def test_ending_the_program_is_an_error_like_any_other(remote: Any) -> None:
    with pytest.raises(StudentError) as caught:
        remote.boom("exit")
    assert "tried to end the program" in caught.value.safe
    assert remote.no_tensors(1) == 2


def test_exceptions_with_odd_constructors_arrive_as_plain_ones(remote: Any) -> None:
    with pytest.raises(StudentError):
        remote.boom("unicode")
    assert match_exception("UnicodeDecodeError") is StudentError
    assert match_exception("SystemExit") is StudentError
    assert match_exception("no such thing") is StudentError
    assert issubclass(match_exception("IndexError"), IndexError)


def test_a_missing_name_is_answered_with_the_nearest(remote: Any) -> None:
    with pytest.raises(MissingName, match=r"student\.py has no Lime; it defines Line: did you mean that\?"):
        remote.Lime()
    with pytest.raises(MissingName, match="it defines softmax_loss"):
        remote.entropy()
    with pytest.raises(AttributeError, match="has no slope"):
        _ = remote.Line().slope


def test_the_names_of_a_file_are_those_in_its_text(zygote: Zygote) -> None:
    """The worker is not asked: what it would say could be made of what a hidden check passed to it."""
    source = """
import torch
from torch import nn

LIMIT: float = 2.0
first = second = 3
_private = 1
(left, right) = 1, 2

class Line: ...
async def wait(): ...
def slope(): ...
def slope(): ...

globals()["secret_7"] = 1
__dir__ = lambda: ["secret_8"]
"""
    with student(zygote, source) as (module, _), pytest.raises(MissingName) as caught:
        module.entropy()
    assert str(caught.value).endswith("has no entropy; it defines LIMIT, first, second, Line, wait, slope.")


def test_names_that_stand_nowhere_in_the_submission_are_not_told(zygote: Zygote) -> None:
    source = """
class Line: ...

class Slope(Exception): ...

def make(number):
    return Line() if number is None else type(f"Secret{number}", (), {})()

def fail(number):
    raise Slope if number is None else type(f"Secret{number}", (Exception,), {})
"""
    with student(zygote, source) as (module, _):
        assert "Line" in describe(module.make(None))
        assert "Secret" not in describe(module.make(7))
        with pytest.raises(StudentError) as known:
            module.fail(None)
        with pytest.raises(StudentError) as unknown:
            module.fail(7)
    assert known.value.type_name == "Slope"
    assert "Secret" not in unknown.value.type_name


def test_what_all_questions_forbid_is_taken_out_of_torch(zygote: Zygote) -> None:
    both = (
        "torch.nn.functional.mse_loss",
        "torch.nn.L1Loss",
        "numpy.mean",
        "torch.Tensor.exp",
        "torch.no.such",
        "torch.nn",
    )
    questions = {
        "a": JobQuestion("student.py", None, forbid=(*both, "torch.nn.functional.l1_loss")),
        "b": JobQuestion("student.py", None, forbid=both),
    }
    source = """
import torch
def loss(name, *arguments):
    function = getattr(torch.nn.functional, name, None) or getattr(torch.nn, name)()
    return function(*arguments)
"""
    values = torch.ones(2), torch.zeros(2)
    with student(zygote, source, replace(make_job(), questions=questions)) as (module, _):
        for name in ("mse_loss", "MSELoss", "L1Loss"):
            with pytest.raises(StudentError) as caught:
                module.loss(name, *values)
            assert caught.value.safe.startswith("The code uses something at student.py:")
        assert module.loss("l1_loss", *values).item() == 1
        assert module.loss("SmoothL1Loss", *values).item() == 0.5


def test_arguments_that_cannot_cross_are_named(remote: Any) -> None:
    with pytest.raises(TypeError, match="remote"):
        remote.same(object())
    assert remote.same(torch.nn.functional.mse_loss) is not None


def test_results_that_cannot_cross_are_errors_and_the_process_lives_on(zygote: Zygote) -> None:
    source = """
        import torch

        def meta(): return torch.empty(3, device="meta")
        def sparse(): return torch.eye(3).to_sparse()
        def circle():
            items = []
            items.append(items)
            return items
        def large(): return torch.zeros(80 << 20)
        def fine(): return 1
    """
    with student(zygote, source) as (module, _):
        for name in ("meta", "sparse", "circle", "large"):
            with pytest.raises(StudentError):
                getattr(module, name)()
        assert module.fine() == 1


def test_graphs_are_freed_in_the_students_process(zygote: Zygote) -> None:
    source = """
        import gc, torch

        def double(x):
            return x * 2

        def tensors():
            return sum(1 for o in gc.get_objects() if isinstance(o, torch.Tensor))
    """
    with student(zygote, source) as (module, _):
        x = torch.ones(10, requires_grad=True)
        module.double(x).sum().backward()
        before = module.tensors()
        for _ in range(50):
            module.double(x).sum()  # no backward: the graph is dropped when the result is
        assert module.tensors() <= before + 6
