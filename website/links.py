"""Where a file of the repository stands on the site, and the links of its documents, turned to lead there."""

import os
import re
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LESSONS = "notebooks/lessons"
DOCUMENTS = {  # file of the repository -> page of the site
    "README.md": "index.md",
    "CLAIMS.md": "ledger.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "docs/glossary.md": "glossary.md",
    "docs/training_speed.md": "training_speed.md",
    "notebooks/assignments/TEACHING.md": "teaching.md",
}
LINK = re.compile(r"(!?\[[^\]\n]*(?:\n[^\]\n]+)?\])\(([^)\s]+)\)")


def page_of(file: str) -> str | None:
    """The page of a file of the repository, such as "lessons/04_ddim.md"; None for one that has no page."""
    if file.startswith(f"{LESSONS}/") and file.endswith(".ipynb"):
        return f"lessons/{Path(file).stem}.md"
    return DOCUMENTS.get(file)


def slug(anchor: str) -> str:
    """The name of a heading as the pages spell it, from a notebook's `#The-one-line-update`."""
    return re.sub(r"[^\w\- ]", "", anchor.lower())


class Site:
    """The folder in which the pages are written, before Sphinx reads them."""

    def __init__(self, folder: Path):
        self.folder = folder

    def write(self, page: str, text: str) -> None:
        file = self.folder / page
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def relink(self, text: str, source: str, page: str) -> str:
        """The links of a text from the file `source` of the repository, as they are written on a page of the site.

        A file that has no page is copied beside the pages, so that the link leads to it as a download.
        """

        def turned(link: re.Match[str]) -> str:
            words, target = link.groups()
            if re.match(r"[a-z]+:", target):
                return link.group()
            file, mark, anchor = target.partition("#")
            if not file:
                return f"{words}(#{slug(anchor)})"
            return f"{words}({self._place(file, source, page)}{mark}{slug(anchor)})"

        blocks = re.split(r"(^```.*?^```[^\n]*$|`[^`\n]+`)", text, flags=re.M | re.S)  # code keeps its brackets
        return "".join(block if number % 2 else LINK.sub(turned, block) for number, block in enumerate(blocks))

    def _place(self, file: str, source: str, page: str) -> str:
        there = os.path.normpath(os.path.join(os.path.dirname(source), file))
        place = page_of(there) or self.copy(there)
        return os.path.relpath(place, os.path.dirname(page) or ".")

    def copy(self, file: str) -> str:
        """Copy a file of the repository beside the pages; its place there."""
        if not (ROOT / file).is_file():
            raise ValueError(f"a page links to {file}, which is no file of the repository")
        place = f"files/{file}" if Path(file).suffix else f"files/{file}.txt"
        target = self.folder / place
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / file, target)
        return place
