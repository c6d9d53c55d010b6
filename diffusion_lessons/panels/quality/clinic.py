"""The panel of the clinic: a patient, a measurement, and the same of its healthy twin."""

from collections.abc import Iterator
from functools import cache

from diffusion_lessons.clinic.case import Case
from diffusion_lessons.clinic.faults import FAULTS
from diffusion_lessons.clinic.patients import healthy, patient
from diffusion_lessons.figures.diffusion.clinic import MEASUREMENTS
from diffusion_lessons.panels.controls import menu
from diffusion_lessons.panels.panel import Drawing, Panel


def clinic_panel(network: str = "digits-diffusion", *, fault: str = "late_start") -> Panel:
    """Choose one of the twelve patients and a measurement; each patient is made when it is first looked at."""
    twin = healthy(network)

    @cache
    def made(name: str) -> Case:
        return patient(name, network)

    def draw(patient: str, measurement: str) -> Iterator[Drawing | None]:
        case = made(patient)
        yield None
        title = f"{FAULTS[patient].title}: {measurement}"
        picture = MEASUREMENTS[measurement](case, twin, title)
        yield Drawing(picture.figure, f"{title}. {picture.words[0].upper()}{picture.words[1:]}.")

    controls = {
        "patient": menu("patient", [(one.title, one.name) for one in FAULTS.values()], fault),
        "measurement": menu("measurement", list(MEASUREMENTS)),
    }
    return Panel(draw, controls)
