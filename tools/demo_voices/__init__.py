"""Recordings by synthetic voices, for the demo."""
