"""Diffusion and flow matching, told the same sentences from the same noise: which of the two follows more of them?

    python -m diffusion_lessons.benchmark.captions.two_paths
    python -m diffusion_lessons.benchmark.captions.two_paths --device cuda --count 2048 --out my.json

The two denoisers share U-Net, text encoder and autoencoder, and saw as many scenes; they differ in path, prediction and
in how training times were drawn. Every sentence is drawn by both from one x_T, so that differences are paired.
"""

import json
from collections.abc import Iterator
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
from diffusion_lessons.machine.files import check_writable, read_json, write_atomically
from diffusion_lessons.metrics.captions.adherence import ALL, agreement
from diffusion_lessons.metrics.captions.choosing import mean_interval
from diffusion_lessons.metrics.captions.system import fresh_sentences
from diffusion_lessons.sampling import Settings, generate

NAME = "captions-two-paths.json"
PAIR = ("captions-diffusion", "captions-flow")
COUNTED = ("digit", "ink", "shape", "shape_ink")  # beside all that was said
SETTINGS: dict[str, Settings] = {
    **{f"s = {scale:g}": TEN_STEPS.changed(scale=scale) for scale in (1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0)},
    **{f"s = 4, {steps} steps": TEN_STEPS.changed(scale=4.0, steps=steps) for steps in (2, 3, 5, 20, 50)},
    **{f"s = 4, Euler, {steps} steps": Settings("ddim", steps, scale=4.0) for steps in (5, 10, 20)},
}


def compare_paths(
    diffusion: CaptionDenoiser,
    flow: CaptionDenoiser,
    judge: Judge,
    count: int,
    chosen: dict[str, Settings] | None = None,
    batch: int = 128,
) -> Iterator[tuple[str, dict[str, Any]]]:
    """For each of the settings, its name and {"digit": {"asked": ..., "diffusion": ..., "flow": ..., ...}, ...}.

    asked                      sentences that say it
    diffusion, flow            how many of their pictures show it
    only diffusion, only flow  how many sentences one shows it for and the other does not
    flow - diffusion           the difference of the two shares, and the ends of its 95 % interval, paired by sentences
    """
    sentences = fresh_sentences(count)
    mentions = [read_sentence(sentence) for sentence in sentences]
    said = {name: torch.tensor([name in mention for mention in mentions]) for name in ATTRIBUTES}
    said[ALL] = torch.stack(list(said.values())).any(dim=0)
    tokens = diffusion.read_condition(sentences)
    assert diffusion.shape is not None  # a CaptionDenoiser says it
    noise = torch.randn(count, *diffusion.shape, generator=torch.Generator().manual_seed(0))

    def shown_by(denoise: CaptionDenoiser, settings: Settings) -> dict[str, Tensor]:
        """{attribute: bool [count]}: does the picture show what was said of it?"""
        pictures = [
            denoise.decode(generate(denoise, x, settings, labels=told)[-1].x).cpu()
            for x, told in zip(noise.split(batch), tokens.split(batch), strict=True)
        ]
        right = agreement(mentions, judge(torch.cat(pictures)))
        return {**dict(zip(ATTRIBUTES, right.T, strict=True)), ALL: right.all(dim=1)}

    for name, settings in (SETTINGS if chosen is None else chosen).items():
        with tf32(False):
            first, second = shown_by(diffusion, settings), shown_by(flow, settings)
        asked = {what: said[what] for what in (*COUNTED, ALL) if said[what].any()}
        yield name, {what: _paired(first[what][rows], second[what][rows]) for what, rows in asked.items()}


def _paired(diffusion: Tensor, flow: Tensor) -> dict[str, Any]:
    return {
        "asked": len(flow),
        "diffusion": int(diffusion.sum()),
        "flow": int(flow.sum()),
        "only diffusion": int((diffusion & ~flow).sum()),
        "only flow": int((flow & ~diffusion).sum()),
        "flow - diffusion": mean_interval(flow.double() - diffusion.double()),
    }


def read(file: Path | None = None) -> dict[str, Any]:
    """What ships, by the settings' names: `read()["s = 4"]["all said"]["flow"]`.

    Raises NotMeasured where there is no table, ValueError for one of other networks than those that ship.
    """
    file = file or places.measurements() / NAME
    if not file.is_file():
        raise NotMeasured(f"{file.name}: make it with python -m {__spec__.name}")
    kept = read_json(file)
    if kept.get("sha256") != _hashes(PAIR):
        raise ValueError(f"{file} was measured on other networks than {' and '.join(PAIR)}: measure anew")
    return kept["figures"]


def _hashes(files: tuple[str, str]) -> list[str]:
    return [cards.read_card(file)["sha256"] for file in files]


def main(
    diffusion: Annotated[str, typer.Argument(help="A denoiser's file, or its name in the package.")] = PAIR[0],
    flow: Annotated[str, typer.Argument(help="The other one.")] = PAIR[1],
    out: Annotated[Path | None, typer.Option(help="By default the table that ships.")] = None,
    count: Annotated[int, typer.Option(min=2, help="Sentences.")] = 2048,
    device: Annotated[str | None, typer.Option(help="By default the best that is there.")] = None,
    batch: Annotated[int, typer.Option(min=1, help="Pictures drawn at a time.")] = 128,
) -> None:
    """Compare two text-to-image denoisers sentence by sentence."""
    where, out = choose_device(device), out or places.measurements() / NAME
    check_writable(out)
    first, second = (checkpoints.load(file, where) for file in (diffusion, flow))
    if not (isinstance(first, CaptionDenoiser) and isinstance(second, CaptionDenoiser)):
        raise typer.BadParameter(f"{diffusion} and {flow} must both be denoisers of the text-to-image system")
    judge = load_judge(beside(cards.find(flow), "captions-judge"))
    kept: dict[str, Any] = {"sha256": _hashes((diffusion, flow)), "count": count, "figures": {}}
    for name, row in tqdm(compare_paths(first, second, judge, count, batch=batch), total=len(SETTINGS)):
        kept["figures"][name] = row
        kept["where"] = description.describe(where)
        write_atomically(out, (json.dumps(kept, indent=1) + "\n").encode())
    typer.echo(f"{len(kept['figures'])} settings in {out}")


if __name__ == "__main__":
    typer.run(main)
