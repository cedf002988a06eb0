"""Where a command works: the course, its gradebook, and the folder or student that it is about."""

from __future__ import annotations

import contextlib
import getpass
import os
import shlex
import stat
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import click

from grader.errors import InputError, SubmissionError, find_near, reason_of, suggest
from grader.language import _, later, speaking
from grader.platforms import CAN_ISOLATE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from grader.gradebook import Gradebook
    from grader.grading import Setup
    from grader.spec import Assignment, Course
    from grader.submission import Marker

NOT_ISOLATED = later(
    "WITHOUT ISOLATION: the code that runs now may read, change and send whatever you may, and can forge its "
    "score. Never do this with somebody else's code."
)
DEVELOPMENT_ONLY = later(
    "development only: this system cannot isolate code, so yours runs as any program that you start. Do this "
    "with your own code only."
)


class Seat:
    """The course that a command is about. Nothing is read before it is asked for.

    ``directory`` is its folder, None for the course that ships.
    """

    def __init__(self, directory: Path | None) -> None:
        self.directory = directory

    @cached_property
    def course(self) -> Course:
        """The course in the folder that was given, or the one that ships."""
        from grader.resources import find_data
        from grader.spec import COURSE_FILE, load_course

        if self.directory is not None:
            return load_course(self.directory)
        # It may be anybody's, so it is never taken unasked: its checks would be run.
        if (near := _find_course_here(COURSE_FILE)) is not None:
            note = _("this is about the course that ships; for the one in this folder: --course {folder}", folder=near)
            click.echo(f"grader: {note}", err=True)
        return load_course(find_data("assignments"))

    @cached_property
    def state(self) -> Path:
        """The folder of the course's gradebook."""
        from grader.gradebook import state_directory

        return state_directory(self.course.directory, os.environ)

    def spell(self, words: str) -> str:
        """Return a command about the same course, as one would type it."""
        return f"{self._call(self.directory)} {words}"

    def spell_away(self) -> str:
        """Return ``grader`` as it is called for this course from any folder."""
        return self._call(self.directory and self.directory.resolve())

    def _call(self, directory: Path | None) -> str:
        named = directory is not None and not os.environ.get("GRADER_COURSE")
        return f"grader --course {shlex.quote(str(directory))}" if named else "grader"

    def open_gradebook(self) -> Gradebook:
        """Open the course's gradebook; it is made if there is none."""
        from grader.gradebook import Gradebook

        return Gradebook.open(self.state)

    def setup(self, *, isolated: bool = True, secrets: Iterable[Path] = ()) -> Setup:
        """Return how to run checks: students' code may read nothing of the course, its gradebook or ``secrets``.

        Code that is to run without isolation is loudly said to.
        """
        from grader.grading import Setup

        if not isolated:
            click.echo(f"grader: {_(NOT_ISOLATED)}", err=True)
        return Setup(secrets=(self.state, *secrets), isolated=isolated, language=self.course.language)

    def tell_rules(self, assignment: Assignment) -> list[str]:
        """Return the rules for handing in an assignment, in sentences of the course's language."""
        from grader.policy import describe_rules

        policy, due = self.course.policy_of(assignment), self.course.due_of(assignment)
        with speaking(self.course.language):
            return describe_rules(policy, due, groups=assignment.groups)

    def setup_own(self, *, isolated: bool = True) -> Setup:
        """Return how to run the checks of somebody's own code: as others' code, where a system can keep that in.

        Where none can be kept in (macOS, Windows) it runs without isolation, and that is said.
        """
        if CAN_ISOLATE or not isolated:
            return self.setup(isolated=isolated)
        click.echo(f"grader: {_(DEVELOPMENT_ONLY)}", err=True)
        return replace(self.setup(), isolated=False)

    def load(self, name: str) -> Assignment:
        """Return the assignment of an id.

        Raises:
            InputError: the course has none, maybe since the folders here are from another course.
        """
        if name not in self.course.assignments:
            self.refuse_other_course(name)
        return self.course.load(name)

    def refuse_other_course(self, unknown: str) -> None:
        """Say so where a name that this course does not know may be known to the course that work here is from.

        Raises:
            InputError: the folder of that name, or this one, says that it is from another course; where nothing in
                this course has such a name, any folder of work in this one.
        """
        folders = [Path(unknown), Path()]
        if find_near(unknown, self.course.assignments) is None:
            folders += find_fetched(Path())
        for folder in folders:
            marker = None
            with contextlib.suppress(SubmissionError):  # a broken one is told where it is meant
                marker = _marker_of(folder)
            if marker is not None:
                self.check_course(marker, folder)

    def refuse_other_folder(self) -> None:
        """Refuse to tell of the course that ships in the folder of work from another one, unless a course is named.

        Raises:
            InputError: this is such a folder.
        """
        if self.directory is None:
            self.find_here()

    def find_here(self) -> str | None:
        """Return the id of the assignment whose folder this is, None where it is none's.

        Raises:
            InputError: it is from another course, or its marker is broken.
        """
        marker = _marker_of(Path())
        if marker is None:
            return None
        self.check_course(marker, Path())
        return marker["assignment"]

    def check_folders(self, assignment: str) -> None:
        """Refuse to go by an id where the folder that is meant says that it is from another course.

        Raises:
            InputError: it does.
        """
        for folder in (Path(assignment), Path()):
            marker = _marker_of(folder)
            if marker is not None and marker["assignment"] == assignment:
                self.check_course(marker, folder)

    def find_assignment(self, path: Path, assignment_id: str | None) -> Assignment:
        """Return the assignment that a student's folder belongs to: as asked for, or as its marker says.

        Raises:
            InputError: there is no such path, or nothing says which assignment it is.
        """
        from grader.notebooks import is_notebook_name
        from grader.places import is_zip
        from grader.submission import read_marker

        try:
            mode = path.stat().st_mode
        except FileNotFoundError:
            near = suggest(path.name, self.course.assignments)
            hint = _("`grader fetch ASSIGNMENT` makes one")
            if path.name in self.course.assignments:
                near, hint = "", _("`{command}` makes it", command=self.spell(f"fetch {path.name}"))
            elif path.suffix:
                hint = _("look at its name, and at the folder that you are in")
            if _has_marker(Path()):
                hint = _("this folder is that of an assignment itself: leave the name out")
            message = _("{path}: there is no such file or folder", path=path)
            raise InputError(f"{message}{near}", hint) from None
        except OSError as error:
            message = _("{path} cannot be read: {reason}", path=path, reason=reason_of(error))
            raise InputError(message, _("give your folder, one of its files, or a zip of it")) from None
        if assignment_id is None:
            whole = stat.S_ISDIR(mode) or is_zip(path)
            marker = read_marker(path) if whole or is_notebook_name(path.name) else None
            if marker is None and not whole:
                marker = read_marker(path.parent)
            if marker is None:
                raise _say_unmarked(path, stat.S_ISDIR(mode))
            self.check_course(marker, path)
            assignment_id = marker["assignment"]
        return self.course.load(assignment_id)

    def check_course(self, marker: Marker, path: Path) -> None:
        """Refuse work that was fetched from another course: it would go into this one's gradebook.

        Raises:
            InputError: it says that it was.
        """
        title, folder = marker.get("course"), marker.get("course_folder")
        if title is None or title == self.course.title:
            return
        values = {"path": path.resolve(), "title": title, "other": self.course.title}
        message = _("{path} is from the course {title!r}, and this is about {other!r}", **values)
        where = shlex.quote(folder) if folder is not None else "DIR"
        raise InputError(message, _("name its course: --course {folder}, or GRADER_COURSE={folder}", folder=where))


def find_fetched(folder: Path) -> list[Path]:
    """Return the folders of fetched assignments that lie in a folder which is none itself, by name."""
    try:
        return [] if _has_marker(folder) else sorted(path for path in folder.iterdir() if _has_marker(path))
    except OSError:
        return []


def _marker_of(folder: Path) -> Marker | None:
    """Return what the marker of a student's folder says; None where it has none."""
    from grader.submission import read_marker

    return read_marker(folder) if _has_marker(folder) else None


def _has_marker(folder: Path) -> bool:
    from grader.submission import MARKER

    with contextlib.suppress(OSError, ValueError):  # a name that no file can have
        return (folder / MARKER).is_file()
    return False


def _find_course_here(name: str) -> str | None:
    """Return the way to the nearest folder, from this one up, that holds a course's file."""
    here = Path.cwd()
    for steps, folder in enumerate((here, *here.parents)):
        if (folder / name).exists():
            return "/".join([".."] * steps) or "."
    return None


def draw_for(assignment: Assignment, student: str | None) -> Assignment:
    """Return an assignment with a student's variants; who this is only matters where there are some.

    Raises:
        InputError: it cannot be a student's id, or a variant cannot be made.
    """
    from grader.variants import fill_assignment

    return fill_assignment(assignment, who(student)) if assignment.has_variants else assignment


def _say_unmarked(path: Path, is_folder: bool) -> InputError:
    """Return the error for work that does not say which assignment it is of; names folders in it that do."""
    from grader.submission import MARKER

    if not is_folder:
        message = _("{path}: nothing says which assignment this is", path=path)
        return InputError(message, _("name it with --assignment"))
    from grader.display import join_first

    found = find_fetched(path)
    hint = _("`grader fetch ASSIGNMENT` makes one, and `grader list` shows which there are")
    if _has_marker(path.resolve().parent):
        hint = _("the folder above it is one: {folder}", folder=path.resolve().parent)
    elif found:
        folders = join_first([folder.name for folder in found], 5)
        hint = _("give one of the folders in it: {folders}", folders=folders)
    message = _("{path} is not a submission folder: it has no {file}", path=path.resolve(), file=MARKER)
    return InputError(message, hint)


def acting_user() -> str:
    """Return who does this, for the trail: the name that this user is logged in with, or a number."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a container, or a system, without a user database
        return f"uid {os.getuid()}" if hasattr(os, "getuid") else ""


def who(student: str | None) -> str:
    """Return the student's id: as given, or the name that this user is logged in with.

    Raises:
        InputError: it cannot be a student's id.
    """
    from grader.gradebook import check_student

    if student is None:
        try:
            student = getpass.getuser()
        except (KeyError, OSError, ImportError):  # a container, or a system, without a user database
            raise InputError(_("this user has no name"), _("give your id with --student")) from None
    return check_student(student)
