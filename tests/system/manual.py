# SPDX-License-Identifier: Apache-2.0
"""What the manual pages say: families with their labels, and the queries of a collector."""

import collections
import os
import re

from minotor import SOURCE

QUERIES = "QUERIES AND WHAT THEY COST"
COLLECTORS = ("dbpool", "health", "jobs", "kpi", "usage")
DAEMON = "core/supervisor/minotord.8"
PAGES = [DAEMON, "etc/minotor.conf.5", "include/minotor_collector.3",
         *[f"collectors/{name}/minotor-{name}.7" for name in COLLECTORS]]


def lines(page):
    """Without the mark that keeps a word from being a macro."""
    with open(os.path.join(SOURCE, page), encoding="utf-8") as file:
        return file.read().replace("\\&", "").splitlines()


def section(page, title):
    """The lines of one section, of a collector's page when it is the name of one."""
    inside, found = False, []
    if page in COLLECTORS:
        page = f"collectors/{page}/minotor-{page}.7"
    for line in lines(page):
        if line.startswith(".Sh "):
            inside = line == ".Sh " + title
        elif inside:
            found.append(line)
    assert found, f"{page} has no section {title}"
    return found


def families(page, title="FAMILIES"):
    """{family: [label names]} of the list in that section."""
    found, current, in_labels = {}, None, False
    for line in section(page, title):
        if not line.startswith(".It Ic "):
            continue
        for word in line.split()[1:]:
            if not in_labels and re.fullmatch("[a-z]+(_[a-z]+)+", word):
                assert word not in found, f"{word} stands twice in {page}"
                current, in_labels, found[word] = word, False, []
            elif word in ("Ic", "Ar"):
                in_labels = word == "Ar"
            elif in_labels and re.fullmatch("[a-z_]+", word):
                found[current].append(word)
    return found


def all_families():
    return {family: labels for collector in COLLECTORS for family, labels in families(collector).items()}


# One query, or several that are alike, under QUERIES AND WHAT THEY COST.
#   names     of the queries, as error texts and logs have them
#   when      the title of the subsection
#   patterns  regular expressions of their normal()
#   indexes   that are mentioned
#   prose     the rest
Entry = collections.namedtuple("Entry", "names when patterns indexes prose")


def normal(sql):
    """A query without what is only spelling: casts, parameters and times; `watermark' and `now' of a manual page are such."""
    sql = re.sub(r"::\w+| COLLATE \"C\"", "", sql)
    sql = re.sub(r"'?\b\d{9,}\b'?|\$\d+|\bwatermark\b|\bnow\b|(?<=>= )'?0'?(?=\))", "#", sql)
    return " ".join(sql.split())


def pattern(text):
    return ".*".join(re.escape(part) for part in normal(text).split("..."))


def queries(collector):
    found, when = [], None
    for line in section(collector, QUERIES):
        if line.startswith(".Ss "):
            when = line.removeprefix(".Ss ")
        elif line.startswith(".It Ic "):
            found.append(Entry(re.split(r" , Ic ", line.removeprefix(".It Ic ")), when, [], set(), []))
        elif line == ".El":
            when = None
        elif when and found:
            if line.startswith(".Ql "):
                found[-1].patterns.append(pattern(line.removeprefix(".Ql ")))
            elif line.startswith(".Sq idx_"):
                found[-1].indexes.add(line.split()[1])
            else:
                found[-1].prose.append(line)
    return [entry._replace(prose=" ".join(entry.prose)) for entry in found]
