"""Per-step overhead of samplers, side by side in one process: ours, diffusers and k-diffusion.

    python -m benchmarks.samplers [--repeats 60]

The network is trivial (it returns its input), so what is timed is the sampler: 50 steps on [16, 1, 28, 28], one CPU
thread. Runs are interleaved, so that noise of the machine meets all alike; a ratio is the median, with quartiles, of
the ratios within each round, and beside it stands that of the fastest runs, which noise touches least. k-diffusion is
not a dependency: install it beside the project to see its row.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch

from diffusion_lessons import samplers, schedules
from diffusion_lessons.denoisers.network import Denoiser

STEPS = 50
SHAPE = (16, 1, 28, 28)
PATH = schedules.ddpm_linear()
BASELINES = {"ddim": "diffusers DDIM", "dpm_solver_pp_2m": "diffusers 2M"}  # what each of ours is compared with


def network(x, t):
    return x


def ours(name: str) -> Callable[[], object]:
    denoise, sampler = Denoiser(network, PATH), samplers.get(name)
    x, times = PATH.prior(SHAPE, generator=torch.Generator().manual_seed(0)), PATH.grid(STEPS)
    return lambda: samplers.sample(sampler, denoise, x, PATH, times)


def diffusers(kind: str) -> Callable[[], object]:
    from diffusers import DDIMScheduler, DPMSolverMultistepScheduler

    betas = {"beta_start": 1e-4, "beta_end": 0.02, "beta_schedule": "linear", "timestep_spacing": "trailing"}
    if kind == "ddim":
        scheduler = DDIMScheduler(clip_sample=False, **betas)
    else:
        scheduler = DPMSolverMultistepScheduler(solver_order=2, **betas)
    start = PATH.prior(SHAPE, generator=torch.Generator().manual_seed(0))

    @torch.no_grad()
    def run():
        scheduler.set_timesteps(STEPS)
        x = start
        for t in scheduler.timesteps:
            x = scheduler.step(network(x, t), t, x).prev_sample
        return x

    return run


def k_diffusion() -> Callable[[], object] | None:
    try:
        from k_diffusion.sampling import sample_dpmpp_2m
    except ImportError:
        return None

    levels = [PATH.sigma(t) / PATH.alpha(t) for t in PATH.grid(STEPS)]
    sigmas, x = torch.tensor(levels), levels[0] * PATH.prior(SHAPE, generator=torch.Generator().manual_seed(0))

    def denoised(x, sigma):  # [B], as they call it
        return x - sigma[:, None, None, None] * network(x, sigma)

    return lambda: sample_dpmpp_2m(denoised, x, sigmas, disable=True)


def microseconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return (time.perf_counter() - start) / STEPS * 1e6


def quartiles(values: list[float]) -> tuple[float, float, float]:
    low, middle, high = statistics.quantiles(values, n=4)
    return low, middle, high


def end_to_end(steps: int, repeats: int) -> list[float]:
    """Seconds of 2M with a U-Net as for MNIST over those of its bare passes, run in turn."""
    from diffusion_lessons.networks.unet import UNet
    from diffusion_lessons.training import recipes

    network = UNet(recipes.get("mnist-small").network).eval()
    denoise = Denoiser(network, PATH, "v", classes=network.config.classes)
    x, times = PATH.prior(SHAPE, generator=torch.Generator().manual_seed(0)), PATH.grid(steps)
    labels = torch.full((SHAPE[0],), network.config.classes)

    @torch.no_grad()
    def bare():
        for t in times[:-1]:
            network(x, torch.full((SHAPE[0],), t), labels)

    def sampled():
        samplers.sample(samplers.dpm_solver_pp_2m, denoise, x, PATH, times)

    sampled(), bare()
    return [microseconds(sampled) / microseconds(bare) for _ in range(repeats)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=60)
    repeats = parser.parse_args().repeats
    torch.set_num_threads(1)

    # Those that are compared run one after the other.
    runs: dict[str, Callable[[], object]] = {"ddim": ours("ddim"), "diffusers DDIM": diffusers("ddim")}
    runs |= {"dpm_solver_pp_2m": ours("dpm_solver_pp_2m"), "diffusers 2M": diffusers("2m")}
    if (theirs := k_diffusion()) is not None:
        runs["k-diffusion 2M"] = theirs
    gridded = [name for name, sampler in samplers.ALL.items() if sampler.info.stages is not None]
    runs |= {name: ours(name) for name in gridded if name not in runs}

    for run in runs.values():
        run()  # warm-up: imports, tables, caches
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(repeats):
        for name, run in runs.items():
            times[name].append(microseconds(run))

    print(f"microseconds a step, {STEPS} steps on {list(SHAPE)}, median [quartiles] of {repeats} interleaved runs\n")
    for name, values in times.items():
        low, middle, high = quartiles(values)
        evaluations = f"{samplers.ALL[name].info.nfe(STEPS)} evaluations" if name in samplers.ALL else ""
        print(f"{name:22}{middle:9.1f}  [{low:.1f}, {high:.1f}]  {evaluations}")
    print("\nratios within a round, median [quartiles]; ratio of the fastest runs\n")
    for name, baseline in BASELINES.items():
        ratios = [mine / theirs for mine, theirs in zip(times[name], times[baseline], strict=True)]
        low, middle, high = quartiles(ratios)
        fastest = min(times[name]) / min(times[baseline])
        print(f"{name:22}{middle:9.2f}  [{low:.2f}, {high:.2f}]; {fastest:.2f}  of {baseline}")
    low, middle, high = quartiles(end_to_end(10, repeats))
    print(f"{'2M with a U-Net':22}{middle:9.2f}  [{low:.2f}, {high:.2f}]  of the bare network passes")


if __name__ == "__main__":
    main()
