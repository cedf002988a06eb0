"""Who takes the course: students that are known, and what a new roster changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from grader.errors import InputError, suggest
from grader.gradebook import Gradebook, check_student
from grader.roster import Claims, Roster, RosterStudent, split_sections, suggest_id


@dataclass(frozen=True, slots=True)
class RosterChanges:
    """What a roster changes against the one before it.

    ``changed`` are pairs of before and after; ``reordered`` says that who stays comes in another order.
    """

    comes: tuple[RosterStudent, ...]
    goes: tuple[RosterStudent, ...]
    changed: tuple[tuple[RosterStudent, RosterStudent], ...]
    reordered: bool

    def __bool__(self) -> bool:
        return bool(self.comes or self.goes or self.changed or self.reordered)


def compare_rosters(before: Roster, after: Roster) -> RosterChanges:
    """Return who comes, who goes, and of whom something else changes, such as the section."""
    old = {student.id: student for student in before.students}
    new = {student.id: student for student in after.students}
    return RosterChanges(
        comes=tuple(student for student in after.students if student.id not in old),
        goes=tuple(student for student in before.students if student.id not in new),
        changed=tuple((old[name], one) for name, one in new.items() if name in old and old[name] != one),
        reordered=[name for name in old if name in new] != [name for name in new if name in old],
    )


def check_roster(roster: Roster, where: str) -> Roster:
    """Return a roster of students who can hand in: every id is one, in its stored form; ``where`` names the file.

    Raises:
        InputError: an id cannot be used, or two are the same.
    """
    students = []
    for student in roster.students:
        try:
            students.append(replace(student, id=check_student(student.id)))
        except InputError as error:
            raise InputError(f"{where}: {error.message}", error.hint) from None
    repeated = [name for name, count in Counter(student.id for student in students).items() if count > 1]
    if repeated:
        raise InputError(f"{where}: the id {repeated[0]!r} is there twice", "every student has one line")
    return Roster(tuple(students))


def find_strangers(gradebook: Gradebook, roster: Roster) -> Mapping[str, str]:
    """Return who has handed in and is not in a roster, by id; each with what may be meant, or with ``""``.

    That is ``"; did you mean 'x'?"``, or whose other id it is: such work was filed before there was a roster.
    """
    enrolled = [student.id for student in roster.students]
    strangers = sorted(_find_submitters(gradebook) - set(enrolled))
    return {student: _explain_stranger(student, roster, enrolled) for student in strangers}


def _explain_stranger(word: str, roster: Roster, enrolled: list[str]) -> str:
    student = roster.match(Claims(id=word))
    if student is None:
        return suggest_id(word, enrolled)
    return f": it is an id of {student.id}, under which grading the same download again files this work"


def check_known(gradebook: Gradebook, student: str) -> str:
    """Return the id of a student who is in the roster, has handed in something, or of whom something was decided.

    Raises:
        InputError: there is no such student; the message names the nearest one.
    """
    student = check_student(student)
    known = {one.id for one in (gradebook.roster() or Roster()).students} | _find_submitters(gradebook)
    known |= {override.student for override in gradebook.overrides()}
    known |= {extension.student for extension in gradebook.extensions() if extension.student is not None}
    if student not in known:
        message = f"no student {student!r}{suggest_id(student, sorted(known))}"
        raise InputError(message, "`grader roster` shows who takes the course; nothing was handed in under this id")
    return student


def check_section(gradebook: Gradebook, section: str) -> str:
    """Return the name of a section that the roster has.

    Raises:
        InputError: it has none of this name.
    """
    known = sorted({name for one in (gradebook.roster() or Roster()).students for name in split_sections(one.section)})
    if section not in known:
        hint = f"the sections are {', '.join(known[:20])}" if known else "the roster names no sections"
        raise InputError(f"no section {section!r}{suggest(section, known)}", hint)
    return section


def _find_submitters(gradebook: Gradebook) -> set[str]:
    return {student for entry in gradebook.entries() for student in entry.students}
