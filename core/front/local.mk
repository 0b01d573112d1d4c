# The front: libexec/minotor/minotor-front. The only process that links libmicrohttpd.

noinst_LTLIBRARIES += core/front/libfront.la
core_front_libfront_la_SOURCES = \
	core/front/body.c \
	core/front/body.h \
	core/front/buffer.c \
	core/front/buffer.h \
	core/front/chain.c \
	core/front/chain.h \
	core/front/collector_metrics.c \
	core/front/collector_metrics.h \
	core/front/credentials.c \
	core/front/credentials.h \
	core/front/families.c \
	core/front/families.h \
	core/front/family.c \
	core/front/family.h \
	core/front/filter.c \
	core/front/filter.h \
	core/front/front.c \
	core/front/front.h \
	core/front/gate.c \
	core/front/gate.h \
	core/front/guesses.c \
	core/front/guesses.h \
	core/front/http.c \
	core/front/http.h \
	core/front/http_request.c \
	core/front/http_request.h \
	core/front/intake.c \
	core/front/intake.h \
	core/front/negotiate.c \
	core/front/negotiate.h \
	core/front/orders.c \
	core/front/orders.h \
	core/front/page.c \
	core/front/page.h \
	core/front/piece.c \
	core/front/piece.h \
	core/front/pipes.c \
	core/front/pipes.h \
	core/front/probe.c \
	core/front/probe.h \
	core/front/reader.c \
	core/front/reader.h \
	core/front/render.c \
	core/front/render.h \
	core/front/scrape.c \
	core/front/scrape.h \
	core/front/self_metrics.c \
	core/front/self_metrics.h \
	core/front/series_set.c \
	core/front/series_set.h \
	core/front/site.c \
	core/front/site.h \
	core/front/staging.c \
	core/front/staging.h \
	core/front/status_chart.c \
	core/front/status_chart.h \
	core/front/status_page.c \
	core/front/status_page.h \
	core/front/status_quarantine.c \
	core/front/status_slot.c \
	core/front/status_slot.h \
	core/front/status_style.c \
	core/front/status_style.h \
	core/front/status_words.c \
	core/front/status_words.h \
	core/front/store.c \
	core/front/store.h \
	core/front/visitors.c \
	core/front/visitors.h
core_front_libfront_la_CFLAGS = $(AM_CFLAGS) $(LIBMICROHTTPD_CFLAGS) $(GNUTLS_CFLAGS) $(LIBCRYPT_CFLAGS) $(ZLIB_CFLAGS)

pkglibexec_PROGRAMS += core/front/minotor-front
core_front_minotor_front_SOURCES = core/front/main.c
core_front_minotor_front_CFLAGS = $(AM_CFLAGS) $(MINOTOR_PROGRAM_CFLAGS)
core_front_minotor_front_LDFLAGS = $(AM_LDFLAGS) $(MINOTOR_PROGRAM_LDFLAGS)
core_front_minotor_front_LDADD = \
	core/front/libfront.la \
	core/common/libchild.la \
	core/common/libcommon.la \
	$(LIBMICROHTTPD_LIBS) \
	$(GNUTLS_LIBS) \
	$(LIBCRYPT_LIBS) \
	$(ZLIB_LIBS) \
	-lm
