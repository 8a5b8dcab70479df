"""What a run has found, for programs and for people."""
