# The database drivers: modules in lib/minotor/drivers, loaded by workers that ask for a database.
# The only place that links libpq.

driversdir = $(pkglibdir)/drivers
drivers_LTLIBRARIES = core/database/postgresql.la
core_database_postgresql_la_SOURCES = \
	core/database/driver.h \
	core/database/error_text.c \
	core/database/error_text.h \
	core/database/postgresql.c \
	core/database/postgresql_cancel.c \
	core/database/postgresql_cancel.h
core_database_postgresql_la_CFLAGS = $(AM_CFLAGS) $(MINOTOR_MODULE_CFLAGS) $(LIBPQ_CFLAGS)
core_database_postgresql_la_LDFLAGS = $(AM_LDFLAGS) $(MINOTOR_MODULE_LDFLAGS) \
	-module -avoid-version -shared -no-undefined -export-symbols-regex '^minotor_database_driver$$'
core_database_postgresql_la_LIBADD = core/common/libcommon.la $(LIBPQ_LIBS)
