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


def test_a_file_of_a_folder_inside_is_offered_by_its_own_name(tmp_path, monkeypatch):
    inside = tmp_path / "deep_package" / "plane"
    inside.mkdir(parents=True)
    inside.parent.joinpath("__init__.py").write_text(
        "from diffusion_lessons.face import offer\n"
        "__getattr__, __dir__, __all__ = offer(__name__, {'plane.shapes': ['circle']})\n"
    )
    inside.joinpath("__init__.py").touch()
    inside.joinpath("shapes.py").write_text("circle = 'round'")
    monkeypatch.syspath_prepend(tmp_path)
    import deep_package
    from deep_package import shapes

    assert dir(deep_package) == ["circle", "shapes"]
    assert deep_package.circle == shapes.circle == "round" and shapes.__name__ == "deep_package.plane.shapes"


@pytest.mark.parametrize("modules", [{"a": ["b"], "b": []}, {"a": ["c"], "b": ["c"]}, {"x.a": [], "y.a": []}])
def test_a_name_has_one_meaning(modules):
    with pytest.raises(ValueError, match="offers a name twice"):
        offer("package", modules)
