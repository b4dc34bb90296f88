"""The networks: one file per family, the registry that names them, what they cost; and the trained ones that ship.

Every network maps log-mel frames, float32 [batch, frames, mels], to logits, float32 [batch, labels]. Its first layer
scales the frames, so that raw log-mel values go in.
"""

from .registry import NETWORKS as NETWORKS
from .registry import NetworkKind as NetworkKind
from .registry import NetworkShape as NetworkShape
from .registry import build_network as build_network
