"""Which of two pictures do people prefer? Pairs shown blind, votes kept, and strengths with their intervals.

pairs       which pictures are shown beside each other
votes       what a person chose, a file for each, read and merged
strengths   Bradley-Terry: one number for each way of sampling
agreement   do persons agree, does the side matter, how many votes would decide, which score predicts the votes
simulated   a small set of simulated votes, marked as such, so that the analysis runs before anybody has voted
"""

from diffusion_lessons.face import offer

__getattr__, __dir__, __all__ = offer(
    __name__,
    {
        "votes": ["Vote", "decided", "read_votes"],
        "pairs": ["measures_of", "of_ways", "order_for", "pictures_of", "scores_of", "study_pairs"],
        "strengths": ["Strengths", "bradley_terry"],
        "agreement": ["left_share", "predicted", "votes_needed"],
        "simulated": ["simulate", "simulated_votes"],
    },
)
