# SPDX-License-Identifier: Apache-2.0
"""What kpi, jobs and usage have to show of a database, counted by plain SQL that both engines understand."""

import time

DAY = 24 * 3600 * 1000
LIVE = "FROM Posts WHERE DeleteAt = 0"
REACTED = "FROM Reactions WHERE (DeleteAt IS NULL OR DeleteAt = 0)"
CHANNEL_TYPES = {"O": "public", "P": "private", "D": "direct", "G": "group"}
NOT_BOT = "NOT EXISTS (SELECT 1 FROM Bots b WHERE b.UserId = {})"
WAITING = ("pending", "in_progress", "cancel_requested")
INTEGRATIONS = {"incoming_webhook": "IncomingWebhooks WHERE DeleteAt = 0",
                "outgoing_webhook": "OutgoingWebhooks WHERE DeleteAt = 0", "slash_command": "Commands WHERE DeleteAt = 0",
                "oauth_app": "OAuthApps"}

# Values that depend on when or where they were looked at.
MEASURED = ("mattermost_kpi_counted_timestamp_seconds", "mattermost_usage_counted_timestamp_seconds",
            "mattermost_jobs_counted_timestamp_seconds", "mattermost_database_size_bytes",
            "mattermost_database_table_size_bytes", "mattermost_database_table_rows")


def is_postgresql(source):
    return hasattr(source.server, "psql")


def number(source, sql):
    answer = source.sql(sql)
    return None if answer in ("", "NULL") else int(answer)


def has(source, table, column):
    schema = "current_schema()" if is_postgresql(source) else "DATABASE()"
    return number(source, "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = " + schema +
                  f" AND lower(table_name) = '{table.lower()}' AND lower(column_name) = '{column.lower()}'") > 0


def _times(samples, family, value_ms, *labels):
    if value_ms is not None:
        samples[(family, *labels)] = value_ms / 1000


def _people(source, samples):
    now = time.time_ns() // 10 ** 6
    kinds = {"bot": "EXISTS (SELECT 1 FROM Bots b WHERE b.UserId = Users.Id)"}
    kinds["remote"] = f"NOT {kinds['bot']} AND RemoteId <> ''"
    kinds["guest"] = f"NOT {kinds['bot']} AND (RemoteId IS NULL OR RemoteId = '') AND Roles LIKE '%system_guest%'"
    kinds["regular"] = f"NOT {kinds['bot']} AND (RemoteId IS NULL OR RemoteId = '') AND COALESCE(Roles, '') NOT LIKE '%system_guest%'"
    for kind, condition in kinds.items():
        for state, deleted in (("active", "DeleteAt = 0"), ("deactivated", "DeleteAt > 0")):
            samples[("mattermost_users", kind, state)] = number(
                source, f"SELECT COUNT(*) FROM Users WHERE {condition} AND {deleted}")
    for name, days in (("daily", 1), ("weekly", 7), ("monthly", 31)):
        samples[(f"mattermost_{name}_active_users",)] = number(source, f"""SELECT COUNT(*) FROM Users
            WHERE DeleteAt = 0 AND (RemoteId IS NULL OR RemoteId = '') AND {NOT_BOT.format("Users.Id")}
            AND Id IN (SELECT UserId FROM Status WHERE LastActivityAt > {now - days * DAY})""")
    for presence in ("online", "away", "dnd", "ooo"):
        samples[("mattermost_users_online", presence)] = number(
            source, f"SELECT COUNT(*) FROM Status WHERE Status = '{presence}'")


def kpi(source):
    """Without messages_posted_total: that never falls, so it depends on the past."""
    prefix, samples = "mattermost_kpi_", {}
    samples[(prefix + "posts_total",)] = number(source, f"SELECT COUNT(*) {LIVE}")
    samples[(prefix + "reactions",)] = number(source, f"SELECT COUNT(*) {REACTED}")
    samples[(prefix + "sessions_total",)] = number(source, "SELECT COUNT(*) FROM Sessions WHERE ExpiresAt = 0 OR "
                                                   f"ExpiresAt > {time.time_ns() // 10 ** 6}")
    newest = number(source, f"SELECT MAX(CreateAt) {LIVE}")
    if newest is not None:
        samples[(prefix + "last_post_date",)] = newest
    _times(samples, prefix + "last_post_timestamp_seconds", newest)
    _times(samples, prefix + "reaction_last_seconds", number(source, f"SELECT MAX(CreateAt) {REACTED}"))
    for family, condition in (("channels_total", "DeleteAt = 0"), ("channels_archived", "DeleteAt > 0")):
        counted = dict(source.rows(f"SELECT Type, COUNT(*) FROM Channels WHERE {condition} GROUP BY Type"))
        samples.update({(prefix + family, label): int(counted.get(letter, 0))
                        for letter, label in CHANNEL_TYPES.items()})
    for emoji, count in source.rows(f"SELECT EmojiName, COUNT(*) {REACTED} GROUP BY EmojiName "
                                    "ORDER BY COUNT(*) DESC, EmojiName LIMIT 5"):
        samples[(prefix + "reaction_total", emoji)] = int(count)
    _people(source, samples)
    for state, condition in (("active", "DeleteAt = 0"), ("archived", "DeleteAt > 0")):
        samples[("mattermost_teams", state)] = number(source, f"SELECT COUNT(*) FROM Teams WHERE {condition}")
    for kind, rows in INTEGRATIONS.items():
        samples[("mattermost_integrations", kind)] = number(source, f"SELECT COUNT(*) FROM {rows}")
    is_live = " WHERE COALESCE(ThreadDeleteAt, 0) = 0" if has(source, "Threads", "ThreadDeleteAt") else ""
    samples[("mattermost_threads",)] = number(source, "SELECT COUNT(*) FROM Threads" + is_live)
    samples[("mattermost_files",)] = number(source, "SELECT COUNT(*) FROM FileInfo WHERE DeleteAt = 0")
    samples[("mattermost_files_size_bytes",)] = number(
        source, "SELECT COALESCE(SUM(Size), 0) FROM FileInfo WHERE DeleteAt = 0")
    return samples


def messages(source):
    """Mattermost's own counters, by label."""
    counted = dict(source.rows("SELECT Type, SUM(TotalMsgCount) FROM Channels GROUP BY Type"))
    return {label: int(counted.get(letter, 0)) for letter, label in CHANNEL_TYPES.items()}


def _of_type(samples, kind, rows):
    def times(status, column, least):
        found = [row[column] for row in rows if row[1] in status]
        return least(found) if found else None

    _times(samples, "mattermost_job_oldest_pending_timestamp_seconds", times(("pending",), 2, min), kind)
    _times(samples, "mattermost_job_oldest_cancel_request_timestamp_seconds", times(("cancel_requested",), 4, min), kind)
    _times(samples, "mattermost_job_last_success_timestamp_seconds", times(("success", "warning"), 4, max), kind)
    _times(samples, "mattermost_job_last_failure_timestamp_seconds", times(("error",), 4, max), kind)
    running = [row for row in rows if row[1] == "in_progress"]
    if running:
        _times(samples, "mattermost_job_last_activity_timestamp_seconds", min(max(row[3], row[4]) for row in running), kind)
        progress = [row[5] for row in running if row[5] >= 0]
        if progress:
            samples[("mattermost_job_progress_ratio", kind)] = min(progress) / 100
    ended = [row for row in rows if row[1] in ("success", "warning") and row[3] > 0]
    if ended:
        last = max(ended, key=lambda row: (row[4], row[3]))
        samples[("mattermost_job_last_duration_seconds", kind)] = (last[4] - last[3]) / 1000


def jobs(source):
    rows = [(row[0], row[1], *map(int, row[2:])) for row in source.rows(
        "SELECT Type, Status, CreateAt, StartAt, LastActivityAt, Progress FROM Jobs")]
    samples = {}
    for kind, status, *_ in rows:
        key = ("mattermost_usage_job_total", kind, status)
        samples[key] = samples.get(key, 0) + 1
    _times(samples, "mattermost_usage_job_last_seconds", max((row[4] for row in rows if row[4] > 0), default=None))
    for kind in {row[0] for row in rows}:
        _of_type(samples, kind, [row for row in rows if row[0] == kind])
    return samples


def usage(source, edition="free", version=None):
    people = NOT_BOT.format("Posts.UserId")
    migrations = has(source, "db_migrations", "version")
    schema = number(source, "SELECT MAX(Version) FROM db_migrations") if migrations else None
    stored = source.sql("SELECT Value FROM Systems WHERE Name = 'Version'")
    version = version or (f"schema {schema}" if migrations else stored)
    driver = "postgres" if is_postgresql(source) else "mysql"
    samples = {
        ("mattermost_usage_info", version, edition, driver): 1,
        ("mattermost_usage_start_time_seconds",): number(
            source, "SELECT Value FROM Systems WHERE Name = 'InstallationDate'") / 1000,
        ("mattermost_usage_posts_total",): number(source, f"SELECT COUNT(*) {LIVE} AND Type = '' AND {people}"),
        ("mattermost_usage_users_total",): number(source, f"""SELECT COUNT(*) FROM Users WHERE DeleteAt = 0
            AND (RemoteId IS NULL OR RemoteId = '') AND {NOT_BOT.format("Users.Id")}"""),
        ("mattermost_usage_storage_bytes",): number(
            source, "SELECT COALESCE(SUM(Size), 0) FROM FileInfo WHERE DeleteAt = 0"),
    }
    if migrations:
        samples[("mattermost_database_schema_version",)] = schema
    return samples


def comparable(samples, *without):
    """What can be equal to the truth."""
    return {key: value for key, value in samples.items() if key[0] not in MEASURED + without}


def difference(found, expected):
    """{key: (shown, true)} of what is not equal."""
    return {key: (found.get(key), expected.get(key)) for key in {**found, **expected}
            if found.get(key) != expected.get(key)}
