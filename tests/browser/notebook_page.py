"""A notebook open in JupyterLab, as a person sees it: run it, look at its panels, move their sliders."""

import re
import time
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Locator, Page

from tests.browser.server import TOKEN

OPEN_SECONDS, RUN_SECONDS, DRAW_SECONDS = 120, 240, 30  # far more than it takes; a busy machine is slow

# Lab's own command, once the kernel answers: a click on its button before that is silently lost.
RUN_ALL = """async seconds => {
    const run = async () => {
        const panel = jupyterapp.shell.currentWidget;
        await panel.context.ready;
        await panel.sessionContext.ready;
        await panel.sessionContext.session.kernel.info;
        await jupyterapp.commands.execute("notebook:run-all-cells");
        return true;
    };
    return Promise.race([run(), new Promise(done => setTimeout(() => done(false), 1000 * seconds))]);
}"""
CELLS = """() => jupyterapp.shell.currentWidget.content.widgets
    .filter(cell => cell.model.type === "code" && cell.model.sharedModel.source.trim())
    .map(cell => ({source: cell.model.sharedModel.source, count: cell.model.executionCount,
                   outputs: cell.model.outputs.toJSON()}))"""
# Lab keeps cells that are out of sight off the page: bring the tagged one into view and mark its element.
SHOW_TAGGED = """async tag => {
    const notebook = jupyterapp.shell.currentWidget.content;
    const index = notebook.widgets.findIndex(cell => (cell.model.getMetadata("tags") ?? []).includes(tag));
    if (index < 0) throw new Error(`no cell has the tag ${tag}`);
    notebook.activeCellIndex = index;
    await notebook.scrollToItem(index, "start");
    notebook.widgets[index].node.dataset.tagged = tag;
}"""
# The file that an <img> shows: equal texts are equal pictures.
PICTURE = """async image => {
    const bytes = new Uint8Array(await (await fetch(image.src)).arrayBuffer());
    return Array.from(bytes, byte => byte.toString(16).padStart(2, "0")).join("");
}"""


# Save, and end the kernel.
SAVE = """async () => {
    const panel = jupyterapp.shell.currentWidget;
    await panel.context.save();
    await panel.sessionContext.shutdown();
}"""
# Of a cell by its number, what SHOW_TAGGED does for one with a tag.
SHOW_CELL = """async number => {
    const notebook = jupyterapp.shell.currentWidget.content;
    notebook.activeCellIndex = number;
    await notebook.scrollToItem(number, "start");
    notebook.widgets[number].node.dataset.number = number;
}"""
# The first cell is on the page before the last one is made.
COMPLETE = """() => {
    const notebook = jupyterapp.shell.currentWidget?.content;
    return notebook?.model?.cells?.length > 0 && notebook.widgets.length === notebook.model.cells.length;
}"""
TRUSTED = """() => jupyterapp.shell.currentWidget.content.widgets.every(
    cell => cell.model.type !== "code" || cell.model.trusted)"""


class NotebookPage:
    """One notebook in one tab. `complaints` is what the browser's console called an error, `strangers` other hosts."""

    def __init__(self, page: Page, address: str, path: str):
        self.page, self.complaints, self.strangers = page, [], set()
        page.on("console", self._said)
        page.on("pageerror", lambda error: self._complain(str(error)))
        page.on("request", lambda request: self._called(request.url))
        self._address = f"{address}lab/tree/{path}?token={TOKEN}&reset"
        self._open()

    def _open(self) -> None:
        self.page.goto(self._address)
        self.page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=OPEN_SECONDS * 1000)
        self.page.wait_for_function(COMPLETE, timeout=OPEN_SECONDS * 1000)

    def _said(self, message: ConsoleMessage) -> None:
        """Lab replaces a cell's `attachment:` after it is on the page, and Chromium may ask for it in between."""
        if message.type == "error" and not message.location["url"].startswith("attachment:"):
            self._complain(message.text)

    def _complain(self, text: str) -> None:
        self.complaints.append(re.sub(r"\d+", "N", text))  # ports and identifiers differ from run to run

    def _called(self, url: str) -> None:
        if urlsplit(url).scheme in {"http", "https", "ws", "wss"} and urlsplit(url).hostname != "127.0.0.1":
            self.strangers.add(url)

    def run_all(self) -> None:
        """Run all cells; an error output or a cell that was not run is an AssertionError."""
        ended = self.page.evaluate(RUN_ALL, RUN_SECONDS)
        assert ended, f"still running after {RUN_SECONDS} s; the page says: {self.page.inner_text('body')[-500:]}"
        for cell in self.cells():
            errors = [f"{o['ename']}: {o['evalue']}" for o in cell["outputs"] if o["output_type"] == "error"]
            assert not errors, f"{errors[0]} in the cell\n{cell['source']}"
            assert cell["count"], f"not run:\n{cell['source']}"

    def cells(self) -> list[dict]:
        """The code cells: source, execution count and outputs, as the page holds them."""
        return self.page.evaluate(CELLS)

    def save_and_reopen(self) -> None:
        """As on the next day: the notebook was saved, its kernel is gone, and the page is opened anew."""
        self.page.evaluate(SAVE)
        self._open()

    def trusted(self) -> bool:
        """Whether Lab shows all that the outputs hold, since this user ran them."""
        return self.page.evaluate(TRUSTED)

    def cell(self, number: int) -> Locator:
        """The cell with this number, in view."""
        self.page.evaluate(SHOW_CELL, number)
        cell = self.page.locator(f"[data-number='{number}']")
        cell.wait_for(timeout=DRAW_SECONDS * 1000)
        return cell

    def panel(self, tag: str = "panel") -> Locator:
        """The first cell with this tag, in view, with its controls alive: not the stored picture of it."""
        self.page.evaluate(SHOW_TAGGED, tag)
        panel = self.page.locator(f"[data-tagged={tag}]")
        panel.locator(".widget-vbox img.widget-image").first.wait_for(timeout=DRAW_SECONDS * 1000)
        return panel

    def close(self) -> None:
        self.page.evaluate("() => jupyterapp.shell.currentWidget.sessionContext.shutdown()")
        self.page.close()


def picture(panel: Locator) -> str:
    """What the panel's picture shows."""
    return panel.locator("img.widget-image").first.evaluate(PICTURE)


def move(panel: Locator, slider: int, seconds: float = DRAW_SECONDS) -> None:
    """Press the right arrow key on a slider; an AssertionError if the picture stays the same."""
    before = picture(panel)
    panel.locator(".noUi-handle").nth(slider).press("ArrowRight")
    until = time.monotonic() + seconds
    while picture(panel) == before:
        assert time.monotonic() < until, f"slider {slider} was moved and the picture stayed the same for {seconds} s"
        panel.page.wait_for_timeout(100)


def settle(panel: Locator) -> None:
    """Wait until the picture has stayed the same for a second: the newest position is drawn."""
    after, before = picture(panel), ""
    while after != before:
        panel.page.wait_for_timeout(1000)
        before, after = after, picture(panel)
