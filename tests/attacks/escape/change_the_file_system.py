"""Mounts, binds, clones and swaps file systems and roots to see what lies behind."""

from known import COURSE, attempt, call

BITES = True

HERE, NOWHERE = -100, b"/left-behind"
NUMBERS_OF_X86_64 = {
    "chroot": (161, b"/"),
    "mount": (165, b"none", NOWHERE, b"tmpfs", 0, None),
    "bind": (165, COURSE.encode(), NOWHERE, None, 4096, None),
    "remount": (165, None, NOWHERE, None, 32, None),
    "umount2": (166, NOWHERE, 2),
    "pivot_root": (155, NOWHERE, NOWHERE),
    "open_tree": (428, HERE, b"/", 0),
    "open_tree cloned": (428, HERE, b"/", 1),
    "open_tree of the course": (428, HERE, COURSE.encode(), 0),
    "fsopen": (430, b"tmpfs", 0),
    "fspick": (433, HERE, b"/", 0),
    "move_mount": (429, HERE, b"/", HERE, NOWHERE, 0),
    "mount_setattr": (442, HERE, NOWHERE, 0, bytes(32), 32),
    "statmount": (457, bytes(32), bytes(512), 512, 0),
    "swapon": (167, NOWHERE, 0),
    "mknod": (133, b"/left-behind/disk", 0o60666, 0x0800),
    "ustat": (136, 0xFE00, bytes(64)),
    "sysfs": (139, 3),
}
for name, (number, *arguments) in NUMBERS_OF_X86_64.items():
    with attempt(name):
        call(number, *arguments)


def scale(values, factor):
    return values
