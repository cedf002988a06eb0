"""Quizzes for learning management systems, and from them.

``make_quiz`` makes a quiz from an assignment, ``write_quizzes`` a file from quizzes. ``read_quiz`` reads such a file,
and ``render_assignment`` makes an assignment's files from what it found.
"""

from grader.quizzes.content import Exported, Note, Quiz
from grader.quizzes.extract import MAX_INSTANCES, make_quiz
from grader.quizzes.formats import Format, write_quizzes

__all__ = ["MAX_INSTANCES", "Exported", "Format", "Note", "Quiz", "make_quiz", "write_quizzes"]
