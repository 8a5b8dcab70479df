"""Sandboxes, which run functions: in processes as on Lambda, or in this process for a debugger."""
