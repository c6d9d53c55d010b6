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
import torch

from diffusion_lessons import Settings, check, load, samplers, schedules, toys
from diffusion_lessons.benchmark import best_under, on_frontier, shipped
from diffusion_lessons.benchmark.measure import measure
from diffusion_lessons.figures import frontier as figures
from diffusion_lessons.figures import show
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
# Heun looks ahead in each step but the last, and pays for it; a multistep method like DPM-Solver++(2M) remembers the
# last answer instead, for nothing. With guidance double all of it. So the axis is *network evaluations*; steps are an
# affair of the sampler.
#
# On exact problems Heun earns its second look (lesson 05). Here?

# %%
table = comparable("mnist-diffusion")
table = table[table.nfe > 1]  # what one evaluation can do is lesson 11's question
images = table["samples"].iloc[0]
print(f"{len(table)} ways to sample, {images} images each")


def of_table(sampler, steps):
    return table[table.settings == Settings(sampler, steps, batch=25)].iloc[0]


heun, ddim = of_table("heun", 5), of_table("ddim", 5)
assert heun["frechet_value"] - ddim["frechet_value"] > heun["frechet_spread"] + ddim["frechet_spread"]
print(f"Heun, 5 steps, 9 evaluations: {heun['frechet_value']:.1f} ± {heun['frechet_spread']:.1f}")
print(f"DDIM, 5 steps, 5 evaluations: {ddim['frechet_value']:.1f} ± {ddim['frechet_spread']:.1f}")

# %% [markdown]
# The method of second order loses to the one of first order, which costs about half. An order is a promise about
# *small* steps, and five are not small.

# %% [markdown]
# ## The frontier
#
# Put every row on two axes, cost and distance. A row that another beats on both is out. What is left is the *frontier*,
# and the choice is there.

# %%
axes = ["nfe", "frechet_value"]
naive, honest = (on_frontier(table, axes, z=z) for z in (0.0, 2.0))
assert naive.sum() < honest.sum()
predict(
    "10.unbeaten_rows",
    rows=len(table),
    fewest=table.nfe.min(),
    most=table.nfe.max(),
    images=images,
    bare=naive.sum(),
    beyond=honest.sum(),
)

# %%
print(f"by the bare numbers, {naive.sum()} of {len(table)} rows are not beaten")
print(f"beyond two standard errors, {honest.sum()} of {len(table)} are not beaten")

# %%
show(
    figures.frontier(table, title="Faded: beaten by more than one standard error"),
    f"Frechet distance against evaluations, with bars. DDIM's falls from {of_table('ddim', 2)['frechet_value']:.1f} "
    f"at 2 evaluations to {ddim['frechet_value']:.1f} at 5 and is {of_table('ddim', 50)['frechet_value']:.1f} at 50.",
)

# %% [markdown]
# **The famous curve falls at once, and then it lies flat.** The bare numbers crown a winner there; with their bars,
# more rows share the frontier with it. Take the floor away and use a logarithmic axis, where small differences show
# best:

# %%
best = table.loc[table["frechet_value"].idxmin()]
tied = best_under(table, {"nfe": 50}, "frechet_value", z=2)
name, least, most = f"{best.label} in {best.steps} steps", tied.nfe.min(), tied.nfe.max()
print(f"lowest: {name}, {best.frechet_value:.1f} ± {best.frechet_spread:.1f}")
print(f"{len(tied) - 1} other rows lie within two standard errors of it, from {least:g} to {most:g} evaluations")
show(
    figures.above_floor(table),
    "Distance beyond the floor, a line for each sampler, with bars of two standard errors: where a bar reaches zero, "
    f"{images} images cannot be told from real digits.",
)

# %% [markdown]
# **A lowest row within the bars of others is a lottery's winner, not a discovery.** To know, draw more images. The
# error bars are a little too wide here, since all rows start from the same noise; that makes the test careful, not
# wrong.
#
# What one *can* say: two evaluations are too few for these digits and this judge, and what one pays beyond the cheapest
# row that ties buys nothing that this many images can show.

# %% [markdown]
# ## Where this is not the published curve
#
# The best-known table of this kind is that of DDIM's authors (Song et al. 2021, table 1; their numbers, FID on
# CIFAR-10). In 10 steps it says 13.36 without fresh noise ($\eta = 0$) and 41.07 with it ($\eta = 1$); in 50 steps
# 4.67 and 8.01. Their code clips nothing and takes its times from a *leading* grid. Do the same:

# %%
predict("10.fresh_noise")

# %%
measured = shipped.rows("mnist-diffusion")
for steps in (10, 50):
    as_published = (Settings("ddim", steps, "leading", each, limit=None) for each in ({}, {"eta": 1.0}))
    ode, sde = (shipped.find(measured, each).quality["frechet"] for each in as_published)
    print(f"{steps} steps, {ode.n} images: {ode.value:.2f} ± {ode.spread:.2f} without fresh noise, ", end="")
    print(f"{sde.value:.2f} ± {sde.spread:.2f} with it; real digits {ode.floor:.2f}")
    assert steps > 10 or ode.value - sde.value > 2 * (ode.spread**2 + sde.spread**2) ** 0.5

# %% [markdown]
# The other way round! Is the table wrong, or our sampler? Neither. Samplers make two errors: their own, of large steps,
# and the network's, which they repeat. To see them apart, take numbers whose denoiser is known exactly (lesson 01), and
# then spoil it by a known amount: let $v$ be wrong by $0.2 \sin 3x$.

# %%
heaps = toys.GaussianMixture([-1.2, 0.3, 1.5], stds=[0.25, 0.35, 0.15], weights=[0.3, 0.3, 0.4])
path = schedules.cosine()
noise = path.prior((5000,), torch.Generator().manual_seed(0), dtype=torch.float64)


def off_by(denoise, steps, eta):
    generator = torch.Generator().manual_seed(1)
    x = samplers.sample(samplers.ddim, denoise, noise, path, path.grid(steps), eta=eta, generator=generator)
    return wasserstein_1(x, heaps)


off = {}
for name, size in (("exact", 0.0), ("wrong", 0.2)):
    for steps in (10, 50):
        denoise = Flawed(heaps.denoiser(path), path, size)
        off[name, steps] = ode, sde = [off_by(denoise, steps, eta) for eta in (0.0, 1.0)]
        print(f"{name} denoiser, {steps} steps: off by {ode:.2f} without fresh noise, {sde:.2f} with it")
assert off["exact", 10][1] > 1.1 * off["exact", 10][0] and off["wrong", 10][1] < 0.8 * off["wrong", 10][0]
assert off["wrong", 50][0] > 0.7 * off["wrong", 10][0]

# %% [markdown]
# **Fresh noise costs steps and forgives errors.** A deterministic sampler carries each mistake to the end, and more
# steps do not help it: look at its fifty. Noise drowns old mistakes, and the rest of the way is walked by newer
# estimates (Karras et al. 2022, section 4). Which one wins depends on which error is the larger. The paper's network
# was trained far longer than ours, which learned on one core in an hour; this experiment shows that an error *suffices*
# to turn the table around, not that there is no other cause.

# %% [markdown]
# ## Choosing under a budget
#
# So ask for the best row within a budget *and all that is not resolved from it*, and take the cheapest, or the one that
# is easiest to live with: deterministic, say, so that a seed means a picture.

# %%
for budget in (2, 5, 10, 20, 50):
    fits = best_under(table, {"nfe": budget}, "frechet_value")
    first = fits.iloc[0]
    print(f"up to {budget:>2} evaluations: {len(fits)} tie; cheapest is {first.sampler} with {first.nfe:g}")

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
# minus what?* With few images "as good as 50 steps" is true of nearly everything. *Which baseline?* Put the plainest
# method into its place, and look for the fewest of its steps that cannot be told from 50:

# %%
many = of_table("ddim", 50)
plain = table[table.label == "DDIM"]
apart = plain.frechet_value - many.frechet_value > 2 * (plain.frechet_spread**2 + many.frechet_spread**2) ** 0.5
enough = plain[~apart].sort_values("nfe").iloc[0]
assert enough.nfe < 50
for row in (enough, many):
    print(f"DDIM in {row.nfe:g} evaluations: {row.frechet_value:.2f} ± {row.frechet_spread:.2f}")

# %% [markdown]
# That is where the baseline does what it does in 50. The speed-up to ask for is the one over *this* count. The claim is
# not false; most of it is not about the solver.
#
# The texts behind this course make such claims themselves. Each statement is a row of the [ledger](../../CLAIMS.md),
# with its test, its numbers and a verdict. One of them:

# %%
entry = shipped.ledger()["C2a"]
print(f"C2a: {entry['claim']}")
for evidence in entry["evidence"]:
    print(f"on {evidence['on']}: {evidence['verdict']}")

# %% [markdown]
# Every data set gives a verdict of its own. The exact mixtures have an exact denoiser: there nothing but the
# sampler's error is left, and ten steps are plainly worse than fifty. They *explain*; what is said about images is
# decided by images, on which a network's own errors count as well and may point the other way. Where an interval
# covers both answers the verdict is *undecided*, and the ledger says how many samples would decide. Whether ten steps
# are *usable* is another statement, C2b: it depends on the application, which has to be named first.
#
# Its neighbours C1b, C8b and C20 (*20 times*, *50 to 100 times faster than DDPM*) need DDPM in a thousand steps. A
# thousand over ten is a hundred by *arithmetic*. That the quality is then equal (C1a, C8a) has to be *shown*: the
# whole interval of the difference must lie within a margin that was fixed beforehand. A difference that too few
# samples cannot see is no tie.

# %% [markdown]
# ## Move it
#
# Pick a budget. The star measures lowest, the solid points tie with it, and the digits are the star's own. From which
# budget on do *you* see no difference?

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
# - **A speed-up against a slow baseline.** Give the baseline the same budget first.
# - **A latency without its batch or device.** It is not a number yet.
# - **"No difference was found" as "there is none".** Say how small a difference could have been found.

# %% [markdown]
# ## What to remember
#
# - The axis is network evaluations; five steps may be five or nine.
# - Beaten means beaten beyond the spread; past the bend of the curve few rows are.
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
