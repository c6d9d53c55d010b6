"""How good samples are: distances, precision and recall, adherence, memorization, each with its floor."""

from diffusion_lessons.face import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "evaluator": ["Evaluator"],
        "features": ["Reference", "probabilities", "reference", "training_index"],
        "scores": ["Score", "evaluate", "metric_named"],
        "errors": ["measured", "over_draws", "resolved"],
        "intervals": ["equivalent", "holm", "interval", "no_worse", "wilson_interval"],
        "frechet": ["frechet_between", "frechet_distance", "moments"],
        "kernel_distance": ["cubic_kernel"],
        "precision_recall": ["density_coverage"],
        "adherence": ["class_variance", "contrast", "diversity", "out_of_range"],
        "likelihood": ["bits_per_dimension", "log_likelihood"],
        "memorization": ["index_of", "memorization_probe"],
        "jackknife": [],
        "proportions": [],
        "samples": ["Features", "population"],
        "inception": [],
        "captions": [],
        "preference": [],
    },
)
