"""The twelve faults of the clinic: what each is, what a public thread tells of its kind, and how it is mended."""

from typing import NamedTuple

import torch


class Fault(NamedTuple):
    """A fault of the clinic.

    name, title   as findings call it, and in words
    where         it sits: "training", "network" or "sampling"
    thread        a public thread about this kind of fault, GitHub repository and number
    tells         what is told there, in a sentence of ours
    remedy        what to do
    """

    name: str
    title: str
    where: str
    thread: str
    tells: str
    remedy: str


ALL = (
    Fault(
        "data_range",
        "images are not in [-1, 1]",
        "training",
        "lucidrains/denoising-diffusion-pytorch#20",
        "pixels of 0 to 255 went in, the loss stayed at 0.8, and samples looked like noise",
        "scale images to [-1, 1] (pixel / 127.5 - 1) before noise is added, and clip and show samples in that range",
    ),
    Fault(
        "train_mode",
        "eval() is forgotten",
        "network",
        "lucidrains/DALLE2-pytorch#79",
        "a loss had risen, so eval mode was set where it is measured; a reply: without dropout it matters not",
        "call network.eval() before sampling and measuring, and network.train() before the next step of training",
    ),
    Fault(
        "half_time",
        "time is embedded in half precision",
        "network",
        "modelscope/DiffSynth-Studio#1025",
        "t = 998.39 became 1000 on its way to the embedding, since it was cast to bfloat16 with the other inputs",
        "keep t and its sines and cosines in float32, and convert only their result; or the network ignores t",
    ),
    Fault(
        "clip_inside",
        "estimates are clipped before guidance",
        "sampling",
        "lucidrains/denoising-diffusion-pytorch#84",
        "a cousin of it: x0_hat was clipped and the noise not derived again, so that the two disagreed",
        "blend the two estimates first and clip the result: clip(classifier_free(denoise, ...), 1.0)",
    ),
    Fault(
        "late_start",
        "the grid starts below T",
        "sampling",
        "Project-MONAI/GenerativeModels#397",
        "most schedulers do not use t = T when they sample; with a cosine path, a grid that does was far better",
        'start at T: spacing="trailing" (of diffusers: timestep_spacing="trailing", and rescale_betas_zero_snr=True)',
    ),
    Fault(
        "wrong_alpha",
        "alpha_bar where its root is meant",
        "sampling",
        "lucidrains/denoising-diffusion-pytorch#81",
        "DDIM took its alphas from the wrong table; trajectories of a simple problem in one dimension showed it",
        "compare alpha and sigma of sampling and training: alpha is the root of the cumulative product",
    ),
    Fault(
        "last_noise",
        "noise on the last step",
        "sampling",
        "TeaPearce/Conditional_Diffusion_MNIST#10",
        "why is z drawn only while i > 1? Because no noise is to be added on the last step",
        "end at sigma = 0 and add no noise on the step that goes there",
    ),
    Fault(
        "v_as_eps",
        "v is read as eps",
        "network",
        "lllyasviel/stable-diffusion-webui-forge#123",
        "a network that predicts v drew only noise, since the file beside it that says so was not read",
        "tell the sampler what the network predicts, as its training did: eps, x0, v or velocity",
    ),
    Fault(
        "time_units",
        "time arrives in other units",
        "network",
        "facebookresearch/flow_matching#17",
        "times in [0, 1] go into an embedding that was made for whole steps 0, 1, 2, ...",
        "hand the network the t that it was trained with: in [0, 1] or in 0..1000, counted from the same end",
    ),
    Fault(
        "labels_shuffled",
        "labels do not belong to their images",
        "training",
        "atong01/conditional-flow-matching#172",
        "a coupling reordered the images of each batch, and their labels stayed where they were",
        "whatever reorders or drops images has to do the same to their labels; look at a batch with its labels",
    ),
    Fault(
        "null_untrained",
        "the null class was never trained",
        "training",
        "NVlabs/Sana#188",
        "a script for fine-tuning does not drop the text at random, which guidance needs",
        "replace a tenth of the labels by the null in training; or sample with scale 1, which does not use it",
    ),
    Fault(
        "ema_unused",
        "the average of the weights is not used",
        "training",
        "harryjo97/GruM#1",
        "one of two sampling functions copies the average into the network, the other does not",
        "sample from the EMA weights. (So look weights of a training that stopped at a high rate, or on other images.)",
    ),
)
FAULTS: dict[str, Fault] = {fault.name: fault for fault in ALL}


def names_for(seed: int, count: int = 3) -> list[str]:
    """The faults of the patients of a seed: one of sampling, one of the network, one of training, and again."""
    generator = torch.Generator().manual_seed(seed)
    chosen: list[str] = []
    for number in range(count):
        where = ("sampling", "network", "training")[number % 3]
        names = [fault.name for fault in FAULTS.values() if fault.where == where and fault.name not in chosen]
        chosen.append(names[int(torch.randint(len(names), (), generator=generator))])
    return chosen
