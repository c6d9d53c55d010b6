# %% [markdown]
# # 00 Start here
#
# **Question.** What will you be able to make, and does your machine work?
#
# **Budget.** About 9 seconds of one CPU core, 0.9 GB of memory, nothing to download.
#
# **Afterwards you can** run every lesson; draw digits out of noise; say why the best possible denoiser cannot draw
# anything new; and find the notation of the course when you need it.
#
# Run a cell with Shift + Enter, from top to bottom. Nothing here can break. The first cell of every lesson holds its
# imports and is folded to three dots: it runs like the others, and a click on the dots opens it.

# %%
import torch

from diffusion_lessons import (
    check,
    doctor,
    generate,
    load,
    load_data,
    sample,
    samplers,
    schedules,
    toys,
    trace,
    working,
)
from diffusion_lessons.figures import image_grid, noising, show, show_animation, trajectories, trajectory_frames
from diffusion_lessons.panels import image_panel, predict, scope_check

# %% [markdown]
# ## What you will be able to make
#
# A network that comes with the course, and ten handwritten digits that nobody ever wrote. At the left, the state of the
# picture, from pure noise to a digit; at the right, what the network sees in it at that moment. By lesson 04 you will
# have written the sampler that does this, by lesson 07 you will control it, and by lesson 09 you can say how good it
# is. (That nobody wrote them has to be shown, too. The 60,000 digits that the network learned from do not come with the
# course, only 64 numbers for each of them, with which lesson 09 looks for copies. Here we look below, at a smaller set
# of which you have every picture.)

# %%
network = load("mnist-diffusion")
states = generate(network, 10, labels=range(10), steps=20, seed=1)
frames = trajectory_frames(states, network.path, columns=5)
show_animation(frames, f"The digits 0 to 9, drawn from noise in {len(states) - 1} steps by a network of the course.")

# %% [markdown]
# ## Does your machine work?
#
# The doctor looks at Python and the packages, draws one tiny picture, moves one slider, and opens the data. If
# something is missing, it says what to do.

# %%
troubles = [finding for finding in doctor.examine() if not finding.ok]
print(*troubles, "Mend what is above, then run this again." if troubles else "All is well: go on.", sep="\n")

# %% [markdown]
# ## Digits out of noise
#
# How does it work? To understand it we first make the problem small enough to be solved exactly. Here are some data:
# 1,500 handwritten digits, 8 by 8 pixels, which came with one of the packages.

# %%
digits = load_data("digits")
show(image_grid(digits.images[:32], columns=16, enlarge=5), f"Thirty-two of {len(digits):,} handwritten digits.")

# %% [markdown]
# Everything in this course rests on one machine, the *denoiser*. It is asked: "This picture has noise in it. What
# was the clean one?" Usually a network learns to answer. But for a finite set of pictures the best possible answer is a
# formula: the average of all of them, each weighted by how well it explains the noisy one. So you can have a perfect
# denoiser now, without training.
#
# A *sampler* turns the denoiser into a painter. It starts from pure noise and evaluates the denoiser twenty times, each
# time taking a little of the noise away. You need not understand the next cell yet; lesson 04 is about it.

# %%
path = schedules.ddpm_linear()
images = digits.images.double()
denoise = toys.point_masses(images).denoiser(path)
noise = path.prior((16, 1, 8, 8), torch.Generator().manual_seed(0), dtype=torch.float64)
states = trace(samplers.ddim, denoise, noise, path, path.grid(20))
show(
    trajectories.estimate_strip(states),
    "One of sixteen pictures on its way from noise, at t = 1000, to a digit, at t = 0; below, what the denoiser saw.",
)

# %% [markdown]
# Here are all sixteen. Nobody drew them; each came out of its own noise.

# %%
drawn = states[-1].x
assert drawn.shape == (16, 1, 8, 8) and drawn.abs().max() < 1.001
show(image_grid(drawn.float(), columns=8, enlarge=8), "Sixteen digits, drawn from noise in twenty steps.")

# %% [markdown]
# ## What have you just drawn?

# %%
predict("00.how_many_are_new")

# %% [markdown]
# For each of them, look for the most similar of the 1,500. This is your first exercise.
#
# An exercise is a function without a body, and a check, which says right or wrong and also knows the usual mistakes. In
# most lessons your function, once it is right, runs the cells that follow; until then the library's does, so nothing
# stops if you leave an exercise for later. If you are stuck after an attempt of your own,
# `check("nearest_image").solution()` in a new cell shows code that passes; use the name of your exercise. The last
# exercise of a lesson is often one *to investigate*. No check decides it, and there is more than one answer.
#
# **Exercise 1. The most similar.** A picture is here a row of 64 numbers. `drawn` has 16 rows and `images` 1,500. For
# each row of `drawn`, return the number of the row of `images` at the smallest distance.


# %%
def nearest_image(drawn, images):
    raise NotImplementedError


check("nearest_image", nearest_image)

# %%
find = working("nearest_image", nearest_image)


def compare(pictures, known=images):
    """The known image most similar to each picture, and how far it is."""
    nearest = known[find(pictures.flatten(1), known.flatten(1)).long()]
    return nearest, (pictures - nearest).flatten(1).norm(dim=1)


nearest, distance = compare(drawn)
copies, different = int((distance < 1e-3).sum()), len(nearest.flatten(1).unique(dim=0))
print(f"{copies} of {len(drawn)} pictures are training images; {different} of them are different ones")
show(
    noising.image_strip(
        {"drawn": drawn[:8], "in the data": nearest[:8]},
        [str(k + 1) for k in range(8)],
        "Drawn, and the most similar training image",
    ),
    "Eight drawn digits above, their nearest training images below: the same pictures.",
)

# %% [markdown]
# **The perfect denoiser has memorised its data.** It cannot make anything else: of all the pictures that it knows, it
# returns the one that fits best. A trained network is *worse* at its task, and that is the point. It cannot store every
# picture, so it answers with something in between, and what it then draws is new. Look for yourself, with a network
# that was trained on the same 1,500 digits.

# %%
by_network = generate(load("digits-diffusion"), 8, labels=range(8), steps=20, seed=3)[-1].x.double()
nearest, distance = compare(by_network)
_, apart = compare(load_data("digits", "test").images.double())
pairs = {"drawn": by_network, "in the data": nearest}
show(
    noising.image_strip(pairs, [str(k) for k in range(8)], "Drawn by a network, and the nearest training image"),
    f"Eight digits by a network above, their nearest training images below: alike, and not the same. Mean distance "
    f"to the nearest: {distance.mean():.2f}. For digits that people wrote and no network saw it is {apart.mean():.2f}.",
)

# %% [markdown]
# How new such pictures are can be measured, and lesson 09 does it; courts have begun to ask.
#
# This is how the course works. First comes the idea, where the exact answer is known. Then comes the network, and how
# far it is from the exact answer. Every claim is followed by a cell that measures it. Two texts stand behind the
# course: the lesson *Diffusion models II, training and sampling* of an online course (no author stated), and
# *Sampling & Guidance: The Dialects of Noise* by Gopi Krishna Tummala, 25 January 2025, part 3 of his Diffusion
# Models Series. What they claim is listed in the [ledger](../../CLAIMS.md), one statement a row, each with its
# measurement and a verdict.

# %% [markdown]
# ## The words of the course
#
# | symbol | in code | meaning |
# | --- | --- | --- |
# | $x_t = \alpha_t x_0 + \sigma_t \varepsilon$ | `alpha`, `sigma` | a *Gaussian path* from data to noise |
# | $\bar\alpha_t = \alpha_t^2$ | `alpha_bar` | the share of the data in the variance, on paths that keep the variance |
# | $\lambda_t = \log(\alpha_t/\sigma_t)$ | `lam` | half log signal-to-noise ratio; the clock of fast samplers |
# | $t \in [0, T]$ | `t` | time; $T$ is noise, 0 is data; it runs *down* while sampling |
# | $\hat x_0, \hat\varepsilon$ | `Estimate(x0, eps)` | the clean data and the noise that a denoiser sees in $x_t$ |
# | $v = \alpha\varepsilon - \sigma x_0$ | `v` | another thing that a network may predict |
# | $u = \varepsilon - x_0$ | `velocity` | the direction of a straight path, from data to noise |
# | $s$ | `scale` | guidance: $\varepsilon_\text{uncond} + s\,(\varepsilon_\text{cond} - \varepsilon_\text{uncond})$ |
# | NFE | `nfe` | network evaluations for a sample; guidance counts two |
#
# There is no need to learn this table. Each symbol is introduced where it is first used, and this is the place to look
# it up afterwards. The library uses the same names, so you can ask it.

# %%
t = 300.0
x_t = path.add_noise(images[:1], torch.zeros_like(images[:1]), t)
seen = denoise(x_t, t)
assert torch.allclose(path.alpha(t) * seen.x0 + path.sigma(t) * seen.eps, x_t)
print(f"alpha = {path.alpha(t):.3f}, sigma = {path.sigma(t):.3f}, alpha_bar = {path.alpha_bar(t):.3f}")
print("both estimates of the denoiser, put together again, give x_t: they are one estimate, written in two ways")

# %% [markdown]
# ## Move it
#
# Lessons have a panel: something to move. This one draws with the perfect denoiser of 300 digits. How few steps can you
# take before the pictures suffer? Change the start: each noise leads to its own digit.

# %% tags=["panel"]
image_panel(toys.point_masses(images[:300]).denoiser(path), steps=10)

# %% [markdown]
# ## The map
#
# | lesson | its question |
# | --- | --- |
# | 00 start here | what will I be able to make, and does my machine work? |
# | [01 noise](01_noise.ipynb) | how does data turn into noise, and what does alpha_bar mean? |
# | [02 training](02_training.ipynb) | how does one loss teach a network to see noise? |
# | [03 ddpm](03_ddpm.ipynb) | why does sampling take a thousand passes, and what breaks with fewer? |
# | [04 ddim](04_ddim.ipynb) | same network, fewer steps: what does the one-line update do? |
# | [05 solvers](05_solvers.ipynb) | if sampling is solving an equation, how good is the solver? |
# | [05b orders](05b_orders.ipynb) | when does a solver keep the order in its name, and what matters more? |
# | [06 flow](06_flow.ipynb) | straight paths: what changes, and what was the same all along? |
# | [07 guidance](07_guidance.ipynb) | how does one number make samples obey, and what does it cost? |
# | [08 negative](08_negative.ipynb) | how does one push a sample away from something? |
# | [09 measuring](09_measuring.ipynb) | how good is a sample, and how sure are we? |
# | [10 frontier](10_frontier.ipynb) | steps, quality, latency: how does one read a claim about them? |
# | [11 few steps](11_few_steps.ipynb) | one to four steps: how far can distillation go? |
# | [12 faster](12_faster.ipynb) | half precision, int8, pruning, caching: does it beat taking fewer steps? |
# | [13 text to image](13_text_to_image.ipynb) | what is inside a text-to-image system? |
# | [14 CIFAR-10](14_cifar10.ipynb) | what changes in a real run on a GPU? |
# | [15 real systems](15_real_systems.ipynb) | do the same samplers work inside a production pipeline? |
# | [16 one picture](16_one_picture.ipynb) | score, SDE, ODE, DDPM, DDIM, flow: how are they one thing? |
# | [17 debugging](17_debugging.ipynb) | the loss converged and the samples are noise: what now? |
#
# The lessons build on one another; 01 to 04 are the trunk.

# %% [markdown]
# ## Exercises
#
# Exercise 1 stands [above](#What-have-you-just-drawn?).

# %% [markdown]
# **2.** How much data and how much noise are in $x_t$? Here the body is written, with one of the usual mistakes in it.
# Run it, read the answer, and mend the line.


# %%
def forward(x0, eps, alpha_bar):
    return alpha_bar**0.5 * x0 + (1 - alpha_bar) * eps


check("forward", forward)

# %% [markdown]
# **3. To investigate.** With twenty equal steps all sixteen pictures were copies. With ten, half of them are blurred.
# But the times need not be equally spaced: any falling list from 1000 to 0 will do. Find one with which *six*
# evaluations (seven times in the list) make sixteen copies; five are possible. Where does the sampler need its
# evaluations? When you have found some times, `check("six_copying_times").solution(found)` shows ours, with the reason;
# for `found` write what you found, for instance the number of copies.


# %%
def copies_in(times):
    """How many of the sixteen pictures are copies when the sampler visits these times."""
    return int((compare(sample(samplers.ddim, denoise, noise, path, times))[1] < 1e-3).sum())


for name, times in {"10 equal steps": path.grid(10), "a first try": [1000.0, 600.0, 300.0, 100.0, 0.0]}.items():
    print(f"{name}: {copies_in(times)} of 16 copies with {len(times) - 1} evaluations")

# %% [markdown]
# ## Pitfalls
#
# - **Cells out of order.** A cell knows what ran before it. When something is odd: *Kernel, Restart and Run All*.
# - **Another number than in the text.** Words and numbers of these lessons are compared on every change of the library,
#   so on your machine they should agree to three digits. If one does not, it is a bug; please report it.
# - **A slow panel.** It computes on your machine. Let go of the slider, and only the last position is drawn.
# - **Red broken links above a panel, and a slider that changes nothing.** The kernel was restarted, and the panel is
#   left over from before. Run the lesson from the top.

# %% [markdown]
# ## What to remember
#
# - A denoiser answers one question; a sampler asks it many times.
# - The best denoiser of a finite data set copies. New pictures come from a network's imperfection.
# - $T$ is noise, 0 is data, on every path.
# - Predict first, then run.

# %% [markdown]
# ## Scope check
#
# Every lesson ends with this: which statements does a measurement settle, and which does it only inform?

# %%
scope_check("00")

# %% [markdown]
# ## Further reading
#
# - Biroli, Bonnaire, de Bortoli, Mézard, *Dynamical Regimes of Diffusion Models*, 2024: when an exact denoiser commits
#   itself to one training image. https://arxiv.org/abs/2402.18491
# - Kamb, Ganguli, *An Analytic Theory of Creativity in Convolutional Diffusion Models*, 2024: which imperfection makes
#   new images. https://arxiv.org/abs/2412.20292
# - Somepalli, Singla, Goldblum, Geiping, Goldstein, *Diffusion Art or Digital Forgery?*, 2022: copies in real systems.
#   https://arxiv.org/abs/2212.03860
