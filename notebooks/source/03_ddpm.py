# %% [markdown]
# # 03 DDPM
#
# **Question.** Why does sampling take a thousand passes, and what breaks with fewer?
#
# **Budget.** About 25 seconds of one CPU core, 0.9 GB of memory, nothing to download.
#
# **Afterwards you can** write the step of the first diffusion sampler for images and derive it; say why it must be
# short; choose between its two variances; and find the noise that does not belong on the last step.

# %%
import inspect

import torch

from diffusion_lessons import check, generate, load, sample, samplers, schedules, toys
from diffusion_lessons.denoisers import clip, condition_on, count_calls
from diffusion_lessons.figures import noising, show, step_figure, style, trajectories
from diffusion_lessons.panels import image_panel, predict, scope_check
from diffusion_lessons.toys import gaussian_quantiles, total_variation, unscaled_ddpm, wasserstein_1

# %%
path = schedules.ddpm_linear()
heaps = toys.GaussianMixture([-1.0, 1.0], stds=0.2, weights=[0.3, 0.7])
denoise, noise = (
    heaps.denoiser(path),
    gaussian_quantiles(5000),
)  # the best denoiser, and 5,000 starts spread over N(0, 1)


def seeded(seed):
    return torch.Generator().manual_seed(seed)


# %% [markdown]
# ## The ancestral step
#
# Lesson 02 ended with a network that sees, in any $x_t$, a clean $\hat x_0$. Now walk back. If somebody told you $x_0$,
# then $x_s$ at a slightly earlier time $s$ would be known up to a bell curve, because all noise on the way is Gaussian:
#
# $$q(x_s \mid x_t, x_0) = \mathcal N\!\left(\frac{\alpha_t}{\alpha_s}\frac{\sigma_s^2}{\sigma_t^2}\,x_t +
# \frac{\alpha_s \beta}{\sigma_t^2}\,x_0,\;\; \frac{\sigma_s^2}{\sigma_t^2}\,\beta\right), \qquad
# \beta = \sigma_t^2 - \frac{\alpha_t^2}{\alpha_s^2}\sigma_s^2 .$$
#
# With $s = t-1$ this $\beta$ is the $\beta_t$ of the walk. You need not believe it. By Bayes' rule $x_s$ is as likely
# as its two stories together: that $x_0$ became $x_s$, and that $x_s$ became $x_t$. Multiply them on a fine grid.

# %%
x0, x_t, t, s = 0.5, -0.3, 300, 200
ratio, beta = path.alpha(t) / path.alpha(s), path.step_variance(t, s)
x = torch.linspace(-4, 4, 20_001, dtype=torch.float64)
stories = -((x - path.alpha(s) * x0) ** 2) / path.sigma(s) ** 2 - (x_t - ratio * x) ** 2 / beta
p = (stories / 2).softmax(dim=0)
mean, variance = p @ x, p @ x**2 - (p @ x) ** 2
shrink = (path.sigma(s) / path.sigma(t)) ** 2
formula = ratio * shrink * x_t + path.alpha(s) * beta / path.sigma(t) ** 2 * x0
assert abs(mean - formula) < 1e-9 and abs(variance - shrink * beta) < 1e-9
print(f"by Bayes, on a grid: mean {mean:.4f}, variance {variance:.4f}")
print(f"by the formula:      mean {formula:.4f}, variance {shrink * beta:.4f}")

# %% [markdown]
# Nobody tells you $x_0$. DDPM puts the network's $\hat x_0$ in its place, draws $x_s$, and repeats. This is the whole
# sampler:

# %%
print(inspect.getsource(samplers.ddpm).split('"""')[2].strip("\n"))

# %% [markdown]
# Most code writes the mean with the predicted noise. It is the same line, rearranged:
#
# $$x_s = \frac{\alpha_s}{\alpha_t}\Bigl(x_t - \frac{\beta}{\sigma_t}\,\hat\varepsilon\Bigr) + \text{std}\cdot z .$$

# %%
seen = denoise(noise, 300.0)
with_x0 = ratio * shrink * noise + path.alpha(s) * beta / path.sigma(t) ** 2 * seen.x0
with_eps = (noise - beta / path.sigma(t) * seen.eps) / ratio
assert torch.allclose(with_x0, with_eps, atol=1e-12)
print("with x0_hat and with eps_hat the step has the same mean, to twelve decimals")

# %% [markdown]
# ## The sentence, taken literally
#
# In articles this step is often told in one sentence. One of the texts that this course is built on says: the next
# state is $x_t$, minus the predicted noise, plus random noise; and without the randomness the data are not matched.

# %%
predict("03.the_sentence")

# %%
print(inspect.getsource(unscaled_ddpm).split('"""')[2].strip("\n"))
times = path.grid(1000)
ends = {
    "the sentence": unscaled_ddpm(noise, denoise, times, seeded(0)),
    "DDPM": sample(samplers.ddpm, denoise, noise, path, times, generator=seeded(0)),
    "DDIM, nothing random": sample(samplers.ddim, denoise, noise, path, times),
}
for name, x in ends.items():
    print(f"{name}: standard deviation {x.std():.2f}, would have to move by {wasserstein_1(x, heaps):.4f}")

# %% [markdown]
# The data have a standard deviation of 0.94. The sentence forgets the *factors*, and they are everything:

# %%
for t in (1000, 500, 10):
    beta = path.step_variance(t, t - 1)
    print(
        f"t = {t}: takes {beta / path.sigma(t):.4f} of the predicted noise, stretches by {(1 - beta) ** -0.5:.5f}, "
        f"adds {beta**0.5:.4f} of fresh noise"
    )

# %% [markdown]
# In the middle of the walk a step takes a hundredth of the noise that the network sees, and adds ten times as much
# fresh noise. The sentence's second half does not hold either: DDIM drew nothing at random, and ended nearest to the
# data.

# %% [markdown]
# ## A thousand passes
#
# Here it is with the network of lesson 02 on digits. Watch the lower row, $\hat x_0$, what the network sees.

# %%
network = load("digits-diffusion")
counted = count_calls(network)
states = generate(counted, 10, labels=range(10), sampler="ddpm", steps=1000)
middle, end = states[501].x0.flatten(1), states[-1].x.flatten(1)  # seen at t = 500, and drawn
agree = [torch.corrcoef(torch.stack(pair))[0, 1].item() for pair in zip(middle, end, strict=True)]
assert min(agree) > 0.7
print(f"{counted.nfe:.0f} passes of the network for each digit, one after the other")
print("what it sees half way correlates by more than 0.7 with what is drawn, for each of the ten")
show(trajectories.estimate_strip(states, row=3), "A 3 drawn by DDPM in 1000 steps, and what was seen on the way.")

# %% [markdown]
# Half way the network sees more or less what will be drawn. Five hundred passes are still to come. Why?

# %% [markdown]
# ## Why the steps are short
#
# So take longer steps! The formula holds for any $s < t$. But there was a catch: *if somebody told you $x_0$*. You have
# only its mean. Where did $x_t = -0.2$ at $t = 300$ come from, 1, 100 or 270 steps earlier? For heaps this is known
# exactly (grey). DDPM draws from a bell curve (red) round the mean.

# %%
steps_back = [299, 200, 30]
shares = [total_variation(heaps, path, 300, s) for s in steps_back]
show(
    step_figure(heaps, path, -0.2, 300, steps_back),
    "The law of x_s given x_t is a bell curve for a short step and two heaps for a long one. On average over x_t, DDPM "
    f"misplaces {shares[0]:.2%} of the probability in 1 step, {shares[1]:.0%} in 100 and {shares[2]:.0%} in 270.",
)

# %% [markdown]
# **A step back is a bell curve only if it is short.** A long one leads to one heap *or* the other, and DDPM draws from
# the middle. That is the price of drawing at random. Hence the thousand steps: each so short that one bell is enough.
# Nothing here is about the network. It was perfect.

# %% [markdown]
# ## Small or large
#
# How wide should the bell be? Given $x_0$, its variance is $\beta\,\sigma_s^2/\sigma_t^2$: the *small* variance. But
# $x_0$ is not known, so it should be larger, by the spread of $x_0$ about $\hat x_0$. For data spread like the noise
# itself it would be $\beta$: the *large* variance. Both stand in the paper. Our heaps have a width of 0.2, in between.

# %%
predict("03.small_variance")


# %%
def sampled(steps, variance, spacing="trailing"):
    times = path.grid(steps, spacing)
    if variance is None:
        return sample(samplers.ddim, denoise, noise, path, times)
    return sample(samplers.ddpm, denoise, noise, path, times, variance=variance, generator=seeded(0))


def width(x):
    return (x - x.sign()).std().item()  # about the middle of the nearer heap


for steps in (20, 100, 1000):
    small, large = width(sampled(steps, "small")), width(sampled(steps, "large"))
    print(f"{steps} steps: heaps of width {small:.3f} with the small variance, {large:.3f} with the large one")

# %% [markdown]
# The small one leaves too little, the large one too much, and with more steps both come to 0.2. For short steps the
# choice does not matter: $\sigma_s$ and $\sigma_t$ are then nearly equal, and so are the variances.

# %% [markdown]
# ## Fewer steps
#
# Now the question of the lesson. The same perfect denoiser, fewer and fewer steps. DDIM is in the picture as a preview
# of lesson 04: the same step without any fresh noise.

# %%
counts = [5, 10, 20, 50, 100, 200, 1000]
runs = {kind: [wasserstein_1(sampled(N, kind), heaps) for N in counts] for kind in ("small", "large", None)}
assert all(values[-1] < 0.01 for values in runs.values())
assert all(a < b for a, b in zip(runs[None], runs["small"], strict=True))
figure, axes = style.axes("Fewer steps, farther from the data", "steps", "distance to the data", size=(6.4, 3.6))
axes.plot(counts, runs["small"], **style.line("ddpm", label="DDPM, small variance"))
axes.plot(counts, runs["large"], **style.line("ddpm", stochastic=True, label="DDPM, large variance"))
axes.plot(counts, runs[None], **style.line("ddim"))
floor = [wasserstein_1(heaps.sample(5000, seeded(k), torch.float64), heaps) for k in range(8)]
axes.axhspan(min(floor), max(floor), color=style.GREY, alpha=0.2, linewidth=0, label="5,000 perfect samples")
axes.set(xscale="log", yscale="log", xticks=counts, xticklabels=counts)
axes.minorticks_off()
axes.legend(frameon=False)
show(
    figure,
    f"At 20 steps the samples would have to move by {runs['small'][2]:.3f} (small), {runs['large'][2]:.3f} (large) and "
    f"{runs[None][2]:.3f} (DDIM); at 1000 steps all three by less than 0.01.",
)

# %% [markdown]
# With a thousand steps DDPM is as good as 5,000 random samples of the data can be (grey), and DDIM, which draws nothing
# at random, is not bound by that. With few steps the noise of the small variance costs: DDIM is nearer at every count.
# The large variance is better than its name here. These heaps are broad, and with a perfect denoiser on this grid it
# even beats DDIM. So is the noise harmless?
#
# Change one thing, the *grid*. So far the last step went from far up to 0, and took all the remaining noise with it.
# The grid behind many published figures comes down to $t = 1$ first and takes one more tiny step to 0.

# %%
times = path.grid(20, "leading")
thrown, belongs = path.step_variance(*times[-3:-1]) ** 0.5, path.sigma(times[-2])
print(f"the last times are {', '.join(f'{t:.0f}' for t in times[-3:])}")
print(f"the large variance throws in noise of {thrown:.3f}, where only {belongs:.3f} belongs")
for name, kind in {"DDPM, large": "large", "DDPM, small": "small", "DDIM": None}.items():
    print(f"{name}: heaps of width {width(sampled(20, kind, 'leading')):.3f}")

# %% [markdown]
# There it is. A long step throws in noise by its length, and at the end there is no step left to remove it. In the DDIM
# paper's table for CIFAR-10, ten steps of DDPM with the large variance have a Fréchet distance of 367, with the small
# one 41, and DDIM has 13 (their measurement; lower is better). On larger digits, 28 by 28 pixels, you can see it: the
# margin of each picture should be black.

# %%
larger, options = load("mnist-diffusion"), {"labels": range(10), "steps": 10, "spacing": "leading", "limit": None}
drawn = {
    "DDPM, large": generate(larger, 10, sampler="ddpm", variance="large", **options)[-1].x,
    "DDPM, small": generate(larger, 10, sampler="ddpm", **options)[-1].x,
    "DDIM": generate(larger, 10, sampler="ddim", **options)[-1].x,
}
grain = {name: (x[..., :2] + 1).square().mean().item() for name, x in drawn.items()}
assert grain["DDPM, large"] > 10 * max(grain["DDPM, small"], grain["DDIM"])
show(
    noising.image_strip(drawn, list(map(str, range(10))), "Ten passes each, one network"),
    "Ten digits in ten steps. With the large variance grains are left: in the two left-most columns of pixels, black "
    "in the data, the mean square is more than ten times that with the small variance or with DDIM.",
)

# %% [markdown]
# The small variance leaves no grain; its strokes are even the smoothest of the three. Do not take smooth for right: on
# the heaps it was smooth because it left too little of the spread. Whose digits are better is a question for a
# measurement (lessons 09 and 10), not for the eye.

# %% [markdown]
# ## It is the sampler
#
# Put together what you have seen. The network was trained at each time alone (lesson 02). It knows nothing of steps:
# give it any $x_t$, and it answers with $\hat x_0$. From there you can go to *any* cleaner level, near or far. Only
# DDPM's bell curve needs the next level to be near, and DDIM (lesson 04) does without it.
#
# Then why not stop after one pass, and take $\hat x_0$?

# %%
predict("03.one_pass")

# %%
x0, eps = heaps.sample(5000, seeded(1), torch.float64), torch.randn(5000, generator=seeded(2), dtype=torch.float64)
for t in (1000, 400, 200, 50):
    seen = denoise(path.add_noise(x0, eps, t), float(t)).x0
    lost = ((seen.abs() - 1).abs() > 0.5).double().mean()  # more than half of the way from a heap to the valley
    print(f"t = {t}: {lost:.1%} of what one pass sees lies where there are no data")

# %% [markdown]
# One pass answers with a mean of all that is still possible: between the heaps, or a blurred digit. The passes of a
# sampler are needed to *decide*, little by little. How many that takes is a question of the sampler. Digits again: what
# one pass sees from ever cleaner states of one walk.

# %%
shown = [1000, 900, 800, 700, 600, 400, 200, 1]
seen = torch.stack([states[1001 - t].x0 for t in shown])  # [8, 10, 1, 8, 8]
show(
    noising.image_strip(
        {"0": seen[:, 0], "3": seen[:, 3], "8": seen[:, 8]}, [f"t = {t}" for t in shown], "What one pass sees"
    ),
    "The clean digit seen at eight times of the walk: first the mean of all digits with that label, then softly one of "
    "them, then that one, sharper.",
)

# %% [markdown]
# ## The last step
#
# One line in the sampler's source is easily overlooked: `if path.sigma(s) > 0`. No noise on the step to clean data. In
# published code it is sometimes missing. What does that cost?

# %%
predict("03.last_step")

# %%
for steps in (1000, 10):
    t = path.grid(steps)[-2]
    small, large = path.posterior_variance(t, 0.0), path.step_variance(t, 0.0)
    point = sample(samplers.ddpm, toys.point_masses(torch.tensor([0.5])).denoiser(path), noise, path, path.grid(steps))
    spoiled = point + large**0.5 * torch.randn(5000, generator=seeded(3), dtype=torch.float64)
    assert small == 0 and point.std() < 1e-9
    print(
        f"{steps} steps, all data at 0.5: samples spread by 0 as they should; with noise on the last step by "
        f"{small**0.5:.0f} (small), {spoiled.std():.4f} (large; its root of beta is {large**0.5:.4f})"
    )

# %% [markdown]
# **The mistake that nobody sees with the small variance.** With the large one a thousand steps leave a variance of
# $\beta_1 = 0.0001$, a grain of one grey level in 256; ten steps leave a wreck. So test a sampler with the large
# variance, on data at a point, with few steps.

# %% [markdown]
# ## Move it
#
# The network draws with DDPM's small variance. Find the fewest steps with which you would put up. Then change the
# sampler to DDIM and look again; the start stays the same.

# %% tags=["panel"]
image_panel(clip(condition_on(network, [k % 10 for k in range(16)])), sampler="ddpm", steps=10)

# %% [markdown]
# ## Exercises
#
# **1.** The step, with the predicted noise and the large variance. Mind the last one.


# %%
def ddpm_step(x, eps, z, alpha_bar_t, alpha_bar_s):
    raise NotImplementedError


check("ddpm_step", ddpm_step)

# %% [markdown]
# **2.** Both variances.


# %%
def ddpm_variances(alpha_bar_t, alpha_bar_s):
    raise NotImplementedError


check("ddpm_variances", ddpm_variances)

# %% [markdown]
# ## Pitfalls
#
# - **The sentence instead of the formula.** Every term has a factor.
# - **"1000-step model".** The thousand steps are in the sampler. The network has no number of steps.
# - **A variance without its grid.** Large, on a grid that ends in a tiny step, leaves grain; the same variance on
#   another grid does not.
# - **Noise on the last step**, invisible with the small variance.
# - **beta for its root**, once more: `std` is a root.

# %% [markdown]
# ## What to remember
#
# - DDPM's step: the posterior of $x_s$ given $x_t$ and $x_0$, with $\hat x_0$ in the place of $x_0$.
# - It is a bell curve only if the step is short. That is why there are a thousand.
# - Small variance: right for points. Large: right for data as broad as noise. For short steps: no matter.
# - The slowness is the sampler's, not the network's. One pass sees a mean; a sampler decides.

# %% [markdown]
# ## Scope check

# %%
scope_check("03")

# %% [markdown]
# ## Further reading
#
# - Ho, Jain, Abbeel, *Denoising Diffusion Probabilistic Models*, 2020: equations 6 and 7, algorithm 2; section 3.2
#   on the two variances. https://arxiv.org/abs/2006.11239
# - Sohl-Dickstein, Weiss, Maheswaranathan, Ganguli, *Deep Unsupervised Learning using Nonequilibrium Thermodynamics*,
#   2015: short steps back are Gaussian. https://arxiv.org/abs/1503.03585
# - Bao, Li, Zhu, Zhang, *Analytic-DPM*, 2022: the variance that is best for given data.
#   https://arxiv.org/abs/2201.06503
# - Xiao, Kreis, Vahdat, *Tackling the Generative Learning Trilemma with Denoising Diffusion GANs*, 2021: long steps
#   with more than one hump. https://arxiv.org/abs/2112.07804
