"""Right calls of what learners call, and for each kind of argument what is put in its place by mistake."""

import ast
import math
from pathlib import Path

import torch

import diffusion_lessons as dl
from diffusion_lessons import samplers, toys
from diffusion_lessons.training import recipes

PACKAGE = Path(dl.__file__).parent
THING = object()
NOTHING_AT_ALL = [2.5, "x", b"x", [], {}, THING]  # wrong wherever one of these kinds is expected
WRONG = {
    "denoiser": [*NOTHING_AT_ALL, None, True, 3, "digits-diffusion"],
    "sampler": [*NOTHING_AT_ALL, None, True, 3, "ddim", lambda *_: iter(())],
    "generator": [*NOTHING_AT_ALL, True, 3, torch.tensor(3)],
    "path": [*NOTHING_AT_ALL, None, True, 3, "cosine"],
    "mixture": [*NOTHING_AT_ALL, None, True, 3],
    "count": [*NOTHING_AT_ALL, None, True, -1, math.nan, "3", 10**30, torch.tensor(3)],
    "side": [*NOTHING_AT_ALL, True, -1, math.nan, "3"],
    "label": [*NOTHING_AT_ALL, True, -1, 99, math.nan, [None], [[1], [2, 3]], (lambda: 0)],
    "name": [*NOTHING_AT_ALL[:1], *NOTHING_AT_ALL[2:], None, True, 3, "", "no such"],
    "file": [2.5, b"x", [], {}, THING, None, True, 3, "", ".", "..", Path()],
    "x": [*NOTHING_AT_ALL, None, 3, torch.tensor(0.5), torch.zeros(2, dtype=torch.long), torch.zeros(0, 1, 8, 8)],
    "number": [*NOTHING_AT_ALL[1:], None, math.nan, torch.zeros(3)],
    "time": [*NOTHING_AT_ALL[1:], None, math.nan],
    "settings": [*NOTHING_AT_ALL, True, 0, "ddim"],
    "device": [*NOTHING_AT_ALL, True, 10**30],
    "shape": [*NOTHING_AT_ALL[:3], {}, THING, None, 3, [None], (-1,), (2.5,)],
    "data": [*NOTHING_AT_ALL, True, 3, "digits"],
    "recipe": [*NOTHING_AT_ALL, None, True, 3, "digits"],
    "list": [*NOTHING_AT_ALL[:3], THING, None, 3],
}


def calls() -> list[tuple]:
    """(function, its right arguments, the kind of each that is then replaced)."""
    network = dl.load("digits-diffusion")
    path, flow = network.path, dl.schedules.flow()
    x, points = path.prior((2, *network.shape)), flow.prior((4,))
    mixture = toys.GaussianMixture([-1.0, 1.0], stds=0.3)
    exact, data, recipe = mixture.denoiser(flow), dl.load_data("digits"), recipes.get("digits")
    run = {"denoise": network, "x": x, "path": path, "times": path.grid(1)}
    drawn = {"denoise": "denoiser", "x": "x", "path": "path", "times": "list", "generator": "generator"}
    of_mixture = {"mixture": "mixture", "path": "path"}
    return [
        (dl.load, {"name_or_path": "digits-diffusion"}, {"name_or_path": "file", "device": "device"}),
        (dl.load_data, {"name_or_folder": "digits", "size": 8}, {"name_or_folder": "name", "size": "side"}),
        (
            dl.generate,
            {"denoise": network, "start": 1, "steps": 1, "labels": [7]},
            {"denoise": "denoiser", "start": "count", "settings": "settings", "labels": "label", "steps": "count"}
            | {"device": "device", "sampler": "name"},
        ),
        (
            dl.sampling.states,
            {"denoise": network, "x": x, "settings": dl.Settings(steps=1), "labels": torch.tensor([1, 2])},
            {"denoise": "denoiser", "x": "x", "settings": "settings", "generator": "generator"},
        ),
        (dl.sampling.in_precision, {"denoise": network, "precision": "float16"}, {"precision": "name"}),
        (dl.sample, {"sampler": samplers.ddim, **run}, {"sampler": "sampler", **drawn}),
        (dl.trace, {"sampler": samplers.ddpm, **run}, {"sampler": "sampler", **drawn}),
        *((sampler, run, drawn) for sampler in samplers.ALL.values() if sampler is not samplers.consistency),
        (samplers.get, {"name": "ddim"}, {"name": "name"}),
        (samplers.ode_field, {"denoise": network, "path": path}, {"denoise": "denoiser", "path": "path"}),
        (samplers.dpm_solver_fast_plan, {"path": path, "nfe": 5}, {"path": "path", "nfe": "count"}),
        (dl.check, {"name": "ddim_step", "function": None}, {"name": "name"}),
        (dl.working, {"name": "ddim_step", "function": None}, {"name": "name"}),
        (dl.denoisers.condition_on, {"denoise": network, "labels": [7]}, {"denoise": "denoiser", "labels": "label"}),
        (dl.denoisers.clip, {"denoise": network, "limit": 1.0}, {"denoise": "denoiser", "limit": "number"}),
        (dl.denoisers.count_calls, {"denoise": network}, {"denoise": "denoiser"}),
        (dl.denoisers.condition_on(network, 7), {"x": x, "t": 5.0}, {"x": "x", "t": "number"}),
        (network, {"x": x, "t": 5.0, "condition": 3}, {"x": "x", "t": "number", "condition": "label"}),
        (exact, {"x": points, "t": 0.5}, {"x": "x", "t": "number"}),
        (
            dl.denoisers.Denoiser,
            {"network": network.network, "path": path, "predicts": network.predicts},
            {"network": "denoiser", "path": "path", "predicts": "name", "classes": "side"},
        ),
        (
            dl.guidance.classifier_free,
            {"denoise": network, "condition": 7, "scale": 2.0},
            {"denoise": "denoiser", "condition": "label", "scale": "time"},
        ),
        (
            dl.guidance.compose,
            {"denoise": network, "conditions": [1], "weights": [1.0]},
            {"denoise": "denoiser", "conditions": "list", "weights": "list"},
        ),
        (path.prior, {"shape": (2, 1)}, {"shape": "shape", "generator": "generator", "device": "device"}),
        (path.grid, {"steps": 4}, {"steps": "count", "spacing": "name"}),
        (path.alpha, {"t": 4.0}, {"t": "time"}),
        (dl.schedules.ddpm_linear, {}, {"T": "count", "beta_start": "number", "beta_end": "number"}),
        (dl.schedules.cosine, {}, {"T": "count"}),
        (dl.schedules.variance_exploding, {}, {"sigma_max": "number", "sigma_min": "number"}),
        (dl.schedules.from_alpha_bar, {"values": [0.9, 0.5]}, {"values": "list"}),
        (dl.schedules.from_card, {"card": path.card}, {"card": "path"}),
        (toys.GaussianMixture, {"means": [0.0], "stds": 0.3}, {"means": "list", "stds": "number"}),
        (mixture.sample, {"n": 3}, {"n": "count", "generator": "generator"}),
        (mixture.denoiser, {"path": flow}, {"path": "path"}),
        (mixture.log_prob, {"x": points}, {"x": "x"}),
        *((shape, {"n": 3}, {"n": "count", "generator": "generator"}) for shape in (toys.moons, toys.spiral)),
        (toys.gaussian_quantiles, {"n": 3}, {"n": "count"}),
        (toys.wasserstein_1, {"x": points, "mixture": mixture}, {"mixture": "mixture"}),
        (toys.bayes_loss, {"mixture": mixture, "path": flow, "t": 0.5}, of_mixture),
        (toys.flow_map, {"mixture": mixture, "path": flow, "x": points, "t": 0.5}, {**of_mixture, "x": "x"}),
        (toys.ConsistencyFunction, {"mixture": mixture, "path": flow}, of_mixture),
        (toys.ReflowedFlow, {"mixture": mixture}, {"mixture": "mixture"}),
        (toys.Flawed, {"denoise": exact, "path": flow, "size": 0.1}, {"denoise": "denoiser", "path": "path"}),
        (
            toys.exact_flow,
            {"denoise": exact, "x": points, "path": flow, "times": (0.9, 0.5)},
            {"denoise": "denoiser", "x": "x", "path": "path"},
        ),
        (
            dl.invariants.diagnose,
            {"denoise": network, "path": path, "data": data.images[:64], "report": lambda line: None},
            {"denoise": "denoiser", "path": "path", "sampler": "sampler"},
        ),
        (dl.checkpoints.amend, {"name_or_path": "digits-diffusion"}, {"name_or_path": "file"}),
        (recipes.get, {"name": "digits"}, {"name": "name"}),
        (recipes.for_data, {"data": data}, {"data": "data"}),
        (dl.training.train, {"recipe": recipe, "data": data}, {"recipe": "recipe", "data": "data", "every": "side"}),
        (dl.distillation.student_recipe, {"name": "digits-reflow"}, {"name": "name"}),
        (dl.distillation.load_teacher, {"name": "digits-flow"}, {"name": "file"}),
        (dl.distillation.train_student, {"recipe": None}, {"recipe": "recipe"}),
        (
            dl.benchmark.timed_samples,
            {"denoise": network, "settings": dl.Settings(steps=1), "n": 1},
            {"denoise": "denoiser", "settings": "settings", "n": "count"},
        ),
    ]


def not_told(error: Exception) -> str:
    """Why an error is none for people: it is of several lines, or nobody meant to raise it; or ''."""
    traceback = error.__traceback__
    while traceback.tb_next:
        traceback = traceback.tb_next
    file, line = Path(traceback.tb_frame.f_code.co_filename), traceback.tb_lineno
    raises = (
        [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Raise)]
        if file.is_relative_to(PACKAGE)
        else []
    )
    meant = any(node.lineno <= line <= node.end_lineno for node in raises)
    if not meant or not isinstance(error, ValueError | TypeError | FileNotFoundError) or "\n" in str(error):
        return f"{type(error).__name__}: {error} ({file.name}:{line})"
    return ""
