"""Folders, files and zips become submissions; whatever is hostile or mistaken is refused in words."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import os
import pickle
import socket
import stat
import struct
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.errors import SubmissionError
from grader.meaning import find_doubts
from grader.places import MAX_FILE_BYTES, MAX_FOLDER_ENTRIES, MAX_ZIP_BYTES, MAX_ZIP_ENTRIES
from grader.resources import find_data
from grader.spec import Assignment, load_assignment
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

YAML = """\
format: 1
id: two-losses
title: Two losses
summary: Write two losses.
topics: [losses]
questions:
  - {id: focal, kind: code, points: 1, prompt: Focal., file: focal_loss.py, starter: "def focal(): ..."}
  - {id: hinge, kind: code, points: 1, prompt: Hinge., file: hinge_loss.py, starter: "def hinge(): ..."}
  - {id: why, kind: numeric, points: 1, prompt: How many?, correct: 2, tolerance: 0.1}
"""
FOCAL = b"def focal():\n    return 1\n"


@pytest.fixture
def assignment(write_assignment: Callable[..., Path]) -> Assignment:
    return load_assignment(write_assignment(yaml=YAML, name="two-losses"))


@pytest.fixture
def quiz(write_assignment: Callable[..., Path]) -> Assignment:
    """An assignment without code."""
    head, _, tail = YAML.partition("  - {id: focal")
    yaml = head.replace("two-losses", "only-quiz") + "  - {id: why" + tail.partition("{id: why")[2]
    return load_assignment(write_assignment(yaml=yaml, name="only-quiz"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A student's folder with one of the two code files."""
    path = tmp_path / "ada"
    path.mkdir()
    (path / "focal_loss.py").write_bytes(FOCAL)
    return path


def refusal(path: Path, assignment: Assignment) -> SubmissionError:
    """Return the error that reading gives, having checked what holds of all of them."""
    with pytest.raises(SubmissionError) as caught:
        read_submission(path, assignment)
    assert caught.value.exit_code == 2
    assert "Traceback" not in caught.value.message
    assert caught.value.message.isprintable()
    return caught.value


def said(read: Callable[[], object]) -> str | None:
    """Return what the error of a call says, None where there is none. Anything but SubmissionError goes through."""
    try:
        read()
    except SubmissionError as error:
        return error.message
    return None


def make_zip(path: Path, files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


# What is taken.


def test_takes_the_files_asked_for_and_python_files_beside_them(folder: Path, assignment: Assignment) -> None:
    files = {
        "hinge_loss.py": b"from shapes import n\n",
        ANSWERS: b"why: 2\n",
        "shapes.py": b"n = 1\n",
        "README.md": b"# read me",
        "data.csv": b"1,2",
        "not a module.py": b"x",
        ".hidden.py": b"x",
        MARKER: b'{"format": 1, "assignment": "two-losses"}',
        "checks/test_public.py": b"x",
        "__pycache__/focal_loss.pyc": b"x",
        "package/inner.py": b"x",
    }
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    submission = read_submission(folder, assignment)
    assert list(submission.files) == [ANSWERS, "focal_loss.py", "hinge_loss.py", "shapes.py"]
    assert submission.files["focal_loss.py"] == FOCAL


def test_names_what_it_expects(assignment: Assignment, quiz: Assignment) -> None:
    assert expected_files(assignment) == ("focal_loss.py", "hinge_loss.py", ANSWERS)
    assert expected_files(quiz) == (ANSWERS,)


def test_some_files_may_be_missing(folder: Path, assignment: Assignment) -> None:
    submission = read_submission(folder, assignment)
    assert dict(submission.files) == {"focal_loss.py": FOCAL}
    assert submission.text("hinge_loss.py") is None


def test_a_single_file(folder: Path, assignment: Assignment) -> None:
    (folder / "hinge_loss.py").write_bytes(b"x = 1\n")
    assert dict(read_submission(folder / "focal_loss.py", assignment).files) == {"focal_loss.py": FOCAL}


def test_python_files_are_left_where_no_code_is_asked_for(folder: Path, quiz: Assignment) -> None:
    (folder / ANSWERS).write_text("why: 2\n")
    assert list(read_submission(folder, quiz).files) == [ANSWERS]


@pytest.mark.parametrize("top", ["", "two-losses/", "./"])
def test_a_zip_with_or_without_a_top_folder(tmp_path: Path, assignment: Assignment, top: str) -> None:
    files = {f"{top}focal_loss.py": FOCAL, f"{top}checks/test_public.py": b"x", "__MACOSX/._focal_loss.py": b"\0"}
    submission = read_submission(make_zip(tmp_path / "ada.ZIP", files), assignment)
    assert dict(submission.files) == {"focal_loss.py": FOCAL}


def test_a_folder_in_the_folder_is_entered_when_the_answer_is_there(tmp_path: Path, assignment: Assignment) -> None:
    (tmp_path / "ada" / "handed-in").mkdir(parents=True)
    (tmp_path / "ada" / "handed-in" / "focal_loss.py").write_bytes(FOCAL)
    assert dict(read_submission(tmp_path / "ada", assignment).files) == {"focal_loss.py": FOCAL}


def test_a_submission_is_frozen_and_can_be_sent_to_another_process() -> None:
    submission = Submission({"b.py": b"2", "a.py": b"1"})
    assert list(submission.files) == ["a.py", "b.py"]
    with pytest.raises(TypeError):
        submission.files["c.py"] = b"3"  # type: ignore[index]
    with pytest.raises(dataclasses.FrozenInstanceError):
        submission.files = {}  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(submission)) == submission
    assert len({submission, Submission({"a.py": b"1", "b.py": b"2"})}) == 1


def test_later_changes_of_the_folder_do_not_reach_the_snapshot(folder: Path, assignment: Assignment) -> None:
    submission = read_submission(folder, assignment)
    (folder / "focal_loss.py").write_text("changed = True\n")
    assert submission.files["focal_loss.py"] == FOCAL


@pytest.mark.parametrize("name", ["../up.py", "/etc/x.py", "a//b.py", "", "C:/x.py", "a\\b.py", "a\nb.py", "x" * 201])
def test_a_submission_holds_safe_names_only(name: str) -> None:
    with pytest.raises(SubmissionError):
        Submission({name: b""})


# The digest.


def test_the_digest_is_of_the_content_only(folder: Path, tmp_path: Path, assignment: Assignment) -> None:
    (folder / "README.md").write_text("not part of it")
    packed = make_zip(tmp_path / "x.zip", {"focal_loss.py": FOCAL})
    assert read_submission(folder, assignment).digest == read_submission(packed, assignment).digest
    # Pinned: stored submissions are found by it.
    assert Submission({"a.py": b"x = 1\n"}).digest == (
        "sha256:33d6ddd0c727bee24bef4d3f1a14302c2cd83943852beb34e510025063e1c60a"
    )


@pytest.mark.parametrize(
    "other", [{"a.py": b"x", "b.py": b"y"}, {"a.py": b"xb.py"}, {"a.pyx": b""}, {"a.py": b"x\n"}, {"A.py": b"x"}, {}]
)
def test_different_content_has_different_digests(other: dict[str, bytes]) -> None:
    assert Submission({"a.py": b"x"}).digest != Submission(other).digest


# Text.


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"\xef\xbb\xbfx = 'caf\xc3\xa9'\r\ny = 2\r", "x = 'café'\ny = 2\n"),
        (b"# -*- coding: latin-1 -*-\nx = 'caf\xe9'\n", "# -*- coding: latin-1 -*-\nx = 'café'\n"),
        (b"#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\nx = '\x80'\n", None),
        (b"# coding: gbk\nx = '\xc4\xe3'\n", "# coding: gbk\nx = '你'\n"),
        (b"", ""),
    ],
)
def test_text_is_decoded_as_python_does(folder: Path, assignment: Assignment, content: bytes, text: str | None) -> None:
    (folder / "focal_loss.py").write_bytes(content)
    submission = read_submission(folder, assignment)
    assert submission.files["focal_loss.py"] == content
    read = submission.text("focal_loss.py")
    assert read is not None
    assert text is None or read == text
    ours: dict[str, object] = {}
    pythons: dict[str, object] = {}
    exec(compile(read.encode("utf-8").replace(b"coding", b"c"), "ours", "exec"), ours)
    exec(compile(content, "python's", "exec"), pythons)
    assert ours.get("x") == pythons.get("x")


def test_answers_are_utf_8_whatever_a_comment_says(folder: Path, assignment: Assignment) -> None:
    (folder / ANSWERS).write_bytes("# coding: latin-1\nwhy: é\n".encode())
    assert read_submission(folder, assignment).text(ANSWERS) == "# coding: latin-1\nwhy: é\n"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a = 1\nb = 2\nc = '\xe9'\n", "focal_loss.py:3: not UTF-8 (byte 0xe9); save the file as UTF-8"),
        (b"a = '\xe9'\n", "focal_loss.py:1: not UTF-8 (byte 0xe9)"),
        (b"\xef\xbb\xbfa = 1\r\rb = '\xff'\n", "focal_loss.py:3: not UTF-8 (byte 0xff)"),
        (b"# coding: ascii\n\nx = '\xc3\xa9'\n", "focal_loss.py:3: not ASCII (byte 0xc3)"),
        (b"a = 1\nb = '\0'\n", "focal_loss.py:2: a NUL byte"),
        ("x = 1\n".encode("utf-16"), "focal_loss.py:1: UTF-16"),
        ("x = 1\n".encode("utf-16-le"), "focal_loss.py:1: a NUL byte"),
        (b"# coding: klingon\n", "focal_loss.py:1: an encoding is declared"),
        (b"# coding: rot13\n", "focal_loss.py:1: an encoding is declared"),
        (b"# coding: utf-7\n", "focal_loss.py:1: an encoding is declared"),
        (b"# coding: unicode_escape\n", "focal_loss.py:1: an encoding is declared"),
        (b"\xef\xbb\xbf# coding: latin-1\n", "focal_loss.py:1: an encoding is declared"),
    ],
)
def test_what_is_not_text_is_refused_with_its_line(
    folder: Path, assignment: Assignment, content: bytes, words: str
) -> None:
    (folder / "focal_loss.py").write_bytes(content)
    assert words in refusal(folder, assignment).message
    packed = make_zip(folder.parent / "x.zip", {"focal_loss.py": content})
    assert words in refusal(packed, assignment).message


@pytest.mark.timeout(60)
def test_a_codec_that_takes_quadratic_time_is_refused_at_once(folder: Path, assignment: Assignment) -> None:
    (folder / "focal_loss.py").write_bytes(b"# coding: punycode\n" + b"-" + b"9" * 900_000)
    assert "encoding" in refusal(folder, assignment).message


@given(st.binary(max_size=200))
def test_any_bytes_are_text_or_are_refused(content: bytes) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        words = said(lambda: Submission({"a.py": content}).text("a.py").encode())  # type: ignore[union-attr]
    assert words is None or words.startswith("a.py:")


# Mistakes that students make.


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("Focal_Loss.py", "focal_loss.py"),
        ("focal-loss.py", "focal_loss.py"),
        ("focal_loss (1).py", "focal_loss.py"),
        ("focal_loss.py.txt", "focal_loss.py"),
        ("Answers.yaml", ANSWERS),
        ("answers.yml", ANSWERS),
    ],
)
def test_a_name_that_is_nearly_right_is_not_taken_for_missing(
    tmp_path: Path, assignment: Assignment, name: str, wanted: str
) -> None:
    folder = tmp_path / "bob"
    folder.mkdir()
    (folder / name).write_text("x = 1\n")
    (folder / "hinge_loss.py").write_text("x = 1\n")
    for path in (folder, make_zip(tmp_path / "bob.zip", {name: b"x", "hinge_loss.py": b"x"}), folder / name):
        error = refusal(path, assignment)
        assert f"did you mean {wanted!r}?" in error.message
        assert name in error.message
        assert error.hint is not None
        assert wanted in error.hint


def test_the_right_name_may_stand_beside_one_that_is_nearly_right(folder: Path, assignment: Assignment) -> None:
    (folder / "Focal_Loss.py").write_text("old = True\n")
    assert list(read_submission(folder, assignment).files) == ["Focal_Loss.py", "focal_loss.py"]


def test_a_folder_with_nothing_that_is_asked_for(tmp_path: Path, assignment: Assignment) -> None:
    folder = tmp_path / "bob"
    folder.mkdir()
    (folder / "focal_los.py").write_text("")
    (folder / "notes.txt").write_text("")
    error = refusal(folder, assignment)
    assert "expected focal_loss.py, hinge_loss.py, answers.yaml" in error.message
    assert "found focal_los.py, notes.txt; did you mean 'focal_loss.py'?" in error.message
    assert error.hint is not None
    assert error.hint == "rename focal_los.py to focal_loss.py"
    (folder / "focal_los.py").rename(folder / "readme.md")
    assert "grader fetch two-losses" in str(refusal(folder, assignment).hint)


def test_an_empty_folder(tmp_path: Path, assignment: Assignment) -> None:
    (tmp_path / "bob").mkdir()
    assert "found nothing" in refusal(tmp_path / "bob", assignment).message


def test_the_parent_of_the_folder(folder: Path, assignment: Assignment) -> None:
    (folder.parent / "other").mkdir()
    error = refusal(folder.parent, assignment)
    assert error.hint == "look into the folder ada, and give that one"


def test_a_zip_in_the_folder(tmp_path: Path, assignment: Assignment) -> None:
    (tmp_path / "bob").mkdir()
    (tmp_path / "bob" / "ada.zip").write_bytes(b"")
    assert refusal(tmp_path / "bob", assignment).hint == "there is ada.zip: give it instead"


@pytest.mark.parametrize("name", ["my_loss.py", "report.pdf", "x.tar.gz", "noending"])
def test_a_file_that_is_not_asked_for(tmp_path: Path, assignment: Assignment, name: str) -> None:
    (tmp_path / name).write_bytes(b"x")
    error = refusal(tmp_path / name, assignment)
    assert f"{name} is not a file of two-losses, which asks for focal_loss.py" in error.message
    assert error.hint is not None


@pytest.mark.parametrize("name", ["nowhere", "focal_loss.py/inside", "a\0b", "\ud800", "x" * 5000])
def test_a_path_that_is_not_there(folder: Path, assignment: Assignment, name: str) -> None:
    assert refusal(folder / name, assignment).message


def test_a_folder_of_the_name_of_a_file(folder: Path, assignment: Assignment) -> None:
    (folder / "hinge_loss.py").mkdir()
    assert "hinge_loss.py is a folder, not a file" in refusal(folder, assignment).message


def test_hostile_names_are_shown_without_control_characters(tmp_path: Path, assignment: Assignment) -> None:
    (tmp_path / "bob").mkdir()
    (tmp_path / "bob" / "\x1b[31mred\n").write_text("")
    (tmp_path / "bob" / ("y" * 250)).write_text("")
    os.close(os.open(os.fsencode(tmp_path / "bob") + b"/\xff\xfe", os.O_CREAT))
    message = refusal(tmp_path / "bob", assignment).message
    assert "\\x1b[31mred\\n" in message
    assert len(message) < 700


# The marker.


def write_marker(folder: Path, content: object) -> None:
    (folder / MARKER).write_text(content if isinstance(content, str) else json.dumps(content))


def test_the_marker_is_read(folder: Path) -> None:
    assert read_marker(folder) is None
    write_marker(folder, {"format": 1, "assignment": "two-losses", "more": 1})
    assert read_marker(folder) == {"format": 1, "assignment": "two-losses"}


def test_a_marker_of_another_assignment_is_an_error(folder: Path, assignment: Assignment) -> None:
    write_marker(folder, {"format": 1, "assignment": "focal-loss"})
    error = refusal(folder, assignment)
    assert "belongs to the assignment 'focal-loss', not to 'two-losses'" in error.message
    packed = make_zip(
        folder.parent / "x.zip", {"top/focal_loss.py": b"", f"top/{MARKER}": (folder / MARKER).read_bytes()}
    )
    assert "belongs to the assignment 'focal-loss'" in refusal(packed, assignment).message


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[1]",
        "1" * 6_000,
        "[" * 9_000,
        "x" * 20_000,
        '"\udcff"',
        {"format": 1},
        {"assignment": "x"},
        {"format": True, "assignment": "x"},
        {"format": 1, "assignment": 7},
        {"format": 2, "assignment": "x"},
        {"format": 1, "assignment": "\ud800"},
        {"format": 1, "assignment": "x\x1b[2J"},
    ],
)
def test_a_broken_marker_is_an_error(folder: Path, assignment: Assignment, content: object) -> None:
    if isinstance(content, str):
        (folder / MARKER).write_bytes(content.encode("utf-8", "surrogateescape"))
    else:
        write_marker(folder, content)
    with pytest.raises(SubmissionError, match=r"grader\.json"):
        read_marker(folder)
    assert MARKER in refusal(folder, assignment).message


def test_a_marker_of_no_folder(folder: Path) -> None:
    for path in (folder / "nowhere", folder / "focal_loss.py"):
        with pytest.raises(SubmissionError):
            read_marker(path)


# Hostile folders.


def test_links_are_refused(folder: Path, tmp_path: Path, assignment: Assignment) -> None:
    secret = tmp_path / "hinge_loss.py"
    secret.write_text("secret = 1\n")
    (folder / "hinge_loss.py").symlink_to(secret)
    (tmp_path / "link").symlink_to(folder)
    (tmp_path / "answers.yaml").symlink_to("/dev/zero")
    for path in (folder, folder / "hinge_loss.py", tmp_path / "link", tmp_path / "answers.yaml"):
        assert "is a symbolic link" in refusal(path, assignment).message
    with pytest.raises(SubmissionError, match="symbolic link"):
        read_marker(tmp_path / "link")


def test_a_linked_file_beside_the_answer_is_refused(folder: Path, assignment: Assignment) -> None:
    (folder / "shapes.py").symlink_to("/etc/passwd")
    assert "shapes.py is a symbolic link" in refusal(folder, assignment).message


def test_a_link_to_a_folder_is_not_entered(tmp_path: Path, assignment: Assignment) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "focal_loss.py").write_bytes(FOCAL)
    (tmp_path / "ada").mkdir()
    (tmp_path / "ada" / "inner").symlink_to(tmp_path / "real")
    assert "none of the files" in refusal(tmp_path / "ada", assignment).message


def test_a_marker_that_is_a_link_is_refused(folder: Path, assignment: Assignment) -> None:
    (folder / MARKER).symlink_to("/dev/zero")
    assert "is a symbolic link" in refusal(folder, assignment).message


@pytest.mark.timeout(10)
def test_pipes_and_sockets_are_refused_without_waiting(folder: Path, assignment: Assignment) -> None:
    os.mkfifo(folder / "hinge_loss.py")
    assert "hinge_loss.py is a named pipe" in refusal(folder, assignment).message
    assert "is a named pipe" in refusal(folder / "hinge_loss.py", assignment).message
    (folder / "hinge_loss.py").unlink()
    working = Path.cwd()
    with socket.socket(socket.AF_UNIX) as listening:
        os.chdir(folder)  # the path of a socket may not be long
        try:
            listening.bind("hinge_loss.py")
        finally:
            os.chdir(working)
        assert "hinge_loss.py is a socket" in refusal(folder, assignment).message


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes devices")
def test_devices_are_refused(folder: Path, assignment: Assignment) -> None:
    try:
        os.mknod(folder / "hinge_loss.py", stat.S_IFCHR | 0o644, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("this container makes no devices")
    assert "hinge_loss.py is a device" in refusal(folder, assignment).message


def test_a_device_itself_is_refused(assignment: Assignment) -> None:
    assert "/dev/zero is a device" in refusal(Path("/dev/zero"), assignment).message


@pytest.fixture
def ordinary_user() -> Iterator[Path]:
    """A folder for a user whom permissions bind: root reads everything."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        user = os.geteuid()
        if user == 0:
            os.seteuid(65534)
        try:
            yield folder
        finally:
            os.seteuid(user)


def test_unreadable_files_and_folders(assignment: Assignment, ordinary_user: Path) -> None:
    folder = ordinary_user / "ada"
    folder.mkdir()
    (folder / "focal_loss.py").write_bytes(FOCAL)
    (folder / "focal_loss.py").chmod(0)
    error = refusal(folder, assignment)
    assert "focal_loss.py cannot be read: permission denied" in error.message
    assert error.hint is not None
    assert "chmod" in error.hint
    folder.chmod(0)
    assert "cannot be read: permission denied" in refusal(folder, assignment).message
    with pytest.raises(SubmissionError, match="permission denied"):
        read_marker(folder)
    folder.chmod(0o700)


def test_a_file_is_capped_before_it_is_read(folder: Path, assignment: Assignment) -> None:
    with (folder / "hinge_loss.py").open("wb") as file:
        file.truncate(1 << 40)  # sparse: it takes no space, but reading it would take for ever
    message = refusal(folder, assignment).message
    assert message == "hinge_loss.py is too large: 1,099,511,627,776 bytes, and at most 1,000,000 are taken"


def test_the_largest_file_is_taken_and_one_more_byte_is_not(folder: Path, assignment: Assignment) -> None:
    (folder / "focal_loss.py").write_bytes(b"#" * MAX_FILE_BYTES)
    assert len(read_submission(folder, assignment).files["focal_loss.py"]) == MAX_FILE_BYTES
    (folder / "focal_loss.py").write_bytes(b"#" * (MAX_FILE_BYTES + 1))
    assert "too large" in refusal(folder, assignment).message


def test_all_files_together_are_capped(folder: Path, assignment: Assignment) -> None:
    for index in range(MAX_TOTAL_BYTES // MAX_FILE_BYTES):
        (folder / f"part{index}.py").write_bytes(b"#" * MAX_FILE_BYTES)
    assert "larger than 4,000,000 bytes together" in refusal(folder, assignment).message


def test_the_number_of_files_is_capped(folder: Path, assignment: Assignment) -> None:
    for index in range(MAX_FILES - 1):
        (folder / f"part{index}.py").write_text("")
    assert len(read_submission(folder, assignment).files) == MAX_FILES
    (folder / "one_more.py").write_text("")
    assert f"more than {MAX_FILES} Python files" in refusal(folder, assignment).message


def test_a_huge_folder_is_refused(folder: Path, assignment: Assignment) -> None:
    for index in range(MAX_FOLDER_ENTRIES + 1):
        os.close(os.open(folder / str(index), os.O_CREAT))
    assert f"more than {MAX_FOLDER_ENTRIES} files" in refusal(folder, assignment).message


def test_a_deep_tree_is_not_walked(tmp_path: Path, assignment: Assignment) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    for _ in range(300):  # more, and removing the folder after the test is what fails
        os.mkdir("d", dir_fd=descriptor)
        inner = os.open("d", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = inner
    os.close(descriptor)
    assert "none of the files" in refusal(tmp_path / "d", assignment).message


def test_no_descriptors_are_left_open(folder: Path, assignment: Assignment) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        read_submission(folder, assignment)
        refusal(folder.parent, assignment)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


# Hostile zips.


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("/etc/focal_loss.py", "an absolute path"),
        ("../focal_loss.py", "a path that leaves its folder"),
        ("a/../../focal_loss.py", "a path that leaves its folder"),
        ("a\\focal_loss.py", "a backslash"),
        ("C:/focal_loss.py", "a drive letter"),
        ("c:focal_loss.py", "a drive letter"),
        ("a\nb", "cannot be printed"),
        ("n" * 300, "too long"),
        (".", "empty"),
        ("inner/more.zip", "holds another zip"),
    ],
)
def test_unsafe_names_in_a_zip(tmp_path: Path, assignment: Assignment, name: str, words: str) -> None:
    packed = make_zip(tmp_path / "x.zip", {"focal_loss.py": FOCAL, name: b"x"})
    assert words in refusal(packed, assignment).message
    assert sorted(path.name for path in tmp_path.iterdir()) == ["two-losses", "x.zip"]


def test_an_empty_name_in_a_zip(tmp_path: Path, assignment: Assignment) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo(""), b"x")
    assert "a name that is empty" in refusal(tmp_path / "x.zip", assignment).message


def test_a_name_with_a_nul_byte_in_a_zip(tmp_path: Path, assignment: Assignment) -> None:
    packed = make_zip(tmp_path / "x.zip", {"focal_loss.pyX": FOCAL})
    packed.write_bytes(packed.read_bytes().replace(b"focal_loss.pyX", b"focal_loss.py\0"))
    assert "cannot be printed" in refusal(packed, assignment).message


def test_a_name_twice_in_a_zip(tmp_path: Path, assignment: Assignment) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("focal_loss.py", b"right")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("focal_loss.py", b"wrong")
    assert "holds focal_loss.py twice" in refusal(tmp_path / "x.zip", assignment).message
    make_zip(tmp_path / "y.zip", {"focal_loss.py": b"", "./focal_loss.py": b""})
    assert "holds focal_loss.py twice" in refusal(tmp_path / "y.zip", assignment).message


@pytest.mark.parametrize(
    ("mode", "words"), [(stat.S_IFLNK | 0o777, "is a symbolic link"), (stat.S_IFIFO | 0o644, "not an ordinary file")]
)
def test_links_in_a_zip(tmp_path: Path, assignment: Assignment, mode: int, words: str) -> None:
    info = zipfile.ZipInfo("focal_loss.py")
    info.external_attr = mode << 16
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    assert words in refusal(tmp_path / "x.zip", assignment).message


def edit_central_entry(path: Path, offset: int, value: bytes) -> None:
    data = bytearray(path.read_bytes())
    start = data.rindex(b"PK\x01\x02") + offset
    data[start : start + len(value)] = value
    path.write_bytes(data)


def test_an_encrypted_zip(tmp_path: Path, assignment: Assignment) -> None:
    packed = make_zip(tmp_path / "x.zip", {"focal_loss.py": FOCAL})
    edit_central_entry(packed, 8, struct.pack("<H", 1))
    assert "is encrypted" in refusal(packed, assignment).message


def test_damaged_content_in_a_zip(tmp_path: Path, assignment: Assignment) -> None:
    packed = make_zip(tmp_path / "x.zip", {"focal_loss.py": FOCAL}, zipfile.ZIP_STORED)
    packed.write_bytes(packed.read_bytes().replace(b"return 1", b"return 2"))
    assert "focal_loss.py in x.zip is damaged" in refusal(packed, assignment).message


def test_a_strange_compression_in_a_zip(tmp_path: Path, assignment: Assignment) -> None:
    packed = make_zip(tmp_path / "x.zip", {"focal_loss.py": FOCAL}, zipfile.ZIP_LZMA)
    assert "compressed in a way that is not taken" in refusal(packed, assignment).message
    packed = make_zip(tmp_path / "y.zip", {"focal_loss.py": FOCAL})
    edit_central_entry(packed, 10, struct.pack("<H", 99))
    assert "compressed in a way that is not taken" in refusal(packed, assignment).message


def test_a_file_in_a_zip_is_capped_by_what_it_says(tmp_path: Path, assignment: Assignment) -> None:
    packed = make_zip(tmp_path / "x.zip", {"focal_loss.py": b"#" * (MAX_FILE_BYTES + 1)})
    assert "focal_loss.py is too large" in refusal(packed, assignment).message


@pytest.mark.parametrize("size", [10, 50_000])
def test_a_zip_that_lies_about_a_size(tmp_path: Path, assignment: Assignment, size: int) -> None:
    packed = make_zip(tmp_path / "x.zip", {"focal_loss.py": os.urandom(20_000).hex().encode()})
    edit_central_entry(packed, 24, struct.pack("<I", size))
    assert "is damaged" in refusal(packed, assignment).message


def test_a_file_that_is_packed_too_tightly(tmp_path: Path, assignment: Assignment) -> None:
    packed = make_zip(tmp_path / "x.zip", {"focal_loss.py": b"\n" * MAX_FILE_BYTES})
    assert "packed too tightly" in refusal(packed, assignment).message


def test_a_zip_that_would_unpack_to_much(tmp_path: Path, assignment: Assignment) -> None:
    zeros = bytes(21_000_000)
    packed = make_zip(tmp_path / "x.zip", {f"data{index}": zeros for index in range(5)} | {"focal_loss.py": FOCAL})
    assert packed.stat().st_size < 200_000
    assert "would unpack to more than 100,000,000 bytes" in refusal(packed, assignment).message


def test_a_zip_with_many_entries(tmp_path: Path, assignment: Assignment) -> None:
    packed = make_zip(tmp_path / "x.zip", {f"{index}": b"" for index in range(MAX_ZIP_ENTRIES + 1)})
    assert f"more than {MAX_ZIP_ENTRIES} files" in refusal(packed, assignment).message


def test_a_large_zip(tmp_path: Path, assignment: Assignment) -> None:
    with (tmp_path / "x.zip").open("wb") as file:
        file.truncate(MAX_ZIP_BYTES + 1)
    assert "x.zip is too large" in refusal(tmp_path / "x.zip", assignment).message


@pytest.mark.parametrize("content", [b"", b"hello", b"Rar!\x1a\x07\x00", b"PK\x05\x06" + bytes(10)])
def test_what_is_not_a_zip(tmp_path: Path, assignment: Assignment, content: bytes) -> None:
    (tmp_path / "x.zip").write_bytes(content)
    assert "x.zip is not a zip file, or it is damaged" in refusal(tmp_path / "x.zip", assignment).message


def test_an_empty_zip(tmp_path: Path, assignment: Assignment) -> None:
    assert "found nothing" in refusal(make_zip(tmp_path / "x.zip", {}), assignment).message


def test_a_zip_of_another_name(tmp_path: Path, folder: Path, assignment: Assignment) -> None:
    inner = make_zip(tmp_path / "y", {"focal_loss.py": FOCAL}).read_bytes()
    packed = make_zip(tmp_path / "x.zip", {"focal_loss.py": inner})
    assert "focal_loss.py:1: this is a zip, not text" in refusal(packed, assignment).message


def test_damaged_zips_never_raise_anything_else(tmp_path: Path, assignment: Assignment) -> None:
    files = {"top/focal_loss.py": FOCAL, "top/hinge_loss.py": FOCAL * 3, f"top/{MARKER}": b"{}"}
    whole = make_zip(tmp_path / "whole.zip", files).read_bytes()
    path = tmp_path / "x.zip"
    for index in range(len(whole)):
        for data in (whole[:index], whole[:index] + bytes([whole[index] ^ 0xFF]) + whole[index + 1 :]):
            path.write_bytes(data)
            words = said(lambda: read_submission(path, assignment))
            assert words is None or words.isprintable()


# Pack and unpack.


NAMES = st.from_regex(r"[a-zé_][a-z0-9_]{0,10}(/[a-z]{1,5})?\.py", fullmatch=True)


@given(st.dictionaries(NAMES, st.binary(max_size=300), max_size=8))
def test_pack_and_unpack_are_exact(files: dict[str, bytes]) -> None:
    submission = Submission(files)
    packed = pack(submission)
    assert pack(Submission(dict(reversed(files.items())))) == packed
    assert unpack(packed) == submission
    assert unpack(packed).digest == submission.digest


def test_content_that_looks_like_a_zip_is_packed_exactly() -> None:
    files = {"a.py": b"PK\x03\x04", "b.py": b"PK\x01\x02" * 100_000, "c.py": b"PK\x05\x06" * 1000}
    assert unpack(pack(Submission(files))).files == files


def test_packed_bytes_are_pinned() -> None:
    packed = pack(Submission({"focal_loss.py": FOCAL, ANSWERS: b"why: 2\n"}))
    assert hashlib.sha256(packed).hexdigest() == "833b32d705592c9664aa29c447a439e98bd13494a22954bdbb091fb648b2b1bf"
    assert zipfile.ZipFile(io.BytesIO(packed)).read("focal_loss.py") == FOCAL


def test_damaged_bytes_are_never_unpacked_to_something_else() -> None:
    submission = Submission({"focal_loss.py": FOCAL, ANSWERS: b"why: 2\n"})
    whole = pack(submission)
    for index in range(len(whole)):
        for data in (whole[:index], whole[:index] + bytes([whole[index] ^ 0x10]) + whole[index + 1 :]):
            try:
                unpacked = unpack(data)
            except SubmissionError:
                continue
            # A date or a flag that means nothing may change; a content may not.
            assert set(unpacked.files.values()) <= set(submission.files.values())


def test_unpack_keeps_to_the_caps() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for index in range(MAX_FILES + 1):
            archive.writestr(f"part{index}.py", b"")
    with pytest.raises(SubmissionError, match="more than 50"):
        unpack(buffer.getvalue())
    with pytest.raises(SubmissionError, match="larger than any"):
        unpack(bytes(MAX_TOTAL_BYTES * 2))


def test_the_largest_submission_can_be_packed() -> None:
    names = [f"{index:0195}.py" for index in range(MAX_FILES)]
    submission = Submission(dict.fromkeys(names, b"x" * (MAX_TOTAL_BYTES // MAX_FILES)))
    assert unpack(pack(submission)) == submission


def test_what_is_stored_may_lie_deep_or_be_hidden() -> None:
    submission = Submission({"d/" * 60 + "x.py": b"1", ".hidden/__init__.py": b"2", "__init__.py": b"3"})
    assert unpack(pack(submission)) == submission


def test_what_is_stored_may_look_like_a_zip_itself() -> None:
    submission = Submission({"x.py": b"PK\x01\x02" * (MAX_ZIP_ENTRIES + 1)})
    assert unpack(pack(submission)) == submission


def test_what_is_missing_is_told_with_what_may_be_it() -> None:
    assignment = load_assignment(find_data("assignments") / "binary-cross-entropy")
    answered = {"answers.yaml": b"which-form: d\n"}
    assert find_doubts(answered, assignment) == ["binary_cross_entropy.py is missing"]
    work = answered | {"bce.py": b"def bce_loss(): ...\n"}
    asked = "binary_cross_entropy.py is missing; is it bce.py, under another name?"
    assert find_doubts(work, assignment) == [asked]
    assert find_doubts(work | {"answers.yaml": b"which-form:\n"}, assignment) == [
        asked,
        "no question of the quiz is answered",
    ]
    done = answered | {"binary_cross_entropy.py": b"import torch\n"}
    assert find_doubts(done, assignment) == []
