# %% [markdown]
# # 11 Few steps
#
# **Question.** One step of lesson 06 gave a blur. What has to change so that one step gives a digit: the network, the
# loss, or something else?
#
# **Budget.** About 45 seconds of one CPU core, 1.1 GB of memory, nothing to download.
#
# **Afterwards you can** say why one step returns a mean; train a student that needs one; tell reflow, progressive
# distillation and consistency apart by how much of the teacher's trajectory each uses; and read what a few-step model
# costs.

# %%
import inspect

import torch

import diffusion_lessons as dl
from diffusion_lessons import Settings, check, load, sample, samplers, schedules, toys, trace, working
from diffusion_lessons.benchmark.measure import measure
from diffusion_lessons.denoisers import Denoiser, clip, condition_on
from diffusion_lessons.figures import few_steps, frontier, jumps_figure, noising, show
from diffusion_lessons.panels import few_steps_panel, predict, scope_check
from diffusion_lessons.toys import (
    Blurred,
    ConsistencyFunction,
    ReflowedFlow,
    flow_map,
    gaussian_quantiles,
    progressive_student,
    straightness,
    wasserstein_1,
)

# %%
path = schedules.flow()


def seeded(seed):
    return torch.Generator().manual_seed(seed)


# %%
teacher, shown = load("mnist-diffusion"), {"labels": range(10), "seed": 5}
strips = {
    "teacher, 50 evaluations": dl.generate(teacher, 10, steps=50, **shown),
    "teacher, 1 evaluation": dl.generate(teacher, 10, steps=1, **shown),
    "student, 1 evaluation": dl.generate(load("mnist-consistency"), 10, sampler="consistency", steps=1, **shown),
}
show(
    noising.image_strip(
        {name: states[-1].x for name, states in strips.items()},
        list("0123456789"),
        "One evaluation: a blur, or a digit?",
    ),
    "The same noise in all rows. A diffusion network needs many evaluations for a digit, and draws a blur with one. A "
    "student of the same architecture, trained with other targets, draws a digit with one.",
)

# %% [markdown]
# ## Many answers
#
# Two clusters of numbers, the straight path of lesson 06, the exact denoiser, and one Euler step from noise to data:

# %%
clusters = toys.GaussianMixture([-1.0, 1.0], stds=0.2, weights=[0.3, 0.7])
noise, first = gaussian_quantiles(2000), clusters.denoiser(path)
one = sample(samplers.euler, first, noise, path, path.grid(1))
peak, there = (clusters.log_prob(torch.tensor([x], dtype=torch.float64)).exp().item() for x in (1.0, one[0].item()))
assert one.std() < 1e-12
print(f"2,000 starts, and all end at {one[0]:.2f}, the mean of the data")
print(f"data near there are {peak / there:.0f} times rarer than at the right cluster's peak")

# %% [markdown]
# Nothing is wrong with the denoiser: it is exact. But training pairs each noise with a sample that was drawn
# independently of it. So the question "which sample belongs to this noise?" has many answers, and the squared loss is
# smallest at their mean.
#
# The ODE, on the other hand, gives *one* answer. Follow it, and each noise arrives at one sample (lesson 04: the noise
# *is* the sample). For numbers the end of the trajectory can be computed directly: trajectories do not cross, so a
# number keeps its rank. The noise below which 20 % of all noises lie goes to the sample below which 20 % of the data
# lie. So put together 50,000 pairs of a noise and the sample to which the flow takes it. Then shuffle the samples:

# %%
eps = torch.randn(50_000, generator=seeded(1), dtype=torch.float64)
own = flow_map(clusters, path, eps, path.T)  # where the exact flow takes each noise
mixed = own[torch.randperm(50_000, generator=seeded(2))]
near = (eps - 0.5).abs() < 0.01
print(
    f"{near.sum()} noises lie near 0.5; a shuffled sample beside one of them is {mixed[near].mean():.2f}, give or take"
)
print(f"{mixed[near].std():.2f}; the flow's own sample is {own[near].mean():.2f}, give or take {own[near].std():.3f}")

# %% [markdown]
# The noises are the same and the samples are the same; only the pairing differs. Shuffled, these are pairs like those
# on which lesson 06 trained.

# %%
predict("11.other_pairs")

# %% [markdown]
# ## The same loss
#
# The loop of lesson 06, unchanged, as a function of the pairs.


# %%
def learned(x0, eps, steps=700, batch=256):
    """A network trained on these pairs by flow matching, as a denoiser, and its mean loss at the end."""
    torch.manual_seed(0)
    network, generator, losses = dl.networks.MLP(dl.networks.MLPConfig(dims=1, width=64, T=path.T)), seeded(0), []
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    for _ in range(steps):
        rows, t = torch.randint(len(eps), (batch,), generator=generator), torch.rand(batch, generator=generator)
        error = dl.training.loss(network, x0[rows, None].float(), eps[rows, None].float(), t, path, "velocity")
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
        losses.append(error.item())
    denoise = Denoiser(lambda x, t: network(x.float()[:, None], t.float())[:, 0], path, predicts="velocity")
    return denoise, sum(losses[-100:]) / 100


# %% tags=["within-20%"]
def off(sampler, denoise, steps):
    """W1 of samples from 2,000 evenly spread starts to the data (lesson 03)."""
    with torch.no_grad():
        return wasserstein_1(sample(sampler, denoise, noise, path, path.grid(steps)), clusters)


(from_mixed, high), (from_own, low) = learned(mixed, eps), learned(own, eps)
of_mixed, of_own = off(samplers.euler, from_mixed, 1), off(samplers.euler, from_own, 1)
assert high > 1 and low < 0.005 and of_mixed > 0.7 and of_own < 0.04
print(f"shuffled pairs:   final loss {high:.3f}, W1 after one step {of_mixed:.3f}")
print(f"the flow's pairs: final loss {low:.4f}, W1 after one step {of_own:.3f}")

# %%
ends = {
    "the flow's end": ConsistencyFunction(clusters, path),
    "trained on the flow's pairs": from_own,
    "trained on shuffled pairs": from_mixed,
}
show(
    jumps_figure(clusters, path, ends, (1.0,), title="One step, from each noise: the same network, the same loss"),
    "What one step makes of each noise. Trained on shuffled pairs the network answers nearly the same to all, the mean "
    "0.4. Trained on the flow's pairs it follows the flow's end, up one cluster, across a cliff, and up the other.",
)

# %% [markdown]
# **One step was never too few. It was asked a question with many answers.** The first loss cannot fall below the
# variance of the answers to one question; lesson 02 found that floor. The second falls to almost nothing, for the first
# time in this course, because each question has one answer, and the network can know it.
#
# A sampler that solves the ODE with a trained network has these answers. So this network can be the *teacher* of
# another, the *student*, that needs fewer steps. This is called *distillation*. But computing the teacher's whole
# trajectory takes many evaluations. The three methods of this lesson differ in how much of it is computed for one
# training example:
#
# | method | the teacher computes | where the rest of the target comes from |
# | --- | --- | --- |
# | reflow | the whole trajectory, once for each pair; the pairs are kept | nothing is missing |
# | progressive distillation | two steps | nothing is missing: two become one, and again |
# | consistency distillation | one step | the student's own answer |
#
# (Consistency *training* does without a teacher: $x_t$ and $x_s$ are then made from the same data and the same noise.
# It is not used here.)

# %% [markdown]
# ## Reflow: the whole trajectory
#
# What you have just seen is reflow: take the flow's own pairs and train a second flow on them, by the usual loss at all
# times. Why is the second flow *straight*? Our numbers keep their rank, so the lines between the flow's own pairs do
# not cross. Then a point $x_t$ lies on one line only, and the mean velocity there is the velocity of that line.

# %%
second, along = ReflowedFlow(clusters), [(flow_map(clusters, path, noise[::5], path.T, t), t) for t in path.grid(20)]
bent = straightness([samplers.State(t, x[:, None], None) for x, t in along])
arrived = sample(samplers.euler, second, noise, path, path.grid(1))
assert torch.allclose(arrived, flow_map(clusters, path, noise, path.T), atol=1e-12)
print(f"straightness of the first flow: {bent:.2f}, where 0 is straight")
print("one Euler step of the exact second flow ends where the first flow does, to twelve decimals")

# %%
show(
    few_steps.trajectories_figure(clusters),
    "Left: the first flow bends, and one Euler step ends at 0.4 from everywhere. Middle: the same ends, joined by "
    "straight lines; one Euler step arrives. Right: a consistency function takes every point to its trajectory's end.",
)

# %% [markdown]
# Two things can go wrong, and neither raises an error. If a stored sample is paired with a *fresh* noise instead of its
# own, you train the first flow again: that was the network with the shuffled pairs. And the student can be only as good
# as the sampler that made its pairs:

# %%
for steps in (2, 8, 32):
    made = sample(samplers.euler, first, noise, path, path.grid(steps))
    print(f"pairs made with {steps:>2} Euler steps are off by {wasserstein_1(made, clusters):.3f}")

# %% [markdown]
# ## Progressive distillation: two steps in one
#
# Progressive distillation computes less. The teacher takes two short steps, from $t$ over the middle to $s$, and the
# student has to reach the same place $x_s$ in one step. On the straight path it has to answer with the velocity
#
# $$u = \frac{x_t - x_s}{t - s}, \qquad \text{on any path}\qquad
# \hat x_0 = \frac{x_s - r\,x_t}{\alpha_s - r\,\alpha_t},\quad r = \sigma_s / \sigma_t .$$
#
# Again there is one answer, because two steps of DDIM are deterministic. Then the student becomes the teacher of the
# next one, and 8 steps become 4, 2, 1. The library computes this target with two short functions:

# %%
for function in (dl.distillation.two_steps, samplers.x0_landing):
    print(f"# {function.__name__}" + inspect.getsource(function).split('"""')[2].rstrip())

# %%
predict("11.halved_three_times")

# %%
for steps in (8, 4, 2, 1):
    student = progressive_student(first, path, steps, teacher_steps=8)
    pair = off(samplers.ddim, first, steps), off(samplers.ddim, student, steps)
    print(f"evaluations: {steps}. The teacher is off by {pair[0]:.3f}, its student by {pair[1]:.3f}")

# %% [markdown]
# These students are exact, so nothing is lost on the way. A trained student adds errors of its own, and hands them on
# to the next one. And it has learned the times of its own grid only: ask it for another number of steps, and the
# library refuses.

# %% [markdown]
# ## Consistency: let the student finish
#
# Consistency distillation computes still less. All points of one trajectory end at the same sample. Call that end
# $f(x_t, t)$. Then
#
# $$f(x, 0) = x, \qquad f(x_t, t) = f(x_s, s) \text{ along a trajectory.}$$
#
# From a state $x_t$ a denoiser predicts the mean of all samples that are possible, and $f$ predicts the one sample at
# which this trajectory ends. Compare the two at four times:

# %%
f = ConsistencyFunction(clusters, path)
show(
    jumps_figure(
        clusters, path, {"f: the end of the trajectory": f, "denoiser: the mean": first}, (1.0, 0.6, 0.3, 0.1), title=""
    ),
    "Four times from noise to data. The denoiser (blue) turns from a flat line into a smooth slope between the "
    "clusters. The end of the trajectory (grey) rises like a cliff at every time. Close to the data the two agree "
    "wherever x is frequent.",
)

# %%
spread = {}
for name, function in {"mean": first, "end": f}.items():
    seen = torch.stack([function(x, t).x0 for x, t in along])  # [times, starts]
    spread[name] = (seen.amax(dim=0) - seen.amin(dim=0)).mean()
assert spread["end"] < 1e-9
print(f"along a trajectory the denoiser's answer changes by {spread['mean']:.2f} on average, f's by 0.000000000")

# %% [markdown]
# How can a network represent $f$? For a network that predicts the velocity, or $v$, the clean sample is
#
# $$\hat x_0 = x - t\,u, \qquad\text{or}\qquad \hat x_0 = \alpha_t\,x - \sigma_t\,v .$$
#
# At $t = 0$ this is $x$, whatever the network answers. So a denoiser of this form already satisfies $f(x, 0) = x$, and
# the student can be the same network with the same formula (the papers write its factors as $c_\text{skip}$ and
# $c_\text{out}$). It starts from the teacher's weights and gets another target: its own answer after one step of the
# teacher, where less of the trajectory is left:
#
# $$f(x_t, t) \;\to\; f(x_s, s), \qquad x_s \text{ by the teacher's step, no gradient on the right.}$$
#
# Without $f(x,0) = x$ this could not work, because a constant function also agrees with itself along every trajectory.
# The form rules that out:

# %%
wild = Denoiser(lambda x, t: torch.sin(9 * x + t), path, predicts="velocity")  # a network that never learned anything
assert torch.equal(wild(noise, 0.0).x0, noise)
print("an untrained network in this form: f(x, 0) = x for all 2,000 numbers")

# %% [markdown]
# At $s = 0$ the target is the point $x_s$ itself, where the teacher's step ends. So the student first learns the right
# answer for the smallest $t$; this becomes part of its targets at the next larger $t$, and so on, up to the noise. Into
# how many *discretisation steps*, or pieces, should the trajectory be cut? With more pieces the teacher's steps are
# better: in the pairs above its error was a quarter with 32 steps of what it was with 8. Train a student with each, as
# long as the other networks:


# %%
def consistent(pieces, steps=700, batch=256):
    """A consistency student of the exact denoiser, and its mean loss at the end."""
    torch.manual_seed(0)
    network, generator, losses = dl.networks.MLP(dl.networks.MLPConfig(dims=1, width=64, T=path.T)), seeded(0), []
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    calm = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, steps)
    student = Denoiser(lambda x, t: network(x.float()[:, None], t.float())[:, 0], path, predicts="velocity")
    for _ in range(steps):
        n = torch.randint(1, pieces + 1, (batch,), generator=generator)
        t, s, rows = n / pieces, (n - 1) / pieces, torch.randint(len(eps), (batch,), generator=generator)
        x = path.add_noise(mixed[rows].float(), eps[rows].float(), t)
        with torch.no_grad():
            end = student(path.add_noise(*first(x, t), s), s).x0
        error = (student(x, t).x0 - end).square().mean()
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
        calm.step()
        losses.append(error.item())
    return student, sum(losses[-100:]) / 100


# %% tags=["within-40%"]
found = {pieces: consistent(pieces) for pieces in (8, 32)}
missed = {pieces: off(samplers.consistency, student, 1) for pieces, (student, _) in found.items()}
assert max(agreement for _, agreement in found.values()) < 0.005 and 2 * of_own < missed[8] < missed[32] / 1.3
for pieces, (_, agreement) in found.items():
    print(f"{pieces:>2} pieces: final loss {agreement:.4f}, W1 after one step {missed[pieces]:.3f}")
print(f"for comparison, trained on the flow's pairs: final loss {low:.4f}, W1 after one step {of_own:.3f}")

# %% [markdown]
# **The better targets made the worse student, and the loss does not show it.** Reflow's loss measures the distance to
# the right answer. The consistency loss measures only the agreement of the student's answers at *neighbouring* times,
# and small disagreements add up from the data to the noise. So never judge such a student by its loss. This also
# explains why long trainings begin with few pieces, so that the right answers reach the noise quickly, and take more
# later.

# %% [markdown]
# ## A cliff
#
# Why do these students miss at all, if their question has one answer? Look at the figures again: as a function of the
# noise, the answer has a cliff. Somewhere there is a last noise that leads to the cluster at $-1$ and, right beside it,
# a first that leads to the cluster at $+1$. How steep is the map between them? It keeps the rank, so its slope is the
# density of the noise divided by that of the data. The fewer data there are in the valley between the clusters, the
# steeper the cliff.

# %%
valley = torch.linspace(-0.5, 0.5, 1001, dtype=torch.float64)
start = flow_map(clusters, path, valley, 0.0, path.T)  # the noises that end there
rise = (toys.GaussianMixture([0.0], stds=1.0).log_prob(start) - clusters.log_prob(valley)).exp()
print(f"the noises that end between -0.5 and 0.5 lie between {start[0]:.3f} and {start[-1]:.3f}")
print(f"in the middle of them the exact map rises {rise.max():,.0f} times as fast as its noise")
print(f"forty steps would share this: each has to stretch the distances by a factor of {rise.max() ** (1 / 40):.2f}")

# %%
data = clusters.sample(200_000, seeded(3), torch.float64)
print(f"share in the valley, between -0.5 and 0.5: {(data.abs() < 0.5).double().mean():.1%} of the data")
for width in (0.05, 0.1):
    x = sample(samplers.euler, Blurred(second, path, width), noise, path, path.grid(1))
    print(f"and {(x.abs() < 0.5).double().mean():.1%} of the samples of a student whose answers are blurred by {width}")

# %% [markdown]
# A sampler with many steps climbs this cliff little by little. A single step has to climb it at once, and a small
# network cannot. Its answer rises less steeply, as if the exact answer were *blurred*: averaged over noises that the
# network cannot tell apart. The exact students above, blurred in this way (by a Gaussian whose standard deviation the
# cell prints), put several times too many samples into the valley. Of pictures, the valley between two clusters holds,
# say, shapes between a 4 and a 9.

# %% [markdown]
# ## More than one step
#
# More evaluations of a consistency model are not smaller steps along the trajectory. Each one starts again: take the
# sample, re-noise it to some level with *fresh* noise, and evaluate $f$ there.
#
# $$x_s = \alpha_s\, f(x_t, t) + \sigma_s\, z, \qquad z \sim \mathcal N(0, 1).$$
#
# **Exercise 1. Write it** for the straight path, where $\alpha_s = 1 - s$ and $\sigma_s = s$. No noise is added after
# the last evaluation. Your loop will draw the numbers of this section.


# %%
def consistency_sample(f, x, times, noises):
    raise NotImplementedError


check("consistency_sample", consistency_sample)

# %% [markdown]
# With the exact $f$ each evaluation returns samples of the data, and re-noising takes them to the right distribution at
# $s$. So any number of evaluations is right. Put the *denoiser* in the place of $f$, and each evaluation replaces a
# sample by a mean:

# %%
jumps, many = working("consistency_sample", consistency_sample), gaussian_quantiles(10_000)


def by_jumps(denoise, times, x=many, seed=4):
    """Your sampler, which evaluates a denoiser's clean sample at these times."""
    generator = seeded(seed)
    noises = torch.stack([torch.randn(x.shape, generator=generator, dtype=x.dtype) for _ in times])
    with torch.no_grad():
        return jumps(lambda x, t: denoise(x, t).x0, x, times, noises)


for count in (1, 2, 4, 8):
    spread = [by_jumps(g, path.grid(count)[:-1]).std().item() for g in (f, first)]
    print(f"evaluations: {count}. The standard deviation is {spread[0]:.2f} with f, {spread[1]:.2f} with a denoiser")
print(f"that of the data is {clusters.sample(200_000, seeded(3), torch.float64).std():.2f}")

# %% [markdown]
# Now take a blurred $f$, such as a network learns. Does a second evaluation help?

# %%
predict("11.second_look")

# %%
blurred = Blurred(f, path, 0.1)
for times in ([1.0], [1.0, 0.5], [1.0, 0.2]):
    x = by_jumps(blurred, times)
    at = " and ".join(f"t = {t:g}" for t in times)
    print(
        f"evaluated at {at}: {(x.abs() < 0.5).double().mean():.1%} in the valley, W1 {wasserstein_1(x, clusters):.3f}"
    )

# %% [markdown]
# A second evaluation helps at a noise level where the clusters are already apart. There the noise moves the samples in
# the valley to one side or the other and leaves the rest in their cluster. At $t = 0.5$ the noise is so strong that
# many samples which were right already fall into the valley. So the number of evaluations does not describe such a
# sampler; the *times* at which they are made belong to it.

# %% [markdown]
# ## On MNIST
#
# Now the same with images. `mnist-diffusion`, which predicts $v$, and `mnist-flow` are the teachers. Their students
# have the same architecture, began with the teacher's weights, and ship with the course: made by progressive
# distillation in four rounds, by consistency distillation at only four times, and by reflow. (`diffusion-lessons
# distil` makes these and others.) The digit of a label starts from the same noise in every picture.

# %%
digits_noise = torch.randn(10, 1, 28, 28, generator=seeded(0))


def drawn(name, steps, sampler=samplers.ddim, **options):
    """The ten digits by a shipped network with DDIM (Euler, on a flow), always from the same noise."""
    network = load(name)
    asked = clip(condition_on(network, torch.arange(10)), 1.0)
    return sample(sampler, asked, digits_noise, network.path, network.path.grid(steps), **options)


rows = {
    "diffusion": {N: drawn("mnist-diffusion", N) for N in (1, 2, 4, 8)},
    "progressive": {N: drawn(f"mnist-progressive-{N}", N) for N in (1, 2, 4, 8)},
    "consistency": {N: drawn("mnist-consistency", N, samplers.consistency, generator=seeded(1)) for N in (1, 2, 4)},
    "flow": {N: drawn("mnist-flow", N) for N in (1, 2, 4, 8)},
    "reflow": {N: drawn("mnist-reflow", N) for N in (1, 2, 4, 8)},
}

# %%
grey = {name: (row[1].abs() < 0.8).float().mean().item() for name, row in rows.items()}
teachers = ("diffusion", "flow")
assert all((share > 0.25) if name in teachers else (share < 0.2) for name, share in grey.items())
show(
    few_steps.methods_figure(rows, columns=5),
    "Rows: a teacher, and below it its students. With one step the teachers draw grey blurs and the students digits. "
    "Share of pixels that are neither black nor white after one step: "
    + ", ".join(f"{name} {share:.1%}" for name, share in grey.items())
    + ".",
)

# %% [markdown]
# It is the figure of the clusters again: in one step the teachers draw the mean, and the students draw the end of the
# trajectory. Read the row of the progressive students or that of reflow from right to left: the digits keep their
# shape, down to odd strokes such as the small square at the top of the 5, while the steps become fewer. Only details
# fade, such as the knot in the stem of the progressive students' 7. (Consistency sampling adds fresh noise between its
# evaluations, and so may draw another digit, as it does of the 4.) A student does not learn to draw good digits. It
# learns where its teacher's trajectories end, and some of them end at a malformed 5.

# %%
trajectories = {
    name: trace(samplers.euler, condition_on(load(name), torch.arange(10)), digits_noise, path, path.grid(16))
    for name in ("mnist-flow", "mnist-reflow")
}
before, after = (straightness(states) for states in trajectories.values())
assert after < 0.25 * before and before < 0.1
print(f"straightness of the flow's trajectories to its digits: {before:.4f}; after the reflow: {after:.4f}")

# %% [markdown]
# By this number the first flow was nearly straight already, and still it drew a blur in one step (lesson 06). One step
# needs trajectories that are straight; but in so many dimensions a small value of $S$ does not show that they are
# straight enough.

# %% [markdown]
# ## The left end of the frontier
#
# The Fréchet distance of lesson 09 was measured for the diffusion teacher and its students, on equally many digits
# each; the tables come with the course. The cell prints how far the teacher, with its best sampler, and the best
# student are beyond the *floor*, the distance that as many real digits score, for each number of evaluations:

# %%
students = [*(f"mnist-progressive-{N}" for N in (8, 4, 2, 1)), "mnist-consistency"]
found = dl.benchmark.family("mnist-diffusion", *students)
print(f"{found.first.samples} digits of each")
for count in (1, 2, 4, 8):
    told = [dl.benchmark.above_floor(found.best(count, taught=each)) for each in (False, True)]
    alone, taught = (f"{each.n:.2f} ± {each.s:.2f}" for each in told)
    print(f"evaluations: {count}. The teacher is {alone} away, its best student {taught}")

# %%
student, rivals = found.best(1), [row for row in found.rows if row.checkpoint == found.teacher]
times = dl.benchmark.ratio(found.first, student)
apart = {
    count: dl.metrics.interval(dl.benchmark.difference(found.best(count), found.best(count, taught=False)))
    for count in (2, 4, 8)
}
print(f"one evaluation: the student is {times.n:.0f} ± {times.s:.0f} times nearer to real digits")
for count, difference in apart.items():
    print(f"{count} evaluations: best student minus teacher {difference}, of 95 %, in pairs")
assert times.n > 5 and apart[2].high < 0 < apart[8].low and apart[4].low < 0 < apart[4].high

# %%
own = {"mnist-consistency": ["consistency"]}  # the others: DDIM, and for the teacher a multistep solver too
plain = [
    row
    for row in found.rows
    if row.settings.sampler in own.get(row.checkpoint, ["ddim", "dpm_solver_pp_2m"])
    and row.nfe <= 8
    and not row.settings.options
]
figure = frontier.above_floor(frontier.joined(plain), title="One and two evaluations are where distillation pays")
figure.axes[0].set_xticks([1, 2, 4, 8], minor=False)
figure.axes[0].set_xticks([], minor=True)
show(
    figure,
    "Distance beyond the floor against evaluations. With one evaluation the teacher stands far above its students, "
    "with two still above the best of them. With four both of its lines lie between the students', and with eight its "
    "multistep solver lies below the student that is left, and its DDIM upon it.",
)

# %% [markdown]
# And reflow? Measure one step of the flow before and after it:

# %%
eye, chosen = dl.metrics.evaluator.of_images("mnist"), Settings("ddim", 1)
first_flow, second_flow = (
    measure(load(name), chosen, evaluator=eye, metrics=("frechet",), samples=300, repeats=0)
    for name in ("mnist-flow", "mnist-reflow")
)
nearer = dl.benchmark.ratio(first_flow, second_flow)
assert nearer.n > 5
print(f"one evaluation: after the reflow the flow is {nearer.n:.1f} times nearer to real digits, +- {nearer.s:.1f}")

# %% [markdown]
# **One and two evaluations are where distillation pays.** With one evaluation the teacher alone draws blurs, and with
# two its best student is still nearer to real digits. With four the two are not told apart, and with eight it is the
# other way round: with its multistep solver the teacher is nearer than its student, beyond chance. The difference is
# small. The paired comparison shows it clearly; if the rows were independent, it would only just exceed two standard
# errors. One of the articles behind this course says that below ten steps few-step methods take over (claim C3 in the
# [ledger](../../CLAIMS.md)). Against the teacher's best sampler this is true of students here with one and two
# evaluations. (The ledger compares with the teacher's DDIM, and counts DPM-Solver++, which needs no student, among the
# few-step methods: it is ahead of DDIM in four evaluations and in eight.) The CIFAR-10 network of lesson 14 needs more
# steps, and there a student helps in four as well.

# %% [markdown]
# ## What is wrong with them
#
# Look at the one-step digits again, and larger:

# %%
closely = {
    "teacher, 8": rows["diffusion"][8],
    "progressive, 1": rows["progressive"][1],
    "consistency, 1": rows["consistency"][1],
    "reflow, 1": rows["reflow"][1],
}
show(
    noising.image_strip(closely, list(map(str, range(10))), "One evaluation, seen closely"),
    "The same noise: eight steps of the diffusion teacher, and one of three students. Strokes turn grey or fade "
    "out, as in the 4 of the consistency student, or are smeared, as in the middle of the 3 and in the lower half of "
    "the 8. The broken 5 and the specks beside the 9 are the teacher's own.",
)

# %% [markdown]
# You see strokes that turn grey, fade out or are smeared. This is what a blurred cliff looks like in pictures. But
# there is something that looking does not show. Measure which share of the digits a classifier recognises as asked
# (adherence, lesson 07), and how much of the variety of real digits is there (recall, lesson 09):

# %%
asked = {"teacher in 20": found.asymptote, "teacher in 2": found.best(2, taught=False)}
asked |= {"student in 2": found.best(2), "student in 1": student}
for name, row in asked.items():
    told = (f"{of} {row.quality[of].value:.3f} ± {row.quality[of].spread:.3f}" for of in ("adherence", "recall"))
    print(f"{name}: " + ", ".join(told))
readable, varied = ([row.quality[of].value for row in asked.values()] for of in ("adherence", "recall"))
assert readable[1] > max(readable[0], *readable[2:]) and varied[1] < min(varied[0], *varied[2:])
for count in (2, 1):
    more = dl.metrics.interval(dl.benchmark.difference(found.best(count), found.asymptote, metric="adherence"))
    print(f"adherence of the best student in {count} minus that of the teacher in 20: {more}, of 95 %, in pairs")
    assert more.low < 0 < more.high

# %% [markdown]
# The student is recognised less often than the teacher in two steps, though it is nearer to real digits! Two steps of
# the teacher end between the mean and a sample, and the mean of a class is a digit that is easily recognised, but
# always the same: the teacher's recall in two steps is the lowest of all. The students end where the whole trajectory
# ends. Neither the best student in two steps nor that in one is told from the teacher in 20 by how often it is
# recognised; but their recall is lower, by 0.03 in two steps and by 0.09 in one. So a high adherence alone is no sign
# of a good student.
#
# If you want digits that are recognised more often, use guidance. These students *keep* it: labels were dropped in
# their training as in the teacher's, so that both answers can be blended (lesson 07), at twice the evaluations. Other
# students learn from a *guided* teacher. Then the scale is fixed once and for all, and one evaluation a step is enough.
# The network's card, the record that comes with its weights, has to say which of the two was done.

# %%
network, chosen = load("mnist-progressive-2"), Settings("ddim", 2, scale=2.0)
guided = measure(network, chosen, evaluator=eye, metrics=("adherence",), samples=300, repeats=0)
assert guided.quality["adherence"].value > readable[2] and guided.nfe == 4
print(f"guidance, by its card: {network.card['distillation']['guidance']}")
scored = guided.quality["adherence"].value
print(f"at scale 2 its adherence is {scored:.3f}, not {readable[2]:.3f}, for {guided.nfe:.0f} evaluations")

# %% [markdown]
# ## The price
#
# A student costs training before it draws its first sample. Count passes through the network: three for each image that
# it is trained on (one forward, and a gradient that costs about two), and those of the teacher for the target. In
# return the student needs one evaluation a sample. The teacher needs as many as it takes to be no worse than the
# student, within two standard errors.


# %%
def passes(name):
    """Network passes that went into a student, its pairs and the targets of its teacher included."""
    card = load(name).card
    recipe, of_teacher = card["recipe"], 0 if card["distillation"]["method"] == "reflow" else 2
    return recipe.get("pairs", 0) * recipe.get("solver_steps", 0) + card["images_seen"] * (3 + of_teacher)


# %%
chain, again = sum(passes(f"mnist-progressive-{N}") for N in (8, 4, 2, 1)), passes("mnist-reflow")
enough = min(row.nfe for row in rivals if (lead := dl.benchmark.difference(row, student)).n < 2 * lead.s)
print(f"progressive distillation, all four rounds: {chain:,} passes; reflow: {again:,}")
print(f"the teacher is no worse than the student of one step in {enough:.0f} evaluations")
print(f"so the four rounds are paid back after {chain / (enough - 1):,.0f} samples")

# %% [markdown]
# For a hundred digits that does not pay; for a service that draws millions it does. "One step instead of fifty" would
# have promised more, but fifty were never needed. And a fair rival is missing even here: the teacher, trained longer
# for the same number of passes. That was not measured.

# %% [markdown]
# ## Move it
#
# Exact students on the two clusters, blurred as much as you like. Set the blur to 0: reflow and consistency are right
# with one evaluation, and progressive distillation has the error of its teacher. Then turn the blur up: which method
# gains from more evaluations?

# %% tags=["panel"]
few_steps_panel(clusters)

# %% [markdown]
# ## Exercises
#
# All exercises are on the straight path. Exercise 1 stands [above](#More-than-one-step).

# %% [markdown]
# **2.** One training example for the second flow: a state on the line of a pair, and the velocity to answer there.


# %%
def reflow_example(u, eps, z, t, steps):
    raise NotImplementedError


check("reflow_example", reflow_example)

# %% [markdown]
# **3.** The velocity that the student of progressive distillation should answer.


# %%
def progressive_target(u, x, t, s):
    raise NotImplementedError


check("progressive_target", progressive_target)

# %% [markdown]
# **4.** The target of a consistency student. Mind that the networks answer with velocities, and the target is a clean
# sample.


# %%
def consistency_target(student, teacher, x, t, s):
    raise NotImplementedError


check("consistency_target", consistency_target)

# %% [markdown]
# **5. To investigate.** Take the blurred $f$ again, with *three* evaluations. The first is at $t = 1$; at which times
# should the other two be, so that the samples follow the data as closely as possible? The target to beat is the better
# of the two pairs of the lesson, by at least a quarter. The three times in the last line of the loop do not reach it.
# For comparison, the cell also prints what as many samples of the data score by chance. When you have met the target,
# try a fourth evaluation. Does it help? (Afterwards, `check("three_evaluation_times").solution(found)` shows one
# answer, for the distance that you found.)


# %%
def distance(times):
    """W1 to the data, the mean over three draws of the fresh noise."""
    return sum(wasserstein_1(by_jumps(blurred, times, seed=seed), clusters) for seed in range(3)) / 3


for times in ([1.0, 0.5], [1.0, 0.2], [1.0, 0.5, 0.2]):
    print(f"evaluated at {times}: {distance(times):.4f}")
print(f"so the target is {0.75 * distance([1.0, 0.2]):.4f}")
chance = sum(wasserstein_1(clusters.sample(10_000, seeded(seed), torch.float64), clusters) for seed in range(3)) / 3
print(f"as many samples of the data themselves: {chance:.4f}")

# %% [markdown]
# ## Pitfalls
#
# - **Fresh noise for a stored sample.** With such pairs you repeat the first training, and no error tells you.
# - **One long step of the teacher as the target.** The student then learns that step, with its error, and its loss is
#   small.
# - **A gradient through the target.** Then the target moves towards the student as well, instead of the student alone
#   towards the target.
# - **A network that is not tied to $x$ at $t = 0$.** A constant function then has the smallest loss.
# - **A schedule of pieces that runs backwards,** from many to few. Print it before a long training.
# - **Noise after the last evaluation,** or noise of the previous level. Both give samples that look plausible, but
#   grainy or with the wrong spread.
# - **A student of 4 steps asked for 8.** It was never trained at those times.
# - **"One step" against the teacher's fifty** is a claim about evaluations. It leaves out what the training of the
#   student costs.

# %% [markdown]
# ## What to remember
#
# - One step returns the mean because the question has many answers, not because one step is too few.
# - The same network and the same loss, on the flow's own pairs, draw in one step.
# - Reflow computes the whole trajectory, progressive distillation two steps, consistency one: that decides whose errors
#   a student inherits.
# - A $v$-predicting denoiser already has the form of a consistency function. It is trained to predict something else.
# - What remains hard is the cliff between two modes. A second evaluation helps at a time when the modes are apart.

# %% [markdown]
# ## Scope check

# %%
scope_check("11")

# %% [markdown]
# ## Further reading
#
# - Liu, Gong, Liu, *Flow Straight and Fast: Learning to Generate and Transfer Data with Rectified Flow*, 2022: reflow;
#   its table shows one Euler step before and after. https://arxiv.org/abs/2209.03003
# - Salimans, Ho, *Progressive Distillation for Fast Sampling of Diffusion Models*, 2022: algorithm 2, and why not to
#   predict the noise. https://arxiv.org/abs/2202.00512
# - Song, Dhariwal, Chen, Sutskever, *Consistency Models*, 2023: the form, the loss with a teacher and
#   without one, several evaluations. https://arxiv.org/abs/2303.01469
# - Song, Dhariwal, *Improved Techniques for Training Consistency Models*, 2023: the schedule, and a better distance.
#   https://arxiv.org/abs/2310.14189
# - *Guidance distillation*: Meng et al., *On Distillation of Guided Diffusion Models*, 2022.
#   https://arxiv.org/abs/2210.03142
# - *Matching distributions* instead of trajectories: Yin et al., *One-step Diffusion with Distribution Matching
#   Distillation*, 2023. https://arxiv.org/abs/2311.18828
# - *Continuous-time consistency*: Lu, Song, *Simplifying, Stabilizing and Scaling Continuous-Time Consistency Models*,
#   2024. https://arxiv.org/abs/2410.11081
# - *Shortcut models*, which are told the length of the step: Frans, Hafner, Levine, Abbeel, *One Step Diffusion via
#   Shortcut Models*, 2024. https://arxiv.org/abs/2410.12557
# - *MeanFlow*, which learns the mean velocity over a step: Geng, Deng, Bai, Kolter, He, *Mean Flows for One-step
#   Generative Modeling*, 2025. https://arxiv.org/abs/2505.13447
