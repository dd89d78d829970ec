"""The `run:` of an entry, one class a runner; a new one is a file here and a member of `Run`."""

from bot.tools.runs.base import RunEntry
from bot.tools.runs.command import CommandRun
from bot.tools.runs.http import HttpRun
from bot.tools.runs.logs import LogsRun
from bot.tools.runs.prometheus import PrometheusRun
from bot.tools.runs.sql import SqlRun
from bot.tools.runs.ssh import SshRun

Run = CommandRun | HttpRun | LogsRun | PrometheusRun | SqlRun | SshRun

__all__ = ["CommandRun", "HttpRun", "LogsRun", "PrometheusRun", "Run", "RunEntry", "SqlRun", "SshRun"]
