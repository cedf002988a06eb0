"""Which walls a machine offers, what suffices, and what happens where one is missing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from grader.examiner import bubblewrap, paths
from grader.examiner.walls import Walls, describe
from grader.examiner.workers import Zygote
from grader.job import Survey, Wall, event_from_json, event_to_json
from grader.sandbox import identity
from tests.workers import list_descendants, student

ALL = Walls(landlock=7, seccomp=True, user=True, mounts=("/usr",))
HAS_BUBBLEWRAP = bubblewrap.find() is not None
needs_bubblewrap = pytest.mark.skipif(not HAS_BUBBLEWRAP, reason="bubblewrap is not installed")


# Tiers


@pytest.mark.parametrize(
    ("walls", "tier"),
    [
        (ALL, "A"),
        (replace(ALL, user=False, mounts=None), "A"),
        (replace(ALL, landlock=1, user=False, mounts=None), "A"),
        (replace(ALL, landlock=0), "B"),
        (replace(ALL, landlock=0, mounts=None), "B"),
        (replace(ALL, landlock=0, user=False), "C"),
        (replace(ALL, landlock=0, user=False, mounts=None), "D"),
        (replace(ALL, seccomp=False), "D"),
    ],
)
def test_the_tier_says_what_keeps_files_closed(walls: Walls, tier: str) -> None:
    assert walls.tier == tier
    assert walls.survey().tier == tier
    fault = walls.find_fault([])
    assert (fault is not None) == (tier == "D")
    if fault is not None:
        assert "cannot isolate" in fault.message
        assert fault.hint is not None
        assert "grader doctor" in fault.hint


def test_a_survey_names_each_wall_and_why_it_is_not_up() -> None:
    walls = Walls(0, True, False, None, user_problem="not started as root", bubblewrap_problem="not installed")
    survey = walls.survey()
    assert {wall.name: (wall.up, wall.note) for wall in survey.walls} == {
        "Landlock": (False, "not in this kernel"),
        "seccomp": (True, ""),
        "user of its own": (False, "not started as root"),
        "bubblewrap": (False, "not installed"),
    }
    assert describe(ALL.survey()) == "Landlock ABI 7, seccomp, user of its own, bubblewrap"
    assert event_from_json(json.loads(json.dumps(event_to_json(survey)))) == survey
    assert isinstance(survey, Survey)
    assert isinstance(survey.walls[0], Wall)


# Secrets where Landlock does not hide them


def make_secret(tmp_path: Path, mode: int) -> Path:
    """A file that all may read in a folder with ``mode``; the folders above it are open to all."""
    folder = tmp_path / "course"
    folder.mkdir(mode=0o755)
    (folder / "hidden.py").write_text("x")
    (folder / "hidden.py").chmod(0o644)
    folder.chmod(mode)
    return folder


def open_above(path: Path) -> None:
    for folder in path.parents:
        if folder.stat().st_uid == os.geteuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o055)


@pytest.mark.parametrize(("mode", "closed"), [(0o755, False), (0o711, False), (0o750, True), (0o700, True)])
def test_a_user_of_its_own_needs_secrets_that_are_closed_to_others(tmp_path: Path, mode: int, closed: bool) -> None:
    secret = make_secret(tmp_path, mode)
    open_above(secret)
    assert paths.find_open([secret]) == ([] if closed else [secret])
    fault = replace(ALL, landlock=0, mounts=None).find_fault([secret])
    assert (fault is None) == closed
    if fault is not None:
        assert fault.message == f"without Landlock, students' code could read {secret}"
        assert fault.hint == f"close it to other users: chmod -R o-rwx {secret}"


def test_a_closed_folder_above_is_enough(tmp_path: Path) -> None:
    secret = make_secret(tmp_path, 0o755)
    open_above(secret)
    tmp_path.chmod(0o700)
    assert paths.find_open([secret, tmp_path / "course" / "hidden.py", tmp_path / "nothing-there"]) == []


def test_a_file_by_itself_is_closed_by_its_own_mode(tmp_path: Path) -> None:
    secret = make_secret(tmp_path, 0o755) / "hidden.py"
    open_above(secret)
    assert paths.find_open([secret]) == [secret]
    secret.chmod(0o640)
    assert paths.find_open([secret]) == []


def test_bubblewrap_alone_needs_secrets_outside_what_it_shows(tmp_path: Path) -> None:
    inside = tmp_path / "environment" / "course"
    inside.mkdir(parents=True)
    (tmp_path / "link").symlink_to(inside)
    walls = replace(ALL, landlock=0, user=False, mounts=(str(tmp_path / "environment"),))
    for secret in (inside, tmp_path / "link", tmp_path / "environment"):
        fault = walls.find_fault([secret])
        assert fault is not None
        assert str(secret) in fault.message
    assert walls.find_fault([tmp_path / "elsewhere"]) is None
    assert replace(walls, landlock=1).find_fault([inside]) is None, "Landlock hides it"


# Users


def test_only_root_has_users_to_take() -> None:
    users = identity.find_users()
    if os.geteuid() != 0:
        assert users == range(0)
    else:
        assert len(users) >= 500
        assert not set(range(60_000)) & set(users)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_user_that_could_not_read_python_is_not_taken(tmp_path: Path) -> None:
    readable, closed = tmp_path / "a", tmp_path / "b"
    readable.write_text("")
    closed.write_text("")
    open_above(readable)
    readable.chmod(0o644)
    closed.chmod(0o600)
    user = identity.find_users()[0]
    assert identity.try_user(user, [str(readable)]) is None
    assert identity.try_user(user, [str(readable), str(closed)]) == f"{closed}: Permission denied"


# Bubblewrap


def start_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str) -> tuple[Zygote, Walls]:
    """Start a zygote where ``bwrap`` is what ``program`` says."""
    fake = tmp_path / "bin" / "bwrap"
    fake.parent.mkdir()
    fake.write_text(program)
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    zygote = Zygote()
    return zygote, zygote.configure(warm=[], readable=paths.list_readable(()), writable=paths.DEVICES, isolated=True)


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n", "setting up uid map"),
        ("#!/bin/sh\nexit 0\n", "it said nothing"),
        # It starts the command, which then does not find torch: known only when the first job comes.
        (
            "#!/bin/sh\nexec env PYTHONPATH=. "
            + sys.executable
            + ' -S "$3" -c "import os; os.write({fd}, b\'hello\')"\n',
            "",
        ),
    ],
    ids=["refused", "silent", "no torch"],
)
def test_a_bubblewrap_that_does_not_start_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, words: str
) -> None:
    zygote, walls = start_with(tmp_path, monkeypatch, program)
    try:
        assert walls.mounts is None
        assert walls.bubblewrap_problem is not None
        assert walls.bubblewrap_problem.startswith("does not start here: ")
        assert words in walls.bubblewrap_problem
        assert walls.tier == replace(walls, mounts=()).tier, "the other walls are as they were"
        with student(zygote, "def run(): return 42") as (module, _):
            assert module.run() == 42
    finally:
        zygote.close()


@needs_bubblewrap
def test_inside_bubblewrap_there_is_nothing_but_python(tmp_path: Path) -> None:
    zygote = Zygote()
    walls = zygote.configure(warm=[], readable=paths.list_readable(()), writable=paths.DEVICES, isolated=True)
    try:
        if walls.mounts is None:
            pytest.skip(f"bubblewrap {walls.bubblewrap_problem}")
        source = """
import os
def there(path):
    return os.path.lexists(path)
"""
        with student(zygote, source) as (module, _):
            for path in (
                tmp_path,
                Path(__file__),
                Path.home() / ".ssh",
                Path("/etc/passwd"),
                Path("/var"),
                Path("/home"),
            ):
                assert module.there(str(path)) is False, path
            for pid in (os.getpid(), *list_descendants(zygote.pid)):
                # Processes have other numbers inside; those that happen to be in use there are the sandbox's own.
                assert module.there(f"/proc/{pid}/environ") is False or pid < 100
    finally:
        zygote.close()


@needs_bubblewrap
@pytest.mark.parametrize("place", ["/sys/nowhere", "no/absolute/path"])
def test_where_no_cache_can_be_kept_libraries_load_inside_all_the_same(
    monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """matplotlib refuses to be imported where it cannot write."""
    monkeypatch.setenv("XDG_CACHE_HOME", place)
    zygote = Zygote()
    try:
        if zygote.configure(warm=[], readable=[], writable=[], isolated=True).mounts is None:
            pytest.skip("bubblewrap does not start here")
        readable = paths.list_readable(())
        walls = zygote.configure(warm=["matplotlib.pyplot"], readable=readable, writable=paths.DEVICES, isolated=True)
        assert walls.bubblewrap_problem is None
        with student(zygote, "from matplotlib import pyplot\ndef run(): return len(pyplot.plot([1, 2]))") as (
            module,
            _,
        ):
            assert module.run() == 1
    finally:
        zygote.close()


@needs_bubblewrap
def test_no_command_line_says_where_anything_lies() -> None:
    zygote = Zygote()
    try:
        for pid in (zygote.pid, *list_descendants(zygote.pid)):
            words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
            assert not [
                word for word in words if word.startswith("/") and word not in (sys.executable, "/usr/bin/bwrap")
            ]
    finally:
        zygote.close()


def test_code_without_isolation_runs_outside_of_bubblewrap(tmp_path: Path) -> None:
    zygote = Zygote()
    try:
        walls = zygote.configure(warm=[], readable=[], writable=[], isolated=False)
        assert walls.mounts is None
    finally:
        zygote.close()


# As on other machines


@pytest.mark.parametrize(
    ("lacking", "root", "user"),
    [
        ("landlock", "BC", "C"),
        ("namespaces", "A", "A"),
        ("landlock,namespaces", "BD", "D"),
        ("landlock,namespaces,users", "D", "D"),
        ("seccomp", "D", "D"),
    ],
)
def test_what_is_missing_is_found_missing(lacking: str, root: str, user: str) -> None:
    """B needs that Python can be read by a user who owns nothing, which is not so where it lies in root's home."""
    script = "from grader.engine import Examiner\nwith Examiner() as e: print(e.survey().tier)"
    command = [sys.executable, "-m", "tests.without", lacking, "--", sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    expected = root if os.geteuid() == 0 else user
    if not HAS_BUBBLEWRAP:
        expected = expected.replace("C", "D")
    assert done.stdout.strip() in list(expected), done.stderr
