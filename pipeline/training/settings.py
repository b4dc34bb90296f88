"""What decides how a network is trained; light to import, because the command line makes its options from it."""

from dataclasses import dataclass

from ...data.errors import WordspotError
from ...data.settings import Settings, setting
from ...models import NETWORKS


@dataclass(frozen=True)
class TrainSettings(Settings):
    """What decides how a network is trained."""

    model: str = setting("ds_cnn", f"Network: {', '.join(NETWORKS)}.")
    epochs: int = setting(40, "Most passes over the training clips.", minimum=1, maximum=10_000)
    batch_size: int = setting(100, "Examples per step.", minimum=1, maximum=65_536)
    learning_rate: float = setting(1.2e-2, "Highest rate, after warming up.", minimum=1e-7, maximum=10)
    weight_decay: float = setting(1e-3, "Pull of the weights to zero.", minimum=0, maximum=1)
    label_smoothing: float = setting(0.0, "Share of certainty given to the other labels.", minimum=0, maximum=0.5)
    unknown_share: float = setting(
        3.0, "Clips of `_unknown_` in an epoch, as a multiple of the clips of a word.", minimum=0.1, maximum=100
    )
    negative_share: float = setting(
        4.0,
        "Windows of running speech, words run together, tones and clicks in an epoch, as a multiple of the clips of a word.",
        minimum=0,
        maximum=100,
    )
    mined_share: float = setting(
        0.5, "Share of the windows of running speech that are such as the network fell for.", minimum=0, maximum=1
    )
    shipped_negatives: bool = setting(True, "Take the negatives that ship where the data has few other words or clips.")
    teacher_share: float = setting(
        0.5, "Share of a teacher's answers in the targets; the labels are the rest.", minimum=0, maximum=1
    )
    patience: int = setting(
        15, "Stop after this many epochs that are clearly worse than the best.", minimum=1, maximum=10_000
    )
    seed: int = setting(0, "Of the weights, the order and the augmentation.", minimum=0, maximum=2**31 - 1)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.model not in NETWORKS:
            raise WordspotError(f"there is no model {self.model!r}; expected one of {', '.join(NETWORKS)}")


WITHOUT_NEGATIVES = TrainSettings(negative_share=0.0, shipped_negatives=False)  # as it was before there were any

TRANSFER_SETTINGS = TrainSettings(  # a trained network, most often on few clips
    epochs=20, learning_rate=3e-3, label_smoothing=0.05, unknown_share=1.0
)


@dataclass(frozen=True)
class AugmentSettings(Settings):
    """How far an example may be changed. Every draw is uniform."""

    shift_ms: float = setting(100.0, "Largest shift in time, either way.", minimum=0, maximum=500)
    gain_db: float = setting(10.0, "Largest change of level, either way.", minimum=0, maximum=60)
    speech_behind_share: float = setting(
        0.35, "Share of that noise that is somebody talking, where there is running speech.", minimum=0, maximum=1
    )
    noise_share: float = setting(0.7, "Share of the examples that get background noise.", minimum=0, maximum=1)
    min_snr_db: float = setting(0.0, "Loudest noise.", minimum=-30, maximum=100)
    max_snr_db: float = setting(30.0, "Faintest noise.", minimum=-30, maximum=100)
    time_mask_ms: float = setting(120.0, "Longest stretch of time blanked out.", minimum=0, maximum=1000)
    mel_mask: int = setting(6, "Most mel bands blanked out.", minimum=0, maximum=64)
    min_silence_dbfs: float = setting(-95.0, "Faintest silence.", minimum=-150, maximum=0)
    tilt_db: float = setting(
        10.0, "Largest change of level across noise's spectrum, either way.", minimum=0, maximum=40
    )
    digital_silence_share: float = setting(0.15, "Share of the silence that is exact zeros.", minimum=0, maximum=1)
    vocal_tract_change: float = setting(
        0.0, "Largest change of the vocal tract's length, either way, as a share.", minimum=0, maximum=0.5
    )
    speed_change: float = setting(0.0, "Largest change of speed, either way, as a share.", minimum=0, maximum=0.5)
    room_share: float = setting(0.0, "Share of the examples that get a room's reverberation.", minimum=0, maximum=1)
    voice_tilt_db: float = setting(
        0.0, "Largest change of level across a voice's spectrum, either way.", minimum=0, maximum=40
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.min_snr_db > self.max_snr_db:
            raise WordspotError(
                f"min_snr_db is {self.min_snr_db:g}; it must be at most max_snr_db, {self.max_snr_db:g}"
            )


OTHER_PEOPLE = AugmentSettings(  # stands for people of whom there are no recordings
    vocal_tract_change=0.12, speed_change=0.15, voice_tilt_db=6.0
)
