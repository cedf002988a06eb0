"""Which cells of a notebook answer an assignment: they become the code files and answers.yaml. Nothing is run.

The cell that is tagged for a question is taken as it is. Of the other cells only imports, functions, classes and
constants are taken, and only those that what is taken uses: a trial, a plot or a training run costs nothing and can
break nothing. Where a tag is lost, as some editors lose them, the names that the stub defines tell which cell answers.
"""

from __future__ import annotations

import ast
import builtins
import json
import re
import symtable
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from grader.display import clean_line, join_first
from grader.errors import SubmissionError, find_near, suggest
from grader.language import _, later, plural
from grader.notebooks import Cell, Notebook
from grader.places import listed, shown
from grader.questions import CodeQuestion
from grader.spec import Assignment, parse_python

MOST_NOTES = 20
_MOST_SLIPS = 3  # cells that are no Python, in one note
_MOST_MISNAMED = 50  # variables that are compared with those that hold answers
_HEAD = "# Taken from a notebook: the numbers below are those of its cells."
_PLACE = re.compile(r"# %% cell (\d{1,6})(?:, from line (\d{1,6}))?")
_ROUNDS_BYTES = 1_000_000  # that are parsed to find what is no Python in one cell
_BUILTINS = frozenset(dir(builtins))
_NOTEBOOK_ONLY = frozenset({"display", "get_ipython", "In", "Out"})
_MAGIC = re.compile(r"[%!?]|[\w.\[\], ]+=\s*[%!](?!=)|[\w.]+\?{1,2}\s*$")
# Cell magics whose body is Python; that of others is not.
_PYTHON_MAGIC = re.compile(r"%%(?:time|timeit|capture|prun|memit|mprun|python3?)\b")
_PLAIN = (ast.Constant, ast.Name, ast.Attribute, ast.Tuple, ast.List, ast.Set, ast.Dict, ast.UnaryOp, ast.BinOp)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_WAITING = (ast.Await, ast.AsyncFor, ast.AsyncWith)


@dataclass(frozen=True, slots=True)
class Piece:
    """Lines of a file that stand in a cell: both start at 1; ``whole`` says whether it is all of the cell."""

    file: str
    line: int
    count: int
    cell: int
    cell_line: int
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Taken:
    """What a notebook answers: files by name, where each line of them stands, and what the student should know."""

    files: Mapping[str, bytes]
    pieces: tuple[Piece, ...]
    notes: tuple[str, ...]


def answer_name(question_id: str) -> str:
    """Return the variable that holds the answer to a quiz question in a notebook."""
    return f"answer_{question_id.replace('-', '_')}"


def contract_names(question: CodeQuestion) -> tuple[str, ...]:
    """Return what a stub defines for a question, as it is called: functions and classes."""
    return tuple(name for name in _definitions(parse_python(question.starter)) if not name.startswith("_"))


def locate(pieces: Iterable[Piece], file: str, line: int) -> tuple[int, int] | None:
    """Return the cell and the line in it where a line of a file stands, or None."""
    for piece in pieces:
        if piece.file == file and piece.line <= line < piece.line + piece.count:
            return piece.cell, piece.cell_line + line - piece.line
    return None


def find_cell(lines: Sequence[str], line: int) -> tuple[int, int] | None:
    """Return the cell, and the line in it, of a line in a file that was taken from a notebook, as the file tells."""
    if not lines or lines[0] != _HEAD:
        return None
    for above in range(min(line, len(lines)) - 1, -1, -1):
        if match := _PLACE.fullmatch(lines[above]):
            place = int(match[1]), int(match[2] or 1) + line - above - 2
            return place if place[1] > 0 else None
    return None


def take_cells(
    notebook: Notebook, name: str, assignment: Assignment, answers_file: str, beside: Collection[str] = ()
) -> Taken:
    """Take the answers to an assignment from a notebook; ``name`` is what errors call it.

    Of files that are there ``beside`` it nothing is missing in it.

    Raises:
        SubmissionError: it holds no cell that answers any question.
    """
    notes: list[str] = []
    missing: list[str] = []
    sheets = [_prepare(cell) for cell in notebook.cells if cell.kind == "code"]
    files: dict[str, bytes] = {}
    pieces: list[Piece] = []
    by_file: dict[str, list[CodeQuestion]] = {}
    for question in assignment.code_questions:
        by_file.setdefault(question.file, []).append(question)
    quiz = _list_quiz(assignment)
    for file, questions in by_file.items():
        code = [sheet for sheet in sheets if not set(quiz) & set(sheet.cell.tags)]
        if chunks := _Choice(questions, code, notes, [] if file in beside else missing).make():
            text, own = _assemble(file, chunks)
            files[file] = text.encode()
            pieces += own
    text, own = _take_answers(quiz, sheets, answers_file, notes)
    if own:
        files[answers_file] = text.encode()
        pieces += own
    _note_other_kinds(notebook.cells, {question.id for question in assignment.questions}, notes)
    if not files:
        wanted = _define(name for question in assignment.code_questions for name in contract_names(question))
        raise _nothing_found(name, assignment, [*_tell_slips(sheets, wanted), *notes])
    notes[:0] = missing
    used = {piece.cell for piece in pieces if piece.file != answers_file}
    notes += (note for sheet in sheets if sheet.cell.number in used for note in sheet.notes)
    return Taken(files, tuple(pieces), tuple(notes[:MOST_NOTES]))


def describe_pieces(pieces: Sequence[Piece]) -> Iterator[str]:
    """Yield a line for each file that says which cells it is made of, and which of their lines."""
    files: dict[str, dict[int, list[Piece]]] = {}
    for piece in pieces:
        files.setdefault(piece.file, {}).setdefault(piece.cell, []).append(piece)
    for file, cells in files.items():
        parts = []
        for cell, own in cells.items():
            if own[0].whole or file.endswith(".yaml"):
                parts.append(_("cell {number}", number=cell))
                continue
            lines = join_first([_span(piece) for piece in own], 5)
            one, many = (
                later("part of cell {cell} (its line {lines})"),
                later("part of cell {cell} (its lines {lines})"),
            )
            parts.append(_(one if len(own) == own[0].count == 1 else many, cell=cell, lines=lines))
        yield _("{file} was taken from {cells}", file=file, cells=join_first(parts, 20))


def _span(piece: Piece) -> str:
    first, last = piece.cell_line, piece.cell_line + piece.count - 1
    return str(first) if first == last else f"{first}-{last}"


# One cell.


@dataclass(slots=True)
class _Sheet:
    """A code cell without what is no Python in it, and its statements; None where it cannot be parsed."""

    cell: Cell
    lines: list[str]
    tree: ast.Module | None
    notes: list[str] = field(default_factory=list)

    @property
    def source(self) -> str:
        return "\n".join(self.lines)

    @property
    def body(self) -> list[ast.stmt]:
        return self.tree.body if self.tree is not None else []


def _prepare(cell: Cell) -> _Sheet:
    original = cell.source.split("\n")
    lines = list(original)
    left_out: list[int] = []
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    if lines[first].startswith("%%"):
        if not _PYTHON_MAGIC.match(lines[first]):
            values = {"cell": cell.number, "line": _quote(lines[first])}
            note = _("cell {cell} begins with {line} and is no Python: it is left out", **values)
            return _Sheet(cell, [""], ast.Module([], []), [note])
        lines[first] = "pass"
        left_out.append(first)
    tree = _strip_magics(lines, left_out)
    notes = [
        _("cell {cell}, line {line} is left out: {text}", cell=cell.number, line=at + 1, text=_quote(original[at]))
        for at in left_out[:MOST_NOTES]
    ]
    if tree is None or not any(map(_waits, tree.body)):
        return _Sheet(cell, lines, tree, notes)
    for statement in filter(_waits, tree.body):
        start, end = _extent(statement)
        lines[start - 1 : end] = ["pass", *[""] * (end - start)]
        why = later("cell {cell}, line {line} is left out: only a notebook can await at the top of a cell")
        notes.append(_(why, cell=cell.number, line=start))
    return _Sheet(cell, lines, _parse("\n".join(lines)), notes)


def _strip_magics(lines: list[str], left_out: list[int]) -> ast.Module | None:
    """Put ``pass`` in the place of lines for the notebook or the shell, where such a line keeps a cell from parsing.

    A line of a text in quotes may look the same, so the parser says which line is wrong.
    """
    size = sum(map(len, lines)) + len(lines)
    for _round in range(max(2, min(50, _ROUNDS_BYTES // (size + 1)))):
        try:
            return parse_python("\n".join(lines))
        except SyntaxError as error:
            at = (error.lineno or 0) - 1
            if not (0 <= at < len(lines) and _leave_out(lines, at)):
                break
            left_out.append(at)
    left_out += [number for number in range(len(lines)) if _leave_out(lines, number)]
    return _parse("\n".join(lines))


def _leave_out(lines: list[str], number: int) -> bool:
    text = lines[number].lstrip()
    if not _MAGIC.match(text):
        return False
    lines[number] = f"{lines[number][: len(lines[number]) - len(text)]}pass"
    return True


def _parse(source: str) -> ast.Module | None:
    try:
        return parse_python(source)
    except SyntaxError:
        return None


def _quote(line: str) -> str:
    return f"`{clean_line(line.strip(), 40)}`"


def _waits(statement: ast.stmt) -> bool:
    """Does a statement wait for something outside of a function? Only notebooks can do that."""
    nodes: list[ast.AST] = [statement]
    while nodes:
        node = nodes.pop()
        if isinstance(node, _WAITING) or (isinstance(node, ast.comprehension) and node.is_async):
            return True
        if not isinstance(node, _FUNCTIONS):
            nodes += ast.iter_child_nodes(node)
    return False


def _extent(statement: ast.stmt) -> tuple[int, int]:
    """Return the first line of a statement, decorators included, and its last one."""
    decorators = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(node.lineno for node in decorators)]), statement.end_lineno or statement.lineno


# Names.


def _definitions(tree: ast.Module | None) -> dict[str, ast.stmt]:
    """Return the functions and classes that are defined at the top, the last of each name."""
    return {node.name: node for node in (tree.body if tree is not None else ()) if isinstance(node, _DEFINITIONS)}


def _binds(statement: ast.stmt) -> frozenset[str]:
    """Return the names that a statement at the top of a cell gives a meaning."""
    if isinstance(statement, _DEFINITIONS):
        return frozenset({statement.name})
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return frozenset((alias.asname or alias.name).partition(".")[0] for alias in statement.names)
    found = set()
    nodes: list[ast.AST] = [statement]
    while nodes:
        node = nodes.pop()
        if isinstance(node, _DEFINITIONS):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= _binds(node)
        if not isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            nodes += ast.iter_child_nodes(node)
    return frozenset(found)


def _uses(source: str) -> frozenset[str]:
    """Return the names of the module that code reads, in functions too; nothing of what cannot be parsed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tables = [symtable.symtable(source, "<cell>", "exec")]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    top, found = tables[0], set()
    while tables:
        table = tables.pop()
        tables += table.get_children()
        for symbol in table.get_symbols():
            if symbol.is_referenced() and (table is top or symbol.is_global()):
                found.add(symbol.get_name())
    return frozenset(found)


def _is_plain(node: ast.AST) -> bool:
    """Is it a value that is written out, or a name for something else, so that nothing is computed?"""
    nodes = [node]
    while nodes:
        one = nodes.pop()
        if isinstance(one, ast.expr):
            if not isinstance(one, _PLAIN):
                return False
            nodes += ast.iter_child_nodes(one)
    return True


def _is_definition(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        named = all(isinstance(node, ast.Name | ast.Tuple) for node in targets)
        return named and statement.value is not None and _is_plain(statement.value)
    return isinstance(statement, (*_DEFINITIONS, ast.Import, ast.ImportFrom))


def _is_future(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and statement.module == "__future__" and not statement.level


# The cells of one file.


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Source that goes into a file: a whole cell, or statements of one."""

    cell: int
    line: int
    source: str
    whole: bool
    is_import: bool = False
    late: bool = False


@dataclass(frozen=True, slots=True)
class _Provider:
    """A statement at the top of a cell, the names that it gives a meaning, and whether it may be taken."""

    sheet: _Sheet
    at: int
    names: frozenset[str]
    usable: bool

    @property
    def place(self) -> tuple[int, int]:
        """Where it stands: the cell's number, and which of its statements it is."""
        return self.sheet.cell.number, self.at


class _Choice:
    """Chooses what goes into one code file."""

    def __init__(
        self, questions: Sequence[CodeQuestion], sheets: Sequence[_Sheet], notes: list[str], missing: list[str]
    ) -> None:
        self.questions = questions
        self.notes = notes
        self.missing = missing
        ids = {question.id for question in questions}
        self.tagged = [sheet for sheet in sheets if ids & set(sheet.cell.tags)]
        self.others = [sheet for sheet in sheets if not ids & set(sheet.cell.tags)]

    def make(self) -> list[_Chunk]:
        """Return what goes into the file, in its order; nothing where no cell answers."""
        roots = self._find_roots()
        if not self.tagged and not roots:
            return []
        chunks = [_Chunk(sheet.cell.number, 1, sheet.source, True) for sheet in self.tagged]
        chunks += self._follow(roots)
        # Imports first: a notebook's cells may have been run in another order than they stand in.
        return sorted(chunks, key=lambda one: (not one.is_import, one.late, one.cell, one.line))

    def _find_roots(self) -> dict[str, bool]:
        """Return the contract's names to look for in other cells; True where the tagged cell has only the stub's."""
        roots: dict[str, bool] = {}
        elsewhere = {name for sheet in self.others for name in _definitions(sheet.tree)}
        for question in self.questions:
            own = [sheet for sheet in self.tagged if question.id in sheet.cell.tags]
            starter = _definitions(parse_python(question.starter))
            lost = []
            for name in contract_names(question):
                written = [found[name] for sheet in own if name in (found := _definitions(sheet.tree))]
                unparsed = any(sheet.tree is None for sheet in own)
                if name in elsewhere and not unparsed and all(_is_same(node, starter[name]) for node in written):
                    roots[name] = bool(written)
                    lost.append(name)
            self._note_own(question, own, lost)
            self._note_missing(question, own, lost)
        return roots

    def _note_missing(self, question: CodeQuestion, own: Sequence[_Sheet], lost: Sequence[str]) -> None:
        """Note what no cell defines. Where a cell has the tag, the checks say so, unless another cell is broken."""
        if any(sheet.tree is None for sheet in own):
            return
        written = {*lost, *(name for sheet in own for name in _definitions(sheet.tree))}
        names = [name for name in contract_names(question) if name not in written]
        slips = _tell_slips(self.others, _define(names), only_wanted=bool(own)) if names else []
        if names and (slips or not own):
            values = {"names": listed(names), "file": question.file}
            told = _("no cell defines {names} with def or class (for {file})", **values)
            self.missing.append("; ".join([told, *slips]))

    def _note_own(self, question: CodeQuestion, own: Sequence[_Sheet], lost: Sequence[str]) -> None:
        numbers = [sheet.cell.number for sheet in own]
        if len(own) > 1:
            note = later(
                "{cells} are tagged for {question}: all are taken in this order, so what a later one defines counts"
            )
            self.notes.append(_(note, cells=_cells(numbers), question=question.id))
        names = [name for name in contract_names(question) if name not in lost]
        found = {sheet.cell.number for sheet in self.others for name in lost if name in _definitions(sheet.tree)}
        if lost:
            self.notes.append(_tell_lost(lost, sorted(found), numbers))
        for sheet in self.others if own else ():
            again = [name for name in names if name in _definitions(sheet.tree)]
            if again:
                values = {"names": listed(again), "cells": _cells(numbers), "question": question.id}
                note = plural(
                    "cell {cell} defines {names} too, and is not taken: {cells} answers {question}",
                    "cell {cell} defines {names} too, and is not taken: {cells} answer {question}",
                    len(own),
                    cell=sheet.cell.number,
                    **values,
                )
                self.notes.append(note)

    def _follow(self, roots: Mapping[str, bool]) -> list[_Chunk]:
        """Take from the other cells what ``roots`` and all that is taken need."""
        providers = list(self._list_providers(set(roots)))
        by_name: dict[str, list[_Provider]] = {}
        for one in providers:
            for name in one.names:
                by_name.setdefault(name, []).append(one)
        own = {name for sheet in self.tagged for statement in sheet.body for name in _binds(statement)}
        known = own - set(roots)
        wanted = set(roots).union(*(_uses(sheet.source) for sheet in self.tagged)) - known
        taken: dict[tuple[int, int], _Chunk] = {}
        while wanted:
            known |= wanted
            more: set[str] = set()
            for one in (one for name in sorted(wanted) for one in by_name.get(name, ())):
                if one.usable and one.place not in taken and (chunk := _cut(one, roots)) is not None:
                    taken[one.place] = chunk
                    more |= _uses(chunk.source)
            wanted = more - known
        found = own.union(*(one.names for one in providers if one.place in taken))
        missing = sorted(known - found - _BUILTINS)
        if any(name not in by_name for name in missing):
            stars = (one for one in by_name.get("*", ()) if one.place not in taken)
            taken |= {one.place: chunk for one in stars if (chunk := _cut(one, roots)) is not None}
        last = {name: by_name[name][-1] for name in sorted(known - own) if name in by_name}
        self._note_computed({name: one.sheet.cell.number for name, one in last.items() if not one.usable})
        if notebook_only := sorted(_NOTEBOOK_ONLY & set(missing)):
            names = listed(f"`{name}`" for name in notebook_only)
            self.notes.append(_("your code uses {names}, which only notebooks have", names=names))
        return list(taken.values())

    def _list_providers(self, roots: set[str]) -> Iterator[_Provider]:
        """Yield every statement at the top of other cells that gives names a meaning.

        Beside a definition that the contract names, what is computed in the same cell may be needed, too.
        """
        for sheet in self.others:
            primary = bool(roots & _definitions(sheet.tree).keys())
            for at, statement in enumerate(sheet.body):
                if (names := _binds(statement)) and not _is_future(statement):
                    is_assignment = isinstance(statement, ast.Assign | ast.AnnAssign)
                    usable = _is_definition(statement) or (primary and is_assignment)
                    yield _Provider(sheet, at, names, usable)

    def _note_computed(self, computed: Mapping[str, int]) -> None:
        note = later(
            "your code uses {name}, which cell {cell} computes: that is not taken; move it to the cell of your answer"
        )
        target = None
        if self.tagged:
            note = later(
                "your code uses {name}, which cell {cell} computes: that is not taken; move it to cell {target}"
            )
            target = self.tagged[0].cell.number
        for name, cell in computed.items():
            self.notes.append(_(note, name=f"`{clean_line(name, 60)}`", cell=cell, target=target))


def _define(names: Iterable[str]) -> re.Pattern[str]:
    """Return what finds the definition of a name, in code that need not be Python."""
    # Blanks of one line only: a run of empty lines would be searched from each of them.
    return re.compile(rf"^[ \t]*(?:def|class)[ \t]+(?:{'|'.join(map(re.escape, names))})\b", re.MULTILINE)


def _tell_slips(sheets: Sequence[_Sheet], wanted: re.Pattern[str], *, only_wanted: bool = False) -> list[str]:
    """Return what is wrong with cells that are no Python: those that hold what is wanted, or else all of them."""
    broken = [sheet for sheet in sheets if sheet.tree is None]
    found = [sheet for sheet in broken if wanted.search(sheet.source)]
    return [_tell_slip(sheet) for sheet in (found if found or only_wanted else broken)[:_MOST_SLIPS]]


def _tell_slip(sheet: _Sheet) -> str:
    line, said = 1, ""
    try:
        parse_python(sheet.source)
    except SyntaxError as error:
        line, said = min(max(error.lineno or 1, 1), len(sheet.lines)), clean_line(error.msg, 100)
    return _("cell {cell}, line {line} is no Python: {said}", cell=sheet.cell.number, line=line, said=said)


def _tell_lost(names: Sequence[str], found: Sequence[int], tagged: Sequence[int]) -> str:
    """Return where names come from that the cells with the question's tag do not define, if there are such cells."""
    values = {"names": listed(names), "cells": _cells(found)}
    if not tagged:
        return _("{names} is taken from {cells} (no tag)", **values)
    return plural(
        "{names} is taken from {cells} ({others} left it as in the stub)",
        "{names} is taken from {cells} ({others} left them as in the stub)",
        len(names),
        others=_cells(tagged),
        **values,
    )


def _is_same(node: ast.stmt, other: ast.stmt) -> bool:
    try:
        return ast.dump(node) == ast.dump(other)
    except RecursionError:
        return False


def _cut(one: _Provider, roots: Mapping[str, bool]) -> _Chunk | None:
    """Return the source of one statement, without comments above it; None where it cannot be told from others."""
    body, at = one.sheet.body, one.at
    start, end = _extent(body[at])
    source = "\n".join(one.sheet.lines[start - 1 : end])
    before = at > 0 and _extent(body[at - 1])[1] == start
    after = at + 1 < len(body) and _extent(body[at + 1])[0] == end
    if before or after:  # several on one line
        try:
            source = ast.unparse(body[at])
        except (RecursionError, ValueError):
            return None
    is_import = isinstance(body[at], ast.Import | ast.ImportFrom)
    late = any(roots.get(name, False) for name in one.names)
    return _Chunk(one.sheet.cell.number, start, source, False, is_import, late)


def _assemble(file: str, chunks: Sequence[_Chunk]) -> tuple[str, list[Piece]]:
    """Return the text of a file and where its lines come from."""
    lines = [_HEAD]
    trees = {chunk: _parse(chunk.source) for chunk in chunks}
    if any(_names_annotations(tree) for tree in trees.values()):
        lines.append("from __future__ import annotations")
    pieces: list[Piece] = []
    follows: tuple[int, int] | None = None  # what goes on without a gap needs no other heading
    for chunk in chunks:
        own = _without_futures(chunk.source, trees[chunk])
        while own and not own[-1].strip():
            own.pop()
        place = (chunk.cell, chunk.line)
        if place != follows:
            lines += ["", f"# %% cell {chunk.cell}{'' if chunk.whole else f', from line {chunk.line}'}"]
            pieces.append(Piece(file, len(lines) + 1, max(len(own), 1), *place, chunk.whole))
        else:
            pieces[-1] = replace(pieces[-1], count=pieces[-1].count + len(own))
        lines += own or [""]
        follows = None if chunk.whole else (chunk.cell, chunk.line + len(own))
    return "\n".join(lines) + "\n", pieces


def _names_annotations(tree: ast.Module | None) -> bool:
    body = tree.body if tree is not None else ()
    return any(_is_future(node) and any(alias.name == "annotations" for alias in node.names) for node in body)  # type: ignore[attr-defined]


def _without_futures(source: str, tree: ast.Module | None) -> list[str]:
    """Return the lines of a cell; imports from ``__future__``, which stand at the start of a file, become blank."""
    lines = source.split("\n")
    for node in filter(_is_future, tree.body if tree is not None else ()):
        lines[node.lineno - 1 : node.end_lineno] = [""] * ((node.end_lineno or node.lineno) - node.lineno + 1)
    return lines


def _cells(numbers: Sequence[int]) -> str:
    if len(numbers) == 1:
        return _("cell {number}", number=numbers[0])
    *first, last = [str(number) for number in numbers[:6]]
    more = " …" if len(numbers) > 6 else ""
    return _("cells {numbers} and {last}", numbers=", ".join(first), last=f"{last}{more}")


# The quiz.


def _list_quiz(assignment: Assignment) -> list[str]:
    """Return the ids of the questions of the quiz, whose variants nobody needs to know here."""
    return [question.id for question in assignment.questions if not isinstance(question, CodeQuestion)]


def _take_answers(
    questions: Sequence[str], sheets: Sequence[_Sheet], file: str, notes: list[str]
) -> tuple[str, list[Piece]]:
    """Return answers.yaml and where its lines come from; no pieces where no cell is for any question."""
    lines = [_HEAD]
    pieces: list[Piece] = []
    open_ids: list[str] = []
    for question in questions:
        found = [answer for sheet in sheets for answer in _find_answer(sheet, question)]
        given = [answer for answer in found if answer.yaml]
        open_ids += [] if given else [question]
        if len({answer.cell for answer in given}) > 1:
            cells = _cells([answer.cell for answer in given])
            notes.append(_("{cells} answer {question}: the last one counts", cells=cells, question=question))
        if not found:
            continue
        last = (given or found)[-1]
        lines += ["", f"# %% cell {last.cell}", f"{question}: {last.yaml}".rstrip()]
        pieces.append(Piece(file, len(lines), 1, last.cell, last.line))
        if last.computed:
            note = later("cell {cell} computes the answer to {question}: it is not run, and read as it stands")
            notes.append(_(note, cell=last.cell, question=question))
    others = [sheet for sheet in sheets if not set(questions) & set(sheet.cell.tags)]
    names = [answer_name(question) for question in open_ids]
    if names:
        wanted = re.compile(rf"^[ \t]*(?:{'|'.join(map(re.escape, names))})[ \t]*[=:]", re.MULTILINE)
        notes += _tell_slips(others, wanted, only_wanted=True)
        notes += dict.fromkeys(_tell_misnamed(others, names, {answer_name(question) for question in questions}))
    return "\n".join(lines) + "\n", pieces


def _tell_misnamed(sheets: Sequence[_Sheet], missing: Sequence[str], known: set[str]) -> Iterator[str]:
    """Yield a note for each variable whose name is nearly that of an answer that is missing."""
    behind = {name.removeprefix("answer_"): name for name in missing}
    bound = (
        (sheet.cell.number, name)
        for sheet in sheets
        for node in sheet.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for name in sorted(_binds(node) - known)
        if name.casefold().startswith("answer")
    )
    for cell, name in islice(bound, _MOST_MISNAMED):
        # What all of them begin with would make any two of them alike.
        near = find_near(name[len("answer") : 100].lstrip("_"), behind)
        if near is not None:
            told = _("cell {cell}: {name} belongs to no question", cell=cell, name=clean_line(name, 60))
            yield told + suggest(behind[near], [behind[near]])


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer as it is written in YAML: empty where none is given."""

    cell: int
    line: int
    yaml: str
    computed: bool = False


def _find_answer(sheet: _Sheet, question: str) -> Iterator[_Answer]:
    """Yield the last answer to a question in a cell: by the name of its variable or, in its own cell, by any."""
    name, own = answer_name(question), question in sheet.cell.tags
    named: list[_Answer] = []
    others: list[_Answer] = []
    for node in sheet.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and name in _binds(node):
            named.append(_make_answer(sheet, node.lineno, node.value))
        elif own and isinstance(node, ast.Assign | ast.AnnAssign | ast.Expr):
            others.append(_make_answer(sheet, node.lineno, node.value))
    if own and sheet.tree is None:
        others.append(_read_loosely(sheet, name))
    elif own:
        others.insert(0, _Answer(sheet.cell.number, 1, ""))
    given = [answer for answer in named if answer.yaml] or [answer for answer in others if answer.yaml]
    yield from (given or named or others)[-1:]


def _make_answer(sheet: _Sheet, line: int, value: ast.expr | None) -> _Answer:
    written = _write_value(value, sheet.lines)
    return _Answer(sheet.cell.number, line, written or "", written is not None and _is_computed(value))


def _read_loosely(sheet: _Sheet, name: str) -> _Answer:
    """Return what stands after the equals sign of an answer that is no Python, such as text without quotes."""
    for number, line in enumerate(sheet.lines, 1):
        before, equals, value = line.partition("=")
        if equals and before.strip() == name:
            return _Answer(sheet.cell.number, number, _quoted(value.strip()) if value.strip() else "")
    text = "\n".join(line for line in sheet.lines if not line.lstrip().startswith("#"))
    return _Answer(sheet.cell.number, 1, _quoted(text.strip()))


def _write_value(node: ast.expr | None, lines: Sequence[str]) -> str | None:
    """Return a value as YAML in one line; None where it is None. What is computed is written as it stands."""
    if node is None or (isinstance(node, ast.Constant) and (node.value is None or node.value is Ellipsis)):
        return None
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        inner = [_write_value(one, lines) or '""' for one in node.elts[:100]]
        return f"[{', '.join(inner)}]" if inner else None
    value, sign = node, ""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        value, sign = node.operand, "-" if isinstance(node.op, ast.USub) else ""
    if isinstance(value, ast.Constant) and type(value.value) in (int, float):
        return f"{sign}{value.value!r}"
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return _quoted(node.value)
    if isinstance(node, ast.Name):  # a letter without quotes
        return _quoted(node.id)
    text = "\n".join(lines[node.lineno - 1 : node.end_lineno])
    _before, equals, behind = text.partition("=")
    return _quoted((behind if equals else text).strip())


def _is_computed(node: ast.expr | None) -> bool:
    nodes: list[ast.AST | None] = [node]
    plain = (ast.Constant, ast.Name, ast.List, ast.Tuple, ast.Set, ast.UnaryOp)
    while nodes:
        one = nodes.pop()
        if isinstance(one, ast.expr):
            if not isinstance(one, plain):
                return True
            nodes += ast.iter_child_nodes(one)
    return False


def _quoted(text: str) -> str:
    """Return text between quotes, as YAML reads it back."""
    quoted = json.dumps(text.encode("utf-8", "replace").decode(), ensure_ascii=False)
    return "".join(one if one.isprintable() else _escaped(one) for one in quoted)


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


# Words.


def _note_other_kinds(cells: Sequence[Cell], questions: set[str], notes: list[str]) -> None:
    for cell in cells:
        if cell.kind != "code" and (own := questions & set(cell.tags)):
            values = {"cell": cell.number, "questions": listed(sorted(own)), "kind": clean_line(cell.kind, 20)}
            notes.append(_("cell {cell}, tagged for {questions}, is a {kind} cell: make it a code cell", **values))


def _nothing_found(name: str, assignment: Assignment, clues: Sequence[str]) -> SubmissionError:
    """Return what to raise; ``clues`` tell where an answer may have been lost."""
    names = [f"`{one}`" for question in assignment.code_questions for one in contract_names(question)]
    names += [f"`{answer_name(question)}`" for question in _list_quiz(assignment)]
    values = {"name": shown(name), "assignment": assignment.id, "names": listed(names)}
    what = later("{name} holds no cell for {assignment}: none has the tag of a question, or defines {names}")
    hint = later("`grader fetch {assignment} --notebook` makes a notebook to answer in")
    return SubmissionError(_(what, **values), "; ".join([*dict.fromkeys(clues)][:_MOST_SLIPS]) or _(hint, **values))
