"""Pictures made of sentences, against the truth: was the sentence followed, and how varied is what it left open?"""

from diffusion_lessons.face import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "adherence": ["Followed", "agreement", "ink_leaks", "swapped", "unsaid_entropy"],
        "accuracy": ["judge_accuracy", "reconstruction"],
        "retrieval": ["binding_margin", "judged_binding"],
        "system": [
            "follow_sentences",
            "fresh_sentences",
            "held_out",
            "left_open",
            "red_sevens",
            "seen",
            "two_ink_sentences",
            "two_inks",
        ],
        "negatives": ["default_negative", "negated", "real_moments", "timed_negative"],
        "choosing": ["best_of"],
        "evaluator": ["of_captions", "of_network"],
        "report": [],
    },
)
