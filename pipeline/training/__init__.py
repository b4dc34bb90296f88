"""Log-mel frames in, a trained network out."""
