# SPDX-License-Identifier: Apache-2.0
"""Everything goes wrong at random, and what may never happen is looked for all the time; ../test_chaos.py is the test."""
