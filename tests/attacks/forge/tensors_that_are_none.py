"""Returns tensors without plain data: on no device, sparse, nested."""

import torch

SAYS = "odd"


def scale(values, factor):
    print("odd")
    if len(values) == 2:
        return [torch.empty(2, device="meta")]
    return values.to_sparse() if len(values) == 7 else torch.nested.nested_tensor([values, values])
