"""DPM-Solver: the diffusion ODE solved in lambda, the half log signal-to-noise ratio, where its linear part is exact.

Lu et al., "DPM-Solver: A Fast ODE Solver for Diffusion Probabilistic Model Sampling in Around 10 Steps", 2022
(https://arxiv.org/abs/2206.00927). From time t down to s, with h = lambda_s - lambda_t > 0, the ODE's solution is

    x_s = (alpha_s / alpha_t) x_t - alpha_s int_{lambda_t}^{lambda_s} e^(-lambda) eps_hat(x_lambda, lambda) dlambda

(proposition 3.1). eps_hat held constant gives DPM-Solver-1, which is DDIM; each higher order adds one correction, made
of differences of eps_hat between times inside the step:

    order 1:  x_s = (alpha_s / alpha_t) x_t - sigma_s (e^h - 1) eps_t  =  alpha_s x0_hat + sigma_s eps_hat
    order 2:  ... - sigma_s (e^h - 1) D1 / (2 r1)                 D1 = eps_hat at lambda_t + r1 h, less eps_t
    order 3:  ... - sigma_s ((e^h - 1) / h - 1) D2 / r2           D2 = eps_hat at lambda_t + r2 h, less eps_t

A step from alpha = 0 or to sigma = 0 is infinitely long in lambda: it has no inside and is taken as DDIM does.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from numbers import Real

from torch import Tensor

from diffusion_lessons.denoisers.base import DenoiserLike
from diffusion_lessons.estimates import Estimate
from diffusion_lessons.machine.fields import check_value
from diffusion_lessons.path import Path
from diffusion_lessons.samplers.base import Check, State, sampler
from diffusion_lessons.samplers.ddim import ddim_step


def second_order_step(
    denoise: DenoiserLike, estimate: Estimate, path: Path, t: float, s: float, r1: float = 0.5
) -> tuple[Tensor, Tensor]:
    """DPM-Solver-2 from t to s (algorithm 4), and the first-order x_s beside it; `estimate` is that at t."""
    first = ddim_step(estimate, path, s)
    h = path.lam(s) - path.lam(t)
    if math.isinf(h):
        return first, first
    t1 = path.t_of_lam(path.lam(t) + r1 * h)
    u1 = ddim_step(estimate, path, t1)
    D1 = denoise(u1, t1).eps - estimate.eps
    second = first - path.sigma(s) * math.expm1(h) / (2 * r1) * D1
    return second, first


def third_order_step(
    denoise: DenoiserLike, estimate: Estimate, path: Path, t: float, s: float, r1: float = 1 / 3, r2: float = 2 / 3
) -> tuple[Tensor, Tensor]:
    """DPM-Solver-3 from t to s (algorithm 5), and the second-order x_s made from its first difference."""
    first = ddim_step(estimate, path, s)
    h = path.lam(s) - path.lam(t)
    if math.isinf(h):
        return first, first
    t1, t2 = path.t_of_lam(path.lam(t) + r1 * h), path.t_of_lam(path.lam(t) + r2 * h)
    u1 = ddim_step(estimate, path, t1)
    D1 = denoise(u1, t1).eps - estimate.eps
    second = first - path.sigma(s) * math.expm1(h) / (2 * r1) * D1
    u2 = ddim_step(estimate, path, t2) - path.sigma(t2) * r2 / r1 * (math.expm1(r2 * h) / (r2 * h) - 1) * D1
    D2 = denoise(u2, t2).eps - estimate.eps
    third = first - path.sigma(s) / r2 * (math.expm1(h) / h - 1) * D2
    return third, second


@sampler(order=1, in_lambda=True, citation="Lu et al. 2022a, eq. 3.7")
def dpm_solver_1(denoise: DenoiserLike, x: Tensor, path: Path, times: Sequence[float]) -> Iterator[State]:
    """DDIM with eta = 0, found again as the first-order solver in lambda.

        x_s = (alpha_s / alpha_t) x_t - sigma_s (e^h - 1) eps_t  =  alpha_s x0_hat + sigma_s eps_hat

    since x_t = alpha_t x0_hat + sigma_t eps_hat and e^h = (alpha_s / sigma_s) (sigma_t / alpha_t). x is [B, ...]; one
    evaluation a step; order 1.
    """
    for t, s in pairwise(times):
        estimate = denoise(x, t)
        x = ddim_step(estimate, path, s)
        yield State(s, x, estimate.x0)


@sampler(order=2, stages=2, in_lambda=True, citation="Lu et al. 2022a, algorithm 1")
def dpm_solver_2(denoise: DenoiserLike, x: Tensor, path: Path, times: Sequence[float]) -> Iterator[State]:
    """Look at the middle of the step (in lambda), and correct DDIM by the change of eps_hat seen there.

        u1  = alpha_1 x0_t + sigma_1 eps_t                       at lambda_1 = lambda_t + h / 2
        x_s = (alpha_s / alpha_t) x_t - sigma_s (e^h - 1) eps_hat(u1, t_1)

    x is [B, ...]; two evaluations a step, one on a step to sigma = 0 or from alpha = 0; order 2.
    """
    for t, s in pairwise(times):
        estimate = denoise(x, t)
        x, _ = second_order_step(denoise, estimate, path, t, s)
        yield State(s, x, estimate.x0)


@sampler(order=3, stages=3, in_lambda=True, citation="Lu et al. 2022a, algorithm 2")
def dpm_solver_3(denoise: DenoiserLike, x: Tensor, path: Path, times: Sequence[float]) -> Iterator[State]:
    """Look at one third and at two thirds of the step (in lambda), and extrapolate from there.

        u1  = alpha_1 x0_t + sigma_1 eps_t                                       at lambda_1 = lambda_t + h / 3
        u2  = alpha_2 x0_t + sigma_2 eps_t - 2 sigma_2 ((e^k - 1) / k - 1) D_1   at lambda_2 = lambda_t + k, k = 2h / 3
        x_s = alpha_s x0_t + sigma_s eps_t - 3/2 sigma_s ((e^h - 1) / h - 1) D_2,   D_i = eps_hat(u_i, t_i) - eps_t

    x is [B, ...]; three evaluations a step, one on a step to sigma = 0 or from alpha = 0; order 3.
    """
    for t, s in pairwise(times):
        estimate = denoise(x, t)
        x, _ = third_order_step(denoise, estimate, path, t, s)
        yield State(s, x, estimate.x0)


def usual_orders(steps: int) -> list[int]:
    """3, 3, ..., 3, 2, 1: DPM-Solver-fast's orders where its budget is a multiple of 3."""
    return ([3] * max(steps - 2, 0) + [2, 1])[-steps:]


def dpm_solver_fast_plan(path: Path, nfe: int) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """Times and orders that spend exactly `nfe` evaluations, as many of them as possible in third-order steps.

    K = floor(nfe / 3) + 1 steps, even in lambda from `path.t_max` to `path.t_min`; their orders are

        3, ..., 3, 2, 1 if nfe = 0 mod 3;    3, ..., 3, 1 if nfe = 1 mod 3;    3, ..., 3, 2 if nfe = 2 mod 3

    (Lu et al. 2022a, section 3.4 and its appendix). As in the paper the grid ends just above the data, at
    `path.t_min`; one more step of order 1 and one more evaluation lead to 0: `(*times, 0.0), (*orders, 1)`.
    """
    check_value("path", path, Path)
    if isinstance(nfe, bool) or not isinstance(nfe, Real) or nfe // 1 != nfe or nfe < 1:
        raise ValueError(f"nfe must be a whole number of at least 1, the evaluation that one step costs; got {nfe!r}")
    K = int(nfe) // 3 + 1
    last = {0: [2, 1], 1: [1], 2: [2]}[int(nfe) % 3]
    times = path.grid(K, "logsnr", t_min=path.t_min)
    return times, (*[3] * (K - len(last)), *last)


def _are_orders(orders: object) -> bool:
    return orders is None or (isinstance(orders, Sequence) and len(orders) > 0 and set(orders) <= {1, 2, 3})


ORDERS = Check(_are_orders, "numbers out of 1, 2, 3, one for each step")


def _orders_fit(path: Path, times: Sequence[float], orders: Sequence[int] | None = None) -> None:
    if orders is None:
        return
    if len(orders) != len(times) - 1:
        raise ValueError(f"orders must be {len(times) - 1} numbers out of 1, 2, 3, one for each step; got {orders!r}")
    for order, (t, s) in zip(orders, pairwise(times), strict=True):
        if order > 1 and math.isinf(path.lam(s) - path.lam(t)):
            raise ValueError(
                f"the step from t = {t:g} to {s:g} is infinitely long in lambda and must be of order 1, not {order}; "
                "dpm_solver_fast_plan(path, nfe) gives times and orders that fit"
            )


@sampler(
    order=2,
    stages=usual_orders,
    in_lambda=True,
    citation="Lu et al. 2022a, section 3.4",
    fits=_orders_fit,
    orders=ORDERS,
)
def dpm_solver_fast(
    denoise: DenoiserLike,
    x: Tensor,
    path: Path,
    times: Sequence[float],
    *,
    orders: Sequence[int] | None = None,
) -> Iterator[State]:
    """Singlestep solvers of mixed orders, so that a budget of evaluations is spent to the last one.

        times, orders = dpm_solver_fast_plan(path, nfe=20)
        x = sample(dpm_solver_fast, denoise, x, path, times, orders=orders)

    Without `orders` they are 3, ..., 3, 2, 1. x is [B, ...]; each step costs as many evaluations as its order. In the
    limit of many steps the slope is 2, since the one step of order 1 makes an error of h^2; its constant is small.
    """
    for order, (t, s) in zip(orders or usual_orders(len(times) - 1), pairwise(times), strict=True):
        estimate = denoise(x, t)
        if order == 1:
            x = ddim_step(estimate, path, s)
        else:
            step = second_order_step if order == 2 else third_order_step
            x, _ = step(denoise, estimate, path, t, s)
        yield State(s, x, estimate.x0)
