"""Figures: what each shows is said in its title, axes and alternative text. Nothing here prints."""

from diffusion_lessons.face import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "style": [],
        "pictures.display": ["show", "png", "beside"],
        "pictures.images": ["image_grid", "save_picture"],
        "pictures.captioned": ["captioned_grid"],
        "pictures.saving": ["save_figure"],
        "pictures.animations": ["save_animation", "show_animation", "trajectory_frames"],
        "diffusion.noising": [
            "density_over_time",
            "forward_strip",
            "forward_walks",
            "image_strip",
            "observer_figure",
            "schedule_figure",
        ],
        "diffusion.training": ["answers_figure", "curves_figure", "training_figure"],
        "diffusion.reverse_step": ["step_figure"],
        "diffusion.trajectories": ["estimate_strip", "plane_figure", "trajectory_figure"],
        "diffusion.convergence": ["last_steps_figure", "order_figure"],
        "quality.metrics": ["floor_figure", "without_class"],
        "quality.frontier": ["joined", "over_scale"],
        "quality.levels": [],
        "quality.timings": ["parts_figure", "speed_ups_figure", "timings_figure"],
        "quality.real_run": ["by_class", "class_grid", "guided_figure", "history_figure", "relative_figure"],
        "quality.labels": [],
        "quality.techniques": ["all_networks_figure", "family", "techniques_figure"],
        "quality.preference": ["preference_figure"],
        "diffusion.few_steps": ["methods_figure", "trajectories_figure"],
        "diffusion.denoisers": ["jumps_figure"],
        "diffusion.clinic": [],
    },
)
