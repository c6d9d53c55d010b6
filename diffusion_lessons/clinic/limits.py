"""Where a measurement becomes an alarm, and why there.

Each limit has a reason of its own: a theorem, or what an eye can see. Beside it stands what was measured, on the
networks that ship with the course (`python -m benchmarks.limits`: two each of the digits, of captions and of CIFAR-10,
three of MNIST) and on the patient. A limit that fits the patients alone is worth nothing, so it stands well away from
both, and nearer to the reason than to either.
"""

# Images in [-1, 1] have black below 0. Those in [0, 1] or [0, 255] have none: their smallest value is 0. A little
# room above 1 is for resized images, which overshoot, and for standardised ones.
LOWEST, LARGEST = -0.05, 3.0

# Twice the same input: apart by rounding, a millionth (measured: at most 4e-7), or by dropout, tenths (0.2).
REPEATS = 1e-2

# Times T / 1000 apart, in the upper half where bfloat16 holds one of four whole numbers up to 1,000. In float32 two
# neighbours never had the same answer; rounded to bfloat16 seven of nine pairs had.
TIMES = (0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)

# Guided exact estimates end at 0 (measured: below 0.01); clipped before they are guided, at 1 for every scale above
# 1.5. A quarter of the range is between the two.
GUIDED = 0.25

# Where sampling may start is `samplers.checks.holds_data`, the rule by which samplers warn.

# An exact picture on the way down, against alpha. What is exact for a picture (DDIM, all DPM-Solvers, DDPM, SDE) is
# right to 0.03, the chance of 64 samples; Euler in t, with ten steps, to 0.17. alpha^2 is off by 0.25 on a single
# step, and by more when steps follow each other (1.7).
SIGNAL = 0.25

# Noise in x_t on the way down, against sigma. A sampler with fresh noise (DDPM, the SDE, DDIM with eta, churn) has
# exactly sigma, whatever its steps are: 4 % were measured in 64 small pictures, by chance. (DDPM with the large
# variance has too much, and a law of its own, `probes.large_variance`. Euler and Maruyama's method is right in small
# steps only, and accused in others.) Without fresh noise what is missing is the solver's error, in units of x_t's
# size: 0.09 at most was measured with every solver in 20 steps, evenly in t or in lambda. Fresh noise of 0.3 sigma
# that nothing takes out is 0.24 off after ten steps.
FRESH, NOISE = 0.1, 0.15

# Noise in a finished picture of range 2: 0.02 are two or three of 256 grey levels. Euler in t leaves up to 0.015,
# everything else nothing; the patient leaves 0.17.
LEFT = 0.02

# The loss against the best linear denoiser, at every level. By definition the best denoiser has at most 1, and at high
# noise without labels it has 1: measured, with labels, 0.94 or less (0.78 but for CIFAR-10), without, up to 1.02. The
# room above is for the chance of a hundred images. A network that is misread has 9 to 1,000.
LINEAR = 1.2

# <x0_hat, x_0 - x0_hat> / <x_0, x_0> is 0 for a conditional mean: its error is orthogonal to it. Measured: within
# 0.02. An x0_hat that is a tenth too large has 0.1, times the share of power that it holds.
OVERLAP = 0.08

# Standard errors by which another label's loss has to be higher. By chance 4 is one case in 30,000; with labels that
# mean something it was 11 or more, and with those that do not, 0. Labels matter where an image is not recognised.
SURE, LABELS_FROM = 4.0, 0.6

# What no label costs, as a share of what a wrong one costs, at the levels where x_t still shows much of the image. One
# half is the cost of the mean answer, which does not look at the image at all; a trained null looks. Measured on 200
# images: 0.21 to 0.33 for networks that ship, a standard error below this limit or more; 0.44 to 0.79 for twelve seeds
# each of the patient on two networks, 5 standard errors above it or more. SURE of them are asked for.
SHOWN, SHARE = 2.5, 0.35

# Squared distance of the answer without a label from the mean answer, in units of the labels' spread. A trained null
# has the chance of 100 draws, 1/100, and what little x_t tells of the label even there: 0.03 to 0.11 were measured, and
# 0.08 to 0.58 with embeddings that were never trained, according to their seed. By luck they may be near the mean at
# the highest level. They are not at the others, which is what SHARE is for.
NULL = 0.2

# By what share thirty more steps with an average lower the loss. At the bottom of the valley nothing is to be gained:
# measured, the short run costs 1 to 3 % there. Weights of single steps gain 4 to 8 %.
GAIN = 0.02

# The error on eight images that are learned by heart, in units of their variance.
BY_HEART = 0.1

# What the second half of those steps leaves of that error, where a network is still learning. Measured: 0.68, with the
# digits network and MNIST, made 8x8.
FALLING = 0.85

# Variance of what comes back from noise, against that of the images. Measured: 0.8 to 1 for noised images, and 0.6
# (`cifar10-diffusion`, in twenty steps of DDIM) to 1 for samples. The mean of two unlike pictures has half.
NARROW, WIDE = 0.5, 1.5
