"""Unpacks small data into gigabytes: zlib, JSON, formats."""

import json
import zlib

SECONDS = 15
EXPECT = {"failed", "timed_out"}
SAYS = ""

from known import attempt

packed = zlib.compress(bytes(100 << 20), 9)
with attempt("zlib"):
    [zlib.decompress(packed) for _ in range(1)] and [zlib.decompress(packed, bufsize=1 << 32) for _ in range(50)] and None
    kept = [bytearray(zlib.decompress(packed)) for _ in range(50)]
with attempt("format"):
    "{:>9999999999}".format(1)
with attempt("JSON"):
    json.loads("[" * 200_000)


def scale(values, factor):
    return values
