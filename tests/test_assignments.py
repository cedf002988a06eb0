"""The course that ships, graded for real: stubs fail, solutions pass. What it catches, test_verify.py proves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.answers import format_answer
from grader.checks import read_checks
from grader.engine import Examiner
from grader.grading import Setup, grade_submissions, list_solutions
from grader.resources import find_data
from grader.results import Outcome, Visibility
from grader.scoring import Grade, Status, grade_to_json
from grader.spec import Assignment, load_course
from grader.stub import render_stub
from grader.submission import Submission
from grader.variants import fill_assignment

COURSE = load_course(find_data("assignments"))
ASSIGNMENTS = [fill_assignment(COURSE.load(name)) for name in COURSE.assignments]
WITH_CODE = [assignment for assignment in ASSIGNMENTS if assignment.code_questions]

# The solutions of the notebook that the course is built from, as it writes them.
NOTEBOOK_FOCAL_LOSS = """
import torch
import torch.nn as nn
import torch.nn.functional as F


class FocalLoss(nn.Module):
    def __init__(self, gamma=2.0, alpha=0.25):
        super().__init__()
        self.gamma = gamma
        self.alpha = alpha

    def forward(self, logits, targets):
        probs = F.softmax(logits, dim=1)
        correct_probs = probs[range(len(targets)), targets]
        focal_weight = (1 - correct_probs) ** self.gamma
        ce_loss = -torch.log(correct_probs)
        focal_loss = focal_weight * ce_loss
        return focal_loss.mean()
"""
NOTEBOOK_CROSS_ENTROPY = """
import torch
import torch.nn.functional as F


def softmax(logits):
    return F.softmax(logits, dim=1)


def cross_entropy(logits, targets):
    log_probs = torch.log(softmax(logits))
    return -log_probs[range(len(targets)), targets].mean()
"""
NOTEBOOK_OUTLIERS = """
import torch
import torch.nn as nn


def make_data(n_samples=100, outlier_fraction=0.1, seed=0):
    torch.manual_seed(seed)
    x = torch.randn(n_samples, 1)
    y = 2 * x + 1 + torch.randn(n_samples, 1) * 0.5
    n_outliers = round(n_samples * outlier_fraction)
    outlier_indices = torch.randperm(n_samples)[:n_outliers]
    y[outlier_indices] += torch.randn(n_outliers, 1) * 5
    is_outlier = torch.zeros(n_samples, dtype=torch.bool)
    is_outlier[outlier_indices] = True
    return x, y, is_outlier


def fit_line(loss_fn, x, y):
    model = nn.Linear(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    for _ in range(1000):
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
    return model.weight.item(), model.bias.item()


def compare_losses(x, y):
    return {
        "MSELoss": fit_line(nn.MSELoss(), x, y),
        "L1Loss": fit_line(nn.L1Loss(), x, y),
        "SmoothL1Loss": fit_line(nn.SmoothL1Loss(), x, y),
    }


def plot_fits(x, y, is_outlier, fits):
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(12, 5))
    plt.subplot(1, 2, 1)
    plt.scatter(x[~is_outlier].numpy(), y[~is_outlier].numpy(), label="Normal data")
    plt.scatter(x[is_outlier].numpy(), y[is_outlier].numpy(), color="red", label="Outliers", marker="x")
    line = torch.linspace(x.min(), x.max(), 100).reshape(-1, 1)
    for name, (weight, bias) in fits.items():
        plt.plot(line.numpy(), (weight * line + bias).numpy(), label=name)
    plt.legend()
    return figure
"""
NOTEBOOK = {
    "focal-loss": NOTEBOOK_FOCAL_LOSS,
    "manual-cross-entropy": NOTEBOOK_CROSS_ENTROPY,
    "outlier-comparison": NOTEBOOK_OUTLIERS,
}


@pytest.fixture(scope="module")
def examiner() -> Iterator[Examiner]:
    with Examiner() as examiner:
        yield examiner


def grade(examiner: Examiner, assignment: Assignment, submissions: list[Submission]) -> list[Grade]:
    graded = dict(grade_submissions(examiner, assignment, read_checks(assignment), submissions, Setup()))
    return [graded[number] for number in range(len(submissions))]


def right_answers(assignment: Assignment) -> bytes:
    return "".join(map(format_answer, assignment.quiz_questions)).encode()


@pytest.mark.parametrize("assignment", ASSIGNMENTS, ids=lambda a: a.id)
def test_the_untouched_stub_scores_nothing_and_breaks_nothing(examiner: Examiner, assignment: Assignment) -> None:
    files = render_stub(assignment, read_checks(assignment))
    kept = {name: content for name, content in files.items() if "/" not in name and not name.endswith((".md", ".json"))}
    (result,) = grade(examiner, assignment, [Submission(kept)])
    assert result.score == 0
    assert result.status is Status.GRADED
    unwritten = {one.id for one in assignment.code_questions if "NotImplementedError" in one.starter}
    for question in result.questions:
        for check in question.checks:
            assert check.outcome is Outcome.FAILED, check
            assert str(check.message).startswith("Not written yet") == (question.id in unwritten), check


@pytest.mark.parametrize("assignment", WITH_CODE, ids=lambda a: a.id)
def test_every_solution_scores_full_marks(examiner: Examiner, assignment: Assignment) -> None:
    solutions = list_solutions(assignment)
    assert len(solutions) >= 2
    submissions = [Submission({name: path.read_bytes() for name, path in files.items()}) for files in solutions]
    if assignment.id in NOTEBOOK:
        submissions.append(Submission({assignment.code_questions[0].file: NOTEBOOK[assignment.id].encode()}))
    results = grade(examiner, assignment, submissions)
    for result in results:
        for question in result.questions:
            if question.kind == "code":
                assert question.score == question.points, [(c.id, c.message, c.detail) for c in question.checks]
                assert question.deferred == 0
    assert results[0].bonus == results[0].bonus_points, "the reference earns the bonus too"
    if assignment.id in NOTEBOOK:
        assert results[-1].bonus < results[-1].bonus_points, "the notebook's way is right, and unstable"


@pytest.mark.parametrize("assignment", ASSIGNMENTS, ids=lambda a: a.id)
def test_right_answers_to_the_quiz_score_full_marks(examiner: Examiner, assignment: Assignment) -> None:
    if not assignment.quiz_questions:
        pytest.skip("has no quiz")
    (result,) = grade(examiner, assignment, [Submission({"answers.yaml": right_answers(assignment)})])
    assert [(q.id, q.score) for q in result.questions if q.kind != "code"] == [
        (q.id, q.points) for q in assignment.quiz_questions
    ]


@pytest.mark.slow
@pytest.mark.parametrize("assignment", WITH_CODE, ids=lambda a: a.id)
def test_grading_twice_gives_the_same_grade(examiner: Examiner, assignment: Assignment) -> None:
    solution = list_solutions(assignment)[-1]
    submission = Submission({name: path.read_bytes() for name, path in solution.items()})
    first, second = grade(examiner, assignment, [submission, submission])
    assert json.dumps(grade_to_json(first)) == json.dumps(grade_to_json(second))


@pytest.mark.parametrize("assignment", WITH_CODE, ids=lambda a: a.id)
def test_there_are_public_and_hidden_checks_with_hints(assignment: Assignment) -> None:
    checks = read_checks(assignment)
    assert {check.visibility for check in checks} == set(Visibility)
    assert all(check.hint for check in checks)


@pytest.mark.parametrize("assignment", ASSIGNMENTS, ids=lambda a: a.id)
def test_every_mistake_has_words_for_the_student(assignment: Assignment) -> None:
    for mistake in assignment.mistakes:
        text = Path(assignment.directory / mistake.file).read_text()
        assert text.startswith('"""'), mistake.id
        assert len(text.split('"""')[1].strip().splitlines()) >= 3, mistake.id
