# A collector sees the installed header and the C library, nothing else, and exports one function.

collectors_LTLIBRARIES += collectors/jobs/jobs.la
collectors_jobs_jobs_la_SOURCES = \
	collectors/jobs/history.c collectors/jobs/jobs.c collectors/jobs/jobs.h collectors/jobs/queue.c \
	collectors/cell.c collectors/cell.h collectors/task.c collectors/task.h
collectors_jobs_jobs_la_CPPFLAGS = -I$(top_srcdir)/include -I$(top_srcdir)/collectors $(MINOTOR_CPPFLAGS)
collectors_jobs_jobs_la_CFLAGS = $(AM_CFLAGS) $(MINOTOR_MODULE_CFLAGS)
collectors_jobs_jobs_la_LDFLAGS = $(AM_LDFLAGS) $(MINOTOR_MODULE_LDFLAGS) \
	-module -avoid-version -shared -no-undefined -export-symbols-regex '^minotor_collector$$'

dist_man_MANS += collectors/jobs/minotor-jobs.7
