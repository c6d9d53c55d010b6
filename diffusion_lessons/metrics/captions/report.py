"""What a part, or the whole system, reaches on writers that training never saw, for its card.

python -m diffusion_lessons.metrics.captions.report runs/captions-diffusion/captions-diffusion --scales 1,4
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from diffusion_lessons import checkpoints
from diffusion_lessons.captions.drawing import TEN_STEPS
from diffusion_lessons.checkpoints import cards
from diffusion_lessons.checkpoints.captions import beside, load_autoencoder, load_contrastive, load_judge
from diffusion_lessons.data.captions.strokes import Strokes, load_strokes
from diffusion_lessons.metrics.captions.accuracy import judge_accuracy, reconstruction
from diffusion_lessons.metrics.captions.retrieval import binding_margin, retrieval
from diffusion_lessons.metrics.captions.system import follow_sentences, held_out, load_measured, red_sevens, two_inks


def report(
    file: str | Path, strokes: Strokes, count: int = 512, scales: Sequence[float] = (1, 2, 4, 6)
) -> dict[str, Any]:
    """The figures of the part in `file`; of a denoiser those of the whole system at each guidance scale.

    The other parts are those that lie beside it, each in a folder of its own name, or else the package's.
    """
    file = cards.find(file)
    network = cards.read_card(file, ("architecture",))["architecture"]["network"]
    if network == "classifier":
        results = judge_accuracy(load_judge(file), strokes)
    elif network == "contrastive":
        contrastive = load_contrastive(file)
        results = {**retrieval(contrastive, strokes), **binding_margin(contrastive, strokes)}
    elif network == "autoencoder":
        results = reconstruction(load_autoencoder(file), load_judge(beside(file, "captions-judge")), strokes)
    else:
        return _system(file, count, scales)
    return {name: round(value, 4) for name, value in results.items()}


def _system(file: Path, count: int, scales: Sequence[float]) -> dict[str, Any]:
    denoise, judge, contrastive = load_measured(file)
    results = {}
    for scale in scales:
        settings = replace(TEN_STEPS, scale=float(scale))
        results[f"scale {scale:g}"] = {
            "sentences": follow_sentences(denoise, judge, contrastive, count, settings),
            "two inks": two_inks(denoise, judge, contrastive, count, settings),
            "a seven is red": red_sevens(denoise, judge, count, settings),
            "held out": held_out(denoise, judge, count, settings),
        }
    return results


def main(
    file: Annotated[str, typer.Argument(help="A part's file, or its name in the package.")],
    count: Annotated[int, typer.Option(help="Pictures for each figure of a denoiser.")] = 512,
    scales: Annotated[str, typer.Option(help="Guidance scales, with commas between.")] = "1,2,4,6",
) -> None:
    """Measure a part on MNIST's test writers, print the figures and write them into its card."""
    results = report(file, load_strokes("test"), count, [float(scale) for scale in scales.split(",")])
    checkpoints.amend(file, evaluation=results)
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    typer.run(main)
