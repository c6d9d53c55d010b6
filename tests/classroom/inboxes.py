"""Inboxes as people fill them and as learning platforms download them; made here, in their form."""

import io
import json
import stat
import zipfile
from pathlib import Path

MOODLE = "Jörg Müller_4711_assignsubmission_file"
GRADESCOPE = """\
---
submission_101:
  :submitters:
  - :name: Ana Smith
    :sid: '12345'
    :email: ana@example.org
  - :name: 李雷
    :sid: '12346'
    :email: lei@example.org
  :created_at: 2024-10-01 12:00:00.000000000 Z
  :score: 0.0
submission_102:
  :submitters:
  - :name: Bo O'Brien
    :sid:
    :email: bo@example.org
  :created_at: 2024-10-01 13:00:00.000000000 Z
"""


def packed(files: dict[str, bytes], *, links: tuple[str, ...] = (), mac: bool = False) -> bytes:
    """A zip of files by name; `links` are links (their content is where they lead), `mac` as macOS writes names."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, (name, content) in enumerate(files.items()):
            entry = zipfile.ZipInfo(name, (2024, 10, 1, 12, 0, 2 * (number % 30)))
            entry.compress_type = zipfile.ZIP_DEFLATED
            if name in links:
                entry.create_system, entry.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
            archive.writestr(entry, content)
    written = data.getvalue()
    return _without_the_flag_of_utf8(written) if mac else written


def _without_the_flag_of_utf8(data: bytes) -> bytes:
    changed = bytearray(data)
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.find(signature)
        while place >= 0:
            changed[place + offset + 1] &= ~0x08 & 0xFF
            place = data.find(signature, place + 1)
    return bytes(changed)


def fill(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def changed(notebook: bytes, **marks: str) -> bytes:
    """The notebook with something of its own in it, so that versions can be told apart."""
    content = json.loads(notebook)
    content["metadata"].update(marks)
    return json.dumps(content).encode()


def without_marks(notebook: bytes) -> bytes:
    content = json.loads(notebook)
    for cell in content["cells"]:
        cell["metadata"] = {}
    return json.dumps(content).encode()
