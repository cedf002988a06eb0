"""Wrong programs made from a right one: small changes to a reference solution, which good checks must notice.

There are two families. A *result mutant* leaves the solution as it is and spoils what one of its functions returns:
zeros, NaN, its input, a wrong dtype. An *operator mutant* changes one operator, number or reduction in its source. Some
of these compute the same as before; an author says so, with a reason, under ``equivalent_mutants`` in assignment.yaml.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

APPLIED = "the mutant was at work"  # printed once, when a result is first spoilt
IDLE = "the mutant had a tensor to spoil"  # printed once, when tensors first go in and come out

# What is done to one tensor; numbers in a result are taken for tensors of one element.
RESULT_CHANGES = {
    "returns zeros": "torch.zeros_like(result)",
    "returns NaN": "torch.full_like(result, float('nan')) if result.is_floating_point() else result",
    "returns its input": "next((one for one in inputs if one.is_floating_point()), result)",
    "returns a constant": "torch.full_like(result, 0.5) if result.is_floating_point() else torch.ones_like(result)",
    "returns a value without its gradient": "result.detach()",
    "returns another dtype": "result.to(torch.float32 if result.dtype == torch.float64 else torch.float64)",
    "returns the sum, not the mean": "result * len(inputs[0]) if inputs and inputs[0].ndim else result",
    "returns the negative": "-result if result.is_floating_point() else result",
    "computes in float32": "result",  # its inputs are changed instead, see _WRAPPER
}

_WRAPPER = """

def _spoil(function):
    import functools
    import torch

    def change(result, inputs):
        return {change}

    def spoil(value, inputs):
        if isinstance(value, torch.Tensor):
            if value.is_floating_point() and any(one.is_floating_point() for one in inputs):
                tell(idle, {idle!r})
            spoilt = change(value, inputs)
            same = spoilt is value or (
                spoilt.dtype == value.dtype and spoilt.shape == value.shape
                and spoilt.requires_grad == value.requires_grad and torch.equal(spoilt, value)
            )
            if not same:
                tell(applied, {applied!r})
            return value if same else spoilt
        if isinstance(value, float):  # it stays a number: of an input, the first
            spoilt = change(torch.tensor(value, dtype=torch.float64), inputs).flatten()[:1]
            if not spoilt.numel() or spoilt.item() == value:
                return value
            tell(applied, {applied!r})
            return spoilt.item()
        if isinstance(value, (list, tuple)) and type(value) in (list, tuple):
            return type(value)([spoil(one, inputs) for one in value])
        if type(value) is dict:
            return {{key: spoil(one, inputs) for key, one in value.items()}}
        return value

    def tell(told, words):
        if not told:
            told.append(True)
            print(words, flush=True)

    def narrow(value):
        if {narrows} and isinstance(value, torch.Tensor) and value.dtype == torch.float64:
            tell(applied, {applied!r})
            wide.append(True)
            return value.float()
        return value

    def widen(value):
        return value.double() if wide and isinstance(value, torch.Tensor) and value.dtype == torch.float32 else value

    applied, idle, wide = [], [], []

    @functools.wraps(function)
    def spoiling(*arguments, **keywords):
        wide.clear()
        arguments = [narrow(one) for one in arguments]
        keywords = {{name: narrow(one) for name, one in keywords.items()}}
        inputs = [one for one in (*arguments, *keywords.values()) if isinstance(one, torch.Tensor)]
        return spoil(widen(function(*arguments, **keywords)), inputs)

    return spoiling


{name} = _spoil({name})
"""

_OPERATORS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult, ast.And: ast.Or, ast.Or: ast.And, ast.Lt: ast.GtE, ast.LtE: ast.Gt, ast.Gt: ast.LtE,
    ast.GtE: ast.Lt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn,
    ast.NotIn: ast.In, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
_NAMES = {
    "mean": "sum", "sum": "mean", "max": "min", "min": "max", "amax": "amin", "amin": "amax", "argmax": "argmin",
    "argmin": "argmax", "maximum": "minimum", "minimum": "maximum", "log": "exp", "exp": "log", "ones": "zeros",
    "zeros": "ones", "ones_like": "zeros_like", "zeros_like": "ones_like", "sqrt": "square", "square": "sqrt",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mutant:
    """A wrong program. ``id`` says where and what was changed, and stays the same while that place does."""

    id: str
    source: str
    result: bool  # it spoils a result, which not every function lets it do


def make_mutants(source: str) -> list[Mutant]:
    """Return the mutants of a solution: of each public function's result, and of each operator in it.

    Raises:
        SyntaxError: it is not Python.
    """
    tree = ast.parse(source)
    found = [*_spoil_results(source, tree), *_change_operators(tree)]
    seen: dict[str, int] = {}
    numbered = []
    for mutant in found:
        seen[mutant.id] = count = seen.get(mutant.id, 0) + 1
        again = f" (no. {count})" if count > 1 else ""
        numbered.append(Mutant(mutant.id + again, mutant.source, mutant.result))
    return numbered


def _spoil_results(source: str, tree: ast.Module) -> Iterator[Mutant]:
    for name in _list_results(tree):
        for title, change in RESULT_CHANGES.items():
            narrows = title == "computes in float32"
            wrapper = _WRAPPER.format(change=change, applied=APPLIED, idle=IDLE, narrows=narrows, name=name)
            yield Mutant(f"{name} {title}", source.rstrip() + "\n" + wrapper, True)


def _list_results(tree: ast.Module) -> Iterator[str]:
    """Yield what returns something that is checked: public functions, and the ``forward`` of public classes."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield node.name
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            names = [inner.name for inner in node.body if isinstance(inner, ast.FunctionDef)]
            yield from (f"{node.name}.{name}" for name in names if name == "forward")


def _change_operators(tree: ast.Module) -> Iterator[Mutant]:
    for place in _list_code(tree):
        for field, changed in _list_changes(place.node):
            before, kept = ast.unparse(place.shown), getattr(place.node, field)
            setattr(place.node, field, changed)
            yield Mutant(f"{place.function}: {before} -> {ast.unparse(place.shown)}", f"{ast.unparse(tree)}\n", False)
            setattr(place.node, field, kept)


@dataclass(frozen=True, slots=True)
class _Place:
    """A piece of code: the function that it is in, and what of its surroundings says where it is."""

    function: str
    node: ast.AST
    shown: ast.AST


def _list_code(tree: ast.Module) -> Iterator[_Place]:
    """Yield every piece of code that runs, in the order of the source."""
    waiting = [_Place("module", node, node) for node in tree.body]
    while waiting:
        place = waiting.pop(0)
        node = place.node
        if isinstance(node, ast.Import | ast.ImportFrom | ast.Raise | ast.Assert) or _is_docstring(node):
            continue
        yield place
        inside = place.function
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            inside = node.name if inside == "module" else f"{inside}.{node.name}"
        says_more = isinstance(node, ast.expr | ast.keyword | ast.Assign | ast.Return)
        own = [
            _Place(inside, child, node if says_more and isinstance(child, ast.Constant) else child)
            for child in _children(node)
        ]
        waiting[:0] = own


def _children(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the parts of a node that are no annotations and no decorators."""
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "bases", "defaults", "kw_defaults"):
            continue
        yield from (child for child in (value if isinstance(value, list) else [value]) if isinstance(child, ast.AST))


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _list_changes(node: ast.AST) -> Iterator[tuple[str, object]]:
    """Yield the fields of a node that can be changed, and what to."""
    match node:
        case ast.BinOp(op=operator) | ast.BoolOp(op=operator) | ast.AugAssign(op=operator):
            if type(operator) in _OPERATORS:
                yield "op", _OPERATORS[type(operator)]()
        case ast.Compare(ops=[operator]) if type(operator) in _OPERATORS:
            yield "ops", [_OPERATORS[type(operator)]()]
        case ast.UnaryOp(op=ast.USub(), operand=operand) if not isinstance(operand, ast.Constant):
            yield "op", ast.UAdd()
        case ast.Attribute(attr=name) if name in _NAMES:
            yield "attr", _NAMES[name]
        case ast.Call(func=ast.Name(id=name)) if name in ("sum", "max", "min"):
            yield "func", ast.Name({"sum": "max", "max": "min", "min": "max"}[name], ast.Load())
        case ast.Constant(value=bool(value)):
            yield "value", not value
        case ast.Constant(value=int(0 | 1 as number)):  # axes, indices and neutral elements; larger ones are choices
            yield "value", 1 - number
        case ast.arguments(defaults=defaults, kw_defaults=of_keywords):
            yield from (("defaults", changed) for changed in _change_defaults(defaults))
            yield from (("kw_defaults", changed) for changed in _change_defaults(of_keywords))


def _change_defaults(defaults: Sequence[ast.expr | None]) -> Iterator[list[ast.expr | None]]:
    for index, default in enumerate(defaults):
        if isinstance(default, ast.Constant) and type(default.value) in (int, float):
            yield [*defaults[:index], ast.Constant(ast.literal_eval(default) * 2 or 1), *defaults[index + 1 :]]
