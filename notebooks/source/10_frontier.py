# %% [markdown]
# # 10 The frontier
#
# **Question.** Steps, quality, latency: how does one read a claim about them?
#
# **Budget.** About 50 seconds of one CPU core, 0.9 GB of memory, nothing to download.
#
# **Afterwards you can** read a table of samplers without being fooled by its best row; choose one under a budget; and
# say what is missing from a vendor's claim.

# %%
import time

import numpy as np
import torch

from diffusion_lessons import Settings, benchmark, check, generate, load, metrics, samplers, schedules, toys, working
from diffusion_lessons.benchmark.measure import measure
from diffusion_lessons.figures import frontier as figures
from diffusion_lessons.figures import levels, noising, show, timings_figure
from diffusion_lessons.metrics import features, frechet_distance, moments
from diffusion_lessons.panels import comparable, frontier_panel, predict, scope_check
from diffusion_lessons.toys import Flawed, wasserstein_1

# %%
network = load("mnist-small-diffusion")
ladder = {
    f"{steps} evaluations": generate(network, 10, labels=range(10), sampler="ddim", steps=steps, seed=3)[-1].x
    for steps in (2, 5, 10, 50)
}
show(
    noising.image_strip(ladder, [str(digit) for digit in range(10)], "How many evaluations are enough?"),
    "The same noise and the same labels, by DDIM in 2, 5, 10 and 50 evaluations. Which row is the best, and how sure "
    "can one be?",
)

# %% [markdown]
# Anyone who sells or publishes a sampler shows such rows, and a table beside them. In this lesson you learn to read the
# table: what its cost axis means, which of its differences are real, and which questions it leaves open.
#
# ## Count evaluations, not steps
#
# The network, `mnist-small-diffusion`, was trained in an hour on one CPU core. It was measured with many samplers,
# equally many images each, all from the same noise and the same labels. The table comes with the course
# (`diffusion-lessons benchmark mnist-small-diffusion --plan curve` measures it again).
#
# "Five steps" sounds like a price, but the cost is in the network, and a step may evaluate it more than once. A sampler
# with several *stages* evaluates it once a stage, except in its last step, which has one stage. With guidance each of
# these is two evaluations (lesson 07).
#
# **Exercise 1. How many evaluations?** `steps` and `stages` are numbers, `guided` says whether there is guidance. Your
# function predicts the counts of the next cell; until it is right, ours does.


# %%
def count_nfe(steps, stages, guided):
    raise NotImplementedError


check("count_nfe", count_nfe)

# %%
count = working("count_nfe", count_nfe)
for sampler, steps, stages in (("ddim", 5, 1), ("dpm_solver_pp_2m", 5, 1), ("heun", 5, 2), ("dpm_solver_3", 4, 3)):
    for scale in (1.0, 2.0):
        found = measure(network, Settings(sampler, steps, scale=scale, batch=1), repeats=1)
        predicted = int(count(steps, stages, scale != 1))
        assert found.nfe == predicted
        print(f"{sampler} in {steps} steps, guidance scale {scale:g}: {predicted} predicted, {found.nfe:g} counted")

# %% [markdown]
# Heun's method looks ahead in each step but the last, and pays for it. A multistep method like DPM-Solver++(2M)
# remembers its last prediction instead, which costs nothing. So the cost axis is *network evaluations*; the number of
# steps is an internal matter of the sampler.
#
# On exact problems Heun's second evaluation is worth its price (lesson 05). Is it worth it here?

# %%
rows = benchmark.shipped.rows("mnist-small-diffusion")


def row(sampler, steps, **options):
    return benchmark.find(rows, Settings(sampler, steps, options=options))


heun, ddim = row("heun", 5), row("ddim", 5)
for name, one in {"Heun": heun, "DDIM": ddim}.items():
    score = one.quality["frechet"]
    print(f"{name} in 5 steps, {one.nfe:g} evaluations: Fréchet distance {score.value:.2f} ± {score.spread:.2f}")
assert metrics.interval(benchmark.difference(heun, ddim)).low > 0

# %% [markdown]
# The method of second order loses to the one of first order, although it costs nearly twice as much. Its order is not
# to blame. Most of the error is made in the first of these five steps: lesson 05 replaces that one step by DDIM's, with
# another network on the same path, and most of the distance to that network's own solution is gone.
#
# ## Compare in pairs
#
# Lesson 09 said when two *independent* scores differ: when their difference exceeds $2\sqrt{s_a^2 + s_b^2}$, twice its
# standard error. But these rows are not independent. All of them start from the same noise and ask for the same digits.
# If the draw was lucky for one of them, it was mostly lucky for the other, and in their *difference* that luck cancels.
# So compute the difference first and its standard error second. Leave out one twenty-fifth of the samples, the same
# ones in both rows, and see how far the difference moves; then leave out another twenty-fifth, until each has had its
# turn. This is the *jackknife*, and the table keeps what it needs.

# %%
ten, fifty = row("ddim", 10), row("ddim", 50)
a, b = (one.quality["frechet"] for one in (ten, fifty))
apart = benchmark.difference(ten, fifty)
print(f"DDIM in 10 steps {a.value:.3f} ± {a.spread:.3f}, in 50 steps {b.value:.3f} ± {b.spread:.3f}, {a.n} digits each")
print(f"10 minus 50, as if independent: {a.value - b.value:.3f} ± {(a.spread**2 + b.spread**2) ** 0.5:.3f}")
print(f"10 minus 50, in pairs:          {apart.n:.3f} ± {apart.s:.3f}")
assert apart.s < 0.8 * (a.spread**2 + b.spread**2) ** 0.5

# %% [markdown]
# The table is the same, the images are the same, and the standard error is smaller. A table that gives each row a bar
# of its own, and nothing else, throws this information away. Note the sign of the difference, too; we come back to it.

# %% [markdown]
# ## The frontier
#
# Put every row on two axes, cost and distance. If another row is both cheaper and nearer to the data, nobody should
# choose this one: it is *beaten* (economists say dominated). The rows that no other beats are the *frontier*, and the
# choice is among them.
#
# **Exercise 2. Who is on the frontier?** `points` is a list of `[cost, distance]`, the lower the better. Return those
# that no other point beats; a point that equals another in one of the two and is better in the other beats it as well.


# %%
def frontier(points):
    raise NotImplementedError


check("frontier", frontier)

# %%
table = comparable("mnist-small-diffusion")
table = table[table.nfe > 1]  # what one evaluation can do is lesson 11's question
images, bars = table["samples"].iloc[0], table["frechet_spread"].to_numpy()
axes = ["nfe", "frechet_value"]
alone = np.stack([np.zeros((len(table), len(table))), np.hypot.outer(bars, bars)], axis=2)  # of independent rows
by_bars = benchmark.frontier.non_dominated(table[axes].to_numpy(), alone)
honest = benchmark.on_frontier(table, axes, z=2.0)
naive = working("frontier", frontier)(table[axes].round(6).to_numpy().tolist())  # what differs by rounding is equal
assert len(naive) == benchmark.on_frontier(table, axes, z=0.0).sum() <= honest.sum() < by_bars.sum()
predict(
    "10.unbeaten_rows",
    rows=len(table),
    fewest=table.nfe.min(),
    most=table.nfe.max(),
    images=images,
    bars=by_bars.sum(),
    pairs=honest.sum(),
)

# %%
print(f"by the bare numbers {len(naive)} of {len(table)} rows are not beaten")
print(f"beyond two standard errors, as if the rows were independent: {by_bars.sum()}")
print(f"beyond two standard errors of the difference, in pairs: {honest.sum()}")

# %%
curve = {steps: row("ddim", steps).quality["frechet"].value for steps in (2, 5, 10, 50)}
show(
    figures.frontier(table, title="Small points: beaten beyond two standard errors, in pairs"),
    f"Fréchet distance against evaluations; each bar is the row's own error. DDIM's falls from {curve[2]:.2f} "
    f"at 2 evaluations to {curve[5]:.2f} at 5 and {curve[10]:.2f} at 10, and is {curve[50]:.2f} at 50.",
)

# %% [markdown]
# **The curve of DDIM falls steeply, flattens, and then turns up again.** In pairs fewer rows are left than by their own
# bars: a bar is wide because of luck that the rows share, and a row must not hide behind it. To see how far each row
# still is from the data, subtract what real digits score at this count, the *floor* of lesson 09:

# %%
best = table.loc[table["frechet_value"].idxmin()]
name, most = f"{best.label} in {best.steps} steps", 50
tied = benchmark.best_under(table, {"nfe": most}, "frechet_value")
print(f"lowest: {name}, {best.frechet_value:.3f} ± {best.frechet_spread:.3f}; real digits {best.frechet_floor:.3f}")
print(f"rows within {most:g} evaluations that cannot be told from it in pairs: {len(tied) - 1}")
show(
    figures.above_floor(table, title="How far beyond what real digits score"),
    "Distance beyond the floor, a line for each sampler, with bars of two standard errors. If a bar reaches zero, the "
    "row cannot be told from real digits by this distance and this many images.",
)

# %% [markdown]
# **Here the lowest row is the lowest beyond chance: none ties with it.** In a table in which several rows tie for the
# first place, the one that happens to be lowest was also lucky, and a second measurement would name another. Then
# report all of them, or draw more images.

# %% [markdown]
# ## Why do more steps look worse?
#
# Follow DDIM alone to the right. The error that DDIM makes by taking long steps shrinks with every step that you add
# (lesson 04), so its line should fall until it is flat. Subtract the 50-step row from the others, with intervals of
# 95 %:

# %%
for steps in (5, 10, 20):
    print(f"{steps:>2} steps minus 50: {metrics.interval(benchmark.difference(row('ddim', steps), fifty))}")
assert metrics.interval(benchmark.difference(ten, fifty)).high < 0

# %% [markdown]
# Ten steps are nearer to the data than fifty, beyond chance. Fifty steps follow the network's equation more faithfully,
# so it must be the *network* that leads away from the data. In what way? Look at how much the digits of one class vary,
# compared with real ones:

# %%
for steps in (2, 5, 10, 20, 50):
    score = row("ddim", steps).quality["variance"]
    print(f"DDIM in {steps:>2} steps: variance within a class {score.value:.2f} ± {score.spread:.2f} of real digits")
few, many = (row("ddim", steps).quality["variance"].value for steps in (2, 50))
assert few < 1 < many

# %% [markdown]
# With two steps the digits vary too little, and that is the sampler's error: its first prediction is the mean of all
# digits that are still possible (lesson 04), and two long steps do not move far from it. With many steps they vary *too
# much*, and that is the network's. It is tempting to say that somewhere in between the two errors cancel. But look at
# the numbers: the variance is right somewhere between two and five steps, and the distance is lower at ten, where the
# variance is far too large. So the variance alone does not explain which number of steps is best. What else is in the
# distance? By its formula (lesson 09) it is a sum of two terms: how far the *mean* of the features is off, and how far
# their *covariance* is.

# %% tags=["within-0.01"]
real = moments(features.reference("mnist", "train").features)
terms = {}
for steps in (2, 5, 10, 20):
    x = generate(network, 300, labels=range(10), sampler="ddim", steps=steps)[-1].x.clamp(-1, 1)
    drawn = moments(features.features(x))
    whole = frechet_distance(real, drawn)
    off = (drawn.mean - real.mean).square().sum().item()
    terms[steps] = off, whole - off
    print(f"{steps:>2} steps, 300 digits: distance {whole:.2f} = {off:.2f} of the mean + {whole - off:.2f} of the rest")
means, rest = ([terms[steps][part] for steps in (5, 10, 20)] for part in (0, 1))
assert means[0] > 1.2 * means[1] and rest == sorted(rest) and abs(means[1] - means[2]) < 0.02

# %% [markdown]
# (Of 300 digits, each term is larger than of 1,000. All four rows have the same noise, so they can be compared.)
#
# **One term falls and the other rises.** The mean goes on improving up to ten steps, as one expects of a solver whose
# error shrinks; from then on it stays. The covariance is nearest at five steps and gets worse the more steps there are,
# which fits the variance within a class, too large and growing. The sum is lowest where the fall of the one no longer
# pays for the rise of the other. Nothing cancels: neither term can be negative. So the best number of steps is that of
# *this* sampler with *this* network, by *this* distance.
#
# ## At which noise level is the network wrong?
#
# A sample that starts from pure noise passes through all noise levels, so it cannot tell you at which of them the
# network errs. Start instead from *real* digits that the network never saw. Noise them to a level $\sigma/\alpha = L$,
# let a sampler take them back to 0, in as many of ten steps as are left from there, and measure what comes out. A
# perfect network would return digits as good as those that went in, whatever the level. (This needs the images of
# MNIST, so the result comes with the course; `diffusion-lessons doctor --checkpoint mnist-small-diffusion` repeats
# it.)

# %%
by_level = benchmark.shipped.levels("mnist-small-diffusion")
print(
    f"{by_level[0].scores['frechet'].n} real digits; distance and variance against those of the same digits untouched"
)
for level in by_level:
    print(level)
assert by_level[-1].faulty and not by_level[0].faulty

# %%
low, high = (metrics.interval(level.rise()) for level in (by_level[0], by_level[-1]))
show(
    levels.by_level(by_level),
    f"From level {by_level[0].level:g} the distance rises by {low.value:.3f}, from level {by_level[-1].level:g} by "
    f"{high.value:.3f}. The variance within classes stays up to level 0.6 and then rises, too.",
)

# %% [markdown]
# **Up to level 1.2 little is lost, from 2.5 on more and more.** Small levels decide about strokes and edges. There
# the distance rises by a few hundredths only, and the variance stays that of real digits to within a few per cent:
# the network has learned strokes. Large levels decide about the *shape* of the whole digit. There the network draws
# shapes that real digits do not have, and at the two highest the variance within a class grows by about a third and
# more. A better sampler would not cure that. Longer training may, or training that visits these levels more often, or
# layers that see the whole picture at once. Before you tune a sampler, ask at which level your network is wrong.
#
# Longer training was tried. `mnist-diffusion`, the MNIST network of all other lessons but lesson 12, has the same shape
# and path, and saw six million images in place of 0.7 million, in larger batches and on a GPU. Its rows, and its levels
# from 500 real digits each:

# %%
longer = benchmark.shipped.rows("mnist-diffusion")


def trained_longer(steps, **options):
    """The row of DDIM with the network that was trained longer."""
    return benchmark.find(longer, Settings("ddim", steps, options=options))


for steps in (2, 5, 10, 20, 50):
    score, spread = (trained_longer(steps).quality[name] for name in ("frechet", "variance"))
    print(f"{steps:>2} steps: distance {score.value:.3f}, variance {spread.value:.2f} ± {spread.spread:.2f}")
for steps in (10, 20):
    print(f"{steps} minus 50: {metrics.interval(benchmark.difference(trained_longer(steps), trained_longer(50)))}")
for level in benchmark.shipped.levels("mnist-diffusion"):
    print(level)
assert metrics.interval(benchmark.difference(trained_longer(20), trained_longer(50))).high < 0
assert trained_longer(50).quality["frechet"].value < 0.5 * b.value

# %% [markdown]
# **Most of the rise is gone.** From the lowest row to that of 50 steps the distance rises by 0.014, still beyond
# chance, where it rose by 0.103; and the lowest row is at 20 steps, no longer at 10. The sampler is the same, so most
# of the rise came from the network. Not all is well: the digits of 50 steps vary by 13 % more than real ones, where it
# was 31 %, and from the highest levels the variance still grows by about a fifth. But the distance from the two highest
# is no longer told from that of untouched digits, where it rose by 0.2 and 0.3. (There is one training of each. Whether
# it was the number of images, the batches or something else was not measured.)

# %% [markdown]
# ## Where this is not the published curve
#
# The best-known table of this kind is that of DDIM's authors (Song et al. 2021, table 1; their numbers, FID on
# CIFAR-10). In 10 steps it says 13.36 without fresh noise ($\eta = 0$) and 41.07 with it ($\eta = 1$); in 50 steps
# 4.67 and 8.01. What do you expect of our network?

# %%
predict("10.fresh_noise")

# %%
for steps in (5, 10, 20, 50):
    ode, sde = row("ddim", steps), row("ddim", steps, eta=1.0)
    plain, noisy = (one.quality["frechet"].value for one in (ode, sde))
    apart = metrics.interval(benchmark.difference(sde, ode))
    print(f"{steps:>2} steps: {plain:.3f} without fresh noise, {noisy:.3f} with it; with minus without {apart}")
    assert steps not in (20, 50) or apart.high < 0

# %% [markdown]
# From ten steps on it is the other way round. Is the published table wrong, or our sampler? Neither need be. Two errors
# end up in a sample: the sampler's, which comes from long steps, and the network's, which the sampler follows. To
# separate them, take numbers whose denoiser is known exactly (lesson 01), and then spoil the denoiser by a known
# amount: let its prediction of $v$ be wrong by $0.2 \sin 3x$.

# %%
clusters = toys.GaussianMixture([-1.2, 0.3, 1.5], stds=[0.25, 0.35, 0.15], weights=[0.3, 0.3, 0.4])
path = schedules.cosine()
noise = path.prior((5000,), torch.Generator().manual_seed(0), dtype=torch.float64)


def off_by(size, steps, sampler=samplers.ddim, spacing="trailing", seed=1, **options):
    """W1 to the clusters, of 5,000 samples by a denoiser that is wrong by `size`."""
    denoise, generator = Flawed(clusters.denoiser(path), path, size), torch.Generator().manual_seed(seed)
    x = samplers.sample(sampler, denoise, noise, path, path.grid(steps, spacing), generator=generator, **options)
    return wasserstein_1(x, clusters)


off = {}
for name, size in (("exact", 0.0), ("wrong", 0.2)):
    for steps in (10, 50):
        off[name, steps] = ode, sde = [off_by(size, steps, eta=eta) for eta in (0.0, 1.0)]
        print(f"{name} denoiser, {steps} steps: off by {ode:.2f} without fresh noise, {sde:.2f} with it")
assert off["exact", 10][1] > 1.1 * off["exact", 10][0] and off["wrong", 10][1] < 0.8 * off["wrong", 10][0]
assert off["wrong", 50][0] > 0.7 * off["wrong", 10][0]

# %% [markdown]
# **Fresh noise needs more steps, and it forgives errors.** A deterministic sampler carries every error of the denoiser
# to the end. More steps do not help: compare the two lines without fresh noise for the wrong denoiser. A sampler with
# fresh noise replaces a part of the state in every step, and with it a part of the old errors; what follows corrects
# the state with newer predictions (Karras et al. 2022, section 4). Which of the two samplers wins depends on which
# error is the larger one. The paper's network was trained far longer than ours, which learned on one core in an hour.
#
# Note what this experiment shows and what it does not. An error of the network *suffices* to turn the table around.
# There may be other causes, too: the paper's rows for CIFAR-10 are on another path (linear) and another grid
# (quadratic), and lesson 03 showed what a grid alone can do. The network that was trained longer can be asked as well:

# %%
for steps in (5, 10, 20, 50):
    apart = benchmark.difference(trained_longer(steps, eta=1.0), trained_longer(steps))
    print(f"trained longer, {steps:>2} steps: with fresh noise minus without {metrics.interval(apart)}")
    assert steps > 10 or metrics.interval(apart).low > 0

# %% [markdown]
# With this network fresh noise costs something in five steps and in ten, and in ten the published table says so, too.
# In 50 that table still has it cost a good part; here the two are not told apart.

# %% [markdown]
# ## Choosing under a budget
#
# When you choose, ask for the best row within your budget *and for all rows that cannot be told from it*. Take the
# cheapest of them, or the one that is most convenient: a deterministic one, for example, if a seed should always give
# the same picture.

# %%
for budget in (2, 5, 10, 20, 50):
    fits = benchmark.best_under(table, {"nfe": budget}, "frechet_value")
    named = [f"{one.label} with {one.nfe:g}" for one in fits.itertuples()]
    tie = f"{len(fits)} rows tie" if len(fits) > 1 else "one row, and none ties with it"
    print(f"up to {budget:>2} evaluations, {tie}: {'; '.join(named)}")

# %% [markdown]
# With two evaluations DDIM and DPM-Solver++(2M) tie because they *are* the same: in two steps there is no step left in
# which the multistep solver would look back (lesson 05). Their distances differ by rounding alone.
#
# Three people, one table:
#
# - **A phone** has few evaluations to spend. Take the cheapest row of the tie, and then make each evaluation cheaper
#   (lesson 12), or train for fewer steps (lesson 11).
# - **A tool that answers while you drag a slider** must be fast, and must show the same picture when the slider comes
#   back. Take a deterministic sampler with few evaluations.
# - **Research** compares with published numbers. Take the sampler, the steps and the number of images of the *paper*,
#   whatever they cost.

# %% [markdown]
# ## An honest latency
#
# Evaluations can be counted, and the count is the same everywhere. Seconds depend on the machine, on what else it is
# doing, and on how many images it draws at once. Four rules make them honest:
#
# - **Warm up.** The first run pays for things that are done only once. It does not count.
# - **Repeat, and take the median.** Another program can make a run longer and never shorter, so the mean is too long.
# - **Take turns.** A machine that grows warm grows slow. If all runs of one setting are timed before those of the next,
#   the second is measured on another machine, so to speak. Time each setting once a round.
# - **Say the batch.** The seconds of an image and the seconds until a user has it are two different numbers.
#
# **Exercise 3. The latency of an image.** `seconds` are the times of whole batches, the first `warmup` of which do not
# count. Your function evaluates the measurement below.


# %%
def latency(seconds, batch, warmup):
    raise NotImplementedError


check("latency", latency)

# %% [markdown]
# Now measure your own machine: ten steps of DDIM for one image and for a batch of sixteen, eight rounds, the first of
# which is the warm-up.

# %%
runs = {1: [], 16: []}
for _ in range(8):
    for batch, seconds in runs.items():
        began = time.perf_counter()
        generate(network, batch, labels=range(10), sampler="ddim", steps=10)
        seconds.append(time.perf_counter() - began)

# %%
per_image = working("latency", latency)
reported = {batch: float(per_image(seconds, batch, 1)) for batch, seconds in runs.items()}
show(
    timings_figure(runs, reported, warmup=1),
    "Ten steps of DDIM on this machine, in batches of 1 and of 16. Left, what one image costs. Right, how long its "
    "user waits. As long as you have not run the cell, the machine is the one on which this page was made.",
)

# %% [markdown]
# A batch shares the cost of starting each operation, so an image usually costs less in a batch of sixteen than alone.
# Its user waits longer all the same, until the whole batch is there. A vendor can quote either number. That is why a
# latency is a **point**, which has a name only with everything it depends on. The rows of the library's tables carry
# all of it:

# %%
carried = ["sampler", "steps", "network", "parameters", "precision", "batch", "device", "threads", "repeats", "warm_up"]
assert set(carried) <= set(table.columns)
print("a row says: " + ", ".join(carried))

# %% [markdown]
# (`diffusion-lessons benchmark mnist-small-diffusion --plan latency` times many settings by these rules.)
#
# ## Reading a vendor's claim
#
# > *Our solver draws in 5 steps what others need 50 for. 10 times faster!*
#
# Ask three questions, in this order:
#
# 1. *Steps or evaluations?* Five steps of Heun are nine evaluations.
# 2. *As good by which measure, from how many images, plus or minus what?* With few images, "no difference was found" is
#    true of nearly everything.
# 3. *Compared with which baseline?* The others may not need 50 steps. Take the plainest method, DDIM, and find the
#    smallest number of its steps that is *surely* about as good as 50.
#
# "About as good" needs a margin that is fixed beforehand, say a quarter of the distance at 50. "Surely" means that the
# whole interval of the difference lies below this margin.

# %%
margin = 0.25 * b.value
for steps in (2, 4, 5, 8, 10, 20):
    verdict = metrics.no_worse(benchmark.difference(row("ddim", steps), fifty), margin)
    print(f"DDIM in {steps:>2} steps, minus 50: {verdict.interval}; about as good or better: {verdict.verdict}")
enough = [
    k for k in (2, 4, 5, 8, 10, 20) if metrics.no_worse(benchmark.difference(row("ddim", k), fifty), margin)[0] == "yes"
]
assert min(enough) < 20

# %% [markdown]
# At the first "yes" the baseline is about as good as in 50 steps, and the honest speed-up is the one over *this* count.
# The vendor's claim is not false, but most of the speed-up has nothing to do with the solver.
#
# The texts behind this course make such claims themselves. Each statement is a row of the [ledger](../../CLAIMS.md),
# with its test, its numbers and a verdict. One of them:

# %%
entry = benchmark.shipped.ledger()["C2a"]
print(f"C2a: {entry['claim']}")
for evidence in entry["evidence"]:
    print(f"on {evidence['on']}: {evidence['verdict']}")

# %% [markdown]
# Each data set gives a verdict of its own. Mixtures have an exact denoiser, so only the sampler's error is left, and
# ten steps are plainly worse than fifty. Mixtures *explain*, but what is said about images is decided by images. There
# the network's error counts as well, and with the network of this lesson you have seen it point the other way. (The
# ledger's row for MNIST is that of `mnist-diffusion`, with which ten steps and fifty are not told apart.) Where an
# interval covers both answers, the verdict is *undecided*, and the ledger says how many samples would decide, or that
# there are too few held-out images for it, as here. Whether ten steps are *usable* is another statement, C2b: it
# depends on the application, which has to be named first.
#
# Other statements of the ledger (C1b, C8b, C20) promise to be 20 or 50 to 100 times faster than DDPM. DDPM takes a
# thousand steps, and a thousand divided by ten is a hundred: that part is *arithmetic*. That the quality is then equal
# (C1a, C8a) has to be *shown*, by an interval of the difference that lies within a margin fixed beforehand. If there
# were too few samples to see a difference, that does not make it a tie.

# %% [markdown]
# ## Move it
#
# Pick a budget. The star surrounds the row with the lowest distance, the large points cannot be told from it, and the
# digits were drawn with the star's settings. From which budget on do *you* see no difference?

# %% tags=["panel"]
frontier_panel(table, network)

# %% [markdown]
# ## Exercises
#
# Exercises [1](#Count-evaluations,-not-steps), [2](#The-frontier) and [3](#An-honest-latency) stand above.
#
# **4.** The best within a budget of seconds: the name of the row with the lowest error among those that fit, or `None`.


# %%
def choose(points, budget):
    raise NotImplementedError


check("choose", choose)

# %% [markdown]
# **5.** Refute a vendor: what makes two latency claims incomparable?


# %%
def unfair(claim_a, claim_b):
    raise NotImplementedError


check("unfair", unfair)

# %% [markdown]
# **6. To investigate.** The denoiser that is wrong by 0.2, and a budget of *ten* evaluations. With $\eta = 1$ DDIM
# needs fifty to come as near as the target below. Find a sampler that meets the target in ten. `samplers.ALL` lists
# them; mind that those with two stages afford fewer steps. Then change one thing at a time: another seed, an exact
# denoiser (`size=0.0`), a larger error. What does your sampler share with $\eta = 1$, and what with a solver of higher
# order? (Afterwards, `check("ten_evaluations").solution(found)` shows one answer, for the sampler that you found.)

# %%
print(f"to meet, DDIM with eta = 1 in 50 evaluations: {off_by(0.2, 50, eta=1.0):.3f}")
print(f"a first try, DPM-Solver++(2M) in 10: {off_by(0.2, 10, samplers.dpm_solver_pp_2m):.3f}")
print(f"a second try, DDPM with the large variance in 10: {off_by(0.2, 10, samplers.ddpm, variance='large'):.3f}")

# %% [markdown]
# ## Pitfalls
#
# - **Steps taken for a price.** Count evaluations, and double them for guidance.
# - **The best row of a long table.** Of many rows that are equally good, one is always lowest.
# - **Two bars that overlap.** Rows that share their noise are compared in pairs; a bar for each row does not show how
#   sure their difference is.
# - **The best number of steps taken for a property of the sampler.** It may be where one term of the distance
#   falls and another rises.
# - **A speed-up over a slow baseline.** Give the baseline the same budget first.
# - **A latency without its batch or device.** It cannot be compared with anything.
# - **"No difference was found" read as "there is none".** Fix a margin, and show that the whole interval lies inside.

# %% [markdown]
# ## What to remember
#
# - Cost is counted in network evaluations; five steps may be five evaluations or nine.
# - A row is beaten if the *difference* exceeds its own error, which is found in pairs.
# - More steps follow the network more closely, also where it is wrong. Ask at which noise level that is.
# - Report the winner *and* all that tie with it, and choose among them by cost.
# - A latency is a point: sampler, steps, network, precision, batch, device. Warm up, take turns, report the median.

# %% [markdown]
# ## Scope check

# %%
scope_check("10")

# %% [markdown]
# ## Further reading
#
# - Lu, Zhou, Bao, Chen, Li, Zhu, *DPM-Solver++: Fast Solver for Guided Sampling of Diffusion Probabilistic Models*,
#   2022: tables by evaluations. https://arxiv.org/abs/2211.01095
# - Karras, Aittala, Aila, Laine, *Elucidating the Design Space of Diffusion-Based Generative Models*, 2022: Heun, and
#   curves against evaluations. https://arxiv.org/abs/2206.00364
# - Dehghani, Arnab, Beyer, Vaswani, Tay, *The Efficiency Misnomer*, 2021: why one cost axis misleads.
#   https://arxiv.org/abs/2110.12894
