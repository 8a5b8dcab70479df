"""What `signalbox new` writes, and what `signalbox upgrade` compares with. Standard library only."""
