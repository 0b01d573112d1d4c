-- Takes back what postgresql-role.sql has made. Stop minotor, then run this as a superuser inside the Mattermost
-- database, and inside each other one in which that script was run:
--
--     psql -v ON_ERROR_STOP=1 -d mattermost -f postgresql-role-drop.sql
--
-- The role goes with the last of them. It may be run again. Nothing of Mattermost's is touched.

-- DROP OWNED would take tables along, should somebody have let the role own some.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_shdepend WHERE refclassid = 'pg_authid'::regclass AND deptype = 'o'
               AND refobjid = (SELECT oid FROM pg_roles WHERE rolname = 'minotor')) THEN
        RAISE EXCEPTION 'the role minotor owns something, which postgresql-role.sql never lets it'
            USING HINT = 'REASSIGN OWNED BY minotor TO whoever shall have it';
    END IF;
END
$$;

DROP VIEW IF EXISTS minotor_systems;
DROP FUNCTION IF EXISTS minotor_system_value(text);

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'minotor') THEN
        DROP OWNED BY minotor;
        DROP ROLE minotor;
    END IF;
EXCEPTION
    WHEN dependent_objects_still_exist THEN
        DROP OWNED BY minotor;
        RAISE NOTICE 'the role minotor stays, because it has rights in other databases too: run this there';
END
$$;
