"""The face of a package: the names that it offers, each imported from the module that defines it on first use.

    __getattr__, __dir__, __all__ = offer(__name__, {"images": ["image_grid"], "style": []})

One import line then gives a lesson all that it needs, and nothing is loaded before it is used: PyTorch alone takes
seconds, and `diffusion-lessons --help` does without it. A file of a folder inside is written
`"pictures.images"`, and offered as `images`: where it stands is no concern of those who call it.
"""

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any


def offer(
    package: str, modules: Mapping[str, Sequence[str]]
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """`__getattr__`, `__dir__` and `__all__` of a package that offers these modules and these names of theirs.

    Raises ValueError for a name that is also a module's, which would mean now the one and now the other, and for a name
    that two modules offer.
    """
    homes = {name: module for module, names in modules.items() for name in names}
    files = {module.rpartition(".")[2]: module for module in modules}
    if homes.keys() & files.keys() or len(homes) + len(files) < sum(map(len, modules.values())) + len(modules):
        raise ValueError(f"{package} offers a name twice")

    def getattribute(name: str) -> Any:
        if name in homes:
            return getattr(importlib.import_module(f"{package}.{homes[name]}"), name)
        if name in files:
            return importlib.import_module(f"{package}.{files[name]}")
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    everything = sorted({*homes, *files})
    return getattribute, lambda: everything, everything
