"""seccomp: which system calls a worker may make. An allow-list; the rest answer EPERM. See seccomp(2).

The filter is classic BPF over ``struct seccomp_data``: the call's number at offset 0, the architecture at 4, the
arguments from 16 on, 8 bytes each.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
from collections.abc import Sequence

from grader.sandbox import system

SECCOMP = {"x86_64": 317}
AUDIT_ARCH = {"x86_64": 0xC000003E}

# Calls that are allowed whatever their arguments, the frequent ones first: the filter is read from the top.
ALLOWED = {
    "x86_64": {
        "futex": 202, "read": 0, "write": 1, "mmap": 9, "munmap": 11, "madvise": 28, "brk": 12, "newfstatat": 262,
        "close": 3, "mprotect": 10, "clock_gettime": 228, "poll": 7, "readv": 19, "writev": 20, "stat": 4, "fstat": 5,
        "lstat": 6, "lseek": 8, "rt_sigaction": 13, "rt_sigprocmask": 14, "rt_sigreturn": 15, "pread64": 17,
        "pwrite64": 18, "access": 21, "pipe": 22, "select": 23, "sched_yield": 24, "mremap": 25, "msync": 26,
        "mincore": 27, "dup": 32, "dup2": 33, "pause": 34, "nanosleep": 35, "getitimer": 36, "alarm": 37,
        "setitimer": 38, "getpid": 39, "sendfile": 40, "socketpair": 53, "exit": 60, "uname": 63, "flock": 73,
        "fsync": 74, "fdatasync": 75, "ftruncate": 77, "getdents": 78, "getcwd": 79, "chdir": 80, "fchdir": 81,
        "rename": 82, "mkdir": 83, "rmdir": 84, "unlink": 87, "readlink": 89, "umask": 95, "gettimeofday": 96,
        "getrlimit": 97, "getrusage": 98, "sysinfo": 99, "times": 100, "getuid": 102, "getgid": 104, "geteuid": 107,
        "getegid": 108, "getppid": 110, "getpgrp": 111, "getgroups": 115, "getresuid": 118, "getresgid": 120,
        "getpgid": 121, "getsid": 124, "rt_sigpending": 127, "rt_sigtimedwait": 128, "rt_sigsuspend": 130,
        "sigaltstack": 131, "statfs": 137, "fstatfs": 138, "sched_getparam": 143, "sched_getscheduler": 145,
        "sched_get_priority_max": 146, "sched_get_priority_min": 147, "arch_prctl": 158, "gettid": 186,
        "readahead": 187, "time": 201, "sched_getaffinity": 204, "getdents64": 217, "set_tid_address": 218,
        "restart_syscall": 219, "fadvise64": 221, "clock_getres": 229, "clock_nanosleep": 230, "exit_group": 231,
        "epoll_wait": 232, "epoll_ctl": 233, "get_mempolicy": 239, "mkdirat": 258, "unlinkat": 263, "renameat": 264,
        "readlinkat": 267, "faccessat": 269, "pselect6": 270, "ppoll": 271, "set_robust_list": 273,
        "get_robust_list": 274, "epoll_pwait": 281, "eventfd2": 290, "epoll_create1": 291, "dup3": 292, "pipe2": 293,
        "getcpu": 309, "renameat2": 316, "getrandom": 318, "membarrier": 324, "copy_file_range": 326, "statx": 332,
        "rseq": 334, "close_range": 436, "faccessat2": 439,
    },
}  # fmt: skip
# Calls that are allowed with some arguments only.
GUARDED = {
    "x86_64": {
        "open": 2, "ioctl": 16, "clone": 56, "kill": 62, "fcntl": 72, "prctl": 157, "tgkill": 234, "openat": 257,
        "prlimit64": 302, "clone3": 435, "openat2": 437,
    },
}  # fmt: skip

LOAD, RETURN = 0x20, 0x06
IF_EQUAL, IF_AT_LEAST, IF_ANY_BIT = 0x15, 0x35, 0x45
ALLOW, KILL_PROCESS, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000

Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, operand

CLONE_THREAD = 0x10000
CLONE_NEW_ANY = 0x7E020080  # every namespace flag
O_TRUNC, O_ACCMODE = 0o1000, 0o3
F_SETFL, F_SETOWN, F_SETSIG, F_SETOWN_EX, O_ASYNC = 4, 8, 10, 15, 0o20000
IOCTLS = (0x5401, 0x541B, 0x5413, 0x5421, 0x5451, 0x5450)  # TCGETS FIONREAD TIOCGWINSZ FIONBIO FIOCLEX FIONCLEX
PRCTLS = (15, 16, 0x53564D41)  # PR_SET_NAME PR_GET_NAME PR_SET_VMA


def is_supported() -> bool:
    """Is there a filter for this machine's architecture?"""
    return platform.machine() in SECCOMP


def build_filter(pid: int, *, read_only: bool = False) -> bytes:
    """Return the BPF program for a worker whose process id is ``pid``: it may send signals to itself only."""
    machine = platform.machine()
    program: list[Instruction] = [
        (LOAD, 0, 0, 4),
        (IF_EQUAL, 1, 0, AUDIT_ARCH[machine]),
        _answer(KILL_PROCESS),
        (LOAD, 0, 0, 0),
        (IF_AT_LEAST, 0, 1, 0x40000000),  # the x32 calls of x86_64
        _answer(KILL_PROCESS),
    ]
    for number in ALLOWED[machine].values():
        program += [(IF_EQUAL, 0, 1, number), _answer(ALLOW)]
    for name, number in GUARDED[machine].items():
        body = _guard(name, pid)
        program += [(IF_EQUAL, 0, len(body), number), *body]
    program.append(_refuse(errno.EPERM))
    return b"".join(struct.pack("HBBI", *instruction) for instruction in program)


def install(program: bytes) -> None:
    """Apply a filter to the calling thread, for good. Needs ``no_new_privs`` and a process with one thread."""

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))

    buffer = ctypes.create_string_buffer(program, len(program))
    pointer = Program(len(program) // 8, ctypes.cast(buffer, ctypes.c_void_p))
    system.call(SECCOMP[platform.machine()], ctypes.c_uint(1), ctypes.c_uint(0), ctypes.byref(pointer))


def _answer(action: int) -> Instruction:
    return (RETURN, 0, 0, action)


def _refuse(code: int) -> Instruction:
    return _answer(ERRNO | code)


def _argument(index: int, high: bool = False) -> Instruction:
    return (LOAD, 0, 0, 16 + 8 * index + 4 * high)


def _only(index: int, values: Sequence[int], code: int) -> list[Instruction]:
    """Allow the call if argument ``index`` is one of ``values``."""
    tests: list[Instruction] = [(IF_EQUAL, len(values) - position, 0, value) for position, value in enumerate(values)]
    return [_argument(index), *tests, _refuse(code), _answer(ALLOW)]


def _guard(name: str, pid: int) -> list[Instruction]:
    """Return the rules of one guarded call; jumps count the instructions to skip."""
    ok, no = _answer(ALLOW), _refuse(errno.EPERM)
    if name in ("open", "openat"):
        # Before Landlock ABI 3, O_TRUNC with read access could empty a file that is only readable.
        flags = _argument(1 if name == "open" else 2)
        return [flags, (IF_ANY_BIT, 0, 1, O_TRUNC), (IF_ANY_BIT, 0, 1, O_ACCMODE), ok, no]
    if name == "fcntl":
        # A signal on input-output could be aimed at another process: it would pass the filter of kill().
        owners: list[Instruction] = [
            (IF_EQUAL, 5, 0, F_SETOWN),
            (IF_EQUAL, 4, 0, F_SETSIG),
            (IF_EQUAL, 3, 0, F_SETOWN_EX),
        ]
        return [_argument(1), *owners, (IF_EQUAL, 0, 3, F_SETFL), _argument(2), (IF_ANY_BIT, 0, 1, O_ASYNC), no, ok]
    if name == "clone":  # threads yes, processes and namespaces no
        return [_argument(0), (IF_ANY_BIT, 0, 2, CLONE_THREAD), (IF_ANY_BIT, 1, 0, CLONE_NEW_ANY), ok, no]
    if name == "prlimit64":  # reading only: the new limit is a null pointer
        return [_argument(2), (IF_EQUAL, 0, 3, 0), _argument(2, high=True), (IF_EQUAL, 0, 1, 0), ok, no]
    if name in ("clone3", "openat2"):  # their arguments are in memory, where a filter cannot look
        return [_refuse(errno.ENOSYS)]
    if name == "ioctl":
        return _only(1, IOCTLS, errno.ENOTTY)
    if name == "prctl":
        return _only(0, PRCTLS, errno.EPERM)
    return _only(0, (pid,), errno.EPERM)  # kill, tgkill
