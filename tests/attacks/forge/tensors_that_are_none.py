"""Returns tensors without plain data: meta, sparse, quantised, nested, of eight bits, of a freed store."""

import torch

SAYS = "odd"


def scale(values, factor):
    print("odd")
    if len(values) == 2:
        return [torch.empty(2, device="meta"), values.to_sparse()]
    if len(values) == 5:
        return torch.nested.nested_tensor([values, values])
    freed = values.clone()
    freed.untyped_storage().resize_(0)
    return freed
