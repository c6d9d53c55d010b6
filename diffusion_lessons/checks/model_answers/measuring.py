"""Answers on text-to-image systems, on measuring, and on what makes a network faster."""

import math

import numpy as np


def cross_attention(q, k, v, mask):
    scores = np.where(mask, q @ k.T / q.shape[1] ** 0.5, -np.inf)  # [N, M]
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True) @ v


def clip_loss(images, sentences, scale):
    weights = np.exp(scale * images @ sentences.T)  # cosines are at most 1, so nothing grows too large
    right = np.diag(weights)
    return -(np.log(right / weights.sum(axis=0)) + np.log(right / weights.sum(axis=1))).mean() / 2


def without(p, unwanted):
    rest = np.where(np.arange(len(p)) == unwanted, 0.0, p)
    return rest / rest.sum()


def negative_weights(scale, level, low, high):
    pushed_off = 1 - scale  # what is left of 1 for where guidance starts
    if low < level <= high:
        return 0.0, scale, pushed_off
    return pushed_off, scale, 0.0


def nearest_image(drawn, images):
    squares = ((np.asarray(drawn)[:, None] - np.asarray(images)[None]) ** 2).sum(axis=-1)  # [N, M]
    return squares.argmin(axis=1)


def frechet(mean_a, cov_a, mean_b, cov_b):
    product = np.asarray(cov_a) @ np.asarray(cov_b)
    trace_of_root = np.sqrt(np.linalg.eigvals(product).astype(complex)).real.sum()
    distance = np.sum((np.asarray(mean_a) - np.asarray(mean_b)) ** 2)
    return distance + np.trace(np.asarray(cov_a)) + np.trace(np.asarray(cov_b)) - 2 * trace_of_root


def latency(seconds, batch, warmup):
    return np.median(seconds[warmup:]) / batch


def count_nfe(steps, stages, guided):
    evaluations = stages * (steps - 1) + 1
    return 2 * evaluations if guided else evaluations


def kernel_estimate(K_real, K_fake, K_across):
    def off_diagonal(K):
        n = len(K)
        return (K.sum() - K.diagonal().sum()) / (n * (n - 1))

    return off_diagonal(K_real) + off_diagonal(K_fake) - 2 * K_across.mean()


def apart(a, spread_a, b, spread_b):
    return abs(a - b) / math.hypot(spread_a, spread_b)


def frontier(points):
    def beats(one, other):
        return one[0] <= other[0] and one[1] <= other[1] and one != other

    return [point for point in points if not any(beats(other, point) for other in points)]


def choose(points, budget):
    fitting = [point for point in points if point[1] <= budget]
    return min(fitting, key=lambda point: point[2])[0] if fitting else None


def unfair(claim_a, claim_b):
    must = ("network", "precision", "batch", "device", "guidance")
    return {key for key in must if key not in claim_a or key not in claim_b or claim_a[key] != claim_b[key]}


def int8_values(x):
    step = abs(x).max() / 127
    return (x / step).round() * step


def rounding_bound(x):
    return abs(x).max() / 127 / 2


def cached_euler(u, x, times, every):
    for k in range(len(times) - 1):
        if k % every == 0:
            velocity = u(x, times[k])
        x = x + (times[k + 1] - times[k]) * velocity
    return x


def word_shares(whole, without):
    return 1 - (without @ whole) / (whole @ whole)


def fair_speedup(log, batch, steps):
    def typical(name):
        return np.median([seconds for *which, call, seconds in log if which == [name, batch, steps] and call > 0])

    return typical("plain") / typical("fast")


def cost_of_run(images, batch, images_in_set, images_per_second):
    return math.ceil(images / batch), images / images_in_set, images / images_per_second / 3600


def in_units_of_the_last(steps, distances):
    return np.asarray(distances) / distances[int(np.argmax(steps))]
