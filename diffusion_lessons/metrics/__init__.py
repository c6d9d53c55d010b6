"""How good samples are: distances, precision and recall, adherence, memorization, each with its floor."""

from diffusion_lessons.face import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "evaluator": ["Evaluator"],
        "features": ["Reference", "probabilities", "reference"],
        "scores": ["Score", "evaluate", "metric_named"],
        "errors": ["measured", "over_draws", "resolved"],
        "frechet": ["frechet_between", "frechet_distance", "moments"],
        "kernel_distance": ["cubic_kernel"],
        "precision_recall": ["density_coverage"],
        "adherence": ["contrast", "diversity", "out_of_range"],
        "memorization": ["memorization_probe", "wilson_interval"],
        "inception": [],
    },
)
