# %% [markdown]
# # A3: solvers, orders and grids
#
# Sampling is solving a differential equation. The error of a solver of order p falls by a factor of $2^p$ when you
# double the number of its steps, and a slope on a logarithmic plot tells you whether it keeps that promise. You will
# write a step that looks ahead and one that looks back, read a slope, build a grid with evenly spaced lambda, and judge
# three solvers by your own measurement.
#
# **Time** about 75 minutes. **Needs** lessons 04 to 06, a CPU, no network connection.
# Your functions are yours: they may use Python, numpy, scipy and torch, but not `diffusion_lessons`, which only the
# experiments use.

# %%
import math

import matplotlib.pyplot as plt
import numpy as np
import torch

from diffusion_lessons import sample, samplers, schedules, toys
from diffusion_lessons.checks import check

# %% [markdown]
# ## 1. Look at the end of the step, too
#
# For $dx/dt = f(x, t)$ Euler's method goes straight on from t to s. Heun's method goes there, evaluates the direction
# at the end, and takes the step again from its start with the mean of both directions. Write `heun_step(field, x, t,
# s)`. Sampling runs down in time, so s - t is negative; no sign needs to change for that.

# %% write="heun_step"
def heun_step(field, x, t, s):
    ### BEGIN SOLUTION
    first = field(x, t)
    ahead = x + (s - t) * first
    return x + (s - t) * (first + field(ahead, s)) / 2
    ### END SOLUTION

# %% check="heun_step" points=5

# %% [markdown]
# ## 2. Look back instead
#
# Heun's second direction costs a second evaluation of the network. DPM-Solver++(2M) uses the clean sample that was
# predicted at the previous step instead: the line through the last two predicted clean samples, as a function of
# lambda, read off at the *middle* of the coming step.
#
# Write `extrapolate_x0(x0, x0_before, h, h_before)`: x0 was predicted at the start of the coming step, which has length
# h; x0_before was predicted h_before earlier.

# %% write="extrapolate_x0"
def extrapolate_x0(x0, x0_before, h, h_before):
    ### BEGIN SOLUTION
    return x0 + h / (2 * h_before) * (x0 - x0_before)
    ### END SOLUTION

# %% check="extrapolate_x0" points=4

# %% [markdown]
# ## 3. Reading a slope
#
# If the error is $c\, / \,\text{steps}^p$, then p is the order. Write `slope(errors, steps)` for two arrays of equal
# length; use all of the points, not only two.

# %% write="slope"
def slope(errors, steps):
    ### BEGIN SOLUTION
    return -np.polyfit(np.log(steps), np.log(errors), 1)[0]
    ### END SOLUTION

# %% check="slope" points=4

# %% [markdown]
# ## 4. A grid with evenly spaced lambda
#
# $\lambda = \log(\alpha / \sigma)$ is the clock of these solvers. On the straight path $\alpha = 1 - t$, $\sigma = t$.
# Write `logsnr_times(steps, t_max, t_min)`: the times from t_max down to t_min of `steps` steps of equal length in
# lambda.

# %% write="logsnr_times"
def logsnr_times(steps, t_max, t_min):
    ### BEGIN SOLUTION
    first, last = math.log(1 / t_max - 1), math.log(1 / t_min - 1)
    return [1 / (1 + math.exp(first + (last - first) * k / steps)) for k in range(steps + 1)]
    ### END SOLUTION

# %% check="logsnr_times" points=4

# %% [markdown]
# ## 5. Do they keep their promises?
#
# A mixture of two Gaussians on the straight path; its denoiser is exact. The reference is the third-order solver on a
# very fine grid. The error is the root mean square distance of the end points at t = 0.02 from the reference's, for the
# same starting noise. Your `logsnr_times` gives the grid, your `slope` reads the order.

# %%
path = schedules.flow()
data = toys.GaussianMixture([[-1.0], [1.0]], stds=[0.3, 0.4], weights=[0.4, 0.6])
denoise = data.denoiser(path)
x_T = torch.linspace(-2, 2, 41, dtype=torch.float64)[:, None]
start, end = 0.98, 0.02


def finish(sampler, times):
    return sample(sampler, denoise, x_T, path, times)


fine = path.t_of_lam(torch.linspace(path.lam(start), path.lam(end), 1501, dtype=torch.float64)).tolist()
reference = finish(samplers.dpm_solver_3, fine)


def error(sampler, times):
    return float((finish(sampler, times) - reference).square().mean().sqrt())


counts = np.array([16, 32, 64, 128])
fig, ax = plt.subplots(figsize=(5.5, 3.2))
for sampler in (samplers.ddim, samplers.heun, samplers.dpm_solver_pp_2m):
    errors = np.array([error(sampler, logsnr_times(int(n), start, end)) for n in counts])
    ax.loglog(counts, errors, marker="o", label=f"{sampler.info.name}, slope {slope(errors, counts):.2f}")
    print(f"{sampler.info.name:20} " + ", ".join(f"{n} steps {e:.2g}" for n, e in zip(counts, errors)))
ax.set(title="Steeper is better in the long run", xlabel="steps", ylabel="error at t = 0.02")
ax.legend()
plt.show()

# %% [markdown]
# Both second-order solvers on two grids, of 5, 10 and 20 steps: yours, evenly spaced in lambda, and one evenly spaced
# in t.

# %%
for steps in (5, 10, 20):
    even = np.linspace(start, end, steps + 1).tolist()
    for name, times in (("even in lambda", logsnr_times(steps, start, end)), ("even in t", even)):
        print(f"{steps:3} steps, {name:14}: 2M {error(samplers.dpm_solver_pp_2m, times):.5f}, "
              f"Heun {error(samplers.heun, times):.5f}")

# %% [markdown]
# **Explain** (by hand, 4 points). In at most ten sentences: (a) Do the slopes agree with the orders 1, 2 and 2? (b) Heun
# evaluates the network twice a step, 2M once. At a budget of 64 *evaluations*, which is the more accurate in your
# run? (c) Which grid suits which solver, and is "this solver is better" a statement that holds without its grid?
# (d) Someone measures a slope of 1.5 for a second-order method between 4 and 8 steps and calls it wrong. Your answer?

# %% [markdown] essay="a3_explain" points=4
# *Rubric, 1 point each.* (a) Slopes of the own run, close to 1, 2 and 2. (b) Compares Heun at 32 steps with 2M at 64, not
# both at 64 steps. (c) Read from the own table; no solver without its grid. (d) The order is the slope for many steps;
# at few steps other terms of the error still count, so measure where the line has become straight. *Often seen:*
# comparing at equal steps in (b); taking the smaller error at one point for the higher order in (a).
