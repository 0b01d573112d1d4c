# The worker: libexec/minotor/minotor-worker. dlopens one collector; must not link libpq, libmicrohttpd or
# libconfig.

noinst_LTLIBRARIES += core/worker/libworker.la
core_worker_libworker_la_SOURCES =

pkglibexec_PROGRAMS += core/worker/minotor-worker
core_worker_minotor_worker_SOURCES = core/worker/main.c
core_worker_minotor_worker_CFLAGS = $(AM_CFLAGS) $(MINOTOR_PROGRAM_CFLAGS)
core_worker_minotor_worker_LDFLAGS = $(AM_LDFLAGS) $(MINOTOR_PROGRAM_LDFLAGS)
core_worker_minotor_worker_LDADD = \
	core/worker/libworker.la \
	core/common/libcommon.la \
	$(DL_LIBS)
