"""What Vigie serves over HTTP: the intake of alerts, health and metrics."""
