"""Tests of the local workspace, with Slack's own SDK as its client."""
