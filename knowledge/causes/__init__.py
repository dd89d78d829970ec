"""Causes from past incidents: what is likely wrong, how sure that is, and which incidents say so. Pure."""
