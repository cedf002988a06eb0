"""A new assignment that works as it stands, with comments that say what to replace."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from pathlib import Path

from grader.errors import InputError, reason_of
from grader.fields import parse_slug
from grader.files import write_file
from grader.resources import find_data
from grader.spec import COURSE_FILE, load_course
from grader.stub import WrittenStub, make_environment, write_stub

SUFFIX = ".jinja"


def render_assignment(assignment_id: str) -> Mapping[str, bytes]:
    """Return the files of a new assignment: relative posix name → content. Nothing is written.

    Raises:
        InputError: that is no id.
    """
    check_id(assignment_id)
    templates = find_data("templates") / "new"
    environment = make_environment("new")
    function = assignment_id.replace("-", "_")
    if not function.isidentifier() or keyword.iskeyword(function):
        raise InputError(f"{function!r} cannot be a function's name", "choose another id, such as focal-loss")
    names = sorted(path.relative_to(templates).as_posix() for path in templates.rglob(f"*{SUFFIX}"))
    return {
        name.removesuffix(SUFFIX): environment.get_template(name).render(id=assignment_id, function=function).encode()
        for name in names
    }


def add_assignment(course: Path, assignment_id: str) -> WrittenStub:
    """Write a new assignment into a course's folder, and name it in course.yaml, which is made where there is none.

    Raises:
        InputError: that is no id, there is such a folder already, or it cannot be written.
        SpecError: course.yaml is wrong.
    """
    return add_files(course, assignment_id, render_assignment(assignment_id))


def check_id(assignment_id: str) -> str:
    """Return an id that an assignment can have.

    Raises:
        InputError: it is none.
    """
    try:
        return parse_slug(assignment_id)
    except ValueError as error:
        raise InputError(f"an assignment's id {error}") from None


def add_files(course: Path, assignment_id: str, files: Mapping[str, bytes]) -> WrittenStub:
    """Write an assignment's files into a course's folder, and name it in course.yaml, which is made if need be.

    Raises:
        InputError: there is such a folder already, or it cannot be written.
        SpecError: course.yaml is wrong.
    """
    target = course / assignment_id
    if target.exists():
        raise InputError(f"{target} is there already", "choose another id")
    try:
        course.mkdir(parents=True, exist_ok=True)
        listing = course / COURSE_FILE
        if listing.exists():
            text = _append(listing, assignment_id)
        else:
            text = f"title: A course # TODO: how the course is called\nassignments:\n  - {assignment_id}\n"
        written = write_stub(files, target)
        write_file(listing, text.encode())
    except OSError as error:
        raise InputError(f"{course} cannot be written to: {reason_of(error)}") from None
    return written


def _append(listing: Path, assignment_id: str) -> str:
    """Return course.yaml with one more assignment, all else in it as it was."""
    text = listing.read_text(encoding="utf-8")
    assignments = load_course(listing.parent, planned=assignment_id).assignments
    if assignment_id in assignments:
        return text
    last = assignments[-1]
    lines = text.splitlines(keepends=True)
    for number in range(len(lines) - 1, -1, -1):
        if lines[number].strip().partition(" #")[0].strip() == f"- {last}":
            indent = lines[number][: len(lines[number]) - len(lines[number].lstrip())]
            end = "" if lines[number].endswith("\n") else "\n"
            return "".join([*lines[: number + 1], f"{end}{indent}- {assignment_id}\n", *lines[number + 1 :]])
    in_brackets = re.compile(r"^(assignments:\s*\[[^\[\]#]*?),?\s*\]", re.MULTILINE)
    if in_brackets.search(text):
        return in_brackets.sub(rf"\1, {assignment_id}]", text, count=1)
    hint = f"write one assignment per line there, or add {assignment_id} yourself and make its folder elsewhere"
    raise InputError(f"{listing} lists its assignments in a way that cannot be added to", hint)
