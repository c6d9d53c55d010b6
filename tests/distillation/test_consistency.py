"""Consistency students: the paper's scalings and schedules, losses made by hand, and students of exact teachers."""

import math
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import pytest
import torch

from diffusion_lessons import load, samplers, schedules, toys
from diffusion_lessons.denoisers import Denoiser
from diffusion_lessons.distillation import consistency as method
from diffusion_lessons.distillation.consistency import ConsistencyRecipe, consistency, step_numbers, steps_at
from diffusion_lessons.distillation.students import train_student
from diffusion_lessons.estimates import target as prediction
from diffusion_lessons.guidance import classifier_free
from diffusion_lessons.networks import MLP, MLPConfig
from diffusion_lessons.toys.flow_map import ConsistencyFunction, flow_map
from diffusion_lessons.training.batches import Batch
from diffusion_lessons.training.loop import finish

COSINE, FLOW = schedules.cosine(), schedules.flow()
NUMBERS = toys.GaussianMixture([[-1.0], [1.0]], stds=[0.2, 0.4])


def recipe(**changes):
    own = {"path": FLOW.card, "kind": "flow", "predicts": "velocity", "first_steps": 4, "last_steps": 4, **changes}
    return ConsistencyRecipe("toy", "numbers", **{"images": 6400, "batch": 64, **own})


def a_run(recipe, network, step=0):
    return SimpleNamespace(recipe=recipe, path=recipe.make_path(), network=network, step=step, ema=None)


def a_batch(size=64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    u = 1 - (torch.rand(1, generator=generator) + torch.arange(size)) / size
    x0 = NUMBERS.sample(size, generator)
    return Batch(x0, torch.randn(x0.shape, generator=generator), u, None)


# -- the parts -------------------------------------------------------------------------------------------------------


def test_a_v_head_is_the_papers_scalings():
    """f = c_skip x + c_out F for sigma_data = 1, in the paper's state x / alpha at the level sigma / alpha."""
    x, v = torch.randn(6, 3, dtype=torch.float64), torch.randn(6, 3, dtype=torch.float64)
    f = Denoiser(lambda x, t: v, COSINE, "v")
    for t in (1.0, 300.0, 990.0):
        level = COSINE.sigma(t) / COSINE.alpha(t)
        c_skip, c_out = 1 / (level**2 + 1), level / math.sqrt(level**2 + 1)
        torch.testing.assert_close(f(x, t).x0, c_skip * (x / COSINE.alpha(t)) + c_out * -v, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("path, predicts", [(COSINE, "v"), (FLOW, "velocity")])
def test_at_the_data_it_leaves_x_as_it_is(path, predicts):
    x = torch.randn(6, 3)
    f = Denoiser(lambda x, t: 7 * torch.ones_like(x), path, predicts)
    assert torch.equal(f(x, 0.0).x0, x) and torch.equal(f(x, torch.zeros(6)).x0, x)


@pytest.mark.parametrize("growth", ["doubling", "square_root"])
@pytest.mark.parametrize("first, last", [(1, 150), (10, 1280), (8, 64), (5, 5), (3, 100)])
@pytest.mark.parametrize("updates", [1, 3, 1000])
def test_steps_grow_and_never_collapse(growth, first, last, updates):
    """The known mistake is a count that falls back, or to nothing: it only grows, however short the run."""
    counts = [steps_at(k / updates, first, last, growth) for k in range(updates + 1)]
    assert counts[0] == first and all(a <= b for a, b in pairwise(counts)) and counts[-1] <= last
    reached = first * 2 ** int(math.log2(last / first)) if growth == "doubling" else last
    assert counts[-1] == (last if growth == "square_root" else min(last, 2 * reached))


def test_the_schedules_are_the_papers():
    """N(k) of the papers counts the times, one more than the steps."""
    K, s0, s1 = 800_000, 2, 150
    for k in (0, 1, 400, 100_000, 799_999):
        N = math.ceil(math.sqrt(k / K * ((s1 + 1) ** 2 - s0**2) + s0**2) - 1) + 1
        assert steps_at(k / K, s0 - 1, s1, "square_root") + 1 == N
    K, s0, s1 = 400_000, 10, 1280
    each = K // (int(math.log2(s1 / s0)) + 1)
    for k in (0, each - 1, each, 3 * each, 8 * each - 1):
        assert steps_at(k / K, s0, s1) + 1 == min(s0 * 2 ** (k // each), s1) + 1


def test_every_step_is_looked_at_as_often_as_it_says():
    u = 1 - torch.arange(100_000, dtype=torch.float64) / 100_000
    rising = torch.tensor(COSINE.grid(8)[::-1], dtype=torch.float64)
    even = step_numbers(u, rising, COSINE)
    assert even.bincount(minlength=9).tolist() == [0, *[12_500] * 8]
    counts = step_numbers(u, rising, COSINE, "log_normal").bincount(minlength=9) / 100_000
    levels = [-math.inf, *(-COSINE.lam(t) for t in rising[1:-1].tolist()), math.inf]
    for n in range(1, 9):
        share = [0.5 * (1 + math.erf((levels[i] + 1.1) / (2 * math.sqrt(2)))) for i in (n - 1, n)]
        assert counts[n].item() == pytest.approx(share[1] - share[0], abs=2e-5)


def test_the_distance_is_a_square_near_and_a_length_far():
    a = torch.tensor([[3.0, 4.0], [1e-5, 0.0], [0.0, 0.0]])
    c = 0.00054 * math.sqrt(2)
    expected = torch.tensor([math.sqrt(25 + c**2) - c, 0.5 * 1e-10 / c, 0.0])
    torch.testing.assert_close(method.pseudo_huber(a, torch.zeros_like(a)), expected, rtol=1e-3, atol=2e-9)


@pytest.mark.parametrize("path", [COSINE, FLOW, schedules.variance_exploding()], ids=["cosine", "flow", "exploding"])
def test_heun_is_nearer_to_the_way_than_ddim(path):
    teacher = NUMBERS.denoiser(path)
    x = path.prior((16, 1), torch.Generator().manual_seed(0), dtype=torch.float64)
    t, s = (torch.full((16,), share * path.T, dtype=torch.float64) for share in (0.6, 0.55))
    x = flow_map(NUMBERS, path, x, path.T, t)
    exact = flow_map(NUMBERS, path, x, t, 0.55 * path.T)
    ddim, heun = (step(teacher, x, path, t, s) for step in (method.ddim_step, method.heun_step))
    assert (heun - exact).abs().max() < 0.2 * (ddim - exact).abs().max()
    end = torch.zeros(16, dtype=torch.float64)
    torch.testing.assert_close(method.heun_step(teacher, x, path, t, end), teacher(x, t).x0)


# -- the loss --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("taught", [True, False], ids=["distillation", "training"])
@pytest.mark.parametrize("weigh_gaps", [False, True])
def test_the_loss_is_the_one_made_by_hand(taught, weigh_gaps):
    """On the variance-exploding path, where the level is sigma = t; f of a network that answers 0 is x / (1 + t^2)."""
    path = schedules.variance_exploding(sigma_max=2.0, sigma_min=0.002)
    own = recipe(path=path.card, kind="diffusion", predicts="v", weigh_gaps=weigh_gaps)
    teacher, batch = NUMBERS.denoiser(path), a_batch()
    objective = consistency(own, teacher if taught else None)

    def network(x, t):
        return torch.zeros_like(x)

    losses = []
    for x0, eps, u in zip(batch.x0, batch.eps, batch.u.tolist(), strict=True):
        n = math.ceil(4 * u)
        t, s = 2.0 * n / 4, 2.0 * (n - 1) / 4
        x = x0 + t * eps
        x0_hat, eps_hat = teacher(x[None], t) if taught else (x0[None], eps[None])
        nearer = (x0_hat + s * eps_hat)[0]
        c = 0.00054
        d = math.sqrt((x / (1 + t**2) - nearer / (1 + s**2)).item() ** 2 + c**2) - c
        losses.append(d / (t - s) if weigh_gaps else d)
    value = objective(a_run(own, network), network, batch)
    assert value.item() == pytest.approx(sum(losses) / len(losses), rel=1e-4)


def test_an_exact_student_of_an_exact_teacher_has_next_to_no_loss():
    """What remains is the error of the teacher's step, which many steps make small; an ordinary denoiser has more."""
    exact, plain = ConsistencyFunction(NUMBERS, FLOW), NUMBERS.denoiser(FLOW)

    def loss(of, steps):
        def network(x, t):
            return prediction("velocity", *of(x, t), FLOW, t)

        own = recipe(first_steps=steps, last_steps=steps, solver="heun")
        return consistency(own, plain)(a_run(own, network), network, a_batch()).item()

    assert loss(exact, 64) < 0.1 * loss(exact, 8) and loss(exact, 64) < 0.05 * loss(plain, 64)


def test_the_gradient_goes_through_the_noisier_point_alone():
    """Half of a self-consistent pair is a target. With the average as judge, the network is asked once."""
    asked = []

    class Student(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.tensor(0.3))

        def forward(self, x, t):
            asked.append((torch.is_grad_enabled(), t.max().item()))
            return self.weight * x

    student, average = Student(), Student()
    own = recipe(target="average")
    run = a_run(own, student)
    run.ema = SimpleNamespace(network=average)
    consistency(own, None)(run, student, a_batch()).backward()
    assert asked == [(False, 0.75), (True, 1.0)]
    assert student.weight.grad is not None and average.weight.grad is None
    own = recipe()
    consistency(own, None)(a_run(own, student), student, a_batch()).backward()
    assert [grad for grad, _ in asked[2:]] == [False, True]


def test_the_steps_follow_the_progress_of_the_run():
    times = []

    def network(x, t):
        times.append(sorted(set(t.tolist())))
        return torch.zeros_like(x)

    own = recipe(first_steps=2, last_steps=16)
    for step, steps in ((0, 2), (25, 4), (50, 8), (75, 16), (99, 16)):
        consistency(own, None)(a_run(own, network, step), network, a_batch())
        torch.testing.assert_close(torch.tensor(times[-1]), torch.arange(1, steps + 1) / steps)


# -- students --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("taught", [True, False], ids=["distillation", "training"])
def test_a_small_student_jumps_where_the_exact_function_does(taught):
    """In a few hundred updates: closer to the exact ends by far than one DDIM step of the exact teacher.

    Over seeds and CPUs the distillation's ratio lies between 0.15 and 0.32.
    """
    torch.manual_seed(0)
    teacher = NUMBERS.denoiser(FLOW)
    own = recipe(images=400 * 256, batch=256, first_steps=4, last_steps=32, solver="heun")
    network = MLP(MLPConfig(dims=1, width=48, depth=2, T=1.0))
    optimizer = torch.optim.Adam(network.parameters(), 5e-3)
    objective = consistency(own, teacher if taught else None)
    for step in range(own.steps):
        optimizer.param_groups[0]["lr"] = 5e-3 * (1 - step / own.steps)
        optimizer.zero_grad()
        objective(a_run(own, network, step), network, a_batch(own.batch, seed=step)).backward()
        optimizer.step()
    z = FLOW.prior((1000, 1), torch.Generator().manual_seed(1))
    exact = flow_map(NUMBERS, FLOW, z, 1.0)
    once = samplers.sample(samplers.consistency, Denoiser(network, FLOW, "velocity"), z, FLOW, (1.0, 0.0))
    ddim = samplers.sample(samplers.ddim, teacher, z, FLOW, (1.0, 0.0))
    far, too_far = ((x - exact).square().mean().sqrt().item() for x in (once, ddim))
    assert far < 0.4 * too_far, (far, too_far)


@pytest.mark.parametrize("kind", method.METHODS)
def test_a_student_of_a_checkpoint_is_one_and_its_card_tells_how_it_came_about(kind, teacher_file, tiny_data, tmp_path):
    own = ConsistencyRecipe(
        "student", "halves", images=64, batch=16, teacher=teacher_file("v"), method=kind, first_steps=2, last_steps=4
    )
    *_, last = train_student(own, tiny_data, device="cpu")
    student = load(finish(last, tmp_path / "out"))
    about = student.card["distillation"]
    assert (about["method"], about["guidance"], about["sampler"], about["steps"]) == (kind, "kept", "consistency", 2)
    assert student.times is None and student.predicts == "v" and math.isfinite(last.loss)
    x = COSINE.prior((2, *student.shape), torch.Generator().manual_seed(0))
    guided = classifier_free(student, [0, 1], 2.0)
    assert samplers.sample(samplers.consistency, guided, x, COSINE, COSINE.grid(2)).isfinite().all()


# -- errors ----------------------------------------------------------------------------------------------------------


def test_recipes_that_make_no_sense_are_refused():
    for change, message in (
        ({"growth": "linear"}, "'doubling' or 'square_root'"),
        ({"solver": "euler"}, "'ddim' or 'heun'"),
        ({"target": "teacher"}, "'student' or 'average'"),
        ({"times": "logit_normal"}, "uniform or log_normal"),
        ({"method": "consistency"}, "consistency_distillation or"),
        ({"first_steps": 20}, "from first_steps"),
        ({"first_steps": 0}, "first_steps must be"),
    ):
        with pytest.raises(ValueError, match=message):
            recipe(**change)


def test_teachers_that_cannot_say_where_the_way_ends_are_refused():
    def network(x, t):
        return x

    own = replace(recipe(), teacher="theirs")
    with pytest.raises(ValueError, match="theirs predicts eps.*pure noise.*predicts=v"):
        own.check(Denoiser(network, COSINE, "eps"))
    with pytest.raises(ValueError, match="theirs predicts x0.*clean data.*predicts=v"):
        own.check(Denoiser(network, COSINE, "x0"))
    with pytest.raises(ValueError, match="no weight"):
        replace(own, weigh_gaps=True).check(Denoiser(network, FLOW, "velocity"))
    own.check(Denoiser(network, COSINE, "v"))
    with pytest.raises(ValueError, match="both need the same path"):
        consistency(own, NUMBERS.denoiser(COSINE))(a_run(own, network), network, a_batch())
