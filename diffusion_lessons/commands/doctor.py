"""`diffusion-lessons doctor`: the examination of this machine, printed line by line."""

import torch

from diffusion_lessons import schedules, toys
from diffusion_lessons.doctor import examine
from diffusion_lessons.invariants import diagnose


def show_health() -> bool:
    """Print the examination, then the invariants of an exact mixture; True if all is well."""
    well = True
    for finding in examine():
        print(finding)
        well = well and finding.ok
    print("\nThe invariants on a mixture whose denoiser is exact:")
    mixture, path = toys.GaussianMixture([[1.0, 0.0], [-1.0, 0.5]], stds=0.3), schedules.ddpm_linear()
    failed = diagnose(mixture.denoiser(path), path, data=mixture.sample(2000, torch.Generator().manual_seed(0)))
    well = well and failed is None
    print("\nAll is well." if well else "\nSomething needs attention: see the line marked FAILS.")
    return well
