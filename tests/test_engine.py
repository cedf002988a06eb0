"""Whatever runs jobs gives the same grades: one examiner, several at once, or a cluster."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.checks import read_checks
from grader.cluster import RayPool
from grader.engine import Examiner, Pool
from grader.grading import Setup, grade_submissions
from grader.job import Fault, Finished, Job, Verdict, event_to_json
from grader.results import CheckResult, Outcome
from grader.scoring import Grade, Status
from grader.spec import Assignment, load_assignment
from grader.submission import Submission
from tests.machines import find_examiners
from tests.shell import write

FILES = {
    "assignment.yaml": """\
format: 1
id: twice
title: Twice
summary: Times two.
limits: {seconds: 3, check_seconds: 2, memory_mb: 1024}
questions:
  - {id: twice, kind: code, points: 2, prompt: Write it., file: twice.py, starter: "def twice(x): ...\\n"}
""",
    "solutions/a.py": "def twice(x):\n    return 2 * x\n",
    "checks/hidden/test_hidden.py": '''\
import pytest


@pytest.mark.points(1)
def test_one(submission):
    """One is two."""
    assert submission.twice(1) == 2


@pytest.mark.points(1)
def test_two(submission):
    """Two is four."""
    assert submission.twice(2) == 4
''',
}
RIGHT = "def twice(x):\n    return 2 * x  # {}\n"
HALF = "def twice(x):\n    return 2  # {}\n"
LOOP = "def twice(x):\n    while True:\n        pass  # {}\n"


AnyEngine = Examiner | Pool | RayPool


@pytest.fixture(scope="module", params=["examiner", "pool", pytest.param("ray", marks=pytest.mark.slow)])
def engine(request: pytest.FixtureRequest) -> Iterator[AnyEngine]:
    if request.param == "ray":
        pytest.importorskip("ray")
        with RayPool(2) as cluster:
            yield cluster
    else:
        with Examiner() if request.param == "examiner" else Pool(2) as engine:
            yield engine


@pytest.fixture
def assignment(tmp_path: Path) -> Assignment:
    return load_assignment(write(tmp_path / "course" / "twice", FILES))


def grade(engine: AnyEngine, assignment: Assignment, *sources: str) -> list[Grade]:
    work = [Submission({"twice.py": source.format(n).encode()}) for n, source in enumerate(sources)]
    found = dict(grade_submissions(engine, assignment, read_checks(assignment), work, Setup()))
    assert len(found) == len(work)
    return [found[number] for number in range(len(work))]


def find_victim(engine: AnyEngine) -> int:
    """Return the process whose end takes an examiner along."""
    if isinstance(engine, RayPool):
        engine.survey()  # so that there is an examiner
        return find_examiners(engine.pid)[0]
    return engine.pid if isinstance(engine, Examiner) else engine.first.pid


def test_each_submission_gets_its_own_grade(engine: AnyEngine, assignment: Assignment) -> None:
    sources = [RIGHT, HALF, "", "def twice(", RIGHT] * 8
    scores = [int(one.score) for one in grade(engine, assignment, *sources)]
    assert scores == [2, 1, 0, 0, 2] * 8


def test_nothing_to_do(engine: AnyEngine, assignment: Assignment) -> None:
    assert grade(engine, assignment) == []


def test_a_loop_costs_nobody_else_anything(engine: AnyEngine, assignment: Assignment) -> None:
    grades = grade(engine, assignment, *[RIGHT] * 5, LOOP, *[RIGHT] * 10)
    assert [int(one.score) for one in grades] == [2] * 5 + [0] + [2] * 10
    assert {check.outcome for check in grades[5].questions[0].checks} == {Outcome.TIMED_OUT}


def test_each_can_say_what_it_offers(engine: AnyEngine, assignment: Assignment) -> None:
    (one,) = grade(engine, assignment, RIGHT)
    assert engine.survey().environment == one.environment
    assert engine.survey(isolated=False).environment["isolation"] == "none"


@pytest.mark.slow
@pytest.mark.parametrize("moment", [0.0, 0.05, 0.3, 1.0])
def test_an_examiner_that_is_killed_costs_nobody_a_point(
    engine: AnyEngine, assignment: Assignment, moment: float
) -> None:
    pid = find_victim(engine)
    killer = threading.Timer(moment, lambda: os.kill(pid, signal.SIGKILL))
    killer.start()
    grades = grade(engine, assignment, *[RIGHT, HALF] * 30)
    killer.cancel()
    assert [int(one.score) for one in grades] == [2, 1] * 30
    assert {one.status for one in grades} == {Status.GRADED}


def test_whoever_stops_can_go_on(engine: AnyEngine, assignment: Assignment) -> None:
    work = [Submission({"twice.py": RIGHT.format(n).encode()}) for n in range(40)]
    some = grade_submissions(engine, assignment, read_checks(assignment), work, Setup())
    first, _ = next(some)
    some.close()  # type: ignore[attr-defined]
    assert 0 <= first < 40
    assert [int(one.score) for one in grade(engine, assignment, RIGHT, HALF)] == [2, 1]


def test_a_check_that_is_broken_names_the_course_and_no_other_place(engine: AnyEngine, tmp_path: Path) -> None:
    broken = {"checks/hidden/test_hidden.py": FILES["checks/hidden/test_hidden.py"] + "\n\nopen(__file__ + '.txt')\n"}
    folder = write(tmp_path / "course" / "twice", {**FILES, **broken})
    (one,) = grade(engine, load_assignment(folder), RIGHT)
    assert one.status is Status.PENDING
    assert one.fault is not None
    assert f"No such file or directory: '{folder}/checks/hidden/test_hidden.py.txt'" in one.fault


def test_a_pool_uses_several_examiners_and_leaves_none_behind(assignment: Assignment) -> None:
    with Pool(2) as pool:
        sources = [f"def twice(x):\n    import time; time.sleep(0.2)\n    return 2 * x  # {n}" for n in range(16)]
        grade(pool, assignment, *sources)
        pids = {examiner.pid for examiner in pool._examiners}
        assert len(pids) == 2
    time.sleep(0.1)
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)


CONFUSED = {
    "a submission that there is not": ["verdict 7"],
    "one before the first": ["verdict -1"],
    "one that is finished": ["finished 0", "finished 0"],
    "a verdict after the end": ["finished 0", "verdict 0"],
    "no field": ["finished"],
}


@pytest.mark.parametrize("words", CONFUSED.values(), ids=CONFUSED)
def test_an_event_that_was_not_asked_for_is_a_fault(words: list[str]) -> None:
    """Another process stands where the examiner would."""
    lines = []
    for word in words:
        kind, _, number = word.partition(" ")
        event = Verdict(0, CheckResult("test_one", Outcome.PASSED)) if kind == "verdict" else Finished(0, "", 1.0)
        own = {"submission": int(number)} if number else {}
        data = {**event_to_json(event), **own}
        lines.append(json.dumps(data if number else {"event": kind}))
    job = Job("", (), {}, ({}, {}), seconds=1, check_seconds=1, memory_mb=1)
    with Examiner() as examiner:
        examiner.close()
        script = f"import time; print({'|'.join(lines)!r}.replace('|', chr(10)), flush=True); time.sleep(60)"
        examiner._process = subprocess.Popen(
            [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )
        events = list(examiner.run(job))
        assert len(events) == len(words)
        assert isinstance(events[-1], Fault)
        assert examiner.ended


def test_what_breaks_while_jobs_are_made_is_raised(engine: AnyEngine) -> None:
    def jobs() -> Iterator[object]:
        yield from ()
        raise LookupError("no such file")

    with pytest.raises(LookupError, match="no such file"):
        list(engine.run_all(jobs()))  # type: ignore[arg-type]
