# The broker: libexec/minotor/minotor-broker. Connects where its worker may not; links nothing but the C library.

noinst_LTLIBRARIES += core/broker/libbroker.la
core_broker_libbroker_la_SOURCES = \
	core/broker/broker.c \
	core/broker/broker.h \
	core/broker/names.c \
	core/broker/names.h \
	core/broker/pace.c \
	core/broker/pace.h \
	core/broker/places.c \
	core/broker/places.h \
	core/broker/refusals.c \
	core/broker/refusals.h \
	core/broker/rules.c \
	core/broker/rules.h

pkglibexec_PROGRAMS += core/broker/minotor-broker
core_broker_minotor_broker_SOURCES = core/broker/main.c
core_broker_minotor_broker_CFLAGS = $(AM_CFLAGS) $(MINOTOR_PROGRAM_CFLAGS)
core_broker_minotor_broker_LDFLAGS = $(AM_LDFLAGS) $(MINOTOR_PROGRAM_LDFLAGS)
core_broker_minotor_broker_LDADD = \
	core/broker/libbroker.la \
	core/common/libchild.la \
	core/common/libcommon.la
