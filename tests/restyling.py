"""Writes a program in another style: the same steps, in other words.

``STYLES`` maps names to functions from source to source. What a program computes stays as it is, up to rounding.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from itertools import count

# Tensor methods that torch has as functions, too.
TWINS = {
    "exp", "log", "mean", "sum", "sqrt", "abs", "square", "clamp", "relu", "sigmoid", "gather", "pow", "log_softmax",
    "softmax", "logsumexp", "unsqueeze", "squeeze", "flatten", "log1p", "norm",
}  # fmt: skip
MODULES = ("torch", "F", "np", "nn", "math", "plt")
STEPS = (ast.BinOp, ast.UnaryOp, ast.Call, ast.Subscript)


def in_small_steps(source: str) -> str:
    """One operation per line, and other names for all local variables."""
    tree = ast.parse(source)
    for function in _list_functions(tree):
        function.body = list(_take_small_steps(function.body, count()))
        _rename_locals(function)
    return _write(tree)


def methods_as_functions(source: str) -> str:
    """``x.mean()`` becomes ``torch.mean(x)``, and ``torch.exp(x)`` becomes ``x.exp()``."""
    tree = ast.parse(source)
    turned = _Turner(has_arrays="numpy" in source).visit(tree)
    if "import torch\n" not in source:
        turned.body.insert(1 if ast.get_docstring(tree) else 0, ast.Import([ast.alias("torch")]))
    return _write(turned)


def turned_round(source: str) -> str:
    """``a + b`` becomes ``b + a``, ``a < b`` becomes ``b > a``, and every function calls another inside of it."""
    tree = _Swapper().visit(ast.parse(source))
    for function in _list_functions(tree):
        _nest(function)
    return _write(tree)


STYLES: dict[str, Callable[[str], str]] = {
    "small steps": in_small_steps,
    "functions": methods_as_functions,
    "turned round": turned_round,
}


def _write(tree: ast.AST) -> str:
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


def _list_functions(tree: ast.Module) -> list[ast.FunctionDef]:
    """Functions of the module and methods of its classes, none that stands in another function."""
    bodies = [tree.body, *(node.body for node in tree.body if isinstance(node, ast.ClassDef))]
    return [node for body in bodies for node in body if isinstance(node, ast.FunctionDef)]


# Small steps


def _take_small_steps(body: list[ast.stmt], number: Iterator[int]) -> Iterator[ast.stmt]:
    for statement in body:
        before: list[ast.stmt] = []
        match statement:
            case ast.Return(value=ast.expr() as value):
                statement.value = _name(value, before, number)
            case ast.Assign() | ast.AugAssign():
                statement.value = _split(statement.value, before, number)
            case ast.For() | ast.If() | ast.With():
                statement.body = list(_take_small_steps(statement.body, number))
        yield from before
        yield statement


def _split(node: ast.expr, before: list[ast.stmt], number: Iterator[int]) -> ast.expr:
    """Give every part of an operation a line and a name of its own, in ``before``."""
    match node:
        case ast.BinOp():
            node.left = _name(node.left, before, number)
            node.right = _name(node.right, before, number)
        case ast.UnaryOp():
            node.operand = _name(node.operand, before, number)
        case ast.Subscript():
            node.value = _name(node.value, before, number)
        case ast.Call(func=ast.Attribute() | ast.Name()):
            if isinstance(node.func, ast.Attribute):
                node.func.value = _name(node.func.value, before, number)
            node.args = [_name(one, before, number) for one in node.args]
            for keyword in node.keywords:
                keyword.value = _name(keyword.value, before, number)
    return node


def _name(node: ast.expr, before: list[ast.stmt], number: Iterator[int]) -> ast.expr:
    if not isinstance(node, STEPS):
        return node
    value = _split(node, before, number)
    name = f"step_{next(number)}"
    before.append(ast.Assign([ast.Name(name, ast.Store())], value))
    return ast.Name(name, ast.Load())


def _rename_locals(function: ast.FunctionDef) -> None:
    stored = {node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    given = {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)}
    new = {name: f"my_{number}" for number, name in enumerate(sorted(stored - given))}
    for node in ast.walk(function):
        if isinstance(node, ast.Name):
            node.id = new.get(node.id, node.id)


# Functions and methods


class _Turner(ast.NodeTransformer):
    def __init__(self, *, has_arrays: bool) -> None:
        self.has_arrays = has_arrays  # whose methods torch has no functions for

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        match node.func:
            case ast.Attribute(value=ast.Name(id="torch"), attr=name) if name in TWINS and node.args:
                node.func = ast.Attribute(node.args.pop(0), name, ast.Load())
            case ast.Attribute(value=value, attr=name) if (
                name in TWINS and not self.has_arrays and not _is_module(value)
            ):
                node.func = ast.Attribute(ast.Name("torch", ast.Load()), name, ast.Load())
                node.args.insert(0, value)
        return node


def _is_module(node: ast.expr) -> bool:
    if isinstance(node, ast.Attribute):
        return _is_module(node.value)
    return isinstance(node, ast.Name) and node.id in MODULES


# Turned round


TURNED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.Gt, ast.Gt: ast.Lt, ast.LtE: ast.GtE, ast.GtE: ast.LtE, ast.Eq: ast.Eq, ast.NotEq: ast.NotEq,
}  # fmt: skip


class _Swapper(ast.NodeTransformer):
    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.op, ast.Add | ast.Mult) and not any(map(_is_sequence, (node.left, node.right))):
            node.left, node.right = node.right, node.left
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        if len(node.ops) == 1 and type(node.ops[0]) in TURNED:
            node.left, node.comparators = node.comparators[0], [node.left]
            node.ops = [TURNED[type(node.ops[0])]()]
        return node


def _is_sequence(node: ast.expr) -> bool:
    return isinstance(node, ast.List | ast.Tuple | ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _nest(function: ast.FunctionDef) -> None:
    """Put the body into a function inside, which gets the same arguments."""
    if any(isinstance(node, ast.Name) and node.id == "super" for node in ast.walk(function)):
        return
    given = function.args
    names = [argument.arg for argument in (*given.posonlyargs, *given.args)]
    if given.vararg or given.kwarg or given.kwonlyargs:
        return
    plain = [ast.arg(name) for name in names]
    arguments = ast.arguments(posonlyargs=[], args=plain, kwonlyargs=[], kw_defaults=[], defaults=[])
    inner = ast.FunctionDef("compute", arguments, function.body, [])
    call = ast.Call(ast.Name("compute", ast.Load()), [ast.Name(name, ast.Load()) for name in names], [])
    function.body = [inner, ast.Return(call)]
