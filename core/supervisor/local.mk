# The supervisor: sbin/minotord. Links libconfig and jansson; no dlopen, no HTTP, no SQL.

noinst_LTLIBRARIES += core/supervisor/libsupervisor.la
core_supervisor_libsupervisor_la_SOURCES = \
	core/supervisor/broker.c \
	core/supervisor/broker.h \
	core/supervisor/budget.c \
	core/supervisor/budget.h \
	core/supervisor/check.c \
	core/supervisor/check.h \
	core/supervisor/child.c \
	core/supervisor/child.h \
	core/supervisor/config.c \
	core/supervisor/config.h \
	core/supervisor/config_collector.c \
	core/supervisor/config_file.c \
	core/supervisor/config_file.h \
	core/supervisor/config_limits.c \
	core/supervisor/config_mattermost.c \
	core/supervisor/config_sandbox.c \
	core/supervisor/config_target.c \
	core/supervisor/config_web.c \
	core/supervisor/cpu_watch.c \
	core/supervisor/cpu_watch.h \
	core/supervisor/crowd.c \
	core/supervisor/crowd.h \
	core/supervisor/dsn.c \
	core/supervisor/dsn.h \
	core/supervisor/dsn_mysql.c \
	core/supervisor/dsn_postgresql.c \
	core/supervisor/environment_file.c \
	core/supervisor/environment_file.h \
	core/supervisor/flapping.c \
	core/supervisor/flapping.h \
	core/supervisor/front_link.c \
	core/supervisor/front_link.h \
	core/supervisor/lifecycle.c \
	core/supervisor/lifecycle.h \
	core/supervisor/listener.c \
	core/supervisor/listener.h \
	core/supervisor/log_format.c \
	core/supervisor/log_format.h \
	core/supervisor/loop.c \
	core/supervisor/loop.h \
	core/supervisor/mattermost_config.c \
	core/supervisor/mattermost_config.h \
	core/supervisor/mattermost_values.c \
	core/supervisor/mattermost_values.h \
	core/supervisor/obituary.c \
	core/supervisor/obituary.h \
	core/supervisor/options.c \
	core/supervisor/options.h \
	core/supervisor/outbox.c \
	core/supervisor/outbox.h \
	core/supervisor/password.c \
	core/supervisor/password.h \
	core/supervisor/places.c \
	core/supervisor/places.h \
	core/supervisor/pool.c \
	core/supervisor/pool.h \
	core/supervisor/reload.c \
	core/supervisor/reload.h \
	core/supervisor/rehearsal.c \
	core/supervisor/rehearsal.h \
	core/supervisor/relog.c \
	core/supervisor/relog.h \
	core/supervisor/row.c \
	core/supervisor/row.h \
	core/supervisor/secret_file.c \
	core/supervisor/secret_file.h \
	core/supervisor/slot.c \
	core/supervisor/slot.h \
	core/supervisor/spawn.c \
	core/supervisor/spawn.h \
	core/supervisor/state_file.c \
	core/supervisor/state_file.h \
	core/supervisor/state_record.c \
	core/supervisor/state_record.h \
	core/supervisor/supervisor.c \
	core/supervisor/supervisor.h \
	core/supervisor/target_settings.c \
	core/supervisor/trial.c \
	core/supervisor/trial.h \
	core/supervisor/target_settings.h \
	core/supervisor/usage.c \
	core/supervisor/usage.h
core_supervisor_libsupervisor_la_LIBADD = $(JANSSON_LIBS)
core_supervisor_libsupervisor_la_CFLAGS = $(AM_CFLAGS) $(LIBCONFIG_CFLAGS) $(JANSSON_CFLAGS)

sbin_PROGRAMS += core/supervisor/minotord
core_supervisor_minotord_SOURCES = core/supervisor/main.c
core_supervisor_minotord_CFLAGS = $(AM_CFLAGS) $(MINOTOR_PROGRAM_CFLAGS) $(LIBCONFIG_CFLAGS) $(JANSSON_CFLAGS)
core_supervisor_minotord_LDFLAGS = $(AM_LDFLAGS) $(MINOTOR_PROGRAM_LDFLAGS)
core_supervisor_minotord_LDADD = \
	core/supervisor/libsupervisor.la \
	core/common/libcommon.la \
	$(LIBCONFIG_LIBS) \
	$(JANSSON_LIBS)

dist_man_MANS += core/supervisor/minotord.8
