"""Spiking transformers as their authors published them: QKFormer without its third stage's blocks."""

from pathlib import Path

import pytest
from published_files import beside, checked, files, images, made, system

pytestmark = pytest.mark.slow

QKFORMER = """
from {file} import hierarchical_spiking_transformer

def model():
    net = hierarchical_spiking_transformer(
        T=2, img_size_h=32, img_size_w=32, in_channels=3, num_classes=10, embed_dims=32, num_heads=2, mlp_ratios=2, depths=3
    )
    return net, (3, 32, 32)
"""


def test_qkformer(tmp_path: Path) -> None:
    folder = files("zhouchenlin2096/QKFormer", "imagenet")
    net, shape = made(beside(tmp_path, folder, QKFORMER.format(file="qkformer")))
    checked(system(net, shape, images(shape), steps=2), "golden")
