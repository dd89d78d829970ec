"""Delivery of notifications to the webhook's receiver: in order, kept and tried again while it is away."""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request
from collections import deque
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_S = 3.0
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 5.0


def direct_opener() -> urllib.request.OpenerDirector:
    """Opens addresses directly: shop and receiver are local, whatever proxy the environment names."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Delivery:
    """A queue of payloads for one URL. A refusal for good (4xx but 408 and 429) is said and dropped."""

    def __init__(self, url: str, token: str, longest_pause_s: float = LONGEST_PAUSE_S) -> None:
        if urlsplit(url).scheme not in ("http", "https"):
            raise ValueError(f"{url!r} is no http address; give --to http://HOST:PORT/PATH")
        self._url, self._token = url, token
        self._opener = direct_opener()
        self.pending: deque[dict[str, Any]] = deque()
        self._longest_pause_s = longest_pause_s
        self._pause, self._not_before = FIRST_PAUSE_S, 0.0
        self.sent = 0
        self.dropped = 0

    def __len__(self) -> int:
        """How many payloads wait."""
        return len(self.pending)

    def waits_for(self, group_key: str) -> bool:
        """Whether a payload of this group waits, so that a mere repeat need not be added."""
        return any(one["groupKey"] == group_key for one in self.pending)

    def add(self, payload: dict[str, Any]) -> None:
        """Queue one payload."""
        self.pending.append(payload)

    def flush(self, now: float) -> None:
        """Send what waits until one fails; `now` in seconds of any clock that only goes forward."""
        while self.pending and now >= self._not_before:
            if not self._send(self.pending[0]):
                self._not_before = now + self._pause
                self._pause = min(self._pause * 2, self._longest_pause_s)
                return
            self.pending.popleft()
            self._pause = FIRST_PAUSE_S

    def _send(self, payload: dict[str, Any]) -> bool:
        """True when the payload is done with, sent or refused for good."""
        request = urllib.request.Request(  # noqa: S310  # the scheme was checked in __init__
            self._url, json.dumps(payload).encode(), method="POST"
        )
        request.add_header("Content-Type", "application/json")
        request.add_header("User-Agent", "shop-watcher/1")
        request.add_header("Authorization", f"Bearer {self._token}")
        try:
            with self._opener.open(request, timeout=TIMEOUT_S):
                self.sent += 1
                return True
        except urllib.error.HTTPError as error:
            error.close()
            if error.code >= 500 or error.code in (408, 429):
                return False
            self.dropped += 1
            print(f"watcher: {self._url} refused a notification: {error}", file=sys.stderr)
            return True
        except (OSError, HTTPException):
            return False
