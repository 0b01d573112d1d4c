# The worker: libexec/minotor/minotor-worker. dlopens one collector; must not link libpq, libmicrohttpd or
# libconfig.

noinst_LTLIBRARIES += core/worker/libworker.la
core_worker_libworker_la_SOURCES = \
	core/worker/api.c \
	core/worker/api.h \
	core/worker/claim.c \
	core/worker/claim.h \
	core/worker/data_pipe.c \
	core/worker/data_pipe.h \
	core/worker/database.c \
	core/worker/database.h \
	core/worker/host.c \
	core/worker/host.h \
	core/worker/kept_state.c \
	core/worker/kept_state.h \
	core/worker/plugin.c \
	core/worker/plugin.h \
	core/worker/plugin_settings.c \
	core/worker/plugin_settings.h \
	core/worker/reach.c \
	core/worker/reach.h \
	core/worker/reach_link.c \
	core/worker/reach_link.h \
	core/worker/reasons.c \
	core/worker/reasons.h \
	core/worker/report.c \
	core/worker/report.h \
	core/worker/round.c \
	core/worker/round.h \
	core/worker/row.c \
	core/worker/row.h \
	core/worker/rules.c \
	core/worker/rules.h \
	core/worker/samples.c \
	core/worker/samples.h \
	core/worker/schedule.c \
	core/worker/schedule.h \
	core/worker/settings.c \
	core/worker/settings.h \
	core/worker/worker.c \
	core/worker/worker.h

pkglibexec_PROGRAMS += core/worker/minotor-worker
core_worker_minotor_worker_SOURCES = core/worker/main.c core/worker/interpose.c
EXTRA_DIST += core/worker/exports
core_worker_minotor_worker_DEPENDENCIES = \
	core/worker/libworker.la core/common/libchild.la core/common/libcommon.la $(top_srcdir)/core/worker/exports
core_worker_minotor_worker_CFLAGS = $(AM_CFLAGS) $(MINOTOR_PROGRAM_CFLAGS)
core_worker_minotor_worker_LDFLAGS = $(AM_LDFLAGS) $(MINOTOR_PROGRAM_LDFLAGS) \
	-Wl,--dynamic-list=$(top_srcdir)/core/worker/exports
core_worker_minotor_worker_LDADD = \
	core/worker/libworker.la \
	core/common/libchild.la \
	core/common/libcommon.la \
	$(DL_LIBS)
