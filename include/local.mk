# What authors of collectors build against: installed, frozen within a major version.

minotorincludedir = $(includedir)/minotor
dist_minotorinclude_HEADERS = include/minotor/collector.h

dist_man_MANS += include/minotor_collector.3
