# %% [markdown]
# # 04 DDIM
#
# **Question.** How can the same network draw in ten steps what took a thousand, with one changed line?
#
# **Budget.** About 60 seconds of one CPU core, 1.0 GB of memory, nothing to download.
#
# **Afterwards you can** do three steps of a sampler by hand and check a published example; write DDIM's update from
# memory, and say why it is allowed; turn a picture into its noise and back; and say what `eta` does.

# %%
import inspect
import math
from itertools import pairwise

import torch

from diffusion_lessons import check, generate, load, sample, samplers, schedules, toys, trace, working
from diffusion_lessons.denoisers import Denoiser, clip, condition_on
from diffusion_lessons.figures import noising, show, style, trajectories
from diffusion_lessons.panels import predict, sampler_panel, scope_check
from diffusion_lessons.toys import gaussian_quantiles, wasserstein_1, worked_example, worked_path


# %%
def seeded(seed):
    return torch.Generator().manual_seed(seed)


# %%
network = load("mnist-diffusion")
ten = generate(network, 10, labels=range(10), sampler="ddim", steps=10, seed=2)[-1].x
show(
    noising.image_strip({"DDIM": ten}, [str(digit) for digit in range(10)], "Ten evaluations for each digit"),
    "What this lesson is about: digits by the network of lesson 03, which is asked ten times for each of them.",
)


# %% [markdown]
# ## Three steps by hand
#
# A network has been trained to predict noise (lesson 02): give it a noisy $x_t$, and it answers with $\hat\varepsilon$,
# its estimate of the noise in it. Lesson 01 showed how an estimate of the clean sample, $\hat x_0$, follows from it.
# The recipe of this lesson is:
#
# 1. **predict**: $\hat x_0 = (x_t - \sqrt{1-\bar\alpha_t}\,\hat\varepsilon) / \sqrt{\bar\alpha_t}$;
# 2. **re-noise**: mix $\hat x_0$ with *the same* $\hat\varepsilon$, at a cleaner level $s$;
# 3. repeat from there.
#
# One of the texts that this course is built on walks through it with one number and three levels: $\bar\alpha$ about 0
# at the noisy end, one half in the middle, about 1 at the clean end. Start from $x = 2$. The network says
# $\hat\varepsilon = 1.5$. The $\hat x_0$ that follows is huge, because almost nothing of the data is left and we divide
# by its small factor; so $\hat x_0$ is capped at 1, the largest value that the data have. Then it is re-noised to the
# middle level, and the text says: the state is now, say, 1.3.
#
# Do it on paper first. The weights in the middle are $\sqrt{1/2}$ and $\sqrt{1/2}$.

# %%
predict("04.middle_state")

# %%
x, eps, alpha_bar, middle_alpha_bar = 2.0, 1.5, 0.0001, 0.5  # 0.0001 for "about 0": we have to divide by its root
x0 = (x - math.sqrt(1 - alpha_bar) * eps) / math.sqrt(alpha_bar)
capped = min(x0, 1.0)
middle = math.sqrt(middle_alpha_bar) * capped + math.sqrt(1 - middle_alpha_bar) * eps
print(f"predicted in x = 2: x0_hat = {x0:.1f}, capped to {capped:.0f}")
print(f"re-noised to the middle: {middle:.3f}")
print(f"to arrive at 1.3, x0_hat would have to be {(1.3 - math.sqrt(0.5) * 1.5) / math.sqrt(0.5):.3f}")

# %% [markdown]
# **The text's 1.3 should be 1.768.** "Say" was a guess, and nobody had checked it. The recipe is none the worse for it.
# But you cannot build on a number that nobody computed, so in this course every number is the output of a cell or of a
# source that we name.
#
# The text goes on with "predict again". Let us do that too. For that we need a network, or something better: say that
# the data are the toss of a coin, $-1$ or $+1$, each half of the time. Then the best possible $\hat x_0$ is known,
# $\tanh(\alpha x / \sigma^2)$: by Bayes' rule, heads is $e^{2\alpha x/\sigma^2}$ times as probable as tails, and the
# mean of $+1$ and $-1$ with these odds is that hyperbolic tangent. The noise follows from $\hat x_0$. Every further
# number is now the value of a formula, and the library repeats the lines above for each step.

# %%
table = worked_example()
assert math.isclose(middle, table["next x"][0])
table.round(3).assign(alpha_bar=table["alpha_bar"])

# %% [markdown]
# Read a row from left to right: the state, the noise predicted in it, the clean sample that this implies, the same
# after the cap, the next state. The walk started at 2 and ends at 1: heads.

# %% [markdown]
# ## The one-line update
#
# With a path $\alpha_t, \sigma_t$ the recipe is one line. It uses one prediction twice and draws no noise:
#
# $$x_s = \alpha_s\,\hat x_0 + \sigma_s\,\hat\varepsilon .$$
#
# This is DDIM, the *denoising diffusion implicit model*. The library's function is that line in a loop, with one more
# term for the noise that `eta` switches on (see [eta](#eta)). Here is its source.

# %%
print(inspect.getsource(samplers.ddim).split('"""')[2].strip("\n"))

# %% [markdown]
# **Exercise 1. Write it**, with $\alpha_t = \sqrt{\bar\alpha_t}$ and $\sigma_t = \sqrt{1 - \bar\alpha_t}$. Your
# function will draw the digits of this lesson; until it is right, ours does.


# %%
def ddim_step(x, eps, alpha_bar_t, alpha_bar_s):
    raise NotImplementedError


check("ddim_step", ddim_step)

# %% [markdown]
# Give the library's sampler the three levels of the worked example and the same predictions, and it must give the same
# three states.

# %%
path, predicted = worked_path(), iter(table["eps"])
capped = clip(Denoiser(lambda x, t: torch.full_like(x, next(predicted)), path), 1.0, rederive=False)
states = trace(samplers.ddim, capped, torch.tensor([2.0], dtype=torch.float64), path, path.grid(3))
for by_hand, state in zip(table["next x"], states[1:], strict=True):
    assert abs(by_hand - state.x.item()) < 1e-12
    print(f"by hand {by_hand:.3f}, by the sampler {state.x.item():.3f}")

# %% [markdown]
# ## Why the step is allowed
#
# DDPM's step was derived from the noising process (lesson 03): its fresh noise is the noise that the process put in.
# DDIM draws no noise, and still uses the network that was trained for that process. Why may it?
#
# Look at what training used. An example is made from $x_0$ and *one* time: $x_t = \alpha_t x_0 + \sigma_t\varepsilon$.
# Two times of the same walk never occur together in the loss. So the loss knows the distribution of $x_t$ given $x_0$
# at each time, the *marginals*, and nothing of how $x_t$ and $x_s$ belong together, the *joint* distribution. Every
# joint distribution with these marginals has the same loss and therefore the same network. How many are there?
#
# **Theorem.** Let $x_t$ given $x_0$ be $\mathcal N(\alpha_t x_0, \sigma_t^2)$. Choose any $\varsigma$ between 0 and
# $\sigma_s$, and let
#
# $$x_s = \alpha_s x_0 + \sqrt{\sigma_s^2 - \varsigma^2}\;\frac{x_t - \alpha_t x_0}{\sigma_t} + \varsigma z ,
# \qquad z \sim \mathcal N(0, 1) .$$
#
# Then $x_s$ given $x_0$ is $\mathcal N(\alpha_s x_0, \sigma_s^2)$, whatever $\varsigma$ was. (Read $\varsigma$, a
# second form of the letter sigma, as the standard deviation of the *fresh* noise $z$.)
#
# *Why.* The fraction is the noise in $x_t$, a standard normal number that is independent of $z$. The sum of two
# independent normal numbers with variances $\sigma_s^2 - \varsigma^2$ and $\varsigma^2$ is normal with variance
# $\sigma_s^2$. That is all.
#
# So there is one process for each $\varsigma$. DDPM's posterior is the one with $\varsigma^2 =
# \beta\,\sigma_s^2/\sigma_t^2$, and only for that choice is the noising process a Markov chain, in which $x_t$ depends
# on $x_s$ alone. For any other, $x_t$ given $x_s$ depends on $x_0$ as well. The paper calls these processes
# *non-Markovian*. DDIM is $\varsigma = 0$: nothing is random but the first noise.
#
# Let us test this on numbers whose $x_0$ we know, for three choices of $\varsigma$. The cell prints the variance of the
# noise in $x_s$, which should be 1, and the loss of the denoiser at $s$, which should not depend on $\varsigma$. Then
# it prints how much $x_0$ helps to predict $x_t$ when $x_s$ is known: its weight in a linear regression of $x_t$ on
# both. In a Markov chain that weight is 0.

# %%
path = schedules.ddpm_linear()
clusters = toys.GaussianMixture([-1.0, 1.0], stds=0.2, weights=[0.3, 0.7])
denoise, t, s = clusters.denoiser(path), 600.0, 300.0
x0 = clusters.sample(400_000, seeded(0), torch.float64)
eps, z = (torch.randn(400_000, generator=seeded(k), dtype=torch.float64) for k in (1, 2))
x_t = path.add_noise(x0, eps, t)
for name, std in {
    "0, DDIM": 0.0,
    "DDPM's": path.posterior_variance(t, s) ** 0.5,
    "sigma_s, the largest": path.sigma(s),
}.items():
    x_s = (
        path.alpha(s) * x0
        + math.sqrt(path.sigma(s) ** 2 - std**2) * (x_t - path.alpha(t) * x0) / path.sigma(t)
        + std * z
    )
    noise_s = (x_s - path.alpha(s) * x0) / path.sigma(s)
    errors = (denoise(x_s, s).x0 - x0).square()
    loss = f"{errors.mean():.4f} +- {errors.std() / len(errors) ** 0.5:.4f}"
    from_x0 = torch.linalg.lstsq(torch.stack([x_s, x0], dim=1), x_t).solution[1]  # the weight of x_0 beside x_s
    link = torch.corrcoef(torch.stack([eps, noise_s]))[0, 1]
    print(f"std {name}: at s the noise has variance {noise_s.var():.3f}, the loss is {loss}")
    print(f"    correlation of the noise at t and at s {link:.2f}; x_t needs x_0 beside x_s with weight {from_x0:+.2f}")
    assert abs(noise_s.var() - 1) < 0.01

# %% [markdown]
# **Many joint distributions, one set of marginals, one loss.** The noise at $s$ has variance 1 and the loss of the
# denoiser is the same in each, to within two standard errors, though the two times are tied together fully, in part, or
# not at all. Only for DDPM's choice is the weight of $x_0$ zero: that one is a Markov chain. So the network was never
# DDPM's: it serves all of these processes. (What remains an approximation, in DDPM and DDIM alike, is that the sampler
# has $\hat x_0$ in the place of $x_0$. It gets better as the steps get shorter.)

# %% [markdown]
# ## Any subset of the times
#
# Nothing in the update says that $s$ is $t-1$. The network can denoise *from* any level, and the line can re-noise *to*
# any cleaner level. So you may choose which of the thousand times to visit: a *grid*. It was the sampler that asked for
# a thousand evaluations, not the network.
#
# Watch it where the answer is known, on two clusters of numbers whose best denoiser is a formula.

# %%
few = gaussian_quantiles(14)
runs = {
    "ddpm, 1000 steps": trace(samplers.ddpm, denoise, few, path, path.grid(1000), generator=seeded(0)),
    "ddim, 1000 steps": trace(samplers.ddim, denoise, few, path, path.grid(1000)),
    "ddim, 10 steps": trace(samplers.ddim, denoise, few, path, path.grid(10)),
}
show(
    trajectories.trajectory_figure(clusters, path, runs),
    "Fourteen numbers from noise to data. DDPM's trajectories are jagged; DDIM's are smooth and never cross, and "
    "those with ten steps run close to those with a thousand.",
)

# %% [markdown]
# DDPM walks at random: each step adds fresh noise to the state. DDIM does not: from one start there is one
# *trajectory*, and it is smooth enough to be followed in ten long steps. How well? Measure W1, the mean distance by
# which the samples would have to be moved to follow the data exactly (lesson 03), for 2,000 starts.

# %%
noise, steps = gaussian_quantiles(2000), [2, 5, 10, 20, 50, 100, 200, 500]
error = {N: wasserstein_1(sample(samplers.ddim, denoise, noise, path, path.grid(N)), clusters) for N in steps}
for N in (10, 50, 500):
    print(f"{N:>3} steps of DDIM: W1 to the data {error[N]:.4f}")
print(f"from 50 steps to 100 the error falls by a factor {error[50] / error[100]:.1f}")

# %% [markdown]
# Twice the steps, half the error: DDIM is a method of *first order*. Lesson 05 asks for more. With a network, the curve
# flattens where the network's own error takes over; lesson 10 measures where, first for a network that was trained on
# an eighth of the images.

# %% [markdown]
# ## The same network in a thousand steps, and in two
#
# Now pictures, by the network for 28-by-28 digits that ships with the course. It was trained once, for no sampler in
# particular. Here is *your* step in a loop, from one noise for each digit, with fewer and fewer steps. Below each row
# of yours, DDPM's step draws from the same start.

# %%
predict("04.ladder")

# %%
step = working("ddim_step", ddim_step)
labels = torch.tensor([3, 8])
digits, digit_path = condition_on(network, labels), network.path
start = digit_path.prior((2, *network.shape), seeded(4))


def your_ddim(x, times, denoise=digits):
    """Your step, from each time to the next."""
    with torch.no_grad():
        for t, s in pairwise(times):
            x = step(x, denoise(x, t).eps, digit_path.alpha_bar(t), digit_path.alpha_bar(s))
    return x


ladder = [1000, 50, 20, 10, 5, 2]
by_ddim = torch.stack([your_ddim(start, digit_path.grid(N)) for N in ladder])  # [6, 2, 1, 28, 28]

# %%
by_ddpm = torch.stack(
    [sample(samplers.ddpm, digits, start, digit_path, digit_path.grid(N), generator=seeded(5)) for N in ladder]
)
rows = {}
for k, label in enumerate(labels.tolist()):
    rows[f"DDIM, {label}"], rows[f"DDPM, {label}"] = by_ddim[:, k], by_ddpm[:, k]
change = [(by_ddim[k] - by_ddim[0]).square().mean().sqrt().item() for k in range(1, len(ladder))]
show(
    noising.image_strip(rows, [f"{N} steps" for N in ladder], "One network, one noise, fewer and fewer steps"),
    "DDIM keeps the digit while the steps become fewer; DDPM draws another one each time. Root mean square difference "
    "of DDIM's digits to those of 1000 steps: "
    + ", ".join(f"{value:.2f} with {N}" for N, value in zip(ladder[1:], change, strict=True))
    + ".",
)

# %% [markdown]
# A DDIM row shows *one* digit, computed more and more roughly: details go first, and two steps leave a smooth draft of
# it. DDPM's row shows a different digit in every column, since it draws different noise. In ten steps they are no less
# readable than in a thousand; but if you change the number of steps, you cannot tell what the change did and what the
# noise did. (DDIM's 8 is open at the top in every column from 1000 steps down to five, and DDPM's 8s are not all 8s.
# That is what this network makes of these noises.)

# %% [markdown]
# ## Same seed, same sample
#
# DDIM draws no noise during sampling (in the library: `eta = 0`, which is the default). So the starting noise
# determines the sample. One may say that it *is* the sample, written in other coordinates.

# %%
first, again = (sample(samplers.ddim, denoise, noise, path, path.grid(50)) for _ in range(2))
coarse = sample(samplers.ddim, denoise, noise, path, path.grid(10))
assert torch.equal(first, again)
same_side = ((first > 0) == (coarse > 0)).double().mean()
print("two runs from the same noise agree in every bit")
print(f"with 10 steps instead of 50, {same_side:.1%} of the samples stay in their cluster")

# %% [markdown]
# This is what makes DDIM a tool: keep the seed, change the prompt or the number of steps, and see what *that* changed.
# And since noise is a coordinate, you can move in it. What lies between two 3s? Walk from one noise to another. On the
# straight line between them the length of the noise shrinks (two independent vectors are nearly at right angles, so
# their mean is shorter by $\sqrt{1/2}$), and the network has never seen such noise. On the arc of a circle it does not:
#
# $$\varepsilon_\theta = \cos\theta\;\varepsilon_1 + \sin\theta\;\varepsilon_2, \qquad 0 \le \theta \le \pi/2 .$$

# %%
one, two = digit_path.prior((2, *network.shape), seeded(7))
turns = torch.linspace(0, 1, 9)
between = {
    "on the arc": torch.stack([math.cos(a) * one + math.sin(a) * two for a in (turns * math.pi / 2).tolist()]),
    "on the line": torch.stack([(1 - a) * one + a * two for a in turns.tolist()]),
}
threes = condition_on(network, torch.full((9,), 3))
rows = {name: your_ddim(x, digit_path.grid(20), threes) for name, x in between.items()}
ink = {name: (x[4] + 1).mean().item() for name, x in rows.items()}
show(
    noising.image_strip(rows, [f"{a:.0%}" for a in turns.tolist()], "From one 3 to another, through their noises"),
    f"Half way, the noise has standard deviation {between['on the arc'][4].std():.2f} on the arc and "
    f"{between['on the line'][4].std():.2f} on the line. Mean brightness of the middle digit above black: "
    f"{ink['on the arc']:.2f} and {ink['on the line']:.2f}.",
)

# %% [markdown]
# Every point of the arc draws a 3, and its shape changes smoothly. **Noise is a space in which one can walk**, and
# editing tools are built on it. (Here the straight line does nearly as well, though half way its noise has a standard
# deviation of only 0.7. This network, with its label, forgives it. On the arc nothing has to be forgiven.)

# %% [markdown]
# ## From a picture to its noise
#
# Can we go the other way, from a given picture to the noise that draws it? Read the update backwards: from $x_s$ up to
# $x_t$. It needs the noise predicted at $x_t$, which is not known yet on the way up, so take the one predicted at $x_s$
# instead. That is *DDIM inversion*. It is exact to first order in the step, so the round trip should close better with
# more steps.

# %%
drawn = your_ddim(start, digit_path.grid(50))
for N in (10, 20, 50):
    noise_back = sample(samplers.ddim_inversion, digits, drawn, digit_path, digit_path.grid(N))
    again = your_ddim(noise_back, digit_path.grid(N))
    off, error_of_noise = ((a - b).square().mean().sqrt().item() for a, b in ((again, drawn), (noise_back, start)))
    print(
        f"{N} steps up and down: the digits differ by {off:.3f} (root mean square), the noises by {error_of_noise:.2f}"
    )

# %% [markdown]
# **The digit comes back, its noise does not.** The round trip closes better with more steps, but slowly, and the noise
# that we find is far from the one that drew the digit. Very different noises lead to nearly the same picture, so in
# practice "the noise of a picture" is not one point. A plausible reason: most of a digit is evenly black, and a black
# pixel keeps no trace of the noise that it came from. For editing, a noise need only lead back to the picture. Keep the
# one that was found, change the label, and draw again:

# %%
others = [3, 8, 5, 9, 2, 0, 6]
edited = [your_ddim(noise_back, digit_path.grid(50), condition_on(network, torch.full((2,), k))) for k in others]
rows = {f"a {label}": torch.stack([drawn[k], *(x[k] for x in edited)]) for k, label in enumerate(labels.tolist())}
show(
    noising.image_strip(rows, ["given", *(f"as {k}" for k in others)], "One noise, another label"),
    "Each row: a digit, and what its noise draws with seven labels. Slant and weight of the stroke tend to stay, and "
    "with the digit's own label it comes back. Not every label is obeyed: of the 3's noise, the 2 is still a 3, and "
    "the 0 is a hook.",
)

# %% [markdown]
# ## eta
#
# DDIM and DDPM are two settings of one sampler. The setting is $\eta$ (`eta`): the $\varsigma$ of the theorem, as a
# multiple of DDPM's. Fresh noise $z$ of that standard deviation takes the place of a part of the predicted noise, and
# the total at level $s$ stays what it should be:
#
# $$x_s = \alpha_s \hat x_0 + \sqrt{\sigma_s^2 - \varsigma^2}\;\hat\varepsilon + \varsigma z, \qquad
# \varsigma = \eta\,\frac{\sigma_s}{\sigma_t}\sqrt{\sigma_t^2 - \frac{\alpha_t^2}{\alpha_s^2}\sigma_s^2}.$$
#
# At $\eta = 1$ this is DDPM itself, with the smaller of its two variances. If both draw the same noise, they agree not
# nearly but exactly:

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
few_steps, many = steps[:-1], gaussian_quantiles(20_000)
noisy = torch.tensor(
    [
        [
            wasserstein_1(
                sample(samplers.ddim, denoise, many, path, path.grid(N), eta=1.0, generator=seeded(seed)), clusters
            )
            for seed in range(5)
        ]
        for N in few_steps
    ]
)
exact = torch.tensor([wasserstein_1(clusters.sample(20_000, seeded(k), torch.float64), clusters) for k in range(50)])
low, high = exact.quantile(0.05), exact.quantile(0.95)

# %%
figure, axes = style.axes("With the same few steps, eta = 1 is farther", "steps", "W1 to the data", size=(6.4, 3.6))
axes.plot(steps, list(error.values()), **style.line("ddim", label="DDIM, eta = 0"))
line = style.line("ddim", stochastic=True, label="DDIM, eta = 1, five seeds", capsize=3)
axes.errorbar(few_steps, noisy.mean(dim=1), noisy.std(dim=1), **line)
axes.axhspan(low, high, color=style.GREY, alpha=0.2, linewidth=0, label="20,000 exact samples, 90 % of draws")
axes.set(xscale="log", yscale="log", xticks=steps, xticklabels=steps)
axes.minorticks_off()
axes.legend(frameon=False, fontsize=9)
with_noise = dict(zip(few_steps, noisy.mean(dim=1).tolist(), strict=True))
assert with_noise[20] > 1.5 * error[20] and with_noise[100] > 2 * error[100] and noisy[:-1].min() > high
show(
    figure,
    "W1 without noise and with it: "
    + ", ".join(f"{error[N]:.3f} and {with_noise[N]:.3f} at {N} steps" for N in (2, 20, 100))
    + f". Of 20,000 exact samples, 90 % of draws score between {low:.4f} and {high:.4f}.",
)

# %% [markdown]
# **On the same few steps, fresh noise costs accuracy:** with 20 steps the distance is two thirds larger, with 100 more
# than twice as large. (At two steps there is nothing to choose between the two, because the length of the step is the
# error.) The dashed curve cannot go on falling for ever. Its samples are random, and the grey band is where 20,000
# *exact* samples score; a run with noise that lies inside the band cannot be told from them, so we compare the two
# settings only where the dashed curve is above it. (DDIM itself goes below the band: our starts are spread more evenly
# than random ones, and it draws nothing more.) And remember lesson 03: with its *large* variance, which is beyond
# $\eta = 1$, DDPM was nearer than DDIM up to 20 steps. So it is the small variance that hurts, and not noise as such.

# %% [markdown]
# ## What the network sees on the way
#
# Below each state of a run in 20 steps stands $\hat x_0$, the clean digit that the network predicts from it. It begins
# as the mean of all digits with the label, since that is the best answer while nothing can be seen, and becomes one of
# them long before the noise is gone.

# %%
states = trace(samplers.ddim, digits, start, digit_path, digit_path.grid(20))
show(
    trajectories.estimate_strip(states, row=1),
    "An 8 drawn in 20 steps of DDIM, and the clean digit seen at each time: blurred at first, decided well before the "
    "state is clean.",
)

# %% [markdown]
# ## Move it
#
# Every sampler of the course on the two clusters. Find the fewest steps at which DDIM leaves no samples in the valley
# between the clusters. Turn up `eta`, first at 10 steps and then at 50, and mind that samplers with fresh noise draw at
# random: try several starts before you believe a difference of 0.02. Then try a sampler of second order, such as Heun's
# (lesson 05), and count its evaluations. (The sampler called *consistency* is lesson 11's. It needs another kind of
# network, and you will see why a denoiser will not do.)

# %% tags=["panel"]
sampler_panel(clusters, path)

# %% [markdown]
# ## Exercises
#
# Exercise 1 stands [above](#The-one-line-update).

# %% [markdown]
# **2.** The worked example as a function: return the state after each step. Mind that the cap changes $\hat x_0$ and
# leaves $\hat\varepsilon$ as it was predicted.


# %%
def three_steps(x, noises, alpha_bars, cap):
    raise NotImplementedError


check("three_steps", three_steps)

# %% [markdown]
# **3.** Which times does a sampler with few steps visit? Return all $N + 1$ of them, from $T$ to 0. Mind that some
# published code steps from $t$ to $t - \lfloor T/N \rfloor$, and goes wrong wherever $N$ does not divide $T$.


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
# **5. To investigate.** Ten evaluations of DDIM on the two clusters. Which times should it visit? Any decreasing list
# of eleven times from 1000 to 0 will do. The target to beat is two thirds of the error of ten equal steps. (Afterwards,
# `check("ten_ddim_times").solution(found)` shows one answer, for the error that you found.)


# %%
def distance(times):
    """W1 of 2,000 evenly spread starts."""
    return wasserstein_1(sample(samplers.ddim, denoise, noise, path, times), clusters)


print(f"equal steps {distance(path.grid(10)):.4f}, so the target is {distance(path.grid(10)) * 2 / 3:.4f}")
print(f"quadratic times {distance(path.grid(10, 'quadratic')):.4f}")

# %% [markdown]
# ## Pitfalls
#
# Four that people meet first:
#
# - **DDIM is a sampler, not a model.** There is no DDIM network. A network that was trained for DDPM serves both,
#   unchanged.
# - **Guidance is not a separate model.** Lesson 07 blends two answers of one network; a sampler cannot tell.
# - **"50 steps" without its sampler says nothing.** Fifty of DDPM and fifty of DDIM are different pictures and a
#   different quality, and a step of Heun costs two evaluations.
# - **Pushing the guidance scale too high.** More is not better; lesson 07 shows what breaks.
#
# And two that people who write code meet next: after a cap, the predicted noise no longer agrees with $\hat x_0$ unless
# it is computed again (the worked example leaves it alone, and so does the DDIM of diffusers by default; the code of
# guided-diffusion computes it again); and a grid that starts below $T$ needs a start that belongs there (lesson 03).

# %% [markdown]
# ## What to remember
#
# - Predict the clean sample, re-noise it with the same noise: $x_s = \alpha_s \hat x_0 + \sigma_s \hat\varepsilon$.
# - The loss knows the marginals only. Many processes share them, so one network serves DDPM, DDIM and all between.
# - `eta = 0` is deterministic: the noise determines the sample, and one can interpolate in it and invert it. `eta = 1`
#   is DDPM with the small variance.
# - Twice the steps, half the error: DDIM is a method of first order.
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
