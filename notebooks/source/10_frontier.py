# %% [markdown]
# # 10 The frontier
#
# **Question.** Steps, quality, latency: how does one read a claim about them?
#
# **Budget.** About 8 seconds of one CPU core, 0.9 GB of memory, nothing to download.
#
# **Afterwards you can** read a table of samplers without being fooled by its best row; choose one under a budget; and
# say what is missing from a vendor's claim.

# %%
import numpy as np
import torch

from diffusion_lessons import Settings, benchmark, check, load, metrics, samplers, schedules, toys
from diffusion_lessons.benchmark.measure import measure
from diffusion_lessons.figures import frontier as figures
from diffusion_lessons.figures import levels, show
from diffusion_lessons.panels import comparable, frontier_panel, predict, scope_check
from diffusion_lessons.toys import Flawed, wasserstein_1

# %% [markdown]
# ## Count evaluations, not steps
#
# The network that ships was measured with many samplers, equally many images each, all from the same noise and the same
# labels. The table comes with the course (`diffusion-lessons benchmark mnist-diffusion --plan curve` measures it
# again).
#
# "Five steps" sounds like a price. Measure it: one image, and count how often the network is asked.

# %%
network = load("mnist-diffusion")
for sampler, steps in (("ddim", 5), ("dpm_solver_pp_2m", 5), ("heun", 5), ("dpm_solver_3", 4)):
    found = measure(network, Settings(sampler, steps, batch=1), repeats=1)
    print(f"{sampler} in {steps} steps asks the network {found.nfe:g} times")

# %% [markdown]
# Heun's method looks ahead in each step but the last, and pays for it; a multistep method like DPM-Solver++(2M)
# remembers its last answer instead, for nothing. With guidance, double all of it. So the axis is *network evaluations*;
# steps are a private matter of the sampler.
#
# On exact problems Heun earns its second look (lesson 05). Here?

# %%
rows = benchmark.shipped.rows("mnist-diffusion")


def row(sampler, steps, **options):
    return benchmark.find(rows, Settings(sampler, steps, options=options))


heun, ddim = row("heun", 5), row("ddim", 5)
for one in (heun, ddim):
    score = one.quality["frechet"]
    print(f"{one.settings}, {one.nfe:g} evaluations: Fréchet distance {score.value:.2f} ± {score.spread:.2f}")
assert metrics.interval(benchmark.difference(heun, ddim)).low > 0

# %% [markdown]
# The method of second order loses to the one of first order, which costs about half. Its order is not to blame: the
# loss comes from the first of these five steps. Lesson 05 replaces that one step by DDIM's, and most of the error is
# gone.
#
# ## Compare in pairs
#
# Lesson 09 said when two *independent* scores differ: by more than $2\sqrt{s_a^2 + s_b^2}$. But these rows are not
# independent. All of them start from the same noise and ask for the same digits. If the draw was lucky for one of them,
# it was mostly lucky for the other, and in their *difference* that luck cancels. So take the difference first and its
# error second: leave out one twenty-fifth of the samples, the same ones in both rows, and see how far the difference
# moves; then another twenty-fifth, until each had its turn. This is the *jackknife*, and the table keeps what it needs.

# %%
ten, fifty = row("ddim", 10), row("ddim", 50)
a, b = (one.quality["frechet"] for one in (ten, fifty))
apart = benchmark.difference(ten, fifty)
print(f"DDIM in 10 steps {a.value:.3f} ± {a.spread:.3f}, in 50 steps {b.value:.3f} ± {b.spread:.3f}, {a.n} digits each")
print(f"10 minus 50, as if independent: {a.value - b.value:.3f} ± {(a.spread**2 + b.spread**2) ** 0.5:.3f}")
print(f"10 minus 50, in pairs:          {apart.n:.3f} ± {apart.s:.3f}")
assert apart.s < 0.8 * (a.spread**2 + b.spread**2) ** 0.5

# %% [markdown]
# The table is the same, the images are the same, and the error is smaller. Whoever publishes only a bar for each row
# throws this away. Note the sign of the difference, too; we come back to it.

# %% [markdown]
# ## The frontier
#
# Put every row on two axes, cost and distance. A row that another beats on both is out. What is left is the *frontier*,
# and the choice is there.

# %%
table = comparable("mnist-diffusion")
table = table[table.nfe > 1]  # what one evaluation can do is lesson 11's question
images, bars = table["samples"].iloc[0], table["frechet_spread"].to_numpy()
axes = ["nfe", "frechet_value"]
alone = np.stack([np.zeros((len(table), len(table))), np.hypot.outer(bars, bars)], axis=2)  # of independent rows
by_bars = benchmark.frontier.non_dominated(table[axes].to_numpy(), alone)
naive, honest = (benchmark.on_frontier(table, axes, z=z) for z in (0.0, 2.0))
assert naive.sum() <= honest.sum() < by_bars.sum()
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
print(f"by the bare numbers {naive.sum()} of {len(table)} rows are not beaten")
print(f"by their bars, as if the rows were independent: {by_bars.sum()}")
print(f"in pairs, beyond two errors of the difference: {honest.sum()}")

# %%
curve = {steps: row("ddim", steps).quality["frechet"].value for steps in (2, 5, 10, 50)}
show(
    figures.frontier(table, title="Faded: beaten by more than two errors of the difference"),
    f"Fréchet distance against evaluations; each bar is the row's own error. DDIM's falls from {curve[2]:.2f} "
    f"at 2 evaluations to {curve[5]:.2f} at 5 and {curve[10]:.2f} at 10, and is {curve[50]:.2f} at 50.",
)

# %% [markdown]
# **The famous curve falls at once, and then it turns.** Bars that overlap would excuse rows that are beaten for sure:
# what looked like a tie was shared luck. Take away what real digits score at this count, the *floor* of lesson 09, and
# use a logarithmic axis, on which small differences show best:

# %%
best = table.loc[table["frechet_value"].idxmin()]
name, most = f"{best.label} in {best.steps} steps", 50
tied = benchmark.best_under(table, {"nfe": most}, "frechet_value")
print(f"lowest: {name}, {best.frechet_value:.3f} ± {best.frechet_spread:.3f}; real digits {best.frechet_floor:.3f}")
print(f"rows within {most:g} evaluations that cannot be told from it in pairs: {len(tied) - 1}")
show(
    figures.above_floor(table, title="How far beyond what real digits score"),
    "Distance beyond the floor, a line for each sampler, with bars of two standard errors. A row whose bar reaches "
    "zero would be as near to the data, by this distance, as real digits are.",
)

# %% [markdown]
# **Here the lowest row is surely the lowest: none ties with it.** Where some do, it may only have been lucky: draw more
# images, or compare in pairs.

# %% [markdown]
# ## Why do more steps look worse?
#
# Follow DDIM alone to the right. Its own error shrinks with every step that you add (lesson 04), so the line should
# fall until it is flat.

# %%
for steps in (5, 10, 20):
    print(f"{steps:>2} steps minus 50: {metrics.interval(benchmark.difference(row('ddim', steps), fifty))}, of 95 %")
assert metrics.interval(benchmark.difference(ten, fifty)).high < 0

# %% [markdown]
# Ten steps are nearer to the data than fifty, beyond chance. Fifty follow the network more faithfully, so it must be
# the *network* that leads away from the data. In what way? Look at how much the digits of one class vary, compared with
# real ones:

# %%
for steps in (2, 5, 10, 20, 50):
    score = row("ddim", steps).quality["variance"]
    print(f"DDIM in {steps:>2} steps: variance within a class {score.value:.2f} ± {score.spread:.2f} of real digits")
few, many = (row("ddim", steps).quality["variance"].value for steps in (2, 50))
assert few < 1 < many

# %% [markdown]
# These are two errors of opposite sign. Followed faithfully, the network draws digits that vary *too much*. A sampler
# of few steps makes them vary less: its first estimate is the mean of all digits that are possible (lesson 04), and
# little comes after it. Somewhere in between, the two errors cancel in the distance. The best number of steps on this
# curve is the one at which one fault hides the other, and nothing says that it is the best for another network.
#
# ## At which noise level is the network wrong?
#
# A sample that starts from pure noise passes through all noise levels and hides which of them is at fault. So start
# from *real* digits that the network never saw: noise them to a level $\sigma/\alpha = L$, denoise them, and measure.
# A perfect network would return digits as good as those that went in, whatever the level. (This needs the images of
# MNIST, so the result comes with the course; `diffusion-lessons doctor --checkpoint mnist-diffusion` repeats it.)

# %%
by_level = benchmark.shipped.levels("mnist-diffusion")
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
# **Up to level 1 little is lost, above it more and more.** Small levels decide about strokes and edges. There the
# distance rises a little, by the same few hundredths at each of them, and the variance stays that of real digits: the
# network has learned strokes. Large levels decide about the *shape* of the whole digit, and there it draws shapes that
# real digits do not have: the variance within a class grows by a third and more. So the remedy is not a better sampler.
# It is to train longer, or more at these levels, or to give the network layers that see the whole picture at once.
# Before you tune a sampler, ask at which level your network is wrong.

# %% [markdown]
# ## Where this is not the published curve
#
# The best-known table of this kind is that of DDIM's authors (Song et al. 2021, table 1; their numbers, FID on
# CIFAR-10). In 10 steps it says 13.36 without fresh noise ($\eta = 0$) and 41.07 with it ($\eta = 1$); in 50 steps
# 4.67 and 8.01. And our network?

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
# From ten steps on it is the other way round. Is the table wrong, or our sampler? Neither. Samplers make two errors:
# their own, of large steps, and the network's, which they repeat. To see them apart, take numbers whose denoiser is
# known exactly (lesson 01), and then spoil it by a known amount: let $v$ be wrong by $0.2 \sin 3x$.

# %%
clusters = toys.GaussianMixture([-1.2, 0.3, 1.5], stds=[0.25, 0.35, 0.15], weights=[0.3, 0.3, 0.4])
path = schedules.cosine()
noise = path.prior((5000,), torch.Generator().manual_seed(0), dtype=torch.float64)


def off_by(denoise, steps, eta):
    generator = torch.Generator().manual_seed(1)
    x = samplers.sample(samplers.ddim, denoise, noise, path, path.grid(steps), eta=eta, generator=generator)
    return wasserstein_1(x, clusters)


off = {}
for name, size in (("exact", 0.0), ("wrong", 0.2)):
    for steps in (10, 50):
        denoise = Flawed(clusters.denoiser(path), path, size)
        off[name, steps] = ode, sde = [off_by(denoise, steps, eta) for eta in (0.0, 1.0)]
        print(f"{name} denoiser, {steps} steps: off by {ode:.2f} without fresh noise, {sde:.2f} with it")
assert off["exact", 10][1] > 1.1 * off["exact", 10][0] and off["wrong", 10][1] < 0.8 * off["wrong", 10][0]
assert off["wrong", 50][0] > 0.7 * off["wrong", 10][0]

# %% [markdown]
# **Fresh noise costs steps and forgives errors.** A deterministic sampler carries each mistake to the end, and more
# steps do not help it: look at its fifty. Noise drowns old mistakes, and the rest of the way is walked by newer
# estimates (Karras et al. 2022, section 4). Which of the two samplers wins depends on which error is the larger. The
# paper's network was trained far longer than ours, which learned on one core in an hour. The experiment shows that an
# error of the network *suffices* to turn the table around, not that there is no other cause: the paper's rows
# for CIFAR-10 are on another path (linear) and another grid (quadratic), and a grid can have a trap of its own (lesson
# 03).

# %% [markdown]
# ## Choosing under a budget
#
# So ask for the best row within a budget *and all that cannot be told from it*, and take the cheapest of them, or the
# one that is easiest to live with: deterministic, say, so that a seed means a picture.

# %%
for budget in (2, 5, 10, 20, 50):
    fits = benchmark.best_under(table, {"nfe": budget}, "frechet_value")
    first = fits.iloc[0]
    print(
        f"up to {budget:>2} evaluations: {first.label} with {first.nfe:g}, the cheapest of {len(fits)} not told apart"
    )

# %% [markdown]
# Three people, one table:
#
# - **A phone** has a few evaluations to spend: the cheapest row of the tie, and then smaller arithmetic (lesson 12) or
#   fewer steps by training (lesson 11).
# - **A tool that answers while you drag a slider** needs the same picture when the slider comes back: deterministic,
#   and cheap.
# - **Research** compares with published numbers: the sampler and count of the *paper*, at the paper's number of images,
#   whatever they cost.

# %% [markdown]
# ## An honest latency
#
# Evaluations are countable and the same everywhere. Seconds are not: a latency is a **point**, and it has a name only
# with all of these. The library's rows carry them:

# %%
carried = ["sampler", "steps", "network", "parameters", "precision", "batch", "device", "threads", "repeats", "warm_up"]
assert set(carried) <= set(table.columns)
print("a row says: " + ", ".join(carried))

# %% [markdown]
# Warm up, repeat, take the median, divide by the batch, and say the batch: a large one makes each image cheaper and
# each user wait longer. No seconds stand on this page, because they would be those of a machine that you do not have.

# %% [markdown]
# ## Reading a vendor's claim
#
# > *Our solver draws in 5 steps what others need 50 for. 10 times faster!*
#
# Ask in this order. *Steps or evaluations?* Five of Heun are nine. *As good by what, from how many images, plus or
# minus what?* With few images, "no difference was found" is true of nearly everything. *Which baseline?* Put the
# plainest method into its place, and look for the fewest of its steps that are *surely* about as good as 50. "About as
# good" needs a margin that is fixed beforehand, say a quarter of the distance at 50; "surely" means that the whole
# interval of the difference lies below it.

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
# From the first "yes" on the baseline does what it does in 50, and the speed-up to ask for is the one over *this*
# count. The vendor's claim is not false; most of it is not about the solver.
#
# The texts behind this course make such claims themselves. Each statement is a row of the [ledger](../../CLAIMS.md),
# with its test, its numbers and a verdict. One of them:

# %%
entry = benchmark.shipped.ledger()["C2a"]
print(f"C2a: {entry['claim']}")
for evidence in entry["evidence"]:
    print(f"on {evidence['on']}: {evidence['verdict']}")

# %% [markdown]
# Every data set gives a verdict of its own. The exact mixtures have an exact denoiser: there nothing but the
# sampler's error is left, and ten steps are plainly worse than fifty. They *explain*. What is said about images is
# decided by images, on which a network's own error counts as well, and you have seen it point the other way. Where an
# interval covers both answers the verdict is *undecided*, and the ledger says how many samples would decide. Whether
# ten steps are *usable* is another statement, C2b: it depends on the application, which has to be named first.
#
# Its neighbours C1b, C8b and C20 (*20 times*, *50 to 100 times faster than DDPM*) need DDPM in a thousand steps. A
# thousand over ten is a hundred by *arithmetic*. That the quality is then equal (C1a, C8a) has to be *shown*: the
# whole interval of the difference must lie within a margin that was fixed beforehand. A difference that too few
# samples cannot see is no tie.

# %% [markdown]
# ## Move it
#
# Pick a budget. The star measures lowest, the solid points cannot be told from it, and the digits are the star's own.
# From which budget on do *you* see no difference?

# %% tags=["panel"]
frontier_panel(table, network)

# %% [markdown]
# ## Exercises
#
# **1.** How many evaluations?


# %%
def count_nfe(steps, stages, guided):
    raise NotImplementedError


check("count_nfe", count_nfe)

# %% [markdown]
# **2.** Who is on the frontier?


# %%
def frontier(points):
    raise NotImplementedError


check("frontier", frontier)

# %% [markdown]
# **3.** The best within a budget of seconds.


# %%
def choose(points, budget):
    raise NotImplementedError


check("choose", choose)

# %% [markdown]
# **4.** Refute a vendor: what makes two latency claims incomparable?


# %%
def unfair(claim_a, claim_b):
    raise NotImplementedError


check("unfair", unfair)

# %% [markdown]
# ## Pitfalls
#
# - **Steps as a price.** They are a sampler's private matter; count evaluations, and double them for guidance.
# - **The best row of a long table.** Of many equal rows one is always lowest.
# - **Two bars that overlap.** Rows that share their noise are compared in pairs, and the bars do not show it.
# - **The best step count as a property of the sampler.** It may be where two errors cancel.
# - **A speed-up against a slow baseline.** Give the baseline the same budget first.
# - **A latency without its batch or device.** It is not a number yet.
# - **"No difference was found" as "there is none".** Fix a margin, and show that the whole interval lies inside.

# %% [markdown]
# ## What to remember
#
# - The axis is network evaluations; five steps may be five or nine.
# - Beaten means beaten beyond the error of the *difference*, which is found in pairs.
# - More steps follow the network more closely, also where it is wrong. Ask at which noise level that is.
# - Report the winner *and* all that tie with it, and choose among them by cost.
# - A latency is a point: sampler, steps, network, precision, batch, device.

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
