"""Patients: a shipped network, its data and its sampler with one fault in them, the same one each time, in seconds."""

from collections.abc import Callable
from dataclasses import replace

from diffusion_lessons import checkpoints
from diffusion_lessons.captions.denoiser import CaptionDenoiser
from diffusion_lessons.clinic import network_faults, sampling_faults
from diffusion_lessons.clinic.case import MOST, Case, case_of, drawn_with
from diffusion_lessons.clinic.faults import FAULTS, names_for
from diffusion_lessons.data import Data, load_data
from diffusion_lessons.data.captions.sample import load_sample
from diffusion_lessons.machine.fields import check_name
from diffusion_lessons.sampling import Settings


def healthy(network: str = "digits-diffusion", data: Data | None = None) -> Case:
    """A shipped network with some images of its data set, drawn by DDIM: in twenty steps, or in those of a student.

    data: images of its data set; by default those at hand, of which half are held out from its training. For the
        network of captions the sample of scenes that comes with the package, as latents.
    """
    denoise = checkpoints.load(network, "cpu")
    if isinstance(denoise, CaptionDenoiser):
        scenes = load_sample()
        return Case(denoise, denoise.encode(scenes.pictures[:MOST]), denoise.read_condition(scenes.sentences[:MOST]))
    if data is not None:
        return case_of(denoise, data)
    name = str((denoise.card or {})["data"]["name"])
    train, test = (load_data(name, split, download=False) for split in ("train", "test"))
    return case_of(denoise, train, test)


def patient(name: str, network: str = "digits-diffusion", data: Data | None = None, *, seed: int = 0) -> Case:
    """The patient with this fault, one of `FAULTS`; the seed decides what is random in it.

    Raises KeyError for an unknown fault, FileNotFoundError where the images of the network are not at hand.
    """
    check_name("fault", name, FAULTS)
    return MAKERS[name](healthy(network, data), seed)


def unnamed(seed: int, count: int = 3) -> list[Case]:
    """Patients whose faults are not told: the seed decides them (`checks.variant(name)` is a learner's own)."""
    return [patient(name) for name in names_for(seed, count)]


def _network(
    make: Callable, *, settings: Settings | None = None, trained_so: bool = False
) -> Callable[[Case, int], Case]:
    """A maker of patients whose denoiser is a faulty one; `trained_so`: the training loop has the fault as well."""

    def maker(case: Case, seed: int) -> Case:
        faulty = make(case, seed)
        draw = case.draw if settings is None else drawn_with(settings)
        return replace(case, denoise=faulty, draw=draw, in_training=faulty if trained_so else case.denoise)

    return maker


def _sampling(draw: Callable) -> Callable[[Case, int], Case]:
    return lambda case, seed: replace(case, draw=draw)


def _from_zero_to_one(case: Case, seed: int) -> Case:
    faulty = network_faults.learned_from_zero_to_one(case.denoise)
    return replace(case, denoise=faulty, images=(case.images + 1) / 2, in_training=faulty)


MAKERS: dict[str, Callable[[Case, int], Case]] = {
    "data_range": _from_zero_to_one,
    "train_mode": _network(lambda case, seed: network_faults.left_in_train_mode(case.denoise)),
    "half_time": _network(lambda case, seed: network_faults.time_in_half_precision(case.denoise), trained_so=True),
    "clip_inside": _sampling(sampling_faults.guided_after_clipping),
    "late_start": _sampling(sampling_faults.ddim_from_below_the_top),
    "wrong_alpha": _sampling(sampling_faults.ddim_without_the_root),
    "last_noise": _sampling(sampling_faults.ddpm_with_noise_to_the_end),
    "v_as_eps": _network(
        lambda case, seed: network_faults.read_as_noise(case.denoise), settings=Settings("ddim", 20, "logsnr")
    ),
    "time_units": _network(lambda case, seed: network_faults.time_in_other_units(case.denoise)),
    "labels_shuffled": _network(
        lambda case, seed: network_faults.labels_without_meaning(case.denoise), trained_so=True
    ),
    "null_untrained": _network(
        lambda case, seed: network_faults.null_never_trained(case.denoise, seed),
        settings=Settings("ddim", 20, scale=3.0),
        trained_so=True,
    ),
    "ema_unused": _network(
        lambda case, seed: network_faults.weights_of_the_last_step(case.denoise, case.images, case.conditions, seed)
    ),
}
