"""The clinic: what is wrong with a diffusion model whose loss has converged and whose samples are noise?

    clinic.examine(clinic.patient("v_as_eps"))  # a shipped network with a known fault, made in seconds
    clinic.examine(Case(denoise, images, labels, drawn_with(Settings("ddim", 20))))  # your own

`examine` measures one thing after the other, up to the first that fails.

`faults` lists what is seeded, each with a public thread about its kind. `examination` is the order in which one looks;
`probes` measure a sampler with exact denoisers, `losses`, `readings` and `averaging` a network with images.
"""

from diffusion_lessons.face import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "case": ["Case", "case_of", "drawn_with"],
        "patients": ["healthy", "patient", "unnamed"],
        "faults": ["FAULTS", "Fault"],
        "network_faults": [],
        "sampling_faults": [],
        "probes": ["guided_with_exact", "states_with_exact"],
        "losses": ["LinearDenoiser", "errors_by_level", "errors_by_label"],
        "readings": ["Rescaled", "other_readings"],
        "chains": ["from_levels", "overfit"],
        "short_run": ["averaging_gain", "trained_on"],
        "examination": ["examine", "findings"],
        "limits": [],
    },
)
