"""Techniques as data: applied in their order, refused where they exclude each other, nothing where there are none."""

import json

import pytest
import torch

from diffusion_lessons.optimise.block_pruning import block_names, without_blocks
from diffusion_lessons.optimise.feature_cache import reuse_features
from diffusion_lessons.optimise.techniques import Techniques, apply, head_named
from tests.captions.small import PROMPTS, small_denoiser
from tests.optimise.small import images, small

T = 400.0


def test_none_of_them_is_the_denoiser_itself():
    denoise = small()
    assert apply(denoise, Techniques()) is denoise
    assert Techniques().words == () and Techniques().to_json() == {}


def test_they_are_kept_as_json_without_what_was_not_done():
    some = Techniques(blocks=["levels.up.0"], features=3, order=1)
    assert some.to_json() == {"blocks": ("levels.up.0",), "features": 3, "order": 1}
    assert Techniques(**json.loads(json.dumps(some.to_json()))) == some
    assert some.words == ("1 block less", "features every 3, on a line")
    many = Techniques(blocks=("a", "b"), heads=("c:1",), channels=0.25, trained=5000, int8=True)
    assert Techniques(onnx=True).words == ("ONNX Runtime",)
    assert Techniques(onnx=True, int8=True).words == ("int8 by ONNX Runtime",)
    assert many.words == ("2 blocks less", "1 head less", "25% of channels less", "trained on for 5,000 images", "int8")


def test_they_compose():
    denoise, (x, labels) = small(), images()
    name = block_names(denoise)[0]
    both = apply(denoise, Techniques(blocks=(name,), features=2))
    by_hand = reuse_features(without_blocks(denoise, [name]), 2)
    for t in (800.0, 600.0):
        assert torch.equal(both(x, t, labels).x0, by_hand(x, t, labels).x0)
    assert both.network.reused == 1


def test_weights_are_those_of_the_network_after_pruning():
    denoise, (x, labels) = small(), images()
    name = block_names(denoise)[0]
    pruned = without_blocks(denoise, [name])
    weights = {key: value * 0.9 for key, value in pruned.network.state_dict().items()}
    trained = apply(denoise, Techniques(blocks=(name,), trained=10), weights)
    pruned.network.load_state_dict(weights)
    assert torch.equal(trained(x, T, labels).x0, pruned(x, T, labels).x0)


def test_heads_are_named_in_one_word():
    denoise, x = small_denoiser(), torch.randn(2, 4, 8, 8)
    cut = apply(denoise, Techniques(heads=("levels.down.reading:1",)))
    assert not torch.equal(cut(x, T, PROMPTS).x0, denoise(x, T, PROMPTS).x0)
    assert head_named("levels.down.reading:12") == ("levels.down.reading", 12)
    with pytest.raises(ValueError, match="NAME:NUMBER"):
        head_named("levels.down.reading")


@pytest.mark.parametrize(
    "fields, words",
    [
        ({"int8": True, "features": 2}, "no part can be left out: choose one"),
        ({"compile": True, "features": 2}, "compiling makes the whole network one program"),
        ({"compile": True, "int8": True}, "compiled already"),
        ({"onnx": True, "features": 2}, "exporting makes the whole network one program"),
        ({"onnx": True, "compile": True}, "nothing is left to compile"),
        ({"order": 1}, "none are kept"),
        ({"features": 0}, "features must be a whole number"),
        ({"channels": 2.0}, "channels must be a number from 0 to 1"),
        ({"blocks": (1,)}, "blocks must be a tuple"),
    ],
)
def test_what_excludes_each_other_is_refused_with_a_reason(fields, words):
    with pytest.raises(ValueError, match=words):
        Techniques(**fields)
