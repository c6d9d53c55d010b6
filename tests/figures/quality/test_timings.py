"""The figure of latencies: an image's share at the left, the whole batch at the right, the warm-up marked."""

import pytest

from diffusion_lessons.figures.quality.timings import parts_figure, speed_ups_figure, timings_figure
from diffusion_lessons.metrics.intervals import Interval

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


def test_speed_ups_are_bars_and_what_was_skipped_says_why():
    found = {"bfloat16": {1: Interval(0.8, 0.7, 0.9), 25: Interval(1.9, 1.8, 2.0)}}
    (plot,) = speed_ups_figure(found, {"int8": "there is no C++ compiler"}).axes
    assert [bar.get_width() for bar in plot.patches] == [0.8, 1.9]
    assert "skipped: there is no C++ compiler" in [text.get_text() for text in plot.texts]
    assert [label.get_text() for label in plot.get_yticklabels()] == ["bfloat16", "int8"]
    (alone,) = speed_ups_figure({}, {"bfloat16": "no such instructions"}).axes
    assert not alone.patches and "no such instructions" in alone.texts[0].get_text()


def test_what_was_skipped_stands_there_hollow_as_it_was_measured_elsewhere_and_no_bar_is_cut_off():
    found = {"bfloat16": {1: Interval(0.8, 0.7, 0.9), 25: Interval(1.9, 1.8, 2.5)}}
    table = {"bfloat16": {1: Interval(1, 1, 1)}, "int8": {1: Interval(1.5, 1.2, 1.8), 25: Interval(3.0, 2.8, 3.3)}}
    (plot,) = speed_ups_figure(found, {"int8": "no compiler"}, table).axes
    widths = {bar.get_width(): bar.get_facecolor() for bar in plot.patches}
    assert sorted(widths) == [0.8, 1.5, 1.9, 3.0]  # what was found here is not shown a second time
    assert widths[3.0] == (1, 1, 1, 1) != widths[1.9]
    assert plot.get_xlim()[1] > 3.3 and "skipped: no compiler" in [text.get_text() for text in plot.texts]
    named = [text.get_text() for text in plot.get_legend().get_texts()]
    assert named == ["batch 1", "batch 1, in the table", "batch 25", "batch 25, in the table"]
    (plot,) = speed_ups_figure(found, {}).axes
    assert plot.get_xlim()[1] > 2.5


def test_parts_of_the_time_add_up_to_its_seconds_and_the_texts_share_is_written_above():
    kept = {"seconds": 2.0, "text": 0.01, "denoiser": 0.9, "decoder": 0.07, "rest": 0.02}
    anew = {"seconds": 4.0, "text": 0.25, "denoiser": 0.7, "decoder": 0.04, "rest": 0.01}
    one, four = parts_figure({"1 step": {"kept": kept}, "4 steps": {"kept": kept, "anew": anew}}).axes
    assert [sum(bar.get_height() for bar in four.patches[way::2]) for way in (0, 1)] == pytest.approx([2.0, 4.0])
    assert [bar.get_height() for bar in one.patches] == pytest.approx([0.02, 1.8, 0.14, 0.04])
    assert [text.get_text() for text in four.texts] == ["text\n1.0%", "text\n25.0%"]
    assert [plot.get_title() for plot in (one, four)] == ["1 step", "4 steps"]
