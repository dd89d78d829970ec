"""Reads [fallback] and [heartbeat_out]; refuses what could never work or would give a secret away."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

from bot.domain.alert import Severity
from bot.domain.senders import Deed
from bot.errors import Misconfigured
from bot.reach.back import Alertmanager, PagerDuty, WayBack
from bot.reach.mail import SMTPS_PORT, Mail, MailServer
from bot.reach.silences import Silent
from bot.reach.way import Way
from bot.reach.webhook import Webhook
from bot.settings import FallbackSection, Settings, SourceSection
from bot.sources.options import Options

LOOPBACK = ("localhost", "127.0.0.1", "::1")


def ways_of(settings: Settings) -> list[Way]:
    """The ways that are configured; none is a valid answer. The heartbeat's address is looked at, too.

    Raises:
        Misconfigured: names the setting and what to write.
    """
    section, ways = settings.file.fallback, list[Way]()
    if settings.file.heartbeat_out.url:
        check_url("heartbeat_out.url", settings.file.heartbeat_out.url)
    _check_mail(section, settings.smtp_password)
    if section.webhook_url:
        check_url("fallback.webhook_url", section.webhook_url)
        _check_token(settings.fallback_token)
        ways.append(Webhook(section.webhook_url, settings.fallback_token))
    if section.smtp_host:
        server = MailServer(
            section.smtp_host,
            section.smtp_port,
            section.smtp_starttls,
            section.smtp_user,
            settings.smtp_password,
        )
        ways.append(Mail(server, section.mail_from, tuple(section.mail_to)))
    return ways


def backs_of(settings: Settings) -> list[WayBack]:
    """The sources that are told what people did; none is a valid answer.

    Raises:
        Misconfigured: names the setting and what to write.
    """
    found: list[WayBack] = []
    for name, section in settings.file.sources.items():
        if section.back is None:
            continue
        back, place = section.back, f"sources.{name}.back"
        check_url(f"{place}.url", back.url)
        token = settings.variable(back.token_env) if back.token_env else ""
        if (back.token_env or section.kind == "pagerduty") and (not token or not _is_plain(token)):
            raise Misconfigured(
                f"{place}.token_env: {back.token_env or 'it'} is not set. Put the routing key or the token"
                " into vigie.env under the name that stands there."
            )
        wanted = {Deed.ACKNOWLEDGE: back.acknowledge, Deed.RESOLVE: back.resolve}
        deeds = frozenset(deed for deed, is_wanted in wanted.items() if is_wanted)
        if section.kind == "pagerduty":
            found.append(PagerDuty(name, back.url, token, deeds))
        else:
            lasts = timedelta(minutes=back.silence_minutes)
            found.append(Alertmanager(name, back.url, token, lasts, deeds))
    return found


def silent_of(settings: Settings) -> list[Silent]:
    """The sources that keep silent themselves while a mute is in force; none is a valid answer."""
    ways = {way.name: way for way in backs_of(settings) if isinstance(way, Alertmanager)}
    return [
        Silent(ways[name], _severities(section))
        for name, section in settings.file.sources.items()
        if name in ways and section.back is not None and section.back.mute
    ]


def _severities(section: SourceSection) -> dict[str, Severity]:
    """What each word means that this source may use, and what it means to use none."""
    own = {word.strip().lower(): Severity[name.upper()] for word, name in section.severities.items()}
    options = Options(unknown=Severity[section.severity.upper()], words=own)
    return {word: options.severity(word) for word in {*Severity.words(), *own, ""}}


def check_url(name: str, url: str) -> None:
    """An http or https address that holds no password.

    Raises:
        Misconfigured: it is none.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not _is_plain(url):
        raise Misconfigured(f"{name}: not an address such as https://example.org/hook.")
    if parts.username or parts.password:
        raise Misconfigured(f"{name}: it holds a password; take it out, the file may be read by others.")


def _check_mail(section: FallbackSection, password: str) -> None:
    if not section.smtp_host:
        if section.mail_to or section.mail_from or section.smtp_user:
            raise Misconfigured("fallback.smtp_host is missing: name the mail server that takes the mail.")
        return
    if not section.mail_from or not section.mail_to:
        raise Misconfigured(
            "fallback.smtp_host is set, so mail_from and mail_to are needed too, such as"
            ' mail_from = "vigie@example.org" and mail_to = ["on-call@example.org"].'
        )
    if not section.smtp_user:
        return
    if not password:
        raise Misconfigured(
            "VIGIE_SMTP_PASSWORD is not set, and fallback.smtp_user logs in with it. Set it, or take"
            " smtp_user out if the mail server asks for no login."
        )
    if not section.smtp_starttls and section.smtp_port != SMTPS_PORT and section.smtp_host not in LOOPBACK:
        raise Misconfigured(
            "fallback.smtp_starttls is false, so the password would cross the network in the clear. Set it to"
            f" true, or smtp_port to {SMTPS_PORT}."
        )


def _check_token(token: str) -> None:
    if not _is_plain(token):
        raise Misconfigured("VIGIE_FALLBACK_TOKEN holds a character that no HTTP header can carry.")


def _is_plain(text: str) -> bool:
    return all(32 < ord(character) < 127 for character in text)
