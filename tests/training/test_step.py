"""A training step: in every precision, compiled or not, and in as many parts as fit the memory."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from diffusion_lessons.checkpoints import load
from diffusion_lessons.data import Data
from diffusion_lessons.distillation import students
from diffusion_lessons.machine import devices
from diffusion_lessons.machine.processes import Processes
from diffusion_lessons.networks import UNet, UNetConfig
from diffusion_lessons.training import loop
from diffusion_lessons.training.state import Run
from diffusion_lessons.training.step import Step, denoising

STUDENTS = ["mnist-reflow", "mnist-progressive-4", "mnist-consistency", "mnist-consistency-training"]


@pytest.mark.parametrize("name", STUDENTS)
def test_every_weight_of_a_student_has_a_gradient_under_autocast(name):
    recipe = students.student_recipe(name)
    teacher = load(recipe.teacher)
    taught = replace(recipe.taught_by(teacher), batch=4)
    classes = tuple(map(str, range(teacher.classes)))
    data = Data(torch.zeros(8, 1, 28, 28, dtype=torch.uint8), torch.arange(8), classes, {"name": "none"})
    run = Run(taught, data, torch.device("cpu"), 0, "bfloat16")
    objective = denoising if name == "mnist-reflow" else taught.lesson(teacher, data, None, 0).objective
    for parameter in run.network.parameters():  # layers that start at zero pass no gradient on
        nn.init.normal_(parameter, std=0.1)
    Step(run, objective, data, Processes(torch.device("cpu")))._gradients()
    assert [key for key, p in run.network.named_parameters() if p.grad is None or not p.grad.any()] == []


@pytest.mark.parametrize("first", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("then", ["float32", "bfloat16", "float16"])
def test_a_run_goes_on_in_another_precision(tiny_recipe, tiny_data, tmp_path, first, then):
    for record in loop.train(tiny_recipe, tiny_data, tmp_path, device="cpu", precision=first, every=1):
        if record.step == 3:
            break
    *_, last = loop.train(tiny_recipe, tiny_data, tmp_path, device="cpu", precision=then, every=1, resume=True)
    assert last.step == 20


def test_a_slow_first_step_does_not_eat_the_warm_up(tiny_recipe, tiny_data, monkeypatch):
    """By a clock of its own: the first gradients take 10 of 3 seconds, each of the others a hundredth of one."""
    clock, calls = [0.0], []

    def slow_at_first(run, network, batch):
        clock[0] += 0.01 if calls else 10.0
        calls.append(run.step)
        return denoising(run, network, batch)

    monkeypatch.setattr(loop.time, "perf_counter", lambda: clock[0])
    records = loop.train(
        replace(tiny_recipe, images=10**9), tiny_data, device="cpu", minutes=0.05, every=1, objective=slow_at_first
    )
    rates = [record.learning_rate for record, _ in zip(records, range(2), strict=False)]
    assert calls[:2] == [0, 0]  # the first is a rehearsal, before the clock is started
    assert rates[1] == pytest.approx(tiny_recipe.learning_rate * (0.01 / 3) / tiny_recipe.warm_up, rel=0.01)


def test_a_network_that_cannot_be_compiled_is_trained_as_it_is(tiny_recipe, tiny_data, monkeypatch, capsys):
    def broken(network, **options):
        def call(*_):
            raise RuntimeError("Failed to find C compiler")

        return call

    monkeypatch.setattr(torch, "compile", broken)
    monkeypatch.setattr("diffusion_lessons.training.step.why_not_compiled", lambda device: "")
    run = Run(tiny_recipe, tiny_data, torch.device("cpu"), 0)
    step = Step(run, denoising, tiny_data, Processes(torch.device("cpu")))
    step.compile()
    step.prepare()
    assert "could not be compiled (RuntimeError: Failed to find C compiler)" in capsys.readouterr().err
    assert step(1e-3).isfinite()


@pytest.mark.parametrize(("choice", "mode"), [(True, None), ("graphs", "reduce-overhead")])
def test_a_step_may_be_recorded_as_graphs(tiny_recipe, tiny_data, monkeypatch, choice, mode):
    modes = []
    monkeypatch.setattr(torch, "compile", lambda network, mode, **_: modes.append(mode) or network)
    monkeypatch.setattr("diffusion_lessons.training.step.why_not_compiled", lambda device: "")
    run = Run(replace(tiny_recipe, compile=choice), tiny_data, torch.device("cpu"), 0)
    Step(run, denoising, tiny_data, Processes(torch.device("cpu")))
    assert modes == [mode]


@pytest.mark.parametrize("reason", ["the GPU has compute capability 6.1", "Triton is not installed", "C compiler"])
def test_what_keeps_a_network_from_being_compiled_is_said(tiny_recipe, tiny_data, monkeypatch, capsys, reason):
    capability = (6, 1) if "capability" in reason else (8, 0)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    monkeypatch.setattr(devices.importlib.util, "find_spec", lambda name: None if "Triton" in reason else object())
    monkeypatch.setattr(devices.shutil, "which", lambda name: None if "compiler" in reason else "/usr/bin/cc")
    assert reason in devices.why_not_compiled(torch.device("cuda"))


OUT_OF_MEMORY = (torch.OutOfMemoryError("CUDA out of memory"), RuntimeError("MPS backend out of memory (in use: 5 GB)"))


@pytest.mark.parametrize("error", OUT_OF_MEMORY, ids=["cuda", "mps"])
def test_a_batch_too_large_for_the_memory_is_computed_in_parts(tiny_recipe, tiny_data, capsys, error):
    def hungry(run, network, batch):
        if len(batch.x0) > 4:
            raise error
        return denoising(run, network, batch)

    alone = Processes(torch.device("cpu"))
    whole = Run(tiny_recipe, tiny_data, torch.device("cpu"), 0, "float32")
    cut = Run(tiny_recipe, tiny_data, torch.device("cpu"), 0, "float32")
    steps = Step(whole, denoising, tiny_data, alone), Step(cut, hungry, tiny_data, alone)
    steps[1].prepare()
    assert steps[1].parts == 4 and "4 parts of 4 images" in capsys.readouterr().err
    losses = [(steps[0](1e-3).item(), steps[1](1e-3).item()) for _ in range(3)]
    for one, other in losses:
        assert other == pytest.approx(one, rel=1e-5)
    for one, other in zip(whole.network.parameters(), cut.network.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-5)
    steps[1].objective = lambda *_: (_ for _ in ()).throw(error)
    with pytest.raises(ValueError, match="1 images at a time do not fit.*--set batch=8"):
        steps[1].prepare()


def test_memory_that_runs_out_on_the_way_costs_no_step(tiny_recipe, tiny_data, capsys):
    """Another program may take the memory after the rehearsal: the same batch is computed again, in parts."""
    run = Run(tiny_recipe, tiny_data, torch.device("cpu"), 0, "float32")
    step = Step(run, denoising, tiny_data, Processes(torch.device("cpu")))
    step(1e-3)
    before = [parameter.clone() for parameter in run.network.parameters()]
    calls = []

    def once(run, network, batch):
        calls.append(len(batch.x0))
        if len(calls) == 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return denoising(run, network, batch)

    step.objective = once
    assert step(1e-3).isfinite() and calls == [16, 8, 8] and run.step == 2
    assert "2 parts of 8 images" in capsys.readouterr().err
    assert any((one != other).any() for one, other in zip(before, run.network.parameters(), strict=True))


def test_a_step_asked_for_float32_rounds_no_factors_and_leaves_the_setting_as_it_was(tiny_recipe, tiny_data):
    settings = []

    def looking(run, network, batch):
        settings.append((torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32))
        return denoising(run, network, batch)

    before = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    for precision in ("float32", "bfloat16"):
        run = Run(tiny_recipe, tiny_data, torch.device("cpu"), 0, precision)
        Step(run, looking, tiny_data, Processes(torch.device("cpu")))(1e-3)
    assert settings == [(False, False), (True, True)]
    assert before == (torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32)


@pytest.mark.parametrize("layouts", [("contiguous_format", "channels_last"), ("channels_last", "contiguous_format")])
def test_a_run_goes_on_in_another_order_of_memory(tiny_recipe, tiny_data, tmp_path, layouts):
    """Compiled for a GPU the network is channels-last, on a CPU it is not: the run is the same in both."""
    alone = Processes(torch.device("cpu"))
    plain, saved, resumed = (Run(tiny_recipe, tiny_data, torch.device("cpu"), 0, "float32") for _ in range(3))
    saved.use_layout(getattr(torch, layouts[0]))
    for run in (plain, saved):
        step = Step(run, denoising, tiny_data, alone)
        step(1e-3), step(1e-3)
    saved.save_state(tmp_path / "state")
    resumed.load_state(tmp_path / "state")
    resumed.use_layout(getattr(torch, layouts[1]))
    for run in (plain, resumed):
        Step(run, denoising, tiny_data, alone)(1e-3)
    for one, other in zip(plain.network.parameters(), resumed.network.parameters(), strict=True):
        torch.testing.assert_close(other, one, rtol=1e-4, atol=1e-6)
    for network in (resumed.network, resumed.ema.network):  # alike, so that the average is one kernel for all tensors
        assert {
            each.is_contiguous(memory_format=getattr(torch, layouts[1]))
            for each in network.parameters()
            if each.ndim == 4
        } == {True}


def test_the_network_is_one_graph_in_each_of_its_uses():
    """With gradients, and without (a student's target), in half precision: compiled once for each, and never again."""
    graphs = []

    def counting(graph, inputs):
        graphs.append(graph)
        return graph.forward

    torch.compiler.reset()
    network = UNet(UNetConfig(widths=(8, 16), embedding=16, classes=10))
    compiled = torch.compile(network, backend=counting, fullgraph=True, dynamic=False)
    x, t, c = torch.zeros(4, 1, 8, 8), torch.ones(4), torch.arange(4)
    for _ in range(3):
        with torch.autocast("cpu", torch.bfloat16):
            with torch.no_grad():
                compiled(x, t, c)
            compiled(x, t, c).float().sum().backward()
    assert len(graphs) == 2
