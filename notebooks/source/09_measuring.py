# %% [markdown]
# # 09 Measuring
#
# **Question.** How good is a sample, and how sure are we?
#
# **Budget.** About 27 seconds of one CPU core, 1.3 GB of memory, nothing to download.
#
# **Afterwards you can** compute the number that papers call FID and say why two of them rarely compare; put an error
# bar on it; tell a model that forgets from one that invents; and catch one that copies.

# %%
import inspect
import math

import torch

from diffusion_lessons import check, generate, load, load_data, sample, samplers, schedules, toys
from diffusion_lessons.figures import image_grid, show
from diffusion_lessons.figures import metrics as measuring
from diffusion_lessons.metrics import (
    evaluate,
    evaluator,
    features,
    frechet_between,
    frechet_distance,
    memorization_probe,
    moments,
    over_draws,
)
from diffusion_lessons.metrics.kernel_distance import kernel_distance
from diffusion_lessons.metrics.precision_recall import precision_recall
from diffusion_lessons.panels import floor_panel, predict, scope_check


def seeded(seed):
    return torch.Generator().manual_seed(seed)


# %% [markdown]
# ## The Frechet distance
#
# There is no right answer to "draw a seven", so samples are not compared with originals one by one. Two *clouds* are:
# many real images, many generated ones. And not pixel by pixel, for a seven that moved by one pixel is the same
# seven. A classifier turns each image into a few numbers, its *features*, and the clouds are compared there. Ours has
# 64. The features of 10,000 training digits and of 10,000 others, which no network here was trained on, come with the
# course.

# %%
train, unseen = features.reference("mnist", "train"), features.reference("mnist", "test")
assert train.features.shape == unseen.features.shape == (10_000, 64)
right = (features.probabilities(unseen.features).argmax(dim=1) == unseen.labels).double().mean()
print(f"the classifier recognises {right:.1%} of the unseen digits, so its features know what a digit is")

# %% [markdown]
# Take each cloud for a Gaussian, with its mean $m$ and covariance $C$. Then there is a formula for how far the mass of
# one must be moved to become the other, squared:
#
# $$d^2 = |m_1 - m_2|^2 + \operatorname{tr}\bigl(C_1 + C_2 - 2\,(C_1 C_2)^{1/2}\bigr).$$

# %%
print(inspect.getsource(frechet_between).split('"""')[2].strip("\n"))

# %% [markdown]
# **A name.** With the features of one network (Inception, trained on ImageNet photographs) this is the *FID*.
# Ours are others, so our number is not a FID and cannot be set beside one. We say *Frechet distance (MNIST features)*.
# (For photographs, `diffusion-lessons benchmark CHECKPOINT --inception` takes a FID, where the weights can be fetched.)

# %% [markdown]
# ## Real against real
#
# What does the best model there could be score? Ask nature to be the model: take real digits that nobody trained on.

# %%
predict("09.real_against_real")

# %%
reference = moments(train.features)
counts, floor = [250, 500, 1000, 2500, 5000, 10_000], {}
for n in counts:
    rows = [torch.randperm(10_000, generator=seeded(draw))[:n] for draw in range(20)]
    floor[n] = [frechet_distance(reference, unseen.features[chosen]) for chosen in rows]
    print(f"{n:>6} real digits score {sum(floor[n]) / 20:.3f} on average")
fall = sum(floor[250]) / sum(floor[10_000])
print(f"forty times the images, {fall:.1f} times less distance; nothing got better but the count")

# %% [markdown]
# **Perfect samples do not score zero.** What they score is the *floor* at that count, and it falls about as one over
# the count. (Not by forty times here: the 10,000 reference images are a sample, too, and their share of the floor
# stays. Forty would become $(1/250 + 1/10{,}000) / (2/10{,}000) = 20.5$.) So the number of images belongs to the
# figure, as metres belong to a length. Here is what happens to those who leave it out: a model that forgets every
# second seven, and is measured on more images.

# %%
forgets = measuring.without_class(unseen, 7, 0.5, seeded(0))[:5000]
faulty = frechet_distance(reference, forgets)
assert faulty < sum(floor[250]) / 20
print(f"half of the sevens missing, 5,000 images: {faulty:.3f}")
print(f"nothing missing, 250 images: {sum(floor[250]) / 20:.3f}, which looks worse")

# %% [markdown]
# ## How sure are we
#
# The floor has a spread, too: other images, another score. In the loop above, the lowest and the highest of twenty
# draws. (They are drawn without replacement from the same 10,000, so at 5,000 two draws share half of their images, and
# this spread is too small. At 10,000 there would be only one.)

# %%
for n in (250, 1000, 5000):
    print(f"{n:>5} real digits: between {min(floor[n]):.3f} and {max(floor[n]):.3f}")

# %% [markdown]
# A score is random, and a single one does not show how much. The library estimates its spread from the samples
# themselves, and prints it with the score. Two figures $a \pm s_a$ and $b \pm s_b$ from
# independent samples differ when
#
# $$|a - b| > 2 \sqrt{s_a^2 + s_b^2}.$$
#
# A paper that prints 2.97 and 2.93 without a spread has told you nothing about which of the two is better.

# %% [markdown]
# ## The kernel distance
#
# Could one do without a floor? Compare pairs instead: are two generated samples as alike as two real ones, and as a
# real and a generated one? With a measure of likeness $k$ that is
#
# $$\mathrm{MMD}^2 = \overline{k(x, x')} + \overline{k(y, y')} - 2\,\overline{k(x, y)}, \qquad
# k(a, b) = (a \cdot b / d + 1)^3,$$
#
# where $d$ is the number of features, and no sample is paired with itself. Then the expectation of each mean is right
# at *any* count, and for equal clouds their sum is 0 on average. It needs no Gaussian and no covariance, and works with
# fewer samples than features.

# %%
kernel = {}
for n in counts[:4]:
    halves = [torch.randperm(10_000, generator=seeded(draw))[:n] for draw in range(40)]
    pairs = zip(halves[:20], halves[20:], strict=True)
    kernel[n] = [kernel_distance(train.features[a], unseen.features[b]) for a, b in pairs]
levels = {
    "Frechet distance": {n: over_draws(floor[n]) for n in counts[:4]},
    "kernel distance": {n: over_draws(kernel[n]) for n in counts[:4]},
}
figure = measuring.floor_figure(levels, "Real digits against real digits: one falls, one stays")
low, *_, high = levels["kernel distance"].values()
assert all(abs(each.n) < 3 * each.s / math.sqrt(20) for each in levels["kernel distance"].values())
show(
    figure,
    f"Left, the Frechet distance of real digits falls with the count. Right, the kernel distance stays around 0, "
    f"within {low.s:.3f} for 250 images and {high.s:.4f} for 2,500.",
)

# %% [markdown]
# The bias is gone, but the randomness is not: with 250 images a single kernel distance may lie above or below 0, and a
# value below 0 is no mistake. Use it where samples are few.

# %% [markdown]
# ## Two faults, one number
#
# A distance says *how far*, not *what is wrong*. Build faults that we know: eight heaps of points are the
# data. One model forgets two of the heaps, one scatters every fourth point anywhere, and one is a single Gaussian with
# the right mean and covariance, most of whose points lie where no data are.

# %%
angle = torch.arange(8, dtype=torch.float64) * math.pi / 4
heaps = torch.stack([angle.cos(), angle.sin()], dim=1)
real = toys.GaussianMixture(heaps, stds=0.1).sample(2000, seeded(0), torch.float64)
heaps_and_centre = torch.cat([heaps, torch.zeros(1, 2, dtype=torch.float64)])
models = {
    "forgets": toys.GaussianMixture(heaps[2:], stds=0.1),
    "invents": toys.GaussianMixture(heaps_and_centre, stds=[0.1] * 8 + [1.5], weights=[0.73 / 8] * 8 + [0.27]),
    "one Gaussian": toys.GaussianMixture(heaps_and_centre[8:], stds=math.sqrt(0.51)),
}
clouds = {name: model.sample(2000, seeded(1), torch.float64) for name, model in models.items()}

# %%
words = {}
for name, points in clouds.items():
    distance, (precision, recall) = frechet_distance(real, points), precision_recall(real, points)
    words[name] = f"{name}: distance {distance:.3f},\nprecision {precision:.2f}, recall {recall:.2f}"
figure = measuring.cloud_figure(real, {words[name]: points for name, points in clouds.items()})
show(figure, "Three clouds over eight heaps. " + "; ".join(text.replace("\n", " ") for text in words.values()) + ".")

# %% [markdown]
# - *Precision* is the share of generated samples that lie among real ones: within the distance that a real sample has
#   to its third neighbour. It falls when a model invents.
# - *Recall* is the share of real samples that lie among generated ones. It falls when a model forgets. (It can be
#   fooled: the ball around a single stray sample is large, and may cover a whole forgotten cluster. The library's
#   *coverage* turns the question round, and is not.)
#
# The first two models have nearly the same distance and opposite faults: one number cannot tell them apart, two can.
# And the third has almost **no distance at all**. The Frechet distance sees a mean and a covariance, and those are
# right. (Its precision says that something is wrong.)

# %% [markdown]
# ## The copier wins
#
# Here is a model without any network: it returns images of its training set. Every distance above is a distance *to the
# training set*, so you can guess what will happen.

# %%
for n in (1000, 5000, 10_000):
    copied = frechet_distance(reference, train.features[torch.randperm(10_000, generator=seeded(7))[:n]])
    print(f"{n:>6} copied digits score {abs(copied):.3f}; real, unseen digits {sum(floor[n]) / 20:.3f}")

# %% [markdown]
# **The copier beats nature.** No distance to a training set can find it out, since it measures precisely what a copier
# is good at. It takes another question: is a sample nearer to the training images than to *equally many* images that
# were not trained on? For each sample take the ratio of the two distances. Around 1 is healthy; below one half we call
# it a copy. (The one half is our choice; the control group below says how often it is wrong.) And because some images
# are near each other by chance, ask the same of real images.
#
# Here is a copier that works as a network does: the *exact* denoiser of fifty images. It is the optimum of the training
# loss, and it can end nowhere but at one of the fifty.

# %%
path, digits, others = schedules.ddpm_linear(), load_data("digits").images.double(), load_data("digits", "test").images
fifty = digits[:50]
perfect = toys.point_masses(fifty).denoiser(path)
x = sample(samplers.ddim, perfect, path.prior((100, 1, 8, 8), seeded(0), dtype=torch.float64), path, path.grid(20))
found = memorization_probe(x, fifty, others[:100])
assert found.memorised
print(f"exact denoiser of fifty images: {found}")
print(f"real digits in its place: {memorization_probe(others[100:200], fifty, others[:100])}")

# %%
pairs = torch.cat([x[:8], fifty[found.nearest[:8]]])
show(image_grid(pairs, 8), "Eight samples of the exact denoiser, and below each the same image of the fifty.")

# %% [markdown]
# So the loss of lesson 02, driven to its optimum, gives a copier. What saves networks is that they do *not*
# reach it. That is a claim about a network, and has to be measured for each one.

# %% [markdown]
# ## The network of this course
#
# Draw 200 digits from the network that ships, in ten steps, and ask all the questions at once.

# %%
eyes = evaluator.of_images("mnist")
asked = eyes.labels(200, seed=0)
drawn = generate(load("mnist-diffusion"), 200, labels=asked.tolist(), sampler="dpm_solver_pp_2m", steps=10)[-1].x
show(image_grid(drawn[:32], 16, enlarge=2), "Thirty-two digits of the network: as legible as hurried handwriting.")

# %%
seen = eyes.features_of(drawn, asked)
scores = evaluate(["frechet", "kernel", "adherence"], seen, eyes.train, eyes.held_out)
for name in ("frechet", "kernel"):
    score = scores[name]
    assert abs(score.value - score.floor) < 2 * math.hypot(score.spread, score.floor_spread)
    print(f"{name} distance: from 200 images it cannot be told from that of real digits")
assert 0.85 < scores["adherence"].value < scores["adherence"].floor
print("adherence: more than 85% are recognised as the digit that was asked for, fewer than of real digits")

# %% [markdown]
# *Adherence* is the share of samples that a classifier takes for what was asked for. With prompts in place of digits,
# the cosine similarity of CLIP's features for text and image plays that role (*CLIPScore*, Hessel et al. 2021,
# https://arxiv.org/abs/2104.08718).
#
# Is the network as good as nature, then? The distances cannot tell, from 200 images; adherence can. **"Cannot be told
# apart" is a statement about the sample size**, not a medal. And does it copy?

# %%
found = memorization_probe(seen.features, features.training_index("mnist"), unseen.features)
assert not found.memorised and found.trained_on == 60_000 and found.detectable < 0.1
print(f"the network: no more copies of its {found.trained_on:,} training digits than among real digits")
print("one that copies in every tenth image would have been found out in 95 of 100 such probes")
print(f"one that copies in every hundredth would show no copy at all with probability {0.99**200:.2f}")

# %% [markdown]
# So it is cleared of copying everything, but not of copying now and then. With each verdict, say what it could have
# found.

# %% [markdown]
# ## What no distance sees
#
# In the end people look. So one asks them: two pictures side by side, which is better, or which follows the prompt
# better? Thousands of answers give each model the share of comparisons it wins, or a rating as in chess. That is the
# measure that the others stand in for, and it has its own faults: it costs money, it depends on who is asked and what
# for, and nobody sees in a single picture that a model has forgotten every seven. Networks trained on such answers
# (ImageReward, PickScore, HPS) predict them; they inherit the taste of those who were asked.

# %% [markdown]
# ## Move it
#
# A model that forgets a share of one digit. Each line is a whole evaluation, repeated with other images. With how many
# images can you tell that a fifth of the sevens is missing? And half of them? Which digit is missed most?

# %% tags=["panel"]
floor_panel(train, unseen)

# %% [markdown]
# ## Exercises
#
# **1.** The distance itself. The root of a matrix is not the root of its entries.


# %%
def frechet(mean_a, cov_a, mean_b, cov_b):
    raise NotImplementedError


check("frechet", frechet)

# %% [markdown]
# **2.** The kernel distance without bias: who must not meet whom?


# %%
def kernel_estimate(K_real, K_fake, K_across):
    raise NotImplementedError


check("kernel_estimate", kernel_estimate)

# %% [markdown]
# **3.** Two papers, two figures, each with its standard error. How many standard errors are they apart?


# %%
def apart(a, spread_a, b, spread_b):
    raise NotImplementedError


check("apart", apart)

# %% [markdown]
# ## Pitfalls
#
# - **Two counts, one table.** The same model "improves" when more samples are drawn. Equal counts, or no comparison.
# - **FID by another name.** Other features, other resizing, another reference set: another number. Say which.
# - **Fewer samples than features.** The covariance is singular. Use the kernel distance.
# - **Choosing by the score, then reporting it.** The best of twenty seeds is a draw from the lucky end.
# - **A distance to the training set as proof of novelty.** It is smallest for a copier.
# - **A probe without a control group.** Real digits look like each other, too.

# %% [markdown]
# ## What to remember
#
# - Perfect samples do not score zero. The floor falls with the count: give both with every figure.
# - A figure without a spread decides nothing; two standard errors *of the difference* do.
# - The kernel distance has no bias. It still has a spread.
# - One number cannot tell forgetting from inventing. Precision and recall can.
# - The training set has the best distance there is. Ask for copies separately, with a control group.

# %% [markdown]
# ## Scope check

# %%
scope_check("09")

# %% [markdown]
# ## Further reading
#
# - Heusel, Ramsauer, Unterthiner, Nessler, Hochreiter, *GANs Trained by a Two Time-Scale Update Rule Converge to a
#   Local Nash Equilibrium*, 2017: the FID. https://arxiv.org/abs/1706.08500
# - Binkowski, Sutherland, Arbel, Gretton, *Demystifying MMD GANs*, 2018: the kernel distance, and why the other is
#   biased. https://arxiv.org/abs/1801.01401
# - Kynkaanniemi, Karras, Laine, Lehtinen, Aila, *Improved Precision and Recall Metric for Assessing Generative Models*,
#   2019. https://arxiv.org/abs/1904.06991
# - Carlini and others, *Extracting Training Data from Diffusion Models*, 2023: copies found in real systems.
#   https://arxiv.org/abs/2301.13188
# - Kirstain, Polyak, Singer, Matiana, Penna, Levy, *Pick-a-Pic: An Open Dataset of User Preferences for Text-to-Image
#   Generation*, 2023. https://arxiv.org/abs/2305.01569
