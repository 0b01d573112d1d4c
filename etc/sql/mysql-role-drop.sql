-- Takes back what mysql-role.sql has made. Stop minotor, then run this as an administrator inside the Mattermost
-- database:
--
--     mysql mattermost < mysql-role-drop.sql
--
-- It may be run again. Nothing of Mattermost's is touched. Accounts that are used for several databases go with the
-- first; one of another host than localhost has to be named here as it was there.

DROP VIEW IF EXISTS minotor_systems;
DROP USER IF EXISTS minotor@localhost, minotor_systems@localhost;
