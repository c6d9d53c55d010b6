# %% [markdown]
# # 14 CIFAR-10
#
# **Question.** What changes in a real run on a GPU?
#
# **Budget.** About 81 seconds of one CPU core, 1.3 GB of memory, nothing to download.
#
# **Afterwards you can** read a recipe and say what it will cost before you start it; tell what a loss curve shows and
# what it hides; compare a published table with your own by its ratios; and say when guidance brings samples nearer to
# the data, and why the same scale drives them away elsewhere.

# %%
import numpy as np
import torch

from diffusion_lessons import (
    Settings,
    benchmark,
    check,
    figures,
    generate,
    guidance,
    load,
    metrics,
    sample,
    samplers,
    schedules,
    toys,
    training,
    working,
)
from diffusion_lessons.benchmark.measure import measure, quality_of
from diffusion_lessons.benchmark.techniques import shipped_techniques
from diffusion_lessons.figures import by_class, class_grid, guided_figure, history_figure, relative_figure, show
from diffusion_lessons.panels import digit_panel, predict, scope_check

# %%
network = load("cifar10-diffusion")
names = network.card["classes"]
pictures = generate(network, 40, labels=range(10), scale=2.0, steps=10, sampler="dpm_solver_pp_2m", seed=1)[-1].x
show(
    class_grid({"": by_class(pictures, 10)}, names),
    "Four samples of each class at guidance scale 2, in ten steps of DPM-Solver++(2M): cars, horses, ships and trucks "
    "can be told at a glance; cats have no faces, and frogs are textures of the right colour.",
)

# %% [markdown]
# Nearly all networks of the course so far drew digits. These are photographs, 32 by 32 pixels in colour, ten classes,
# 50,000 of them for training: CIFAR-10, on which most of the published tables were measured. The network behind the
# pictures is small, and you can see it. But it came about as the large ones do, and some of what digits could not
# decide can be decided here.
#
# ## The recipe, as a person reads it
#
# The course has a recipe for each rung. Here are four of them side by side.

# %%
shown = {name: training.recipes.get(name) for name in ("digits", "mnist-small", "cifar10-small", "cifar10")}
print(f"{'':22s}" + "".join(f"{name:>15s}" for name in shown))
print(f"{'images seen':22s}" + "".join(f"{r.images:15,}" for r in shown.values()))
for entry in ("batch", "learning_rate", "times"):
    print(f"{entry:22s}" + "".join(f"{getattr(r, entry)!s:>15s}" for r in shown.values()))
for entry in ("widths", "blocks", "attention", "patch"):
    print(f"{entry:22s}" + "".join(f"{getattr(r.network, entry)!s:>15s}" for r in shown.values()))

# %% [markdown]
# The method does not change: $v$-prediction on the cosine path, AdamW, a warm-up and a cosine to zero, an average of
# the weights, one condition in ten dropped. What changes has reasons.
#
# - *Uniform times.* On MNIST, times near the middle are drawn more often, because little is decided at the clean end.
#   Photographs have fine detail, which is learned there.
# - *Attention* on the 8x8 level. A digit is a stroke; in a photograph two ears must agree across the picture.
# - *Patches of 2*, as for MNIST: a quarter of the positions to compute. `cifar10`, which is for a GPU, does without.
# - *Batches of 512.* A GPU is idle with fewer. The learning rate stays, so there are fewer steps to the same images.
#
# The network above is `cifar10-small`, with one change: it saw four times as many images (`--set images=10240000`). The
# MNIST rows below are of `mnist-diffusion`, whose recipe, `mnist`, is `mnist-small` with 6,000,000 images in batches of
# 256.
#
# ## What will it cost?
#
# Before you start a run, calculate it. Three numbers decide: how many images the recipe sees, how many a step takes,
# and how many your machine computes in a second.
#
# **Exercise 1.** Write the calculation. The table below is yours once it is right, and ours until then.


# %%
def cost_of_run(images, batch, images_in_set, images_per_second):
    """(steps, epochs, hours)"""
    raise NotImplementedError


check("cost_of_run", cost_of_run)

# %%
cost, run = working("cost_of_run", cost_of_run), training.history.read("cifar10-diffusion")
quarter = run.others["2560000"]  # [images, loss, seconds] of an earlier run, which saw a quarter of the images
CORE = 260  # images a second of one core of a server's CPU, compiled, in bfloat16 (docs/training_speed.md)
machines = {
    "an H100 that trained other networks, too": run.images_per_second,
    "an H200": quarter[-1][0] / quarter[-1][2],
    "one CPU core": CORE,
}
for machine, rate in machines.items():
    steps, epochs, hours = cost(run.recipe["images"], run.recipe["batch"], 50_000, rate)
    print(f"{steps:,.0f} steps, {epochs:.0f} epochs, on {machine}: {3600 * hours:,.0f} seconds")

# %% [markdown]
# The first line is how the network above was made, in four minutes. Other networks were trained on that GPU at the same
# time, so it says what the run took and not how fast such a GPU is. The second line is the rate of an earlier run of a
# quarter of the images, which took 42 seconds. What makes a GPU two hundred times as fast as a core is no single trick.
#
# | lever | what it does | what it asks |
# | --- | --- | --- |
# | large batches | thousands of units have work at the same time | memory; fewer, larger steps |
# | half precision | products run on matrix units and move half the bytes | weights, loss and $x_t$ stay float32 |
# | channels last | a pixel's channels lie side by side, as those units read them | nothing but the order in memory |
# | compiling | neighbouring operations become one, whose parts never leave the chip | a minute before the first step |
# | CUDA graphs | a whole step is launched as one, where a small network waits for launches | fixed sizes |
# | data on the device | 50,000 images are 154 MB as bytes; no loader can be too slow | that they fit |
#
# Count the *images a second*, not how busy a GPU says it is. And measure once the network is compiled: the first step
# takes longer than a thousand later ones.

# %% [markdown]
# ## A loss that says little
#
# The run was kept as it went: the loss, and twenty samples from the same noise at six moments.

# %%
predict("14.loss")

# %%
tenth = next(point for point in run.curve if point[0] >= run.recipe["images"] / 10)
there = next(point for point in run.curve if point[0] >= quarter[-1][0])
last = run.curve[-1]
columns = [1, 7, 8, 0, 4, 9, 11, 17]
assert tenth[1] / last[1] < 1.25 and quarter[-1][1] < there[1]
moved = (run.pictures[3] - run.pictures[-1]).square().mean().sqrt() / run.pictures[-1].std()
print(f"from {run.moments[3]:,} images to the last: root mean square of the change {moved:.0%} of the contrast")
show(
    history_figure({"this run": run.curve, "a quarter of the images": quarter}, run.moments, run.pictures[:, columns]),
    f"After a tenth of the images the loss was {tenth[1]:.3f}, at the end {last[1]:.3f}. The run of a quarter of the "
    f"images ended at {quarter[-1][1]:.3f}; after as many, this one stood at {there[1]:.3f}. The first samples are "
    "noise, then patches of colour, then objects, which become clearer to the end.",
)

# %% [markdown]
# The objects appear early, between the second row and the fourth, while the loss falls steeply. Then it seems to stand.
# Lesson 02 explained it: a part of the loss is noise that *no* network can predict, and a curve does not show how large
# that part is. Four times the images took off another twentieth. What is left to learn is a small difference to a large
# constant. From the fourth row to the last the loss loses a ninth; the pictures stay the same ones, but a pixel moves
# by a fifth of the contrast on average, and outlines close and windows appear. Whether that brings samples nearer to
# photographs, twenty pictures cannot tell; a distance would, and at these moments none was measured. So judge a run by
# samples from fixed noise, *and* by a distance; use the loss to see that nothing has broken.
#
# And do not compare one run in its middle with another at its end. The shorter run is *below* the longer one after as
# many images, all the way. Both had the same schedule of learning rates, as shares of the run: so its warm-up was a
# quarter as long, and at its end its rate had fallen to zero, when that of the longer run had hardly begun to fall.

# %% [markdown]
# ## The published curve beside ours
#
# The best-known table of samplers is that of DDIM's authors (Song, Meng, Ermon 2021, table 1), measured on CIFAR-10
# with a network of 36 million parameters. They report FID, a Fréchet distance in features of a network trained on
# ImageNet. Ours are measured in those of a small classifier, by which real images of the test set score
# 0.07 (2,000 of them) or 0.04 (5,000). No number can be compared. But ratios can. Our rows in the published settings
# have 2,000 samples, those on the grid of the course 5,000.
#
# **Exercise 2.** Two arrays, the numbers of steps and their distances, in any order. Return the distances, each divided
# by that of the largest number of steps.


# %%
def in_units_of_the_last(steps, distances):
    raise NotImplementedError


check("in_units_of_the_last", in_units_of_the_last)

# %%
rows, digits = (benchmark.shipped.rows(name) for name in ("cifar10-diffusion", "mnist-diffusion"))


def row(sampler, steps, of=rows, **options):
    return benchmark.find(of, Settings(sampler, steps, options=options))


def curve_of(sampler, *counts, **options):
    return {n: row(sampler, n, **options).quality["frechet"].value for n in counts}


# %%
published = {
    "DDIM": {10: 13.36, 20: 6.84, 50: 4.67, 100: 4.16, 1000: 4.04},
    "DDIM, eta = 1": {10: 41.07, 20: 18.36, 50: 8.01, 100: 5.78, 1000: 4.73},
    "DDPM, large variance": {10: 367.43, 20: 133.37, 50: 32.72, 100: 9.99, 1000: 3.17},
}


def in_their_way(steps, sampler="ddim", **options):
    """The row of the published settings: the leading grid, and no clipping."""
    return benchmark.find(rows, Settings(sampler, steps, "leading", options, limit=None))


# %%
COUNTS = (10, 20, 50, 100, 1000)
ours = {
    "DDIM": {n: in_their_way(n).quality["frechet"].value for n in COUNTS},
    "DDIM, eta = 1": {n: in_their_way(n, eta=1.0).quality["frechet"].value for n in COUNTS},
    "DDPM, large variance": {n: in_their_way(n, "ddpm", variance="large").quality["frechet"].value for n in COUNTS},
}
on_our_grid = {
    "DDIM": curve_of("ddim", 10, 20, 50),
    "DDIM, eta = 1": curve_of("ddim", 10, 20, 50, eta=1.0),
    "DDPM, large variance": curve_of("ddpm", 10, 50, variance="large"),
}
panels = {"Published: FID": published, "Ours: their settings": ours, "Ours: trailing grid, clipped": on_our_grid}

# %%
ratios = working("in_units_of_the_last", in_units_of_the_last)
for title, curves in panels.items():
    for name, curve in curves.items():
        shares = ratios(np.array([*curve]), np.array([*curve.values()]))
        print(f"{title}, {name}: " + ", ".join(f"{n} steps {s:.2f}" for n, s in zip(curve, shares, strict=True)))

# %%
rise = {title: curves["DDIM"][10] / curves["DDIM"][50] for title, curves in panels.items()}
assert list(rise.values()) == sorted(rise.values(), reverse=True)
show(
    relative_figure(panels, "DDIM"),
    "Left the published distances, then ours, each divided by that of DDIM in the most steps. From 50 to 10 steps "
    "DDIM's rises to " + ", ".join(f"{factor:.2f}" for factor in rise.values()) + " times its value. In 1000 steps "
    "the published DDPM is the nearest of the three; ours is the farthest.",
)

# %% [markdown]
# Read first, explain later. What do the numbers say?
#
# - Their DDIM is nearly three times as far in 10 steps as in 50. In the same settings ours is a sixth farther, and on
#   the grid of the course, the trailing one, it is nearer.
# - Their DDIM comes nearer with every row. Ours is nearest in 20 steps, and then *leaves* again, to the last row.
# - Fresh noise ($\eta = 1$) costs them in all rows: with it they are three times as far in 10 steps, and a sixth
#   farther in 1000. In the same settings ours cannot be told from DDIM in 10 steps, is nearer in 20, 50 and 100, and in
#   1000 it is undecided. On the trailing grid it costs in 10 and in 20 steps.
# - DDPM with the large variance is by far the farthest in few steps, in both tables. In a thousand they find it
#   *nearer* than DDIM, 3.17 against 4.04. We find it farther.
#
# Have we a better sampler? No. Before you believe an explanation, test it. Here are three.
#
# **Settings of the same name may do different things.** A sampler starts from pure noise. The leading grid in ten steps
# starts at $t = 901$. How much of the picture does $x_t$ still hold at that time?

# %%
for name, path in (("theirs, linear", schedules.ddpm_linear()), ("ours, cosine", schedules.cosine())):
    first = path.grid(10, "leading")[0]
    print(f"{name}: at t = {first:g} alpha = {path.alpha(first):.3f}")
for steps in COUNTS:
    noise_costs = metrics.interval(benchmark.difference(in_their_way(steps, eta=1.0), in_their_way(steps)))
    print(f"leading, {steps:>4} steps: eta = 1 minus eta = 0: {noise_costs}")
print(f"leading, DDIM: 10 minus 50 steps: {metrics.interval(benchmark.difference(in_their_way(10), in_their_way(50)))}")
ddpm, ddim = in_their_way(1000, "ddpm", variance="large"), in_their_way(1000)
print(f"leading, 1000 steps: DDPM, large variance, minus DDIM: {metrics.interval(benchmark.difference(ddpm, ddim))}")
trailing = metrics.interval(benchmark.difference(row("ddim", 10, eta=1.0), row("ddim", 10)))
print(f"trailing, 10 steps: eta = 1 minus eta = 0: {trailing}")
assert trailing.low > 1

# %% [markdown]
# On the linear path next to nothing, on the cosine path a good deal. There the sampler begins with a picture that is
# missing, and the published grid is a worse grid than it was for them. (For CIFAR-10 theirs was quadratic, another
# difference.) Only on a grid that starts at the end of the path do ten steps show the published sign. That it is the
# start, and nothing else in which two grids differ, is not shown by this.
#
# **A weak network hides what a sampler does.** A sample holds two errors, the sampler's and the network's. To see the
# sampler's alone, compare its samples with those of many steps from the same noise.

# %%
many = generate(network, 10, labels=range(10), sampler="dpm_solver_pp_2m", steps=100, seed=2)[-1].x
off = {}
for steps in (5, 10, 20, 40):
    x = generate(network, 10, labels=range(10), sampler="ddim", steps=steps, seed=2)[-1].x
    off[steps] = (x - many).square().mean().sqrt().item()
    print(f"DDIM in {steps:>2} steps: {off[steps]:.3f} from the limit, root mean square of a pixel in [-1, 1]")
assert 1.2 < off[5] / off[10] < off[10] / off[20] < off[20] / off[40] < 2.1

# %%
known = {"DPM-Solver++(2M)": ("dpm_solver_pp_2m", 10, 20, 50), "DDIM": ("ddim", 10, 20, 50), "DDPM": ("ddpm", 1000)}
converging = {title: curve_of(*settings) for title, settings in known.items()}
converging["DDIM, leading grid, unclipped"] = {1000: in_their_way(1000).quality["frechet"].value}
for title, curve in converging.items():
    print(f"{title}: " + ", ".join(f"{n} steps {distance:.2f}" for n, distance in curve.items()))
assert converging["DDPM"][1000] > converging["DPM-Solver++(2M)"][50] > converging["DDIM"][10]

# %% [markdown]
# Each doubling takes off more, and from 20 to 40 steps the error is nearly halved, as it should be with a method of
# first order (lesson 05). But what the samples come nearer to is *farther* from the data: DPM-Solver++(2M) moves away
# as it converges, and DDPM in a thousand steps is farther than any of them. In a thousand steps little is left of a
# sampler's error, so that distances between 3 and 4 are the network's own. Where ten steps come nearer than that, what
# the sampler gets *wrong* must have offset a part of what the network gets wrong. So before anybody tells you that ten
# steps are enough, ask how far their network is from the data in a thousand.
#
# **Or does the ruler not see it?** The table has others: *contrast*, the standard deviation of all pixels as a share of
# that of real photographs, and adherence.

# %%
for steps in (5, 10, 20, 50):
    contrast, distance, obeyed = (row("ddim", steps).quality[of].value for of in ("contrast", "frechet", "adherence"))
    print(f"DDIM in {steps:>2} steps: contrast {contrast:.2f}, distance {distance:.2f}, adherence {obeyed:.2f}")

# %% [markdown]
# In ten steps the samples have two thirds of the contrast of photographs: they are grey. In fifty it is nearly there.
# By this ruler more steps are better, up to the last. If the distance were blind to it, that would explain a good deal.
# It is easily tested: take samples and make them greyer.

# %%
eye, unclipped = metrics.evaluator.of_images("cifar10"), Settings("dpm_solver_pp_2m", 10, limit=None)
asked = torch.arange(160) % 10


def drawn(scale):
    """160 samples, clipped, of the same noise at each scale."""
    options = {"scale": scale, "limit": 1.0}
    return generate(network, 160, unclipped, labels=range(10), seed=0, **options)[-1].x.clamp(-1, 1)


samples, seen = {1.0: drawn(1.0)}, {}
for share in (1.0, 0.8, 0.65):
    greyer = samples[1.0].mean() + share * (samples[1.0] - samples[1.0].mean())
    seen[share] = quality_of(eye.features_of(greyer, asked), eye, ["frechet"], 0)["frechet"].value
    print(f"contrast times {share:.2f}: distance {seen[share]:.2f}")
assert seen[0.8] > 1.1 * seen[1.0]

# %% [markdown]
# It is not blind: a fifth less contrast takes the same samples much farther away. So that was a wrong suspicion, and
# the riddle is larger than before. As the contrast gets better, something must get worse by more than that. The table
# names one candidate, adherence: in fifty steps fewer samples are recognised as what was asked than in ten. Which part
# of the difference between the two tables is due to the grid, which to the path, the features and the network, is not
# decided here. For that, one of them would have to be changed at a time.
#
# **Where is the network wrong?** Lesson 10 asked it of two MNIST networks, level by level: noise photographs that it
# never saw to a level $\sigma/\alpha$, let the sampler take them back, and measure what comes out.

# %%
by_level = benchmark.shipped.levels("cifar10-diffusion")
rises = {level.level: level.rise().n for level in by_level}
kept = {level.level: level.scores["adherence"].value for level in by_level}
assert by_level[0].faulty and rises[2.5] > 0.8 * rises[15.0] > 1.2 * rises[0.6]
show(
    figures.levels.by_level(by_level),
    f"{by_level[0].scores['frechet'].n:,} photographs of the test set. From level 0.15 the distance rises by "
    f"{rises[0.15]:.2f}, from 0.6 by {rises[0.6]:.2f}, from 2.5 by {rises[2.5]:.2f}, from 15 by {rises[15.0]:.2f}. Of "
    f"those taken back from 0.6 the judge still takes {kept[0.6]:.0%} for what they are, from 2.5 {kept[2.5]:.0%}, "
    f"from 15 {kept[15.0]:.0%}.",
)

# %% [markdown]
# For the 500 digits of `mnist-diffusion` a rise is shown at levels 0.15 to 0.6 alone, of two to four hundredths, where
# untouched digits score 0.17; above, the intervals hold 0 and reach up to 0.08. Photographs lose at every level up to
# 2.5, most of it between 0.3 and 2.5, and in these runs little above. Mind what these runs are: ten steps from pure
# noise, and fewer from lower levels. You have just seen that what ten steps get wrong can hide what the network gets
# wrong; they end at about 2, fifty steps at about 3. Where that missing third comes in, the figure does not show, nor
# what *kind* of error is made at a level.

# %% [markdown]
# ## What the digits could not decide
#
# In the published table fresh noise costs in every row. Does it cost our networks on digits as it does on photographs?
# Here is the difference on both, each with its 95 % interval.

# %%
for steps in (5, 10, 20, 50):
    words = []
    for title, table in (("MNIST", digits), ("CIFAR-10", rows)):
        plain, noisy = row("ddim", steps, of=table), row("ddim", steps, of=table, eta=1.0)
        words.append(f"{title} {metrics.interval(benchmark.difference(noisy, plain))}")
    print(f"{steps:>2} steps, eta = 1 minus eta = 0: " + ";  ".join(words))

# %% [markdown]
# In ten steps the sign is the published one on both, and in five, which the published table does not have, fresh noise
# costs on both as well. On CIFAR-10, with 5,000 samples, it still costs in twenty. On MNIST, with 2,000, the intervals
# of twenty and of fifty steps hold 0: it is *undecided* which is nearer. So it is on CIFAR-10 in fifty. (Fresh noise is
# not shared between the two rows, so pairing them gains little.) Lesson 16 says what is at work: noise that forgets the
# network's errors, and long steps that have to find again what was forgotten. In five and ten steps the second counts
# for more with both networks. That fresh noise pays on this grid is not shown for either; for `mnist-small-diffusion`
# lesson 10 showed it.
#
# And a thousand steps of DDPM, which the first of the two texts behind this course takes for the limit of quality, and
# the second in one of two places? On MNIST the samples were too few to say. Here 5,000 decide: they are farther from
# the data than fifty steps of DDIM or ten of DPM-Solver++. That is a verdict on these samplers *with this network*, of
# which few steps end nearer to the data than the limits that they approach (`CLAIMS.md`, C36).

# %% [markdown]
# ## The same network as a flow
#
# Which is better, a flow or a diffusion network? On MNIST and on the digits it stayed undecided (C10b). Here is a pair
# for photographs: the same U-Net, the same images, and as many of them, in batches of one size and at the same learning
# rate. Three things differ: the path, what is predicted, and which times are practised most, those near the middle for
# the flow and all alike for diffusion.

# %%
predict("14.flow")

# %%
flow = benchmark.shipped.rows("cifar10-flow")
for name, steps in [*(("ddim", n) for n in (4, 8)), *(("dpm_solver_pp_2m", n) for n in (8, 20, 50))]:
    pair = [row(name, steps, of=table) for table in (flow, rows)]
    nearer = metrics.interval(benchmark.difference(*pair))
    (straight, contrast), (curved, greyer) = ([one.quality[q].value for q in ("frechet", "contrast")] for one in pair)
    print(
        f"{name} in {steps}: flow {straight:.2f}, diffusion {curved:.2f}, difference {nearer}; "
        f"contrast {contrast:.2f} and {greyer:.2f}"
    )
    assert nearer.high < 0

# %%
flowing = generate(load("cifar10-flow"), 20, labels=range(10), steps=8, sampler="dpm_solver_pp_2m", seed=1)[-1].x
diffused = generate(network, 20, labels=range(10), steps=8, sampler="dpm_solver_pp_2m", seed=1)[-1].x
show(
    class_grid({"flow": by_class(flowing, 10), "diffusion": by_class(diffused, 10)}, names),
    "The same noise and classes in eight steps of DPM-Solver++(2M), at scale 1. Two networks that were trained apart "
    "draw the same things from the same noise. The flow's pictures have more contrast; no cat has a face.",
)

# %% [markdown]
# The flow is nearer at every budget: by a third in 4 and 8 evaluations, by a quarter or so in 20 and 50. A part of the
# gap in few steps may be contrast, which diffusion's samples lack there and of which you saw that it costs distance.
# But in fifty steps the contrasts are nearly those of photographs, both networks are much nearer to their limits, and
# the gap has not closed. So it is not only a matter of how straight a path is: what the *network* has learned is nearer
# to the data. Was it the path, the prediction, or the times? This pair cannot tell. Nor can it tell how much of it is
# luck: each network was trained once, and the intervals are about samples. (On the digits two trainings of one kind
# mostly lie less than 18 % apart, `CLAIMS.md`. Whether they do here is not known.)

# %% [markdown]
# ## Students of photographs
#
# On MNIST students helped in one evaluation and in two. In four it is undecided whether the student or the best sampler
# of its teacher is nearer, and in eight the teacher is (lesson 11). Here four steps of DDIM are two and a half times as
# far from the data as eight, two are three times as far as four, and in one step all is fog.
#
# Three students were made by progressive distillation, each from the one before: one step for two of its teacher's,
# from eight steps to four, to two, to one. A CPU core did it in an hour (`diffusion-lessons distil
# cifar10-progressive-4`, then `-2` and `-1`).

# %%
predict("14.students")

# %%
halved = {n: f"cifar10-progressive-{n}" for n in (4, 2, 1)}
found = benchmark.family("cifar10-diffusion", *halved.values())
for n in halved:
    alone, taught = found.best(n, taught=False), found.best(n)
    nearer = metrics.interval(benchmark.difference(taught, alone))
    far, near = (one.quality["frechet"].value for one in (alone, taught))
    print(f"evaluations, {n}: {alone.settings} {far:.2f}, the student {near:.2f}, difference {nearer}")
    assert nearer.high < 0 and near < 0.55 * far

# %%
eight, students = row("ddim", 8), {n: load(name) for n, name in halved.items()}
for n in halved:
    lost = metrics.interval(benchmark.difference(found.best(n), eight))
    print(f"steps, {n}, minus the teacher's eight: {lost}; contrast {found.best(n).quality['contrast'].value:.2f}")
print(f"eight steps: {eight.quality['frechet'].value:.2f}, contrast {eight.quality['contrast'].value:.2f}")
scaled = {n: one.card["evaluation"]["scales"]["2"]["frechet"]["value"] for n, one in students.items()}
four = benchmark.find(shipped_techniques("cifar10-diffusion"), Settings("dpm_solver_pp_2m", 4, scale=2.0))
four = four.quality["frechet"]
print(f"the teacher at scale 2, {four.n} samples (real ones {four.floor:.2f}): 8 evaluations {four.value:.2f}")
print("students at scale 2, 2,000 samples: " + ", ".join(f"{2 * n} evaluations {d:.2f}" for n, d in scaled.items()))
spent = sum(one.card["images_seen"] for one in students.values())
print(f"images seen: {spent:,} by all three, {run.recipe['images']:,} by the network")

# %%
kinds = {"DDIM": dict.fromkeys(halved, network), "students": students}
few = {
    title: {n: generate(one, 10, labels=range(10), steps=n, seed=1)[-1].x for n, one in by_steps.items()}
    for title, by_steps in kinds.items()
}
show(
    figures.few_steps.methods_figure(few, columns=5),
    "One sample of each class from the same noise. In one step DDIM draws about the mean of the class, and the student "
    "about what its teacher's eight steps lead to.",
)

# %% [markdown]
# In four steps the student is half as far from the data as the best sampler of its teacher in as many evaluations. In
# two it is a sixth as far, in one a ninth. All three together saw less than a hundredth of the images that the network
# saw. And they can be guided: two evaluations, spent on one guided step, end nearer to the data than if they are spent
# on two unguided ones, and so do four evaluations.
#
# Mind what they are not. A student imitates. At scale 1 none of them is as near as the eight steps that the first one
# learned from, and each halving lost two to three times as much as the one before. Their pictures are as grey as those
# of eight steps. So at scale 1 whoever can afford eight evaluations needs no student: DPM-Solver++(2M) is nearer, with
# either network. With guidance it is another matter. Eight evaluations are four steps at scale 2: the student's end at
# 1.1, and those of its teacher, with DPM-Solver++(2M), at 2.1 (500 samples, where as many real photographs score 0.22).
# The flow was not measured in these settings. As before, each student was trained once, and the intervals are about
# samples.
#
# Why does a student of four steps help so much here, when on MNIST it is undecided whether it helps at all? This
# student is the first of its chain and that one the second, and data, learning rate and images differ as well. What
# makes the difference is not known.
#
# And why did these learn, when another student of this network fell apart (as told below)? That one was a consistency
# student, whose goal is its own answer at a cleaner time and so moves along with it; the goal here, where two steps of
# a finished network end, stands still. But its learning rate and its batches were other ones too. Which of these it was
# has not been tried.
#
# ## Guidance turns round
#
# On MNIST no scale above 1 was shown to bring samples nearer to the data, and from 1.5 on they move away from it (claim
# C42 in the [ledger](../../CLAIMS.md)): they obey, and look more and more alike (lesson 07). What will a scale of 2 do
# here?

# %%
predict("14.guidance")

# %%
scales = (1.0, 1.15, 1.3, 1.5, 2.0, 3.0, 5.0, 7.5, 10.0)
guided = {
    title: {s: benchmark.find(table, unclipped.changed(scale=s)).quality for s in scales}
    for title, table in (("MNIST", digits), ("CIFAR-10", rows))
}
points = {
    title: {s: (q["frechet"].value, q["adherence"].value) for s, q in by_scale.items()}
    for title, by_scale in guided.items()
}
real = {title: by_scale[1.0]["adherence"].floor for title, by_scale in guided.items()}
one, two, five = (guided["CIFAR-10"][s] for s in (1.0, 2.0, 5.0))
for title, table in (("MNIST", digits), ("CIFAR-10", rows)):
    plain, doubled = (benchmark.find(table, unclipped.changed(scale=s)) for s in (1.0, 2.0))
    print(f"{title}, scale 2 minus scale 1: {metrics.interval(benchmark.difference(doubled, plain))}")
show(
    guided_figure(points, real),
    f"On CIFAR-10 the distance falls from {one['frechet'].value:.2f} at scale 1 to {two['frechet'].value:.2f} at 2, "
    f"and rises to {five['frechet'].value:.2f} at 5. Recognised as asked are {one['adherence'].value:.0%}, "
    f"{two['adherence'].value:.0%} and {five['adherence'].value:.0%}; of real photographs {real['CIFAR-10']:.0%}.",
)

# %% [markdown]
# The same mechanism, the same scale, and the opposite sign. (How steeply MNIST's curve rises, the figure understates.
# Its rows have 500 samples, and as many real digits already score 0.18, which is most of the 0.20 at scale 1. Between
# scales 1 and 2 the ledger has 1,500 samples, where real digits score 0.07: they go from 0.10 to 0.62.) Why? Look at
# what the samples are *like*. The distance is measured in features of a classifier, in which each class has a cloud of
# its own. How far do the clouds of our samples lie apart, compared with the real ones?


# %%
def apart(values, labels):
    """Mean squared distance of the classes' mean features from their common mean."""
    means = torch.stack([values[labels == c].mean(dim=0) for c in range(10)])
    return (means - means.mean(dim=0)).square().sum(dim=1).mean().item()


# %%
reference = metrics.features.reference("cifar10", "train")
between = apart(reference.features, reference.labels)
samples[2.0] = drawn(2.0)
share = {s: apart(metrics.features.features(x, "cifar10"), asked) / between for s, x in samples.items()}
assert share[1.0] < 0.7 and 0.8 < share[2.0] < 1.5
print(f"the classes lie apart, of what real ones do: {share[1.0]:.0%} at scale 1, {share[2.0]:.0%} at scale 2")
by_chance = []
for seed in range(20):
    mixed = torch.randperm(len(reference.labels), generator=torch.Generator().manual_seed(seed))
    sixteen = torch.cat([mixed[reference.labels[mixed] == c][:16] for c in range(10)])
    by_chance.append(apart(reference.features[sixteen], reference.labels[sixteen]) / between)
print(f"sixteen real photographs of each class: {min(by_chance):.0%} to {max(by_chance):.0%} in twenty draws")

# %% [markdown]
# At scale 1 this network's classes are blurred into each other. The judge takes 69 % of its samples in ten steps for
# what was asked; of real photographs it takes 88 %. A brown shape on green may be a horse, and might as well be a deer.
# Guidance amplifies just what tells a class from the rest (lesson 07), so it pulls the clouds apart again: at 2 they
# lie even a little farther from each other than the real ones, of which as few were measured beside them. The MNIST
# network is taken at its word for 98 of 100 digits at scale 1, so there is little to be repaired, and the same pull
# mostly narrows.
#
# **An experiment.** Is confusion enough to turn the sign? Take two classes of numbers, whose exact denoiser you know,
# and a conditional denoiser that is exact but for one thing: a share of what it was taught as one class was the other.


# %%
def best_scale(confused, scales=(1.0, 1.25, 1.5, 2.0, 3.0, 5.0)):
    """The scale whose samples of class 0 are nearest to it, and all distances."""
    path, centres = schedules.cosine(), [-1.0, 1.0]
    taught = [
        toys.GaussianMixture(centres, stds=0.45, weights=w)
        for w in ([1 - confused, confused], [confused, 1 - confused])
    ]
    denoise, noise = toys.ConditionalMixture(taught).denoiser(path), toys.gaussian_quantiles(2000)
    off = {}
    for scale in scales:
        guide = guidance.classifier_free(denoise, 0, scale)
        x = sample(samplers.dpm_solver_pp_2m, guide, noise, path, path.grid(40, "logsnr"))
        off[scale] = toys.wasserstein_1(x, toys.GaussianMixture(centres[:1], stds=0.45))
    return min(off, key=off.get), off


best = {}
for confused in (1e-6, 0.1, 0.2, 0.3):
    best[confused], off = best_scale(confused)
    print(f"{confused:4.0%} confused: " + "  ".join(f"s={s:g} {d:.2f}" for s, d in off.items()))
assert list(best.values()) == sorted(best.values()) and best[1e-6] == 1.0 and best[0.3] == 3.0

# %% [markdown]
# It is enough. **In this model guidance repairs a denoiser that confuses its classes, and spoils one that does not.**
# The best scale grows with the confusion, from 1, where every other scale is worse, to 3. So a scale is no property of
# guidance alone: it belongs to the network.
#
# Two cautions. That confusion *can* do it does not show that nothing else did it in the photographs. And clouds in a
# *classifier's* features are where such a repair shows most: a ruler that knows nothing of these ten classes, such as
# Inception's features, may see less of it. That the classes come apart is measured; that the *pictures* are nearer to
# photographs, only in these features. Look at them.

# %%
show(
    class_grid({f"scale {s:g}": by_class(x[:50], 10) for s, x in samples.items()}, names),
    "The same noise at two scales. The objects are the same ones; at 2 backgrounds are calmer and outlines firmer. "
    "What was only texture at 1 remains texture.",
)

# %% [markdown]
# We looked at a hundred of each scale. At 1 a person names most of the cars, about half of the horses, ships and
# trucks, and few of the rest: planes have the bodies of birds or of houses, deer are brown strokes on green, no cat has
# a face. At 2 nearly all cars and ships and most horses can be named, more than half of the trucks, most planes and
# half of the deer. Dogs get a pale muzzle, but seldom two eyes. Cats still have no face, and most frogs no outline.
# Where there are legs, their number is luck; wheels and windows are dark spots. No number on this page says so.

# %% [markdown]
# ## The price of a mistake
#
# A mistake in a lesson costs a minute. In a real run it costs the run, and most of them are found at the end. The
# network of this lesson had to be trained twice. The first time it came to its last step; then the program that wrote
# the checkpoint asked for a version number which that machine did not have, and the network was gone. The second time
# a flow network was trained beside it, and that one was lost: a command that was to pause other programs by their name
# found its own name too, and paused itself. A third run made the flow. Beside it a consistency student was trained, of
# which nobody had rehearsed more than two steps: its loss trebled within the first three hundred, and at the end it
# drew noise. And what was measured last was lost with the machine, whose time was up before the results were copied.

# %%
for machine, rate in machines.items():
    hours = cost(run.recipe["images"], run.recipe["batch"], 50_000, rate)[2]
    print(f"lost on {machine}: " + (f"{hours:.1f} hours" if hours > 1 else f"{60 * hours:.1f} minutes"))

# %% [markdown]
# So rehearse. Before a run starts, run *all* of it with a thousandth of the images:
#
# 1. `diffusion-lessons train cifar10-small --set images=10240`, to the checkpoint; then load it, sample from it and
#    measure it. Most mistakes show here, in a minute.
# 2. Overfit eight images: if it cannot learn these by heart, it will not learn 50,000.
# 3. Kill it, and go on with `--resume`. A run that cannot be interrupted will be.
# 4. Compare the first hundred losses with those of an earlier run. The same seed gives the same numbers.
# 5. Call a program by its number, never by a pattern of its name: who searches finds the searcher as well.
# 6. Copy each result away when it is there, not all of them at the end.
# 7. Write down beforehand what you will measure at the end, and what would make you call it a failure.

# %% [markdown]
# ## Move it
#
# Sixteen samples of one class, drawn as you ask. Which classes does this network draw well at scale 1? Go to 2, then to
# 5: what becomes of the colours? Then take few steps: from which number on is a ship a ship?

# %% tags=["panel"]
digit_panel(network, digit=8, scale=2.0)  # class 8: ships

# %% [markdown]
# ## Exercises
#
# Exercises [1](#What-will-it-cost?) and [2](#The-published-curve-beside-ours) stand where they are used.
#
# **3. To investigate.** Ten steps at scale 2 cost twenty evaluations. Come as near to the data with sixteen. You may
# change the scale, the `interval` of noise levels within which guidance is on (lesson 07; outside it a step costs one
# evaluation), the sampler and its steps. Mind the standard errors: 150 samples tell only large differences. Then say
# *where* in the run this network confuses its classes. (Afterwards, `check("sixteen_evaluations").solution(found)`
# shows one answer, for the distance that you found.)


# %%
def nearness(**changes):
    """Evaluations, and the distance of 150 samples: DPM-Solver++(2M) in ten steps, with these changes."""
    chosen = Settings("dpm_solver_pp_2m", 10).changed(**changes)
    found = measure(network, chosen, evaluator=eye, metrics=["frechet"], samples=150, repeats=0)
    return found.nfe, found.quality["frechet"].number


for title, changes in {"to meet": {"scale": 2.0}, "a first try": {"scale": 2.0, "steps": 8}}.items():
    nfe, distance = nearness(**changes)
    print(f"{title}, {changes}: {nfe:g} evaluations, distance {distance.n:.2f}, standard error {distance.s:.2f}")

# %% [markdown]
# ## Pitfalls
#
# - **A loss curve taken for a quality curve.** A part of the loss cannot be learned; no curve shows how large it is.
# - **Distances in different features compared.** FID and a distance in other features have no common scale; compare
#   ratios, and the order of rows.
# - **A guidance scale copied from another network.** Scale 2 brought one network nearer and took another away.
# - **Adherence taken for quality.** At scale 2 it is above that of real photographs; at 5 it is nearly perfect, and the
#   samples are farther from the data than at 1: caricatures.
# - **Settings taken over by their name.** A grid that starts in pure noise on one path may not on another.
# - **The whole run as the first run.** Rehearse it to the checkpoint.
# - **Images a second before the network is compiled**, or while other programs share the device.
#
# ## What to remember
#
# - A real run is the same loss, schedule and sampler; what changes is how the work is cut for the machine.
# - Steps, epochs and hours follow from three numbers. Calculate them first.
# - Compare two tables by their order and their ratios. A ratio is that of the sampler only if the network's own error
#   is small beside it, and settings of the same name have the same effect.
# - In very few steps fresh noise costs, on the trailing grid. From how many steps on it costs nothing, or pays, depends
#   on the network, on the data and on the grid.
# - Students of few steps pay where their teacher loses much by taking so few: here in four steps and fewer, on MNIST in
#   one and two, and in four perhaps.
# - Guidance can repair confusion: this network's samples it brings nearer at scale 2, in a classifier's features; those
#   of the MNIST network it takes away.

# %% [markdown]
# ## Scope check

# %%
scope_check("14")

# %% [markdown]
# ## Further reading
#
# - Krizhevsky, *Learning Multiple Layers of Features from Tiny Images*, 2009: where the images come from.
#   https://www.cs.toronto.edu/~kriz/learning-features-2009-TR.pdf
# - Song, Meng, Ermon, *Denoising Diffusion Implicit Models*, 2021: the published table. https://arxiv.org/abs/2010.02502
# - Karras, Aittala, Aila, Laine, *Elucidating the Design Space of Diffusion-Based Generative Models*, 2022: what a
#   careful recipe for CIFAR-10 reaches. https://arxiv.org/abs/2206.00364
# - Karras, Aittala, Kynkäänniemi, Lehtinen, Aila, Laine, *Guiding a Diffusion Model with a Bad Version of Itself*,
#   2024: another account of why guidance helps a network that has not learned everything.
#   https://arxiv.org/abs/2406.02507
