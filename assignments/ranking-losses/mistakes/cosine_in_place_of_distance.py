"""Both losses use one minus the cosine similarity in place of the Euclidean distance.

That looks at the angle between two embeddings and not at their length, and it is never above 2. It is a measure
in its own right, often used for text, but a margin means something else with it. Look at the formula of the
distance.
"""

import torch.nn.functional as F


def contrastive_loss(a, b, same, margin=1.0):
    d = 1 - F.cosine_similarity(a, b, dim=1)
    return (same * d**2 + (1 - same) * F.relu(margin - d) ** 2).mean()


def triplet_loss(anchor, positive, negative, margin=1.0):
    near = 1 - F.cosine_similarity(anchor, positive, dim=1)
    far = 1 - F.cosine_similarity(anchor, negative, dim=1)
    return F.relu(near - far + margin).mean()
