"""Events for functions, route selection, and the interpretation of answers."""
