# SPDX-License-Identifier: Apache-2.0
"""Databases that are not as they should be: grants, tables and columns that are missing, NULLs where the schema allows
them, types that nobody has heard of, names of any characters. What is shown is right, what cannot be had is absent and
never 0, and one line says what is missing."""

import re

import pytest

import every_collector
import installations
import processes
import truth
from database import PASSWORD_MARK, PrivatePostgreSQL
from fake_mattermost import FakeMattermost
from mysql_database import PrivateMariaDB

READERS = ("kpi", "jobs", "usage")  # those whose values are rows of Mattermost's tables
NEWEST = [("postgresql", "11.6"), ("mysql", "9.9")]
SOME = [("postgresql", "5.37"), *NEWEST]  # where the versions in between have the same columns

KPI, USAGE, JOB = "mattermost_kpi_", "mattermost_usage_", "mattermost_job_"
ACTIVE = {f"mattermost_{name}_active_users" for name in ("daily", "weekly", "monthly")}
POSTS = {KPI + "posts_total", KPI + "last_post_date", KPI + "last_post_timestamp_seconds"}
REACTIONS = {KPI + "reactions", KPI + "reaction_total", KPI + "reaction_last_seconds"}
FILES = {"mattermost_files", "mattermost_files_size_bytes"}
QUEUE = {JOB + "oldest_pending_timestamp_seconds", JOB + "last_activity_timestamp_seconds", JOB + "progress_ratio",
         JOB + "oldest_cancel_request_timestamp_seconds"}
HISTORY = {USAGE + "job_total", USAGE + "job_last_seconds", JOB + "last_success_timestamp_seconds",
           JOB + "last_failure_timestamp_seconds", JOB + "last_duration_seconds",
           "mattermost_jobs_counted_timestamp_seconds"}
# What each table is needed for: all that may be absent without it.
NEEDED = {
    "Posts": {"kpi": POSTS, "usage": {USAGE + "posts_total"}},
    "Channels": {"kpi": {KPI + "channels_total", KPI + "channels_archived", "mattermost_messages_posted_total"}},
    "Reactions": {"kpi": REACTIONS},
    "Sessions": {"kpi": {KPI + "sessions_total"}},
    "Users": {"kpi": {"mattermost_users"} | ACTIVE, "usage": {USAGE + "users_total"}},
    "Bots": {"kpi": {"mattermost_users"} | ACTIVE, "usage": {USAGE + "users_total", USAGE + "posts_total"}},
    "Status": {"kpi": {"mattermost_users_online"} | ACTIVE},
    "Teams": {"kpi": {"mattermost_teams"}},
    "Threads": {"kpi": {"mattermost_threads"}},
    "FileInfo": {"kpi": FILES, "usage": {USAGE + "storage_bytes"}},
    "IncomingWebhooks": {"kpi": {"mattermost_integrations"}},
    "OutgoingWebhooks": {"kpi": {"mattermost_integrations"}},
    "Commands": {"kpi": {"mattermost_integrations"}},
    "OAuthApps": {"kpi": {"mattermost_integrations"}},
    "Jobs": {"jobs": QUEUE | HISTORY},
}
LOST_WITHOUT_SYSTEMS = {USAGE + "start_time_seconds", USAGE + "info", "mattermost_license_expiry_timestamp_seconds",
                        "mattermost_license_users"}
FOR_OLD_SCHEMAS = {("Threads", "postid")}  # newer ones have a better column
MESSAGES = "mattermost_messages_posted_total"
NOT_THERE = re.compile(r"does not exist|doesn't exist|Unknown column|denied|no SELECT|invalid")


@pytest.fixture(scope="module")
def servers():
    with PrivatePostgreSQL() as postgresql, PrivateMariaDB() as mariadb:
        yield {"postgresql": postgresql, "mysql": mariadb}


@pytest.fixture(scope="module")
def shared():
    """{(engine, version): source} of what has been made already."""
    return {}


@pytest.fixture
def installation(request, servers, shared):
    """(source, engine) that the tests of this version share: who breaks something mends it."""
    engine, version = request.param
    if request.param not in shared:
        name = "odd_" + version.replace(".", "_")
        shared[request.param] = installations.generated(servers[engine], engine, version, name)
    return shared[request.param], engine


@pytest.fixture
def fresh(request, servers, numbers):
    """(source, engine) for one test alone."""
    engine, version = request.param
    source = installations.generated(servers[engine], engine, version, f"fresh_{next(numbers)}")
    yield source, engine
    sql = source.server.psql if engine == "postgresql" else source.server.sql
    sql(f"DROP DATABASE {source.name}" + (" WITH (FORCE)" if engine == "postgresql" else ""))


def each(name, versions):
    return pytest.mark.parametrize(name, versions, ids="-".join, indirect=True)


@pytest.fixture
def first_round(tmp_path):
    """first_round(source, engine, collector, ...): what a new worker finds."""
    folder = installations.drivers(str(tmp_path))

    def look(source, engine, collector, **settings):
        one = installations.worker(source, engine, collector, folder, interval_ms=60000, **settings)
        try:
            # On a busy machine it may have ended before anybody looked, and the next is a minute away.
            found = one.wait(lambda: next(iter(one.pipe.rounds), None))
            assert PASSWORD_MARK not in one.log_text
            assert "refused" not in one.log_text, one.log_text
        finally:
            one.end()
        return found

    return look


def expected(source, collector):
    samples = getattr(truth, collector)(source)
    if collector == "kpi":
        samples.update({(MESSAGES, label): value for label, value in truth.messages(source).items()})
    return samples


def whole(source):
    return {collector: expected(source, collector) for collector in READERS}


def without(samples, families):
    return {key: value for key, value in samples.items() if key[0] not in families}


def assert_right(found, samples):
    assert truth.difference(truth.comparable(found.samples), samples) == {}


def assert_all_right(first_round, source, engine):
    for collector in READERS:
        found = first_round(source, engine, collector)
        assert (found.status, found.error) == ("ok", ""), collector
        assert_right(found, expected(source, collector))


# -- something is missing ----------------------------------------------------------------------------------------


def granted(source, engine):
    """[(table, column)] that the role may read of Mattermost's tables and its values need."""
    schema, name = ("current_schema()", "minotor") if engine == "postgresql" else ("DATABASE()", "''minotor''@''localhost''")
    rows = source.rows("SELECT table_name, column_name FROM information_schema.column_privileges WHERE table_schema = "
                       f"{schema} AND grantee = '{name}' AND privilege_type = 'SELECT' ORDER BY 1, 2")
    spelled = {table.lower(): table for table in NEEDED}
    return [(spelled[table.lower()], column) for table, column in rows if table.lower() in spelled]


def assert_costs_only(first_round, source, engine, samples, table, names):
    """All that may be absent without the table is what may be absent; the rest is as it was."""
    absent = set()
    for collector in READERS:
        found = first_round(source, engine, collector)
        unknown = set(found.unknown)
        if found.status == "ok":
            assert unknown == set() and found.error == ""
        else:
            assert found.status in ("partial", "failed") and found.samples is not None
            assert "\n" not in found.error and NOT_THERE.search(found.error), found.error
            assert any(name.lower() in found.error.lower() for name in names), found.error
        if found.status == "failed":
            assert found.samples == {}
            unknown = {key[0] for key in samples[collector]} | HISTORY
        assert unknown <= NEEDED[table].get(collector, set()), (collector, found.error)
        if found.status != "failed":
            assert_right(found, without(samples[collector], unknown))
        absent |= {(collector, family) for family in unknown}
    return absent


@each("installation", NEWEST)
def test_each_column_that_may_not_be_read(first_round, installation, figure):
    source, engine = installation
    samples = whole(source)
    # To MySQL a column that may not be read is one that is not there, and then this is a schema before that column.
    columns = [column for column in granted(source, engine) if (engine, *column) != ("mysql", "Threads", "ThreadDeleteAt")]
    assert len(columns) > 30 and {table for table, _ in columns} == set(NEEDED)
    grantee = "minotor" if engine == "postgresql" else "minotor@localhost"
    for table, column in columns:
        source.sql(f"REVOKE SELECT ({column}) ON {table} FROM {grantee}")
        try:
            absent = assert_costs_only(first_round, source, engine, samples, table, (table, column))
            assert absent or (table, column.lower()) in FOR_OLD_SCHEMAS, f"{table}({column}) is granted and not needed"
        finally:
            source.sql(f"GRANT SELECT ({column}) ON {table} TO {grantee}")
    figure(f"{engine}: {len(columns)} columns, one after the other not granted")
    assert_all_right(first_round, source, engine)


@each("installation", installations.VERSIONS)
def test_each_table_that_is_not_there(first_round, installation):
    source, engine = installation
    samples = whole(source)
    for table, needed in NEEDED.items():
        source.sql(f"ALTER TABLE {table} RENAME TO Elsewhere")
        try:
            absent = assert_costs_only(first_round, source, engine, samples, table, (table,))
        finally:
            source.sql(f"ALTER TABLE Elsewhere RENAME TO {table}")
        assert absent == {(collector, family) for collector, families in needed.items() for family in families}, table
    assert_all_right(first_round, source, engine)


@each("installation", installations.VERSIONS)
def test_columns_that_have_another_name(first_round, installation):
    source, engine = installation
    samples = whole(source)
    for table, column in (("Posts", "DeleteAt"), ("Posts", "CreateAt"), ("Channels", "Type"), ("Reactions", "EmojiName"),
                          ("Sessions", "ExpiresAt"), ("Users", "Roles"), ("Status", "LastActivityAt"), ("Jobs", "Progress"),
                          ("FileInfo", "Size"), ("Bots", "UserId")):
        source.sql(f"ALTER TABLE {table} RENAME COLUMN {column} TO Renamed")
        try:
            assert assert_costs_only(first_round, source, engine, samples, table, (column, table)), (table, column)
        finally:
            source.sql(f"ALTER TABLE {table} RENAME COLUMN Renamed TO {column}")
    if engine == "mysql":
        installations.grant(source.server, engine, source.name)  # these do not follow a column's name
    assert_all_right(first_round, source, engine)


@each("installation", installations.VERSIONS)
def test_no_view_of_the_system_values(first_round, installation):
    """The table itself may not be read: what stands in it is not known, and the edition neither."""
    source, engine = installation
    samples = expected(source, "usage")
    source.sql("DROP VIEW minotor_systems")
    try:
        found = first_round(source, engine, "usage")
    finally:
        installations.grant(source.server, engine, source.name)
    assert found.status == "partial" and re.search("no SELECT on minotor_systems", found.error)
    assert set(found.unknown) == LOST_WITHOUT_SYSTEMS
    assert_right(found, without(samples, LOST_WITHOUT_SYSTEMS))
    assert first_round(source, engine, "usage").status == "ok"


@each("installation", NEWEST)
def test_mattermosts_own_account_reads_the_table(first_round, installation):
    """The view is there, made for minotor's role, and Mattermost's account may read only what is its own."""
    source, engine = installation
    grantee = "minotor" if engine == "postgresql" else "minotor@localhost"
    source.sql(f"REVOKE SELECT ON minotor_systems FROM {grantee}")
    source.sql(f"GRANT SELECT ON Systems TO {grantee}")
    try:
        found = first_round(source, engine, "usage")
        assert found.status == "ok", found.error
        assert_right(found, expected(source, "usage"))
    finally:
        source.sql(f"REVOKE SELECT ON Systems FROM {grantee}")
        installations.grant(source.server, engine, source.name)


@each("installation", NEWEST)
def test_a_view_that_may_not_be_read(first_round, installation):
    """Nor may the table. To MySQL what may not be read is not there at all."""
    source, engine = installation
    samples = expected(source, "usage")
    grantee = "minotor" if engine == "postgresql" else "minotor@localhost"
    source.sql(f"REVOKE SELECT ON minotor_systems FROM {grantee}")
    try:
        found = first_round(source, engine, "usage")
    finally:
        installations.grant(source.server, engine, source.name)
    assert found.status == "partial" and "\n" not in found.error
    assert re.search("(?i)minotor_systems|denied.*systems", found.error), found.error
    assert set(found.unknown) == LOST_WITHOUT_SYSTEMS
    assert_right(found, without(samples, LOST_WITHOUT_SYSTEMS))
    assert first_round(source, engine, "usage").status == "ok"


@each("installation", installations.VERSIONS)
def test_an_account_that_may_read_everything(first_round, installation):
    """Mattermost's own, say: no view of ours is needed."""
    source, engine = installation
    name = "sees_all"
    source.sql("DROP VIEW minotor_systems")
    if engine == "postgresql":
        source.sql(f"CREATE ROLE {name} LOGIN PASSWORD 'x'; GRANT pg_read_all_data TO {name}")
    else:
        source.sql(f"CREATE USER {name}@localhost IDENTIFIED BY 'x'; GRANT SELECT ON {source.name}.* TO {name}@localhost")
    try:
        for collector in READERS:
            found = first_round(source, engine, collector, database__user=name, database__password="x")
            assert (found.status, found.error, found.unknown) == ("ok", "", []), collector
            assert_right(found, expected(source, collector))
    finally:
        source.sql(f"DROP ROLE {name}" if engine == "postgresql" else f"DROP USER {name}@localhost")
        installations.grant(source.server, engine, source.name)


@each("installation", NEWEST)
def test_no_grant_at_all(first_round, installation):
    source, engine = installation
    name = "nobody_knows"
    if engine == "postgresql":
        source.sql(f"CREATE ROLE {name} LOGIN PASSWORD 'no-9c41'")
    else:
        source.sql(f"CREATE USER {name}@localhost IDENTIFIED BY 'no-9c41'; GRANT USAGE ON *.* TO {name}@localhost")
    try:
        for collector in READERS:
            found = first_round(source, engine, collector, database__user=name, database__password="no-9c41")
            assert found.status in ("failed", "partial") and NOT_THERE.search(found.error), found
            shown = {key: value for key, value in found.samples.items() if key[0] not in (
                "mattermost_database_table_rows", "mattermost_database_table_size_bytes", "mattermost_database_size_bytes")}
            assert shown == {}, "nothing is known"
            assert found.samples.get(("mattermost_database_size_bytes",)) != 0
    finally:
        source.sql(f"DROP ROLE {name}" if engine == "postgresql" else f"DROP USER {name}@localhost")


# -- one line says so --------------------------------------------------------------------------------------------


def complaints(daemon, offset):
    return daemon.log_lines("level=(warning|error)", offset)


@each("fresh", NEWEST)
def test_one_line_for_each_thing_that_is_missing(minotor, fresh, figure):
    """Through the whole program: several at once, in many rounds; and the page has no zero for any of them."""
    source, engine = fresh
    samples = whole(source)
    grantee = "minotor" if engine == "postgresql" else "minotor@localhost"
    source.sql(f"REVOKE SELECT (ExpiresAt) ON Sessions FROM {grantee}")
    source.sql("ALTER TABLE Status RENAME TO StatusElsewhere")
    source.sql("ALTER TABLE Reactions RENAME COLUMN EmojiName TO Renamed")
    source.sql(f"REVOKE SELECT (Status) ON Jobs FROM {grantee}")
    source.sql(f"REVOKE SELECT (Bytes) ON Licenses FROM {grantee}")  # there is none, so nobody asks for it
    lost = (NEEDED["Sessions"]["kpi"] | NEEDED["Status"]["kpi"] | REACTIONS | NEEDED["Jobs"]["jobs"])
    with FakeMattermost() as api:
        daemon = every_collector.prepare(minotor, source, engine, api).start()
        page = daemon.wait_for(lambda page: all(daemon.rounds(page, one) >= 6 for one in every_collector.NAMES), 30, "rounds")
        for family in lost:
            assert page.series(family) == {}, family
        for collector in ("kpi", "usage"):
            for key, value in without(samples[collector], lost).items():
                shown = {tuple(sorted(set(dict(labels).values()) - {"mattermost"})): number
                         for labels, number in page.series(key[0]).items()}
                if key[0] != USAGE + "info":
                    assert shown.get(tuple(sorted(key[1:]))) == value, key
        lines = complaints(daemon, 0)
        # Two questions are about who is online, and one line is about each question that has no answer.
        for words in ("sessions: .*(denied)", "users online: .*status", "active users: .*status", "reactions: .*(emojiname)",
                      "jobs: .*(denied)"):
            assert len([line for line in lines if re.search("(?i)" + words, line)]) == 1, (words, lines)
        assert len(lines) == 5, lines
        figure(f"{engine}: {len(lines)} lines in {daemon.rounds(page):.0f} rounds: " + " | ".join(
            line.split("msg=")[-1] for line in lines))
        for collector in ("kpi", "jobs"):
            assert page.collector("success", collector) == 0
        for collector in ("usage", "health", "dbpool"):
            assert page.collector("success", collector) == 1, collector
        source.sql("ALTER TABLE StatusElsewhere RENAME TO Status")
        source.sql("ALTER TABLE Reactions RENAME COLUMN Renamed TO EmojiName")
        installations.grant(source.server, engine, source.name)
        for collector in every_collector.NAMES:
            page = daemon.wait_until_good(collector)
        offset = len(daemon.log())
        for collector in every_collector.NAMES:
            page = daemon.next_round(collector)
        assert complaints(daemon, offset) == []
        daemon.stop()
        assert next(iter(page.series(KPI + "sessions_total").values())) == samples["kpi"][(KPI + "sessions_total",)]


# -- what the schema allows and nobody expects --------------------------------------------------------------------


@each("fresh", NEWEST)
def test_a_type_of_channel_that_is_not_known(first_round, fresh):
    """Mattermost 11.8 has two more of them; on MySQL nobody will ever see these, but an enumeration may grow there too."""
    source, engine = fresh
    before = expected(source, "kpi")
    count, archived, messages = (int(cell) for cell in source.rows(
        "SELECT COUNT(CASE WHEN DeleteAt = 0 THEN 1 END), COUNT(CASE WHEN DeleteAt > 0 THEN 1 END), SUM(TotalMsgCount)"
        " FROM Channels WHERE Type = 'P'")[0])
    assert count > 0
    if engine == "postgresql":
        source.sql("ALTER TYPE channel_type ADD VALUE 'BO'")
    else:
        source.sql("ALTER TABLE Channels MODIFY Type enum('D', 'O', 'G', 'P', 'BO')")
    source.sql("UPDATE Channels SET Type = 'BO' WHERE Type = 'P'")
    found = first_round(source, engine, "kpi")
    assert (found.status, found.error) == ("ok", "")
    samples = {**before, (KPI + "channels_total", "private"): 0, (KPI + "channels_archived", "private"): 0,
               (MESSAGES, "private"): 0, (KPI + "channels_total", "other"): count,
               (KPI + "channels_archived", "other"): archived, (MESSAGES, "other"): messages}
    assert_right(found, samples)


def nullable(source, engine):
    """{table: columns that may be NULL} of all tables that a value needs."""
    schema = "current_schema()" if engine == "postgresql" else "DATABASE()"
    found = {}
    for table, column in source.rows("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = "
                                     f"{schema} AND is_nullable = 'YES'"):
        found.setdefault(table.lower(), []).append(column)
    return {table: found.get(table.lower(), []) for table in (*NEEDED, "Systems", "Licenses", "Emoji", "PluginKeyValueStore")}


def set_null(source, engine, table, names, index):
    """In the row of that index; in none when the table has fewer."""
    quote = "`" if engine == "mysql" else '"'
    assignments = ", ".join(f"{quote}{name}{quote} = NULL" for name in names)
    if engine == "postgresql":
        source.sql(f"UPDATE {table} SET {assignments} WHERE ctid = (SELECT ctid FROM {table} ORDER BY ctid OFFSET {index} LIMIT 1)")
        return
    keys = [row[0] for row in source.rows("SELECT column_name FROM information_schema.key_column_usage WHERE table_schema = "
                                          f"DATABASE() AND table_name = '{table}' AND constraint_name = 'PRIMARY'")]
    rows = source.rows(f"SELECT {', '.join(keys)} FROM {table} ORDER BY {', '.join(keys)} LIMIT 1 OFFSET {index}")
    if rows:
        where = " AND ".join(f"{key} = {literal(value, engine)}" for key, value in zip(keys, rows[0]))
        source.sql(f"UPDATE {table} SET {assignments} WHERE {where}")


@each("fresh", installations.VERSIONS)
def test_null_in_every_column_that_may_have_it(first_round, fresh, figure):
    """In one row all of them, in one row each: what is NULL is neither 0 nor a reason to do without other rows."""
    source, engine = fresh
    columns = nullable(source, engine)
    assert sum(map(len, columns.values())) > 100
    for table, names in columns.items():
        if names and table != "Jobs":
            set_null(source, engine, table, names, 0)
            for index, name in enumerate(names, 1):
                set_null(source, engine, table, [name], index)
    figure(f"{engine}: {sum(map(len, columns.values()))} columns of {len(columns)} tables")
    nameless = source.rows("SELECT COUNT(CASE WHEN DeleteAt = 0 THEN 1 END), COUNT(CASE WHEN DeleteAt > 0 THEN 1 END),"
                           " COALESCE(SUM(TotalMsgCount), 0) FROM Channels WHERE Type IS NULL")[0]
    for collector in ("kpi", "usage"):
        found = first_round(source, engine, collector)
        assert (found.status, found.error) == ("ok", ""), collector
        samples = expected(source, collector)
        if collector == "kpi":
            samples.update({(family, "other"): int(value) for family, value in zip(
                (KPI + "channels_total", KPI + "channels_archived", MESSAGES), nameless)})
        assert_right(found, samples)
        exact = first_round(source, engine, collector, own={"exact": "true"})
        assert truth.comparable(exact.samples) == truth.comparable(found.samples)


# (CreateAt, StartAt, LastActivityAt, Status, Progress) of a job, and what is known of it.
SUCCESS, SINCE, DURATION = JOB + "last_success_timestamp_seconds", JOB + "oldest_pending_timestamp_seconds", JOB + "last_duration_seconds"
ACTIVITY, PROGRESS = JOB + "last_activity_timestamp_seconds", JOB + "progress_ratio"
JOBS = [
    ((5000, 6000, 7000, "success", 100), {SUCCESS: 7, DURATION: 1}),
    ((None, 6000, 7000, "success", None), {SUCCESS: 7, DURATION: 1}),
    ((5000, None, 7000, "success", 100), {SUCCESS: 7}),
    ((5000, 6000, None, "success", 100), {}),
    ((5000, 6000, 7000, None, 100), {}),
    ((None, 0, 0, "pending", 0), {}),
    ((5000, None, None, "pending", 0), {SINCE: 5}),
    ((5000, None, 7000, "in_progress", 50), {ACTIVITY: 7, PROGRESS: 0.5}),
    ((5000, 6000, None, "in_progress", 50), {ACTIVITY: 6, PROGRESS: 0.5}),
    ((5000, None, None, "in_progress", None), {}),
    ((5000, 6000, None, "error", -1), {}),
    ((None, None, None, "cancel_requested", None), {}),
    ((None, None, None, None, None), {}),
    ((5000, 6000, 7000, "Pending", 50), {}),  # to MySQL equal to one of those above
]


@each("fresh", SOME)
def test_jobs_of_which_not_everything_is_known(first_round, fresh):
    source, engine = fresh
    samples = {}
    newest = max(values[2] or values[1] or 0 for values, _ in JOBS) / 1000
    source.sql("DELETE FROM Jobs")
    for number, (values, known) in enumerate(JOBS):
        kind = f"odd{number}" if any(values) else None
        cells = ", ".join("NULL" if value is None else f"'{value}'" for value in (kind, *values))
        source.sql(f"INSERT INTO Jobs (Id, Type, CreateAt, StartAt, LastActivityAt, Status, Progress) VALUES ('odd{number}', {cells})")
        samples[(USAGE + "job_total", kind or "", values[3] or "")] = 1
        samples.update({(family, kind or ""): value for family, value in known.items()})
    samples[(USAGE + "job_last_seconds",)] = newest
    found = first_round(source, engine, "jobs")
    assert (found.status, found.error) == ("ok", "")
    assert_right(found, samples)


@each("fresh", SOME)
def test_tables_without_rows(first_round, fresh):
    """Nothing is 0 where there is something to count; the newest of nothing is absent."""
    source, engine = fresh
    for table in NEEDED:
        source.sql(f"DELETE FROM {table}")
    for collector in ("kpi", "jobs"):
        found = first_round(source, engine, collector)
        assert (found.status, found.error) == ("ok", "")
        assert_right(found, expected(source, collector))
        assert not [key for key in found.samples if "last_post" in key[0] or "reaction_last" in key[0]]
    source.sql("DELETE FROM Systems")
    found = first_round(source, engine, "usage")
    assert (found.status, found.error) == ("ok", "")
    assert (USAGE + "start_time_seconds",) not in found.samples


NAMES = ["smile \U0001f600\U0001f9e1 end", "\U0001f4a5" * 16, 'quote " and \'', "back\\slash\\", "line\nfeed", "tab\tand\rreturn",
         "b\u00e4h \u4e2d\u6587", "{label=\"x\"} 7", "# HELP", "", " padded "]


# Equal to MySQL, where nothing else is said.
ALIKE = ["Case", "case", "acc\u00e9nt", "accent", "\U0001f600", "\U0001f680"]


def literal(text, engine):
    if engine == "mysql":
        return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
    return "'" + text.replace("'", "''") + "'"


@each("fresh", SOME)
def test_names_of_any_characters(minotor, first_round, fresh):
    """On the page, as Prometheus reads it: emoji, types of jobs, plugins. Names of channels and teams are not shown."""
    source, engine = fresh
    source.sql("DELETE FROM Reactions; DELETE FROM Jobs")
    emoji = {name: count for count, name in enumerate(NAMES, 1)}
    longest = "\U0001f600" * 63
    emoji |= {longest + one: 40 + ord(one) for one in "ab"}  # alike but for the last of 64 characters
    emoji |= {name: 70 + count for count, name in enumerate(ALIKE)}
    for name, count in emoji.items():
        rows = ", ".join(f"('u{number}', 'p{count}', {literal(name, engine)}, {1000 + count}, 0)" for number in range(count))
        columns = "UserId, PostId, EmojiName, CreateAt, DeleteAt"
        if truth.has(source, "Reactions", "ChannelId"):
            rows, columns = rows.replace(", 0)", ", 0, 'c')"), columns + ", ChannelId"
        source.sql(f"INSERT INTO Reactions ({columns}) VALUES {rows}")
    kinds = [name[:32] for name in NAMES] + ALIKE
    for number, name in enumerate(kinds):
        source.sql("INSERT INTO Jobs (Id, Type, Priority, CreateAt, StartAt, LastActivityAt, Status, Progress) VALUES "
                   f"('odd{number}', {literal(name, engine)}, 0, 5000, 6000, {7000 + number}, 'success', 100)")
    for table, column in (("Channels", "DisplayName"), ("Teams", "DisplayName"), ("Users", "Nickname")):
        source.sql(f"UPDATE {table} SET {column} = {literal(NAMES[0], engine)}")
    plugins = [(name or "none", "node1", "1.0 " + name, 2) for name in NAMES]
    with FakeMattermost() as api:
        api.plugins = plugins
        daemon = every_collector.prepare(minotor, source, engine, api, own={"kpi": {"reactions_top": 100}}).start()
        for collector in every_collector.NAMES:
            page = daemon.wait_until_good(collector)
        assert page.by_label(KPI + "reaction_total", "emoji") == emoji
        assert page.by_label(USAGE + "job_total", "type") == {name: 1 for name in kinds}
        assert page.by_label(JOB + "last_success_timestamp_seconds", "job_type") == {
            name: (7000 + number) / 1000 for number, name in enumerate(kinds)}
        running = page.by_label("mattermost_plugin_running", "plugin_id")
        assert running == {name: 1 for name, *_ in plugins}
        assert complaints(daemon, 0) == []
        # What a collector keeps for its next generation is no other than what it had.
        before = daemon.worker("kpi")
        processes.kill_now(before)
        daemon.wait_for_child("kpi", other_than=before)
        number = daemon.rounds(daemon.scrape())
        page = daemon.wait_for(lambda page: daemon.rounds(page) > number and page.collector("success") == 1, 15, "a round")
        daemon.stop()
        assert page.by_label(KPI + "reaction_total", "emoji") == emoji
