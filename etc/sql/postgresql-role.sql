-- The role with which minotor reads a Mattermost database on PostgreSQL: it can count, it cannot read what
-- people wrote, and no secret. Run it as a superuser or the database's owner, inside the Mattermost database:
--
--     psql -d mattermost -f postgresql-role.sql
--     psql -c '\password minotor'
--
-- It may be run again: after an upgrade of minotor, or of Mattermost.

DO $$
BEGIN
    CREATE ROLE minotor LOGIN;
EXCEPTION
    WHEN duplicate_object THEN NULL;
END
$$;

-- minotor holds one connection per collector; the rest is for a moment in which an old one is still ending.
ALTER ROLE minotor CONNECTION LIMIT 8;

-- Seat belts; minotor sets its own, tighter ones in every transaction.
ALTER ROLE minotor SET default_transaction_read_only = on;
ALTER ROLE minotor SET statement_timeout = '60s';

-- Collector kpi.
GRANT SELECT (CreateAt, DeleteAt) ON Posts TO minotor;
GRANT SELECT (Type, DeleteAt) ON Channels TO minotor;
GRANT SELECT (EmojiName, CreateAt, DeleteAt) ON Reactions TO minotor;
GRANT SELECT (ExpiresAt) ON Sessions TO minotor;
