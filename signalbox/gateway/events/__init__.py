"""The events a function gets, the routes they take, and what its answers mean."""
