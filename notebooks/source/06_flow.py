# %% [markdown]
# # 06 Flow
#
# **Question.** What changes when noise and data are joined by straight lines, and what was the same all along?
#
# **Budget.** About 19 seconds of one CPU core, 1.1 GB of memory, nothing to download.
#
# **Afterwards you can** train a flow-matching network and sample from it; say in which sense its paths are straight
# and in which they are not; turn a velocity into a clean sample and back; and recognise an old sampler under a new
# name.

# %%
import inspect

import torch

from diffusion_lessons import check, load, load_data, networks, sample, samplers, schedules, toys, trace
from diffusion_lessons.denoisers import Denoiser, condition_on
from diffusion_lessons.figures import image_grid, show, trajectories
from diffusion_lessons.panels import flow_panel, predict, scope_check
from diffusion_lessons.toys import convergence, crossings, exact_flow, excess_length, gaussian_quantiles, straightness
from diffusion_lessons.training import loss, optimal_coupling

path, generator = schedules.flow(), torch.Generator().manual_seed(0)

# %% [markdown]
# ## A straight line
#
# Lesson 01 had a long table of $\beta_t$. Throw it away. Take a clean sample, take some noise, and join them by a
# straight line, walked evenly in one unit of time:
#
# $$x_t = (1-t)\,x_0 + t\,\varepsilon .$$
#
# This is a Gaussian path like the others, with $\alpha_t = 1-t$ and $\sigma_t = t$, and no schedule to design. Its
# velocity is the same all along the line:
#
# $$u = \frac{dx_t}{dt} = \varepsilon - x_0 .$$
#
# **Mind the sign.** Here, as everywhere in this course, time runs from data (0) to noise (1), so $u$ points at the
# *noise*. Many texts let time run the other way, and their velocity "points towards the image": it is $-u$. Both are
# right. A mixture of both is the most frequent bug.

# %%
x0, eps = torch.tensor([0.8], dtype=torch.float64), torch.tensor([-1.2], dtype=torch.float64)
for t in (0.25, 0.75):
    u = (path.add_noise(x0, eps, t + 1e-6) - path.add_noise(x0, eps, t)) / 1e-6
    print(f"at t = {t} the velocity is {u.item():.3f}")
print(f"noise minus data is {(eps - x0).item():.3f}")

# %% [markdown]
# The promise is told as a walk home through a forest. The walker of lesson 03 takes a thousand short steps, asks for
# the way at every one of them, and is jostled after each. The walker of this lesson is told at once: *your way home
# is a straight line in this direction.* One long walk, and there.
#
# It is a good story. To see what is wrong with it, ask who gives the direction.

# %% [markdown]
# ## What the network learns
#
# A network $f(x, t)$ is trained to say $\varepsilon - x_0$ for pairs that are drawn at random. At a point $x$ in the
# middle many such lines meet, from different data to different noise. The network sees $x$ and $t$, not the pair.
# What is the best that it can answer? The mean over all lines through the point:
#
# $$\hat u(x, t) = \mathbb{E}[\varepsilon - x_0 \mid x_t = x] = \hat\varepsilon(x, t) - \hat x_0(x, t) .$$
#
# So it is our old acquaintance, the denoiser, written in another way. Check: draw pairs for two heaps of numbers,
# keep the lines that pass a point, and compare their mean with the exact denoiser's answer.

# %%
heaps = toys.GaussianMixture([-1.0, 1.0], stds=0.2, weights=[0.3, 0.7])
x0, eps = (
    heaps.sample(400_000, generator, torch.float64),
    torch.randn(400_000, generator=generator, dtype=torch.float64),
)
passing = (path.add_noise(x0, eps, 0.5) - 0.3).abs() < 0.01
lines = (eps - x0)[passing]
seen = heaps.denoiser(path)(torch.tensor([0.3], dtype=torch.float64), 0.5)
assert abs(lines.mean() - (seen.eps - seen.x0)) < 0.1
print(f"{len(lines):,} lines pass x = 0.3 at t = 0.5; their velocities have a standard deviation of {lines.std():.2f}")
print(f"mean of the lines {lines.mean():.2f}, exact denoiser {(seen.eps - seen.x0).item():.2f}")

# %%
predict("06.straight_lines")

# %%
few, times = gaussian_quantiles(24), [1 - k / 40 for k in range(41)]
data = heaps.sample(24, generator, torch.float64)
pairs = [samplers.State(t, path.add_noise(data, few, t), None) for t in times]
flow = exact_flow(heaps.denoiser(path), few, path, times, tolerance=1e-8)
show(
    trajectories.trajectory_figure(heaps, path, {"pairs, as training draws them": pairs, "exact flow": flow}),
    f"The same 24 starts. At the left the lines that training draws cross {crossings(pairs)} times; at the right their "
    f"mean, the flow, crosses {crossings(flow)} times, and bends.",
)

# %% [markdown]
# ## How bent
#
# **The flow is not straight.** The lines are, but nobody walks them. Here are two measures, for the three heaps in
# the plane of lesson 05:
#
# - *straightness* $S$: how far the velocity along the way is from the constant one that would lead to the same end, as
#   a share of that one's square. 0 is straight.
# - *excess length*: how much longer the way is than the straight line between its ends.

# %%
mixture = convergence.MIXTURE
noise = path.prior((200, 2), generator, dtype=torch.float64)
exact = exact_flow(mixture.denoiser(path), noise, path, times, tolerance=1e-8)
end = exact[-1].x
print(f"straightness S = {straightness(exact):.2f}, where 0 is straight")
print(f"the ways are {excess_length(exact):.0%} longer than straight lines")

# %% [markdown]
# Were the flow straight, one Euler step would do. Where does one step of the exact velocity lead? From pure noise, at
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
    "The exact flow first heads for the mean of the data and then turns to one of the heaps. Euler with 4 steps "
    f"follows, and ends {(walks['euler, 4 steps'][-1].x - end).square().mean().sqrt():.3f} away.",
)

# %% [markdown]
# ## And why Euler there is DDIM
#
# Write an Euler step from $t$ to $s$, and put in $x_t = (1-t)\hat x_0 + t\hat\varepsilon$:
#
# $$x_s = x_t + (s-t)(\hat\varepsilon - \hat x_0) = (1-s)\,\hat x_0 + s\,\hat\varepsilon
# = \alpha_s \hat x_0 + \sigma_s\hat\varepsilon .$$
#
# See the clean sample, put it back with the same noise. You know this line.

# %%
for steps in (1, 7, 50):
    euler = sample(samplers.euler, mixture.denoiser(path), noise, path, path.grid(steps))
    ddim = sample(samplers.ddim, mixture.denoiser(path), noise, path, path.grid(steps))
    assert torch.allclose(euler, ddim, atol=1e-12)
print("with 1, 7 and 50 steps: Euler on the flow path and DDIM agree to twelve decimals")

# %% [markdown]
# That is why the two shared a line in lesson 05. "A flow model sampled with Euler" and "a diffusion model sampled
# with DDIM" is one algorithm. Is it one *model*, too?

# %% [markdown]
# ## The same flow on another clock
#
# Take the cosine path of lesson 01, the exact denoiser there, and DDIM. Choose its times so that the ratio of data to
# noise, $\lambda$, is what Euler meets on the straight path. And start from the same noise, scaled so that
# $\alpha + \sigma$ agrees.

# %%
cosine = schedules.cosine()
first = path.t_of_lam(cosine.lam(cosine.T))  # the straight path's time with the noise of the cosine path's start
straight_times = [first * (1 - k / 8) for k in range(9)]
cosine_times = [cosine.T, *(cosine.t_of_lam(path.lam(t)) for t in straight_times[1:-1]), 0.0]
scale = 1 / (cosine.alpha(cosine.T) + cosine.sigma(cosine.T))
by_flow = sample(samplers.euler, mixture.denoiser(path), scale * noise, path, straight_times)
by_diffusion = sample(samplers.ddim, mixture.denoiser(cosine), noise, cosine, cosine_times)
assert torch.allclose(by_flow, by_diffusion, atol=1e-9)
print("times on the cosine path: " + ", ".join(f"{t:.0f}" for t in cosine_times))
print("both ways end in the same places, to nine decimals")

# %% [markdown]
# The straight path is a diffusion path with another clock and another scale. A network for one is, after a change of
# variables, a network for the other. What *does* differ in practice is what a grid even in time means, which errors
# of the network count how much in training, and what it is asked to predict. So how much of "four to ten steps are
# enough" belongs to the straight path? Same mixture, exact denoisers, even times, each measured against its own exact
# flow:

# %%
runs = {"flow": path, "cosine": cosine, "linear": schedules.ddpm_linear()}
for name, other in runs.items():
    error = {}
    for sampler, steps in (("ddim", 4), ("ddim", 10), ("heun", 5)):
        run = {sampler: convergence.solvers()[sampler]}
        (row,) = convergence.errors(run, path=other, steps=[steps], spacing="trailing", t_min=None)
        error[sampler, steps] = row.error
    told = ", ".join(f"{error['ddim', N]:.3f} with {N} steps of DDIM" for N in (4, 10))
    print(f"{name:>6}: {told}, {error['heun', 5]:.3f} with 9 evaluations of Heun")

# %% [markdown]
# With DDIM, the straight path beats the linear schedule clearly, and the cosine schedule not at all: even times visit
# much the same noise levels there. Heun, which works in $t$, does profit: on the straight path $\alpha$ and $\sigma$
# have no curve that it would have to pay for. So few steps are a matter of the *grid* and the *solver* as much as of
# the path, and what the straight path does is to make a good choice the easy one.

# %% [markdown]
# ## Train one
#
# The loop is that of lesson 02, with two words changed: the path is `flow()`, and the network predicts the
# `"velocity"`. The data are two moons. The option `coupled` is for the next section.


# %%
def learned(coupled, steps=900, batch=128):
    torch.manual_seed(0)
    network, generator = networks.MLP(networks.MLPConfig(width=64, T=path.T)), torch.Generator().manual_seed(0)
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    for _ in range(steps):
        x0, eps = toys.moons(batch, generator), torch.randn(batch, 2, generator=generator)
        if coupled:
            eps = optimal_coupling(x0, eps)
        error = loss(network, x0, eps, torch.rand(batch, generator=generator), path, "velocity")
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
    return Denoiser(network, path, predicts="velocity", shape=(2,))


drawn = learned(coupled=False)

# %%
moons, start = toys.moons(3000, generator), path.prior((400, 2), generator)


def miss(denoise, sampler, steps):
    """Mean distance of the samples to the nearest of 3,000 data points."""
    x = sample(sampler, denoise, start, path, path.grid(steps))
    return torch.cdist(x, moons).min(dim=1).values.mean().item()


blurred = miss(drawn, samplers.euler, 1)
assert blurred > 0.25 and miss(drawn, samplers.euler, 10) < 0.12 and miss(drawn, samplers.heun, 5) < 0.12
print("one step of Euler: a sample is on average more than 0.25 away from the data")
print("ten evaluations of Euler, or nine of Heun: less than 0.12")

# %%
cloud = toys.GaussianMixture(moons[:200].double(), stds=0.1)  # only to shade the pictures
counts = {"euler, 1 step": 1, "euler, 3 steps": 3, "euler, 20 steps": 20}
runs = {name: trace(samplers.euler, drawn, start[:150], path, path.grid(N)) for name, N in counts.items()}
show(
    trajectories.plane_figure(cloud, runs, reach=2.6),
    "One step ends near the mean of the moons, three find their outline, twenty lie on them.",
)

# %% [markdown]
# ## Straighter: choose the pairs
#
# The flow bends because lines cross. Lines cross because the pairs are drawn at random. So draw them otherwise:
# within each batch, give every data point the noise that makes the lines short, and they no longer cross. This is
# *minibatch optimal transport*, and a library does the hard part:

# %%
print(inspect.getsource(optimal_coupling).split('"""')[2].strip("\n"))

# %%
matched = learned(coupled=True)
flows = {"heun, pairs at random": drawn, "heun, pairs matched": matched}
walks = {name: trace(samplers.heun, net, start[:150], path, path.grid(20)) for name, net in flows.items()}
at_random, chosen = (straightness(states) for states in walks.values())
assert chosen < 0.1 * at_random and miss(matched, samplers.euler, 1) < blurred / 2
show(
    trajectories.plane_figure(cloud, walks, reach=2.6),
    "With pairs at random the ways swing; with matched pairs they are nearly straight: S is less than a tenth. One "
    "Euler step of the second network misses the data by less than half as much as one of the first.",
)

# %% [markdown]
# Now the story of the walk home is true: one step, and there. Straight flows are *made*, by the choice of pairs. (The
# other way is to train again on the pairs that a first flow has made. That is *reflow*, in lesson 11.) But do not
# expect as much of it for images. In the plane, 128 points of noise leave every data point a near one. In 64
# dimensions they do not:

# %%
digits = load_data("digits").images[:256].double()
for name, x0 in {"moons, in 2 dimensions": moons[:256].double(), "digits, in 64 dimensions": digits}.items():
    eps = torch.randn(x0.shape, generator=generator, dtype=torch.float64)
    before, after = ((x0 - e).square().sum() for e in (eps, optimal_coupling(x0, eps)))
    print(f"{name}: matching leaves {after / before:.0%} of the mean squared length of the lines")

# %% [markdown]
# Production models that need four to eight steps are not straight by nature, either: they are distilled, or trained
# on pairs of their own making, on top of the straight path. How much each contributes is not measured here.

# %% [markdown]
# ## On digits
#
# Now a network that has seen real images. `mnist-flow` ships with the course: a small U-Net, trained on handwritten
# digits as above, with the label as its condition. The same noise in every row; Euler with 1, 2, 4, 10 and 30 steps.

# %%
digit = condition_on(load("mnist-flow"), torch.arange(10))
images = path.prior((10, 1, 28, 28), torch.Generator().manual_seed(1))
walks = {N: trace(samplers.euler, digit, images, path, path.grid(N)) for N in (1, 2, 4, 10, 30)}
ends = {N: states[-1].x for N, states in walks.items()}
off = [(ends[N] - ends[30]).abs().mean().item() for N in (1, 2, 4, 10)]
assert off == sorted(off, reverse=True) and off[0] > 5 * off[3]
show(
    image_grid(torch.cat(list(ends.values())), columns=10),
    "Rows: 1, 2, 4, 10, 30 steps. One step gives each digit's blurred mean, four a digit with flaws, ten nearly the "
    "digit of thirty: its pixels differ by less than a fifth of what those of one step do.",
)

# %% [markdown]
# Four to ten steps, as promised. How straight are these ways?

# %%
bend = straightness(walks[30])
assert bend < 0.1 < straightness(exact)
print("straightness of the digits' ways: below 0.1")
print(f"straightness of the three heaps' in the plane: {straightness(exact):.2f}")

# %% [markdown]
# So they *are* nearly straight, and still one step is a blur? $S$ is a share of the whole way. In 784 dimensions most
# of the way is noise that has to go, whatever the picture will be; what decides the picture is a small part of it.
# Straightness of trajectories, as a number, says little about pictures unless one also says in how many dimensions.

# %% [markdown]
# ## Move it
#
# The exact denoiser on three paths. Set one step: every way leads to the mean. Find the fewest steps at which Euler
# on the straight path has the error of ten steps on the linear one. Compare Euler and DDIM on the cosine path, where
# they are not the same; then let Heun try.

# %% tags=["panel"]
flow_panel(mixture, [path, cosine, schedules.ddpm_linear()])

# %% [markdown]
# ## Exercises
#
# **1.** The point at time $t$ on the straight line.


# %%
def flow_point(x0, eps, t):
    raise NotImplementedError


check("flow_point", flow_point)

# %% [markdown]
# **2.** What the network should answer. Mind the sign.


# %%
def velocity_target(x0, eps):
    raise NotImplementedError


check("velocity_target", velocity_target)

# %% [markdown]
# **3.** From the velocity back to the clean sample: the line that makes every sampler of this course work on a flow
# model.


# %%
def flow_x0(x, u, t):
    raise NotImplementedError


check("flow_x0", flow_x0)

# %% [markdown]
# ## Pitfalls
#
# - **The sign, and the direction of time.** Before you combine two codes, evaluate both velocities at one known pair.
# - **"Straight paths".** The pairs of training are straight; the flow is not, unless something made it so.
# - **Noise prediction at $t = 1$.** There $\alpha = 0$, and $\hat x_0 = (x - \sigma\hat\varepsilon)/\alpha$ is 0 by 0.
#   Predict the velocity.
# - **A grid that ends at 0.001 before 0** spends a whole evaluation on the last thousandth of the way.
# - **Matching with labels.** If noise is matched to data within a labelled batch, the noise gives the label away.
#   Use it for unconditional training only.

# %% [markdown]
# ## What to remember
#
# - $x_t = (1-t)x_0 + t\varepsilon$, $u = \varepsilon - x_0$: no schedule to design.
# - The network learns the *mean* of the lines through a point. The flow of that mean bends.
# - Euler on it is DDIM. A flow model is a diffusion model on another clock.
# - One step returns the mean of the data. Straight flows are made, by matching or by reflow.

# %% [markdown]
# ## Scope check

# %%
scope_check("06")

# %% [markdown]
# ## Further reading
#
# - Liu, Gong, Liu, *Flow Straight and Fast: Learning to Generate and Transfer Data with Rectified Flow*, 2022: the
#   straight line, straightness, and reflow. https://arxiv.org/abs/2209.03003
# - Lipman, Chen, Ben-Hamu, Nickel, Le, *Flow Matching for Generative Modeling*, 2022: the loss, for any path.
#   https://arxiv.org/abs/2210.02747
# - Tong, Fatras, Malkin, Huguet, Zhang, Rector-Brooks, Wolf, Bengio, *Improving and Generalizing Flow-Based Generative
#   Models with Minibatch Optimal Transport*, 2023. https://arxiv.org/abs/2302.00482
# - Esser and others, *Scaling Rectified Flow Transformers for High-Resolution Image Synthesis*, 2024: flow in a
#   production model, and at which times to train. https://arxiv.org/abs/2403.03206
