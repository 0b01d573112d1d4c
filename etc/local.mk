# Configuration, in the place where minotord looks for it. An administrator's files are never overwritten: what
# is there stays, and the new text is put beside it as NAME.new.

confdir = $(sysconfdir)/minotor
statedir = $(localstatedir)/lib/minotor
CONFIGURATION = etc/minotor.conf
CONFIGURATION_COLLECTORS = etc/collectors.d/kpi.conf etc/collectors.d/health.conf etc/collectors.d/dbpool.conf \
	etc/collectors.d/jobs.conf etc/collectors.d/usage.conf

EXTRA_DIST += $(CONFIGURATION) $(CONFIGURATION_COLLECTORS)

install_configuration = install_configuration() { \
	  target=$$2/$${1\#\#*/}; \
	  if test -e "$$target" && ! cmp -s "$(srcdir)/$$1" "$$target"; then \
	    echo "keeping $$target; the new one is $$target.new"; target=$$target.new; \
	  fi; \
	  $(INSTALL_DATA) "$(srcdir)/$$1" "$$target"; \
	}

install-data-local:
	@$(MKDIR_P) "$(DESTDIR)$(confdir)/collectors.d"
	@$(install_configuration); \
	for file in $(CONFIGURATION); do install_configuration $$file "$(DESTDIR)$(confdir)" || exit 1; done; \
	for file in $(CONFIGURATION_COLLECTORS); do \
	  install_configuration $$file "$(DESTDIR)$(confdir)/collectors.d" || exit 1; done

# Removes what is still as it was installed, also of the new texts that were put beside what somebody had changed.
uninstall-local:
	@for file in $(CONFIGURATION) $(CONFIGURATION_COLLECTORS); do \
	  target="$(DESTDIR)$(confdir)/$${file#etc/}"; \
	  for one in "$$target" "$$target.new"; do \
	    if cmp -s "$(srcdir)/$$file" "$$one"; then rm -f "$$one"; fi; done; done

# Folders that are minotor's alone go when they are empty, the inner ones first; what is left in them is told.
OWN_FOLDERS = $(pkglibdir) $(pkglibexecdir) $(pkgdatadir) $(minotorincludedir) $(confdir) $(statedir)

uninstall-hook:
	@for folder in $(pkglibdir)/collectors $(pkglibdir)/drivers $(sqldir) $(confdir)/collectors.d $(OWN_FOLDERS); do \
	  rmdir "$(DESTDIR)$$folder" 2>/dev/null || :; done; \
	kept=$$(for folder in $(OWN_FOLDERS); do \
	  test ! -d "$(DESTDIR)$$folder" || find "$(DESTDIR)$$folder" ! -type d -printf ' %p'; done); \
	test -z "$$kept" || echo "kept, because somebody has changed it or minotor has not installed it:$$kept"

dist_man_MANS += etc/minotor.conf.5

# The role that can count and not read, and how to get rid of it.
sqldir = $(pkgdatadir)/sql
dist_sql_DATA = etc/sql/postgresql-role.sql etc/sql/postgresql-role-drop.sql \
	etc/sql/mysql-role.sql etc/sql/mysql-role-drop.sql

# For systemd: the unit, its account, its folder. They name the folders that were chosen, so make writes them.
systemdunitdir = $(prefix)/lib/systemd/system
sysusersdir = $(prefix)/lib/sysusers.d
tmpfilesdir = $(prefix)/lib/tmpfiles.d
nodist_systemdunit_DATA = etc/systemd/minotor.service
dist_sysusers_DATA = etc/sysusers.d/minotor.conf
nodist_tmpfiles_DATA = etc/tmpfiles.d/minotor.conf
EXTRA_DIST += etc/systemd/minotor.service.in etc/tmpfiles.d/minotor.conf.in
CLEANFILES += $(nodist_systemdunit_DATA) $(nodist_tmpfiles_DATA)

fill_in = $(AM_V_GEN)$(MKDIR_P) $(@D) && \
	sed -e 's|@sbindir[@]|$(sbindir)|g' -e 's|@confdir[@]|$(confdir)|g' \
	-e 's|@statedir[@]|$(statedir)|g' $(srcdir)/$@.in >$@.new && mv $@.new $@
etc/systemd/minotor.service: etc/systemd/minotor.service.in Makefile
	$(fill_in)
etc/tmpfiles.d/minotor.conf: etc/tmpfiles.d/minotor.conf.in Makefile
	$(fill_in)
