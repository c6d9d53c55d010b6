"""Three other ways to make an image, in miniature: autoregressive, variational, adversarial.

Each makes grey images of d pixels with `levels` grey levels, told a class, and has the same face:

    images = model.sample(labels, generator)         # [B, *shape] in [-1, 1]
    bits = model.bits(images, labels, generator)     # [B] bits a pixel, exact or an upper bound; None if it has none
    model.passes                                     # network evaluations that one sample takes
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

CLASSES = 10


def level_numbers(images: Tensor, values: Tensor) -> Tensor:
    """The number of the grey level of each pixel, [B, d], for images [B, ...] whose pixels are among `values`."""
    return (images.flatten(1)[..., None] - values).abs().argmin(-1)


class Paradigm(nn.Module):
    """What the three have in common; `values` are the grey levels of the images."""

    values: Tensor
    passes = 1

    def __init__(self, shape: tuple[int, ...], values: Tensor):
        super().__init__()
        self.shape, self.levels = shape, len(values)
        self.register_buffer("values", values.float())

    def losses(self, images: Tensor, labels: Tensor, generator: torch.Generator) -> list[Tensor]:
        """What each of `parts` is trained to make small, on images [B, ...] with labels [B]."""
        raise NotImplementedError

    def parts(self) -> list[nn.Module]:
        """What is trained apart from one another: all of it, unless there is a generator with its critic."""
        return [self]

    def bits(self, images: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor | None:
        """Bits a pixel of each image, [B]; None where the model has no likelihood."""
        return None

    def sample(self, labels: Tensor, generator: torch.Generator) -> Tensor:
        """Images of these classes, [B, *shape]."""
        raise NotImplementedError


class Masked(nn.Linear):
    """A linear layer of which some weights are 0 for good."""

    mask: Tensor

    def __init__(self, mask: Tensor):
        super().__init__(mask.shape[1], mask.shape[0])
        self.register_buffer("mask", mask)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight * self.mask, self.bias)


class Autoregressive(Paradigm):
    """P(x) = prod_i P(x_i | x_1 ... x_(i-1), class): one pixel after the other, each from those before it.

    Masks make one network of the d conditionals (Germain et al. 2015, "MADE", https://arxiv.org/abs/1502.03509): the
    outputs of pixel i are joined to no input from i on. So a likelihood takes one pass, and it is exact; a sample takes
    d passes, since each pixel waits for the one before.
    """

    def __init__(self, shape: tuple[int, ...], values: Tensor, width: int = 256):
        super().__init__(shape, values)
        d = math.prod(shape)
        pixel, hidden = torch.arange(d), torch.arange(width) % d  # a hidden unit may see the pixels before its number
        self.label = nn.Embedding(CLASSES, width)
        self.first = Masked((hidden[:, None] > pixel[None, :]).float())
        self.second = Masked((hidden[:, None] >= hidden[None, :]).float())
        self.last = Masked((pixel.repeat_interleave(self.levels)[:, None] >= hidden[None, :]).float())
        self.passes = d

    def forward(self, numbers: Tensor, labels: Tensor) -> Tensor:
        """Logits of every pixel given those before it, [B, d, levels], for level numbers [B, d]."""
        h = F.silu(self.first(self.values[numbers]) + self.label(labels))
        h = F.silu(self.second(h) + self.label(labels))
        return self.last(h).view(len(numbers), -1, self.levels)

    def losses(self, images: Tensor, labels: Tensor, generator: torch.Generator) -> list[Tensor]:
        """-log P(image), in nats a pixel."""
        numbers = level_numbers(images, self.values)
        return [F.cross_entropy(self(numbers, labels).flatten(0, 1), numbers.flatten())]

    @torch.no_grad()
    def bits(self, images: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
        numbers = level_numbers(images, self.values)
        nats = F.cross_entropy(self(numbers, labels).transpose(1, 2), numbers, reduction="none")
        return nats.mean(1) / math.log(2)

    @torch.no_grad()
    def sample(self, labels: Tensor, generator: torch.Generator) -> Tensor:
        numbers = torch.zeros(len(labels), self.passes, dtype=torch.long)
        for i in range(self.passes):
            share = self(numbers, labels)[:, i].softmax(-1)
            numbers[:, i] = torch.multinomial(share, 1, generator=generator)[:, 0]
        return self.values[numbers].view(-1, *self.shape)


class Variational(Paradigm):
    """An image is decoded from a few numbers z ~ N(0, I); an encoder learns which z an image may have come from.

    It maximises a lower bound on log P(x), E[log P(x | z)] - KL(q(z | x) || N(0, I)), with independent pixels given z
    (Kingma and Welling 2014, https://arxiv.org/abs/1312.6114). One pass makes a sample; the likelihood is a bound.
    """

    def __init__(self, shape: tuple[int, ...], values: Tensor, width: int = 256, latent: int = 12):
        super().__init__(shape, values)
        self.latent = latent
        d = math.prod(shape)
        self.encoder = _mlp(d + CLASSES, width, 2 * latent)
        self.decoder = _mlp(latent + CLASSES, width, d * self.levels)

    def bound(self, images: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
        """An upper bound on -log P(image), [B], in nats, from one draw of z."""
        told, numbers = F.one_hot(labels, CLASSES).float(), level_numbers(images, self.values)
        mean, log_std = self.encoder(torch.cat([images.flatten(1), told], 1)).chunk(2, dim=1)
        z = mean + log_std.exp() * torch.randn(mean.shape, generator=generator)
        nats = F.cross_entropy(self._logits(z, told).transpose(1, 2), numbers, reduction="none").sum(1)
        return nats + gaussian_divergence(mean, log_std)

    def losses(self, images: Tensor, labels: Tensor, generator: torch.Generator) -> list[Tensor]:
        """The bound in nats a pixel."""
        return [self.bound(images, labels, generator).mean() / images[0].numel()]

    @torch.no_grad()
    def bits(self, images: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
        return self.bound(images, labels, generator) / images[0].numel() / math.log(2)

    @torch.no_grad()
    def sample(self, labels: Tensor, generator: torch.Generator) -> Tensor:
        z = torch.randn(len(labels), self.latent, generator=generator)
        share = self._logits(z, F.one_hot(labels, CLASSES).float()).softmax(-1)
        numbers = torch.multinomial(share.flatten(0, 1), 1, generator=generator).view(len(labels), -1)
        return self.values[numbers].view(-1, *self.shape)

    def _logits(self, z: Tensor, told: Tensor) -> Tensor:
        return self.decoder(torch.cat([z, told], 1)).view(len(z), -1, self.levels)


def gaussian_divergence(mean: Tensor, log_std: Tensor) -> Tensor:
    """KL(N(mean, std^2) || N(0, I)), [B], in nats: (mean^2 + std^2 - 1) / 2 - log std, summed over the numbers."""
    return ((mean**2 + (2 * log_std).exp() - 1) / 2 - log_std).sum(1)


class Adversarial(Paradigm):
    """A generator makes images from noise, and a critic learns to tell them from real ones; each learns from the other.

    min over the critic of E[softplus(-c(real))] + E[softplus(c(made))], and of the generator of E[softplus(-c(made))]
    (Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661, the non-saturating form). One pass makes a sample. Nothing
    here is a likelihood: the generator's images fill 16 dimensions of 64, and have no density.
    """

    def __init__(self, shape: tuple[int, ...], values: Tensor, width: int = 256, latent: int = 16):
        super().__init__(shape, values)
        self.latent = latent
        d = math.prod(shape)
        self.generator = _mlp(latent + CLASSES, width, d)
        self.critic = _mlp(d + CLASSES, width, 1)

    def parts(self) -> list[nn.Module]:
        return [self.critic, self.generator]

    def losses(self, images: Tensor, labels: Tensor, generator: torch.Generator) -> list[Tensor]:
        """The critic's loss and the generator's, of a batch of real images and as many made ones."""
        made, told = self._made(labels, generator), F.one_hot(labels, CLASSES).float()
        of_real, of_made = (self.critic(torch.cat([x.flatten(1), told], 1)) for x in (images, made.detach()))
        fooled = self.critic(torch.cat([made.flatten(1), told], 1))
        return [F.softplus(-of_real).mean() + F.softplus(of_made).mean(), F.softplus(-fooled).mean()]

    @torch.no_grad()
    def sample(self, labels: Tensor, generator: torch.Generator) -> Tensor:
        return self._made(labels, generator)

    def _made(self, labels: Tensor, generator: torch.Generator) -> Tensor:
        z = torch.randn(len(labels), self.latent, generator=generator)
        told = F.one_hot(labels, CLASSES).float()
        return self.generator(torch.cat([z, told], 1)).tanh().view(-1, *self.shape)


def _mlp(inputs: int, width: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        *(nn.Linear(inputs, width), nn.SiLU()), *(nn.Linear(width, width), nn.SiLU()), nn.Linear(width, outputs)
    )
