"""`run: {runner: http, ...}`, with `poll` for a target that takes a job and works on it for a while."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from bot.tools.runs.base import RunEntry
from bot.tools.shapes import Line, Strict
from bot.tools.template import marked

SECRET = re.compile(r"\{secret:([A-Za-z0-9_]+)\}")
MARK = "{secret:"
ANSWER = re.compile(r"\{answer:((?:/[^/{}]+)+)\}")
Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
Status = Annotated[int, Field(ge=100, le=599)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Pointer = Annotated[str, StringConstraints(pattern=r"^(/[^/]+)+$")]
_HEADER = re.compile(r"[0-9A-Za-z_-]+")
_URL = "{app.url}/health"
_JOB = "{rundeck.url}/api/41/execution/{answer:/id}"


class Networks(RunEntry):
    """Where a request may go, for every runner that speaks HTTP."""

    hosts: Annotated[list[Line], Field(max_length=32, examples=[["rundeck.example.org"]])] = []
    private: Annotated[list[str], Field(max_length=32, examples=[["10.0.0.0/8"]])] = []

    @field_validator("private")
    @classmethod
    def _are_networks(cls, given: list[str]) -> list[str]:
        for network in given:
            try:
                ipaddress.ip_network(network)
            except ValueError:
                raise ValueError(
                    f"{network!r} is no address and no network. Write for example private: [10.0.0.0/8]."
                ) from None
        return given

    def reach(self) -> dict[str, object]:
        """What the call says of it; nothing where nothing is said."""
        both = {"hosts": list(self.hosts), "private": list(self.private)}
        return {name: value for name, value in both.items() if value}


class Poll(Strict):
    """How a job that was taken is followed to its end. `{answer:/id}` is taken from the first answer."""

    url: Annotated[Line, Field(examples=[_JOB])]
    status: Annotated[Pointer, Field(examples=["/status"])]
    ok: Annotated[list[Word], Field(min_length=1, max_length=16, examples=[["succeeded"]])]
    failed: Annotated[list[Word], Field(min_length=1, max_length=16, examples=[["failed", "aborted"]])]
    every_s: Annotated[float, Field(ge=0.05, le=60)] = 2.0
    output: str = Field("", examples=[f"{_JOB}/output?format=text"])
    stop: str = Field("", examples=[f"{_JOB}/abort"])


class DryRequest(Strict):
    """A request that says what the real one would do. The target must promise that it changes nothing."""

    method: Method = "GET"
    url: Annotated[Line, Field(examples=["{app.url}/jobs/{job}?dry_run=true"])]
    body: dict[str, Any] | None = None


class HttpRun(Networks):
    """One HTTP request; redirects are never followed. Header values may hold `{secret:NAME}`."""

    runner: Literal["http"]
    method: Method = "GET"
    url: Annotated[Line, Field(examples=[_URL])]
    headers: dict[str, str] = {}
    body: dict[str, Any] | None = None
    expect: Annotated[list[Status], Field(max_length=16, examples=[[200, 201]])] = []
    idempotency: str = Field("", pattern=r"^[A-Za-z0-9-]{0,64}$", examples=["Idempotency-Key"])
    poll: Poll | None = Field(None, examples=[{"url": _JOB, "status": "/status"}])
    dry_run: DryRequest | None = Field(None, examples=[{"url": "{app.url}/jobs/{job}?dry_run=true"}])

    @model_validator(mode="after")
    def _polls_its_own_answer(self) -> Self:
        if self.poll and not ANSWER.search(self.poll.url):
            raise ValueError(
                "poll.url does not say which job it follows. Write {answer:/id}, a pointer into the answer."
            )
        if self.idempotency and self.method in ("GET", "HEAD"):
            raise ValueError("a request that only reads needs no idempotency key. Take it out.")
        return self

    def call(self, only_reads: bool = False) -> dict[str, object]:
        call = self._request(self.method, self.url, self.body)
        if self.expect:
            call["expect"] = list(self.expect)
        if self.idempotency:
            call["idempotency"] = self.idempotency
        if self.poll:
            urls = {name: url_with_ways(getattr(self.poll, name)) for name in ("url", "output", "stop")}
            call["poll"] = self.poll.model_dump() | urls
        return call

    def dry_call(self) -> dict[str, object] | None:
        if self.dry_run is None:
            return None
        return self._request(self.dry_run.method, self.dry_run.url, self.dry_run.body)

    def names_of_secrets(self) -> frozenset[str]:
        return frozenset(SECRET.findall(" ".join(self.headers.values())))

    def why_no_check(self) -> str:
        if self.method not in ("GET", "HEAD"):
            return "its method is GET or HEAD"
        return "it starts no job, so it has no poll" if self.poll else ""

    def signed_places(self) -> Mapping[str, str]:
        urls = {"url": self.url}
        if self.poll:
            urls |= {f"poll.{name}": getattr(self.poll, name) for name in ("url", "output", "stop")}
        if self.dry_run:
            urls["dry_run.url"] = self.dry_run.url
        return {name: origin_of(url) for name, url in urls.items()} | {"hosts": " ".join(self.hosts)}

    def mistakes(self) -> Iterator[tuple[str, str, str]]:
        yield from mistakes_in_headers(self.headers)

    def _request(self, method: str, url: str, body: dict[str, Any] | None) -> dict[str, object]:
        headers = dict(self.headers)
        call = {"method": method, "url": url_with_ways(url), "headers": headers, "body": body}
        return call | self.reach()


def origin_of(url: str) -> str:
    """What of an address says where it goes: all before its path; a field may bring scheme and host."""
    scheme, mark, rest = url.partition("://")
    if mark and "{" not in scheme:
        return f"{scheme}://{re.split(r'[/?#]', rest, maxsplit=1)[0]}"
    return re.split(r"[/?#]", url, maxsplit=1)[0]


def url_with_ways(url: str) -> str:
    """The address with its arguments percent-encoded, so that each stays one value; fields go in as is."""
    return marked(url, lambda match: "" if match.group(2) or match.group(3) else "url")


def mistakes_in_headers(headers: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Names that are none, and references to secrets that are not closed."""
    for name, value in headers.items():
        if MARK in SECRET.sub("", value):
            yield f"headers.{name}", "a secret is written {secret:NAME}", "Close the bracket behind the name."
        if MARK not in name and not _HEADER.fullmatch(name):
            yield f"headers.{name}", "this is no name of a header", "Write letters, digits and - alone."
