"""A panel in a real kernel: a slider's messages arrive as a browser sends them, and the newest position is drawn."""

import re
import time

import pytest
from jupyter_client.manager import start_new_kernel

SET_UP = """
from diffusion_lessons import schedules, toys
from diffusion_lessons.panels.diffusion.sampling import sampler_panel
heaps = toys.GaussianMixture([-1.0, 1.0], stds=0.2)
panel = sampler_panel(heaps, schedules.ddpm_linear())
drawn = []
panel.words.observe(lambda change: drawn.append(change["new"]), names="value")
print(panel.controls["steps"].model_id)
"""


@pytest.fixture
def kernel():
    manager, client = start_new_kernel()
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def ask(client, code: str) -> str:
    """What the code prints."""
    said = []

    def hear(message):
        if message["msg_type"] == "stream":
            said.append(message["content"]["text"])
        assert message["msg_type"] != "error", message["content"]

    client.execute_interactive(code, output_hook=hear, timeout=60)
    return "".join(said).strip()


def move(client, model: str, value: int) -> None:
    """The message that a browser sends when a slider has moved."""
    data = {"method": "update", "state": {"value": value}, "buffer_paths": []}
    client.shell_channel.send(client.session.msg("comm_msg", {"comm_id": model, "data": data}))


def test_moves_are_followed_and_only_the_newest_is_drawn(kernel):
    slider = re.search(r"^\w{32}$", ask(kernel, SET_UP), re.M).group()
    for steps in (50, 49, 48, 47, 12):
        move(kernel, slider, steps)
    for _ in range(100):
        words = ask(kernel, "print(panel.words.value)")
        if "12 steps" in words:
            break
        time.sleep(0.1)
    assert "12 steps, 12 evaluations" in words
    finished = ask(kernel, "print([words for words in drawn if 'evaluations' in words])")
    assert "47 steps" not in finished and "12 steps" in finished
