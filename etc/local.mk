# Configuration, in the place where minotord looks for it. An administrator's files are never overwritten: what
# is there stays, and the new text is put beside it as NAME.new.

confdir = $(sysconfdir)/minotor
CONFIGURATION =
CONFIGURATION_COLLECTORS =
# CONFIGURATION += etc/minotor.conf
# CONFIGURATION_COLLECTORS += etc/collectors.d/kpi.conf

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

# Removes what is still as it was installed.
uninstall-local:
	@for file in $(CONFIGURATION); do \
	  target="$(DESTDIR)$(confdir)/$${file##*/}"; \
	  if cmp -s "$(srcdir)/$$file" "$$target"; then rm -f "$$target"; fi; done
	@for file in $(CONFIGURATION_COLLECTORS); do \
	  target="$(DESTDIR)$(confdir)/collectors.d/$${file##*/}"; \
	  if cmp -s "$(srcdir)/$$file" "$$target"; then rm -f "$$target"; fi; done
