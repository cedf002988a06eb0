"""seccomp: which system calls a worker may make. An allow-list; the rest answer EPERM. See seccomp(2).

The filter is classic BPF over ``struct seccomp_data``: the call's number at offset 0, the architecture at 4, the
arguments from 16 on, 8 bytes each, the low half first. Where the kernel takes an ``int`` it reads the low half only,
and so do the rules here; of a pointer and of clone's flags, which are 64 bits wide, both halves are looked at.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import platform
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from grader.sandbox import system


@dataclass(frozen=True, slots=True)
class Machine:
    """A processor architecture: its audit number, its number of ``seccomp``, and its column in the tables below."""

    audit: int
    seccomp: int
    column: int


MACHINES = {"x86_64": Machine(0xC000003E, 317, 0), "aarch64": Machine(0xC00000B7, 277, 1)}
MACHINES["arm64"] = MACHINES["aarch64"]

Numbers = tuple[int | None, int | None]  # of a call on x86_64 and on aarch64, None where it does not exist

# Calls that are allowed whatever their arguments, the frequent ones first: an older kernel reads the filter from the
# top every time. Nothing here writes, syncs, locks or evicts files, nor looks into or signals another process.
ALLOWED: dict[str, Numbers] = {
    "read": (0, 63), "write": (1, 64), "mmap": (9, 222), "munmap": (11, 215), "brk": (12, 214),
    "newfstatat": (262, 79), "close": (3, 57), "fstat": (5, 80), "lseek": (8, 62), "mprotect": (10, 226),
    "poll": (7, None), "ppoll": (271, 73), "readv": (19, 65), "writev": (20, 66), "stat": (4, None),
    "lstat": (6, None), "statx": (332, 291), "getdents64": (217, 61), "pread64": (17, 67),
    # Files and descriptors
    "access": (21, None), "faccessat": (269, 48), "faccessat2": (439, 439), "readlink": (89, None),
    "readlinkat": (267, 78), "getcwd": (79, 17), "chdir": (80, 49), "fchdir": (81, 50), "statfs": (137, 43),
    "fstatfs": (138, 44), "umask": (95, 166), "dup": (32, 23), "dup2": (33, None), "dup3": (292, 24),
    "close_range": (436, 436), "pipe": (22, None), "pipe2": (293, 59), "eventfd2": (290, 19), "select": (23, None),
    "pselect6": (270, 72), "epoll_create1": (291, 20), "epoll_ctl": (233, 21), "epoll_wait": (232, None),
    "epoll_pwait": (281, 22),
    # Memory, threads and signals
    "mremap": (25, 216), "get_mempolicy": (239, 236), "arch_prctl": (158, None), "set_robust_list": (273, 99),
    "rseq": (334, 293), "gettid": (186, 178), "sched_yield": (24, 124), "sched_getaffinity": (204, 123),
    "sched_getparam": (143, 121), "sched_getscheduler": (145, 120), "sched_get_priority_max": (146, 125),
    "sched_get_priority_min": (147, 126), "getcpu": (309, 168), "rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139), "rt_sigpending": (127, 136), "rt_sigtimedwait": (128, 137), "rt_sigsuspend": (130, 133),
    "sigaltstack": (131, 132), "pause": (34, None), "restart_syscall": (219, 128), "exit": (60, 93),
    "exit_group": (231, 94),
    # Time, and what a process may know of itself
    "gettimeofday": (96, 169), "time": (201, None), "times": (100, 153), "nanosleep": (35, 101), "alarm": (37, None),
    "getitimer": (36, 102), "setitimer": (38, 103), "getrandom": (318, 278), "getpid": (39, 172), "getppid": (110, 173),
    "getuid": (102, 174), "geteuid": (107, 175), "getgid": (104, 176), "getegid": (108, 177), "getgroups": (115, 158),
    "getresuid": (118, 148), "getresgid": (120, 150), "getrlimit": (97, 163), "getrusage": (98, 165),
    "sysinfo": (99, 179), "uname": (63, 160),
}  # fmt: skip
# Calls that are allowed with some arguments only: see _build_rules.
GUARDED: dict[str, Numbers] = {
    "futex": (202, 98), "madvise": (28, 233), "ioctl": (16, 29), "openat": (257, 56), "open": (2, None),
    "fcntl": (72, 25), "clock_gettime": (228, 113), "clock_getres": (229, 114), "clock_nanosleep": (230, 115),
    "clone": (56, 220), "prctl": (157, 167), "prlimit64": (302, 261), "socketpair": (53, 199), "sendto": (44, 206),
    "recvfrom": (45, 207), "kill": (62, 129), "tgkill": (234, 131),
}  # fmt: skip
# Calls answered as by a kernel that lacks them, so that libraries take the older ones: their arguments are in memory,
# where a filter cannot look.
ABSENT: dict[str, Numbers] = {"clone3": (435, 435), "openat2": (437, 437)}

LOAD, AND, RETURN = 0x20, 0x54, 0x06
IF_EQUAL, IF_AT_LEAST, IF_ANY_BIT = 0x15, 0x35, 0x45
ALLOW, KILL_PROCESS, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
SET_MODE_FILTER, GET_ACTION_AVAIL = 1, 2

Instruction = tuple[int, int, int, int]  # code, how many to skip if true, how many if false, operand

WORD = 0xFFFFFFFF
X32 = 0x40000000  # this bit makes a call one of x86_64's second set of numbers; no other machine's are as high
O_ACCMODE, O_CREAT, O_TRUNC, TMPFILE = 0o3, 0o100, 0o1000, 0o20000000  # the same on both machines
F_SETFL, O_ASYNC = 4, 0o20000
FCNTLS = (0, 1, 2, 3, F_SETFL, 1030, 1032)  # F_DUPFD GETFD SETFD GETFL SETFL DUPFD_CLOEXEC GETPIPE_SZ
IOCTLS = (0x5401, 0x541B, 0x5413, 0x5421, 0x5451, 0x5450)  # TCGETS FIONREAD TIOCGWINSZ FIONBIO FIOCLEX FIONCLEX
PRCTLS = (15, 16, 0x53564D41, 51)  # PR_SET_NAME GET_NAME SET_VMA SVE_GET_VL, which oneDNN asks on aarch64
FUTEXES = (0, 1, 3, 4, 5, 9, 10)  # FUTEX_WAIT WAKE REQUEUE CMP_REQUEUE WAKE_OP WAIT_BITSET WAKE_BITSET
FUTEX_FLAGS = 0x180  # FUTEX_PRIVATE_FLAG FUTEX_CLOCK_REALTIME
# VM FS FILES SIGHAND THREAD SYSVSEM: a thread shares all of it, its process's descriptors above all, which are limited
SHARED = (0x100, 0x200, 0x400, 0x800, 0x10000, 0x40000)
# and may have SETTLS PARENT_SETTID CHILD_CLEARTID DETACHED.
THREAD_FLAGS = sum(SHARED) | 0x80000 | 0x100000 | 0x200000 | 0x400000
AF_UNIX = 1
MADV_MERGEABLE, FIRST_HARMFUL_ADVICE = 12, 100  # 100 is MADV_HWPOISON
NEGATIVE = 0x80000000
ANY_PID = 0x5EC0C0DE  # no process has it, and nothing else in a filter these four bytes


def is_supported() -> bool:
    """Is there a filter for this machine's architecture, and does the kernel know how to apply it?"""
    machine = MACHINES.get(platform.machine())
    if machine is None:
        return False
    try:
        action = ctypes.byref(ctypes.c_uint32(KILL_PROCESS))
        system.call(machine.seccomp, ctypes.c_uint(GET_ACTION_AVAIL), ctypes.c_uint(0), action)
    except OSError:
        return False
    try:
        system.call(machine.seccomp, ctypes.c_uint(SET_MODE_FILTER), ctypes.c_uint(0), None)
    except OSError as error:
        return error.errno == errno.EFAULT  # it wanted to read the filter, which is not there
    return False


def build_filter(pid: int, *, read_only: bool = False, machine: str | None = None) -> bytes:
    """Return the BPF program for a worker whose process id is ``pid``: it may send signals to itself only.

    With ``read_only`` it may open files for reading only, whatever they are: for where Landlock does not say which.

    Raises:
        NotImplementedError: the system calls of this machine are not known here.
    """
    program = _compile(read_only, machine or platform.machine())
    return program.replace(struct.pack("I", ANY_PID), struct.pack("I", pid))


@functools.cache
def _compile(read_only: bool, machine: str) -> bytes:
    """Return the program with ``ANY_PID`` where the worker's process id belongs: workers inherit it built."""
    if machine not in MACHINES:
        raise NotImplementedError(f"no seccomp filter for {machine!r}; there is one for {', '.join(MACHINES)}")
    program: list[Instruction] = [
        (LOAD, 0, 0, 4),
        (IF_EQUAL, 1, 0, MACHINES[machine].audit),
        _answer(KILL_PROCESS),
        (LOAD, 0, 0, 0),
        (IF_AT_LEAST, 0, 1, X32),
        _answer(KILL_PROCESS),
    ]
    rules = _build_rules(ANY_PID, read_only)
    bodies = {name: [*rules[name], _answer(ALLOW)] for name in GUARDED}
    bodies |= {name: [_answer(ALLOW)] for name in ALLOWED}
    bodies |= {name: [_refuse(errno.ENOSYS)] for name in ABSENT}
    calls = GUARDED | ALLOWED | ABSENT
    for name, body in bodies.items():
        number = calls[name][MACHINES[machine].column]
        if number is not None:
            program += [(IF_EQUAL, 0, len(body), number), *body]
    program.append(_refuse(errno.EPERM))
    return b"".join(struct.pack("HBBI", *instruction) for instruction in program)


def install(program: bytes) -> None:
    """Apply a filter to the calling thread, for good. Needs ``no_new_privs`` and a process with one thread."""

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))

    buffer = ctypes.create_string_buffer(program, len(program))
    pointer = Program(len(program) // 8, ctypes.cast(buffer, ctypes.c_void_p))
    number = MACHINES[platform.machine()].seccomp
    system.call(number, ctypes.c_uint(SET_MODE_FILTER), ctypes.c_uint(0), ctypes.byref(pointer))


def _build_rules(pid: int, read_only: bool) -> dict[str, list[Instruction]]:
    """Return for each guarded call the checks that it must pass; each refuses, or goes on to what follows it."""
    # A negative clock is a device, or the processor time of any process on the machine.
    clock = _below(0, NEGATIVE)
    # As asyncio wakes its loop: no address, and no flags, for MSG_OOB is a part of the kernel with a bad record.
    send = [*_only(3, (0,)), *_null(4)]
    shared = [step for flag in SHARED for step in _with(0, flag)]
    return {
        # The others lend priority to whichever thread they name. Libraries know ENOSYS of machines without them.
        "futex": _only(1, FUTEXES, errno.ENOSYS, mask=WORD ^ FUTEX_FLAGS),
        # Whether memory was merged, which takes time to undo, tells what other memory holds.
        "madvise": [*_below(2, FIRST_HARMFUL_ADVICE), *_not(2, MADV_MERGEABLE)],
        "ioctl": _only(1, IOCTLS, errno.ENOTTY),
        "openat": _open(2, read_only),
        "open": _open(1, read_only),
        # What is left out aims signals at any process, or locks, leases and watches files.
        "fcntl": [*_only(1, FCNTLS), _load(1), (IF_EQUAL, 0, 3, F_SETFL), *_without(2, O_ASYNC)],
        "clock_gettime": clock,
        "clock_getres": clock,
        "clock_nanosleep": clock,
        # Threads yes, processes and namespaces no. Some kernels act on the high half.
        "clone": [*shared, *_without(0, WORD ^ THREAD_FLAGS), *_only(0, (0,), high=True)],
        "prctl": _only(0, PRCTLS),
        "prlimit64": [*_only(0, (0, pid)), *_null(2)],  # reading only: there is no new limit
        "socketpair": _only(0, (AF_UNIX,)),
        "sendto": send,
        "recvfrom": _only(3, (0,)),
        "kill": _only(0, (pid,)),
        "tgkill": _only(0, (pid,)),
    }


def _open(index: int, read_only: bool) -> list[Instruction]:
    """Check the flags of ``open``, which are argument ``index``."""
    if read_only:
        return _without(index, O_ACCMODE | O_CREAT | O_TRUNC | TMPFILE, errno.EROFS)
    # Access mode 3 is neither reading nor writing: Landlock lets it open every file, and before ABI 3 also empty it.
    # O_TRUNC with reading empties a file that is only readable, also before ABI 3.
    writes: Instruction = (IF_ANY_BIT, 1, 0, O_ACCMODE)
    truncate = [_load(index), (IF_ANY_BIT, 0, 2, O_TRUNC), writes, _refuse(errno.EPERM)]
    return [*_not(index, O_ACCMODE, mask=O_ACCMODE), *truncate]


def _answer(action: int) -> Instruction:
    return (RETURN, 0, 0, action)


def _refuse(code: int) -> Instruction:
    return _answer(ERRNO | code)


def _load(index: int, high: bool = False) -> Instruction:
    return (LOAD, 0, 0, 16 + 8 * index + 4 * high)


def _only(
    index: int, values: Sequence[int], code: int = errno.EPERM, *, mask: int = WORD, high: bool = False
) -> list[Instruction]:
    """Go on if argument ``index``, as far as ``mask`` covers it, is one of ``values``."""
    tests: list[Instruction] = [(IF_EQUAL, len(values) - position, 0, value) for position, value in enumerate(values)]
    return [_load(index, high), (AND, 0, 0, mask), *tests, _refuse(code)]


def _not(index: int, value: int, *, mask: int = WORD) -> list[Instruction]:
    return [_load(index), (AND, 0, 0, mask), (IF_EQUAL, 0, 1, value), _refuse(errno.EPERM)]


def _null(index: int) -> list[Instruction]:
    return [*_only(index, (0,)), *_only(index, (0,), high=True)]


def _below(index: int, limit: int) -> list[Instruction]:
    return [_load(index), (IF_AT_LEAST, 0, 1, limit), _refuse(errno.EPERM)]


def _with(index: int, bits: int) -> list[Instruction]:
    return [_load(index), (IF_ANY_BIT, 1, 0, bits), _refuse(errno.EPERM)]


def _without(index: int, bits: int, code: int = errno.EPERM) -> list[Instruction]:
    return [_load(index), (IF_ANY_BIT, 0, 1, bits), _refuse(code)]
