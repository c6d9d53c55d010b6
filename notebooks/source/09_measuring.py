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

from diffusion_lessons import check, generate, load, load_data, sample, samplers, schedules, toys, working
from diffusion_lessons.figures import image_grid, noising, show
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
from diffusion_lessons.metrics.precision_recall import density_coverage, precision_recall
from diffusion_lessons.panels import floor_panel, predict, scope_check


# %%
def seeded(seed):
    return torch.Generator().manual_seed(seed)


# %%
path, digits, others = schedules.ddpm_linear(), load_data("digits").images.double(), load_data("digits", "test").images
fifty = digits[:50]
perfect = toys.point_masses(fifty).denoiser(path)
x = sample(samplers.ddim, perfect, path.prior((100, 1, 8, 8), seeded(0), dtype=torch.float64), path, path.grid(20))
asked = [7, 2, 0, 9, 4, 1, 8, 5, 3, 6]
by_network = generate(load("digits-diffusion"), 10, labels=asked, steps=20, seed=4)[-1].x
show(
    noising.image_strip({"A": by_network, "B": x[:10], "C": others[:10]}, [""] * 10, "Which row is the best?"),
    "Three rows of ten digits. One row was written by people, one was drawn by a network, and one comes from a model "
    "that returns images from its training set. The answer stands further down.",
)

# %% [markdown]
# Could you tell them apart? Most people cannot with ten digits, and looking at a thousand takes too long. This lesson
# is about numbers that take the place of looking. They are the numbers in every paper on generative models, and each of
# them can be fooled.

# %% [markdown]
# ## The Fréchet distance
#
# There is no right answer to "draw a seven", so samples cannot be compared with originals one by one. What can be
# compared are two *clouds*: many real images and many generated ones. Nor can this be done pixel by pixel, since a
# seven that is shifted by one pixel is still the same seven. So a classifier turns each image into a few numbers, its
# *features*, and the clouds are compared there. Ours has 64 features. Those of 10,000 training digits and of 10,000
# others, which no network here was trained on, come with the course.

# %%
train, unseen = features.reference("mnist", "train"), features.reference("mnist", "test")
assert train.features.shape == unseen.features.shape == (10_000, 64)
right = (features.probabilities(unseen.features).argmax(dim=1) == unseen.labels).double().mean()
print(f"the classifier recognises {right:.1%} of the unseen digits, so its features know what a digit is")

# %% [markdown]
# Describe each cloud by a Gaussian with the cloud's mean $m$ and covariance $C$. How far must the mass of one Gaussian
# be moved to become the other? For this distance, squared, there is a formula:
#
# $$D^2 = |m_1 - m_2|^2 + \operatorname{tr}\bigl(C_1 + C_2 - 2\,(C_1 C_2)^{1/2}\bigr).$$
#
# **Exercise 1. Write it.** The root of a matrix is not the matrix of the roots of its entries. Your function measures
# real digits in the next section.


# %%
def frechet(mean_a, cov_a, mean_b, cov_b):
    raise NotImplementedError


check("frechet", frechet)

# %% [markdown]
# The library's version uses that $C_1 C_2$, which is not symmetric, has the eigenvalues of a symmetric matrix:

# %%
print(inspect.getsource(frechet_between).split('"""')[2].strip("\n"))

# %% [markdown]
# **A name.** With the features of one particular network (Inception, trained on ImageNet photographs) this distance is
# called the *FID*. Our features are different, so our number is not a FID and cannot be compared with one. We call it
# the *Fréchet distance (MNIST features)*. (For photographs, `diffusion-lessons benchmark CHECKPOINT --inception`
# computes a FID, if the weights of that network can be downloaded.)

# %% [markdown]
# ## Real against real
#
# What would the best possible model score? Let nature be the model: take real digits that nobody trained on.

# %%
predict("09.real_against_real")

# %%
distance, reference = working("frechet", frechet), moments(train.features)


def to_training(digits):
    """Your distance of features [n, 64] to the 10,000 training digits."""
    return distance(*reference, *moments(digits)).item()


counts, floor = [250, 500, 1000, 2500, 5000, 10_000], {}
for n in counts:
    rows = [torch.randperm(10_000, generator=seeded(draw))[:n] for draw in range(20)]
    floor[n] = [to_training(unseen.features[chosen]) for chosen in rows]
    print(f"{n:>6} real digits score {sum(floor[n]) / 20:.3f} on average")
fall = sum(floor[250]) / sum(floor[10_000])
print(f"forty times the images, {fall:.1f} times less distance; nothing got better but the count")

# %% [markdown]
# **Perfect samples do not score zero.** What they score is called the *floor* at that count, and it falls roughly in
# proportion to one over the count. (It does not fall forty times here, because the 10,000 reference images are a sample
# as well, and their share of the floor stays. The factor to expect is $(1/250 + 1/10{,}000) / (2/10{,}000) = 20.5$. The
# last line is a single draw, and came out a little low. From 250 to 2,500 images, where both lines are means of twenty
# draws, the factor to expect is 8.2, and the measured one is 8.1.) So the number of images belongs to the score, as
# metres belong to a length. See what happens if it is left out: here is a model that forgets every second seven, and
# that is measured on more images.

# %%
forgets = measuring.without_class(unseen, 7, 0.5, seeded(0))[:5000]
faulty = to_training(forgets)
assert faulty < sum(floor[250]) / 20
print(f"half of the sevens missing, 5,000 images: {faulty:.3f}")
print(f"nothing missing, 250 images: {sum(floor[250]) / 20:.3f}, which looks worse")

# %% [markdown]
# ## How sure are we
#
# The floor has a spread as well: with other images, it is another number. Here are the lowest and the highest of the
# twenty draws in the loop above. (All are drawn from the same 10,000 images. So at 5,000 two draws share half of their
# images, and this spread is too small; at 10,000 there is only one set to draw.)

# %%
for n in (250, 1000, 5000):
    print(f"{n:>5} real digits: between {min(floor[n]):.3f} and {max(floor[n]):.3f}")

# %% [markdown]
# So a score is a random number, and a single score does not show how random it is. The library therefore estimates its
# standard error from the samples themselves, and prints it with the score. Two scores $a \pm s_a$ and $b \pm s_b$ from
# independent samples are taken to differ if
#
# $$|a - b| > 2 \sqrt{s_a^2 + s_b^2},$$
#
# that is, if they are more than two standard errors *of the difference* apart. A paper that prints 2.97 and 2.93
# without a spread has told you nothing about which of the two is better. (Samples that start from the same noise, with
# the same labels, are not independent: a part of their luck is shared and cancels in the difference, so that smaller
# differences can be resolved. Such comparisons are called *paired*, and lesson 10 makes them.)
#
# **Exercise 2. Count them.** How many standard errors are two independent scores apart? Your function will judge the
# network of this course.


# %%
def apart(a, spread_a, b, spread_b):
    raise NotImplementedError


check("apart", apart)

# %% [markdown]
# ## The kernel distance
#
# Can we do without a floor? Compare pairs instead. Are two generated samples as similar to each other as two real ones
# are, and as a real and a generated one are? With a measure of similarity $k$, the *kernel*, this becomes the *maximum
# mean discrepancy*, squared:
#
# $$\mathrm{MMD}^2 = \overline{k(x, x')} + \overline{k(y, y')} - 2\,\overline{k(x, y)}, \qquad
# k(a, b) = (a \cdot b / d + 1)^3,$$
#
# where bars are means over pairs, $d$ is the number of features, and no sample is paired with itself. Then each mean is
# right on average at *any* count, and for two clouds from one distribution the sum is 0 on average. The kernel distance
# assumes no Gaussian, needs no covariance, and works with fewer samples than features. (Papers call it *KID* if the
# features are Inception's.)

# %%
kernel = {}
for n in counts[:4]:
    halves = [torch.randperm(10_000, generator=seeded(draw))[:n] for draw in range(40)]
    pairs = zip(halves[:20], halves[20:], strict=True)
    kernel[n] = [kernel_distance(train.features[a], unseen.features[b]) for a, b in pairs]
levels = {
    "Fréchet distance": {n: over_draws(floor[n]) for n in counts[:4]},
    "kernel distance": {n: over_draws(kernel[n]) for n in counts[:4]},
}
figure = measuring.floor_figure(levels, "Real digits against real digits: one falls, one stays")
low, *_, high = levels["kernel distance"].values()
assert all(abs(each.n) < 3 * each.s / math.sqrt(20) for each in levels["kernel distance"].values())
show(
    figure,
    f"Left, the Fréchet distance of real digits falls with the count. Right, the kernel distance stays around 0, "
    f"within {low.s:.3f} for 250 images and {high.s:.4f} for 2,500.",
)

# %% [markdown]
# The bias is gone, but the randomness is not: with 250 images a single kernel distance may lie above or below 0, so a
# negative value is no mistake. Use the kernel distance when you have few samples.

# %% [markdown]
# ## Two faults, one number
#
# A distance tells you *how far* a model is from the data, not *what is wrong* with it. To see this, build models whose
# faults we know. The data are eight clusters of points. One model forgets two of the clusters, one scatters every
# fourth point anywhere, and one is a single Gaussian with the right mean and covariance, most of whose points lie where
# there are no data.

# %%
angle = torch.arange(8, dtype=torch.float64) * math.pi / 4
clusters = torch.stack([angle.cos(), angle.sin()], dim=1)
real = toys.GaussianMixture(clusters, stds=0.1).sample(2000, seeded(0), torch.float64)
clusters_and_centre = torch.cat([clusters, torch.zeros(1, 2, dtype=torch.float64)])
models = {
    "forgets": toys.GaussianMixture(clusters[2:], stds=0.1),
    "invents": toys.GaussianMixture(clusters_and_centre, stds=[0.1] * 8 + [1.5], weights=[0.73 / 8] * 8 + [0.27]),
    "one Gaussian": toys.GaussianMixture(clusters_and_centre[8:], stds=math.sqrt(0.51)),
}
clouds = {name: model.sample(2000, seeded(1), torch.float64) for name, model in models.items()}

# %%
words = {}
for name, points in clouds.items():
    (precision, recall), (_, coverage) = precision_recall(real, points), density_coverage(real, points)
    words[name] = f"{name}: distance {frechet_distance(real, points):.3f},\nprecision {precision:.2f}, "
    words[name] += f"recall {recall:.2f}, coverage {coverage:.2f}"
figure = measuring.cloud_figure(real, {words[name]: points for name, points in clouds.items()})
show(figure, "Three clouds over eight clusters. " + "; ".join(text.replace("\n", " ") for text in words.values()) + ".")

# %% [markdown]
# - *Precision* is the share of generated samples that lie among real ones: within some real sample's distance to its
#   third neighbour. It falls when a model invents.
# - *Recall* is the share of real samples that lie among generated ones, by the same rule. It falls when a model
#   forgets. (It can be fooled: the ball around a single stray sample is large, and may cover a whole forgotten cluster.
#   *Coverage* asks instead how many of the balls around *real* samples hold a generated one, which a stray sample
#   cannot change much. It was proposed for this reason by Naeem et al. 2020, https://arxiv.org/abs/2002.09797.)
#
# The first two models have nearly the same distance and opposite faults. One number cannot tell them apart, but two
# can. And the third has almost **no distance at all**: the Fréchet distance sees only a mean and a covariance, and both
# are right. (Its precision shows that something is wrong.)

# %% [markdown]
# ## The copier wins
#
# Here is a model without any network: it returns images from its training set. Every distance above is a distance *to
# the training set*, so you can guess what will happen.

# %%
for n in (1000, 5000, 10_000):
    copied = frechet_distance(reference, train.features[torch.randperm(10_000, generator=seeded(7))[:n]])
    print(f"{n:>6} copied digits score {abs(copied):.3f}; real, unseen digits {sum(floor[n]) / 20:.3f}")

# %% [markdown]
# **The copier beats nature.** No distance to a training set can expose it, since such a distance measures precisely
# what a copier is good at. We have to ask something else: is a sample suspiciously near to a training image? For each
# sample, divide its distance to the nearest training image by its distance to the nearest real image that was *not*
# trained on. If this ratio is less than half of what is typical of real images, we call the sample a copy. (The one
# half is our choice.) Some real images pass for copies as well, by chance. They are the control group: only a share of
# copies beyond theirs counts.
#
# Row B at the beginning of this lesson was made by a copier that works as a network does: the *exact* denoiser of fifty
# images. It is the optimum of the training loss, and it can end only at one of the fifty. (Row A was drawn by a
# network, and row C was written by people.) Probe a hundred of the copier's samples:

# %%
found = memorization_probe(x, fifty, others[:100])
assert found.memorised
print(f"exact denoiser of fifty images: {found}")
print(f"real digits in its place: {memorization_probe(others[100:200], fifty, others[:100])}")

# %%
pairs = torch.cat([x[:8], fifty[found.nearest[:8]]])
show(image_grid(pairs, 8), "Eight samples of the exact denoiser, and below each the same image of the fifty.")

# %% [markdown]
# So the loss of lesson 02, driven to its optimum on a finite training set, gives a copier. Networks are saved by *not*
# reaching that optimum. Whether a given network is saved has to be measured.

# %% [markdown]
# ## The network of this course
#
# Draw 200 digits with the network that comes with the course, in ten steps, and ask all of these questions at once.

# %%
eyes = evaluator.of_images("mnist")
asked = eyes.labels(200, seed=0)
drawn = generate(load("mnist-diffusion"), 200, labels=asked.tolist(), sampler="dpm_solver_pp_2m", steps=10)[-1].x
show(image_grid(drawn[:32], 16, enlarge=2), "Thirty-two digits of the network: as legible as hurried handwriting.")

# %% tags=["within-10%"]
between, seen = working("apart", apart), eyes.features_of(drawn, asked)
scores = evaluate(["frechet", "kernel", "adherence"], seen, eyes.train, eyes.held_out)
for name, score in scores.items():
    print(f"{name}: {score.value:.3f} ± {score.spread:.3f}; real digits: {score.floor:.3f} ± {score.floor_spread:.3f}")
    print(f"   {between(score.value, score.spread, score.floor, score.floor_spread):.1f} standard errors apart")

# %% [markdown]
# *Adherence* is the share of samples that a classifier takes for what was asked for. With prompts in place of digits,
# the cosine similarity of CLIP's features of text and image plays that role (*CLIPScore*, Hessel et al. 2021,
# https://arxiv.org/abs/2104.08718).
#
# (Why are the scores of real digits lower here than above, and the kernel distance even far below 0? Above, digits were
# drawn at random, and the kernel distance is without bias for such sets only. Here every set holds each of the ten
# digits in exactly its share of the data, so two sets resemble each other more than random ones do. That the Fréchet
# distance is taken from all 60,000 training digits here, and not from 10,000, lowers it by less than 2 %. One can count
# the resemblance: of 200 digits, 20 are sevens, and the other member of a pair is a seven for 19 of the remaining 199,
# which is less than the tenth that it is across the sets. The samples of the network are drawn in the same shares, so
# the comparison is fair.)
#
# Is the network as good as nature, then? All three differences are far below two standard errors: 200 images cannot
# tell. **"Cannot be told apart" is a statement about the sample size**, not a medal. The network's card holds a larger
# evaluation, of fifty times as many digits (drawn in twenty steps, by DDIM with $\eta = 1$):

# %% tags=["within-20%"]
card = load("mnist-diffusion").card["evaluation"]
print(f"{card['samples']:,} digits, and the one set of 10,000 real ones that there is:")
for name in ("frechet", "adherence"):
    value, spread, real_digits, its_spread = (
        card["scales"]["1"][name][key] for key in ("value", "spread", "floor", "floor_spread")
    )
    far = between(value, spread, real_digits, its_spread)
    print(f"{name}: {value:.3f} ± {spread:.3f}; real digits: {real_digits:.3f}; {far:.1f} standard errors apart")
    assert far > 2

# %% [markdown]
# So there was something to find, and more images found it (with another sampler, which may have a part in it): they
# lower the floor and shrink the error. The same 10,000 real digits scored 0.047 at the beginning of this lesson. Two
# things differ: here they are compared with all 60,000 training digits and not with 10,000 of them, and they are
# weighted so that each digit has exactly its share. (The adherence of real digits is not 1 either. The classifier is no
# perfect judge.)
#
# And does the network copy?

# %% tags=["within-1"]
found = memorization_probe(seen.features, features.training_index("mnist"), unseen.features)
assert not found.memorised and found.trained_on == 60_000 and found.detectable < 0.1
print(f"the network: {found}")
print(f"one that copies in every hundredth image would show no copy at all with probability {0.99**200:.2f}")

# %% [markdown]
# So the network is cleared of copying everything, but not of copying now and then: a model with fewer copies than the
# last number in brackets might have passed as well (at that number, 95 of 100 such probes find it out). Whenever you
# report that nothing was found, say what you could have found.

# %% [markdown]
# ## What no distance sees
#
# In the end, people look at pictures. So ask people: of two pictures side by side, which is better, or which follows
# the prompt better? Thousands of answers give each model the share of comparisons that it wins, or a rating as in
# chess. All other measures stand in for this one. It has faults of its own: it costs money, it depends on who is asked
# and for what purpose, and nobody can see in a single picture that a model has forgotten every seven. Networks that are
# trained on such answers (ImageReward, PickScore, HPS) predict them, and inherit the taste of those who were asked.

# %% [markdown]
# ## Move it
#
# Here is a model that forgets a share of one digit. Each line is a whole evaluation, repeated with other images. How
# many images do you need to tell that a fifth of the sevens is missing? And half of them? Which digit is missed most?

# %% tags=["panel"]
floor_panel(train, unseen)

# %% [markdown]
# ## Exercises
#
# Exercises [1](#The-Fréchet-distance) and [2](#How-sure-are-we) stand above.

# %% [markdown]
# **3.** The kernel distance without bias: which pairs must be left out?


# %%
def kernel_estimate(K_real, K_fake, K_across):
    raise NotImplementedError


check("kernel_estimate", kernel_estimate)

# %% [markdown]
# **4. To investigate.** A model forgets half of its sevens. How many of its images give it away? Below, twenty sets of
# them and twenty sets of real digits are scored, and your function counts how many standard deviations of a single set
# lie between the two. The Fréchet distance needs a thousand images to bring them two apart. Find a measure of your own
# that does it with *five hundred*. You may use all that the classifier says (`features.probabilities` of the features),
# and you may know what you are looking for. Would your measure have found that the fours are missing? (Afterwards,
# `check("share_of_sevens").solution(found)` shows one answer, for the number of standard deviations that you found.)


# %%
def told_apart(measure, n):
    """By how many standard deviations of one set the measure tells n faulty digits from n real ones."""
    scored = []
    for cloud in (unseen.features, measuring.without_class(unseen, 7, 0.5, seeded(0))):
        rows = [torch.randperm(len(cloud), generator=seeded(draw))[:n] for draw in range(20)]
        scored.append(over_draws([measure(cloud[chosen]) for chosen in rows]))
    real, faulty = scored
    return between(real.n, real.s, faulty.n, faulty.s).item()


for n in (500, 1000):
    print(f"Fréchet distance, {n} images: {told_apart(to_training, n):.2f} standard deviations")


def unevenness(x):
    """A first try: how far the shares of the ten digits are from one tenth each."""
    return (features.probabilities(x).mean(dim=0) - 0.1).square().sum().item()


print(f"a first try, the unevenness of the ten shares, 500 images: {told_apart(unevenness, 500):.2f}")

# %% [markdown]
# ## Pitfalls
#
# - **Two counts in one table.** The same model "improves" when more samples are drawn. Compare at equal counts only.
# - **FID by another name.** Other features, another way of resizing or another reference set give another number. Say
#   which you used.
# - **Fewer samples than features.** The covariance is then singular. Use the kernel distance.
# - **Choosing by the score, then reporting it.** The best of twenty seeds is lucky. Draw again before you report.
# - **A distance to the training set as proof of novelty.** It is smallest for a copier.
# - **A probe without a control group.** Real digits resemble each other, too.

# %% [markdown]
# ## What to remember
#
# - Perfect samples do not score zero. The floor falls with the count, so give both with every score.
# - A score without a standard error decides nothing. A difference of more than two standard errors *of the difference*
#   does.
# - The kernel distance has no bias, but it has a spread.
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
# - Bińkowski, Sutherland, Arbel, Gretton, *Demystifying MMD GANs*, 2018: the kernel distance, and why the other is
#   biased. https://arxiv.org/abs/1801.01401
# - Chong, Forsyth, *Effectively Unbiased FID and Inception Score and Where to Find Them*, 2020: the floor depends on
#   the model as well. https://arxiv.org/abs/1911.07023
# - Parmar, Zhang, Zhu, *On Aliased Resizing and Surprising Subtleties in GAN Evaluation*, 2022: how resizing and
#   compressing change a FID. https://arxiv.org/abs/2104.11222
# - Stein and others, *Exposing Flaws of Generative Model Evaluation Metrics and Their Unfair Treatment of Diffusion
#   Models*, 2023: other features, and copies. https://arxiv.org/abs/2306.04675
# - Jayasumana and others, *Rethinking FID: Towards a Better Evaluation Metric for Image Generation*, 2024: a kernel
#   distance with CLIP's features. https://arxiv.org/abs/2401.09603
# - Kynkäänniemi, Karras, Laine, Lehtinen, Aila, *Improved Precision and Recall Metric for Assessing Generative Models*,
#   2019. https://arxiv.org/abs/1904.06991
# - Carlini and others, *Extracting Training Data from Diffusion Models*, 2023: copies found in real systems.
#   https://arxiv.org/abs/2301.13188
# - Kirstain, Polyak, Singer, Matiana, Penna, Levy, *Pick-a-Pic: An Open Dataset of User Preferences for Text-to-Image
#   Generation*, 2023. https://arxiv.org/abs/2305.01569
