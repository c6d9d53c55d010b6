"""The paths on which properties are tested."""

from diffusion_lessons import schedules

PATHS = {
    "ddpm_linear": schedules.ddpm_linear(),
    "short": schedules.ddpm_linear(T=10, beta_start=1e-3, beta_end=0.5),
    "cosine": schedules.cosine(),
    "flow": schedules.flow(),
    "variance_exploding": schedules.variance_exploding(),
    "zero_terminal": schedules.from_alpha_bar([0.9, 0.5, 0.2, 0.0]),
}
