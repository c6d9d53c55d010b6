"""The sample that ships with the package is what the code draws, and everything in it fits together."""

import pytest
import torch

from diffusion_lessons.captions.judge import corner_mask, nearest_ink, paper_of
from diffusion_lessons.data.captions.render import render
from diffusion_lessons.data.captions.sample import SCENES, WRITERS, Sample, load_sample, make_sample
from diffusion_lessons.data.captions.scenes import draw_scenes
from diffusion_lessons.data.captions.sentences import draw_mentions, draw_sentences, read
from diffusion_lessons.data.captions.strokes import Strokes


@pytest.fixture(scope="module")
def sample() -> Sample:
    return load_sample()


def test_shapes_and_ranges(sample):
    assert sample.pictures.shape == (SCENES, 3, 32, 32) and sample.pictures.abs().max() <= 1
    assert sample.scenes.size == len(sample.sentences) == SCENES
    assert sample.strokes.starts.tolist() == [WRITERS * digit for digit in range(11)]
    assert len(sample.strokes.distance) == len(sample.strokes.slant) == 10 * WRITERS


def test_every_sentence_is_true_of_its_scene(sample):
    for i, sentence in enumerate(sample.sentences):
        scene = {name: int(column[i]) for name, column in sample.scenes._asdict().items()}
        assert read(sentence).items() <= scene.items(), sentence


def test_pictures_show_their_scenes(sample):
    scenes, pictures = sample.scenes, sample.pictures
    assert torch.equal(paper_of(pictures), scenes.paper)
    inside = corner_mask(scenes.corner) & (scenes.shape > 0)[:, None, None]
    assert torch.equal(nearest_ink(pictures, scenes.paper, ~inside), scenes.ink)


def test_the_file_is_what_the_code_draws_from_its_handwriting(sample):
    """Seed 0 gives the very scenes and sentences of the file, and its pictures to half a step of a byte."""
    generator = torch.Generator().manual_seed(0)
    scenes = draw_scenes(SCENES, generator)
    assert torch.equal(scenes.stacked(), sample.scenes.stacked())
    pictures = render(scenes, sample.strokes, generator)
    assert draw_sentences(draw_mentions(scenes, generator), generator) == sample.sentences
    assert (pictures - sample.pictures).abs().max() < 2 / 255


def test_a_sample_is_written_and_read_back(strokes, tmp_path):
    """Handwriting of which each class has enough: the small set, repeated."""
    counts = strokes.starts.diff().tolist()
    rows = [
        first + torch.arange(WRITERS) % count for first, count in zip(strokes.starts.tolist(), counts, strict=False)
    ]
    index = torch.cat(rows)
    enough = Strokes(strokes.distance[index], strokes.slant[index], torch.arange(11) * WRITERS)
    file = make_sample(enough, tmp_path / "sample.npz", seed=5)
    again = load_sample(file)
    scenes = draw_scenes(SCENES, torch.Generator().manual_seed(5))
    assert torch.equal(again.scenes.stacked(), scenes.stacked())
    assert torch.equal(again.strokes.distance, enough.distance) and torch.equal(again.strokes.slant, enough.slant)
    assert [path.name for path in tmp_path.iterdir()] == ["sample.npz"]
