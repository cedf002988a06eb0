"""Checks on the shadow device, in real workers: what is found, what is not, and what a worker cannot forge."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from grader.checks import read_checks
from grader.engine import Examiner
from grader.examiner.exceptions import StudentError, WorkerLost
from grader.examiner.expect import Expectation
from grader.examiner.workers import Zygote
from grader.grading import Setup, grade_submissions
from grader.report.content import Reader, SubmissionInfo, build_report
from grader.report.terminal import to_text
from grader.results import Outcome
from grader.scoring import Grade
from grader.spec import load_assignment
from grader.submission import Submission
from tests.shell import write
from tests.workers import FILE, start_zygote, student

PRELUDE = "import torch\nfrom torch import nn\nimport torch.nn.functional as F\n"


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    zygote = start_zygote()
    yield zygote
    zygote.close()


@contextmanager
def on_shadow(zygote: Zygote, source: str) -> Iterator[Any]:
    """Load ``source`` for a check on the shadow device."""
    with student(zygote, PRELUDE + source) as (_, own):
        yield own.load(FILE, 0, "shadow")


def batch() -> tuple[Tensor, Tensor]:
    return torch.randn(6, 3), torch.randint(3, (6,))


def test_values_and_gradients_cross_as_on_the_cpu(zygote: Zygote) -> None:
    logits, targets = batch()
    leaf = logits.clone().requires_grad_()
    source = "def loss(x, t):\n    return F.cross_entropy(x * torch.ones(3, device=x.device), t)\n"
    with on_shadow(zygote, source) as module:
        result = module.loss(leaf, targets)
        torch.testing.assert_close(result, F.cross_entropy(logits, targets))
        result.backward()
    assert leaf.grad is not None
    torch.testing.assert_close(leaf.grad, (logits.softmax(1) - F.one_hot(targets, 3)) / 6)


def test_second_derivatives(zygote: Zygote) -> None:
    x = torch.randn(4, dtype=torch.float64, requires_grad=True)
    with on_shadow(zygote, "def cube(x):\n    return (x ** 3).sum(), [x * 2]\n") as module:
        total, (double,) = module.cube(x)
        (first,) = torch.autograd.grad(total, x, create_graph=True)
        (second,) = torch.autograd.grad(first.sum(), x)
        torch.testing.assert_close(second, 6 * x.detach())
        torch.autograd.gradcheck(lambda value: module.cube(value)[0], x)
        (double.sum() + total).backward()
    assert x.grad is not None
    torch.testing.assert_close(x.grad, 3 * x.detach() ** 2 + 2)


def test_a_module_is_moved_by_the_device_that_the_check_knows(zygote: Zygote) -> None:
    source = "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    source += "        self.layer = nn.Linear(3, 2)\n    def forward(self, x):\n        return self.layer(x)\n"
    x = torch.randn(5, 3)
    with on_shadow(zygote, source) as module:
        with pytest.raises(StudentError, match=r"mat1 is on|same device"):
            module.Net()(x)
        for device in ("cpu", torch.device("cpu")):
            net = module.Net().to(device)
            net(x).sum().backward()
            torch.testing.assert_close(net.layer.weight.grad, x.sum(0).expand(2, 3))
            torch.testing.assert_close(net(x), F.linear(x, net.layer.weight, net.layer.bias))


def test_the_students_line_is_named(zygote: Zygote) -> None:
    source = "def loss(x, t):\n    weights = torch.ones(3)\n    return (x * weights).mean()\n"
    with on_shadow(zygote, source) as module, pytest.raises(RuntimeError) as caught:
        module.loss(*batch())
    error = caught.value
    assert isinstance(error, StudentError)
    assert error.text.startswith(
        "Expected all tensors to be on the same device, but found at least two devices, shadow"
    )
    assert [(frame.line, frame.source) for frame in error.frames] == [(6, "return (x * weights).mean()")]
    assert error.safe.startswith(
        f"The code combines tensors of two devices at {FILE}:6: make new tensors on the device"
    )


@pytest.mark.parametrize(
    "body",
    [
        "F.cross_entropy(x.cpu(), t.cpu())",
        "torch.zeros(())",
        "{'loss': x.mean(), 'all': [x, (t, torch.ones(2))]}",
        "torch.tensor(x.mean().item())",
    ],
)
def test_a_result_on_the_cpu(zygote: Zygote, body: str) -> None:
    with on_shadow(zygote, f"def loss(x, t):\n    return {body}\n") as module:
        with pytest.raises(Expectation, match="loss was passed tensors that are not on the CPU, and returned one that"):
            module.loss(*batch())
        with pytest.raises(Expectation), torch.no_grad():
            module.loss(x=batch()[0], t=batch()[1])


def test_what_has_no_device_may_be_returned(zygote: Zygote) -> None:
    source = (
        "import numpy as np\ndef shape(x):\n    return x.shape, x.mean().item(), x.cpu().numpy(), x.tolist(), b'1'\n"
    )
    source += "def make():\n    return torch.zeros(2)\n"
    x, _ = batch()
    with on_shadow(zygote, source) as module:
        shape, mean, array, items, _ = module.shape(x)
        assert (shape, mean, items) == ((6, 3), x.mean().item(), x.tolist())
        assert (array == x.numpy()).all()
        assert (module.make() == 0).all()  # nothing was passed that says where it belongs


def test_arrays_and_bytes_go_in_as_they_are(zygote: Zygote) -> None:
    source = "def kinds(a, b, x):\n    return [type(a).__name__, type(b).__name__, x.device.type]\n"
    with on_shadow(zygote, source) as module:
        assert module.kinds(batch()[0].numpy(), b"abc", batch()[0]) == ["ndarray", "bytes", "meta"]


def test_the_next_check_is_on_the_cpu_again(zygote: Zygote) -> None:
    source = "def where(x):\n    return x.device.type\n"
    with student(zygote, PRELUDE + source) as (_, own):
        assert [own.load(FILE, 0, name).where(batch()[0]) for name in ("cpu", "shadow", "cpu")] == [
            "cpu",
            "meta",
            "cpu",
        ]


def test_sequences_and_attributes(zygote: Zygote) -> None:
    source = "class Box:\n    def __init__(self, x):\n        self.x = x\n    def __getitem__(self, i):\n"
    source += "        return self.x[i]\n    def __iter__(self):\n        return iter(self.x * 2)\n"
    source += "    def __len__(self):\n        return len(self.x)\n"
    x, _ = batch()
    with on_shadow(zygote, source) as module:
        box = module.Box(x)
        torch.testing.assert_close(box.x, x)
        torch.testing.assert_close(box[1], x[1])
        torch.testing.assert_close(box[torch.tensor([0, 2])], x[[0, 2]])
        torch.testing.assert_close(next(iter(box)), x[0] * 2)
        assert len(box) == 6
        box.x = x + 1
        torch.testing.assert_close(box.x, x + 1)


# A worker that answers as it likes: the flags only ever take points away

FORGE = """
from grader.wire import Channel
send = Channel.send
def forged(self, header, tensors=(), deadline=None):
    header = dict(header)
    {change}
    send(self, header, tensors)
Channel.send = forged
def loss(x, t):
    return {result}
"""


@pytest.mark.parametrize(
    "change",
    [
        "header.pop('shadow', None)",
        "header['shadow'] = []",
        "header['shadow'] = [1] * 9",
        "header['shadow'] = 'yes'",
        "header['shadow'] = [[True]]",
        "header['shadow'] = [True, True]",
        "header['shadow'] = {'0': True}",
    ],
)
def test_flags_that_are_none(zygote: Zygote, change: str) -> None:
    source = FORGE.format(change=change, result="x.mean()")
    with on_shadow(zygote, source) as module, pytest.raises(WorkerLost) as caught:
        module.loss(*batch())
    assert caught.value.outcome is Outcome.CRASHED


def test_a_forged_flag_passes_a_place_and_no_value(zygote: Zygote) -> None:
    source = FORGE.format(change="header['shadow'] = [True]", result="torch.zeros(())")
    with on_shadow(zygote, source) as module:
        assert module.loss(*batch()) == 0


# End to end

YAML = """\
format: 1
id: doubled
title: Doubled
summary: Times two.
questions:
  - id: doubled
    kind: code
    points: 3
    prompt: Write it.
    file: doubled.py
    starter: "def doubled(x): ...\\n"
    devices: [cpu, shadow, cuda]
"""

CHECKS = '''\
import pytest
import torch
from grader.examiner.expect import expect_close


@pytest.mark.points(1, hint="On which device?")
def test_values(submission, device, rng):
    """It doubles."""
    x = torch.randn(5, generator=rng).to(device)
    expect_close(submission.doubled(x), 2 * x)


@pytest.mark.points(1)
@pytest.mark.device("shadow")
def test_only_there(submission, device):
    """It doubles elsewhere."""
    assert device == "cpu"
    assert (submission.doubled(torch.ones(2, device=device)) == 2).all()


@pytest.mark.points(1)
@pytest.mark.device("cuda")
def test_on_a_gpu(submission, device):
    """It doubles on a GPU."""
    assert (submission.doubled(torch.ones(2, device=device)) == 2).all()
'''

SOURCES = {
    "right": "def doubled(x):\n    return 2 * x\n",
    "made on the cpu": "import torch\n\ndef doubled(x):\n    return x * torch.full(x.shape, 2.0)\n",
    "moved to the cpu": "def doubled(x):\n    return 2 * x.cpu()\n",
    "wrong": "def doubled(x):\n    return 3 * x\n",
    "wrong there": "def doubled(x):\n    return 2 * x if x.device.type == 'cpu' else 3 * x\n",
}


def write_course(folder: Path, yaml: str) -> Path:
    files = {"assignment.yaml": yaml, "checks/hidden/test_doubled.py": CHECKS, "solutions/plain.py": SOURCES["right"]}
    return write(folder / "doubled", files)


@pytest.fixture(scope="module")
def grades(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Grade]:
    assignment = load_assignment(write_course(tmp_path_factory.mktemp("course"), YAML))
    work = [Submission({"doubled.py": source.encode()}) for source in SOURCES.values()]
    with Examiner() as examiner:
        found = dict(grade_submissions(examiner, assignment, read_checks(assignment), work, Setup()))
    return {name: found[number] for number, name in enumerate(SOURCES)}


def outcomes(grade: Grade) -> list[tuple[Outcome, str]]:
    return [(check.outcome, check.device) for check in grade.questions[0].checks]


def test_what_is_right_is_right_on_every_device(grades: dict[str, Grade]) -> None:
    waits = (Outcome.NOT_RUN, "cuda")
    assert outcomes(grades["right"]) == [(Outcome.PASSED, "cpu"), (Outcome.PASSED, "shadow"), waits]
    assert grades["right"].score == 2
    assert grades["right"].deferred == 1
    assert grades["right"].environment["devices"] == "cpu, shadow"


@pytest.mark.parametrize("name", ["made on the cpu", "moved to the cpu", "wrong there"])
def test_what_is_right_on_the_cpu_only(grades: dict[str, Grade], name: str) -> None:
    assert outcomes(grades[name])[:2] == [(Outcome.FAILED, "shadow"), (Outcome.FAILED, "shadow")]
    assert grades[name].score == 0


@pytest.mark.parametrize("mark", ["", '@pytest.mark.device("cuda")\n'], ids=["by its question", "by its mark"])
@pytest.mark.timeout(60)
def test_what_is_for_gpus_alone_waits_for_one(tmp_path: Path, mark: str) -> None:
    folder = write_course(tmp_path, YAML.replace("[cpu, shadow, cuda]", "[cuda]").replace("points: 3", "points: 1"))
    only = CHECKS[: CHECKS.index("@pytest.mark.points(1)\n")].replace(
        "@pytest.mark.points", f"{mark}@pytest.mark.points"
    )
    (folder / "checks/hidden/test_doubled.py").write_text(only)
    assignment = load_assignment(folder)
    with Examiner() as examiner:
        work = [Submission({"doubled.py": SOURCES["right"].encode()})] * 2
        found = dict(grade_submissions(examiner, assignment, read_checks(assignment), work, Setup()))
    for grade in found.values():
        (check,) = grade.questions[0].checks
        assert (check.outcome, check.device, check.deferred) == (Outcome.NOT_RUN, "cuda", True)
        assert grade.deferred == 1


def test_what_is_wrong_everywhere_is_said_of_the_cpu(grades: dict[str, Grade]) -> None:
    assert outcomes(grades["wrong"])[0] == (Outcome.FAILED, "cpu")


def test_a_student_reads_which_line_and_on_what(grades: dict[str, Grade]) -> None:
    check = grades["made on the cpu"].questions[0].checks[0]
    assert check.message is not None
    assert check.message.startswith("The code combines tensors of two devices at doubled.py:4: ")
    assert [frame.source for frame in check.frames] == ["return x * torch.full(x.shape, 2.0)"]
    assert "meta" not in check.message
    text = to_text(build_report(grades["made on the cpu"], SubmissionInfo("ada"), Reader.STUDENT))
    assert "shadow device, a stand-in for a GPU" in text
