# The database drivers: modules in lib/minotor/drivers, loaded by workers that ask for a database.
# The only place that links libpq and MariaDB's client library.

driversdir = $(pkglibdir)/drivers
drivers_LTLIBRARIES = core/database/postgresql.la core/database/mysql.la
drivers_ldflags = $(AM_LDFLAGS) $(MINOTOR_MODULE_LDFLAGS) \
	-module -avoid-version -shared -no-undefined -export-symbols-regex '^minotor_database_driver$$'

core_database_postgresql_la_SOURCES = \
	core/database/driver.h \
	core/database/error_text.c \
	core/database/error_text.h \
	core/database/postgresql.c \
	core/database/postgresql_cancel.c \
	core/database/postgresql_cancel.h \
	core/database/socket_news.c \
	core/database/socket_news.h
core_database_postgresql_la_CFLAGS = $(AM_CFLAGS) $(MINOTOR_MODULE_CFLAGS) $(LIBPQ_CFLAGS)
core_database_postgresql_la_LDFLAGS = $(drivers_ldflags)
core_database_postgresql_la_LIBADD = core/common/libcommon.la $(LIBPQ_LIBS)

core_database_mysql_la_SOURCES = \
	core/database/driver.h \
	core/database/error_text.c \
	core/database/error_text.h \
	core/database/mysql.c \
	core/database/mysql_connect.c \
	core/database/mysql_connect.h \
	core/database/mysql_error.c \
	core/database/mysql_error.h \
	core/database/mysql_options.c \
	core/database/mysql_options.h \
	core/database/mysql_quote.c \
	core/database/mysql_quote.h \
	core/database/mysql_session.c \
	core/database/mysql_session.h \
	core/database/mysql_wait.c \
	core/database/mysql_wait.h \
	core/database/socket_news.c \
	core/database/socket_news.h
core_database_mysql_la_CFLAGS = $(AM_CFLAGS) $(MINOTOR_MODULE_CFLAGS) $(LIBMARIADB_CFLAGS)
core_database_mysql_la_LDFLAGS = $(drivers_ldflags)
core_database_mysql_la_LIBADD = core/common/libcommon.la $(LIBMARIADB_LIBS)
