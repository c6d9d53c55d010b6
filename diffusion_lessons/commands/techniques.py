"""`diffusion-lessons techniques` and `advise`: every technique beside the plain curve, and what to choose of them."""

from pathlib import Path

from diffusion_lessons import checkpoints
from diffusion_lessons.benchmark import table
from diffusion_lessons.benchmark.shipped import NotMeasured
from diffusion_lessons.benchmark.techniques.advice import USES, Advice, advise
from diffusion_lessons.benchmark.techniques.candidates import candidates
from diffusion_lessons.benchmark.techniques.forecast import forecast
from diffusion_lessons.benchmark.techniques.networks import network_rows
from diffusion_lessons.benchmark.techniques.step_curve import Beside
from diffusion_lessons.benchmark.techniques.technique_table import (
    BATCHES,
    METRICS,
    at_batch,
    compared,
    measure_candidates,
    shipped_file,
    shipped_techniques,
    time_candidates,
)
from diffusion_lessons.benchmark.techniques.trained import images_of
from diffusion_lessons.checkpoints import cards
from diffusion_lessons.figures.pictures.saving import check_figure, save_figure
from diffusion_lessons.figures.quality.techniques import techniques_figure
from diffusion_lessons.machine import places
from diffusion_lessons.machine.devices import choose_device
from diffusion_lessons.machine.fields import check_name
from diffusion_lessons.machine.files import check_writable
from diffusion_lessons.metrics.captions.evaluator import of_network

FOLDER = Path("runs/techniques")  # plans and trained networks, and tables that do not ship


def run_techniques(
    checkpoint: str = "mnist-small-diffusion",
    *,
    samples: int = 500,
    ship: bool = False,
    measure: bool = False,
    batch: int = 25,
    metric: str = "frechet",
    figure: Path | None = None,
    device: str = "cpu",
    data: Path | None = None,
) -> list[Beside]:
    """Print which techniques on a checkpoint beat taking fewer steps, from its table of measured rows, and draw them.

    measure: measure what the table lacks first. Without it a checkpoint that has no table yet gets a forecast of what
    measuring would take, and nothing is measured: the list is empty. ship: keep the table where the course's own are.
    device: on which is measured; int8 and ONNX Runtime are left out on any but the CPU.
    data: a folder with the images of the checkpoint's recipe, in place of a download: some are trained on.

    Raises ValueError for a batch or a figure that tables do not have, FileNotFoundError for `ship` outside a clone
    and for a folder that is not there.
    """
    if batch not in BATCHES:
        raise ValueError(f"latencies are measured at batch {' and '.join(map(str, BATCHES))}; got {batch}")
    check_name("metric", metric, (*METRICS, "drift"))
    choose_device(device)
    if figure is not None:
        check_figure(figure)
    file = shipped_file(checkpoint) if ship else FOLDER / f"{cards.stem(checkpoint)}{table.SUFFIX}"
    if measure:
        if ship:
            places.clone_for("--ship writes the course's own tables")
        check_writable(file)
        parent = checkpoints.load(checkpoint)
        if data is not None:
            images_of(parent, data)  # so that a wrong folder is told now, not after the rows that need none
        try:
            evaluator = of_network(parent)
            chosen = candidates(checkpoint, FOLDER, device=device, data=data, progress=_say)
            found = measure_candidates(
                checkpoint, chosen, file, evaluator, samples=samples, keep=FOLDER, device=device, say=_say
            )
            time_candidates(checkpoint, found, file, device=device)
        except KeyboardInterrupt:
            print(f"\nstopped: what was measured is kept in {file}, and the same command goes on from there")
            raise
        rows = table.read(file)
    else:
        try:
            rows = shipped_techniques(checkpoint)
        except FileNotFoundError:
            if not file.is_file():
                return _show_forecast(checkpoint, samples, device)
            rows = table.read(file)
    verdicts = compared(rows, batch, metric)
    for one in verdicts:
        print(one)
    counts = {word: sum(one.word == word for one in verdicts) for word in ("better", "worse", "undecided", "alone")}
    print(", ".join(f"{count} {word}" for word, count in counts.items()) + f": {metric} at batch {batch}")
    if figure is not None:
        save_figure(techniques_figure(rows, batch, metric), figure)
        print(f"figure: {figure}")
    return verdicts


def _show_forecast(checkpoint: str, samples: int, device: str) -> list[Beside]:
    print(f"no techniques were measured on {checkpoint}. To be measured:\n")
    for line in forecast(checkpoint, FOLDER, samples, device):
        print(line, flush=True)
    print(
        f"\n`diffusion-lessons techniques {checkpoint} --measure` does it. Rows are kept as they are made: Ctrl-C "
        "loses the row in hand, and the same command goes on from there"
    )
    return []


def show_advice(
    *names: str,
    budget_ms: float | None,
    batch: int,
    metric: str,
    use: str | None = None,
    networks: bool = False,
) -> list[Advice]:
    """Print what to choose within a budget, from the shipped table of techniques of each of these checkpoints.

    use: one of text 2's three ("live", "interactive", "batch"), or "all", in place of a budget and a batch.
    networks: choose among the shipped networks as well (`network_rows`), which is an advice of its own.

    Raises ValueError where nothing fits or was measured.
    """
    if use is None:
        asked = [(batch, None if budget_ms is None else budget_ms / 1000, "")]
    else:
        asked = list(USES.values() if use == "all" else [USES[use]])
    tables = {name: shipped_techniques(name) for name in names}
    found = []
    for count, seconds, purpose in asked:
        budget = "any time" if seconds is None else f"at most {1000 * seconds:g} ms"
        print(f"{purpose or 'a budget'}: {budget} for {count} at once, by {metric}")
        try:
            choices = {f"techniques on {name}": at_batch(table, count) for name, table in tables.items()}
            if networks:
                choices["networks"] = network_rows(count)
        except NotMeasured as error:
            raise ValueError(f"not measured: {error.args[0]}") from error
        for kind, rows in choices.items():
            try:
                advice = advise(rows, seconds, metric)
            except ValueError as error:
                if kind != "networks" and networks:  # a student may be fast enough where no technique is
                    print(f"among {kind}: {error}\n")
                    continue
                raise
            print(f"among {kind}, {max(row.samples for row in rows):,} samples a row\n{advice}")
            print("not measured: techniques on these networks\n" if kind == "networks" else "")
            found.append(advice)
    return found


def _say(words: str) -> None:
    print(words, flush=True)
