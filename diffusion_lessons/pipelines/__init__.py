"""The samplers of this course inside production pipelines, and networks of production behind its own samplers.

    pipe.scheduler = pipelines.LessonScheduler.from_config(pipe.scheduler.config, sampler="dpm_solver_pp_2s")
    denoise = pipelines.denoiser_of(pipe.unet, pipe.scheduler.config, null=empty_prompt)
    pipelines.save_miniature("miniature")  # StableDiffusionPipeline.from_pretrained("miniature")("a red seven")

All that touches `diffusers` or `transformers` needs the extra "pipelines"; `linear_steps` needs nothing.
"""

from diffusion_lessons.face import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "coefficients": ["LinearStep", "follow", "linear_steps", "write_steps"],
        "configs": ["path_of", "predicts_of", "quiet_import", "why_no_pipelines"],
        "directory": ["miniature", "save_miniature"],
        "parts": ["MiniatureDecoder", "MiniatureText", "MiniatureUNet", "tokenizer"],
        "schedulers": ["LessonFlowScheduler", "LessonScheduler"],
        "theirs": ["denoiser_of"],
    },
)
