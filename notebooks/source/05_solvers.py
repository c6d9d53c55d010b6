# %% [markdown]
# # 05 Solvers
#
# **Question.** If sampling is solving an equation, how good is the solver, and what does a higher order buy?
#
# **Budget.** About 50 seconds of one CPU core, 0.9 GB of memory, nothing to download.
#
# **Afterwards you can** write the equation that every deterministic sampler solves; measure the order of a solver
# instead of believing it; build DPM-Solver++(2M) and draw digits with it; and say what a second order gains, at which
# number of steps, and for which of the digits.

# %%
import math
from itertools import pairwise

import torch

from diffusion_lessons import check, generate, load, sample, samplers, schedules, toys, trace, working
from diffusion_lessons.denoisers import condition_on
from diffusion_lessons.figures import noising, order_figure, show, style, trajectories
from diffusion_lessons.panels import order_panel, predict, scope_check
from diffusion_lessons.samplers import ode_field
from diffusion_lessons.toys import convergence, exact_flow, gaussian_quantiles, wasserstein_1

# %%
path, runs = schedules.ddpm_linear(), convergence.solvers()

# %%
opening = {
    style.label(name): generate(load("mnist-diffusion"), 10, labels=range(10), sampler=name, steps=5)[-1].x
    for name in ("heun", "ddim", "dpm_solver_pp_2m")
}
show(
    noising.image_strip(opening, list("0123456789"), "One network, one noise, five steps, three solvers"),
    "Three ways to solve one equation. Heun's method, of second order, evaluates the network nine times in its five "
    "steps and the others five times. Its 5 is the cleanest of the three; yet its 4, 7 and 9 are misshapen, and theirs "
    "are not. This lesson finds out why.",
)

# %% [markdown]
# ## The equation
#
# Lesson 04 left a hint: DDIM's error halves when its steps double. So does that of Euler's method, the oldest one for
# differential equations. Is sampling the solution of a differential equation, and of which?
#
# Along a pair of a sample and its noise, $x_t = \alpha_t x_0 + \sigma_t \varepsilon$ moves with the velocity $\alpha_t'
# x_0 + \sigma_t'\varepsilon$. A sampler does not know the pair. So put in what the denoiser predicts, which is the mean
# over all pairs that pass through the point $x$ at time $t$:
#
# $$\frac{dx}{dt} = \alpha_t'\,\hat x_0(x, t) + \sigma_t'\,\hat\varepsilon(x, t).$$
#
# This is the *probability-flow ODE*. It carries the noise at $t = T$ to the data at $t = 0$ without any randomness, and
# particles that follow it have the right distribution at every time. (That a *mean* velocity may be followed is a
# theorem; lesson 06 proves and tests it.) Most papers write it with the score, the slope of the log density of $x_t$:
#
# $$\frac{dx}{dt} = f_t\,x - \tfrac12 g_t^2\,\nabla\log p_t(x), \qquad
# f_t = \frac{\alpha_t'}{\alpha_t}, \quad g_t^2 = 2\sigma_t\sigma_t' - 2 f_t \sigma_t^2 .$$
#
# The two are the same equation, because $\hat\varepsilon = -\sigma_t\nabla\log p_t(x)$ (lesson 02). Check it on a
# mixture of three clusters in the plane, whose score and denoiser are both known. This mixture is what every solver of
# the lesson will be measured on.

# %%
x, t = torch.tensor([[0.4, -1.1]], dtype=torch.float64), 400.5
f = path.d_alpha(t) / path.alpha(t)
g_squared = 2 * path.sigma(t) * path.d_sigma(t) - 2 * f * path.sigma(t) ** 2
with_score = f * x - 0.5 * g_squared * convergence.MIXTURE.score(x, path, t)
ours = ode_field(convergence.MIXTURE.denoiser(path), path)(t, x)
assert torch.allclose(with_score, ours, atol=1e-12)
print("with the score and with the denoiser: the same dx/dt, to twelve decimals")

# %%
start = path.prior((40, 2), torch.Generator().manual_seed(3), dtype=torch.float64)
exact = exact_flow(convergence.MIXTURE.denoiser(path), start, path, path.grid(40), tolerance=1e-8)
show(
    trajectories.plane_figure(convergence.MIXTURE, {"exact flow": exact}, reach=2.6),
    "Forty points of noise and their exact trajectories along the equation, from noise to the three clusters.",
)

# %% [markdown]
# ## Reading a slope
#
# Since the right-hand side is known exactly, so is the solution, to as many digits as we like: a general solver of
# high order finds it. Now every sampler can be measured against the truth, without a network in between. All starts
# are the same 32 points of noise; the error is the root mean square distance at the end.
#
# A solver is of **order** $p$ if its error falls like $1/N^p$ in the number of steps $N$. Twice the steps divide it by
# $2^p$: by 2, 4, 8 for $p = 1, 2, 3$. With both axes logarithmic, that is a straight line of slope $-p$.
#
# **Exercise 1. Measure an order**, from the errors at several numbers of steps: fit a straight line to the logarithms
# by least squares, through all the points, and return minus its slope. Your function measures the order of DDIM below.


# %%
def slope(errors, steps):
    raise NotImplementedError


check("slope", slope)

# %%
rows = convergence.errors({"ddim": runs["ddim"]}, steps=(8, 16, 32, 64, 128))
for before, row in zip([None, *rows], rows, strict=False):
    fall = f", {before.error / row.error:.2f} times less than before" if before else ""
    print(f"{row.steps:>3} steps of DDIM: error {row.error:.4f}{fall}")
measured = working("slope", slope)([row.error for row in rows], [row.steps for row in rows])
print(f"slope over these five points: {measured.item():.2f}")

# %% [markdown]
# ## Solve the known part exactly
#
# A general solver, such as Euler's, knows nothing about $\alpha$ and $\sigma$. It takes a step straight along the
# tangent, $x_s = x_t + (s-t)\,dx/dt$. But we know more. As long as the denoiser's answer stays the same, $x$ moves
# along the curve $\alpha_t\hat x_0 + \sigma_t\hat\varepsilon$, not along a line. Only how $\hat x_0$ and
# $\hat\varepsilon$ change is unknown.
#
# DPM-Solver solves this part exactly. Divide $x$ by $\alpha$: along the equation, $x/\alpha$ changes only as the noise
# over the data does, $d(x/\alpha) = \hat\varepsilon\; d(\sigma/\alpha)$. With the clock $\lambda_t =
# \log(\alpha_t/\sigma_t)$ from lesson 01, $\sigma/\alpha$ is $e^{-\lambda}$, and so
#
# $$x_s = \frac{\alpha_s}{\alpha_t}\,x_t - \alpha_s \int_{\lambda_t}^{\lambda_s} e^{-\lambda}\,
# \hat\varepsilon(x_\lambda, \lambda)\,d\lambda .$$
#
# Solvers that treat the known, linear part in this way are called *exponential integrators*. Hold $\hat\varepsilon$
# constant over the step, of length $h = \lambda_s - \lambda_t$, and the integral is elementary:
#
# $$x_s = \frac{\alpha_s}{\alpha_t}\,x_t - \sigma_s\,(e^h - 1)\,\hat\varepsilon .$$
#
# That is DPM-Solver-1. Have you seen it before?

# %%
t, s = 700.0, 500.0
seen, h = convergence.MIXTURE.denoiser(path)(x, t), path.lam(s) - path.lam(t)
solver_1 = path.alpha(s) / path.alpha(t) * x - path.sigma(s) * math.expm1(h) * seen.eps
ddim = path.alpha(s) * seen.x0 + path.sigma(s) * seen.eps
assert torch.allclose(solver_1, ddim, atol=1e-12)
print("DPM-Solver-1 and DDIM end in the same place, to twelve decimals")

# %% [markdown]
# DDIM was found without any equation, and it is the first-order exponential integrator of this one. What that buys, you
# can see in the simplest case. Let all data be one point, 1. The denoiser then answers $\hat x_0 = 1$ everywhere, and
# the unknown part does not change at all.

# %%
predict("05.one_point")

# %%
point = toys.point_masses(torch.tensor([1.0]).double()).denoiser(path)
start, three = torch.tensor([1.5]).double(), path.grid(3)
walks = {name: trace(samplers.ALL[name], point, start, path, three) for name in ("ddim", "euler")}
figure, axes = style.axes("One data point, three steps", "t (noise at the left)", "$x_t$", size=(6.8, 3.4))
curve = trace(samplers.ddim, point, start, path, path.grid(200))
axes.plot([s.t for s in curve], [s.x.item() for s in curve], color=style.BLACK, label="exact")
for name, states in walks.items():
    axes.plot([s.t for s in states], [s.x.item() for s in states], **style.line(name, linestyle="--"))
axes.set(xlim=(1000, -20))
axes.legend(frameon=False)
ends = {name: states[-1].x.item() for name, states in walks.items()}
show(figure, f"After three steps DDIM is at {ends['ddim']:.3f}, Euler at {ends['euler']:.3f}. The data are at 1.")

# %%
for N in (10, 50, 200):
    euler = sample(samplers.euler, point, start, path, path.grid(N)).item()
    print(f"Euler with {N} steps: {euler:.4f}")
for name in ("dpm_solver_2", "dpm_solver_3", "dpm_solver_pp_2m", "dpm_solver_pp_3m"):
    assert abs(sample(samplers.ALL[name], point, start, path, three).item() - 1) < 1e-12
print("DPM-Solver-2, -3, ++(2M) and ++(3M) with 3 steps: 1.0000")

# %% [markdown]
# (For a method of first order, Euler gains strangely little at the end: with four times the steps its error falls by
# only 38 %, not by three quarters. The reason is the end of the path. There $\sigma'$ grows without bound, so that a
# tangent is a poor guide, however short the steps are. [Lesson 05b](05b_orders.ipynb) has more on last steps.)
#
# Real data are not one point. But close to the end of a trajectory, when it is settled which picture it will be, the
# data that are still possible nearly are. There a general solver still makes an error on the curve, and an exponential
# integrator makes hardly any.

# %% [markdown]
# ## Look ahead once
#
# A method of higher order needs to know how the right-hand side *changes* during the step. One idea is to take the step
# provisionally and evaluate again. Heun's method goes to the end of the step, evaluates there, and starts again with
# the mean of both directions:
#
# $$u = x_t + (s-t)\,f(x_t, t), \qquad x_s = x_t + (s-t)\,\tfrac12\big(f(x_t, t) + f(u, s)\big).$$
#
# **Exercise 2. Heun's step.** `field(x, t)` is the right-hand side $f$, and $s$ is below $t$. Your function takes the
# steps that are measured next.


# %%
def heun_step(field, x, t, s):
    raise NotImplementedError


check("heun_step", heun_step)

# %% [markdown]
# DPM-Solver-2 does the same for the unknown part only, and evaluates at the middle of the step, in $\lambda$. Both cost
# a second evaluation for each step. What do they gain by it?
#
# To see it clearly, change to a path that is given by a formula and not by a table of a thousand $\beta_t$: $\alpha = 1
# - t$ and $\sigma = t$, with $t$ from 0 to 1. Lesson 06 is about this *straight path*; here it is useful because it is
# smooth. Take a single step from $t = 0.6$, once to 0.5 and once half as far, and compare with the exact solution.

# %%
straight = schedules.flow()
denoise = convergence.MIXTURE.denoiser(straight)
start = straight.prior((32, 2), torch.Generator().manual_seed(0)).double()
step, field = working("heun_step", heun_step), ode_field(denoise, straight)
solvers = {"DDIM": samplers.ddim, "DPM-Solver-2": samplers.dpm_solver_2}
exact = {s: exact_flow(denoise, start, straight, (0.6, s))[-1].x for s in (0.5, 0.55)}
ends = {name: {s: sample(each, denoise, start, straight, (0.6, s)) for s in exact} for name, each in solvers.items()}
ends["Heun"] = {s: step(lambda x, t: field(t, x), start, 0.6, s) for s in exact}
for name, end in ends.items():
    whole, half = ((end[s] - exact[s]).norm().item() for s in exact)
    print(f"{name}: half the step, {whole / half:.1f} times less error")

# %% [markdown]
# One step of order $p$ errs by its length to the power $p+1$: half as long, 4 times less for order 1 and 8 times less
# for order 2. A run takes twice as many of them, so as a whole it gains a factor of 2 or 4.

# %% [markdown]
# ## A second order for no further evaluation
#
# The other idea is to look *back*. Each step has already made a prediction of the clean sample. Lay a straight line
# through the last two predictions, as a function of $\lambda$, and read it off at the middle of the coming step. That
# is DPM-Solver++(2M). If this step has the length $h$ and the one before had $rh$, both in $\lambda$, then
#
# $$D = \Big(1 + \frac{1}{2r}\Big)\hat x_0 - \frac{1}{2r}\,\hat x_0^{\,\text{before}}, \qquad
# x_s = \frac{\sigma_s}{\sigma_t}\,x_t - \alpha_s\,(e^{-h} - 1)\,D .$$
#
# With $D = \hat x_0$ this is DDIM's step once more. So all that is new is the line for $D$.
#
# **Exercise 3. Write that line.** From the last two predicted clean samples and the lengths of both steps, return the
# prediction for the middle of the coming step. Put into a loop, your function is a sampler, which draws the digits
# below.


# %%
def extrapolate_x0(x0, x0_before, h, h_before):
    raise NotImplementedError


check("extrapolate_x0", extrapolate_x0)

# %%
extrapolate = working("extrapolate_x0", extrapolate_x0)


def look_back(denoise, x, path, times, line=extrapolate):
    """DDIM's steps, with `line` through the last two predicted clean samples in the place of the last one."""
    before, h_before = None, None
    for t, s in pairwise(times):
        with torch.no_grad():
            x0 = denoise(x, t).x0
        h = path.lam(s) - path.lam(t)
        first_or_last = before is None or math.isinf(h)
        D = x0 if first_or_last else line(x0, before, h, h_before)
        x = path.sigma(s) / path.sigma(t) * x - path.alpha(s) * math.expm1(-h) * D
        before, h_before = x0, h
    return x


# %%
times = straight.grid(10, "logsnr", 0.02)
library = sample(samplers.dpm_solver_pp_2m, denoise, start, straight, times)
assert torch.allclose(look_back(denoise, start, straight, times), library, atol=1e-9)
print("this loop and the library's DPM-Solver++(2M) end in the same places, to nine decimals")

# %% [markdown]
# ## At equal cost
#
# A method that looks back costs one evaluation a step, Heun and DPM-Solver-2 cost two, DPM-Solver-3 costs three, and
# the Runge-Kutta method of fourth order, RK4, costs four. So compare at equal *evaluations*, never at equal steps. The
# times are evenly spaced in $\lambda$ and end just above the data, at $t = 0.02$.

# %%
shown = ("ddim", "euler", "heun", "rk4", "dpm_solver_2", "dpm_solver_3", "dpm_solver_pp_2m")
rows = convergence.errors({name: runs[name] for name in shown}, steps=(4, 8, 16, 32, 64, 128, 256), points=16)
fitted = convergence.slopes(rows)
best = {n: style.label(min((r for r in rows if r.nfe == n), key=lambda r: r.error).sampler) for n in (16, 64)}
assert all(abs(fitted[name] - samplers.ALL[name].info.order) < 0.25 for name in shown)
figure = order_figure(rows)
figure.axes[0].set_title("With many steps each keeps its order; with few, the lines cross")
show(
    figure,
    f"Slopes: DDIM {fitted['ddim']:.2f}, DPM-Solver-2 {fitted['dpm_solver_2']:.2f}, ++(2M) "
    f"{fitted['dpm_solver_pp_2m']:.2f}, DPM-Solver-3 {fitted['dpm_solver_3']:.2f}, RK4 {fitted['rk4']:.2f}. "
    f"Nearest to the exact solution: {best[16]} with 16 evaluations, {best[64]} with 64. "
    "From 64 evaluations on, Heun's line is hidden by that of ++(2M).",
)

# %% [markdown]
# **Every one of them keeps its promise, to within a quarter of an order.** (DDIM and Euler share a line. That is no
# accident: on the straight path they are the same, as lesson 06 shows.) But look at the left end of the picture, at the
# numbers of evaluations that people use. The lines are not straight there, and they cross: at 16 evaluations a method
# of second order that looks back is ahead of one of fourth order. Order says what happens *in the end*. It does not say
# how far away the end is.
#
# Do the orders also hold on DDPM's linear path? That path is a table of a thousand numbers, and a solver in $t$ asks
# for $\alpha'$ *between* them. If straight lines join the values of $\log\bar\alpha$, then $\alpha'$ jumps at every
# whole time, and no order is left once the steps are shorter than 1. The library therefore lays a smooth curve through
# the table, a cubic spline, and the orders come back:

# %%
in_t = ("heun", "midpoint", "rk4")
on_table = convergence.errors({n: runs[n] for n in in_t}, path=path, t_min=1.0, steps=(64, 128, 256), points=16)
for name, value in convergence.slopes(on_table, at_least=64).items():
    assert abs(value - samplers.ALL[name].info.order) < 0.2
    print(f"{style.label(name)} on the linear path, 64 to 256 steps: slope {value:.2f}")

# %% [markdown]
# ## Against a thousand steps of DDPM
#
# One of the articles behind this course promises that 10 to 20 steps of DPM-Solver equal or exceed a thousand of DDPM.
# Let us see on the two clusters of lesson 04, with the exact denoiser and 10,000 samples each. The number is W1, the
# mean distance by which the samples would have to be moved to follow the data. A deterministic solver starts from
# 10,000 evenly spread numbers, so that W1 shows its own error and not the luck of its starts. DDPM is random, so it has
# five seeds. Even *exact* samples do not score 0.

# %%
clusters, generator = toys.GaussianMixture([-1.0, 1.0], stds=0.2, weights=[0.3, 0.7]), torch.Generator().manual_seed(0)
denoise, noise = clusters.denoiser(path), gaussian_quantiles(10_000)
floor = torch.tensor([wasserstein_1(clusters.sample(10_000, generator, torch.float64), clusters) for _ in range(50)])
print(f"exact samples: {floor.mean():.4f} +- {floor.std():.4f} over 50 draws")
walked = [sample(samplers.ddpm, denoise, noise, path, path.grid(1000), generator=generator) for _ in range(5)]
walked = torch.tensor([wasserstein_1(x, clusters) for x in walked])
print(f"DDPM, 1000 steps: {walked.mean():.4f} +- {walked.std():.4f} over 5 seeds")
for name, N in (("ddim", 20), *(("dpm_solver_pp_2m", N) for N in (10, 20, 40, 80))):
    x = sample(samplers.ALL[name], denoise, noise, path, path.grid(N, "logsnr"))
    print(f"{style.label(name)}, {N} steps: {wasserstein_1(x, clusters):.4f}")

# %% [markdown]
# **Ten steps do not keep the promise, twenty nearly do, and forty do.** A thousand steps of DDPM score what exact
# samples score. With 20 steps the solver's own error is a little above what 10,000 exact samples score by chance; with
# 40 it is far below. So on these data the solver is as good as DDPM at a 25th to a 50th of the cost, and not at a
# hundredth. How many steps it takes also depends on the grid and on the data; lesson 05b changes both.

# %% [markdown]
# ## On digits
#
# So let us leave the toys. For a network the exact solution is not known, but it can be computed: solve the *network's*
# equation with a hundred steps, and ask how near fewer steps come to that solution from the same noise. This measures
# the solver alone; whether the network's own solution is a good digit is another question. With a hundred steps, two
# solvers nearly agree on it:

# %% tags=["within-0.0005"]
network, counts, labels = load("mnist-diffusion"), (5, 8, 10, 20), torch.arange(10)
digit, digit_path = condition_on(network, labels), network.path
noise = digit_path.prior((10, *network.shape), torch.Generator().manual_seed(0))
solved, other = (
    sample(solver, digit, noise, digit_path, digit_path.grid(100))
    for solver in (samplers.dpm_solver_pp_2m, samplers.dpm_solver_pp_3m)
)


def apart(x):
    """The root mean square distance of each digit to the network's own solution, in units of pixel values."""
    return (x - solved).square().flatten(1).mean(dim=1).sqrt()


print(f"with 100 steps, DPM-Solver++(2M) and ++(3M) end {apart(other).mean():.4f} apart, mean of ten digits")

# %%
predict("05.on_digits")

# %% tags=["within-0.001"]
drawn = {}
for N in counts:
    grid = digit_path.grid(N)
    drawn["DDIM", N] = sample(samplers.ddim, digit, noise, digit_path, grid)
    drawn["2M", N] = look_back(digit, noise, digit_path, grid)
    by_ddim, by_2m = apart(drawn["DDIM", N]), apart(drawn["2M", N])
    print(f"{N} steps: ++(2M) is nearer than DDIM for {(by_2m < by_ddim).sum()} of 10 digits")
    for name, off in (("DDIM", by_ddim), ("++(2M)", by_2m)):
        rms = off.square().mean() ** 0.5
        print(f"    {name}: median digit {off.quantile(0.5):.3f} away, the 1 {off[1]:.3f}, all ten (RMS) {rms:.3f}")


# %%
rows = {
    f"{label}, {solver}": torch.stack([*(drawn[solver, N][label] for N in counts), solved[label]])
    for label in (5, 1)
    for solver in ("DDIM", "2M")
}
gain = 1 - apart(drawn["2M", 10])[5] / apart(drawn["DDIM", 10])[5]
show(
    noising.image_strip(rows, [*(f"{N} steps" for N in counts), "100 steps"], "One noise, two solvers, more steps"),
    f"With ten steps, the 5 by ++(2M) is {gain:.0%} nearer to the network's own solution, at the right, than the 5 by "
    "DDIM: look where its stroke breaks with few steps. Of the 1, both solvers draw another foot than that of the "
    "network's own solution, until ++(2M) finds it at 20 steps.",
)

# %% [markdown]
# **On the usual digit the second order pays, the more so the more steps there are, and it costs nothing.** With five
# steps the median digit is nearer by an eighth, with ten by two fifths, with twenty by three fifths.
#
# **And for one of the ten a higher order does not help until the steps are many.** Look at the 1. With five and eight
# steps ++(2M) is a little farther away than DDIM, and with ten hardly nearer. At ten steps this one digit makes up more
# than half of the *mean square* error of ++(2M), so the root mean square alone would say that the order gains only a
# quarter there. Look at single samples before you believe a mean. And look at the pictures: the 1 of five steps is
# farther from the network's own solution, and it is no worse a 1. A digit that is nearer to the solution need not look
# better. Lesson 10 compares the pictures themselves, first those of a network that was trained on an eighth of the
# images.
#
# Heun's method is of second order, too. How does it do on digits? It makes two evaluations a step, and one on the last.

# %% tags=["within-0.001"]
for N in (5, 10):
    grid = digit_path.grid(N)
    first = {"by Heun": noise, "by DDIM": sample(samplers.ddim, digit, noise, digit_path, grid[:2])}
    for name, x in first.items():
        rest, nfe = (grid, 2 * N - 1) if name == "by Heun" else (grid[1:], 2 * N - 2)
        median = apart(sample(samplers.heun, digit, x, digit_path, rest)).quantile(0.5)
        print(f"Heun in {N} steps, the first {name}: {nfe} evaluations, the median digit is {median:.3f} away")

# %% [markdown]
# **One step ruins it.** At about equal cost Heun is four to five times as far away as DDIM. But take the first of its
# steps by DDIM, and most of that distance is gone: with eight evaluations Heun is now somewhat farther than DDIM, and
# with eighteen it is nearer than DDIM with twenty, though not as near as ++(2M). So neither its order nor its tangents
# in general are to blame. The path of this network, the cosine path, is a table whose last entries are cut off, and at
# $t = 1000$ the slope of $\alpha$ is not that of the step which starts there; lesson 06 measures it. A solver that uses
# $\alpha'$ can be misled at one time. An exponential integrator never needs it.

# %% [markdown]
# ## Move it
#
# Every solver on the three clusters, two of them in colour. Find a solver that is ahead of another at 12 evaluations
# and behind it at 100. Is it still ahead at 12 on each of the four grids?

# %% tags=["panel"]
order_panel(path)

# %% [markdown]
# ## Exercises
#
# Exercises 1 to 3 stand [above](#Reading-a-slope), where they are used.
#
# **4. To investigate.** You have ten evaluations on the trailing grid, and a sampler that is a loop of ten lines.
# Change the function `line`: look back less or more, only early or only late, or farther than one step. Can you come
# nearer to the network's own solution than ++(2M) does? If you have found something, test it with the noise of another
# seed (and the network's own solution from that noise) before you believe it. (Afterwards,
# `check("farther_at_first").solution(found)` shows one answer, for the distance that you found.)


# %%
def distance(line):
    """The distance of the median digit to the network's own solution, with your line in the loop.

    Not the mean: one digit, the 1, would make up almost a third of it.
    """
    return apart(look_back(digit, noise, digit_path, digit_path.grid(10), line)).quantile(0.5).item()


print(f"to beat, DPM-Solver++(2M): {distance(extrapolate):.4f}")
print(f"a first try, half of the change: {distance(lambda x0, *more: (x0 + extrapolate(x0, *more)) / 2):.4f}")

# %% [markdown]
# ## Pitfalls
#
# - **Steps for evaluations.** Heun's step costs two, DPM-Solver-3's three, and guidance doubles all of them. Count the
#   calls of the denoiser.
# - **Order for accuracy.** Order says how fast the error falls in the limit of many steps. At ten evaluations a method
#   of lower order may be nearer.
# - **A cause without its experiment.** Heun's order, its tangents and its first step all could have been to blame.
#   Changing one thing at a time told which.
# - **A mean of squares for all samples.** A few that are far off outweigh the rest. Print the median beside it.
# - **A single Gaussian as the test.** It is smoother than any data and flatters high orders. Take a mixture.
# - **A table is as smooth as what joins it.** Solvers in $t$ differentiate it; with straight lines between whole times
#   they stop gaining once their steps are shorter than 1. Solvers in $\lambda$ never differentiate $\alpha$.

# %% [markdown]
# ## What to remember
#
# - Sampling without noise is solving $dx/dt = \alpha'\hat x_0 + \sigma'\hat\varepsilon$.
# - DDIM is DPM-Solver-1: the part that is known is solved exactly, the denoiser's answer is kept for a step.
# - Methods of higher order evaluate inside the step (which costs more) or look back (which costs nothing).
# - Every method keeps its order in the end. At the few steps that people take, the lines cross.
# - On digits looking back gains an eighth with five steps and two fifths with ten: on the usual digit. On one of the
#   ten it gains next to nothing before there are more steps.

# %% [markdown]
# ## Scope check

# %%
scope_check("05")

# %% [markdown]
# ## Further reading
#
# - Lu, Zhou, Bao, Chen, Li, Zhu, *DPM-Solver: A Fast ODE Solver for Diffusion Probabilistic Model Sampling in Around 10
#   Steps*, 2022: the exact solution in $\lambda$ and the orders 1 to 3. https://arxiv.org/abs/2206.00927
# - Lu, Zhou, Bao, Chen, Li, Zhu, *DPM-Solver++: Fast Solver for Guided Sampling of Diffusion Probabilistic Models*,
#   2022: 2S and 2M. https://arxiv.org/abs/2211.01095
# - Karras, Aittala, Aila, Laine, *Elucidating the Design Space of Diffusion-Based Generative Models*, 2022: Heun's
#   method for diffusion. https://arxiv.org/abs/2206.00364
# - Song, Sohl-Dickstein, Kingma, Kumar, Ermon, Poole, *Score-Based Generative Modeling through Stochastic Differential
#   Equations*, 2021, section 4.3: the probability-flow ODE. https://arxiv.org/abs/2011.13456
