"""How the weights are found: rate, optimizer, loss."""

import keras

from .settings import TrainSettings

_WARM_UP_SHARE = 0.1  # of all steps


def compile_network(network: keras.Model, settings: TrainSettings, steps_per_epoch: int) -> None:
    """Makes a network ready to be trained: AdamW, whose rate rises from 0 and falls to 0 by a cosine.

    Parameters
    ----------
    network
        Logits as its output.
    settings
        How to train.
    steps_per_epoch
        Batches in an epoch.
    """
    total = settings.epochs * steps_per_epoch
    warm_up = max(1, round(_WARM_UP_SHARE * total))
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, max(1, total - warm_up), warmup_target=settings.learning_rate, warmup_steps=warm_up
    )
    optimizer = keras.optimizers.AdamW(rate, weight_decay=settings.weight_decay)  # type: ignore[arg-type]
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=settings.label_smoothing)
    network.compile(optimizer, loss, metrics=[keras.metrics.CategoricalAccuracy("accuracy")])
    # with all its variables there before the first step, TensorFlow traces the step once, not twice
    optimizer.build(network.trainable_variables)
