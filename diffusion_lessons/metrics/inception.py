"""True FID: an evaluator whose features are those of the Inception network that published figures use.

    evaluator = inception.evaluator("cifar10", device="cuda")
    measure(denoise, settings, evaluator=evaluator, metrics=["frechet"], samples=10_000)  # a FID

Our own classifiers come with the package and describe small digits well, but a distance in their features is no FID.
This one is: the network of Heusel et al. (2017), as torchmetrics runs it, against all training images. Like any Fréchet
distance it falls as samples are added, so compare it only with figures at the same count; papers mostly use 50,000.

It needs `pip install torchmetrics torch-fidelity` and 91 MB of weights, which are fetched once.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor
from tqdm.auto import tqdm

from diffusion_lessons.checkpoints import cards
from diffusion_lessons.data import Data, load_data, to_pixels
from diffusion_lessons.metrics.evaluator import Evaluator
from diffusion_lessons.metrics.samples import Features, population, values_of

WEIGHTS = "weights-inception-2015-12-05-6726825d.pth"
SHA256_BEGINS = "6726825d"
KEPT = Path("runs/features")  # of real images, which take minutes to compute
Network = Callable[[Tensor], Tensor]


def evaluator(data: str, *, weights_file: str | Path | None = None, device: str | torch.device = "cpu") -> Evaluator:
    """The evaluator of a data set's samples in Inception's 2048 features: [N, C, H, W] in [-1, 1], grey or colour.

    data: as in `load_data`; its training images are the reference, its test images the floor.
    weights_file: a copy of the weights, for a machine without a network connection.

    Classes are not predicted: adherence and diversity stay out of its rows. Raises ModuleNotFoundError without the two
    packages, ConnectionError where the weights cannot be fetched, ValueError for a file with other weights.
    """
    file, sha256 = _weights(weights_file)
    network = _network(file, device)
    real = {split: load_data(data, split) for split in ("train", "test")}
    train, held_out = (_reference(network, data, split, images, sha256, device) for split, images in real.items())
    train = train._replace(whole=population(train.features, train.labels))

    def features_of(x: Tensor, labels: Tensor | None) -> Features:
        return Features(_features(network, to_pixels(x), device), labels, values=values_of(x))

    origin = _pixels_sha256(real["train"])
    return Evaluator("inception features", sha256, train, held_out, features_of, real["train"].std, origin)


def _features(network: Network, pixels: Tensor, device: str | torch.device, batch: int = 50) -> Tensor:
    """float32 [N, 2048] of uint8 [N, C, H, W]; grey images are given three equal channels."""
    bar = tqdm(pixels.split(batch), desc="inception features", unit="batch", delay=2, leave=False)
    with torch.no_grad():
        return torch.cat([network(part.expand(-1, 3, -1, -1).to(device)).float().cpu() for part in bar])


def _reference(
    network: Network, data: str, split: str, images: Data, sha256: str, device: str | torch.device
) -> Features:
    """The features of real images, computed once and kept."""
    file = KEPT / f"{Path(data).name}-{split}-inception.safetensors"
    origin = {"weights_sha256": sha256, "pixels_sha256": _pixels_sha256(images)}
    if not file.is_file() or any(cards.read_card(file).get(name) != value for name, value in origin.items()):
        features = _features(network, images.pixels, device)
        cards.write(file, {"features": features.half()}, {**origin, "data": images.card})
    return Features(cards.read(file)[0]["features"], images.labels)


def _pixels_sha256(images: Data) -> str:
    return hashlib.sha256(images.pixels.numpy().tobytes()).hexdigest()


def _network(file: Path, device: str | torch.device) -> Network:
    metrics, _ = _packages()
    metric = metrics.FrechetInceptionDistance(feature=2048, feature_extractor_weights_path=str(file))
    return metric.inception.to(device)


def _weights(copy: str | Path | None) -> tuple[Path, str]:
    """The file of the weights, downloaded if need be, and its hash; no other weights than those of published FIDs."""
    file = Path(copy) if copy else Path(torch.hub.get_dir()) / "checkpoints" / WEIGHTS
    if copy is None and not file.is_file():
        _, fidelity = _packages()
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            torch.hub.download_url_to_file(fidelity.URL_INCEPTION_V3, str(file), hash_prefix=SHA256_BEGINS)
        except (OSError, RuntimeError) as error:
            raise ConnectionError(
                f"Inception's weights could not be fetched ({error}): copy {WEIGHTS} from a machine that has them to "
                f"{file}, or say where they are with --inception-weights. Fréchet distances in our own features need "
                "no download"
            ) from error
    if not file.is_file():
        raise FileNotFoundError(f"there is no {file}: Inception's weights are a file named {WEIGHTS}")
    with open(file, "rb") as handle:
        sha256 = hashlib.file_digest(handle, "sha256").hexdigest()
    if not sha256.startswith(SHA256_BEGINS):  # before it is unpickled
        raise ValueError(
            f"{file} is not {WEIGHTS}: its SHA-256 begins with {sha256[:8]}, not {SHA256_BEGINS}. In other features, "
            "or after a broken download, the distance would be no FID"
        )
    return file, sha256


def _packages():
    """torchmetrics and torch-fidelity, which only this needs."""
    try:
        import torch_fidelity.feature_extractor_inceptionv3 as fidelity
        import torchmetrics.image.fid as metrics
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"FID needs two packages more: `pip install torchmetrics torch-fidelity` ({error})"
        ) from error
    return metrics, fidelity
