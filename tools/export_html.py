"""Lessons as web pages, one file each, that need no network: pictures and, once fetched, what typesets the formulas.

python tools/export_html.py                 # all built lessons, to runs/html
python tools/export_html.py 04 --fetch      # get MathJax first (npm, 6 MB, once); each page then grows by 2.1 MB

Pages that JupyterLab exports load MathJax from the web and show bare LaTeX without it. MathJax is too large for this
repository, so it is fetched where somebody asks for it.
"""

import argparse
import re
import subprocess
import sys
import tarfile
from pathlib import Path

from lesson_files import LESSONS, ROOT, names, read_built
from nbconvert.exporters import HTMLExporter

from diffusion_lessons.machine.files import write_atomically

VERSION, FILE = "3.2.2", "package/es5/tex-svg.js"  # one file that holds its fonts, as SVG
PLACE = ROOT / "runs/mathjax"
SETTINGS = "window.MathJax = {tex: {inlineMath: [['$', '$'], ['\\\\(', '\\\\)']], processEscapes: true}};"
LOADED = re.compile(r"<!-- Load mathjax -->.*?<!-- End of mathjax configuration -->", re.DOTALL)
WITHOUT = (
    "These pages show their formulas only where there is a network, since MathJax is not on this machine. "
    "With it they work everywhere: python tools/export_html.py --fetch (needs npm)."
)


def fetch() -> None:
    """MathJax from the npm registry, by npm itself, which checks what it gets."""
    PLACE.mkdir(parents=True, exist_ok=True)
    subprocess.run(["npm", "pack", "--silent", f"mathjax@{VERSION}"], cwd=PLACE, check=True)
    with tarfile.open(PLACE / f"mathjax-{VERSION}.tgz") as archive:
        archive.extract(FILE, PLACE, filter="data")


def page(name: str, script: str | None) -> str:
    """The lesson as HTML, with the script that typesets formulas in the place of the one on the web."""
    html, _ = HTMLExporter(template_name="lab").from_notebook_node(read_built(LESSONS / f"{name}.ipynb"))
    if script is None:
        return html
    own = f"<script>{SETTINGS}</script>\n<script>{script.replace('</script', '<' + chr(92) + '/script')}</script>"
    html, replaced = LOADED.subn(lambda _: own, html)
    if replaced != 1:
        raise ValueError("nbconvert loads MathJax in another way than it did: look at its template mathjax.html.j2")
    return html


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Lessons as web pages that need no network.")
    parser.add_argument("names", nargs="*", help="lessons, such as 04 or 04_ddim; all by default")
    parser.add_argument("--fetch", action="store_true", help="get MathJax first, with npm")
    parser.add_argument("--out", type=Path, default=ROOT / "runs/html", help="a folder (default: runs/html)")
    options = parser.parse_args(arguments)
    if options.fetch:
        fetch()
    source = PLACE / FILE
    script = source.read_text(encoding="utf-8") if source.is_file() else None
    if script is None:
        print(WITHOUT, file=sys.stderr)
    options.out.mkdir(parents=True, exist_ok=True)
    for name in names(options.names):
        file = options.out / f"{name}.html"
        write_atomically(file, page(name, script).encode())
        print(file)


if __name__ == "__main__":
    main()
