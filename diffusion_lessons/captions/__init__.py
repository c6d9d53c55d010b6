"""Text to image in miniature: a denoiser that is told in words, what stands around it, and the judge of its pictures.

denoise = load("captions-diffusion")
pictures, latents = captions.draw(denoise, "a thick red seven", 16, negative="smudged", scale=4.0)
seen = checkpoints.captions.load_judge()(pictures)

The scenes, their sentences and the exact distribution of what a sentence leaves unsaid are in `data.captions`.
"""

from diffusion_lessons.face import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "denoiser": ["CaptionDenoiser", "as_tokens"],
        "text_cache": ["TextCache"],
        "tiling": ["decode_tiled"],
        "drawing": ["Drawn", "draw"],
        "word_attention": ["attention_of_word", "attention_of_words", "without_head"],
        "judge": ["Judge"],
    },
)
