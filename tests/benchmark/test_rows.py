"""A row keeps its types through JSON, and lies flat in a table of pandas."""

import dataclasses
import json

from diffusion_lessons.benchmark.rows import Measurement, frame, told
from diffusion_lessons.metrics.scores import Score
from diffusion_lessons.sampling import Settings
from tests.made import FLOOR, row, teacher


def test_a_row_comes_back_from_json_with_its_types():
    guided = Settings("ddim", 7, options={"eta": 0.5}, scale=3.0, interval=(0.2, 0.8), limit=None, precision="bfloat16")
    for one in (
        row("net", "ddim", 2, 6.0),
        dataclasses.replace(row("net", "ddim", 7, 2.0), settings=guided, load=None),
    ):
        again = Measurement.from_json(json.loads(json.dumps(one.to_json())))
        assert again == one and type(again.nfe) is type(one.nfe) and again.key == one.key
        assert isinstance(again.settings.options, dict) and again.quality["frechet"].n == one.samples


def test_the_key_is_what_was_asked_and_not_what_came_out():
    one = row("net", "ddim", 2, 6.0)
    assert one.key == dataclasses.replace(one, quality={}, load=3.0, seconds_per_image=1.0).key
    for change in ({"seed": 1}, {"samples": 5}, {"settings": Settings("ddim", 3)}, {"compiled": True}):
        assert dataclasses.replace(one, **change).key != one.key


def test_a_table_has_a_line_a_row_with_settings_and_scores_side_by_side():
    shown = frame(teacher())
    assert list(shown["steps"]) == [one.settings.steps for one in teacher()]
    assert list(shown["frechet_value"]) == [one.quality["frechet"].value for one in teacher()]
    assert (shown["frechet_floor"] == FLOOR).all() and list(shown["settings"]) == [one.settings for one in teacher()]
    assert not {"quality", "frechet_n"} & set(shown)


def test_a_share_of_all_is_told_with_wilsons_interval_and_never_as_certain():
    every = Score(1.0, 0.0, 0.995, 0.001, 297, (1.0,) * 25)
    assert told("adherence", every) == "adherence 1 [0.987, 1]"
    assert told("frechet", Score(2.0, 0.1, 1.0, 0.01, 297, ())) == "frechet 2±0.1"  # of an older table
    assert told("frechet", Score(2.0, 0.1, 1.0, 0.01, 297, (2.0,) * 25)) == "frechet 2 [2, 2]"
