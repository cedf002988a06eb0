"""Opens parts of the kernel that could do forbidden calls for it, or have a bad record: io_uring, bpf and the like."""

import ctypes

from known import attempt, call

BITES = True
QUICK = True

zeros = bytes(512)
NUMBERS_OF_X86_64 = {
    "io_uring_setup": (425, 1, ctypes.create_string_buffer(120)),
    "io_uring_enter": (426, 3, 0, 0, 0, None, 0),
    "io_uring_register": (427, -1, 13, zeros, 0),
    "bpf": (321, 0, b"\2\0\0\0\4\0\0\0\4\0\0\0\1" + zeros, 72),
    "userfaultfd": (323, 1),
    "perf_event_open": (298, b"\1\0\0\0\200\0\0\0" + zeros, 0, -1, -1, 0),
    "add_key": (248, b"user", b"left-behind", b"words", 5, -1),
    "keyctl": (250, 0, -3, 1),
    "request_key": (249, b"user", b"left-behind", None, 0),
    "fanotify_init": (300, 0x200, 0),
    "inotify_init1": (294, 0),
    "signalfd4": (289, -1, zeros, 8, 0),
    "timerfd_create": (283, 1, 0),
    "memfd_create": (319, b"left-behind", 0),
    "memfd_secret": (447, 0),
    "pkey_alloc": (330, 0, 0),
    "remap_file_pages": (216, 0, 0, 0, 0, 0),
    "io_setup": (206, 1, ctypes.create_string_buffer(8)),
    "vmsplice": (278, 1, None, 0, 0),
    "splice": (275, 0, None, 1, None, 1, 1),
    "tee": (276, 0, 1, 1, 1),
    "sendfile": (40, 1, 0, None, 1),
    "copy_file_range": (326, 0, None, 1, None, 1, 0),
    "name_to_handle_at": (303, -100, b"/", b"\200\0\0\0" + zeros, zeros, 0),
    "open_by_handle_at": (304, -100, zeros, 0),
    "mbind": (237, 0, 0, 0, None, 0, 0),
    "set_mempolicy": (238, 0, None, 0),
    "futex_waitv": (449, None, 0, 0, None, 0),
    "process_mrelease": (448, 3, 0),
    "landlock_create_ruleset": (444, None, 0, 1),
    "seccomp_notify": (317, 1, 8, b"\1" + zeros),
    "personality": (135, 0x40000),
    "modify_ldt": (154, 0, ctypes.create_string_buffer(512), 512),
    "lsm_list_modules": (461, zeros, zeros, 0),
    "map_shadow_stack": (453, 0, 4096, 0),
}
for name, (number, *arguments) in NUMBERS_OF_X86_64.items():
    with attempt(name):
        call(number, *arguments)


def scale(values, factor):
    return values
