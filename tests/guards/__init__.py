"""Guards as data, and how one is taken out to see a test go red. See `scripts/guards`."""
