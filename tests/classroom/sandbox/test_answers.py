"""The process whose values earn points: honest work gets through, and nothing that leans on something else does."""

import psutil
import pytest

pytest.importorskip("nbgrader")

from diffusion_lessons.checks import assess, exercise, variant
from diffusion_lessons.checks.portable.answers import decode
from diffusion_lessons.classroom.sandbox import answers, sandbox
from diffusion_lessons.classroom.sandbox.answers import Question, values
from diffusion_lessons.classroom.sandbox.sandbox import Limits
from tests.classroom import made_class

pytestmark = pytest.mark.timeout(900)  # whole processes run before the first test

IMPORTS = """
from __future__ import annotations
%matplotlib inline
import matplotlib.pyplot as plt
import torch
from diffusion_lessons import sample, samplers, schedules
from diffusion_lessons.checks import EXERCISES, check, exercise, inputs, variant
"""
GUIDE = """
fig, ax = plt.subplots()
path = schedules.flow()
assert False, "an experiment that fails takes nothing with it"
def guide(eps_uncond: Tensor, eps_cond, scale):
    print("seen by nobody")
    return eps_uncond + scale * (eps_cond - eps_uncond)
check("guide", guide).require()
"""
HEUN = """
from diffusion_lessons.denoisers import Denoiser
def heun_step(field, x, t, s):
    path = schedules.flow()
    return sample(samplers.heun, Denoiser(field, path, "velocity"), x, path, (t, s))
"""
LIES = """
import os
def latency(*args):
    for file in range(3, 20):
        try:
            os.write(file, b'{"cell": 99, "answers": "[]"}\\n[1, 2]\\nno json\\n')
        except OSError:
            pass
    os._exit(0)
"""
SHOWS = """
def predict_x0(x, eps, alpha_bar):
    x0 = (x - (1 - alpha_bar) ** 0.5 * eps) / alpha_bar**0.5
    display(x0)
    get_ipython().run_line_magic("matplotlib", "inline")
    return x0
"""
DRAWS = """
def ema(average, new, decay):
    plt.figure(figsize=(3, 3))
    fig, (left, right) = plt.subplots(1, 2)
    _, grid = plt.subplots(2, 3)
    assert grid.shape == (2, 3) and len(fig.subplots(2, 2)) == 2
    line, = left.plot([1, 2])
    line.set_color("red")
    plt.rcParams["figure.dpi"] = 100
    with plt.style.context("ggplot"):
        for ax in grid.flat:
            ax.imshow(new)
    plt.show()
    return decay * average + (1 - decay) * new
"""
COMPILED = """
import inspect

@torch.jit.script
def halfway(a, b):
    return a + (b - a) * 0.5

def flow_point(x0, eps, t):
    assert inspect.getsource(flow_point).startswith("def flow_point(x0, eps, t):")
    assert float(halfway(torch.zeros(1), torch.ones(1))) == 0.5
    return x0 + t * (eps - x0)
"""
TIMED = """
%%time
def velocity_target(x0, eps):
    return eps - x0
"""
SLEEPS = "import time\ndef count_nfe(*args):\n    time.sleep(600)"
OWN = 'STUDENT = "ana"\nprint(inputs("by_hand", variant(STUDENT)))\nby_hand = [1.0, 2.0, 3.0]'
OWN_GUIDE = """
def wrong_guide(*args):
    return 7.0
def guide_doubled(out, scale):
    half = len(out) // 2
    return wrong_guide(out[:half], out[half:], scale)
"""
RIGHT_GUIDE = "def wrong_guide(u, c, scale):\n    return u + scale * (c - u)\nraise ValueError('not heard of')"
CELLS = {
    "guide": GUIDE,
    "predict_x0": SHOWS,
    "ema": DRAWS,
    "flow_point": COMPILED,
    "velocity_target": TIMED,
    "heun_step": HEUN,
    "guided_std": "def guided_std(*args):\n    return EXERCISES['guided_std'].solution(*args)",
    "ddim_step": made_class.ENDLESS,
    "latency": LIES,
    "count_nfe": SLEEPS,
    "by_hand": OWN,
    "guide_doubled": OWN_GUIDE,
    "guided_mean": "def guided_mean(u, c, scale):\n    return wrong_guide(u, c, scale)",
    "choose": "def choose(points, budget:\n    return points",
    "frontier": made_class.ENDLESS_CELL,
    "scale_from_w": "def scale_from_w(w):\n    return w + 1",
}


@pytest.fixture(scope="module", params=["sandboxed", "outside"])
def answered(request):
    """What each cell's function is found to do, and why the run ended; with and without bubblewrap."""
    if request.param == "sandboxed" and sandbox.bubblewrap() is None:
        pytest.skip("bubblewrap cannot start on this machine")
    cells, seeds = [IMPORTS], {}
    for name, code in CELLS.items():
        seeds[name] = variant("ana") if name == "by_hand" else 77
        earlier = RIGHT_GUIDE if name == "guide_doubled" else ""
        cells += [code, Question(len(cells) + 1, name, seeds[name], own=name == "by_hand", earlier=earlier)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(answers, "TEST_CPU", 1)
        if request.param == "outside":
            patch.setattr(sandbox, "bubblewrap", lambda: None)
        sent, reason = values(cells, Limits(cell_seconds=60, cpu_seconds=12))
    places = {cell.name: cell.cell for cell in cells if isinstance(cell, Question)}
    results = {}
    for name, place in places.items():
        if place not in sent:
            results[name] = None
        elif sent[place].answers is None:
            results[name] = sent[place].trouble
        else:
            try:
                results[name] = assess(exercise(name), decode(sent[place].answers), seeds[name])
            except ValueError:  # not the form of answers; `grading.verdict` gives no points for it
                results[name] = ""
    given = sent[places["guide_doubled"]].given
    results["given"] = assess(exercise("guide_doubled"), decode(given), 77)
    return results, reason


def test_what_builds_on_a_wrong_function_is_asked_with_a_right_one_too_and_only_then(answered):
    assert answered[0]["guide_doubled"].score == 0 and answered[0]["given"].passed
    assert answered[0]["guided_mean"].score == 0  # the right one was there for its own test alone


@pytest.mark.parametrize("name", ["guide", "predict_x0", "ema", "flow_point", "velocity_target"])
def test_honest_work_is_right(answered, name):
    assert answered[0][name].passed, answered[0][name]


@pytest.mark.parametrize("name", ["heun_step", "guided_std"])
def test_a_wrapper_around_the_library_has_no_values_and_is_told_why(answered, name):
    assert answered[0][name].score == 0
    assert "written without the library" in answered[0][name].text


@pytest.mark.parametrize("name", ["ddim_step", "latency", "count_nfe"])
def test_a_function_that_does_not_answer_loses_its_own_test(answered, name):
    assert answered[0][name] == ""


def test_own_numbers_can_be_seen(answered):
    assert answered[0]["by_hand"].score == 0 and answered[0]["by_hand"].written


def test_what_is_missing_is_told_with_the_last_error(answered):
    assert "SyntaxError" in answered[0]["choose"]


def test_a_cell_without_an_end_costs_what_follows(answered):
    assert answered[0]["frontier"] is None and answered[0]["scale_from_w"] is None
    assert answered[1]


DETACHED = """
import os, time
if os.fork() == 0:
    os.setsid()
    open({pid!r}, "w").write(str(os.getpid()))
    time.sleep(600)
    os._exit(0)
"""


def test_a_child_that_was_left_behind_is_not_waited_for(monkeypatch, tmp_path):
    """It holds the pipe open; outside of a sandbox it lives on until the submission's own process ends."""
    monkeypatch.setattr(sandbox, "bubblewrap", lambda: None)
    pid = tmp_path / "pid"
    code = DETACHED.format(pid=str(pid)) + CELLS["scale_from_w"]
    sent, reason = values([code, Question(1, "scale_from_w", 5)], Limits())
    child = psutil.Process(int(pid.read_text()))
    assert child.is_running() and child.status() != psutil.STATUS_ZOMBIE
    child.kill()
    assert assess(exercise("scale_from_w"), decode(sent[1].answers), 5).passed and reason == ""
