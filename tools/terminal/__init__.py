"""What commands share: console, progress bars, options, tables."""
