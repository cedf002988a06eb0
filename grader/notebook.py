"""For a cell of a student's notebook: run the public checks on that notebook, and show what came of them.

    from grader.notebook import check

    check()

The checks run as ``grader check`` runs them: in processes of their own, on the notebook as it was saved last. Nothing
that the notebook's kernel holds is looked at but what says which file it is, and whether that was saved.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from grader.display import clean_text
from grader.errors import GraderError, InputError
from grader.language import _, later, speaking, spoken
from grader.notebooks import MAX_NOTEBOOK_BYTES, SUFFIX, Notebook, is_notebook_name, read_notebook
from grader.places import read_file, shown

UNSAVED = later("Cells were run that are not in the saved notebook: save it (Ctrl+S), then run this cell again.")
_WORDS = {
    "passed": later("pass"),
    "failed": later("FAIL"),
    "timed_out": later("slow"),
    "crashed": later("crash"),
    "errored": later("error"),
    "not_run": later("not run"),
}
_LATEST = 200  # cells that were run, as far back as is looked


@dataclass(frozen=True)
class Result:
    """What came of the public checks. A notebook shows it as HTML, a terminal as text.

    ``report`` is the report (see docs/report.md), None where the checks could not be run; ``error`` says why. ``notes``
    say which cells were taken, and ``warning`` whether something that was run is not saved.
    """

    report: Mapping[str, Any] | None = None
    error: str = ""
    notes: Sequence[str] = field(default_factory=tuple)
    warning: str = ""

    @property
    def checks(self) -> list[Mapping[str, Any]]:
        """All checks of the report."""
        return [check for question in self._questions for check in question["checks"]]

    @property
    def _questions(self) -> Sequence[Mapping[str, Any]]:
        return self.report["questions"] if self.report is not None else ()

    @property
    def _headline(self) -> str:
        """Return how it went in a line. It never says that all passed: the hidden ones have not been run."""
        if self.report is None:
            return _("The checks could not be run.")
        decided = [check for check in self.checks if not check["deferred"]]
        right = sum(check["outcome"] == "passed" for check in decided)
        quiz = [question for question in self._questions if question["kind"] != "code"]
        answered = sum(question["status"] == "answered" for question in quiz)
        parts = []
        if decided:
            counts = {"passed": right, "number": len(decided)}
            all_right = _("public checks passed: {passed} of {number}", **counts)
            parts.append(
                all_right if right == len(decided) else _("{passed} of {number} public checks passed", **counts)
            )
        if quiz:
            parts.append(
                _("{answered} of {number} questions of the quiz answered", answered=answered, number=len(quiz))
            )
        headline = f"{self.report['title']}: {', '.join(parts)}."
        hidden = decided and not self.report["complete"]
        return headline + " " + _("Hidden checks run when you submit.") if hidden else headline

    @property
    def _language(self) -> str:
        """The report's language; without one that of the environment."""
        told = self.report.get("language") if self.report is not None else None
        return told if isinstance(told, str) else spoken()

    @cached_property
    def _told(self) -> Mapping[str, Any]:
        """What both forms show."""
        with speaking(self._language):
            return self._tell()

    def _tell(self) -> Mapping[str, Any]:
        questions = [self._tell_question(question) for question in self._questions if question["kind"] == "code"]
        undone = any(check["outcome"] != "passed" and not check["deferred"] for check in self.checks)
        return {
            "headline": self._headline,
            "error": self.error,
            "questions": questions,
            "many": len(questions) > 1,
            "warning": _(self.warning),
            "notes": self.notes,
            "all_passed": self.report is not None and not undone,
        }

    def _tell_question(self, question: Mapping[str, Any]) -> Mapping[str, Any]:
        checks = [
            {
                "word": _("deferred") if check["deferred"] else _(_WORDS.get(check["outcome"], check["outcome"])),
                "passed": check["outcome"] == "passed",
                "title": check["title"],
                "points": f"{check['score']:g} / {check['points']:g}",
                "lines": list(self._tell_check(check)),
            }
            for check in question["checks"]
        ]
        return {"title": question["title"], "message": question["message"], "checks": checks}

    def _tell_check(self, check: Mapping[str, Any]) -> Iterator[str]:
        if check["message"]:
            yield check["message"]
        if check["frames"]:
            frame = check["frames"][-1]
            yield _("at {place}: {source}", place=self._place(frame), source=frame["source"])
        if check["detail"]:
            yield check["detail"]
        if check["hint"]:
            yield _("hint: {hint}", hint=check["hint"])

    def _place(self, frame: Mapping[str, Any]) -> str:
        """Return where a line of the student's code is: its cell, where that is known."""
        context = (self.report or {}).get("context") or {}
        for excerpt in context.get("excerpts", ()):
            if (excerpt["file"], excerpt["line"]) == (frame["file"], frame["line"]) and (cell := excerpt.get("cell")):
                return _("cell {cell}, line {line}", cell=cell["number"], line=cell["line"])
        return f"{frame['file']}:{frame['line']}"

    def _repr_html_(self) -> str:
        """Return the result for a notebook's page, with everything in it escaped."""
        import jinja2

        from grader.resources import find_data

        loader = jinja2.FileSystemLoader(find_data("templates") / "notebook")
        pages = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
        pages.globals.update(_=_)
        with speaking(self._language):
            return pages.get_template("result.html.jinja").render(self._told)

    def __repr__(self) -> str:
        told = self._told
        lines = [told["headline"], *([self.error] if self.error else [])]
        for question in told["questions"]:
            lines += [f"{question['title']}:"] if told["many"] else []
            lines += [question["message"]] if question["message"] else []
            for check in question["checks"]:
                lines.append(f"  {check['word']:<9} {check['title']}  {check['points']}")
                lines += [f"            {part}" for line in check["lines"] for part in line.split("\n")]
        lines += [told["warning"]] if told["warning"] else []
        return "\n".join([*lines, *self.notes])


def check(
    path: str | Path | None = None,
    *,
    student: str | None = None,
    assignment: str | None = None,
    course: str | Path | None = None,
    isolated: bool = True,
) -> Result:
    """Run the public checks on a notebook, the one that this is called in unless ``path`` names another.

    Nothing is handed in. ``student`` is the student's id, which matters where questions are drawn for each student;
    the notebook says for whom it was made. ``assignment`` and ``course`` are as on the command line, and
    ``isolated=False`` is ``--no-isolation``: for your own code on your own machine only. What goes wrong is in the
    result; nothing is raised.
    """
    namespace = vars(sys.modules["__main__"])
    try:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(path) if path is not None else _find_notebook(namespace, Path(folder))
            book = _read(file) if is_notebook_name(file.name) else None
            own = book.marker.get("student") if book is not None and book.marker is not None else None
            options = {
                "--student": student or (own if isinstance(own, str) else None),
                "--assignment": assignment,
                "--course": None if course is None else str(course),
            }
            result = _run(file, options, isolated=isolated)
    except GraderError as error:
        return Result(error=f"{error.message}\n{error.hint or ''}".strip())
    if book is not None and _holds_unsaved(book, namespace.get("In")):
        return Result(result.report, result.error, result.notes, UNSAVED)
    return result


def _run(file: Path, options: Mapping[str, str | None], *, isolated: bool) -> Result:
    # -P: a torch.py or grader.py beside the notebook is not what is meant.
    command = [sys.executable, "-P", "-m", "grader", "check", str(file), "--json"]
    for name, value in options.items():
        command += [f"{name}={value}"] if value is not None else []
    command += [] if isolated else ["--no-isolation"]
    environment = {**os.environ, "PYTHONUTF8": "1"}  # what it says comes as UTF-8 on every system
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, env=environment)
    said = clean_text(done.stderr.decode("utf-8", "replace")).strip()
    try:
        report = json.loads(done.stdout)
    except ValueError:
        return Result(error=said or _("grader ended with the exit code {code}", code=done.returncode))
    return Result(report, notes=tuple(said.splitlines()))


def _read(file: Path) -> Notebook:
    return read_notebook(read_file(file.absolute(), shown(file.name), MAX_NOTEBOOK_BYTES), file.name)


# Which notebook this is.


def _find_notebook(namespace: Mapping[str, object], folder: Path) -> Path:
    """Return the file of the notebook that this runs in; what only Colab holds is written to ``folder``.

    Raises:
        InputError: nothing says which one it is.
    """
    if (data := _ask_colab()) is not None:
        file = folder / f"notebook{SUFFIX}"
        file.write_bytes(data)
        return file
    # VS Code's own; what Jupyter Server tells newer kernels, and older ones.
    told = (namespace.get("__vsc_ipynb_file__"), namespace.get("__session__"), os.environ.get("JPY_SESSION_NAME"))
    for name in told:
        if isinstance(name, str) and is_notebook_name(Path(name).name):
            # A server's path may start at a folder of its own; this works in the notebook's.
            for file in (Path(name), Path(Path(name).name)):
                with suppress(OSError):
                    if file.is_file():
                        return file
    marked = [file for file in sorted(Path().glob(f"*{SUFFIX}")) if _is_marked(file)]
    if len(marked) == 1:
        return marked[0]
    message = _("which notebook is this? there is none here")
    if marked:
        message = _("which notebook is this? there are {number} notebooks of assignments here", number=len(marked))
    raise InputError(message, _("name it: {call}", call=f'check("NAME{SUFFIX}")'))


def _ask_colab() -> bytes | None:
    """Return the notebook as it is open in Colab, which keeps it elsewhere; None where this is not Colab."""
    if "google.colab" not in sys.modules:
        return None
    try:
        from google.colab import _message  # type: ignore[import-not-found, unused-ignore]

        answer = _message.blocking_request("get_ipynb", request="", timeout_sec=20)
        return json.dumps(answer["ipynb"]).encode()
    except Exception:  # it is no interface that Colab promises
        hint = _(
            "download the notebook (File, Download), upload it to the files on the left, and {call}",
            call=f'check("NAME{SUFFIX}")',
        )
        raise InputError(_("Colab does not say what is in this notebook"), hint) from None


def _is_marked(file: Path) -> bool:
    try:
        return _read(file).marker is not None
    except GraderError:
        return False


def _holds_unsaved(book: Notebook, ran: object) -> bool:
    """Was a cell run last, of those that give an answer's names a meaning, that is not in the saved notebook?"""
    if not isinstance(ran, list):
        return False
    saved = [meaning for cell in book.cells if cell.kind == "code" and (meaning := _meaning(cell.source))]
    meanings = {text for text, _names in saved}
    tagged = [_meaning(cell.source) for cell in book.cells if cell.kind == "code" and cell.tags]
    names = frozenset().union(*(found[1] for found in tagged if found))
    seen: set[str] = set()
    for source in reversed(ran[-_LATEST:]):
        found = _meaning(source) if isinstance(source, str) else None
        if found is None or not (found[1] & names) - seen:
            continue
        if found[0] not in meanings:
            return True
        seen |= found[1]
    return False


def _meaning(source: str) -> tuple[str, frozenset[str]] | None:
    """Return code without comments and spaces, and the names that it defines; None for what is no Python."""
    try:
        tree = ast.parse(source)
        names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        assigned = [target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets]
        names |= {target.id for target in assigned if isinstance(target, ast.Name)}
        return ast.dump(tree), frozenset(names)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
