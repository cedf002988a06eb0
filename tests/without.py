"""``python -m tests.without landlock,namespaces -- COMMAND``: run a command as on a machine that lacks something.

The kernel itself refuses, through a seccomp filter that the command and all that it starts inherit: this is how an old
kernel (no Landlock), an ordinary container (no namespaces), one without root's rights (no users) and a sandboxed one
(no filters) look from inside.
"""

from __future__ import annotations

import errno
import os
import struct
import sys

from grader.sandbox import seccomp, system

LOAD, RETURN, IF_EQUAL, IF_ANY_BIT = 0x20, 0x06, 0x15, 0x45
ALLOW, REFUSE = 0x7FFF0000, 0x00050000
NAMESPACE_FLAGS = 0x7E020000
CALLS = {
    "landlock": {444: errno.EOPNOTSUPP, 445: errno.EOPNOTSUPP, 446: errno.EOPNOTSUPP},
    "namespaces": {272: errno.EPERM, 308: errno.EPERM, 165: errno.EPERM, 435: errno.ENOSYS},  # unshare setns mount
    "seccomp": {317: errno.ENOSYS},
    "users": {117: errno.EPERM, 119: errno.EPERM, 116: errno.EPERM},  # setresuid setresgid setgroups
}
CLONE = 56


def build_filter(lacking: list[str]) -> bytes:
    """Return the BPF program that refuses what ``lacking`` names, on x86_64."""
    program: list[tuple[int, int, int, int]] = [(LOAD, 0, 0, 0)]
    for name in lacking:
        for number, code in CALLS[name].items():
            program += [(IF_EQUAL, 0, 1, number), (RETURN, 0, 0, REFUSE | code)]
    if "namespaces" in lacking:
        flags = [(LOAD, 0, 0, 16), (IF_ANY_BIT, 0, 1, NAMESPACE_FLAGS), (RETURN, 0, 0, REFUSE | errno.EPERM)]
        program += [(IF_EQUAL, 0, len(flags), CLONE), *flags]
    program.append((RETURN, 0, 0, ALLOW))
    return b"".join(struct.pack("HBBI", *instruction) for instruction in program)


def main() -> None:
    """Give up what the first argument names, and become the command."""
    lacking, separator, *command = sys.argv[1:]
    assert separator == "--"
    system.set_process(system.PR_SET_NO_NEW_PRIVS, 1)
    seccomp.install(build_filter(lacking.split(",")))
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
