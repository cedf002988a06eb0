"""Notebooks on the command line, in an instructor's inbox, and the cell at their end that runs the checks."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import types
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from grader.checks import read_checks
from grader.errors import InputError
from grader.inbox import Sorting, open_inbox
from grader.notebook import UNSAVED, Result, _find_notebook, _holds_unsaved, check
from grader.notebook_stub import render_notebook
from grader.notebooks import read_notebook
from grader.resources import find_data
from grader.spec import Assignment, load_assignment, load_course
from grader.variants import fill_assignment
from tests.conftest import ASSIGNMENT, FILES
from tests.made_notebooks import Book, book, code, dump, solve, tagged
from tests.shell import Shell, write
from tests.test_notebooks import right_answers, solution_of

RIGHT = "def mean_loss(values):\n    return sum(values) / len(values) if values else 0.0"
WRONG = "def mean_loss(values):\n    return values[9]"
PASSED = "ublic checks passed: 1 of 1"
FAILED = "0 of 1 public checks passed"
COURSE = load_course(find_data("assignments"))


@pytest.fixture
def course(tmp_path: Path) -> Path:
    files = {f"mean-loss/{name}": content for name, content in {**FILES, "assignment.yaml": ASSIGNMENT}.items()}
    return write(tmp_path / "course", {"course.yaml": "title: T\nassignments: [mean-loss]\n", **files})


@pytest.fixture
def shell(tmp_path: Path, course: Path) -> Shell:
    return Shell(tmp_path, course)


def solved(path: Path, source: str, answer: str = '"a"') -> Path:
    """Fill a fetched notebook in as a student would, with a cell of trials in it."""
    notebook = json.loads(path.read_bytes())
    tagged(notebook, "mean-loss")["source"] = source
    tagged(notebook, "why-mean")["source"] = f"answer_why_mean = {answer}"
    notebook["cells"].insert(1, {**code("raise SystemExit(3)"), "id": "trial"})
    path.write_bytes(dump(notebook))
    return path


# For students


def test_fetch_check_and_submit(shell: Shell, tmp_path: Path) -> None:
    fetched = shell("fetch", "mean-loss", "work", "--notebook")
    assert fetched.out == (
        "work/mean-loss.ipynb\nwork/checks/test_public.py\nwork/grader.json\n\n"
        "Answer in work/mean-loss.ipynb; then `grader check work` and `grader submit work`.\n"
    )
    path = tmp_path / "work" / "mean-loss.ipynb"
    last = "".join(json.loads(path.read_bytes())["cells"][-1]["source"])
    assert f'check(assignment="mean-loss", course={str(tmp_path / "course")!r})' in last
    solved(path, WRONG)
    answer = shell("check", "work")
    assert answer.code == 1
    assert FAILED in answer.out
    assert "mean_loss.py:5 (cell 4, line 2)" in answer.out
    assert answer.err.startswith("mean_loss.py was taken from cell 4\nanswers.yaml was taken from cell 6")
    answer = shell("submit", path, "--json")
    assert (tmp_path / "work" / "receipts" / "mean-loss-1.json").exists()
    # What is stored is what a folder would have been, and names the cells by itself.
    page = tmp_path / "page.html"
    shell("show", "--html", page)
    assert "<code>mean_loss.py:5</code> (cell 4, line 2)" in page.read_text()
    shown = shell("show", "--json").json
    assert shown["submission"]["digest"] == answer.json["submission"]["digest"]
    assert shown["context"]["excerpts"][0]["cell"] == {"number": 4, "line": 2}
    assert not any(b"SystemExit" in path.read_bytes() for path in (tmp_path / "state").rglob("*") if path.is_file())


def test_an_answer_that_cannot_be_read_is_told_with_its_cell(shell: Shell, tmp_path: Path) -> None:
    shell("fetch", "mean-loss", "work", "--notebook")
    solved(tmp_path / "work" / "mean-loss.ipynb", RIGHT, '"x"')
    answer = shell("submit", "work")
    assert answer.code == 2
    assert "cell 6, line 1: 'x' is not one of the choices" in answer.err
    assert "nothing was handed in" in answer.err


def test_fetching_again_keeps_work(shell: Shell, tmp_path: Path) -> None:
    shell("fetch", "mean-loss", "work", "--notebook")
    path = solved(tmp_path / "work" / "mean-loss.ipynb", RIGHT)
    shell("fetch", "mean-loss", "work", "--notebook").fails(2, "files that were changed: mean-loss.ipynb")
    assert RIGHT in "".join(tagged(json.loads(path.read_bytes()), "mean-loss")["source"])


@pytest.mark.slow
def test_both_kinds_in_one_folder(shell: Shell, tmp_path: Path) -> None:
    shell("fetch", "mean-loss", "work", "--notebook")
    shell("fetch", "mean-loss", "work")
    assert FAILED in shell("check", "work").out
    solved(tmp_path / "work" / "mean-loss.ipynb", RIGHT)
    assert PASSED in shell("check", "work").out
    (tmp_path / "work" / "mean_loss.py").write_text(WRONG)
    shell("check", "work").fails(2, "there are mean-loss.ipynb and", "do not say the same", "give the one that counts")
    assert PASSED in shell("check", "work/mean-loss.ipynb").out


@pytest.mark.slow
def test_a_notebook_that_says_nothing_of_its_assignment(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "Untitled (3).ipynb"
    path.write_bytes(dump(book(code(RIGHT))))
    shell("check", path).fails(2, "nothing says which assignment this is", "--assignment")
    answer = shell("check", path, "--assignment", "mean-loss")
    assert PASSED in answer.out
    assert "mean_loss is taken from cell 1 (no tag)" in answer.err
    path.write_bytes(dump(book("x = 1")))
    empty = shell("check", path, "--assignment", "mean-loss")
    empty.fails(2, "holds no cell for mean-loss", "fetch mean-loss --notebook")
    path.write_bytes(b"{")
    shell("check", path, "--assignment", "mean-loss").fails(2, "is not a notebook: it is not valid JSON")


# For instructors


def test_notebooks_in_an_inbox(shell: Shell, tmp_path: Path) -> None:
    right, wrong = dump(book(code(RIGHT, "mean-loss"))), dump(book(code(WRONG, "mean-loss")))
    inbox = write(
        tmp_path / "inbox",
        {
            "ada.ipynb": right,
            "bob/solution.ipynb": wrong,
            "dora.ipynb": b"{",
            "eve/mean_loss.py": RIGHT,
            "gus.ipynb": dump(book(code(RIGHT + "\ndisplay(mean_loss)", "mean-loss"))),
            ".ipynb_checkpoints/ada-checkpoint.ipynb": wrong,
        },
    )
    with zipfile.ZipFile(inbox / "cleo.zip", "w") as archive:
        archive.writestr("work/mean-loss.ipynb", right)
        archive.writestr("__MACOSX/work/._mean-loss.ipynb", b"x")
    (inbox / "fred.ipynb").symlink_to(inbox / "ada.ipynb")
    answer = shell("grade", inbox, "--assignment", "mean-loss", "--json")
    assert answer.code == 2
    reports = answer.reports
    scores = {name: report.get("score") for name, report in reports.items()}
    assert scores["ada"] == scores["cleo"] == scores["eve"] == 3.0
    assert scores["bob"] == 0.0
    assert "not a notebook" in reports["dora"]["message"]
    assert "symbolic link" in next(report["message"] for name, report in reports.items() if name.startswith("fred"))
    assert len(reports) == 7
    assert "gus: your code uses `display`, which only notebooks have\n" in answer.err


def students_of(path: Path, course: Path, *, named: bool = True) -> dict[str, bytes]:
    """Whose work lies in a path, and what they wrote."""
    assignment = load_assignment(course / "mean-loss")
    sorting = Sorting(load=lambda _: assignment, assignment=assignment if named else None)
    with open_inbox([path], sorting) as inbox:
        assert not inbox.refusals
        return {work.student: work.read().files["mean_loss.py"] for work in inbox.works}


def test_notebooks_of_several_assignments_in_students_folders(course: Path, tmp_path: Path) -> None:
    marker = {"format": 1, "assignment": "mean-loss"}
    write(
        tmp_path / "inbox",
        {
            "ada/week 1.ipynb": dump(book(code(RIGHT, "mean-loss"), marker=marker)),
            "bob/mean-loss.ipynb": dump(book(code(RIGHT, "mean-loss"))),
            "cleo.ipynb": dump(book(code(RIGHT, "mean-loss"), marker=marker)),
        },
    )
    assert set(students_of(tmp_path / "inbox", course, named=False)) == {"ada", "bob", "cleo"}


def test_a_zip_of_notebooks_is_a_class_and_a_zip_with_one_a_student(shell: Shell, course: Path, tmp_path: Path) -> None:
    right = dump(book(code(RIGHT, "mean-loss")))
    for name, members in {"class.zip": ("ada.ipynb", "bob.ipynb"), "cleo.zip": ("homework.ipynb",)}.items():
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            for member in members:
                archive.writestr(member, right)
    assert set(students_of(tmp_path / "class.zip", course)) == {"ada", "bob"}
    assert set(students_of(tmp_path / "cleo.zip", course)) == {"cleo"}
    (tmp_path / "dora.ipynb").write_bytes(right)
    assert set(students_of(tmp_path / "dora.ipynb", course)) == {"dora"}
    folder = write(tmp_path / "one", {"mean-loss.ipynb": right})
    shell("grade", folder, "--assignment", "mean-loss").fails(2, "is one submission, not a folder of students' work")


def test_notebooks_in_downloads_of_an_lms(course: Path, tmp_path: Path) -> None:
    right = dump(book(code(RIGHT, "mean-loss")))
    write(tmp_path / "moodle", {"Ada L_12_assignsubmission_file/mean-loss (1).ipynb": right})
    write(tmp_path / "canvas", {"ada_101_7_mean-loss-1.ipynb": right, "bob_102_8_mean-loss.ipynb": right})
    for path, count in ((tmp_path / "moodle", 1), (tmp_path / "canvas", 2)):
        found = students_of(path, course)
        assert len(found) == count
        assert all(b"def mean_loss" in content for content in found.values())


# check() in a notebook


@pytest.fixture
def work(shell: Shell, course: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fetched notebook in the current folder."""
    shell("fetch", "mean-loss", "work", "--notebook")
    for name, value in shell.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work" / "mean-loss.ipynb"


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What a kernel would have in its namespace."""
    main = types.ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", main)
    return vars(main)


HOSTILE = "def mean_loss(values):\n    raise ValueError('<script>alert(1)</script> & \"x\"')"


def test_check_shows_what_failed_and_where(work: Path) -> None:
    solved(work, HOSTILE)
    result = check()
    assert result.report is not None
    assert not result.error
    text, page = repr(result), result._repr_html_()
    for shown in (text, page):
        assert f"{FAILED}, 1 of 4 questions of the quiz answered. Hidden checks run when you submit." in shown
        assert "cell 4, line 2" in shown
        assert "hint: What is the mean of one number?" in shown
        assert "0 / 1" in shown
    assert "<script>" in text
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert not re.search(r"src=|href=|url\(|@import", page)
    assert len(page) < 10_000
    tags = re.findall(r"<(/?)(\w+)", page)
    for tag in {name for _, name in tags} - {"br"}:
        assert tags.count(("", tag)) == tags.count(("/", tag)), tag
    assert result.notes[0] == "mean_loss.py was taken from cell 4"


def test_check_never_raises(tmp_path: Path, work: Path, kernel: dict[str, Any]) -> None:
    nowhere = check("nowhere.ipynb")
    assert "cannot be read" in nowhere.error or "there is no" in nowhere.error
    work.write_bytes(b"{")
    assert "which notebook is this? there is none here" in check().error
    assert "not valid JSON" in check(work).error
    assert "The checks could not be run." in check(work)._repr_html_()
    work.write_bytes(dump(book(code(RIGHT))))
    (work.parent / "grader.json").unlink()
    assert "nothing says which assignment" in check(work).error
    assert "'other'" in check(work, assignment="other").error


def test_modules_beside_the_notebook_do_not_take_the_place_of_real_ones(work: Path) -> None:
    solved(work, RIGHT)
    for name in ("grader.py", "json.py", "torch.py", "subprocess.py"):
        (work.parent / name).write_text("raise SystemExit(9)\n")
    assert PASSED in str(check(work))


def test_which_notebook_it_is(work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = work.parent / "other.ipynb"
    (work.parent / "unmarked.ipynb").write_bytes(dump(book(RIGHT)))
    assert _find_notebook({}, tmp_path) == Path(work.name)
    shutil.copy(work, other)
    with pytest.raises(InputError, match="there are 2 notebooks of assignments here"):
        _find_notebook({}, tmp_path)
    assert _find_notebook({"__vsc_ipynb_file__": str(work)}, tmp_path) == work
    # A server's path may be none of this machine's.
    assert _find_notebook({"__session__": f"/of/a/server/{work.name}"}, tmp_path) == Path(work.name)
    monkeypatch.setenv("JPY_SESSION_NAME", str(other))
    assert _find_notebook({"__session__": "3f2a-an-id", "__vsc_ipynb_file__": 3}, tmp_path) == other


def test_in_colab_the_open_notebook_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Colab itself is nowhere to be had; this is what its module answers."""
    answer: dict[str, Any] = {"ipynb": book(code(RIGHT, "mean-loss"))}
    colab = types.ModuleType("google.colab")
    message = types.SimpleNamespace(blocking_request=lambda name, request, timeout_sec: answer)
    monkeypatch.setattr(colab, "_message", message, raising=False)
    monkeypatch.setitem(sys.modules, "google", types.ModuleType("google"))
    monkeypatch.setitem(sys.modules, "google.colab", colab)
    assert json.loads(_find_notebook({}, tmp_path).read_bytes()) == answer["ipynb"]
    answer.clear()
    assert "Colab does not say what is in this notebook" in check().error


@pytest.mark.parametrize(
    ("ran", "unsaved"),
    [
        (None, False),
        ([], False),
        (["", f"{RIGHT}  # the same\n", "print(3)", "%time", None], False),
        (["", WRONG, RIGHT], False),
        (["", RIGHT, WRONG, "raise SystemExit(3)"], True),
        (["answer_why_mean = 'a'"], False),
        (["answer_why_mean = 'b'"], True),
        (["other = 1\ndef helper(): pass"], False),
    ],
)
def test_what_was_run_and_not_saved_is_noticed(work: Path, ran: object, unsaved: bool) -> None:
    solved(work, RIGHT)
    assert _holds_unsaved(read_notebook(work.read_bytes(), work.name), ran) is unsaved


def test_what_was_run_and_not_saved_is_told(work: Path, kernel: dict[str, Any]) -> None:
    solved(work, RIGHT)
    kernel["In"] = [WRONG]
    result = check()
    assert result.warning == UNSAVED
    assert UNSAVED in result._repr_html_()
    assert UNSAVED in str(result)
    assert PASSED in str(result)


def test_neither_torch_nor_pytest_is_loaded_into_the_kernel(shell: Shell, work: Path) -> None:
    script = (
        "import sys; from grader.notebook import check; r = check('mean-loss.ipynb'); r._repr_html_(); "
        "print([name for name in ('torch', 'numpy', 'pytest', 'IPython') if name in sys.modules], r.error)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[] \n"


def test_a_result_tells_of_several_questions_and_of_what_was_not_decided() -> None:
    passed = {"outcome": "passed", "deferred": False, "title": "T", "score": 1.0, "points": 1.0, "frames": []}
    empty = {"message": None, "detail": None, "hint": None}
    deferred = {**passed, "deferred": True, "outcome": "not_run", "score": 0.0}
    questions = [
        {"kind": "code", "title": name, "message": None, "status": "graded", "checks": [{**one, **empty}]}
        for name, one in (("First", passed), ("Second", deferred))
    ]
    result = Result({"title": "Both", "complete": True, "questions": questions, "context": None})
    assert repr(result).splitlines() == [
        "Both: public checks passed: 1 of 1.",
        "First:",
        "  pass      T  1 / 1",
        "Second:",
        "  deferred  T  0 / 1",
    ]
    assert "#2da44e" in result._repr_html_().split("padding")[0]


# Real kernels


def execute(path: Path) -> Book:
    """Run all cells of a notebook as Jupyter would, from its folder; returns it with the outputs."""
    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(path.parent)}}
    NotebookClient(notebook, timeout=200, kernel_name="python3", resources=resources).execute()
    return dict(notebook)


@pytest.mark.slow
@pytest.mark.parametrize("name", COURSE.assignments)
def test_every_notebook_runs_solved_and_unsolved(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in replace(Shell(tmp_path), student="ada").environment.items():
        monkeypatch.setenv(variable, value)
    assignment: Assignment = fill_assignment(COURSE.load(name), "ada")
    rendered = render_notebook(assignment, read_checks(assignment))
    finished = solve(rendered, assignment, solution_of(assignment), right_answers(assignment))
    for folder, data in (("unsolved", rendered), ("solved", dump(finished))):
        path = tmp_path / folder / f"{name}.ipynb"
        path.parent.mkdir()
        path.write_bytes(data)
        (output,) = execute(path)["cells"][-1]["outputs"]
        text, page = output["data"]["text/plain"], output["data"]["text/html"]
        assert text.startswith(f"{assignment.title}: ")
        assert page.startswith("<div")
        assert "could not be run" not in text
        quiz = len(assignment.quiz_questions)
        if quiz:
            assert f"{quiz if folder == 'solved' else 0} of {quiz} questions of the quiz answered" in text
        if assignment.code_questions:
            assert ("public checks passed: " in text) == (folder == "solved")
            assert (": 0 of " in text) == ("  FAIL " in text) == (folder == "unsolved")
