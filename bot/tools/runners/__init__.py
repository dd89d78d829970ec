"""Runners: how a tool is carried out. A new one is a file here, a line in `RUNNERS`, and its tests."""

from __future__ import annotations

from bot.tools.runners.base import Runner
from bot.tools.runners.command import CommandRunner
from bot.tools.runners.http import HttpRunner
from bot.tools.runners.logs import LogsRunner
from bot.tools.runners.prometheus import PrometheusRunner
from bot.tools.runners.sql import SqlRunner
from bot.tools.runners.ssh import SshRunner

RUNNERS: dict[str, Runner] = {
    "command": CommandRunner(),
    "http": HttpRunner(),
    "logs": LogsRunner(),
    "prometheus": PrometheusRunner(),
    "sql": SqlRunner(),
    "ssh": SshRunner(),
}
