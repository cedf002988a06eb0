"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from grader.errors import InputError
from grader.files import replacing, write_file


def test_a_new_file_is_as_readable_as_any_other(tmp_path: Path) -> None:
    write_file(tmp_path / "new" / "report.html", b"new")
    (tmp_path / "other").touch()
    assert (tmp_path / "new" / "report.html").read_bytes() == b"new"
    assert (tmp_path / "new" / "report.html").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_a_link_stays_one_and_a_file_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    (tmp_path / "file").chmod(0o600)
    (tmp_path / "link").symlink_to("file")
    write_file(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_text() == "new"
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o600


@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), ValueError("no such name")])
def test_what_fails_changes_nothing(tmp_path: Path, fault: Exception) -> None:
    (tmp_path / "file").write_text("old")

    def write_half() -> None:
        with replacing(tmp_path / "file") as file:
            file.write(b"half of the n")
            raise fault

    with pytest.raises(InputError if isinstance(fault, OSError) else ValueError, match=r"(?i)no s"):
        write_half()
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text() == "old"


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append((tmp_path / "pipe").read_bytes()))
    reader.start()
    write_file(tmp_path / "pipe", b"data")
    reader.join()
    assert got == [b"data"]


def test_where_nothing_can_be_written_the_next_step_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"file/inner cannot be written: ") as caught:
        write_file(tmp_path / "file" / "inner", b"", "try another")
    assert caught.value.hint == "try another"
