"""Public sets of recordings: where they are published, fetched and verified, and others' layouts as a folder of recordings."""
