"""Sound as numbers: spectra, loudness, and where the second of a word lies. NumPy only: cleaning and devices share it."""
