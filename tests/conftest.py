"""Fixtures that several test files share.

``write_assignment`` writes a small, sound assignment into tmp_path: a code question with a public and a hidden check,
and one question of every quiz kind. Tests of what goes wrong change one thing of it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.browser import chromium, visit

__all__ = ["chromium", "visit"]

os.environ["GRADER_LANGUAGE"] = "en"  # what tests expect, whoever runs them

ASSIGNMENT = """\
format: 1
id: mean-loss
title: Write a mean loss
summary: Average what each example costs.
topics: [reductions]
limits: {seconds: 30, check_seconds: 4, memory_mb: 1024}
questions:
  - id: mean-loss
    kind: code
    points: 3
    title: The mean
    prompt: |
      Write `mean_loss(values)`, the mean $\\frac{1}{n} \\sum_i x_i$.
    file: mean_loss.py
    starter: |
      def mean_loss(values):
          \"\"\"Return the mean of values.\"\"\"
          raise NotImplementedError
    forbid: [statistics.mean]
  - id: why-mean
    kind: choice
    points: 1
    prompt: Why a mean and not a sum?
    choices:
      - {text: It does not grow with the batch., correct: true, why: That is it.}
      - {text: It is cheaper., mistake: sum-for-mean, why: It costs one division more.}
      - {text: It is never negative.}
  - id: reductions
    kind: multiple_choice
    points: 2
    scoring: proportional
    prompt: Which are reductions?
    choices:
      - {text: mean, correct: true}
      - {text: sum, correct: true}
      - {text: exp}
  - {id: by-hand, kind: numeric, points: 0.5, prompt: "The mean of 1, 2 and 6?", correct: 3, tolerance: 0.01}
  - {id: in-words, kind: text, points: 0.1, prompt: Another word for mean?, accept: [average]}
mistakes:
  - {id: sum-for-mean, file: mistakes/sum_for_mean.py, caught_by: [test_of_two]}
"""

FILES = {
    "checks/public/test_public.py": '''\
import pytest


@pytest.mark.points(1, hint="What is the mean of one number?")
def test_of_one(submission):
    """The mean of one number is that number."""
    assert submission.mean_loss([2.0]) == 2.0
''',
    "checks/hidden/test_hidden.py": '''\
import pytest


@pytest.mark.points(2)
def test_of_two(submission):
    """The mean of two numbers lies between them."""
    assert submission.mean_loss([1.0, 2.0]) == 1.5


@pytest.mark.points(1, bonus=True)
def test_of_none(submission):
    """The mean of nothing is 0."""
    assert submission.mean_loss([]) == 0.0
''',
    "solutions/plain.py": "def mean_loss(values):\n    return sum(values) / len(values) if values else 0.0\n",
    "mistakes/sum_for_mean.py": '"""This is the sum: divide it by how many there are."""\n\n\ndef mean_loss(values):\n'
    "    return sum(values)\n",
}


@pytest.fixture
def write_assignment(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes an assignment and returns its folder.

    ``yaml`` replaces assignment.yaml; ``files`` adds or replaces files, a name with None leaves one out.
    """

    def write(
        yaml: str | bytes = ASSIGNMENT, files: Mapping[str, str | None] | None = None, name: str = "mean-loss"
    ) -> Path:
        directory = tmp_path / name
        directory.mkdir()
        (directory / "assignment.yaml").write_bytes(yaml if isinstance(yaml, bytes) else yaml.encode())
        for file, content in {**FILES, **(files or {})}.items():
            if content is not None:
                (directory / file).parent.mkdir(parents=True, exist_ok=True)
                (directory / file).write_text(content)
        return directory

    return write


@pytest.fixture
def assignment_yaml() -> str:
    """The assignment.yaml that ``write_assignment`` writes, to change one thing of."""
    return ASSIGNMENT
