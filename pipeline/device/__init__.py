"""Running a model file with nothing but NumPy and LiteRT."""
