"""What an instructor sees of a course: every student, every assignment, and the figures of the class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from urllib.parse import quote

from grader.display import clean_line
from grader.report.content import SubmissionInfo
from grader.report.wording import NOT_GRADED, STATUSES, Verdict
from grader.scoring import Grade, Status
from grader.statistics import AssignmentFigures, assignment_figures

ZERO = Fraction(0)


@dataclass(frozen=True, slots=True)
class ClassCell:
    """What counts for one student and one assignment. ``status`` is None while there is no grade."""

    info: SubmissionInfo
    status: Status | None
    score: Fraction = ZERO
    points: Fraction = ZERO
    bonus: Fraction = ZERO
    deferred: Fraction = ZERO
    link: str | None = None

    @property
    def verdict(self) -> Verdict:
        """Its status, in words."""
        return NOT_GRADED if self.status is None else STATUSES[self.status]


@dataclass(frozen=True, slots=True)
class ClassAssignment:
    """One assignment of the course: the figures of the class, and each student's cell."""

    id: str
    title: str
    points: Fraction
    figures: AssignmentFigures
    cells: Mapping[str, ClassCell] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ClassReport:
    """What an instructor sees of a course: every student, every assignment."""

    course: str
    students: tuple[str, ...]
    assignments: tuple[ClassAssignment, ...]

    @property
    def points(self) -> Fraction:
        """What the whole course is worth."""
        return sum((assignment.points for assignment in self.assignments), ZERO)

    @property
    def has_bonus(self) -> bool:
        """Whether anybody has earned a bonus point."""
        return any(cell.bonus for assignment in self.assignments for cell in assignment.cells.values())

    def total(self, student: str) -> Fraction | None:
        """Return the sum of a student's scores so far; None where there is none. What is pending does not count yet."""
        cells = [assignment.cells.get(student) for assignment in self.assignments]
        counted = (Status.GRADED, Status.NEEDS_REVIEW)
        scores = [cell.score for cell in cells if cell is not None and cell.status in counted]
        return sum(scores, ZERO) if scores else None


def build_class_report(
    course_title: str,
    assignments: Sequence[tuple[str, str, Fraction]],
    latest: Mapping[tuple[str, str], tuple[SubmissionInfo, Grade | None]],
    *,
    students: Sequence[str] = (),
    links: Mapping[tuple[str, str], str] | None = None,
) -> ClassReport:
    """Return the report of a course for its instructors.

    Args:
        course_title: the course's title.
        assignments: id, title and points of each assignment, in the course's order; submissions to others are left out.
        latest: the submission that counts, by (student, assignment), and the grade with what counts; None: none yet.
        students: students to list even without a submission.
        links: relative paths to the students' reports, by (student, assignment).
    """
    everyone = sorted({*students, *(student for student, _ in latest)})
    return ClassReport(
        course=clean_line(course_title),
        students=tuple(everyone),
        assignments=tuple(_class_assignment(row, everyone, latest, links or {}) for row in assignments),
    )


def _class_assignment(
    row: tuple[str, str, Fraction],
    students: Sequence[str],
    latest: Mapping[tuple[str, str], tuple[SubmissionInfo, Grade | None]],
    links: Mapping[tuple[str, str], str],
) -> ClassAssignment:
    assignment, title, points = row
    own = {student: latest[student, assignment] for student in students if (student, assignment) in latest}
    cells = {
        student: _class_cell(info, grade, links.get((student, assignment))) for student, (info, grade) in own.items()
    }
    figures = assignment_figures(points, [grade for _, grade in own.values()])
    return ClassAssignment(clean_line(assignment), clean_line(title), points, _clean_figures(figures), cells)


def _class_cell(info: SubmissionInfo, grade: Grade | None, link: str | None) -> ClassCell:
    # Quoted, a path is a path: no colon in it makes it an address, no # cuts it short.
    href = None if link is None else quote(link.encode("utf-8", "surrogateescape"))
    if grade is None:
        return ClassCell(info, None, link=href)
    return ClassCell(info, grade.status, grade.score, grade.points, grade.bonus, grade.deferred, href)


def _clean_figures(figures: AssignmentFigures) -> AssignmentFigures:
    return replace(
        figures,
        checks=tuple(replace(check, title=clean_line(check.title)) for check in figures.checks),
        questions=tuple(replace(question, title=clean_line(question.title)) for question in figures.questions),
    )
