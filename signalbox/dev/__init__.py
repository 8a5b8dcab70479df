"""The local run: the whole product on this machine, with nothing installed but Python."""
