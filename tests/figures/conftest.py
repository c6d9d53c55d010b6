import pytest

from tests.figures.ten_paths import ten_paths


@pytest.fixture(scope="module")
def states():
    return ten_paths()
