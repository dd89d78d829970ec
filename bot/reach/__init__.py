"""How Vigie reaches people when Slack cannot, and how it tells something else that it is well."""
