"""``grader check --watch``: one calm screen that checks again whenever something is saved.

The folder is looked at ten times a second, by its files' names, sizes and times. That works on every file system,
network and container mounts too, costs next to nothing for so few files, and misses no editor that saves by renaming.
"""

from __future__ import annotations

import contextlib
import os
import select
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.cli.output import print_report
from grader.cli.seat import Seat
from grader.cli.submitting import check_work, foresee, hand_in
from grader.errors import FaultError, GraderError
from grader.language import _

if TYPE_CHECKING:
    from grader.engine import Examiner
    from grader.grading import Setup
    from grader.report import Report

PAUSE = 0.1  # seconds between two looks; after a change it must look the same twice, so that half a file is not taken
MOST_FILES = 1000
KEYS = frozenset("hsoq")
_SKIPPED = ("receipts", "__pycache__")

State = frozenset[tuple[str, int, int]]


@dataclass(frozen=True)
class Desk:
    """Whose work is watched, and what runs its checks: the examiner stays up between two looks."""

    seat: Seat
    examiner: Examiner
    setup: Setup
    path: Path
    assignment: str | None
    student: str | None

    def check(self) -> Report:
        """Run the public checks once."""
        return check_work(self.examiner, self.seat, self.path, self.assignment, self.student, self.setup)

    def submit(self) -> Report:
        """Hand in what is there now."""
        examiner, setup = self.examiner, self.setup
        report, _grade = hand_in(
            examiner, self.seat, self.path, self.assignment, self.student, lambda: setup, lambda _doubts: None
        )
        return report

    def foresee(self) -> list[str]:
        """Return what somebody should know before they hand in."""
        return foresee(self.seat, self.path, self.assignment, self.student)


def watch_work(desk: Desk) -> None:
    """Check, wait for a change or a key, and so on, until somebody quits.

    Raises:
        InputError: there is nothing at the path.
        FaultError: nothing can be run here at all.
    """
    desk.seat.find_assignment(desk.path, desk.assignment)  # what can never be checked is told at once
    with tempfile.TemporaryDirectory(prefix="grader-report-") as folder, _keys() as keys:
        _Screen(desk, keys, Path(folder)).run()


class _Screen:
    def __init__(self, desk: Desk, keys: _Keys, folder: Path) -> None:
        self._desk, self._keys, self._page = desk, keys, folder / "report.html"
        self._report: Report | None = None

    def run(self) -> None:
        while True:
            seen = look(self._desk.path)
            self._look_and_show()
            key = self._wait(seen)
            while key in ("h", "s", "o"):
                self._act(key)
                key = self._wait(look(self._desk.path))
            if key == "q":
                return

    def _look_and_show(self) -> None:
        started = time.monotonic()
        report, fault = None, None
        try:
            report = self._desk.check()
        except FaultError:
            raise
        except GraderError as error:
            fault = error
        self._clear()
        if report is not None:
            self._report = report
            print_report(report)
        if fault is not None:
            _say(fault)
        length = f"{time.monotonic() - started:.1f}"
        at = f"{datetime.now():%H:%M:%S}"
        self._say_keys(_("Checked {time} in {length} s. Waiting for a save.", time=at, length=length))

    def _wait(self, seen: State) -> str | None:
        """Wait until something changed, and is still the same a moment later; or return the key that was pressed."""
        while True:
            key = self._keys.read(PAUSE)
            if key in KEYS:
                return key
            if look(self._desk.path) != seen:
                self._settle()
                return None

    def _settle(self) -> None:
        before = None
        while (now := look(self._desk.path)) != before:
            before = now
            time.sleep(PAUSE)

    def _act(self, key: str) -> None:
        self._clear()
        try:
            if key == "s":
                if not self._confirms():
                    self._say_keys(_("Nothing was handed in."))
                    return
                self._report = self._desk.submit()
                print_report(self._report)
            elif key == "o":
                self._open()
            else:
                with self._keys.paused():
                    _tell_hint(self._desk)
        except GraderError as error:
            _say(error)
        except click.exceptions.Exit:  # somebody thought better of it, and has been told
            pass
        self._say_keys(_("Waiting for a save."))

    def _confirms(self) -> bool:
        """Ask once more: it is an attempt that counts, and its key lies beside others."""
        for line in self._desk.foresee():
            click.echo(f"grader: {line}")
        click.echo(_("Hand in what is there now? Press s once more; any other key goes back."))
        while (key := self._keys.read(PAUSE)) is None:
            pass
        return key == "s"

    def _open(self) -> None:
        from grader.report import to_html

        if self._report is None:
            click.echo(_("There is no report yet."))
            return
        self._page.write_text(to_html(self._report), encoding="utf-8")
        click.echo(_("{page} (until this ends; `grader show --html FILE` writes one to keep)", page=self._page))
        if _has_browser():
            click.launch(self._page.as_uri())

    def _say_keys(self, said: str) -> None:
        keys = _("h: hint  s: submit  o: open the report  q: quit") if self._keys.there else _("Ctrl-C ends it.")
        click.echo(f"\n{said}\n{keys}")

    def _clear(self) -> None:
        if sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb":
            click.clear()
        else:
            click.echo("-" * 40)


def _has_browser() -> bool:
    """Is there a desktop to open a page on? Without one the tools for it only print what they lack."""
    if sys.platform in ("win32", "darwin"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def look(path: Path) -> State:
    """Return the names, sizes and times of the files that a student may have saved."""
    found: set[tuple[str, int, int]] = set()
    with contextlib.suppress(OSError):
        if not path.is_dir():
            state = path.stat()
            return frozenset({(path.name, state.st_mtime_ns, state.st_size)})
        for folder, names, files in os.walk(path):
            names[:] = [name for name in names if not name.startswith(".") and name not in _SKIPPED]
            for name in files:
                if name.startswith(".") or len(found) >= MOST_FILES:
                    continue
                with contextlib.suppress(OSError):
                    state = os.stat(os.path.join(folder, name))  # noqa: PTH116, PTH118 - ten times a second
                    found.add((f"{folder}/{name}", state.st_mtime_ns, state.st_size))
    return frozenset(found)


def _tell_hint(desk: Desk) -> None:
    from grader.cli.hints import tell_next

    tell_next(desk.seat, desk.seat.find_assignment(desk.path, desk.assignment), None, desk.student, yes=False)


def _say(error: GraderError) -> None:
    from grader.display import clean_text

    click.echo(clean_text(error.message))
    if error.hint:
        click.echo(f"  {clean_text(error.hint)}")


# Keys.


class _Keys:
    """Keys that are pressed, one at a time and not shown; ``there`` says whether there is anybody to press them."""

    there = False

    def read(self, seconds: float) -> str | None:
        """Return a key that was pressed within so many seconds, None where none was."""
        time.sleep(seconds)
        return None

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Give the terminal back for a while, to ask something on it."""
        yield


class _TerminalKeys(_Keys):
    there = True

    def __init__(self, stream: int) -> None:
        self._stream = stream

    def read(self, seconds: float) -> str | None:
        if not select.select([self._stream], [], [], seconds)[0]:
            return None
        data = os.read(self._stream, 1)
        return data.decode("ascii", "replace").lower() if data else "q"

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        import termios

        now = termios.tcgetattr(self._stream)
        calm = termios.tcgetattr(self._stream)
        calm[3] |= termios.ICANON | termios.ECHO
        termios.tcsetattr(self._stream, termios.TCSADRAIN, calm)
        try:
            yield
        finally:
            termios.tcsetattr(self._stream, termios.TCSADRAIN, now)


class _WindowsKeys(_Keys):
    there = True

    def read(self, seconds: float) -> str | None:
        import msvcrt

        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if msvcrt.kbhit():  # type: ignore[attr-defined, unused-ignore]
                return str(msvcrt.getwch()).lower()  # type: ignore[attr-defined, unused-ignore]
            time.sleep(0.02)
        return None


@contextlib.contextmanager
def _keys() -> Iterator[_Keys]:
    """Read keys as they are pressed while a block runs, if this is a terminal; then it is as it was."""
    if not sys.stdin.isatty():
        yield _Keys()
        return
    try:
        import termios
        import tty
    except ImportError:
        yield _WindowsKeys()
        return
    stream = sys.stdin.fileno()
    before = termios.tcgetattr(stream)
    try:
        tty.setcbreak(stream)
        yield _TerminalKeys(stream)
    finally:
        termios.tcsetattr(stream, termios.TCSADRAIN, before)
