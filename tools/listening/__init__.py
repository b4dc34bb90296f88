"""What `wordspot listen` is made of: where sound comes from, and what happens on a detection."""
