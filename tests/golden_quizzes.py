"""The course's quiz in every format, as it was last looked at: ``python -m tests.golden_quizzes`` writes it anew."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from grader.quizzes import Format, make_quiz, write_quizzes
from grader.resources import find_data
from grader.spec import load_assignment
from tests.lms_quizzes import unpack

FOLDER = Path(__file__).parent / "quizzes"
_NAMES = {
    Format.MOODLE_XML: "quiz.xml",
    Format.GIFT: "quiz.gift.txt",
    Format.AIKEN: "quiz.aiken.txt",
    Format.BLACKBOARD: "quiz.txt",
    Format.D2L: "quiz.csv",
}


def make(form: Format) -> Mapping[str, bytes]:
    """Return the files, by their names in FOLDER; zips are unpacked, for how they are packed is zlib's business."""
    quiz, _ = make_quiz(load_assignment(find_data("assignments") / "choose-the-loss"))
    data = write_quizzes(form, [quiz]).data
    files = {_NAMES[form]: data} if form in _NAMES else unpack(data)
    return {f"{form}/{name}": content for name, content in files.items()}


def main() -> None:
    """Write all files."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    for form in Format:
        for name, content in make(form).items():
            (FOLDER / name).parent.mkdir(parents=True, exist_ok=True)
            (FOLDER / name).write_bytes(content)


if __name__ == "__main__":
    main()
