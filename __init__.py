"""wordspot: a folder of spoken words in, a recognizer for a small device out."""
