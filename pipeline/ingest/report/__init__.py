"""The page that cleaning writes."""
