"""What a check can meet when it uses a submission.

StudentError          the student's code raised; also a subclass of the builtin exception that it raised
├── MissingName       the submission has no such name
└── LoadError         a file could not be imported
WorkerLost            the student's process did not answer: out of time, dead, or talking nonsense
"""

from __future__ import annotations

import builtins

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
        where = f" at {self.frames[-1].file}:{self.frames[-1].line}" if self.frames else ""
        if self.type_name == "NotImplementedError":
            return f"Not written yet: NotImplementedError is raised{where}."
        if self.type_name in ("SystemExit", "KeyboardInterrupt"):
            return f"The code tried to end the program ({self.type_name}){where} instead of returning a result."
        if self.type_name in ("MemoryError", "OutOfMemoryError"):
            return f"The code ran out of memory{where}."
        if self.type_name == "RecursionError":
            return f"The code calls itself without end (RecursionError){where}."
        if self.type_name == "OffLimits":
            return f"The code uses something{where} that this question asks you to do without."
        if self.type_name == "DeviceMismatch":
            return (
                f"The code combines tensors of two devices{where}: make new tensors on the device of those that are "
                "passed, such as torch.zeros(3, device=x.device)."
            )
        if self.type_name == "TypeError" and not self.frames:
            return (
                "The code raised TypeError, but in none of its own lines: "
                "do the arguments that it takes, and what it returns, fit what is asked for?"
            )
        return f"The code raised {self.type_name}{where}."


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
            return f"{where}{self.type_name}: the file tried to end the program while it was being imported."
        text = f": {self.text[:MAX_SHOWN_MESSAGE]}" if self.text else ""
        return f"{where}{self.type_name}{text}"


class WorkerLost(BaseException):
    """The student's process is gone or was ended; ``outcome`` is TIMED_OUT or CRASHED, ``message`` safe to show.

    It is no Exception, so that a check which expects any exception does not take it for one.
    """

    def __init__(self, outcome: Outcome, message: str) -> None:
        super().__init__(message)
        self.outcome = outcome
        self.message = message


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
