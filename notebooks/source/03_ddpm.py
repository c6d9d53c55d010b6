# %% [markdown]
# # 03 DDPM
#
# **Question.** Why does sampling take a thousand evaluations of the network, and what breaks with fewer?
#
# **Budget.** About 80 seconds of one CPU core, 1.2 GB of memory, nothing to download.
#
# **Afterwards you can** derive the step of the first diffusion sampler for images, and write it; say why the step has
# to be short; choose between its two variances; and check that a sampler starts from the noise that its grid expects.

# %%
import inspect
import warnings
from itertools import pairwise

import torch

from diffusion_lessons import check, generate, load, sample, samplers, schedules, toys, trace, working
from diffusion_lessons.denoisers import clip, condition_on
from diffusion_lessons.figures import noising, show, step_figure, style, trajectories
from diffusion_lessons.metrics import features, frechet_distance, moments
from diffusion_lessons.panels import image_panel, predict, scope_check
from diffusion_lessons.toys import gaussian_quantiles, total_variation, unscaled_ddpm, wasserstein_1


# %%
def seeded(seed):
    return torch.Generator().manual_seed(seed)


# %% [markdown]
# As long as we can, we work where the truth is known. The data of this lesson are numbers from two clusters: three in
# ten lie near $-1$ and seven in ten near $+1$, each cluster with a standard deviation of 0.2. For such a *mixture of
# Gaussians* the best possible denoiser is a formula, so whatever goes wrong below is not the fault of a network.

# %%
path = schedules.ddpm_linear()
clusters = toys.GaussianMixture([-1.0, 1.0], stds=0.2, weights=[0.3, 0.7])
denoise = clusters.denoiser(path)
noise = gaussian_quantiles(5000)  # 5,000 starts, spread over N(0, 1) as evenly as 5,000 numbers can be

# %%
walks = trace(samplers.ddpm, denoise, gaussian_quantiles(14), path, path.grid(1000), generator=seeded(0))
show(
    trajectories.trajectory_figure(clusters, path, {"ddpm, 1000 steps": walks}),
    "What you will build: a sampler that takes noise, at the left, to data, at the right. Fourteen numbers walk to the "
    "two clusters, in a thousand random steps each.",
)

# %% [markdown]
# ## The ancestral step
#
# Lesson 02 left you with a network that predicts the clean sample from any noisy $x_t$. We write its prediction $\hat
# x_0$, and say for short that the network *sees* $\hat x_0$ in $x_t$. Now we use it to walk from noise to data. To ask
# the network once is one *evaluation*; evaluations are what sampling costs.
#
# Suppose for a moment that somebody told you the true $x_0$. Then the state $x_s$ at a slightly earlier time $s$ would
# follow a Gaussian that you can compute, because all the noise along the way is Gaussian. With $q$ for the distribution
# of the noising process, it is
#
# $$q(x_s \mid x_t, x_0) = \mathcal N\!\left(\frac{\alpha_t}{\alpha_s}\frac{\sigma_s^2}{\sigma_t^2}\,x_t +
# \frac{\alpha_s \beta}{\sigma_t^2}\,x_0,\;\; \frac{\sigma_s^2}{\sigma_t^2}\,\beta\right), \qquad
# \beta = \sigma_t^2 - \frac{\alpha_t^2}{\alpha_s^2}\sigma_s^2 .$$
#
# With $s = t-1$ this $\beta$ is the $\beta_t$ of the forward process.
#
# **The derivation** takes three lines. By Bayes' rule, the probability of $x_s$ is proportional to the product of two
# factors: that $x_0$ became $x_s$, and that $x_s$ became $x_t$. Write $r = \alpha_t/\alpha_s$; the exponent of the
# product is
#
# $$-\frac{(x_s - \alpha_s x_0)^2}{2\sigma_s^2} - \frac{(x_t - r\,x_s)^2}{2\beta} .$$
#
# This is a parabola in $x_s$, so the product is a Gaussian. The factor in front of $-x_s^2/2$ is one over its variance:
# $1/\sigma_s^2 + r^2/\beta = (\beta + r^2\sigma_s^2)/(\sigma_s^2\beta) = \sigma_t^2/(\sigma_s^2\beta)$. The factor in
# front of $x_s$, times the variance, is its mean: $(\alpha_s x_0/\sigma_s^2 + r\,x_t/\beta)\cdot
# \sigma_s^2\beta/\sigma_t^2$, which is the mean above. If you would rather check than derive, multiply the two factors
# on a fine grid:

# %%
x0, x_t, t, s = 0.5, -0.3, 300, 200
ratio, beta = path.alpha(t) / path.alpha(s), path.step_variance(t, s)
x = torch.linspace(-4, 4, 20_001, dtype=torch.float64)
exponent = -((x - path.alpha(s) * x0) ** 2) / path.sigma(s) ** 2 - (x_t - ratio * x) ** 2 / beta
p = (exponent / 2).softmax(dim=0)
mean, variance = p @ x, p @ x**2 - (p @ x) ** 2
shrink = (path.sigma(s) / path.sigma(t)) ** 2
formula = ratio * shrink * x_t + path.alpha(s) * beta / path.sigma(t) ** 2 * x0
assert abs(mean - formula) < 1e-9 and abs(variance - shrink * beta) < 1e-9
print(f"by Bayes' rule on a grid: mean {mean:.4f}, variance {variance:.4f}")
print(f"by the formula:           mean {formula:.4f}, variance {shrink * beta:.4f}")

# %% [markdown]
# But nobody tells you $x_0$. DDPM (*denoising diffusion probabilistic model*) puts the network's $\hat x_0$ in its
# place, draws $x_s$ from the Gaussian, and repeats. (To draw each state given the one drawn before it, its ancestor, is
# called *ancestral sampling*.) This is the whole sampler:

# %%
print(inspect.getsource(samplers.ddpm).split('"""')[2].strip("\n"))

# %% [markdown]
# Most published code writes the mean with the predicted noise instead. It is the same mean, rearranged:
#
# $$x_s = \frac{\alpha_s}{\alpha_t}\Bigl(x_t - \frac{\beta}{\sigma_t}\,\hat\varepsilon\Bigr) + \text{std}\cdot z,
# \qquad z \sim \mathcal N(0, 1) .$$

# %%
seen = denoise(noise, 300.0)
with_x0 = ratio * shrink * noise + path.alpha(s) * beta / path.sigma(t) ** 2 * seen.x0
with_eps = (noise - beta / path.sigma(t) * seen.eps) / ratio
assert torch.allclose(with_x0, with_eps, atol=1e-12)
print("with x0_hat and with eps_hat the step has the same mean, to twelve decimals")

# %% [markdown]
# **Exercise 1. Write it.** The step in its second form, with the standard deviation $\sqrt\beta$ and with $\alpha_t =
# \sqrt{\bar\alpha_t}$, $\sigma_t = \sqrt{1-\bar\alpha_t}$. Nothing fresh is added on the step to clean data. Your
# function will draw the digits of this lesson; until it is right, ours does.


# %%
def ddpm_step(x, eps, z, alpha_bar_t, alpha_bar_s):
    raise NotImplementedError


check("ddpm_step", ddpm_step)

# %% [markdown]
# ## The sentence, taken literally
#
# Articles often describe this step in one sentence. One of the texts that this course is built on says: the next state
# is $x_t$, minus the predicted noise, plus random noise; and without the randomness the data are not matched.

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
    print(f"{name}: standard deviation {x.std():.2f}, W1 to the data {wasserstein_1(x, clusters):.4f}")

# %% [markdown]
# **The distance.** *W1* is the Wasserstein-1 distance: the mean distance by which the samples would have to be moved to
# follow the data's distribution exactly. It has the unit of the data. Here 0 is perfect, and 0.2 is the standard
# deviation of a cluster.
#
# The samples of the sentence have nearly twice the standard deviation of the data, which is 0.94. What the sentence
# leaves out is the *factors*, and they are everything:

# %%
for t in (1000, 500, 10):
    beta = path.step_variance(t, t - 1)
    print(
        f"t = {t}: remove {beta / path.sigma(t):.4f} of the predicted noise, stretch by {(1 - beta) ** -0.5:.5f}, "
        f"add {beta**0.5:.4f} of fresh noise"
    )

# %% [markdown]
# In the middle of the walk, a step removes about a hundredth of the noise that the network sees, and adds ten times as
# much fresh noise. The second half of the sentence does not hold either: DDIM, the sampler of the next lesson, draws
# nothing at random, and it ended nearest to the data.

# %% [markdown]
# ## A thousand evaluations
#
# Here is your step on pictures, with the network of lesson 02. In the strip, the upper row is the state $x_t$, and the
# lower row is $\hat x_0$, the clean image that the network predicts from it. In the code, `condition_on` tells the
# network which digits to draw, and `clip` keeps its $\hat x_0$ in the range of pixel values, from $-1$ to 1.

# %%
step, network = working("ddpm_step", ddpm_step), load("digits-diffusion")
digits, digit_path, generator = clip(condition_on(network, torch.arange(10))), network.path, seeded(0)
x = digit_path.prior((10, *network.shape), generator)
states = [samplers.State(digit_path.T, x, None)]
for t, s in pairwise(digit_path.grid(1000)):
    seen, z = digits(x, t), torch.randn(x.shape, generator=generator)
    x = step(x, seen.eps, z, digit_path.alpha_bar(t), digit_path.alpha_bar(s))
    states.append(samplers.State(s, x, seen.x0))
show(
    trajectories.estimate_strip(states, row=3),
    f"A 3 drawn in {len(states) - 1} steps, one evaluation of the network each. Below each state stands the clean "
    "image that the network predicts from it: first the mean of all 3s, in the end this one.",
)

# %% [markdown]
# When is the picture decided? At the start nothing can be seen, and the network answers with the mean of all digits
# that have the label. What distinguishes the finished digit from the others is its difference from that first answer.
# How much of this difference does the network see at time $t$?

# %%
first, end = states[1].x0.flatten(1), states[-1].x.flatten(1)  # [10, 64]
for t in (800, 500, 300, 100):
    now = states[1001 - t].x0.flatten(1)  # seen at t
    share = 1 - (end - now).square().sum(dim=1) / (end - first).square().sum(dim=1)
    print(f"t = {t}: {share.mean():.0%} of what distinguishes the finished digit is seen, on average over ten digits")

# %% [markdown]
# Half way, less than half of this difference is visible, and most of the rest follows in the last third. So the network
# cannot say early what will be drawn. Does that mean that it must be asked a thousand times?

# %% [markdown]
# ## Why the steps are short
#
# Let us take longer steps. The formula holds for any $s < t$, but there was a catch: *if somebody told you $x_0$*. You
# have only its mean, $\hat x_0$. Suppose you stand at $x_t = -0.2$ at $t = 300$. Where were you 1, 100 or 270 steps
# earlier in the noising process? For our clusters the distribution of $x_s$ is known exactly (grey). DDPM draws from a
# Gaussian around the mean instead (the orange lines: the variance of the formula, solid, and a larger one, dashed, to
# which we come in the next section).

# %%
steps_back = [299, 200, 30]
shares = {v: [total_variation(clusters, path, 300, s, v) for s in steps_back] for v in ("small", "large")}
of_small, of_large = (", ".join(f"{share:.2%}" for share in shares[v]) for v in shares)
show(
    step_figure(clusters, path, -0.2, 300, steps_back),
    "The distribution of $x_s$ given $x_t$ is one Gaussian for a short step, and two modes for a long one. Probability "
    f"that DDPM puts into the wrong place in 1, 100 and 270 steps, on average over $x_t$: {of_small} with the variance "
    f"of the formula, {of_large} with the larger one.",
)

# %% [markdown]
# **A step back is Gaussian only if it is short.** A long step leads to one cluster *or* the other, and DDPM draws from
# the middle between them. Hence the thousand steps: each is so short that one Gaussian is enough. Notice that none of
# this is about the network. The denoiser was perfect.

# %% [markdown]
# ## Small or large
#
# How wide should the Gaussian be? If $x_0$ is given, its variance is $\beta\,\sigma_s^2/\sigma_t^2$; call it the
# *small* variance. But $x_0$ is not given, so the variance should be larger, to allow for the difference between $x_0$
# and $\hat x_0$. For data that are spread like the noise itself the right one is $\beta$, the *large* variance. For
# data at a single point, where $\hat x_0$ is $x_0$, the small one is right. The paper has both. Our clusters have a
# standard deviation (a *width*, for short) of 0.2, which lies between a point and the noise.

# %%
predict("03.small_variance")


# %%
def sampled(steps, variance, spacing="trailing", seed=0):
    times = path.grid(steps, spacing)
    if variance is None:
        return sample(samplers.ddim, denoise, noise, path, times)
    return sample(samplers.ddpm, denoise, noise, path, times, variance=variance, generator=seeded(seed))


def width(x):
    return (x - x.sign()).std().item()  # about the centre of the nearer cluster


for steps in (20, 100, 1000):
    small, large, none = (width(sampled(steps, variance)) for variance in ("small", "large", None))
    print(
        f"{steps:>4} steps: width {small:.3f} with the small variance, {large:.3f} with the large, {none:.3f} by DDIM"
    )

# %% [markdown]
# The small variance leaves the clusters too narrow and the large one too wide, and with more steps both approach 0.2.
# For short steps the choice does not matter: $\sigma_s$ and $\sigma_t$ are then nearly equal, and so are the two
# variances.
#
# You may wonder: if too little noise makes the clusters narrow, why does DDIM, which adds *none*, not make them
# narrower still? Look at the mean of DDPM's step. It multiplies $x_t$ by $(\alpha_t/\alpha_s)\,\sigma_s^2/\sigma_t^2$,
# and with it the noise in $x_t$: what is left of that noise has the standard deviation
# $(\alpha_t/\alpha_s)\,\sigma_s^2/\sigma_t$, less than the $\sigma_s$ that belongs at level $s$. DDPM *replaces* noise:
# it erases some and draws some. If it draws less than it erased, spread is lost. DDIM erases none: it rescales the
# noise that is there to $\sigma_s$, and needs no other. (That its clusters are a little narrow at 20 steps has another
# cause: over a long step $\hat x_0$ is kept constant, though it changes. Lesson 05 deals with that.)

# %% [markdown]
# ## Fewer steps
#
# Now to the question of the lesson. The denoiser stays perfect, and the steps become fewer. DDPM is random, so one run
# is a draw; we average over five seeds and show the spread. DDIM stands in the figure as a preview of lesson 04.

# %%
counts = [5, 10, 20, 50, 100, 200, 500]
runs = {
    kind: torch.tensor([[wasserstein_1(sampled(N, kind, seed=seed), clusters) for seed in range(5)] for N in counts])
    for kind in ("small", "large")
}
ddim = [wasserstein_1(sampled(N, None), clusters) for N in counts]
exact = torch.tensor([wasserstein_1(clusters.sample(5000, seeded(k), torch.float64), clusters) for k in range(50)])
low, middle, high = exact.quantile(0.05), exact.mean(), exact.quantile(0.95)
figure, axes = style.axes("Fewer steps, farther from the data", "steps", "W1 to the data", size=(6.8, 3.8))
for kind, values in runs.items():
    line = style.line("ddpm", stochastic=kind == "large", label=f"DDPM, {kind} variance, five seeds", capsize=3)
    axes.errorbar(counts, values.mean(dim=1), values.std(dim=1), **line)
axes.plot(counts, ddim, **style.line("ddim"))
axes.axhspan(low, high, color=style.GREY, alpha=0.2, linewidth=0, label="5,000 exact samples, 90 % of draws")
axes.set(xscale="log", yscale="log", xticks=counts, xticklabels=counts)
axes.minorticks_off()
axes.legend(frameon=False, fontsize=9)
at_10, at_100 = ({k: v[i].mean() for k, v in runs.items()} for i in (1, 4))
show(
    figure,
    f"W1 with 10 steps: small {at_10['small']:.3f}, large {at_10['large']:.3f}, DDIM {ddim[1]:.3f}; with 100 steps "
    f"{at_100['small']:.3f}, {at_100['large']:.3f} and {ddim[4]:.3f}. 5,000 exact samples: {middle:.3f} on average, "
    f"90 % of draws between {low:.3f} and {high:.3f}.",
)

# %% [markdown]
# **Long steps cost every sampler, and the noise is not what makes them costly.** With ten steps all three are far from
# the data. DDIM, without any noise, lies between DDPM's two variances: nearer than the small one at every count,
# farther than the large one up to twenty steps. With a few hundred steps both variances arrive in the grey band, where
# they score what samples of the data themselves score; more steps gain nothing that 5,000 samples could show. So a
# thousand steps are more than enough here. (DDIM leaves the band at the lower end: it draws nothing at random, and our
# starts are spread more evenly than random ones.) What a better solver does with ten steps is the subject of lessons 04
# and 05.

# %% [markdown]
# ## Where the grid starts and ends
#
# "Ten steps" does not say *which* ten. The network was trained at a thousand times, and the list of those that a
# sampler visits is its *grid*. Two grids are common. *Trailing* counts down from the noisy end and takes the last step
# straight to 0. *Leading* counts up from the clean end, adds 1, and takes one more tiny step to 0 at the end.

# %%
for spacing in ("trailing", "leading"):
    print(f"{spacing:>8}: {', '.join(f'{t:.0f}' for t in path.grid(10, spacing))}")

# %% [markdown]
# They differ at both ends, and each end has a trap. First the *clean* end. Take 20 steps of the leading grid on the
# clusters, and look at its last two.

# %%
times = path.grid(20, "leading")
thrown, belongs = path.step_variance(*times[-3:-1]) ** 0.5, path.sigma(times[-2])
print(f"leading, from t = {times[-3]:.0f} to {times[-2]:.0f}: the large variance adds noise of {thrown:.3f}")
print(f"at t = {times[-2]:.0f} the state should hold noise of {belongs:.3f}, and one step of length 1 is left")
for name, kind in {"DDPM, large": "large", "DDPM, small": "small", "DDIM": None}.items():
    x = sampled(20, kind, "leading")
    print(f"{name}: clusters of width {width(x):.3f}, W1 {wasserstein_1(x, clusters):.3f}")

# %% [markdown]
# With the large variance, the last long step adds noise according to its length, far more than belongs at $t = 1$, and
# after it only a tiny step is left, which cannot remove it: the clusters come out wider. (In $W_1$ it is still nearer
# than the small variance, whose long steps cost it more; but on the trailing grid it was nearer by far, as the figure
# above shows.) In the DDIM paper's table for CIFAR-10, ten steps of DDPM with the large variance have a Fréchet
# distance of 367, ten with the small one 41, and ten of DDIM 13. (This is their measurement, on a quadratic grid, so it
# does not show this trap alone. The *Fréchet distance* compares a set of samples with real pictures, and lower is
# better; lesson 09 says what it is.)
#
# Now the *noisy* end. The pictures below are by the network for 28-by-28 digits, `mnist-diffusion`: ten evaluations for
# each digit, the same noise in every row.

# %%
predict("03.wrong_start")

# %%
warnings.simplefilter("ignore", samplers.StartWarning)  # the library warns of what you are about to find out
larger, rows = load("mnist-diffusion"), {}
for spacing in ("leading", "trailing"):
    for name, options in {
        "DDIM": {"sampler": "ddim"},
        "DDPM, small": {"sampler": "ddpm"},
        "DDPM, large": {"sampler": "ddpm", "variance": "large"},
    }.items():
        drawn = generate(larger, 10, labels=range(10), steps=10, spacing=spacing, limit=None, **options)
        rows[f"{name}, {spacing}"] = drawn[-1].x
grain = {name: (x[..., :2] + 1).square().mean().item() for name, x in rows.items()}
show(
    noising.image_strip(rows, list(map(str, range(10))), "Ten evaluations each, one network, one start"),
    "Ten digits in ten steps. Grain, the mean square in the two left-most columns of pixels, which are black in the "
    + "data: "
    + ", ".join(
        f"{grain[f'DDPM, {kind}, {grid}']:.4f} {kind} {grid}"
        for kind in ("large", "small")
        for grid in ("leading", "trailing")
    )
    + ".",
)

# %% [markdown]
# You see both traps. DDPM with the large variance leaves grain, about seven times less on the trailing grid than on the
# leading one, and still far more than the small variance on either. And several of DDIM's digits on the leading grid
# are misshapen: the 0 has a stroke too many, the 4 looks like a 9, and beside the 9 lie fragments. The trailing grid
# draws these three better, though not all is well there (the 1 has a spur, and the 6 does not close); below we measure
# both grids on 200 digits. It is the same network, the same noise and the same number of evaluations. What is to
# blame: the sampler, the network, or the start?

# %% [markdown]
# ## The wrong start
#
# The suspect is the start. The network was trained on $x_{901} = \alpha x_0 + \sigma\varepsilon$, and on the cosine
# path of this network $\alpha$ is not small there:

# %%
alpha, sigma = larger.path.alpha(901), larger.path.sigma(901)
print(f"at t = 901: alpha = {alpha:.3f}, sigma = {sigma:.3f}")

# %% [markdown]
# So a true $x_{901}$ has 15 % of a digit in it, and the sampler was started from a state that has none. What of the
# digit is missed? Two suspects:
#
# - *Its darkness.* Most of a digit is black, and its mean is about $-0.74$. So a true $x_{901}$ is darker than pure
#   noise by $0.154 \cdot 0.74 = 0.11$ in *every* pixel. That is little for one pixel and much for 784 together: the
#   mean of 784 pixels of pure noise scatters by only $1/\sqrt{784} = 0.036$.
# - *Its shape.* Under the label 4 the network has only ever seen states with a trace of a 4.
#
# The experiment is to change the start and nothing else: make pure noise darker, or add a trace of the mean digit, of
# all ten labels or of the label asked for, or of a whole digit, which makes it a true $x_{901}$. We have no training
# images here, so 200 digits that the network itself drew take their place, from other noise. Then the same ten steps
# begin at each of these states.

# %%
labels, real = torch.arange(200) % 10, moments(features.reference("mnist", "train").features)
plain = {"labels": range(10), "limit": None}
start = larger.path.prior((200, 1, 28, 28), seeded(0))
own = generate(larger, 200, steps=15, seed=1, **plain)[-1].x  # [200, 1, 28, 28], on the trailing grid
of_label = own.unflatten(0, (20, 10)).mean(dim=0).repeat(20, 1, 1, 1)  # the mean digit of each label, for each sample
traces = {
    "darkness": own.mean().expand_as(own),
    "the mean of all digits": own.mean(dim=0).expand_as(own),
    "the label's mean digit": of_label,
    "a digit (true x_901)": own,
}
starts = {"nothing": start} | {name: larger.path.add_noise(x, start, 901.0) for name, x in traces.items()}


# %%
def distance_from(x, name, grid="leading"):
    """Ten steps of DDIM from these starts: the Fréchet distance of what they end at, printed with the rest."""
    x = generate(larger, x, sampler="ddim", steps=10, spacing=grid, **plain)[-1].x
    seen = features.features(x.clamp(-1, 1))
    recognised = (features.probabilities(seen).argmax(dim=1) == labels).double().mean()
    distance = frechet_distance(real, seen)
    print(f"{name:>22}: mean pixel {x.mean():.3f}, {recognised:.1%} recognised, distance {distance:.2f}")
    return distance


distance_of = {name: distance_from(x, name) for name, x in starts.items()}
distance_from(start, "trailing, from N(0, 1)", "trailing")
assert distance_of["darkness"] > distance_of["nothing"] > 1.5 * distance_of["the label's mean digit"]

# %% [markdown]
# How much of this is the luck of one draw? Begin three of the rows with other noise:

# %%
other = larger.path.prior((200, 1, 28, 28), seeded(11))
again = {"nothing": distance_from(other, "nothing")}
for name in ("the mean of all digits", "the label's mean digit"):
    again[name] = distance_from(larger.path.add_noise(traces[name], other, 901.0), name)
assert min(again["nothing"], again["the mean of all digits"]) > 1.5 * again["the label's mean digit"]

# %% [markdown]
# **It was the start, and what it lacked was the shape.** Darkness does not mend it: the digits come out darker than
# real ones, and the Fréchet distance grows. The mean of all digits is dark in the right places, and it does not help
# either: in both draws its samples end no nearer to the data. But a trace of the label's *mean* digit, which is only a
# blur, removes most of the excess, and a trace of a whole digit hardly more. So the network takes from $x_{901}$ the
# rough shape of the digit that it was asked for, and in pure noise it finds none. (The distance is from 200 samples to
# real digits. Even 200 real ones would not score 0, and the start with nothing added scores half a unit less in the
# second draw: only large differences count here.)
#
# Mind what these rows do not show. A start with a trace of a digit *says* which digit it is, so a part of the answer is
# in the question: that more digits are recognised is no proof of a better sampler. The fair rival is the row of the
# trailing grid. The trailing grid starts from pure noise, where pure noise belongs, is told nothing, and its digits end
# as near to the data in the same ten steps. (A few more digits are recognised in the row that was told.)
#
# The pictures above hint at one thing more: DDPM with the small variance drew the 0, the 4 and the 9 well on the
# leading grid. DDIM draws nothing at random and keeps its start to the very end; DDPM replaces a part of the state at
# each step. That looks like a virtue of fresh noise, but here it makes up for a wrong start. (From the right one, on
# the trailing grid, DDIM is the nearer of the two to the data in ten steps. Lesson 14 measures it.)
#
# On DDPM's own linear path this trap hardly exists, because $\alpha$ at $t = 901$ is only 0.016 there. So neither
# "DDIM" nor "ten steps" nor "cosine" is what fails. What fails is their combination with a grid that starts at $t =
# 901$. Before you blame a sampler, ask which state its grid expects at the start, and give it that state.

# %%
print(f"alpha at t = 901 on the linear path: {path.alpha(901):.3f}")
assert path.alpha(901) < 0.2 * alpha

# %% [markdown]
# ## It is the sampler
#
# Let us put together what you have seen. The network was trained at each time separately (lesson 02), and it knows
# nothing of steps: give it any $x_t$, and it answers with $\hat x_0$. How many evaluations a picture takes is decided
# by what the *sampler* does with the answer, by its grid, and by its start. In this lesson a perfect denoiser needed a
# few hundred steps of DDPM on the clusters, and ten steps gave readable digits with a network.
#
# Then why not stop after a single evaluation, and take $\hat x_0$?

# %%
predict("03.one_pass")

# %%
x0, eps = clusters.sample(5000, seeded(1), torch.float64), torch.randn(5000, generator=seeded(2), dtype=torch.float64)
for t in (1000, 400, 200, 50):
    seen = denoise(path.add_noise(x0, eps, t), float(t)).x0
    lost = ((seen.abs() - 1).abs() > 0.5).double().mean()  # more than half of the way from a cluster to the valley
    print(f"t = {t}: {lost:.1%} of the answers lie between the clusters, where there are no data")

# %% [markdown]
# One evaluation answers with a mean over everything that is still possible: a point between the clusters, or a blurred
# digit. The evaluations of a sampler are needed to *decide*, little by little. Here are the answers to ever cleaner
# states of the walk that your step took above.

# %%
shown = [1000, 700, 400, 200, 1]
seen = torch.stack([states[1001 - t].x0 for t in shown])  # [5, 10, 1, 8, 8]
show(
    noising.image_strip(
        {"0": seen[:, 0], "3": seen[:, 3], "8": seen[:, 8]}, [f"t = {t}" for t in shown], "One evaluation sees a mean"
    ),
    "The clean digit seen at five times of one walk: first the mean of all digits with that label, then a blurred one "
    "of them, then that one, sharper.",
)

# %% [markdown]
# ## The last step
#
# One line in the sampler's source is easily overlooked: `if path.sigma(s) > 0`. It says that no noise is added on the
# step to clean data. In published code this line is sometimes missing. What does that cost?

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
        f"{small**0.5:.0f} (small), {spoiled.std():.4f} (large; the root of its beta is {large**0.5:.4f})"
    )

# %% [markdown]
# **Nobody sees this mistake with the small variance,** because it is 0 on the last step. With the large one, a thousand
# steps leave a variance of $\beta_1 = 0.0001$, a grain of about one grey level in 256. Ten steps leave samples that are
# spread by 0.32 where they should all be equal. So if you test a sampler, use the large variance, data at a single
# point, and few steps.

# %% [markdown]
# ## Move it
#
# The network for 28-by-28 digits, in ten steps of DDPM. Find the smallest number of steps that you would still accept.
# At that number, try the large variance, then the leading grid. Then change the sampler to DDIM and look again on both
# grids; the noise at the start stays the same. Which of the choices costs most?

# %% tags=["panel"]
image_panel(clip(condition_on(larger, [k % 10 for k in range(16)])), sampler="ddpm", steps=10, variance="small",
            grid="trailing")  # fmt: skip

# %% [markdown]
# ## Exercises
#
# Exercise 1 stands [above](#The-ancestral-step).
#
# **2.** Both variances of a step.


# %%
def ddpm_variances(alpha_bar_t, alpha_bar_s):
    raise NotImplementedError


check("ddpm_variances", ddpm_variances)

# %% [markdown]
# **3. To investigate.** You have *ten* evaluations, the perfect denoiser and DDPM's step. Choose the eleven times and
# the variance so that the samples come as near to the data as you can. Any decreasing list from 1000 to 0 will do, and
# so will a variance of your own between the two (for which you need a loop like the one that drew the digits). The
# target to beat is the best that this lesson reached with ten steps, by more than its spread. (Afterwards,
# `check("ten_ddpm_times").solution(found)` shows one answer, for the distance that you found.)


# %%
def distance(times, variance):
    """Mean W1 over five seeds, and its standard deviation."""
    draws = [
        sample(samplers.ddpm, denoise, noise, path, times, variance=variance, generator=seeded(seed))
        for seed in range(5)
    ]
    values = torch.tensor([wasserstein_1(x, clusters) for x in draws])
    return f"{values.mean():.3f} +- {values.std():.3f}"


print("to beat, trailing times and the large variance:", distance(path.grid(10), "large"))
print("a first try, quadratic times:", distance(path.grid(10, "quadratic"), "large"))

# %% [markdown]
# ## Pitfalls
#
# - **The sentence instead of the formula.** Every term of the step has a factor; without them the samples are a blur.
# - **"A 1000-step model".** The thousand steps are in the sampler. The network has no number of steps.
# - **A grid that starts below $T$, with a start from pure noise.** On paths where $\alpha$ is not yet 0 there, the
#   network is told that it sees something which is not in the state.
# - **The large variance with few steps** leaves grain. How much depends on the grid; that there is some does not.
# - **One seed of a random sampler** is one draw. Average, and show the spread.
# - **beta for its root**, once more: the factor of unit noise is a standard deviation, not a variance.

# %% [markdown]
# ## What to remember
#
# - DDPM's step draws from the posterior of $x_s$ given $x_t$ and $x_0$, with $\hat x_0$ in the place of $x_0$.
# - The true step back is Gaussian only if it is short. That is why there are many.
# - The small variance is right for data at points, the large one for data as broad as the noise. For short steps the
#   choice does not matter.
# - "Ten steps" is not a sampler. Name the update, the variance, the grid, and the start.
# - The slowness is the sampler's, not the network's. One evaluation answers with a mean; a sampler decides.

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
# - Lin, Liu, Li, Yang, *Common Diffusion Noise Schedules and Sample Steps are Flawed*, 2023: what happens when a
#   sampler starts where its path has not yet become noise. https://arxiv.org/abs/2305.08891
# - Xiao, Kreis, Vahdat, *Tackling the Generative Learning Trilemma with Denoising Diffusion GANs*, 2021: long steps
#   with more than one mode. https://arxiv.org/abs/2112.07804
