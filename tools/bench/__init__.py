"""Measurements, apart from the tests: `python -m wordspot.tools.bench.<name> --help`."""
