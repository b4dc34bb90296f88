"""Which clips to look at, and what people decided about them."""
