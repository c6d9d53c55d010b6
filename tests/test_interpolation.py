"""A falling curve against SciPy's splines: its values, slopes and inverse, and the table itself at whole times."""

import numpy as np
import pytest
import torch
from scipy.interpolate import CubicSpline, PchipInterpolator

from diffusion_lessons.interpolation import FallingCurve

SMOOTH = np.exp(-(np.linspace(0, 2, 21) ** 2) - 0.1 * np.linspace(0, 2, 21))
COARSE = np.array([0.99, 0.9, 0.3, 0.0001])  # a cubic spline of its logarithm would swing
TABLES = {"smooth": (SMOOTH, CubicSpline), "coarse": (COARSE, PchipInterpolator)}
every_table = pytest.mark.parametrize(("values", "spline"), TABLES.values(), ids=TABLES)


def times(values, count=301):
    return torch.linspace(0, len(values) - 1, count, dtype=torch.float64)


@every_table
def test_between_whole_times_it_is_the_spline_of_the_logarithm(values, spline):
    curve, t = FallingCurve(values), times(values)
    expected = spline(np.arange(len(values)), np.log(values))
    np.testing.assert_allclose(curve.log(t), expected(t), rtol=0, atol=1e-12)
    np.testing.assert_allclose(curve.value(t), np.exp(expected(t)), rtol=1e-12)
    np.testing.assert_allclose(curve.slope(t), expected(t, 1), rtol=0, atol=1e-10)


@every_table
def test_it_falls_and_its_inverse_inverts(values, spline):
    curve, t = FallingCurve(values), times(values)
    logs = curve.log(t)
    assert (logs.diff() < 0).all()
    torch.testing.assert_close(curve.time(logs), t, rtol=0, atol=1e-11)
    assert curve.time(torch.tensor([100.0, -100.0], dtype=torch.float64)).tolist() == [0, len(values) - 1]


@every_table
def test_whole_times_are_the_table_bit_for_bit(values, spline):
    whole = torch.arange(len(values), dtype=torch.float64)
    assert FallingCurve(values).value(whole).tolist() == values.tolist()


def test_times_outside_are_those_at_the_ends_and_a_single_number_stays():
    curve = FallingCurve(SMOOTH)
    assert curve.value(torch.tensor([-3.0, 99.0]).double()).tolist() == [SMOOTH[0], SMOOTH[-1]]
    assert FallingCurve(np.array([0.5])).value(torch.tensor([0.0]).double()).tolist() == [0.5]
