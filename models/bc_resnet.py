"""BC-ResNet: residual blocks whose temporal part works on the mean over the mel bands.

"Broadcasted Residual Learning for Efficient Keyword Spotting" (Kim et al., arXiv 2106.04140). Each block convolves
along the mel bands, normalizes in sub-bands, averages over the bands, convolves that along time, and adds the result
back to every band ("broadcasts" it). With c = 8 x width channels, for 98 x 40 frames and 12 labels:

    layer                  blocks  output         dilation in time
    convolution 5x5 /1x2           98 x 20 x 2c
    broadcast residual     2       98 x 20 x c    1
    broadcast residual /2  2       98 x 10 x 1.5c 2
    broadcast residual /2  4       98 x  5 x 2c   4
    broadcast residual     4       98 x  5 x 2.5c 8
    depthwise 5x5, 1x1             98 x  1 x 4c
    average, dense                 12

The published network keeps every frame (`time_stride` 1). With a time stride of 2 its first convolution takes every
second one: the same parameters, half the work. `widening` gives the stages other multiples of c than 1, 1.5, 2 and 2.5:
in the late ones, where there are few mel bands, channels cost little time.
"""

from collections.abc import Sequence
from typing import Any

from keras import KerasTensor, activations, layers, ops

from .normalization import BatchNorm, SubSpectralNorm

_CHANNELS = 8  # at width 1
_STAGES = ((2, 1), (2, 2), (4, 2), (4, 1))  # blocks, stride along the mels
_WIDENING = (1.0, 1.5, 2.0, 2.5)
_MOST_SUB_BANDS = 5
_DROPOUT = 0.1


def build(
    x: KerasTensor,
    n_labels: int,
    *,
    width: float = 1.0,
    time_stride: int = 1,
    widening: Sequence[float] = _WIDENING,
) -> KerasTensor:
    """[batch, frames, mels, 1] scaled log-mel values to [batch, n_labels] logits."""
    channels = round(_CHANNELS * width)
    x = layers.Conv2D(2 * channels, 5, strides=(time_stride, 2), padding="same", use_bias=False)(x)
    x = layers.ReLU()(BatchNorm()(x))
    for stage, (blocks, stride) in enumerate(_STAGES):
        x = _transition(x, int(channels * widening[stage]), stride, 2**stage)
        for _ in range(blocks - 1):
            x = _block(x, 2**stage)
    x = layers.ZeroPadding2D(((2, 2), (0, 0)))(x)
    x = layers.DepthwiseConv2D((5, min(5, x.shape[2])), use_bias=False)(x)
    x = layers.Conv2D(4 * channels, 1, use_bias=False)(x)
    x = layers.ReLU()(BatchNorm()(x))
    return layers.Dense(n_labels)(layers.GlobalAveragePooling2D()(x))


def _transition(x: KerasTensor, channels: int, mel_stride: int, dilation: int) -> KerasTensor:
    """To another number of channels, and of mel bands where `mel_stride` is not 1."""
    y = layers.Conv2D(channels, 1, use_bias=False)(x)
    y = _along_mels(layers.ReLU()(BatchNorm()(y)), mel_stride)
    return layers.ReLU()(layers.Add()([y, _along_time(y, dilation)]))


def _block(x: KerasTensor, dilation: int) -> KerasTensor:
    y = _along_mels(x, 1)
    z = layers.Add()([x, y])  # two at a time: the sum of three has no fast form on a device
    return layers.ReLU()(layers.Add()([z, _along_time(y, dilation)]))


def _along_mels(x: Any, stride: int) -> KerasTensor:
    """A depthwise convolution along the mel bands, normalized in sub-bands."""
    _, frames, mels, channels = x.shape
    # frames joined to the batch, because strides must be equal along both axes, and the other axis has one place
    y: Any = ops.reshape(x, (-1, mels, 1, channels))
    y = layers.DepthwiseConv2D((3, 1), strides=stride, padding="same", use_bias=False)(y)
    y = ops.reshape(y, (-1, frames, y.shape[1], channels))
    sub_bands = max(n for n in range(1, _MOST_SUB_BANDS + 1) if y.shape[2] % n == 0)
    return SubSpectralNorm(sub_bands)(y)


def _along_time(y: KerasTensor, dilation: int) -> KerasTensor:
    """The mean over the mel bands, convolved along time: [batch, frames, 1, channels]."""
    z = ops.mean(y, axis=2, keepdims=True)
    z = layers.DepthwiseConv2D((3, 1), dilation_rate=(dilation, 1), padding="same", use_bias=False)(z)
    z = activations.silu(BatchNorm()(z))
    z = layers.Conv2D(y.shape[-1], 1, use_bias=False)(z)
    return layers.SpatialDropout2D(_DROPOUT)(z)
