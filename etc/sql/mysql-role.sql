-- The account with which minotor reads a Mattermost database on MySQL or MariaDB: it can count, it cannot read what
-- people wrote, and no secret. Run it inside the Mattermost database, as an administrator who may create accounts and
-- give away what is granted here; Mattermost's own account may not:
--
--     mysql mattermost < mysql-role.sql
--     mysql      and at its prompt:  ALTER USER minotor@localhost IDENTIFIED BY '...' ACCOUNT UNLOCK;
--
-- It may be run again: after an upgrade of minotor, or of Mattermost. mysql-role-drop.sql takes it all back. Where
-- minotor comes over the network, replace localhost by the address that the server sees, everywhere. Names of tables
-- are written as Mattermost writes them, because on Linux these servers tell Posts from posts.

-- Locked until it has a password. One that is there already stays as it is.
CREATE USER IF NOT EXISTS minotor@localhost ACCOUNT LOCK;

-- minotor has at most max_connections of its target, which is 2 by default; the rest is for a second minotor, and for
-- sessions that the server has not yet seen end.
ALTER USER minotor@localhost WITH MAX_USER_CONNECTIONS 8;

-- Collectors kpi and usage.
GRANT SELECT (CreateAt, DeleteAt, OriginalId, Type, UserId) ON Posts TO minotor@localhost;
GRANT SELECT (CreateAt, DeleteAt, Size) ON FileInfo TO minotor@localhost;
GRANT SELECT (Type, DeleteAt, TotalMsgCount) ON Channels TO minotor@localhost;
GRANT SELECT (EmojiName, CreateAt, DeleteAt) ON Reactions TO minotor@localhost;
GRANT SELECT (ExpiresAt) ON Sessions TO minotor@localhost;
GRANT SELECT (Id, DeleteAt, Roles, RemoteId) ON Users TO minotor@localhost;
GRANT SELECT (UserId) ON Bots TO minotor@localhost;
GRANT SELECT (UserId, Status, LastActivityAt) ON Status TO minotor@localhost;
GRANT SELECT (DeleteAt) ON Teams TO minotor@localhost;
GRANT SELECT (DeleteAt) ON IncomingWebhooks TO minotor@localhost;
GRANT SELECT (DeleteAt) ON OutgoingWebhooks TO minotor@localhost;
GRANT SELECT (DeleteAt) ON Commands TO minotor@localhost;
GRANT SELECT (Id) ON OAuthApps TO minotor@localhost;
GRANT SELECT (PostId) ON Threads TO minotor@localhost;
GRANT SELECT (Id, Bytes) ON Licenses TO minotor@localhost;

-- Collectors jobs, kpi and usage.
GRANT SELECT (Type, Status, CreateAt, StartAt, LastActivityAt, Progress) ON Jobs TO minotor@localhost;

-- Sizes of tables are shown to those only who may read something in them.
GRANT SELECT (UserId) ON ChannelMembers TO minotor@localhost;
GRANT SELECT (UserId) ON ChannelMemberHistory TO minotor@localhost;
GRANT SELECT (UserId) ON TeamMembers TO minotor@localhost;
GRANT SELECT (UserId) ON ThreadMemberships TO minotor@localhost;
GRANT SELECT (UserId) ON Preferences TO minotor@localhost;
GRANT SELECT (UserId) ON SidebarChannels TO minotor@localhost;
GRANT SELECT (PluginId) ON PluginKeyValueStore TO minotor@localhost;
GRANT SELECT (Id) ON Audits TO minotor@localhost;
GRANT SELECT (Hash) ON LinkMetadata TO minotor@localhost;

-- What only newer servers have.
SET @minotor = IF((SELECT COUNT(*) FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()
                   AND TABLE_NAME = 'Threads' AND COLUMN_NAME = 'ThreadDeleteAt') > 0,
                  'GRANT SELECT (ThreadDeleteAt) ON Threads TO minotor@localhost', 'DO 0');
PREPARE minotor FROM @minotor;
EXECUTE minotor;
SET @minotor = IF((SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()
                   AND TABLE_NAME = 'db_migrations') > 0,
                  'GRANT SELECT (Version) ON db_migrations TO minotor@localhost', 'DO 0');
PREPARE minotor FROM @minotor;
EXECUTE minotor;
SET @minotor = IF((SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()
                   AND TABLE_NAME = 'Drafts') > 0,
                  'GRANT SELECT (UserId) ON Drafts TO minotor@localhost', 'DO 0');
PREPARE minotor FROM @minotor;
EXECUTE minotor;
DEALLOCATE PREPARE minotor;

-- The table Systems holds keys beside harmless values, so minotor gets a view of these. Mattermost's own account,
-- which has all rights in its database, may read it too. The view reads as an account that can do nothing else, and
-- that nobody can log in with: as an administrator's it would do with that one's rights whatever Mattermost's account
-- puts in the place of Systems. A server that lets you name no DEFINER but yourself wants that part left out.
CREATE USER IF NOT EXISTS minotor_systems@localhost ACCOUNT LOCK;
GRANT SELECT (Name, Value) ON Systems TO minotor_systems@localhost;
CREATE OR REPLACE DEFINER = minotor_systems@localhost SQL SECURITY DEFINER VIEW minotor_systems AS
    SELECT Name, Value FROM Systems WHERE Name IN ('InstallationDate', 'ActiveLicenseId', 'Version');
GRANT SELECT ON minotor_systems TO minotor@localhost;

-- Collector dbpool: to see other sessions. Without it Mattermost's connections, the oldest transaction and waits for
-- locks are absent. It also shows the texts of others' queries, which minotor does not read.
-- GRANT PROCESS ON *.* TO minotor@localhost;

-- Collector dbpool: how far this server is behind, where it is a replica. Without it that is absent. The first is
-- MySQL's, and MariaDB's before 10.5; the second is that of newer MariaDBs, where the first does not say enough.
-- GRANT REPLICATION CLIENT ON *.* TO minotor@localhost;
-- GRANT SLAVE MONITOR ON *.* TO minotor@localhost;
