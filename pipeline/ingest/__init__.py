"""Recordings in, clips of one fixed length out."""
