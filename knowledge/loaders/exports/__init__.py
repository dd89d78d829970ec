"""The exports that are known. One file a tracker, one line in EXPORTS; the first that matches reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from knowledge.loaders.exports import github, gitlab, jira, pagerduty, servicenow, vigie
from knowledge.loaders.exports.incident import Incident
from knowledge.model import Document


@dataclass(frozen=True, slots=True)
class Export:
    """How records of one tracker are told and read; None for one that is still open."""

    name: str
    matches: Callable[[Mapping[str, Any]], bool]
    read: Callable[[Mapping[str, Any]], Incident | Document | None]


EXPORTS = (
    Export("Vigie", vigie.matches, vigie.read),
    Export("PagerDuty", pagerduty.matches, pagerduty.read),
    Export("Jira", jira.matches, jira.read),
    Export("ServiceNow", servicenow.matches, servicenow.read),
    Export("GitHub", github.matches, github.read),
    Export("GitLab", gitlab.matches, gitlab.read),
)
