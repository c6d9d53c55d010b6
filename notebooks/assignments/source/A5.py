# %% [markdown]
# # A5: the frontier
#
# "Our sampler is ten times faster." You will learn what has to stand next to that sentence. You measure two samplers
# honestly, find the frontier of cost and error, choose under a budget, and take a vendor's claim apart.
#
# **Time** about 80 minutes. **Needs** lessons 09 and 10, a CPU, no network connection.
# Your functions are yours: they may use Python, numpy, scipy and torch, but not `diffusion_lessons`, which only the
# experiments use.

# %%
import statistics
import time

import matplotlib.pyplot as plt
import numpy as np
import torch

from diffusion_lessons import sample, samplers, schedules, toys
from diffusion_lessons.checks import check

# %% [markdown]
# ## 1. How long does it take?
#
# The first repeats load libraries, and now and then another program gets in the way. Write
# `latency(seconds, batch, warmup)`: from the times of whole batches the seconds per *image*, as the median of the
# repeats after the first `warmup`.

# %% write="latency"
def latency(seconds, batch, warmup):
    ### BEGIN SOLUTION
    return float(np.median(np.asarray(seconds)[warmup:])) / batch
    ### END SOLUTION

# %% check="latency" points=3

# %% [markdown]
# ## 2. How many evaluations?
#
# Seconds belong to one machine; network evaluations do not. Write `count_nfe(steps, stages, guided)`: a solver makes
# `stages` evaluations a step, but a single one on its last step, to clean data; guidance asks the network twice.

# %% write="count_nfe"
def count_nfe(steps, stages, guided):
    ### BEGIN SOLUTION
    evaluations = stages * (steps - 1) + 1
    return 2 * evaluations if guided else evaluations
    ### END SOLUTION

# %% check="count_nfe" points=3

# %% [markdown]
# ## 3. How good is it?
#
# The number called FID is the squared Fréchet distance of two Gaussians fitted to features:
#
# $$d^2 = |m_a - m_b|^2 + \mathrm{tr}\left(C_a + C_b - 2\, (C_a C_b)^{1/2}\right)$$
#
# with the *matrix* root. Write `frechet(mean_a, cov_a, mean_b, cov_b)`; `scipy.linalg.sqrtm` is allowed.

# %% write="frechet"
def frechet(mean_a, cov_a, mean_b, cov_b):
    ### BEGIN SOLUTION
    mean_a, cov_a, mean_b, cov_b = (np.asarray(each) for each in (mean_a, cov_a, mean_b, cov_b))
    roots = np.sqrt(np.linalg.eigvals(cov_a @ cov_b).real.clip(min=0))  # the trace of the root is the sum of these
    return ((mean_a - mean_b) ** 2).sum() + np.trace(cov_a) + np.trace(cov_b) - 2 * roots.sum()
    ### END SOLUTION

# %% check="frechet" points=4

# %% [markdown]
# ## 4. Measure
#
# Two samplers on one exact mixture in two dimensions, from the same noise. For each: evaluations, your latency, and
# your Fréchet distance to fresh data. The last line is the distance between two sets of real data of the same size:
# nothing below it means anything.

# %%
path = schedules.ddpm_linear()
data = toys.GaussianMixture([[-1.5, 0.0], [1.5, 0.5], [0.0, -1.5]], stds=[0.3, 0.2, 0.4])
denoise = data.denoiser(path)
real = [data.sample(4000, torch.Generator().manual_seed(seed), torch.float64).numpy() for seed in (1, 2)]


def moments(x):
    return x.mean(axis=0), np.cov(x.T)


def distance(x):
    return frechet(*moments(real[0]), *moments(x))


def measure(sampler, steps, batch=4000, repeats=4):
    x_T = path.prior((batch, 2), torch.Generator().manual_seed(0), torch.float64)
    generator, seconds = torch.Generator().manual_seed(1), []  # a deterministic sampler takes it and draws nothing
    for _ in range(repeats):
        begin = time.perf_counter()
        x = sample(sampler, denoise, x_T, path, path.grid(steps, "logsnr"), generator=generator)
        seconds.append(time.perf_counter() - begin)
    return {"name": f"{sampler.info.name} {steps}", "nfe": steps, "seconds": latency(seconds, batch, warmup=1),
            "distance": distance(x.numpy())}


rows = [measure(sampler, steps) for sampler in (samplers.ddpm, samplers.dpm_solver_pp_2m) for steps in (5, 10, 20, 40)]
for row in rows:
    print(f"{row['name']:20} {row['nfe']:3} evaluations, {row['seconds'] * 1e6:7.1f} us a point, "
          f"distance {row['distance']:.4f}")
print(f"{'real against real':20} {'':32} distance {distance(real[1]):.4f}")

# %% [markdown]
# ## 5. The frontier
#
# One point beats another if it costs at most as much and is at most as bad, and is better in one of the two. The
# frontier holds the points that no other beats. Write `frontier(points)` for a list of [cost, error] pairs; return the
# pairs, in any order.

# %% write="frontier"
def frontier(points):
    ### BEGIN SOLUTION
    kept = []
    for cost, error in sorted(points):
        if all(error < other for _, other in kept):
            kept.append([cost, error])
    return kept
    ### END SOLUTION

# %% check="frontier" points=5

# %%
best = sorted(map(tuple, frontier([[row["nfe"], row["distance"]] for row in rows])))
fig, ax = plt.subplots(figsize=(5.5, 3.2))
for name in ("ddpm", "dpm_solver_pp_2m"):
    mine = [row for row in rows if row["name"].startswith(name + " ")]
    ax.loglog([row["nfe"] for row in mine], [row["distance"] for row in mine], marker="o", label=name)
ax.step(*zip(*best), where="post", linestyle=":", color="black", label="frontier")
ax.set(title="The frontier of this toy", xlabel="evaluations", ylabel="Fréchet distance")
ax.legend()
plt.show()

# %% [markdown]
# ## 6. Choosing
#
# Write `choose(points, budget)`: from [name, seconds, error] rows the *name* of the best one whose seconds are at most
# the budget, and None if there is none.

# %% write="choose"
def choose(points, budget):
    ### BEGIN SOLUTION
    fitting = [point for point in points if point[1] <= budget]
    return min(fitting, key=lambda point: point[2])[0] if fitting else None
    ### END SOLUTION

# %% check="choose" points=3

# %% [markdown]
# ## 7. Comparable?
#
# Two claims about speed can be compared if network, precision, batch, device and guidance are *stated by both* and
# equal. Write `unfair(claim_a, claim_b)` for two dictionaries with some of the keys `"network"`, `"precision"`,
# `"batch"`, `"device"`, `"guidance"` (and `"sampler"`, `"steps"`, `"seconds"`, which may differ): the list of those of
# the five that are not.

# %% write="unfair"
def unfair(claim_a, claim_b):
    ### BEGIN SOLUTION
    held = ("network", "precision", "batch", "device", "guidance")
    return [key for key in held if key not in claim_a or key not in claim_b or claim_a[key] != claim_b[key]]
    ### END SOLUTION

# %% check="unfair" points=4

# %%
ours = {"sampler": "ddpm", "steps": 1000, "network": "U-Net, 36 M", "precision": "float32", "batch": 1,
        "device": "A100", "guidance": 7.5, "seconds": 22.0}
vendor = {"sampler": "TurboFlow", "steps": 4, "network": "U-Net, 36 M", "precision": "float16", "batch": 64,
          "device": "H100", "seconds": 0.05}
print("not comparable:", ", ".join(unfair(ours, vendor)))

# %% [markdown]
# **Refute the claim** (by hand, 6 points). The vendor of `TurboFlow` (an invented product; so are all numbers in the
# cell above) advertises: *"440 times faster than DDPM at the same quality."* Write to them, in at most fifteen
# sentences: (a) what in their comparison is not held fixed, and in which direction each item flatters their product;
# (b) what they would have to state about quality, and what its floor is; (c) how much of the factor the step count
# alone would explain, and why steps are not the right axis; (d) the measurement that would settle it. Use your own
# measurement of section 4 as the example of how it is done.

# %% [markdown] essay="a5_refute" points=6
# *Rubric.* (a) 2 points: precision, batch and device named with their direction, guidance not stated (which can hide a
# factor of 2). (b) 1 point: the metric, the sample count, spread over seeds, and real against real at that count; "the
# same quality" is no number. (c) 2 points: 250 from steps; evaluations count, not steps (guidance and stages), and the
# baseline is a slow sampler: compare with the frontier, not with its worst point. (d) 1 point: the same network, device,
# batch and precision, both samplers at several budgets, median after warm-up, both curves. *Often seen:* "the claim is
# false" (it may be true; it does not follow).
