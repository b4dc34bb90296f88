"""Negatives that ship: running speech and other words, for whoever has recorded only words of their own."""
