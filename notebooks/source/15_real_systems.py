# %% [markdown]
# # 15 Real systems
#
# **Question.** Do the same samplers work inside a production pipeline?
#
# **Budget.** About 20 seconds of one CPU core, 1.1 GB of memory, nothing to download.
#
# **Afterwards you can** write any deterministic sampler with given times down as a table of numbers and run it in any
# language; put a sampler of this course into a pipeline of `diffusers`; save a trained system so that production code,
# with two more imports, loads it; and tell whether a pipeline uses the sampler that you gave it.

# %%
import json
import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

from diffusion_lessons import check, load, optimise, pipelines, sample, samplers, toys, working
from diffusion_lessons.checkpoints import captions as parts_of_captions
from diffusion_lessons.data.captions.scenes import ATTRIBUTES
from diffusion_lessons.denoisers import condition_on
from diffusion_lessons.figures import image_grid, show
from diffusion_lessons.panels import predict, scope_check, table_panel

# %%
network = load("mnist-diffusion")
path, denoise = network.path, condition_on(network, 7)
missing = pipelines.why_no_pipelines()
print(f"skipped below: {missing}" if missing else "all cells of this lesson will run")

# %% [markdown]
# So far you called a sampler, and the sampler called the network. In production it is the other way round. A pipeline
# of the library `diffusers` has this loop at its heart:
#
# ```python
# scheduler.set_timesteps(steps)
# for t in scheduler.timesteps:
#     output = unet(x, t, words)
#     x = scheduler.step(output, t, x).prev_sample
# ```
#
# The pipeline owns the network. The sampler, there called a *scheduler*, is asked once a look: "this came out, where
# do I look next?" A method that looks twice a step, or remembers, must be cut up to fit. This lesson does it once for
# all of them.

# %% [markdown]
# ## A sampler is a table
#
# Take DDIM's step, $x_s = \alpha_s\hat x_0 + \sigma_s\hat\varepsilon$, and put
# $\hat\varepsilon = (x_t - \alpha_t\hat x_0)/\sigma_t$ into it. What remains is $x_t$ times one number plus $\hat x_0$
# times another.
#
# **Exercise 1.** Which two numbers? The cells below run on yours once it is right, and on ours until then.


# %%
def ddim_row(alpha_t, sigma_t, alpha_s, sigma_s):
    raise NotImplementedError


check("ddim_row", ddim_row)

# %%
row = working("ddim_row", ddim_row)
times = path.grid(8)
for number, (t, s) in enumerate(pairwise(times[:4]), 1):
    keep, clean = row(path.alpha(t), path.sigma(t), path.alpha(s), path.sigma(s))
    print(f"step {number}, from t = {t:.0f} to {s:.0f}: x <- {keep:.4f} x + {clean:.4f} x0_hat")

# %% [markdown]
# The network is not in these numbers, and neither is the picture. Is DDIM special in this?

# %%
predict("15.linear")

# %% [markdown]
# **Theorem.** For every deterministic sampler of this course, after look $k$ of the network
#
# $$x_{k+1} = r_k\,x_k + \sum_j c_{kj}\,\hat x_0^{(k-j)} ,$$
#
# with numbers that depend on the path, the grid and the method alone.
#
# *Why.* A sampler touches $x$ by sums and multiples only, and $\hat\varepsilon$ is a sum of $x$ and $\hat x_0$ as well.
# So run the sampler itself on *symbols*: let $x$ be a list of coefficients, and let each look of the "network" return
# the next unit vector. What comes out is the table. `pipelines.linear_steps` does this, in twenty lines, for all of
# them. Compare following the table with running the sampler, in double precision and with an exact denoiser, so that
# nothing hides in a network's rounding:

# %%
exact = toys.GaussianMixture([-1.0, 1.0], stds=[0.3, 0.4]).denoiser(path)
numbers = path.prior((100,), torch.Generator().manual_seed(5), dtype=torch.float64)
for name in ("ddim", "dpm_solver_pp_2m", "dpm_solver_pp_2s", "dpm_solver_3", "heun"):
    sampler = samplers.get(name)
    steps = pipelines.linear_steps(sampler, path, times)
    drawn = sample(sampler, exact, numbers, path, times)
    assert (pipelines.follow(steps, exact, numbers) - drawn).abs().max() < 1e-9
    most = max(len(step.clean) for step in steps)
    print(f"{name}: {len(steps)} looks, at most {most} in a row; equal to nine decimals")

# %% [markdown]
# ++2M has two weights in a row, which is its memory. Heun and ++2S have two rows a step. Between them you see the
# whole zoo of lesson 05, as numbers.

# %% [markdown]
# ## Ten lines in any language
#
# Write the table down as JSON and the network as a graph of operations, in ONNX, and forget this library. A phone, a
# browser or a C program can do the rest.
#
# **Exercise 2.** The heart of such a program: one row of the table, with numpy.


# %%
def next_x(keep, clean, x, seen):
    raise NotImplementedError


check("next_x", next_x)

# %%
follow_row = working("next_x", next_x)
start = path.prior((1, *network.shape), torch.Generator().manual_seed(5))
file = Path(tempfile.mkdtemp()) / "steps.json"
steps = pipelines.linear_steps(samplers.dpm_solver_pp_2m, path, times)
pipelines.write_steps(file, steps, network.predicts, path)
if no_onnx := optimise.why_no_onnx():
    print(f"PyTorch runs the network here; ONNX Runtime is skipped: {no_onnx}")
else:
    import onnxruntime

    graph = optimise.export_onnx(network, file.with_name("network.onnx"))
    session = onnxruntime.InferenceSession(str(graph), providers=["CPUExecutionProvider"])
    print("the network is an ONNX graph, and ONNX Runtime will run it")


# %%
def black_box(x, t):  # numpy in, numpy out
    t, label = np.array([t], dtype=np.float32), np.array([7])
    if not no_onnx:
        return session.run(None, {"x": x, "t": t, "condition": label})[0]
    with torch.no_grad():
        return network.network(*(torch.from_numpy(part) for part in (x, t, label))).numpy()


x, seen = start.numpy(), []
for step in json.loads(file.read_text())["steps"]:
    v = black_box(x, step["t"])
    seen.insert(0, step["alpha"] * x - step["sigma"] * v)
    x = np.asarray(follow_row(step["keep"], step["clean"], x, seen), dtype=np.float32)

# %%
ours = sample(samplers.dpm_solver_pp_2m, denoise, start, path, times)
difference = float(np.abs(x - ours.numpy()).max())
assert network.predicts == "v" and difference < 1e-4
pair = torch.cat([ours, torch.from_numpy(x)])
show(
    image_grid(pair, columns=2, enlarge=5),
    "Left, a seven by the sampler of this course; right, by a loop over a JSON file, in numpy. The same seven.",
)

# %% [markdown]
# ## The miniature in production
#
# Now the real thing. The text-to-image system of lesson 13 has a text encoder, a U-Net and a decoder. So has Stable
# Diffusion, and its pipeline class does not ask who trained them. `save_miniature` writes ours as a *pipeline
# directory*, and the class that runs Stable Diffusion loads it, with nothing downloaded. The directory holds weights
# and the names of classes, not their code: a program that did not write it imports these first. Such a program also
# logs "Expected types for text_encoder" (and vae, and unet), "got Miniature...": these classes are ours and not those
# of `transformers` and `diffusers`. That is expected, and changes nothing.
#
# ```python
# from diffusers import DiffusionPipeline
#
# import diffusion_lessons.pipelines.parts
# import diffusion_lessons.pipelines.schedulers
#
# pipe = DiffusionPipeline.from_pretrained("miniature")
# ```

# %%
if not missing:
    with pipelines.quiet_import():
        from diffusers import (
            AutoencoderKL,
            DDIMPipeline,
            DDIMScheduler,
            DDPMPipeline,
            DiffusionPipeline,
            DiTPipeline,
            DiTTransformer2DModel,
            DPMSolverMultistepScheduler,
            UNet2DModel,
        )
        from diffusers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    folder = pipelines.save_miniature(file.parent / "miniature")
    pipe = DiffusionPipeline.from_pretrained(folder)
    pipe.set_progress_bar_config(disable=True)
    for part in ("tokenizer", "text_encoder", "unet", "vae", "scheduler"):
        print(f"{type(pipe).__name__}.{part}: {type(getattr(pipe, part)).__name__}")

# %%
if not missing:
    told = load("captions-diffusion")
    x_T = told.path.prior((4, *told.shape), torch.Generator().manual_seed(1))
    ask = {"num_inference_steps": 10, "guidance_scale": 4.0, "latents": x_T, "num_images_per_prompt": 4}
    pictures = pipe("a red seven", output_type="pt", **ask).images * 2 - 1
    seen = parts_of_captions.load_judge()(pictures)
    sevens, red = int((seen.digit == 7).sum()), int((seen.ink == ATTRIBUTES["ink"].index("red")).sum())
    print(f"{sevens} of 4 are sevens and {red} of 4 are red, says the judge of lesson 13")
words = '"a red seven", four times, from the pipeline class of Stable Diffusion.'
show(image_grid(pictures, columns=4, enlarge=3), words) if not missing else None

# %% [markdown]
# The scheduler in it is `LessonScheduler`: the table of ++2M, one row for each call of `step`. No formula was written
# a second time for it, so there is none to get wrong.

# %% [markdown]
# ## Whose scheduler is right
#
# The pipeline takes any scheduler. `diffusers` has a ++2M of its own, written by other people.

# %%
predict("15.theirs")


# %%
def latents(steps):
    return pipe("a red seven", output_type="latent", **ask | {"num_inference_steps": steps}).images


def swap(kind, **options):
    pipe.scheduler = kind.from_config(pipe.scheduler.config, **options)


if not missing:
    mine = latents(10)
    swap(DPMSolverMultistepScheduler, timestep_spacing="trailing")
    off = float((latents(10) - mine).abs().max())
    assert off < 1e-5
    print("ours against the ++2M of diffusers: the largest difference of a latent is below 0.00001")

# %% [markdown]
# Two libraries, one algorithm, the same numbers. Then the simplest sampler of all must agree as well.

# %%
predict("15.ddim")

# %% tags=["within-5%"]
if not missing:
    for count in (10, 12):
        swap(DDIMScheduler, timestep_spacing="trailing", clip_sample=False)
        theirs = latents(count)
        swap(pipelines.LessonScheduler, sampler="ddim")
        off = float((theirs - latents(count)).abs().max())
        print(f"DDIM in {count} steps: " + ("no difference above 0.0001" if off < 1e-4 else f"off by {off:.4f}"))

# %% [markdown]
# **Exercise 3.** Why? Their DDIM does not ask its grid for the next time. It goes $1000\,//\,N$ down. Where does it
# believe to be?


# %%
def their_next_time(t, steps):
    raise NotImplementedError


check("their_next_time", their_next_time)

# %%
believed = working("their_next_time", their_next_time)
for count in (10, 12):
    grid = path.grid(count)
    gaps = [abs(believed(int(t), count) - s) for t, s in pairwise(grid[:-1])]
    wrong = sum(gap > 0 for gap in gaps)
    print(f"{count} steps: {wrong} of {len(gaps)} arrive at another time than the network is told, ", end="")
    print(f"by up to {max(gaps):.0f} in t")

# %% [markdown]
# The network is told the times of the grid, and the steps go elsewhere. One time in a thousand is a small error here.
# It is still a wrong noise level at four of eleven steps, of the kind that lesson 17 looks for.

# %% [markdown]
# ## The pipeline that throws your sampler away
#
# A scheduler is given to a pipeline when the pipeline is made. Does it keep it?

# %%
predict("15.rebuilt")

# %%
if not missing:
    torch.manual_seed(0)  # the tiny networks below have random weights
    shape = {"down_block_types": ("DownBlock2D",), "up_block_types": ("UpBlock2D",), "block_out_channels": (32,)}
    unet = UNet2DModel(sample_size=8, in_channels=1, out_channels=1, layers_per_block=1, **shape)
    given = pipelines.LessonScheduler(sampler="dpm_solver_pp_2m")
    held = DDIMPipeline(unet, given).scheduler
    assert type(held) is DDIMScheduler
    print(f"given: {type(given).__name__} with {given.sampler.info.name}; held: {type(held).__name__}")

# %% [markdown]
# `DDIMPipeline` makes a `DDIMScheduler` from the config of whatever it gets. A benchmark of five samplers in it
# compares DDIM with DDIM, five times, and finds that samplers make no difference. The test that would have told takes
# a line: change the sampler, and see whether *anything* changes. Here it is for three pipelines, with tiny networks of
# random weights, two samplers and one seed. (`DiTPipeline` draws with a transformer that is told a class.)

# %%
if not missing:
    sizes = {"num_attention_heads": 2, "attention_head_dim": 8, "num_layers": 1, "sample_size": 8, "patch_size": 2}
    channels = {"in_channels": 4, "out_channels": 8, "num_embeds_ada_norm": 1000, "norm_elementwise_affine": False}
    transformer, decoder = DiTTransformer2DModel(**sizes, **channels), AutoencoderKL(norm_num_groups=4)
    told = {"class_labels": [207], "guidance_scale": 3.0}
    kinds = ((DDPMPipeline, (unet,), {}), (DDIMPipeline, (unet,), {}), (DiTPipeline, (transformer, decoder), told))
    for kind, networks, asked in kinds:
        drawn = []
        for name in ("ddim", "dpm_solver_pp_2m"):
            made = kind(*networks, pipelines.LessonScheduler(sampler=name))
            made.set_progress_bar_config(disable=True)
            asked |= {"generator": torch.Generator().manual_seed(0), "num_inference_steps": 4, "output_type": "np"}
            drawn.append(made(**asked).images)
        same = np.array_equal(*drawn)
        print(f"{kind.__name__}: another sampler, {'the same picture' if same else 'another picture'}")
        assert same == (kind is DDIMPipeline)

# %% [markdown]
# What to know of five pipelines before you give them a scheduler (read in `diffusers` 0.42, and run with ours in the
# tests of this course):
#
# | pipeline | your scheduler | beside it |
# | --- | --- | --- |
# | `DDPMPipeline` | is kept | no classes, no guidance |
# | `DDIMPipeline` | is replaced by a `DDIMScheduler` | |
# | `DiTPipeline` | is kept, and steps both halves of a guided batch | class 1000 is the null, whatever the network |
# | `StableDiffusionPipeline` | is kept; `steps_offset` other than 1 and `clip_sample` are rewritten | |
# | `StableDiffusion3Pipeline` | is kept, and may be given `sigmas` or `mu` | its decoder needs a `shift_factor` |

# %% [markdown]
# ## Their networks, our samplers
#
# The other direction takes no table. `denoiser_of` gives a network of `diffusers` the contract of lesson 02, so that
# all samplers and wrappers of this course take it. This one has random weights; only the plumbing is shown.

# %%
if not missing:
    theirs = pipelines.denoiser_of(unet, held.config)
    noise = theirs.path.prior((1, *theirs.shape), torch.Generator().manual_seed(0))
    out = sample(samplers.dpm_solver_pp_2s, theirs, noise, theirs.path, theirs.path.grid(3))
    print(f"{type(unet).__name__} on {theirs.path}: a sample of shape {list(out.shape)} by ++2S")

# %% [markdown]
# ## Real weights
#
# With a GPU and a network, the same lines work on Stable Diffusion. They need a download of several gigabytes and the
# consent to a licence, so **they were never run for this course, and nothing about them was measured here**:
#
# ```python
# pipe = StableDiffusionPipeline.from_pretrained("stable-diffusion-v1-5/stable-diffusion-v1-5").to("cuda")
# pipe.scheduler = pipelines.LessonScheduler.from_config(
#     pipe.scheduler.config, sampler="dpm_solver_pp_2m", timestep_spacing="trailing"
# )
# pipe("a red seven", num_inference_steps=20).images[0]
#
# pipe = StableDiffusion3Pipeline.from_pretrained("stabilityai/stable-diffusion-3.5-medium").to("cuda")
# pipe.scheduler = pipelines.LessonFlowScheduler.from_config(pipe.scheduler.config, sampler="heun")
# ```
#
# Stable Diffusion predicts noise on a path that is linear in the square root of beta; SD3 predicts velocities, noise
# minus data as in lesson 06, at 1000 t. Both are read from the config.

# %% [markdown]
# ## Move it
#
# A row for each look, a column for each clean sample seen so far. Compare DDIM, ++2M and ++3M: what is memory? Then
# ++2S and Heun: what is a second stage? Where are weights below 0, and why?

# %% tags=["panel"]
table_panel(path, sampler="dpm_solver_pp_2m", steps=8)

# %% [markdown]
# ## Exercises
#
# Exercises 1 to 3 stand where they are used: [1](#A-sampler-is-a-table), [2](#Ten-lines-in-any-language),
# [3](#Whose-scheduler-is-right).
#
# **4. To investigate.** The weights of a row and `keep` are not free: if the network saw the same clean sample $c$ at
# all looks, and $x_k = \alpha_k c + \sigma_k n$, the next must be $\alpha_{k+1}c + \sigma_{k+1}n$. Which sum follows
# for the weights? Below, DDIM and ++2M keep it. Which samplers do not, and what would that do to a picture whose pixels
# are all equal? (Afterwards, `check("keeps_alpha").solution(found)` shows our answer, for a sentence of yours.)

# %%
for name in ("ddim", "dpm_solver_pp_2m", "euler"):
    table = pipelines.linear_steps(samplers.get(name), path, times)
    first, second = table[1], table[2]
    due = second.alpha - first.keep * first.alpha
    print(f"{name}: the weights of row 2 add up to {sum(first.clean):.4f}; alpha asks for {due:.4f}")

# %% [markdown]
# ## Pitfalls
#
# - **A pipeline that builds its own scheduler.** Print `type(pipe.scheduler)`, and change the sampler once to see a
#   change.
# - **Off by one.** `diffusers` counts times from 0 and this course from 1, since 0 is clean data here. A network that
#   is asked one time off draws almost the same, which is why nobody notices.
# - **Ignored in silence.** `from_config` drops options that a class does not know. The sampler that you asked for by a
#   misspelled name is the default one.
# - **The grid is part of the sampler.** "leading", "linspace" and "trailing" give other results by the same algorithm.
# - **A scheduler with a memory** has to be reset: `set_timesteps` before every run.
# - **A word that is not in the vocabulary.** The miniature's tokenizer knows the words of lesson 13 and no others:
#   `pipe("a purple platypus")` stops with "WordLevel error: Missing [UNK] token from the vocabulary".
# - **A class in a notebook** is saved as `__main__`, and loads nowhere else. Put it into a module, and import that
#   before `from_pretrained`.
# - **DiT's null is written into its pipeline** as class 1000. A network of ten classes has no such row, and fails; one
#   of more than a thousand takes a class for none.
# - **SD3's decoder** needs `shift_factor` in its config, and fails at the last line without.

# %% [markdown]
# ## What to remember
#
# - A deterministic sampler is a table: keep a share of $x$, add weights times clean samples. The network is not in it.
# - Whoever has the table needs no library. Methods of two stages have two rows a step; multistep methods remember.
# - A pipeline is an interface. Trained parts of any size fit it, and the miniature draws in Stable Diffusion's class.
# - Right implementations agree to rounding. Where two do not, compare first the times at which they ask the network.
# - A pipeline may throw your sampler away. Only a change that changes something shows that it is used.

# %% [markdown]
# ## Scope check

# %%
scope_check("15")

# %% [markdown]
# ## Further reading
#
# - von Platen and others, *Diffusers: State-of-the-art diffusion models*, the library and its schedulers.
#   https://huggingface.co/docs/diffusers/api/schedulers/overview
# - Lu, Zhou, Bao, Chen, Li, Zhu, *DPM-Solver++*, 2022: the method that both libraries agree on.
#   https://arxiv.org/abs/2211.01095
# - Lin, Liu, Li, Yang, *Common Diffusion Noise Schedules and Sample Steps are Flawed*, 2023: grids and their ends.
#   https://arxiv.org/abs/2305.08891
# - Rombach, Blattmann, Lorenz, Esser, Ommer, *High-Resolution Image Synthesis with Latent Diffusion Models*, 2022: the
#   system whose pipeline you used. https://arxiv.org/abs/2112.10752
# - ONNX, the exchange format for networks, and the program that runs it. https://onnx.ai, https://onnxruntime.ai
