from pathlib import Path

from .data.audio import Sound as Sound
from .data.audio import read_sound as read_sound
from .data.errors import RecordingError as RecordingError
from .data.errors import WordspotError as WordspotError
from .data.front_end import FrontEnd as FrontEnd
from .pipeline.device.model_description import ModelDescription as ModelDescription
from .pipeline.device.recognizer import Prediction as Prediction
from .pipeline.device.recognizer import Recognizer as Recognizer
from .pipeline.device.stream import Detection as Detection
from .pipeline.device.stream import Detector as Detector
from .pipeline.device.stream import StreamSettings as StreamSettings
from .pipeline.export.export import export as export
from .pipeline.features.extract import extract as extract
from .pipeline.ingest.clean import clean as clean
from .pipeline.ingest.settings import CleanSettings as CleanSettings
from .pipeline.scoring.evaluate import evaluate as evaluate
from .pipeline.training.settings import AugmentSettings as AugmentSettings
from .pipeline.training.settings import TrainSettings as TrainSettings
from .pipeline.training.train import train as train

__all__: list[str]
__version__: str

def load(model: str | Path = "small", *, threads: int = 1) -> Recognizer: ...
