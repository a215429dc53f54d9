"""Refresh runs: read, think with no transaction open, check again and write (contract section 4)."""
