"""The Slack edge: what people say and click comes in here, and every message goes out from here."""
