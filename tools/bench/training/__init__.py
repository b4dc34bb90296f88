"""Benchmarks of networks, settings and features."""
