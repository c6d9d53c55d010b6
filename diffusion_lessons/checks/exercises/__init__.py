"""Every exercise of the course by its name, ordered by subject; a file holds a few of one lesson, a record each."""

from diffusion_lessons.checks.exercise import Exercise
from diffusion_lessons.checks.exercises.conditions.guidance import (
    DROP_LABELS,
    GUIDE,
    GUIDE_DOUBLED,
    NEXT_SCALE,
    SCALE_FROM_W,
)
from diffusion_lessons.checks.exercises.conditions.guided_gaussians import GUIDED_MEAN, GUIDED_STD
from diffusion_lessons.checks.exercises.conditions.negative import LARGEST_SCALE, NEGATIVE_GUIDE
from diffusion_lessons.checks.exercises.conditions.text_to_image import (
    CLIP_LOSS,
    CROSS_ATTENTION,
    NEGATIVE_WEIGHTS,
    WITHOUT,
)
from diffusion_lessons.checks.exercises.diffusion.ddim import DDIM_ETA_STEP, DDIM_STD, DDIM_STEP
from diffusion_lessons.checks.exercises.diffusion.ddpm import DDPM_STEP, DDPM_VARIANCES
from diffusion_lessons.checks.exercises.diffusion.flow import FLOW_POINT, FLOW_X0, VELOCITY_TARGET
from diffusion_lessons.checks.exercises.diffusion.noise import ALPHA_BAR, FORWARD, FORWARD_STEP, PREDICT_X0
from diffusion_lessons.checks.exercises.diffusion.one_picture import (
    BITS_FROM_NATS,
    ETA_OF_NOISE,
    NOISY_STEP,
    SCORE_FROM_X0,
)
from diffusion_lessons.checks.exercises.diffusion.solvers import EXTRAPOLATE_X0, HEUN_STEP, LOGSNR_TIMES, SLOPE
from diffusion_lessons.checks.exercises.diffusion.times import STRIDED_TIMES
from diffusion_lessons.checks.exercises.diffusion.training import EMA, TRAINING_LOSS, V_TARGET
from diffusion_lessons.checks.exercises.diffusion.worked_example import BY_HAND, THREE_STEPS
from diffusion_lessons.checks.exercises.distilled.consistency import CONSISTENCY_SAMPLE, CONSISTENCY_TARGET
from diffusion_lessons.checks.exercises.distilled.few_steps import PROGRESSIVE_TARGET, REFLOW_EXAMPLE
from diffusion_lessons.checks.exercises.quality.copies import NEAREST_IMAGE
from diffusion_lessons.checks.exercises.quality.debugging import (
    DIAGNOSES,
    GUIDE_THEN_CLIP,
    LINEAR_LOSS,
    SIGNAL_AND_NOISE,
)
from diffusion_lessons.checks.exercises.quality.faster import (
    CACHED_EULER,
    FAIR_SPEEDUP,
    WORD_SHARES,
)
from diffusion_lessons.checks.exercises.quality.frontier import CHOOSE, FRONTIER
from diffusion_lessons.checks.exercises.quality.int8 import INT8_VALUES, ROUNDING_BOUND
from diffusion_lessons.checks.exercises.quality.latency import COUNT_NFE, LATENCY, UNFAIR
from diffusion_lessons.checks.exercises.quality.measuring import APART, FRECHET, KERNEL_ESTIMATE
from diffusion_lessons.checks.exercises.quality.real_run import COST_OF_RUN, IN_UNITS_OF_THE_LAST
from diffusion_lessons.checks.exercises.quality.real_systems import DDIM_ROW, NEXT_X, THEIR_NEXT_TIME

NOISE = (ALPHA_BAR, FORWARD, FORWARD_STEP, PREDICT_X0)
TRAINING = (TRAINING_LOSS, EMA, DROP_LABELS, V_TARGET, FLOW_POINT, VELOCITY_TARGET, FLOW_X0)
ONE_STEP = (DDPM_STEP, DDIM_STEP, DDPM_VARIANCES, DDIM_STD, DDIM_ETA_STEP)
MANY_STEPS = (STRIDED_TIMES, THREE_STEPS, BY_HAND)
SOLVERS = (HEUN_STEP, EXTRAPOLATE_X0, SLOPE, LOGSNR_TIMES)
GUIDANCE = (GUIDE, GUIDE_DOUBLED, NEGATIVE_GUIDE, SCALE_FROM_W, NEXT_SCALE, GUIDED_MEAN, GUIDED_STD, LARGEST_SCALE)
TEXT_TO_IMAGE = (CROSS_ATTENTION, CLIP_LOSS, WITHOUT, NEGATIVE_WEIGHTS)
MEASURING = (NEAREST_IMAGE, FRECHET, LATENCY, COUNT_NFE, KERNEL_ESTIMATE, APART, FRONTIER, CHOOSE, UNFAIR)
FEW_STEPS = (REFLOW_EXAMPLE, PROGRESSIVE_TARGET, CONSISTENCY_TARGET, CONSISTENCY_SAMPLE)
FASTER = (INT8_VALUES, ROUNDING_BOUND, CACHED_EULER, WORD_SHARES, FAIR_SPEEDUP)
REAL_RUN = (COST_OF_RUN, IN_UNITS_OF_THE_LAST)
REAL_SYSTEMS = (DDIM_ROW, NEXT_X, THEIR_NEXT_TIME)
ONE_PICTURE = (SCORE_FROM_X0, NOISY_STEP, ETA_OF_NOISE, BITS_FROM_NATS)
DEBUGGING = (LINEAR_LOSS, SIGNAL_AND_NOISE, DIAGNOSES, GUIDE_THEN_CLIP)

SUBJECTS = (
    *(NOISE, TRAINING, ONE_STEP, MANY_STEPS, SOLVERS, GUIDANCE, TEXT_TO_IMAGE),
    *(MEASURING, FEW_STEPS, FASTER, REAL_RUN, REAL_SYSTEMS, ONE_PICTURE, DEBUGGING),
)
EXERCISES: dict[str, Exercise] = {exercise.name: exercise for subject in SUBJECTS for exercise in subject}
