# Collectors that misbehave, one way each. They are built as somebody outside would build a collector: one
# compiler call that sees the installed header and links nothing.

HOSTILE_COLLECTORS = \
	tests/hostile/abort.so \
	tests/hostile/asker.so \
	tests/hostile/bad_setting.so \
	tests/hostile/bad_text.so \
	tests/hostile/cancelled.so \
	tests/hostile/close_hangs.so \
	tests/hostile/closer.so \
	tests/hostile/constructor.so \
	tests/hostile/duplicate.so \
	tests/hostile/exit.so \
	tests/hostile/fails.so \
	tests/hostile/flood.so \
	tests/hostile/forger.so \
	tests/hostile/forker.so \
	tests/hostile/garbage.so \
	tests/hostile/good.so \
	tests/hostile/half.so \
	tests/hostile/hoarder.so \
	tests/hostile/hog.so \
	tests/hostile/keeper.so \
	tests/hostile/late.so \
	tests/hostile/liar.so \
	tests/hostile/loop.so \
	tests/hostile/many.so \
	tests/hostile/misuse.so \
	tests/hostile/never_ready.so \
	tests/hostile/no_data.so \
	tests/hostile/no_symbol.so \
	tests/hostile/nonsense.so \
	tests/hostile/not_ready.so \
	tests/hostile/open_fails.so \
	tests/hostile/parting.so \
	tests/hostile/poisoned.so \
	tests/hostile/reach.so \
	tests/hostile/reporter.so \
	tests/hostile/segv.so \
	tests/hostile/sleeper.so \
	tests/hostile/smuggler.so \
	tests/hostile/torn.so \
	tests/hostile/visitor.so \
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

check_DATA += $(HOSTILE_COLLECTORS) $(HOSTILE_DESCRIPTORS)
CLEANFILES += $(HOSTILE_COLLECTORS) $(HOSTILE_DESCRIPTORS)

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

# A wall around minotor that takes layers of the sandbox away.
check_PROGRAMS += tests/hostile/outer
tests_hostile_outer_SOURCES = tests/hostile/outer.c
tests_hostile_outer_LDADD =

EXTRA_DIST += \
	tests/hostile/descriptor.c \
	tests/hostile/hostile.h \
	$(HOSTILE_COLLECTORS:.so=.c)
