"""The pytest plugin: one session runs an assignment's checks against many submissions.

The session is parametrised over the submissions, so check files are imported once; each submission's checks run one
after another, and its result is reported before the next begins.
"""

from __future__ import annotations

import base64
import inspect
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from grader.examiner.exceptions import WorkerLost
from grader.examiner.recogniser import Recognised, Recogniser
from grader.examiner.student import Student, seed_generators
from grader.examiner.trusted import close_figures, import_dotted, import_file
from grader.examiner.verdicts import hide_sizes, join_results, judge, say_broken
from grader.examiner.workers import Zygote, ZygoteFailed
from grader.job import Finished, Job, JobCheck, Message, Verdict
from grader.results import SHADOW, CheckResult, Outcome, Visibility

Emit = Callable[[Message], None]


class ExaminerPlugin:
    """Fixtures and hooks of one job. Events go to ``emit`` as they happen.

    ``devices`` are those that this machine offers to students' code; ``environment`` is told with the end of every
    submission. ``uncollected`` says why a check file could not be imported, ``broken`` how the sandbox failed.
    """

    def __init__(
        self, job: Job, zygote: Zygote, devices: tuple[str, ...], environment: Mapping[str, str], emit: Emit
    ) -> None:
        self._job = job
        self._zygote = zygote
        self._devices = devices
        self._environment = environment
        self._emit = emit
        self._checks = {check.id: check for check in job.checks}
        self._references: dict[str, ModuleType] = {}
        self._recogniser = Recogniser(job)
        self._results: dict[str, list[CheckResult]] = {}
        self._student: Student | None = None
        self.uncollected: str | None = None
        self.broken: str | None = None

    # Fixtures: what a check can ask for

    @pytest.fixture(scope="session", autouse=True)
    def _submission(self, request: pytest.FixtureRequest) -> Iterator[Student]:
        """The submission under examination."""
        number: int = request.param
        started = time.monotonic()
        self._results = {}
        self._student = student = Student(self._zygote, self._job, self._job.submissions[number])
        student.start_check()  # the check that asked for it began before there was a student to tell
        yield student
        if self.broken is not None:
            student.close()
            return  # the job goes on with a fresh sandbox, from this submission's first check
        for result in self._decide_all():
            self._emit(Verdict(number, result))
        recognised = self._recognise(student)
        student.close()
        seconds = time.monotonic() - started
        self._emit(Finished(number, student.output, seconds, self._environment, recognised.mistakes, recognised.fault))

    @pytest.fixture(autouse=True)
    def _seeded(self, request: pytest.FixtureRequest, _submission: Student) -> torch.Generator:
        return seed_generators(self._seed_of(request.node))

    @pytest.fixture
    def rng(self, _seeded: torch.Generator) -> torch.Generator:
        """A generator that is seeded for this check."""
        return _seeded

    @pytest.fixture
    def submission(self, request: pytest.FixtureRequest, _submission: Student) -> Any:
        """The student's file, called in the student's process."""
        question = self._job.questions[self._check_of(request.node).question]
        return _submission.load(question.file, self._seed_of(request.node), self._device_of(request.node))

    @pytest.fixture
    def device(self, request: pytest.FixtureRequest) -> str:
        """Where the check puts its tensors: what is on the shadow device there is on the CPU here."""
        name: str = request.param
        if name not in self._devices:
            pytest.skip(f"this machine has no {name} device")
        return "cpu" if name == SHADOW else name

    @pytest.fixture
    def reference(self, request: pytest.FixtureRequest) -> ModuleType:
        """The first solution, in this process."""
        return self._reference_of(self._check_of(request.node))

    @pytest.fixture
    def remote(self, _submission: Student) -> Callable[[str], Any]:
        """Returns something of torch, by its dotted name, in the student's process."""
        return _submission.fetch

    # Hooks

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run every check for every submission, and those that use ``device`` on each device of their question."""
        numbers = range(len(self._job.submissions))
        metafunc.parametrize("_submission", numbers, indirect=True, scope="session", ids=[str(n) for n in numbers])
        if "device" in metafunc.fixturenames:
            check = self._checks.get(metafunc.function.__name__)
            wanted = self._job.questions[check.question].devices if check else ("cpu",)
            if check and check.needs_device:
                wanted = (check.needs_device,)
            here = [device for device in wanted if device in self._devices]
            metafunc.parametrize("device", here or wanted[:1], indirect=True)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep the checks that the job asks for and that this machine has the device for."""
        items[:] = [item for item in items if _name_of(item) in self._checks and self._device_is_here(item)]
        wanted = {question.fingerprint for question in self._job.questions.values()}
        modules = {str(item.path): item.getparent(pytest.Module) for item in items if str(item.path) in wanted}
        self._recogniser.functions = {
            path: module.obj.fingerprint for path, module in modules.items() if module is not None
        }

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note a check file that cannot be imported."""
        if report.failed and self.uncollected is None:
            trace = str(report.longrepr)
            # The first line is all that a student reads; the rest is for whoever wrote the check.
            self.uncollected = (
                f"{report.nodeid} cannot be imported\n{(trace.partition('Traceback:')[2] or trace)[-1500:].strip()}"
            )

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
    ) -> Generator[None, Any, Any]:
        """Note a fixture that a lost worker ended, as pytest does itself for every Exception.

        Without it, pytest would take the fixture for one that was never set up, and fail at the next submission.
        """
        try:
            return (yield)
        except WorkerLost as lost:
            key = fixturedef.cache_key(request)  # type: ignore[arg-type]
            fixturedef.cached_result = (None, key, (lost, lost.__traceback__))
            raise

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Give each check its own time, from setup to teardown."""
        result = yield
        if self._student is not None:
            self._student.stop_check()
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Turn the end of a check's call, or of a setup that failed, into its result."""
        report = yield
        error = call.excinfo.value if call.excinfo is not None else None
        if isinstance(error, ZygoteFailed):
            self.broken = str(error)
            item.session.shouldstop = self.broken
        elif call.when == "call" or (call.when == "setup" and error is not None):
            self._note(item, error, call.duration)
        return report

    def pytest_runtest_setup(self) -> None:
        """Start the check's time."""
        if self._student is not None:
            self._student.start_check()

    # Results

    def defer_all(self) -> None:
        """Finish every submission, where no check is for a device that is here."""
        self._results = {}
        for number in range(len(self._job.submissions)):
            for result in self._decide_all():
                self._emit(Verdict(number, result))
            self._emit(Finished(number, "", 0.0, self._environment))

    def _note(self, item: pytest.Item, error: BaseException | None, seconds: float) -> None:
        check = _name_of(item)
        last_call = self._student.last_call if self._student is not None else None
        if isinstance(error, AssertionError | pytest.fail.Exception) and not self._is_of_checks(error):
            result = say_broken(check, f"an assertion of no check's own failed: {type(error).__name__}: {error}")
        else:
            result = judge(check, error, last_call, lambda: self._try_reference(item))
        if self._check_of(item).visibility is Visibility.HIDDEN and self._student is not None:
            result = hide_sizes(result, self._student.passed_sizes)
        picture = self._student.picture if self._student is not None else None
        figure = base64.b64encode(picture).decode() if picture is not None else None
        result = replace(result, seconds=seconds, device=self._device_of(item), figure=figure)
        self._results.setdefault(check, []).append(result)

    def _is_of_checks(self, error: BaseException) -> bool:
        """Did it come through a line of the course's? pytest asserts things too, which say nothing of answers."""
        trace = error.__traceback__
        while trace is not None:
            if Path(trace.tb_frame.f_code.co_filename).is_relative_to(self._job.directory):
                return True
            trace = trace.tb_next
        return False

    def _decide_all(self) -> Iterator[CheckResult]:
        """Yield a result for every check of the job, in the job's order."""
        for check in self._job.checks:
            if results := self._results.get(check.id):
                yield join_results(results)
            elif check.needs_device is not None and check.needs_device not in self._devices:
                message = f"Waits for a machine with a {check.needs_device} device."
                yield CheckResult(check.id, Outcome.NOT_RUN, message, device=check.needs_device, deferred=True)

    def _recognise(self, student: Student) -> Recognised:
        failed = {
            check for check, results in self._results.items() if any(one.outcome is Outcome.FAILED for one in results)
        }
        return self._recogniser.recognise(student, failed)

    def _try_reference(self, item: pytest.Item) -> BaseException | None:
        """Run a check on the reference solution, in this process; return what it raised."""
        check = self._check_of(item)
        function: Callable[..., object] = item.function  # type: ignore[attr-defined]
        arguments: dict[str, Any] = dict(item.funcargs)  # type: ignore[attr-defined]
        replaced: dict[str, Callable[[], Any]] = {
            "submission": lambda: self._reference_of(check),
            "remote": lambda: import_dotted,
            "rng": lambda: seed_generators(self._seed_of(item)),
        }
        try:
            wanted = inspect.signature(function).parameters
            function(**{name: replaced[name]() if name in replaced else arguments[name] for name in wanted})
        except Exception as error:
            return error
        finally:
            close_figures()
        return None

    # Looking up

    def _check_of(self, item: pytest.Item) -> JobCheck:
        return self._checks[_name_of(item)]

    def _seed_of(self, item: pytest.Item) -> int:
        return self._job.seed_of(_name_of(item))

    def _device_of(self, item: pytest.Item) -> str:
        callspec = getattr(item, "callspec", None)
        asked = callspec.params.get("device") if callspec is not None else None
        return str(asked or self._check_of(item).needs_device or "cpu")

    def _device_is_here(self, item: pytest.Item) -> bool:
        needed = self._check_of(item).needs_device
        return needed is None or needed in self._devices

    def _reference_of(self, check: JobCheck) -> ModuleType:
        path = self._job.questions[check.question].reference
        if path is None:
            raise LookupError(f"question {check.question!r} has no solution")
        if path not in self._references:
            self._references[path] = import_file(Path(path))
        return self._references[path]


def _name_of(item: pytest.Item) -> str:
    function: Mapping[str, Any] | Any = getattr(item, "function", None)
    return str(getattr(function, "__name__", item.name))
