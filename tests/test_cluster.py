"""Grading on a Ray cluster: how files travel, what is kept closed, and what it costs when machines go away.

The machines are real ones as far as Ray knows: each is a ``ray start`` of its own, on this machine.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
import json
import os
import re
import shutil
import signal
import stat
import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

import grader
from grader.checks import read_checks
from grader.cluster import RayPool
from grader.cluster.parcel import MAX_PARCEL_BYTES, Parcel, check_paths, move_job, pack_folder, unpack
from grader.engine import Pool
from grader.errors import FaultError, InputError
from grader.grading import Setup, grade_submissions, make_job
from grader.job import Fault, Job
from grader.scoring import Grade, Status, grade_to_json
from grader.spec import Assignment, load_assignment
from grader.submission import Submission
from tests.machines import Machine, Machines, descendants, find_examiners, read_command, using
from tests.shell import Shell, write
from tests.test_engine import FILES, HALF, RIGHT

HAS_RAY = importlib.util.find_spec("ray") is not None
needs_ray = pytest.mark.skipif(not HAS_RAY, reason="Ray is not installed: make test-slow installs it")
SLOW_RIGHT = "def twice(x):\n    import time; time.sleep(0.1)\n    return 2 * x  # {}\n"
THIEF = """\
def attempt(path):
    import os
    try:
        return "read", os.listdir(path) if os.path.isdir(path) else open(path).read()
    except OSError as error:
        return type(error).__name__

def twice(x):
    raise RuntimeError([attempt(path) for path in PATHS])
"""
CRASH = "import os\ndef twice(x):\n    os.abort()  # {}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "course" / "twice", FILES)


@pytest.fixture
def assignment(folder: Path) -> Assignment:
    return load_assignment(folder)


def make(assignment: Assignment, *sources: str) -> Job:
    return make_job(assignment, read_checks(assignment), [{"twice.py": source.encode()} for source in sources], Setup())


# How files travel


def test_the_same_files_make_the_same_parcel(folder: Path, tmp_path: Path) -> None:
    first = pack_folder(folder)
    again = write(tmp_path / "elsewhere" / "twice", {name: FILES[name] for name in reversed(FILES)})
    write(again, {"checks/hidden/__pycache__/test_hidden.pyc": "cached", ".git/config": "[core]"})
    assert pack_folder(again) == first
    write(again, {"checks/hidden/data.csv": "1,2\n"})
    assert pack_folder(again).digest != first.digest


def test_a_parcel_is_unpacked_for_this_user_only(folder: Path, tmp_path: Path) -> None:
    write(folder, {"checks/hidden/data.bin": bytes(range(256))})
    copy = tmp_path / "node" / "twice"
    copy.parent.mkdir()
    before = os.umask(0)
    try:
        unpack(pack_folder(folder), copy)
    finally:
        os.umask(before)
    files = {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert {path.relative_to(copy): path.read_bytes() for path in copy.rglob("*") if path.is_file()} == files
    assert stat.S_IMODE(copy.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in copy.rglob("*") if path.is_file()} == {0o600}


@pytest.mark.parametrize("name", ["../outside", "/tmp/outside", "a/../../outside", ""])
def test_a_parcel_that_would_write_elsewhere_writes_nothing(tmp_path: Path, name: str) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("inside", "in")
        archive.writestr(zipfile.ZipInfo(name), "out")
    content = buffer.getvalue()
    (tmp_path / "node").mkdir()
    with pytest.raises(ValueError, match="no file of the name"):
        unpack(Parcel(hashlib.sha256(content).hexdigest(), content), tmp_path / "node" / "copy")
    assert [path.name for path in tmp_path.rglob("*")] == ["node"]


def test_a_parcel_that_was_changed_on_the_way_is_refused(folder: Path, tmp_path: Path) -> None:
    packed = pack_folder(folder)
    with pytest.raises(ValueError, match="damaged"):
        unpack(Parcel(packed.digest, packed.content.replace(b"== 4", b"!= 4")), tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_a_folder_that_is_too_large_says_what_to_do(folder: Path) -> None:
    with (folder / "weights.bin").open("wb") as file:
        file.truncate(MAX_PARCEL_BYTES + 1)
    with pytest.raises(InputError, match=f"more than {MAX_PARCEL_BYTES >> 20} MB") as error:
        pack_folder(folder)
    assert error.value.hint is not None


def test_a_job_moves_to_a_copy_of_its_folder(assignment: Assignment) -> None:
    job = make(assignment, RIGHT)
    check_paths(job)
    moved = move_job(job, Path("/copy/twice"))
    assert moved.directory == "/copy/twice"
    assert {check.path for check in moved.checks} == {"/copy/twice/checks/hidden/test_hidden.py"}
    assert moved.questions["twice"].reference == "/copy/twice/solutions/a.py"
    assert str(assignment.directory) not in json.dumps([moved.checks, dict(moved.questions)], default=str)
    assert move_job(moved, assignment.directory) == job


def test_a_file_that_lies_elsewhere_is_not_sent(folder: Path, tmp_path: Path) -> None:
    write(tmp_path, {"shared.py": FILES["checks/hidden/test_hidden.py"]})
    (folder / "checks" / "hidden" / "test_hidden.py").unlink()
    (folder / "checks" / "hidden" / "test_hidden.py").symlink_to(tmp_path / "shared.py")
    with pytest.raises(InputError, match=r"shared\.py lies outside .*twice") as error:
        check_paths(make(load_assignment(folder), RIGHT))
    assert "not a link" in str(error.value.hint)


# What cannot be


@pytest.mark.skipif(HAS_RAY, reason="Ray is installed")
def test_without_ray_it_says_how_to_install_it(tmp_path: Path) -> None:
    Shell(tmp_path)("grade", "inbox", "--engine", "ray").fails(2, "Ray is not installed", "pip install 'grader[ray]'")


@pytest.mark.parametrize("option", [("--address", "auto"), ("--gpu-share", "0.5")])
def test_what_is_about_a_cluster_needs_one(tmp_path: Path, option: tuple[str, str]) -> None:
    Shell(tmp_path)("grade", "inbox", *option).fails(2, "about a Ray cluster", "--engine ray")


@needs_ray
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--address", "ray://head:10001"), "cannot be used from outside"),
        (("--gpu-share", "1.5"), "1.5 is no share of a GPU"),
        (("--gpu-share", "-1"), "-1 is no share of a GPU"),
        (("--gpu-share", "nan"), "nan is no share of a GPU"),
    ],
)
def test_options_that_cannot_be_are_refused(tmp_path: Path, options: tuple[str, str], words: str) -> None:
    Shell(tmp_path)("grade", "inbox", "--engine", "ray", *options).fails(2, words)


@needs_ray
@pytest.mark.parametrize(
    ("resources", "options", "places"),
    [
        ({"CPU": 4.0}, {}, 4),
        ({"CPU": 4.0}, {"each": 3}, 3),
        ({}, {}, 0),
        ({"CPU": 8.0, "GPU": 1.0}, {"gpu_share": 0.25}, 4),
        ({"CPU": 8.0, "GPU": 1.0}, {"gpu_share": 0.1}, 8),
        ({"CPU": 8.0, "GPU": 3.0}, {"gpu_share": 0.3}, 8),
        ({"CPU": 8.0, "GPU": 4.0}, {"gpu_share": 2}, 2),
        ({"CPU": 8.0}, {"gpu_share": 0.25}, 0),
    ],
)
def test_a_machine_has_a_place_for_each_core_or_share(
    resources: dict[str, float], options: dict[str, Any], places: int
) -> None:
    from grader.cluster.driver import Options, find_places

    node = {"NodeID": "n", "NodeManagerHostname": "h", "NodeManagerAddress": "a", "Resources": resources}
    assert len(find_places(node, Options(**options))) == places


# A cluster of its own


@pytest.fixture(scope="module")
def own() -> Iterator[RayPool]:
    pytest.importorskip("ray")
    with RayPool(2) as pool:
        yield pool


def grade(engine: RayPool | Pool, assignment: Assignment, sources: Sequence[str]) -> list[Grade]:
    found = list(start(engine, assignment, sources))
    assert sorted(number for number, _ in found) == list(range(len(sources)))
    return [grade for _, grade in sorted(found, key=lambda pair: pair[0])]


def start(engine: RayPool | Pool, assignment: Assignment, sources: Sequence[str]) -> Iterator[tuple[int, Grade]]:
    work = [Submission({"twice.py": source.format(n).encode()}) for n, source in enumerate(sources)]
    return grade_submissions(engine, assignment, read_checks(assignment), work, Setup())


@pytest.mark.slow
def test_only_this_machine_can_reach_it_and_only_this_user_its_files(own: RayPool) -> None:
    own.survey()
    processes = [own.pid, *descendants(own.pid)]
    listening = [address for pid in processes for address in find_listening(pid)]
    assert len(listening) >= 4
    assert {address.rpartition(":")[0] for address in listening} <= {LOOPBACK, MAPPED_LOOPBACK}
    opened = [path for pid in processes for path in find_open_folders(pid)]
    assert opened
    assert {stat.S_IMODE(path.stat().st_mode) for path in opened} == {0o700}


LOOPBACK = "0100007F"
MAPPED_LOOPBACK = "0000000000000000FFFF00000100007F"


def find_listening(pid: int) -> list[str]:
    """Return the addresses that a process listens at, as the kernel writes them."""
    inodes = {link.partition("[")[2].rstrip("]") for link in _links(pid) if link.startswith("socket:")}
    rows = [line.split() for kind in ("tcp", "tcp6") for line in Path(f"/proc/net/{kind}").read_text().splitlines()[1:]]
    return [row[1] for row in rows if row[3] == "0A" and row[9] in inodes]


def find_open_folders(pid: int) -> list[Path]:
    """Return the folders of the temporary one in which a process has files of this cluster's open."""
    named = [Path(link) for link in _links(pid) if link.startswith("/tmp/grader-")]
    return [Path(*path.parts[:3]) for path in named]


def _links(pid: int) -> list[str]:
    try:
        return [str(entry.readlink()) for entry in Path(f"/proc/{pid}/fd").iterdir()]
    except OSError:
        return []


@pytest.mark.slow
def test_a_submission_cannot_read_the_copy_of_the_checks(own: RayPool, assignment: Assignment) -> None:
    (right,) = grade(own, assignment, [RIGHT])
    assert right.score == 2
    copies = list(Path(tempfile.gettempdir()).glob("grader-node-*/*/twice/checks/hidden/test_hidden.py"))
    assert copies
    paths = [str(path) for copy in copies for path in (copy, *copy.parents[:4])]
    (caught,) = grade(own, assignment, [THIEF.replace("PATHS", repr(paths))])
    detail = caught.questions[0].checks[0].detail
    assert caught.score == 0
    assert detail is not None
    assert len(re.findall("PermissionError|FileNotFoundError", detail)) == len(paths)
    assert "read" not in detail


@pytest.mark.slow
def test_the_driver_that_is_killed_costs_nobody_a_point(own: RayPool, assignment: Assignment) -> None:
    found = start(own, assignment, [SLOW_RIGHT, HALF] * 20)
    grades = dict([next(found)])
    victims = [own.pid, *descendants(own.pid)]
    os.kill(own.pid, signal.SIGKILL)
    grades |= dict(found)
    assert [int(grades[number].score) for number in range(40)] == [2, 1] * 20
    assert {one.status for one in grades.values()} == {Status.GRADED}
    assert own.pid not in victims
    assert not still_there(victims)


def still_there(pids: Sequence[int]) -> list[int]:
    """Return which of some processes have not ended, after they had some time to."""
    for _ in range(200):
        left = [pid for pid in pids if Path(f"/proc/{pid}").exists()]
        if not left:
            break
        time.sleep(0.1)
    return left


@pytest.mark.slow
def test_it_leaves_nothing_behind(assignment: Assignment) -> None:
    pytest.importorskip("ray")
    with RayPool(1) as pool:
        grade(pool, assignment, [RIGHT])
        processes = [pool.pid, *descendants(pool.pid)]
        (examiner,) = find_examiners(pool.pid)
        folders = {path for pid in processes for path in find_open_folders(pid)} | find_copies(examiner)
        assert len(folders) == 2
    assert not still_there(processes)
    for _ in range(100):
        if not any(path.exists() for path in folders):
            break
        time.sleep(0.1)
    assert not [path for path in folders if path.exists()]


def find_copies(examiner: int) -> set[Path]:
    """Return the folder of one of Ray's processes that has an examiner; who removes it waits at the end of its pipe."""
    pipes = {link for link in _links(examiner) if link.startswith("pipe:")}
    waiting = [int(entry.name) for entry in Path("/proc").glob("[0-9]*") if pipes & set(_links(int(entry.name)))]
    named = [re.search(r"\S+/grader-node-\w+", read_command(pid)) for pid in waiting]
    return {Path(name.group()) for name in named if name is not None}


@pytest.mark.slow
def test_a_class_is_graded_with_a_command_and_keeps_its_grades(tmp_path: Path) -> None:
    pytest.importorskip("ray")
    write(tmp_path / "course", {"course.yaml": "title: C\nassignments: [twice]\n"})
    write(tmp_path / "course" / "twice", FILES)
    for number in range(6):
        write(tmp_path / "inbox" / f"s{number}", {"twice.py": (RIGHT, HALF)[number % 2].format(number)})
    shell = Shell(tmp_path, tmp_path / "course")
    command = ("grade", "inbox", "--assignment", "twice", "--json")
    cluster = shell(*command, "--engine", "ray", "-j", "1")
    assert (cluster.code, len(cluster.reports)) == (1, 6)
    assert shell(*command).out == cluster.out  # what a cluster graded, this machine need not grade again


# Several machines


def graded(grades: Sequence[Grade]) -> list[dict[str, Any]]:
    """Return all that there is to know of grades but how long their checks took."""

    def strip(data: Any) -> Any:
        if isinstance(data, dict):
            return {name: strip(value) for name, value in data.items() if name != "seconds"}
        return [strip(value) for value in data] if isinstance(data, list) else data

    return [strip(grade_to_json(grade)) for grade in grades]


def wait_for_examiners(machine: Machine, count: int) -> list[int]:
    for _ in range(600):
        found = find_examiners(machine.pid)
        if len(found) == count:
            return found
        time.sleep(0.1)
    raise AssertionError(f"{len(found)} examiners, not {count}")


@pytest.fixture
def machines() -> Iterator[Machines]:
    pytest.importorskip("ray")
    with Machines(1) as machines, using(machines.environment):
        yield machines


@pytest.mark.slow
def test_a_machine_that_goes_away_costs_nobody_a_point(machines: Machines, assignment: Assignment) -> None:
    """One examiner is killed, then a machine with two others: the grades are those of a machine that nobody touched."""
    sources = [RIGHT, HALF, SLOW_RIGHT, "def twice(", CRASH, SLOW_RIGHT, HALF, RIGHT] * 25
    with Pool(2) as pool:
        expected = grade(pool, assignment, sources)
    other = machines.add(2)
    with RayPool(address=machines.address) as cluster:
        cluster.survey()
        first, _ = wait_for_examiners(other, 2)
        running = start(cluster, assignment, sources)
        found = [next(running) for _ in range(20)]
        os.kill(first, signal.SIGKILL)
        found += [next(running) for _ in range(20)]
        other.kill()
        found += running
        assert cluster.width == 1
    assert sorted(number for number, _ in found) == list(range(200))
    assert graded([one for _, one in sorted(found, key=lambda pair: pair[0])]) == graded(expected)
    assert [int(one.score) for one in expected] == [2, 1, 2, 0, 0, 2, 1, 2] * 25


@pytest.mark.slow
def test_a_machine_that_comes_later_takes_part(machines: Machines, assignment: Assignment) -> None:
    with RayPool(address=machines.address) as cluster:
        assert cluster.width == 1
        running = start(cluster, assignment, [SLOW_RIGHT] * 60)
        next(running)
        other = machines.add(1)
        wait_for_examiners(other, 1)
        machines_used = find_examiners(machines.head.pid) + find_examiners(other.pid)
        assert {int(one.score) for _, one in running} == {2}
        assert cluster.width == 2
        assert len(machines_used) == 2


@pytest.mark.slow
def test_a_cluster_that_is_lost_is_a_fault_and_no_hang(machines: Machines, assignment: Assignment) -> None:
    with RayPool(address=machines.address) as cluster:
        jobs = [make(assignment, *[SLOW_RIGHT.format(n) for n in range(8)])] * 3
        events = cluster.run_all(jobs)
        assert next(events)[0] == 0
        machines.head.kill()
        ends = {number: event for number, event in events if isinstance(event, Fault)}
        assert sorted(ends) == [1, 2]
        assert ends[1].hint is None  # once more, it may go well
        assert "run grader on a machine of the cluster" in str(ends[2].hint)
        with pytest.raises(FaultError, match=r"is gone, or does not answer|cannot be used"):
            cluster.survey()


@pytest.mark.slow
def test_a_cluster_without_a_free_core_is_a_fault(assignment: Assignment) -> None:
    pytest.importorskip("ray")
    with (
        Machines(0) as machines,
        using(machines.environment),
        RayPool(address=machines.address, patience_seconds=3) as cluster,
    ):
        assert cluster.width == 1
        with pytest.raises(FaultError, match="no examiner started on the cluster for 3 s") as error:
            grade(cluster, assignment, [RIGHT])
        assert "`ray status`" in str(error.value.hint)


@pytest.mark.slow
def test_a_machine_with_another_version_is_refused(machines: Machines, assignment: Assignment, tmp_path: Path) -> None:
    shutil.copytree(Path(grader.__file__).parent, tmp_path / "grader", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "grader" / "__init__.py").write_text('"""Another grader."""\n\n__version__ = "9.9"\n')
    with RayPool(address=machines.address) as cluster:
        cluster.survey()
        machines.add(1, PYTHONPATH=str(tmp_path))
        with pytest.raises(FaultError, match=r"has grader 9\.9, and .* has ") as error:
            grade(cluster, assignment, [SLOW_RIGHT] * 400)
        assert "the same versions" in str(error.value.hint)


@pytest.mark.slow
def test_examiners_share_a_gpu(assignment: Assignment) -> None:
    """There is none here: Ray is told of one, and what is tested is who gets how much of it."""
    pytest.importorskip("ray")
    with (
        Machines(4, "--num-gpus=1") as machines,
        using(machines.environment),
        RayPool(address=machines.address, gpu_share=0.5) as cluster,
    ):
        assert cluster.width == 2
        assert [int(one.score) for one in grade(cluster, assignment, [RIGHT, HALF])] == [2, 1]
        below = [pid for one in wait_for_examiners(machines.head, 2) for pid in descendants(one)]
        examiners = [pid for pid in below if "grader.examiner" in read_command(pid)]
        assert len(examiners) == 2
        if os.geteuid() == 0:  # an examiner hides its memory from other users' processes, and its own user's
            for pid in examiners:
                assert b"CUDA_VISIBLE_DEVICES=0" in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
