# A collector sees the installed header and the C library, nothing else, and exports one function.

collectors_LTLIBRARIES += collectors/health/health.la
collectors_health_health_la_SOURCES = \
	collectors/health/details.c \
	collectors/health/health.c \
	collectors/health/health.h \
	collectors/health/ping.c
collectors_health_health_la_CPPFLAGS = -I$(top_srcdir)/include $(MINOTOR_CPPFLAGS)
collectors_health_health_la_CFLAGS = $(AM_CFLAGS) $(MINOTOR_MODULE_CFLAGS)
collectors_health_health_la_LDFLAGS = $(AM_LDFLAGS) $(MINOTOR_MODULE_LDFLAGS) \
	-module -avoid-version -shared -no-undefined -export-symbols-regex '^minotor_collector$$'

dist_man_MANS += collectors/health/minotor-health.7
