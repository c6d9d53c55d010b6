# %% [markdown]
# # 05b Orders
#
# **Question.** When does a solver keep the order in its name, and what matters more?
#
# **Budget.** About 30 seconds of one CPU core, 0.9 GB of memory, nothing to download.
#
# **Afterwards you can** find out whether a method has the order in its name; choose times for a solver, and say why the
# same times suit one solver and not another; and recognise a kink in a curve that was made by a rule in the code.

# %%
import math
from itertools import pairwise

import torch

from diffusion_lessons import check, load, sample, samplers, schedules, toys, trace, working
from diffusion_lessons.denoisers import condition_on
from diffusion_lessons.figures import last_steps_figure, noising, order_figure, show, style, trajectories
from diffusion_lessons.panels import order_panel, predict, scope_check
from diffusion_lessons.toys import convergence, exact_flow, last_step_errors

# %%
path, straight, runs = schedules.ddpm_linear(), schedules.flow(), convergence.solvers()

# %%
noise = path.prior((40, 2), torch.Generator().manual_seed(3), dtype=torch.float64)
three_clusters = convergence.MIXTURE.denoiser(path)
in_five = {
    f"dpm_solver_pp_2m, {grid}": trace(samplers.dpm_solver_pp_2m, three_clusters, noise, path, path.grid(5, grid))
    for grid in ("trailing", "quadratic")
}
goal = exact_flow(three_clusters, noise, path, (path.T, 0.0), tolerance=1e-8)[-1].x
off = [(states[-1].x - goal).square().mean().sqrt().item() for states in in_five.values()]
show(
    trajectories.plane_figure(convergence.MIXTURE, in_five, reach=2.6),
    "One solver, DPM-Solver++(2M), forty points of noise, five steps to three clusters, and two lists of times. Evenly "
    f"spaced times (left) leave points between the clusters, {off[0]:.2f} off their exact places (root mean square); "
    f"steps that get shorter towards the data (right) bring them to {off[1]:.2f}.",
)

# %% [markdown]
# Lesson 05 measured the order of a solver as the slope of its error against the number of steps, on three clusters in
# the plane whose exact solution is known. There, every method had the order that its name or its paper promises. This
# lesson measures in the same way, and looks for the cases where the name is not enough.

# %% [markdown]
# ## A third order that is not there
#
# DPM-Solver++(2M) lays a line through the last two predictions of the clean sample. The obvious next method lays a
# parabola through the last three, and is called third-order: DPM-Solver++(3M). The paper describes 2M; 3M is in the
# authors' code and, line for line, in the library diffusers.

# %%
predict("05b.third_order")

# %%
both = {name: runs[name] for name in ("dpm_solver_pp_3m", "dpm_solver_pp_3m (corrected)")}
many = convergence.errors(both, steps=(4, 8, 16, 32, 64, 128, 256, 512, 1024))
slope, late = convergence.slopes(many, at_least=256), [row.error for row in many if row.steps == 1024]
assert abs(slope["dpm_solver_pp_3m"] - 2) < 0.15 and abs(slope["dpm_solver_pp_3m (corrected)"] - 3) < 0.15
figure = order_figure(many, at_least=256)
figure.axes[0].set_title("As in the authors' code: slope 2")
show(
    figure,
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
# This is a *divided difference*. For the parabola $m(\lambda) = c\lambda^2$ it is $c$. The second *derivative* is $2c$,
# and that is what the formula's coefficient was derived for. So half of the correction is missing. That the two differ
# by a factor of 2 can be checked without any sampler:

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
# So should one just double the term? Our library does it if you ask: `dpm_solver_pp_3m(..., corrected=True)`. It is not
# the default, and here is why.

# %%
few = convergence.errors(both, steps=range(4, 65))
half = len(few) // 2
ratio = {a.steps: a.error / b.error for a, b in zip(few[:half], few[half:], strict=True)}
closer = [N for N in range(4, 33) if ratio[N] < 1]
figure, axes = style.axes("The slip helps a little, then hurts", "steps", "error, code / corrected", size=(6.8, 3.2))
axes.plot(list(ratio), list(ratio.values()), **style.line("dpm_solver_pp_3m", markersize=4))
axes.axhline(1, color=style.GREY, linestyle=":")
show(
    figure,
    f"From 4 to 32 steps the form in the code is the closer one at {len(closer)} of 29 numbers of steps, by at most "
    f"{1 - min(ratio.values()):.0%}. At 64 steps its error is {ratio[64]:.2f} times that of the corrected form.",
)

# %% [markdown]
# At most of the step counts that people use, the slip brings the samples a little *nearer* to the exact solution; the
# figure shows the exceptions around 10 steps. A plausible reason: the steps are long there, so that a parabola through
# three predictions is a poor guide to the next one, and half a correction overshoots less than a whole one. We measured
# the fact, not the reason. So both forms have their use, and only the *name* is wrong. It is easily overlooked, since
# nobody draws images with hundreds of steps of such a solver.

# %% [markdown]
# ## Where to spend the steps
#
# An order says nothing about *where* the steps are. Lesson 05 spaced its times evenly in $\lambda$, the clock of the
# exponential integrators (the grid is called *logsnr*); most code spaces them evenly in $t$ (*trailing*, lesson 03).
# How much does that matter?
#
# **Exercise 1. Times evenly spaced in $\lambda$**, on the straight path, where $\lambda = \log((1-t)/t)$. The next cell
# but one compares your times with times evenly spaced in $t$.


# %%
def logsnr_times(steps, t_max, t_min):
    raise NotImplementedError


check("logsnr_times", logsnr_times)

# %%
predict("05b.your_times")

# %%
denoise, first, last = convergence.MIXTURE.denoiser(straight), 0.98, 0.02
start = straight.prior((32, 2), torch.Generator().manual_seed(0)).double()
exact = exact_flow(denoise, start, straight, (first, last))[-1].x
mine = working("logsnr_times", logsnr_times)(5, first, last).tolist()
even = torch.linspace(first, last, 6, dtype=torch.float64).tolist()
for words, times in (("evenly in t", even), ("evenly in lambda", mine)):
    print(f"{words}: " + ", ".join(f"{t:.2f}" for t in times))
    for name in ("ddim", "dpm_solver_pp_2m"):
        error = (sample(samplers.ALL[name], denoise, start, straight, times) - exact).square().mean().sqrt()
        print(f"    {style.label(name)}: off by {error:.3f}")

# %% [markdown]
# **The same times suit one solver and not the other.** With five steps evenly spaced in $t$, the second-order method is
# farther from the exact solution than DDIM. With times evenly spaced in $\lambda$ its error halves, while DDIM's grows
# by more than half. A plausible reason is what each solver carries from step to step. A line through two predictions is
# a good guide over a step about as long as the one before, measured in $\lambda$; with times evenly spaced in $t$ the
# last step is nearly three times as long. DDIM carries nothing over. On the straight path it is Euler's method in $t$
# (lesson 06), and steps of equal length in $t$ suit it.
#
# Now more grids and more steps, on the linear path of DDPM. Two grids are new: *quadratic* spaces $\sqrt t$ evenly, and
# *karras* spaces a root of the noise level evenly (Karras et al. 2022). The dotted lines are DDIM on the same grids.
# Mind that in this figure a colour is a grid, not a sampler.

# %%
grids = {"quadratic": style.GREEN, "logsnr": style.BLUE, "karras": style.PURPLE, "trailing": style.VERMILION}
figure, axes = style.axes(
    "The grid costs more than the order gains", "steps", "RMS distance to the exact solution", size=(6.8, 4.0)
)
error = {}
for grid, color in grids.items():
    for name, look in (("ddim", ":"), ("dpm_solver_pp_2m", "o-")):
        N = (5, 10, 20, 40, 80, 160)
        line = convergence.errors({name: runs[name]}, path=path, spacing=grid, t_min=1.0, steps=N)
        error[grid, name] = [row.error for row in line]
        axes.plot(N, error[grid, name], look, color=color, markersize=4, label=grid if name != "ddim" else None)
axes.plot([], [], ":", color=style.GREY, label="DDIM, same grid")
axes.set(xscale="log", yscale="log")
axes.legend(frameon=False, title="DPM-Solver++(2M)")
at_10 = ", ".join(f"{grid} {error[grid, 'dpm_solver_pp_2m'][1]:.3f}" for grid in grids)
show(figure, f"Errors of DPM-Solver++(2M) with 10 steps: {at_10}. DDIM, trailing: {error['trailing', 'ddim'][1]:.3f}.")

# %%
for grid in ("logsnr", "trailing"):
    e = error[grid, "dpm_solver_pp_2m"]
    print(f"{grid}: from 40 to 80 steps the slope is {math.log2(e[3] / e[4]):.2f}")

# %% [markdown]
# On the trailing grid, ++(2M) is *worse* than DDIM up to forty steps. With ten steps on the other grids, the same lines
# of code come between two and seven times as near. The best of them is the quadratic grid, with its short steps near
# the data, which DDIM's paper used for CIFAR-10. On the trailing grid the slope reaches 2 only with many more steps.
# Until then the curve is called *pre-asymptotic*, and a slope that is read off there says nothing about the order.

# %% [markdown]
# ## The same grids on digits
#
# So with ten steps of ++(2M) on the clusters, the quadratic grid is best, logsnr next, and trailing the worst. Take
# these three to the network for digits. As in lesson 05, the distance is to the network's own solution, found with a
# hundred steps.

# %%
predict("05b.grid_on_digits")

# %%
network, counts = load("mnist-diffusion"), (5, 10, 20)
digit, digit_path = condition_on(network, torch.arange(10)), network.path
noise = digit_path.prior((10, *network.shape), torch.Generator().manual_seed(0))
two_m = samplers.dpm_solver_pp_2m
solved = sample(two_m, digit, noise, digit_path, digit_path.grid(100))


def apart(x):
    """The root mean square distance of each digit to the network's own solution."""
    return (x - solved).square().flatten(1).mean(dim=1).sqrt()


# %% tags=["within-0.001"]
drawn = {
    (grid, N): sample(two_m, digit, noise, digit_path, digit_path.grid(N, grid))
    for grid in ("trailing", "quadratic", "logsnr")
    for N in counts
}
for (grid, N), x in drawn.items():
    nearer = (apart(x) < apart(drawn["trailing", N])).sum()
    against = "" if grid == "trailing" else f", nearer than trailing for {nearer} of 10"
    print(f"{grid}, {N} steps: the median digit is {apart(x).quantile(0.5):.3f} away{against}")

# %%
rows = {
    grid: torch.stack([*(drawn[grid, N][8] for N in counts), solved[8]]) for grid in ("trailing", "quadratic", "logsnr")
}
show(
    noising.image_strip(rows, [*(f"{N} steps" for N in counts), "100 steps"], "One noise, one solver, three grids"),
    "An 8 by DPM-Solver++(2M). With five trailing steps it is nearly the network's own 8, at the right; with times "
    "evenly spaced in lambda the five steps leave grey patches, and ten leave a spot.",
)

# %% [markdown]
# **On digits the worst grid becomes the best,** for each of the ten digits and at every number of steps. A plausible
# reason: the other grids put most of their steps where little noise is left, and at that stage a digit is decided
# already. But the data, the network, its path and the end at $t = 0$ all differ from the clusters', and we have not
# changed them one at a time, so we cannot say which of them made the difference. What is plain is that a finding about
# grids does not carry over from one problem to another. Measure on yours.

# %% [markdown]
# ## Runge-Kutta against exponential integrators
#
# Does it also depend on the data which *solver* is nearest? One of the articles behind this course says that DPM-Solver
# "uses Runge-Kutta". It does take over the evaluations inside a step from Runge and Kutta. But in addition it solves
# the linear part exactly. Does that matter? Give each solver 12 evaluations on the linear path, on the better of two
# grids, and compare on our three broad clusters and on thin ones, with the same centres and a standard deviation of
# 0.02.

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
# On broad clusters the ranking is not what the orders suggest: plain Euler is twice as near as DDIM, and DPM-Solver-2,
# of second order, is the farthest of all. On thin clusters it is another: Heun is far off, DPM-Solver-2 is several
# times nearer, and ++(2M), which spends its evaluations on twice as many steps, is nearer still. So from second order
# on, solving the linear part exactly pays on thin data. (At first order it does not: DDIM has no advantage over Euler
# here.) Images are thin in their space, because of all arrays of pixels few are pictures; but whether they behave like
# thin clusters has to be measured on images. On the digits of lesson 05 Heun, once its first step was mended, was
# behind ++(2M). It was behind DDIM with eight evaluations, and ahead of it with eighteen.
#
# **So "which solver is best" has no answer before one says for which data, at which budget, on which grid.**

# %% [markdown]
# ## The last step
#
# On the clusters, everything above ended shortly before the data, at $t = 1$ on the linear path. Sampling has to reach
# $t = 0$, where $\sigma = 0$ and $\lambda$ is infinite. No exponential integrator can take that last step by its
# formula, since it is infinitely long in $\lambda$; all take it as DDIM does. Nor does its error shrink when $N$ grows:

# %%
for end, where in ((1.0, "to t = 1"), (None, "to t = 0")):
    line = convergence.errors({"2m": runs["dpm_solver_pp_2m"]}, path=path, t_min=end, steps=(160, 320))
    print(f"{where}: from 160 to 320 steps the error falls by a factor {line[0].error / line[1].error:.2f}")

# %% [markdown]
# The error *saturates* at that of the last step. It is far too small to be seen in a picture. But if you measure an
# order on a grid that ends at 0, what you measure in the end is the last step.
#
# The steps shortly before it are delicate, too, and the libraries have a rule for them: "below 15 steps, take the last
# two at lower order" (diffusers; the authors' code says 15 in its documentation and tests for 10). Our 3M decides by
# the *length* of a step instead: if a step is more than twice as long as the one before, measured in $\lambda$, it is
# taken as 2M takes it. Solid: our 3M on times evenly spaced in $t$. Dotted: the same method with the rule in place of
# ours.

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
# On a grid evenly spaced in time the last finite step is the longest, measured in $\lambda$, and a parabola is carried
# too far over it. Below 15 steps the rule prevents that; from 15 on it no longer applies. If a curve of quality against
# steps jumps at a round number, look for such a rule in the code before you look for a reason in the method.

# %% [markdown]
# ## Move it
#
# Every solver on the three clusters, two of them in colour. On the trailing grid DDIM is ahead of a method of higher
# order. On which of the other grids is it behind? Which solver is nearest of all at 24 evaluations, on each of the four
# grids? Then let them end at the data, and see which lines stop falling.

# %% tags=["panel"]
order_panel(path, first="dpm_solver_pp_3m", second="ddim", grid="trailing")

# %% [markdown]
# ## Exercises
#
# Exercise 1 stands [above](#Where-to-spend-the-steps).
#
# **2. To investigate.** On digits the grid matters most. Find eleven times for ten evaluations of DPM-Solver++(2M) that
# come nearer to the network's own solution than the trailing grid does. Any decreasing list from 1000 to 0 will do. Do
# your times also win with the noise of another seed? And on the three clusters? (Afterwards,
# `check("ten_digit_times").solution(found)` shows one answer, for the distance that you found.)


# %%
def distance(times):
    """The distance of the median digit to the network's own solution: a mean would be led by one digit, the 1."""
    return apart(sample(two_m, digit, noise, digit_path, times)).quantile(0.5).item()


print(f"to beat, trailing: {distance(digit_path.grid(10)):.4f}")
print(f"a first try, longer steps at first: {distance([1000 * (1 - k / 10) ** 1.2 for k in range(11)]):.4f}")

# %% [markdown]
# ## Pitfalls
#
# - **The name for the order.** Take more and more steps until the line is straight, and read the slope there.
# - **A slope read too early**, on a grid with few steps, or too late, where the last step or rounding dominates.
# - **A grid that was best elsewhere.** A grid is good for one solver, on one path, with certain data.
# - **A comparison on one grid.** Give each solver the grid that suits it, or say that you did not.
# - **A rule that counts steps.** It makes a curve jump where nothing happens to the method.

# %% [markdown]
# ## What to remember
#
# - 3M as it is in the libraries has slope 2; with a factor 2 it has slope 3; and with few steps the slip often helps a
#   little.
# - At ten steps the grid decides more than the order, and which grid is best depends on the problem.
# - From second order on, exponential integrators are nearer on thin clusters, and need not be on broad ones.
# - The error of the last step to $\sigma = 0$ does not shrink with more steps.
# - A sampler is an update *and* a grid *and* an end. When you compare samplers, name all three.

# %% [markdown]
# ## Scope check

# %%
scope_check("05b")

# %% [markdown]
# ## Further reading
#
# - Lu, Zhou, Bao, Chen, Li, Zhu, *DPM-Solver++: Fast Solver for Guided Sampling of Diffusion Probabilistic Models*,
#   2022: 2S and 2M. https://arxiv.org/abs/2211.01095
# - The authors' code, with both forms of the second difference: https://github.com/LuChengTHU/dpm-solver
# - Karras, Aittala, Aila, Laine, *Elucidating the Design Space of Diffusion-Based Generative Models*, 2022: Heun, and
#   what a grid does. https://arxiv.org/abs/2206.00364
