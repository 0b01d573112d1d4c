# A collector sees the installed header, the C library and libraries of its own, nothing else, and exports one function.

collectors_LTLIBRARIES += collectors/usage/usage.la
collectors_usage_usage_la_SOURCES = \
	collectors/usage/blob.c collectors/usage/blob.h collectors/usage/server.c collectors/usage/sizes.c \
	collectors/usage/stored.c collectors/usage/usage.c collectors/usage/usage.h \
	collectors/running.c collectors/running.h \
	collectors/cell.c collectors/cell.h collectors/task.c collectors/task.h
collectors_usage_usage_la_CPPFLAGS = -I$(top_srcdir)/include -I$(top_srcdir)/collectors $(MINOTOR_CPPFLAGS)
collectors_usage_usage_la_CFLAGS = $(AM_CFLAGS) $(MINOTOR_MODULE_CFLAGS) $(JANSSON_CFLAGS)
collectors_usage_usage_la_LIBADD = $(JANSSON_LIBS)
collectors_usage_usage_la_LDFLAGS = $(AM_LDFLAGS) $(MINOTOR_MODULE_LDFLAGS) \
	-module -avoid-version -shared -no-undefined -export-symbols-regex '^minotor_collector$$'

dist_man_MANS += collectors/usage/minotor-usage.7
