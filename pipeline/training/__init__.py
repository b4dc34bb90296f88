"""Log-mel frames in, a trained network and its `.tflite` file out."""
