"""What students are told beside their scores in an LMS: their reports in a few lines, as they may see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from grader.export.scores import ScoreTable
from grader.gradebook import Gradebook
from grader.report import Reader, build_report
from grader.report.remark import to_remark
from grader.reporting import describe_entry, gather_context
from grader.settlement import Settled, settle_assignment
from grader.spec import Assignment, Course


def add_remarks(course: Course, gradebook: Gradebook, table: ScoreTable, now: datetime) -> ScoreTable:
    """Return a table with feedback beside every score that a submission has, as students see it at the moment ``now``.

    Raises:
        SpecError: an assignment cannot be read.
        GradebookError: the gradebook cannot be read.
    """
    columns = []
    for column in table.columns:
        assignment = course.load(column.assignment)
        scored = {student for student, score in column.scores.items() if score is not None}
        settled = settle_assignment(course, gradebook, assignment)
        wanted = {student: one for student, one in settled.items() if student in scored}
        columns.append(replace(column, feedback=_write_remarks(course, gradebook, assignment, wanted, now)))
    return replace(table, columns=tuple(columns))


def _write_remarks(
    course: Course, gradebook: Gradebook, assignment: Assignment, settled: Mapping[str, Settled], now: datetime
) -> dict[str, str]:
    marks = gradebook.marks(assignment.id)
    remarks = {}
    for student, one in settled.items():
        entry, grade = one.entry, one.final.grade
        if entry is None or grade is None:
            continue
        context = gather_context(course, gradebook, assignment, entry, grade, one, marks, now=now, prompts=False)
        info, language = describe_entry(entry), course.language
        report = build_report(grade, info, Reader.STUDENT, final=one.final, context=context, language=language)
        remarks[student] = to_remark(report)
    return remarks
