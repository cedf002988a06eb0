"""From submissions to grades with a real examiner: outcomes, faults of ours, determinism."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from grader.checks import read_checks
from grader.engine import Examiner
from grader.errors import FaultError
from grader.grading import Setup, grade_submissions, list_solutions, make_job
from grader.results import Outcome
from grader.scoring import CheckGrade, Grade, Status, grade_to_json
from grader.spec import Assignment, load_assignment
from grader.submission import Submission

YAML = """\
format: 1
id: double
title: Double
summary: Times two.
limits: {seconds: 6, check_seconds: 1, memory_mb: 1024}
questions:
  - id: double
    kind: code
    points: 8
    prompt: Write `double(x)`.
    file: double.py
    starter: |
      def double(x):
          raise NotImplementedError
    forbid: [torch.add]
    devices: [cpu, cuda]
  - {id: how, kind: numeric, points: 1, prompt: "2 times 3?", correct: 6, tolerance: 0}
"""

CHECKS = '''\
import pytest
import torch

from grader.examiner.expect import expect_close


@pytest.mark.points(2, hint="Think of x + x.")
def test_value(submission, rng, device):
    """It is twice its input."""
    x = torch.randn(3, generator=rng)
    expect_close(submission.double(x), 2 * x)


@pytest.mark.points(1)
@pytest.mark.parametrize("value", [1.0, -2.0, 0.0])
def test_numbers(submission, value):
    """It doubles plain numbers."""
    assert submission.double(value) == 2 * value


@pytest.mark.points(1)
@pytest.mark.device("cuda")
def test_on_a_gpu(submission):
    """It works on a GPU."""
    raise AssertionError("never run here")


@pytest.mark.points(1)
def test_skipped(submission):
    """It needs a package that is not here."""
    pytest.importorskip("no_such_package_at_all")


@pytest.mark.points(1)
def test_item(submission):
    """Its result has an item."""
    assert submission.double(torch.tensor(2.0)).item() == 4.0


@pytest.mark.points(1)
def test_raises(submission):
    """It refuses text."""
    with pytest.raises(TypeError):
        submission.double("text")


@pytest.mark.points(1)
def test_random(submission, reference, rng):
    """Random numbers are the same for everybody."""
    expect_close(submission.double(torch.ones(2)), reference.double(torch.ones(2)))
'''

SOLUTION = """\
import torch


def double(x):
    if isinstance(x, str):
        raise TypeError("no text")
    return x * 2
"""


@pytest.fixture(scope="module")
def examiner() -> Iterator[Examiner]:
    with Examiner() as examiner:
        yield examiner


@pytest.fixture
def assignment(tmp_path: Path) -> Assignment:
    return write(tmp_path, CHECKS)


def write(folder: Path, checks: str, yaml: str = YAML) -> Assignment:
    directory = folder / "course" / "double"
    for name, text in {
        "assignment.yaml": yaml,
        "checks/hidden/test_double.py": checks,
        "solutions/plain.py": SOLUTION,
    }.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text)
    return load_assignment(directory)


def grade(examiner: Examiner, assignment: Assignment, *sources: str | None) -> list[Grade]:
    submissions = [Submission({} if source is None else {"double.py": source.encode()}) for source in sources]
    found = dict(grade_submissions(examiner, assignment, read_checks(assignment), submissions, Setup()))
    return [found[number] for number in range(len(submissions))]


def checks_of(grade: Grade) -> dict[str, CheckGrade]:
    return {check.id: check for check in grade.questions[0].checks}


def test_a_right_answer_earns_all_but_what_is_deferred(examiner: Examiner, assignment: Assignment) -> None:
    (result,) = grade(examiner, assignment, SOLUTION)
    checks = checks_of(result)
    assert {name for name, check in checks.items() if check.outcome is not Outcome.PASSED} == {
        "test_on_a_gpu",
        "test_skipped",
    }
    assert result.score == 6
    assert result.deferred == 2
    assert result.points == 9
    assert result.status is Status.GRADED
    assert checks["test_on_a_gpu"].outcome is Outcome.NOT_RUN
    assert checks["test_on_a_gpu"].deferred
    assert "cuda" in str(checks["test_on_a_gpu"].message)
    assert checks["test_skipped"].deferred
    assert result.environment["isolation"] == "A"


def test_a_parametrised_check_is_one_check(examiner: Examiner, assignment: Assignment) -> None:
    source = SOLUTION + "\n\n_double = double\ndef double(x):\n    return 7 if x == 0.0 else _double(x)\n".replace(
        "x == 0.0", "isinstance(x, float) and x == 0.0"
    )
    (result,) = grade(examiner, assignment, source)
    assert checks_of(result)["test_numbers"].outcome is Outcome.FAILED
    assert result.score == 5


WRONG = {
    "None": ("return None", "The result should be a tensor, but it is None: is a return statement missing?"),
    "a string": ("return 'four'", "The result should be a tensor, but it is a str of length 4."),
    "a list": ("return [1, 2]", "The result should be a tensor, but it is a list of length 2."),
    "a shape": ("return torch.zeros(7)", "The result should have shape (3,), but it has (?,)."),
    "NaN": ("return x * float('nan')", "The result is NaN (not a number) in places."),
    "a value": ("return x * 3", "The result has wrong values: 3 of 3."),
    "an object": ("return Odd()", "The result should be a tensor, but it is an object (<Odd, the submission's>)."),
    "an exception": ("return x.no_such_thing", "The code raised AttributeError at double.py:5."),
    "itself": ("return double(x)", "The code calls itself without end (RecursionError) at double.py:5."),
    "an exit": ("raise SystemExit", "The code tried to end the program (SystemExit) at double.py:5 instead of"),
    "a crash": ("os._exit(0)", "The code ended its own process before it returned a result."),
}


def test_wrong_results_are_described(examiner: Examiner, assignment: Assignment) -> None:
    head = "import os, torch\nclass Odd:\n    def __eq__(self, other): return True\n"
    sources = [f"{head}def double(x):\n    {body}\n" for body, _ in WRONG.values()]
    results = grade(examiner, assignment, *sources)
    for (kind, (_, words)), result in zip(WRONG.items(), results, strict=True):
        check = checks_of(result)["test_value"]
        assert check.outcome in (Outcome.FAILED, Outcome.CRASHED), kind
        assert str(check.message).startswith(words), kind
        assert check.score == 0, kind
        assert result.status is Status.GRADED, kind


def test_a_result_that_a_check_cannot_use_is_the_submissions_fault(examiner: Examiner, assignment: Assignment) -> None:
    (result,) = grade(examiner, assignment, "def double(x):\n    return 4\n")
    check = checks_of(result)["test_item"]
    assert check.outcome is Outcome.FAILED
    assert check.message == "double returned an int, which this check cannot go on with (AttributeError)."
    assert result.status is Status.GRADED


def test_a_broken_check_is_our_fault_and_costs_nothing_in_silence(examiner: Examiner, tmp_path: Path) -> None:
    broken = CHECKS.replace("    expect_close(submission.double(x), 2 * x)", "    submission.double(x).no_method()")
    (result,) = grade(examiner, write(tmp_path, broken), SOLUTION)
    assert checks_of(result)["test_value"].outcome is Outcome.ERRORED
    assert result.status is Status.PENDING
    assert "test_value" in str(result.fault)


@pytest.mark.timeout(60)
def test_a_check_file_that_does_not_import_is_our_fault(examiner: Examiner, tmp_path: Path) -> None:
    results = grade(examiner, write(tmp_path, "import no_such_module\n" + CHECKS), SOLUTION, "def double(x): return x")
    assert [result.status for result in results] == [Status.PENDING, Status.PENDING]
    assert "no_such_module" in str(results[0].fault)
    assert all(check.outcome is Outcome.NOT_RUN for check in results[0].questions[0].checks)


def test_files_that_are_missing_empty_or_use_what_is_forbidden_do_not_run(
    examiner: Examiner, assignment: Assignment
) -> None:
    missing, empty, forbidden = grade(
        examiner, assignment, None, " \n", "import torch as t\n\ndef double(x):\n    return t.add(x, x)\n"
    )
    assert missing.questions[0].message == "double.py is not in the submission."
    assert empty.questions[0].message == "double.py is empty."
    assert str(forbidden.questions[0].message).startswith("double.py:4 uses torch.add, which this question asks you")
    for result in (missing, empty, forbidden):
        assert result.score == 0
        assert result.status is Status.GRADED
        assert {check.outcome for check in result.questions[0].checks} == {Outcome.NOT_RUN}


@pytest.mark.slow
def test_an_endless_loop_costs_its_own_time_and_no_neighbour(examiner: Examiner, assignment: Assignment) -> None:
    loop = "def double(x):\n    while True: pass\n"
    first, slow, last = grade(examiner, assignment, SOLUTION, loop, SOLUTION)
    assert first.score == last.score == 6
    assert slow.score == 0
    outcomes = [check.outcome for check in slow.questions[0].checks if not check.deferred]
    assert set(outcomes) == {Outcome.TIMED_OUT}


def test_the_time_of_a_whole_submission_is_limited(examiner: Examiner, tmp_path: Path) -> None:
    tight = write(tmp_path, CHECKS, YAML.replace("seconds: 6, check_seconds: 1", "seconds: 1.5, check_seconds: 1"))
    (result,) = grade(examiner, tight, "def double(x):\n    while True: pass\n")
    messages = [str(check.message) for check in result.questions[0].checks if not check.deferred]
    assert messages[0].startswith("The code did not finish within 1 s. Does a loop in it never end")
    assert messages[-1] == "The submission had used up its 1.5 s for all checks."


def test_a_file_that_hangs_while_it_loads_is_tried_once(examiner: Examiner, assignment: Assignment) -> None:
    (result,) = grade(examiner, assignment, "while True: pass\n")
    (message,) = {check.message for check in result.questions[0].checks if not check.deferred}
    assert message is not None
    assert message.startswith("While double.py was being imported: the code did not finish within 1 s.")
    assert {check.frames[-1].line for check in result.questions[0].checks if not check.deferred} == {1}


def test_grading_the_same_work_twice_gives_the_same_grade(examiner: Examiner, assignment: Assignment) -> None:
    source = SOLUTION.replace("return x * 2", "return x * 2 + torch.rand(()) * (torch.rand(()) > 0.5)")
    first, second = grade(examiner, assignment, source, source)
    (third,) = grade(examiner, assignment, source)
    assert json.dumps(grade_to_json(first)) == json.dumps(grade_to_json(second)) == json.dumps(grade_to_json(third))


def test_quiz_answers_are_graded_beside_the_code(examiner: Examiner, assignment: Assignment) -> None:
    submission = Submission({"double.py": SOLUTION.encode(), "answers.yaml": b"how: 6\n"})
    ((_, result),) = grade_submissions(examiner, assignment, read_checks(assignment), [submission], Setup())
    assert result.score == 7


@pytest.mark.slow
def test_an_examiner_that_dies_is_replaced_and_no_grade_is_lost(assignment: Assignment) -> None:
    slow = SOLUTION + "import time\n_double = double\ndef double(x):\n    time.sleep(0.2)\n    return _double(x)\n"
    with Examiner() as own:
        grade(own, assignment, SOLUTION)  # it is up and warm
        pid = own._process.pid
        threading.Timer(0.6, os.kill, (pid, signal.SIGKILL)).start()
        results = grade(own, assignment, slow, slow, slow)
        assert own._process.pid != pid
    assert [result.score for result in results] == [6, 6, 6]
    assert {result.status for result in results} == {Status.GRADED}


def test_without_isolation_the_report_says_so(examiner: Examiner, assignment: Assignment) -> None:
    submission = Submission({"double.py": SOLUTION.encode()})
    setup = Setup(isolated=False)
    ((_, result),) = grade_submissions(examiner, assignment, read_checks(assignment), [submission], setup)
    assert result.environment["isolation"] == "none"
    assert result.score == 6


def test_a_machine_that_cannot_isolate_refuses(assignment: Assignment) -> None:
    """As in a container of an old kernel, and not as root: nothing is left to keep files closed."""
    script = f"""
from pathlib import Path
from grader.checks import read_checks
from grader.errors import FaultError
from grader.engine import Examiner
from grader.grading import Setup, grade_submissions
from grader.spec import load_assignment
from grader.submission import Submission
assignment = load_assignment(Path({str(assignment.directory)!r}))
with Examiner() as examiner:
    try:
        list(grade_submissions(examiner, assignment, read_checks(assignment),
             [Submission({{"double.py": b"def double(x): return x * 2"}})], Setup()))
    except FaultError as fault:
        print(fault.message, "|", fault.hint)
"""
    command = [sys.executable, "-m", "tests.without", "landlock,namespaces,users", "--", sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert "cannot isolate students' code: it lacks Landlock, user of its own, bubblewrap" in done.stdout, done.stderr
    assert "grader doctor" in done.stdout
    assert "--no-isolation" in done.stdout
    assert FaultError.exit_code == 3


def test_a_course_is_hidden_whole_unless_it_holds_python_itself(tmp_path: Path, assignment: Assignment) -> None:
    def secrets_of(found: Assignment) -> tuple[str, ...]:
        return make_job(found, read_checks(assignment), [], Setup(secrets=(tmp_path,))).secrets

    course = assignment.directory.parent
    assert secrets_of(assignment) == (str(course), str(tmp_path))
    around = Path(sys.prefix).resolve().parent / "zz-double"
    around.mkdir()
    try:
        (around / "assignment.yaml").write_text("")
        moved = assignment.model_copy(update={"directory": around})
        secrets = secrets_of(moved)
        assert str(around) in secrets
        assert str(around.parent) not in secrets
    finally:
        (around / "assignment.yaml").unlink()
        around.rmdir()


def test_a_gradebook_around_python_itself_is_refused_in_words(examiner: Examiner, assignment: Assignment) -> None:
    setup = Setup(secrets=(Path(sys.prefix).parent,))
    submission = Submission({"double.py": SOLUTION.encode()})
    with pytest.raises(FaultError, match="which students must not read") as caught:
        list(grade_submissions(examiner, assignment, read_checks(assignment), [submission], setup))
    assert "without a Python environment" in str(caught.value.hint)


def test_solutions_are_files_or_folders(
    write_assignment: Callable[..., Path], assignment: Assignment, tmp_path: Path
) -> None:
    assert [solution["double.py"].name for solution in list_solutions(assignment)] == ["plain.py"]
    assert assignment.points == Fraction(9)
