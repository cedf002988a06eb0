"""Mutants: each differs from the solution as its id says, and the ones that spoil results do spoil them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from grader.mutants import APPLIED, IDLE, RESULT_CHANGES, Mutant, make_mutants
from grader.resources import find_data

SOURCE = '''\
"""A docstring with 1 + 1 in it."""

import math

import torch
from torch import nn


def scale(values: torch.Tensor, factor: float = 3.0, *, bias: int = 0) -> torch.Tensor:
    """Return factor * values + 1."""
    if factor < 0 or values is None:
        raise ValueError("factor - 1")
    return (factor * values).mean(dim=0) + bias


class Loss(nn.Module):
    def forward(self, values):
        return -values.exp().sum()


def _private(values):
    return values ** 2
'''


def operators(source: str) -> list[str]:
    return [mutant.id for mutant in make_mutants(source) if not mutant.result]


def results(source: str) -> dict[str, Mutant]:
    return {mutant.id: mutant for mutant in make_mutants(source) if mutant.result}


def run(source: str, call: str) -> list[str]:
    script = f"{source}\n\nx = torch.tensor([2.0, 4.0], requires_grad=True)\nprint({call})\n"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_each_operator_number_and_reduction_is_changed_once() -> None:
    assert operators(SOURCE) == [
        "scale: values: torch.Tensor, factor: float=3.0, *, bias: int=0 -> "
        "values: torch.Tensor, factor: float=6.0, *, bias: int=0",
        "scale: values: torch.Tensor, factor: float=3.0, *, bias: int=0 -> "
        "values: torch.Tensor, factor: float=3.0, *, bias: int=1",
        "scale: factor < 0 or values is None -> factor < 0 and values is None",
        "scale: factor < 0 -> factor >= 0",
        "scale: factor < 0 -> factor < 1",
        "scale: values is None -> values is not None",
        "scale: (factor * values).mean(dim=0) + bias -> (factor * values).mean(dim=0) - bias",
        "scale: (factor * values).mean -> (factor * values).sum",
        "scale: factor * values -> factor / values",
        "scale: dim=0 -> dim=1",
        "Loss.forward: -values.exp().sum() -> +values.exp().sum()",
        "Loss.forward: values.exp().sum -> values.exp().mean",
        "Loss.forward: values.exp -> values.log",
        "_private: values ** 2 -> values * 2",
    ]


@pytest.mark.parametrize(
    "source",
    [
        "x: int = 1 + 1\n",
        "def f(a=-1): return a @ a\n",
        "import a.b\nassert 1 < 2, 1 + 1\n",
        "@d(1 + 1)\nclass A(B[1]): pass\n",
        "def f(a): a[0] += 1; return [b for b in a if b > 0 > -1]\n",
        "def f(a):\n    match a:\n        case 1: return max(a, 1)\n",
        "def f(a): return f'{a + 1:.2f}' if a and not a else lambda b=1: b\n",
        "async def f(a): return a\n",
    ],
)
def test_every_mutant_is_a_program_of_its_own(source: str) -> None:
    mutants = make_mutants(source)
    for mutant in mutants:
        compile(mutant.source, "mutant.py", "exec")
        assert mutant.source != source
    assert len({mutant.id for mutant in mutants}) == len(mutants)
    assert len({mutant.source for mutant in mutants}) == len(mutants)


def test_equal_places_are_numbered() -> None:
    found = operators("def f(a): return g(a + 1) * g(a + 1)\n")
    assert found[1:4:2] == ["f: a + 1 -> a - 1", "f: a + 1 -> a - 1 (no. 2)"]


def test_what_is_not_python_raises() -> None:
    with pytest.raises(SyntaxError):
        make_mutants("def f(:")


SPOILT = {
    "returns zeros": ("scale(x)", "tensor(0.)"),
    "returns NaN": ("scale(x)", "tensor(nan)"),
    "returns its input": ("scale(x)", "tensor([2., 4.], requires_grad=True)"),
    "returns a constant": ("scale(x)", "tensor(0.5000)"),
    "returns a value without its gradient": ("scale(x)", "tensor(9.)"),
    "returns another dtype": ("scale(x).dtype", "torch.float64"),
    "returns the sum, not the mean": ("scale(x).item()", "18.0"),
    "returns the negative": ("scale(x).item()", "-9.0"),
    "computes in float32": ("scale(x.double() / 7).item() == scale.__wrapped__(x.double() / 7).item()", "False"),
}


@pytest.mark.parametrize("title", RESULT_CHANGES)
def test_a_spoilt_result_is_what_its_title_says(title: str) -> None:
    call, printed = SPOILT[title]
    assert run(results(SOURCE)[f"scale {title}"].source, call) == [
        *([APPLIED, IDLE] if title == "computes in float32" else [IDLE, APPLIED]),
        printed,
    ]


def test_results_inside_of_others_and_methods_are_spoilt_too() -> None:
    source = "import torch\nfrom torch import nn\n\ndef f(x):\n    return {'a': (x, 2.5), 'b': [True, 'c', None]}\n"
    assert run(results(source)["f returns zeros"].source, "f(x.detach())") == [
        IDLE,
        APPLIED,
        "{'a': (tensor([0., 0.]), 0.0), 'b': [True, 'c', None]}",
    ]
    assert set(results(SOURCE)) == {f"{name} {title}" for name in ("scale", "Loss.forward") for title in RESULT_CHANGES}
    assert run(results(SOURCE)["Loss.forward returns zeros"].source, "Loss()(x)") == [IDLE, APPLIED, "tensor(0.)"]


def test_a_mutant_that_had_tensors_and_left_them_is_told_from_one_that_had_none() -> None:
    """The gradient of what no check lets require one cannot be spoilt: that is a hole in the checks."""
    source = results(SOURCE)["scale returns a value without its gradient"].source
    assert run(source, "scale(x.detach()).item()") == [IDLE, "9.0"]


@pytest.mark.parametrize(
    ("title", "result"),
    [
        ("returns zeros", "'a figure'"),
        ("returns another dtype", "1.5"),
        ("returns its input", "x[0].item()"),
        ("returns zeros", "0.0"),
    ],
)
def test_where_there_is_nothing_to_spoil_nothing_is_said(title: str, result: str) -> None:
    source = f"import torch\n\ndef f(x):\n    return {result}\n"
    assert run(results(source)[f"f {title}"].source, "repr(f(x))") == [result.replace("x[0].item()", "2.0")]


def test_a_number_is_replaced_by_the_first_of_its_input() -> None:
    source = "import torch\n\ndef f(x):\n    return 1.5\n"
    assert run(results(source)["f returns its input"].source, "f(x)") == [APPLIED, "2.0"]


def test_the_solutions_that_ship_have_mutants_that_stay_the_same() -> None:
    """Their ids stand in assignment.yaml."""
    for path in Path(find_data("assignments")).glob("*/solutions/a*.py"):
        first, again = make_mutants(path.read_text()), make_mutants(path.read_text())
        assert first == again
        assert len(first) > 10
