"""What a network is trained on: clips of a feature set, varied and mixed with noise, batch by batch."""
