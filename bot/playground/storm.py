"""A storm: hundreds of alerts within seconds, as one fault's cascade gives them, sent as Alertmanager does.

`python -m bot.playground.storm --to URL --token-file FILE FAULT [--count 300] [--seconds 20]` sends one to an
intake; `--calm` tells afterwards that all of it is over; `--dry-run` only says what would be sent.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp

from bot.playground.cascades import Notice, Series, Telling, plan, still_firing
from bot.playground.faults import FAULTS
from bot.playground.watcher_wire import WireAlert, payload

COUNT, SECONDS = 300, 20.0
TRIES, PAUSE_S, TIMEOUT_S = 5, 0.5, 10.0


class StormRefusedError(RuntimeError):
    """The intake did not take the storm's alerts; the message says what it answered."""


async def storm(
    intake_url: str,
    token: str,
    fault: str,
    count: int = COUNT,
    progress: Callable[[int], None] | None = None,
    *,
    seconds: float = SECONDS,
) -> None:
    """Send `count` alerts of one fault's cascade over `seconds`; `progress` is told how many were taken.

    The same fault and count always give the same alerts. KeyError for a name that is not in FAULTS.

    Raises:
        StormRefusedError: the intake refused, or did not answer five times.
    """
    notices = plan(fault, count)
    began, clock = datetime.now(UTC), asyncio.get_running_loop()
    start, sent = clock.time(), 0
    async with _session(token) as session:
        for notice in notices:
            await asyncio.sleep(max(0.0, start + notice.at * seconds - clock.time()))
            await _send(session, intake_url, _body(notice, began, seconds))
            sent += len(notice.tellings)
            if progress is not None:
                progress(sent)


async def calm(intake_url: str, token: str, fault: str, count: int = COUNT) -> int:
    """Tell that all alerts of that storm are over that were not before; how many they were.

    Raises:
        StormRefusedError: as for `storm`.
    """
    firing = still_firing(plan(fault, count))
    now = datetime.now(UTC)
    async with _session(token) as session:
        for service in dict.fromkeys(one.labels["service"] for one in firing):
            over = [_wire(one, now, now) for one in firing if one.labels["service"] == service]
            await _send(session, intake_url, payload(over, service))
    return len(firing)


def _session(token: str) -> aiohttp.ClientSession:
    headers = {"Authorization": f"Bearer {token}", "User-Agent": "shop-storm/1"}
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    return aiohttp.ClientSession(headers=headers, timeout=timeout, trust_env=False)


async def _send(session: aiohttp.ClientSession, url: str, body: dict[str, Any]) -> None:
    """One notification, tried again while the intake is away or too busy."""
    said = ""
    for number in range(TRIES):
        try:
            async with session.post(url, json=body) as answer:
                if answer.status < 300:
                    return
                said = f"{answer.status} {(await answer.text())[:200]}"
                if answer.status < 500 and answer.status not in (408, 429):
                    break
        except (aiohttp.ClientError, TimeoutError) as error:
            said = str(error) or type(error).__name__
        await asyncio.sleep(PAUSE_S * 2**number)
    raise StormRefusedError(f"{url} did not take the alerts: {said}")


def _body(notice: Notice, began: datetime, seconds: float) -> dict[str, Any]:
    alerts = [_told(one, began, seconds) for one in notice.tellings]
    return payload(alerts, notice.service)


def _told(one: Telling, began: datetime, seconds: float) -> WireAlert:
    starts = began + timedelta(seconds=one.series.starts * seconds)
    over = None if one.firing else began + timedelta(seconds=one.at * seconds)
    return _wire(one.series, starts, over)


def _wire(one: Series, starts_at: datetime, ends_at: datetime | None) -> WireAlert:
    annotations = {"summary": one.summary, "description": f"Seen on {one.place}."}
    url = "http://prometheus.shop.example/graph"
    return WireAlert(one.labels, annotations, starts_at, ends_at, url)


def summary(fault: str, count: int) -> str:
    """In one line, what a storm consists of."""
    notices = plan(fault, count)
    told = [one for notice in notices for one in notice.tellings]
    services = Counter(one.series.labels["service"] for one in told)
    different = len({id(one.series) for one in told})
    over = sum(not one.firing for one in told)
    parts = ", ".join(f"{service} {many}" for service, many in services.most_common())
    return (
        f"{len(told)} alerts, {different} different, {over} of them notices that one is over, "
        f"in {len(notices)} notifications: {parts}"
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Send one storm. Exit codes: 0 sent, 1 the intake did not take it, 2 wrong call."""
    parser = argparse.ArgumentParser(prog="storm", description=__doc__, allow_abbrev=False)
    parser.add_argument("--to", required=True, help="the intake, http://HOST:PORT/alerts/alertmanager")
    parser.add_argument("--token-file", type=Path, required=True, help="a file with the bearer token")
    parser.add_argument("--count", type=int, default=COUNT, help=f"how many alerts ({COUNT})")
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"within how long ({SECONDS:g})")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--calm", action="store_true", help="tell that the storm sent before is over")
    what.add_argument("--dry-run", action="store_true", help="say what would be sent, and send nothing")
    parser.add_argument("fault", choices=sorted(FAULTS))
    options = parser.parse_args(argv)
    try:
        print(asyncio.run(_main(options)))
    except (OSError, ValueError) as error:
        print(f"storm: {error}", file=sys.stderr)
        return 2
    except StormRefusedError as error:
        print(f"storm: {error}", file=sys.stderr)
        return 1
    return 0


async def _main(options: argparse.Namespace) -> str:
    about = summary(options.fault, options.count)
    if options.dry_run:
        return f"Would send {about}"
    token = options.token_file.read_text(encoding="ascii").strip()
    if options.calm:
        return f"Over: {await calm(options.to, token, options.fault, options.count)} alerts"
    await storm(options.to, token, options.fault, options.count, seconds=options.seconds)
    return f"Sent {about}"


if __name__ == "__main__":
    sys.exit(main())
