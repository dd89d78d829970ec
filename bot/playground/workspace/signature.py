"""The headers with which Slack signs what it sends to a request URL."""

import hashlib
import hmac

_USER_AGENT = "Slackbot 1.0 (+https://api.slack.com/robots)"


def signed_headers(secret: str, body: bytes, kind: str, at: int) -> dict[str, str]:
    """Headers for a body of that content type, sent at that second; the signature is version v0."""
    mac = hmac.new(secret.encode(), f"v0:{at}:".encode() + body, hashlib.sha256)
    return {
        "Content-Type": kind,
        "User-Agent": _USER_AGENT,
        "X-Slack-Request-Timestamp": str(at),
        "X-Slack-Signature": f"v0={mac.hexdigest()}",
    }
