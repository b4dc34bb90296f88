"""Recordings that are the same audio, or the same take: fingerprints first, then waveforms."""
