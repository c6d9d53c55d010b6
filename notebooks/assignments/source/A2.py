# %% [markdown]
# # A2: DDIM, the same network in fewer steps
#
# DDPM takes a thousand random steps from noise to data. DDIM predicts the clean sample and re-noises it to any cleaner
# level, so that it can do with fewer. You will do three steps on paper, write the update, add DDPM's randomness again,
# choose the times, and then measure what the change is worth.
#
# **Time** about 75 minutes. **Needs** lessons 03 and 04, A1, a CPU, no network connection.
# Your functions are yours: they may use Python, numpy, scipy and torch, but not `diffusion_lessons`, which only the
# experiments use.

# %%
import math

import matplotlib.pyplot as plt
import numpy as np
import torch

from diffusion_lessons import sample, samplers, schedules, toys
from diffusion_lessons.checks import check, inputs, variant

# %% [markdown]
# ## 1. Three steps on paper
#
# One number is denoised in three steps. In each: predict $\hat x_0 = (x - \sigma_t \hat\epsilon) / \alpha_t$, cap it to
# [-1, 1], and re-noise it to the next level with the *same* noise, $x_s = \alpha_s \hat x_0 + \sigma_s \hat\epsilon$.
# After the last level comes clean data, $\bar\alpha = 1$.
#
# The numbers are your own. Enter the name under which you hand in, as your teacher or your platform knows you: the
# grader draws the same numbers from it. (Capitals, accents, spaces, and whether the family name comes first do not
# matter.) Run the cell, and work the three steps out with a calculator. The order is that of the steps: the noisy end
# first.

# %%
STUDENT = "enter your name"

# %%
for name, value in inputs("by_hand", variant(STUDENT)).items():
    print(f"{name:10} = {value}")

# %% [markdown]
# Write the three states, to four decimals: after step 1, after step 2, and the final sample.

# %% write="by_hand"
### BEGIN SOLUTION
def _solve(x, noises, alpha_bars, cap):
    states = []
    for eps, now, after in zip(noises, alpha_bars, [*alpha_bars[1:], 1.0]):
        x0 = min(cap, max(-cap, (x - (1 - now) ** 0.5 * eps) / now**0.5))
        x = after**0.5 * x0 + (1 - after) ** 0.5 * eps
        states.append(round(x, 4))
    return states


by_hand = _solve(**inputs("by_hand", variant(STUDENT)))
### END SOLUTION

# %% check="by_hand" points=3 own=true

# %% [markdown]
# ## 2. The update
#
# Now as a function, for any numbers, without the cap: `ddim_step(x, eps, alpha_bar_t, alpha_bar_s)` takes x at level t
# and returns it at the cleaner level s.

# %% write="ddim_step"
def ddim_step(x, eps, alpha_bar_t, alpha_bar_s):
    ### BEGIN SOLUTION
    x0 = (x - (1 - alpha_bar_t) ** 0.5 * eps) / alpha_bar_t**0.5
    return alpha_bar_s**0.5 * x0 + (1 - alpha_bar_s) ** 0.5 * eps
    ### END SOLUTION

# %% check="ddim_step" points=5

# %% [markdown]
# ## 3. Which times
#
# Nothing ties the step to neighbouring times. Write `strided_times(T, steps)`: the times that `steps` steps visit on a
# path of T whole times, from T down to 0, evenly, each rounded to the nearest whole number. Count: how many *times* do
# n steps join?

# %% write="strided_times"
def strided_times(T, steps):
    ### BEGIN SOLUTION
    return [round(T * k / steps) for k in range(steps, -1, -1)]
    ### END SOLUTION

# %% check="strided_times" points=4

# %% [markdown]
# ## 4. From DDIM to DDPM
#
# DDIM has a setting, eta. At 0 it is deterministic; at 1 it is DDPM with the small variance. In between, a part of the
# predicted noise is replaced by fresh noise of standard deviation
#
# $$\eta\; \frac{\sigma_s}{\sigma_t} \sqrt{1 - \frac{\bar\alpha_t}{\bar\alpha_s}}$$
#
# Write that number, `ddim_std(alpha_bar_t, alpha_bar_s, eta)`, and then the whole step, `ddim_eta_step(x, eps, z,
# alpha_bar_t, alpha_bar_s, eta)`, with fresh noise z. The result must hold exactly as much noise as belongs at level s:
# which term has to become smaller?

# %% write="ddim_std"
def ddim_std(alpha_bar_t, alpha_bar_s, eta):
    ### BEGIN SOLUTION
    return eta * ((1 - alpha_bar_s) / (1 - alpha_bar_t) * (1 - alpha_bar_t / alpha_bar_s)) ** 0.5
    ### END SOLUTION

# %% check="ddim_std" points=3

# %% write="ddim_eta_step"
def ddim_eta_step(x, eps, z, alpha_bar_t, alpha_bar_s, eta):
    ### BEGIN SOLUTION
    x0 = (x - (1 - alpha_bar_t) ** 0.5 * eps) / alpha_bar_t**0.5
    std = ddim_std(alpha_bar_t, alpha_bar_s, eta)
    return alpha_bar_s**0.5 * x0 + (1 - alpha_bar_s - std**2) ** 0.5 * eps + std * z
    ### END SOLUTION

# %% check="ddim_eta_step" points=5

# %% [markdown]
# ## 5. What it is worth
#
# The data are a mixture whose denoiser is exact, so the error that you measure is the sampler's alone. For each number
# of steps and each eta, 4000 samples are drawn with *your* step and times and compared with 4000 samples of the data:
# the distance is the mean difference of sorted samples (Wasserstein-1). The dashed line is the distance between two
# sets of real data: below it nothing can be told apart.

# %%
path = schedules.ddpm_linear()
data = toys.GaussianMixture([[-2.0], [0.5], [2.0]], stds=[0.15, 0.3, 0.15])
denoise = data.denoiser(path)
real = [data.sample(4000, torch.Generator().manual_seed(seed), torch.float64).flatten().sort().values for seed in (1, 2)]
floor = float((real[0] - real[1]).abs().mean())


def draw(steps, eta):
    generator = torch.Generator().manual_seed(0)
    times = strided_times(1000, steps)
    x = path.prior((4000, 1), generator=generator, dtype=torch.float64)
    for t, s in zip(times[:-1], times[1:]):
        z = torch.randn(x.shape, generator=generator, dtype=torch.float64)
        x = ddim_eta_step(x, denoise(x, t).eps, z, path.alpha_bar(t), path.alpha_bar(s), eta)
    return x


counts = (5, 10, 20, 50, 100)
fig, ax = plt.subplots(figsize=(5.5, 3.2))
for eta, marker in ((0.0, "o"), (0.5, "s"), (1.0, "^")):
    distances = [float((draw(n, eta).flatten().sort().values - real[0]).abs().mean()) for n in counts]
    ax.loglog(counts, distances, marker=marker, label=f"eta = {eta}")
    print(f"eta {eta}: " + ", ".join(f"{n} steps {d:.3f}" for n, d in zip(counts, distances)))
print(f"real against real: {floor:.3f}")
ax.axhline(floor, linestyle="--", color="gray", label="real against real")
ax.set(title="Fewer steps hurt the random sampler most", xlabel="steps", ylabel="distance to the data")
ax.legend()
plt.show()

# %% [markdown]
# **Explain** (by hand, 4 points). In at most ten sentences: (a) At which number of steps does each eta reach the floor,
# in your run? (b) Why does fresh noise need more steps? (c) A friend says: "DDIM trains a better model." What do you
# answer? (d) A friend reports "50 steps" for a system. What else must be said before that number means anything?

# %% [markdown] essay="a2_explain" points=4
# *Rubric, 1 point each.* (a) Numbers read off the own run, with the floor named: below it an order means nothing, above
# it eta = 1 is the worst. (b) Every
# fresh draw replaces a part of what was found so far and has to be removed by later steps; a Gaussian step is right only
# when it is short. (c) Nothing is trained: the same network, another way to walk. (d) The sampler and its eta, the grid
# of times, guidance (it doubles the evaluations), the network and the device if time is meant. *Often seen:* the grid
# forgotten; "eta = 0 is less accurate because it has no randomness".
