# %% [markdown]
# # A4: guidance, and what it really samples
#
# Classifier-free guidance is one line of code with four popular ways to get it wrong. You will write it, train for it
# (in one line, too), give it a doubled batch and a negative condition, and then find out on Gaussians, where everything
# can be computed, what distribution guided samples come from. It is not the one that is usually named.
#
# **Time** about 80 minutes. **Needs** lessons 07 and 08, a CPU, no network connection.
# Your functions are yours: they may use Python, numpy, scipy and torch, but not `diffusion_lessons`, which only the
# experiments use.

# %%
import math

import matplotlib.pyplot as plt
import numpy as np
import torch

from diffusion_lessons import sample, samplers, schedules, toys
from diffusion_lessons.checks import check
from diffusion_lessons.denoisers import Estimate

# %% [markdown]
# ## 1. Training for it
#
# One network learns both, with its condition and without, if the condition is now and then replaced by a *null* label.
# Write `drop_labels(labels, u, p, null)`: labels [B], uniform numbers u [B] in [0, 1), the probability p of dropping,
# and the index of the null label. Drop where u < p.

# %% write="drop_labels"
def drop_labels(labels, u, p, null):
    ### BEGIN SOLUTION
    return torch.where(torch.as_tensor(u) < p, null, torch.as_tensor(labels))
    ### END SOLUTION

# %% check="drop_labels" points=3

# %% [markdown]
# ## 2. The blend
#
# Write `guide(eps_uncond, eps_cond, scale)`. In this course scale 0 is unconditional, 1 is conditional, and above 1 goes
# further in the same direction. (Ho and Salimans write w for our scale minus 1: check which letter you are reading.)

# %% write="guide"
def guide(eps_uncond, eps_cond, scale):
    ### BEGIN SOLUTION
    return eps_uncond + scale * (eps_cond - eps_uncond)
    ### END SOLUTION

# %% check="guide" points=5

# %% [markdown]
# ## 3. Two passes in one
#
# Implementations stack the batch on itself, so that one pass gives both predictions: `out` [2B, ...] holds the B
# unconditional ones first, then the B conditional ones. Write `guide_doubled(out, scale)`, which returns [B, ...].

# %% write="guide_doubled"
def guide_doubled(out, scale):
    ### BEGIN SOLUTION
    half = len(out) // 2
    return guide(out[:half], out[half:], scale)
    ### END SOLUTION

# %% check="guide_doubled" points=3

# %% [markdown]
# ## 4. Pushing away
#
# A negative condition is something to move away from. It costs no third pass. Write
# `negative_guide(eps_uncond, eps_positive, eps_negative, scale)`; at scale 1 it must be the positive condition alone.

# %% write="negative_guide"
def negative_guide(eps_uncond, eps_positive, eps_negative, scale):
    ### BEGIN SOLUTION
    return guide(eps_negative, eps_positive, scale)
    ### END SOLUTION

# %% check="negative_guide" points=4

# %% [markdown]
# ## 5. Where guided Gaussians end
#
# Let all data be N(m_u, S_u^2) and those of the class N(m_c, S_c^2). First the easy case: both have the same width. Then
# the guided samples keep it, and only the mean moves. Write `guided_mean(mean_u, mean_c, scale)`.

# %% write="guided_mean"
def guided_mean(mean_u, mean_c, scale):
    ### BEGIN SOLUTION
    return mean_u + scale * (mean_c - mean_u)
    ### END SOLUTION

# %% check="guided_mean" points=2

# %% [markdown]
# Now with different widths and both means at 0. Measure before you compute: the cell runs the guided ODE with *your*
# `guide` and prints the standard deviation at which it ends, beside that of the density $p_u^{1-s}\, p_c^{\,s}$, from
# which guided samples are usually said to come.

# %%
path = schedules.variance_exploding(sigma_max=80.0)
S_u, S_c = 1.0, 0.6
uncond, cond = (toys.GaussianMixture([[0.0]], stds=S).denoiser(path) for S in (S_u, S_c))


def guided_end(uncond, cond, x, scale):
    """Where the guided ODE takes the noise x."""
    def denoise(x, t):
        u, c = uncond(x, t), cond(x, t)
        return Estimate(guide(u.x0, c.x0, scale), guide(u.eps, c.eps, scale))

    return sample(samplers.dpm_solver_pp_2m, denoise, x, path, path.grid(200, "logsnr"))


two_std = torch.tensor([[2 * 80.0]], dtype=torch.float64)
for scale in (0.0, 1.0, 2.0, 4.0):
    density = ((1 - scale) / S_u**2 + scale / S_c**2) ** -0.5
    measured = float(guided_end(uncond, cond, two_std, scale)) / 2
    print(f"scale {scale}: the ODE ends at std {measured:.4f}, the density has {density:.4f}")

# %% [markdown]
# The two agree at 0 and 1 and nowhere else. Find the rule: on this path the ODE of N(0, S^2) shrinks x at the rate
# $d \log x = \frac{\sigma\, d\sigma}{S^2 + \sigma^2}$, and guidance blends the rates of both. Integrate from infinite
# noise to none, and write `guided_std(std_u, std_c, scale)`.

# %% write="guided_std"
def guided_std(std_u, std_c, scale):
    ### BEGIN SOLUTION
    return std_u ** (1 - scale) * std_c**scale
    ### END SOLUTION

# %% check="guided_std" points=4

# %% [markdown]
# Data with classes are a mixture. Here two equally frequent ones, at -1 and +1; you ask for +1. Watch where the samples
# go when the scale grows. At scale 1 they have the class's own mean, and its standard deviation of 0.4.

# %%
mixture = toys.GaussianMixture([[-1.0], [1.0]], stds=0.4).denoiser(path)
asked = toys.GaussianMixture([[1.0]], stds=0.4).denoiser(path)
noise = path.prior((1000, 1), torch.Generator().manual_seed(0), torch.float64)
for scale in (0.0, 1.0, 2.0, 4.0, 8.0):
    x = guided_end(mixture, asked, noise, scale)
    print(f"scale {scale}: mean {x.mean():6.3f}, std {x.std():.3f}, on the side of -1: {(x < 0).double().mean():.1%}")

# %% [markdown]
# ## 6. When the density does not exist
#
# If the class is *wider* than the data, $p_u^{1-s}\, p_c^{\,s}$ cannot be normalised beyond some scale: its tails grow.
# The guided ODE can be followed all the same. Write `largest_scale(std_u, std_c)`: the scale from which on the density
# does not exist, and `math.inf` if it exists at every scale.

# %% write="largest_scale"
def largest_scale(std_u, std_c):
    ### BEGIN SOLUTION
    return std_c**2 / (std_c**2 - std_u**2) if std_c > std_u else math.inf
    ### END SOLUTION

# %% check="largest_scale" points=3

# %% [markdown]
# **Explain** (by hand, 4 points). In at most ten sentences: (a) What does a larger scale do in section 5, to the spread
# and on the mixture to the mean, in your numbers? (b) What is wrong with the sentence "guidance at scale s samples from
# $p_u^{1-s} p_c^{\,s}$", and when is it right? (c) A user sets the scale to 0 to "switch guidance off". What do they
# get? (d) A user gives a negative prompt and leaves the scale at 1. What does the negative do?

# %% [markdown] essay="a4_explain" points=4
# *Rubric, 1 point each.* (a) The std falls with the scale, by more than the density says, and the mean leaves the
# class's own, away from the other class, with numbers. (b) The ODE ends elsewhere unless the widths agree (or the scale
# is 0 or 1); at large scales the density need not exist. (c) Unconditional samples: the prompt is ignored; "off" is 1.
# (d) Nothing: its weight is 1 - scale = 0. *Often seen:* in (b) "because of too few steps": more steps do not move the
# end.
