"""Counting what a call takes, in real workers: loops are told from whole tensors, and nothing is believed blindly."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from grader.checks import read_checks
from grader.engine import Examiner
from grader.examiner.cost import MAX_COUNT, Cost, measure_here, read_cost
from grader.examiner.exceptions import StudentError, WorkerLost
from grader.examiner.expect import Expectation, expect_unchanged, expect_vectorised
from grader.examiner.workers import Zygote
from grader.grading import Setup, grade_submissions
from grader.results import Outcome
from grader.spec import load_assignment
from grader.submission import Submission
from tests.workers import FILE, start_zygote, student

SOURCE = """
import numpy as np
import torch
from torch import nn
import torch.nn.functional as F


def whole(x, t):
    return -x.log_softmax(1)[torch.arange(len(t)), t].mean()


def library(x, t):
    return F.cross_entropy(x, t)


def over_classes(x, t):
    hot = torch.stack([t == label for label in range(x.shape[1])], 1)
    return -(x.log_softmax(1) * hot).sum(1).mean()


def loop(x, t):
    total = 0.0
    for row, label in zip(x, t):
        total = total - row.log_softmax(0)[label]
    return total / len(t)


def comprehension(x, t):
    log_p = x.log_softmax(1)
    return -sum(log_p[i, t[i]] for i in range(len(t))) / len(t)


def python_numbers(x, t):
    total = 0.0
    for row, label in zip(x.log_softmax(1).tolist(), t.tolist()):
        total -= row[label]
    return torch.tensor(total / len(t))


class Loss(nn.Module):
    def __init__(self, looping=False):
        super().__init__()
        self.looping = looping
        self.cache = None

    def forward(self, x, t):
        if self.cache is None:
            self.cache = [torch.eye(x.shape[1])[i] for i in range(x.shape[1])]
        return loop(x, t) if self.looping else whole(x, t)


def unchanged(x, t=None, more=()):
    y = x.clone()
    y[0] = 0
    return y.sub_(1)


def in_place(x, t):
    x -= x.max(1, keepdim=True).values
    return whole(x, t)


def second(x, t):
    t[0] = 1 - t[0]


def grows(x, t):
    t.append(1)


def nested(x, more):
    more["all"][1].zero_()


def array(a):
    a += 1


def shape_only(x):
    x.unsqueeze_(0)


def back(x):
    x.sum().backward()


def everything(x, t, weight=None):
    x.zero_()
    t.zero_()
    weight.zero_()
"""

VECTORISED = ("whole", "library", "over_classes")
LOOPS = ("loop", "comprehension", "python_numbers")


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    zygote = start_zygote()
    yield zygote
    zygote.close()


@pytest.fixture(scope="module", params=["worker", "shadow", "here"])
def module(request: pytest.FixtureRequest, zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The functions above, in a worker, on the shadow device there, and in this process as the reference is."""
    if request.param == "here":
        here = ModuleType("here")
        exec(compile(SOURCE, "here.py", "exec"), vars(here))
        vars(here)["cost"] = partial(measure_here, "here.py")
        yield here
        return
    with student(zygote, SOURCE) as (_, own):
        device = "shadow" if request.param == "shadow" else "cpu"
        yield own.load(FILE, 0, device)


def batch(samples: int) -> tuple[Tensor, Tensor]:
    return torch.randn(samples, 3), torch.arange(1, samples + 1) % 3


@pytest.mark.parametrize("name", VECTORISED)
def test_whole_tensors_cost_the_same_for_any_batch(module: Any, name: str) -> None:
    function = getattr(module, name)
    small, large = module.cost(function, *batch(8)), module.cost(function, *batch(32))
    assert small == large
    assert small.operations > 0
    assert small.opcodes > 5
    expect_vectorised(module, function, batch(8), batch(32))


@pytest.mark.parametrize("name", LOOPS)
def test_a_loop_over_samples_is_found(module: Any, name: str) -> None:
    with pytest.raises(Expectation, match=r"^The larger the batch, the more ") as caught:
        expect_vectorised(module, getattr(module, name), batch(8), batch(32))
    assert caught.value.detail is not None
    assert "for 8 samples" in caught.value.detail
    assert not any(digit in caught.value.message for digit in "0123456789")


def test_numbers_of_python_show_in_the_steps_alone(module: Any) -> None:
    small, large = (module.cost(module.python_numbers, *batch(samples)) for samples in (8, 32))
    assert small.operations == large.operations
    assert large.opcodes > small.opcodes + 24
    with pytest.raises(Expectation, match="the more steps of Python: is there a loop"):
        expect_vectorised(module, module.python_numbers, batch(8), batch(32))


def test_instances_cost_what_their_calls_cost_without_what_is_set_up_first(module: Any) -> None:
    loss, looping = module.Loss(), module.Loss(looping=True)
    costs = [module.cost(loss, *batch(8)) for _ in range(2)]
    assert costs[0] == costs[1]
    expect_vectorised(module, loss, batch(8), batch(32))
    with pytest.raises(Expectation):
        expect_vectorised(module, looping, batch(8), batch(32))


def test_a_smaller_large_batch_is_a_mistake_of_the_check(module: Any) -> None:
    with pytest.raises(ValueError, match="the larger batch has 8 samples"):
        expect_vectorised(module, module.whole, batch(8), batch(8))
    with pytest.raises(ValueError, match="none of the arguments"):
        expect_vectorised(module, module.whole, (1,), (2,))


@pytest.mark.parametrize(
    ("name", "arguments", "keywords", "changed"),
    [
        ("unchanged", [torch.ones(3, 2)], {}, ()),
        ("unchanged", [torch.tensor([float("nan"), -0.0])], {"more": [1.5, float("nan"), None, "a"]}, ()),
        ("in_place", batch(4), {}, (0,)),
        ("second", batch(4), {}, (1,)),
        ("second", [torch.ones(2)], {"t": torch.ones(2)}, ("t",)),
        ("grows", [torch.ones(2), [1]], {}, (1,)),
        ("nested", [torch.ones(2), {"all": [1, torch.ones(2)]}], {}, (1,)),
        ("array", [np.zeros(3)], {}, (0,)),
        ("shape_only", [torch.ones(2)], {}, (0,)),
        ("back", [torch.ones(2, requires_grad=True)], {}, ()),
        ("everything", batch(4), {"weight": torch.ones(3)}, (0, 1, "weight")),
        ("unchanged", [torch.ones(2, dtype=torch.bfloat16), torch.ones(2, dtype=torch.complex64)], {}, ()),
        ("unchanged", [torch.ones(3, 2).T.contiguous().T, torch.empty(0)], {}, ()),
    ],
)
def test_what_is_changed_in_place(module: Any, name: str, arguments: Any, keywords: Any, changed: Any) -> None:
    assert module.cost(getattr(module, name), *arguments, **keywords).inputs_changed == changed


def test_nothing_is_changed_here(module: Any) -> None:
    x, t = batch(4)
    before = x.clone(), t.clone()
    weight = torch.ones(3)
    module.cost(module.everything, x, t, weight=weight)
    assert torch.equal(x, before[0])
    assert torch.equal(t, before[1])
    assert weight.all()


def test_words_say_which_argument(module: Any) -> None:
    expect_unchanged(module, module.unchanged, torch.ones(2))
    with pytest.raises(Expectation, match=r"^The code changes its second argument in place"):
        expect_unchanged(module, module.second, *batch(3))
    with pytest.raises(Expectation, match="its first argument and its second argument and its argument 'weight'"):
        expect_unchanged(module, module.everything, *batch(3), weight=torch.ones(2))


def test_what_the_code_raises_is_raised(module: Any) -> None:
    with pytest.raises(AttributeError):
        module.cost(module.whole, 3, 4)


# What only a worker can do

FORGED = """
from grader.sandbox.worker import Worker
Worker._cost = lambda self, request: ({answer}, [])
def f(x):
    return x
"""


def test_only_what_is_the_submissions_can_be_measured(zygote: Zygote) -> None:
    with student(zygote, SOURCE) as (module, _):
        function: Any = torch.softmax
        with pytest.raises(TypeError, match="not a builtin_function_or_method"):
            module.cost(function, torch.ones(2))


def test_the_line_that_raises_is_named_and_nothing_stays_switched_on(zygote: Zygote) -> None:
    source = "import sys\ndef fails(x):\n    return x + 'a'\ndef traced():\n    return sys.gettrace() is not None\n"
    with student(zygote, source) as (module, _):
        with pytest.raises(StudentError) as caught:
            module.cost(module.fails, torch.ones(2))
        assert [frame.line for frame in caught.value.frames] == [3]
        assert module.traced() is False


@pytest.mark.parametrize(
    "answer",
    [
        "None", "[]", "[1, 2]", "[1, 2, [], 4]", "{}", "'123'", "[-1, 2, []]", "[1, -2, []]", "[1.0, 2, []]",
        "[True, 2, []]", "['1', 2, []]", "[10**13, 2, []]", "[1, 10**30, []]", "[1, 2, None]", "[1, 2, [5]]",
        "[1, 2, ['x']]", "[1, 2, [0, 0]]", "[1, 2, [True]]", "[1, 2, [[0]]]", "[1, 2, list(range(9))]", "[1, 2, {}]",
    ],
)  # fmt: skip
def test_counts_that_are_none(zygote: Zygote, answer: str) -> None:
    source = FORGED.format(answer=f"{{'value': None, 'cost': {answer}}}")
    with student(zygote, source) as (module, _), pytest.raises(WorkerLost) as caught:
        module.cost(module.f, torch.ones(2), torch.ones(2))
    assert caught.value.outcome is Outcome.CRASHED


def test_counts_that_are_missing(zygote: Zygote) -> None:
    source = FORGED.format(answer="{'value': 1}")
    with student(zygote, source) as (module, _), pytest.raises(WorkerLost):
        module.cost(module.f, torch.ones(2))


def test_what_an_answer_may_hold() -> None:
    assert read_cost([0, MAX_COUNT, [1, "t"]], {0, 1, "t"}) == Cost(0, MAX_COUNT, (1, "t"))


YAML = """\
format: 1
id: centred
title: Centred
summary: Around zero.
questions:
  - {id: centred, kind: code, points: 2, prompt: Write it., file: centred.py, starter: "def centred(x): ...\\n"}
"""

CHECKS = '''\
import pytest
import torch
from grader.examiner.expect import expect_unchanged, expect_vectorised


@pytest.mark.points(1)
def test_vectorised(submission, rng):
    """It has no loop."""
    small, large = torch.randn(8, generator=rng), torch.randn(64, generator=rng)
    expect_vectorised(submission, submission.centred, (small,), (large,))


@pytest.mark.points(1)
def test_unchanged(submission, reference, rng):
    """It leaves its argument alone."""
    assert reference.cost(reference.centred, torch.ones(3)).operations == 2
    expect_unchanged(submission, submission.centred, torch.randn(8, generator=rng))
'''

RIGHT = "def centred(x):\n    return x - x.mean()\n"
WRONG = "import torch\n\n\ndef centred(x):\n    x -= x.mean()\n    return torch.stack([value for value in x])\n"


def test_checks_of_cost_end_to_end(tmp_path: Path) -> None:
    for name, text in {
        "assignment.yaml": YAML,
        "checks/hidden/test_centred.py": CHECKS,
        "solutions/plain.py": RIGHT,
    }.items():
        path = tmp_path / "centred" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assignment = load_assignment(tmp_path / "centred")
    work = [Submission({"centred.py": source.encode()}) for source in (RIGHT, WRONG)]
    with Examiner() as examiner:
        found = dict(grade_submissions(examiner, assignment, read_checks(assignment), work, Setup()))
    assert [check.outcome for check in found[0].questions[0].checks] == [Outcome.PASSED, Outcome.PASSED]
    first, second = found[1].questions[0].checks
    assert [first.outcome, second.outcome] == [Outcome.FAILED, Outcome.FAILED]
    assert first.message is not None
    assert first.message.startswith("The larger the batch, the more")
    assert second.message is not None
    assert second.message.startswith("The code changes its first argument in place")
