"""Returns a tensor without data whose operations are all made up by __torch_dispatch__."""

import torch

EXPECT = {"crashed"}
SAYS = "all: True"


class Liar(torch.Tensor):
    @staticmethod
    def __new__(cls, shape):
        return torch.Tensor._make_wrapper_subclass(cls, shape, dtype=torch.float32)

    @classmethod
    def __torch_dispatch__(cls, function, kinds, arguments=(), keywords=None):
        return torch.ones((), dtype=torch.bool)


print("all:", bool((Liar((2,)) == torch.full((2,), 7.0)).all()))


def scale(values, factor):
    return Liar(values.shape)
