"""Folders of recordings as they came: labels, the shapes they come in, official lists, and what was said when."""
