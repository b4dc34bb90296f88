"""A training run in, one checked model file out."""
