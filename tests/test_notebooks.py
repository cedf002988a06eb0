"""A notebook asks what the stub asks, and what is taken from it is what a student expects. Nothing of it is run."""

from __future__ import annotations

import ast
import json
import re
import zipfile
from collections.abc import Callable
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.answers import read_answers
from grader.cells import contract_names, find_cell, locate
from grader.checks import read_checks
from grader.errors import SubmissionError
from grader.grading import list_solutions
from grader.notebook_stub import render_notebook, render_notebook_stub
from grader.notebooks import MAX_CELLS, MAX_CODE_BYTES, MAX_NOTEBOOK_BYTES, read_notebook
from grader.places import Folder
from grader.questions import ChoiceQuestion, MultipleChoiceQuestion, NumericQuestion
from grader.report.context import cut_excerpts
from grader.resources import find_data
from grader.results import CheckResult, Frame, Outcome, Run
from grader.scoring import score_submission
from grader.spec import Assignment, load_assignment, load_course
from grader.stub import render_stub
from grader.submission import Submission, pack, read_marker, read_submission, take_submission, unpack
from grader.variants import fill_assignment
from tests.made_notebooks import Book, book, code, dump, solve, sources, tagged, without_tags
from tests.shell import write

Writer = Callable[..., Path]
COURSE = load_course(find_data("assignments"))
ASSIGNMENTS = [fill_assignment(COURSE.load(name), "ada") for name in COURSE.assignments]
EACH = pytest.mark.parametrize("assignment", ASSIGNMENTS, ids=lambda one: one.id)
RIGHT = "def mean_loss(values):\n    return sum(values) / len(values)"


def render(assignment: Assignment) -> bytes:
    return render_notebook(assignment, read_checks(assignment), ["Hand it in by Monday."])


def right_answers(assignment: Assignment) -> dict[str, str]:
    """The right answers to a quiz, as Python."""
    found = {}
    for question in assignment.quiz_questions:
        if isinstance(question, ChoiceQuestion | MultipleChoiceQuestion):
            pairs = zip(question.letters, question.choices, strict=True)
            letters = [letter for letter, choice in pairs if choice.correct]
            found[question.id] = repr(letters) if isinstance(question, MultipleChoiceQuestion) else repr(letters[0])
        elif isinstance(question, NumericQuestion):
            found[question.id] = repr(question.number)
        else:
            found[question.id] = repr(question.accept[0])
    return found


def solution_of(assignment: Assignment) -> dict[str, str]:
    if not assignment.code_questions:
        return {}
    return {name: path.read_text() for name, path in list_solutions(assignment)[0].items()}


def meaning(source: bytes) -> list[str]:
    """The statements of a file, in any order, without the module's docstring."""
    body = ast.parse(source).body
    is_text = body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
    return sorted(ast.dump(node) for node in (body[1:] if is_text else body))


def take(notebook: Book, assignment: Assignment, folder: Path) -> Submission:
    path = folder / "work.ipynb"
    path.write_bytes(dump(notebook))
    return read_submission(path, assignment)


def refusal(data: bytes) -> SubmissionError:
    with pytest.raises(SubmissionError) as caught:
        read_notebook(data, "work.ipynb")
    return caught.value


# What a notebook holds


@EACH
def test_every_assignment_makes_a_sound_notebook(assignment: Assignment) -> None:
    data = render(assignment)
    assert render(assignment) == data
    notebook = nbformat.reads(data.decode(), as_version=4)
    nbformat.validate(notebook)
    assert nbformat.writes(notebook) + "\n" == data.decode(), "saving it changes nothing"
    plain = json.loads(data)
    texts = "\n".join(sources(plain, "markdown"))
    for question in assignment.questions:
        assert question.prompt.strip("\n") in texts
        assert tagged(plain, question.id)
    for question in assignment.code_questions:
        assert "".join(tagged(plain, question.id)["source"]) == question.starter.strip("\n")
    assert "Hand it in by Monday." in texts
    assert "from grader.notebook import check" in plain["cells"][-1]["source"][0]


@EACH
def test_the_notebook_asks_what_the_readme_asks(assignment: Assignment) -> None:
    readme = render_stub(assignment, read_checks(assignment))["README.md"].decode()
    texts = "\n".join(sources(json.loads(render(assignment)), "markdown"))
    asked, _, rest = readme.partition("## Check and submit")
    told = [line for line in (asked + rest.partition("## Limits")[2]).splitlines() if line.strip()]
    assert len(told) > 10
    for line in told:
        assert re.sub("in `[^`]*`( after `[^`]*`)?", "in the cell below", line) in texts or line in texts


def test_where_there_are_hints_a_notebook_says_how_to_take_one(write_assignment: Writer, assignment_yaml: str) -> None:
    hints = "    hints: [{text: Divide by the count.}]\n    file: mean_loss.py\n"
    with_hints = assignment_yaml.replace("    file: mean_loss.py\n", hints)
    for name, text, told in (("with", with_hints, True), ("without", assignment_yaml, False)):
        asked = load_assignment(write_assignment(text.replace("id: mean-loss", f"id: {name}", 1), name=name))
        *_others, end = sources(json.loads(render(asked)), "markdown")
        assert (f"\ngrader hint {name}\n" in end) is told
        assert f"\ngrader submit {name}.ipynb\n" in end


def test_nothing_is_in_a_notebook_that_is_not_a_students_to_see(write_assignment: Writer) -> None:
    planted = {
        "checks/hidden/test_canary.py": "import pytest\n@pytest.mark.question('mean-loss')\n@pytest.mark.points(0)\n"
        "def test_c(submission):\n    'canary title'\n    assert 'canary'\n",
        "solutions/plain.py": "# canary\ndef mean_loss(values): return 0\n",
        "mistakes/sum_for_mean.py": '"""The canary of a mistake is here, and long enough."""\n',
    }
    assignment = load_assignment(write_assignment(files=planted))
    files = render_notebook_stub(assignment, read_checks(assignment))
    assert list(files) == ["mean-loss.ipynb", "checks/test_public.py", "grader.json"]
    for name, content in files.items():
        assert b"canary" not in content, name
        assert b"That is it." not in content, name
        assert b"average" not in content, name


def test_ids_of_cells_are_short_enough(write_assignment: Writer, assignment_yaml: str) -> None:
    long = "a" * 64
    assignment = load_assignment(write_assignment(assignment_yaml.replace("id: by-hand", f"id: {long}")))
    notebook = json.loads(render(assignment))
    nbformat.validate(nbformat.from_dict(notebook))
    assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])


# There and back


@EACH
def test_a_solved_notebook_is_the_folder_solved(assignment: Assignment, tmp_path: Path) -> None:
    solution, answers = solution_of(assignment), right_answers(assignment)
    solved = solve(render(assignment), assignment, solution, answers)
    for notebook in (solved, without_tags(solved)):
        submission = take(notebook, assignment, tmp_path)
        for file, source in solution.items():
            assert meaning(submission.files[file]) == meaning(source.encode())
        grade = score_submission(assignment, read_checks(assignment), Run(), read_answers(assignment, submission))
        quiz = [question for question in grade.questions if question.kind != "code"]
        assert [one.score for one in quiz] == [one.points for one in assignment.quiz_questions]
        assert unpack(pack(submission)) == submission


@EACH
def test_the_untouched_notebook_is_the_untouched_stub(assignment: Assignment, tmp_path: Path) -> None:
    # Whose variants they are is known only once it is read.
    submission = take(json.loads(render(assignment)), COURSE.load(assignment.id), tmp_path)
    for name, content in render_stub(assignment, read_checks(assignment)).items():
        if name in {question.file for question in assignment.code_questions}:
            assert meaning(submission.files[name]) == meaning(content)
    assert not any(value for value in read_answers(assignment, submission).values.values())
    assert not submission.notes
    assert submission.drawn_for == (assignment.student or None)


# Which cells are taken


@pytest.fixture
def assignment(write_assignment: Writer) -> Assignment:
    return load_assignment(write_assignment())


def values_of(submission: Submission, *arguments: Any) -> Any:
    """Run the code as grading would, and return what it gives."""
    namespace: dict[str, Any] = {"__name__": "mean_loss"}
    exec(compile(submission.files["mean_loss.py"], "mean_loss.py", "exec"), namespace)
    return namespace["mean_loss"](*arguments)


TRIAL = "raise SystemExit('this is never run')"


@pytest.mark.parametrize(
    ("cells", "notes"),
    [
        ([code(RIGHT, "mean-loss"), TRIAL, "mean_loss([1])"], []),
        (["import math as m", code("def mean_loss(v):\n    return m.fsum(v) / len(v)", "mean-loss"), TRIAL], []),
        (["import os, math as m", code("def mean_loss(v):\n    return m.fsum(v) / len(v)", "mean-loss")], []),
        (["from math import *", code("def mean_loss(v):\n    return fsum(v) / len(v)", "mean-loss")], []),
        (
            [
                code("def mean_loss(v: Numbers) -> float:\n    return add(v) / len(v)", "mean-loss"),
                "START = -1 + 1\n\ndef add(v):\n    return sum(v, START)\n\nadd([1])\nNumbers = list",
            ],
            [],
        ),
        (["import math; x = 1; print(x)", code("def mean_loss(v): return math.fsum(v) / len(v)", "mean-loss")], []),
        (
            [code("from __future__ import annotations\n" + RIGHT, "mean-loss"), "from __future__ import annotations"],
            [],
        ),
        (["import math", code("from __future__ import annotations\nimport math\n" + RIGHT, "mean-loss")], []),
        (
            [code("def mean_loss(v):\n    return 0", "mean-loss"), TRIAL, code(RIGHT, "mean-loss")],
            ["cells 1 and 3 are tagged for mean-loss: all are taken in this order"],
        ),
        (
            [code("def add(v): return sum(v)", "mean-loss"), code("def mean_loss(v): return add(v) / 3", "mean-loss")],
            ["cells 1 and 2 are tagged"],
        ),
        (
            [code(RIGHT, "mean-loss"), "def mean_loss(v):\n    return 0"],
            ["cell 2 defines mean_loss too, and is not taken: cell 1 answers mean-loss"],
        ),
        ([TRIAL, RIGHT + "\n" + TRIAL, TRIAL], ["mean_loss is taken from cell 2 (no tag)"]),
        (["def mean_loss(v): return 0", RIGHT], ["mean_loss is taken from cells 1 and 2 (no tag)"]),
        (["N = len([0, 0, 0])\ndef mean_loss(v): return sum(v) / N"], ["(no tag)"]),
        ([code("%matplotlib inline\n!pip list\n" + RIGHT + "\nmean_loss?", "mean-loss")], ["line 1", "2", "line 5"]),
        ([code("%%time\n" + RIGHT, "mean-loss")], ["cell 1, line 1 is left out: `%%time`"]),
        ([code('X = """\n% 3\n!ls\n"""\n' + RIGHT, "mean-loss")], []),
        ([code(RIGHT + "\nif True:\n    !ls\nfiles = !ls", "mean-loss")], ["line 4", "cell 1, line 5"]),
        ([code("import asyncio\n" + RIGHT + "\nawait asyncio.sleep(9)", "mean-loss")], ["cell 1, line 4", "await"]),
        ([code("async def f():\n    await g()\n" + RIGHT, "mean-loss")], []),
        (
            [{**code(RIGHT, "mean-loss"), "cell_type": "markdown"}, RIGHT],
            ["cell 1, tagged for mean-loss, is a markdown cell"],
        ),
        ([code(RIGHT.replace("\n", "\r\n"), "mean-loss")], []),
        ([code("# coding: latin-1\n" + RIGHT + "\nNAME = 'é'", "mean-loss")], []),
    ],
)
def test_what_is_taken_works_as_it_did_in_the_notebook(
    assignment: Assignment, tmp_path: Path, cells: list[Book | str], notes: list[str]
) -> None:
    submission = take(book(*cells), assignment, tmp_path)
    assert values_of(submission, [1.0, 2.0, 6.0]) == 3.0
    told = "\n".join(submission.notes)
    assert bool(told) == bool(notes), told
    assert all(note in told for note in notes), told


def test_a_cell_that_was_left_as_it_is_in_the_stub_gives_way_to_another(assignment: Assignment, tmp_path: Path) -> None:
    (question,) = assignment.code_questions
    untouched = code(question.starter, "mean-loss")
    for notebook in (book(untouched, RIGHT), book(RIGHT, untouched)):
        submission = take(notebook, assignment, tmp_path)
        assert values_of(submission, [1.0, 3.0]) == 2.0
        assert "left it as in the stub" in submission.notes[0]


def test_what_a_cell_computes_is_not_taken_and_that_is_told(assignment: Assignment, tmp_path: Path) -> None:
    own = code("def mean_loss(v):\n    return sum(v) / total", "mean-loss")
    submission = take(book("total = len(open('x').read())", own), assignment, tmp_path)
    assert b"open" not in submission.files["mean_loss.py"]
    assert submission.notes == ("your code uses `total`, which cell 1 computes: that is not taken; move it to cell 2",)


@pytest.mark.parametrize(
    ("other", "note"),
    [
        ("N = 2\nN += 1", "your code uses `N`, which cell 1 computes"),
        ("N = 3\nfor N in range(9): pass", "your code uses `N`, which cell 1 computes"),
        ("N = 3\nM = len('x')", ""),
    ],
)
def test_what_is_changed_after_it_was_defined_is_told(
    assignment: Assignment, tmp_path: Path, other: str, note: str
) -> None:
    submission = take(book(other, code("def mean_loss(v): return sum(v) / N", "mean-loss")), assignment, tmp_path)
    assert note in "".join(submission.notes)
    assert bool(note) == bool(submission.notes)


def test_what_only_notebooks_have_is_told(assignment: Assignment, tmp_path: Path) -> None:
    submission = take(book(code(RIGHT + "\ndisplay(mean_loss)", "mean-loss")), assignment, tmp_path)
    assert submission.notes == ("your code uses `display`, which only notebooks have",)


def test_trials_are_left_out_of_what_is_searched_for_forbidden_names(assignment: Assignment, tmp_path: Path) -> None:
    trial = "import statistics\nx = 3\ndef compare(v):\n    return statistics.mean(v), mean_loss(v)\ncompare([1, 2])"
    submission = take(book("import statistics", code(RIGHT, "mean-loss"), trial), assignment, tmp_path)
    assert b"statistics" not in submission.files["mean_loss.py"]


def test_two_files_share_what_one_notebook_defines(
    write_assignment: Writer, assignment_yaml: str, tmp_path: Path
) -> None:
    second = (
        "questions:\n  - {id: second, kind: code, points: 0, prompt: P, file: second.py, "
        'starter: "def second(v):\\n    return 0"}\n'
    )
    marked = "pytestmark = pytest.mark.question('mean-loss')\n"
    directory = write_assignment(assignment_yaml.replace("questions:\n", second))
    for name in ("public/test_public.py", "hidden/test_hidden.py"):
        path = directory / "checks" / name
        path.write_text(path.read_text().replace("import pytest\n", f"import pytest\n{marked}"))
    (directory / "checks/hidden/test_second.py").write_text(
        "import pytest\n@pytest.mark.question('second')\n@pytest.mark.points(0)\ndef test_s(): 'S'\n"
    )
    own = code("def second(v):\n    return 2 * mean_loss(v)", "second")
    submission = take(book(code(RIGHT, "mean-loss"), own), load_assignment(directory), tmp_path)
    assert "mean_loss" in {getattr(node, "name", "") for node in ast.parse(submission.files["second.py"]).body}
    assert "second" not in submission.files["mean_loss.py"].decode()


def test_code_that_is_no_python_is_graded_as_it_stands(assignment: Assignment, tmp_path: Path) -> None:
    submission = take(book(code("%time\ndef mean_loss(:\n", "mean-loss"), RIGHT), assignment, tmp_path)
    assert "def mean_loss(:" in submission.files["mean_loss.py"].decode()


BROKEN = "x = 1\ndef mean_loss(values)\n    return sum(values)"
ANSWERED = 'answer_why_mean = "b"'


@pytest.mark.parametrize(
    ("cells", "slips"),
    [
        ([BROKEN], "; cell 2, line 2 is no Python: expected ':'"),
        (["x = (", BROKEN], "; cell 3, line 2 is no Python: expected ':'"),
        (["x = ("], "; cell 2, line 1 is no Python: '(' was never closed"),
        (["%time\nx = ", "y = 1"], "; cell 2, line 2 is no Python: invalid syntax"),
        (["x = mean_loss([1])"], ""),
        (["mean_loss = lambda values: sum(values)"], ""),
        ([], ""),
    ],
)
def test_what_no_cell_defines_is_told_with_the_cell_that_is_no_python(
    assignment: Assignment, tmp_path: Path, cells: list[str], slips: str
) -> None:
    submission = take(book(ANSWERED, *cells), assignment, tmp_path)
    assert submission.notes == (f"no cell defines mean_loss with def or class (for mean_loss.py){slips}",)
    assert list(submission.files) == ["answers.yaml"]


def test_a_broken_cell_is_told_beside_a_tagged_one_if_it_defines_what_that_lacks(
    assignment: Assignment, tmp_path: Path
) -> None:
    own = code("import math", "mean-loss")
    (note,) = take(book(own, BROKEN), assignment, tmp_path).notes
    assert "cell 2, line 2 is no Python" in note
    assert take(book(own, "x = ("), assignment, tmp_path).notes == ()
    assert take(book(code(RIGHT, "mean-loss"), BROKEN), assignment, tmp_path).notes == ()


@pytest.mark.timeout(60)
@pytest.mark.parametrize("filler", ["\n", "\n \n", " ", "def\n", "answer_by_hand\n", "answer_x = 1\n"])
def test_hostile_cells_do_not_hang(assignment: Assignment, tmp_path: Path, filler: str) -> None:
    broken = filler * (400_000 // len(filler)) + "\n("
    whole = "answer_byhand = 1\n" * 20_000
    notes = take(book(ANSWERED, broken, whole), assignment, tmp_path).notes
    assert 1 < len(notes) <= 20


def test_a_notebook_without_any_answer_tells_where_one_was_lost(assignment: Assignment, tmp_path: Path) -> None:
    lost = [
        ([BROKEN], "cell 1, line 2 is no Python: expected ':'"),
        (["answer_whymean = 'b'"], "cell 1: answer_whymean belongs to no question; did you mean 'answer_why_mean'?"),
        (["x = 1"], "`grader fetch mean-loss --notebook` makes a notebook to answer in"),
    ]
    for cells, hint in lost:
        with pytest.raises(SubmissionError, match="holds no cell for mean-loss") as caught:
            take(book(*cells), assignment, tmp_path)
        assert caught.value.hint == hint


def test_other_modules_of_the_folder_come_along(assignment: Assignment, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "added.py").write_text("def add(v): return sum(v)\n")
    source = "from added import add\ndef mean_loss(v): return add(v)"
    (folder / "any name (1).ipynb").write_bytes(dump(book(code(source, "mean-loss"))))
    assert list(read_submission(folder, assignment).files) == ["added.py", "mean_loss.py"]


# The quiz


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ('answer_why_mean = "b"', "b"),
        ("answer_why_mean = b", "b"),
        ('"b"', "b"),
        ('answer = "(B)"', "b"),
        ('answer_why_mean = "a"\nanswer_why_mean = "b"', "b"),
        ('answer_why_mean: str = "b"', "b"),
        ('answer_why_mean = "It is cheaper."', "b"),
        ("answer_why_mean = It is cheaper.", "b"),
        ("answer_why_mean = None", None),
        ("answer_why_mean = ...", None),
        ("", None),
        ("# nothing", None),
    ],
)
def test_answers_are_read_and_never_run(assignment: Assignment, tmp_path: Path, source: str, value: object) -> None:
    submission = take(book(code(source, "why-mean")), assignment, tmp_path)
    answers = read_answers(assignment, submission)
    assert answers.problems == ()
    assert answers.values["why-mean"] == value


@pytest.mark.parametrize(
    ("question", "value", "read"),
    [
        ("reductions", '["a", "b"]', ("a", "b")),
        ("reductions", "{'b', 'a'}", ("a", "b")),
        ("reductions", "a, b", ("a", "b")),
        ("reductions", '"a, b"', ("a", "b")),
        ("reductions", "[]", None),
        ("by-hand", "3", 3.0),
        ("by-hand", "-3.50", -3.5),
        ("by-hand", "3e-3", 0.003),
        ("by-hand", '"3.0"', 3.0),
        ("in-words", '"""two\nlines: # é \\x7f"""', "two\nlines: # é ␡"),
        ("in-words", "'it is \"quoted\" \\\\ \\U0001F600'", 'it is "quoted" \\ 😀'),
    ],
)
def test_answers_of_every_kind(assignment: Assignment, tmp_path: Path, question: str, value: str, read: object) -> None:
    source = f"answer_{question.replace('-', '_')} = {value}"
    for tags in ((question,), ()):
        answers = read_answers(assignment, take(book(code(source, *tags)), assignment, tmp_path))
        assert (answers.values[question], answers.problems) == (read, ())


@pytest.mark.parametrize(
    ("source", "notes"),
    [
        ('answer_bihand = "3"', ["cell 2: answer_bihand belongs to no question; did you mean 'answer_by_hand'?"]),
        ("Answerbyhand: int = 3", ["cell 2: Answerbyhand belongs to no question; did you mean 'answer_by_hand'?"]),
        ("answer_by_hand = 3 m", ["cell 2, line 1 is no Python: invalid syntax"]),
        ('answer_whymean = "a"', []),  # that one is answered
        ("answers = [1]", []),
        ("answer_of_mine = 3", []),
        ("by_hand = 3", []),
        ("x = 3 m", []),
    ],
)
def test_an_answer_by_nearly_its_name_is_told(
    assignment: Assignment, tmp_path: Path, source: str, notes: list[str]
) -> None:
    submission = take(book(code(RIGHT + f"\n{ANSWERED}", "mean-loss"), source), assignment, tmp_path)
    assert list(submission.notes) == notes


def test_what_an_answer_computes_is_a_problem_with_its_cell(assignment: Assignment, tmp_path: Path) -> None:
    submission = take(book("x = 1", code("answer_by_hand = 1 + 2", "by-hand")), assignment, tmp_path)
    (problem,) = read_answers(assignment, submission).problems
    assert "'1 + 2' is not a number" in problem.message
    assert locate(submission.pieces, "answers.yaml", problem.line) == (2, 1)
    assert "cell 2 computes the answer to by-hand: it is not run" in submission.notes[-1]


def test_the_last_of_several_answers_counts(assignment: Assignment, tmp_path: Path) -> None:
    cells: list[Book | str] = [
        code('answer_why_mean = "a"', "why-mean"),
        'answer_why_mean = "b"',
        code("answer_why_mean = None"),
    ]
    submission = take(book(*cells), assignment, tmp_path)
    assert read_answers(assignment, submission).values["why-mean"] == "b"
    assert submission.notes[1:] == ("cells 1 and 2 answer why-mean: the last one counts",)


# Where a line stands


def test_every_line_is_found_in_its_cell(assignment: Assignment, tmp_path: Path) -> None:
    cells: list[Book | str] = [
        "import os\n\nimport math",
        code("\n\ndef mean_loss(v):\n    return add(v) / N\n\n", "mean-loss"),
        "x = 1\n@staticmethod\ndef add(v):\n    return math.fsum(v)\n\ny = 2\nN = 3",
    ]
    submission = take(book(*cells), assignment, tmp_path)
    lines = submission.files["mean_loss.py"].decode().splitlines()
    found = {}
    for number, line in enumerate(lines, 1):
        place = locate(submission.pieces, "mean_loss.py", number)
        if place is not None:
            assert find_cell(lines, number) == place
            cell = cells[place[0] - 1]
            source = cell if isinstance(cell, str) else cell["source"]
            assert source.split("\n")[place[1] - 1] == line
            found[line] = place
    assert found["import math"] == (1, 3)
    assert found["    return add(v) / N"] == (2, 4)
    assert found["    return math.fsum(v)"] == (3, 4)
    assert found["N = 3"] == (3, 7)
    assert "import os" not in found
    stored = unpack(pack(submission))
    frame = Frame("mean_loss.py", lines.index("    return add(v) / N") + 1, "mean_loss", "x")
    result = CheckResult("test_of_one", Outcome.FAILED, "It is wrong.", "", (frame,))
    run = Run((result,))
    grade = score_submission(assignment, read_checks(assignment), run, read_answers(assignment, stored))
    (excerpt,) = cut_excerpts(grade, stored.files).values()
    assert excerpt.cell == (2, 4)


def test_a_students_comment_can_say_no_more_than_a_wrong_cell() -> None:
    head = "# Taken from a notebook: the numbers below are those of its cells."
    assert find_cell([head, "# %% cell 99999999999", "x"], 3) is None
    assert find_cell(["# %% cell 3", "x"], 2) is None
    assert find_cell([], 1) is None
    assert find_cell([head, "# %% cell 3", "x"], 9_999) is not None


# Beside other files


def write_both(folder: Path, notebook: Book, source: str) -> Path:
    folder.mkdir()
    (folder / "work.ipynb").write_bytes(dump(notebook))
    (folder / "mean_loss.py").write_text(source)
    return folder


MARKER = {"format": 1, "assignment": "mean-loss"}


def test_files_and_a_notebook_that_say_the_same(assignment: Assignment, tmp_path: Path) -> None:
    same = book(code(RIGHT, "mean-loss"), marker=MARKER)
    folder = write_both(tmp_path / "same", same, f'"""Mine."""\n\n{RIGHT}  # the same\n')
    assert read_submission(folder, assignment).pieces == ()


def test_files_and_a_notebook_that_differ_are_refused(assignment: Assignment, tmp_path: Path) -> None:
    notebook = book(code(RIGHT, "mean-loss"), marker=MARKER)
    with pytest.raises(
        SubmissionError, match=r"there are work\.ipynb and mean_loss\.py, and they do not say"
    ) as caught:
        read_submission(write_both(tmp_path / "both", notebook, "def mean_loss(v): return 0\n"), assignment)
    assert caught.value.hint
    assert read_submission(tmp_path / "both" / "work.ipynb", assignment).pieces


def test_the_one_of_both_that_is_still_the_stub_gives_way(assignment: Assignment, tmp_path: Path) -> None:
    stub = render_stub(assignment, read_checks(assignment))["mean_loss.py"].decode()
    solved = book(code(RIGHT, "mean-loss"), marker=MARKER)
    assert read_submission(write_both(tmp_path / "a", solved, stub), assignment).pieces
    untouched = json.loads(render(assignment))
    submission = read_submission(write_both(tmp_path / "b", untouched, RIGHT), assignment)
    assert submission.files == {"mean_loss.py": RIGHT.encode()}


def test_each_file_is_taken_from_where_it_was_filled_in(assignment: Assignment, tmp_path: Path) -> None:
    solved = book(code(RIGHT, "mean-loss"), code("answer_why_mean = None", "why-mean"), marker=MARKER)
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "work.ipynb").write_bytes(dump(solved))
    (folder / "answers.yaml").write_text("why-mean: b\n")
    submission = read_submission(folder, assignment)
    assert values_of(submission, [1.0, 3.0]) == 2.0
    assert submission.files["answers.yaml"] == b"why-mean: b\n"
    assert {piece.file for piece in submission.pieces} == {"mean_loss.py"}


def test_what_is_in_a_file_is_not_missed_in_the_notebook_beside_it(assignment: Assignment, tmp_path: Path) -> None:
    quiz = book(ANSWERED, marker=MARKER)
    assert read_submission(write_both(tmp_path / "both", quiz, RIGHT), assignment).notes == ()
    stub = render_stub(assignment, read_checks(assignment))["mean_loss.py"].decode()
    (note,) = read_submission(write_both(tmp_path / "neither", quiz, stub), assignment).notes
    assert note.startswith("no cell defines mean_loss")


def test_a_notebook_that_cannot_be_taken_is_not_passed_over_for_an_untouched_stub(
    assignment: Assignment, tmp_path: Path
) -> None:
    stub = render_stub(assignment, read_checks(assignment))["mean_loss.py"].decode()
    large = dump(book(code(RIGHT + "\nX = '" + "é" * 600_000 + "'", "mean-loss"), marker=MARKER))
    for number, (data, words) in enumerate(((large, "too large"), (b"{", "not valid JSON"))):
        untouched = write_both(tmp_path / f"untouched-{number}", book(), stub)
        solved = write_both(tmp_path / f"solved-{number}", book(), RIGHT)
        for folder in (untouched, solved):
            (folder / "work.ipynb").write_bytes(data)
        with pytest.raises(SubmissionError, match=words):
            read_submission(untouched, assignment)
        assert read_submission(solved, assignment).files == {"mean_loss.py": RIGHT.encode()}


def test_a_notebook_of_ones_own_beside_the_files_is_nobodys_business(assignment: Assignment, tmp_path: Path) -> None:
    for number, other in enumerate((dump(book(RIGHT)), b"{}", dump(book(marker={"format": 1, "assignment": "x"})))):
        folder = write_both(tmp_path / f"{number}", book(), RIGHT)
        (folder / "work.ipynb").write_bytes(other)
        assert read_submission(folder, assignment).files == {"mean_loss.py": RIGHT.encode()}


def test_of_too_many_notebooks_none_is_taken(assignment: Assignment, tmp_path: Path) -> None:
    files = {f"n{number:02}.ipynb": dump(book(code(f"{RIGHT}# {number}\n", "mean-loss"))) for number in range(11)}
    with pytest.raises(SubmissionError, match="there are 11 notebooks, and at most 10 are looked into"):
        read_submission(write(tmp_path / "many", files), assignment)


def test_several_notebooks_need_one_that_says_it_is_the_answer(assignment: Assignment, tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    for name in ("a.ipynb", "b.ipynb"):
        (tmp_path / "w" / name).write_bytes(dump(book(code(f"{RIGHT} # {name}", "mean-loss"))))
    (tmp_path / "w" / ".hidden.ipynb").write_bytes(b"")
    with pytest.raises(SubmissionError, match=r"there are 2 notebooks: a\.ipynb, b\.ipynb"):
        read_submission(tmp_path / "w", assignment)
    (tmp_path / "w" / "a-1.ipynb").write_bytes((tmp_path / "w" / "a.ipynb").read_bytes())
    (tmp_path / "w" / "b.ipynb").unlink()
    assert read_submission(tmp_path / "w", assignment).pieces, "the same twice is one"
    (tmp_path / "w" / "c.ipynb").write_bytes(dump(book(RIGHT, marker=MARKER)))
    assert read_submission(tmp_path / "w", assignment).notes == ("mean_loss is taken from cell 1 (no tag)",)


def test_a_zip_counts_before_a_notebook_beside_it_that_is_no_answer(assignment: Assignment, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "work.zip", "w") as archive:
        archive.writestr("mean_loss.py", RIGHT)
    (tmp_path / "trial.ipynb").write_bytes(dump(book("x = 1")))
    with ExitStack() as stack:
        folder = Folder.open(tmp_path, stack)
        assert take_submission(folder, tmp_path, assignment).files == {"mean_loss.py": RIGHT.encode()}


def test_the_marker_of_a_notebook(assignment: Assignment, tmp_path: Path) -> None:
    path = tmp_path / "work.ipynb"
    path.write_bytes(dump(book(RIGHT, marker={**MARKER, "student": "ada"})))
    assert read_marker(path) == read_marker(tmp_path) == {**MARKER, "student": "ada"}
    assert read_submission(path, assignment).drawn_for == "ada"
    path.write_bytes(dump(book(RIGHT)))
    assert read_marker(path) is None
    path.write_bytes(dump(book(RIGHT, marker={"format": 1, "assignment": "other"})))
    with pytest.raises(SubmissionError, match="belongs to the assignment 'other'"):
        read_submission(path, assignment)
    path.write_bytes(dump(book(RIGHT, marker={"format": 9, "assignment": "mean-loss"})))
    with pytest.raises(SubmissionError, match="format 9"):
        read_submission(path, assignment)


# What is hostile


DEEP = b'{"nbformat": 4, "cells": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not valid JSON"),
        (b"\xff\xfe\x00", "not valid JSON"),
        (b"{}", "does not say which nbformat"),
        (b"[]", "does not say which nbformat"),
        (b"NaN", "does not say which nbformat"),
        (b'{"nbformat": true}', "does not say which nbformat"),
        (b'{"nbformat": 3, "worksheets": []}', "has nbformat 3, and only 4 can be read"),
        (b'{"nbformat": 4}', "no list of cells"),
        (b'{"nbformat": 4, "cells": {}}', "no list of cells"),
        (b'{"nbformat": 4, "cells": [1]}', "cell 1 of work.ipynb is no cell"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": 3}]}', "cell 1 of work.ipynb holds no text"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": ["a", 3]}]}', "holds no text"),
        (b'{"nbformat": 4, "cells": [{"cell_type": 1, "source": ""}]}', "holds no text"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": "\\ud800"}]}', "half of a character"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": "\\u0000"}]}', "a NUL character"),
        (DEEP, "not valid JSON"),
        (b'{"nbformat": 4, "cells": [' + b"{}," * 400_000 + b"{}]}", "holds too much"),
        (b'{"nbformat": ' + b"1" * 5_000 + b"}", "not valid JSON"),
        (b" " * (MAX_NOTEBOOK_BYTES + 1), "is too large: 10,000,001 bytes"),
        (dump(book(*[""] * 10_000)), "has 10,000 cells, and at most 2,000"),
        (dump(book("x" * MAX_CODE_BYTES, "y")), "hold more than 1,000,000 characters"),
    ],
)
def test_what_is_no_notebook_is_refused_in_words(data: bytes, words: str) -> None:
    error = refusal(data)
    assert words in error.message
    assert error.hint
    assert (error.message + error.hint).isprintable()


def test_odd_values_where_nothing_is_looked_at(assignment: Assignment, tmp_path: Path) -> None:
    odd = {**code(RIGHT, "mean-loss"), "outputs": [float("nan"), {"data": "\ud800"}], "execution_count": "x"}
    odd_metadata: tuple[Any, ...] = (None, [], {"tags": 3}, {"tags": [3, None, []]})
    strange = [{**code(""), "metadata": metadata} for metadata in odd_metadata]
    submission = take(book(*strange, odd), assignment, tmp_path)
    assert values_of(submission, [2.0]) == 2.0


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
LINES = st.sampled_from(
    [RIGHT, "%time", "!ls", "x?", "import math", "await x", "answer_why_mean = ['a'", "def f(", '"""', "x = [y for y",
     "answer_by_hand = -1", "class mean_loss: pass", "from __future__ import annotations", "a = b; c = a", "\t", "\\"]
)  # fmt: skip
CELLS = st.fixed_dictionaries(
    {
        "cell_type": st.sampled_from(["code", "code", "markdown", "raw"]),
        "source": st.lists(LINES, max_size=5).map("\n".join) | st.lists(LINES, max_size=3) | st.text(max_size=20),
        "metadata": JSON
        | st.fixed_dictionaries({"tags": st.lists(st.sampled_from(["grader:mean-loss", "grader:why-mean", "x"]))}),
    }
)


@settings(max_examples=150, deadline=None)
@given(cells=st.lists(CELLS | JSON, max_size=5), metadata=JSON, change=JSON)
def test_any_notebook_is_taken_or_refused_in_words(
    tmp_path_factory: pytest.TempPathFactory, cells: list[object], metadata: object, change: object
) -> None:
    assignment = _made(tmp_path_factory)
    path = assignment.directory / "any.ipynb"
    for cell in cells:
        if isinstance(cell, dict):
            cell["outputs"] = change
    path.write_text(json.dumps({"nbformat": 4, "metadata": metadata, "cells": cells}))
    try:
        submission = read_submission(path, assignment)
    except SubmissionError as error:
        told = [error.message, error.hint or ""]
    else:
        told = list(submission.notes)
        assert submission.files.keys() <= {"mean_loss.py", "answers.yaml"}
        assert not [one for one in read_answers(assignment, submission).problems if one.question is None]
    assert all(text.isprintable() for text in told)


_KEPT: dict[str, Assignment] = {}


def _made(factory: pytest.TempPathFactory) -> Assignment:
    """Return an assignment that is written once for all examples."""
    if not _KEPT:
        from tests.conftest import ASSIGNMENT, FILES

        folder = factory.mktemp("made") / "mean-loss"
        for name, content in {**FILES, "assignment.yaml": ASSIGNMENT}.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(content)
        _KEPT["one"] = load_assignment(folder)
    return _KEPT["one"]


def test_as_many_cells_as_may_be_are_read(assignment: Assignment, tmp_path: Path) -> None:
    chain = [f"def f{number}(v): return f{number + 1}(v)" for number in range(MAX_CELLS - 2)]
    last = f"def f{MAX_CELLS - 2}(v): return sum(v)"
    own = code("def mean_loss(v): return f0(v)", "mean-loss")
    submission = take(book(own, *chain, last), assignment, tmp_path)
    assert submission.files["mean_loss.py"].count(b"def ") == MAX_CELLS


def test_the_names_of_a_contract(assignment: Assignment) -> None:
    assert [contract_names(question) for question in assignment.code_questions] == [("mean_loss",)]
    assert Fraction(assignment.points) > 0
