"""The panel of the clinic: every measurement of a patient is said beside that of its twin."""

import re

from diffusion_lessons.figures.diffusion.clinic import MEASUREMENTS
from diffusion_lessons.panels.quality.clinic import clinic_panel


def test_the_measurement_that_shows_a_fault_shows_it():
    panel = clinic_panel()
    assert panel.alt.startswith("the grid starts below T: samples. Mean and standard deviation of the samples: patient")
    pictures = {panel.image.value}
    for measurement in list(MEASUREMENTS)[1:]:
        panel.controls["measurement"].value = measurement
        pictures.add(panel.image.value)
    assert len(pictures) == len(MEASUREMENTS)
    panel.controls["measurement"].value = "x_t on the way down"
    assert "first time 901, where alpha is 0.154" in panel.alt.lower()
    panel.controls["patient"].value = "last_noise"
    assert float(re.search(r"most, ([\d.]+) of noise", panel.alt).group(1)) > 0.1
    panel.controls["measurement"].value = "loss by level"
    panel.controls["patient"].value = "labels_shuffled"
    ours, twins = re.findall(r"right ([\d.]+), wrong ([\d.]+), null ([\d.]+)", panel.alt)
    assert len(set(ours)) == 1 and len(set(twins)) == 3
