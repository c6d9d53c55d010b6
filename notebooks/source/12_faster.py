# %% [markdown]
# # 12 Faster
#
# **Question.** Half precision, int8, pruning, caching: does it beat taking fewer steps?
#
# **Budget.** About 70 seconds of one CPU core, 1.1 GB of memory, nothing to download.
#
# **Afterwards you can** say where the time of a network goes; round a tensor to eight bits and bound the error; tell a
# cache that saves something from one that only takes fewer steps under another name; find out what an attention head is
# for; and read a speed-up so that nobody sells you one.

# %%
from collections import Counter
from contextlib import ExitStack
from itertools import combinations, pairwise, product

import torch
from torch.utils.flop_counter import FlopCounterMode

import diffusion_lessons as dl
from diffusion_lessons import Settings, check, generate, load, optimise, sample, samplers, schedules, toys, working
from diffusion_lessons.benchmark import techniques
from diffusion_lessons.captions import draw, without_head
from diffusion_lessons.denoisers.precision import HalfPrecision
from diffusion_lessons.figures import (
    all_networks_figure,
    family,
    image_grid,
    show,
    speed_ups_figure,
    style,
    techniques_figure,
)
from diffusion_lessons.panels import predict, scope_check, techniques_panel

# %%
network, digits = load("mnist-small-diffusion"), list(range(10))


def seeded(seed):
    return torch.Generator().manual_seed(seed)


# %% [markdown]
# ## Where the time goes
#
# All the time of sampling is spent in the network, so what is *in* the network? Count its products, layer by layer.

# %%
with FlopCounterMode(display=False) as counter, torch.no_grad():
    network.network(torch.zeros(1, 1, 28, 28), torch.tensor([500.0]), torch.tensor([3]))
counts, products = counter.get_flop_counts(), counter.get_total_flops() / 2
convolutions = 1 - counts["Global"][torch.ops.aten.addmm] / counter.get_total_flops()
below = sum(counts["UNet.levels.below"].values()) / counter.get_total_flops()
print(f"one evaluation of one digit: {products / 1e6:.0f} million products")
print(f"in convolutions: {convolutions:.1%}; below the finest level: {below:.0%}")
assert convolutions > 0.99

# %% [markdown]
# Convolutions are everything here. So a tool that makes linear layers fast, as many do because language models consist
# of them, makes this network faster by nothing. Ask what a tool touches before you ask how fast it is.
#
# But products are not seconds. The course measured this network on one machine with everything that follows, and the
# table comes with it (`diffusion-lessons techniques mnist-small-diffusion --measure` makes one on yours). The network
# is the one that an hour of a CPU core makes. It has the shape of `mnist-diffusion`, so its times are the same; by this
# lesson's solver its digits are farther from real ones. At each batch all rows of the table were timed in turn, so that
# ratios mean something. The two batches were timed one after the other, so that the ratio of the two is a rough one.
# What does one digit cost, alone and among 25?

# %%
rows = techniques.shipped_techniques("mnist-small-diffusion")
at = {batch: techniques.at_batch(rows, batch) for batch in (1, 25)}
SOLVER = "dpm_solver_pp_2m"


def row_of(steps, *done, batch=25, sampler=SOLVER, **more):
    """The row of these techniques, in so many steps."""
    return next(
        row
        for row in dl.benchmark.shipped.matching_rows(at[batch], Settings(sampler, steps, **more))
        if row.techniques == done
    )


alone, among = (row_of(10, batch=batch).seconds_per_image for batch in (1, 25))
print(f"alone a digit takes {alone / among:.1f} times as long as each of 25 that are drawn together")
assert alone / among > 2

# %% [markdown]
# The products of a digit are the same alone and among 25, so the rest of its time goes elsewhere: presumably to Python,
# to memory, to hundreds of small calls, which nobody timed here one by one. Remember that when somebody has made the
# products faster.

# %% [markdown]
# ## The rival
#
# Whoever wants to be faster can always take fewer steps. It needs no library, no compiler and no calibration, and it
# works on every machine. So this is what each technique has to beat: *the best plain run that takes no longer*. Where
# its time lies between two numbers of steps, a mixture is a rival too: some of the digits drawn in six steps and the
# others in eight, in such shares that all of them together take as long. (No such mixture was drawn: its figure is
# computed from those of the two runs. And a run that takes at most a twentieth longer counts as no longer, since a few
# rounds of timing do not tell such times apart.)
#
# Two yardsticks are needed. The **Fréchet distance** says how far the digits are from real ones (lesson 09). The
# **drift** says how far each digit is from the one that the same network draws from the same noise in very many steps.

# %%
ten, five = row_of(10), row_of(5)
faster = dl.benchmark.speed_up(five, ten)
print(f"5 steps in place of 10: {faster.measured.value:.2f} times as fast")
for figure in ("frechet", "drift"):
    change = dl.metrics.interval(five.quality[figure].number - ten.quality[figure].number)
    print(
        f"{figure}: {ten.quality[figure].value:.3f} becomes {five.quality[figure].value:.3f}, a difference of {change}"
    )

# %% [markdown]
# The digits of five steps are *other* digits, and not told from those of ten in their distance from real ones. (Lesson
# 10 found why: followed faithfully, this network leads a little away from the data.) So by the Fréchet distance this
# rival is very hard to beat. (With `mnist-diffusion` it is weaker: five steps of this solver are farther from real
# digits than ten, beyond chance.) The drift is kinder: a technique that computes the same in less time keeps it. Each
# technique is asked for both.

# %%
predict("12.how_many")

# %% [markdown]
# ## Half precision
#
# A float32 has 24 significant bits, a bfloat16 has 8 and the same range. Rounding to it changes a number by at most one
# part in 256:

# %%
x = torch.randn(100_000, generator=seeded(0), dtype=torch.float64)
relative = ((x.bfloat16().double() - x) / x).abs().max()
assert relative <= 2**-8
print(f"largest relative error of 100,000 numbers in bfloat16: {relative:.5f}; one part in 256 is {2**-8:.5f}")

# %% [markdown]
# That sounds coarse for a method that adds up hundreds of small steps. Is it? There are two places to round: the
# network, whose inputs and outputs pass through bfloat16, and $x$ itself, which the sampler carries from step to step.
# Take two clusters of numbers, whose exact denoiser stands for the network, and round in one place or in both.

# %%
path = schedules.cosine()
clusters = toys.GaussianMixture([-1.0, 1.0], stds=[0.3, 0.2], weights=[0.3, 0.7])
exact, start = clusters.denoiser(path), toys.gaussian_quantiles(512)
true_end = toys.exact_ode.exact_flow(exact, start, path, (path.T, 0.0), 1e-6)[-1].x


def walked(steps, round_network, round_x):
    """Root mean square distance of DDIM's samples from the exact ends, with bfloat16 in these places."""
    x = start
    for t, s in pairwise(path.grid(steps)):
        x0 = exact(x.bfloat16().double(), t).x0.bfloat16().double() if round_network else exact(x, t).x0
        x = path.alpha(s) * x0 + path.sigma(s) * (x - path.alpha(t) * x0) / path.sigma(t)
        x = x.bfloat16().double() if round_x else x
    return (x - true_end).square().mean().sqrt()


# %%
predict("12.where_to_round")

# %% tags=["within-10%"]
for steps in (10, 100, 1000):
    errors = [walked(steps, *where) for where in ((False, False), (True, False), (True, True))]
    print(
        f"{steps:>4} steps: exact {errors[0]:.4f}, network rounded {errors[1]:.4f}, x rounded as well {errors[2]:.4f}"
    )
assert errors[1] < 0.02 < 10 * errors[1] < errors[2]

# %% [markdown]
# **A network may be coarse; the sum may not.** Each answer of the network is used for one step and then replaced. But
# $x$ is a running sum: once a step is smaller than the spacing of bfloat16 numbers near $x$, it is rounded away, or
# rounded up, and the more steps there are, the worse. In this library half precision is therefore the network's alone,
# and $x$ stays float32 whatever you choose. The network, too, keeps its normalisations in float32: `torch.autocast`
# rounds what goes into products and leaves the rest. It rounds the weights as well, at every call anew. They can be
# cast once and for all, which is what the library does:

# %%
x, t = torch.randn(10, 1, 28, 28, generator=seeded(6)), torch.full((10,), 500.0)
with torch.no_grad():
    cast, passing = (
        HalfPrecision(network.network, torch.bfloat16, cast=once)(x, t, torch.arange(10)) for once in (True, False)
    )
assert torch.equal(cast, passing)
print("weights cast once, or by autocast at each call: the same answers, bit for bit")

# %% [markdown]
# So the two differ by their time alone, which you will see below. What does the rounding do to digits?

# %% tags=["within-20%"]
fine = generate(network, 20, Settings(SOLVER, 30), labels=digits)[-1].x


def distance(a, b):
    """Root mean square difference of two sets of pictures."""
    return (a - b).square().mean().sqrt()


tens = generate(network, 20, Settings("ddim", 10), labels=digits)[-1].x
halves = generate(network, 20, Settings("ddim", 10, precision="bfloat16"), labels=digits)[-1].x
of_half, of_steps = distance(halves, tens), distance(tens, fine)
assert of_half < of_steps / 10
print(f"bfloat16 moves the digits of ten steps by {of_half:.4f}; that they are only ten steps, by {of_steps:.4f}")

# %% [markdown]
# The rounding is nothing beside what ten steps cost anyway. So half precision is free, if it is faster. *If*: it needs
# a processor that multiplies bfloat16, and something to multiply.

# %%
for batch in (25, 1):
    times = dl.benchmark.speed_up(row_of(10, batch=batch, precision="bfloat16"), row_of(10, batch=batch)).measured
    print(f"bfloat16, batch {batch:>2}: {times} times as fast")
    assert batch == 25 or times.high < 1

# %% [markdown]
# **The same technique, on the same machine: twice as fast at one batch, slower at another.** If a digit alone
# waits for calls rather than for products, that is no surprise, since half precision adds calls. Whoever quotes a
# speed-up without its batch has quoted nothing.
#
# And on *your* machine? Here it is timed, in turn. What your processor or your installation lacks is skipped, and says
# so; what has to be compiled first takes minutes, and waits until you ask for it. Of what was skipped the figure shows,
# hollow, what the table holds. (A processor that computes in float16 natively, as a GPU does, takes
# `precision="float16"` in the same way; this one does not, and would imitate it.)

# %%
here = techniques.on_this_machine("mnist-small-diffusion")
show(
    speed_ups_figure(here.found, here.skipped, techniques.in_the_table("mnist-small-diffusion")),
    "How many times as fast as float32, in batches of 1 and of 25, on this machine; hollow, what was skipped here and "
    "measured for the table. Until you run the cell, the machine is the one on which this picture was made.",
)

# %% [markdown]
# ## Eight bits
#
# Processors multiply whole numbers of eight bits faster still. A number becomes
# $q = \operatorname{round}(x/\Delta)$ and stands for $q\,\Delta$, where the step $\Delta$ is chosen so that the largest
# $|x|$ becomes 127.
#
# **Exercise 1.** Round a tensor by hand. The cells below run on yours once it is right, and on ours until then.


# %%
def int8_values(x):
    raise NotImplementedError


check("int8_values", int8_values)

# %% [markdown]
# **Exercise 2.** By how much can a number differ from what it stands for, at most?


# %%
def rounding_bound(x):
    raise NotImplementedError


check("rounding_bound", rounding_bound)

# %%
rounded, bound = working("int8_values", int8_values), working("rounding_bound", rounding_bound)
weights = [part.weight.double() for part in network.network.modules() if isinstance(part, torch.nn.Conv2d)]
for weight in weights:
    assert (rounded(weight) - weight).abs().max() <= bound(weight) * (1 + 1e-9)
print(f"{len(weights)} convolutions, {sum(map(torch.numel, weights)):,} weights: none is off by more than the bound")

# %% [markdown]
# The bound depends on the largest number alone: one outlier makes all others coarse. Give one of eight channels forty
# times the size of the rest, and see what becomes of the others. Then give each channel a step of its own.

# %%
weight = torch.randn(8, 64, generator=seeded(1), dtype=torch.float64)
weight[0] *= 40
each = torch.stack([rounded(row) for row in weight])
for name, values in {"one step for all": rounded(weight), "a step for each channel": each}.items():
    others = distance(values[1:], weight[1:]) / weight[1:].square().mean().sqrt()
    print(f"{name}: the seven ordinary channels are off by {others:.1%}")

# %% [markdown]
# This is why weights are quantised *by channel*. They can be: they are known beforehand. Activations are not; their
# range has to be assumed, and is taken from examples. For a diffusion network there is a trap in this. Look at what
# goes into the last layer at three noise levels:

# %%
examples = optimise.calibration_run(network, samples=10, steps=10)
seen = []
handle = network.network.out.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].abs().max().item()))
with torch.no_grad():
    for example in examples:
        network(example.x, example.t, example.labels)
handle.remove()
for k in (0, len(seen) // 2, len(seen) - 1):
    print(f"t = {examples[k].t:4.0f}: the largest activation is {seen[k]:.2f}")

# %% [markdown]
# The range depends on the noise level. Calibrated at one level, the others are cut off or wasted, and nothing says so.
# The library refuses:

# %%
try:
    optimise.layer_sensitivity(network, examples[:3])
except ValueError as error:
    print(str(error).partition(";")[0][:190], "...")

# %% [markdown]
# ## Which layer bears it worst
#
# It is customary to keep the first and the last layer in float32. Is that where it hurts? Round one layer at a time.

# %%
predict("12.worst_layer")

# %% tags=["within-20%"]
examples = optimise.calibration_run(network, samples=8, steps=8)
sensitivity = {one.name: one.error for one in optimise.layer_sensitivity(network, examples)}
for name in ("stem", "out", "levels.up.0.shortcut"):
    print(f"{name} alone in int8: the output is off by {sensitivity[name]:.2%}")
worst, second = list(sensitivity.values())[:2]
assert sensitivity["levels.up.0.shortcut"] == worst > 2 * second

# %%
shown = dict(list(sensitivity.items())[9::-1])
figure, axes = style.axes("One layer hurts more than first and last", "error of the output", "", size=(6.4, 3.4))
axes.set_axisbelow(True)
axes.barh(list(shown), list(shown.values()), color=[style.ORANGE if "." not in name else style.BLUE for name in shown])
show(
    figure,
    "The ten most sensitive layers. The worst by far, levels.up.0.shortcut, is neither the first (stem) nor the last "
    "(out), which are orange: it is a 1x1 convolution past the last residual block.",
)

# %% [markdown]
# The custom protects two layers of which one hardly needs it, and misses the one that does: a 1x1 convolution that
# carries the picture around the last block. No block comes after it that could mend its error, which is a likely reason
# and not one that was measured. A measurement of a few seconds beats the rule of thumb. Which layers to keep is an
# argument of `to_int8`; here with the rounding alone, which needs no compiler.

# %% tags=["within-30%"]
if reason := optimise.why_no_int8(compile=False):
    print(f"skipped: {reason}")
else:
    for kept in (("stem", "out"), ("levels.up.0.shortcut", "stem", "levels.up.0.conv2")):
        small = optimise.to_int8(network, examples, kept=kept, compile=False)
        moved = distance(generate(small, 10, Settings("ddim", 10), labels=digits)[-1].x, tens[:10])
        print(f"{', '.join(kept)} in float32: int8 moves the digits of ten steps by {moved:.4f}")

# %% [markdown]
# Either way int8 moves the digits by far less than ten steps do. And is it faster? That takes a compiler, and a
# processor with instructions for it; `why_no_int8()` says what is missing. (ONNX Runtime is a road without a compiler:
# `diffusion-lessons optimise mnist-small-diffusion --int8 --onnx --out onnx.json`.) The table was made where both were
# there:

# %%
for batch in (25, 1):
    times = dl.benchmark.speed_up(row_of(10, "int8", batch=batch), row_of(10, batch=batch)).measured
    print(f"int8, batch {batch:>2}: {times} times as fast")
moved = row_of(10, "int8").quality["drift"].number - ten.quality["drift"].number
print(f"its drift minus that of float32: {dl.metrics.interval(moved)}")

# %% [markdown]
# ## When compiling pays
#
# int8 is compiled into one program, and `torch.compile` does so with the network as it is. The program has to be made
# first, anew for each size of a batch. Each of its passes then saves a little. After how many has it paid for itself?
# The seconds of making it, over the seconds that one pass of the whole batch saves:

# %%
making = techniques.shipped_making("mnist-small-diffusion")
for program in ("compiled", "int8"):
    for batch in (25, 1):
        passes = [batch * row_of(10, *done, batch=batch).seconds_per_image / 10 for done in ((), (program,))]
        made, needed = making[program][batch], techniques.passes_until_it_pays(making[program][batch], *passes)
        pays = f"pays after {needed:,.0f} passes, or {needed / 10 * batch:,.0f} digits in ten steps"
        slow, quick = (1000 * one for one in passes)
        print(f"{program}, batch {batch:>2}: {made:.0f} s / ({slow:.1f} - {quick:.1f}) ms", end=": ")
        print(pays if needed < float("inf") else "never pays")

# %% [markdown]
# Thousands of passes, where it pays at all: whoever draws a hundred digits to look at them has lost a minute, and
# whoever draws a million has won hours. (The seconds are those of a processor that makes the program from nothing.
# PyTorch keeps programs on disk, and the second time is quicker, on the same machine and with the same versions.)

# %% [markdown]
# ## Leaving blocks out
#
# A residual block adds something to what it receives, $h + f(h)$. Leave out $f$, and the shapes still fit. A block
# whose $f$ is zero can go for nothing, and before training they all are:

# %%
untrained = dl.networks.UNet(dl.networks.UNetConfig(channels=1, classes=10))
fresh = dl.denoisers.Denoiser(untrained, network.path, predicts="v", shape=(1, 28, 28), classes=10)
noise = torch.randn(2, 1, 28, 28, generator=seeded(2))
emptied = optimise.without_blocks(fresh, optimise.block_names(fresh))
with torch.no_grad():
    assert torch.equal(emptied(noise, 500.0).x0, fresh(noise, 500.0).x0)
print(f"without its {len(optimise.block_names(fresh))} blocks the untrained network answers the same, bit for bit")

# %% [markdown]
# After training, which is missed least? Digits of the network itself are images enough to find out.

# %% tags=["within-10%"]
ranking = optimise.rank_blocks(network, fine[:16], torch.arange(16) % 10)
for one in (*ranking[:3], ranking[-1]):
    saved = sum(counts[f"UNet.{one.name}"].values()) / counter.get_total_flops()
    print(f"without {one.name}: loss {one.loss / one.whole:.3f} times the whole network's, {saved:.0%} fewer products")

# %% [markdown]
# **What is missed least costs least.** The blocks that can go are the coarsest, on pictures of 7x7, where there is
# next to nothing to save. The blocks that cost something do something. So much for leaving out: here it is all in the
# table, with a short training afterwards, beside channels that were cut and a small network that was trained from the
# start. It is as wide as the network whose channels were cut, so that for these two as many images are as many minutes.

# %%
for done in (
    ("2 blocks less",),
    ("2 blocks less", "trained on for 15,000 images"),
    ("25% of channels less",),
    ("25% of channels less", "trained on for 15,000 images"),
    ("a small network from the start",),
    ("a small network from the start", "in the same minutes"),
):
    row = row_of(10, *done)
    times, quality = dl.benchmark.speed_up(row, ten).measured, row.quality
    said = f"drift {quality['drift'].value:.2f}, Fréchet distance {quality['frechet'].value:.2f}"
    print(f"{', '.join(done)}: {times.value:.2f} times as fast; {said}")
print(f"plain, 10 steps: drift {ten.quality['drift'].value:.2f}, Fréchet distance {ten.quality['frechet'].value:.2f}")

# %% [markdown]
# A quarter of the channels cut from every layer at once, and not a digit is left; without two blocks most of the
# picture stands. A short training mends most of the one and a little of the other. Trained on, the pruned networks are
# far ahead of a narrower one that was trained from the start, on as many images or in as many minutes (a fifth more
# images, since a small network is quicker): weights that were learned once are worth something. (The narrower network
# is what the table calls *small*. `mnist-small-diffusion` is not narrower; it is called small because it saw few
# images. With a training of hours the narrower one may catch up; a short one is what was measured.) But they are not
# ahead of *nothing*: five plain steps are twice as fast.

# %% [markdown]
# ## Which head knows red
#
# The text-to-image system of lesson 13 looks at the words with attention: five layers of four heads each. "Redundant
# heads can be pruned", says text 2. So silence one at a time and see which word it served. "Red" makes a difference to
# the picture: that between what the network sees when told "a thick red three" and "a thick blue three". What share of
# this difference goes with a head?
#
# **Exercise 3.** Write it: 1 minus the length of what is left along the whole, in units of the whole.


# %%
def word_shares(whole, without):
    raise NotImplementedError


check("word_shares", word_shares)

# %%
painter, judge = load("captions-diffusion"), dl.checkpoints.captions.load_judge()
heads = [(layer, head) for layer in painter.unet.readings() for head in range(4)]
middle = generate(painter, 16, Settings(SOLVER, 10, limit=None), labels="a thick red three")[5]


sentences = {
    "": "a thick red three",
    "red": "a thick blue three",
    "three": "a thick red seven",
    "thick": "a thin red three",
}


@torch.no_grad()
def effects():
    """What each word changes in the estimates of half-finished pictures, as one row of numbers."""
    told = {word: dl.denoisers.as_condition(painter, [sentence] * 16) for word, sentence in sentences.items()}
    seen = {word: painter(middle.x, middle.t, tokens).x0.flatten() for word, tokens in told.items()}
    return {word: seen[""] - seen[word] for word in sentences if word}


# %%
whole, left = effects(), []
for layer, head in heads:
    with without_head(painter, layer, head):
        left.append(effects())

# %% tags=["within-0.02"]
shares_of = working("word_shares", word_shares)
shares = {word: shares_of(whole[word], torch.stack([one[word] for one in left])) for word in whole}
best = int(shares["red"].argmax())
print(f"head {heads[best][1]} of {heads[best][0]} takes", end=" ")
print(", ".join(f"{share[best]:z.2f} of {word}" for word, share in shares.items()))
print(f"the nineteen others, one by one, take {shares['red'].sum() - shares['red'].max():.2f} of red together")
assert shares["red"].max() > 0.15 > 3 * max(shares[word][best] for word in ("three", "thick"))

# %% [markdown]
# There it is: one head takes a good part of "red" with it, and hardly any of the other words. So without it the picture
# should lose its colour. Does it? And without *all twenty*?

# %%
predict("12.no_heads")


# %% tags=["within-0.1"]
def followed(sentence, silenced, count=48):
    """Which share of the pictures shows each thing that the sentence says, with these heads silenced."""
    with ExitStack() as stack:
        for layer, head in silenced:
            stack.enter_context(without_head(painter, layer, head))
        pictures = draw(painter, sentence, count, steps=6).pictures
    said = dl.data.captions.sentences.read(sentence)
    table = dl.metrics.captions.adherence.adherence([said] * count, judge(pictures))
    return {row.attribute: row.followed / row.asked for row in table}


cuts = {"all heads there": [], "without the head of red": [heads[best]], "without all twenty": heads}
red = {name: followed("a thick red three", silenced) for name, silenced in cuts.items()}
for name, share in red.items():
    print(f"{name}: " + ", ".join(f"{what} {share[what]:.2f}" for what in ("digit", "ink", "stroke")))
assert red["without all twenty"]["ink"] > 0.9

# %% [markdown]
# **No head is needed for red.** Silence all of them, and the pictures are as red as before. The words have another way
# in: the sentence's *summary*, one vector, is added to the time embedding and reaches every block. Then what are twenty
# heads for? Ask for two things of two colours:

# %% tags=["within-0.1"]
ends = ("all heads there", "without all twenty")
two = {name: followed("a red seven and a blue square", cuts[name]) for name in ends}
for name, share in two.items():
    print(f"{name}: " + ", ".join(f"{what} {share[what]:.2f}" for what in ("digit", "ink", "shape", "shape_ink")))
assert two["without all twenty"]["shape_ink"] < two["all heads there"]["shape_ink"] - 0.2

# %% [markdown]
# They are for the *second* thing, and for what belongs to what. A summary says "red, blue, seven, square"; who has
# which ink, only the looking tells. Whoever had pruned by the ink and the stroke of sentences about one thing would
# have thrown away every head, since 48 pictures show both as before (and are too few for a small loss of the digit),
# and shipped a system that binds far less well. Heads are redundant *for a set of prompts*; name it.
#
# Cutting them out, rather than silencing them, computes the same with fewer products:

# %% tags=["within-1%"]
cut = optimise.without_heads(painter, [heads[best]])
tokens = dl.denoisers.as_condition(painter, ["a thick red three"] * 16)
with torch.no_grad(), without_head(painter, *heads[best]):
    silenced = painter(middle.x, middle.t, tokens).x0
with torch.no_grad():
    assert torch.allclose(cut(middle.x, middle.t, tokens).x0, silenced, atol=1e-4)
print("one head silenced and the same head cut out: the same estimates, to four decimals")

# %% [markdown]
# The network has twenty more heads, with which the picture looks at itself. The ten of all forty that the loss misses
# least were cut, and 500 scenes drawn, paired:

# %%
told = techniques.at_batch(techniques.shipped_techniques("captions-diffusion"), 25)
fewer = next(row for row in told if row.techniques == ("10 heads less",) and row.settings.scale == 4)
every = next(row for row in told if row.techniques == () and row.settings == fewer.settings)
gap = dl.metrics.interval(fewer.quality["adherence"].number - every.quality["adherence"].number)
print(f"all that was said is shown by {every.quality['adherence'].value:.1%}, without ten heads minus with them {gap}")
print(f"without ten heads it is {dl.benchmark.speed_up(fewer, every).measured} times as fast")
whole = next(row for row in told if row.techniques == () and row.settings == fewer.settings.changed(scale=1.0))
tuned, scratch = "trained on for 15,000 images", "a small network from the start"
for done in (("10 heads less",), ("10 heads less", tuned), (scratch,), (scratch, "in the same minutes")):
    row = next(row for row in told if row.techniques == done and row.settings == whole.settings)
    gaps = [dl.metrics.interval(row.quality[k].number - whole.quality[k].number) for k in ("frechet", "adherence")]
    print(f"no guidance, {', '.join(done)}: Fréchet distance higher by {gaps[0]}, share that shows all {gaps[1]}")

# %% [markdown]
# At this scale no loss is seen (by the interval at most 1.6 sentences of 100), and next to nothing is won: by the
# interval, at most 6 % of the time. Without guidance the distance is the same, and all that was said is shown a little
# less often. After a short training neither difference is seen; that the training mended it, 500 scenes do not tell. A
# small network that starts from nothing, with as many images or as many minutes, comes nowhere near: the pruned one
# keeps what the whole one learned from 2.5 million. *What can be pruned* and *what makes it faster* are two questions,
# and brochures answer the first.

# %% [markdown]
# ## A cache that is no cache
#
# From one step to the next the network says nearly the same. So do not ask it each time: keep its answer for a few
# steps. **Exercise 4.** Write Euler's method on the straight path with a velocity that is renewed at every `every`-th
# step. With `every = 1` nothing may change.


# %%
def cached_euler(u, x, times, every):
    raise NotImplementedError


check("cached_euler", cached_euler)

# %%
predict("12.kept_answer")

# %%
flow = schedules.flow()
straight = clusters.denoiser(flow)
walk, even = working("cached_euler", cached_euler), list(flow.grid(20))


def velocity(x, t):
    estimate = straight(x, t)
    return estimate.eps - estimate.x0


plain = {steps: sample(samplers.euler, straight, start, flow, flow.grid(steps)) for steps in (20, 10, 5)}
for every, steps in ((1, 20), (2, 10), (4, 5)):
    off = (walk(velocity, start, even, every) - plain[steps]).abs().max()
    assert off < 1e-12
    print(f"20 steps, a new velocity at every {every}: the samples of {steps} plain steps, to twelve decimals")

# %% [markdown]
# **Keeping the network's answer *is* taking fewer steps.** With a constant velocity, four steps are one step that is
# four times as long; with DDIM it is the same, since its step is exact for a constant estimate:

# %%
kept, x = None, start
for k, (t, s) in enumerate(pairwise(path.grid(20))):
    kept = exact(x, t) if k % 4 == 0 else kept
    x = path.alpha(s) * kept.x0 + path.sigma(s) * kept.eps
off = (x - sample(samplers.ddim, exact, start, path, path.grid(20)[::4])).abs().max()
assert off < 1e-12
print("DDIM in 20 steps with every answer used four times, and DDIM in 5: the same numbers, to twelve decimals")

# %% [markdown]
# So such a cache cannot beat fewer steps, whatever its name and however clever its rule for when to renew: it is a way
# to place them. A cache can win only if it keeps a *part*, which changes more slowly than the rest. Three parts:
#
# **What never changes.** The states of a sentence are the same at every step: reading it once is bit for bit the same,
# and saves what lesson 13 measured. (The decoder of that system is asked once for each picture, at the end: nothing of
# it repeats, so there is nothing to keep.)

# %%
drawn = {}
for keep in (True, False):
    with painter.text.keeping(keep):
        drawn[keep] = draw(painter, "a thick red three", 2, steps=3).latents
        read = painter.text.misses
    print(f"sentences {'kept' if keep else 'read anew'}: {read} readings for two pictures in three guided steps")
assert torch.equal(drawn[True], drawn[False])

# %% [markdown]
# **What changes slowly, it is said.** Everything below the finest level of the U-Net, about half of the products: the
# idea of DeepCache. Kept for two steps, or followed on a line through its last two values.

# %% tags=["within-20%"]
same = optimise.reuse_features(network, every=1)
assert torch.equal(generate(same, 20, Settings("ddim", 10), labels=digits)[-1].x, tens)
print("every = 1: the same digits, bit for bit")
for steps, every, order in ((10, 1, 0), (10, 2, 0), (10, 2, 1), (20, 1, 0), (20, 2, 0), (20, 2, 1)):
    quick = optimise.reuse_features(network, every, order=order)
    off = distance(generate(quick, 20, Settings("ddim", steps), labels=digits)[-1].x, fine)
    cost = steps * (1 - below) + steps / every * below
    print(f"{steps} steps, every {every}{', on a line' * order}: the price of {cost:.1f} passes, drift {off:.3f}")
second_order = distance(generate(network, 20, Settings(SOLVER, 14), labels=digits)[-1].x, fine)
print(f"14 plain steps of DPM-Solver++(2M): the price of 14.0 passes, drift {second_order:.3f}")
assert 0.8 * off < second_order < 1.25 * off

# %% [markdown]
# Repeated, the features are a bad bargain: twenty steps with half of the features cost more than ten plain ones, and
# drift as far. On a line they do better in twenty steps than twenty plain steps of DDIM. That is no miracle: to follow
# a line is what a solver of second order does with the *answers*, and it needs no cache for it. At the same price the
# two drift about as far. And in ten steps the features do not change slowly any more. In how many steps a cache pays is
# part of what it is. (Its authors report DeepCache in 50 steps and more.)
#
# **What guidance adds.** Guidance asks twice: with the condition, and without. The *difference* of the two answers
# changes slowly, or so one hopes. Keep it, renew it at every second or third step, and make only the conditional pass
# in between; or guide only within an interval of noise levels. The rival is the best plain run with the *same*
# guidance.

# %%
guided = dl.guidance.classifier_free(network, torch.arange(10), 3.0)
again = optimise.reuse_negative(guided, every=1)
starts = torch.randn(10, 1, 28, 28, generator=seeded(3))
ends = [sample(samplers.ddim, one, starts, network.path, network.path.grid(3)) for one in (guided, again)]
assert torch.equal(*ends)
print("every = 1: the same guided digits, bit for bit")
for table, metric in (("mnist-small", "frechet"), ("captions", "frechet"), ("captions", "adherence")):
    print(f"{table}, batch 25, {metric}:")
    for one in techniques.compared(techniques.shipped_techniques(f"{table}-diffusion"), 25, metric):
        if one.row.settings.guided and not one.row.techniques:
            way = f"second pass every {one.row.settings.reuse}" if one.row.settings.reuse > 1 else "within an interval"
            print(f"  {way}: {one.row.nfe:g} evaluations, not 20; {one.word}, {one.difference}, beside {one.rival}")
print(f"mnist-small, five steps without guidance: {five.quality['frechet'].value:.3f}; ten guided steps minus these:")
for name, more in {"whole": {}, "every 3": {"reuse": 3}, "within an interval": {"interval": (0.2, 3.0)}}.items():
    guided_row = row_of(10, scale=2.0, **more)
    gap = dl.metrics.interval(guided_row.quality["frechet"].number - five.quality["frechet"].number)
    print(f"  {name}: {gap}, in {guided_row.seconds_per_image / five.seconds_per_image:.1f} times the time")

# %% [markdown]
# By the Fréchet distance the interval wins on both. Keeping the difference wins on neither: with the digits' network it
# is not told from guided steps that take as long, and on captions it loses, at every third step by both figures and at
# every second by the Fréchet distance.
#
# And a win among guided runs is no more than that. At scale 2, guidance itself makes the Fréchet distance of this
# network's digits worse: ten steps with the whole of it, or with a second pass at every third step, lie far above five
# steps without. What the interval gains is that guidance does less harm: it is not told from those five steps, which
# take a third of its time. On captions the interval costs adherence: where it leaves guidance out, the pictures are
# nearer to real scenes and follow the sentence less.

# %% [markdown]
# ## Where the steps go
#
# "More of the steps belong in high noise", says text 2. Where do *these* steps belong? One fine run knows the error of
# every long step that could be made along it: from $t$, DDIM's step to any $s$ is arithmetic once $\hat x_0$ is known.
# So put all of them into a table, and ask for the path through it with the smallest sum. That is a shortest path, and
# dynamic programming finds it: the best way to $j$ in $n$ steps is the best way to some $i$ in $n-1$, and one step.

# %%
three = toys.GaussianMixture([[1.0, 0.0], [-0.5, 0.8], [-0.5, -0.8]], stds=0.15)
plane = three.denoiser(path)
times = path.grid(100, spacing="logsnr")
here, there = (path.sigma(times[0]) * torch.randn(256, 2, generator=seeded(k), dtype=torch.float64) for k in (4, 5))
small = optimise.local_errors(plane, here, path, path.grid(10), generator=seeded(4))
tried = min(combinations(range(1, 10), 3), key=lambda inner: sum(small[i, j] for i, j in pairwise((0, *inner, 10))))
assert [0, *tried, 10] == optimise.cheapest(small, 4)
print("four steps on ten times: trying all 84 grids and dynamic programming choose the same")

# %%
table = optimise.local_errors(plane, here, path, times, generator=seeded(4))
ends = toys.exact_ode.exact_flow(plane, there, path, (times[0], 0.0), 1e-7)[-1].x
for steps in (4, 8):
    grids = {name: (times[0], *path.grid(steps, name)[1:]) for name in ("trailing", "quadratic", "logsnr", "karras")}
    grids["placed"] = tuple(times[i] for i in optimise.cheapest(table, steps))
    off = {name: distance(sample(samplers.ddim, plane, there, path, grid), ends) for name, grid in grids.items()}
    print(f"{steps} steps: " + ", ".join(f"{name} {error:.3f}" for name, error in off.items()))
assert min(off, key=off.get) == "placed"

# %% [markdown]
# On other noise than the one that placed them, eight placed steps beat every grid with a name, and four do not. The sum
# of local errors adds up sizes along one fine run: errors that cancel or grow otherwise on the long way it does not
# know. On digits:

# %%
for steps, sampler in ((5, "ddim"), (10, "ddim"), (5, SOLVER), (10, SOLVER)):
    row = next(r for r in at[25] if r.settings.placed and (r.settings.sampler, r.settings.steps) == (sampler, steps))
    ways = {"placed": row} | {name: row_of(steps, sampler=sampler, spacing=name) for name in ("logsnr", "karras")}
    even = row_of(steps, sampler=sampler).quality["drift"]
    gaps = {name: dl.metrics.interval(one.quality["drift"].number - even.number) for name, one in ways.items()}
    print(f"{style.label(sampler)} in {steps} steps: drift {even.value:.3f}, placed minus even {gaps['placed']}")
    print(f"    even in lambda minus even in t {gaps['logsnr']}, Karras's minus even in t {gaps['karras']}")
inner = row.settings.placed[1:-1]
print(
    f"placed: {', '.join(f'{t:g}' for t in inner)}: {sum(t > 500 for t in inner)} of {len(inner)} in the noisier half"
)

# %% [markdown]
# In five steps, placing them brings the digits nearer to what the network means, and a digit takes no longer. In ten,
# both samplers drift a little *further* with placed steps, by intervals that barely leave out nought. Six of the nine
# placed times do lie in the noisier half, as text 2 says. But an even grid has four of nine there, and the fifth on the
# border; what the ledger makes of the statement, claim C17, stands at the end of this lesson.
#
# The two rules that have names are far worse than even steps. They were made for paths that begin at less noise: of ten
# steps, they spend five and seven of the nine inner times where $t$ is above 870, in what is nearly nothing but noise.
#
# Digits are easy. The text-to-image system, whose heads you silenced, starts from noise in the same way, and its steps
# can be placed by the same table of errors:

# %%
scenes = [row for row in techniques.shipped_techniques("captions-diffusion") if row.quality and not row.techniques]
for steps in (5, 10):
    placed = next(r for r in scenes if r.settings.placed and (r.settings.sampler, r.settings.steps) == (SOLVER, steps))
    equal = dl.benchmark.find(scenes, placed.settings.changed(placed=None))
    gaps = [dl.metrics.interval(placed.quality[k].number - equal.quality[k].number) for k in ("drift", "adherence")]
    print(f"captions, {steps} steps: drift of placed minus even {gaps[0]}; share that shows all it was told {gaps[1]}")
inner = placed.settings.placed[1:-1]
twenty = dl.benchmark.find(scenes, equal.settings.changed(steps=20))
gap = dl.metrics.interval(placed.quality["drift"].number - twenty.quality["drift"].number)
print(f"ten placed minus twenty even steps: drift {gap}")
print(f"placed: {', '.join(f'{t:g}' for t in inner)}")

# %% [markdown]
# By drift, placing is worth a great deal here: ten placed steps are not told from twenty even ones, and five of them,
# without guidance, show all that was said more often than five even ones do. (By the Fréchet distance placed steps are
# not told from even ones.) It costs two fine runs, of which the second measures how much of an error is left at the
# end. They are made once, and it costs no time ever after, on any machine and at any batch.

# %% [markdown]
# ## One table, one figure
#
# All of it, on the two axes that count, with the plain curve drawn through. A point is small and faded where plain runs
# that take no longer are surely better, hollow where nothing is sure. What is faster than two plain steps stands
# *alone*: one step has no place in the curve, since it draws nearly the same picture from every noise. Whoever has no
# rival has beaten none, so the title counts those that have one.


# %%
def unguided(table, batch, figure):
    """The unguided techniques of a table, each beside its plain rival."""
    return [one for one in techniques.compared(table, batch, figure) if one.row.settings.scale == 1]


def counted(found):
    """How many of these are better, worse, undecided, or alone: faster than any measured plain run."""
    words = [one.word for one in found]
    return ", ".join(f"{words.count(word)} {word}" for word in ("better", "worse", "undecided", "alone"))


def wins_by_family(found):
    """Of each family of techniques how many rows win, of those that have a rival."""
    won = [family(one.row) for one in found if one.word == "better"]
    counts = Counter(family(one.row) for one in found if one.rival)
    return ", ".join(f"{name} {won.count(name)} of {count}" for name, count in counts.items())


# %%
for figure, batch in product(("frechet", "drift"), (25, 1)):
    found = unguided(rows, batch, figure)
    print(f"{figure}, batch {batch:>2}: {counted(found)}")
    assert sum(one.word in ("better", "alone") for one in found) < len(found) / 2
    if batch == 25:
        print(f"    wins: {wins_by_family(found)}")

# %%
show(
    techniques_figure(rows, 25, "drift"),
    "Drift against the milliseconds of one digit in a batch of 25, on the machine of the table. Below the plain curves "
    "lie int8, half precision, compiling, ONNX Runtime and five placed steps; above them pruned and small networks, "
    "ten placed steps, steps placed by other rules, and kept features, of which one point lies on the curve.",
)

# %%
show(
    techniques_figure(rows, 25, "frechet"),
    "The same by the Fréchet distance, among unguided runs. No plain run of more steps lies below the five of "
    "DPM-Solver++(2M), and 500 samples do not tell its later rise from noise, so whatever takes longer has these five "
    "as its rival.",
)

# %% [markdown]
# **Most do not.** What wins computes *the same or nearly the same* in less time: in cheaper arithmetic (int8, bfloat16)
# or by a better program (a compiler, ONNX Runtime). (Nearly: the drift of int8 is higher than that of float32, and so
# is its Fréchet distance; see claim C16d in the ledger.) By drift, five well placed steps win as well. What computes
# *less*, by kept features or a smaller network, loses at a batch of 25 to the oldest way of computing less, in every
# row but one: features that are renewed at every second step and followed on a line, in ten steps, are not told from
# plain steps that take as long. By the Fréchet distance much is open: at a batch of 25, 12 of the 42 rows that have a
# rival are not told from it. Each verdict holds for a batch, a machine and a figure.

# %% [markdown]
# ## Other networks
#
# Is all this so because digits are easy? The same was measured on the photographs of lesson 14 and on the text-to-image
# system. Not all of it: a plan turns only networks that are told a class into one program, so the latter has neither
# int8 nor compiling. And the table of photographs was made on another processor, which has no products in bfloat16 and
# no instruction for whole numbers. So it has neither half precision nor PyTorch's int8, and its milliseconds cannot be
# compared with the others'.

# %%
tables = techniques.shipped_tables()
for (name, table), figure in product(tables.items(), ("drift", "frechet")):
    found = unguided(table, 25, figure)
    print(f"{name}, {figure}, batch 25: {counted(found)}")
    print(f"    wins: {wins_by_family(found)}")
short_names = {name.removesuffix("-diffusion"): table for name, table in tables.items()}
show(
    all_networks_figure(short_names, 25, "drift"),
    "Drift against milliseconds for each image in a batch of 25, a panel for each network, among unguided runs.",
)

# %%
show(
    all_networks_figure(short_names, 25, "frechet"),
    "The same by the Fréchet distance. The dotted line is that of as many real images. On the digits of `mnist-small` "
    "the plain curves hardly change from five steps on, on photographs from eight, and on captions they still fall at "
    "ten.",
)

# %% [markdown]
# By drift, at a batch of 25, the same answers in less time win on every network on which they were timed. Steps placed
# for the network win on captions and on photographs in five steps and in ten, on digits in five alone. Kept features
# win on none: they are worse than the plain curves, or not told from them. Pruning wins on photographs alone, in four
# rows of six, of which two turn on times that five rounds do not establish (see below).
#
# By the Fréchet distance most rows lose on all three networks, or are not told from their rival. Int8, half precision,
# compiling and ONNX Runtime win in 9 of 18 rows, int8 on photographs in none. Of all others three rows win: five placed
# steps on photographs, and two pruned networks on captions.
#
# ## Photographs
#
# Why pruning fares better there by drift was not found out. By the Fréchet distance more steps are worth more on
# photographs than on the digits of this lesson's network, of which five were not told from ten; by drift they are not,
# since from ten steps to five it grows by a factor of two on digits and by less on photographs:

# %%
photos = techniques.at_batch(techniques.shipped_techniques("cifar10-diffusion"), 25)


def photo_of(steps, *done, **more):
    """The row of photographs of these techniques, in so many steps of the solver."""
    found = dl.benchmark.shipped.matching_rows(photos, Settings(SOLVER, steps, **more))
    return next(row for row in found if row.techniques == done)


def distances_of(row):
    return f"Fréchet distance {row.quality['frechet'].value:.2f}, drift {row.quality['drift'].value:.3f}"


for steps in (5, 10, 20):
    print(f"{steps:>2} steps: {distances_of(photo_of(steps))}")

# %%
predict("12.placed_photographs")

# %%
placed = {row.settings.steps: row for row in photos if row.settings.placed and row.settings.sampler == SOLVER}
for steps, evenly in ((5, 5), (5, 10), (10, 10), (10, 20)):
    one, other = placed[steps].quality, photo_of(evenly).quality
    gaps = [dl.metrics.interval(one[figure].number - other[figure].number) for figure in ("frechet", "drift")]
    print(f"{steps} placed minus {evenly} even steps: Fréchet distance {gaps[0]}, drift {gaps[1]}")
for steps, row in placed.items():
    print(f"{steps} placed: {', '.join(f'{t:g}' for t in row.settings.placed[1:-1])}")

# %% [markdown]
# Five placed steps lie far below five even ones in both figures, and close to ten: by the Fréchet distance the two are
# not told apart, by drift ten even ones are ahead by little. The times were chosen once, from one fine run of other
# noise.
#
# Ten placed steps are a warning. By drift they are ahead of *twenty* even ones, and by the Fréchet distance behind ten.
# That fits what lesson 14 found for more steps: this network, followed faithfully, leads a little away from the data.
# Twenty even steps, too, drift less than ten and lie farther from it. A technique that saves by following better cannot
# mend where the network leads. (And text 2's rule? Four of the nine placed times lie in the noisier half, as on an even
# grid.)
#
# And what became of the techniques that win on digits, and of those that lose?

# %%
for done in (
    ("compiled",),
    ("ONNX Runtime",),
    ("int8 by ONNX Runtime",),
    ("1 block less",),
    ("2 blocks less",),
    ("2 blocks less", tuned),
    (scratch,),
    (scratch, "in the same minutes"),
):
    row = photo_of(10, *done)
    times = dl.benchmark.speed_up(row, photo_of(10)).measured
    print(f"{', '.join(done)}: {times} times as fast; {distances_of(row)}")
print(f"plain: {distances_of(photo_of(10))}")

# %% [markdown]
# The same arithmetic, made faster by a compiler or by another runtime, costs nothing. Two blocks less are far from real
# photographs, a short training mends a part of it, and a small network that is trained so briefly draws nothing like
# photographs. (What was trained for this table saw the images as a JPEG copy, slightly lossy.) Mind the intervals of
# the times. The two rows of two blocks less are one network with other weights and cost the same, so their difference
# shows how little five rounds on this machine say: a win of a few per cent of time is not established there. But look
# at int8: by its Fréchet distance the worst of those that keep the network whole, and by drift worse by an
# eighth only. Which figure is right? Here is the rounding alone, placed as PyTorch places it, on the same noise:

# %%
photographer = load("cifar10-diffusion")
drawers = [photographer]
if reason := optimise.why_no_int8(compile=False):
    print(f"skipped: {reason}")
else:
    examples = optimise.calibration_run(photographer, samples=8, steps=8)
    drawers.append(optimise.to_int8(photographer, examples, compile=False))
drawn = [generate(one, 10, Settings(SOLVER, 10), labels=digits, seed=3)[-1].x for one in drawers]
show(
    image_grid(torch.cat(drawn), columns=10, enlarge=3),
    "Ten photographs in ten steps, above in float32, beneath with every convolution but the first and the last rounded "
    "to int8: the same things, covered with fine grain. (One row alone if int8 was skipped.)",
)

# %% [markdown]
# Grain. Independent errors add in squares, so that a small one beside a large one hardly moves the root mean square,
# and the eye sees it at once. An average error that is small says nothing until you have seen what it looks like. (The
# int8 of the table is ONNX Runtime's, which rounds in other places as well. That its Fréchet distance comes from such
# grain is likely and was not measured, nor was which places do the harm.)
#
# Guidance is another matter on photographs: at scale 2 it brings them *nearer* to real ones, from 2.44 in ten steps (of
# 500 samples, as all in this table). So the second pass, which others try to save, is worth something here. The Fréchet
# distances in ten guided steps:

# %%
whole_guidance = photo_of(10, scale=2.0)
print(f"at every step: {whole_guidance.nfe:g} evaluations, {whole_guidance.quality['frechet'].value:.2f}")
ways = {"every 2": {"reuse": 2}, "every 3": {"reuse": 3}, "an interval": {"interval": (0.2, 3.0)}}
for name, more in ways.items():
    row = photo_of(10, scale=2.0, **more)
    gap = dl.metrics.interval(row.quality["frechet"].number - whole_guidance.quality["frechet"].number)
    print(f"{name}: {row.nfe:g} evaluations, {row.quality['frechet'].value:.2f}, minus that at every step {gap}")
for metric in ("frechet", "adherence"):
    found = techniques.compared(tables["cifar10-diffusion"], 25, metric)
    for name, more in ways.items():
        one = next(one for one in found if one.row == photo_of(10, scale=2.0, **more))
        print(f"by {metric}, {name}: {one.word}, {one.difference}, beside {one.rival}")

# %% [markdown]
# None of the three is told from guidance at every step, for 14 to 16 evaluations in place of 20. The intervals are
# wide: that they are as good is not shown. Beside guided steps that take as long only one wins by the Fréchet distance,
# a second pass at every third step, and so barely that the scatter of the times alone could undo it. By adherence, the
# share of photographs in which a classifier finds the class that was asked for, all three lose. Whoever needs the
# pictures must decide which of the two figures counts.

# %% [markdown]
# ## Choosing for a product
#
# `diffusion-lessons advise` reads the measured rows and says what to take, on which row that rests, how many rows tie
# with it, who is next, and what nobody measured. The second text behind this course (lesson 00) names three uses.

# %%
USES = techniques.advice.USES
for batch, seconds, purpose in USES.values():
    print(f"{purpose}\n{techniques.advise(at[batch], seconds, 'frechet')}\n")
for done in (("int8",), ("ONNX Runtime",), ("int8 by ONNX Runtime",)):
    times = dl.benchmark.speed_up(row_of(10, *done, batch=1), row_of(10, batch=1)).measured
    print(f"one digit, ten steps, {done[0]}: {times} times as fast as plain")

# %% [markdown]
# Each time a dozen rows and more *tie* with the first: 500 samples do not tell them from it, so that which of them
# stands first is partly luck. Where the samples do not decide, take the cheapest, or measure more samples of the few
# rows that matter.
#
# - **Live editing** has no batch: half precision is slower there, and PyTorch's int8 gains little. What pays is another
#   runtime: a digit alone takes ONNX Runtime half of PyTorch's time, and less than a third in its int8. The guided row
#   that comes first takes nearly three times as long as the runner-up, with which it ties. So take few steps, perhaps
#   well placed; and a deterministic sampler, so that a slider that comes back shows the same picture.
# - **An interactive tool** can wait for a second, which is more than any row needs. So quality decides, and quality is
#   nearly undecided: the best is guided within an interval, and five placed steps tie with it in about a third of its
#   time, five steps by ONNX Runtime in less.
# - **A batch job** has products enough to keep a processor busy. Here the cheap arithmetic pays: the *cheapest* row
#   that ties with the best computes in half precision.

# %% [markdown]
# All three were asked by the Fréchet distance. Whoever types a sentence asks rather how often all of it is shown. The
# same tool on the text-to-image system, for a slider and by that figure (on the command line
# `diffusion-lessons advise captions-diffusion --budget-ms 100 --metric adherence`):

# %%
batch, seconds, _ = USES["live"]
sentences = techniques.at_batch(tables["captions-diffusion"], batch)
print(techniques.advise(sentences, seconds, "adherence"))

# %% [markdown]
# Ten guided steps of a network with a quarter of its heads pruned, and trained on for a little, stand first by four
# pictures in a thousand, which is less than what 500 samples resolve. Of the rows that tie with it the cheapest has
# nothing done to it at all: six guided steps. When somebody shows you the winner of such a list, ask which rows tie
# with it.

# %% [markdown]
# ## Four times faster
#
# The second text behind this course says that INT8 is four times as fast as float32, and so do brochures. Where does
# such a number come from? **Exercise 5.** A vendor hands you a log of timings: two methods, two batches, two numbers of
# steps. What is the honest ratio?


# %%
def fair_speedup(log, batch, steps):
    raise NotImplementedError


check("fair_speedup", fair_speedup)

# %% [markdown]
# Here is a log in that form, of the table's own rounds (which hold no warm-up; it was left out when they were made),
# and three numbers that can be made of it.

# %%
log = [
    [name, batch, steps, call + 1, seconds * batch]
    for name, done in (("plain", ()), ("fast", ("int8",)))
    for batch in (1, 25)
    for steps in (5, 10)
    for call, seconds in enumerate(row_of(steps, *done, batch=batch).seconds)
]
fair = working("fair_speedup", fair_speedup)
alone = [row[4] for row in log if row[:3] == ["plain", 1, 10]]
many = [row[4] / 25 for row in log if row[:3] == ["fast", 25, 5]]
print(f"the brochure, worst call alone in 10 steps over best call of 25 in 5: {max(alone) / min(many):.0f} times")
for batch in (25, 1):
    print(f"like with like, batch {batch:>2}: {fair(log, batch, 10):.2f} times")

# %% [markdown]
# Both numbers of the brochure's ratio were measured, and it needs only a little less courage to print four. Ask for the
# batch, the warm-up and the baseline, and what is left is good enough: a little over three times, for PyTorch's int8 in
# a batch of 25 and for ONNX Runtime's on one digit, is the largest gain that was printed here. (An interval holds for
# the rounds of one session, not for the machine: half precision was 2.01 times as fast above, and is 1.87 times in the
# thirty rounds of the ledger's claim C16a, with more going on beside.) Below are the ledger's verdicts on this
# statement and its neighbours. On MNIST, those of C16b and C41 and the first of C17 are of `mnist-diffusion`, and the
# others of this lesson's network. They allow for how many comparisons the ledger's page makes (Holm's correction), so a
# verdict may be undecided although the 95% interval leaves out the bar.


# %%
def notes(evidence):
    """What the verdict adds in words, in brackets."""
    return f" ({evidence['note']})" if evidence.get("note") else ""


ledger = dl.benchmark.shipped.ledger()
for claim in ("C16a", "C16b", "C16c", "C16d", "C17", "C19a", "C19b", "C41"):
    entry = ledger[claim]
    told = [one for one in entry["evidence"] if one["verdict"] != "not yet measured"]
    verdicts = "; ".join(f"{one['on']}: {one['verdict']}{notes(one)}" for one in told)
    print(f"{claim}: {entry['claim']}\n      {verdicts or 'not yet measured'}")

# %% [markdown]
# ## Move it
#
# Switch techniques on, and the star moves to where they were measured. Turn the batch to 1. Which of them still beat
# fewer steps? Some exclude each other and say why, and some were not measured together: the command that does it is
# named.

# %% tags=["panel"]
techniques_panel(rows, int8=True)

# %% [markdown]
# ## Exercises
#
# Exercises 1 to 5 stand where they are used: [1 and 2](#Eight-bits), [3](#Which-head-knows-red),
# [4](#A-cache-that-is-no-cache), [5](#Four-times-faster).
#
# **6. To investigate.** Guidance at scale 3 on three classes, exact, and twelve evaluations for each sample. Six plain
# steps use them up. Sampler, number of steps and how often the pass without the condition is made are yours; the
# target is a *third* of the error of six plain steps of DDIM. The first try falls short. (Afterwards,
# `check("twelve_guided_evaluations").solution(found)` shows one answer, for the distance that you found.)

# %%
spots = [toys.GaussianMixture([mean], stds=0.3) for mean in ([1.0, 0.0], [-0.5, 0.8], [-0.5, -0.8])]
classes = toys.ConditionalMixture(spots).denoiser(path)
asked, many_steps = torch.arange(256) % 3, path.grid(300, "logsnr")
meant = sample(samplers.get(SOLVER), dl.guidance.classifier_free(classes, asked, 3.0), there, path, many_steps)


def guided_error(sampler="ddim", steps=6, every=1, interval=None):
    """The distance from the guided samples of very many steps, and the evaluations for each sample."""
    denoise = dl.guidance.classifier_free(classes, asked, 3.0, interval=interval)
    counted = dl.denoisers.count_calls(optimise.reuse_negative(denoise, every))
    x = sample(samplers.get(sampler), counted, there, path, path.grid(steps))
    return distance(x, meant), counted.nfe


print("plain: off by {:.3f}, {:g} evaluations".format(*guided_error()))
print("a first try: off by {:.3f}, {:g} evaluations".format(*guided_error(steps=8, every=2)))
print(f"the target: {guided_error()[0] / 3:.3f} with at most 12")

# %% [markdown]
# ## Pitfalls
#
# - **A speed-up without its batch.** Half precision can be twice as fast and slower, on one machine.
# - **A tool that touches linear layers only**, on a network of convolutions. Nothing fails; nothing is gained.
# - **Calibration at one noise level.** Ranges change with the level.
# - **Pruning by a library that follows gradients**, on weights without: it prunes nothing, without a word. Count the
#   parameters before and after (this library does, and raises an error).
# - **$x$ in half precision.** The network may be coarse, the running sum may not.
# - **The first call.** Compiling may take a minute. Divide that by what a pass saves, and ask whether you will ever
#   make so many.
# - **The best of fifty.** Whoever measures many rows and takes the first has chosen the luckiest as well. Say the ties.
# - **A cache judged at the published number of steps** and used at a fifth of it.
# - **A clean test on easy prompts.** What was cut may have been there for the hard ones.

# %% [markdown]
# ## What to remember
#
# - The rival of every acceleration is the best plain run that takes no longer, or a mixture of two that takes as long.
# - The same answers, or nearly the same, in less time win most often: half precision where the batch gives it products
#   enough, another runtime for a single picture as well.
# - By drift, computing less in each step loses to computing fewer steps on digits and captions, or is not told from it;
#   on photographs some pruned networks win, by times that were not measured well. By the Fréchet distance it loses or
#   is undecided more often than it wins.
# - An average error may be small and still be seen: int8, as it is rounded here, leaves grain on photographs.
# - Rounding to $n$ levels is off by at most half a step; the largest number sets the step.
# - Keeping a network's whole answer *is* taking fewer steps. A cache has to keep a part that changes more slowly.
# - A head, a block or a layer is redundant for a set of inputs, and the set belongs to the claim.

# %% [markdown]
# ## Scope check

# %%
scope_check("12")

# %% [markdown]
# ## Further reading
#
# - Jacob and others, *Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference*,
#   2018: the whole numbers of section 4. https://arxiv.org/abs/1712.05877
# - Shang and others, *Post-Training Quantization on Diffusion Models*, 2023: why examples of all noise levels are
#   needed. https://arxiv.org/abs/2211.15736
# - Ma, Fang, Wang, *DeepCache: Accelerating Diffusion Models for Free*, 2024: the deep part of a U-Net, kept.
#   https://arxiv.org/abs/2312.00858
# - Castillo and others, *Adaptive Guidance*, 2023: guidance with fewer second passes. https://arxiv.org/abs/2312.12487
# - Kynkäänniemi and others, *Applying Guidance in a Limited Interval Improves Sample and Distribution Quality in
#   Diffusion Models*, 2024. https://arxiv.org/abs/2404.07724
# - Fang, Ma, Wang, *Structural Pruning for Diffusion Models*, 2023. https://arxiv.org/abs/2305.10924
# - Michel, Levy, Neubig, *Are Sixteen Heads Really Better than One?*, 2019: heads cut one by one.
#   https://arxiv.org/abs/1905.10650
# - Watson, Ho, Norouzi, Chan, *Learning to Efficiently Sample from Diffusion Probabilistic Models*, 2021: steps placed
#   by dynamic programming. https://arxiv.org/abs/2106.03802
