"""The files that `signalbox new` writes, and `signalbox upgrade` compares with. Standard library only."""
