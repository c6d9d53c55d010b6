"""U-Nets of two well-known public projects under our calling convention: network(x, t, condition)."""

from torch import Tensor, nn


class Course(nn.Module):
    """diffusers' UNet2DModel under our calling convention: network(x, t, condition)."""

    def __init__(self, shape: tuple[int, int, int], classes: int, widths: tuple[int, ...]) -> None:
        from diffusers.models import UNet2DModel

        super().__init__()
        self.network = UNet2DModel(
            sample_size=shape[1],
            in_channels=shape[0],
            out_channels=shape[0],
            layers_per_block=2,
            block_out_channels=widths,
            down_block_types=("DownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D"),
            up_block_types=("AttnUpBlock2D", "AttnUpBlock2D", "UpBlock2D"),
            num_class_embeds=classes + 1,
        )

    def forward(self, x: Tensor, t: Tensor, condition: Tensor) -> Tensor:
        return self.network(x, t, class_labels=condition).sample


class Lucidrains(nn.Module):
    """denoising-diffusion-pytorch's class-conditional U-Net; labels are dropped by the batch, as for the others."""

    def __init__(self, shape: tuple[int, int, int], classes: int, width: int, multiples: tuple[int, ...]) -> None:
        from denoising_diffusion_pytorch.classifier_free_guidance import Unet

        super().__init__()
        self.network = Unet(
            dim=width, dim_mults=multiples, channels=shape[0], num_classes=classes + 1, cond_drop_prob=0.0
        )

    def forward(self, x: Tensor, t: Tensor, condition: Tensor) -> Tensor:
        return self.network(x, t, condition)
