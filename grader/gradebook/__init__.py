"""The gradebook of a course: submissions, grades and what was decided about them."""

from grader.gradebook.rows import Change, Entry, Grading
from grader.gradebook.schema import DATABASE
from grader.gradebook.store import Gradebook, check_student, state_directory

__all__ = ["DATABASE", "Change", "Entry", "Gradebook", "Grading", "check_student", "state_directory"]
