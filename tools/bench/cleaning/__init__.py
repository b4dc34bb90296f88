"""Benchmarks of cleaning: checks, windows, speed, scale."""
