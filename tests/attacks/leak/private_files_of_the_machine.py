"""Reads passwords, keys, histories and devices of the machine and of whoever runs the grader."""

import os

from known import attempt

BITES = True

home = os.environ.get("MPLCONFIGDIR", "/root/.cache").partition("/.cache")[0]
FOLDERS = (
    f"{home}/.ssh",
    f"{home}/.config",
    "/var/spool/cron/crontabs",
    "/lost+found",
    "/etc/ssl/private",
    "/proc/1/fd",
)
FILES = (
    "/etc/shadow", "/etc/gshadow", "/etc/sudoers", f"{home}/.ssh/id_rsa", f"{home}/.bash_history", f"{home}/.netrc",
    f"{home}/.gitconfig", "/root/.bash_history", "/proc/kcore", "/proc/kmsg", "/proc/1/environ",
    "/dev/mem", "/dev/kmsg", "/dev/sda", "/dev/vda", "/dev/tty", "/dev/tty1", "/dev/fuse", "/dev/kvm", "/dev/vsock",
    "/sys/kernel/debug/sched", "/run/docker.sock", "/sys/class/dmi/id/product_uuid",
)  # fmt: skip
for path in FOLDERS:
    with attempt(path):
        os.listdir(path)
for path in FILES:
    with attempt(path):
        os.read(os.open(path, os.O_RDONLY | os.O_NONBLOCK), 1)


def scale(values, factor):
    return values
