"""pymicro-wakeword on a stream, started by its path so that nothing else is loaded: prints what it cost as JSON."""

import json
import resource
import sys
import time
from pathlib import Path

from pymicro_wakeword import (  # pyright: ignore[reportMissingImports] - of the extra `bench`
    MicroWakeWord,
    MicroWakeWordFeatures,
    Model,
)

features, word = MicroWakeWordFeatures(), MicroWakeWord.from_builtin(Model.OKAY_NABU)
ready_s = time.process_time()
sound, block_bytes = Path(sys.argv[1]).read_bytes(), int(sys.argv[2])
began_s = time.process_time()
for start in range(0, len(sound), block_bytes):
    for frame in features.process_streaming(sound[start : start + block_bytes]):
        word.process_streaming(frame)
cost_s = time.process_time() - began_s
peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"ready_s": ready_s, "cost_s": cost_s, "peak_mb": peak_mb}))
