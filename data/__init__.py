"""What a clip is, where clips come from, and what is known about them."""
