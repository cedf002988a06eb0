"""One function for everything that reads what others wrote: it takes any bytes, and returns or fails.

Each feeds the bytes to the real entry point and lets the errors pass that its docstring promises. Any other error is
a finding, and so is a result that breaks what holds of all results.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import math
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import torch
from yaml.reader import Reader

from grader import wire
from grader.answers import MAX_TEXT_LENGTH, read_answers
from grader.checks import read_checks
from grader.display import clean_line, clean_text
from grader.errors import GraderError, InputError, SpecError, SubmissionError
from grader.examiner.cost import read_cost
from grader.examiner.figure import make_picture, read_figure
from grader.forbidden import MAX_VIOLATIONS, find_forbidden
from grader.job import event_from_json
from grader.places import MAX_FILE_BYTES
from grader.quizzes import Format, Found, make_quiz, render_quiz, write_quizzes
from grader.quizzes.gift_reader import read_gift
from grader.quizzes.moodle_reader import read_moodle_xml
from grader.quizzes.text2qti_reader import read_text2qti
from grader.results import Run
from grader.scoring import score_submission
from grader.similarity import MAX_WORDS, Code, Pair, find_parts, read_words, take_prints
from grader.spec import ASSIGNMENT_FILE, COURSE_FILE, Assignment, Course, load_assignment, load_course
from grader.stub import render_stub
from grader.submission import (
    ANSWERS,
    MARKER,
    MAX_FILES,
    MAX_TOTAL_BYTES,
    Submission,
    expected_files,
    pack,
    read_marker,
    read_submission,
    unpack,
)
from grader.variants import fill_assignment
from grader.wire import Channel, ConnectionClosed, ProtocolError
from grader.yaml_source import MAX_PROBLEMS
from tests.conftest import ASSIGNMENT, FILES
from tests.fuzz.seeds import ROOT

RECEIVE_SECONDS = 30
SOCKET_BYTES = 1 << 16  # what a socket surely takes without anyone reading
MAX_BLOBS = 1 << 20
FORBID = ("torch.nn.functional.cross_entropy", "torch.nn.CrossEntropyLoss", "torch.Tensor.exp", "numpy")


# The wire.


def fuzz_wire(data: bytes) -> None:
    """Receive all messages of a stream whose writer then goes away."""
    reader, writer = socket.socketpair()
    channel = Channel(reader)
    thread = threading.Thread(target=_pour, args=(writer, data), daemon=True)
    if len(data) > SOCKET_BYTES:
        thread.start()
    else:
        _pour(writer, data)
    try:
        while (message := _receive(channel)) is not None:
            _check_message(message)
            _check_tree(message.header.get("value"), message.tensors)
    finally:
        channel.close()
        if thread.ident is not None:
            thread.join()


def fuzz_value(data: bytes) -> None:
    """Decode a value tree beside some tensors."""
    try:
        node = json.loads(data)
    except (ValueError, RecursionError):
        return
    _check_tree(node, _tensors())


def _receive(channel: Channel) -> wire.Message | None:
    try:
        return channel.receive(time.monotonic() + RECEIVE_SECONDS)
    except (ProtocolError, ConnectionClosed):
        return None


def _check_tree(node: wire.Node, tensors: list[torch.Tensor]) -> None:
    try:
        value = wire.decode(node, tensors, _resolve)
    except ProtocolError:
        return
    _check_value(value)
    for read in (read_figure, make_picture, functools.partial(read_cost, known={0, 1, "targets"})):
        with contextlib.suppress(ValueError):
            read(value)


def _pour(writer: socket.socket, data: bytes) -> None:
    with writer, contextlib.suppress(BrokenPipeError, ConnectionResetError):
        writer.sendall(data)


def _tensors() -> list[torch.Tensor]:
    return [
        torch.arange(6.0).reshape(2, 3),
        torch.ones(2, 3, requires_grad=True),
        torch.tensor([1, 2, 255], dtype=torch.uint8),
        torch.tensor([True, False]),
        torch.empty(0, 3, dtype=torch.int64),
        torch.ones(2, dtype=torch.bfloat16),
        torch.tensor(1j),
    ]


class _Remote:
    """Something that stays where it is."""


def _resolve(node: dict[str, Any]) -> Any:
    number = int(node["o"]) if "o" in node else str(node["r"])
    return _Remote() if number else None


def _check_message(message: wire.Message) -> None:
    assert isinstance(message.header, dict)
    assert len(message.tensors) == len(message.requires_grad) <= wire.MAX_TENSORS
    assert sum(tensor.nbytes for tensor in message.tensors) <= wire.MAX_PAYLOAD_BYTES
    for tensor, requires_grad in zip(message.tensors, message.requires_grad, strict=True):
        assert tensor.dtype in wire.DTYPES.values()
        assert tensor.dim() <= wire.MAX_DIMENSIONS
        assert not requires_grad or tensor.is_floating_point() or tensor.is_complex()
        assert all(step >= 0 for step in tensor.stride())
        if tensor.dtype is torch.bool:
            assert not (_bytes_of(tensor) - {0, 1})
    sent = _over_the_wire(None, message.tensors)
    assert all(_same(a, b) for a, b in zip(message.tensors, sent.tensors, strict=True))


def _check_value(value: Any) -> None:
    """Send on what arrived: it must come back as it is, which also says that nothing odd is in it."""
    if sum(map(len, _blobs(value))) > MAX_BLOBS:  # one that is named many times would be sent as often
        return
    tensors: list[torch.Tensor] = []
    node = wire.encode(value, tensors, _refer)
    message = _over_the_wire(node, tensors)
    for tensor, wanted in zip(message.tensors, message.requires_grad, strict=True):
        tensor.requires_grad_(wanted)
    again: list[torch.Tensor] = []
    assert wire.encode(wire.decode(message.header["value"], message.tensors, _resolve), again, _refer) == node
    assert all(_same(a, b) for a, b in zip(tensors, again, strict=True))
    for text in _texts(node):
        text.encode()


def _blobs(value: Any) -> Iterator[bytes]:
    if isinstance(value, bytes):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _blobs(item)
    elif isinstance(value, dict):
        for pair in value.items():
            yield from _blobs(pair)


def _over_the_wire(node: wire.Node, tensors: list[torch.Tensor]) -> wire.Message:
    left, right = socket.socketpair()
    receiver = Channel(right)

    def send() -> None:
        with left:
            Channel(left).send({"value": node}, tensors)

    with ThreadPoolExecutor(1) as pool, right:
        sent = pool.submit(send)
        try:
            return receiver.receive(time.monotonic() + RECEIVE_SECONDS)
        except ConnectionClosed:
            sent.result()  # tells why
            raise


def _refer(value: Any) -> dict[str, Any]:
    assert isinstance(value, _Remote), type(value)
    return {"o": 1}


def _same(a: torch.Tensor, b: torch.Tensor) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and _raw(a) == _raw(b)


def _raw(tensor: torch.Tensor) -> bytes:
    plain = tensor.detach().contiguous().reshape(-1)
    return bytes(np.asarray(plain.view(torch.uint8))) if plain.numel() else b""


def _bytes_of(tensor: torch.Tensor) -> set[int]:
    return set(_raw(tensor))


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, list):
        for item in node:
            yield from _texts(item)
    elif isinstance(node, dict):
        for key, item in node.items():
            yield key
            yield from _texts(item)


# What authors write.


def fuzz_assignment(data: bytes) -> None:
    """Load a folder with these bytes as assignment.yaml, and go on with what came of it."""
    folder = _folder("assignment")
    (folder / ASSIGNMENT_FILE).write_bytes(data)
    try:
        assignment = load_assignment(folder)
    except InputError as error:
        _check_error(error)
        return
    assert 0 <= assignment.points == sum(question.points for question in assignment.questions)
    assert assignment.digest.startswith("sha256:")
    assert len({question.id for question in assignment.questions}) == len(assignment.questions)
    for question in assignment.questions:
        assert assignment.question(question.id) is question
        question.prompt.encode()
    course = Course(title="C", assignments=(assignment.id,), directory=folder.parent)
    for read in (course.due_of, course.policy_of):
        try:
            read(assignment)
        except SpecError as error:
            _check_error(error)
    try:
        checks = read_checks(assignment)
    except SpecError as error:
        _check_error(error)
        checks = ()
    try:
        assignment = fill_assignment(assignment, "ada")
    except SpecError as error:
        _check_error(error)
        return
    for content in render_stub(assignment, checks).values():
        content.decode()


def fuzz_course(data: bytes) -> None:
    """Load a folder with these bytes as course.yaml."""
    folder = _folder("course")
    (folder / COURSE_FILE).write_bytes(data)
    try:
        course = load_course(folder)
    except InputError as error:
        _check_error(error)
        return
    course.title.encode()
    for name in course.assignments:
        try:
            course.load(name)
        except InputError as error:
            _check_error(error)
    assert all((folder / name / ASSIGNMENT_FILE).is_file() for name in course.assignments)


def fuzz_checks(data: bytes) -> None:
    """Read a file of checks."""
    folder = _folder("checks")
    (folder / "checks/public/test_public.py").write_bytes(data)
    try:
        checks = read_checks(_assignment("checks"))
    except SpecError as error:
        _check_error(error)
        return
    for check in checks:
        assert check.id.isidentifier()
        for text in (check.title, check.hint or ""):
            assert Reader.NON_PRINTABLE.search(text) is None, text
        assert isinstance(check.points, Fraction)
        assert check.points >= 0


# What students write.


def fuzz_answers(data: bytes) -> None:
    """Read and score a submission with these bytes as answers.yaml."""
    if len(data) > MAX_FILE_BYTES:
        return
    assignment = _assignment()
    answers = read_answers(assignment, Submission({ANSWERS: data}))
    assert list(answers.values) == [question.id for question in assignment.quiz_questions]
    for question in assignment.quiz_questions:
        value = answers.values[question.id]
        if question.kind == "numeric":
            assert value is None or (isinstance(value, float) and math.isfinite(value))
        elif question.kind == "multiple_choice":
            assert value is None or (isinstance(value, tuple) and set(value) <= set(question.letters))
        elif question.kind == "choice":
            assert value is None or value in question.letters
        else:
            assert value is None or (isinstance(value, str) and clean_text(value, MAX_TEXT_LENGTH) == value)
    assert len(answers.problems) <= MAX_PROBLEMS + len(answers.values)
    for problem in answers.problems:
        assert problem.line >= 1
        assert problem.column >= 1
        assert clean_line(problem.message, 1000) == problem.message
        assert problem.question is None or answers.values[problem.question] is None
    grade = score_submission(assignment, _checks(), Run(), answers)
    assert all(0 <= question.score <= question.points for question in grade.questions)


def fuzz_zip(data: bytes) -> None:
    """Read these bytes as the zip that a student hands in."""
    path = _folder("zip") / "answer.zip"
    path.write_bytes(data)
    with _refused():
        marker = read_marker(path)
        assert marker is None or marker["assignment"]
    with _refused():
        _check_submission(read_submission(path, _assignment()))


def fuzz_stored(data: bytes) -> None:
    """Unpack these bytes as a submission from the store."""
    with _refused():
        _check_caps(unpack(data))


def fuzz_marker(data: bytes) -> None:
    """Read a student's folder with these bytes as grader.json."""
    folder = _folder("marker")
    (folder / MARKER).write_bytes(data)
    with _refused():
        marker = read_marker(folder)
        assert marker is not None
        assert marker["format"] == 1
        marker["assignment"].encode()
    with _refused():
        _check_submission(read_submission(folder, _assignment()))


def fuzz_notebook(data: bytes) -> None:
    """Read these bytes as a notebook that a student hands in; every line of what is taken stands in a cell."""
    path = _folder("notebook") / "answer.ipynb"
    path.write_bytes(data)
    with _refused():
        read_marker(path)
    with _refused():
        submission = read_submission(path, _assignment())
        _check_submission(submission)
        read_answers(_assignment(), submission)
        assert all(note.strip() and note.isprintable() for note in submission.notes)
        for name, content in submission.files.items():
            lines = content.decode().split("\n")
            for piece in (piece for piece in submission.pieces if piece.file == name):
                assert 1 <= piece.line <= piece.line + piece.count - 1 <= len(lines)


def fuzz_source(data: bytes) -> None:
    """Look for forbidden names in a student's file."""
    if len(data) > MAX_FILE_BYTES:
        return
    source = None
    with _refused():
        source = Submission({"answer.py": data}).text("answer.py")
    if source is None:
        return
    source.encode()
    lines = source.removeprefix("\ufeff").split("\n")
    found = find_forbidden(source, "answer.py", FORBID)
    assert len(found) <= MAX_VIOLATIONS
    for violation in found:
        assert violation.name in FORBID
        assert 1 <= violation.line <= len(lines)
        assert lines[violation.line - 1].startswith(violation.source_line)
        assert 1 <= violation.column <= len(lines[violation.line - 1]) + 1


def fuzz_similar(data: bytes) -> None:
    """Compare a student's file with itself, in halves of which the second comes first."""
    text = data.decode("utf-8", "surrogateescape")
    middle = len(text) // 2
    first, second = {"answer.py": text}, {"answer.py": f"{text[middle:]}\n{text[:middle]}"}
    assert len(read_words(first)[0]) <= MAX_WORDS
    left, right = (
        take_prints(Code(name, (name,), files), frozenset()) for name, files in (("a", first), ("b", second))
    )
    parts = find_parts(Pair(left, right, 0, (1, 1)), first, second, frozenset())
    assert sum(part.words for part in parts) <= MAX_WORDS
    lines = text.split("\n")
    for segment in (segment for part in parts for segment in part.first):
        assert 0 <= segment.start < segment.end <= len(lines[segment.line - 1])


def fuzz_event(data: bytes) -> None:
    """Read a line of the process that runs checks."""
    try:
        node = json.loads(data)
    except (ValueError, RecursionError):
        return
    with contextlib.suppress(KeyError, TypeError, ValueError):
        event_from_json(node)


def fuzz_text(data: bytes) -> None:
    """Clean a text, lone surrogates and all."""
    text = data.decode("utf-8", "surrogateescape")
    for limit in (10, 10_000):
        clean = clean_text(text, limit)
        clean.encode()
        assert len(clean) <= limit
        assert clean_text(clean, limit) == clean
        assert all(character in "\n\t" or ord(character) >= 0x20 for character in clean)
        assert len(clean_line(text, limit).splitlines()) <= 1


def _check_submission(submission: Submission) -> None:
    _check_caps(submission)
    assert submission.files.keys() & set(expected_files(_assignment()))
    for name in submission.files:
        text = submission.text(name)
        assert text is not None
        text.encode()
        assert "\0" not in text
    again = unpack(pack(submission))
    assert again == submission
    assert again.digest == submission.digest


def _check_caps(submission: Submission) -> None:
    assert len(submission.files) <= MAX_FILES
    assert sum(map(len, submission.files.values())) <= MAX_TOTAL_BYTES
    for name, content in submission.files.items():
        assert len(content) <= MAX_FILE_BYTES
        assert name.isprintable()
        parts = name.split("/")
        assert not {"", ".", ".."} & set(parts)
        assert "\\" not in name


@contextlib.contextmanager
def _refused() -> Iterator[None]:
    """Let a SubmissionError pass."""
    try:
        yield
    except SubmissionError as error:
        _check_error(error)


def _check_error(error: GraderError) -> None:
    """An error says something, in words that may be printed."""
    assert error.exit_code == 2
    problems = error.problems if isinstance(error, SpecError) else ()
    for text in (error.hint or "-", *([problem.message for problem in problems] or [error.message])):
        assert text.strip()
        assert text.isprintable(), text
    for problem in problems:
        assert problem.line >= 1
        assert problem.column >= 1


# Quizzes.


def fuzz_moodle(data: bytes) -> None:
    """Make an assignment of a quiz in Moodle XML."""
    _make_assignment(lambda: read_moodle_xml(data, "quiz.xml"))


def fuzz_gift(data: bytes) -> None:
    """Make an assignment of a quiz in GIFT."""
    _make_assignment(lambda: read_gift(data, "quiz.txt"))


def fuzz_text2qti(data: bytes) -> None:
    """Make an assignment of a quiz in the text that text2qti takes."""
    _make_assignment(lambda: read_text2qti(data, "quiz.txt", None))


def _make_assignment(read: Callable[[], Found]) -> None:
    """Whatever is taken makes an assignment that loads, goes out again, and comes back."""
    try:
        files, notes = render_quiz(read(), "week-1")
    except InputError as error:
        _check_quiz_error(error)
        return
    assert all(note.where.strip() and note.message.strip() for note in notes)
    folder = _work() / "quiz" / "week-1"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ASSIGNMENT_FILE).write_bytes(files[ASSIGNMENT_FILE])
    quiz, _ = make_quiz(load_assignment(folder))
    exported = write_quizzes(Format.MOODLE_XML, [quiz])
    assert len(read_moodle_xml(exported.data, "again").questions) == exported.questions == len(quiz.questions)


def _check_quiz_error(error: InputError) -> None:
    _check_error(error)
    if "makes no assignment" in error.message:  # only its size may be why: texts of a quiz are those of an assignment
        assert "more than" in error.message or "larger" in error.message, error.message


# Folders that are made once and written into again and again.


@functools.cache
def _work() -> Path:
    path = Path(tempfile.mkdtemp(prefix="fuzz-"))
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


@functools.cache
def _folder(target: str) -> Path:
    folder = _work() / target / "mean-loss"
    for name, content in {**FILES, ASSIGNMENT_FILE: ASSIGNMENT, "mean_loss.py": "x = 1\n"}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    for path in ROOT.glob("assignments/*/mistakes/*.py"):
        (folder / "mistakes" / path.name).touch()
    for name in ("first", "second"):
        (folder / name).mkdir()
        (folder / name / ASSIGNMENT_FILE).touch()
    return folder


@functools.cache
def _assignment(target: str = "valid") -> Assignment:
    return load_assignment(_folder(target))


@functools.cache
def _checks() -> tuple[Any, ...]:
    return read_checks(_assignment())


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    "wire": fuzz_wire,
    "value": fuzz_value,
    "answers": fuzz_answers,
    "assignment": fuzz_assignment,
    "course": fuzz_course,
    "checks": fuzz_checks,
    "zip": fuzz_zip,
    "stored": fuzz_stored,
    "marker": fuzz_marker,
    "notebook": fuzz_notebook,
    "source": fuzz_source,
    "similar": fuzz_similar,
    "event": fuzz_event,
    "text": fuzz_text,
    "moodle": fuzz_moodle,
    "gift": fuzz_gift,
    "text2qti": fuzz_text2qti,
}
