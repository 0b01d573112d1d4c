# What all processes share. One line per source, in alphabetical order, headers too (they go into the tarball).

noinst_LTLIBRARIES += core/common/libcommon.la
core_common_libcommon_la_SOURCES = \
	core/common/clock.c \
	core/common/clock.h \
	core/common/contract.h \
	core/common/control.c \
	core/common/control.h \
	core/common/exit_code.c \
	core/common/exit_code.h \
	core/common/frame.c \
	core/common/frame.h \
	core/common/layers.c \
	core/common/layers.h \
	core/common/limits.c \
	core/common/limits.h \
	core/common/log.c \
	core/common/log.h \
	core/common/lookup.c \
	core/common/lookup.h \
	core/common/plain_http.c \
	core/common/plain_http.h \
	core/common/reach.c \
	core/common/reach.h \
	core/common/report.h \
	core/common/text.c \
	core/common/text.h \
	core/common/trust.c \
	core/common/trust.h \
	core/common/web_limits.c \
	core/common/web_limits.h \
	core/common/wire.c \
	core/common/wire.h

# "common/version.h": MINOTOR_VERSION and MINOTOR_REVISION. Looked at by every make, touched only when it changes.
nodist_core_common_libcommon_la_SOURCES = core/common/version.h
BUILT_SOURCES += core/common/version.h
CLEANFILES += core/common/version.h
core/common/version.h: FORCE
	$(AM_V_GEN)$(MKDIR_P) core/common && \
	{ echo '#define MINOTOR_VERSION "'$$($(top_srcdir)/m4/version.sh)'"'; \
	  echo '#define MINOTOR_REVISION "'$$($(top_srcdir)/m4/version.sh --revision)'"'; } >$@.new && \
	if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
.PHONY: FORCE
FORCE:

# How children are born and confined: linked by them only, and by what links their libraries.
noinst_LTLIBRARIES += core/common/libchild.la
core_common_libchild_la_SOURCES = \
	core/common/birth.c \
	core/common/birth.h \
	core/common/capabilities.c \
	core/common/capabilities.h \
	core/common/landlock.c \
	core/common/landlock.h \
	core/common/namespaces.c \
	core/common/namespaces.h \
	core/common/sandbox.c \
	core/common/sandbox.h \
	core/common/sandbox_rules.c \
	core/common/sandbox_rules.h \
	core/common/seccomp.c \
	core/common/seccomp.h \
	core/common/seccomp_calls.c \
	core/common/seccomp_calls.h
core_common_libchild_la_CFLAGS = $(AM_CFLAGS) $(LIBSECCOMP_CFLAGS) $(LIBCAP_NG_CFLAGS)
core_common_libchild_la_LIBADD = $(LIBSECCOMP_LIBS) $(LIBCAP_NG_LIBS)
