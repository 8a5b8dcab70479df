"""One connection at all times: it is opened, tested, replaced and closed here."""
