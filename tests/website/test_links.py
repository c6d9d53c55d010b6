"""Links of the repository's documents, as they are written on the pages of the site."""

import pytest

from website.links import ROOT, Site, page_of, slug


@pytest.mark.parametrize(
    ("source", "page", "link", "expected"),
    [
        ("README.md", "index.md", "[a](notebooks/lessons/04_ddim.ipynb)", "[a](lessons/04_ddim.md)"),
        ("notebooks/lessons/04_ddim.ipynb", "lessons/04_ddim.md", "[a](05_solvers.ipynb)", "[a](05_solvers.md)"),
        ("notebooks/lessons/04_ddim.ipynb", "lessons/04_ddim.md", "[a](../../CLAIMS.md#c9)", "[a](../ledger.md#c9)"),
        ("notebooks/lessons/04_ddim.ipynb", "lessons/04_ddim.md", "[a](#What,-now?)", "[a](#what-now)"),
        ("README.md", "index.md", "[a](https://example.org/x#Y)", "[a](https://example.org/x#Y)"),
        ("README.md", "index.md", "`x[0](1)` stays", "`x[0](1)` stays"),
    ],
)
def test_links_lead_to_the_pages_of_the_site(source, page, link, expected, tmp_path):
    assert Site(tmp_path).relink(link, source, page) == expected


def test_a_file_without_a_page_is_copied(tmp_path):
    turned = Site(tmp_path).relink("[licence](LICENSE)", "README.md", "install.md")
    assert turned == "[licence](files/LICENSE.txt)"
    assert (tmp_path / "files/LICENSE.txt").read_bytes() == (ROOT / "LICENSE").read_bytes()


def test_a_link_to_nothing_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"links to docs/nothing\.md, which is no file"):
        Site(tmp_path).relink("[a](docs/nothing.md)", "README.md", "index.md")


def test_every_lesson_has_a_page():
    assert page_of("notebooks/lessons/00_start_here.ipynb") == "lessons/00_start_here.md"
    assert page_of("diffusion_lessons/path.py") is None


def test_anchors_are_spelled_as_the_pages_spell_headings():
    assert slug("The-Fréchet-distance") == "the-fréchet-distance"
    assert slug("Count-evaluations,-not-steps") == "count-evaluations-not-steps"
