"""Makes every system call that the filter does not name, on any machine."""

import ctypes
import errno
import platform

from grader.sandbox import seccomp
from known import breach

SAYS = "refused"

column = seccomp.MACHINES[platform.machine()].column
named = {numbers[column] for numbers in (seccomp.ALLOWED | seccomp.GUARDED | seccomp.ABSENT).values()}
# On x86_64: fork and vfork, which another attack has, and two of probes that no filter sees, and that end the process.
others = {57, 58, 335, 336}
libc = ctypes.CDLL(None, use_errno=True)
nothing = [ctypes.c_long(-1)] * 6

refused = 0
for number in {*range(1024)} - named - others:
    result = libc.syscall(ctypes.c_long(number), *nothing)
    if (result, ctypes.get_errno()) == (-1, errno.EPERM):
        refused += 1
    else:
        breach(f"system call {number} answers {result}")
for number in [numbers[column] for numbers in seccomp.ABSENT.values()]:
    if libc.syscall(ctypes.c_long(number), *nothing) != -1 or ctypes.get_errno() != errno.ENOSYS:
        breach(f"system call {number} is there")
print(f"{refused} refused")


def scale(values, factor):
    return values
