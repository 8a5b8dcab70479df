"""DynamoDB without a server: an engine for tests that keeps its tables in memory."""

from .engine import MemoryEngine

__all__ = ["MemoryEngine"]
