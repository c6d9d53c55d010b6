# %% [markdown]
# # 17 Debugging
#
# **Question.** The loss converged and the samples are noise: what now?
#
# **Budget.** About 46 seconds of one CPU core, 1.0 GB of memory, nothing to download.
#
# **Afterwards you can** tell a wrong sampler from a wrong network without looking at a sample; say whether a loss is
# small; find out what a misread network really says; and name twelve faults by the one measurement that shows each.

# %%
from dataclasses import replace
from itertools import pairwise

import torch

from diffusion_lessons import check, checks, clinic, samplers, toys, working
from diffusion_lessons.clinic import losses, network_faults, probes
from diffusion_lessons.figures import noising, show
from diffusion_lessons.panels import clinic_panel, predict, scope_check

# %% [markdown]
# ## Twelve patients
#
# Sooner or later you train a network of your own. The loss goes down, you draw samples, and they are noise, or grey, or
# of the wrong class. Then it is tempting to change the learning rate, to train longer, or to take another schedule. In
# none of the public threads below was it one of these. This lesson is about finding what it was.
#
# The clinic has twelve patients, all made from the network of the 8x8 digits, each with one fault. For each kind of
# fault there is a public thread, in the table below. Here are the patients' samples, from the same noise and with the
# same labels in every row:

# %%
healthy = clinic.healthy()
patients = {name: clinic.patient(name) for name in clinic.FAULTS}
torch.manual_seed(0)  # of the dropout in one of them
rows = {"healthy": healthy.samples(8)[-1].x} | {name: case.samples(8)[-1].x for name, case in patients.items()}
labels = [str(int(label)) for label in healthy.conditions[:8]]
show(
    noising.image_strip(rows, labels, "One network, twelve faults"),
    "Rows of eight digits: the healthy network, then the twelve patients. One draws grey noise, one coarse noise, one "
    "pale digits, one harsh ones, one the wrong digits, two have speckles. Five pass for healthy.",
)

# %% [markdown]
# **Five of the twelve pass for healthy on these samples**: `train_mode`, `half_time`, `clip_inside`, `late_start` and
# `ema_unused`. And those whose samples are noise do not say why. Samples are the wrong place to begin.

# %% [markdown]
# | name | what is wrong | a thread about its kind |
# | --- | --- | --- |
# | `data_range` | images are not in [-1, 1] | lucidrains/denoising-diffusion-pytorch#20 |
# | `train_mode` | `eval()` is forgotten | lucidrains/DALLE2-pytorch#79 (harmless there, says a reply: no dropout) |
# | `half_time` | time is embedded in half precision | modelscope/DiffSynth-Studio#1025 |
# | `clip_inside` | estimates are clipped before guidance | lucidrains/denoising-diffusion-pytorch#84 (a cousin) |
# | `late_start` | the grid starts below $T$ | Project-MONAI/GenerativeModels#397 |
# | `wrong_alpha` | $\bar\alpha$ where its root is meant | lucidrains/denoising-diffusion-pytorch#81 |
# | `last_noise` | noise on the last step | TeaPearce/Conditional_Diffusion_MNIST#10 |
# | `v_as_eps` | $v$ is read as $\varepsilon$ | lllyasviel/stable-diffusion-webui-forge#123 |
# | `time_units` | time arrives in other units | facebookresearch/flow_matching#17 |
# | `labels_shuffled` | labels do not belong to their images | atong01/conditional-flow-matching#172 |
# | `null_untrained` | the null class was never trained | NVlabs/Sana#188 |
# | `ema_unused` | the average of the weights is not used | harryjo97/GruM#1 |

# %% [markdown]
# ## What the loss curve shows

# %%
predict("17.loss_curve")

# %% [markdown]
# Eight of the faults are made after the loss was computed, or beside it: in the sampler, in how the network is called
# when it samples, in which weights are loaded. Their training loss *is* the healthy one. For the other four, measure
# it: the loss of $v$, at times spread evenly, with a tenth of the labels dropped (but for the patient that drops none).


# %% tags=["within-2%"]
def training_loss(case, drop=0.1, seed=0):
    """The loss of v, which on this path is that of x_0 divided by sigma^2, on the case's images."""
    generator, denoise = torch.Generator().manual_seed(seed), case.in_training or case.denoise
    n = len(case.images)
    u = (torch.arange(n) + torch.rand(n, generator=generator)) / n
    t, eps = (1000 * u).clamp(min=1), torch.randn(case.images.shape, generator=generator)
    told = torch.where(torch.rand(n, generator=generator) < drop, 11, case.conditions)
    with torch.no_grad():
        x0 = denoise(denoise.path.add_noise(case.images, eps, t), t, told).x0
    return ((x0 - case.images).square().mean(dim=(1, 2, 3)) / denoise.path.sigma(t) ** 2).mean().item()


curve = [training_loss(healthy, seed=seed) for seed in range(4)]
print(f"healthy: {sum(curve) / 4:.3f}; four draws lie between {min(curve):.3f} and {max(curve):.3f}")
for name in ("half_time", "null_untrained", "labels_shuffled", "data_range"):
    drop = 0.0 if name == "null_untrained" else 0.1
    found = sum(training_loss(patients[name], drop, seed) for seed in range(4)) / 4
    print(f"{name}: {found:.3f}, {found / (sum(curve) / 4):.2f} of the healthy one")

# %% [markdown]
# Rounded times leave no trace at all. A run that drops no label has a slightly *lower* loss, and one whose images have
# the wrong range has half of it, since these images have a quarter of the variance. Only shuffled labels raise it, and
# without a healthy run beside yours you would not know.
#
# **A loss curve shows that something was learned. It does not show what, and it never sees your sampler.**
#
# So do not look at the curve, and do not guess from samples. Take the system apart. It has two halves, and for each
# there is a replacement that is known to be right: an exact denoiser for the network, real images for the samples.

# %% [markdown]
# ## Is it the sampler?
#
# Hand your sampler a denoiser that always sees the same picture $c$. It is exact, for data that consist of $c$ alone.
# Then $x_t = \alpha_t c + \sigma_t\varepsilon$ has to hold at every step of every right sampler.

# %%
predict("17.half_the_pairs")

# %% [markdown]
# **Exercise 1.** How much of $c$ does a batch hold, and how much noise? Your function measures the patients below.


# %%
def signal_and_noise(x, picture):
    raise NotImplementedError


check("signal_and_noise", signal_and_noise)

# %%
measured = working("signal_and_noise", signal_and_noise)


def on_the_way(case):
    """At each state: t, the signal and the noise in x_t; and the first time that the sampler asked for."""
    exact = probes.Stripes(case.denoise, (1, 8, 8))
    generator = torch.Generator().manual_seed(0)
    x = case.denoise.path.prior((64, 1, 8, 8), generator)
    run = [
        (state.t, *measured(state.x.flatten(1).double(), exact.picture.flatten().double()).tolist())
        for state in case.draw(exact, x, case.conditions_for(64), generator)
    ]
    return run, exact.asked[0]


path = healthy.denoise.path
for name, case in {"healthy": healthy, **patients}.items():
    run, start = on_the_way(case)
    off = max(abs(signal - path.alpha(t)) for t, signal, _ in run)
    if name == "healthy" or off > 0.1 or run[-1][2] > 0.02 or path.alpha(start) > 0.05:
        print(
            f"{name}: starts at alpha = {path.alpha(start):.3f}, signal off by {off:.3f}, noise left {run[-1][2]:.3f}"
        )
run, start = on_the_way(healthy)
assert start == path.T and run[-1][2] < 1e-5

# %% [markdown]
# Three are found, each by a number of its own: where the run *starts*, what is *on the way*, and what is *left*. (A
# late start also lacks signal on the way; look at the first thing that is wrong.) No network was asked.
#
# The law has a second half: the noise on the way must be $\sigma_t$. Here is a sampler that starts, carries the signal
# and ends as it should. It adds fresh noise, as DDPM does, and forgets to take as much of the old noise away:


# %%
def careless(denoise, x, conditions, generator, steps=20):
    """DDIM with fresh noise, of half of sigma, on top of all that was predicted."""
    for t, s in pairwise(path.grid(steps)):
        x0, eps = denoise(x, t)
        z = torch.randn(x.shape, generator=generator)
        x = path.alpha(s) * x0 + path.sigma(s) * (eps + 0.5 * z)
        yield samplers.State(s, x, x0)


run, start = on_the_way(replace(healthy, draw=careless))
off = max(abs(signal - path.alpha(t)) for t, signal, _ in run)
t, _, noise = max(run, key=lambda one: one[2])
print(f"starts at alpha = {path.alpha(start):.3f}, signal off by {off:.3f}, noise left {run[-1][2]:.3f}")
print(f"but at t = {t:.0f} its noise is {noise:.2f}, and sigma is {path.sigma(t):.2f}")
assert off < 0.1 and noise > 1.5 * path.sigma(t)

# %% [markdown]
# With an exact denoiser the last step repairs everything, since it goes to $\hat x_0$ whatever $x_t$ is. A network is
# asked about images noisier than $t$ says, and its answers are wrong.
#
# Guidance is part of the sampler. Give it two exact answers out of range, chosen so that guidance takes them back to 0,
# at whatever scale it works. If they are clipped first, something else comes out:

# %%
for name in ("null_untrained", "clip_inside"):
    scale, result = clinic.guided_with_exact(patients[name])
    print(f"{name}: guided at scale {scale:.2f}; two estimates that should become 0 become {abs(result):.2f}")

# %% [markdown]
# ## A yardstick
#
# The samplers of the other eight are right. Are their networks? The healthy one's loss is 0.2. Is that small? Nobody
# knows the smallest possible loss of real images. But one can know a loss that must be beaten. For *Gaussian* data the
# best denoiser is linear. Its error at noise level $L = \sigma/\alpha$ is that of a posterior, axis by axis: the
# variance $w$ of the data becomes
#
# $$\frac{1}{1/w + 1/L^2} = \frac{w\,L^2}{w + L^2} .$$
#
# **Exercise 2.** Write the loss, a mean over the axes.


# %%
def linear_loss(variances, level):
    raise NotImplementedError


check("linear_loss", linear_loss)

# %% [markdown]
# **Theorem.** That is the loss of the exact denoiser of a Gaussian. Measured, and with the formula:

# %%
formula = working("linear_loss", linear_loss)
gaussian = toys.GaussianMixture([[0.5, -1.0]], covariances=[[[0.3, 0.1], [0.1, 0.8]]])
points = gaussian.sample(100_000, torch.Generator().manual_seed(0), torch.float32)
variances = torch.linalg.eigvalsh(torch.tensor([[0.3, 0.1], [0.1, 0.8]], dtype=torch.float64))
found = clinic.errors_by_level(gaussian.denoiser(path), points)
for level, loss in zip(found.levels, found.mean, strict=True):
    assert abs(loss / formula(variances, level) - 1) < 0.02
print("at seven noise levels the formula gives the loss of the exact denoiser, to two percent")

# %% [markdown]
# Any data have a mean and a covariance, and the linear denoiser made from these two is the best *linear* one. A network
# can do more. So at no level may it do worse. Divide its loss by the linear denoiser's:

# %% tags=["within-2%"]
half = len(healthy.images) // 2  # the second half was held out from training
fitted, fitted_labels = healthy.images[:half], healthy.conditions[:half]
images, told = healthy.images[half : half + 200], healthy.conditions[half : half + 200]
linear = clinic.errors_by_level(clinic.LinearDenoiser(fitted, path), images, path=path).mean


def against_linear(denoise, conditions=told):
    """The loss at each level, in units of the best linear denoiser's."""
    return clinic.errors_by_level(denoise, images, conditions).mean / linear


for name in ("healthy", "v_as_eps", "time_units", "labels_shuffled", "ema_unused"):
    found = against_linear(healthy.denoise if name == "healthy" else patients[name].denoise)
    print(f"{name}: {found[1]:.2f} at level 0.3, {found[4]:.2f} at level 2.5, at most {found.max():.2f}")
assert against_linear(healthy.denoise).max() < 1

# %% [markdown]
# Two networks are worse than a page of linear algebra. A good network that is misread looks just like one that was
# never trained. Which is it? Do not guess: *read it in another way*, and measure again.

# %% tags=["within-2%"]
for name in ("v_as_eps", "time_units"):
    others = {
        one.words: against_linear(one.denoise).max().item() for one in clinic.other_readings(patients[name].denoise)
    }
    best, second, *_ = sorted(others, key=others.get)
    print(f"{name}: of {len(others)} other readings the best is '{best}', at most {others[best]:.2f}")
    print(f"   the next is '{second}', at most {others[second]:.1f}")
    assert others[best] < 1 < others[second]

# %% [markdown]
# The cause is no longer a guess: under one reading, and one only, the network beats the linear denoiser at every level.
#
# If no reading helps, the training itself is suspect. Then take *fresh* weights and eight images, and train on these
# alone. A network, a loss and an optimiser that fit together learn eight images by heart in some hundred steps; if they
# do not, look at those three, and not at the data, the schedule, or your patience.

# %% tags=["within-30%"]
chosen = torch.stack([(healthy.conditions == digit).nonzero()[0, 0] for digit in range(8)])
first, after = clinic.overfit(healthy.denoise, healthy.images[chosen], healthy.conditions[chosen], steps=120)
assert after < 0.2 * first
print(f"120 steps on eight images, from fresh weights: error {first:.2f} before, {after:.2f} after (of their variance)")

# %% [markdown]
# ## One step and many
#
# One more thing can be asked of any denoiser. If $\hat x_0$ is the mean of what is possible, its error cannot be
# foretold from it: the two are orthogonal. So the variance of the data is shared out,
#
# $$\operatorname{Var}(x_0) = \operatorname{Var}(\hat x_0) + \mathbb E\,|x_0-\hat x_0|^2 .$$
#
# One step returns too little variance, and the loss is exactly what it lacks. Many steps, which draw samples, return
# nearly all of it. On the exact mixture, and on the digits, noised to three levels:

# %% tags=["within-3%"]
clusters = toys.GaussianMixture([[0.4, 0.4], [-0.4, -0.4]], stds=0.1)
exact = clinic.Case(clusters.denoiser(path), clusters.sample(2000, torch.Generator().manual_seed(0), torch.float32))
for name, case, rows in (("exact", exact, torch.arange(2000)), ("digits", healthy, torch.arange(half, half + 200))):
    for one in clinic.from_levels(case, rows, steps=20):
        assert abs(one.one + one.loss - 1) < 0.1
        print(f"{name}, level {one.level:g}: one step {one.one:.2f}, loss {one.loss:.2f}, many steps {one.many:.2f}")

# %% [markdown]
# The lowest level from which images do *not* come back is where a network is wrong. Samples from pure noise go through
# all levels, and hide which it was.

# %% [markdown]
# ## One input, two times
#
# The cheapest questions come first in practice, because they take no data. Ask twice: is the answer the same? And ask
# at two neighbouring times: is it another?

# %%
x = torch.randn(8, 1, 8, 8, generator=torch.Generator().manual_seed(0))
for name in ("v_as_eps", "train_mode", "half_time"):
    denoise, labels = patients[name].denoise, torch.arange(8)
    with torch.no_grad():
        first, again = (denoise(x, 800.0, labels).x0 for _ in range(2))
        next_time = denoise.network(x, torch.full((8,), 801.0), labels)
        same = torch.equal(denoise.network(x, torch.full((8,), 800.0), labels), next_time)
    words = "differs" if (first - again).abs().max() > 0.01 else "does not differ"
    print(f"{name}: asked twice it {words}; t = 800 and 801 get {'the same answer' if same else 'two answers'}")

# %% [markdown]
# Dropout draws, and rounded times are not told apart. The second leaves no trace in the loss above, nor to an eye in
# the samples: rounding $t$ by less than 2 in 1,000 changes the noise level very little. It is a fault all the same, and
# this question costs nothing.

# %% [markdown]
# ## Labels
#
# For an exact denoiser the loss with the right label is at most that without one, and this at most that with a wrong
# one. *How far* between the two the middle one lies is known as well, at both ends. Where noise hides everything, the
# best answer without a label is the mean of those with one, and for two independent labels $c$ and $c'$
#
# $$\mathbb E\,|\hat x_0(c)-\text{mean}|^2 = \tfrac12\,\mathbb E\,|\hat x_0(c)-\hat x_0(c')|^2 :$$
#
# no label costs half of what a wrong one costs. Where $x_t$ shows which digit it is, a label is hardly needed, and no
# label costs next to nothing. An answer like that of some other label costs all of it.

# %% tags=["within-0.05"]
for name in ("healthy", "labels_shuffled", "null_untrained"):
    denoise = healthy.denoise if name == "healthy" else patients[name].denoise
    found = clinic.errors_by_label(denoise, images, told)
    right, none, wrong = ((found[kind].mean / linear)[2].item() for kind in ("right", "null", "wrong"))
    print(f"{name}, at level 0.6: right label {right:.2f}, none {none:.2f}, wrong label {wrong:.2f}")

# %% [markdown]
# Two faults, a sign for each: a wrong label that costs nothing, and no label that costs nearly as much as a wrong one.
#
# A null that was never trained is a random point in the space of labels. It pushes every answer in a random direction,
# and guidance moves away from there. Was this patient an easy one? Take other points, and put together the levels up to
# 2.5, at which something of the digit is left:

# %% tags=["within-0.05"]
found = clinic.errors_by_label(healthy.denoise, images, told)
trained = losses.null_cost(found, 2.5).share
print(f"trained: no label costs {trained:.2f} of what a wrong one costs")
shares, null = [], torch.full_like(told, 11)
for seed in range(8):
    random_null = network_faults.null_never_trained(healthy.denoise, seed)
    untrained = found | {"null": clinic.errors_by_level(random_null, images, null)}
    shares.append(losses.null_cost(untrained, 2.5).share)
print("never trained, eight times: " + ", ".join(f"{share:.2f}" for share in sorted(shares)))
assert min(shares) > 1.3 * trained

# %% [markdown]
# They differ, and all of them lie farther off than the trained one. The doctor below asks for more than 0.35, by four
# standard errors.

# %% [markdown]
# ## Weights

# %%
predict("17.averaging")

# %% tags=["within-0.02"]
for name in ("healthy", "ema_unused"):
    denoise = healthy.denoise if name == "healthy" else patients[name].denoise
    gain = clinic.averaging_gain(denoise, fitted, fitted_labels, lambda one: against_linear(one).mean().item())
    print(f"{name}: by thirty more steps with an average the loss falls by {gain:.3f} of itself")

# %% [markdown]
# The steps of a training jump about in a valley, and their average lies nearer to its bottom. If a short average helps,
# as for the patient, the weights were no average, or were not done learning these images. If it costs a little, as for
# the healthy network, nothing was to be gained.

# %% [markdown]
# ## The doctor
#
# Put these questions in an order, the cheap and certain ones first, and you have a procedure. `clinic.examine` stops at
# the first that fails. On the command line it is `diffusion-lessons doctor --checkpoint FILE --data digits`, for your
# own network and your own images. A `clinic.Case` also holds your own sampler, and `doctor --case FILE.py:NAME` takes
# one.

# %%
finding = clinic.examine(patients["late_start"])
assert finding.cause == "late_start"

# %% [markdown]
# All twelve are named so, each by its own cause. No network that ships with the course is accused. Tests of the course
# check both, the second where the images of a network are at hand: those of the digits and of captions always, MNIST
# and CIFAR-10 where they were downloaded. Why each limit is where it is stands in
# `diffusion_lessons/clinic/limits.py`.

# %% [markdown]
# ## Three patients of your own
#
# **Exercise 3.** Put your name in the place of "ada". Three patients are yours: the first has a fault of sampling, the
# second one of the network, the third one of training. Which? Use the cells above on `mine`, and have your function
# return three names. (`clinic.examine` would tell you. Try without it first.)


# %%
learner = checks.variant("ada")
number = checks.inputs("diagnoses", learner)["patients"]
mine = clinic.unnamed(number)


def diagnoses(patients):
    raise NotImplementedError


check("diagnoses", diagnoses, seed=learner)

# %% [markdown]
# ## Mend one
#
# **Exercise 4.** The patient `clip_inside` clips both estimates and then guides. Write it as it should be; the next
# cell draws with yours.


# %%
def guide_then_clip(x0_uncond, x0_cond, scale):
    raise NotImplementedError


check("guide_then_clip", guide_then_clip)

# %%
mended = working("guide_then_clip", guide_then_clip)


def drawn(denoise, x, steps=20, scale=3.0):
    """DDIM with guidance by `mended`, of the digits 0 to 7."""
    labels = torch.arange(8)
    for t, s in zip(path.grid(steps)[:-1], path.grid(steps)[1:], strict=True):
        with torch.no_grad():
            x0 = mended(denoise(x, t, torch.full_like(labels, 11)).x0, denoise(x, t, labels).x0, scale)
        x = path.alpha(s) * x0 + path.sigma(s) * (x - path.alpha(t) * x0) / path.sigma(t)
    return x


x_T = path.prior((8, 1, 8, 8), torch.Generator().manual_seed(0))
faulty = [*patients["clip_inside"].draw(healthy.denoise, x_T, torch.arange(8), torch.Generator())][-1].x
rows = {"clipped inside": faulty, "mended": drawn(healthy.denoise, x_T)}
apart = (rows["mended"] - faulty).square().mean().sqrt().item()
show(
    noising.image_strip(rows, list("01234567"), "Guidance at scale 3, before and after"),
    "Upper row: both estimates clipped before they are blended. Lower row: guided, then clipped. The rows differ by "
    f"{apart:.2f} (root mean square, of a range of 2), and each alone passes for right.",
)

# %% [markdown]
# Would you have found this fault by its samples? The probe with two exact answers shows it as 1 against 0.

# %% [markdown]
# ## Move it
#
# A patient and a measurement, beside the healthy twin. For each patient, find a measurement that does *not* show its
# fault, and the one that does.

# %% tags=["panel"]
clinic_panel(fault="wrong_alpha")

# %% [markdown]
# ## Exercises
#
# Exercises 1 to 4 stand where they are used: [1](#Is-it-the-sampler?), [2](#A-yardstick),
# [3](#Three-patients-of-your-own), [4](#Mend-one).
#
# **5. To investigate.** Make a thirteenth patient: a fault that you have met, or one that you fear, as a function of
# `healthy`. Is it named, found without a name, or missed? If it is missed, which measurement would show it, and what
# would that measurement say of the healthy networks? (Nobody keeps an answer to this one. It depends on your fault.)

# %% [markdown]
# ## Pitfalls
#
# - **Looking at samples first.** They show that something is wrong, and twelve causes look like five.
# - **A threshold from the patients.** A limit that was fitted to the sick accuses the healthy. Derive it, then measure
#   both sides. (The first measurement for the null of this lesson, at the highest level alone, missed two of twelve
#   seeds: it took a second one, at levels where there is something to see.)
# - **Two changes at once.** If the loss falls afterwards, you know neither which helped nor whether the other hurts.
# - **The loss of another prediction type.** Losses of $\varepsilon$ and $v$ cannot be compared; errors of $\hat x_0$ at
#   one noise level can.
# - **Measuring in train mode, on weights that nobody samples from.** Measure what you ship.

# %% [markdown]
# ## What to remember
#
# - Take it apart: the sampler with an exact denoiser, the network with real images.
# - A right sampler makes $\alpha_t c + \sigma_t\varepsilon$ of a denoiser that sees $c$, and ends at $c$. Look at both
#   halves on the way: the last step repairs whatever went wrong before.
# - At no level may a network be worse than the best linear denoiser. If it is, read it in another way first.
# - Right label, no label, wrong label: in this order the loss rises, and no label lies below the middle.
# - Weights that gain by a short average were no average.
# - The loss curve is the last place to look.

# %% [markdown]
# ## Scope check

# %%
scope_check("17")

# %% [markdown]
# ## Further reading
#
# - Lin, Liu, Li, Yang, *Common Diffusion Noise Schedules and Sample Steps are Flawed*, 2023: the late start, and what
#   it does to brightness. https://arxiv.org/abs/2305.08891
# - Karras, Aittala, Lehtinen, Hellsten, Aila, Laine, *Analyzing and Improving the Training Dynamics of Diffusion
#   Models*, 2024: averages of weights, and how to choose them afterwards. https://arxiv.org/abs/2312.02696
# - Karpathy, *A Recipe for Training Neural Networks*, 2019: overfit one batch, and other advice for any network.
#   https://karpathy.github.io/2019/04/25/recipe/
