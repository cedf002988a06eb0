"""The pytest plugin: one session runs an assignment's checks against many submissions.

Checks are collected once, and run again for each submission, whose result is reported before the next begins. pytest's
own way to run a check (fixtures that any file may redefine, reports for any plugin) takes longer than most checks: one
that needs nothing of it is called directly.
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
from grader.examiner.items import find_arguments, find_parameters, is_plain, name_of, pair_with_next
from grader.examiner.recogniser import Recognised, Recogniser
from grader.examiner.student import Student, seed_generators
from grader.examiner.trusted import close_figures, import_dotted, import_file
from grader.examiner.verdicts import find_came, hide_sizes, join_results, judge, say_broken
from grader.examiner.workers import SandboxFailed, Workers
from grader.job import Finished, Job, JobCheck, Message, Verdict
from grader.language import _
from grader.results import SHADOW, CheckResult, Outcome, Visibility

Emit = Callable[[Message], None]


class ExaminerPlugin:
    """Fixtures and hooks of one job. Events go to ``emit`` as they happen.

    ``devices`` are those that this machine offers to students' code; ``environment`` is told with the end of every
    submission. ``uncollected`` says why a check file could not be imported, ``broken`` how the sandbox failed.
    """

    def __init__(
        self, job: Job, workers: Workers, devices: tuple[str, ...], environment: Mapping[str, str], emit: Emit
    ) -> None:
        self._job = job
        self._workers = workers
        self._devices = devices
        self._environment = environment
        self._emit = emit
        self._checks = {check.id: check for check in job.checks}
        self._references: dict[str, ModuleType] = {}
        self._recogniser = Recogniser(job)
        self._results: dict[str, list[CheckResult]] = {}
        self._student: Student | None = None
        self._plain: set[pytest.Item] = set()
        self.uncollected: str | None = None
        self.broken: str | None = None

    # Fixtures: what a check can ask for

    @pytest.fixture(autouse=True)
    def _seeded(self, request: pytest.FixtureRequest) -> torch.Generator:
        return seed_generators(self._seed_of(request.node))

    @pytest.fixture
    def rng(self, _seeded: torch.Generator) -> torch.Generator:
        """A generator that is seeded for this check."""
        return _seeded

    @pytest.fixture
    def submission(self, request: pytest.FixtureRequest, _seeded: torch.Generator) -> Any:
        """The student's file, called in the student's process."""
        return self._load(request.node)

    @pytest.fixture
    def device(self, request: pytest.FixtureRequest) -> str:
        """Where the check puts its tensors: what is on the shadow device there is on the CPU here."""
        return self._place(request.param)

    @pytest.fixture
    def reference(self, request: pytest.FixtureRequest) -> ModuleType:
        """The first solution, in this process."""
        return self._reference_of(self._check_of(request.node))

    @pytest.fixture
    def remote(self) -> Callable[[str], Any]:
        """Returns something of torch, by its dotted name, in the student's process."""
        return self._present.fetch

    # Hooks

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run the checks that use ``device`` on each device of their question."""
        if "device" in metafunc.fixturenames:
            check = self._checks.get(metafunc.function.__name__)
            wanted = self._job.questions[check.question].devices if check else ("cpu",)
            if check and check.needs_device:
                wanted = (check.needs_device,)
            here = [device for device in wanted if device in self._devices]
            metafunc.parametrize("device", here or wanted[:1], indirect=True)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep the checks that the job asks for and that this machine has the device for."""
        items[:] = [item for item in items if name_of(item) in self._checks and self._device_is_here(item)]
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
            broken = _("{file} cannot be imported", file=report.nodeid)
            self.uncollected = f"{broken}\n{(trace.partition('Traceback:')[2] or trace)[-1500:].strip()}"

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

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Run the checks for one submission after another. What keeps pytest from it is left to pytest."""
        if session.testsfailed or not session.items:
            return None
        self._plain = set(filter(is_plain, session.items))
        for number in range(len(self._job.submissions)):
            try:
                self._examine(number, session)
            except SandboxFailed as error:
                self.broken = str(error)
            if self.broken is not None:
                break  # the job goes on with a fresh sandbox, from this submission's first check
        return True

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> bool | None:
        """Run a check that is plain; the others are left to pytest."""
        if item not in self._plain:
            return None
        self._present.start_check()
        error: BaseException | None = None
        arguments: dict[str, Any] = {}
        started = time.perf_counter()
        try:
            arguments = self._provide(item)
            started = time.perf_counter()
            if item.function(**arguments) is not None:  # type: ignore[attr-defined]
                pytest.fail("the check returns a value, which nobody looks at: say assert instead of return")
        except (KeyboardInterrupt, pytest.exit.Exception, SandboxFailed):
            raise
        except BaseException as raised:
            error = raised
        self._note(item, error, time.perf_counter() - started, arguments)
        return True

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Turn the end of a check's call, or of a setup that failed, into its result."""
        report = yield
        error = call.excinfo.value if call.excinfo is not None else None
        if isinstance(error, SandboxFailed):
            self.broken = str(error)
            item.session.shouldstop = self.broken
        elif call.when == "call" or (call.when == "setup" and error is not None):
            self._note(item, error, call.duration, item.funcargs)  # type: ignore[attr-defined]
        return report

    def pytest_runtest_setup(self) -> None:
        """Start the check's time."""
        self._present.start_check()

    # One submission

    def _examine(self, number: int, session: pytest.Session) -> None:
        """Run all checks for one submission, and tell what came of it.

        Raises:
            SandboxFailed: the sandbox broke.
        """
        started = time.monotonic()
        self._results = {}
        submissions = self._job.submissions
        last = number == len(submissions) - 1
        self._student = student = Student(self._workers, self._job, submissions[number], last=last)
        for item, following in pair_with_next(session.items, self._plain):
            session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            student.stop_check()
            if self.broken is not None:
                student.close()
                return
        for result in self._decide_all():
            self._emit(Verdict(number, result))
        recognised = self._recognise(student)
        student.close()
        seconds = time.monotonic() - started
        self._emit(Finished(number, student.output, seconds, self._environment, recognised.mistakes, recognised.fault))

    def _provide(self, item: pytest.Item) -> dict[str, Any]:
        """Return the arguments of a plain check, as the fixtures would."""
        rng = seed_generators(self._seed_of(item))
        makers: dict[str, Callable[[], Any]] = {
            "submission": lambda: self._load(item),
            "device": lambda: self._place(parameters["device"]),
            "rng": lambda: rng,
            "reference": lambda: self._reference_of(self._check_of(item)),
            "remote": lambda: self._present.fetch,
        }
        parameters = find_parameters(item)
        return {name: makers[name]() if name in makers else parameters[name] for name in find_arguments(item)}

    def _load(self, item: pytest.Item) -> Any:
        question = self._job.questions[self._check_of(item).question]
        return self._present.load(question.file, self._seed_of(item), self._device_of(item))

    def _place(self, name: str) -> str:
        if name not in self._devices:
            pytest.skip(_("this machine has no {device} device", device=name))
        return "cpu" if name == SHADOW else name

    @property
    def _present(self) -> Student:
        assert self._student is not None
        return self._student

    # Results

    def defer_all(self) -> None:
        """Finish every submission, where no check is for a device that is here."""
        self._results = {}
        for number in range(len(self._job.submissions)):
            for result in self._decide_all():
                self._emit(Verdict(number, result))
            self._emit(Finished(number, "", 0.0, self._environment))

    def _note(
        self, item: pytest.Item, error: BaseException | None, seconds: float, arguments: Mapping[str, Any]
    ) -> None:
        check = name_of(item)
        last_call = self._student.last_call if self._student is not None else None
        if isinstance(error, AssertionError | pytest.fail.Exception) and not self._is_of_checks(error):
            failed = f"{type(error).__name__}: {error}"
            result = say_broken(check, _("an assertion of no check's own failed: {error}", error=failed))
        else:
            result = judge(check, error, last_call, lambda: self._try_reference(item, arguments))
        if self._check_of(item).visibility is Visibility.HIDDEN and self._student is not None:
            result = hide_sizes(result, self._student.passed_sizes, find_came(error, last_call))
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
                message = _("Waits for a machine with a {device} device.", device=check.needs_device)
                yield CheckResult(check.id, Outcome.NOT_RUN, message, device=check.needs_device, deferred=True)

    def _recognise(self, student: Student) -> Recognised:
        failed = {
            check for check, results in self._results.items() if any(one.outcome is Outcome.FAILED for one in results)
        }
        return self._recogniser.recognise(student, failed)

    def _try_reference(self, item: pytest.Item, arguments: Mapping[str, Any]) -> BaseException | None:
        """Run a check on the reference solution, in this process; return what it raised."""
        check = self._check_of(item)
        function: Callable[..., object] = item.function  # type: ignore[attr-defined]
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
        return self._checks[name_of(item)]

    def _seed_of(self, item: pytest.Item) -> int:
        return self._job.seed_of(name_of(item))

    def _device_of(self, item: pytest.Item) -> str:
        return str(find_parameters(item).get("device") or self._check_of(item).needs_device or "cpu")

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
