# A collector sees the installed header and the C library, nothing else, and exports one function.

collectors_LTLIBRARIES += collectors/dbpool/dbpool.la
collectors_dbpool_dbpool_la_SOURCES = \
	collectors/dbpool/dbpool.c collectors/dbpool/dbpool.h collectors/dbpool/mattermost.c \
	collectors/dbpool/mysql.c collectors/dbpool/postgresql.c \
	collectors/dbpool/sql_page.c collectors/dbpool/sql_page.h \
	collectors/cell.c collectors/cell.h
collectors_dbpool_dbpool_la_CPPFLAGS = -I$(top_srcdir)/include -I$(top_srcdir)/collectors $(MINOTOR_CPPFLAGS)
collectors_dbpool_dbpool_la_CFLAGS = $(AM_CFLAGS) $(MINOTOR_MODULE_CFLAGS)
collectors_dbpool_dbpool_la_LDFLAGS = $(AM_LDFLAGS) $(MINOTOR_MODULE_LDFLAGS) \
	-module -avoid-version -shared -no-undefined -export-symbols-regex '^minotor_collector$$'

dist_man_MANS += collectors/dbpool/minotor-dbpool.7
