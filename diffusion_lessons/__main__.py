"""`python -m diffusion_lessons` is `diffusion-lessons`; `accelerate launch -m diffusion_lessons train ...` needs it."""

from diffusion_lessons.cli import main

if __name__ == "__main__":
    main()
