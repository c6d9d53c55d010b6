"""Diffusion and flow matching, told the same sentences from the same noise: which of the two follows more of them?

    python -m diffusion_lessons.benchmark.captions.two_paths captions-diffusion
    python -m diffusion_lessons.benchmark.captions.two_paths captions-flow --device cuda

The two denoisers share U-Net, text encoder and autoencoder; they differ in path, prediction and in how training times
were drawn. Each is measured by itself, and what it showed of every sentence is kept, so that differences are paired.
"""

import json
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from torch import Tensor
from tqdm.auto import tqdm

from diffusion_lessons import checkpoints
from diffusion_lessons.benchmark.shipped import NotMeasured
from diffusion_lessons.captions.denoiser import CaptionDenoiser
from diffusion_lessons.captions.drawing import TEN_STEPS
from diffusion_lessons.captions.judge import Judge
from diffusion_lessons.checkpoints import cards
from diffusion_lessons.checkpoints.captions import beside, load_judge
from diffusion_lessons.data.captions.scenes import ATTRIBUTES
from diffusion_lessons.data.captions.sentences import read as read_sentence
from diffusion_lessons.machine import description, places
from diffusion_lessons.machine.devices import choose_device, tf32
from diffusion_lessons.machine.files import Lock, check_writable, read_json, write_atomically
from diffusion_lessons.metrics.captions.adherence import ALL, agreement
from diffusion_lessons.metrics.captions.choosing import mean_interval
from diffusion_lessons.metrics.captions.system import fresh_sentences
from diffusion_lessons.sampling import Settings, generate

NAME = "captions-two-paths.json"
PAIR = ("captions-diffusion", "captions-flow")
COUNTED = ("digit", "ink", "shape", "shape_ink", ALL)
SETTINGS: dict[str, Settings] = {
    **{f"s = {scale:g}": TEN_STEPS.changed(scale=scale) for scale in (1.0, 2.0, 4.0, 8.0)},
    **{f"s = 4, {steps} steps": TEN_STEPS.changed(scale=4.0, steps=steps) for steps in (3, 5)},
    "s = 4, Euler, 5 steps": Settings("ddim", 5, scale=4.0),
}


def shown_by(
    denoise: CaptionDenoiser, judge: Judge, count: int, settings: Settings, batch: int = 128
) -> dict[str, Tensor]:
    """{attribute: bool [count]}: what each sentence says of it, does its picture show it? True where nothing is said.

    The same sentences and the same x_T for every denoiser, whatever the batch.
    """
    sentences = fresh_sentences(count)
    assert denoise.shape is not None  # a CaptionDenoiser says it
    noise = torch.randn(count, *denoise.shape, generator=torch.Generator().manual_seed(0))
    parts = zip(noise.split(batch), denoise.read_condition(sentences).split(batch), strict=True)
    with tf32(False):
        pictures = [denoise.decode(generate(denoise, x, settings, labels=told)[-1].x).cpu() for x, told in parts]
    right = agreement([read_sentence(sentence) for sentence in sentences], judge(torch.cat(pictures)))
    shown = {**dict(zip(ATTRIBUTES, right.T, strict=True)), ALL: right.all(dim=1)}
    return {name: shown[name] for name in COUNTED}


def compare_paths(first: dict[str, Tensor], second: dict[str, Tensor]) -> dict[str, dict[str, Any]]:
    """What two denoisers showed of the same sentences (`shown_by`), side by side, for each attribute that is said.

    asked                      sentences that say it
    diffusion, flow            how many of their pictures show it: of the first, of the second
    only diffusion, only flow  how many sentences one shows it for and the other does not
    flow - diffusion           the difference of the two shares, and the ends of its 95 % interval, paired by sentences
    """
    mentions = [read_sentence(sentence) for sentence in fresh_sentences(len(first[ALL]))]
    rows = {}
    for name in COUNTED:
        said = torch.tensor([bool(mention) if name == ALL else name in mention for mention in mentions])
        diffusion, flow = first[name][said], second[name][said]
        if len(flow):
            rows[name] = {
                "asked": len(flow),
                "diffusion": int(diffusion.sum()),
                "flow": int(flow.sum()),
                "only diffusion": int((diffusion & ~flow).sum()),
                "only flow": int((flow & ~diffusion).sum()),
                "flow - diffusion": mean_interval(flow.double() - diffusion.double()),
            }
    return rows


def read(file: Path | None = None, pair: tuple[str | Path, str | Path] = PAIR) -> dict[str, Any]:
    """The comparison that ships, by the settings' names: `read()["s = 4"]["all said"]["flow"]`.

    pair: the two denoisers, by name or by file. Raises NotMeasured where one was not measured, or with other weights.
    """
    file = file or places.measurements() / NAME
    networks = read_json(file)["networks"] if file.is_file() else {}
    for one in pair:
        if networks.get(Path(one).stem, {}).get("sha256") != cards.read_card(one)["sha256"]:
            raise NotMeasured(f"{file.name}, what {one} shows: measure it with python -m {__spec__.name} {one}")
    first, second = (networks[Path(one).stem]["shown"] for one in pair)
    return {name: compare_paths(_bits(first[name]), _bits(second[name])) for name in first if name in second}


def _bits(written: dict[str, str]) -> dict[str, Tensor]:
    return {name: torch.tensor([bit == "1" for bit in bits]) for name, bits in written.items()}


def main(
    file: Annotated[str, typer.Argument(help="A denoiser's file, or its name in the package.")],
    out: Annotated[Path | None, typer.Option(help="By default the table that ships.")] = None,
    count: Annotated[int, typer.Option(min=2, help="Sentences.")] = 512,
    device: Annotated[str | None, typer.Option(help="By default the best that is there.")] = None,
    batch: Annotated[int, typer.Option(min=1, help="Pictures drawn at a time.")] = 128,
) -> None:
    """Count what one text-to-image denoiser shows of each sentence; it may be stopped, and goes on where it was."""
    where, out, name = choose_device(device), out or places.measurements() / NAME, Path(file).stem
    check_writable(out)
    denoise, sha256 = checkpoints.load(file, where), cards.read_card(file)["sha256"]
    if not isinstance(denoise, CaptionDenoiser):
        raise typer.BadParameter(f"{file} is no denoiser of the text-to-image system: give one of {', '.join(PAIR)}")
    judge = load_judge(beside(cards.find(file), "captions-judge"))
    with Lock(out):
        kept: dict[str, Any] = read_json(out) if out.is_file() else {"count": count, "networks": {}}
        if kept["count"] != count:
            raise typer.BadParameter(f"{out} is of {kept['count']} sentences: give --count {kept['count']}, or --out")
        if kept["networks"].get(name, {}).get("sha256") != sha256:
            kept["networks"][name] = {"sha256": sha256, "shown": {}}
        mine = kept["networks"][name]
        for words in tqdm([words for words in SETTINGS if words not in mine["shown"]]):
            shown = shown_by(denoise, judge, count, SETTINGS[words], batch)
            mine["shown"][words] = {what: "".join("01"[bit] for bit in bits.tolist()) for what, bits in shown.items()}
            mine["where"] = description.describe(where)
            write_atomically(out, (json.dumps(kept, indent=1) + "\n").encode())
    typer.echo(f"{name}: {len(mine['shown'])} settings in {out}")


if __name__ == "__main__":
    typer.run(main)
