"""The tool layer: the catalogue (whitelist), how tools are carried out, and the executor that does it."""
