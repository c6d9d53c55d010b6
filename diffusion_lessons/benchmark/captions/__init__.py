"""The text-to-image system measured as a whole: who spends its time, and one table of all that is counted."""

from diffusion_lessons.face import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "part_times": ["PartTimes", "time_table", "times_of_parts"],
        "system_table": ["System", "load_system", "read"],
        "two_paths": ["compare_paths"],
        "ways": ["measured_ways"],
    },
)
