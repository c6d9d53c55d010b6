"""Answers on noise, training, samplers and guidance."""

import math

import numpy as np


def alpha_bar(betas):
    return np.cumprod(1 - np.asarray(betas))


def forward(x0, eps, alpha_bar):
    return alpha_bar**0.5 * x0 + (1 - alpha_bar) ** 0.5 * eps


def forward_step(x, eps, beta):
    return (1 - beta) ** 0.5 * x + beta**0.5 * eps


def predict_x0(x, eps, alpha_bar):
    return (x - (1 - alpha_bar) ** 0.5 * eps) / alpha_bar**0.5


def training_loss(predict, x0, eps, t, alpha_bar):
    level = alpha_bar[t][:, None]  # [B, 1]: one level for each row
    x_t = level**0.5 * x0 + (1 - level) ** 0.5 * eps  # [B, d]
    return ((predict(x_t, t) - eps) ** 2).mean()


def ema(average, new, decay):
    return decay * average + (1 - decay) * new


def drop_labels(labels, u, p, null):
    return np.where(np.asarray(u) < p, null, labels)


def v_target(x0, eps, alpha_bar):
    return alpha_bar**0.5 * eps - (1 - alpha_bar) ** 0.5 * x0


def flow_point(x0, eps, t):
    return (1 - t) * x0 + t * eps


def velocity_target(x0, eps):
    return eps - x0


def flow_x0(x, u, t):
    return x - t * u


def ddpm_step(x, eps, z, alpha_bar_t, alpha_bar_s):
    beta = 1 - alpha_bar_t / alpha_bar_s
    mean = (x - beta / (1 - alpha_bar_t) ** 0.5 * eps) / (1 - beta) ** 0.5
    return mean if alpha_bar_s == 1 else mean + beta**0.5 * z


def ddim_step(x, eps, alpha_bar_t, alpha_bar_s):
    x0 = (x - (1 - alpha_bar_t) ** 0.5 * eps) / alpha_bar_t**0.5
    return alpha_bar_s**0.5 * x0 + (1 - alpha_bar_s) ** 0.5 * eps


def ddpm_variances(alpha_bar_t, alpha_bar_s):
    beta = 1 - alpha_bar_t / alpha_bar_s
    return [(1 - alpha_bar_s) / (1 - alpha_bar_t) * beta, beta]


def ddim_std(alpha_bar_t, alpha_bar_s, eta):
    beta = 1 - alpha_bar_t / alpha_bar_s
    return eta * ((1 - alpha_bar_s) / (1 - alpha_bar_t) * beta) ** 0.5


def ddim_eta_step(x, eps, z, alpha_bar_t, alpha_bar_s, eta):
    beta = 1 - alpha_bar_t / alpha_bar_s
    std = eta * ((1 - alpha_bar_s) / (1 - alpha_bar_t) * beta) ** 0.5
    x0 = (x - (1 - alpha_bar_t) ** 0.5 * eps) / alpha_bar_t**0.5
    return alpha_bar_s**0.5 * x0 + (1 - alpha_bar_s - std**2) ** 0.5 * eps + std * z


def strided_times(T, steps):
    return [round(T * (steps - i) / steps) for i in range(steps + 1)]


def three_steps(x, noises, alpha_bars, cap):
    states = []
    for eps, now, after in zip(noises, alpha_bars, [*alpha_bars[1:], 1.0], strict=True):
        x0 = (x - (1 - now) ** 0.5 * eps) / now**0.5
        x0 = max(-cap, min(cap, x0))
        x = after**0.5 * x0 + (1 - after) ** 0.5 * eps
        states.append(x)
    return states


by_hand = three_steps


def heun_step(field, x, t, s):
    first = field(x, t)
    last = field(x + (s - t) * first, s)
    return x + (s - t) * (first + last) / 2


def extrapolate_x0(x0, x0_before, h, h_before):
    return x0 + h / (2 * h_before) * (x0 - x0_before)


def slope(errors, steps):
    return -np.polyfit(np.log(steps), np.log(errors), 1)[0]


def logsnr_times(steps, t_max, t_min):
    def lam(t):
        return math.log((1 - t) / t)

    return [1 / (1 + math.exp(value)) for value in np.linspace(lam(t_max), lam(t_min), steps + 1)]


def guide(eps_uncond, eps_cond, scale):
    return eps_uncond + scale * (eps_cond - eps_uncond)


def guide_doubled(out, scale):
    half = len(out) // 2
    uncond, cond = out[:half], out[half:]
    return uncond + scale * (cond - uncond)


def negative_guide(eps_uncond, eps_positive, eps_negative, scale):
    return eps_negative + scale * (eps_positive - eps_negative)


def scale_from_w(w):
    return 1 + w


def next_scale(scale, ignored, saturated):
    if ignored and not saturated:
        return scale * 1.5
    if saturated and not ignored:
        return max(scale / 1.5, 1.0)
    return scale


def guided_mean(mean_u, mean_c, scale):
    return mean_u + scale * (mean_c - mean_u)


def guided_std(std_u, std_c, scale):
    return std_u ** (1 - scale) * std_c**scale


def largest_scale(std_u, std_c):
    return std_c**2 / (std_c**2 - std_u**2) if std_c > std_u else math.inf


def reflow_example(u, eps, z, t, steps):
    x = eps
    for k in range(steps):
        x = x - u(x, 1 - k / steps) / steps
    return [(1 - t) * x + t * eps, eps - x]


def progressive_target(u, x, t, s):
    middle = (t + s) / 2
    y = x + (middle - t) * u(x, t)
    y = y + (s - middle) * u(y, middle)
    return (x - y) / (t - s)


def consistency_target(student, teacher, x, t, s):
    y = x + (s - t) * teacher(x, t)
    return y - s * student(y, s)


def consistency_sample(f, x, times, noises):
    x0 = f(x, times[0])
    for t, z in zip(times[1:], noises, strict=False):
        x0 = f((1 - t) * x0 + t * z, t)
    return x0


def score_from_x0(x, x0, alpha, sigma):
    return (alpha * x0 - x) / sigma**2


def noisy_step(x0, eps, z, alpha, sigma, h, noise):
    kept = math.exp(-(noise**2) * h)
    return alpha * x0 + sigma * (kept * eps + (1 - kept**2) ** 0.5 * z)


def eta_of_noise(noise, h):
    return ((1 - math.exp(-2 * noise**2 * h)) / (1 - math.exp(-2 * h))) ** 0.5


def bits_from_nats(log_p, d):
    return -log_p / math.log(2) / d
