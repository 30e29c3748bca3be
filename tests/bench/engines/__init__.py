"""One module per engine; each has a class with the methods of `base.Engine`."""
