"""The demonstration: the whole mission once, on the data beside this file, with real processes."""
