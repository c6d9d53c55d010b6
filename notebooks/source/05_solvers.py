# %% [markdown]
# # 05 Solvers
#
# **Question.** If sampling is solving an equation, how good is the solver, and does it keep what its paper promises?
#
# **Budget.** About 35 seconds of one CPU core, 1.0 GB of memory, nothing to download.
#
# **Afterwards you can** write the equation that every deterministic sampler solves; measure the order of a solver
# instead of believing it; choose solver and grid for a budget of evaluations; and see a kink in a curve for what it
# is.

# %%
import math
from itertools import pairwise

import torch

from diffusion_lessons import check, load, sample, samplers, schedules, toys, trace, working
from diffusion_lessons.denoisers import condition_on
from diffusion_lessons.figures import last_steps_figure, noising, order_figure, show, style, trajectories
from diffusion_lessons.panels import order_panel, predict, scope_check
from diffusion_lessons.samplers import ode_field
from diffusion_lessons.toys import convergence, exact_flow, gaussian_quantiles, last_step_errors, wasserstein_1

path, runs = schedules.ddpm_linear(), convergence.solvers()

# %% [markdown]
# ## The equation
#
# Lesson 04 ended with a hint: DDIM's error halves when its steps double. So does that of the oldest method for
# differential equations. What is the equation here?
#
# Along a pair of a sample and its noise, $x_t = \alpha_t x_0 + \sigma_t \varepsilon$ moves with the velocity $\alpha_t'
# x_0 + \sigma_t'\varepsilon$. A sampler does not know the pair, so put in what the denoiser sees, which is the mean
# over all pairs that pass through the point:
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
# The two are one. Here is a mixture of three clusters in the plane, whose score and denoiser are both known. It will be
# the measuring stick of this lesson.

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
# A solver is of **order** $p$ if its error falls like $1/N^p$ in the number of steps $N$. Twice the steps divide it
# by $2^p$: by 2, 4, 8 for $p = 1, 2, 3$. On doubly logarithmic axes that is a straight line of slope $-p$.
#
# **Exercise 1. Measure an order**, from errors at several numbers of steps: minus the slope of a straight line through
# the logarithms, by least squares through all the points. Your function reads the first slope below.


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
# A general solver, such as Euler's, knows nothing about $\alpha$ and $\sigma$. It goes straight along the tangent
# $dx/dt$. But we know how $x$ moves as long as the denoiser's answer stays the same: along the curve
# $\alpha_t\hat x_0 + \sigma_t\hat\varepsilon$, not along a line. Only $\hat x_0$ and $\hat\varepsilon$ are unknown.
#
# DPM-Solver solves this part exactly. With the clock $\lambda_t = \log(\alpha_t/\sigma_t)$ from lesson 01,
#
# $$x_s = \frac{\alpha_s}{\alpha_t}\,x_t - \alpha_s \int_{\lambda_t}^{\lambda_s} e^{-\lambda}\,
# \hat\varepsilon(x_\lambda, \lambda)\,d\lambda .$$
#
# Solvers of this kind are called *exponential integrators*. Hold $\hat\varepsilon$ constant over the step, of length
# $h = \lambda_s - \lambda_t$, and the integral is elementary:
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
# (Euler's last figures are odd for a method of first order: four times the steps gain a third. The reason is the end of
# the path, where $\sigma' $ grows without bound, so that the last step is never small. [The last step](#The-last-step)
# comes back to it.)
#
# Real data are not one point. But close to the end of a trajectory, when it has been settled which picture it will be,
# they nearly are. The general solver still pays for the curve, while the exponential one has nothing left to do.

# %% [markdown]
# ## Look ahead once
#
# A method of higher order needs to know how the right-hand side *changes* during the step. The oldest idea is to go and
# see. Heun's method goes to the end of the step, evaluates there, and starts again with the mean of both directions:
#
# $$u = x_t + (s-t)\,f(x_t, t), \qquad x_s = x_t + (s-t)\,\tfrac12\big(f(x_t, t) + f(u, s)\big).$$
#
# DPM-Solver-2 does the same to the unknown part only, and evaluates at the middle of the step, in $\lambda$. Both pay a
# second evaluation. What do they get? Take a single step from $t = 0.6$ on the straight path, and one half as long.

# %%
straight = schedules.flow()
denoise = convergence.MIXTURE.denoiser(straight)
start = straight.prior((32, 2), torch.Generator().manual_seed(0)).double()
for name in ("ddim", "heun", "dpm_solver_2"):
    error = []
    for end in (0.5, 0.55):
        exact = exact_flow(denoise, start, straight, (0.6, end))[-1].x
        error.append((sample(samplers.ALL[name], denoise, start, straight, (0.6, end)) - exact).norm().item())
    print(f"{style.label(name)}: half the step, {error[0] / error[1]:.1f} times less error")

# %% [markdown]
# One step of order $p$ errs by its length to the power $p+1$: twice as short, 4 times less for order 1 and 8 times
# less for order 2. There are twice as many of them, so a whole run gains 2 and 4.

# %% [markdown]
# ## A second order for no further evaluation
#
# The other idea is to look *back*. Each step has left a prediction of the clean sample behind. Lay a straight line
# through the last two, and read it off at the middle of the coming step. That is DPM-Solver++(2M), with the lengths $h$
# of this step and $rh$ of the one before:
#
# $$D = \Big(1 + \frac{1}{2r}\Big)\hat x_0 - \frac{1}{2r}\,\hat x_0^{\,\text{before}}, \qquad
# x_s = \frac{\sigma_s}{\sigma_t}\,x_t - \alpha_s\,(e^{-h} - 1)\,D .$$
#
# One evaluation a step. So compare at equal *evaluations*, never at equal steps. Here are the solvers so far, beside
# DPM-Solver-3, with three evaluations a step, and the Runge-Kutta method of fourth order, with four. We take the
# straight path of lesson 06, $\alpha = 1 - t$ and $\sigma = t$, because its smoothness shows the orders best; the times
# are evenly spaced in $\lambda$ and end just above the data, at $t = 0.02$.

# %%
shown = ("ddim", "euler", "heun", "rk4", "dpm_solver_2", "dpm_solver_3", "dpm_solver_pp_2s", "dpm_solver_pp_2m")
rows = convergence.errors({name: runs[name] for name in shown}, steps=(4, 8, 16, 32, 64, 128, 256), points=16)
slope = convergence.slopes(rows)
best = {n: style.label(min((r for r in rows if r.nfe == n), key=lambda r: r.error).sampler) for n in (16, 64)}
assert all(abs(slope[name] - samplers.ALL[name].info.order) < 0.25 for name in shown)
show(
    order_figure(rows),
    f"Slopes: DDIM {slope['ddim']:.2f}, DPM-Solver-2 {slope['dpm_solver_2']:.2f}, ++(2M) "
    f"{slope['dpm_solver_pp_2m']:.2f}, DPM-Solver-3 {slope['dpm_solver_3']:.2f}, RK4 {slope['rk4']:.2f}. "
    f"Nearest to the exact solution: {best[16]} with 16 evaluations, {best[64]} with 64.",
)

# %% [markdown]
# Every one of them keeps its promise, to within a quarter of an order. (DDIM and Euler share a line. That is no
# accident: on the straight path they are the same, as lesson 06 shows.) But look at the left end of the picture, where
# samplers are used. The lines are not straight there, and they cross: at 16 evaluations a method of second order that
# looks back is ahead of one of fourth order. Order says what happens *in the end*. How far away the end is, it does not
# say.
#
# The straight path is smooth. DDPM's is a table of a thousand numbers, and a solver in $t$ asks for $\alpha'$ *between*
# them. If straight lines join the values of $\log\bar\alpha$, $\alpha'$ jumps at every whole time, and no order is left
# once the steps are shorter than 1. The library therefore lays a smooth curve through the table, a cubic spline.

# %%
in_t = ("heun", "midpoint", "rk4")
on_table = convergence.errors({n: runs[n] for n in in_t}, path=path, t_min=1.0, steps=(64, 128, 256), points=16)
for name, value in convergence.slopes(on_table, at_least=64).items():
    assert abs(value - samplers.ALL[name].info.order) < 0.2
    print(f"{style.label(name)} on the linear path, 64 to 256 steps: slope {value:.2f}")

# %% [markdown]
# ## A third order that is not there
#
# Now the multistep method that is called third-order, DPM-Solver++(3M). The paper describes the second-order ++(2M);
# the 3M is in the authors' code and, line for line, in diffusers. It lays a parabola through the last three predictions
# of the clean sample, and integrates it over the step.

# %%
predict("05.third_order")

# %%
both = {name: runs[name] for name in ("dpm_solver_pp_3m", "dpm_solver_pp_3m (corrected)")}
many = convergence.errors(both, steps=(4, 8, 16, 32, 64, 128, 256, 512, 1024))
slope = convergence.slopes(many, at_least=256)
late = [row.error for row in many if row.steps == 1024]
assert abs(slope["dpm_solver_pp_3m"] - 2) < 0.15 and abs(slope["dpm_solver_pp_3m (corrected)"] - 3) < 0.15
show(
    order_figure(many, at_least=256),
    f"Slopes from 256 steps on: {slope['dpm_solver_pp_3m']:.2f} as in the authors' code, "
    f"{slope['dpm_solver_pp_3m (corrected)']:.2f} with the factor. "
    f"At 1024 steps the corrected form is {late[0] / late[1]:.1f} times closer.",
)

# %% [markdown]
# **A method of third order, by its name, has slope 2.** Here is why. Three values $m_0, m_1, m_2$ at distances $r_0$
# and $r_1$ give two first differences, and from them a second one:
#
# $$D^{(2)} = \frac{D^{(1)}_0 - D^{(1)}_1}{r_0 + r_1}, \qquad D^{(1)}_0 = \frac{m_0 - m_1}{r_0}, \quad
# D^{(1)}_1 = \frac{m_1 - m_2}{r_1}.$$
#
# This is a *divided difference*. For the parabola $m(\lambda) = c\lambda^2$ it is $c$. The second *derivative* is
# $2c$, and that is what the formula's coefficient was derived for. Half of the correction is missing. You can check
# the first half of this without any sampler:

# %%
m0, m1, m2 = (5.0 * value**2 for value in (0.0, -1.0, -3.0))  # c = 5, at 0 and at distances 1 and 2 before it
difference = ((m0 - m1) / 1 - (m1 - m2) / 2) / (1 + 2)
print(f"for 5 lambda^2 the divided difference is {difference:.1f}, the second derivative 10.0")

# %% [markdown]
# You can find the slip in the authors' repository (`LuChengTHU/dpm-solver`, file `dpm_solver_pytorch.py`): the
# multistep update has `D2 = (1. / (r0 + r1)) * (D1_0 - D1_1)`, while the singlestep update *of the same file* has `D2 =
# 2. * (D1_1 - D1_0) / (r2 - r1)`, with the 2. Diffusers (`scheduling_dpmsolver_multistep.py`) took over the multistep
# line as it is.
#
# So double the term, and be done? The library does it if you ask: `dpm_solver_pp_3m(..., corrected=True)`. It is not
# the default, and here is why.

# %%
few = convergence.errors(both, steps=range(4, 65))
half = len(few) // 2
ratio = {a.steps: a.error / b.error for a, b in zip(few[:half], few[half:], strict=True)}
closer = [N for N in range(4, 33) if ratio[N] < 1]
figure, axes = style.axes(
    "The slip helps a little, then hurts", "steps", "error, as in the code / corrected", size=(6.8, 3.2)
)
axes.plot(list(ratio), list(ratio.values()), **style.line("dpm_solver_pp_3m", markersize=4))
axes.axhline(1, color=style.GREY, linestyle=":")
show(
    figure,
    f"From 4 to 32 steps the published form is the closer one at {len(closer)} of 29 numbers of steps, by at most "
    f"{1 - min(ratio.values()):.0%}. At 64 steps its error is {ratio[64]:.2f} times that of the corrected form.",
)

# %% [markdown]
# At most of the step counts that people use, the slip makes the samples a little *better*; the figure shows the
# exceptions around 10 steps. A plausible reason: the steps are long there, so a polynomial through three noisy
# predictions is a bad guide to the next one, and half a correction overshoots less than a whole one. We measured the
# fact, not the reason. The published image qualities were obtained with the slip. So both forms have their place, and
# only the *name* is wrong. Nobody notices on images, because nobody takes a thousand steps there.

# %% [markdown]
# ## Runge-Kutta against exponential integrators
#
# One of the articles behind this course says that DPM-Solver "uses Runge-Kutta". It borrows the evaluations inside a
# step from Runge and Kutta, and it solves the linear part exactly besides. Does that matter? Give each solver 12
# evaluations on the linear path and the better of two grids; first on our three broad clusters, then on the same
# clusters ten times and more thinner.

# %%
thin = toys.GaussianMixture(convergence.MIXTURE.means, stds=0.02, weights=convergence.MIXTURE.weights)
names = ("euler", "heun", "rk4", "ddim", "dpm_solver_2", "dpm_solver_pp_2m")
found = {}
for width, mixture in {"broad": convergence.MIXTURE, "thin": thin}.items():
    for grid in ("trailing", "logsnr"):
        problem = {"path": path, "t_min": 1.0, "mixture": mixture}
        for row in convergence.errors({n: runs[n] for n in names}, steps=(3, 6, 12), spacing=grid, **problem):
            if row.nfe == 12:
                found[width, row.name] = min((row.error, grid), found.get((width, row.name), (9.0, "")))
for name in names:
    words = [
        f"{width} clusters {error:.3f} ({grid})" for width in ("broad", "thin") for error, grid in [found[width, name]]
    ]
    print(f"{style.label(name):>16}: {', '.join(words)}")

# %% [markdown]
# On broad clusters the order of the methods is not what their names suggest: plain Euler is twice as near as DDIM, and
# DPM-Solver-2, of second order, is the worst of all. On thin clusters they part the other way: Heun is far off,
# DPM-Solver-2 is several times nearer, and ++(2M), which spends its evaluations on twice as many steps, is nearer
# still. Images are thin in their space: of all arrays of pixels, few are pictures. That is where exponential
# integrators belong. (At *first* order DDIM has no advantage over Euler here.) So "which solver is best" has no answer
# before one says *for which data, at which budget, on which grid*.

# %% [markdown]
# ## Against a thousand steps of DDPM
#
# The same article promises that 10 to 20 steps of DPM-Solver equal or exceed a thousand of DDPM. Let us see on the two
# clusters of lesson 04, with the exact denoiser and 10,000 samples each. The number is W1, the mean distance by which
# the samples would have to be moved to follow the data. A solver without randomness starts from 10,000 evenly spread
# numbers, so that its own error shows and not the luck of a start; DDPM is random, so it has five seeds. Even *exact*
# samples do not score 0.

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
# **Ten steps do not keep the promise, twenty nearly do, and forty do.** With 20 steps the solver's own error is a
# little above what 10,000 exact samples score by chance; with 40 it is far below. A thousand steps of DDPM score what
# exact samples score. So on these data the promise holds at a price that is 25 to 50 times lower than DDPM's, and not
# at a hundredth. It also depends on the grid, which comes next, and on the data.

# %% [markdown]
# ## On digits
#
# So let us leave the toys. For a network the exact solution is not known, but it can be computed: solve the *network's*
# equation with a hundred steps, and ask how near fewer steps come, from the same noise. That measures the solver alone;
# how good the network's own solution is, is another question.

# %%
predict("05.on_digits")

# %%
network, counts, rows = load("mnist-diffusion"), (5, 8, 10, 20), {}
digit, digit_path = condition_on(network, torch.arange(10)), network.path
noise = digit_path.prior((10, *network.shape), torch.Generator().manual_seed(0))
solved = sample(samplers.dpm_solver_pp_2m, digit, noise, digit_path, digit_path.grid(100))
for name in ("ddim", "dpm_solver_pp_2m"):
    for grid in ("trailing", "logsnr"):
        ends = [sample(samplers.ALL[name], digit, noise, digit_path, digit_path.grid(N, grid)) for N in counts]
        off = [(x - solved).square().mean().sqrt().item() for x in ends]
        words = ", ".join(f"{N} steps {value:.3f}" for N, value in zip(counts, off, strict=True))
        print(f"{style.label(name)}, {grid}: root mean square distance {words}")
        rows[f"{style.label(name)}, {grid}"] = torch.stack([*(x[8] for x in ends), solved[8]])
show(
    noising.image_strip(rows, [*(f"{N} steps" for N in counts), "100 steps"], "From one noise: solver, grid, steps"),
    "An 8 by DDIM and DPM-Solver++(2M) on two grids. Up to ten steps the grid matters and the order hardly; "
    "at twenty the second order is nearer.",
)

# %% [markdown]
# Two surprises. Up to ten steps the second order gains next to nothing, and at twenty it is nearer by almost half: the
# same crossing as on the toys. And the grid that was best *there*, evenly spaced in $\lambda$, is the worst here: it
# has many of its times near the clean end, and in these pictures there is little left to decide there. So a finding
# about grids from one kind of data does not carry over to another. (Whether DDPM draws better digits cannot be read
# here, for it has no equation to be near to. Lesson 10 compares the pictures themselves.)

# %% [markdown]
# ## Where to spend the steps
#
# Back to the toys, where it can be measured why. So far their times were evenly spaced in $\lambda$. Most code spaces
# them evenly in $t$ (*trailing*). Watch what that does to the same solver on the linear path. The dotted lines are DDIM
# on the same grids, and the colours are grids, not samplers.

# %%
grids = {"quadratic": style.GREEN, "logsnr": style.BLUE, "karras": style.PURPLE, "trailing": style.VERMILION}
figure, axes = style.axes("Same solver, four grids", "steps", "RMS distance to the exact solution", size=(6.8, 4.0))
error = {}
for grid, color in grids.items():
    for name, look in (("ddim", ":"), ("dpm_solver_pp_2m", "o-")):
        N = (5, 10, 20, 40, 80, 160)
        line = convergence.errors({name: runs[name]}, path=path, spacing=grid, t_min=1.0, steps=N)
        error[grid, name] = [row.error for row in line]
        axes.plot(N, error[grid, name], look, color=color, markersize=4, label=grid if name != "ddim" else None)
axes.set(xscale="log", yscale="log")
axes.legend(frameon=False, title="DPM-Solver++(2M)")
at_10 = ", ".join(f"{grid} {error[grid, 'dpm_solver_pp_2m'][1]:.3f}" for grid in grids)
show(figure, f"Errors of DPM-Solver++(2M) with 10 steps: {at_10}. DDIM, trailing: {error['trailing', 'ddim'][1]:.3f}.")

# %%
for grid in ("logsnr", "trailing"):
    e = error[grid, "dpm_solver_pp_2m"]
    print(f"{grid}: from 40 to 80 steps the slope is {math.log2(e[3] / e[4]):.2f}")

# %% [markdown]
# With times evenly spaced in $t$, the second-order method is *worse* than DDIM at ten steps: on its own clock,
# $\lambda$, the last steps are far longer than those before, and it extrapolates over them. The grid costs more than
# the order gains. With short steps near the data (the quadratic grid, which DDIM's paper used for CIFAR-10, or evenly
# spaced in $\lambda$) the same lines of code are several times nearer. Its slope arrives at 2 only much later; until
# then the curve is called *pre-asymptotic*, and a slope that is read off there is not the order of anything.

# %% [markdown]
# ## The last step
#
# Everything above ended at $t = 1$, just above the data. Sampling wants $t = 0$, where $\sigma = 0$ and $\lambda$ is
# infinite. No exponential integrator can take that step by its formula; all take it as DDIM does. It does not shrink
# when $N$ grows:

# %%
for end, where in ((1.0, "to t = 1"), (None, "to t = 0")):
    line = convergence.errors({"2m": runs["dpm_solver_pp_2m"]}, path=path, t_min=end, steps=(160, 320))
    print(f"{where}: from 160 to 320 steps the error falls by a factor {line[0].error / line[1].error:.2f}")

# %% [markdown]
# The error *saturates* at that of the last step. It is far too small to be seen in a picture; but whoever measures an
# order on a grid that ends at 0 measures the last step.
#
# And it is the reason for a rule in the libraries: "below 15 steps, take the last two at lower order" (diffusers; the
# authors' code says 15 in its documentation and tests for 10). Solid: our 3M, which looks at how long a step is.
# Dotted: the same with the rule.

# %%
ends = last_step_errors()
ours, ruled = ends[: len(ends) // 2], ends[len(ends) // 2 :]
jump = {row.steps: row.error for row in ruled}
assert jump[15] > 2 * jump[14] and all(a.error > b.error for a, b in pairwise(ours))
show(
    last_steps_figure(ends),
    f"With the rule the error is {jump[14]:.3f} at 14 steps and {jump[15]:.3f} at 15: one step more and it is "
    f"{jump[15] / jump[14]:.1f} times as large. Without it the error falls at every step.",
)

# %% [markdown]
# On a grid evenly spaced in time the last finite step is the longest, measured in $\lambda$. Below 15 steps the rule
# guards it; from 15 on nothing does. If a curve of quality against steps jumps at a round number, look for such a rule
# before you look for a reason.

# %% [markdown]
# ## Move it
#
# Every solver, two of them in colour. Find one that is ahead of another at 12 evaluations and behind it at 100. Which
# is nearest of all at 24 evaluations, on each of the four grids? Then let them end at the data, and see which lines
# stop falling.

# %% tags=["panel"]
order_panel(path)

# %% [markdown]
# ## Exercises
#
# Exercise 1 stands [above](#Reading-a-slope).
#
# **2.** One step of second order, by an evaluation at the end.


# %%
def heun_step(field, x, t, s):
    raise NotImplementedError


check("heun_step", heun_step)

# %% [markdown]
# **3.** The heart of DPM-Solver++(2M): from the last two predicted clean samples, the one for the middle of the coming
# step.


# %%
def extrapolate_x0(x0, x0_before, h, h_before):
    raise NotImplementedError


check("extrapolate_x0", extrapolate_x0)

# %% [markdown]
# **4.** A better grid. Place times evenly in $\lambda$ on the straight path, where $\lambda = \log((1-t)/t)$.


# %%
def logsnr_times(steps, t_max, t_min):
    raise NotImplementedError


check("logsnr_times", logsnr_times)

# %% [markdown]
# **5. To investigate.** On digits the grid decided. Find eleven times for ten evaluations of DPM-Solver++(2M) that come
# nearer to the network's own solution than the trailing grid does. Any decreasing list from 1000 to 0 will do. Would
# your times also win on the three clusters?


# %%
def distance(times):
    """Root mean square distance of ten digits to the network's own solution."""
    return (sample(samplers.dpm_solver_pp_2m, digit, noise, digit_path, times) - solved).square().mean().sqrt().item()


print(f"to beat, trailing: {distance(digit_path.grid(10)):.3f}")
print(f"longer steps at first: {distance([1000 * (1 - k / 10) ** 1.2 for k in range(11)]):.3f}")

# %% [markdown]
# ## Pitfalls
#
# - **Steps for evaluations.** Heun's step costs two, DPM-Solver-3's three, guidance doubles all of them. Count inside
#   the denoiser.
# - **Order for accuracy.** Order is a limit. At ten evaluations the constant decides, and the grid more than both.
# - **A slope read too early**, on a grid with few steps, or too late, where the last step or rounding has taken over.
# - **A single Gaussian as the test.** It is smoother than any data and flatters high orders. Take a mixture.
# - **A table is as smooth as what joins it.** Solvers in $t$ differentiate it; with straight lines between whole times
#   they stop gaining once their steps are shorter than 1. Solvers in $\lambda$ never differentiate $\alpha$.

# %% [markdown]
# ## What to remember
#
# - Sampling without noise is solving $dx/dt = \alpha'\hat x_0 + \sigma'\hat\varepsilon$.
# - DDIM is DPM-Solver-1: the part that is known is solved exactly, the denoiser's answer is kept for a step.
# - Higher orders evaluate inside the step (which costs more) or look back (which costs nothing).
# - 3M as it is in the libraries has slope 2; with a factor 2 it has slope 3; and with few steps the slip often helps a
#   little.
# - A sampler is an update *and* a grid *and* an end. Name all three.

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
# - Karras, Aittala, Aila, Laine, *Elucidating the Design Space of Diffusion-Based Generative Models*, 2022: Heun, and
#   what a grid does. https://arxiv.org/abs/2206.00364
# - Song, Sohl-Dickstein, Kingma, Kumar, Ermon, Poole, *Score-Based Generative Modeling through Stochastic Differential
#   Equations*, 2021, section 4.3: the probability-flow ODE. https://arxiv.org/abs/2011.13456
