# %% [markdown]
# # 02 Training
#
# **Question.** How does one loss teach a network to see noise?
#
# **Budget.** About 28 seconds of one CPU core, 1.0 GB of memory, nothing to download.
#
# **Afterwards you can** write the loss and the training loop of a diffusion model from memory; say how low its loss can
# go, and why not lower; turn a prediction of noise into one of the image or of $v$; and find three mistakes that
# a loss curve hides.

# %%
import inspect
from dataclasses import replace

import torch
from tqdm.auto import tqdm

import diffusion_lessons as dl
from diffusion_lessons import check, generate, load, load_data, sample, samplers, schedules, toys, working
from diffusion_lessons.denoisers import Denoiser, count_calls
from diffusion_lessons.figures import noising, show
from diffusion_lessons.figures import training as learning
from diffusion_lessons.panels import answers_panel, predict, scope_check
from diffusion_lessons.toys import bayes_loss, excess_loss, gaussian_quantiles, wasserstein_1
from diffusion_lessons.training import EMA, batches, loss, recipes, sample_times, train

# %%
path = schedules.ddpm_linear()
clusters = toys.GaussianMixture([-1.0, 1.0], stds=0.2, weights=[0.3, 0.7])
generator, exact_type = torch.Generator().manual_seed(0), {"dtype": torch.float64}


def normal(*shape):
    return torch.randn(shape, generator=generator, **exact_type)


def uniform(*shape):
    return torch.rand(shape, generator=generator, **exact_type)


# %%
trained = load("mnist-diffusion")
clean = generate(trained, 10, labels=range(10), steps=20, seed=1)[-1].x
noisy = trained.path.add_noise(clean, torch.randn(clean.shape, generator=torch.Generator().manual_seed(1)), 600.0)
show(
    noising.image_strip(
        {"clean": clean, "with noise": noisy, "what the network sees": trained(noisy, 600.0).x0},
        [str(digit) for digit in range(10)],
        "One evaluation of a trained network",
    ),
    "The network is given the middle row and nothing else. The lower row is its prediction of the upper one. In this "
    "lesson you train such a network.",
)

# %% [markdown]
# ## One pass at one random time
#
# Lesson 01 walked from data to noise in a thousand small steps and found that one jump does the same. Now a network is
# to learn the reverse. One of the texts that this course is built on says that training therefore needs a thousand
# denoising steps.

# %%
predict("02.passes_of_training")

# %% [markdown]
# Let a network that only counts take part in one training step on 32 examples, and then in sampling.

# %%
asked = []


def counting(x, t):
    asked.append(t)
    return torch.zeros_like(x)


x0, eps, t = clusters.sample(32, generator, torch.float64), normal(32), sample_times(uniform(32), path)
loss(counting, x0, eps, t, path, "eps")
sampled = count_calls(Denoiser(counting, path))
sample(samplers.ddpm, sampled, normal(32), path, path.grid(1000), generator=generator)
assert len(asked) == 1 + 1000 and sampled.nfe == 1000
print(f"training: 1 pass for each of {len(x0)} examples, each at its own time, from t = {t.min():.0f} to {t.max():.0f}")
print(f"sampling: {sampled.nfe:.0f} passes for each sample, one after the other")

# %% [markdown]
# **Training never walks.** Each example is noised to one random time in one jump, and the network sees it once. The
# thousand steps belong to sampling. Even there they are a choice (lesson 04).

# %% [markdown]
# ## The loss in five lines
#
# Draw an image, a time and a noise; mix them; ask the network which noise it was; take the squared difference, averaged
# over the $d$ pixels and over the batch:
#
# $$L = \mathbb{E}_{x_0,\,t,\,\varepsilon}\;\frac1d\,\bigl|\,\varepsilon - f(x_t, t)\,\bigr|^2, \qquad
# x_t = \alpha_t x_0 + \sigma_t \varepsilon .$$
#
# **Exercise 1. Write it.** `predict(x_t, t)` is a network; `t` holds a whole number for each row, and `alpha_bar` is a
# table with clean data at index 0. Write it with torch, and it will train the network of this lesson.


# %%
def training_loss(predict, x0, eps, t, alpha_bar):
    raise NotImplementedError


check("training_loss", training_loss)

# %% [markdown]
# There is no second network, no adversarial game, and no sampling in the loop. The right answers come for free, because
# you made the noise yourself. The library's loss is the same for any path, any prediction ([below](#What-to-predict))
# and any weighting:

# %%
print(inspect.getsource(loss).split('"""')[2].strip("\n"))

# %% [markdown]
# **Where the loss comes from** (you may skip this box). A generative model is usually trained to make the data
# probable: minimise $-\log p(x_0)$. For a chain of steps this cannot be computed, but it has an upper bound, the
# *evidence lower bound* (ELBO) with its sign changed. DDPM's bound is a sum over steps, and each term compares the step
# back $q(x_{t-1}\mid x_t, x_0)$, which knows $x_0$, with the model's, which has $\hat x_0$ in its place. The measure is
# the *Kullback-Leibler divergence* (KL), the mean of the logarithm of the ratio of two densities; it is 0 if they are
# equal. Both are Gaussians with the same variance (lesson 03 derives them), so their divergence is the squared distance
# of their means over twice that variance:
#
# $$\mathrm{KL}_t = w_t\,|x_0 - \hat x_0|^2 = w_t\,\frac{\sigma_t^2}{\alpha_t^2}\,|\varepsilon - \hat\varepsilon|^2 ,
# \qquad w_t = \frac12\left(\frac{\alpha_{t-1}^2}{\sigma_{t-1}^2} - \frac{\alpha_t^2}{\sigma_t^2}\right).$$
#
# The weight $w_t$ is half of what the signal-to-noise ratio loses in this step, and the second form follows from $x_t =
# \alpha_t x_0 + \sigma_t\varepsilon$. So for $t > 1$ the bound *is* a weighted mean of our loss over the times. Ho et
# al. dropped the weights, since the samples looked better without, and called the result the *simple* loss. It is what
# you see above. Check the weight against the step's mean and variance, at one time:

# %%
t, s = 300, 299
alpha, sigma, alpha_s, sigma_s = path.alpha(t), path.sigma(t), path.alpha(s), path.sigma(s)
beta = sigma**2 - (alpha / alpha_s) ** 2 * sigma_s**2
of_x0, variance = alpha_s * beta / sigma**2, sigma_s**2 / sigma**2 * beta  # of q(x_s | x_t, x_0), lesson 03
weight = ((alpha_s / sigma_s) ** 2 - (alpha / sigma) ** 2) / 2
assert abs(of_x0**2 / (2 * variance) / weight - 1) < 1e-9
print(f"squared distance of the means over twice the variance, for |x0 - x0_hat| = 1: {of_x0**2 / (2 * variance):.5f}")
print(f"half of what the signal-to-noise ratio loses:                                 {weight:.5f}")

# %% [markdown]
# ## The best answer
#
# The network is asked for something that it cannot know. Take the two clusters of lesson 01 and draw 600 examples at
# three times: across, the $x_t$ that the network is given; upwards, the noise that it should predict.

# %%
show(
    learning.answers_figure(clusters, path, [20, 200, 600]),
    "Behind one $x_t$ there may be many noises. The orange curve goes through their mean. "
    f"The squared distance that remains is {bayes_loss(clusters, path, 20):.2f}, {bayes_loss(clusters, path, 200):.2f} "
    f"and {bayes_loss(clusters, path, 600):.2f} at t = 20, 200 and 600.",
)

# %% [markdown]
# Above one $x_t$ the dots scatter. A squared error is smallest at their mean, so the best answer is the *posterior
# mean*, $\hat\varepsilon(x_t) = \mathbb{E}[\varepsilon \mid x_t]$, the orange curve. For our clusters it is a formula.
# Compare it at $t = 200$ with a guess that takes the centre of the *nearer* cluster for the data.

# %%
many, t = 200_000, 200.0
x0, eps = clusters.sample(many, generator, torch.float64), normal(many)
x_t, exact = path.add_noise(x0, eps, t), clusters.denoiser(path)
guesses = {
    "the posterior mean": exact(x_t, t).eps,
    "the nearer cluster": (x_t - path.alpha(t) * x_t.sign()) / path.sigma(t),
    "no noise at all": torch.zeros_like(x_t),
}
for name, guess in guesses.items():
    print(f"{name}: a mean squared error of {(guess - eps).square().mean():.2f}")

# %% [markdown]
# Hedging wins. Between the clusters the best answer belongs to neither of them but lies in between, and that is why a
# denoiser's $\hat x_0$ looks blurred while much is still undecided.
#
# **The score.** The same answer has another name in half of the literature. The *score* of $x_t$ is the slope of its
# log density, $\nabla\log p_t(x_t)$: the direction in which $x_t$ becomes more probable. *Tweedie's formula* says that
# the best denoiser knows it:
#
# $$\nabla\log p_t(x_t) = -\frac{\hat\varepsilon(x_t)}{\sigma_t} = \frac{\alpha_t\hat x_0 - x_t}{\sigma_t^2} .$$
#
# *Why.* $p_t(x) = \int p(x_0)\,\mathcal N(x;\alpha_t x_0, \sigma_t^2)\,dx_0$. The derivative of each Gaussian with
# respect to $x$ is the Gaussian times $-(x - \alpha_t x_0)/\sigma_t^2 = -\varepsilon/\sigma_t$. Divide by $p_t(x)$:
# what remains is the mean of $-\varepsilon/\sigma_t$ over all $x_0$ that may be behind $x$, which is the posterior
# mean. So a network trained by our loss learns the score as well. Check it against a derivative taken numerically:

# %%
x, h = torch.linspace(-2, 2, 5, **exact_type), 1e-5
slope = (clusters.log_prob(x + h, path, t) - clusters.log_prob(x - h, path, t)) / (2 * h)
tweedie = -exact(x, t).eps / path.sigma(t)
assert torch.allclose(slope, tweedie, atol=1e-8)
print("slope of log p_t:", ", ".join(f"{value:.3f}" for value in slope.tolist()))
print("-eps_hat / sigma:", ", ".join(f"{value:.3f}" for value in tweedie.tolist()))

# %% [markdown]
# This is why score-based models and denoising diffusion are one thing, and it is what guidance (lesson 07) builds on.

# %% [markdown]
# ## A loss that never reaches zero
#
# So even the best network has a loss. How large is it? For our clusters it is an integral, and no network is needed.

# %%
predict("02.lowest_loss")

# %%
times = [5 + 10 * k for k in range(100)]
least = [bayes_loss(clusters, path, t) for t in times]
floor = sum(least) / len(least)
print(f"the least possible loss, averaged over all times, is {floor:.3f}")
for t in (5, 100, 200, 600, 995):
    print(f"at t = {t:>3} it is {bayes_loss(clusters, path, t):.3f}")

# %% [markdown]
# **The loss never comes near zero, however good the network.** Read the table from the bottom. At the noisy end $x_t$
# *is* the noise, and predicting it is easy. Around $t = 200$ the clusters merge, so that it cannot be told which one a
# sample came from. The loss is highest, nearly 1, at the *clean* end, where the noise is much smaller than a cluster is
# wide and cannot be told from the cluster's own width. A high loss there is no sign of failure.

# %% [markdown]
# ## The whole of training
#
# Now train, on *your* loss. Here is all of it: a small network, twelve hundred batches, and an optimizer. For each
# batch `backward` computes the slope of the loss in every weight, and `step` moves each weight a little downhill.
# (AdamW, the optimizer, adapts the size of that move to each weight. `EMA` waits for the next section.) Every 50 steps
# we note how far the network is from the best answer, the *excess*: the loss of any network $f$ is the least loss plus
# $\mathbb{E}\,|f - \hat\varepsilon|^2$, and only the second can be learned away.


# %%
def above_least(network, t):
    @torch.no_grad()
    def answer(x, t):  # the network takes single precision and an axis for coordinates
        return network(x.float()[:, None], torch.full((len(x),), float(t)))[:, 0]

    return excess_loss(answer, clusters, path, t)


def library_loss(predict, x0, eps, t, alpha_bar):
    return loss(predict, x0, eps, t.float(), path, "eps")


table = path.alpha_bar(torch.arange(1001.0))
batch_loss = working("training_loss", training_loss, library_loss, gradient=True)


torch.manual_seed(0)
network = dl.networks.MLP(dl.networks.MLPConfig(dims=1, width=64))
average, optimizer = EMA(network), torch.optim.AdamW(network.parameters(), lr=2e-3)

# %%
losses, history, drawn = [], [], torch.Generator().manual_seed(0)
for step in tqdm(range(1200), desc="training"):
    x0 = clusters.sample(256, drawn)[:, None]  # [256, 1]
    eps, t = torch.randn(x0.shape, generator=drawn), torch.randint(1, 1001, (256,), generator=drawn)
    error = batch_loss(network, x0, eps, t, table)
    optimizer.zero_grad()
    error.backward()
    optimizer.step()
    average.update(network, step)
    losses.append(error.item())
    if step % 50 == 49:
        history.append([sum(above_least(f, t) for t in times[2::10]) / 10 for f in (network, average.network)])

# %% tags=["within-5%"]
reached = [best + above_least(average.network, t) for best, t in zip(least, times, strict=True)]
assert sum(losses[240:]) / 960 < 1.1 * floor and sum(reached) < 1.05 * sum(least)
show(
    learning.training_figure(losses, times[::3], least[::3], reached[::3]),
    "The loss falls to its floor within the first fifth of training and then only shakes. At every time the network "
    f"is near its floor: the mean loss is {sum(reached) / len(reached):.3f}, where the least possible is {floor:.3f}.",
)

# %% [markdown]
# The loss stopped far above zero, and the network is as good as it can be. *You could not have known* without the
# dashed line. For images nobody has that line. So a loss is good for comparing two runs of the same task, and for
# noticing that a run broke. Whether the samples are good is another question, for lesson 09.

# %% [markdown]
# ## Sample from the average
#
# Look at the shaking. Each batch pulls the weights in its own direction, so the weights of the last step are a little
# off in a direction that chance chose. Their *moving average* is steadier. After every step it moves a little towards
# them:

# %%
print(inspect.getsource(EMA.update))

# %% tags=["within-20%"]
raw, averaged = (list(values) for values in zip(*history, strict=True))
late = slice(len(history) // 2, None)
share = sum(averaged[late]) / sum(raw[late])
assert share < 0.7
show(
    learning.curves_figure(
        "The average is nearer to the best answer",
        "step",
        "excess over the least loss",
        range(50, 1201, 50),
        {"the network itself": raw, "its average": averaged},
    ),
    f"In the second half of training the excess loss of the average is {share:.2f} of that of the network it follows.",
)

# %% [markdown]
# It costs a copy of the weights and nothing else. The average is what is sampled from and what is shipped. If you
# forget it, your samples look worse than a paper's, and the loss curve will not tell you why.
#
# One detail. Most papers keep a fixed `decay`, $a \leftarrow \text{decay}\cdot a + (1-\text{decay})\cdot w$, which is
# the *exponential* moving average (EMA) of the exercise below. Ours lets the decay grow with the step, so that it
# always remembers the same *share* of the training; it is called EMA all the same.

# %% [markdown]
# ## What to predict
#
# $x_t = \alpha_t x_0 + \sigma_t \varepsilon$ is one equation. If you know $x_t$ and one of the other two, you know
# both. So a network may be asked for any combination of them, and four are in use:
#
# | it predicts | which is | and the other estimates follow |
# | --- | --- | --- |
# | `eps` | $\varepsilon$ | $\hat x_0 = (x_t - \sigma\hat\varepsilon)/\alpha$ |
# | `x0` | $x_0$ | $\hat\varepsilon = (x_t - \alpha \hat x_0)/\sigma$ |
# | `v` | $\alpha\varepsilon - \sigma x_0$ | $\hat x_0 = (\alpha x_t - \sigma \hat v)/(\alpha^2+\sigma^2)$ |
# | `velocity` | $\varepsilon - x_0$, on flow paths | $\hat x_0 = x_t - t\,\hat u$ |
#
# (Why $v$? Where there is little noise it is nearly the noise, and where there is little of the image it is nearly the
# image with its sign turned. So no estimate is ever divided by a small number.)
#
# `Denoiser` turns each into an `Estimate(x0, eps)`. They are four ways to write down one denoiser: take what each ideal
# network would say, and ask what it sees.

# %%
at = {"eps": path, "x0": path, "v": path, "velocity": schedules.flow()}
for name, on in at.items():
    known = clusters.denoiser(on)
    ideal = Denoiser(
        lambda x, t, name=name, on=on, known=known: dl.estimates.target(name, *known(x, t), on, t), on, name
    )
    x, t = on.add_noise(clusters.sample(100, generator, torch.float64), normal(100), 0.3 * on.T), 0.3 * on.T
    seen, best = ideal(x, t), known(x, t)
    assert torch.allclose(seen.x0, best.x0) and torch.allclose(seen.eps, best.eps)
    print(f"{name}: what its ideal network sees in 100 samples differs from the posterior mean by "
          f"{(seen.x0 - best.x0).abs().max():.9f} at most")  # fmt: skip

# %% [markdown]
# Their losses differ all the same, because an error counts differently in each. Here they are for the best denoiser:

# %%
kinds = {kind: [bayes_loss(clusters, path, t, kind) for t in times] for kind in ("eps", "x0", "v")}
means = {kind: sum(values) / len(values) for kind, values in kinds.items()}
show(
    learning.curves_figure("One denoiser, three losses", "t", "least possible loss", times, kinds),
    "The same perfect denoiser has a mean loss of "
    + ", ".join(f"{value:.3f} when it predicts {kind}" for kind, value in means.items())
    + ".",
)

# %% [markdown]
# So losses of different predictions must not be compared. The choice also decides which errors count. Written as an
# error of $\hat x_0$, the loss of `eps` has the weight $\alpha^2/\sigma^2$, which is huge at the clean end; that of
# `x0` has the weight 1; and that of `v` has $\alpha^2/\sigma^2 + 1$ (where $\alpha^2 + \sigma^2 = 1$). One can choose
# the weight for each time directly. *Min-SNR* gives the error of $\hat x_0$ the weight $\min(\alpha^2/\sigma^2,\,5)$
# (Hang et al. 2023). Then the loss of a given denoiser no longer depends on how it is written down. (What a network
# *learns* still may: one that predicts `eps` has to divide by $\alpha$ to find $\hat x_0$, which amplifies its errors
# at the noisy end.)

# %%
x0, eps, t = clusters.sample(1000, generator, torch.float64), normal(1000), sample_times(uniform(1000), path)
for kind in ("eps", "x0", "v"):

    def ideal_network(x, t, kind=kind):
        return dl.estimates.target(kind, *exact(x, t), path, t)

    plain, weighted = (loss(ideal_network, x0, eps, t, path, kind, weighting=w) for w in (None, "min_snr"))
    print(f"{kind}: loss {plain:.3f}, with min-SNR weights {weighted:.3f}")

# %% [markdown]
# ## Digits
#
# The same loss, a larger network: a *U-Net*, that is, layers of convolutions that make the picture smaller, then larger
# again, with shortcuts between layers of equal size. It works on 8 by 8 pixels and predicts $v$ on the cosine schedule.
# `train` is the loop that you have just seen, with a learning rate (the size of the moves) that rises and falls, and
# labels. Let it see a few thousand digits.

# %% tags=["within-5%"]
recipe = recipes.get("digits", images=6_400, smudged=0.0)
data = recipe.load_data()
records = list(tqdm(train(recipe, data), total=recipe.steps // 10 + 1, desc="training"))
assert records[-1].loss < 0.5 * records[0].loss
print(f"{recipe.images:,} digits seen in {recipe.steps} steps")
print(f"the loss fell from {records[0].loss:.2f} to {records[-1].loss:.2f}")

# %% [markdown]
# It ended far from zero, and you know why. Does it draw? Below its digits are those of the network that comes with the
# course: the same recipe, trained more than twenty times as long, and with one more class of deliberately spoiled
# ("smudged") digits that lesson 08 needs.

# %%
ours, shipped = records[-1].denoiser(), load("digits-diffusion")
drawn = {
    name: generate(net, 10, labels=range(10), steps=20)[-1].x for name, net in (("yours", ours), ("shipped", shipped))
}
show(
    noising.image_strip(drawn, list(map(str, range(10))), "From the same noise, asked for 0 to 9"),
    "Above, digits drawn by the network of the cell before; below, by the one that comes with the course.",
)

# %% [markdown]
# And what does it *see*? Give it a digit that it never saw in training, with more and more noise, and look at
# its $\hat x_0$.

# %%
path8, digit = shipped.path, load_data("digits", "test").images[6:7]
shares = torch.linspace(0.1, 1.0, 10)
noise = torch.randn(digit.shape, generator=generator).expand(10, 1, 8, 8)
x_t = path8.add_noise(digit.expand(10, 1, 8, 8), noise, shares * path8.T)
seen = shipped(x_t, shares * path8.T).x0
assert seen[-1].std() < 0.8 * seen[0].std()
show(
    noising.image_strip(
        {"$x_t$": x_t, r"$\hat x_0$": seen}, [f"{share:.1f} T" for share in shares], "One pass each, no sampling"
    ),
    "An unseen digit with ten amounts of noise, and the clean digit that the network sees in each: sharp at first, "
    "then softer, at last a grey mean.",
)

# %% [markdown]
# Each column is one pass. The network recovers the digit from states in which you see little, and where nothing can be
# seen it answers with a mean, as it must.

# %% [markdown]
# ## With and without a label
#
# The digits' network is also given the label of the digit. In training one label in ten is replaced by a label of its
# own, "none", so that one network learns both tasks: to denoise a seven, and to denoise anything. Lesson 07 needs both.

# %%
labels = torch.cat([batches.draw_batch(data, 64, seed=0, step=step).condition for step in range(100)])
null = len(data.classes)
print(f"of {len(labels):,} training examples, {int((labels == null).sum())} had their label dropped")

# %% [markdown]
# At $t = T$ there is nothing to see, so the label is all that the network has to go by. Evaluate it for each.

# %%
asked_for = torch.tensor([*range(10), shipped.classes])
pure = path8.prior((1, 1, 8, 8), generator).expand(11, 1, 8, 8)
told = shipped(pure, path8.T, asked_for).x0
means = torch.stack([*(data.images[data.labels == c].mean(dim=0) for c in range(10)), data.images.mean(dim=0)])
nearest = torch.cdist(told.flatten(1), means.flatten(1)).argmin(dim=1)
print(f"{int((nearest == torch.arange(11)).sum())} of 11 answers are nearest to the mean image of what was asked for")
show(
    noising.image_strip({"network": told, "mean": means}, [*map(str, range(10)), "none"], "Nothing but a label"),
    "What the network sees in pure noise when it is told a label, above the mean of the training images with it.",
)

# %% [markdown]
# ## Three mistakes that the mean loss does not show
#
# Each of these stands in published code. Commit yourself, then run.
#
# **alpha for alpha_bar.** The paper's $\alpha_t = 1-\beta_t$ is taken where $\bar\alpha_t$ is meant.

# %%
predict("02.wrong_weights")

# %%
wrong = schedules.from_alpha_bar((1 - path.betas).tolist())
learned = clusters.denoiser(wrong)  # the best that training on the wrong path can reach
mistaken = Denoiser(lambda x, t: learned(x, t).eps, path, "eps")
print(f"the loss falls from 1 to {sum(bayes_loss(clusters, wrong, t) for t in times) / len(times):.2f} and stays there")
for name, denoise in {"right": exact, "mistaken": mistaken}.items():
    x = sample(samplers.ddim, denoise, gaussian_quantiles(2000), path, path.grid(100))
    print(f"{name}: the samples would have to move by {wasserstein_1(x, clusters):.3f} on average to follow the data")
print(f"at t = {path.T:.0f}, where nothing should be left, {wrong.alpha_bar(path.T):.0%} of the variance is still data")

# %% [markdown]
# The last line is the test that finds it: noise something to $t = T$ and look. It takes one line and no training. (The
# distance is the Wasserstein-1 distance, the mean distance by which samples must be moved to follow the data; lesson 03
# uses it throughout.)
#
# **One time for the whole batch.** A time is drawn once, outside of the batch. On average over batches nothing changes,
# so the *mean* of the loss does not show it.

# %%
predict("02.one_time_a_batch")

# %%
rows, size = 5000, 64
draws = {
    "one for all": uniform(rows, 1).expand(rows, size),
    "its own for each": uniform(rows, size),
    "spread evenly": (uniform(rows, 1) + torch.arange(size)) / size,
}
x0, eps, shaking = clusters.sample(rows * size, generator, torch.float64), normal(rows * size), {}
for name, u in draws.items():
    t = path.T * u.flatten()
    error = (exact(path.add_noise(x0, eps, t), t).eps - eps).square()
    shaking[name] = error.view(rows, size).mean(dim=1).var()
    print(f"{name}: the loss of a batch has a standard deviation of {shaking[name].sqrt():.3f}")
worth = size * shaking["its own for each"] / shaking["one for all"]
print(f"with one time for all, {size} examples say as much as {worth:.0f}")

# %% [markdown]
# The library spreads the times evenly, which is better than chance. What gives this mistake away is the *spread* of the
# loss: it jumps by a factor from batch to batch.
#
# **Left in train mode.** *Dropout* sets a random part of the numbers inside a network to 0, anew in each pass, so that
# the network does not come to rely on single ones. It belongs to training. If nobody switches it off, the sampler
# evaluates a network that drops something else at every step. Take the shipped weights, in a network with dropout:

# %%
leaky = dl.networks.UNet(replace(shipped.network.config, dropout=0.2))
leaky.load_state_dict(shipped.network.state_dict())
with torch.no_grad():
    t = torch.full((11,), 0.5 * path8.T)
    differ = {mode: leaky.train(mode == "train")(pure, t).sub(leaky(pure, t)).abs().max() for mode in ("train", "eval")}
assert differ["train"] > 0.1 and differ["eval"] == 0
print(
    f"in train mode, two answers to the same question differ by up to {differ['train']:.1f}; in eval mode, by nothing"
)

# %% [markdown]
# `load` and the average come in eval mode. To check any network, ask it twice.

# %% [markdown]
# ## Move it
#
# The examples and the best answer again, with $t$ in your hand. Find the two times at which the dots scatter most about
# the curve. What cannot be known at each?

# %% tags=["panel"]
answers_panel(clusters, path)

# %% [markdown]
# ## Exercises
#
# Exercise 1 stands [above](#The-loss-in-five-lines).

# %% [markdown]
# **2.** The average of the weights.


# %%
def ema(average, new, decay):
    raise NotImplementedError


check("ema", ema)

# %% [markdown]
# **3.** What a network that predicts $v$ is trained on.


# %%
def v_target(x0, eps, alpha_bar):
    raise NotImplementedError


check("v_target", v_target)

# %% [markdown]
# **4. To investigate.** The loss of a batch is an estimate, and its spread is noise in the training. Evenly spread
# times had the least. But they need not be equally frequent: draw them more often where you need them, and weigh each
# error by how much less often it should have come (*importance sampling*), so that the mean stays the same. With $t = T
# g(u)$ for evenly spread $u$, the weight is $g'(u)$. The target is a standard deviation a quarter below that of even
# times. Is it the size of an error that counts, or its scatter? (Afterwards,
# `check("where_the_error_scatters").solution(found)` shows one answer, for the standard deviation that you found.)


# %%
def spread_of_loss(draw):
    """The loss of batches of 64 whose times and weights are draw(u), u evenly spread in (0, 1)."""
    t, weight = draw((uniform(rows, 1) + torch.arange(size)) / size)
    x0, eps = clusters.sample(rows * size, generator, torch.float64), normal(rows * size)
    error = (exact(path.add_noise(x0, eps, t.flatten()), t.flatten()).eps - eps).square()
    batch = (weight * error.view(rows, size)).mean(dim=1)
    return f"mean {batch.mean():.3f}, standard deviation {batch.std():.4f}"


print("evenly spread times:", spread_of_loss(lambda u: (path.T * u, torch.ones_like(u))))
print("a first try, more of the early ones:", spread_of_loss(lambda u: (path.T * u**2, 2 * u)))

# %% [markdown]
# ## Pitfalls
#
# - **Waiting for the loss to reach zero.** It cannot. Find out where its floor is, or compare with another run.
# - **Comparing losses of different tasks.** Another schedule, prediction, weighting or data set has another floor.
# - **A loss below the floor.** On a finite set of images the lowest loss of all is that of the copier of lesson 00. A
#   network that comes near it has memorised its data.
# - **Sampling from the last weights** instead of their average, or in train mode.

# %% [markdown]
# ## What to remember
#
# - One example, one random time, one pass. Training never walks.
# - The best answer is a mean, $\mathbb{E}[\varepsilon \mid x_t]$, and its loss is not zero.
# - `eps`, `x0`, `v` and `velocity` are one denoiser, written down in four ways.
# - Sample from the average of the weights.
# - A loss curve shows that a run broke, not that it works: look at $x_T$, ask twice, draw samples.

# %% [markdown]
# ## Scope check

# %%
scope_check("02")

# %% [markdown]
# ## Further reading
#
# - Ho, Jain, Abbeel, *Denoising Diffusion Probabilistic Models*, 2020, section 3.4 and algorithm 1: this loss.
#   https://arxiv.org/abs/2006.11239
# - Salimans, Ho, *Progressive Distillation for Fast Sampling of Diffusion Models*, 2022, section 4 and appendix D: $v$.
#   https://arxiv.org/abs/2202.00512
# - Hang, Gu, Li, Bao, Chen, Hu, Geng, Guo, *Efficient Diffusion Training via Min-SNR Weighting Strategy*, 2023.
#   https://arxiv.org/abs/2303.09556
# - Karras, Aittala, Lehtinen, Hellsten, Aila, Laine, *Analyzing and Improving the Training Dynamics of Diffusion
#   Models*, 2023: how long an average should be. https://arxiv.org/abs/2312.02696
