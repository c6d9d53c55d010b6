"""One file a subject: its claims, how each is tested, and the rules for verdicts. Importing this enters them all.

`placed` draws what the subject of solvers compares.
"""

from importlib import import_module
from pkgutil import iter_modules

for subject in iter_modules(__path__, f"{__name__}."):
    import_module(subject.name)
