"""One verb a file, in the order of an incident's life."""
