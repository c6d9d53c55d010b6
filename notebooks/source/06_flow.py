# %% [markdown]
# # 06 Flow
#
# **Question.** What changes when noise and data are joined by straight lines, and what was the same all along?
#
# **Budget.** About 50 seconds of one CPU core, 1.6 GB of memory, nothing to download.
#
# **Afterwards you can** train a flow-matching network and sample from it; say why following a *mean* velocity is
# allowed; say for which data a path is easy and for which solver; and recognise an old sampler under a new name.

# %%
import inspect
import math

import torch

from diffusion_lessons import (
    check,
    generate,
    load,
    load_data,
    networks,
    sample,
    samplers,
    schedules,
    toys,
    trace,
    training,
    working,
)
from diffusion_lessons.denoisers import Denoiser, condition_on
from diffusion_lessons.figures import noising, show, style, trajectories
from diffusion_lessons.metrics import features, frechet_distance, moments
from diffusion_lessons.panels import flow_panel, predict, scope_check
from diffusion_lessons.toys import convergence, crossings, exact_flow, excess_length, gaussian_quantiles, straightness

# %%
path, cosine, generator = schedules.flow(), schedules.cosine(), torch.Generator().manual_seed(0)

# %%
states = generate(load("mnist-flow"), 2, labels=[3, 5], sampler="euler", steps=9, seed=2)
on_the_way = {f"a {digit}": torch.stack([state.x[k] for state in states]) for k, digit in enumerate((3, 5))}
show(
    noising.image_strip(on_the_way, [f"t = {state.t:.2f}" for state in states], "From noise to digits in nine steps"),
    "Two digits by a network of this lesson's kind, from noise (t = 1) to the digit (t = 0) in nine plain steps.",
)

# %% [markdown]
# ## A straight line
#
# The paths of lesson 01 came from a long table of $\beta_t$. This lesson needs no table. Take a clean sample, take some
# noise, and join them by a straight line, which a point follows at constant speed in one unit of time:
#
# $$x_t = (1-t)\,x_0 + t\,\varepsilon .$$
#
# This is a Gaussian path like the others, with $\alpha_t = 1-t$ and $\sigma_t = t$, and there is no schedule to design.
# Its velocity is the same all along the line:
#
# $$u = \frac{dx_t}{dt} = \varepsilon - x_0 .$$
#
# **Mind the sign.** Here, as everywhere in this course, time runs from data (0) to noise (1), so $u$ points towards the
# *noise*. Many texts let time run the other way, and their velocity "points towards the image": it is $-u$. Both are
# right. Mixing the two is the commonest bug.

# %%
x0, eps = torch.tensor([0.8], dtype=torch.float64), torch.tensor([-1.2], dtype=torch.float64)
for t in (0.25, 0.75):
    u = (path.add_noise(x0, eps, t + 1e-6) - path.add_noise(x0, eps, t)) / 1e-6
    print(f"at t = {t} the velocity is {u.item():.3f}")
print(f"noise minus data is {(eps - x0).item():.3f}")

# %% [markdown]
# **Exercises 1 and 2.** The point at time $t$ on the straight line, and the answer that a network should learn. Mind
# the sign: your second function will train the network of this lesson. Until it is right, ours does.


# %%
def flow_point(x0, eps, t):
    raise NotImplementedError


check("flow_point", flow_point)


# %%
def velocity_target(x0, eps):
    raise NotImplementedError


check("velocity_target", velocity_target)

# %% [markdown]
# The method is often explained by a walk home through a forest. The walker of lesson 03 takes a thousand short steps,
# asks for directions at every one of them, and is pushed about after each. The walker of this lesson is told at once:
# *your way home is a straight line in this direction.* One long walk, and you are there.
#
# It is a good story. To see what is wrong with it, ask who gives the direction.

# %% [markdown]
# ## What the network learns
#
# A network $f(x, t)$ is trained to predict $\varepsilon - x_0$ for pairs of a sample and a noise that are drawn
# independently of each other. At a point $x$ half way, many such lines meet, from different data to different noise.
# The network is given $x$ and $t$, but not the pair. What is the best that it can answer? As in lesson 02, the squared
# loss is smallest at a mean, here the mean over all lines through the point:
#
# $$\hat u(x, t) = \mathbb{E}[\varepsilon - x_0 \mid x_t = x] = \hat\varepsilon(x, t) - \hat x_0(x, t) .$$
#
# So the velocity network is the denoiser that you know, written in another way. To check it, draw pairs for two
# clusters of numbers, keep the lines that pass a point, and compare their mean with the answer of the exact denoiser.

# %%
clusters = toys.GaussianMixture([-1.0, 1.0], stds=0.2, weights=[0.3, 0.7])
x0 = clusters.sample(400_000, generator, torch.float64)
eps = torch.randn(400_000, generator=generator, dtype=torch.float64)
passing = (path.add_noise(x0, eps, 0.5) - 0.3).abs() < 0.01
lines = (eps - x0)[passing]
seen = clusters.denoiser(path)(torch.tensor([0.3], dtype=torch.float64), 0.5)
assert abs(lines.mean() - (seen.eps - seen.x0)) < 0.1
print(f"{len(lines):,} lines pass x = 0.3 at t = 0.5; their velocities have a standard deviation of {lines.std():.2f}")
print(f"mean of the lines {lines.mean():.2f}, exact denoiser {(seen.eps - seen.x0).item():.2f}")

# %%
predict("06.straight_lines")

# %%
few, times = gaussian_quantiles(24), [1 - k / 40 for k in range(41)]
data = clusters.sample(24, generator, torch.float64)
pairs = [samplers.State(t, path.add_noise(data, few, t), None) for t in times]
flow = exact_flow(clusters.denoiser(path), few, path, times, tolerance=1e-8)
show(
    trajectories.trajectory_figure(clusters, path, {"pairs, as training draws them": pairs, "exact flow": flow}),
    f"The same 24 starts. At the left the lines that training draws cross {crossings(pairs)} times; at the right their "
    f"mean, the flow, crosses {crossings(flow)} times, and bends.",
)

# %% [markdown]
# ## Why the mean is allowed
#
# Look at the two plots again. No line of the left one is followed in the right one, and a mean of directions is not the
# direction of anything. Why should samples that follow the *mean* velocity end up as data?
#
# **Theorem.** Let particles start from noise and follow $dx/dt = \hat u(x, t)$. At every time $t$ they have the same
# distribution as the random lines $x_t = (1-t)x_0 + t\varepsilon$.
#
# *Why.* Two sets of particles have the same distribution if every function $\varphi(x)$ has the same mean in both. So
# look how the mean of $\varphi$ changes in time. For the random lines, by the chain rule (with $\nabla\varphi$ for the
# slope of $\varphi$),
#
# $$\frac{d}{dt}\,\mathbb E[\varphi(x_t)] = \mathbb E[\nabla\varphi(x_t)\cdot u] .$$
#
# Take the mean in two stages, first over all the lines that pass through one point, then over the points. The gradient
# depends on the point only, so the first stage turns $u$ into its mean:
#
# $$\mathbb E[\nabla\varphi(x_t)\cdot u] = \mathbb E\bigl[\nabla\varphi(x_t)\cdot \mathbb E[u \mid x_t]\bigr]
# = \mathbb E[\nabla\varphi(x_t)\cdot \hat u(x_t, t)] .$$
#
# The right-hand side is how fast the mean of $\varphi$ changes for particles that follow $\hat u$. The two sets start
# alike at $t = 1$, and all their means change alike, so they stay alike. (Where $\hat u$ is smooth there is only one
# such evolution.) The second line is called the *marginalisation trick*, and nothing in it needs the lines to be
# straight.
#
# The same, seen at one place: through a gate at $x$, in a short time, pass as many particles as the density there times
# their mean velocity. Replace each one's velocity by the mean, and just as many pass. Physicists write it as the
# *continuity equation*, $\partial p_t/\partial t = -\nabla\cdot(p_t\,\hat u)$: what flows in minus what flows out.
# First count at the gate. With 400,000 lines, the counted share has a standard error of up to 0.00015, so differences
# of 0.0003 may be due to chance.


# %%
def through_gate(gate, t, dt=0.01):
    """The share of the lines that pass the gate upwards from t to t + dt, minus those that pass it downwards."""
    before, after = path.add_noise(x0, eps, t), path.add_noise(x0, eps, t + dt)
    return ((before < gate) & (after >= gate)).double().mean() - ((before >= gate) & (after < gate)).double().mean()


for gate, t in ((0.3, 0.5), (-0.5, 0.3), (1.0, 0.7)):
    point = torch.tensor([gate], dtype=torch.float64)
    seen, density = clusters.denoiser(path)(point, t + 0.005), clusters.log_prob(point, path, t + 0.005).exp()
    by_mean = (density * (seen.eps - seen.x0)).item() * 0.01
    counted = through_gate(gate, t).item()
    assert abs(counted - by_mean) < 4e-4
    print(
        f"gate at {gate:4.1f}, t = {t}: {counted:+.4f} of all lines pass, density times mean velocity is {by_mean:+.4f}"
    )

# %% [markdown]
# And now the theorem itself. Carry 20,000 particles along $\hat u$, and compare them at several times with the known
# distribution of $x_t$. As a control, follow another summary of the lines through a point: instead of their mean, the
# velocity towards the *likelier* of the two clusters. That sounds just as sensible. If the theorem matters, it must
# fail.


# %%
def mixture_at(t):
    """The distribution of x_t: each cluster shrunk, and widened by the noise."""
    alpha, sigma = path.alpha(t), path.sigma(t)
    return toys.GaussianMixture([-alpha, alpha], stds=(0.04 * alpha**2 + sigma**2) ** 0.5, weights=[0.3, 0.7])


def towards_likelier(x, t):
    """The velocity away from the x_0 seen in the likelier cluster alone."""
    each = [toys.GaussianMixture([m], stds=0.2) for m in (-1.0, 1.0)]
    fit = [cluster.log_prob(x, path, t) + math.log(w) for cluster, w in zip(each, (0.3, 0.7), strict=True)]
    low, high = (cluster.denoiser(path)(x, t).x0 for cluster in each)
    return (x - torch.where(fit[1] > fit[0], high, low)) / t


# %%
start, levels = gaussian_quantiles(20_000), (1.0, 0.7, 0.4, 0.1, 0.0)
by_mean = exact_flow(clusters.denoiser(path), start, path, levels, tolerance=1e-8)
by_likelier = [start]
for k in range(1000, 0, -1):
    by_likelier.append(by_likelier[-1] - 0.001 * towards_likelier(by_likelier[-1], k / 1000))
for state, t in zip(by_mean[1:], levels[1:], strict=True):
    words = []
    for x in (state.x, by_likelier[round(1000 * (1 - t))]):
        distance, above = toys.wasserstein_1(x, mixture_at(t)), (x > 0).double().mean()
        words.append(f"W1 {distance:.4f}, {above:.0%} above 0")
    print(f"t = {t}: following the mean {words[0]}; the likelier cluster {words[1]}")
assert all(toys.wasserstein_1(s.x, mixture_at(s.t)) < 1e-3 for s in by_mean[1:])

# %% [markdown]
# **The mean velocity keeps the distribution at every time; the velocity towards the likelier cluster does not,** and
# puts 90 % of the particles above 0, where 70 % belong. A network that is trained by least squares on random pairs can
# only learn a mean. So it learns exactly what is needed. This is also the proof that lesson 05 left out: on any path $u
# = \alpha_t' x_0 + \sigma_t'\varepsilon$, and its mean given $x_t$ is the right-hand side of the probability-flow ODE.

# %% [markdown]
# ## How bent is the flow?
#
# **The flow is not straight.** The lines are, but no particle follows them. Here are two measures of how bent a flow
# is, for the three clusters in the plane of lesson 05:
#
# - *straightness*, the share of the velocity that is not the constant velocity $\bar v = (x_T - x_0)/T$ of a straight
#   line between the ends of the trajectory. It is 0 for straight trajectories of constant speed, and may exceed 1:
#   $$S = \mathbb E \int_0^1 |v_t - \bar v|^2\,dt \;\Big/\; \mathbb E\,|\bar v|^2 .$$
# - *excess length*: how much longer the trajectory is than the straight line between its ends.

# %%
mixture = convergence.MIXTURE
noise = path.prior((200, 2), generator, dtype=torch.float64)
exact = exact_flow(mixture.denoiser(path), noise, path, times, tolerance=1e-8)
end = exact[-1].x
print(f"straightness S = {straightness(exact):.2f}, where 0 is straight")
print(f"the trajectories are {excess_length(exact):.0%} longer than straight lines")

# %% [markdown]
# If the flow were straight, one Euler step would do. Where does one step of the exact velocity lead? In pure noise, at
# $t = 1$, nothing can be seen yet: $\hat x_0$ is the mean of all data, whatever the noise.

# %%
predict("06.one_step")

# %%
one = sample(samplers.euler, mixture.denoiser(path), noise, path, path.grid(1))
mean = (mixture.weights[:, None] * mixture.means).sum(dim=0)
assert torch.allclose(one, mean.expand_as(one), atol=1e-12)
print(f"all 200 results are ({mean[0]:.2f}, {mean[1]:.2f}), the mean of the data")

# %%
walks = {
    "exact flow": exact,
    "euler, 4 steps": trace(samplers.euler, mixture.denoiser(path), noise, path, path.grid(4)),
}
show(
    trajectories.plane_figure(mixture, walks, reach=2.6),
    "The exact flow first heads for the mean of the data and then turns to one of the clusters. Euler with 4 steps "
    f"follows, and ends {(walks['euler, 4 steps'][-1].x - end).square().mean().sqrt():.3f} away (root mean square).",
)

# %% [markdown]
# ## Why Euler on the straight path is DDIM
#
# Write an Euler step from $t$ to $s$, and put in $x_t = (1-t)\hat x_0 + t\hat\varepsilon$:
#
# $$x_s = x_t + (s-t)(\hat\varepsilon - \hat x_0) = (1-s)\,\hat x_0 + s\,\hat\varepsilon
# = \alpha_s \hat x_0 + \sigma_s\hat\varepsilon .$$
#
# Predict the clean sample, re-noise it with the same noise. You know this line from lesson 04.

# %%
for steps in (1, 7, 50):
    euler = sample(samplers.euler, mixture.denoiser(path), noise, path, path.grid(steps))
    ddim = sample(samplers.ddim, mixture.denoiser(path), noise, path, path.grid(steps))
    assert torch.allclose(euler, ddim, atol=1e-12)
print("with 1, 7 and 50 steps: Euler on the flow path and DDIM agree to twelve decimals")

# %% [markdown]
# That is why the two shared a line in lesson 05. "A flow model sampled with Euler" and "a diffusion model sampled with
# DDIM" are one algorithm. Are they one *model*, too?

# %% [markdown]
# ## The same flow on another clock
#
# Take the cosine path of lesson 01, the exact denoiser there, and DDIM. Choose its times so that at each step
# $\lambda$, the logarithm of the ratio of data to noise, is what Euler meets on the straight path. Where $\lambda$
# agrees, $\alpha x_0 + \sigma\varepsilon$ on the two paths differs by a factor only. On the straight path $\alpha +
# \sigma = 1$, so the factor is $\alpha + \sigma$ of the cosine path, and the start has to be divided by it.

# %%
first = path.t_of_lam(cosine.lam(cosine.T))  # the straight path's time with the noise of the cosine path's start
straight_times = [first * (1 - k / 8) for k in range(9)]
cosine_times = [cosine.T, *(cosine.t_of_lam(path.lam(t)) for t in straight_times[1:-1]), 0.0]
scale = 1 / (cosine.alpha(cosine.T) + cosine.sigma(cosine.T))
by_flow = sample(samplers.euler, mixture.denoiser(path), scale * noise, path, straight_times)
by_diffusion = sample(samplers.ddim, mixture.denoiser(cosine), noise, cosine, cosine_times)
assert torch.allclose(by_flow, by_diffusion, atol=1e-9)
print("times on the cosine path: " + ", ".join(f"{t:.0f}" for t in cosine_times))
print("both end in the same places, to nine decimals")

# %% [markdown]
# So the straight path is a diffusion path on another clock and another scale, and a network for one is, after a change
# of variables, a network for the other. Then what is gained by the straight path?

# %% [markdown]
# ## Easy for which data, for which solver?
#
# The promise of the straight path is "few steps". Let us measure it on the three clusters, each path against its own
# exact flow, with times evenly spaced in $t$. *Euler* follows the tangent $dx/dt$ of the path at hand; *DDIM*
# re-noises. On the straight path they are the same.

# %%
predict("06.euler_on_cosine")

# %%
linear = schedules.ddpm_linear()
solvers, paths = convergence.solvers(), {"flow": path, "cosine": cosine, "linear": linear}


def rms_errors(mixture, kinds, **more):
    """RMS distance to the exact flow of this path, for each (sampler, steps)."""
    found = {}
    for sampler, steps in kinds:
        problem = {"mixture": mixture, "steps": [steps], "spacing": "trailing", "t_min": None, "points": 200, **more}
        (row,) = convergence.errors({sampler: solvers[sampler]}, **problem)
        found[sampler, steps] = row.error
    return found


kinds = [("euler", 4), ("euler", 10), ("ddim", 4), ("ddim", 10)]
for name, other in paths.items():
    found = rms_errors(mixture, kinds, path=other)
    words = [f"{style.label(sampler)}, {steps} steps {error:.3f}" for (sampler, steps), error in found.items()]
    print(f"{name:>6}: {'; '.join(words)}")

# %% [markdown]
# **On these data plain Euler on the cosine path beats the straight path by far, and needs less than half the steps.**
# Even the linear schedule of DDPM is as good as the straight path for Euler. So for which data *is* the straight path
# straight? Look at the simplest data that there are, one Gaussian of width $c$ around a point $m$, where the flow can
# be written down:
#
# $$x_t = \alpha_t\,m + \sqrt{\alpha_t^2 c^2 + \sigma_t^2}\;z .$$
#
# - On the **straight path**, if the data are a *point* ($c = 0$), this is $(1-t)\,m + t\,z$: straight, at constant
#   speed. One Euler step is exact.
# - On a **cosine path**, $\alpha^2 + \sigma^2 = 1$, if the data are as *broad as the noise* ($c = 1$, $m = 0$), it is
#   $z$: nothing moves at all, and any number of steps is exact. The straight path, on the same data, squeezes the noise
#   to $\sqrt{1/2}$ half way and lets it out again.
# - **DDIM** is exact for a point on *every* path, because it follows $\alpha_t\hat x_0 + \sigma_t\hat\varepsilon$ and
#   not the tangent.
#
# You saw the same alternative in lesson 03: the small variance was right for points, the large one for data as broad as
# the noise. The next figure shows what happens at the widths between.

# %%
widths, curves = [0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.3], {}
z = gaussian_quantiles(200)
for name, (other, sampler) in {
    "straight path, Euler (= DDIM)": (path, "euler"),
    "cosine path, Euler": (cosine, "euler"),
    "cosine path, DDIM": (cosine, "ddim"),
}.items():
    curves[name] = []
    for c in widths:
        denoise = toys.GaussianMixture([0.5], stds=max(c, 1e-6)).denoiser(other)
        x = sample(samplers.ALL[sampler], denoise, z, other, other.grid(10))
        curves[name].append((x - (0.5 + c * z)).square().mean().sqrt().item())

# %%
figure, axes = style.axes("Ten steps: exact for what?", "width $c$ of the data", "RMS error", size=(6.8, 3.6))
looks = [(noising.PATH_COLORS["flow"], "-"), (noising.PATH_COLORS["cosine"], "-"), (noising.PATH_COLORS["cosine"], ":")]
for (name, values), (color, line) in zip(curves.items(), looks, strict=True):
    axes.plot(widths, values, line, color=color, label=name, marker="o", markersize=4)
axes.legend(frameon=False)
show(
    figure,
    "Data around 0.5, ten steps. Error of Euler on the straight path, of Euler on the cosine path and of DDIM there: "
    + "; ".join(
        f"width {c}: " + ", ".join(f"{v[widths.index(c)]:.3f}" for v in curves.values()) for c in (0.0, 0.2, 1.0)
    ),
)

# %% [markdown]
# **So "this path needs fewer steps" is a statement about a path, a solver *and* data.** For points the straight path
# and DDIM are exact; from a width of 0.02 on, Euler on the cosine path is nearer, and for broad clusters much nearer.
#
# Now ask networks. `mnist-flow` and `mnist-diffusion` ship with the course: the same architecture and the same digits,
# one trained on the straight path and one on the cosine path. First some digits from the same noise.

# %%
predict("06.same_noise")

# %%
kinds = {
    "flow, Euler": ("mnist-flow", "euler"),
    "diffusion, DDIM": ("mnist-diffusion", "ddim"),
    "diffusion, Euler": ("mnist-diffusion", "euler"),
}
rows = {}
for name, (network, sampler) in kinds.items():
    for steps in (4, 10):
        walk = generate(load(network), 20, labels=range(10), sampler=sampler, steps=steps, limit=None)
        rows[f"{name}, {steps}"] = walk[-1].x
flow_10, diffusion_10 = rows["flow, Euler, 10"], rows["diffusion, DDIM, 10"]
other = torch.roll(diffusion_10, 10, dims=0)  # from other noise, with the same label
same, apart = ((flow_10 - x).square().mean().sqrt().item() for x in (diffusion_10, other))
show(
    noising.image_strip({name: x[:10] for name, x in rows.items()}, list("0123456789"), "Two networks, one noise"),
    f"Rows: network, sampler and steps. Flow and diffusion in ten steps: root mean square difference {same:.2f} from "
    f"the same noise, {apart:.2f} from other noise with the same label.",
)

# %% [markdown]
# **Two networks, trained apart, draw nearly the same digits from the same noise.** There is one flow on two clocks, as
# you saw above, and both networks learned it. But Euler on the *cosine* path, the winner on the clusters, spoils
# several digits in four steps: the 1, the 7 and the 9 are scribbles. Is the straight path better for images after all?
#
# You have met such misshapen digits before. In lesson 03 they came from a start in which a trace of the digit was
# missing; in lesson 05 Heun drew badly because of its first step. Look at the first Euler step here. It uses the slope
# $\alpha'$ at $t = 1000$ for the whole step. The cosine path is a table, and its last entries were changed so that
# $\bar\alpha$ never reaches 0. Just there its slope is far from the mean slope over the step:

# %%
first = (cosine.alpha(750) - cosine.alpha(1000)) / 250
print(
    f"slope of alpha at t = 1000: {-cosine.d_alpha(1000):.5f}; from 1000 to 750 alpha grows by {first:.5f} a time step"
)

# %% [markdown]
# So after the first step the state contains only a fifth of the digit that belongs in it at $t = 750$. Is that the
# whole cause? Replace this *one* step by a step of DDIM, which needs no slope, and leave the other three to Euler. The
# cell prints the Fréchet distance to real digits (lower is better), for three draws of 100 digits each, so that you see
# the spread, and the differences within a draw, in which the luck of the noise mostly cancels.

# %%
labels, real = torch.arange(100) % 10, moments(features.reference("mnist", "train").features)


def frechet_of(network, samplers_by_step, seed):
    """Fréchet distance of 100 digits, drawn with these samplers, one a step."""
    net = load(network)
    x = net.path.prior((100, 1, 28, 28), torch.Generator().manual_seed(seed))
    times = net.path.grid(len(samplers_by_step))
    for k, sampler in enumerate(samplers_by_step):
        x = sample(samplers.ALL[sampler], condition_on(net, labels), x, net.path, times[k : k + 2])
    return frechet_distance(real, features.features(x.clamp(-1, 1)))


# %%
ways = {
    "flow, Euler": ("mnist-flow", ["euler"] * 4),
    "diffusion, DDIM": ("mnist-diffusion", ["ddim"] * 4),
    "diffusion, Euler": ("mnist-diffusion", ["euler"] * 4),
    "diffusion, DDIM once, then Euler": ("mnist-diffusion", ["ddim", "euler", "euler", "euler"]),
}
found = {name: [frechet_of(*way, seed) for seed in range(3)] for name, way in ways.items()}
*others, mended = found.values()
for name, scores in found.items():
    print(f"{name:>32}, 4 steps: " + ", ".join(f"{score:.2f}" for score in scores))
for name, scores in zip(found, others, strict=False):
    gaps = ", ".join(f"{m - score:+.2f}" for m, score in zip(mended, scores, strict=True))
    print(f"one step mended, minus {name}: {gaps}")

# %% [markdown]
# **It was one step, at the edge of a table.** With that step mended, Euler on the cosine path is about as good as DDIM
# there and as Euler on the straight path. (In each of the three draws it is a little nearer than DDIM, but three draws
# do not prove that it is better.) Plain Euler on the cosine path was about seven times as far away.
#
# This is what is gained by the straight path. Its slopes are $-1$ and $1$ everywhere, it has no table and no edge, and
# on it the simplest solver *is* the exponential integrator of lesson 05, whether one knows that term or not. **On the
# straight path the easy choice is a good one.** But it does not make sampling cheaper than DDIM had already made it.

# %% [markdown]
# ## Train one
#
# The loop is that of lesson 02 with two changes: the path is straight, and the network predicts the velocity. The data
# are points in the plane on two half circles, the "two moons". Your `velocity_target` is what the network learns. The
# option `coupled` is for the next section.

# %%
target = working("velocity_target", velocity_target)


def learned(coupled, steps=900, batch=128):
    torch.manual_seed(0)
    network, generator = networks.MLP(networks.MLPConfig(width=64, T=path.T)), torch.Generator().manual_seed(0)
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    for _ in range(steps):
        x0, eps = toys.moons(batch, generator), torch.randn(batch, 2, generator=generator)
        if coupled:
            eps = training.optimal_coupling(x0, eps)
        t = torch.rand(batch, generator=generator)
        error = (network(path.add_noise(x0, eps, t), t) - target(x0, eps)).square().mean()
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
    return Denoiser(network, path, predicts="velocity", shape=(2,))


drawn = learned(coupled=False)

# %%
moons, start = toys.moons(3000, generator), path.prior((400, 2), generator)


def miss(x):
    """Mean distance of points to the nearest of 3,000 data points."""
    return torch.cdist(x, moons).min(dim=1).values.mean().item()


def miss_of(denoise, sampler, steps):
    return miss(sample(sampler, denoise, start, path, path.grid(steps)))


blurred, floor = miss_of(drawn, samplers.euler, 1), miss(toys.moons(400, generator))
for steps in (1, 4, 10, 20):
    print(f"Euler, {steps:>2} steps: the samples miss the moons by {miss_of(drawn, samplers.euler, steps):.3f}")
print(f"400 more data points, measured in the same way: {floor:.3f}")

# %%
cloud = toys.GaussianMixture(moons[:400].double(), stds=0.1)  # only to shade the pictures
counts = {"euler, 1 step": 1, "euler, 3 steps": 3, "euler, 20 steps": 20}
runs = {name: trace(samplers.euler, drawn, start[:150], path, path.grid(N)) for name, N in counts.items()}
show(
    trajectories.plane_figure(cloud, runs, reach=2.6),
    "Samples of the trained network (dots), over the data (grey). One step ends near the mean of the moons, three find "
    "their outline, and after twenty most samples lie on them.",
)

# %% [markdown]
# ## Straighter: choose the pairs
#
# The flow bends because the lines cross, and the lines cross because the pairs are drawn at random. So pair them in
# another way: within each batch, assign a noise to every data point so that the sum of the squared lengths of the lines
# is as small as possible. Then they hardly cross. This is *minibatch optimal transport*, and a function of SciPy does
# the hard part:

# %%
print(inspect.getsource(training.optimal_coupling).split('"""')[2].strip("\n"))

# %%
matched = learned(coupled=True)
flows = {"heun, pairs at random": drawn, "heun, pairs matched": matched}
walks = {name: trace(samplers.heun, net, start[:150], path, path.grid(20)) for name, net in flows.items()}
at_random, chosen = (straightness(states) for states in walks.values())
one, twenty = (miss_of(matched, samplers.euler, steps) for steps in (1, 20))
assert chosen < at_random / 5 and one < blurred / 2
show(
    trajectories.plane_figure(cloud, walks, reach=2.6),
    f"Straightness S: {at_random:.2f} with pairs at random, {chosen:.3f} with matched pairs. One Euler step of the "
    f"second network misses the moons by {one:.3f}, one of the first by {blurred:.3f}.",
)
# %%
print(f"matched pairs: one step misses the moons by {one:.3f}, twenty steps by {twenty:.3f}, data by {floor:.3f}")

# %% [markdown]
# Now the story of the walk home is nearly true: one step, and almost there. (More steps still gain, because the flow is
# not quite straight.) A flow is straight only if something *makes* it so. One way is to choose the pairs. Another is to
# train again on the pairs that a first flow has made; that is *reflow*, in lesson 11.
#
# But do not expect as much of matching for images. In the plane, among 128 points of noise there is one near every data
# point. In 64 dimensions there is not:

# %%
digits = load_data("digits").images[:256].double()
for name, data in {"moons, in 2 dimensions": moons[:256].double(), "digits, in 64 dimensions": digits}.items():
    eps = torch.randn(data.shape, generator=generator, dtype=torch.float64)
    before, after = ((data - e).square().sum() for e in (eps, training.optimal_coupling(data, eps)))
    print(f"{name}: matching leaves {after / before:.0%} of the mean squared length of the lines")

# %% [markdown]
# Published models that need only four to eight steps do not owe that to the straight path alone. They are distilled
# (lesson 11), or trained on pairs of their own making. How much each of these contributes is not measured here.

# %% [markdown]
# ## Straight, and still a blur
#
# One last puzzle. How straight are the trajectories of the digits?

# %%
walk = generate(load("mnist-flow"), 10, labels=range(10), sampler="euler", steps=30, limit=None, seed=1)
short = {
    N: generate(load("mnist-flow"), walk[0].x, labels=range(10), sampler="euler", steps=N, limit=None)
    for N in (1, 2, 4)
}
rows = {**{f"{N} step{'s' * (N > 1)}": states[-1].x for N, states in short.items()}, "30 steps": walk[-1].x}
show(
    noising.image_strip(rows, list(map(str, range(10))), "One step is a blur, on nearly straight trajectories"),
    f"Digits by the flow network. Straightness of the trajectories: S = {straightness(walk):.3f}; of the three "
    f"clusters' in the plane: {straightness(exact):.2f}.",
)

# %% [markdown]
# They *are* nearly straight, and still one step is a blur. The reason is that $S$ compares the bend with the whole
# trajectory. In 784 dimensions most of a trajectory removes noise, and would do so for any picture; the part that
# decides which picture it will be is small beside it. So a value of $S$ says little about pictures unless you know in
# how many dimensions it was measured.

# %% [markdown]
# ## Move it
#
# The exact denoiser on three paths. Set one step: every trajectory leads to the mean. Then choose Euler and 4 steps,
# and go through the paths; choose DDIM, and go through them again. On which path do the two differ most, and which is
# nearer to the exact ends? Then choose Heun.

# %% tags=["panel"]
flow_panel(mixture, [path, cosine, linear])

# %% [markdown]
# ## Exercises
#
# Exercises 1 and 2 stand [above](#A-straight-line).
#
# **3.** From the velocity back to the clean sample $\hat x_0$. With this line every sampler of this course works on a
# flow model.


# %%
def flow_x0(x, u, t):
    raise NotImplementedError


check("flow_x0", flow_x0)

# %% [markdown]
# **4. To investigate.** You have ten evaluations on the *straight* path, for the three clusters. First choose the
# times: ten Euler steps need not be equal. How much can be gained by the times alone? Then choose the solver as well,
# among those of lesson 05. The target to beat is the error of Euler with ten equal steps on the *cosine* path.
# (Afterwards, `check("ten_straight_times").solution(found)` shows one answer, for the error that you found.)

# %%
goal = exact_flow(mixture.denoiser(path), noise, path, (1.0, 0.0), tolerance=1e-8)[-1].x


def error_of(sampler, times):
    """RMS distance to the exact flow on the straight path."""
    return (sample(sampler, mixture.denoiser(path), noise, path, times) - goal).square().mean().sqrt().item()


print(f"to beat: {rms_errors(mixture, [('euler', 10)], path=cosine)['euler', 10]:.3f}")
print(f"Euler, equal steps: {error_of(samplers.euler, [1 - k / 10 for k in range(11)]):.3f}")
print(f"Euler, short steps at first: {error_of(samplers.euler, [1 - (k / 10) ** 1.5 for k in range(11)]):.3f}")

# %% [markdown]
# ## Pitfalls
#
# - **The sign, and the direction of time.** Before you combine two codes, evaluate both velocities at one known pair.
# - **"Straight paths".** The lines between the pairs of training are straight; the flow is not, unless something made
#   it so.
# - **A comparison of paths with one solver.** Euler on the cosine path and DDIM on it are two methods. Name both.
# - **A slope at the edge of a table.** Where a solver differentiates the path, look at its ends.
# - **Noise prediction at $t = 1$.** There $\alpha = 0$, and $\hat x_0 = (x - \sigma\hat\varepsilon)/\alpha$ is 0 by 0.
#   Predict the velocity.
# - **A grid with a time of 0.001 before its 0** spends a whole evaluation on the last thousandth of the trajectory.
# - **Matching with labels.** If noise is matched to data within a labelled batch, the noise gives the label away.
#   Use it for unconditional training only.

# %% [markdown]
# ## What to remember
#
# - $x_t = (1-t)x_0 + t\varepsilon$, $u = \varepsilon - x_0$: no schedule to design.
# - The network learns the *mean velocity* of the lines through a point. Following it keeps the distribution at every
#   time.
# - The flow of that mean bends. Euler on it is DDIM: a flow model is a diffusion model on another clock.
# - No path is easy for all data: with Euler, points are exact on the straight path and data as broad as the noise on a
#   cosine path; with DDIM, points are exact on both.
# - On digits, four steps of Euler on either path are about alike, once one step at the edge of a table is mended. What
#   the straight path gains is that there is no such edge.
# - One step returns the mean of the data. Straight flows are made, by matching or by reflow.

# %% [markdown]
# ## Scope check

# %%
scope_check("06")

# %% [markdown]
# ## Further reading
#
# - Liu, Gong, Liu, *Flow Straight and Fast: Learning to Generate and Transfer Data with Rectified Flow*, 2022: the
#   straight line, straightness, reflow, and the theorem above (section 2.1). https://arxiv.org/abs/2209.03003
# - Lipman, Chen, Ben-Hamu, Nickel, Le, *Flow Matching for Generative Modeling*, 2022: the loss, for any path, and why
#   random pairs suffice (theorems 1 and 2). https://arxiv.org/abs/2210.02747
# - Tong, Fatras, Malkin, Huguet, Zhang, Rector-Brooks, Wolf, Bengio, *Improving and Generalizing Flow-Based Generative
#   Models with Minibatch Optimal Transport*, 2023. https://arxiv.org/abs/2302.00482
# - Esser and others, *Scaling Rectified Flow Transformers for High-Resolution Image Synthesis*, 2024: flow in a
#   production model, and at which times to train. https://arxiv.org/abs/2403.03206
