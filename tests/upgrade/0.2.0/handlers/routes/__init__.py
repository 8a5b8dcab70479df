"""The messages of this application, one file for each family, each with a `router`."""
