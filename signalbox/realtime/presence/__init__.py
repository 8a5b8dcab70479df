"""Who joins a channel and who leaves it."""
