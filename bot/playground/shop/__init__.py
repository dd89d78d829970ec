"""The demo shop: a small, real order service, a process with health, metrics, a log and a lock file."""
