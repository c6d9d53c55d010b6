"""`diffusion-lessons doctor`: the examination of this machine, or of a network, printed line by line."""

import runpy
from collections.abc import Iterable

import torch

from diffusion_lessons import checkpoints, schedules, toys
from diffusion_lessons.benchmark.levels import Level, by_level, first_fault, write_levels
from diffusion_lessons.benchmark.shipped import LEVELS
from diffusion_lessons.checkpoints import cards
from diffusion_lessons.clinic.case import Case, case_of
from diffusion_lessons.clinic.examination import examine as examine_network
from diffusion_lessons.clinic.faults import FAULTS
from diffusion_lessons.data import Data, load_data
from diffusion_lessons.data.folder import NotSplit
from diffusion_lessons.doctor import examine
from diffusion_lessons.grids import SPACINGS
from diffusion_lessons.invariants import diagnose
from diffusion_lessons.machine import places
from diffusion_lessons.machine.devices import choose_device
from diffusion_lessons.metrics import evaluator as evaluators
from diffusion_lessons.path import Path
from diffusion_lessons.samplers.checks import holds_data
from diffusion_lessons.sampling import is_latent


def show_health() -> bool:
    """Print the examination, then the invariants of an exact mixture; True if all is well."""
    well = True
    for finding in examine():
        print(finding)
        well = well and finding.ok
    print("\nThe invariants on a mixture whose denoiser is exact:")
    mixture, path = toys.GaussianMixture([[1.0, 0.0], [-1.0, 0.5]], stds=0.3), schedules.ddpm_linear()
    failed = diagnose(mixture.denoiser(path), path, data=mixture.sample(2000, torch.Generator().manual_seed(0)))
    well = well and failed is None
    print("\nAll is well." if well else "\nSomething needs attention: see the line marked FAILS.")
    return well


def show_starts(path: Path, steps: int = 10) -> None:
    """Print where each grid of this path starts, and whether x_t is pure noise there, as a sampler's start is."""
    print(f"Where a grid of {steps} steps starts. A sampler starts from pure noise; is x_t pure noise at that time?")
    for spacing in SPACINGS:
        t = path.grid(steps, spacing)[0]
        held = holds_data(path, t)
        verdict = "no: samples will miss what is left of the data" if held else "yes"
        print(f"  {spacing:<9} t = {t:<9g} alpha = {path.alpha(t):.3f}, sigma = {path.sigma(t):.3f}   {verdict}")
    print()


def show_diagnosis(checkpoint: str, data: str, *, device: str | None = None, seed: int = 0) -> bool:
    """Print what the clinic measures of a network with these images, up to the first thing that is wrong; True if
    nothing is.

    data: a data set or a folder, read in the network's size; measured are its test images, if it has any. How the
    network is sampled by its own code is not seen here: `show_case` sees that as well.

    Raises what loading the two raises, and ValueError for a network that does not draw such images.
    """
    denoise = checkpoints.load(checkpoint, choose_device(device or "cpu"))
    if denoise.shape is None or len(denoise.shape) != 3 or is_latent(denoise):
        raise ValueError(
            f"{checkpoint} does not draw images that can be compared with {data}: bring a case of your own (--case "
            'FILE.py:NAME), as clinic.healthy("captions-diffusion") is one of latents and captions'
        )
    images, held_out = _splits(data, denoise.shape)
    case = case_of(denoise, images, held_out, seed=seed)
    unseen = "half of them held out" if held_out is not None else "which has no test/ to hold out"
    print(f"{checkpoint}, with {len(case.images)} images of {images.card['name']}, {unseen}:")
    if own := images.card.get("resized_from"):
        print(f"(the images are {_by(own)}, and were made {_by(images.shape)}, which is what the network draws)")
    print("(sampled by the library's DDIM; for your own loop: diffusion-lessons doctor --case FILE.py:NAME)")
    return _diagnosed(case)


def show_case(place: str) -> bool:
    """Print what the clinic measures of a case of one's own, up to the first thing that is wrong; True if nothing is.

    place: "FILE.py:NAME", where NAME is a `clinic.Case` in that file, or a function without arguments that makes one. A
    case holds everything that may be wrong: the network, the images, and the loop that samples.

    Raises FileNotFoundError and ValueError for a place where no case is.
    """
    file, _, name = place.rpartition(":")
    if not file or not name.isidentifier():
        raise ValueError(f"--case is FILE.py:NAME, a file and the name of a Case in it; got {place!r}")
    found = places.expanded(file)
    if not found.is_file():
        raise FileNotFoundError(f"there is no file {file}, of which {name} would be the case")
    case = runpy.run_path(str(found)).get(name)
    case = case() if callable(case) else case
    if not isinstance(case, Case):
        raise ValueError(f"{name} in {file} is no Case, nor a function that returns one; got {type(case).__name__}")
    print(f"{place}, with {len(case.images)} images:")
    return _diagnosed(case)


def _diagnosed(case: Case) -> bool:
    finding = examine_network(case)
    if finding is None:
        print("\nNothing is wrong that these measurements could find.")
    elif finding.cause:
        print(f"\nThe likely cause: {FAULTS[finding.cause].title}. About its kind: {FAULTS[finding.cause].thread}.")
    else:
        print("\nSomething is wrong, and no known fault explains it: begin where the line marked FAILS points.")
    return finding is None


def _by(shape: Iterable[int]) -> str:
    return "x".join(map(str, shape))


def _splits(data: str, shape: tuple[int, ...]) -> tuple[Data, Data | None]:
    """The training images of a data set or a folder in the network's size, and its test images; None without such."""
    train = load_data(data, size=shape[-1], channels=shape[0])
    try:
        return train, load_data(data, "test", size=shape[-1], channels=shape[0])
    except NotSplit:
        return train, None


def show_levels(
    checkpoint: str,
    data: str | None = None,
    *,
    samples: int = 500,
    ship: bool = False,
    device: str | None = None,
    seed: int = 0,
) -> list[Level]:
    """Print where each grid starts, and at which noise level a network is wrong.

    For the levels, held-out images are noised to each of them, denoised and measured.

    data: where those images are, a folder with test/ in it; by default the data set that the network was trained on,
        which has to be at hand, or is downloaded.
    ship: also keep it where the course's own tables are, `datasets/measurements/`.

    Raises ValueError for a network without classes and for images of others,
    FileNotFoundError for `ship` outside a clone of the repository.
    """
    if ship:
        places.clone_for("--ship writes the course's own tables")
    file = places.measurements() / f"{cards.stem(checkpoint)}{LEVELS}"
    denoise = checkpoints.load(checkpoint, choose_device(device))
    show_starts(denoise.path)
    name = evaluators.data_of(denoise)
    evaluator = evaluators.of_images(name)
    if data is None:
        images = load_data(name, "test")
    else:
        channels, *_, size = denoise.shape or load_data(name, "test").shape
        images = load_data(data, "test", size=size, channels=channels)
    counts = evaluator.train.counts
    if counts is not None and len(images.classes) != len(counts):
        raise ValueError(
            f"{data or name} has {len(images.classes)} classes, and {checkpoint} draws {denoise.classes}: give the "
            "folder of its own data, one folder a class inside test/"
        )
    levels = by_level(denoise, evaluator, images, samples=samples, seed=seed)
    n, untouched = levels[0].scores["frechet"].n, levels[0].untouched["frechet"].value
    print(
        f"{n} held-out images, noised to each level (sigma / alpha) and denoised by {checkpoint}. Fréchet distance "
        f"({evaluator.name}) above that of the same images untouched, {untouched:.3f}, with 95 % interval:"
    )
    for level in levels:
        print(level)
    fault = first_fault(levels)
    if fault is None:
        print("\nNo level from which on it is surely wrong: what remains is within the errors of this many images.")
    else:
        print(f"\nFrom level {fault.level:g} on it is wrong: look there, at its loss and at the times it trains on.")
    if ship:
        write_levels(file, levels, denoise, seed)
        print(f"kept in {file}")
    return levels
