"""The web edition as a whole: built from nothing, its links followed, then opened in a browser that has no network."""

import re
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest

from website.__main__ import missing

HOST = "http://site.test/"
SCHEMES = {"light": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], "dark": ["color-contrast"]}  # and axe's rules
WIDTHS = (360, 1280)
PAGES = ["index.html", "playground.html", "lessons/04_ddim.html", "reference/samplers.html", "assignments/A1.html"]

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())


class Links(HTMLParser):
    """What a page links to, loads and offers as anchors, and its pictures."""

    def __init__(self, file: Path):
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.pictures: list[dict[str, str | None]] = []
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if "id" in given:
            self.anchors.add(given["id"])
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        if tag == "img":
            self.pictures.append(given)
        if tag in ("img", "script", "iframe", "source") and given.get("src"):
            self.loads.append(given["src"])
        if tag == "link" and given.get("rel") in ("stylesheet", "icon", "preload"):
            self.loads.append(given["href"])


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The folder of the built site."""
    from website.build import build

    with ThreadPoolExecutor(1) as alone:  # where no event loop runs, as in a terminal: a panel draws at once
        return alone.submit(build, tmp_path_factory.mktemp("site"), moving=["04_ddim"]).result().parent


@pytest.fixture(scope="session")
def pages(site):
    return {file.relative_to(site).as_posix(): Links(file) for file in sorted(site.rglob("*.html"))}


def test_a_build_deletes_nothing_but_an_earlier_site(site, tmp_path):
    from website.build import BUILT, build

    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "mine.py").touch()
    with pytest.raises(FileExistsError, match="holds source, which no build of the site has made"):
        build(tmp_path, moving=[])
    assert [path.name for path in tmp_path.rglob("*")] == ["source", "mine.py"]
    assert (site.parent / BUILT).is_file()


def test_every_lesson_and_document_has_a_page(pages):
    from website.lessons import names

    expected = {f"lessons/{name}.html" for name in names()}
    expected |= {f"{name}.html" for name in ("index", "install", "ledger", "glossary", "teaching", "contributing")}
    assert expected | {f"assignments/A{number}.html" for number in range(1, 6)} | {"search.html"} <= set(pages)


def test_links_and_anchors_lead_somewhere(site, pages):
    broken = []
    for name, page in pages.items():
        for link in page.links:
            target, anchor = urldefrag(link)
            if re.match(r"[a-z]+:", target):
                continue
            file = (site / name).parent / unquote(target) if target else site / name
            place = file.resolve().relative_to(site.resolve()).as_posix()
            if not file.is_file() or (anchor and place in pages and unquote(anchor) not in pages[place].anchors):
                broken.append(f"{name}: {link}")
    assert not broken, "\n".join(broken)


def test_every_claim_of_the_ledger_has_an_anchor(pages):
    ledger = (Path(__file__).parents[2] / "CLAIMS.md").read_text()
    claims = {name.lower() for name in re.findall(r"^## (C\d+[a-z]?)$", ledger, re.M)}
    assert claims and claims <= pages["ledger.html"].anchors


def test_no_page_loads_anything_from_elsewhere(pages):
    elsewhere = [f"{name}: {load}" for name, page in pages.items() for load in page.loads if "//" in load]
    assert not elsewhere


def test_every_picture_has_words(pages):
    pictures = [(name, picture) for name, page in pages.items() for picture in page.pictures]
    assert len(pictures) > 100
    assert not [(name, one["src"]) for name, one in pictures if len(one.get("alt") or "") < 20]


@pytest.fixture
def opened(browser, site):
    """opened(page, ...) -> the page in the browser, which gets the site's files and nothing else; its complaints."""
    contexts = []

    def answer(route):
        file = site / unquote(urldefrag(route.request.url.removeprefix(HOST).partition("?")[0])[0])
        if route.request.url.startswith(HOST) and file.is_file():
            route.fulfill(path=file)
        else:
            route.abort()

    def open_page(name, *, width=1280):
        context = browser.new_context(color_scheme="light", viewport={"width": width, "height": 900})
        contexts.append(context)
        context.route("**/*", answer)
        page = context.new_page()
        page.set_default_timeout(120_000)
        page.complaints = []
        page.on("console", lambda said: page.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("requestfailed", lambda request: page.complaints.append(f"not there: {request.url}"))
        page.goto(f"{HOST}{name}", wait_until="load")
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_needs_no_network_complains_of_nothing_and_fits_any_screen(opened, name):
    for width in WIDTHS:
        page = opened(name, width=width)
        assert page.complaints == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} scrolls sideways at {width}"


@pytest.mark.timeout(600)  # contrast is computed from what is drawn, which takes its time on a busy machine
@pytest.mark.parametrize("name", PAGES)
def test_contrast_names_and_keyboard_by_axe(opened, name):
    """In the light and in the dark; formulas are left out, whose thousands of parts are the browser's own."""
    axe = pytest.importorskip("axe_playwright_python", reason="axe is missing: pip install -e '.[browser]'")
    page = opened(name)
    page.evaluate((Path(axe.__file__).parent / "axe.min.js").read_text())
    for scheme, rules in SCHEMES.items():
        page.emulate_media(color_scheme=scheme)
        options = f"{{runOnly: {rules}, resultTypes: ['violations']}}"
        found = page.evaluate(f"axe.run({{exclude: ['math']}}, {options})")["violations"]
        faults = [(rule["id"], node["html"][:200], node["failureSummary"]) for rule in found for node in rule["nodes"]]
        assert not faults, f"{scheme}: {faults}"


def test_formulas_are_set_in_the_sites_own_font(opened):
    page = opened("lessons/05b_orders.html")
    assert page.evaluate("document.fonts.ready.then(() => document.fonts.check('16px \"STIX Two Math\"'))")
    assert page.locator("math").count() > 10


def test_the_search_finds_a_sampler(opened):
    page = opened("search.html?q=dpm_solver_pp_2m")
    page.wait_for_selector("#search-results li a")
    assert "samplers" in page.locator("#search-results").inner_text()


def test_an_option_of_a_question_opens_by_keyboard(opened):
    page = opened("lessons/04_ddim.html")
    option = page.locator(".quiz summary").first
    option.focus()
    page.keyboard.press("Enter")
    assert page.locator(".quiz details").first.get_attribute("open") is not None


PLAYGROUND = "playground.html"


def test_the_playground_computes_what_the_library_computes(opened):
    """Every sampler on every path, to 1e-6; the page's distance agrees with the library's."""
    import torch

    from diffusion_lessons.toys.one_dimension import wasserstein_1
    from tests.website.test_playground import ends
    from website import playground

    page = opened(PLAYGROUND)
    for called in playground.paths():
        for name in page.evaluate("Object.keys(TABLES.labels)"):
            for steps in (1, 4, 20):
                found = page.evaluate("args => playground.samples(...args)", [called, name, steps])
                expected, data = ends(name, called, steps)
                assert (torch.tensor(found, dtype=torch.float64) - expected).abs().max() < 1e-6, (called, name, steps)
        distance = page.evaluate("found => playground.distance(found)", found)
        assert distance == pytest.approx(wasserstein_1(expected, data), abs=0.003)


def test_the_playground_is_moved_by_keyboard_and_says_what_it_shows(opened):
    page = opened(PLAYGROUND)
    words, drawing = page.locator("#said"), page.locator("#drawing")
    before, drawn = words.inner_text(), drawing.inner_html()
    assert "DDIM" in before and "DPM-Solver++(2M)" in before
    page.locator("#steps").focus()
    page.keyboard.press("ArrowRight")
    assert words.inner_text() != before and drawing.inner_html() != drawn
    page.keyboard.press("Home")
    assert "1 step, 1 evaluation:" in words.inner_text()
    page.locator("#first").focus()
    page.keyboard.press("ArrowDown")
    assert "DDIM" not in words.inner_text().split(".")[0]
    assert page.complaints == []


@pytest.mark.parametrize("second", ["dpm_solver_pp_2m", "ddim"], ids=["another", "the same twice"])
def test_two_samplers_differ_in_hue_dash_and_marker(opened, second):
    page = opened(PLAYGROUND)
    page.locator("#second").select_option(second)
    looks = page.evaluate("""() => ["said", "drawing"].map(id => [...document.querySelectorAll(`#${id} polyline`)].map(
        line => [line.getAttribute("stroke"), line.getAttribute("stroke-dasharray")].join()))""")
    key, drawn = looks
    assert len(set(key)) == 2 and set(key) <= set(drawn)
    (hue, dash), (other, another) = (look.split(",") for look in key)
    assert hue != other and not dash and another
    assert page.locator("#drawing circle").count() == page.locator("#drawing path").count() > 20
    assert "(solid, discs)" in page.locator("#said").inner_text()


def test_no_word_of_the_drawing_is_cut_on_any_screen(opened):
    for width in WIDTHS:
        page = opened(PLAYGROUND, width=width)
        cut = page.evaluate("""() => {
            const box = document.getElementById("drawing").getBoundingClientRect();
            return [...document.querySelectorAll("#drawing text")].filter(text => {
                const r = text.getBoundingClientRect();
                return r.left < box.left || r.right > box.right || r.top < box.top || r.bottom > box.bottom;
            }).map(text => text.textContent);
        }""")
        assert cut == [], f"cut at {width} pixels"


def test_on_paper_code_is_whole_answers_are_open_and_nothing_asks_to_be_moved(opened):
    page = opened("lessons/04_ddim.html")
    page.emulate_media(media="print")
    assert page.evaluate(
        "[...document.querySelectorAll('pre')].every(code => code.scrollWidth <= code.clientWidth + 1)"
    )
    assert page.locator(".quiz details p").first.is_visible()
    for moved in ("form.moving", ".sidebar-drawer", ".run-it"):
        assert page.locator(moved).first.is_hidden(), moved
    assert page.locator("figure img").first.is_visible()


def test_a_panel_moves_without_a_kernel(opened):
    page = opened("lessons/04_ddim.html")
    form = page.locator("form.moving")
    figure = page.locator("figure").filter(has=page.locator(".caption-text[role=status]"))
    before = figure.locator("img").get_attribute("src")
    form.locator("input").focus()
    page.keyboard.press("ArrowRight")
    assert figure.locator("img").get_attribute("src") != before
    assert "DDIM, eta = 0, 20 steps" in figure.locator(".caption-text").inner_text()
    form.locator("select").select_option(label="DDPM")
    assert "DDPM, 20 steps" in figure.locator("img").get_attribute("alt")
    page.wait_for_function("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
    assert page.complaints == []
