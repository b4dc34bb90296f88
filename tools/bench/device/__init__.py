"""Benchmarks of what listening costs and how well it detects."""
