# The supervisor: sbin/minotord. Links libconfig; no dlopen, no HTTP, no SQL.

noinst_LTLIBRARIES += core/supervisor/libsupervisor.la
core_supervisor_libsupervisor_la_SOURCES =
core_supervisor_libsupervisor_la_CFLAGS = $(AM_CFLAGS) $(LIBCONFIG_CFLAGS)

sbin_PROGRAMS += core/supervisor/minotord
core_supervisor_minotord_SOURCES = core/supervisor/main.c
core_supervisor_minotord_CFLAGS = $(AM_CFLAGS) $(MINOTOR_PROGRAM_CFLAGS)
core_supervisor_minotord_LDFLAGS = $(AM_LDFLAGS) $(MINOTOR_PROGRAM_LDFLAGS)
core_supervisor_minotord_LDADD = \
	core/supervisor/libsupervisor.la \
	core/common/libcommon.la \
	$(LIBCONFIG_LIBS)

# dist_man_MANS += core/supervisor/minotord.8
