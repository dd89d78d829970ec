"""The keys that Slack's payloads have, as the fixtures of Slack's own SDKs show them."""

HELLO = {"type", "num_connections", "debug_info", "connection_info"}
HELLO_DEBUG = {"host", "build_number", "approximate_connection_time"}
DISCONNECT = {"type", "reason", "num_connections", "debug_info", "connection_info"}

EVENTS_ENVELOPE = {
    "envelope_id",
    "payload",
    "type",
    "accepts_response_payload",
    "retry_attempt",
    "retry_reason",
}
OTHER_ENVELOPE = {"envelope_id", "payload", "type", "accepts_response_payload"}

EVENT_CALLBACK = {
    "token",
    "team_id",
    "api_app_id",
    "event",
    "type",
    "event_id",
    "event_time",
    "authorizations",
    "is_ext_shared_channel",
    "event_context",
}
AUTHORIZATION = {"enterprise_id", "team_id", "user_id", "is_bot", "is_enterprise_install"}
APP_MENTION = {"client_msg_id", "type", "text", "user", "ts", "team", "blocks", "channel", "event_ts"}
MESSAGE = APP_MENTION | {"channel_type"}
HOME_OPENED = {"type", "user", "channel", "tab", "event_ts"}

SLASH_COMMAND = {
    "token",
    "team_id",
    "team_domain",
    "channel_id",
    "channel_name",
    "user_id",
    "user_name",
    "command",
    "text",
    "api_app_id",
    "response_url",
    "trigger_id",
}

# of every interaction; the socket fixtures have the last two, older HTTP ones lack them
INTERACTION = {"type", "user", "api_app_id", "token", "team", "enterprise", "is_enterprise_install"}
USER = {"id", "username", "name", "team_id"}
TEAM = {"id", "domain"}
MESSAGE_ACTION = INTERACTION | {
    "action_ts",
    "callback_id",
    "trigger_id",
    "response_url",
    "message_ts",
    "message",
    "channel",
}
CLICK_IN_MESSAGE = INTERACTION | {
    "container",
    "trigger_id",
    "channel",
    "message",
    "state",
    "response_url",
    "actions",
}
CLICK_IN_EPHEMERAL = CLICK_IN_MESSAGE - {"message"}
CLICK_IN_VIEW = INTERACTION | {"container", "trigger_id", "view", "actions"}
CONTAINER_MESSAGE = {"type", "message_ts", "channel_id", "is_ephemeral"}
CONTAINER_VIEW = {"type", "view_id"}
BUTTON = {"action_id", "block_id", "text", "value", "type", "action_ts"}
SUBMISSION = INTERACTION | {"trigger_id", "view", "response_urls"}
CLOSED = INTERACTION | {"view", "is_cleared"}
VIEW = {
    "id",
    "team_id",
    "type",
    "blocks",
    "private_metadata",
    "callback_id",
    "state",
    "hash",
    "title",
    "clear_on_close",
    "notify_on_close",
    "close",
    "submit",
    "previous_view_id",
    "root_view_id",
    "app_id",
    "external_id",
    "app_installed_team_id",
    "bot_id",
}

# the newer events, as in the samples of Slack's Java SDK
MESSAGE_CHANGED = {
    "type",
    "subtype",
    "hidden",
    "message",
    "previous_message",
    "channel",
    "channel_type",
    "ts",
    "event_ts",
}
MESSAGE_DELETED = MESSAGE_CHANGED - {"message"} | {"deleted_ts"}
EVENTS = {
    "app_uninstalled": {"type"},
    "channel_archive": {"type", "channel", "user", "is_moved", "event_ts"},
    "channel_deleted": {"type", "channel", "actor_id", "event_ts"},
    "channel_left": {"type", "channel", "actor_id", "event_ts"},
    "channel_unarchive": {"type", "channel", "user", "event_ts"},
    "file_deleted": {"type", "file_id", "channel_ids", "event_ts"},
    "file_shared": {"type", "channel_id", "file_id", "user_id", "file", "event_ts"},
    "group_archive": {"type", "channel", "user", "is_moved", "event_ts"},
    "group_deleted": {"type", "channel", "actor_id", "date_deleted", "event_ts"},
    "group_left": {"type", "channel", "actor_id", "event_ts"},
    "group_unarchive": {"type", "channel", "actor_id", "event_ts"},
    "member_joined_channel": {"type", "user", "channel", "channel_type", "team", "inviter", "event_ts"},
    "member_left_channel": {"type", "user", "channel", "channel_type", "team", "event_ts"},
    "reaction_added": {"type", "user", "reaction", "item_user", "item", "event_ts"},
    "reaction_removed": {"type", "user", "reaction", "item_user", "item", "event_ts"},
    "subteam_members_changed": {
        "type",
        "subteam_id",
        "team_id",
        "date_previous_update",
        "date_update",
        "added_users",
        "added_users_count",
        "removed_users",
        "removed_users_count",
        "event_ts",
    },
    "subteam_updated": {"type", "subteam", "event_ts"},
    "tokens_revoked": {"type", "tokens"},
}
