"""The floor under every grader: a warm process that forks per submission and calls the checks as plain functions.

Nothing is isolated, limited or reported; no grader that keeps students' code in a process of its own can be faster.
"""

from __future__ import annotations

import importlib.util
import inspect
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, Self

from grader.spec import Assignment
from grader.submission import Submission


class Floor:
    """The warm process, seen from here. Use it as a context manager."""

    def __init__(self, assignment: Assignment) -> None:
        command = [sys.executable, "-m", "tests.bench_floor", str(assignment.directory)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()

    def grade(self, submissions: Sequence[Submission]) -> None:
        """Run all checks on each submission; each must pass."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        for submission in submissions:
            (source,) = submission.files.values()
            self._process.stdin.write(len(source).to_bytes(4, "big") + source)
            self._process.stdin.flush()
            assert self._process.stdout.read(1) == b"y"


def main(directory: Path) -> None:
    """Answer submissions on standard input with one letter each."""
    import torch

    torch.set_num_threads(1)
    checks = [check for path in sorted(directory.glob("checks/*/test_*.py")) for check in find_checks(load_file(path))]
    reference = load_file(min(directory.glob("solutions/*.py")))
    run_checks(checks, vars(reference))  # warm: first uses of torch are slow
    while size := sys.stdin.buffer.read(4):
        source = sys.stdin.buffer.read(int.from_bytes(size, "big"))
        pid = os.fork()
        if not pid:
            namespace: dict[str, Any] = {"__name__": "submission"}
            exec(compile(source, "submission.py", "exec"), namespace)
            run_checks(checks, namespace)
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        sys.stdout.buffer.write(b"n" if status else b"y")
        sys.stdout.buffer.flush()


def load_file(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def find_checks(module: ModuleType) -> Iterator[Callable[..., None]]:
    yield from (value for name, value in vars(module).items() if name.startswith("test_"))


def run_checks(checks: Sequence[Callable[..., None]], namespace: dict[str, Any]) -> None:
    from functools import partial
    from types import SimpleNamespace

    import torch

    from grader.examiner.cost import measure_here

    submission = SimpleNamespace(**namespace, cost=partial(measure_here, "submission.py"))
    for check in checks:
        for values in list_parameters(check):
            given = {"submission": submission, "device": "cpu", "rng": torch.Generator().manual_seed(0), **values}
            check(**{name: given[name] for name in inspect.signature(check).parameters})


def list_parameters(check: Callable[..., None]) -> Iterator[dict[str, Any]]:
    """Yield the arguments of one mark ``parametrize``, which is all that focal loss has."""
    marks = [mark for mark in getattr(check, "pytestmark", ()) if mark.name == "parametrize"]
    if not marks:
        yield {}
        return
    names, rows = marks[0].args
    names = [name.strip() for name in names.split(",")] if isinstance(names, str) else names
    for row in rows:
        yield dict(zip(names, row if len(names) > 1 else [row], strict=True))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
