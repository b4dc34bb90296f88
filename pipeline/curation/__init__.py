"""Which labels are suspicious: every clip as a point in space, and what its neighbors say of its label."""
