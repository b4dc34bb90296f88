"""Clips in, log-mel frames out: `extract` for a folder, `log_mel` in NumPy, `keras_layer` for model files."""
