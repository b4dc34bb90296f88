"""Clips in, log-mel frames out."""
