"""Formulas and templates of variants: what an author writes in assignment.yaml, looked at, worked out and filled in.

A formula is a Python expression. Its author is trusted as the author of checks is; that only some kinds of expressions
are taken (no attributes, so no way to anything but numbers, texts and lists) keeps assignment.yaml data: listing or
fetching a stranger's assignment runs nothing that could do harm, and what is wrong is found before anything is drawn.
Templates are Jinja2 in its sandbox, for the same reason. What is not data stands in ``variants.py``.
"""

from __future__ import annotations

import ast
import keyword
import math
import operator
import re
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING

from grader.errors import InputError, Problem, suggest
from grader.yaml_source import Document, Location

if TYPE_CHECKING:
    from jinja2 import Template
    from jinja2.sandbox import ImmutableSandboxedEnvironment

Value = bool | int | float | str | list["Value"]
Function = Callable[..., object]

FUNCTIONS_FILE = "variants.py"
MAX_FORMULA_LENGTH = 1_000
MAX_RANGE = 100_000
MAX_BITS = 100_000  # of a power

_NAME = re.compile(r"[A-Za-z]\w*\Z", re.ASCII)
_TEMPLATE_PARTS = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_NODES = (
    ast.Expression, ast.Constant, ast.Name, ast.Load, ast.Store, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare,
    ast.operator, ast.unaryop, ast.boolop, ast.cmpop, ast.IfExp, ast.List, ast.Tuple, ast.Subscript, ast.Slice, ast.Call,
    ast.keyword, ast.ListComp, ast.GeneratorExp, ast.comprehension,
)  # fmt: skip
_NOT_TAKEN = {
    ast.Attribute: "a dot: there are numbers, texts and lists only",
    ast.Set: "braces: write a name as it is, such as total, for this is a formula and no template",
    ast.Dict: "braces: write a name as it is, such as total, for this is a formula and no template",
    ast.JoinedStr: "an f-string: put the text into the prompt",
    ast.Lambda: f"a lambda: write a function in {FUNCTIONS_FILE}",
    ast.NamedExpr: "':=': give it a line of its own",
    ast.Starred: "a star",
}
# What would give everybody another question each time.
_NOT_THE_SAME_TWICE = frozenset({"random", "secrets", "uuid", "time", "datetime"})
_NOT_FILTERS = ("random",)


@dataclass(frozen=True, slots=True)
class Formula:
    """A value that differs from student to student: an expression over what is drawn."""

    text: str

    def __bool__(self) -> bool:
        raise TypeError(f"the formula {self.text!r} is no answer yet: grader.variants fills it in for a student")


class FormulaError(Exception):
    """A formula or a template cannot be worked out; says why. ``word`` is what to look for, ``line`` where, if known."""

    def __init__(self, message: str, word: str | None = None, line: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.word = word
        self.line = line


def _power(base: float, exponent: float) -> float:
    bits = base.bit_length() * exponent if isinstance(base, int) and isinstance(exponent, int) else 0
    if bits > MAX_BITS:
        raise OverflowError("a power that is too large")
    value: float = operator.pow(base, exponent)
    return value


def _range(*bounds: int) -> list[int]:
    numbers = range(*bounds)
    if len(numbers) > MAX_RANGE:
        raise OverflowError(f"a range of more than {MAX_RANGE:,} numbers")
    return list(numbers)


_BUILTINS: Mapping[str, Function] = {
    "abs": abs, "min": min, "max": max, "sum": sum, "round": round, "len": len, "sorted": sorted, "range": _range,
    "int": int, "float": float, "zip": zip, "enumerate": enumerate, "any": any, "all": all,
}  # fmt: skip
# Names of an author's own go before these: gamma is a function of math, and a parameter of many a loss.
_KNOWN: Mapping[str, object] = {name: getattr(math, name) for name in dir(math) if name[0] != "_"} | _BUILTINS


# Names.


def name_fault(name: str) -> str | None:
    """Say why a parameter cannot have a name, or return None."""
    if not _NAME.match(name) or keyword.iskeyword(name) or name.lower() in ("true", "false", "none"):
        return "must be a name such as total or logit_a"
    if name in _BUILTINS or name in ("self", "loop"):
        return "must be another name: this one already means something"
    return None


# Formulas.


@lru_cache(maxsize=512)
def _parse(text: str) -> ast.Expression:
    if len(text) > MAX_FORMULA_LENGTH:
        raise FormulaError(f"is longer than {MAX_FORMULA_LENGTH:,} characters: put it into a function in variants.py")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tree = ast.parse(text.strip(), mode="eval")
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise FormulaError(f"is not a Python expression: {getattr(error, 'msg', error)}") from None
    for node in ast.walk(tree):
        if not isinstance(node, _NODES) or (isinstance(node, ast.Constant) and not _is_value(node.value)):
            what = _NOT_TAKEN.get(type(node), f"{ast.unparse(node)!r}")
            raise FormulaError(f"must not use {what}")
        if isinstance(node, ast.Name) and node.id.startswith("_"):
            raise FormulaError(f"must not use {node.id!r}: names start with a letter", node.id)
        if isinstance(node, ast.Call) and not isinstance(node.func, ast.Name):
            raise FormulaError("must call functions by their names")
    return tree


def formula_names(text: str) -> set[str]:
    """Return the names that a formula needs, functions among them.

    Raises:
        FormulaError: it is not a formula.
    """
    names = [node for node in ast.walk(_parse(text)) if isinstance(node, ast.Name)]
    own = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    return {node.id for node in names} - own


class _SafePowers(ast.NodeTransformer):
    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:  # noqa: N802 - as ast calls it
        self.generic_visit(node)
        if not isinstance(node.op, ast.Pow):
            return node
        return ast.copy_location(ast.Call(ast.Name("_power", ast.Load()), [node.left, node.right], []), node)


@lru_cache(maxsize=512)
def _compile(text: str) -> CodeType:
    _parse(text)
    tree = _SafePowers().visit(ast.parse(text.strip(), mode="eval"))
    return compile(ast.fix_missing_locations(tree), "<formula>", "eval")


def evaluate(text: str, values: Mapping[str, Value], functions: Mapping[str, Function]) -> Value:
    """Return what a formula gives.

    Raises:
        FormulaError: it is none, it fails, or it gives something that no question can hold.
    """
    names = {"__builtins__": {}, **_KNOWN, "_power": _power, **functions, **values}
    try:
        code = _compile(text)
        value = eval(code, names)  # noqa: S307 - an author's, of the kinds of expressions that are taken
    except FormulaError:
        raise
    except Exception as error:
        raise FormulaError(f"fails: {_say(error)}") from None
    return _to_value(value)


def _say(error: Exception) -> str:
    """Return what went wrong, and in which line of variants.py."""
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename.endswith(FUNCTIONS_FILE):
            line = trace.tb_lineno
        trace = trace.tb_next
    where = f" ({FUNCTIONS_FILE}:{line})" if line is not None else ""
    return f"{str(error) or type(error).__name__}{where}"


def _is_value(value: object) -> bool:
    return isinstance(value, bool | int | float | str)


def _to_value(given: object) -> Value:
    if isinstance(given, list | tuple):
        return [_to_value(entry) for entry in given]
    if isinstance(given, float) and not math.isfinite(given):
        raise FormulaError(f"gives {given}, which is no finite number")
    if isinstance(given, bool | int | float | str):
        return given
    raise FormulaError(f"gives {type(given).__name__}, and not a number, text, true, false or a list of them")


# Templates.


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - no HTML is made here
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals = {"range": environment.globals["range"]}
    for name in _NOT_FILTERS:
        del environment.filters[name]
    return environment


@lru_cache(maxsize=512)
def _template(text: str) -> Template:
    return _environment().from_string(text)


def fill(text: str, values: Mapping[str, Value]) -> str:
    """Return a template with a student's values filled in.

    Raises:
        FormulaError: it is none, or it fails.
    """
    try:
        return _template(text).render(values)
    except Exception as error:
        raise FormulaError(f"cannot be filled in: {_say(error)}") from None


def _template_problems(text: str, known: Iterable[str]) -> Iterator[FormulaError]:
    from jinja2 import TemplateError, meta, nodes

    environment, known = _environment(), list(known)
    try:
        tree = environment.parse(text)
    except (TemplateError, RecursionError) as error:
        yield FormulaError(f"is not a template: {error}", line=getattr(error, "lineno", None))
        return
    for name in sorted(meta.find_undeclared_variables(tree) - {*known, *environment.globals}):
        near = suggest(name, known) or f"; there are {', '.join(known)}"
        yield FormulaError(f"uses {name!r}, which is neither drawn nor computed{near}", name)
    for node in tree.find_all((nodes.Filter, nodes.Test)):
        there = environment.filters if isinstance(node, nodes.Filter) else environment.tests
        if isinstance(node, nodes.Filter | nodes.Test) and node.name not in there:
            what = "filter" if isinstance(node, nodes.Filter) else "test"
            yield FormulaError(
                f"uses the {what} {node.name!r}, which there is not{suggest(node.name, there)}", node.name
            )
    if tree.find((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)):
        yield FormulaError("is not a template: other files cannot be taken in here")


# What can be seen to be wrong before anything is drawn.


@dataclass(frozen=True, slots=True)
class Texts:
    """What of a question differs from student to student, each by where it stands in the document."""

    drawn: Mapping[str, Location]
    computed: Mapping[str, tuple[Location, str]]
    formulas: Mapping[Location, str]
    templates: Mapping[Location, str]


def find_faults(texts: Texts, document: Document, functions: Iterable[str]) -> Iterator[Problem]:
    """Yield what is wrong with the names, the formulas and the templates of a question's variants."""
    places = dict(texts.drawn) | {name: location for name, (location, _) in texts.computed.items()}
    for name, location in places.items():
        if (fault := name_fault(name)) is not None:
            yield document.problem(location, f"the parameter {name!r} {fault}", key=True)
    for name in texts.drawn.keys() & texts.computed.keys():
        location, _ = texts.computed[name]
        yield document.problem(location, f"{name!r} is drawn already: give what is computed another name", key=True)
    known = list(texts.drawn)
    for name, (location, formula) in texts.computed.items():
        yield from _formula_faults(location, formula, known, [*texts.computed], functions, document)
        known.append(name)
    for location, formula in texts.formulas.items():
        yield from _formula_faults(location, formula, known, [], functions, document)
    for location, template in texts.templates.items():
        for error in _template_problems(template, known):
            yield _place(document, location, error, template=True)


def _formula_faults(
    location: Location,
    formula: str,
    known: Iterable[str],
    later: Iterable[str],
    functions: Iterable[str],
    document: Document,
) -> Iterator[Problem]:
    known, functions = list(known), list(functions)
    try:
        names = formula_names(formula)
    except FormulaError as error:
        yield _place(document, location, error)
        return
    for name in sorted(names - {*known, *functions, *_KNOWN}):
        if name in later:
            advice = " yet: it is computed further down, or here"
        else:
            advice = suggest(name, [*known, *functions, *_KNOWN]) or f"; there are {', '.join([*known, *functions])}"
        message = f"uses {name!r}, which is not there{advice}"
        yield _place(document, location, FormulaError(message, name))


def _place(document: Document, location: Location, error: FormulaError, *, template: bool = False) -> Problem:
    """Return an error in a formula or a template as a problem, as near to it as can be told."""
    said = f"{location[-1]!r} {error.message}"
    start, end = document.span(location)
    if error.word is not None:
        parts = [match.span() for match in _TEMPLATE_PARTS.finditer(document.source, start, end)]
        pattern = re.compile(rf"(?<![\w.\"']){re.escape(error.word)}(?!\w)")
        for part in parts if template else [(start, end)]:
            if match := pattern.search(document.source, *part):
                return document.problem_at(match.start(), said)
    line, column = document.locate(location)
    if error.line is not None and document.source[start : start + 1] == "|":
        return Problem(document.path, line + error.line, 1, said)
    return Problem(document.path, line, column, said)


# An author's own functions.


def read_functions_source(path: Path) -> tuple[list[str], list[Problem]]:
    """Return the names of the functions that an author's variants.py defines, and what is wrong with it.

    It is only read here, not run.
    """
    try:
        tree = _parse_file(path)
    except FileNotFoundError:
        return [], []
    except SyntaxError as error:
        return [], [Problem(path, error.lineno or 1, error.offset or 1, f"this is not Python: {error.msg}")]
    problems = []
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or "."] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            top = name.partition(".")[0]
            if top not in sys.stdlib_module_names:
                message = f"imports {name}: only Python's own library is there when questions are drawn"
                problems.append(Problem(path, node.lineno, node.col_offset + 1, message))
            elif top in _NOT_THE_SAME_TWICE:
                message = f"imports {name}: a student must get the same question every time; draw it under 'variants'"
                problems.append(Problem(path, node.lineno, node.col_offset + 1, message))
    return [node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name[0] != "_"], problems


def load_functions(path: Path) -> Mapping[str, Function]:
    """Run an author's variants.py, where there is one, and return its functions.

    Raises:
        InputError: it fails.
    """
    names, _ = read_functions_source(path)
    if not names:
        return {}
    space: dict[str, object] = {"__name__": "variants", "__file__": str(path)}
    try:
        # The author's, as trusted as the checks; it is no module, so that two assignments' do not meet.
        exec(compile(path.read_bytes(), str(path), "exec"), space)  # noqa: S102
    except Exception as error:
        raise InputError(f"{path}: fails when it is run: {_say(error)}", "run it with python to see where") from None
    return {name: value for name in names if callable(value := space[name])}


def _parse_file(path: Path) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(path.read_bytes())
        except (ValueError, RecursionError, MemoryError) as error:
            raise SyntaxError(str(error) or "nested too deeply") from None
