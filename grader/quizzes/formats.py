"""The formats that quizzes are written in, and which learning management system takes each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum

from grader.errors import InputError
from grader.quizzes.aiken import to_aiken
from grader.quizzes.blackboard import to_blackboard
from grader.quizzes.cartridge import to_cartridge
from grader.quizzes.content import Exported, Notes, Quiz, clean_quiz
from grader.quizzes.d2l import to_d2l
from grader.quizzes.gift import to_gift
from grader.quizzes.moodle_xml import to_moodle_xml
from grader.quizzes.qti12 import to_qti12


class Format(StrEnum):
    """A format that can be written."""

    QTI12 = "qti12"
    MOODLE_XML = "moodle-xml"
    GIFT = "gift"
    AIKEN = "aiken"
    CARTRIDGE = "cartridge"
    BLACKBOARD = "blackboard"
    D2L = "d2l"


_WRITERS: Mapping[Format, Callable[[Sequence[Quiz]], Exported]] = {
    Format.QTI12: to_qti12,
    Format.MOODLE_XML: to_moodle_xml,
    Format.GIFT: to_gift,
    Format.AIKEN: to_aiken,
    Format.CARTRIDGE: to_cartridge,
    Format.BLACKBOARD: to_blackboard,
    Format.D2L: to_d2l,
}


def write_quizzes(form: Format, quizzes: Sequence[Quiz]) -> Exported:
    """Return a file with these quizzes, and notes on what is not in it or not as it was.

    Raises:
        InputError: no question is left that the format can hold, or there are too many.
    """
    notes = Notes()
    cleaned = [clean_quiz(quiz, notes) for quiz in quizzes if quiz.entries]
    exported = _WRITERS[form](cleaned)
    if not exported.questions:
        raise InputError(f"there is no question that {form} can hold", "choose another format, or another assignment")
    return Exported(exported.data, exported.questions, notes.all + exported.notes)
