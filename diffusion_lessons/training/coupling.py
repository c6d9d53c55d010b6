"""Which noise goes with which image: matching them within a batch makes a flow straighter."""

from typing import Literal

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

Coupling = Literal["independent", "optimal"]


def optimal_coupling(x0: Tensor, eps: Tensor) -> Tensor:
    """eps [B, ...], its rows in the order that makes sum_i |x0_i - eps_i|^2 least.

    Minibatch optimal transport (Tong et al. 2023, section 3.3; Pooladian et al. 2023): within the batch the ways from
    noise to data no longer cross, so the velocity to learn bends less. Each eps is still used once, so its distribution
    stays Gaussian. For unconditional training only: with labels, the noise would tell the network which label it has.
    SciPy solves the assignment, in a time that grows with B^3.
    """
    if x0.shape != eps.shape:
        raise ValueError(f"x0 {tuple(x0.shape)} and eps {tuple(eps.shape)} must have the same shape")
    cost = torch.cdist(x0.flatten(1).double(), eps.flatten(1).double()).square()  # [B, B]
    _, columns = linear_sum_assignment(cost.cpu().numpy())
    return eps[torch.from_numpy(columns).to(eps.device)]
