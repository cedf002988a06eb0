"""Opens sockets of every family, looks up names, and calls out to this machine and to the cloud's metadata."""

import asyncio
import os
import socket
import urllib.request

from known import attempt

BITES = True
QUICK = True

FAMILIES = range(46)  # unix, inet, inet6, netlink, packet, rds, can, tipc, bluetooth, alg, vsock, xdp and the rest
for family in FAMILIES:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
        with attempt(f"socket {family} {kind}"):
            socket.socket(family, kind).close()
for family in FAMILIES[2:]:
    with attempt(f"pair of sockets {family}"):
        socket.socketpair(family, socket.SOCK_STREAM)
for call in (
    lambda: socket.create_server(("127.0.0.1", 0)),
    lambda: socket.create_connection(("127.0.0.1", 9), 0.1),
    lambda: urllib.request.urlopen("http://169.254.169.254/latest/meta-data/", timeout=0.1),
    lambda: asyncio.run(asyncio.open_unix_connection("/run/docker.sock")),
    lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)[0].sendto(b"", "/run/systemd/notify"),
    lambda: socket.send_fds(socket.socketpair()[0], [b"x"], [0]),
    lambda: socket.socket(fileno=os.dup(3)).getsockopt(socket.SOL_SOCKET, 17, 12),  # whose process is at the other end
    lambda: socket.if_nameindex()[0],
):
    with attempt("called out"):
        call()


def scale(values, factor):
    return values
