"""Copies of a program as people disguise them: what it computes stays, what it looks like does not.

``DISGUISES`` maps names to functions from source to source. ``copy_half`` mixes two programs, ``make_program`` makes
one up.
"""

from __future__ import annotations

import ast
import random
import textwrap
from collections.abc import Callable


def renamed(source: str) -> str:
    """Every name that the program itself gives is another, attributes and functions too; comments are gone."""
    tree = ast.parse(source)
    names, attributes = _own_names(tree)
    new = {name: f"other_{number}" for number, name in enumerate(sorted(names | attributes))}
    for node in ast.walk(tree):
        for field in ("id", "arg", "name"):
            name = getattr(node, field, None)
            if isinstance(name, str) and name in names and not isinstance(node, ast.alias):
                setattr(node, field, new[name])
        if isinstance(node, ast.Attribute) and node.attr in attributes:
            node.attr = new[node.attr]
    return _write(tree)


def reordered(source: str) -> str:
    """Functions and classes stand in the opposite order, methods of a class too."""
    tree = ast.parse(source)
    for body in [tree.body, *(node.body for node in ast.walk(tree) if isinstance(node, ast.ClassDef))]:
        places = [place for place, one in enumerate(body) if isinstance(one, ast.FunctionDef | ast.ClassDef)]
        turned = [body[place] for place in reversed(places)]
        for place, one in zip(places, turned, strict=True):
            body[place] = one
    return _write(tree)


def commented(source: str) -> str:
    """A comment above every line that begins a statement, and another behind it; docstrings have other words."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module) and ast.get_docstring(node) is not None:
            node.body[0] = ast.Expr(ast.Constant("In my own words."))
    lines = []
    for line in _write(tree).splitlines():
        indent = line[: len(line) - len(line.lstrip())]
        lines += [f"{indent}# now comes the next step", f"{line}  # as it should be" if '"""' not in line else line]
    return "\n".join(lines) + "\n"


def reformatted(source: str) -> str:
    """Eight blanks and not four, a line for each argument, commas at the end, the other quotes, no annotations."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.FunctionDef):
            node.returns = None
    lines = []
    for line in _write(tree).splitlines():
        indent = line[: len(line) - len(line.lstrip())]
        text = line.strip()
        if text.startswith("return ") and not text.endswith(("(", "[", "{", ",")):
            text = f"return \\\n{indent * 2}    {text.removeprefix('return ')}"
        if text.endswith(")") and "(" in text and not set("'\"#\\") & set(text) and not text.startswith(("def", "cl")):
            text = f"{text[:-1]},\n{indent * 2})" if not text[:-1].endswith(("(", ",")) else text
        lines.append(f"{indent * 2}{text}")
    return "\n".join(lines).replace("'", '"') + "\n\n\n"


def all_at_once(source: str) -> str:
    """Renamed, reordered and commented."""
    return commented(reordered(renamed(source)))


DISGUISES: dict[str, Callable[[str], str]] = {
    "renamed": renamed,
    "reordered": reordered,
    "commented": commented,
    "reformatted": reformatted,
    "all at once": all_at_once,
}


def copy_half(source: str, own: str) -> str:
    """The first half of the statements in functions of one program, renamed, behind a program of one's own."""
    tree = ast.parse(renamed(source))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    statements = [statement for function in functions for statement in function.body]
    half = ast.Module(statements[: (len(statements) + 1) // 2], [])
    return f"{own}\n\ndef also():\n{textwrap.indent(_write(half), '    ')}"


def make_program(seed: int, statements: int = 40) -> str:
    """A program without sense; programs of different seeds have only short pieces in common."""
    chance = random.Random(seed)

    def expression(depth: int) -> str:
        if depth == 0:
            return chance.choice(["a", "b", "c", "c[3]", "a[0.5]", "b['text']"])
        function, method = chance.choice(["exp", "log", "where", "cat"]), chance.choice(["sum", "mean", "norm"])
        kinds = ["({} + {})", "({} * {})", "[{}, {}]", "({} if {} else b)", "{}[{}]"]
        kinds += [f"torch.{function}({{}}, {{}})", f"{{}}.{method}(dim={{}})"]
        return chance.choice(kinds).format(expression(depth - 1), expression(depth - 1))

    heads = [
        "    {} = {}",
        "    if {} > {}:\n        return a",
        "    for {} in [{}]:\n        pass",
        "    assert {}, {}",
    ]
    lines = []
    for _ in range(statements):
        head = chance.choice(heads)
        target = chance.choice("abc") if "=" in head or "for" in head else expression(1)
        lines.append(head.format(target, expression(2)))
    return f"def f{seed}(a, b, c):\n" + "\n".join(lines) + "\n"


def _own_names(tree: ast.Module) -> tuple[set[str], set[str]]:
    """Names that the program gives, and names behind dots."""
    names: set[str] = set()
    attributes: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=name, body=body):
                names.add(name)
                attributes |= {one.name for one in body if isinstance(one, ast.FunctionDef)}
            case ast.FunctionDef(name=name) if not name.startswith("__"):
                names.add(name)
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()):
                names.add(name)
            case ast.Attribute(attr=name, ctx=ast.Store()):
                attributes.add(name)
    return names, {name for name in attributes if not name.startswith("__") and name != "forward"}


def _write(tree: ast.AST) -> str:
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"
