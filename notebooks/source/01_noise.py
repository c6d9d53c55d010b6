# %% [markdown]
# # 01 Noise
#
# **Question.** How do data turn into noise, step by step, and what does $\bar\alpha_t$ mean?
#
# **Budget.** About 15 seconds of one CPU core, 0.9 GB of memory, nothing to download.
#
# **Afterwards you can** put noise of any amount on anything in one line; read a noise schedule; say how much of the
# data is left at a given time, and why "half of the steps" says nothing about it.

# %%
from itertools import pairwise

import torch

from diffusion_lessons import check, generate, load, load_data, schedules, toys, working
from diffusion_lessons.figures import noising, show, style
from diffusion_lessons.panels import noising_panel, predict, scope_check

# %%
path = schedules.ddpm_linear()  # 1000 steps, the schedule of the first diffusion models for images
generator = torch.Generator().manual_seed(0)

# %%
seven = generate(load("mnist-diffusion"), 1, labels=[7], steps=20, seed=1)[-1].x[0]
show(
    noising.forward_strip(seven, [path], [k / 10 for k in range(10)], torch.Generator().manual_seed(1)),
    "A seven and more and more noise, until nothing of the seven is left. T is the time at the end, and 0.5 T half of "
    "it. A diffusion model learns to go the other way.",
)

# %% [markdown]
# This lesson is about the way from data to noise. It needs no network and nothing is learned on it, but everything in
# the course is measured by it: how much noise a picture holds decides what a network can see in it and how far a
# sampler still has to go.

# %% [markdown]
# ## One step at a time
#
# Take a number. Shrink it a little, add a little noise, and do so a thousand times. With fresh Gaussian noise
# $\varepsilon_t$ of variance 1, one step is
#
# $$x_t = \sqrt{1-\beta_t}\;x_{t-1} + \sqrt{\beta_t}\;\varepsilon_t .$$
#
# The list of the $\beta_t$ is called the *noise schedule*, and the number of steps is written $T$; here $T = 1000$. The
# two square roots belong together: variances add, and $(1-\beta_t) + \beta_t = 1$. So data of variance 1 keep variance
# 1 at every step, and data of any other variance approach it. Try it on numbers that are all 5 at the start, whose
# variance is 0, with $\beta = 0.035$ and 300 steps: first as above, then with the noise scaled by $\beta$ itself, a
# mistake that you will find in published courses.

# %%
beta, right, slip = 0.035, torch.full((20_000,), 5.0, dtype=torch.float64), torch.full((20_000,), 5.0).double()
for _ in range(300):
    eps = torch.randn(right.shape, generator=generator, dtype=torch.float64)
    right = (1 - beta) ** 0.5 * right + beta**0.5 * eps
    slip = (1 - beta) ** 0.5 * slip + beta * eps
print(f"noise scaled by sqrt(beta): mean {right.mean():.2f}, standard deviation {right.std():.2f}")
print(f"noise scaled by beta:       mean {slip.mean():.2f}, standard deviation {slip.std():.2f}")

# %% [markdown]
# Both forget where they started, since the mean falls in the same way. But only the first ends at the standard normal
# distribution. That matters, because a sampler runs the chain backwards and has to start from the distribution at which
# the chain ends. A sampler that starts from standard normal noise would, for the second chain, start from noise about
# five times too strong.
#
# **Exercise 1. One step of the walk.** Your function walks in the next section; until it is right, ours does.


# %%
def forward_step(x, eps, beta):
    raise NotImplementedError


check("forward_step", forward_step)

# %% [markdown]
# ## One jump to any time
#
# In practice nobody takes these steps one by one. A sum of Gaussian numbers is Gaussian, so $t$ steps are one jump:
#
# $$x_t = \sqrt{\bar\alpha_t}\;x_0 + \sqrt{1-\bar\alpha_t}\;\varepsilon, \qquad
# \bar\alpha_t = \prod_{i=1}^{t} (1-\beta_i).$$
#
# We write $\alpha_t = \sqrt{\bar\alpha_t}$ for what multiplies the data and $\sigma_t$ for what multiplies the noise.
# Any pair of such functions is a *Gaussian path*, or *path* for short, and `path.add_noise` is this one line. Compare
# 200 of your steps, from data that are all 2, with one jump.

# %%
step = working("forward_step", forward_step)
t, x0 = 200, torch.full((20_000,), 2.0, dtype=torch.float64)
walked = x0
for beta_t in path.betas[:t].tolist():
    fresh = torch.randn(x0.shape, generator=generator, dtype=torch.float64)
    walked = step(walked, fresh, beta_t)
jumped = path.add_noise(x0, torch.randn(x0.shape, generator=generator, dtype=torch.float64), float(t))
for name, x in {"200 steps": walked, "one jump": jumped}.items():
    print(f"{name:>9}: mean {x.mean():.2f}, standard deviation {x.std():.2f}")

# %% [markdown]
# The samples differ, but they follow the same distribution. Its mean and its standard deviation need no samples at all:

# %%
product = float((1 - path.betas[:t]).prod())
assert abs(product - path.alpha_bar(t)) < 1e-12 and abs(path.alpha(t) ** 2 + path.sigma(t) ** 2 - 1) < 1e-12
print(f"alpha_bar after {t} steps is the product of {t} factors: {product:.4f}")
print(f"so the mean is {2 * path.alpha(t):.3f} and the standard deviation {path.sigma(t):.3f}")

# %% [markdown]
# ## What alpha_bar means
#
# $\bar\alpha_t$ is the share of the data in the variance of $x_t$, for data of variance 1: the rest,
# $1-\bar\alpha_t$, is noise. Now commit yourself to an answer before you go on.

# %%
predict("01.half_way")

# %%
half = next(t for t in range(1001) if path.alpha_bar(t) < 0.5)
print(f"at t = 500, {path.alpha_bar(500):.1%} of the variance is data")
print(f"the first whole time with less than half is t = {half}, after a quarter of the steps")
print(f"the last 300 steps remove the last {path.alpha_bar(700):.1%}")

# %% [markdown]
# **Half way is not half gone.** The number of a step says nothing by itself: the schedule says how much noise it means.
# Here are three schedules, over $t/T$. The *linear* one is ours, in which $\beta_t$ grows evenly. The *cosine* schedule
# was made to lose the data more evenly. And the straight path of flow matching ($\alpha = 1-t$, $\sigma = t$, lesson
# 06) is a schedule too. At the right stands the logarithm of $\alpha_t/\sigma_t$, to which we come
# [below](#One-clock-for-all-schedules).

# %%
paths = [path, schedules.cosine(), schedules.flow()]
shares = [p.alpha_bar(0.5 * p.T) / (p.alpha_bar(0.5 * p.T) + p.sigma(0.5 * p.T) ** 2) for p in paths]
show(
    noising.schedule_figure(paths, mark=0.5),
    "Share of the data in the variance against t / T. At half of the time the linear schedule has "
    f"{shares[0]:.1%} left, the cosine schedule {shares[1]:.1%}, the straight path {shares[2]:.1%}.",
)

# %% [markdown]
# ## Where the data go
#
# So far the data were one number. Let them be numbers from two clusters: three in ten near $-1$, the others near $+1$.
# The picture shows where $x_t$ is likely at each time (grey), and six walks (lines). Read it from left to right, from
# data to noise: the clusters widen, touch, and merge into one. What remains at the right is the standard normal
# distribution, whatever you started from.

# %%
clusters = toys.GaussianMixture([-1.0, 1.0], stds=0.2, weights=[0.3, 0.7])
figure, axes = style.axes("Two clusters merge into one", "", "", size=(7.2, 3.4))
noising.density_over_time(axes, clusters, path, -3.6, 3.6)
starts = torch.tensor([-1.2, -0.9, 0.8, 0.9, 1.0, 1.2], dtype=torch.float64)
walk = noising.forward_walks(starts, path, generator)
axes.plot(range(1001), walk, color=style.VERMILION, linewidth=0.6)
axes.set(ylim=(-3.6, 3.6), xlim=(0, 1000), xlabel="t (data at the left, noise at the right)")
gap = clusters.log_prob(torch.tensor([0.0, 1.0]).double(), path, float(half)).exp()
show(
    figure,
    "The density of two clusters over time (grey), and six walks. The valley between the clusters fills up: at "
    f"t = {half} the density at 0 is {gap[0] / gap[1]:.2f} times as high as at 1.",
)

# %% [markdown]
# ## From the noise back to the data
#
# The jump can be turned round. If you know $x_t$ and the noise $\varepsilon$ in it, you know the data:
#
# $$x_0 = \frac{x_t - \sigma_t\,\varepsilon}{\alpha_t}.$$
#
# This line is half of every sampler in the course. It is exact at every time, but it divides by $\alpha_t$. So where
# little of the data is left, a small error in the noise becomes a large one in the data.

# %%
x0, eps = torch.tensor([0.7], dtype=torch.float64), torch.tensor([-1.2], dtype=torch.float64)
for t in (100, 500, 900):
    x_t = path.add_noise(x0, eps, t)
    back = (x_t - path.sigma(t) * eps) / path.alpha(t)
    off = (x_t - path.sigma(t) * (eps + 0.01)) / path.alpha(t)
    assert abs(back - x0).item() < 1e-9
    print(f"t = {t}: exact noise gives back {back.item():.3f}; noise wrong by 0.01 gives {off.item():.3f}")

# %% [markdown]
# ## The perfect observer
#
# So much for numbers. Here is a handwritten digit, 8 by 8 pixels, on its way to noise, with the same noise in every
# picture. At which of them do you stop recognising it?

# %%
digits = load_data("digits", "test")
times = [0.1 * k for k in range(11)]
strip = noising.forward_strip(digits.images[7], paths[:2], times, generator)
show(strip, f"A {digits.labels[7]} turning into noise, on the linear schedule above and on the cosine schedule below.")

# %% [markdown]
# Your eye is not the best possible judge. The following one is. It knows all 1,500 training images; for each digit it
# computes how probable the noisy picture is if it was made from one of the images of that digit; and it names the digit
# for which this probability is largest. All digits are about equally frequent, so no network can do better on pictures
# that were made from these images. Show it a hundred of them at each time, and count how many it names correctly.

# %%
train = load_data("digits")
classes = [toys.point_masses(train.images[train.labels == digit].double()) for digit in range(10)]
eps = torch.randn((100, 1, 8, 8), generator=generator, dtype=torch.float64)
clean, names = train.images[:100].double(), train.labels[:100]


def named(path, share):
    """Of 100 noisy digits at t = share T, how many the perfect observer names."""
    x = path.add_noise(clean, eps, share * path.T)
    guess = torch.stack([digit.log_prob(x, path, share * path.T) for digit in classes]).argmax(dim=0)
    return int((guess == names).sum())


counts = {noising.path_label(p): [named(p, share) for share in times[1:]] for p in paths[:2]}
for k in (3, 5, 8):
    print(f"t = {times[k]:.1f} T: {counts['linear'][k - 1]} of 100 digits (linear), {counts['cosine'][k - 1]} (cosine)")

# %% [markdown]
# The images are the same, the noise is the same, $t/T$ is the same, and the task is a completely different one.
# (Guessing would name ten of 100.) At $t = 0.8\,T$ the linear schedule gives its network pictures in which even the
# perfect observer sees next to nothing, and a fifth of the steps is still to come. That is why the cosine schedule was
# proposed (Nichol and Dhariwal 2021).

# %% [markdown]
# ## One clock for all schedules
#
# If $t$ says nothing by itself, what does? The ratio of data to noise. The fast samplers of lesson 05 take its
# logarithm as their clock:
#
# $$\lambda_t = \log\frac{\alpha_t}{\sigma_t}.$$
#
# On a schedule that keeps the variance, $\alpha_t^2 + \sigma_t^2 = 1$, so $\lambda_t$ determines both $\alpha_t$ and
# $\sigma_t$. Such schedules differ *only* in how fast this clock runs. Set two of them to the same $\lambda$, and the
# noisy pictures are the same to the last digit.

# %%
x, other = (p.add_noise(clean, eps, p.t_of_lam(0.0)) for p in paths[:2])
assert torch.allclose(x, other, atol=1e-9)
print(
    f"lambda = 0 is t = {path.t_of_lam(0.0):.0f} on the linear schedule, {paths[1].t_of_lam(0.0):.0f} on the cosine one"
)
print("the noisy pictures there agree to nine decimals")

# %% [markdown]
# So the counts of the perfect observer, which were two curves over $t$, are one curve over $\lambda$.

# %%
figure = noising.observer_figure(paths[:2], times[1:], counts)
show(
    figure,
    "Digits named against time are two curves, against lambda one. "
    f"At half of the time they are {counts['linear'][4]} and {counts['cosine'][4]} of 100.",
)

# %% [markdown]
# ## Move it
#
# Sixteen digits, 28 by 28 pixels, drawn by the network of the first picture. Drag $t$ and change the schedule. Find on
# each schedule the time at which *you* can no longer read them, and compare the shares of the data there. Are they
# closer to each other than the times are?

# %% tags=["panel"]
sixteen = generate(load("mnist-diffusion"), 16, labels=range(10), steps=20, seed=2)[-1].x
noising_panel(sixteen, paths[:2], start=15)

# %% [markdown]
# ## Exercises
#
# Write the body of each function, run the cell, and read the answer. The check knows the usual mistakes and tells you
# which one it sees.
#
# Exercise 1 stands [above](#One-step-at-a-time).
#
# **2.** From the list of $\beta_t$ to the list of $\bar\alpha_t$, one value after each step.


# %%
def alpha_bar(betas):
    raise NotImplementedError


check("alpha_bar", alpha_bar)

# %% [markdown]
# **3.** The jump, turned round.


# %%
def predict_x0(x, eps, alpha_bar):
    raise NotImplementedError


check("predict_x0", predict_x0)

# %% [markdown]
# **4. To investigate.** Make a schedule of your own on which the perfect observer loses the digits as evenly as
# possible: put your falling list of 1,000 values of $\bar\alpha_t$ in the place of the list in `mine`. The measure is
# the largest number of digits lost within one tenth of the time. From 100 digits to the ten that guessing names, a
# perfectly even schedule would lose 9 in each tenth. The number to beat is that of the first try below. (Afterwards,
# `check("evenly_lost").solution(found)` shows one answer; for `found` write the number that you reached.)


# %%
def largest_loss(schedule):
    """The most of 100 digits that the perfect observer loses from one tenth of T to the next."""
    seen = [100, *(named(schedule, share) for share in times[1:])]
    return max(before - after for before, after in pairwise(seen))


mine = schedules.from_alpha_bar([(1 - t / 1001) ** 2 for t in range(1, 1001)])
for name, schedule in {"linear": paths[0], "cosine": paths[1], "a first try": mine}.items():
    print(f"{name}: at most {largest_loss(schedule)} digits lost in a tenth of the time")

# %% [markdown]
# ## Pitfalls
#
# - **beta for its root.** Noise is scaled by a standard deviation, $\sqrt{\beta_t}$ or $\sqrt{1-\bar\alpha_t}$,
#   never by a variance.
# - **alpha for alpha_bar.** The DDPM paper writes $\alpha_t = 1-\beta_t$ for one step; the solver papers write
#   $\alpha_t$ for our $\sqrt{\bar\alpha_t}$. Before you copy a formula, evaluate it once at a known time.
# - **`rand` for `randn`.** Uniform noise has mean one half and a variance of a twelfth.
# - **Off by one.** $\bar\alpha_0 = 1$ is clean data. A table that starts with $1-\beta_1$ starts at $t = 1$.

# %% [markdown]
# ## What to remember
#
# - One line makes any amount of noise: $x_t = \alpha_t x_0 + \sigma_t\varepsilon$.
# - $\bar\alpha_t = \alpha_t^2$ is the share of the data in the variance. On the linear schedule half of it is gone
#   after a quarter of the steps.
# - Compare times by $\lambda_t$, not by $t$: a schedule is a clock.
# - With $x_t$ and the noise in it you have $x_0$. Everything that follows is about guessing that noise.

# %% [markdown]
# ## Scope check

# %%
scope_check("01")

# %% [markdown]
# ## Further reading
#
# - Ho, Jain, Abbeel, *Denoising Diffusion Probabilistic Models*, 2020, sections 2 and 4: the chain and the linear
#   schedule. https://arxiv.org/abs/2006.11239
# - Nichol, Dhariwal, *Improved Denoising Diffusion Probabilistic Models*, 2021, section 3.2: why cosine.
#   https://arxiv.org/abs/2102.09672
# - Kingma, Salimans, Poole, Ho, *Variational Diffusion Models*, 2021: the signal-to-noise ratio as the only thing that
#   matters. https://arxiv.org/abs/2107.00630
