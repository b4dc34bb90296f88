"""DS-CNN: depthwise-separable convolutions over the spectrogram as an image.

After "Hello Edge: Keyword Spotting on Microcontrollers" (Zhang et al., arXiv 1711.07128), with MobileNet's habit of
widening where it halves the image, and residual paths where the shape stays. For 98 x 40 frames and 12 labels:

    layer              output        parameters   multiply-accumulates
    convolution 5x5/2  49 x 20 x 24          696      588,000
    separable 3x3 /2   25 x 10 x 48        1,560      342,000
    separable 3x3      25 x 10 x 64        3,760      876,000
    separable 3x3      25 x 10 x 64        4,928    1,168,000
    separable 3x3 /2   13 x  5 x 96        7,104      436,800
    separable 3x3      13 x  5 x 96       10,464      655,200
    separable 3x3      13 x  5 x 96       10,464      655,200
    average, dense     12               1,164        1,152

Parameters count batch normalization's four a channel; it melts into the convolutions when the model is exported.
"""

from keras import KerasTensor, layers

from .normalization import BatchNorm

_STEM_CHANNELS = 24
_BLOCKS = ((48, 2), (64, 1), (64, 1), (96, 2), (96, 1), (96, 1))  # channels, stride


def build(x: KerasTensor, n_labels: int, *, width: float = 1.0) -> KerasTensor:
    """[batch, frames, mels, 1] scaled log-mel values to [batch, n_labels] logits; `width` multiplies all channels."""
    x = layers.Conv2D(round(width * _STEM_CHANNELS), 5, strides=2, padding="same", use_bias=False)(x)
    x = layers.ReLU()(BatchNorm()(x))
    for channels, stride in _BLOCKS:
        x = _separable(x, round(width * channels), stride)
    x = layers.GlobalAveragePooling2D()(x)
    return layers.Dense(n_labels)(x)


def _separable(x: KerasTensor, channels: int, stride: int) -> KerasTensor:
    y = layers.DepthwiseConv2D(3, strides=stride, padding="same", use_bias=False)(x)
    y = layers.Conv2D(channels, 1, use_bias=False)(y)  # no activation in between: half the training time
    y = BatchNorm()(y)
    if x.shape == y.shape:
        y = layers.Add()([x, y])
    return layers.ReLU()(y)
