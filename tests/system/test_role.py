# SPDX-License-Identifier: Apache-2.0
"""The scripts of etc/sql: who may run them, what they let whom read, and that they can be taken back."""

import os

import pytest

import installations
from database import PrivatePostgreSQL
from minotor import SOURCE
from mysql_database import PrivateMariaDB, PrivateMariaDBError
from private_postgresql import PrivatePostgreSQLError

OWNER, SECRET = "mmuser", "hush"
INSTALLED = ("mattermost_usage_start_time_seconds",)
INSTALLED_MS = "SELECT value FROM Systems WHERE name = 'InstallationDate'"
OF_VIEW = "SELECT count(*) FROM minotor_systems"
ROLES = "SELECT count(*) FROM pg_roles WHERE rolname = 'minotor'"
RIGHTS = ("SELECT (SELECT count(*) FROM information_schema.column_privileges WHERE grantee = 'minotor')"
          " + (SELECT count(*) FROM pg_class WHERE relname = 'minotor_systems')"
          " + (SELECT count(*) FROM pg_proc WHERE proname = 'minotor_system_value')")
OWNERS = ("SELECT DISTINCT owner::regrole FROM (SELECT proowner AS owner FROM pg_proc WHERE proname = 'minotor_system_value'"
          " UNION SELECT relowner FROM pg_class WHERE relname = 'minotor_systems') AS o")
SCRIPT = {engine: installations.role_script(engine) for engine in installations.MODULES}


def script(name):
    with open(os.path.join(SOURCE, "etc", "sql", name), encoding="utf-8") as file:
        return file.read()


DROP = {engine: script(engine + "-role-drop.sql") for engine in installations.MODULES}


@pytest.fixture
def postgresql():
    """A server of the test's own: roles belong to the whole of it."""
    with PrivatePostgreSQL() as server:
        server.create_role(OWNER, SECRET)
        yield server


@pytest.fixture
def mariadb():
    with PrivateMariaDB() as server:
        server.create_role(OWNER, SECRET)
        yield server


def owned(server, name="mattermost"):
    """A database as Mattermost's manual has it made: all of it belongs to its account, which may do nothing else."""
    server.psql(f'CREATE DATABASE "{name}" OWNER {OWNER}')
    server.psql(f"GRANT CREATE ON SCHEMA public TO {OWNER}", name)
    chunks = installations.MODULES["postgresql"].mattermost_fixture.database("postgresql", "11.6", posts=20)
    server.load(chunks, name, OWNER, SECRET)
    return installations.MODULES["postgresql"].Mattermost(server, name)


def as_owner(server, text, name="mattermost"):
    return server.psql(text, name, OWNER, SECRET)


def usage_as(source, engine, folder, user, password):
    """What the collector gives with that account."""
    one = installations.worker(source, engine, "usage", installations.drivers(folder), database__user=user,
                               database__password=password)
    try:
        return one.round()
    finally:
        one.end()


# -- PostgreSQL --------------------------------------------------------------------------------------------------------


def test_the_owner_runs_it_where_the_role_is(postgresql):
    source = owned(postgresql)
    postgresql.create_role("minotor", SECRET)
    for _ in range(2):
        as_owner(postgresql, SCRIPT["postgresql"])
    assert postgresql.psql(OF_VIEW, source.name, "minotor", SECRET) == "3"
    assert int(postgresql.psql(RIGHTS, source.name)) > 30
    with pytest.raises(PrivatePostgreSQLError, match="permission denied for table systems"):
        postgresql.psql("SELECT * FROM Systems", source.name, "minotor", SECRET)
    # What the owner may not set, the superuser's turn sets.
    limit = "SELECT rolconnlimit FROM pg_roles WHERE rolname = 'minotor'"
    assert postgresql.psql(limit) == "-1"
    postgresql.psql(SCRIPT["postgresql"], source.name)
    assert postgresql.psql(limit) == "8"


def test_the_owner_is_told_when_there_is_no_role(postgresql):
    owned(postgresql)
    with pytest.raises(PrivatePostgreSQLError, match="there is no role minotor, and mmuser may not create it"):
        as_owner(postgresql, SCRIPT["postgresql"])


def test_with_mattermosts_own_account_the_view_is_read_too(postgresql, tmp_path):
    """The README has the role made first; a configuration of Mattermost's may then say another account."""
    source = owned(postgresql)
    postgresql.psql(SCRIPT["postgresql"], source.name)
    assert postgresql.psql(OWNERS, source.name) == OWNER, "no function that runs as a superuser"
    found = usage_as(source, "postgresql", str(tmp_path), OWNER, SECRET)
    assert found.unknown == [] and found.samples[INSTALLED] == source.number(INSTALLED_MS) / 1000
    as_owner(postgresql, SCRIPT["postgresql"])
    assert as_owner(postgresql, OF_VIEW) == "3"


def test_an_administrator_who_is_no_superuser(postgresql):
    """As managed servers have it; and the owner of the tables may create nothing any more."""
    source = owned(postgresql)
    postgresql.psql(f"CREATE ROLE admin LOGIN CREATEROLE PASSWORD '{SECRET}' IN ROLE {OWNER}; "
                    f"ALTER DATABASE {source.name} OWNER TO admin; REVOKE CREATE ON SCHEMA public FROM {OWNER}")
    postgresql.psql(f"REVOKE CREATE ON SCHEMA public FROM {OWNER}; GRANT CREATE ON SCHEMA public TO admin", source.name)
    postgresql.psql("GRANT admin TO current_user", source.name)
    for _ in range(2):
        postgresql.psql(SCRIPT["postgresql"], source.name, "admin", SECRET)
    assert as_owner(postgresql, OF_VIEW) == "3"
    assert postgresql.psql(OWNERS, source.name) == "admin"


def test_postgresql_role_is_taken_back(postgresql):
    source, other = owned(postgresql), owned(postgresql, "other")
    owners = "SELECT relname, relowner FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY oid"
    before = source.sql(owners)
    postgresql.psql(SCRIPT["postgresql"] + "GRANT pg_read_all_stats TO minotor;", source.name)
    as_owner(postgresql, SCRIPT["postgresql"])
    as_owner(postgresql, SCRIPT["postgresql"], other.name)
    for _ in range(2):
        postgresql.psql(DROP["postgresql"], source.name)
        assert postgresql.psql(RIGHTS, source.name) == "0" and postgresql.psql(ROLES) == "1"
    assert postgresql.psql(OF_VIEW, other.name) == "3", "the other database is as it was"
    for _ in range(2):
        postgresql.psql(DROP["postgresql"], other.name)
        assert postgresql.psql(RIGHTS, other.name) == "0" and postgresql.psql(ROLES) == "0"
    assert source.sql(owners) == before and int(as_owner(postgresql, "SELECT count(*) FROM posts")) > 0


def test_what_the_role_owns_is_not_dropped(postgresql):
    source = owned(postgresql)
    postgresql.psql(SCRIPT["postgresql"] + "CREATE TABLE theirs (a int); ALTER TABLE theirs OWNER TO minotor;", source.name)
    with pytest.raises(PrivatePostgreSQLError, match="minotor owns something"):
        postgresql.psql(DROP["postgresql"], source.name)
    assert postgresql.psql(ROLES) == "1" and source.number("SELECT count(*) FROM theirs") == 0


def test_the_function_does_not_lend_a_superusers_rights(postgresql):
    """The owner may put whatever it likes in the place of Systems, and have minotor read it."""
    source = owned(postgresql)
    postgresql.create_role("minotor", SECRET)
    postgresql.psql(SCRIPT["postgresql"], source.name)
    as_owner(postgresql, "ALTER TABLE systems RENAME TO away;"
             " CREATE FUNCTION thief() RETURNS text LANGUAGE sql AS 'SELECT current_user::text';"
             " CREATE VIEW systems AS SELECT 'Version'::varchar AS name, thief()::varchar AS value")
    found = postgresql.psql("SELECT value FROM minotor_systems WHERE name = 'Version'", source.name, "minotor", SECRET)
    assert found == OWNER


# -- MySQL, MariaDB ----------------------------------------------------------------------------------------------------


def installed(server, name="mattermost"):
    """As Mattermost's manual has it: its account may do everything in its database, and give nothing away."""
    server.create_database(name)
    server.sql(f"GRANT ALL PRIVILEGES ON {name}.* TO {OWNER}@localhost")
    server.load(installations.MODULES["mysql"].mattermost_fixture.database("mysql", "9.9", posts=20), name)
    return installations.MODULES["mysql"].Mattermost(server, name)


def test_on_mysql_mattermosts_own_account_reads_the_view(mariadb, tmp_path):
    source = installed(mariadb)
    mariadb.sql(SCRIPT["mysql"], source.name)
    found = usage_as(source, "mysql", str(tmp_path), OWNER, SECRET)
    assert found.unknown == [] and found.samples[INSTALLED] == source.number(INSTALLED_MS) / 1000
    with pytest.raises(PrivateMariaDBError, match="CREATE USER|Access denied"):
        mariadb.sql(SCRIPT["mysql"], source.name, OWNER, SECRET)


def test_the_view_does_not_lend_an_administrators_rights(mariadb):
    """Mattermost's account may put whatever it likes in the place of Systems, and read the view."""
    source = installed(mariadb)
    mariadb.sql(SCRIPT["mysql"], source.name)
    mariadb.sql("DROP TABLE Systems; CREATE FUNCTION thief() RETURNS TEXT SQL SECURITY INVOKER READS SQL DATA"
                " RETURN (SELECT COUNT(*) FROM mysql.user);"
                " CREATE SQL SECURITY INVOKER VIEW Systems AS SELECT 'Version' AS Name, thief() AS Value",
                source.name, OWNER, SECRET)
    with pytest.raises(PrivateMariaDBError, match="denied|lack rights"):
        mariadb.sql("SELECT * FROM minotor_systems", source.name, OWNER, SECRET)


def test_mysql_role_is_taken_back(mariadb):
    source = installed(mariadb)
    tables = source.sql("SHOW FULL TABLES")
    mariadb.sql(SCRIPT["mysql"], source.name)
    rights = ("SELECT (SELECT COUNT(*) FROM mysql.columns_priv WHERE User = 'minotor')"
              " + (SELECT COUNT(*) FROM mysql.tables_priv WHERE User = 'minotor')"
              " + (SELECT COUNT(*) FROM mysql.user WHERE User LIKE 'minotor%')")
    assert source.number(rights) > 30
    for _ in range(2):
        mariadb.sql(DROP["mysql"], source.name)
        assert source.number(rights) == 0 and source.sql("SHOW FULL TABLES") == tables
