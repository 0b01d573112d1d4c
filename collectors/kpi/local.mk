# A collector sees the installed header and the C library, nothing else, and exports one function.

collectorsdir = $(pkglibdir)/collectors
collectors_LTLIBRARIES = collectors/kpi/kpi.la
collectors_kpi_kpi_la_SOURCES = \
	collectors/kpi/content.c collectors/kpi/kpi.c collectors/kpi/kpi.h collectors/kpi/people.c \
	collectors/kpi/places.c collectors/kpi/unindexed.c collectors/running.c collectors/running.h \
	collectors/cell.c collectors/cell.h collectors/task.c collectors/task.h
collectors_kpi_kpi_la_CPPFLAGS = -I$(top_srcdir)/include -I$(top_srcdir)/collectors $(MINOTOR_CPPFLAGS)
collectors_kpi_kpi_la_CFLAGS = $(AM_CFLAGS) $(MINOTOR_MODULE_CFLAGS)
collectors_kpi_kpi_la_LDFLAGS = $(AM_LDFLAGS) $(MINOTOR_MODULE_LDFLAGS) \
	-module -avoid-version -shared -no-undefined -export-symbols-regex '^minotor_collector$$'

dist_man_MANS += collectors/kpi/minotor-kpi.7
