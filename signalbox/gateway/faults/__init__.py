"""Fault injection: a plan of faults, and the hooks that inject them."""
