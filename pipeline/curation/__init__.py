"""Which labels are suspicious, which clips to look at, and what people decided about them."""
