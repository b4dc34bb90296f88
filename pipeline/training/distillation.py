"""Learning from what another network answers ("distillation"), besides from the labels.

"Distilling the Knowledge in a Neural Network" (Hinton et al., arXiv 1503.02531), with the teacher run once on each clip as
it is, not on each change of it: a second network's work in every step would double the time of training.
"""

import numpy as np
import numpy.typing as npt

from ...data.errors import WordspotError
from ...data.feature_set import FeatureSet
from .examples.batches import Classes
from .network import logits
from .probabilities import softmax
from .trained_network import TrainedNetwork

_CLIPS_PER_PART = 4_096  # of which the frames are in memory


def soft_labels_of(teacher: TrainedNetwork, feature_set: FeatureSet, classes: Classes) -> npt.NDArray[np.float32]:
    """What the teacher answers to each clip: float32 [clips, labels], probabilities in the order of `classes.labels`.

    Raises
    ------
    WordspotError
        The teacher tells other labels apart.
    """
    if set(teacher.labels) != set(classes.labels):
        raise WordspotError(
            f"{teacher.name} tells {', '.join(teacher.labels)} apart, not {', '.join(classes.labels)}: a teacher must know "
            "the same words"
        )
    order = [teacher.labels.index(label) for label in classes.labels]
    starts = range(0, len(feature_set.clips), _CLIPS_PER_PART)
    parts = (feature_set.log_mel[start : start + _CLIPS_PER_PART].astype(np.float32) for start in starts)
    return np.concatenate([softmax(logits(teacher.network, part)) for part in parts])[:, order]
