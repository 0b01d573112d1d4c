# SPDX-License-Identifier: Apache-2.0
"""All collectors of this build in one minotord, on either engine, with exactly the role of etc/sql."""

import glob
import os

import installations
from fake_mattermost import TOKEN
from minotor import SOURCE

NAMES = sorted(os.path.basename(os.path.dirname(path)) for path in glob.glob(os.path.join(SOURCE, "collectors", "*", "local.mk")))


def settings_of(name, schedule, own):
    """What stands in the file of one collector; the one that asks only the API may have its token."""
    file = {**schedule, "plugin": installations.module(name)}
    if name == "health":
        file["secrets"] = ["api"]
    if own:
        file["settings"] = own
    return file


def prepare(minotor, source, engine, api, names=tuple(NAMES), limits=None, own=None, **schedule):
    """A minotord with those collectors on that database and that server, not yet started.

    limits     more for the target's `database` group
    own        {collector: its `settings` group}
    schedule   for all of them
    """
    # health has a dozen requests to make, to a server that is a Python program beside all others of the machine.
    files = {name: settings_of(name, {"interval": "1s" if name == "health" else "500ms", "stale_after": "120s", **schedule},
                               (own or {}).get(name)) for name in names}
    one = minotor(files, password=installations.MODULES[engine].PASSWORD)
    installations.with_drivers(one)
    one.settings["targets"] = [{"name": "mattermost", "database": source.settings(one.password_file, **(limits or {})),
                                "api": {"url": api.url, "token_file": one.write("token", TOKEN + "\n", 0o600)}}]
    one.write_config()
    return one
