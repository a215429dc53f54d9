"""Intents that are carried out by themselves: claimed, carried out with no transaction open, recorded."""
