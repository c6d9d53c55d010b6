"""The figure of latencies: an image's share at the left, the whole batch at the right, the warm-up marked."""

import pytest

from diffusion_lessons.figures.quality.timings import timings_figure

RUNS = {1: [0.9, 0.2, 0.3, 0.2], 16: [4.0, 1.6, 1.6, 3.2]}


def test_an_image_costs_its_share_and_its_user_waits_for_the_batch():
    each, whole = timings_figure(RUNS, {1: 0.2, 16: 0.1}, warmup=1).axes
    drawn = {plot: [line.get_ydata().tolist() for line in plot.lines] for plot in (each, whole)}
    assert drawn[each][3] == pytest.approx([0.1, 0.1, 0.2]) and drawn[whole][3] == [1.6, 1.6, 3.2]
    assert drawn[each][2] == [0.25] and drawn[whole][2] == [4.0]  # the warm-up of the batch of 16
    reported = [one.get_segments()[0][0][1] for plot in (each, whole) for one in plot.collections]
    assert reported == pytest.approx([0.2, 0.1, 0.2, 1.6])
    assert [text.get_text() for text in each.get_legend().get_texts()] == ["warm-up", "runs", "reported"]


@pytest.mark.parametrize(("latency", "warmup"), [({1: 0.2}, 1), ({1: 0.2, 16: 0.1}, 4)])
def test_a_batch_without_a_latency_or_without_a_run_is_refused(latency, warmup):
    with pytest.raises(ValueError, match="give each a latency and more than"):
        timings_figure(RUNS, latency, warmup)
