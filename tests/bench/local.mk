# What minotor costs, beside what others cost; see tests/bench/bench.py. Only a small run of it is a test.
#
#     make bench                                    all of it: half an hour, 10 GB of disk
#     make bench BENCH=counting BENCH_POSTS=1000000

SYSTEM_TESTS += tests/bench/test_counting.py
EXTRA_DIST += tests/bench

BENCH =
.PHONY: bench
bench: all-am
	$(AM_TESTS_ENVIRONMENT) BENCH_POSTS='$(BENCH_POSTS)' BENCH_ROUNDS='$(BENCH_ROUNDS)' BENCH_SECONDS='$(BENCH_SECONDS)' BENCH_TURNS='$(BENCH_TURNS)' BENCH_PEERS='$(BENCH_PEERS)' \
	  $(PYTHON3) $(top_srcdir)/tests/bench/bench.py $(BENCH)
