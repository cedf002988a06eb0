"""Assignment → the student's folder: what to read, what to fill in, and the public checks.

What goes into a stub is picked here, and only from what a student may see. Which choice is right, what an answer
is compared with, hidden checks, solutions and mistakes are never handed to a template's output; ``tests/test_stub.py``
plants words in all of them and looks for them in every byte.
"""

from __future__ import annotations

import ast
import json
import os
import shutil
import stat
import textwrap
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from fractions import Fraction
from itertools import count
from pathlib import Path, PurePosixPath

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from grader.checks import CHECK_FOLDERS, Check
from grader.display import count_of
from grader.errors import InputError, reason_of
from grader.fields import amount
from grader.language import ENGLISH, _, plural, speaking
from grader.meaning import starters
from grader.questions import CodeQuestion
from grader.resources import find_data
from grader.results import Visibility
from grader.spec import Assignment, parse_python
from grader.submission import ANSWERS, MARKER

README = "README.md"
CHECKS = "checks"
_WIDTH = 116  # of comments in answers.yaml: an author's own lines are left as they are


@dataclass(frozen=True, slots=True)
class WrittenStub:
    """What ``write_stub`` did: names of the files it wrote, of those that were right already, and the backup."""

    written: tuple[str, ...]
    kept: tuple[str, ...]
    backup: Path | None


@dataclass(frozen=True, slots=True)
class QuestionChecks:
    """What the README tells of a code question's checks."""

    public: tuple[Check, ...]
    hidden_points: Fraction
    bonus: Fraction


def render_stub(
    assignment: Assignment,
    checks: Sequence[Check],
    rules: Sequence[str] = (),
    *,
    language: str = ENGLISH,
    by_push: bool = False,
    command: str = "grader",
) -> Mapping[str, bytes]:
    """Return the files of the stub: relative posix name → content. Nothing is written.

    ``rules`` are sentences on when and how often to hand in, in ``language``, in which all else is told, too. With
    ``by_push`` work is handed in by pushing it to a repository. ``command`` is how ``grader`` is called for its course.

    Where questions have variants, they must be a student's: ``fill_assignment`` comes first.

    Raises:
        InputError: a public check file cannot be read.
    """
    with speaking(language):
        files = _render_texts(assignment, checks, rules, by_push=by_push, command=command)
    files |= _public_checks(assignment)
    files[MARKER] = (json.dumps(list_marker(assignment)) + "\n").encode()
    return files


def _render_texts(
    assignment: Assignment, checks: Sequence[Check], rules: Sequence[str], *, by_push: bool, command: str
) -> dict[str, bytes]:
    environment = make_environment("stub")
    readme = environment.get_template("README.md.jinja")
    told = tell_checks(assignment, checks)
    hidden = any(check.visibility is Visibility.HIDDEN for check in checks)
    told_of = {"checks": told, "hidden": hidden, "answers_file": ANSWERS, "rules": rules, "by_push": by_push}
    told_of["command"] = command
    text = readme.render(assignment=assignment, **told_of)
    files = {README: text.encode()}
    code = environment.get_template("code.py.jinja")
    for name, starter in starters(assignment).items():
        documented = ast.get_docstring(parse_python(starter)) is not None
        text = starter if documented else code.render(assignment=assignment, starter=starter.rstrip())
        files[name] = text.encode()
    if assignment.quiz_questions:
        files[ANSWERS] = environment.get_template("answers.yaml.jinja").render(assignment=assignment).encode()
    return files


def list_marker(assignment: Assignment) -> Mapping[str, object]:
    """Return what a student's folder or notebook says of itself; see ``grader.submission.Marker``."""
    marker: dict[str, object] = {"format": 1, "assignment": assignment.id}
    return marker | ({"student": assignment.student} if assignment.student else {})


def write_stub(files: Mapping[str, bytes], directory: Path, *, force: bool = False) -> WrittenStub:
    """Write a stub into a folder, which is made if need be. Other files in it are left alone.

    A file that is there with other content is a student's work: it is overwritten only with ``force``, after all of
    the stub's files that are there were copied to ``DIRECTORY.backup-1`` (or -2, …) beside the folder. Links are
    never followed. Each file is whole or not there, whatever happens in between.

    Raises:
        InputError: a file was changed and ``force`` is not given (then nothing is written), or the folder cannot be
            written to.
    """
    directory = Path(os.path.abspath(directory))  # noqa: PTH100 - resolve() would follow a link
    try:
        _refuse_odd_folders(files, directory)
        states = {name: _state(directory / name, content) for name, content in files.items()}
        changed = sorted(name for name, state in states.items() if state is _State.CHANGED)
        if changed and not force:
            message = _("{folder} holds files that were changed: {files}", folder=directory, files=", ".join(changed))
            hint = _("give another folder, or use --force: it keeps a copy of your files beside the folder")
            raise InputError(message, hint)
        present = [name for name, state in states.items() if state is not _State.MISSING]
        backup = _back_up(present, directory) if changed else None
        written = tuple(name for name, state in states.items() if state is not _State.SAME)
        for name in written:
            _write(directory / name, files[name])
    except OSError as error:
        raise _cannot_write(directory, error) from None
    return WrittenStub(written, tuple(name for name in files if name not in written), backup)


def make_environment(folder: str) -> Environment:
    """Return what renders the templates of a folder.

    They use <% %> and << >>, which mean nothing in Python's dicts, in LaTeX or in Markdown.
    """
    environment = Environment(
        loader=FileSystemLoader(find_data("templates") / folder),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - no HTML is made here
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
        comment_end_string="#>",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "amount": amount,
        "comment": _comment,
        "alternatives": _alternatives,
        "docstring": _docstring,
        "forbidden": _forbidden,
        "points": _points,
        "seconds": _seconds,
        "what_to_do": _what_to_do,
    }
    environment.globals |= {"_": _, "plural": plural}
    return environment


def tell_checks(assignment: Assignment, checks: Sequence[Check]) -> Mapping[str, QuestionChecks]:
    """Return what a student may know of the checks before handing in, for each code question by its id."""
    return {question.id: _told(question, checks) for question in assignment.code_questions}


def _told(question: CodeQuestion, checks: Sequence[Check]) -> QuestionChecks:
    own = [check for check in checks if check.question == question.id]
    hidden = [check.points for check in own if check.visibility is Visibility.HIDDEN and not check.bonus]
    return QuestionChecks(
        public=tuple(check for check in own if check.visibility is Visibility.PUBLIC),
        hidden_points=sum(hidden, Fraction(0)),
        bonus=sum((check.points for check in own if check.bonus), Fraction(0)),
    )


def _public_checks(assignment: Assignment) -> Mapping[str, bytes]:
    """Return the Python files of checks/public: the checks, and what they import from beside them."""
    folder = assignment.directory / CHECK_FOLDERS[Visibility.PUBLIC]
    try:
        return {f"{CHECKS}/{path.name}": path.read_bytes() for path in sorted(folder.glob("*.py"))}
    except OSError as error:
        reason = reason_of(error)
        raise InputError(f"{error.filename or folder}: cannot be read: {reason}") from None


def _comment(text: str, lead: str = "") -> str:
    """Return text as lines of comment, wrapped; ``lead`` stands before the first line, the others line up with it."""
    lines = list(_wrapped(text.splitlines(), _WIDTH - len(lead)))
    leads = [lead, *[" " * len(lead)] * len(lines)]
    return "\n".join(f"# {before}{line}".rstrip() for before, line in zip(leads, lines, strict=False))


def _wrapped(lines: Sequence[str], width: int) -> Iterator[str]:
    """Yield lines that fit. What is indented or fenced as code stays as it is."""
    fenced = False
    for line in lines:
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        if fenced or line.startswith("    ") or len(line) <= width:
            yield line
            continue
        indent = " " * (len(line) - len(line.lstrip()))
        yield from textwrap.wrap(line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _docstring(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _points(points: Fraction) -> str:
    return plural("{amount} point", "{amount} points", count_of(points), amount=amount(points))


def _seconds(number: float) -> str:
    count = count_of(Fraction(number))
    return plural("{amount} second", "{amount} seconds", count, amount=f"{number:g}")


def _alternatives(files: Sequence[str]) -> str:
    word = _("or")
    return f" {word} ".join(f"`{file}`" for file in files)


def _what_to_do(question: CodeQuestion, in_notebook: bool) -> str:
    """Return what is to be done with a question's starter, and where."""
    told = {"what": ", ".join(_names(question.starter)) or _("your answer"), "file": question.file}
    if _is_finished(question.starter):
        return _("Mend {what} in the cell below.", **told) if in_notebook else _("Mend {what} in `{file}`.", **told)
    return _("Write {what} in the cell below.", **told) if in_notebook else _("Write {what} in `{file}`.", **told)


def _names(starter: str) -> list[str]:
    """Return the functions and classes that a starter defines, as Markdown."""
    defined = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    names = [node.name for node in parse_python(starter).body if isinstance(node, defined)]
    return [f"`{name}`" for name in names if not name.startswith("_")]


def _is_finished(starter: str) -> bool:
    """Does a starter hold finished functions? They are wrong, and to be mended."""
    functions = [node for node in ast.walk(parse_python(starter)) if isinstance(node, ast.FunctionDef)]
    return bool(functions) and all(not _is_left_open(function.body[-1]) for function in functions)


def _is_left_open(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Raise | ast.Pass) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )


def _forbidden(names: Sequence[str]) -> str:
    """Return names as Markdown. torch has many a function in several places: it is named once."""
    torch, others = [], []
    for name in names:
        root, _dot, rest = name.partition(".")
        if root == "torch":
            torch.append(f"`{rest.rpartition('.')[2] or root}`")
        else:
            others.append(f"`{name}`")
    listed = ", ".join(dict.fromkeys(torch))
    told = [_("{names} of torch, by whatever name", names=listed)] if torch else []
    return "; ".join([*told, *([", ".join(others)] if others else [])])


def _refuse_odd_folders(files: Mapping[str, bytes], directory: Path) -> None:
    """Refuse a target, or a folder in it, that is a link or no folder."""
    names = [PurePosixPath(name) for name in files]
    if any(name.is_absolute() or ".." in name.parts for name in names):
        raise ValueError("a stub's files have names relative to its folder")
    if not directory.name:
        message = _("{folder} is no place for an assignment", folder=directory)
        raise InputError(message, _("give a folder of its own"))
    inside = {parent for name in names for parent in name.parents}
    for folder in sorted(directory / parent for parent in inside):
        if folder.is_symlink():
            message = _("{folder} is a link: nothing is written through links", folder=folder)
            raise InputError(message, _("give the real folder"))
        if folder.exists() and not folder.is_dir():
            message = _("{folder} is a file, and a folder must go there", folder=folder)
            raise InputError(message, _("give another folder"))


class _State(Enum):
    MISSING = auto()
    SAME = auto()
    CHANGED = auto()


def _state(path: Path, content: bytes) -> _State:
    """Compare a file with what would be written. A link is a change, wherever it points."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return _State.MISSING
    if stat.S_ISLNK(status.st_mode):
        return _State.CHANGED
    if not stat.S_ISREG(status.st_mode):
        message = _("{path} is in the way: it is not a file", path=path)
        raise InputError(message, _("move it away, or give another folder"))
    same = status.st_size == len(content) and path.read_bytes() == content
    return _State.SAME if same else _State.CHANGED


def _back_up(names: Sequence[str], directory: Path) -> Path:
    """Copy files to a new folder beside theirs, links as links, and return it."""
    for number in count(1):
        backup = directory.with_name(f"{directory.name}.backup-{number}")
        with suppress(FileExistsError):
            backup.mkdir()
            break
    for name in names:
        (backup / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(directory / name, backup / name, follow_symlinks=False)
    return backup


def _write(path: Path, content: bytes) -> None:
    """Write a file so that it is either whole or not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with temporary.open("xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except OSError:
        with suppress(OSError):
            temporary.unlink()
        raise


def _cannot_write(directory: Path, error: OSError) -> InputError:
    reason = reason_of(error)
    return InputError(
        _("{path}: cannot be written: {reason}", path=error.filename or directory, reason=reason),
        _("free some space, or give a folder that you may write to"),
    )
