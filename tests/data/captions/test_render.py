"""Pictures show what the scene says: inks exactly, widths and slants as stated, and the same for the same seed."""

import pytest
import torch

from diffusion_lessons.captions.judge import corner_mask, nearest_ink, paper_of
from diffusion_lessons.data.captions.render import SLANTS, WIDTHS, digit_coverage, inks, render
from diffusion_lessons.data.captions.scenes import Scenes, draw_scenes
from diffusion_lessons.data.captions.strokes import distances, slant_of


def scene(count: int = 1, **values: int) -> Scenes:
    base = {"digit": 7, "ink": 2, "stroke": 1, "slant": 1, "paper": 0, "smudged": 0}
    base |= {"shape": 0, "shape_ink": 0, "corner": 0, **values}
    return Scenes(*(torch.full((count,), base[name]) for name in Scenes._fields))


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_paper_and_both_inks_are_read_back_without_a_network(strokes):
    generator = seeded()
    scenes = draw_scenes(1000, generator)
    pictures = render(scenes, strokes, generator)
    assert pictures.shape == (1000, 3, 32, 32) and pictures.abs().max() <= 1
    assert torch.equal(paper_of(pictures), scenes.paper)
    some = scenes.shape > 0
    inside = corner_mask(scenes.corner) & some[:, None, None]
    assert torch.equal(nearest_ink(pictures, scenes.paper, ~inside), scenes.ink)
    of_objects = nearest_ink(pictures, scenes.paper, inside)[some]
    assert (of_objects == scenes.shape_ink[some]).float().mean() > 0.99  # a thick digit may reach into the corner


def test_same_seed_same_picture(strokes):
    a, b = (render(scene(4), strokes, seeded(3)) for _ in range(2))
    assert torch.equal(a, b) and not torch.equal(a, render(scene(4), strokes, seeded(4)))


def test_strokes_are_thin_normal_and_thick_in_pixels(strokes):
    """2 area / perimeter is the width of a long stroke; the perimeter is the sum of the coverage's gradients."""
    widths = []
    for stroke in range(3):
        ink = (render(scene(64, stroke=stroke, ink=5), strokes, seeded()) + 1).sum(dim=1)
        ink = ink / ink.amax(dim=(1, 2), keepdim=True)
        dx, dy = ink[:, 1:, 1:] - ink[:, 1:, :-1], ink[:, 1:, 1:] - ink[:, :-1, 1:]
        widths.append(float((2 * ink.sum(dim=(1, 2)) / (dx**2 + dy**2).sqrt().sum(dim=(1, 2))).mean()))
    assert widths == sorted(widths)
    assert widths == pytest.approx(WIDTHS, abs=0.5)


def test_digits_lean_as_much_as_their_slant_says(strokes):
    for slant, stated in enumerate(SLANTS):
        ink = (render(scene(64, slant=slant), strokes, seeded()) + 1).sum(dim=1)
        assert float(slant_of(ink).mean()) == pytest.approx(stated, abs=0.08)


def test_coverage_is_that_of_the_formula_on_a_straight_line(strokes):
    """An upright line of width w covers clamp(w / 2 - d + 1/2, 0, 1) at distance d, up to the smoothing."""
    line = torch.zeros(1, 28, 28, dtype=torch.bool)
    line[0, 4:24, 14] = True
    far = distances(line)
    upright = type(strokes)((far * 255 / 4).round().to(torch.uint8), torch.zeros(1), torch.tensor([0, 1]))
    one, zero = torch.ones(1), torch.zeros(1)
    coverage = digit_coverage(upright, torch.tensor([0]), 3 * one, zero, one, zero, zero)[0]
    row = coverage[16]
    assert row.sum() == pytest.approx(3.0, abs=0.3) and row.max() == 1
    wider = digit_coverage(upright, torch.tensor([0]), 4 * one, zero, one, zero, zero)[0]
    assert wider[16].sum() == pytest.approx(float(row.sum()) + 1, abs=0.1)


def test_shapes_have_their_areas_and_stand_in_their_corner(strokes):
    areas = {}
    for shape in (1, 2, 3):
        for corner in range(4):
            alone = scene(8, shape=shape, corner=corner, shape_ink=5, ink=5)
            picture = render(alone, strokes, seeded())
            inside = ((picture + 1).sum(dim=1) * corner_mask(alone.corner)).sum(dim=(1, 2))
            areas.setdefault(shape, []).append(inside.mean() / (inks()[5] + 1).sum())
    disc, square, cross = (torch.stack(areas[shape]).mean() for shape in (1, 2, 3))
    assert disc == pytest.approx(3.14159 * 3.9**2, rel=0.15)
    assert square == pytest.approx(6.8**2, rel=0.15)
    assert cross == pytest.approx(8.2 * 2.2 * 2 - 2.2**2, rel=0.2)


def test_a_smudge_blurs_and_keeps_the_ink(strokes):
    sharp, smudged = (render(scene(32, smudged=value), strokes, seeded()) for value in (0, 1))
    rough = [picture.diff(dim=3).square().mean() for picture in (sharp, smudged)]
    assert rough[1] < 0.3 * rough[0]
    everywhere = torch.ones(32, 32, 32, dtype=torch.bool)
    assert (nearest_ink(smudged, torch.zeros(32, dtype=torch.long), everywhere) == 2).all()
