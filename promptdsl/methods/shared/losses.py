"""The losses of AnomalyCLIP and APRIL-GAN over pixel maps p, the probability of a defect.

    focal(p, y) = mean of -(1 - q)^2 log q,   q = p on the defect and 1 - p elsewhere
    dice(a, y)  = 1 - mean over pictures of (2 sum(a y) + 1) / (sum a + sum y + 1)

AnomalyCLIP sums, over its blocks, focal + dice of the defect + dice of the rest, times 4, and adds
the cross-entropy of the picture. APRIL-GAN sums focal + dice of the defect over its stages.

Shapes: B pictures, H and W pixels.
"""

import torch
from torch import Tensor

GAMMA = 2
SMOOTH = 1e-5  # keeps the logarithm finite, and softens the labels as the published code does


def focal(p_BHW: Tensor, defect_BHW: Tensor) -> Tensor:
    """Focal loss of the two classes, defect and not."""
    soft = defect_BHW.clamp(SMOOTH, 1 - SMOOTH)
    q = soft * p_BHW + (1 - soft) * (1 - p_BHW) + SMOOTH
    return (-((1 - q) ** GAMMA) * q.log()).mean()


def dice(part_BHW: Tensor, target_BHW: Tensor) -> Tensor:
    """How little a soft mask covers its target."""
    part, target = part_BHW.flatten(1), target_BHW.flatten(1)
    shared = 2 * (part * target).sum(1) + 1
    return 1 - (shared / (part.sum(1) + target.sum(1) + 1)).mean()


def cross_entropy(log_odds_B: Tensor, defective_B: Tensor) -> Tensor:
    """Of the two-way softmax of the picture."""
    return torch.nn.functional.binary_cross_entropy_with_logits(log_odds_B, defective_B)
