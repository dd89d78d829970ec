"""Debian's Chromium for tests: its headless build where it is installed, as that takes half the time."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from playwright.async_api import Browser, async_playwright

_BUILDS = (Path("/usr/bin/chromium-headless-shell"), Path("/usr/bin/chromium"))
_PROGRAM = next((build for build in _BUILDS if build.exists()), _BUILDS[0])
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextlib.asynccontextmanager
async def chromium(*flags: str) -> AsyncIterator[Browser]:
    """A browser with a fresh profile, and these flags too."""
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=_PROGRAM, args=[*_FLAGS, *flags])
        yield started
        await started.close()
