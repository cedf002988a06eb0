"""What a student's files say, whatever their comments: is anything filled in, and do two files say the same?"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import TYPE_CHECKING

from grader.errors import SpecError
from grader.language import _
from grader.places import listed, shown
from grader.spec import parse_python
from grader.yaml_source import parse_bytes

if TYPE_CHECKING:
    from grader.spec import Assignment


def find_missing(files: Mapping[str, bytes], assignment: Assignment) -> list[str]:
    """Return which files that are asked for are not there, and what is there in their place."""
    asked = dict.fromkeys(question.file for question in assignment.code_questions)
    others = [name for name in files if name.endswith(".py") and name not in asked]
    missing = [name for name in asked if name not in files]
    if not others:
        return [_("{file} is missing", file=name) for name in missing]
    return [
        _("{file} is missing; is it {names}, under another name?", file=name, names=listed(others)) for name in missing
    ]


def find_doubts(files: Mapping[str, bytes], assignment: Assignment) -> list[str]:
    """Return what makes it doubtful that work is meant to be handed in.

    Code is missing, is as it was fetched, or is no Python; or there is no answer in the quiz.
    """
    doubts = find_missing(files, assignment)
    if assignment.quiz_questions and not any(name.endswith(".yaml") for name in read_meaning(files)):
        doubts.append(_("no question of the quiz is answered"))
    stub = meaning_of_stub(assignment)
    for name in (name for name in stub if name in files):
        try:
            if _meaning_of_code(files[name]) == stub[name]:
                doubts.append(_("{file} is as it was fetched: nothing is filled in", file=name))
        except (SyntaxError, ValueError, RecursionError) as error:
            line, said = getattr(error, "lineno", None) or 1, getattr(error, "msg", None) or str(error)
            doubts.append(_("{file}:{line} is no Python: {reason}", file=name, line=line, reason=shown(said)))
    return doubts


def is_untouched(given: Mapping[str, bytes], assignment: Assignment) -> bool:
    """Say whether files are as they were fetched, but for comments."""
    theirs, stub = read_meaning(given), meaning_of_stub(assignment)
    return all(theirs.get(file) == stub.get(file) for file in given)


def meaning_of_stub(assignment: Assignment) -> Mapping[str, object]:
    """Return what the files of an assignment say before anything is filled in; see ``read_meaning``."""
    return read_meaning({file: text.encode() for file, text in starters(assignment).items()})


def starters(assignment: Assignment) -> Mapping[str, str]:
    """Return file name → what it holds at first. Questions that share a file follow each other in it."""
    found: dict[str, str] = {}
    for question in assignment.code_questions:
        own = question.starter.strip("\n") + "\n"
        found[question.file] = f"{found[question.file]}\n\n{own}" if question.file in found else own
    return found


def read_meaning(files: Mapping[str, bytes]) -> Mapping[str, object]:
    """Return what files say, without comments, docstring and what is left empty; bytes where it cannot be read."""
    found: dict[str, object] = {}
    for name, content in files.items():
        try:
            found[name] = _meaning_of_answers(name, content) if name.endswith(".yaml") else _meaning_of_code(content)
        except (SpecError, SyntaxError, RecursionError):
            found[name] = content
    return {name: meaning for name, meaning in found.items() if meaning}


def _meaning_of_answers(name: str, content: bytes) -> object:
    value = parse_bytes(content, name).value
    return {name: one for name, one in value.items() if one is not None} if isinstance(value, dict) else value


def _meaning_of_code(content: bytes) -> object:
    tree = parse_python(content)
    has_docstring = ast.get_docstring(tree, clean=False) is not None
    return [ast.dump(node) for node in tree.body[has_docstring:]]
