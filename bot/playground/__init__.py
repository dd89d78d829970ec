"""A local workspace with a real small shop to break, for trying Vigie without Slack."""
