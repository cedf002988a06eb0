"""Quizzes for learning management systems, and from them.

``make_quiz`` makes a quiz from an assignment, ``write_quizzes`` a file from quizzes. ``read_quiz`` reads such a file,
and ``render_quiz`` makes an assignment's files from what it found.
"""

from grader.quizzes.assignment_yaml import render_quiz
from grader.quizzes.content import Exported, Note, Quiz
from grader.quizzes.extract import MAX_INSTANCES, make_quiz
from grader.quizzes.formats import Format, write_quizzes
from grader.quizzes.incoming import Found
from grader.quizzes.sources import Source, read_quiz

__all__ = [
    "MAX_INSTANCES",
    "Exported",
    "Format",
    "Found",
    "Note",
    "Quiz",
    "Source",
    "make_quiz",
    "read_quiz",
    "render_quiz",
    "write_quizzes",
]
