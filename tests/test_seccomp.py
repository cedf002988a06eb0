"""The seccomp filter: what its program answers, evaluated here for both machines, and what this kernel makes of it."""

from __future__ import annotations

import errno
import json
import os
import platform
import re
import signal
import struct
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from grader.sandbox import seccomp

PID = 4242
OTHER = 4243
HIGH = 1 << 32
MACHINES = ("x86_64", "aarch64")
ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
HEADERS = {
    "x86_64": ("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/include/asm/unistd_64.h"),
    "aarch64": ("/usr/include/asm-generic/unistd.h",),
}
TABLES = (seccomp.ALLOWED, seccomp.GUARDED, seccomp.ABSENT)

ALLOW, KILL = "allowed", "killed"
needs_seccomp = pytest.mark.skipif(not seccomp.is_supported(), reason="no seccomp filters in this kernel")


def evaluate(program: bytes, number: int, arguments: Sequence[int] = (), machine: str = "x86_64") -> str:
    """Run a classic BPF program over one system call, as the kernel does, and say what becomes of the call."""
    filled = [*arguments, *[0] * (6 - len(arguments))]
    audit = {**ARCHITECTURE, "i386": 0x40000003, "arm": 0x40000028}[machine]
    data = struct.pack("<IIQ6Q", number, audit, 0x7FFF_0000_0000, *(value % (1 << 64) for value in filled))
    accumulator = position = 0
    while True:
        code, if_true, if_false, operand = struct.unpack_from("HBBI", program, 8 * position)
        position += 1
        if code == 0x20:  # load the word at an offset
            accumulator = struct.unpack_from("<I", data, operand)[0]
        elif code == 0x54:  # and
            accumulator &= operand
        elif code == 0x06:  # return
            return describe(operand)
        else:
            true = {0x15: accumulator == operand, 0x35: accumulator >= operand, 0x45: bool(accumulator & operand)}[code]
            position += if_true if true else if_false


def describe(action: int) -> str:
    if action & 0xFFFF0000 == 0x00050000:
        return errno.errorcode[action & 0xFFFF]
    return {0x7FFF0000: ALLOW, 0x80000000: KILL}[action]


def number_of(name: str, machine: str) -> int | None:
    (numbers,) = [table[name] for table in TABLES if name in table]
    return numbers[MACHINES.index(machine)]


def try_call(name: str, arguments: Sequence[int], machine: str, *, read_only: bool = False) -> str | None:
    """Return what becomes of a call by its name, or None where the machine does not have it."""
    number = number_of(name, machine)
    if number is None:
        return None
    return evaluate(seccomp.build_filter(PID, read_only=read_only, machine=machine), number, arguments, machine)


# What each guarded call is allowed, and what not: its name, its arguments, what becomes of it.
CASES: list[tuple[str, Sequence[int], str]] = [
    ("futex", (0, 0), ALLOW),
    ("futex", (0, 1), ALLOW),
    ("futex", (0, 0 | 128), ALLOW),
    ("futex", (0, 1 | 128), ALLOW),
    ("futex", (0, 9 | 128 | 256), ALLOW),
    ("futex", (HIGH - 1, 10 | 128), ALLOW),
    *[("futex", (0, operation | 128), "ENOSYS") for operation in (2, 6, 7, 8, 11, 12, 13, 14, 127)],
    ("futex", (0, 512), "ENOSYS"),
    *[("madvise", (0, 0, advice), ALLOW) for advice in (0, 4, 8, 14, 25, 99)],
    *[("madvise", (0, 0, advice), "EPERM") for advice in (12, 100, 101, 102, 1 << 31, 12 | HIGH)],
    *[("ioctl", (0, command), ALLOW) for command in (0x5401, 0x541B, 0x5413, 0x5421, 0x5451, 0x5450)],
    # TIOCSTI FIOASYNC FIOSETOWN TCSETS TIOCSCTTY SIOCSPGRP
    *[("ioctl", (0, command), "ENOTTY") for command in (0x5412, 0x5452, 0x8901, 0x5402, 0x540E, 0x8902, 0)],
    ("ioctl", (0x5401, 0x5412), "ENOTTY"),
    ("ioctl", (0, 0x5412 | HIGH), "ENOTTY"),
    ("fcntl", (3, 0, 10), ALLOW),
    ("fcntl", (3, 1, os.O_ASYNC), ALLOW),  # F_GETFD: what stands in the third register is of no meaning
    ("fcntl", (3, 2, 1), ALLOW),
    ("fcntl", (3, 3), ALLOW),
    ("fcntl", (3, 4, os.O_NONBLOCK), ALLOW),
    ("fcntl", (3, 4, os.O_NONBLOCK | os.O_ASYNC), "EPERM"),
    ("fcntl", (3, 4 | HIGH, os.O_ASYNC), "EPERM"),
    ("fcntl", (3, 1030, 10), ALLOW),
    ("fcntl", (3, 1032), ALLOW),
    # F_GETLK SETLK SETLKW SETOWN GETOWN SETSIG GETSIG SETOWN_EX OFD_SETLK SETLEASE NOTIFY SETPIPE_SZ ADD_SEALS RW_HINT
    *[("fcntl", (3, command), "EPERM") for command in (*range(5, 12), 15, 16, 37, 1024, 1026, 1031, 1033, 1036, 1038)],
    ("fcntl", (3, 8 | HIGH, OTHER), "EPERM"),
    *[(name, (clock,), ALLOW) for name in ("clock_gettime", "clock_getres", "clock_nanosleep") for clock in range(12)],
    *[(name, (-6,), "EPERM") for name in ("clock_gettime", "clock_getres", "clock_nanosleep")],
    ("clock_gettime", (~PID << 3 | 2,), "EPERM"),
    ("clock_gettime", ((~PID << 3 | 2) & 0xFFFFFFFF,), "EPERM"),
    ("clone", (0x3D0F00,), ALLOW),  # glibc's threads
    ("clone", (0x7D0F00,), ALLOW),  # musl's threads
    ("clone", (17,), "EPERM"),  # fork
    ("clone", (0x4111,), "EPERM"),  # vfork
    ("clone", (0x1200011,), "EPERM"),  # glibc's fork
    ("clone", (0x3D0F00 | 17,), "EPERM"),
    *[("clone", (flags,), "EPERM") for flags in (0, 0x100, 0x3C0F00)],  # without CLONE_THREAD
    *[("clone", (0x3D0F00 ^ flag,), "EPERM") for flag in (0x100, 0x200, 0x400, 0x800, 0x10000, 0x40000)],
    *[("clone", (0x3D0F00 | 1 << bit,), "EPERM") for bit in (7, 12, 13, 17, *range(23, 32))],
    *[("clone", (0x3D0F00 | 1 << bit,), "EPERM") for bit in (32, 33, 63)],
    ("clone", (1 << 48,), "EPERM"),
    *[("prctl", (option,), ALLOW) for option in (15, 16, 0x53564D41, 51)],
    *[("prctl", (option,), "EPERM") for option in (1, 4, 8, 22, 23, 24, 28, 36, 38, 59, 0x59616D61, 0)],
    ("prlimit64", (0, 7, 0, 1), ALLOW),
    ("prlimit64", (PID, 7, 0, 1), ALLOW),
    ("prlimit64", (OTHER, 7, 0, 1), "EPERM"),
    ("prlimit64", (0, 7, 0x1000), "EPERM"),
    ("prlimit64", (0, 7, HIGH), "EPERM"),
    ("prlimit64", (0, 7, 0x7FFF_0000_0000), "EPERM"),
    ("socketpair", (1, 1, 0), ALLOW),
    ("socketpair", (1, 5, 0), ALLOW),
    *[("socketpair", (family, 1, 0), "EPERM") for family in (0, 2, 10, 16, 30, 38, 2 | HIGH)],
    ("sendto", (5, 0x1000, 1, 0, 0, 0), ALLOW),
    ("sendto", (5, 0x1000, 1, 1, 0, 0), "EPERM"),  # MSG_OOB
    ("sendto", (5, 0x1000, 1, 0x40, 0, 0), "EPERM"),
    ("sendto", (5, 0x1000, 1, 0, 0x1000, 16), "EPERM"),
    ("sendto", (5, 0x1000, 1, 0, HIGH, 16), "EPERM"),
    ("recvfrom", (5, 0x1000, 1, 0, 0, 0), ALLOW),
    ("recvfrom", (5, 0x1000, 1, 1, 0, 0), "EPERM"),
    ("kill", (PID, 9), ALLOW),
    *[("kill", (pid, 0), "EPERM") for pid in (OTHER, 0, 1, -1, -PID, PID + 1)],
    ("tgkill", (PID, OTHER, 9), ALLOW),
    *[("tgkill", (pid, PID, 0), "EPERM") for pid in (OTHER, 0, -1)],
    ("clone3", (0x1000, 88), "ENOSYS"),
    ("openat2", (-100, 0x1000, 0x1000, 24), "ENOSYS"),
]
# Flags of opening a file: what becomes of it with Landlock, and where reading is all that is allowed.
OPENING = [
    (os.O_RDONLY, ALLOW, ALLOW),
    (os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK, ALLOW, ALLOW),
    (os.O_RDONLY | HIGH, ALLOW, ALLOW),
    (os.O_RDONLY | os.O_APPEND, ALLOW, ALLOW),
    (os.O_WRONLY, ALLOW, "EROFS"),
    (os.O_RDWR, ALLOW, "EROFS"),
    (os.O_WRONLY | os.O_CREAT | os.O_TRUNC, ALLOW, "EROFS"),
    (os.O_RDONLY | os.O_CREAT, ALLOW, "EROFS"),
    (os.O_RDWR | 0o20000000, ALLOW, "EROFS"),  # O_TMPFILE's own bit, without O_DIRECTORY, which differs
    (0o20000000, ALLOW, "EROFS"),
    (os.O_RDONLY | os.O_TRUNC, "EPERM", "EROFS"),
    (os.O_RDONLY | os.O_TRUNC | os.O_CREAT, "EPERM", "EROFS"),
    (3, "EPERM", "EROFS"),
    (3 | os.O_TRUNC, "EPERM", "EROFS"),
    (3 | 0o20000000, "EPERM", "EROFS"),
    (3 | os.O_CLOEXEC | HIGH, "EPERM", "EROFS"),
]


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(("name", "arguments", "outcome"), CASES)
def test_rules_of_guarded_calls(machine: str, name: str, arguments: Sequence[int], outcome: str) -> None:
    for read_only in (False, True):
        assert try_call(name, arguments, machine, read_only=read_only) == outcome


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize(("flags", "outcome", "read_only"), OPENING)
def test_opening_files(machine: str, flags: int, outcome: str, read_only: str) -> None:
    assert try_call("openat", (-100, 0x1000, flags, 0o666), machine) == outcome
    assert try_call("openat", (-100, 0x1000, flags, 0o666), machine, read_only=True) == read_only
    exists = machine == "x86_64"
    assert try_call("open", (0x1000, flags, 0o666), machine) == (outcome if exists else None)
    assert try_call("open", (0x1000, flags, 0o666), machine, read_only=True) == (read_only if exists else None)


def test_every_guarded_call_has_cases_both_ways() -> None:
    assert {name for name, _, outcome in CASES if outcome == ALLOW} == set(seccomp.GUARDED) - {"open", "openat"}
    assert {name for name, _, outcome in CASES if outcome != ALLOW} == set(seccomp.GUARDED) - {"open", "openat"} | set(
        seccomp.ABSENT
    )
    assert set(seccomp._build_rules(PID, read_only=False)) == set(seccomp.GUARDED)


@pytest.mark.parametrize("machine", MACHINES)
def test_the_other_calls_are_allowed_or_refused_whatever_their_arguments(machine: str) -> None:
    program = seccomp.build_filter(PID, machine=machine)
    column = MACHINES.index(machine)
    known = {numbers[column] for table in TABLES for numbers in table.values()} - {None}
    assert len(known) == sum(numbers[column] is not None for table in TABLES for numbers in table.values())
    for name, numbers in seccomp.ALLOWED.items():
        number = numbers[column]
        for arguments in ((), (2**64 - 1,) * 6):
            assert number is None or evaluate(program, number, arguments, machine) == ALLOW, name
    for number in {*range(1024), 0x3FFFFFFF} - known:
        for arguments in ((), (PID,) * 6):
            assert evaluate(program, number, arguments, machine) == "EPERM", number


@pytest.mark.parametrize("machine", MACHINES)
def test_another_architecture_or_numbering_is_the_end(machine: str) -> None:
    program = seccomp.build_filter(PID, machine=machine)
    for other in {*MACHINES, "i386", "arm"} - {machine}:
        assert evaluate(program, 39, machine=other) == KILL
    for number in (0x40000000, 0x40000000 | 39, 0x40000000 | 520, 0xFFFFFFFF):
        assert evaluate(program, number, machine=machine) == KILL


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("read_only", [False, True])
def test_the_program_is_one_that_kernels_take(machine: str, read_only: bool) -> None:
    program = seccomp.build_filter(PID, read_only=read_only, machine=machine)
    instructions = list(struct.iter_unpack("HBBI", program))
    assert len(program) % 8 == 0
    assert len(instructions) < 4096
    for position, (code, if_true, if_false, operand) in enumerate(instructions):
        assert code in (0x20, 0x54, 0x06, 0x15, 0x35, 0x45)
        if code in (0x15, 0x35, 0x45):
            assert position + 1 + max(if_true, if_false) < len(instructions)
        if code == 0x20:
            assert operand % 4 == 0
            assert operand < 64
    assert instructions[-1][0] == 0x06


def test_tables_do_not_overlap_and_hold_nothing_that_changes_files_or_reaches_others() -> None:
    names = [name for table in TABLES for name in table]
    assert len(names) == len(set(names))
    refused = """
        execve execveat fork vfork ptrace process_vm_readv process_vm_writev pidfd_open pidfd_getfd pidfd_send_signal
        tkill rt_sigqueueinfo rt_tgsigqueueinfo setpgid setsid getpgid getsid setuid setresuid setgroups capset
        socket connect bind listen accept accept4 sendmsg recvmsg sendmmsg recvmmsg setsockopt io_uring_setup
        io_uring_enter io_uring_register bpf perf_event_open userfaultfd keyctl add_key request_key memfd_create
        memfd_secret shmget shmat msgget semget mq_open inotify_init1 fanotify_init unshare setns mount umount2
        pivot_root chroot sched_setaffinity sched_setscheduler sched_setattr setpriority ioprio_set setrlimit
        rename renameat renameat2 mkdir mkdirat rmdir unlink unlinkat link linkat symlink symlinkat mknod mknodat
        creat chmod fchmod fchmodat chown fchown lchown fchownat utime utimes utimensat futimesat setxattr lsetxattr
        fsetxattr truncate ftruncate fallocate flock fsync fdatasync sync syncfs sync_file_range msync fadvise64
        readahead sendfile copy_file_range splice tee vmsplice mincore membarrier get_robust_list mlock mlockall
        remap_file_pages mbind set_mempolicy migrate_pages move_pages process_madvise quotactl personality
        open_by_handle_at name_to_handle_at acct swapon reboot syslog init_module finit_module kexec_load seccomp
        landlock_create_ruleset landlock_restrict_self timer_create signalfd4
    """
    assert not set(names) & set(refused.split())


@pytest.mark.parametrize("machine", MACHINES)
def test_numbers_are_those_of_the_kernel_headers(machine: str) -> None:
    known = read_header(machine)
    for table in TABLES:
        for name, numbers in table.items():
            assert numbers[MACHINES.index(machine)] == known.get(name), name
    assert seccomp.MACHINES[machine].seccomp == known["seccomp"]
    assert seccomp.MACHINES[machine].audit == ARCHITECTURE[machine]


def read_header(machine: str) -> dict[str, int]:
    """Return the numbers of the system calls of a 64-bit machine from the kernel's headers."""
    for place in HEADERS[machine]:
        if Path(place).exists():
            text = Path(place).read_text()
            break
    else:
        pytest.skip(f"no kernel headers for {machine} (package linux-libc-dev)")
    found: dict[str, str] = dict(re.findall(r"^#\s*define (__NR\w+)\s+\(?(\w+)", text, re.MULTILINE))
    numbers = {}
    for name, value in found.items():
        number = found.get(value, value)  # some are defined by another's name
        if name.startswith("__NR_") and number.isdigit():
            numbers[name.removeprefix("__NR_")] = int(number)
    assert len(numbers) > 200
    return numbers


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
@pytest.mark.parametrize("read_only", [False, True])
def test_of_two_workers_filters_only_their_own_number_differs(machine: str, read_only: bool) -> None:
    first, second = (seccomp.build_filter(pid, read_only=read_only, machine=machine) for pid in (PID, PID + 1))
    steps = [zip(*[iter(program)] * 8, strict=True) for program in (first, second)]
    differing = [(bytes(one), bytes(other)) for one, other in zip(*steps, strict=True) if one != other]
    numbers = {(struct.unpack("HBBI", one)[3], struct.unpack("HBBI", other)[3]) for one, other in differing}
    assert numbers == {(PID, PID + 1)}
    assert len(differing) == 3  # kill, tgkill and prlimit64
    assert struct.pack("I", seccomp.ANY_PID) not in first


def test_machines_that_are_not_known_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert seccomp.build_filter(PID, machine="arm64") == seccomp.build_filter(PID, machine="aarch64")
    for machine in ("riscv64", "i686", "armv8l", "ppc64le", "s390x"):
        with pytest.raises(NotImplementedError, match=f"no seccomp filter for '{machine}'; there is one for x86_64"):
            seccomp.build_filter(PID, machine=machine)
        monkeypatch.setattr(platform, "machine", lambda machine=machine: machine)
        assert not seccomp.is_supported()
        with pytest.raises(NotImplementedError):
            seccomp.build_filter(PID)


def run_child(script: str, *arguments: str, user: int | None = None) -> subprocess.CompletedProcess[str]:
    """Run a Python script in a process of its own; its ``lock()`` becomes the user, and applies the filter."""
    start = f"""
import ctypes, errno, json, os, platform, sys, threading, time
from grader.sandbox import seccomp, system
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
def lock(**options):
    if {user} is not None:
        os.setgroups([]); os.setresgid({user}, {user}, {user}); os.setresuid({user}, {user}, {user})
    system.set_process(system.PR_SET_NO_NEW_PRIVS, 1)
    seccomp.install(seccomp.build_filter(os.getpid(), **options))
"""
    command = [sys.executable, "-c", start + script, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


USERS = [None, 65_534] if os.geteuid() == 0 else [None]
# Harmless forms of calls: the number on x86_64 and on aarch64, the arguments, what they answer under the filter.
# "@" stands for an address that can be read and written, "#" for the process itself, "^" for its parent.
REAL: list[tuple[str, int | None, int | None, list[int | str], str]] = [
    ("getpid", 39, 172, [], "done"),
    ("gettid", 186, 178, [], "done"),
    ("fstat of no descriptor", 5, 80, [-1, "@"], "EBADF"),
    ("mmap", 9, 222, [0, 4096, 0, 0x22, -1, 0], "done"),
    ("a futex that wakes nobody", 202, 98, ["@", 129, 1, 0, 0, 0], "done"),
    ("futex lending priority", 202, 98, ["@", 7 | 128, 0, 0, 0, 0], "ENOSYS"),
    ("madvise nothing", 28, 233, [0, 0, 4], "done"),
    ("madvise poison", 28, 233, [0, 0, 100], "EPERM"),
    ("madvise mergeable", 28, 233, [0, 0, 12], "EPERM"),
    ("ioctl for the size of a terminal", 16, 29, [-1, 0x5413, "@"], "EBADF"),
    ("ioctl that types", 16, 29, [-1, 0x5412, "@"], "ENOTTY"),
    ("fcntl F_GETFD", 72, 25, [0, 1, 0x2000], "done"),
    ("fcntl F_SETFL", 72, 25, [-1, 4, 0], "EBADF"),
    ("fcntl F_SETFL O_ASYNC", 72, 25, [-1, 4, 0x2000], "EPERM"),
    ("fcntl F_SETOWN", 72, 25, [-1, 8, "^"], "EPERM"),
    ("fcntl F_SETLEASE", 72, 25, [-1, 1024, 0], "EPERM"),
    ("this clock", 228, 113, [2, "@"], "done"),
    ("the parent's clock", 228, 113, ["clock of ^", "@"], "EPERM"),
    ("fork", 57, None, [], "EPERM"),
    ("vfork", 58, None, [], "EPERM"),
    ("clone as fork", 56, 220, [17, 0, 0, 0, 0], "EPERM"),
    ("clone with a namespace", 56, 220, [0x10000 | 0x10000000, 0, 0, 0, 0], "EPERM"),
    ("clone in another half", 56, 220, [0x3D0F00 | 1 << 33, 0, 0, 0, 0], "EPERM"),
    ("clone3", 435, 435, [0, 0], "ENOSYS"),
    ("openat2", 437, 437, [-100, 0, 0, 0], "ENOSYS"),
    ("prctl PR_GET_NAME", 157, 167, [16, "@"], "done"),
    ("prctl PR_SET_DUMPABLE", 157, 167, [4, 1], "EPERM"),
    ("prlimit64 reading", 302, 261, [0, 7, 0, "@"], "done"),
    ("prlimit64 of the parent", 302, 261, ["^", 7, 0, "@"], "EPERM"),
    ("prlimit64 writing", 302, 261, [0, 7, "@", 0], "EPERM"),
    ("socketpair of unix", 53, 199, [1, 1, 0, "@"], "done"),
    ("socketpair of internet", 53, 199, [2, 1, 0, "@"], "EPERM"),
    ("sendto nowhere", 44, 206, [-1, "@", 1, 0, 0, 0], "EBADF"),
    ("sendto out of band", 44, 206, [-1, "@", 1, 1, 0, 0], "EPERM"),
    ("sendto an address", 44, 206, [-1, "@", 1, 0, "@", 16], "EPERM"),
    ("recvfrom nowhere", 45, 207, [-1, "@", 1, 0, 0, 0], "EBADF"),
    ("kill itself with nothing", 62, 129, ["#", 0], "done"),
    ("tgkill itself with nothing", 234, 131, ["#", "#", 0], "done"),
    ("kill the parent with nothing", 62, 129, ["^", 0], "EPERM"),
    ("kill the group with nothing", 62, 129, [0, 0], "EPERM"),
    ("kill all with nothing", 62, 129, [-1, 0], "EPERM"),
    ("tkill itself with nothing", 200, 130, ["#", 0], "EPERM"),
    ("rename", 82, None, [0, 0], "EPERM"),
    ("renameat2", 316, 276, [-1, 0, -1, 0, 0], "EPERM"),
    ("mkdirat", 258, 34, [-1, 0, 0], "EPERM"),
    ("unlinkat", 263, 35, [-1, 0, 0], "EPERM"),
    ("flock", 73, 32, [-1, 0], "EPERM"),
    ("fsync", 74, 82, [-1], "EPERM"),
    ("ftruncate", 77, 46, [-1, 0], "EPERM"),
    ("mincore", 27, 232, [0, 0, 0], "EPERM"),
    ("get_robust_list", 274, 100, ["^", 0, 0], "EPERM"),
    ("ptrace", 101, 117, [-1, 0, 0, 0], "EPERM"),
    ("process_vm_readv", 310, 270, ["^", 0, 0, 0, 0, 0], "EPERM"),
    ("socket", 41, 198, [-1, 0, 0], "EPERM"),
    ("io_uring_setup", 425, 425, [0, 0], "EPERM"),
    ("memfd_create", 319, 279, [0, 0], "EPERM"),
    ("no such call", 1000, 1000, [], "EPERM"),
]
TRY = """
memory = ctypes.create_string_buffer(4096)
symbols = {"@": ctypes.addressof(memory), "#": os.getpid(), "^": os.getppid(), "clock of ^": ~os.getppid() << 3 | 2}
found = {}
column = 1 if platform.machine() == "x86_64" else 2
lock()
for row in json.loads(sys.argv[1]):
    if row[column] is not None:
        arguments = [ctypes.c_long(symbols.get(value, value)) for value in row[3]]
        result = libc.syscall(ctypes.c_long(row[column]), *arguments)
        found[row[0]] = "done" if result >= 0 else errno.errorcode[ctypes.get_errno()]
print(json.dumps(found))
"""


@needs_seccomp
@pytest.mark.parametrize("user", USERS)
def test_what_this_kernel_answers(user: int | None) -> None:
    child = run_child(TRY, json.dumps(REAL), user=user)
    assert child.returncode == 0, child.stderr
    column = 1 if platform.machine() == "x86_64" else 2
    assert json.loads(child.stdout) == {row[0]: row[4] for row in REAL if row[column] is not None}


@needs_seccomp
@pytest.mark.parametrize("read_only", [False, True])
def test_ordinary_python_works(read_only: bool) -> None:
    script = """
import asyncio, concurrent.futures, select, signal, socket, subprocess
lock(read_only=sys.argv[1] == "True")
done = []
thread = threading.Thread(target=done.append, args=("thread",)); thread.start(); thread.join()
with concurrent.futures.ThreadPoolExecutor(4) as pool:
    done += pool.map(str, range(3))
async def wait():
    await asyncio.sleep(0.001)
    return await asyncio.to_thread(lambda: (time.sleep(0.01), "to thread")[1])
done.append(asyncio.run(wait()))
reading, writing = os.pipe(); os.write(writing, b"pipe"); done.append(os.read(reading, 9).decode())
one, two = socket.socketpair(); one.send(b"pair"); done.append(two.recv(9).decode())
time.sleep(0.001); time.process_time(); time.thread_time(); time.clock_getres(time.CLOCK_MONOTONIC)
signal.signal(signal.SIGALRM, lambda *_: done.append("alarm")); signal.setitimer(signal.ITIMER_REAL, 0.01)
signal.pause() if hasattr(signal, "pause") else None
signal.signal(signal.SIGUSR1, lambda *_: done.append("raised")); signal.raise_signal(signal.SIGUSR1)
os.listdir("/usr"); os.stat("/"); os.getcwd(); os.path.realpath("/lib"); len(os.sched_getaffinity(0))
with open(__import__("json").__file__) as file: file.read()
import http.client, decimal
print(json.dumps(done))
"""
    child = run_child(script, str(read_only))
    assert child.returncode == 0, child.stderr
    assert json.loads(child.stdout) == ["thread", "0", "1", "2", "to thread", "pipe", "pair", "alarm", "raised"]


@needs_seccomp
@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("read_only", [False, True])
def test_files_are_not_written(read_only: bool, user: int | None) -> None:
    """Even as the files' owner: without Landlock no file at all, and with it none by a flag that it does not see."""
    script = """
folder, read_only = sys.argv[1:]
path = os.path.join(folder, "file")
lock(read_only=read_only == "True")
found = []
for flags in (os.O_RDONLY | os.O_TRUNC, 3, 3 | os.O_TRUNC, 3 | os.O_TMPFILE, os.O_WRONLY, os.O_RDWR | os.O_APPEND,
              os.O_RDWR | os.O_TMPFILE, os.O_RDONLY | os.O_CREAT):
    try:
        os.close(os.open(folder if flags & os.O_TMPFILE == os.O_TMPFILE else path, flags))
        found.append("opened")
    except OSError as error:
        found.append(errno.errorcode[error.errno])
try:
    os.truncate(path, 0)
except OSError as error:
    found.append(errno.errorcode[error.errno])
print(json.dumps(found))
"""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_text("content")
        for place in (folder, path):
            os.chown(place, os.geteuid() if user is None else user, -1)
        child = run_child(script, folder, str(read_only), user=user)
        assert child.returncode == 0, child.stderr
        assert path.read_text() == "content"
    written = ["EROFS"] * 4 if read_only else ["opened"] * 4
    refused = ["EROFS"] * 4 if read_only else ["EPERM"] * 4
    assert json.loads(child.stdout) == [*refused, *written, "EPERM"]


@needs_seccomp
@pytest.mark.skipif(platform.machine() != "x86_64", reason="only x86_64 has a second and a third set of numbers")
@pytest.mark.parametrize(
    "script",
    ["lock(); libc.syscall(ctypes.c_long(0x40000000 | 39)); os.write(1, b'alive')",
     # mov eax, 20 (getpid of i386); int 0x80; ret
     "import mmap\n"
     "code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)\n"
     "code.write(bytes.fromhex('b814000000cd80c3'))\n"
     "run = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))\n"
     "if run() != os.getpid(): sys.exit('no i386 calls')\n"
     "lock(); run(); os.write(1, b'alive')"],
    ids=["x32", "i386"],
)  # fmt: skip
def test_other_numberings_end_the_process(script: str) -> None:
    child = run_child(script)
    if child.returncode == -signal.SIGSEGV or "no i386 calls" in child.stderr:
        pytest.skip("this kernel has no calls of i386")
    assert child.returncode == -signal.SIGSYS, child.stderr
    assert child.stdout == ""


@needs_seccomp
def test_a_thread_that_breaks_the_rules_takes_the_whole_process_with_it() -> None:
    script = """
lock()
number = 0x40000000 if platform.machine() == "x86_64" else 0x7fffffff
threading.Thread(target=lambda: libc.syscall(ctypes.c_long(number))).start()
time.sleep(5)
print("alive")
"""
    child = run_child(script)
    assert (child.returncode, child.stdout) == (-signal.SIGSYS, "")


@needs_seccomp
def test_support_is_asked_of_the_kernel() -> None:
    """An outer filter refuses seccomp(2) as a kernel without it, or one that knows no filters or not how to kill."""
    script = """
import struct
number = seccomp.MACHINES[platform.machine()].seccomp
operation, code = json.loads(sys.argv[1])
assert seccomp.is_supported()
program = [(0x20, 0, 0, 0), (0x15, 0, 3, number), (0x20, 0, 0, 16), (0x15, 0, 1, operation), (6, 0, 0, 0x50000 | code),
           (6, 0, 0, 0x7fff0000)]
system.set_process(system.PR_SET_NO_NEW_PRIVS, 1)
seccomp.install(b"".join(struct.pack("HBBI", *row) for row in program))
print(seccomp.is_supported())
"""
    for operation, code in ((1, errno.EINVAL), (1, errno.EPERM), (2, errno.EOPNOTSUPP), (2, errno.EINVAL)):
        child = run_child(script, json.dumps([operation, code]))
        assert (child.stdout, child.stderr) == ("False\n", "")
    child = run_child(script, json.dumps([1, errno.EFAULT]))
    assert child.stdout == "True\n"
