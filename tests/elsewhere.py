"""Python as other systems have it, on this one: what macOS or Windows lack is taken away from every process.

The names of the system stay (``sys.platform``, ``os.name``), since Python's own library and torch go by them. What is
called by its number, or by C code, is there as before.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

# What neither has.
_LACKED = """
    import os, select, signal, socket, subprocess, sys

    def take_away(module, *names):
        for name in names:
            if hasattr(module, name):
                delattr(module, name)

    take_away(os, "pipe2", "memfd_create", "pidfd_open", "sched_getaffinity", "sched_setaffinity", "setns", "unshare")
    take_away(os, "posix_fadvise", "posix_fallocate", "eventfd", "splice", "copy_file_range", "O_TMPFILE", "O_PATH")
    take_away(select, "epoll")
    take_away(signal, "pidfd_send_signal", "sigtimedwait", "sigwaitinfo")

    def refuse(*arguments, **keywords):
        raise OSError(45, "not supported here")
"""

_MACOS = """
    make_socket = socket.socket.__init__

    def make(self, family=-1, type=-1, *others, **more):
        if type == socket.SOCK_SEQPACKET:
            raise OSError(43, "Protocol not supported")
        make_socket(self, family, type, *others, **more)

    socket.socket.__init__ = make
    os.fork = refuse  # there is one, and it is not safe after torch is imported
"""

_WINDOWS = """
    for name in ("resource", "fcntl", "termios", "pwd", "grp", "pty", "tty", "readline", "curses", "syslog"):
        sys.modules[name] = None
    ending = signal.SIGKILL
    take_away(signal, "SIGKILL", "SIGBUS", "SIGXCPU", "SIGPIPE", "SIGHUP", "SIGALRM", "SIGUSR1", "SIGCHLD", "SIGQUIT")
    take_away(signal, "alarm", "setitimer", "pthread_sigmask", "set_wakeup_fd", "pthread_kill")
    subprocess.Popen.kill = lambda self: self.send_signal(ending)

    take_away(socket, "AF_UNIX", "send_fds", "recv_fds", "MSG_DONTWAIT", "SOCK_SEQPACKET", "SOCK_CLOEXEC", "CMSG_LEN")
    for name in ("sendmsg", "recvmsg", "recvmsg_into"):
        setattr(socket.socket, name, property(refuse))

    take_away(select, "poll", "POLLIN", "POLLOUT", "POLLERR", "POLLHUP", "POLLNVAL", "POLLPRI")
    wait = select.select

    def wait_for_sockets(*lists):
        import stat

        for one in [one for some in lists[:3] for one in some]:
            number = one if isinstance(one, int) else one.fileno()
            if not stat.S_ISSOCK(os.fstat(number).st_mode):
                raise OSError(10038, "an operation was attempted on something that is not a socket")
        return wait(*lists)

    select.select = wait_for_sockets

    take_away(os, "fork", "forkpty", "wait", "wait3", "wait4", "waitid", "setsid", "killpg", "getpgid", "setpgid")
    take_away(os, "readv", "writev", "preadv", "pwritev", "pread", "pwrite", "sendfile", "mkfifo", "mknod", "sync")
    take_away(os, "set_blocking", "get_blocking", "getloadavg", "sysconf", "nice", "openpty", "posix_spawn")
    take_away(os, "O_NOFOLLOW", "O_DIRECTORY", "O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_SYNC", "O_DSYNC", "O_NDELAY")
    os.O_BINARY = 0
    os.supports_dir_fd = os.supports_fd = set()
    os.supports_follow_symlinks = {os.stat}
    open_file, list_folder, sync = os.open, os.scandir, os.fsync

    def open_no_folder(path, flags, mode=0o777, *, dir_fd=None):
        import stat

        if dir_fd is not None:
            raise NotImplementedError("dir_fd unavailable on this platform")
        descriptor = open_file(path, flags, mode)
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return descriptor

    def list_path(path="."):
        if isinstance(path, int):
            raise TypeError("scandir: path should be string, bytes, os.PathLike or None, not int")
        return list_folder(path)

    os.open, os.scandir = open_no_folder, list_path

    move, remove = os.replace, os.unlink

    def refuse_open(path):
        \"\"\"Files that this process has open cannot be renamed, replaced or removed.\"\"\"
        try:
            wanted = os.lstat(path)
        except OSError:
            return
        for number in os.listdir("/proc/self/fd"):
            try:
                held = os.fstat(int(number))
            except OSError:
                continue
            if (held.st_dev, held.st_ino) == (wanted.st_dev, wanted.st_ino):
                raise PermissionError(13, "used by another process", os.fspath(path))

    def replace(source, target, **others):
        refuse_open(source)
        refuse_open(target)
        move(source, target, **others)

    def unlink(path, **others):
        refuse_open(path)
        remove(path, **others)

    os.replace = os.rename = replace
    os.unlink = os.remove = unlink

    try:
        import platformdirs.unix  # it goes by the system's name, and wants the next
    except ImportError:
        pass
    take_away(os, "getuid", "geteuid", "getgid", "getegid", "setuid", "setgid", "getgroups", "chown", "fchown")
    take_away(os, "fchmod")
"""

SYSTEMS: Mapping[str, str] = {"macos": _MACOS, "windows": _WINDOWS}


def be(system: str, folder: Path) -> Mapping[str, str]:
    """Return the environment in which Python lacks what it lacks on a system; a folder holds what takes it away."""
    folder.mkdir(parents=True)
    (folder / "sitecustomize.py").write_text(dedent(_LACKED) + dedent(SYSTEMS[system]), encoding="utf-8")
    return {"PYTHONPATH": str(folder)}
