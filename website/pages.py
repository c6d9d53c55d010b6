"""The pages that are no lesson: the front page, the ledger, the assignments and the documents of the repository."""

import re
from pathlib import Path

from website.links import DOCUMENTS, ROOT, Site

INSTALL = "install.md"  # what the README says beside its first screen, its ladder and its map
FRONT = ("Three commands", "The ladder", "Course map")  # sections of the README that stand on the front page
TOCTREE = "```{{toctree}}\n:caption: {caption}\n:maxdepth: 1\n:hidden:\n\n{entries}\n```\n"


def write_documents(site: Site) -> None:
    """The documents that have a page of their own."""
    for file, page in DOCUMENTS.items():
        if file != "README.md":
            text = (ROOT / file).read_text(encoding="utf-8")
            site.write(page, site.relink(text, file, page))


def sections(text: str) -> list[tuple[str, str]]:
    """(title, text with its heading) of a document's sections of the second level; the title of what is first is ""."""
    parts = re.split(r"^(?=## )", text, flags=re.M)
    return [("", parts[0]), *((part[3 : part.index("\n")], part) for part in parts[1:])]


def write_front(site: Site, groups: dict[str, list[str]]) -> None:
    """The README in two pages: what the course is, and how it is installed and used. `groups` makes the menu."""
    parts = sections((ROOT / "README.md").read_text(encoding="utf-8"))
    front = [text for title, text in parts if not title or title.startswith(FRONT)]
    rest = [text for title, text in parts if title and not title.startswith(FRONT)]
    trees = [TOCTREE.format(caption=caption, entries="\n".join(pages)) for caption, pages in groups.items()]
    site.write("index.md", "\n".join([site.relink("".join(front), "README.md", "index.md"), *trees]))
    site.write(INSTALL, "# Install and use\n\n" + site.relink("".join(rest), "README.md", INSTALL))


def write_assignments(site: Site) -> list[str]:
    """What each assignment asks, without its code, its checks and its solutions; the names of the pages."""
    sources = sorted((ROOT / "notebooks/assignments/source").glob("A*.py"))
    for source in sources:
        site.write(f"assignments/{source.stem}.md", assignment(source))
    return [f"assignments/{source.stem}" for source in sources]


def assignment(source: Path) -> str:
    """What learners read: the text cells without the code, and without the rubrics, which are the text of an essay's
    cell (`[markdown] essay=...`)."""
    cells = re.split(r"^# %%", source.read_text(encoding="utf-8"), flags=re.M)
    headed = (cell.partition("\n") for cell in cells)
    texts = [text for head, _, text in headed if head.strip() == "[markdown]"]
    return "\n\n".join(re.sub(r"^# ?", "", text, flags=re.M).strip() for text in texts) + "\n"
