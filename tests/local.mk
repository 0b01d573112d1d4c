# The tests. All of them print TAP, so that every single check is counted, not every program.
#
# A unit test is tests/unit/test_NOUN.c with
#
#     #include "tests/tap/cunit_tap.h"
#     int main(void) { return cunit_tap_main(suites); }     suites: a CU_SuiteInfo table of CUnit
#
# and its name in UNIT_TESTS; one that links more than libcommon also says so:
#
#     tests_unit_test_lifecycle_LDADD = core/supervisor/libsupervisor.la $(LDADD)
#
# A fuzz target is tests/fuzz/NAME.c with LLVMFuzzerTestOneInput(), seeds in tests/fuzz/seeds/NAME/ and this.
# NAME_replay runs every seed once, in `make check`; NAME_fuzzer searches for new ones, in `make fuzz`.
#
#     FUZZ_REPLAYS += tests/fuzz/NAME_replay
#     tests_fuzz_NAME_replay_SOURCES = tests/fuzz/NAME.c tests/tap/replay.c
#     FUZZERS += tests/fuzz/NAME_fuzzer
#     tests_fuzz_NAME_fuzzer_SOURCES = tests/fuzz/NAME.c
#     tests_fuzz_NAME_fuzzer_LDFLAGS = $(AM_LDFLAGS) $(MINOTOR_FUZZER_LDFLAGS)
#
# A hostile collector is tests/hostile/NAME.c, in the list of tests/hostile/local.mk.
#
# A system test is a file for pytest, in SYSTEM_TESTS; the standard library is all that it may use.

UNIT_TESTS =
FUZZ_REPLAYS =
FUZZERS =
# Those that take longest come first: nothing waits for them at the end.
SYSTEM_TESTS = \
	tests/system/test_attacks.py \
	tests/system/test_deadlines.py \
	tests/system/test_scripted_day.py \
	tests/system/test_failure_table.py \
	tests/system/test_chaos.py \
	tests/system/test_odd_data.py \
	tests/system/test_hung.py \
	tests/system/test_hostile.py

# -- common
UNIT_TESTS += tests/unit/test_control tests/unit/test_sandbox tests/unit/test_text tests/unit/test_wire
tests_unit_test_sandbox_LDADD = core/common/libchild.la $(LDADD)

# -- supervisor
UNIT_TESTS += tests/unit/test_budget tests/unit/test_config tests/unit/test_flapping tests/unit/test_lifecycle tests/unit/test_state_file \
	tests/unit/test_supervisor tests/unit/test_trial
SUPERVISOR_LDADD = core/supervisor/libsupervisor.la $(LDADD) $(LIBCONFIG_LIBS)
tests_unit_test_budget_LDADD = $(SUPERVISOR_LDADD)
tests_unit_test_config_CFLAGS = $(AM_CFLAGS) $(LIBCONFIG_CFLAGS)
tests_unit_test_config_LDADD = $(SUPERVISOR_LDADD)
tests_unit_test_flapping_LDADD = $(SUPERVISOR_LDADD)
tests_unit_test_lifecycle_LDADD = $(SUPERVISOR_LDADD)
tests_unit_test_state_file_LDADD = $(SUPERVISOR_LDADD)
tests_unit_test_supervisor_CFLAGS = $(AM_CFLAGS) $(LIBCONFIG_CFLAGS)
tests_unit_test_supervisor_LDADD = $(SUPERVISOR_LDADD)
tests_unit_test_trial_LDADD = $(SUPERVISOR_LDADD) $(JANSSON_LIBS)
FUZZ_REPLAYS += tests/fuzz/fuzz_state_file_replay
FUZZERS += tests/fuzz/fuzz_state_file_fuzzer
tests_fuzz_fuzz_state_file_replay_SOURCES = tests/fuzz/fuzz_state_file.c tests/tap/replay.c
tests_fuzz_fuzz_state_file_replay_LDADD = $(SUPERVISOR_LDADD)
tests_fuzz_fuzz_state_file_fuzzer_SOURCES = tests/fuzz/fuzz_state_file.c
tests_fuzz_fuzz_state_file_fuzzer_LDFLAGS = $(AM_LDFLAGS) $(MINOTOR_FUZZER_LDFLAGS)
tests_fuzz_fuzz_state_file_fuzzer_LDADD = $(SUPERVISOR_LDADD)

# -- the broker, and both ends of a worker's way out
UNIT_TESTS += tests/unit/test_broker tests/unit/test_places tests/unit/test_reach tests/unit/test_way_out
BROKER_LDADD = core/broker/libbroker.la core/common/libchild.la $(LDADD)
tests_unit_test_broker_LDADD = $(BROKER_LDADD)
tests_unit_test_places_CFLAGS = $(AM_CFLAGS) $(LIBCONFIG_CFLAGS)
tests_unit_test_places_LDADD = core/supervisor/libsupervisor.la $(LDADD) $(LIBCONFIG_LIBS) $(JANSSON_LIBS)
tests_unit_test_way_out_LDADD = core/worker/libworker.la $(BROKER_LDADD) $(DL_LIBS)
FUZZ_REPLAYS += tests/fuzz/fuzz_reach_replay
FUZZERS += tests/fuzz/fuzz_reach_fuzzer
tests_fuzz_fuzz_reach_replay_SOURCES = tests/fuzz/fuzz_reach.c tests/tap/replay.c
tests_fuzz_fuzz_reach_replay_LDADD = $(BROKER_LDADD)
tests_fuzz_fuzz_reach_fuzzer_SOURCES = tests/fuzz/fuzz_reach.c
tests_fuzz_fuzz_reach_fuzzer_LDFLAGS = $(AM_LDFLAGS) $(MINOTOR_FUZZER_LDFLAGS)
tests_fuzz_fuzz_reach_fuzzer_LDADD = $(BROKER_LDADD)
SYSTEM_TESTS += tests/system/test_broker.py tests/system/test_gate.py tests/system/test_workload.py

# -- Mattermost's own configuration
MATTERMOST_TEST_LIBS = core/supervisor/libsupervisor.la $(LDADD) $(LIBCONFIG_LIBS) $(JANSSON_LIBS)
UNIT_TESTS += tests/unit/test_config_mattermost tests/unit/test_dsn tests/unit/test_mattermost_config \
	tests/unit/test_row
tests_unit_test_config_mattermost_CFLAGS = $(AM_CFLAGS) $(LIBCONFIG_CFLAGS)
tests_unit_test_config_mattermost_LDADD = $(MATTERMOST_TEST_LIBS)
tests_unit_test_dsn_LDADD = $(MATTERMOST_TEST_LIBS)
tests_unit_test_mattermost_config_LDADD = $(MATTERMOST_TEST_LIBS)
tests_unit_test_row_LDADD = $(MATTERMOST_TEST_LIBS)
FUZZ_REPLAYS += tests/fuzz/fuzz_dsn_replay
FUZZERS += tests/fuzz/fuzz_dsn_fuzzer
tests_fuzz_fuzz_dsn_replay_SOURCES = tests/fuzz/fuzz_dsn.c tests/tap/replay.c
tests_fuzz_fuzz_dsn_replay_LDADD = $(MATTERMOST_TEST_LIBS)
tests_fuzz_fuzz_dsn_fuzzer_SOURCES = tests/fuzz/fuzz_dsn.c
tests_fuzz_fuzz_dsn_fuzzer_LDFLAGS = $(AM_LDFLAGS) $(MINOTOR_FUZZER_LDFLAGS)
tests_fuzz_fuzz_dsn_fuzzer_LDADD = $(MATTERMOST_TEST_LIBS)
SYSTEM_TESTS += tests/system/test_config_row.py tests/system/test_mattermost_config.py
EXTRA_DIST += tests/fuzz/seeds

# -- worker
UNIT_TESTS += tests/unit/test_claim tests/unit/test_crash tests/unit/test_error_text tests/unit/test_jobs tests/unit/test_kpi \
	tests/unit/test_plugin tests/unit/test_reasons tests/unit/test_report tests/unit/test_round tests/unit/test_rules tests/unit/test_running \
	tests/unit/test_samples tests/unit/test_schedule tests/unit/test_settings tests/unit/test_usage
WORKER_LDADD = core/worker/libworker.la $(LDADD) $(DL_LIBS)
COLLECTOR_TEST_SOURCES = tests/unit/fake_database.c tests/unit/fake_database.h collectors/cell.c collectors/task.c
tests_unit_test_claim_LDADD = $(WORKER_LDADD)
tests_unit_test_crash_LDADD = $(WORKER_LDADD)
tests_unit_test_error_text_SOURCES = tests/unit/test_error_text.c core/database/error_text.c
tests_unit_test_kpi_SOURCES = tests/unit/test_kpi.c $(COLLECTOR_TEST_SOURCES) \
	collectors/kpi/content.c collectors/kpi/kpi.c collectors/kpi/people.c collectors/kpi/places.c \
	collectors/kpi/unindexed.c collectors/running.c
tests_unit_test_kpi_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/collectors
tests_unit_test_kpi_LDADD = $(WORKER_LDADD)
tests_unit_test_jobs_SOURCES = tests/unit/test_jobs.c $(COLLECTOR_TEST_SOURCES) \
	collectors/jobs/history.c collectors/jobs/jobs.c collectors/jobs/queue.c
tests_unit_test_jobs_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/collectors
tests_unit_test_jobs_LDADD = $(WORKER_LDADD)
tests_unit_test_usage_SOURCES = tests/unit/test_usage.c $(COLLECTOR_TEST_SOURCES) \
	collectors/usage/blob.c collectors/usage/server.c collectors/usage/sizes.c collectors/usage/stored.c \
	collectors/usage/usage.c collectors/running.c
tests_unit_test_usage_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/collectors
tests_unit_test_usage_CFLAGS = $(AM_CFLAGS) $(JANSSON_CFLAGS)
tests_unit_test_usage_LDADD = $(WORKER_LDADD) $(JANSSON_LIBS)
tests_unit_test_plugin_LDADD = $(WORKER_LDADD)
tests_unit_test_round_LDADD = $(WORKER_LDADD)
tests_unit_test_rules_LDADD = core/worker/libworker.la core/common/libchild.la $(LDADD) $(DL_LIBS)
tests_unit_test_reasons_LDADD = $(WORKER_LDADD)
tests_unit_test_report_LDADD = $(WORKER_LDADD)
tests_unit_test_running_SOURCES = tests/unit/test_running.c collectors/cell.c collectors/running.c collectors/task.c
tests_unit_test_running_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/collectors
tests_unit_test_samples_LDADD = $(WORKER_LDADD) -lm
tests_unit_test_schedule_LDADD = $(WORKER_LDADD)
tests_unit_test_settings_LDADD = $(WORKER_LDADD)
SYSTEM_TESTS += tests/system/test_worker_alone.py

# -- front
FRONT_UNIT_TESTS = tests/unit/test_negotiate tests/unit/test_body tests/unit/test_filter tests/unit/test_gate tests/unit/test_page tests/unit/test_reader tests/unit/test_render tests/unit/test_store tests/unit/test_visitors
UNIT_TESTS += $(FRONT_UNIT_TESTS)
FRONT_TEST_LIBS = core/front/libfront.la $(LDADD) $(LIBMICROHTTPD_LIBS) $(GNUTLS_LIBS) $(LIBCRYPT_LIBS) $(ZLIB_LIBS) -lm
tests_unit_test_body_CFLAGS = $(AM_CFLAGS) $(ZLIB_CFLAGS)
tests_unit_test_body_LDADD = $(FRONT_TEST_LIBS)
tests_unit_test_filter_LDADD = $(FRONT_TEST_LIBS)
tests_unit_test_gate_LDADD = $(FRONT_TEST_LIBS)
tests_unit_test_negotiate_LDADD = $(FRONT_TEST_LIBS)
tests_unit_test_page_SOURCES = tests/unit/test_page.c tests/unit/frame_stream.c tests/unit/frame_stream.h
tests_unit_test_page_LDADD = $(FRONT_TEST_LIBS)
tests_unit_test_reader_SOURCES = tests/unit/test_reader.c tests/unit/frame_stream.c tests/unit/frame_stream.h
tests_unit_test_reader_LDADD = $(FRONT_TEST_LIBS)
tests_unit_test_render_LDADD = $(FRONT_TEST_LIBS)
tests_unit_test_store_SOURCES = tests/unit/test_store.c tests/unit/frame_stream.c tests/unit/frame_stream.h
tests_unit_test_store_LDADD = $(FRONT_TEST_LIBS)
tests_unit_test_visitors_LDADD = $(FRONT_TEST_LIBS)
FUZZ_REPLAYS += tests/fuzz/fuzz_frame_reader_replay tests/fuzz/fuzz_control_replay tests/fuzz/fuzz_scrape_replay
FUZZERS += tests/fuzz/fuzz_frame_reader_fuzzer tests/fuzz/fuzz_control_fuzzer tests/fuzz/fuzz_scrape_fuzzer
tests_fuzz_fuzz_scrape_replay_SOURCES = tests/fuzz/fuzz_scrape.c tests/tap/replay.c
tests_fuzz_fuzz_scrape_replay_CFLAGS = $(AM_CFLAGS) $(ZLIB_CFLAGS)
tests_fuzz_fuzz_scrape_replay_LDADD = $(FRONT_TEST_LIBS)
tests_fuzz_fuzz_scrape_fuzzer_SOURCES = tests/fuzz/fuzz_scrape.c
tests_fuzz_fuzz_scrape_fuzzer_CFLAGS = $(AM_CFLAGS) $(ZLIB_CFLAGS)
tests_fuzz_fuzz_scrape_fuzzer_LDFLAGS = $(AM_LDFLAGS) $(MINOTOR_FUZZER_LDFLAGS)
tests_fuzz_fuzz_scrape_fuzzer_LDADD = $(FRONT_TEST_LIBS)
tests_fuzz_fuzz_frame_reader_replay_SOURCES = tests/fuzz/fuzz_frame_reader.c tests/tap/replay.c
tests_fuzz_fuzz_frame_reader_replay_LDADD = $(FRONT_TEST_LIBS)
tests_fuzz_fuzz_frame_reader_fuzzer_SOURCES = tests/fuzz/fuzz_frame_reader.c
tests_fuzz_fuzz_frame_reader_fuzzer_LDFLAGS = $(AM_LDFLAGS) $(MINOTOR_FUZZER_LDFLAGS)
tests_fuzz_fuzz_frame_reader_fuzzer_LDADD = $(FRONT_TEST_LIBS)
tests_fuzz_fuzz_control_replay_SOURCES = tests/fuzz/fuzz_control.c tests/tap/replay.c
tests_fuzz_fuzz_control_replay_LDADD = $(FRONT_TEST_LIBS)
tests_fuzz_fuzz_control_fuzzer_SOURCES = tests/fuzz/fuzz_control.c
tests_fuzz_fuzz_control_fuzzer_LDFLAGS = $(AM_LDFLAGS) $(MINOTOR_FUZZER_LDFLAGS)
tests_fuzz_fuzz_control_fuzzer_LDADD = $(FRONT_TEST_LIBS)
SYSTEM_TESTS += tests/system/test_front_alone.py tests/system/test_exposition.py tests/system/test_front_clients.py tests/system/test_hostile_clients.py
EXTRA_DIST += tests/fuzz/make_seeds.py tests/fuzz/seeds

# -- HTTP API and its collector
API_TEST_LIBS = core/worker/libworker.la core/api/libapi.la $(LDADD) $(LIBCURL_LIBS) $(JANSSON_LIBS) $(DL_LIBS)
UNIT_TESTS += tests/unit/test_api tests/unit/test_health tests/unit/test_login
tests_unit_test_api_LDADD = $(API_TEST_LIBS)
tests_unit_test_login_LDADD = $(API_TEST_LIBS)
tests_unit_test_health_SOURCES = tests/unit/test_health.c collectors/health/details.c collectors/health/health.c \
	collectors/health/ping.c
tests_unit_test_health_LDADD = $(API_TEST_LIBS)
FUZZ_REPLAYS += tests/fuzz/fuzz_api_replay
FUZZERS += tests/fuzz/fuzz_api_fuzzer
tests_fuzz_fuzz_api_replay_SOURCES = tests/fuzz/fuzz_api.c tests/tap/replay.c
tests_fuzz_fuzz_api_replay_LDADD = $(API_TEST_LIBS)
tests_fuzz_fuzz_api_fuzzer_SOURCES = tests/fuzz/fuzz_api.c
tests_fuzz_fuzz_api_fuzzer_LDFLAGS = $(AM_LDFLAGS) $(MINOTOR_FUZZER_LDFLAGS)
tests_fuzz_fuzz_api_fuzzer_LDADD = $(API_TEST_LIBS)
SYSTEM_TESTS += tests/system/test_health.py tests/system/test_login.py

# -- database, collectors
UNIT_TESTS += tests/unit/test_dbpool tests/unit/test_sql_page
tests_unit_test_dbpool_SOURCES = tests/unit/test_dbpool.c tests/unit/fake_dbpool.h collectors/cell.c \
	collectors/dbpool/dbpool.c \
	collectors/dbpool/mattermost.c collectors/dbpool/mysql.c collectors/dbpool/postgresql.c \
	collectors/dbpool/sql_page.c
tests_unit_test_dbpool_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/collectors
tests_unit_test_dbpool_LDADD = $(WORKER_LDADD)
tests_unit_test_sql_page_SOURCES = tests/unit/test_sql_page.c collectors/dbpool/sql_page.c
FUZZ_REPLAYS += tests/fuzz/fuzz_sql_page_replay
FUZZERS += tests/fuzz/fuzz_sql_page_fuzzer
tests_fuzz_fuzz_sql_page_replay_SOURCES = tests/fuzz/fuzz_sql_page.c tests/tap/replay.c collectors/dbpool/sql_page.c
tests_fuzz_fuzz_sql_page_fuzzer_SOURCES = tests/fuzz/fuzz_sql_page.c collectors/dbpool/sql_page.c
tests_fuzz_fuzz_sql_page_fuzzer_LDFLAGS = $(AM_LDFLAGS) $(MINOTOR_FUZZER_LDFLAGS)
SYSTEM_TESTS += tests/system/test_budget.py tests/system/test_dbpool.py tests/system/test_own_metrics.py \
	tests/system/test_replication.py

# -- MySQL and MariaDB
UNIT_TESTS += tests/unit/test_mysql_text
tests_unit_test_mysql_text_SOURCES = tests/unit/test_mysql_text.c core/database/mysql_error.c \
	core/database/mysql_quote.c core/database/error_text.c
SYSTEM_TESTS += tests/fixtures/test_fixtures_mysql.py tests/system/test_worker_mysql.py \
	tests/system/test_mysql_config.py

# -- whole program
SYSTEM_TESTS += tests/fixtures/test_fixtures.py tests/system/test_walls.py tests/system/test_version.py tests/system/test_seed_page.py

SYSTEM_TESTS += \
	tests/system/test_bad_servers.py \
	tests/system/test_check.py \
	tests/system/test_configuration.py \
	tests/system/test_death.py \
	tests/system/test_fault_points.py \
	tests/system/test_install.py \
	tests/system/test_flapping.py \
	tests/system/test_kpi_values.py \
	tests/system/test_limits.py \
	tests/system/test_locked_table.py \
	tests/system/test_manual.py \
	tests/system/test_page.py \
	tests/system/test_passwords.py \
	tests/system/test_plugin_file.py \
	tests/system/test_probe.py \
	tests/system/test_processes.py \
	tests/system/test_prometheus.py \
	tests/system/test_query_plans.py \
	tests/system/test_reload.py \
	tests/system/test_replica.py \
	tests/system/test_role.py \
	tests/system/test_sandbox.py \
	tests/system/test_secret_scan.py \
	tests/system/test_sessions.py \
	tests/system/test_storm.py \
	tests/system/test_start.py \
	tests/system/test_status_page.py \
	tests/system/test_stuck.py \
	tests/system/test_state_file.py \
	tests/system/test_trouble.py \
	tests/system/test_unit.py

include tests/bench/local.mk

# Folders that go into the tarball as they are, and what is used by tests without being one.
EXTRA_DIST += tests/fixtures tests/system tests/tap/run-pytest tests/tap/replay.c tests/demo.py

########################################################################################### machinery

# Of every test program that does not say otherwise.
LDADD = tests/tap/libtap.la core/common/libcommon.la $(CUNIT_LIBS)

AM_CPPFLAGS += -I$(top_srcdir)

check_LTLIBRARIES += tests/tap/libtap.la
tests_tap_libtap_la_SOURCES = tests/tap/cunit_tap.c tests/tap/cunit_tap.h
tests_tap_libtap_la_CFLAGS = $(AM_CFLAGS) $(CUNIT_CFLAGS)

check_DATA =
SUFFIXES =
include tests/hostile/local.mk

TESTS =
if HAVE_CUNIT
check_PROGRAMS += $(UNIT_TESTS)
TESTS += $(UNIT_TESTS)
endif
check_PROGRAMS += $(FUZZ_REPLAYS)
TESTS += $(FUZZ_REPLAYS)
if ENABLE_SYSTEM_TESTS
TESTS += $(SYSTEM_TESTS)
endif
if ENABLE_FUZZER
noinst_PROGRAMS += $(FUZZERS)
endif
EXTRA_PROGRAMS = $(FUZZERS)

# It compares latencies, so nobody else may be at work: it runs when the others have ended.
ALONE = tests/system/test_locked_table.log
$(ALONE): $(filter-out $(ALONE), $(TEST_LOGS))

TEST_EXTENSIONS = .py
TAP_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
LOG_DRIVER = $(TAP_DRIVER)
PY_LOG_DRIVER = $(TAP_DRIVER)
PY_LOG_COMPILER = $(top_srcdir)/tests/tap/run-pytest

# Where the tests find the sources and the programs under test.
AM_TESTS_ENVIRONMENT = \
	top_srcdir='$(abs_top_srcdir)'; export top_srcdir; \
	top_builddir='$(abs_top_builddir)'; export top_builddir; \
	MINOTOR_SOURCE='$(abs_top_srcdir)'; export MINOTOR_SOURCE; \
	MINOTOR_BUILD='$(abs_top_builddir)'; export MINOTOR_BUILD;

# What minotor costs; not a test, because its figures are the machine's.
measure: all-am
	$(AM_TESTS_ENVIRONMENT) $(PYTHON3) $(top_srcdir)/tests/system/measure.py
.PHONY: measure

# What is left out is said, not passed over.
check-local:
if !HAVE_CUNIT
	@echo 'minotor: unit tests are left out: configure found no CUnit'
endif
if !ENABLE_SYSTEM_TESTS
	@echo 'minotor: system tests are left out: configured with --disable-system-tests'
endif

# Unit tests and fuzz replays once more, under valgrind: an error or a leak fails the test that it happened in.
VALGRIND_FLAGS = --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,indirect \
	--track-fds=no --child-silent-after-fork=yes
.PHONY: check-valgrind fuzz
check-valgrind: all-am
	$(MAKE) check TESTS='$(UNIT_TESTS) $(FUZZ_REPLAYS)' LOG_COMPILER='$(VALGRIND) $(VALGRIND_FLAGS)'

# Searches from the seeds for FUZZ_SECONDS per target; a finding is left in the build folder and fails.
FUZZ_SECONDS = 20
fuzz: $(FUZZERS)
if ENABLE_FUZZER
	@status=0; for fuzzer in $(FUZZERS); do \
	  name=$${fuzzer##*/}; name=$${name%_fuzzer}; \
	  $(MKDIR_P) tests/fuzz/found/$$name; \
	  if ./$$fuzzer -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
	    -artifact_prefix=tests/fuzz/$$name- tests/fuzz/found/$$name $(abs_top_srcdir)/tests/fuzz/seeds/$$name; \
	  then echo "PASS: fuzz $$name for $(FUZZ_SECONDS) s"; \
	  else echo "FAIL: fuzz $$name: the input is tests/fuzz/$$name-* in the build folder"; status=1; fi; \
	done; exit $$status
else
	@echo 'make fuzz: configure with --enable-fuzzer CC=clang first' >&2; exit 1
endif
clean-local:
	rm -rf tests/fuzz/found
