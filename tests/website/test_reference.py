"""The reference names what the package offers, and each sampler with its order, cost and source."""

import pytest

pytest.importorskip("ziamath", reason="the site's libraries are missing: pip install -e '.[site]'")

from diffusion_lessons import samplers
from website.reference import described, home, page, rooms, sampler_table, signature


def test_every_sampler_has_its_row_with_order_cost_and_source():
    rows = [line for line in sampler_table().splitlines() if line.startswith("| [")]
    assert len(rows) == len(samplers.ALL)
    for row, (name, sampler) in zip(rows, samplers.ALL.items(), strict=True):
        cells = [cell.strip() for cell in row.strip("|").split(" | ")]
        assert f"`{name}`" in cells[0] and cells[2] == str(sampler.info.order) and cells[5] == sampler.info.citation


@pytest.mark.parametrize("name", samplers.ALL)
def test_a_sampler_is_described_with_its_formula(name):
    made = described(name, samplers.ALL[name])
    assert f"Order {samplers.ALL[name].info.order};" in made
    assert f"{{py:function}} {name}(denoise: DenoiserLike" in made
    assert "\n    " in made, "a docstring states the update as an indented block"


def test_an_object_has_one_page():
    assert home(samplers.ddim) == "samplers" and home(samplers.ALL) is None
    pages = [page(name) for name in ("path", "schedules", "samplers")]
    assert [text.count("{py:class} Path(") for text in pages] == [1, 0, 0]


def test_types_have_short_names_and_defaults_that_are_literals():
    def made(path: samplers.Sampler, key=object(), *, count: int = 3) -> samplers.State: ...  # noqa: B008

    assert signature("made", made) == "made(path: Sampler, key=..., *, count: int = 3) -> State"


def test_what_is_imported_has_a_page_and_the_command_line_has_none():
    assert {"samplers", "guidance", "toys", "training"} <= set(rooms()) and not {"cli", "commands"} & set(rooms())
