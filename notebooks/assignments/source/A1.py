# %% [markdown]
# # A1: noise, and the way back
#
# You will write the four formulas on which every diffusion model rests: how data turn into noise, what a network is
# asked to predict, what its answer says about the clean sample, and DDPM's step back. At the end you run *your*
# sampler on data whose right answer is known.
#
# **Time** about 60 minutes. **Needs** lessons 01 to 03, a CPU, no network connection.
# Your functions are yours: they may use Python, numpy, scipy and torch, but not `diffusion_lessons`, which only the
# experiments use.
#
# How it works: replace `raise NotImplementedError()` by your code and run the cell below it. The check draws fresh
# numbers, says which properties hold, and if it recognises your mistake it tells you which one it is. It takes plain
# numbers, numpy arrays and torch tensors alike, so write whichever you like. The grader runs the same check on other
# numbers.

# %%
import math

import matplotlib.pyplot as plt
import numpy as np
import torch

from diffusion_lessons import schedules, toys
from diffusion_lessons.checks import check

# %% [markdown]
# ## 1. What is left after t steps
#
# Step t of the noising chain keeps a share $1 - \beta_t$ of the variance of what it is given. The course writes
# $\bar\alpha_t$ (in code: `alpha_bar`) for the share of the variance of $x_0$ that is left after steps $1 \dots t$.
#
# Write `alpha_bar(betas)`: from the list $\beta_1 \dots \beta_T$ to the list $\bar\alpha_1 \dots \bar\alpha_T$.

# %% write="alpha_bar"
def alpha_bar(betas):
    ### BEGIN SOLUTION
    return np.cumprod(1 - np.asarray(betas))
    ### END SOLUTION

# %% check="alpha_bar" points=3

# %% [markdown]
# ## 2. One jump to any time
#
# Because sums of Gaussians are Gaussian, one can go to time t at once:
#
# $$x_t = \alpha_t\, x_0 + \sigma_t\, \epsilon, \qquad \alpha_t^2 = \bar\alpha_t, \qquad \alpha_t^2 + \sigma_t^2 = 1.$$
#
# Write `forward(x0, eps, alpha_bar)`. A test to make yourself: data of variance 1 must still have variance 1.

# %% write="forward"
def forward(x0, eps, alpha_bar):
    ### BEGIN SOLUTION
    return alpha_bar**0.5 * x0 + (1 - alpha_bar) ** 0.5 * eps
    ### END SOLUTION

# %% check="forward" points=4

# %% [markdown]
# ## 3. Backing out the clean sample
#
# A network that predicts the noise has, without knowing it, predicted the clean sample as well. Write
# `predict_x0(x, eps, alpha_bar)`: the $x_0$ from which $x = x_t$ was made if the noise in it is `eps`.

# %% write="predict_x0"
def predict_x0(x, eps, alpha_bar):
    ### BEGIN SOLUTION
    return (x - (1 - alpha_bar) ** 0.5 * eps) / alpha_bar**0.5
    ### END SOLUTION

# %% check="predict_x0" points=3

# %% [markdown]
# A look at both together: one point of data, noised to four levels, and what comes back. If the two columns differ, one
# of your functions is not the inverse of the other.

# %%
for level in (0.99, 0.5, 0.1, 0.001):
    noisy = forward(0.7, -1.2, level)
    print(f"alpha_bar {level:5}: x_t = {noisy:7.4f}, back to {predict_x0(noisy, -1.2, level):.4f} (was 0.7)")

# %% [markdown]
# ## 4. The loss
#
# Training shows the network noisy samples and asks which noise is in them. A batch holds samples of *different* times:
# row i stands at time `t[i]`, and `alpha_bar` is a table with `alpha_bar[0] = 1` for clean data.
#
# Write `training_loss(predict, x0, eps, t, alpha_bar)` for x0 and eps of shape [B, d], t of shape [B] and a network
# `predict(x_t, t)`: the square of the difference between the predicted and the true noise, as one number, the mean over
# all B d entries. (Some papers sum over the d numbers of a sample; divide by d to compare.) Mind the axes: a table read
# at `t` has shape [B].

# %% write="training_loss"
def training_loss(predict, x0, eps, t, alpha_bar):
    ### BEGIN SOLUTION
    kept = alpha_bar[t].reshape(-1, 1)  # [B, 1], one level for each row
    x = kept**0.5 * x0 + (1 - kept) ** 0.5 * eps
    return ((predict(x, t) - eps) ** 2).mean()
    ### END SOLUTION

# %% check="training_loss" points=5

# %% [markdown]
# ## 5. DDPM's step
#
# From time t to a cleaner time s, one step of the chain back removes a little of the predicted noise, undoes the
# shrinking, and adds fresh noise z. With $\alpha = \bar\alpha_t / \bar\alpha_s$ and $\beta = 1 - \alpha$:
#
# $$x_s = \frac{1}{\sqrt{\alpha}} \left( x_t - \frac{\beta}{\sigma_t}\, \hat\epsilon \right) + \sqrt{\beta}\; z$$
#
# This is DDPM's *large* variance. On the step to clean data ($\bar\alpha_s = 1$) nothing fresh is added.
#
# Write `ddpm_step(x, eps, z, alpha_bar_t, alpha_bar_s)`.

# %% write="ddpm_step"
def ddpm_step(x, eps, z, alpha_bar_t, alpha_bar_s):
    ### BEGIN SOLUTION
    kept = alpha_bar_t / alpha_bar_s
    mean = (x - (1 - kept) / (1 - alpha_bar_t) ** 0.5 * eps) / kept**0.5
    return mean if alpha_bar_s == 1 else mean + (1 - kept) ** 0.5 * z
    ### END SOLUTION

# %% check="ddpm_step" points=6

# %% [markdown]
# ## 6. Your sampler on data that are known
#
# The data: two narrow modes at -1 and +1. Their exact denoiser takes the network's place, so whatever goes wrong below
# is the sampler's doing. The loop calls your `ddpm_step`; the figure shows where 2000 samples end, and two numbers are
# printed: the share of samples between the modes, and the width of the mode at +1 (the range of the middle half of its
# samples, as the standard deviation of a Gaussian of that range, which a few samples in between do not change).

# %%
path = schedules.ddpm_linear()
data = toys.GaussianMixture([[-1.0], [1.0]], stds=0.2, weights=[0.3, 0.7])
denoise = data.denoiser(path)


def run(step, steps, seed=0):
    generator = torch.Generator().manual_seed(seed)
    times = path.grid(steps)
    x = path.prior((2000, 1), generator=generator, dtype=torch.float64)
    for t, s in zip(times[:-1], times[1:]):
        z = torch.randn(x.shape, generator=generator, dtype=torch.float64)
        x = step(x, denoise(x, t).eps, z, path.alpha_bar(t), path.alpha_bar(s))
    return x


def between(x):
    """Share of the samples with |x| < 0.5."""
    return float((x.abs() < 0.5).double().mean())


def width(x):
    """Width of the mode at +1, from the quartiles of its samples."""
    low, high = np.quantile(x[x > 0].numpy(), [0.25, 0.75])
    return (high - low) / 1.349


real = data.sample(200_000, torch.Generator().manual_seed(1), torch.float64)
print(f"      data: {between(real):.1%} between the modes, width {width(real):.3f}")
fig, axes = plt.subplots(1, 3, figsize=(9, 2.4), sharey=True)
for ax, steps in zip(axes, (1000, 50, 10)):
    x = run(ddpm_step, steps)
    print(f"{steps:4} steps: {between(x):.1%} between the modes, width {width(x):.3f}")
    ax.hist(x.flatten().numpy(), bins=np.linspace(-2, 2, 60), density=True)
    ax.set(title=f"{steps} steps: {between(x):.1%} in between", xlabel="x")
axes[0].set_ylabel("density")
plt.show()

# %% [markdown]
# **Explain** (by hand, 4 points). In at most ten sentences, with the numbers of your run: (a) How do the two modes, and
# what lies between them, change from 1000 steps to 10, and why is it the *steps*, not the denoiser, that are to blame?
# (b) Write a copy of your `ddpm_step` under another name, in a cell of its own, that adds noise on the last step as
# well, and pass it to `run` (leave `ddpm_step` as it is: it is graded). With 1000 steps one hardly sees a difference,
# with 10 one does: why?

# %% [markdown] essay="a1_explain" points=4
# *Rubric, 1 point each.* (1) With fewer steps more samples end between the modes (the run of the solution: 0.7%,
# 1.6% and 5.5% for 1000, 50 and 10 steps, 0.6% in the data), and at 10 steps the modes themselves are narrower (0.163
# for 0.2); the numbers of the student's own run are quoted. (2) The denoiser is exact in every run; a step draws from a
# Gaussian, and the true distribution of x_s given x_t is one only when the step is short. (3) Noise of the last step is
# never removed; its variance is 1 - alpha_bar of the last time before 0. (4) That is beta_1, small, with 1000 steps,
# and the whole of a long last step with 10. *Often seen:* "the network makes more mistakes at few steps" (there is no
# network).
