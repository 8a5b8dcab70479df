"""Packages whose names are loaded on first use (PEP 562), so that a function loads only what it needs."""


def loader(package, homes):
    """Return the `__getattr__` of a package. `homes` has the module of each name. Parses on any Python."""

    def load(name):
        if name not in homes:
            raise AttributeError("module %r has no attribute %r" % (package, name))
        import gc
        from importlib import import_module

        # A garbage collection in the middle of an import finds nothing, and they are a tenth of a cold start.
        collecting = gc.isenabled()
        gc.disable()
        try:
            return getattr(import_module(homes[name], package), name)
        finally:
            if collecting:
                gc.enable()

    return load
