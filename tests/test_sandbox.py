"""What student code can and cannot do in a worker. Every test runs it in a real, locked-down process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest

from grader.examiner import paths
from grader.examiner.exceptions import LoadError, StudentError, WorkerLost
from grader.examiner.workers import Allowance, SandboxFailed, Zygote
from grader.results import Outcome
from tests.workers import find_worker, list_descendants, make_job, start_zygote, student

SECRET = "the-hidden-answer-4711"


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("course")
    (folder / "hidden.py").write_text(SECRET)
    return folder


@pytest.fixture(scope="module")
def zygote(secret: Path) -> Iterator[Zygote]:
    zygote = start_zygote((secret,))
    yield zygote
    zygote.close()


def read_status(pid: int) -> dict[str, str]:
    """Return the kernel's status of a process, line by line."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def zygote_offers_users(zygote: Zygote) -> bool:
    walls = zygote.configure(warm=[], readable=paths.list_readable(()), writable=paths.DEVICES, isolated=True)
    return walls.user


def attempt(zygote: Zygote, body: str, **limits: float) -> Any:
    """Run ``body`` as a function in a worker and return what it returns."""
    source = (
        f"import ctypes, os, signal, socket, subprocess, sys, threading, time\ndef run():\n{indent(body, '    ')}\n"
    )
    with student(zygote, source, make_job(**limits) if limits else None) as (module, _):  # type: ignore[arg-type]
        return module.run()


def test_a_worker_is_locked_down_as_seen_from_outside(zygote: Zygote) -> None:
    with student(zygote, "import os\nparent = os.getppid()"):
        worker = find_worker(zygote)
        fields = read_status(worker)
        assert fields["NoNewPrivs"] == "1"
        assert fields["CapEff"] == fields["CapPrm"] == "0" * 16
        assert not fields["Groups"].split() or os.geteuid() != 0
        limits = Path(f"/proc/{worker}/limits").read_text()
        assert "Max core file size        0" in limits
        assert os.getsid(worker) == worker
        assert fields["PPid"] != str(os.getpid())


def test_each_worker_of_root_is_a_user_of_its_own(zygote: Zygote) -> None:
    users = []
    for _ in range(2):
        with student(zygote, "x = 1"):
            users.append(read_status(find_worker(zygote))["Uid"].split())
    if os.geteuid() != 0:
        assert {user for four in users for user in four} == {str(os.geteuid())}
    elif zygote_offers_users(zygote):
        assert users[0] != users[1]
        assert all(len(set(four)) == 1 and int(four[0]) >= 65_000 for four in users)


@pytest.mark.parametrize(
    "body",
    [
        "return open({path!r}).read()",
        "return os.listdir({folder!r})",
        "return open({path!r}, 'w')",
        "return os.open({path!r}, os.O_RDONLY | os.O_TRUNC)",
        "return open('/proc/self/environ').read()",
        "return open('/etc/passwd').read()",
        "return open('/tmp/left-behind', 'w')",
        "return open('/dev/shm/left-behind', 'w')",
        "return os.listdir('/proc')",
        "return os.chmod({path!r}, 0)",
        "return os.utime({path!r})",
        "return os.symlink({path!r}, '/tmp/link')",
        "return os.link({path!r}, '/tmp/link')",
        "return os.truncate({path!r}, 0)",
        "return os.mkdir('/tmp/left-behind')",
        "return os.unlink({path!r})",
        "return socket.socket(socket.AF_INET, socket.SOCK_STREAM)",
        "return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
        "return socket.socket(socket.AF_UNIX)",
        "return os.fork()",
        "return subprocess.run(['/bin/true'])",
        "return os.execv('/bin/true', ['true'])",
        "return os.kill(os.getppid(), 0)",
        "return os.kill(-1, signal.SIGTERM)",
        "return os.kill(1, 0)",
        "return os.setuid(12345)",
        "return os.memfd_create('x')",
        "return os.sched_setaffinity(0, {{0}})",
        "import resource; return resource.setrlimit(resource.RLIMIT_CPU, (1000, 1000))",
        "import fcntl; return fcntl.fcntl(3, fcntl.F_SETOWN, os.getppid())",
        "import fcntl; return fcntl.fcntl(3, fcntl.F_SETFL, os.O_ASYNC)",
        "import fcntl; return fcntl.ioctl(3, 0x8901, b'1234')",
    ],
)
def test_what_is_refused(zygote: Zygote, secret: Path, body: str) -> None:
    path = secret / "hidden.py"
    with pytest.raises(StudentError) as caught:
        attempt(zygote, body.format(path=str(path), folder=str(secret)))
    assert issubclass(type(caught.value), (OSError, ValueError)), caught.value
    assert path.read_text() == SECRET
    assert not Path("/tmp/left-behind").exists()
    assert not Path("/dev/shm/left-behind").exists()


@pytest.mark.parametrize(
    ("name", "number"),
    [("ptrace", 101), ("io_uring_setup", 425), ("bpf", 321), ("process_vm_readv", 310), ("keyctl", 250),
     ("unshare", 272), ("mount", 165), ("pidfd_open", 434), ("userfaultfd", 323), ("shmget", 29), ("vfork", 58)],
)  # fmt: skip
def test_system_calls_that_the_filter_refuses(zygote: Zygote, name: str, number: int) -> None:
    body = f"libc = ctypes.CDLL(None, use_errno=True)\nreturn libc.syscall({number}, 0, 0, 0, 0, 0), ctypes.get_errno()"
    assert attempt(zygote, body) == (-1, 1), name  # EPERM


def test_only_three_descriptors_and_the_socket_are_open(zygote: Zygote) -> None:
    body = """
found = []
for number in range(256):
    try:
        os.fstat(number)
        found.append(number)
    except OSError:
        pass
return found
"""
    assert attempt(zygote, body) == [0, 1, 2, 3]


def test_nothing_secret_is_in_memory_environment_or_arguments(zygote: Zygote, secret: Path) -> None:
    body = """
import gc
words = [str(o) for o in gc.get_objects() if isinstance(o, (str, bytes, list, dict, tuple)) and len(o) < 2000]
return [dict(os.environ), sys.argv, [w for w in words if NEEDLE[:-4] in w and NEEDLE in w][:3]]
""".replace("NEEDLE", repr(str(secret)))
    environment, arguments, found = attempt(zygote, body)
    assert set(environment) <= {
        "PATH", "LANG", "PYTHONHASHSEED", "PYTHONDONTWRITEBYTECODE", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS", "MALLOC_ARENA_MAX", "TORCHINDUCTOR_CACHE_DIR", "MPLBACKEND", "MPLCONFIGDIR", "PYTHONPATH",
        "LD_LIBRARY_PATH",
        "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "LC_CTYPE", "PWD", "OPENBLAS_MAIN_FREE", "KMP_INIT_AT_FORK",
        "KMP_DUPLICATE_LIB_OK",
    }  # fmt: skip
    assert str(secret) not in " ".join(arguments)
    # The code itself holds the needle, as a constant and as source text; nothing else may.
    assert all("NEEDLE" in word or "def run()" in word or "import gc" in word or len(word) < 300 for word in found)
    assert SECRET not in str(found)


def test_ordinary_work_is_allowed(zygote: Zygote) -> None:
    body = """
import asyncio, random, tempfile, numpy as np, torch
from torch import nn
results = []
thread = threading.Thread(target=lambda: results.append(1)); thread.start(); thread.join()
results.append(asyncio.run(asyncio.sleep(0.001, "slept")))
results.append(float(np.linalg.norm(np.ones((4, 4)))))
net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(72, 2))
optimiser = torch.optim.Adam(net.parameters())
net(torch.ones(1, 1, 8, 8)).sum().backward(); optimiser.step()
results.append(tuple(nn.LSTM(3, 4)(torch.ones(2, 1, 3))[0].shape))
results.append(len(list(torch.utils.data.DataLoader(torch.arange(4), batch_size=2))))
return results
"""
    assert attempt(zygote, body, check_seconds=30) == [1, "slept", 4.0, (2, 1, 4), 2]


@pytest.mark.parametrize(
    "body",
    ["block = bytearray(3 << 30)\nreturn len(block)", "import torch\nreturn torch.ones(3 << 28).sum().item()",
     "blocks = []\nwhile True: blocks.append('x' * 10_000_000)",
     "import mmap\nblock = mmap.mmap(-1, 3 << 30)\nreturn len(block)"],
    ids=["bytes", "tensor", "list", "shared"],
)  # fmt: skip
def test_memory_is_limited(zygote: Zygote, body: str) -> None:
    with pytest.raises(StudentError) as caught:
        attempt(zygote, body)
    assert caught.value.type_name in ("MemoryError", "RuntimeError", "OSError"), caught.value


@pytest.mark.timeout(60)
def test_an_endless_loop_ends_with_its_time(zygote: Zygote) -> None:
    with pytest.raises(WorkerLost, match="did not finish within 1 s") as caught:
        attempt(
            zygote,
            "while True:\n    try:\n        time.sleep(0.01)\n    except BaseException:\n        pass",
            check_seconds=1,
        )
    assert caught.value.outcome is Outcome.TIMED_OUT
    (frame,) = caught.value.frames
    assert (frame.file, frame.function) == ("student.py", "run")
    assert 3 <= frame.line <= 7  # one of the loop's


@pytest.mark.parametrize(
    "body",
    [
        "signal.signal(signal.SIGALRM, signal.SIG_IGN)\nwhile True: pass",
        "signal.setitimer(signal.ITIMER_REAL, 0)\nwhile True: pass",
        "signal.signal(signal.SIGALRM, signal.SIG_DFL)\nwhile True: pass",
        "sum(range(10**15))",  # Python looks at no signal in there
    ],
)
def test_time_ends_where_nobody_can_say_at_which_line(zygote: Zygote, body: str) -> None:
    with pytest.raises(WorkerLost, match="did not finish within 1 s") as caught:
        attempt(zygote, body, check_seconds=1)
    assert (caught.value.outcome, caught.value.frames) == (Outcome.TIMED_OUT, ())


@pytest.mark.parametrize("late", ['[["student.py", "x", "run"]]', '[["other.py", 1, "run"]]', "7", "[7]"])
def test_a_place_that_is_none_is_not_shown(zygote: Zygote, late: str) -> None:
    body = (
        "frame = sys._getframe()\n"
        "while 'self' not in frame.f_locals or not hasattr(frame.f_locals['self'], '_channel'): frame = frame.f_back\n"
        "worker = frame.f_locals['self']\n"
        f"worker._say_late = lambda *_: worker._channel.send({{'late': {late}}})\n"
        "signal.signal(signal.SIGALRM, worker._say_late)\n"
        "while True: pass"
    )
    with pytest.raises(WorkerLost, match="did not finish within 1 s") as caught:
        attempt(zygote, body, check_seconds=1)
    assert (caught.value.outcome, caught.value.frames) == (Outcome.TIMED_OUT, ())


def test_processor_time_is_limited_even_where_signals_are_ignored(zygote: Zygote) -> None:
    body = "signal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass"
    with pytest.raises(WorkerLost, match=r"processor time|did not finish") as caught:
        attempt(zygote, body, seconds=1, check_seconds=30)
    assert caught.value.outcome is Outcome.TIMED_OUT


@pytest.mark.parametrize(
    ("body", "outcome", "words"),
    [
        ("os._exit(0)", Outcome.CRASHED, "ended its own process before"),
        ("os._exit(77)", Outcome.CRASHED, "ended its own process before"),
        ("ctypes.string_at(0)", Outcome.CRASHED, "SIGSEGV"),
        ("os.abort()", Outcome.CRASHED, "SIGABRT"),
        ("os.kill(os.getpid(), signal.SIGKILL)", Outcome.CRASHED, "ended its own process before"),
        ("os.kill(os.getpid(), signal.SIGUSR1)", Outcome.CRASHED, "ended its own process before"),
        ("os.close(3); time.sleep(60)", Outcome.CRASHED, "closed its connection"),
        ("os.write(3, b'x' * 100); time.sleep(60)", Outcome.CRASHED, "not a result"),
        ("signal.raise_signal(signal.SIGALRM)", Outcome.CRASHED, "not a result"),  # time was not over
        ("while True: print('x' * 1000)", Outcome.CRASHED, "printed more than 1 MB"),
        ("while True: os.write(1, b'x' * 65536)", Outcome.CRASHED, "printed more than 1 MB"),
        ("os.kill(os.getpid(), signal.SIGSTOP)", Outcome.TIMED_OUT, "did not finish"),
    ],
)
def test_ways_to_go_away(zygote: Zygote, body: str, outcome: Outcome, words: str) -> None:
    with pytest.raises(WorkerLost, match=words) as caught:
        attempt(zygote, body, check_seconds=3)
    assert caught.value.outcome is outcome


def test_a_lost_worker_is_replaced_for_the_next_check(zygote: Zygote) -> None:
    with student(zygote, "import os\ndef leave(): os._exit(0)\ndef stay(): return 1") as (module, own):
        with pytest.raises(WorkerLost):
            module.leave()
        own.stop_check()
        own.start_check()
        assert own.load("student.py", seed=0).stay() == 1


def test_what_is_printed_is_kept_up_to_a_cap(zygote: Zygote) -> None:
    with student(zygote, "def shout():\n    print('x' * 200_000)\n    print('end')") as (module, own):
        module.shout()
        own.close()
        assert own.output == "x" * (64 << 10)


def test_a_file_that_does_not_load_is_not_tried_again(zygote: Zygote) -> None:
    for source, words in [
        ("def f(:\n    pass\n", "student.py:1: SyntaxError"),
        ("x = 1\nraise ValueError('no')\n", "student.py:2: ValueError: no"),
        ("import no_such_module\n", "student.py:1: ModuleNotFoundError: No module named 'no_such_module'"),
        ("import sys; sys.exit(0)\n", "student.py:1: SystemExit"),
    ]:
        with pytest.raises(LoadError) as caught, student(zygote, source):
            pass
        assert caught.value.safe.startswith(words)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("import no_such_module", "ModuleNotFoundError at student.py:3. Code can import torch, numpy,"),
        ("open('data.csv')", "at student.py:3. Where it is graded, code has no files but Python's own"),
        ("open('/etc/passwd')", "at student.py:3. Where it is graded, code has no files but Python's own"),
        ("socket.socket()", "at student.py:3. Where it is graded, code has no files but Python's own, no network"),
        ("subprocess.run(['true'])", "Where it is graded, code has no files but Python's own, no network and no other"),
        ("input()", "EOFError at student.py:3. Where it is graded, nobody answers input()"),
    ],
)
def test_who_asks_for_what_there_is_not_is_told_what_there_is(zygote: Zygote, body: str, words: str) -> None:
    with pytest.raises(StudentError) as caught:
        attempt(zygote, body)
    assert words in caught.value.safe


def test_nothing_is_left_behind(zygote: Zygote) -> None:
    before = list_descendants(zygote.pid)
    body = """
for _ in range(20):
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
return threading.active_count()
"""
    assert attempt(zygote, body) == 21
    assert list_descendants(zygote.pid) == before


def test_what_unisolated_code_starts_is_ended_with_it() -> None:
    """Without isolation code may start processes; a daemon of its own session is found and ended all the same."""
    zygote = start_zygote(isolated=False)
    try:
        before = list_descendants(zygote.pid)
        source = """
import os, subprocess, sys
def run():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            subprocess.Popen(["/bin/sleep", "60"], start_new_session=True)
            os._exit(0)
        os._exit(0)
    os.wait()
    subprocess.Popen(["/bin/sleep", "60"])
"""
        job = replace(make_job(), isolated=False)
        with student(zygote, source, job) as (module, _):
            module.run()
            assert len(list_descendants(zygote.pid)) >= len(before) + 2
        assert list_descendants(zygote.pid) == before
    finally:
        zygote.close()


def test_a_file_beside_the_answer_can_be_imported(zygote: Zygote) -> None:
    source = "import extra\ndef run(): return extra.VALUE"
    with student(zygote, source, extra={"extra.py": b"VALUE = 42"}) as (module, _):
        assert module.run() == 42


def test_workers_do_not_share_state(zygote: Zygote) -> None:
    source = "import torch\ndef run():\n    torch.set_num_threads(1)\n    torch.marked = True\n    return True"
    with student(zygote, source) as (module, _):
        assert module.run()
    with student(zygote, "import torch\ndef run(): return hasattr(torch, 'marked')") as (module, _):
        assert module.run() is False


def test_readable_paths_never_lead_to_a_secret(tmp_path: Path) -> None:
    inside = Path(sys.prefix) / "lib"
    readable = paths.list_readable([inside / "python3.11" / "site-packages" / "torch"])
    assert str(inside / "python3.11" / "site-packages" / "numpy") in readable
    assert not any(str(inside / "python3.11" / "site-packages" / "torch").startswith(path + "/") for path in readable)
    assert str(Path(sys.prefix)) not in readable


def test_an_environment_beside_the_assignments_can_be_read(tmp_path: Path) -> None:
    assert sys.prefix in paths.list_readable([Path(sys.prefix).parent / "focal-loss", tmp_path])
    with pytest.raises(ValueError, match="lies inside"):
        paths.list_readable([Path(sys.prefix).parent])


def test_a_course_installed_among_the_packages_stays_hidden(tmp_path: Path) -> None:
    """A secret inside site-packages: what is beside it can still be imported, the secret cannot be read."""
    hidden = Path(sys.prefix) / "lib" / f"python3.{sys.version_info.minor}" / "site-packages" / "zz_hidden_course"
    hidden.mkdir()
    try:
        (hidden / "answer.py").write_text(SECRET)
        zygote = start_zygote((hidden,))
        try:
            body = f"""
import mpmath, torch.optim
refused = 0
for attempt in (lambda: open({str(hidden / "answer.py")!r}).read(), lambda: os.listdir({str(hidden)!r})):
    try:
        attempt()
    except PermissionError:
        refused += 1
return refused
"""
            assert attempt(zygote, body) == 2
        finally:
            zygote.close()
    finally:
        (hidden / "answer.py").unlink()
        hidden.rmdir()


def test_a_zygote_that_dies_is_a_fault_of_ours(secret: Path) -> None:
    zygote = start_zygote((secret,))
    zygote._process.send_signal(signal.SIGKILL)
    zygote._process.wait()
    with pytest.raises(SandboxFailed), student(zygote, "x = 1"):
        pass
    zygote.close()


@pytest.mark.parametrize("prefix", [[], [sys.executable, "-m", "tests.without", "namespaces", "--"]])
def test_workers_end_with_their_examiner(prefix: list[str]) -> None:
    """Kill the examiner's side without warning: no zygote and no worker survives it, with bubblewrap or without."""
    script = """
import os, sys, time
from tests.workers import list_descendants, start_zygote, student
zygote = start_zygote()
with student(zygote, "def spin():\\n    while True: pass"):
    print(*list_descendants(os.getpid()), flush=True)
    time.sleep(60)
"""
    process = subprocess.Popen([*prefix, sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    pids = [int(word) for word in process.stdout.readline().split()]
    assert len(pids) >= 2
    process.kill()
    process.wait()
    process.stdout.close()
    deadline = time.monotonic() + 10
    while any(_is_running(pid) for pid in pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(_is_running(pid) for pid in pids)


def _is_running(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def test_paths_reach_the_zygote_however_many_there_are(tmp_path: Path) -> None:
    """A request has 64 kB; the list of what may be read does not."""
    folders = [tmp_path / f"{number:04}-{'x' * 100}" for number in range(1500)]
    for folder in folders:
        folder.mkdir()
    zygote = Zygote()
    readable = [*paths.list_readable(()), *map(str, folders)]
    zygote.configure(warm=[], readable=readable, writable=paths.DEVICES, isolated=True)
    try:
        body = f"import os\ndef run(): return os.access({str(folders[-1])!r}, os.R_OK), len(os.listdir('/usr/lib')) > 3"
        with student(zygote, body) as (module, _):
            assert module.run()[1]
    finally:
        zygote.close()


def test_a_worker_that_is_forked_ahead_is_the_next_one(zygote: Zygote) -> None:
    allowance, other = Allowance(5, 512), Allowance(6, 512)
    before = list_descendants(zygote.pid)
    zygote.fork_ahead(allowance, isolated=True)
    zygote.fork_ahead(other, isolated=True)  # there is one already
    zygote.inspect(1)  # whatever is asked meanwhile, the answers do not get mixed up
    (ahead,) = set(list_descendants(zygote.pid)) - set(before)
    worker = zygote.fork(allowance, isolated=True)
    assert set(list_descendants(zygote.pid)) - set(before) == {ahead}
    zygote.fork_ahead(other, isolated=True)
    worker.discard()
    assert not worker.alive
    zygote.fork(allowance, isolated=True).end()  # one with other limits is not taken, and ends
    assert list_descendants(zygote.pid) == before


def test_a_worker_that_was_forked_ahead_does_not_outlive_its_walls(zygote: Zygote, secret: Path) -> None:
    """The next job has other secrets, and may be another course's."""
    before = list_descendants(zygote.pid)
    zygote.fork_ahead(Allowance(5, 512), isolated=True)
    zygote.configure(warm=[], readable=paths.list_readable((secret,)), writable=paths.DEVICES, isolated=True)
    zygote.fork(Allowance(5, 512), isolated=True).end()
    assert list_descendants(zygote.pid) == before


def test_memory_that_is_joined_keeps_what_it_holds() -> None:
    code = """
import re
from grader.sandbox import system
data = bytearray(range(256)) * (1 << 17)
before = int(re.search("AnonHugePages: *([0-9]+)", open("/proc/self/smaps_rollup").read())[1])
joined = system.join_pages()
after = int(re.search("AnonHugePages: *([0-9]+)", open("/proc/self/smaps_rollup").read())[1])
print(joined, after - before, data == bytearray(range(256)) * (1 << 17))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    joined, grown, same = done.stdout.split()
    assert same == "True"
    if joined == "0":
        pytest.skip("this kernel joins no pages when asked to")
    assert int(grown) > 16_000
