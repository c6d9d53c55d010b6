"""What every lesson has and none may have, as rules on a built notebook: each yields what is wrong in one sentence."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise, zip_longest
from statistics import quantiles
from typing import Any

from lesson_files import BUDGETS, LESSONS, ROOT, read_built, read_json
from nbformat import NotebookNode

from diffusion_lessons.checks.investigations import INVESTIGATIONS
from website.colab import of_colab

SECTIONS = ("Exercises", "Pitfalls", "What to remember", "Scope check", "Further reading")  # the last five, in order
OPENING = ("**Question.**", "**Budget.**", "**Afterwards you can**")
MOST_LINES, USUAL_LINES = 25, 12  # of a code cell; four of five keep the second
MOST_BYTES = 3_000_000
OWN, MOST_PLACES = (
    ("diffusion_lessons", "claims", "benchmarks"),
    6,
)  # modules of this project that a lesson imports from
NO_ANSWER = "Nobody keeps an answer to this one"  # of an exercise to investigate
SLOWEST, LARGEST = 90, 2048  # seconds and MB that a lesson may take
FACTOR = 1.6  # between a stated and a recorded budget
ATTACHED = {"image/png", "image/jpeg", "image/gif"}  # what JupyterLab shows in a cell of text
BUDGET_LINE = "**Budget.** About {seconds} seconds of one CPU core, {gb} GB of memory, nothing to download."
BUDGET = re.compile(re.escape(BUDGET_LINE).replace(r"\{seconds\}", r"(\d+)").replace(r"\{gb\}", r"([\d.]+)"))


def problems(name: str) -> list[str]:
    """Everything that is wrong with the built lesson of this name."""
    path = LESSONS / f"{name}.ipynb"
    notebook = read_built(path)
    found = [f"cell {number}: {text}" if number is not None else text for number, text in check(notebook)]
    found += budget_problems(notebook, read_json(BUDGETS).get(name))
    if path.stat().st_size > MOST_BYTES:
        found.append(f"the notebook has {path.stat().st_size / 1e6:.1f} MB; at most {MOST_BYTES / 1e6:.0f}")
    return found


def check(notebook: NotebookNode) -> Iterator[tuple[int | None, str]]:
    """(number of the cell or None, what is wrong) by every rule."""
    for rule in (opening, headings, code_cells, redefinitions, imports, exercises, quizzes, pictures, outputs, links):
        yield from rule(notebook)


def text_cells(notebook: NotebookNode) -> list[tuple[int, str]]:
    return [(n, c.source) for n, c in enumerate(notebook.cells) if c.cell_type == "markdown" and not of_colab(c)]


def code(notebook: NotebookNode) -> list[tuple[int, NotebookNode]]:
    """The cells of code that are the lesson's own, which the set-up cell for Google Colab is not."""
    return [(n, cell) for n, cell in enumerate(notebook.cells) if cell.cell_type == "code" and not of_colab(cell)]


def all_headings(notebook: NotebookNode) -> list[tuple[int, int, str]]:
    """(number of the cell, level, title) of each heading."""
    found = []
    for number, text in text_cells(notebook):
        text = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
        found += [(number, len(marks), title.strip()) for marks, title in re.findall(r"^(#+) (.+)$", text, re.M)]
    return found


def opening(notebook: NotebookNode) -> Iterator[tuple[int | None, str]]:
    """The first cell names the lesson, its question, its budget and what one will be able to do."""
    first = notebook.cells[0].source if notebook.cells and notebook.cells[0].cell_type == "markdown" else ""
    if not re.match(r"# \d\d[a-z]? \S", first):
        yield 0, 'the lesson begins with its number and name: "# 04 DDIM"'
    for words in OPENING:
        if words not in first:
            yield 0, f"the opening lacks {words}"


def headings(notebook: NotebookNode) -> Iterator[tuple[int | None, str]]:
    found = all_headings(notebook)
    if [level for _, level, _ in found].count(1) != 1:
        yield None, "a lesson has one heading of the first level"
    titles = [title for _, _, title in found]
    for title in sorted({title for title in titles if titles.count(title) > 1}):
        yield None, f"two headings are {title!r}"
    for (_, above, _), (number, level, title) in pairwise(found):
        if level > above + 1:
            yield number, f"{title!r} skips a level of headings"
    last = tuple(title for _, level, title in found if level == 2)[-len(SECTIONS) :]
    if last != SECTIONS:
        yield None, f"the last sections are {', '.join(SECTIONS)}; here {', '.join(last)}"


def code_cells(notebook: NotebookNode) -> Iterator[tuple[int | None, str]]:
    lengths = []
    for number, cell in code(notebook):
        lines = sum(bool(line.strip()) for line in cell.source.splitlines())
        lengths.append(lines)
        if lines > MOST_LINES:
            yield number, f"{lines} lines of code; at most {MOST_LINES}: call the library"
        if cell.source.strip() and cell.execution_count is None:
            yield number, "was never run"
    if len(lengths) > 1 and (usual := quantiles(lengths, n=5)[-1]) > USUAL_LINES:
        yield None, f"one code cell in five has more than {usual:.0f} lines; aim for {USUAL_LINES}"


def redefinitions(notebook: NotebookNode) -> Iterator[tuple[int | None, str]]:
    """A lesson imports the library. Only an exercise, checked in its own cell, may bear a name of the library's."""
    for number, cell in code(notebook):
        asked = re.findall(r'^check\("(\w+)"', cell.source, re.M)
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name in library_names() - {*asked}:
                yield number, f"{node.name} is the library's: import it"


@cache
def library_names() -> frozenset[str]:
    """Every public function and class of the package, but for the exercises as learners write them."""
    files = [path for path in (ROOT / "diffusion_lessons").rglob("*.py") if path.parent.name != "model_answers"]
    trees = [ast.parse(path.read_text()) for path in files]
    tops = [node for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    return frozenset(node.name for node in tops if not node.name.startswith("_"))


def only_imports(cell: NotebookNode) -> bool:
    """Whether a cell of code holds imports and nothing else, so that it need not be read."""
    statements = ast.parse(cell.source).body if cell.cell_type == "code" else []
    return bool(statements) and all(isinstance(one, ast.Import | ast.ImportFrom) for one in statements)


def imports(notebook: NotebookNode) -> Iterator[tuple[int | None, str]]:
    """A lesson imports this project from few places: the package and its rooms offer what lessons need.

    A first cell of code with imports has nothing else: the build folds it, and what a learner should read is not in it.
    """
    places = set()
    for number, cell in code(notebook)[:1]:
        if cell.source.startswith(("import ", "from ")) and not only_imports(cell):
            yield number, "the first cell of code is folded: imports alone, and what follows in a cell of its own"
    for number, cell in code(notebook):
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.ImportFrom):
                places.add(node.module or "")
                if node.module == "tqdm":
                    yield number, "a bar on stderr is a red band on the page: from tqdm.auto import tqdm"
            elif isinstance(node, ast.Import):
                places.update(name.name for name in node.names)
    own = sorted(place for place in places if place.partition(".")[0] in OWN)
    if len(own) > MOST_PLACES:
        yield None, f"imports from {len(own)} places, at most {MOST_PLACES}: {', '.join(own)}"


def exercises(notebook: NotebookNode) -> Iterator[tuple[int | None, str]]:
    if not any(re.search(r"^check\(", cell.source, re.M) for _, cell in code(notebook)):
        yield None, 'no exercise calls check("name", answer)'
    if not any("panel" in cell.metadata.get("tags", []) for _, cell in code(notebook)):
        yield None, 'no cell is tagged "panel"'
    for number, text in text_cells(notebook):
        for asked in text.split("To investigate.**")[1:]:
            names = re.findall(r'`check\("(\w+)"\)\.solution\(found\)`', asked)
            if not names and NO_ANSWER not in asked:
                yield number, f'one to investigate says how its answer is opened, or "{NO_ANSWER}"'
            for name in {*names} - {*INVESTIGATIONS}:
                yield number, f"{name} is none of the answers in checks/investigations.py"


def quizzes(notebook: NotebookNode) -> Iterator[tuple[int | None, str]]:
    """A question stands in its lesson's file of questions: a cell that holds it shows the answer, too."""
    for number, cell in code(notebook):
        for call in ast.walk(ast.parse(cell.source)):
            asks = isinstance(call, ast.Call) and getattr(call.func, "id", "") in ("predict", "scope_check")
            if asks and not (len(call.args) == 1 and isinstance(call.args[0], ast.Constant)):
                yield number, 'a question in the cell: ask it by its name, as predict("01.half_way") does'


def pictures(notebook: NotebookNode) -> Iterator[tuple[int | None, str]]:
    """A picture is seen, and says in words what it shows: a notebook displays the last expression of a cell alone."""
    for number, cell in code(notebook):
        body = ast.parse(cell.source).body
        for node in ast.walk(ast.Module(body, [])):
            called = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and node.value.func
            if getattr(called, "id", "") == "show" and node is not body[-1]:
                yield number, "a picture that nobody sees: end the cell with show(figure, alt), outside of any block"
        for output, below in zip_longest(cell.outputs, cell.outputs[1:], fillvalue={}):
            for kind in set(output.get("data", {})) & {"image/png", "image/jpeg", "image/svg+xml"}:
                alt = output.metadata.get(kind, {}).get("alt", "")
                if len(alt) < 20:
                    yield number, "a picture without alt text: end the cell with show(figure, alt)"
                elif below.get("data", {}).get("text/markdown") != alt:
                    yield number, "a picture without a caption beneath: end the cell with show(figure, alt)"
    for number, text in text_cells(notebook):
        if re.search(r"!\[\s*\]\(|<img(?![^>]*alt=)", text):
            yield number, "an image in the text without alt text"
    for number, cell in enumerate(notebook.cells):
        for name, kinds in cell.get("attachments", {}).items():
            if unknown := set(kinds) - ATTACHED:
                yield number, f"JupyterLab does not show {', '.join(unknown)} in the text: attach {name} as PNG"


def outputs(notebook: NotebookNode) -> Iterator[tuple[int | None, str]]:
    """A learner reads sentences: no errors, no warnings, no bare True, nothing that only a live kernel can show."""
    for number, cell in code(notebook):
        for output in cell.outputs:
            if output.output_type == "error":
                yield number, f"stops with {output.ename}"
            if output.get("name") == "stderr":
                yield number, f"warns: {output.text.strip()[:80]}"
            words = output.get("text") or output.get("data", {}).get("text/plain", "")
            if words.strip() in ("True", "False", "None"):
                yield number, f"prints a bare {words.strip()}; say in a sentence what is so"
            if "application/vnd.jupyter.widget-view+json" in output.get("data", {}):
                yield number, "keeps a widget that shows nothing without a kernel"
    if "widgets" in notebook.metadata:
        yield None, "keeps the state of its widgets"


def links(notebook: NotebookNode) -> Iterator[tuple[int | None, str]]:
    """Files that are linked to exist, and so do the sections; addresses on the web are not visited."""
    anchors = {title.replace(" ", "-") for _, _, title in all_headings(notebook)}
    for number, text in text_cells(notebook):
        for link in re.findall(r"\]\(([^)\s]+)\)", text):
            file, _, anchor = link.partition("#")
            if file and not re.match(r"https?://", link) and not (LESSONS / file).exists():
                yield number, f"links to {file}, which is not there"
            if anchor and not file and anchor not in anchors:
                yield number, f"links to #{anchor}, which no heading has"
    end = notebook.cells[-1].source if notebook.cells else ""
    if len(re.findall(r"https?://", end)) < 2:
        yield None, "the last cell, Further reading, has fewer than two references with an address"


def budget_line(cost: dict[str, Any]) -> str:
    """The line that states a recorded cost."""
    return BUDGET_LINE.format(seconds=round(cost["seconds"]), gb=f"{cost['memory_mb'] / 1024:.1f}")


def budget_problems(notebook: NotebookNode, cost: dict[str, Any] | None) -> list[str]:
    """The opening states what the build measured, within a factor that machines differ by."""
    stated = BUDGET.search(notebook.cells[0].source)
    if not stated:
        return ["the opening has no budget line such as: " + budget_line(cost or {"seconds": 20, "memory_mb": 600})]
    if not cost:
        return ["no recorded budget: build it"]
    found = []
    pairs = [("seconds", float(stated[1]), cost["seconds"]), ("GB", float(stated[2]), cost["memory_mb"] / 1024)]
    for unit, said, measured in pairs:
        if not measured / FACTOR <= said <= measured * FACTOR:
            found.append(f"states {said:g} {unit} and the build measured {measured:.3g}")
    if cost["seconds"] > SLOWEST or cost["memory_mb"] > LARGEST or cost["download_mb"]:
        found.append(f"costs more than {SLOWEST} s, {LARGEST} MB or no download: {cost}")
    return found
