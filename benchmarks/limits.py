"""What healthy networks measure where the clinic has its limits (`diffusion_lessons/clinic/limits.py`).

    python -m benchmarks.limits [NAME ...] [--data FOLDER]

Every finding of an examination, for each shipped network that is no student: up to two minutes of a core each.
"""

import argparse
from pathlib import Path

from diffusion_lessons import checkpoints
from diffusion_lessons.clinic import limits, losses
from diffusion_lessons.clinic.examination import Network, findings
from diffusion_lessons.clinic.patients import healthy
from diffusion_lessons.data import load_data


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=checkpoints.names(), metavar="NAME", help="by default all")
    parser.add_argument("--data", type=Path, help="held-out images as pictures, of a network whose own are not at hand")
    options = parser.parse_args()
    for name in options.names:
        try:
            case = healthy(name, None if options.data is None else load_data(options.data, "test"))
        except FileNotFoundError as error:
            print(f"\n{name}: {error}; or give its pictures: {name} --data FOLDER")
            continue
        network = Network(case)
        if network.is_student:
            continue
        print(f"\n{name}")
        for finding in findings(case):
            print(finding, flush=True)
        if network.conditions is not None:
            found = losses.errors_by_label(network.denoise, network.images, network.conditions)
            sure = losses.null_cost(found, limits.SHOWN, limits.SHARE).sure
            print(f"       what no label costs lies {sure:+.1f} standard errors from its limit")


if __name__ == "__main__":
    main()
