"""What a check can meet when it uses a submission.

StudentError          the student's code raised; also a subclass of the builtin exception that it raised
├── MissingName       the submission has no such name
└── LoadError         a file could not be imported
WorkerLost            the student's process did not answer: out of time, dead, or talking nonsense
"""

from __future__ import annotations

import builtins

from grader.language import _, later
from grader.results import Frame, Outcome

MAX_SHOWN_MESSAGE = 2000
ENDS_OF_LOOPS = (StopIteration, StopAsyncIteration)


class StudentError(Exception):
    """An exception that student code raised, with the student's own lines of its traceback.

    ``safe`` is a message that never holds the text of the exception, which the student's code chose and which could
    carry hidden inputs out; ``text`` is that text.
    """

    def __init__(self, type_name: str, text: str, frames: tuple[Frame, ...] = ()) -> None:
        super().__init__(f"{type_name}: {text}" if text else type_name)
        self.type_name = type_name
        self.text = text
        self.frames = frames

    @property
    def safe(self) -> str:
        """What every reader may know: the type, and the student's line."""
        where = ""
        if self.frames:
            where = " " + _("at {place}", place=f"{self.frames[-1].file}:{self.frames[-1].line}")
        told = {"where": where, "error": self.type_name}
        if self.type_name == "TypeError" and not self.frames:
            return _(
                "The code raised TypeError, but in none of its own lines: "
                "do the arguments that it takes, and what it returns, fit what is asked for?"
            )
        return _(_SAFE.get(self.type_name, _RAISED), **told) + _tell_next(self.type_name)


def _tell_next(type_name: str) -> str:
    """Return a sentence on what code can have where it runs, behind a blank, where an exception is about that."""
    return f" {_(_NEXT[type_name])}" if type_name in _NEXT else ""


_RAISED = later("The code raised {error}{where}.")
_ENDED = later("The code tried to end the program ({error}){where} instead of returning a result.")
_NO_MEMORY = later("The code ran out of memory{where}.")
_SAFE = {
    "NotImplementedError": later("Not written yet: NotImplementedError is raised{where}."),
    "SystemExit": _ENDED,
    "KeyboardInterrupt": _ENDED,
    "MemoryError": _NO_MEMORY,
    "OutOfMemoryError": _NO_MEMORY,
    "RecursionError": later("The code calls itself without end (RecursionError){where}."),
    "OffLimits": later("The code uses something{where} that this question asks you to do without."),
    "DeviceMismatch": later(
        "The code combines tensors of two devices{where}: make new tensors on the device of those that are "
        "passed, such as torch.zeros(3, device=x.device)."
    ),
}

_APART = later(
    "Where it is graded, code has no files but Python's own, no network and no other programs: "
    "compute with what your functions are passed."
)
_NEXT = {
    "ModuleNotFoundError": later(
        "Code can import torch, numpy, Python's own library, the modules that are handed in with it, and what else is "
        "installed for the course."
    ),
    "FileNotFoundError": _APART,
    "PermissionError": _APART,
    "EOFError": later("Where it is graded, nobody answers input(): compute with what your functions are passed."),
}


class MissingName(StudentError, AttributeError):
    """The submission does not define a name that the check needs. The message is safe for every reader."""

    @property
    def safe(self) -> str:
        """The whole message: it names what the student defined and nothing else."""
        return self.text


class LoadError(StudentError, ImportError):
    """A submitted file could not be imported."""

    @property
    def safe(self) -> str:
        """Nothing hidden runs while a file is imported, so the exception's text may be shown."""
        where = f"{self.frames[-1].file}:{self.frames[-1].line}: " if self.frames else ""
        if self.type_name in ("SystemExit", "KeyboardInterrupt"):
            return where + _(
                "{error}: the file tried to end the program while it was being imported.", error=self.type_name
            )
        text = f": {self.text[:MAX_SHOWN_MESSAGE]}" if self.text else ""
        following = _tell_next(self.type_name)
        end = "" if not following or text.endswith((".", "!", "?")) else "."
        return f"{where}{self.type_name}{text}{end}{following}"


class WorkerLost(BaseException):
    """The student's process is gone or was ended; ``outcome`` is TIMED_OUT or CRASHED, ``message`` safe to show.

    ``frames`` are the student's own lines that it was in when time ran out, where that is known. It is no Exception, so
    that a check which expects any exception does not take it for one.
    """

    def __init__(self, outcome: Outcome, message: str, frames: tuple[Frame, ...] = ()) -> None:
        super().__init__(message)
        self.outcome = outcome
        self.message = message
        self.frames = frames


def match_exception(base: str) -> type[StudentError]:
    """Return a StudentError that is also the builtin exception ``base``, so that ``pytest.raises(ValueError)`` works.

    Builtins whose construction or layout does not fit (UnicodeDecodeError, groups) become plain StudentErrors, and so
    do those that would end a loop of the check without a word.
    """
    builtin = getattr(builtins, base, None)
    if not (isinstance(builtin, type) and issubclass(builtin, Exception)) or builtin in (Exception, *ENDS_OF_LOOPS):
        return StudentError
    try:
        matching = type(f"Student{base}", (StudentError, builtin), {})
        matching("", "")
    except (TypeError, ValueError):
        return StudentError
    return matching
