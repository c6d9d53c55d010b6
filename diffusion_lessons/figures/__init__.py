"""Figures: what each shows is said in its title, axes and alternative text. Nothing here prints."""

from diffusion_lessons.face import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "style": [],
        "display": ["show", "png", "beside"],
        "images": ["image_grid", "save_picture"],
        "saving": ["save_figure"],
        "animations": ["save_animation", "show_animation", "trajectory_frames"],
        "noising": [
            "density_over_time",
            "forward_strip",
            "forward_walks",
            "image_strip",
            "observer_figure",
            "schedule_figure",
        ],
        "training": ["answers_figure", "curves_figure", "training_figure"],
        "reverse_step": ["step_figure"],
        "trajectories": ["estimate_strip", "plane_figure", "trajectory_figure"],
        "convergence": ["last_steps_figure", "order_figure"],
        "metrics": ["floor_figure", "without_class"],
        "frontier": ["joined", "over_scale"],
        "few_steps": ["methods_figure", "trajectories_figure"],
        "denoisers": ["jumps_figure"],
    },
)
