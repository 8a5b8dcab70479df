"""AWS's prices, and what a broadcast or a month costs."""
