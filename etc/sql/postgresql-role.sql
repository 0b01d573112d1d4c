-- The role with which minotor reads a Mattermost database on PostgreSQL: it can count, it cannot read what
-- people wrote, and no secret. Run it inside the Mattermost database:
--
--     psql -v ON_ERROR_STOP=1 -d mattermost -f postgresql-role.sql
--     psql -c '\password minotor'
--
-- A superuser may run all of it. Once the role is there (CREATE ROLE minotor LOGIN, which takes a superuser or
-- CREATEROLE), the owner of Mattermost's tables may run the rest, if it may create something in their schema. It may
-- be run again: after an upgrade of minotor, or of Mattermost. postgresql-role-drop.sql takes it all back.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'minotor') THEN
        CREATE ROLE minotor LOGIN;
    END IF;
EXCEPTION
    WHEN duplicate_object THEN NULL;
    WHEN insufficient_privilege THEN
        RAISE EXCEPTION 'there is no role minotor, and % may not create it', current_user
            USING HINT = 'Let a superuser run this, or first: CREATE ROLE minotor LOGIN', ERRCODE = '42501';
END
$$;

-- minotor has at most max_connections of its target, which is 2 by default; the rest is for a second minotor,
-- and for sessions that the server has not yet seen end. The settings are seat belts; minotor sets its own, tighter
-- ones in every transaction.
DO $$
BEGIN
    ALTER ROLE minotor CONNECTION LIMIT 8;
    ALTER ROLE minotor SET default_transaction_read_only = on;
    ALTER ROLE minotor SET statement_timeout = '60s';
EXCEPTION
    WHEN insufficient_privilege THEN
        RAISE NOTICE 'the limits of the role minotor stay as they are: % may not change them', current_user;
END
$$;

-- Collectors kpi and usage.
GRANT SELECT (CreateAt, DeleteAt, OriginalId, Type, UserId) ON Posts TO minotor;
GRANT SELECT (CreateAt, DeleteAt, Size) ON FileInfo TO minotor;
GRANT SELECT (Type, DeleteAt, TotalMsgCount) ON Channels TO minotor;
GRANT SELECT (EmojiName, CreateAt, DeleteAt) ON Reactions TO minotor;
GRANT SELECT (ExpiresAt) ON Sessions TO minotor;
GRANT SELECT (Id, DeleteAt, Roles, RemoteId) ON Users TO minotor;
GRANT SELECT (UserId) ON Bots TO minotor;
GRANT SELECT (UserId, Status, LastActivityAt) ON Status TO minotor;
GRANT SELECT (DeleteAt) ON Teams, IncomingWebhooks, OutgoingWebhooks, Commands TO minotor;
GRANT SELECT (Id) ON OAuthApps TO minotor;
GRANT SELECT (PostId) ON Threads TO minotor;
GRANT SELECT (Id, Bytes) ON Licenses TO minotor;

-- Collectors jobs, kpi and usage.
GRANT SELECT (Type, Status, CreateAt, StartAt, LastActivityAt, Progress) ON Jobs TO minotor;

-- What only newer servers have.
DO $$
BEGIN
    GRANT SELECT (ThreadDeleteAt) ON Threads TO minotor;
EXCEPTION
    WHEN undefined_column THEN NULL;
END
$$;
DO $$
BEGIN
    GRANT SELECT (Version) ON db_migrations TO minotor;
EXCEPTION
    WHEN undefined_table THEN NULL;
END
$$;

-- The table Systems holds keys beside harmless values, so minotor gets these through a function of their owner.
-- The text of a function, unlike a view, does not stand in the way when Mattermost changes its tables.
CREATE OR REPLACE FUNCTION minotor_system_value(wanted text) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER
    AS $$
        SELECT Value::text FROM Systems
        WHERE Name = wanted AND Name IN ('InstallationDate', 'ActiveLicenseId', 'Version')
    $$;
DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION minotor_system_value(text) SET search_path = %I, pg_temp',
                   (SELECT relnamespace::regnamespace::text FROM pg_class WHERE oid = to_regclass('Systems')));
END
$$;
REVOKE ALL ON FUNCTION minotor_system_value(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION minotor_system_value(text) TO minotor;
CREATE OR REPLACE VIEW minotor_systems AS
    SELECT name, minotor_system_value(name) AS value
    FROM (VALUES ('InstallationDate'), ('ActiveLicenseId'), ('Version')) AS wanted (name);
GRANT SELECT ON minotor_systems TO minotor;

-- Whoever owns the table owns both: as a superuser's, the function would run with a superuser's rights whatever that
-- owner puts in the place of Systems. So a minotor that has Mattermost's own account reads them too, and that account
-- may run this script again. Where they cannot be given away it may at least read them.
DO $$
DECLARE
    owner regrole := (SELECT relowner FROM pg_class WHERE oid = to_regclass('Systems'));
BEGIN
    EXECUTE format('ALTER FUNCTION minotor_system_value(text) OWNER TO %s', owner);
    EXECUTE format('ALTER VIEW minotor_systems OWNER TO %s', owner);
EXCEPTION
    WHEN insufficient_privilege THEN
        EXECUTE format('GRANT EXECUTE ON FUNCTION minotor_system_value(text) TO %s', owner);
        EXECUTE format('GRANT SELECT ON minotor_systems TO %s', owner);
END
$$;

-- Collector dbpool: to see what other sessions do. Without it connections in use and idle, the oldest transaction
-- and the lag of replicas are absent. It also shows the texts of others' queries, which minotor does not read.
-- GRANT pg_read_all_stats TO minotor;
