"""A gradebook can be copied while it is in use, and comes back from the copy."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest

from grader.errors import InputError
from grader.gradebook import DATABASE, Gradebook
from grader.gradebook.backup import back_up, restore, restore_files
from grader.gradebook.inspection import inspect_gradebook
from grader.submission import Submission
from tests.test_gradebook import AT, FOCAL, files, make_grade


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    with Gradebook.open(tmp_path / "state") as gradebook:
        entry = gradebook.submit("ada", "focal-loss", FOCAL, AT)
        gradebook.add_grade(entry, make_grade(), "sha256:abc", AT)
        gradebook.submit("ben", "focal-loss", Submission({"focal_loss.py": b"2"}), AT)
    return tmp_path / "state"


def content(directory: Path) -> object:
    with Gradebook.open(directory) as gradebook:
        return [(entry, gradebook.load(entry), gradebook.grades(entry)) for entry in gradebook.entries()]


def test_there_and_back(directory: Path, tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    assert list(back_up(directory, backup)) == []
    assert files(backup) == sorted([DATABASE, *(f"blobs/{name}" for name in files(directory / "blobs"))])
    before = content(directory)
    shutil.rmtree(directory)
    assert restore(backup, directory) is None
    assert content(directory) == before
    assert list(inspect_gradebook(directory)) == []
    assert directory.stat().st_mode & 0o077 == 0


def test_a_backup_is_brought_up_to_date(directory: Path, tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    list(back_up(directory, backup))
    blobs = {name: (backup / "blobs" / name).stat().st_mtime_ns for name in files(backup / "blobs")}
    with Gradebook.open(directory) as gradebook:
        gradebook.submit("cleo", "focal-loss", Submission({"focal_loss.py": b"3"}), AT)
    content(backup)  # somebody looks into it, and SQLite leaves what it leaves
    list(back_up(directory, backup))
    assert content(backup) == content(directory)
    again = {name: (backup / "blobs" / name).stat().st_mtime_ns for name in files(backup / "blobs")}
    assert again.items() > blobs.items()


def test_a_backup_of_a_gradebook_in_use_is_whole(directory: Path, tmp_path: Path) -> None:
    done = threading.Event()

    def submit() -> None:
        with Gradebook.open(directory) as gradebook:
            number = 0
            while not done.is_set():
                number += 1
                gradebook.submit("ada", "focal-loss", Submission({"focal_loss.py": b"%d" % number}), AT)

    writer = threading.Thread(target=submit)
    writer.start()
    try:
        for number in range(5):
            backup = tmp_path / f"backup{number % 2}"
            assert list(back_up(directory, backup)) == []
            assert [finding for finding in inspect_gradebook(backup) if not finding.harmless] == []
    finally:
        done.set()
        writer.join()


def test_what_is_damaged_is_said_and_the_rest_is_copied(directory: Path, tmp_path: Path) -> None:
    with Gradebook.open(directory) as gradebook:
        ada, ben = gradebook.entries()
        path = gradebook.blob(ada.digest)
    path.write_bytes(b"damaged")
    (finding,) = back_up(directory, tmp_path / "backup")
    assert (finding.where, finding.message) == (str(path), "it is damaged, and was not copied")
    with Gradebook.open(tmp_path / "backup") as gradebook:
        assert gradebook.load(ben).files == {"focal_loss.py": b"2"}
        assert gradebook.grade(ada) == make_grade()


def test_a_good_copy_is_never_replaced_by_a_damaged_one(directory: Path, tmp_path: Path) -> None:
    list(back_up(directory, tmp_path / "backup"))
    before = content(directory)
    with Gradebook.open(directory) as gradebook:
        gradebook.blob(gradebook.entries()[0].digest).write_bytes(b"damaged")
    assert list(back_up(directory, tmp_path / "backup")) == []
    assert content(tmp_path / "backup") == before


def test_files_come_back_from_a_backup(directory: Path, tmp_path: Path) -> None:
    list(back_up(directory, tmp_path / "backup"))
    before = content(directory)
    with Gradebook.open(directory) as gradebook:
        ada, ben = (gradebook.blob(entry.digest) for entry in gradebook.entries())
        ada.write_bytes(b"damaged")
        ben.unlink()
        lost = gradebook.submit("cleo", "focal-loss", Submission({"focal_loss.py": b"3"}), AT)
        gradebook.blob(lost.digest).unlink()
        found = dict(restore_files(tmp_path / "backup", directory))
        assert found == {ada: True, ben: True, gradebook.blob(lost.digest): False}
    (finding,) = inspect_gradebook(directory)
    assert "cleo" in finding.message
    with Gradebook.open(directory) as gradebook:
        assert [(e, gradebook.load(e), gradebook.grades(e)) for e in gradebook.entries()[:2]] == before


@pytest.mark.parametrize("inner", ["", "inside"])
def test_a_backup_into_the_gradebook_itself(directory: Path, inner: str) -> None:
    with pytest.raises(InputError, match="own folder"):
        list(back_up(directory, directory / inner))


def test_a_backup_over_something_else(directory: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("")
    with pytest.raises(InputError, match="something else than a backup"):
        list(back_up(directory, tmp_path / "thesis"))
    assert files(tmp_path / "thesis") == ["chapter.tex"]
    with pytest.raises(InputError, match="is a file"):
        list(back_up(directory, tmp_path / "thesis" / "chapter.tex"))


def test_a_backup_of_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no gradebook"):
        list(back_up(tmp_path / "state", tmp_path / "backup"))
    assert not (tmp_path / "backup").exists()


def test_a_restore_replaces_only_when_told(directory: Path, tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    list(back_up(directory, backup))
    before = content(directory)
    with Gradebook.open(directory) as gradebook:
        gradebook.submit("late", "focal-loss", FOCAL, AT)
    now = content(directory)
    with pytest.raises(InputError, match="is not empty"):
        restore(backup, directory)
    assert content(directory) == now
    aside = restore(backup, directory, replace=True)
    assert aside is not None
    assert content(directory) == before
    assert content(aside) == now


def test_a_damaged_backup_is_refused(directory: Path, tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    list(back_up(directory, backup))
    next(path for path in (backup / "blobs").rglob("*") if path.is_file()).write_bytes(b"")
    with pytest.raises(InputError, match="it is damaged"):
        restore(backup, tmp_path / "new")
    with pytest.raises(InputError, match="there is no gradebook"):
        restore(tmp_path / "nothing", tmp_path / "new")
    assert not (tmp_path / "new").exists()
