# The client of Mattermost's HTTP API: a module in lib/minotor/drivers, loaded by workers whose collector asks for
# it. The only place that links libcurl and jansson. What does not need the entry is a library of its own, so that
# unit tests link the same objects.

noinst_LTLIBRARIES += core/api/libapi.la
core_api_libapi_la_SOURCES = \
	core/api/answer.c \
	core/api/answer.h \
	core/api/document.c \
	core/api/document.h \
	core/api/login.c \
	core/api/login.h \
	core/api/reason.c \
	core/api/reason.h \
	core/api/resolver.c \
	core/api/resolver.h \
	core/api/rights.c \
	core/api/rights.h \
	core/api/url.c \
	core/api/url.h
core_api_libapi_la_CFLAGS = $(AM_CFLAGS) $(MINOTOR_MODULE_CFLAGS) $(LIBCURL_CFLAGS) $(JANSSON_CFLAGS)

drivers_LTLIBRARIES += core/api/api.la
core_api_api_la_SOURCES = core/api/client.c core/api/client.h
core_api_api_la_CFLAGS = $(core_api_libapi_la_CFLAGS)
core_api_api_la_LDFLAGS = $(AM_LDFLAGS) $(MINOTOR_MODULE_LDFLAGS) \
	-module -avoid-version -shared -no-undefined -export-symbols-regex '^minotor_api_client$$'
core_api_api_la_LIBADD = core/api/libapi.la core/common/libcommon.la $(LIBCURL_LIBS) $(JANSSON_LIBS)
