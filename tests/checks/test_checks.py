"""What a learner meets: any honest way of writing passes, half-right work earns half, and messages say what to do."""

import math

import numpy as np
import pytest
import torch

from diffusion_lessons.checks import check, variant, working


def forward_with_math(clean, noise, retained):
    """Single numbers only: math refuses arrays."""
    return math.sqrt(retained) * math.fsum([clean]) + math.sqrt(1 - retained) * math.fsum([noise])


def forward_with_torch_only(x0, eps, alpha_bar):
    """Tensors only: torch.sqrt refuses floats."""
    return torch.sqrt(alpha_bar) * x0 + torch.sqrt(1 - alpha_bar) * eps


def forward_in_single_precision(x0, eps, alpha_bar):
    x0, eps = (torch.as_tensor(value, dtype=torch.float32) for value in (x0, eps))
    return alpha_bar**0.5 * x0 + (1 - alpha_bar) ** 0.5 * eps


def forward_in_place(x0, eps, alpha_bar):
    x0 *= alpha_bar**0.5
    eps *= (1 - alpha_bar) ** 0.5
    x0 += eps
    return x0


def forward_by_interpolation(x0, eps, alpha_bar):
    angle = np.arccos(np.sqrt(alpha_bar))
    return np.cos(angle) * np.asarray(x0) + np.sin(angle) * np.asarray(eps)


def training_loss_in_loops(predict, data, noise, times, table):
    table = np.asarray(table)
    total, count = 0.0, 0
    for row in range(len(data)):
        keep = float(table[int(times[row])])
        x = keep**0.5 * data[row : row + 1] + (1 - keep) ** 0.5 * noise[row : row + 1]
        guess = predict(x, times[row : row + 1])
        for a, b in zip(guess[0], noise[row], strict=True):
            total += (float(a) - float(b)) ** 2
            count += 1
    return total / count


def training_loss_in_numpy(predict, x0, eps, t, alpha_bar):
    kept = np.asarray(alpha_bar)[np.asarray(t)][:, None]
    return np.mean((np.asarray(predict(np.sqrt(kept) * x0 + np.sqrt(1 - kept) * eps, t)) - np.asarray(eps)) ** 2)


def training_loss_in_torch(predict, x0, eps, t, alpha_bar):
    kept = alpha_bar[t].view(-1, 1)
    return torch.nn.functional.mse_loss(predict(kept.sqrt() * x0 + (1 - kept).sqrt() * eps, t), eps)


def ddim_as_a_line(x, eps, alpha_bar_t, alpha_bar_s):
    gain = (alpha_bar_s / alpha_bar_t) ** 0.5
    return gain * x + ((1 - alpha_bar_s) ** 0.5 - gain * (1 - alpha_bar_t) ** 0.5) * eps


def ddpm_from_the_posterior(x, eps, z, alpha_bar_t, alpha_bar_s):
    """Equation 7 of the paper, through x0, instead of the short form in eps."""
    x0 = (x - math.sqrt(1 - alpha_bar_t) * eps) / math.sqrt(alpha_bar_t)
    alpha = alpha_bar_t / alpha_bar_s
    mean = (math.sqrt(alpha_bar_s) * (1 - alpha) * x0 + math.sqrt(alpha) * (1 - alpha_bar_s) * x) / (1 - alpha_bar_t)
    return mean if alpha_bar_s == 1 else mean + math.sqrt(1 - alpha) * z


def cumulative_by_loop(betas):
    kept, result = 1.0, []
    for beta in betas:
        kept *= 1 - float(beta)
        result.append(kept)
    return tuple(result)


def slope_by_covariance(errors, steps):
    x, y = [math.log(step) for step in steps], [math.log(error) for error in errors]
    x_mean, y_mean = sum(x) / len(x), sum(y) / len(y)
    rise = sum((a - x_mean) * (b - y_mean) for a, b in zip(x, y, strict=True))
    return -rise / sum((a - x_mean) ** 2 for a in x)


def frontier_by_sweep(points):
    best, kept = math.inf, []
    for cost, error in sorted(points):
        if error < best:
            best = error
            kept.append((cost, error))
    return kept


def frechet_by_eigenvalues(m1, C1, m2, C2):
    m1, C1, m2, C2 = (np.asarray(value) for value in (m1, C1, m2, C2))
    eigenvalues = np.linalg.eigvals(C1 @ C2).real.clip(min=0)
    return ((m1 - m2) ** 2).sum() + np.trace(C1) + np.trace(C2) - 2 * np.sqrt(eigenvalues).sum()


def guide_as_weights(a, b, w):
    return (1 - w) * a + w * b


def doubled_by_chunk(out, scale):
    return torch.lerp(*out.chunk(2), scale)


WRITTEN_DIFFERENTLY = [
    ("forward", forward_with_math),
    ("forward", forward_with_torch_only),
    ("forward", forward_in_single_precision),
    ("forward", forward_in_place),
    ("forward", forward_by_interpolation),
    ("training_loss", training_loss_in_loops),
    ("training_loss", training_loss_in_torch),
    ("ddim_step", ddim_as_a_line),
    ("ddpm_step", ddpm_from_the_posterior),
    ("alpha_bar", cumulative_by_loop),
    ("alpha_bar", lambda betas: torch.cumprod(1 - betas, dim=0)[:, None]),
    ("strided_times", lambda T, steps: np.linspace(T, 0, steps + 1).round().astype(int)),
    ("strided_times", lambda T, steps: tuple(round(T - k * T / steps) for k in range(steps + 1))),
    ("slope", slope_by_covariance),
    ("frontier", frontier_by_sweep),
    ("frechet", frechet_by_eigenvalues),
    ("guide", guide_as_weights),
    ("guide_doubled", doubled_by_chunk),
    ("drop_labels", lambda labels, u, p, null: [null if v < p else int(c) for c, v in zip(labels, u, strict=True)]),
    ("guided_std", lambda u, c, s: math.exp((1 - s) * math.log(u) + s * math.log(c))),
]


@pytest.mark.parametrize("name, function", WRITTEN_DIFFERENTLY)
@pytest.mark.parametrize("seed", [0, 7])
def test_a_correct_solution_written_differently_passes(name, function, seed):
    result = check(name, function, seed=seed)
    assert result.passed, result


def test_numbers_can_be_checked_in_place_of_a_function():
    """A student's own numbers: the answer to the inputs of a seed made of the name."""
    seed = variant("Ana")
    assert seed == variant(" ana ") != variant("bo")
    assert not check("forward", 0.3, seed=seed).passed


def test_check_needs_a_known_name():
    with pytest.raises(ValueError, match="unknown exercise 'ddim'; the exercises are alpha_bar"):
        check("ddim", forward_with_math)


def test_a_lesson_goes_on_with_the_learners_function_once_it_is_right(capsys):
    calls = []

    def mine(clean, noise, retained):
        calls.append(retained)
        return forward_in_single_precision(clean, noise, retained).numpy()

    x0, eps = torch.tensor([[0.5], [-1.0]], dtype=torch.float32), torch.tensor([[2.0], [0.0]], dtype=torch.float32)
    step = working("forward", mine)
    calls.clear()
    assert torch.allclose(step(x0, eps, 0.25), torch.tensor([[0.25 + 3**0.5], [-0.5]])) and calls == [0.25]
    assert step(x0, eps, 0.25).dtype == torch.float32
    assert "now runs on yours" in capsys.readouterr().out


def test_what_trains_a_network_must_let_a_gradient_through(capsys):
    weight = torch.ones((), requires_grad=True)
    x0, eps, t = torch.zeros(2, 1), torch.ones(2, 1), torch.tensor([1, 2])
    inputs = (lambda x, t: weight * x, x0, eps, t, torch.tensor([1.0, 0.75, 0.25]))
    torch_loss = working("training_loss", training_loss_in_torch, lambda *_: weight * 5, gradient=True)
    torch_loss(*inputs).backward()
    assert "now runs on yours" in capsys.readouterr().out
    assert weight.grad.item() == pytest.approx(sum(2 * (s - 1) * s for s in (0.5, 0.75**0.5)) / 2)
    loops = working("training_loss", training_loss_in_numpy, lambda *_: weight * 5, gradient=True)
    assert "on ours, and on yours as soon as it computes with torch" in capsys.readouterr().out
    assert loops(*inputs).requires_grad
    working("training_loss", lambda *_: 0.0, lambda *_: weight * 5, gradient=True)
    assert "as soon as it passes the check" in capsys.readouterr().out


@pytest.mark.parametrize("wrong", [lambda x0, eps, a: x0, lambda *_: 1 / 0])
def test_until_then_with_the_solution_or_what_the_lesson_says(capsys, wrong):
    x0, eps = torch.tensor([0.5]), torch.tensor([2.0])
    assert torch.allclose(working("forward", wrong)(x0, eps, 0.25), torch.tensor([0.25 + 3**0.5]))
    assert working("forward", wrong, lambda x0, eps, a: 7.0)(x0, eps, 0.25) == 7.0
    assert "runs on ours" in capsys.readouterr().out
