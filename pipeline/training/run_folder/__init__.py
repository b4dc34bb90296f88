"""The folder that training writes: what was trained with what, epoch by epoch, and how well it did."""
