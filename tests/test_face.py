"""A package offers names that are imported on first use, and refuses what would be ambiguous."""

import sys

import pytest

from diffusion_lessons.face import offer


def test_names_are_those_of_their_modules_and_imported_on_first_use(tmp_path, monkeypatch):
    package = tmp_path / "made_package"
    package.mkdir()
    offers = '{"shapes": ["circle"], "colours": []}'
    package.joinpath("__init__.py").write_text(
        f"from diffusion_lessons.face import offer\n__getattr__, __dir__, __all__ = offer(__name__, {offers})\n"
    )
    package.joinpath("shapes.py").write_text("circle = 'round'")
    package.joinpath("colours.py").write_text("red = 1")
    monkeypatch.syspath_prepend(tmp_path)
    import made_package

    assert dir(made_package) == made_package.__all__ == ["circle", "colours", "shapes"]
    assert "made_package.shapes" not in sys.modules
    assert made_package.circle == "round" and "made_package.colours" not in sys.modules
    assert made_package.colours.red == 1
    with pytest.raises(AttributeError, match="module 'made_package' has no attribute 'square'"):
        _ = made_package.square
    with pytest.raises(ImportError, match="cannot import name 'square'"):
        from made_package import square  # noqa: F401


@pytest.mark.parametrize("modules", [{"a": ["b"], "b": []}, {"a": ["c"], "b": ["c"]}])
def test_a_name_has_one_meaning(modules):
    with pytest.raises(ValueError, match="offers a name twice"):
        offer("package", modules)
