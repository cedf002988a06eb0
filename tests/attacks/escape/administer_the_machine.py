"""Does what an administrator does: clocks, names, modules, kernels, accounts, quotas and logs."""

import ctypes
import platform

from known import attempt, call

# Where root could do them, they would change nothing.
NUMBERS_OF_X86_64 = {
    "settimeofday": (164, None, None),
    "clock_settime": (227, 0, b"\xff" * 16),
    "clock_adjtime": (305, 0, ctypes.create_string_buffer(256)),
    "adjtimex": (159, ctypes.create_string_buffer(256)),
    "sethostname": (170, platform.node().encode(), -1),
    "setdomainname": (171, b"", -1),
    "reboot": (169, 0, 0, 0, None),
    "kexec_load": (246, 0, -1, None, 0),
    "init_module": (175, None, 0, b""),
    "finit_module": (313, 0, b"", 0),
    "delete_module": (176, b"left-behind", 0x800),
    "swapoff": (168, b"/left-behind"),
    "acct": (163, b"/left-behind"),
    "quotactl": (179, 0x80000700, b"/left-behind", 0, None),
    "syslog": (103, 10, None, 0),
    "sync": (162,),
    "syncfs": (306, 1),
    "sync_file_range": (277, 0, 0, 0, 0),
    "ioprio_get": (252, 1, 0),
    "mlockall": (151, 4),
    "set_mempolicy": (238, 0, None, 0),
    "sysctl": (156, None),
}
for name, (number, *arguments) in NUMBERS_OF_X86_64.items():
    with attempt(name):
        call(number, *arguments)
for path in ("/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/proc/sys/vm/drop_caches", "/sys/power/state"):
    with attempt(path):
        open(path, "w").close()


def scale(values, factor):
    return values
