"""Examples of known mistakes in code that was handed in, without anything that tells whose it is.

Comments and docstrings are gone, since names stand there; so are strings and names with a part of the student's own.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from grader.display import ELLIPSIS, clean_line, shorten_lines
from grader.errors import GradebookError
from grader.gradebook import Entry, Gradebook
from grader.grading import list_solutions
from grader.roster import Roster
from grader.settlement import Settled
from grader.spec import Assignment, parse_python

EXAMPLES = 2  # of each mistake
MAX_TRIED = 8  # submissions that are opened for them
MAX_LINES = 16
MAX_LINE_LENGTH = 160
MAX_SOURCE_BYTES = 100_000
MAX_STRING_LENGTH = 40
MIN_NAME_LENGTH = 3  # shorter parts of names stand in too many words

Definitions = Mapping[str, str]
_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def find_examples(
    gradebook: Gradebook, assignment: Assignment, settled: Mapping[str, Settled], roster: Roster
) -> dict[str, tuple[str, ...]]:
    """Return up to EXAMPLES pieces of code for each known mistake that code shows: the functions that it is about.

    Submissions are taken in the order of their digests, which says nothing of who they are by. One that cannot be
    loaded, or is no Python, gives no example.
    """
    showing: dict[str, dict[str, tuple[Entry, Sequence[str]]]] = {}
    for one in settled.values():
        if one.entry is None or one.final.grade is None:
            continue
        for found in one.final.grade.diagnoses:
            if found.code:
                showing.setdefault(found.mistake, {})[one.entry.digest] = (one.entry, found.code)
    known = {mistake.id: assignment.directory / mistake.file for mistake in assignment.mistakes}
    files = _read_files(assignment) if showing else {}
    words = {student.id: (student.name or "", (student.email or "").partition("@")[0]) for student in roster.students}
    examples = {}
    for mistake, entries in showing.items():
        names = _names_of_mistake(known[mistake], files) if mistake in known else ()
        pieces: dict[str, None] = {}
        for digest in sorted(entries)[:MAX_TRIED]:
            entry, questions = entries[digest]
            own = [word for student in entry.students for word in (student, *words.get(student, ()))]
            pieces |= dict.fromkeys(_pieces(gradebook, entry, assignment, questions, names, own))
            if len(pieces) >= EXAMPLES:
                break
        examples[mistake] = tuple(pieces)[:EXAMPLES]
    return examples


def strip_source(source: str, own_words: Iterable[str] = ()) -> Definitions:
    """Return the functions and classes of a source by name, methods as ``Class.method``, without comments and names.

    ``own_words`` are the student's id and names. Code outside of functions is left out.

    Raises:
        SyntaxError: it is not Python, or nested too deeply.
    """
    tree = parse_python(source)
    try:
        tree = _Stripper(own_words).visit(tree)
        ast.fix_missing_locations(tree)
        return dict(_definitions(tree))
    except (RecursionError, MemoryError, ValueError) as error:
        raise SyntaxError(str(error) or "nested too deeply") from None


def _pieces(
    gradebook: Gradebook,
    entry: Entry,
    assignment: Assignment,
    questions: Sequence[str],
    names: Sequence[str],
    own_words: Iterable[str],
) -> Iterator[str]:
    try:
        files = gradebook.load(entry).files
    except GradebookError:  # named by `grader gradebook check`; a report does without an example
        return
    asked = {question.file: question for question in assignment.code_questions if question.id in questions}
    for file, question in asked.items():
        source = files.get(file, b"")
        if not source or len(source) > MAX_SOURCE_BYTES:
            continue
        try:
            found = strip_source(source.decode("utf-8", "replace"), own_words)
            given = strip_source(question.starter)
        except SyntaxError:
            continue
        chosen = [found[name] for name in names if name in found]
        chosen = chosen or [text for name, text in found.items() if "." not in name and text != given.get(name)]
        if chosen:
            yield _shorten("\n\n".join(chosen))


def _read_files(assignment: Assignment) -> dict[Path, Definitions]:
    """Return the functions of the solutions and of the known mistakes, by file."""
    files = [path for solution in list_solutions(assignment) for path in solution.values()]
    files += [assignment.directory / mistake.file for mistake in assignment.mistakes]
    return {path: _read_definitions(path) for path in files}


def _names_of_mistake(path: Path, files: Mapping[Path, Definitions]) -> list[str]:
    """Return which functions of a mistake's file are in no other mistake's, and in no solution, as they are there."""
    others = {definition for other, found in files.items() if other != path for definition in found.items()}
    own = files[path]
    return [name for name, text in own.items() if (name, text) not in others and not _holds_another(name, own)]


def _holds_another(name: str, definitions: Definitions) -> bool:
    return any(other.startswith(f"{name}.") for other in definitions)


def _read_definitions(path: Path) -> Definitions:
    try:
        return strip_source(path.read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError):
        return {}


def _definitions(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in tree.body:
        if not isinstance(node, _Definition):
            continue
        yield node.name, ast.unparse(node)
        for part in node.body if isinstance(node, ast.ClassDef) else ():
            if isinstance(part, _Definition):
                yield f"{node.name}.{part.name}", ast.unparse(part)


class _Stripper(ast.NodeTransformer):
    """Takes out docstrings, long strings, and what has a part of the student's name in it."""

    def __init__(self, own_words: Iterable[str]) -> None:
        parts = {part.casefold() for word in own_words for part in re.split(r"[\W_]+", word)}
        self._own = {part for part in parts if len(part) >= MIN_NAME_LENGTH}

    def generic_visit(self, node: ast.AST) -> ast.AST:
        for field in ("body", "orelse", "finalbody"):
            if isinstance(block := getattr(node, field, None), list) and block:
                setattr(node, field, [part for part in block if not _is_text(part)] or [ast.Pass()])
        for field in ("name", "asname", "module", "arg", "rest"):  # of functions, imports, exceptions, patterns
            if isinstance(given := getattr(node, field, None), str):
                setattr(node, field, self._rename(given))
        return super().generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        text = node.value
        hidden = isinstance(text, bytes) or (
            isinstance(text, str) and (len(text) > MAX_STRING_LENGTH or self._tells(text))
        )
        return ast.Constant(ELLIPSIS) if hidden else node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Name(self._rename(node.id), node.ctx)

    def visit_Global(self, node: ast.Global) -> ast.AST:
        return ast.Global([self._rename(name) for name in node.names])

    def visit_Nonlocal(self, node: ast.Nonlocal) -> ast.AST:
        return ast.Nonlocal([self._rename(name) for name in node.names])

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if isinstance(node.value, ast.Name) and node.value.id == "self":  # another's, such as torch.max, are not theirs
            node.attr = self._rename(node.attr)
        return self.generic_visit(node)

    def _rename(self, name: str) -> str:
        parts = re.split(r"[_.]|(?<=[a-z0-9])(?=[A-Z])", name)
        return "name" if any(part.casefold() in self._own for part in parts) else name

    def _tells(self, text: str) -> bool:
        folded = text.casefold()
        return any(part in folded for part in self._own)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _shorten(text: str) -> str:
    return shorten_lines("\n".join(clean_line(line, MAX_LINE_LENGTH) for line in text.splitlines()), MAX_LINES)
