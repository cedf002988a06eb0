"""The formats that quizzes are written in, and which learning management system takes each."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from grader.errors import InputError
from grader.quizzes.content import Exported, Notes, Quiz, clean_quiz
from grader.quizzes.gift import to_gift
from grader.quizzes.moodle_xml import to_moodle_xml


class Format(StrEnum):
    """A format that can be written."""

    MOODLE_XML = "moodle-xml"
    GIFT = "gift"


_WRITERS = {
    Format.MOODLE_XML: to_moodle_xml,
    Format.GIFT: to_gift,
}


def write_quizzes(form: Format, quizzes: Sequence[Quiz]) -> Exported:
    """Return a file with these quizzes, and notes on what is not in it or not as it was.

    Raises:
        InputError: no question is left that the format can hold.
    """
    notes = Notes()
    exported = _WRITERS[form]([clean_quiz(quiz, notes) for quiz in quizzes])
    if not exported.questions:
        raise InputError(f"there is no question that {form} can hold", "choose another format, or another assignment")
    return Exported(exported.data, exported.questions, notes.all + exported.notes)
