"""Looks into the environment, the arguments and the folders of its process for what they tell of the grader."""

import ctypes
import os
import sys

from known import COURSE, GRADEBOOK, breach

SAYS = "looked"
NAMES = """PATH LANG LC_CTYPE PWD PYTHONHASHSEED PYTHONDONTWRITEBYTECODE PYTHONPATH LD_LIBRARY_PATH OMP_NUM_THREADS
OPENBLAS_NUM_THREADS MKL_NUM_THREADS OPENBLAS_CORETYPE OPENBLAS_L2_SIZE OPENBLAS_MAIN_FREE MALLOC_ARENA_MAX MPLBACKEND
MPLCONFIGDIR TORCHINDUCTOR_CACHE_DIR KMP_INIT_AT_FORK KMP_DUPLICATE_LIB_OK""".split()

block = ctypes.POINTER(ctypes.c_char_p).in_dll(ctypes.CDLL(None), "environ")
position = 0
while block[position]:
    name, _, value = os.fsdecode(block[position]).partition("=")
    if name not in NAMES:
        breach(f"{name} is in the environment")
    position += 1
for text in (*sys.argv, *sys.orig_argv, *os.environ.values(), *sys.path, os.getcwd()):
    if COURSE in text or os.path.dirname(GRADEBOOK) in text:
        breach(text)
print(f"looked at {position} names")


def scale(values, factor):
    return values
