# The front: libexec/minotor/minotor-front. The only process that links libmicrohttpd.

noinst_LTLIBRARIES += core/front/libfront.la
core_front_libfront_la_SOURCES =
core_front_libfront_la_CFLAGS = $(AM_CFLAGS) $(LIBMICROHTTPD_CFLAGS)

pkglibexec_PROGRAMS += core/front/minotor-front
core_front_minotor_front_SOURCES = core/front/main.c
core_front_minotor_front_CFLAGS = $(AM_CFLAGS) $(MINOTOR_PROGRAM_CFLAGS)
core_front_minotor_front_LDFLAGS = $(AM_LDFLAGS) $(MINOTOR_PROGRAM_LDFLAGS)
core_front_minotor_front_LDADD = \
	core/front/libfront.la \
	core/common/libcommon.la \
	$(LIBMICROHTTPD_LIBS)
