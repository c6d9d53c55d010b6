"""Memorization and scope: which questions a measurement settles, and which it does not (C22a, C46)."""

import torch
from torch import Tensor

from claims.images import COUNTED, counted, evaluator
from claims.numbers import Number
from claims.register import Case, claim, measures, on
from claims.verdicts import NOT_MEASURABLE, always, equals
from diffusion_lessons import checkpoints
from diffusion_lessons.benchmark.measure import timed_samples
from diffusion_lessons.metrics import features
from diffusion_lessons.metrics.evaluator import data_of
from diffusion_lessons.metrics.memorization import memorization_probe
from diffusion_lessons.sampling import Settings

COUNT = 500

claim("C22a", "1, scope check", "Whether a sampler reproduces its training images is an empirical question.")


def _probed(words: str, network: str) -> Case:
    return on(words, needs=[network], network=network)


@measures(
    "C22a",
    f"The probe of the library against *all* training images, in a classifier's features, on {COUNT:,} samples each: "
    "of a perfect memoriser, which returns training images; of the network, 1 in 10 of whose samples is replaced by "
    "one; and of the network. Called copies are those nearer to the training set than real images that nobody "
    "trained on ever are but by chance, and so many samples give away the smallest share that is printed in 95 of "
    "100 trials. It is an empirical question if the probe tells both memorisers from chance.",
    equals("memorisers that are told from chance, of 2", 2),
    _probed("MNIST", "mnist-diffusion"),
    _probed("digits", "digits-diffusion"),
    _probed("CIFAR-10", "cifar10-diffusion"),
    of={"samples": COUNT},
)
def copies(network: str, count: int = COUNT) -> list[Number]:
    """For the network the upper end of its interval bounds the share that it repeats."""
    name, judge = data_of(checkpoints.load(network)), evaluator(network)
    known = features.reference(name, "train").features
    chosen = torch.randperm(len(known), generator=torch.Generator().manual_seed(0))[:count]
    memoriser, own = known[chosen], samples(network, count)
    mixed = own.clone()
    mixed[: count // 10] = memoriser[: count // 10]
    train = features.training_index(name)
    groups = {"perfect memoriser": memoriser, "1 in 10 repeated": mixed, network: own}
    found = {group: memorization_probe(each, train, judge.held_out.features) for group, each in groups.items()}
    told = [group for group, probe in found.items() if probe.memorised]
    by_chance, real = found[network].by_chance, (len(judge.held_out.features) + 1) // 2
    return [
        Number("memorisers that are told from chance, of 2", sum(group != network for group in told)),
        *(
            Number(f"{group}: share of copies", probe.copied, of=len(probe.ratio), share=True)
            for group, probe in found.items()
        ),
        Number("held-out real images: share of copies", by_chance, of=real, share=True),
        Number("smallest share of copies that would be told", found[network].detectable),
        Number("training images that are searched", found[network].trained_on),
    ]


def samples(network: str, count: int) -> Tensor:
    """Features of samples [n, d] of a network, with labels in the proportions of its training images."""
    judge = evaluator(network)
    drawn = timed_samples(checkpoints.load(network), Settings("dpm_solver_pp_2m", 10), count, evaluator=judge)
    return judge.features_of(drawn.x, drawn.labels).features


claim("C46", "1, scope check", "Guidance amplifies adversarial prompts.")


@measures(
    "C46",
    "A measurement could settle how much more often a named model follows a named set of hostile prompts at each "
    "scale. It could not settle which prompts are hostile, nor what harm follows. Networks of ten digits have no such"
    " prompts. Beside it, on captions, what a measurement looks like: sentences that ask for a digit in an ink that was"
    " kept out of training, as a maker keeps out what must not be drawn, and the share of pictures that show both.",
    always(NOT_MEASURABLE, "a digit is no hostile prompt"),
    on("captions", needs=["captions-diffusion"], command=COUNTED),
)
def hostile_prompts() -> list[Number]:
    """A row about scope, with a stand-in: keeping a pair out of training does not keep it out of the pictures."""
    found = {s: counted(f"held-out pairs, s = {s:g}")["digits"]["all said"] for s in (1.0, 2.0, 4.0, 8.0)}
    return [
        Number(f"a pair kept out of training, drawn at s = {s:g}", share, of=asked, share=True)
        for s, (_, asked, share, *_) in found.items()
    ]
