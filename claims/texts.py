"""The claims C1 to C31 of the two texts that the course is built on, in our words.

`waits_for` says what a claim without a measurement still needs.
"""

from typing import NamedTuple

SOURCES = {
    "Text 1": "the lesson *Diffusion models II, training and sampling* of an online course (no author stated)",
    "Text 2": "*Sampling & Guidance: The Dialects of Noise* by Gopi Krishna Tummala, 25 January 2025, part 3 of his "
    "Diffusion Models Series",
}


class Claim(NamedTuple):
    """The statement, and what is missing to settle it where nothing measures it yet."""

    text: str
    waits_for: str = ""


CLAIMS: dict[str, Claim] = {
    "C1": Claim("DDIM in 50 steps is about as good as DDPM in 1000, and 20 times faster."),
    "C2": Claim("In 10 steps quality falls visibly, and stays usable."),
    "C3": Claim("Below ten steps dedicated few-step samplers take over."),
    "C4": Claim("Stochastic chains cannot take large steps."),
    "C5": Claim("50 steps of DDPM and 50 steps of DDIM differ greatly."),
    "C6": Claim("The same seed and condition give the same DDIM sample."),
    "C7": Claim("DDIM is slightly less diverse than DDPM."),
    "C8": Claim("DPM-Solver in 10 to 20 steps equals or exceeds DDPM, 50 to 100 times faster."),
    "C9": Claim("Solvers of high order look ahead, and so may take larger steps."),
    "C10": Claim("Flow matching needs 4 to 10 steps and gives better quality, because its paths are straight."),
    "C11": Claim("Scale 1 is no guidance, and scale 0 is unconditional."),
    "C12": Claim("A larger scale follows the condition more and is less diverse; above 15 to 20 it saturates."),
    "C13": Claim("Guidance doubles the cost."),
    "C14": Claim("Guidance pushes towards where p(x given c) is much larger than p(x)."),
    "C15": Claim("A negative prompt samples from p(x given c+) / p(x given c-)."),
    "C16": Claim("FP16 doubles the speed at little loss; INT8 is four times as fast at some."),
    "C17": Claim("More of the steps belong where noise is high."),
    "C18": Claim(
        "The denoiser is the bottleneck; text embeddings and decoding are small and can be cached.",
        "a text-to-image system with a text encoder and a decoder",
    ),
    "C19": Claim("Redundant attention heads and layers can be pruned.", "a network with pruned heads and layers"),
    "C20": Claim("In sum: DDPM 1x, DDIM 10 to 20x, DPM-Solver 50 to 100x."),
    "C21": Claim("Typical scales are 5 to 10; 7.5 is the default."),
    "C22": Claim("A sampler can reproduce training images."),
    "C23": Claim("Training requires a thousand denoising steps."),
    "C24": Claim(
        "DDPM's step is x_t minus the predicted noise plus random noise, and the randomness is needed to match the "
        "data."
    ),
    "C25": Claim("DDIM reaches the distribution of DDPM in the limit, and degrades gracefully before."),
    "C26": Claim("A thousand steps take about a second on a GPU, and 10 to 30 seconds on consumer hardware."),
    "C27": Claim("A default negative prompt improves quality consistently: always use one."),
    "C28": Claim("Plain conditioning, scale 1, follows its condition only weakly."),
    "C29": Claim("Oversaturation belongs to the mechanism of guidance; it is not a bug that can be tuned away."),
    "C30": Claim("Few-step models need 4 to 8 steps because their paths are straight, the shortest way to the data."),
    "C31": Claim(
        "Where the texts disagree: DDPM is of the highest quality, or DPM-Solver matches or exceeds it; 50 steps of "
        "DDIM or 20 of DPM-Solver are the best choice; and fast solvers use Runge-Kutta."
    ),
}
