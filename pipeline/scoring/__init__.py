"""How often the recognizer is right, and what it confuses with what."""
