"""What AWS charges, and what a broadcast or a month costs by it."""
