"""Check files → checks, read with ``ast`` and never run.

A check is a pytest function with a title and points::

    @pytest.mark.points(2, hint="What does gamma = 0 leave of the formula?")
    def test_gamma_zero_is_cross_entropy(submission):
        \"\"\"With gamma = 0 it is cross entropy.\"\"\"

Titles, points and hints are literals, so what every check is worth is known before any student code starts.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from grader.errors import Problem, SpecError, reason_of, suggest
from grader.fields import amount, exact, prose
from grader.questions import CodeQuestion
from grader.results import SHADOW, Visibility
from grader.spec import Assignment, parse_python
from grader.yaml_source import Location

CHECK_FOLDERS: Mapping[Visibility, str] = {
    Visibility.PUBLIC: "checks/public",
    Visibility.HIDDEN: "checks/hidden",
}
FINGERPRINT = "fingerprint"  # the function of a file of hidden checks that tells known mistakes
DEVICES = ("cpu", SHADOW, "cuda")
# Others would make pytest skip a check, or mean something that nobody here reads.
KNOWN_MARKS = ("points", "question", "device", "parametrize", "usefixtures", "filterwarnings")


@dataclass(frozen=True, slots=True)
class Check:
    """A check function, as its source tells. ``needs_device`` names the device without which it is deferred.

    ``has_fingerprint``: its file says how the known mistakes of its question are recognised.
    """

    id: str
    title: str
    points: Fraction
    bonus: bool
    hint: str | None
    visibility: Visibility
    question: str
    path: Path
    line: int
    needs_device: str | None = None
    has_fingerprint: bool = False


def read_checks(assignment: Assignment) -> tuple[Check, ...]:
    """Return all checks: the public ones first, files by name, in the order of the source.

    Raises:
        SpecError: with every problem of the check files, and of how they fit assignment.yaml.
    """
    problems: list[Problem] = []
    checks: list[Check] = []
    for visibility, folder in CHECK_FOLDERS.items():
        for path in _check_files(assignment.directory / folder, problems):
            checks += _Reader(path, visibility, assignment, problems).read()
    problems += _misplaced(assignment.directory / "checks")
    problems += _repeated(checks)
    problems += _misplaced_fingerprints(checks)
    if not problems:  # sums of checks that could not be read would only mislead
        problems += assignment.problems(_mismatches(assignment, checks))
    if problems:
        raise SpecError(sorted(problems, key=lambda problem: (str(problem.path), problem.line, problem.column)))
    return tuple(checks)


def _check_files(folder: Path, problems: list[Problem]) -> list[Path]:
    files = sorted(path for path in folder.glob("*.py") if path.is_file())
    misnamed = [path for path in files if path.stem.endswith("_test") and not path.name.startswith("test_")]
    problems += (Problem(path, 1, 1, "a file of checks is called test_*.py") for path in misnamed)
    return [path for path in files if path.name.startswith("test_")]


def _misplaced(folder: Path) -> Iterator[Problem]:
    for path in sorted(folder.glob("test_*.py")):
        yield Problem(path, 1, 1, "a file of checks belongs in checks/public or in checks/hidden")


class _Reader:
    """Reads one check file; what is wrong goes to ``problems``."""

    def __init__(self, path: Path, visibility: Visibility, assignment: Assignment, problems: list[Problem]) -> None:
        self.path = path
        self.visibility = visibility
        self.code_questions = [question.id for question in assignment.code_questions]
        self.problems = problems
        self.has_fingerprint = False

    def read(self) -> list[Check]:
        tree = self.parse()
        if tree is None:
            return []
        for node in _nested_statements(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _is_collected(node.name):
                self.note(node, f"{node.name} is inside another statement: a check stands at the top level")
        module_marks = self.module_marks(tree)
        self.has_fingerprint = self.defines_fingerprint(tree)
        found = (self.statement(node, module_marks) for node in tree.body)
        return [check for check in found if check is not None]

    def parse(self) -> ast.Module | None:
        try:
            return parse_python(self.path.read_bytes().decode("utf-8-sig"))
        except SyntaxError as error:
            place = error.lineno or 1, error.offset or 1
            self.problems.append(Problem(self.path, *place, f"this is not Python: {error.msg}"))
        except UnicodeDecodeError:
            self.problems.append(Problem(self.path, 1, 1, "this is not UTF-8 text: save the file as UTF-8"))
        except OSError as error:
            reason = reason_of(error)
            self.problems.append(Problem(self.path, 1, 1, f"cannot be read: {reason}"))
        return None

    def statement(self, node: ast.stmt, module_marks: Sequence[_Mark]) -> Check | None:
        """Return the check that a top-level statement defines, None where it defines none or is wrong."""
        match node:
            case ast.FunctionDef(name=name) if _is_collected(name) and not _is_fixture(node):
                return self.check(node, module_marks)
            case ast.AsyncFunctionDef(name=name) if _is_collected(name):
                self.note(node, f"{name} is async: a check is a plain function")
            case ast.ClassDef(name=name) if name.startswith("Test"):
                self.note(node, f"{name} is a class of tests: a check is a function at the top level")
            case ast.ImportFrom(names=names) if any(alias.name.startswith("test_") for alias in names):
                self.note(node, "a check is imported here: write it out, for checks are read without being run")
        return None

    def check(self, node: ast.FunctionDef, module_marks: Sequence[_Mark]) -> Check | None:
        known = len(self.problems)
        marks = [mark for decorator in node.decorator_list if (mark := _mark(decorator))]
        for mark in marks:
            self.refuse_unknown(mark)
        title = self.title(node)
        points, bonus, hint = self.points(node, marks)
        question = self.question(node, marks, module_marks)
        device = self.device(marks, module_marks)
        if len(self.problems) > known:
            return None
        return Check(
            id=node.name,
            title=title,
            points=points,
            bonus=bonus,
            hint=hint,
            visibility=self.visibility,
            question=question,
            path=self.path,
            line=node.lineno,
            needs_device=device,
            has_fingerprint=self.has_fingerprint,
        )

    def defines_fingerprint(self, tree: ast.Module) -> bool:
        """Tell whether the file says how mistakes are recognised; note what keeps it from being used."""
        found = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == FINGERPRINT]
        for node in found:
            if len(node.args.args) != 1 or node.decorator_list:
                self.note(node, f"{FINGERPRINT} takes the submission and nothing else, and is no fixture")
            if self.visibility is Visibility.PUBLIC:
                self.note(node, f"{FINGERPRINT} belongs in {CHECK_FOLDERS[Visibility.HIDDEN]}: students get this file")
        return bool(found)

    def title(self, node: ast.FunctionDef) -> str:
        title = (ast.get_docstring(node) or "").strip().partition("\n")[0].strip()
        if not title:
            self.note(node, f"{node.name} has no title: say in its docstring what a student's code must do")
        else:
            self.refuse_unreadable(node, f"the title of {node.name}", title)
        return title

    def points(self, node: ast.FunctionDef, marks: Sequence[_Mark]) -> tuple[Fraction, bool, str | None]:
        """Return points, bonus and hint of @pytest.mark.points(points, *, bonus=False, hint=None)."""
        mark = self.only(marks, "points")
        if mark is None:
            self.note(node, f"{node.name} has no points: put @pytest.mark.points(1) above it")
            return Fraction(0), False, None
        known = len(self.problems)
        given = self.arguments(mark, ("points",), ("bonus", "hint"))
        bonus, hint = given.get("bonus", False), given.get("hint")
        if "points" not in given and len(self.problems) == known:
            self.note(mark.node, "points(…) needs a number, such as points(2)")
        if not isinstance(bonus, bool):
            self.note(mark.node, "'bonus' must be True or False")
        if isinstance(hint, str) and hint.strip():
            self.refuse_unreadable(mark.node, "'hint'", hint)
        elif hint is not None:
            self.note(mark.node, "'hint' must be text that is not empty")
        try:
            points = exact(given.get("points", 0))
        except ValueError as error:
            self.note(mark.node, f"the points of {node.name} {error}")
            points = Fraction(0)
        return points, bool(bonus), hint if isinstance(hint, str) else None

    def question(self, node: ast.FunctionDef, marks: Sequence[_Mark], module_marks: Sequence[_Mark]) -> str:
        """Return the id of the check's code question: its own mark's, the file's, or the only one there is."""
        mark = self.only(marks, "question") or self.only(module_marks, "question")
        if mark is None:
            if len(self.code_questions) == 1:
                return self.code_questions[0]
            several = f"say which with @pytest.mark.question(…): {', '.join(self.code_questions)}"
            self.note(
                node, f"{node.name} belongs to no code question: {several if self.code_questions else 'there is none'}"
            )
            return ""
        question = self.arguments(mark, ("question",)).get("question")
        if not isinstance(question, str):
            self.note(mark.node, "question(…) needs the id of a code question, in quotes")
            return ""
        if question not in self.code_questions:
            known = suggest(question, self.code_questions) or f"; there is {', '.join(self.code_questions) or 'none'}"
            self.note(mark.node, f"no code question {question!r}{known}")
        return question

    def device(self, marks: Sequence[_Mark], module_marks: Sequence[_Mark]) -> str | None:
        mark = self.only(marks, "device") or self.only(module_marks, "device")
        if mark is None:
            return None
        device = self.arguments(mark, ("device",)).get("device")
        if device not in DEVICES:
            self.note(mark.node, f"device(…) needs one of {', '.join(map(repr, DEVICES))}")
            return None
        return str(device)

    def module_marks(self, tree: ast.Module) -> list[_Mark]:
        """Return the marks of ``pytestmark = …`` or ``pytestmark = […]``."""
        marks = []
        for node in tree.body:
            if isinstance(node, ast.Assign) and any(_is_named(target, "pytestmark") for target in node.targets):
                values = node.value.elts if isinstance(node.value, ast.List | ast.Tuple) else [node.value]
                marks += [mark for value in values if (mark := _mark(value))]
        for mark in marks:
            self.refuse_unknown(mark)
            if mark.name == "points":
                self.note(mark.node, "points belong to one check: put them above its 'def'")
        return marks

    def only(self, marks: Iterable[_Mark], name: str) -> _Mark | None:
        found = [mark for mark in marks if mark.name == name]
        for extra in found[1:]:
            self.note(extra.node, f"the mark {name!r} is given twice")
        return found[0] if found else None

    def refuse_unknown(self, mark: _Mark) -> None:
        if mark.name not in KNOWN_MARKS:
            near = suggest(mark.name, KNOWN_MARKS) or f"; the marks of a check are {', '.join(KNOWN_MARKS)}"
            self.note(mark.node, f"unknown mark {mark.name!r}{near}")

    def arguments(self, mark: _Mark, positional: Sequence[str], keywords: Sequence[str] = ()) -> dict[str, Any]:
        """Return the literal arguments of a mark by name; note what is not literal, unknown, or too many."""
        call = mark.node
        if not isinstance(call, ast.Call):
            return {}
        if len(call.args) > len(positional):
            self.note(
                call, f"{mark.name}(…) takes one argument without a name, then {', '.join(keywords) or 'nothing'}"
            )
        given = dict(zip(positional, call.args, strict=False))
        known = (*positional, *keywords)
        for argument in call.keywords:
            if argument.arg in known:
                given[argument.arg] = argument.value
            else:
                near = suggest(argument.arg or "**", known)
                self.note(call, f"{mark.name}(…) does not take {argument.arg or '**'!r}{near}")
        return {name: value for name, node in given.items() if (value := self.literal(node, name)) is not None}

    def refuse_unreadable(self, node: ast.AST, name: str, text: str) -> None:
        try:
            prose(text)
        except ValueError as error:
            self.note(node, f"{name} {error}")

    def literal(self, node: ast.expr, name: str) -> Any:
        try:
            return ast.literal_eval(node)
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError, OverflowError):
            self.note(node, f"{name!r} must be written out here, for checks are read without being run")
            return None

    def note(self, node: ast.AST, message: str) -> None:
        line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
        self.problems.append(Problem(self.path, line, column + 1, message))


@dataclass(frozen=True, slots=True)
class _Mark:
    """``pytest.mark.NAME`` or ``pytest.mark.NAME(…)``."""

    name: str
    node: ast.expr


def _mark(node: ast.expr) -> _Mark | None:
    function = node.func if isinstance(node, ast.Call) else node
    match function:
        case ast.Attribute(value=ast.Attribute(value=ast.Name(id="pytest"), attr="mark") | ast.Name(id="mark")):
            return _Mark(function.attr, node)
    return None


def _is_collected(name: str) -> bool:
    """Tell whether pytest takes a function of this name for a test."""
    return name.startswith("test")


def _nested_statements(tree: ast.Module) -> Iterator[ast.stmt]:
    """Yield the statements in top-level ``if``, ``for``, ``while``, ``with``, ``try`` and ``match`` blocks."""
    waiting: list[ast.AST] = [node for node in tree.body if not isinstance(node, _SCOPES)]
    while waiting:
        for child in ast.iter_child_nodes(waiting.pop()):
            if isinstance(child, ast.stmt):
                yield child
            if isinstance(child, _BLOCKS) and not isinstance(child, _SCOPES):
                waiting.append(child)


_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_BLOCKS = (ast.stmt, ast.ExceptHandler, ast.match_case)


def _is_named(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _is_fixture(node: ast.FunctionDef) -> bool:
    functions = (decorator.func if isinstance(decorator, ast.Call) else decorator for decorator in node.decorator_list)
    return any(isinstance(function, ast.Attribute) and function.attr == "fixture" for function in functions)


def _repeated(checks: Iterable[Check]) -> Iterator[Problem]:
    first: dict[str, Check] = {}
    for check in checks:
        if check.id in first:
            other = first[check.id]
            where = f"{other.path.parent.name}/{other.path.name}, line {other.line}"
            yield Problem(check.path, check.line, 1, f"{check.id} is the name of another check, in {where}")
        first.setdefault(check.id, check)


def _misplaced_fingerprints(checks: Sequence[Check]) -> Iterator[Problem]:
    """Yield fingerprints of which one could not say whose mistakes they tell, or which of two does."""
    questions: dict[Path, set[str]] = {}
    for check in checks:
        if check.has_fingerprint:
            questions.setdefault(check.path, set()).add(check.question)
    first: dict[str, Path] = {}
    for path, names in questions.items():
        if len(names) > 1:
            several = f"{', '.join(sorted(names))}: give each a file of its own"
            yield Problem(path, 1, 1, f"{FINGERPRINT} is for one question, and the checks here are of {several}")
        for name in sorted(names):
            if name in first:
                yield Problem(path, 1, 1, f"{FINGERPRINT} of question {name!r} is in {first[name].name} already")
            first.setdefault(name, path)


def _mismatches(assignment: Assignment, checks: Sequence[Check]) -> Iterator[tuple[Location, str]]:
    """Yield where in assignment.yaml the checks do not fit it, and why."""
    for index, question in enumerate(assignment.questions):
        if isinstance(question, CodeQuestion):
            own = [check for check in checks if check.question == question.id]
            if message := _wrong_points(question, own):
                yield ("questions", index, "points"), message
    names = [check.id for check in checks]
    for index, mistake in enumerate(assignment.mistakes):
        for number, name in enumerate(mistake.caught_by):
            if name not in names:
                message = f"there is no check {name!r}{suggest(name, names)}"
                yield ("mistakes", index, "caught_by", number), message


def _wrong_points(question: CodeQuestion, checks: Sequence[Check]) -> str | None:
    if not checks:
        return f"question {question.id!r} has no checks: put some in {' or '.join(CHECK_FOLDERS.values())}"
    counted = [check for check in checks if not check.bonus]
    total = sum((check.points for check in counted), Fraction(0))
    if total == question.points:
        return None
    listed = ", ".join(f"{check.id} {amount(check.points)}" for check in counted) or "only bonus checks"
    return (
        f"question {question.id!r} has {amount(question.points)} points, its checks add up to {amount(total)}: {listed}"
    )
