"""What an author writes into a question with variants: Python expressions and Jinja2 templates over what is drawn.

Authors are trusted as far as their checks are. That an expression may hold no attribute, and so can reach nothing but
numbers, texts, lists and the functions below, and that templates are filled in by Jinja2's sandbox, keeps
assignment.yaml data all the same: it may take its time, but to fetch an assignment reads and sends nothing.
"""

from __future__ import annotations

import ast
import keyword
import math
import re
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from grader.errors import Problem, suggest
from grader.yaml_source import Document, Location

if TYPE_CHECKING:
    from jinja2 import Environment

Value = bool | int | float | str | list["Value"]

_HUGE = 1e300
_NAME = re.compile(r"[A-Za-z]\w*\Z", re.ASCII)
_NODES = (
    ast.Expression, ast.Constant, ast.Name, ast.Load, ast.Store, ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare,
    ast.operator, ast.unaryop, ast.boolop, ast.cmpop, ast.IfExp, ast.List, ast.Tuple, ast.Subscript, ast.Slice,
    ast.Call, ast.keyword, ast.ListComp, ast.GeneratorExp, ast.comprehension,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Formula:
    """A value that differs from student to student: an expression over what is drawn."""

    text: str

    def __bool__(self) -> bool:
        raise TypeError(f"the formula {self.text!r} is no answer yet: grader.variants fills it in for a student")


class FormulaError(Exception):
    """A formula or a template cannot be used; the message is a predicate. ``word`` is what is wrong in it, if known."""

    def __init__(self, message: str, word: str | None = None) -> None:
        super().__init__(message)
        self.word = word


def _sum(numbers: Iterable[float]) -> float:
    """Return a sum that is the same in every version of Python: the built-in one rounds differently since 3.12."""
    numbers = list(numbers)
    return sum(numbers) if all(isinstance(number, int) for number in numbers) else math.fsum(numbers)


_FUNCTIONS: dict[str, object] = {
    "abs": abs, "all": all, "any": any, "enumerate": enumerate, "float": float, "int": int, "len": len, "max": max,
    "min": min, "range": range, "round": round, "sorted": sorted, "sum": _sum, "zip": zip,
}  # fmt: skip
# An author's own names go before these: gamma is a function of math, and a parameter of many a loss.
_KNOWN: dict[str, object] = {name: getattr(math, name) for name in dir(math) if name[0] != "_"} | _FUNCTIONS


def name_fault(name: str) -> str | None:
    """Say why a parameter cannot have a name, or return None."""
    if not _NAME.match(name) or keyword.iskeyword(name) or name.lower() in ("true", "false", "none"):
        return "must be a name such as total or logit_a"
    if name in _FUNCTIONS or name in ("loop", "self"):
        return "must have another name: this one means something already"
    return None


def evaluate(formula: Formula, values: Mapping[str, Value]) -> Value:
    """Return what a formula gives.

    Raises:
        FormulaError: it is none, it fails, or it gives something that no question can hold.
    """
    try:
        code = compile(_parse(formula.text), "<formula>", "eval")
        # Only the kinds of nodes above get here, so nothing but these names can be reached.
        value = eval(code, {"__builtins__": {}, **_KNOWN, **values})  # noqa: S307
    except FormulaError:
        raise
    except Exception as error:
        raise FormulaError(f"cannot be computed: {str(error) or type(error).__name__}") from None
    return _value(value)


def _value(given: object) -> Value:
    if isinstance(given, list | tuple | range):
        return [_value(entry) for entry in given]
    if isinstance(given, int | float) and not abs(given) < _HUGE:
        raise FormulaError(
            f"gives {given if isinstance(given, float) else 'a huge integer'}, which is no usable number"
        )
    if isinstance(given, bool | int | float | str):
        return given
    raise FormulaError(f"gives {type(given).__name__}, and not a number, text, true, false or a list of them")


def _parse(text: str) -> ast.Expression:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tree = ast.parse(text.strip(), mode="eval")
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise FormulaError(f"is not a Python expression: {getattr(error, 'msg', error)}") from None
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            raise FormulaError("must not use a dot: there are numbers, texts and lists, and functions by their names")
        if not isinstance(node, _NODES) or (
            isinstance(node, ast.Constant) and not isinstance(node.value, float | int | str)
        ):
            raise FormulaError(
                f"must not use {ast.unparse(node)!r}: it is an expression of names, numbers and functions"
            )
        if isinstance(node, ast.Name) and node.id.startswith("_"):
            raise FormulaError(f"must not use {node.id!r}: names start with a letter", node.id)
    return tree


def check_formula(formula: Formula, known: Collection[str]) -> Iterator[FormulaError]:
    """Yield what is wrong with a formula over ``known`` names, as far as it shows without values."""
    try:
        tree = _parse(formula.text)
    except FormulaError as error:
        yield error
        return
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    own = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    for name in sorted({node.id for node in names} - own - {*known, *_KNOWN}):
        near = suggest(name, [*known, *_KNOWN]) or f"; known here are {', '.join(known)}"
        yield FormulaError(f"uses {name!r}, which is neither drawn nor computed before{near}", name)


@cache
def _environment() -> Environment:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        autoescape=False,  # no HTML is made here
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    # What gives something else each time is left out.
    environment.globals = {"range": environment.globals["range"]}
    del environment.filters["random"]
    return environment


def fill_template(text: str, values: Mapping[str, Value]) -> str:
    """Return a template with a student's values filled in.

    Raises:
        FormulaError: it is none, or it fails.
    """
    try:
        return _environment().from_string(text).render(values)
    except Exception as error:
        raise FormulaError(f"cannot be filled in: {str(error) or type(error).__name__}") from None


def check_template(text: str, known: Collection[str]) -> Iterator[FormulaError]:
    """Yield what is wrong with a template over ``known`` names, as far as it shows without values."""
    from jinja2 import TemplateError, meta

    environment = _environment()
    try:
        environment.from_string(text)
        names = meta.find_undeclared_variables(environment.parse(text))
    except (TemplateError, RecursionError) as error:
        yield FormulaError(f"is not a template: {error} (line {getattr(error, 'lineno', 1)} of it)")
        return
    for name in sorted(names - {*known, *environment.globals}):
        near = suggest(name, known) or f"; known here are {', '.join(known)}"
        yield FormulaError(f"uses {name!r}, which is neither drawn nor computed{near}", name)


def place(document: Document, location: Location, error: FormulaError, *, template: bool = False) -> Problem:
    """Return an error in a formula or a template as a problem, at the word that is wrong where there is one."""
    message = f"{location[-1]!r} {error}"
    if error.word is None:
        return document.problem(location, message)
    word = rf"(?<![\w.\"'])(?P<word>{re.escape(error.word)})(?!\w)"
    inside = rf"\{{[{{%](?:(?![%}}]\}}).)*?{word}" if template else word
    return document.problem_in(location, re.compile(inside, re.DOTALL), message)
