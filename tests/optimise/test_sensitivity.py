"""Each layer is rounded alone: the error is its own, and nothing of the network is changed."""

import pytest
import torch

from diffusion_lessons.optimise.copies import unet_of
from diffusion_lessons.optimise.int8 import calibration_run, layer_names, quantise
from diffusion_lessons.optimise.sensitivity import layer_sensitivity
from tests.optimise.small import images, small


def test_every_layer_has_an_error_which_falls_with_the_bits_and_nothing_is_changed():
    denoise, (x, labels) = small(), images()
    before, examples = denoise(x, 400.0, labels).x0, calibration_run(small(), samples=4)
    coarse, fine = layer_sensitivity(denoise, examples, bits=4), layer_sensitivity(denoise, examples)
    assert {one.name for one in fine} == set(layer_names(denoise))
    assert [one.error for one in fine] == sorted((one.error for one in fine), reverse=True)
    assert sum(one.error for one in fine) < sum(one.error for one in coarse) / 8
    assert torch.equal(denoise(x, 400.0, labels).x0, before)
    weights = [part.weight for part in unet_of(denoise).modules() if hasattr(part, "weight")]
    assert all(weight.isfinite().all() for weight in weights)


def test_a_layer_whose_weights_and_inputs_are_met_exactly_has_no_error():
    """Its weights are powers of two of one size, and what it is given is 0."""
    denoise = small()
    layer = unet_of(denoise).levels.down[0].scale_shift
    with torch.no_grad():
        layer.weight.copy_(quantise(layer.weight, symmetric=True, channels=True).values)
        for part in (unet_of(denoise).embed.mlp[2], unet_of(denoise).embed.label):
            part.weight.zero_()
            if hasattr(part, "bias"):
                part.bias.zero_()
    errors = {one.name: one.error for one in layer_sensitivity(denoise, calibration_run(denoise, samples=4))}
    assert errors["levels.down.0.scale_shift"] < 1e-6 < max(errors.values())


def test_missing_levels_are_refused():
    with pytest.raises(ValueError, match="misses noise levels"):
        layer_sensitivity(small(), calibration_run(small(), samples=2)[:4])
