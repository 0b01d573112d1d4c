# SPDX-License-Identifier: Apache-2.0
"""What the manual page of a collector says: its families with their labels, and its queries."""

import os
import re

from minotor import SOURCE

COLLECTORS = ("dbpool", "health", "jobs", "kpi", "usage")


def lines(collector):
    path = os.path.join(SOURCE, "collectors", collector, f"minotor-{collector}.7")
    with open(path, encoding="utf-8") as file:
        return file.read().splitlines()


def section(collector, title):
    """The lines of one section."""
    inside, found = False, []
    for line in lines(collector):
        if line.startswith(".Sh "):
            inside = line == ".Sh " + title
        elif inside:
            found.append(line)
    assert found, f"minotor-{collector}(7) has no section {title}"
    return found


def families(collector):
    """{family: [label names]} of the list under FAMILIES."""
    found, current, in_labels = {}, None, False
    for line in section(collector, "FAMILIES"):
        if not line.startswith(".It Ic mattermost_"):
            continue
        for word in line.split()[1:]:
            if word.startswith("mattermost_"):
                assert word not in found, f"{word} stands twice in minotor-{collector}(7)"
                current, in_labels, found[word] = word, False, []
            elif word == "Ar":
                in_labels = True
            elif in_labels and re.fullmatch("[a-z_]+", word):
                found[current].append(word)
    return found


def all_families():
    return {family: labels for collector in COLLECTORS for family, labels in families(collector).items()}
