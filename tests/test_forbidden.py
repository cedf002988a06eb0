from __future__ import annotations

import pytest

from grader.forbidden import MAX_VIOLATIONS, Violation, find_forbidden

FUNCTION = "torch.nn.functional.cross_entropy"
CLASS = "torch.nn.CrossEntropyLoss"


def places(source: str, *forbid: str) -> list[tuple[int, int]]:
    return [(found.line, found.column) for found in find_forbidden(source, "a.py", forbid or (FUNCTION, CLASS))]


def test_a_violation_says_all_that_a_message_needs() -> None:
    source = "import torch.nn.functional as F\n\n\ndef f(x, y):\n    return F.cross_entropy(x, y)\n"
    assert find_forbidden(source, "a.py", [FUNCTION]) == (
        Violation("a.py", 5, 12, FUNCTION, "    return F.cross_entropy(x, y)"),
    )


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import torch\ntorch.nn.functional.cross_entropy", [(2, 1)]),
        ("import torch as t\nt.nn.functional.cross_entropy", [(2, 1)]),
        ("import torch.nn\ntorch.nn.functional.cross_entropy", [(2, 1)]),
        ("import torch.nn.functional as F\nF.cross_entropy", [(2, 1)]),
        ("from torch import nn\nnn.functional.cross_entropy", [(2, 1)]),
        ("from torch.nn import functional as fn\nfn.cross_entropy", [(2, 1)]),
        ("from torch.nn.functional import cross_entropy", [(1, 33)]),
        ("from torch.nn.functional import (\n    relu,\n    cross_entropy as ce,\n)\nce(1)", [(3, 5), (5, 1)]),
        ("from torch.nn.functional import *\ncross_entropy(1)", [(2, 1)]),
        ("from torch.nn import *\nfunctional.cross_entropy(1)", [(2, 1)]),
        ("from torch import nn\nclass A(nn.CrossEntropyLoss): pass", [(2, 9)]),
        ("from torch.nn import CrossEntropyLoss as C\n", [(1, 22)]),
        ("import torch.nn.modules.loss as L\nL.CrossEntropyLoss()", [(2, 1)]),
        ("from torch.nn.modules.loss import F\nF.cross_entropy()", [(2, 1)]),
        ("import torch\nF = torch.nn.functional\ng = F\ng.cross_entropy", [(4, 1)]),
        ("import torch\nf, a = torch.nn.functional, 1\nf.cross_entropy", [(3, 1)]),
        ("import torch\nf: object = torch.nn\nf.functional.cross_entropy", [(3, 1)]),
        ("import torch\nif f := torch.nn: f.functional.cross_entropy", [(2, 19)]),
        ("def f():\n    import torch\n    return torch.nn.functional.cross_entropy", [(3, 12)]),
        ("import torch\ngetattr(torch.nn.functional, 'cross_entropy')", [(2, 1)]),
        ("import torch\ngetattr(getattr(torch, 'nn'), 'functional').cross_entropy", [(2, 1)]),
        ("import importlib\nimportlib.import_module('torch.nn.functional').cross_entropy", [(2, 1)]),
        ("__import__('torch').nn.functional.cross_entropy", [(1, 1)]),
        ("try:\n    import torch.nn.functional as F\nexcept ImportError:\n    F = None\nF.cross_entropy", [(5, 1)]),
        ("from torch import nn\ns = 'ü'; nn.functional.cross_entropy", [(2, 10)]),
        ("\ufeffimport torch.nn.functional as F\r\nF.cross_entropy\r\n", [(2, 1)]),
    ],
)
def test_uses_are_found(source: str, expected: list[tuple[int, int]]) -> None:
    assert places(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        "import torch.nn.functional as F\nF.binary_cross_entropy(1)",
        "def cross_entropy(x): pass\ncross_entropy(1)",
        "class Mine:\n    def cross_entropy(self): pass\nMine().cross_entropy()",
        "from torch.nn.functional import *\ndef cross_entropy(x): pass\ncross_entropy(1)",
        "from torch.nn.functional import *\nlog_softmax(1)",
        "# torch.nn.functional.cross_entropy\n'''torch.nn.functional.cross_entropy'''",
        "import torch.nn.functional",
        "import torch.nn.functional as F\nF.cross_entropy = None",
        "from . import cross_entropy\nfrom .torch.nn.functional import cross_entropy as x",
        "from mine import functional\nfunctional.cross_entropy(1)",
        "x.cross_entropy(1)",
        "",
    ],
)
def test_what_is_allowed_is_left_alone(source: str) -> None:
    assert places(source) == []


def test_nothing_forbidden_nothing_found() -> None:
    assert find_forbidden("import torch", "a.py", []) == ()


def test_a_forbidden_module_stands_for_what_is_inside() -> None:
    source = "import numpy as np\nfrom numpy.linalg import norm\nnp.linalg.norm(1)\nnorm(1)\nimport numpyro\n"
    assert places(source, "numpy") == [(1, 8), (2, 26), (3, 1)]


def test_methods_of_tensors() -> None:
    source = """\
import scipy
import torch
(x * 2).softmax(1)
x.exp().softmax(1)
self.logits.softmax(1)
self.softmax(x)
scipy.special.softmax(x)
torch.softmax(x, 1)
torch.Tensor.softmax(x)
def softmax(x): pass
softmax(x)
class Mine:
    def softmax(self): pass
Mine.softmax()
"""
    assert places(source, "torch.Tensor.softmax") == [(3, 9), (4, 9), (5, 13), (9, 1)]


@pytest.mark.parametrize("source", ["def f(:", "\0", "F.cross_entropy(", "  x = 1", "x = '\\ud800'", "\ud800 = 1"])
def test_broken_source_is_no_violation_and_no_error(source: str) -> None:
    assert places(source) == []


def test_odd_escapes_warn_nobody() -> None:
    assert places("import torch\nx = '\\d'\ntorch.nn.CrossEntropyLoss") == [(3, 1)]


def test_code_too_deep_to_look_into_is_searched_for_words() -> None:
    source = "import torch.nn.functional as F\nx = F.cross_entropy\ny = " + "1 + " * 20_000 + "1\n"
    assert places(source) == [(2, 7)]


def test_the_list_is_short() -> None:
    source = "from torch.nn import CrossEntropyLoss as C\n" + "C()\n" * 1000
    found = places(source)
    assert len(found) == MAX_VIOLATIONS
    assert found[0] == (1, 22)


def test_long_lines_are_cut() -> None:
    (found,) = find_forbidden(f"import numpy; x = '{'a' * 5000}'", "a.py", ["numpy"])
    assert len(found.source_line) == 200


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "source",
    [
        "import torch as a\n" + ("x = a" + ".nn" * 300 + "\n") * 100,
        "import torch as a0\n" + "".join(f"a{i + 1} = a{i}\n" for i in reversed(range(10_000))),
        "import torch as a\n" + "a = a.nn\n" * 10_000,
        "from torch.nn.functional import " + ", ".join(["cross_entropy"] * 10_000),
        "a = b\nb = a\na.nn.functional.cross_entropy",
        ("x" + ".exp" * 2500 + "\n") * 30,
        "x = " + "-" * 20_000 + "1\n#" + "exp " * 230_000,
    ],
    ids=lambda source: source[:30],
)
def test_hostile_source_takes_no_long_time(source: str) -> None:
    places(source, FUNCTION, "torch.Tensor.exp")
