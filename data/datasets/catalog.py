"""Where public sets are published, what they hold, and under which license."""

from dataclasses import dataclass

_ADDRESS = "https://storage.googleapis.com/download.tensorflow.org/data/"
_CITATION = "Pete Warden: Speech Commands: A Dataset for Limited-Vocabulary Speech Recognition, 2018, arXiv 1804.03209"


@dataclass(frozen=True)
class PublicSet:
    """An archive that anybody may download.

    Attributes
    ----------
    title
        For people.
    url
        Of the archive: `.tar.gz` or `.zip`.
    size_bytes, sha256
        Of the archive, as it was published.
    unpacked_bytes
        What its files take, about.
    license, citation
        What to name wherever something trained on it is described.
    """

    title: str
    url: str
    size_bytes: int
    sha256: str
    unpacked_bytes: int
    license: str
    citation: str

    @property
    def file_name(self) -> str:
        """Of the archive."""
        return self.url.rsplit("/", 1)[-1]


def _speech_commands(version: str, archive: str, size_bytes: int, sha256: str, unpacked_bytes: int) -> PublicSet:
    title = f"Speech Commands {version}"
    return PublicSet(title, _ADDRESS + archive, size_bytes, sha256, unpacked_bytes, "CC BY 4.0", _CITATION)


SPEECH_COMMANDS = {
    "v0.02": _speech_commands(
        "v0.02",
        "speech_commands_v0.02.tar.gz",
        2_428_923_189,
        "af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58",
        3_500_000_000,
    ),
    "v0.01": _speech_commands(
        "v0.01",
        "speech_commands_v0.01.tar.gz",
        1_489_096_277,
        "743935421bb51cccdb6bdd152e04c5c70274e935c82119ad7faeec31780d811d",
        2_200_000_000,
    ),
    "mini": _speech_commands(
        "mini (8,000 clips of eight words)",
        "mini_speech_commands.zip",
        182_082_353,
        "49650f2341b26d886b46b3f4fb8fed59e30300b17550f1ee4a768b3106cf93a0",
        300_000_000,
    ),
}
