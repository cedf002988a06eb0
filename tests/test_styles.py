"""Right answers in styles that no solution is written in earn full marks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from grader.checks import read_checks
from grader.engine import Examiner
from grader.grading import Setup, grade_submissions
from grader.resources import find_data
from grader.spec import load_assignment
from grader.submission import Submission
from grader.variants import fill_assignment

HEAD = "import math\nimport numpy as np\nimport torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n\n"

FOCAL = {
    "einsum": """
        one_hot = F.one_hot(targets, logits.shape[1]).to(logits)
        log_p = torch.einsum('nc,nc->n', F.log_softmax(logits, 1), one_hot)
        return -((1 - log_p.exp()) ** self.gamma * log_p).mean()
    """,
    "take_along_dim": """
        log_p = torch.take_along_dim(logits.log_softmax(-1), targets[:, None], dim=-1).squeeze(-1)
        return torch.mean(torch.pow(1.0 - torch.exp(log_p), self.gamma) * -log_p)
    """,
    "nll_loss": """
        log_probabilities = F.log_softmax(logits, dim=1)
        p_t = log_probabilities.exp()[torch.arange(len(targets)), targets]
        return ((1 - p_t).pow(self.gamma) * F.nll_loss(log_probabilities, targets, reduction='none')).mean()
    """,
    "boolean mask": """
        mask = torch.arange(logits.size(1), device=logits.device) == targets.unsqueeze(1)
        log_p = (logits - torch.logsumexp(logits, 1, keepdim=True))[mask]
        return -torch.mean((1 - log_p.exp()).pow(self.gamma) * log_p)
    """,
    "log-softmax by hand, in place on its own copy": """
        shifted = logits - logits.max(dim=1, keepdim=True).values.detach()
        shifted -= shifted.exp().sum(1, keepdim=True).log()
        picked = shifted.gather(1, targets.view(-1, 1)).view(-1)
        return -(torch.exp(self.gamma * torch.log1p(-picked.exp().clamp(max=1 - 1e-12))) * picked).mean()
    """,
    "float64 inside": """
        wide = logits.double()
        ce = F.cross_entropy(wide, targets, reduction='none')
        return ((-torch.expm1(-ce)) ** self.gamma * ce).mean().to(logits.dtype)
    """,
    "one sample at a time": """
        total = logits.new_zeros(())
        for row, target in zip(logits, targets):
            p = torch.softmax(row, 0)[target]
            total = total + (1 - p) ** self.gamma * -torch.log(p)
        return total / logits.shape[0]
    """,
    "torch.where and a matrix": """
        p = logits.softmax(1)
        correct = torch.zeros_like(p).scatter_(1, targets.unsqueeze(1), 1.0)
        terms = torch.where(correct.bool(), -((1 - p) ** self.gamma) * p.log(), torch.zeros_like(p))
        return terms.sum() / len(p)
    """,
    "vmap": """
        def one(row, target):
            log_p = row.log_softmax(0).gather(0, target.view(1)).squeeze(0)
            return -((1 - log_p.exp()) ** self.gamma) * log_p
        return torch.vmap(one)(logits, targets).mean()
    """,
}
FOCAL_CLASSES = {
    "more arguments, and a reduction": """
class FocalLoss(nn.Module):
    def __init__(self, gamma: float = 2.0, alpha=None, reduction="mean", eps=0.0, ignore_index=-100):
        super().__init__()
        self.register_buffer("alpha", None if alpha is None else torch.as_tensor(alpha))
        self.gamma, self.reduction = float(gamma), reduction

    def forward(self, input, target):
        ce = F.cross_entropy(input, target, weight=self.alpha, reduction="none")
        loss = (1 - (-ce).exp()) ** self.gamma * ce
        return {"mean": loss.mean, "sum": loss.sum, "none": lambda: loss}[self.reduction]()
""",
    "a function behind the class, and an inherited init": """
def _focal(logits, targets, *, gamma):
    log_p = F.log_softmax(logits, -1)[range(len(logits)), targets]
    return (log_p.exp().neg().add(1).pow(gamma) * log_p).mean().neg()

class _Base(nn.Module):
    def __init__(self, **options):
        super().__init__()
        self.options = options

class FocalLoss(_Base):
    def __init__(self, gamma=2):
        super().__init__(gamma=gamma)

    def forward(self, *batch):
        return _focal(*batch, **self.options)
""",
    "__call__ through another module": """
class Weigh(nn.Module):
    def forward(self, ce, gamma):
        return torch.pow(-torch.expm1(-ce), gamma) * ce

class FocalLoss(nn.Module):
    def __init__(self, gamma=2.0):
        super(FocalLoss, self).__init__()
        self.weigh, self.ce, self.gamma = Weigh(), nn.CrossEntropyLoss(reduction="none"), gamma

    def forward(self, logits, targets):
        return self.weigh(self.ce(logits, targets), self.gamma).mean(0)
""",
}
CROSS_ENTROPY = {
    "one-hot and einsum": """
def softmax(logits):
    weights = torch.exp(logits)
    return torch.einsum("nc,n->nc", weights, 1 / torch.einsum("nc->n", weights))

def cross_entropy(logits, targets):
    return -(F.one_hot(targets, logits.size(-1)) * F.log_softmax(logits, -1)).sum(-1).mean()
""",
    "logsumexp and indexing": """
def softmax(x):
    return (x - x.logsumexp(-1, keepdim=True)).exp()

def cross_entropy(x, y):
    return (x.logsumexp(1) - x[torch.arange(x.shape[0]), y]).sum() / x.shape[0]
""",
    "transposed": """
def softmax(logits):
    columns = logits.t().exp()
    return (columns / columns.sum(0)).t()

def cross_entropy(logits, targets):
    return torch.stack([-torch.log(p[t]) for p, t in zip(softmax(logits), targets)]).mean()
""",
    "float64 inside, extra arguments": """
def softmax(logits, dim=1, *, dtype=None):
    wide = logits.double()
    wide = torch.exp(wide - wide.amax(dim, keepdim=True))
    return (wide / wide.sum(dim, keepdim=True)).to(dtype or logits.dtype)

def cross_entropy(logits, targets, reduction="mean"):
    log_p = torch.log_softmax(logits.double(), 1)
    losses = -torch.take_along_dim(log_p, targets.unsqueeze(1), 1)
    return losses.mean().to(logits)
""",
    "modules inside, in place on its own copy": """
class Softmax(nn.Module):
    def forward(self, logits):
        copy = logits.clone()
        copy -= logits.max(1, keepdim=True)[0]
        weights = copy.exp_()
        return weights / weights.sum(1).unsqueeze(1)

softmax = Softmax()

def cross_entropy(logits, targets):
    return nn.LogSoftmax(dim=1)(logits).gather(1, targets.reshape(-1, 1)).neg().mean()
""",
}


def focal(body: str) -> str:
    init = "    def __init__(self, gamma=2.0):\n        super().__init__()\n        self.gamma = gamma\n\n"
    return f"{HEAD}class FocalLoss(nn.Module):\n{init}    def forward(self, logits, targets):{body}"


STYLES = {
    **{f"focal-loss: {name}": ("focal-loss", focal(body)) for name, body in FOCAL.items()},
    **{f"focal-loss: {name}": ("focal-loss", HEAD + source) for name, source in FOCAL_CLASSES.items()},
    **{f"cross entropy: {name}": ("manual-cross-entropy", HEAD + source) for name, source in CROSS_ENTROPY.items()},
}


@pytest.fixture(scope="module")
def examiner() -> Iterator[Examiner]:
    with Examiner() as examiner:
        yield examiner


@pytest.mark.parametrize("style", STYLES)
def test_a_right_answer_in_another_style_earns_full_marks(examiner: Examiner, style: str) -> None:
    name, source = STYLES[style]
    assignment = fill_assignment(load_assignment(find_data("assignments") / name))
    (question,) = assignment.code_questions
    submission = Submission({question.file: source.encode()})
    ((_, grade),) = grade_submissions(examiner, assignment, read_checks(assignment), [submission], Setup())
    (graded,) = (one for one in grade.questions if one.id == question.id)
    wrong = [(check.id, check.message, check.detail) for check in graded.checks if check.score < check.points]
    assert graded.score == graded.points, wrong
