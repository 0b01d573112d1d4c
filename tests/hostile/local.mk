# Collectors that misbehave, one way each. They are built as somebody outside would build a collector: one
# compiler call that sees the installed header and links nothing.

HOSTILE_COLLECTORS = \
	tests/hostile/abort.so \
	tests/hostile/asker.so \
	tests/hostile/bad_setting.so \
	tests/hostile/bad_text.so \
	tests/hostile/cancelled.so \
	tests/hostile/cheat.so \
	tests/hostile/close_hangs.so \
	tests/hostile/closer.so \
	tests/hostile/constructor.so \
	tests/hostile/deaf.so \
	tests/hostile/constructor_sleeps.so \
	tests/hostile/cornered.so \
	tests/hostile/duplicate.so \
	tests/hostile/exit.so \
	tests/hostile/fails.so \
	tests/hostile/flood.so \
	tests/hostile/forger.so \
	tests/hostile/forker.so \
	tests/hostile/frozen.so \
	tests/hostile/garbage.so \
	tests/hostile/good.so \
	tests/hostile/half.so \
	tests/hostile/hoarder.so \
	tests/hostile/hog.so \
	tests/hostile/holder.so \
	tests/hostile/keeper.so \
	tests/hostile/late.so \
	tests/hostile/leak.so \
	tests/hostile/liar.so \
	tests/hostile/loop.so \
	tests/hostile/lurker.so \
	tests/hostile/many.so \
	tests/hostile/misuse.so \
	tests/hostile/moody.so \
	tests/hostile/never_ready.so \
	tests/hostile/no_data.so \
	tests/hostile/no_symbol.so \
	tests/hostile/nonsense.so \
	tests/hostile/not_ready.so \
	tests/hostile/open_fails.so \
	tests/hostile/overflow.so \
	tests/hostile/pair.so \
	tests/hostile/parting.so \
	tests/hostile/phoenix.so \
	tests/hostile/poisoned.so \
	tests/hostile/reach.so \
	tests/hostile/reporter.so \
	tests/hostile/segv.so \
	tests/hostile/sigsys.so \
	tests/hostile/sleeper.so \
	tests/hostile/smuggler.so \
	tests/hostile/spin.so \
	tests/hostile/torn.so \
	tests/hostile/visitor.so \
	tests/hostile/wide.so \
	tests/hostile/writer.so

# One source, many descriptors that have to be refused; the name says which.
HOSTILE_DESCRIPTORS = \
	tests/hostile/descriptor_collect.so \
	tests/hostile/descriptor_family_name.so \
	tests/hostile/descriptor_family_type.so \
	tests/hostile/descriptor_families.so \
	tests/hostile/descriptor_label.so \
	tests/hostile/descriptor_magic.so \
	tests/hostile/descriptor_major.so \
	tests/hostile/descriptor_minor.so \
	tests/hostile/descriptor_nothing.so \
	tests/hostile/descriptor_size.so \
	tests/hostile/descriptor_twice.so

# One collector with all attacks, which carries out the one that its slot is named after; the same with a database; and
# those that strike while they are loaded.
HOSTILE_ATTACKS = \
	tests/hostile/attacks.so \
	tests/hostile/attacks_database.so \
	tests/hostile/constructor_address.so \
	tests/hostile/constructor_execute.so \
	tests/hostile/constructor_exit.so \
	tests/hostile/constructor_loop.so \
	tests/hostile/constructor_read.so \
	tests/hostile/resolver_address.so \
	tests/hostile/resolver_execute.so \
	tests/hostile/resolver_exit.so \
	tests/hostile/resolver_loop.so \
	tests/hostile/resolver_read.so

# No collector: what lets calls of minotor's own processes fail.
HOSTILE_FAULTS = tests/hostile/faults.so

check_DATA += $(HOSTILE_COLLECTORS) $(HOSTILE_DESCRIPTORS) $(HOSTILE_ATTACKS) $(HOSTILE_FAULTS)
CLEANFILES += $(HOSTILE_COLLECTORS) $(HOSTILE_DESCRIPTORS) $(HOSTILE_ATTACKS) $(HOSTILE_FAULTS)

HOSTILE_BUILD = $(AM_V_CCLD)$(MKDIR_P) tests/hostile && \
	$(CC) -std=gnu11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -fPIC -shared -Wl,-z,defs -I$(top_srcdir)/include

$(HOSTILE_COLLECTORS): tests/hostile/hostile.h include/minotor/collector.h
$(HOSTILE_DESCRIPTORS): tests/hostile/descriptor.c include/minotor/collector.h

SUFFIXES += .so
.c.so:
	$(HOSTILE_BUILD) -o $@ $<

HOSTILE_DESCRIPTOR = $(HOSTILE_BUILD) -o $@ $(top_srcdir)/tests/hostile/descriptor.c
tests/hostile/descriptor_collect.so:
	$(HOSTILE_DESCRIPTOR) -DCOLLECT=NULL
tests/hostile/descriptor_family_name.so:
	$(HOSTILE_DESCRIPTOR) -DFAMILY_NAME='"not a name"'
tests/hostile/descriptor_family_type.so:
	$(HOSTILE_DESCRIPTOR) -DFAMILY_TYPE=77
tests/hostile/descriptor_families.so:
	$(HOSTILE_DESCRIPTOR) -DFAMILY_COUNT=1000000
tests/hostile/descriptor_label.so:
	$(HOSTILE_DESCRIPTOR) -DLABEL='"__name__"'
tests/hostile/descriptor_magic.so:
	$(HOSTILE_DESCRIPTOR) -DMAGIC=0x12345678
tests/hostile/descriptor_major.so:
	$(HOSTILE_DESCRIPTOR) -DMAJOR=2
tests/hostile/descriptor_minor.so:
	$(HOSTILE_DESCRIPTOR) -DMINOR=99
tests/hostile/descriptor_nothing.so:
	$(HOSTILE_DESCRIPTOR) -DNOTHING
tests/hostile/descriptor_size.so:
	$(HOSTILE_DESCRIPTOR) -DSIZE=24
tests/hostile/descriptor_twice.so:
	$(HOSTILE_DESCRIPTOR) -DFAMILY_COUNT=2

ATTACK_FILES = \
	tests/hostile/attacks/attacks.c \
	tests/hostile/attacks/crashes.c \
	tests/hostile/attacks/files.c \
	tests/hostile/attacks/kernel.c \
	tests/hostile/attacks/manners.c \
	tests/hostile/attacks/memory.c \
	tests/hostile/attacks/messages.c \
	tests/hostile/attacks/network.c \
	tests/hostile/attacks/people.c \
	tests/hostile/attacks/processes.c \
	tests/hostile/attacks/signals.c
$(HOSTILE_ATTACKS): $(ATTACK_FILES) tests/hostile/attacks/attack.h tests/hostile/attacks/loading.c \
	include/minotor/collector.h

HOSTILE_ATTACK = $(HOSTILE_BUILD) -o $@ $(ATTACK_FILES:%=$(top_srcdir)/%)
tests/hostile/attacks.so:
	$(HOSTILE_ATTACK)
tests/hostile/attacks_database.so:
	$(HOSTILE_ATTACK) -DNEEDS=MINOTOR_NEEDS_DATABASE

HOSTILE_LOADING = $(HOSTILE_BUILD) -o $@ $(top_srcdir)/tests/hostile/attacks/loading.c -DNAME='"$(basename $(@F))"'
tests/hostile/constructor_address.so:
	$(HOSTILE_LOADING) -DWHEN=CONSTRUCTOR -DACT=ACT_ADDRESS
tests/hostile/constructor_execute.so:
	$(HOSTILE_LOADING) -DWHEN=CONSTRUCTOR -DACT=ACT_EXECUTE
tests/hostile/constructor_exit.so:
	$(HOSTILE_LOADING) -DWHEN=CONSTRUCTOR -DACT=ACT_EXIT
tests/hostile/constructor_loop.so:
	$(HOSTILE_LOADING) -DWHEN=CONSTRUCTOR -DACT=ACT_LOOP
tests/hostile/constructor_read.so:
	$(HOSTILE_LOADING) -DWHEN=CONSTRUCTOR -DACT=ACT_READ
tests/hostile/resolver_address.so:
	$(HOSTILE_LOADING) -DWHEN=RESOLVER -DACT=ACT_ADDRESS
tests/hostile/resolver_execute.so:
	$(HOSTILE_LOADING) -DWHEN=RESOLVER -DACT=ACT_EXECUTE
tests/hostile/resolver_exit.so:
	$(HOSTILE_LOADING) -DWHEN=RESOLVER -DACT=ACT_EXIT
tests/hostile/resolver_loop.so:
	$(HOSTILE_LOADING) -DWHEN=RESOLVER -DACT=ACT_LOOP
tests/hostile/resolver_read.so:
	$(HOSTILE_LOADING) -DWHEN=RESOLVER -DACT=ACT_READ

# A wall around minotor that takes layers of the sandbox away.
check_PROGRAMS += tests/hostile/outer
tests_hostile_outer_SOURCES = tests/hostile/outer.c
tests_hostile_outer_LDADD =

EXTRA_DIST += \
	$(ATTACK_FILES) \
	tests/hostile/attacks/attack.h \
	tests/hostile/attacks/loading.c \
	tests/hostile/descriptor.c \
	tests/hostile/hostile.h \
	$(HOSTILE_FAULTS:.so=.c) \
	$(HOSTILE_COLLECTORS:.so=.c)
