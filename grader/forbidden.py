"""Uses of names that a question forbids, found in the source without running it.

Imports, aliases (``f = torch.nn.functional``), star imports and ``getattr`` with a literal are followed, so what is
compared is the full dotted name. Code that builds names at run time is not seen: this keeps honest students from
the shortcut, and shows a reader what a dishonest one did.

The whole file is one namespace here. A parameter that shadows an import is therefore taken for it, which matters
only where somebody reads a forbidden name from that parameter.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from grader.spec import parse_python

MAX_VIOLATIONS = 20
_MAX_ALIAS_ROUNDS = 10
_MAX_NESTING = 20
_MAX_LINE = 200
_TENSOR = ("torch", "Tensor")

Dotted = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Violation:
    """A forbidden name in use. ``name`` is as the question forbids it; lines and columns count from 1."""

    file: str
    line: int
    column: int
    name: str
    source_line: str


def find_forbidden(source: str, file: str, forbid: Sequence[str]) -> tuple[Violation, ...]:
    """Return where ``source`` uses a name of ``forbid``, in the order of the source, the first few at most.

    A forbidden name stands for what is inside it too (``numpy`` for ``numpy.linalg.norm``). ``torch.Tensor.NAME``
    stands for the method ``.NAME(…)`` of anything that is neither imported nor defined in the file. Source that is
    not Python has no violations: it cannot run either.
    """
    if not forbid:
        return ()
    source = source.removeprefix("\ufeff")
    lines = re.split(r"\r\n|\r|\n", source)
    try:
        tree = parse_python(source)
    except SyntaxError as error:
        # Without a line it is Python perhaps, but nested too deeply to look into.
        places = set() if error.lineno else set(_words(lines, forbid))
    else:
        places = set(_Scan(tree, forbid).found())
    return tuple(
        Violation(file, line, _column(lines, line, offset), name, _line(lines, line)[:_MAX_LINE])
        for line, offset, name in sorted(places)[:MAX_VIOLATIONS]
    )


class _Scan:
    """What the names of one module stand for, as far as it matters for the forbidden ones."""

    def __init__(self, tree: ast.Module, forbid: Sequence[str]) -> None:
        self.tree = tree
        self.patterns = [(pattern, name) for name in forbid for pattern in _patterns(name)]
        self.methods = {name.split(".")[-1]: name for name in forbid if _is_tensor_method(name)}
        self.meanings: defaultdict[str, set[Dotted]] = defaultdict(set)
        self.imported: set[str] = set()
        self.defined = {"self", "cls"}
        self.stars: list[Dotted] = []
        self.chains: dict[ast.expr, set[Dotted]] = {}
        self.roots: dict[ast.expr, ast.expr] = {}
        self.bind()

    def bind(self) -> None:
        """Learn what imports and assignments make of names."""
        assignments: list[tuple[str, ast.expr]] = []
        bound = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                self.bind_import(node)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                self.defined.add(node.name)
            elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                bound.add(node.id)
            assignments += _assignments(node)
        self.bind_stars(bound | self.defined | self.imported)
        for _ in range(_MAX_ALIAS_ROUNDS):
            before = sum(map(len, self.meanings.values()))
            self.chains.clear()
            for name, value in assignments:
                if meanings := self.meaning(value):
                    self.meanings[name] |= meanings
            if sum(map(len, self.meanings.values())) == before:
                break
        self.chains.clear()

    def bind_stars(self, own: set[str]) -> None:
        """Learn what star imports bring in, except for names that the file makes its own."""
        for module in self.stars:
            for pattern, _ in self.patterns:
                if pattern[: len(module)] == module != pattern and pattern[len(module)] not in own:
                    self.meanings[pattern[len(module)]].add(pattern[: len(module) + 1])

    def bind_import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            dotted = _imported(node, alias)
            if alias.name == "*":
                self.stars.append(dotted)
                continue
            name = alias.asname or alias.name
            if isinstance(node, ast.Import) and not alias.asname:
                name, dotted = dotted[0], dotted[:1]
            self.imported.add(name)
            self.meanings[name] |= self.relevant(dotted)

    def found(self) -> Iterator[tuple[int, int, str]]:
        """Yield line, offset in UTF-8 bytes, and forbidden name of every use."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                for alias in node.names:
                    for name in self.names_of(_imported(node, alias)):
                        yield alias.lineno, alias.col_offset, name
            elif isinstance(node, ast.Attribute | ast.Name | ast.Call) and not _is_store(node):
                for dotted in self.meaning(node):
                    for name in self.names_of(dotted):
                        yield node.lineno, node.col_offset, name
                if isinstance(node, ast.Attribute) and node.attr in self.methods and self.is_tensor(node.value):
                    end = node.end_lineno or node.lineno, (node.end_col_offset or 0) - len(node.attr.encode())
                    yield *end, self.methods[node.attr]

    def meaning(self, node: ast.expr, nesting: int = 0) -> set[Dotted]:
        """Return the dotted names that an expression may stand for; only what matters, so the sets stay tiny."""
        chain = []
        while isinstance(node, ast.Attribute) and node not in self.chains:
            chain.append(node)
            node = node.value
        meanings = self.chains.get(node)
        if meanings is None:
            meanings = self.start(node, nesting)
        for attribute in reversed(chain):
            meanings = {longer for dotted in meanings for longer in self.relevant((*dotted, attribute.attr))}
            self.chains[attribute] = meanings
        return meanings

    def start(self, node: ast.expr, nesting: int) -> set[Dotted]:
        """Return what an expression that is no attribute may stand for."""
        match node:
            case ast.Name(id=name):
                return self.meanings.get(name, set())
            case ast.NamedExpr(value=value) if nesting < _MAX_NESTING:
                return self.meaning(value, nesting + 1)
            case ast.Call(func=ast.Name(id="getattr"), args=[value, ast.Constant(value=str(name)), *_]):
                known = self.meaning(value, nesting + 1) if nesting < _MAX_NESTING else set()
                return {longer for dotted in known for longer in self.relevant((*dotted, name))}
            case ast.Call(
                func=ast.Name(id="import_module") | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                return self.relevant(tuple(name.split(".")))
            case ast.Call(func=ast.Name(id="__import__"), args=[ast.Constant(value=str(name)), *_]):
                return self.relevant((name.split(".")[0],))
        return set()

    def relevant(self, dotted: Dotted) -> set[Dotted]:
        """Return the name as a set, empty where it can neither become nor be a forbidden one."""
        for pattern, _ in self.patterns:
            if len(dotted) <= len(pattern) and _fits(dotted, pattern[: len(dotted)]):
                return {dotted}
        return set()

    def names_of(self, dotted: Dotted) -> set[str]:
        """Return the forbidden names that this is, or is inside of."""
        return {name for pattern, name in self.patterns if _fits(dotted[: len(pattern)], pattern)}

    def is_tensor(self, node: ast.expr) -> bool:
        """Tell whether ``node.NAME`` may be a method of a tensor: nothing says that it is something else."""
        if isinstance(node, ast.Name):
            return node.id not in self.imported and node.id not in self.defined
        root = self.root(node)
        return not (isinstance(root, ast.Name) and root.id in self.imported)

    def root(self, node: ast.expr) -> ast.expr:
        """Return what a chain of attributes starts with. Each chain is walked once, for it can be thousands long."""
        chain = []
        while isinstance(node, ast.Attribute) and node not in self.roots:
            chain.append(node)
            node = node.value
        root = self.roots.get(node, node)
        self.roots.update(dict.fromkeys(chain, root))
        return root


def _patterns(name: str) -> list[Dotted]:
    """Return a forbidden name, and the other doors through which torch.nn hands out the same object."""
    dotted = tuple(name.split("."))
    match dotted:
        case ("torch", "nn", "functional", function):
            return [dotted, ("torch", "nn", "modules", "*", "F", function), ("torch", "functional", "F", function)]
        case ("torch", "nn", module) if module[0].isupper():
            return [dotted, ("torch", "nn", "modules", module), ("torch", "nn", "modules", "*", module)]
    return [dotted]


def _fits(dotted: Dotted, pattern: Dotted) -> bool:
    return len(dotted) == len(pattern) and all(b in (a, "*") for a, b in zip(dotted, pattern, strict=True))


def _is_tensor_method(name: str) -> bool:
    dotted = tuple(name.split("."))
    return dotted[:-1] == _TENSOR


def _is_store(node: ast.Attribute | ast.Name | ast.Call) -> bool:
    return not isinstance(node, ast.Call) and not isinstance(node.ctx, ast.Load)


def _imported(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> Dotted:
    """Return what an import names; for ``from module import *`` the module."""
    if isinstance(node, ast.Import):
        return tuple(alias.name.split("."))
    module = "." * node.level + (node.module or "")
    dotted = (module,) if node.level else tuple(module.split("."))
    return dotted if alias.name == "*" else (*dotted, alias.name)


def _assignments(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Yield name and value of what gives a name to an expression."""
    match node:
        case ast.Assign(targets=targets, value=value):
            pairs = [pair for target in targets for pair in _paired(target, value)]
        case ast.AnnAssign(target=target, value=ast.expr() as value) | ast.NamedExpr(target=target, value=value):
            pairs = [(target, value)]
        case _:
            return
    yield from ((target.id, value) for target, value in pairs if isinstance(target, ast.Name))


def _paired(target: ast.expr, value: ast.expr) -> list[tuple[ast.expr, ast.expr]]:
    if isinstance(target, ast.Tuple | ast.List) and isinstance(value, ast.Tuple | ast.List):
        return list(zip(target.elts, value.elts, strict=False))
    return [(target, value)]


def _words(lines: Sequence[str], forbid: Sequence[str]) -> Iterator[tuple[int, int, str]]:
    """Yield line, offset and name of the last words of forbidden names, comments and texts included.

    The first few of each name: one line can hold hundreds of thousands.
    """
    for name in forbid:
        word = re.compile(rf"\b{re.escape(name.split('.')[-1])}\b")
        matches = ((number, match) for number, line in enumerate(lines, start=1) for match in word.finditer(line))
        for number, match in islice(matches, MAX_VIOLATIONS):
            yield number, len(match.string[: match.start()].encode(errors="replace")), name


def _line(lines: Sequence[str], line: int) -> str:
    return lines[line - 1] if line <= len(lines) else ""


def _column(lines: Sequence[str], line: int, offset: int) -> int:
    """Return the column, in characters from 1, of an offset in UTF-8 bytes."""
    return len(_line(lines, line).encode(errors="replace")[:offset].decode(errors="replace")) + 1
