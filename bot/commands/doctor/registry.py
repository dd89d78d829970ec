"""All checks, in the order in which they are told: what the others rest on comes first."""

from __future__ import annotations

from bot.commands.doctor import canary, files, groups, host, model, readers, telling, tokens, workspace
from bot.commands.doctor.check import Check

CHECKS = (
    Check("settings", files.settings, stops_start=True),
    Check("bot token", tokens.bot_token, stops_start=True),
    Check("scopes", tokens.scopes, stops_start=True),
    Check("app token", tokens.app_token, stops_start=True),
    Check("intake token", tokens.intake_token, stops_start=True),
    Check("sources", tokens.sources, stops_start=True),
    Check("channel", workspace.channel, stops_start=True, limit_s=30),
    Check("N3", workspace.n3, stops_start=True, limit_s=30),
    Check("N3 groups", groups.groups, limit_s=30),
    Check("readers", readers.readers, limit_s=30),
    Check("N3 channel", telling.n3_channel, limit_s=30),
    Check("clock", workspace.clock),
    Check("catalogue", files.catalogue, stops_start=True),
    Check("scripts", files.scripts),
    Check("libraries", files.libraries, stops_start=True),
    Check("secrets", files.secrets, stops_start=True),
    Check("model", model.model),
    Check("embeddings", model.embeddings, limit_s=150),
    Check("vector server", model.vector_server, limit_s=40),
    Check("database", host.database),
    Check("disk", host.disk),
    Check("audit folder", telling.audit_folder),
    Check("web port", host.web_port),
    Check("canary", canary.canary),
)
