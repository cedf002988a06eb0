"""What other graders take for the same checks: each in an environment of its own below ``.bench/``, beside our torch.

They import the checks from one file, ``checks_as_functions.py``, which calls each as a plain function; so what is
compared is the way to run them. A peer that does not install or does not run here is left out, and it is said why.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import textwrap
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".bench"
INSTALL_SECONDS = 900
RUN_SECONDS = 300
NAME = "focal_loss.py"

# How a submission's file becomes what the checks ask for, and one function of each check and its parameters.
SUPPORT = '''\
import importlib.util
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import torch

from tests.bench_floor import find_checks, list_parameters, load_file

torch.set_num_threads(1)


def _bind(check, values, path):
    import inspect

    from grader.examiner.cost import measure_here

    def run():
        namespace = {"__name__": "submission"}
        exec(compile(Path(path).read_text(), "submission.py", "exec"), namespace)
        submission = SimpleNamespace(**namespace, cost=partial(measure_here, "submission.py"))
        given = {"submission": submission, "device": "cpu", "rng": torch.Generator().manual_seed(0), **values}
        check(**{name: given[name] for name in inspect.signature(check).parameters})

    return run


def list_checks(path):
    """Return (name, function) of each check, for the submission at ``path``."""
    found = []
    for file in sorted(Path(%(assignment)r).glob("checks/*/test_*.py")):
        for check in find_checks(load_file(file)):
            for number, values in enumerate(list_parameters(check)):
                found.append((f"{check.__name__}_{number}", _bind(check, values, path)))
    return found
'''

PYTEST = """\
import pytest
from checks_as_functions import list_checks

@pytest.mark.parametrize(("name", "check"), list_checks("focal_loss.py"))
def test_focal_loss(name, check):
    check()
"""

GRADESCOPE = """\
import sys, unittest
from checks_as_functions import list_checks
from gradescope_utils.autograder_utils.decorators import weight
from gradescope_utils.autograder_utils.json_test_runner import JSONTestRunner

class TestFocalLoss(unittest.TestCase):
    pass

for name, check in list_checks(sys.argv[1]):
    setattr(TestFocalLoss, name, weight(1)(lambda self, check=check: check()))
    getattr(TestFocalLoss, name).__doc__ = name
suite = unittest.defaultTestLoader.loadTestsFromTestCase(TestFocalLoss)
with open("results.json", "w") as stream:
    JSONTestRunner(visibility="visible", stream=stream).run(suite)
"""

OTTER_TEST = """\
from otter.test_files import test_case
OK_FORMAT = False
name = "focal_loss"
points = None

@test_case(points=1)
def test_focal_loss():
    from checks_as_functions import list_checks
    for _, check in list_checks(%(path)r):
        check()
"""


@dataclass(frozen=True, slots=True)
class Peer:
    """Another grader: what to install, and how to grade submissions with it in a folder that it may use."""

    name: str
    requirements: tuple[str, ...]
    grade: Callable[[Path, Path, Sequence[bytes]], None]


class PeerFailed(Exception):
    """A peer does not install, or does not run here."""


def measure_peer(peer: Peer, assignment: Path, work: Path, sources: Sequence[bytes]) -> float:
    """Return a peer's seconds per submission.

    Raises:
        PeerFailed: it does not install, or does not grade these.
    """
    python = _install(peer)
    work.mkdir(parents=True)
    (work / "checks_as_functions.py").write_text(SUPPORT % {"assignment": str(assignment)})
    peer.grade(python, work, sources[:1])  # its first run writes caches
    started = time.perf_counter()
    peer.grade(python, work, sources)
    return (time.perf_counter() - started) / len(sources)


def _install(peer: Peer) -> Path:
    """Make the environment of a peer, which has torch from ours; returns its Python."""
    if not peer.requirements:
        return Path(sys.executable)
    home = CACHE / peer.name
    python = home / "bin" / "python"
    if (home / ".ready").exists():
        return python
    shutil.rmtree(home, ignore_errors=True)
    _call([sys.executable, "-m", "venv", str(home)], CACHE.parent, INSTALL_SECONDS)
    _call([str(python), "-m", "pip", "install", "--quiet", *peer.requirements], CACHE.parent, INSTALL_SECONDS)
    # Torch comes from ours, but only now: what pip finds there it would not install, with the commands that go with it.
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    (home / "lib" / version / "site-packages" / "ours.pth").write_text(sysconfig.get_path("purelib"))
    (home / ".ready").touch()
    return python


def _call(command: Sequence[str], folder: Path, seconds: float = RUN_SECONDS) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(folder)]), "OMP_NUM_THREADS": "1"}
    environment["PATH"] = os.pathsep.join([str(Path(command[0]).parent), environment["PATH"]])
    try:
        done = subprocess.run(
            list(command), cwd=folder, env=environment, capture_output=True, text=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        raise PeerFailed(f"{command[0]} takes more than {seconds:.0f} s") from None
    if done.returncode:
        raise PeerFailed((done.stderr or done.stdout).strip()[-400:])


def _expect(holds: bool, what: str) -> None:
    if not holds:
        raise PeerFailed(what)


def _grade_with_pytest(python: Path, work: Path, sources: Sequence[bytes]) -> None:
    (work / "test_focal_loss.py").write_text(PYTEST)
    for source in sources:
        (work / NAME).write_bytes(source)
        _call([str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir=.", "."], work)


def _grade_with_gradescope(python: Path, work: Path, sources: Sequence[bytes]) -> None:
    (work / "run_tests.py").write_text(GRADESCOPE)
    for source in sources:
        (work / NAME).write_bytes(source)
        _call([str(python), "run_tests.py", NAME], work)
        results = json.loads((work / "results.json").read_text())
        _expect(all(test["score"] == 1 for test in results["tests"]), "a right submission lost points")


def _grade_with_otter(python: Path, work: Path, sources: Sequence[bytes]) -> None:
    otter = str(python.parent / "otter")
    tests, submission = work / "tests", work / "submission" / NAME  # otter wants no other Python file beside it
    if not tests.exists():
        tests.mkdir()
        submission.parent.mkdir()
        (tests / "focal_loss.py").write_text(OTTER_TEST % {"path": str(submission)})
        _call([otter, "generate", "-t", "tests", "-o", "autograder.zip", "--no-requirements", "--no-config"], work)
    for source in sources:
        submission.write_bytes(source)
        _call([otter, "run", "-a", "autograder.zip", "-o", ".", "--no-logo", str(submission)], work)
        results = json.loads((work / "results.json").read_text())
        earned = sum(test.get("score", 0) for test in results["tests"])
        _expect(earned >= 1, f"a right submission lost points: {results}"[:300])


def _grade_with_nbgrader(python: Path, work: Path, sources: Sequence[bytes]) -> None:
    nbgrader = [str(python), "-m", "nbgrader"]
    if not (work / "source").exists():
        (work / "nbgrader_config.py").write_text("c = get_config()\nc.CourseDirectory.course_id = 'bench'\n")
        _write_notebook(work / "source" / "bench" / "focal.ipynb", "", str(work))
        _call([*nbgrader, "generate_assignment", "bench", "--force"], work)
    shutil.rmtree(work / "submitted", ignore_errors=True)
    shutil.rmtree(work / "autograded", ignore_errors=True)
    for number, source in enumerate(sources):
        folder = work / "submitted" / f"student{number}" / "bench"
        _write_notebook(folder / "focal.ipynb", source.decode(), str(work))
    _call([*nbgrader, "autograde", "bench", "--create", "--force"], work, RUN_SECONDS + 60 * len(sources))
    graded = list((work / "autograded").glob("*/bench/focal.ipynb"))
    _expect(len(graded) == len(sources), f"{len(graded)} of {len(sources)} were graded")


def _write_notebook(path: Path, source: str, support: str) -> None:
    """Write a notebook whose first cell is the answer and whose second the checks, as nbgrader marks them."""

    def cell(name: str, text: str, *, answer: bool) -> dict[str, object]:
        marks = {"grade": not answer, "grade_id": name, "locked": not answer, "schema_version": 3, "solution": answer}
        marks |= {"task": False} | ({} if answer else {"points": 1})
        return {
            "cell_type": "code", "execution_count": None, "id": name, "metadata": {"nbgrader": marks}, "outputs": [],
            "source": text,
        }  # fmt: skip

    test = f"""\
        import sys; sys.path.insert(0, {support!r})
        from pathlib import Path
        from checks_as_functions import list_checks
        Path("focal_loss.py").write_text(In[1])
        for _, check in list_checks("focal_loss.py"):
            check()
        """
    notebook = {
        "cells": [cell("answer", source, answer=True), cell("checks", textwrap.dedent(test), answer=False)],
        "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook))


PEERS = (
    Peer("gradescope-utils", ("gradescope-utils==0.5.0",), _grade_with_gradescope),
    Peer("pytest, once each", (), _grade_with_pytest),
    Peer("nbgrader", ("nbgrader==0.9.6",), _grade_with_nbgrader),
    Peer("otter-grader", ("otter-grader==7.0.0", "ipykernel==7.4.0"), _grade_with_otter),
)
