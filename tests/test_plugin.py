"""What the examiner's pytest plugin does when the sandbox itself breaks, in real processes."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.checks import read_checks
from grader.engine import Examiner
from grader.grading import Setup, grade_submissions
from grader.results import Outcome
from grader.scoring import Grade, Status
from grader.spec import Assignment, load_assignment
from grader.submission import Submission

YAML = """\
format: 1
id: twice
title: Twice
summary: Times two.
questions:
  - {id: twice, kind: code, points: 4, prompt: Write it., file: twice.py, starter: "def twice(x): ...\\n"}
"""

# The checks run in the examiner, whose only child is the zygote.
CHECKS = '''\
import os
import signal
import time
from pathlib import Path

import pytest

BREAKS = Path({breaks!r})


def break_the_sandbox():
    if BREAKS.exists():
        BREAKS.unlink()
        for child in Path(f"/proc/self/task/{{os.getpid()}}/children").read_text().split():
            os.kill(int(child), signal.SIGKILL)
        time.sleep(0.2)


@pytest.mark.points(1)
def test_first(submission):
    """It takes a one."""
    assert submission.twice(1) == 2


@pytest.mark.points(1)
def test_between():
    """Nothing is asked of it here."""
    break_the_sandbox()


@pytest.mark.points(2)
@pytest.mark.parametrize("number", [2, 3])
def test_numbers(submission, number):
    """It takes other numbers."""
    assert submission.twice(number) == 2 * number
'''

RIGHT = "def twice(x):\n    return 2 * x\n"
HALF = "def twice(x):\n    return 2 * x if x < 3 else 7\n"
# Its process is gone when the sandbox breaks, so that the first to notice is the fork of its next one.
CRASHES = "import os\n\n\ndef twice(x):\n    return os._exit(3) if x == 1 else 2 * x\n"


def grade(folder: Path, *sources: str) -> list[Grade]:
    """Grade submissions with a sandbox that breaks once, in the middle of the first one."""
    breaks = folder / "breaks"
    breaks.touch()
    assignment = write_course(folder, CHECKS.format(breaks=str(breaks)))
    submissions = [Submission({"twice.py": source.encode()}) for source in sources]
    with Examiner() as examiner:
        found = dict(grade_submissions(examiner, assignment, read_checks(assignment), submissions, Setup()))
    assert not breaks.exists()
    return [found[number] for number in range(len(sources))]


@pytest.mark.parametrize(
    ("source", "outcomes"),
    [
        (RIGHT, [Outcome.PASSED, Outcome.PASSED, Outcome.PASSED]),
        (CRASHES, [Outcome.CRASHED, Outcome.PASSED, Outcome.PASSED]),
    ],
    ids=["right", "crashes"],
)
def test_a_sandbox_that_breaks_costs_nobody_a_point(tmp_path: Path, source: str, outcomes: list[Outcome]) -> None:
    first, second = grade(tmp_path, source, HALF)
    assert (first.status, first.fault) == (Status.GRADED, None)
    assert [check.outcome for check in first.questions[0].checks] == outcomes
    assert second.status is Status.GRADED
    assert [check.outcome for check in second.questions[0].checks] == [Outcome.PASSED, Outcome.PASSED, Outcome.FAILED]


FIXTURES = """\
import pytest


@pytest.fixture
def made(submission):
    return submission.twice(1)


@pytest.mark.points(2)
def test_made(made):
    \"\"\"What a fixture of the check's own made.\"\"\"
    assert made == 2


@pytest.mark.points(2)
def test_called(submission):
    \"\"\"What it was called for.\"\"\"
    with pytest.raises(Exception, match="nothing"):
        submission.twice(2)
"""


def write_course(folder: Path, checks: str) -> Assignment:
    for name, text in {
        "assignment.yaml": YAML,
        "checks/hidden/test_twice.py": checks,
        "solutions/plain.py": RIGHT,
    }.items():
        path = folder / "course" / "twice" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return load_assignment(folder / "course" / "twice")


@pytest.mark.parametrize(
    "source", ["import os; os._exit(0)", "import os\ndef twice(x): os._exit(0)"], ids=["import", "call"]
)
def test_a_worker_that_is_lost_in_a_fixture_costs_its_neighbours_nothing(tmp_path: Path, source: str) -> None:
    assignment = write_course(tmp_path, FIXTURES)
    honest = "def twice(x):\n    if x == 2: raise ValueError('nothing')\n    return 2 * x"
    work = [Submission({"twice.py": text.encode()}) for text in (honest, source, honest, source, honest)]
    with Examiner() as examiner:
        found = dict(grade_submissions(examiner, assignment, read_checks(assignment), work, Setup()))
    assert found[0] == found[2] == found[4]
    assert found[0].score == 4
    assert found[1] == found[3]
    assert [check.outcome for check in found[1].questions[0].checks] == [Outcome.CRASHED, Outcome.CRASHED]


def test_an_assertion_of_no_check_is_a_fault_of_ours(tmp_path: Path) -> None:
    """pytest asserts of itself that it is in order; where it is not, no answer is to blame."""
    checks = """\
import pytest

namespace = {}
exec(compile("def made():\\n    assert False, 'out of order'", "elsewhere.py", "exec"), namespace)
made = pytest.fixture(namespace["made"])


@pytest.mark.points(4)
def test_made(made):
    \"\"\"Its fixture is not of this course.\"\"\"
"""
    assignment = write_course(tmp_path, checks)
    with Examiner() as examiner:
        work = [Submission({"twice.py": RIGHT.encode()})]
        ((_, found),) = grade_submissions(examiner, assignment, read_checks(assignment), work, Setup())
    assert found.status is Status.PENDING
    (check,) = found.questions[0].checks
    assert check.outcome is Outcome.ERRORED


def test_checks_that_pytest_must_run_stand_beside_those_that_it_need_not(tmp_path: Path) -> None:
    """Fixtures of a wide scope are made anew for every submission; what pytest does with marks, it does."""
    checks = '''\
import pytest

MADE = []


@pytest.fixture(scope="module")
def made():
    MADE.append(0)
    return len(MADE)


@pytest.mark.points(1)
def test_first(submission, made):
    """A fixture is made once in each submission."""
    MADE.append(0)
    assert submission.twice(made) == 2


@pytest.mark.points(1)
def test_second(submission, made):
    """It is the same in the next check."""
    assert len(MADE) == made + 1
    MADE.clear()
'''
    plain = '''\
import pytest


@pytest.mark.points(1)
@pytest.mark.parametrize("number", [2, 3])
def test_plain(submission, number, times=2):
    """One that needs nothing of pytest's."""
    assert submission.twice(number) == times * number


@pytest.mark.points(1)
def test_skipped(submission):
    """One that is skipped."""
    pytest.skip("not here")
'''
    write_course(tmp_path, checks)
    (tmp_path / "course/twice/checks/hidden/test_plain.py").write_text(plain)
    assignment = load_assignment(tmp_path / "course" / "twice")
    work = [Submission({"twice.py": text.encode()}) for text in (RIGHT, HALF, RIGHT)]
    with Examiner() as examiner:
        found = dict(grade_submissions(examiner, assignment, read_checks(assignment), work, Setup()))
    outcomes = [{check.id: check.outcome for check in found[n].questions[0].checks} for n in range(3)]
    right = {"test_first": Outcome.PASSED, "test_second": Outcome.PASSED, "test_plain": Outcome.PASSED}
    assert outcomes == [
        {**right, "test_skipped": Outcome.NOT_RUN},
        {**right, "test_plain": Outcome.FAILED, "test_skipped": Outcome.NOT_RUN},
        {**right, "test_skipped": Outcome.NOT_RUN},
    ]


def test_a_check_that_returns_a_value_passes_nobody(tmp_path: Path) -> None:
    checks = '''\
import pytest


@pytest.mark.points(4)
def test_returns(submission):
    """It should assert."""
    return submission.twice(1) == 3
'''
    assignment = write_course(tmp_path, checks)
    with Examiner() as examiner:
        work = [Submission({"twice.py": RIGHT.encode()})]
        ((_, found),) = grade_submissions(examiner, assignment, read_checks(assignment), work, Setup())
    (check,) = found.questions[0].checks
    assert check.outcome is Outcome.ERRORED
