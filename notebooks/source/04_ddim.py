# %% [markdown]
# # 04 DDIM
#
# **Question.** How can the same network draw in ten steps what took a thousand, with one changed line?
#
# **Budget.** About 15 seconds of one CPU core, 0.9 GB of memory, nothing to download.
#
# **Afterwards you can** do three steps of a sampler by hand and check a published example; write DDIM's update from
# memory; say what `eta` does; and name four things that people get wrong about it.

# %%
import inspect
import math

import torch

from diffusion_lessons import check, load_data, sample, samplers, schedules, toys, trace
from diffusion_lessons.denoisers import Denoiser, clip, count_calls
from diffusion_lessons.figures import show, style, trajectories
from diffusion_lessons.panels import predict, sampler_panel, scope_check
from diffusion_lessons.toys import gaussian_quantiles, wasserstein_1, worked_example, worked_path


def seeded(seed):
    return torch.Generator().manual_seed(seed)


# %% [markdown]
# ## Three steps by hand
#
# A network has been trained to see noise (lesson 02): give it a noisy $x_t$, and it answers with $\hat\varepsilon$, its
# guess of the noise in it. Lesson 01 turned that into a guess of the clean sample. The recipe of this lesson is:
#
# 1. **see**: $\hat x_0 = (x_t - \sqrt{1-\bar\alpha_t}\,\hat\varepsilon) / \sqrt{\bar\alpha_t}$;
# 2. **put back**: mix $\hat x_0$ with *the same* $\hat\varepsilon$, at a cleaner level $s$;
# 3. repeat from there.
#
# One of the texts that this course is built on walks through it with one number and three levels: $\bar\alpha$
# about 0 at the noisy end, one half in the middle, about 1 at the clean end. Start from $x = 2$. The network says
# $\hat\varepsilon = 1.5$. The $\hat x_0$ that follows is huge, because almost nothing of the data is left and we
# divide by it; so it is capped at 1, the largest value that the data have. Then it is put back in the middle, and
# the text says: the state is now, say, 1.3.
#
# Do it on paper first. The weights in the middle are $\sqrt{1/2}$ and $\sqrt{1/2}$.

# %%
predict("04.middle_state")

# %%
table = worked_example()
seen, middle = table["x0 implied"][0], table["next x"][0]
assert math.isclose(middle, math.sqrt(0.5) * (1 + 1.5))
print(f"seen in x = 2: x0_hat = {seen:.1f}, capped to 1")
print(f"put back in the middle: {middle:.3f}")
print(f"to arrive at 1.3, x0_hat would have to be {(1.3 - math.sqrt(0.5) * 1.5) / math.sqrt(0.5):.3f}")

# %% [markdown]
# **The text's 1.3 is 1.768.** "Say" was a guess, and nobody had checked it. No harm is done to the recipe; but a number
# that nobody computed is a number that nobody can build on. In this course every number is somebody's result.
#
# The text goes on with "predict again". Let us do that too. Say that the data are a coin: $-1$ or $+1$, each half
# of the time. Then the best possible $\hat x_0$ is known, $\tanh(\alpha x / \sigma^2)$, and the noise follows from
# it. Every further number is now the value of a formula.

# %%
table.round(3).assign(alpha_bar=table["alpha_bar"])

# %% [markdown]
# Read a row from left to right: the state, the noise predicted in it, the clean sample that this implies, the same
# after the cap, the next state. The walk started at 2 and ends at 1: heads.

# %% [markdown]
# ## The one-line update
#
# With a path $\alpha_t, \sigma_t$ the recipe is one line. Two uses of one prediction, no noise drawn:
#
# $$x_s = \alpha_s\,\hat x_0 + \sigma_s\,\hat\varepsilon .$$
#
# This is DDIM. The library's function is that line in a loop, with one more term for the noise that `eta` switches
# on (see [eta](#eta)). Here is its source.

# %%
print(inspect.getsource(samplers.ddim).split('"""')[2].strip("\n"))

# %% [markdown]
# Give it the three levels of the worked example and the same predictions, and it must give the same three states.

# %%
path, predicted = worked_path(), iter(table["eps"])
capped = clip(Denoiser(lambda x, t: torch.full_like(x, next(predicted)), path), 1.0, rederive=False)
states = trace(samplers.ddim, capped, torch.tensor([2.0], dtype=torch.float64), path, path.grid(3))
for by_hand, state in zip(table["next x"], states[1:], strict=True):
    assert abs(by_hand - state.x.item()) < 1e-12
    print(f"by hand {by_hand:.3f}, by the sampler {state.x.item():.3f}")

# %% [markdown]
# ## Any subset of the times
#
# Nothing in the update says that $s$ is $t-1$. The network can denoise *from* any level, and the line can put back *at*
# any cleaner level. So you may choose which of the thousand times to visit: a *grid*. A thousand passes were the
# sampler's need, not the network's.
#
# Watch it where the answer is known: two heaps of numbers, whose best denoiser is a formula.

# %%
path = schedules.ddpm_linear()
heaps = toys.GaussianMixture([-1.0, 1.0], stds=0.2, weights=[0.3, 0.7])
denoise, few = heaps.denoiser(path), gaussian_quantiles(14)
runs = {
    "ddpm, 1000 steps": trace(samplers.ddpm, denoise, few, path, path.grid(1000), generator=seeded(0)),
    "ddim, 1000 steps": trace(samplers.ddim, denoise, few, path, path.grid(1000)),
    "ddim, 10 steps": trace(samplers.ddim, denoise, few, path, path.grid(10)),
}
for name in ("ddim, 1000 steps", "ddim, 10 steps"):
    assert (torch.stack([state.x for state in runs[name]]).diff(dim=1) > 0).all(), "paths crossed"
show(
    trajectories.trajectory_figure(heaps, path, runs),
    "Fourteen numbers from noise to data. DDPM's walks are jagged; DDIM's paths are smooth and never cross, and those "
    "with ten steps run close to those with a thousand.",
)

# %% [markdown]
# DDPM walks; each step throws fresh noise at the state. DDIM glides: from one start there is one path, smooth
# enough to be followed in ten strides. How well? Measure the mean distance by which the samples would have to be
# moved to follow the data exactly, for 2,000 starts.

# %%
noise, steps = gaussian_quantiles(2000), [2, 5, 10, 20, 50, 100, 200, 500]
error = {N: wasserstein_1(sample(samplers.ddim, denoise, noise, path, path.grid(N)), heaps) for N in steps}
for N in (10, 50, 500):
    print(f"{N:>3} steps: the samples would have to move by {error[N]:.4f}")
print(f"from 50 steps to 100 the error falls by a factor {error[50] / error[100]:.1f}")

# %% [markdown]
# Twice the steps, half the error: DDIM is a method of *first order*. Lesson 05 asks for more. With a network the curve
# flattens where the network's own error takes over; lesson 10 measures where.

# %% [markdown]
# ## Same seed, same sample
#
# With `eta = 0` no noise is drawn on the way. So the starting noise *is* the sample, in another coordinate.

# %%
first, again = (sample(samplers.ddim, denoise, noise, path, path.grid(50)) for _ in range(2))
coarse = sample(samplers.ddim, denoise, noise, path, path.grid(10))
assert torch.equal(first, again)
same_heap = ((first > 0) == (coarse > 0)).double().mean()
print("two runs from the same noise agree in every bit")
print(f"with 10 steps instead of 50, {same_heap:.1%} of the samples stay in their heap")

# %% [markdown]
# This is what makes DDIM a tool: keep the seed, change the prompt or the number of steps, and see what *that* changed.

# %% [markdown]
# ## eta
#
# Between gliding and walking there is a dial. `eta` replaces a share of the predicted noise by fresh noise $z$, so that
# the amount at level $s$ stays what it should be:
#
# $$x_s = \alpha_s \hat x_0 + \sqrt{\sigma_s^2 - \varsigma^2}\;\hat\varepsilon + \varsigma z, \qquad
# \varsigma = \eta\,\frac{\sigma_s}{\sigma_t}\sqrt{\sigma_t^2 - \frac{\alpha_t^2}{\alpha_s^2}\sigma_s^2}.$$
#
# At $\eta = 1$, visiting all thousand times, this is DDPM itself, with the smaller of its two
# variances. Not nearly: exactly, if both draw the same noise.

# %%
ends = [
    sample(samplers.ddpm, denoise, few, path, path.grid(1000), generator=seeded(1)),
    sample(samplers.ddim, denoise, few, path, path.grid(1000), eta=1.0, generator=seeded(1)),
]
assert torch.allclose(*ends, atol=1e-9)
print("DDPM and DDIM with eta = 1 end in the same places, to nine decimals")

# %%
predict("04.eta")

# %%
noisy, many = {}, gaussian_quantiles(20_000)
for N in steps:
    x = sample(samplers.ddim, denoise, many, path, path.grid(N), eta=1.0, generator=seeded(2))
    noisy[N] = wasserstein_1(x, heaps)
figure, axes = style.axes("With few steps the noise hurts", "steps", "distance to the data", size=(6.4, 3.6))
axes.plot(steps, list(error.values()), **style.line("ddim", label="DDIM, eta = 0"))
axes.plot(steps, list(noisy.values()), **style.line("ddim", stochastic=True, label="DDIM, eta = 1"))
axes.set(xscale="log", yscale="log", xticks=steps, xticklabels=steps)
axes.minorticks_off()
axes.legend(frameon=False)
show(figure, f"At 20 steps the distance to the data is {error[20]:.3f} without noise and {noisy[20]:.3f} with it.")

# %% [markdown]
# Two more things to see. At two steps there is nothing to choose between them: the stride itself is the error. And the
# dashed curve cannot go on falling for ever, because its samples are random: 20,000 *perfect* samples would not follow
# the data exactly either.

# %%
floor = [wasserstein_1(heaps.sample(20_000, seeded(seed), torch.float64), heaps) for seed in range(8)]
print(f"20,000 random samples of the data themselves are off by {min(floor):.4f} to {max(floor):.4f}")

# %% [markdown]
# ## What it sees on the way
#
# The same sampler draws pictures. The denoiser here is exact again, for heaps around 500 handwritten digits. Look
# at the lower row: $\hat x_0$ starts as the mean of all digits, because that is the best guess when nothing can be
# seen, and becomes one of them long before the noise is gone.

# %%
digits = load_data("digits").images[:500].double()
pictures = toys.GaussianMixture(digits, stds=0.1)
counted = count_calls(pictures.denoiser(path))
start = path.prior((1, 1, 8, 8), seeded(3), dtype=torch.float64)
states = trace(samplers.ddim, counted, start, path, path.grid(20))
away = (states[1].x0 - digits.mean(dim=0)).abs().mean()
print(
    f"{counted.nfe:.0f} evaluations; the first guess differs from the mean digit by {away:.2f} a pixel, on a range of 2"
)
show(trajectories.estimate_strip(states), "A digit drawn in 20 steps of DDIM, and the clean digit seen at each step.")

# %% [markdown]
# ## Move it
#
# Every sampler of the course on the two heaps. Find the fewest steps at which DDIM keeps the valley empty. Turn up
# `eta` at 10 steps, then at 50. Then try a sampler of second order, and count its evaluations.

# %% tags=["panel"]
sampler_panel(heaps, path)

# %% [markdown]
# ## Exercises
#
# **1.** The update. You have $x_t$, the predicted noise and the two levels.


# %%
def ddim_step(x, eps, alpha_bar_t, alpha_bar_s):
    raise NotImplementedError


check("ddim_step", ddim_step)

# %% [markdown]
# **2.** The worked example as a function: return the state after each step. Mind the cap, and what it leaves alone.


# %%
def three_steps(x, noises, alpha_bars, cap):
    raise NotImplementedError


check("three_steps", three_steps)

# %% [markdown]
# **3.** Which times does a sampler with few steps visit? Published code steps from $t$ to $t - \lfloor T/N
# \rfloor$, and goes wrong wherever $N$ does not divide $T$.


# %%
def strided_times(T, steps):
    raise NotImplementedError


check("strided_times", strided_times)

# %% [markdown]
# **4.** How much fresh noise does `eta` ask for?


# %%
def ddim_std(alpha_bar_t, alpha_bar_s, eta):
    raise NotImplementedError


check("ddim_std", ddim_std)

# %% [markdown]
# ## Pitfalls
#
# Four that people meet first:
#
# - **DDIM is a sampler, not a model.** There is no DDIM network. One that was trained for DDPM serves both, unchanged.
# - **Guidance is not a separate model.** Lesson 07 blends two answers of one network; a sampler cannot tell.
# - **"50 steps" without its sampler says nothing.** Fifty of DDPM and fifty of DDIM are different pictures and a
#   different quality, and a step of Heun costs two evaluations.
# - **Pushing the guidance scale too high.** More is not better; lesson 07 shows what breaks.
#
# And two that people who write code meet next: after a cap, the predicted noise no longer agrees with $\hat x_0$
# unless it is computed again (the example left it alone, most libraries do not); and a grid that starts below $T$
# hands the network a state that it does not start from.

# %% [markdown]
# ## What to remember
#
# - See the clean sample, put it back with the same noise: $x_s = \alpha_s \hat x_0 + \sigma_s \hat\varepsilon$.
# - The network is not retrained. The slowness was the sampler's.
# - `eta = 0` is deterministic: the noise is the sample. `eta = 1` on all times is DDPM.
# - Error halves when steps double.
# - $\sqrt{1/2}\,(1 + 1.5) = 1.768$. Check examples, also ours.

# %% [markdown]
# ## Scope check

# %%
scope_check("04")

# %% [markdown]
# ## Further reading
#
# - Song, Meng, Ermon, *Denoising Diffusion Implicit Models*, 2020: equations 12 and 16 are this lesson, Table 1 its
#   curve on real images. https://arxiv.org/abs/2010.02502
# - Salimans, Ho, *Progressive Distillation for Fast Sampling of Diffusion Models*, 2022, appendix B: DDIM as a
#   solver of an equation. https://arxiv.org/abs/2202.00512
# - Lin, Liu, Li, Yang, *Common Diffusion Noise Schedules and Sample Steps are Flawed*, 2023: where a grid should start.
#   https://arxiv.org/abs/2305.08891
