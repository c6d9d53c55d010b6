"""Every panel on half a laptop's screen: its numbers are to be seen, and a screen reader has a name for each."""

import nbformat
import pytest

from tests.browser.server import KERNEL

NARROW = {"width": 800, "height": 820}  # of which the file browser takes 250
FIRST = """
from diffusion_lessons import load, load_data, panels, schedules, toys
from diffusion_lessons.benchmark import techniques
from diffusion_lessons.metrics import features
from diffusion_lessons.metrics.captions.system import load_measured
path, heaps = schedules.ddpm_linear(), toys.GaussianMixture([-1.0, 1.0], stds=0.2)
plane = toys.GaussianMixture([[-1.0, 0.0], [1.0, 0.0]], stds=0.2)
classes = toys.ConditionalMixture([plane, toys.GaussianMixture([[0.0, 1.0]], stds=0.2)])
network, images = load("mnist-diffusion"), load_data("digits").images[:50]
told = load_measured("captions-diffusion")
"""
PANELS = {
    "noising_panel": "images, [path]",
    "answers_panel": "heaps, path",
    "sampler_panel": "heaps, path",
    "image_panel": "toys.point_masses(images).denoiser(path), steps=3",
    "order_panel": "path",
    "flow_panel": "plane, [path]",
    "field_panel": "classes, path, negative=1",
    "digit_panel": "network, steps=2, count=4",
    "floor_panel": 'features.reference("mnist", "train"), features.reference("mnist", "test"), count=150',
    "frontier_panel": 'panels.comparable("mnist-diffusion"), network, budget=2',
    "few_steps_panel": "heaps",
    "techniques_panel": 'techniques.shipped_techniques("mnist-small-diffusion")',
    "prompt_panel": "*told, steps=2, count=4",
    "preference_panel": 'told.denoise, "me"',
    "noise_panel": "heaps, path",
    "table_panel": "path",
    "clinic_panel": "",
}
# What of a panel's numbers and menus is cut off by an element around it.
CUT_OFF = """panel => {
    const cut = [];
    for (const part of panel.querySelectorAll(".widget-readout, select")) {
        const box = part.getBoundingClientRect();
        for (let around = part.parentElement; around && around !== panel; around = around.parentElement) {
            const hides = getComputedStyle(around).overflowX !== "visible";
            const edge = around.getBoundingClientRect();
            if (box.width === 0 || (hides && (box.right > edge.right + 1 || box.left < edge.left - 1))) {
                cut.push(part.value ?? part.textContent);
                break;
            }
        }
    }
    return cut;
}"""
NAMES = """panel => [...panel.querySelectorAll(".noUi-handle")].map(handle => handle.ariaLabel)"""


def cells(**sources):
    return [nbformat.v4.new_code_cell(source, metadata={"tags": [tag]}) for tag, source in sources.items()]


@pytest.fixture
def narrow(open_notebook):
    """narrow(cells) -> their page, run, on a narrow screen."""

    def opened(cells, name):
        page = open_notebook(nbformat.v4.new_notebook(cells=cells, metadata=KERNEL), name)
        page.page.set_viewport_size(NARROW)
        page.run_all()
        return page

    return opened


def test_every_panel_of_the_course_is_looked_at():
    from diffusion_lessons import panels

    assert set(PANELS) == {name for name in panels.__all__ if name.endswith("_panel")}


@pytest.mark.timeout(600)
def test_numbers_and_menus_are_to_be_seen_and_sliders_have_names(narrow):
    sources = {name: f"panels.{name}({arguments})" for name, arguments in PANELS.items()}
    page = narrow(cells(first=FIRST, **sources), "narrow.ipynb")
    for name in PANELS:
        panel = page.panel(name)
        assert panel.locator(".widget-readout").count() == panel.locator(".noUi-handle").count()
        assert panel.evaluate(CUT_OFF) == [], name
        panel.page.wait_for_function(f"() => ({NAMES})(document.querySelector('[data-tagged={name}]')).every(Boolean)")
        labels = [label.strip() for label in panel.locator(".widget-slider .widget-label").all_inner_texts()]
        assert panel.evaluate(NAMES) == labels, name


def test_a_panel_whose_numbers_are_cut_off_is_found(narrow):
    rows = "HBox([VBox([IntSlider(42, description='n', layout={'width': '360px'})]) for _ in range(3)])"
    picture = "Image(value=bytes(8), format='png')"
    page = narrow(cells(wide=f"from ipywidgets import *\nVBox([{rows}, {picture}])"), "cut.ipynb")
    assert "42" in page.panel("wide").evaluate(CUT_OFF)
