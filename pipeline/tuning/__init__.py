"""Training many times with other settings, and keeping the best: Optuna."""
