"""Reads hidden checks, solutions and mistakes with every reader that Python, numpy and torch bring."""

import ctypes
import importlib.machinery
import io
import linecache
import mmap
import os
import runpy
import tokenize
import zipimport
from pathlib import Path

import numpy as np
import torch
from known import HIDDEN, MISTAKE, SOLUTION, attempt

BITES = True

libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p


def must(found):
    if not found:
        raise OSError("nothing there")


READERS = (
    io.FileIO,
    Path.read_bytes,
    tokenize.open,
    runpy.run_path,
    zipimport.zipimporter,
    torch.load,
    lambda path: must(linecache.getlines(str(path))),
    lambda path: must(libc.fopen(os.fsencode(path), b"r")),
    lambda path: importlib.machinery.SourceFileLoader("taken", str(path)).get_data(str(path)),
    lambda path: mmap.mmap(os.open(path, os.O_RDONLY), 0, prot=mmap.PROT_READ),
    lambda path: np.fromfile(path, np.uint8),
    lambda path: np.memmap(path, np.uint8, "r"),
    lambda path: torch.from_file(str(path), False, 8, dtype=torch.uint8),
    lambda path: os.posix_fadvise(os.open(path, os.O_RDONLY | os.O_NOATIME), 0, 0, os.POSIX_FADV_WILLNEED),
    lambda path: ctypes.CDLL(str(path)),
)
for file in (HIDDEN, SOLUTION, MISTAKE):
    for read in READERS:
        with attempt(f"{read} of {file}"):
            read(Path(file))


def scale(values, factor):
    return values
