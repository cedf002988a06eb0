"""Assignment → a Jupyter notebook to work in, rendered from the same templates as the stub's files.

Of an assignment it holds what the stub holds, and no more. The same assignment gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from grader.cells import answer_name
from grader.checks import Check
from grader.language import ENGLISH, speaking
from grader.notebooks import CHECK_TAG, METADATA, TAG
from grader.questions import CodeQuestion, Question
from grader.results import Visibility
from grader.spec import Assignment
from grader.stub import README, list_marker, make_environment, render_stub, tell_checks
from grader.submission import ANSWERS, expected_files, notebook_name

_MAX_CELL_ID = 64  # nbformat's


def render_notebook(
    assignment: Assignment,
    checks: Sequence[Check],
    rules: Sequence[str] = (),
    *,
    course: str | None = None,
    language: str = ENGLISH,
) -> bytes:
    """Return a notebook (nbformat 4.5) that asks what the stub asks, with a cell for each answer.

    ``rules`` are sentences on when and how often to hand in. ``course`` is the folder of the course, where the checks
    are not found without it. All is told in ``language``. Where questions have variants, they must be a student's:
    ``fill_assignment`` comes first.
    """
    with speaking(language):
        cells = _make_cells(assignment, checks, rules)
    # Colab may not keep what the metadata says of the assignment.
    arguments = f'assignment="{assignment.id}"' + (f", course={course!r}" if course is not None else "")
    cells.append(_code("check", f"from grader.notebook import check\n\ncheck({arguments})", CHECK_TAG))
    notebook = {
        "cells": cells,
        "metadata": {
            METADATA: list_marker(assignment),
            "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    # As Jupyter writes it, so that saving it changes no more than what was changed.
    return (json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def _make_cells(assignment: Assignment, checks: Sequence[Check], rules: Sequence[str]) -> list[dict[str, Any]]:
    """Return the cells that ask, and those for the answers."""
    environment = make_environment("stub")
    words: dict[str, Any] = {
        "assignment": assignment,
        "answers_file": ANSWERS,
        "checks": tell_checks(assignment, checks),
        "hidden": any(check.visibility is Visibility.HIDDEN for check in checks),
        "rules": rules,
        "files": expected_files(assignment),
        "notebook": notebook_name(assignment),
        "in_notebook": True,
    }
    cells = [_markdown("start", environment.get_template("notebook_start.md.jinja").render(words))]
    for number, question in enumerate(assignment.questions, 1):
        own = {**words, "question": question, "number": number, "name": answer_name(question.id)}
        cells.append(_markdown(f"ask-{question.id}", environment.get_template("question.md.jinja").render(own)))
        if isinstance(question, CodeQuestion):
            source = question.starter
        else:
            source = environment.get_template("answer.py.jinja").render(own)
        cells.append(_code(f"answer-{question.id}", source, _tag(question)))
    cells.append(_markdown("end", environment.get_template("notebook_end.md.jinja").render(words)))
    return cells


def render_notebook_stub(
    assignment: Assignment,
    checks: Sequence[Check],
    rules: Sequence[str] = (),
    *,
    course: str | None = None,
    language: str = ENGLISH,
) -> Mapping[str, bytes]:
    """Return the files of a stub whose answers are written in a notebook: relative posix name → content.

    See ``render_stub`` and ``render_notebook``.

    Raises:
        InputError: a public check file cannot be read.
    """
    replaced = {README, *expected_files(assignment)}
    files = render_stub(assignment, checks, rules, language=language)
    others = {name: data for name, data in files.items() if name not in replaced}
    notebook = render_notebook(assignment, checks, rules, course=course, language=language)
    return {notebook_name(assignment): notebook, **others}


def _tag(question: Question) -> str:
    return f"{TAG}{question.id}"


def _markdown(name: str, source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": _cell_id(name), "metadata": {}, "source": _lines(source)}


def _code(name: str, source: str, tag: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": _cell_id(name),
        "metadata": {"tags": [tag]},
        "outputs": [],
        "source": _lines(source),
    }


def _cell_id(name: str) -> str:
    """Return an id for a cell: its name, cut and made unique where it is too long."""
    if len(name) <= _MAX_CELL_ID:
        return name
    return f"{name[: _MAX_CELL_ID - 9]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _lines(source: str) -> list[str]:
    lines = source.strip("\n").split("\n")
    return [f"{line}\n" for line in lines[:-1]] + lines[-1:]
