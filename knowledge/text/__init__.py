"""Text before it is kept or sent: normalised, redacted, counted."""
