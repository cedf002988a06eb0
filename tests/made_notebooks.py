"""Notebooks that tests write and change, as students would."""

from __future__ import annotations

import ast
import copy
import json
from collections.abc import Mapping, Sequence
from typing import Any

from grader.cells import answer_name, contract_names
from grader.spec import Assignment

Book = dict[str, Any]


def code(source: str, *tags: str, **more: object) -> Book:
    metadata = {"tags": [f"grader:{tag}" for tag in tags]}
    return {"cell_type": "code", "metadata": metadata, "outputs": [], "source": source, "execution_count": None, **more}


def book(*cells: Book | str, marker: Mapping[str, object] | None = None) -> Book:
    """Return a notebook with these cells; a string is a code cell without tags."""
    made = [code(cell) if isinstance(cell, str) else cell for cell in cells]
    metadata = {} if marker is None else {"grader": dict(marker)}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": made}


def dump(notebook: Book) -> bytes:
    return json.dumps(notebook).encode()


def tagged(notebook: Book, question: str) -> Book:
    """Return the cell that answers a question."""
    tag = f"grader:{question}"
    cells: list[Book] = notebook["cells"]
    (cell,) = (cell for cell in cells if tag in cell["metadata"].get("tags", ()))
    return cell


def solve(rendered: bytes, assignment: Assignment, solution: Mapping[str, str], answers: Mapping[str, str]) -> Book:
    """Return a notebook with a solution in its tagged cells and answers, as Python, after the names of the quiz's.

    What a solution defines goes into the cell of the question that asks for it, all else into the first of its file.
    """
    notebook: Book = copy.deepcopy(json.loads(rendered))
    for file, source in solution.items():
        questions = [question for question in assignment.code_questions if question.file == file]
        home = {name: question.id for question in questions for name in contract_names(question)}
        parts: dict[str, list[str]] = {question.id: [] for question in questions}
        lines = source.split("\n")
        end = 0
        for node in ast.parse(source).body:
            target = home.get(getattr(node, "name", ""), questions[0].id)
            parts[target].append("\n".join(lines[end : node.end_lineno]))
            end = node.end_lineno or end
        for question_id, own in parts.items():
            tagged(notebook, question_id)["source"] = "\n".join(own)
    for question_id, answer in answers.items():
        tagged(notebook, question_id)["source"] = f"{answer_name(question_id)} = {answer}"
    return notebook


def without_tags(notebook: Book) -> Book:
    changed = copy.deepcopy(notebook)
    for cell in changed["cells"]:
        cell["metadata"] = {}
    return changed


def sources(notebook: Book, kind: str) -> Sequence[str]:
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == kind]
