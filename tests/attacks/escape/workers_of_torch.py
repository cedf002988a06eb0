"""Starts the processes that torch and its data loaders start, and shares memory with them."""

import torch
import torch.multiprocessing
from known import attempt
from torch.utils.data import DataLoader

BITES = True

WAYS = (
    lambda: list(DataLoader(torch.arange(4), num_workers=2)),
    lambda: list(DataLoader(torch.arange(4), num_workers=1, multiprocessing_context="spawn", timeout=1)),
    lambda: torch.multiprocessing.start_processes(int, nprocs=1, start_method="fork"),
    lambda: torch.multiprocessing.spawn(int, nprocs=1),
    lambda: torch.multiprocessing.Pool(1).map(int, [1]),
    lambda: torch.ones(3).share_memory_(),
    lambda: torch.multiprocessing.Queue().put(torch.ones(3)),
    lambda: torch.UntypedStorage._new_shared(8),
    lambda: torch.UntypedStorage._new_using_filename_cpu(8),
    lambda: torch.from_file("/dev/shm/left-behind", shared=True, size=8),
)
for way in WAYS:
    with attempt():
        way()


def scale(values, factor):
    return values
