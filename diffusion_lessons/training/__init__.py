"""Training: losses, the running average, one step, the loop that repeats it, its state, and recipes."""

from diffusion_lessons.face import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "base": ["BaseRecipe"],
        "batches": ["draw_batch", "optimal_coupling"],
        "losses": ["loss", "sample_times"],
        "ema": ["EMA"],
        "fine_tuning": ["fine_tune"],
        "pairs": ["Pairs"],
        "recipes": ["Recipe"],
        "loop": ["TrainingRecord", "finish", "train"],
        "prepared": [],
        "step": [],
        "history": [],
        "folder": [],
        "paradigms": [],
        "state": [],
        "classifier": [],
        "captions": [],
    },
)
