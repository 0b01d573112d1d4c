# SPDX-License-Identifier: Apache-2.0
"""A strict reader of the Prometheus text format 0.0.4: what a tolerant parser would let pass is an error here."""

import re

METRIC_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*\Z")
LABEL_NAME = re.compile(r"(?!__)[a-zA-Z_][a-zA-Z0-9_]*\Z")
NUMBER = re.compile(r"(NaN|[+-]Inf|-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?)\Z")
TYPES = ("counter", "gauge", "histogram", "summary", "untyped")


class ExpositionError(Exception):
    """A line of the page breaks a rule of the format."""


class Family:
    def __init__(self, name):
        self.name = name
        self.help = None
        self.type = None
        self.samples = {}


class Page:
    """families in the order of the page; values: {(name, ((label, value), ...)): number}."""

    def __init__(self, body):
        self.families = {}
        self.values = {}
        _Reader(self).read(body)

    @staticmethod
    def key(name, labels):
        return name, tuple(sorted(labels.items()))

    def value(self, name, **labels):
        """The number, or None when there is no such sample."""
        return self.values.get(self.key(name, labels))

    def series(self, name):
        """{labels as a sorted tuple: number} of all samples of that name."""
        return {labels: number for (found, labels), number in self.values.items() if found == name}

    def by_label(self, name, label):
        """{value of that label: number}, for a name with only one label that varies."""
        return {dict(labels)[label]: number for labels, number in self.series(name).items()}

    def names(self, prefix=""):
        return [name for name in self.families if name.startswith(prefix)]

    def collector(self, what, collector="kpi", **labels):
        """A family of minotor about one of its collectors."""
        return self.value("minotor_collector_" + what, collector=collector, **labels)


class _Reader:
    def __init__(self, page):
        self.page = page
        self.family = None
        self.place = 0

    def fail(self, what):
        raise ExpositionError(f"line {self.place}: {what}")

    def read(self, body):
        text = body.decode("utf-8")
        if text and not text.endswith("\n"):
            raise ExpositionError("the last line does not end with a line feed")
        for self.place, line in enumerate(text.split("\n")[:-1], 1):
            # Within the quotes of a label it is a character like any other.
            bare = line if line.startswith("#") else re.sub(r'"(?:[^"\\]|\\.)*"', '""', line)
            if "\r" in bare or line != line.strip(" ") or line == "":
                self.fail(f"blank, padded or with a carriage return: {line!r}")
            if line.startswith("#"):
                self.comment(line)
            else:
                self.sample(line)
        for family in self.page.families.values():
            if not family.samples or family.help is None or family.type is None:
                raise ExpositionError(f"{family.name}: a family without HELP, TYPE or samples")

    def comment(self, line):
        parts = line.split(" ", 3)
        if len(parts) != 4 or parts[0] != "#" or parts[1] not in ("HELP", "TYPE"):
            self.fail(f"neither HELP nor TYPE: {line!r}")
        _, kind, name, rest = parts
        if not METRIC_NAME.match(name):
            self.fail(f"bad name {name!r}")
        if kind == "HELP":
            if name in self.page.families:
                self.fail(f"{name}: a second group")
            self.family = self.page.families[name] = Family(name)
            self.family.help = self.unescape(rest, {"\\": "\\", "n": "\n"})
            return
        if self.family is None or self.family.name != name or self.family.type or self.family.samples:
            self.fail(f"{name}: TYPE is not right after its HELP")
        if rest not in TYPES:
            self.fail(f"{name}: no such type: {rest!r}")
        self.family.type = rest

    def unescape(self, text, allowed):
        out, characters = [], iter(text)
        for character in characters:
            if character == "\\":
                escaped = next(characters, "")
                if escaped not in allowed or escaped == "":
                    self.fail(f"bad escape in {text!r}")
                character = allowed[escaped]
            out.append(character)
        return "".join(out)

    def sample(self, line):
        found = re.match(r"([^ {]*)(\{(.*)\})? ([^ ]+)\Z", line, re.DOTALL)
        if not found:
            self.fail(f"no sample: {line!r}")
        name, braces, inside, number = found.groups()
        if not METRIC_NAME.match(name):
            self.fail(f"bad name {name!r}")
        if self.family is None or self.family.name != name:
            self.fail(f"{name}: a sample outside its group")
        if self.family.type is None:
            self.fail(f"{name}: a sample before TYPE")
        if not NUMBER.match(number):
            self.fail(f"bad number {number!r}")
        labels = self.labels(inside) if braces else {}
        key = Page.key(name, labels)
        if key in self.page.values:
            self.fail(f"the same series twice: {line!r}")
        self.page.values[key] = self.family.samples[key[1]] = float(number)

    def labels(self, text):
        labels, position = {}, 0
        if not text:
            self.fail("empty braces")
        item = re.compile(r'([^=,{}" ]+)="((?:[^"\\]|\\.)*)"(,|\Z)', re.DOTALL)
        while position < len(text):
            found = item.match(text, position)
            if not found:
                self.fail(f"bad labels {text!r}")
            name, value, comma = found.groups()
            if not LABEL_NAME.match(name) or name in labels:
                self.fail(f"bad or repeated label {name!r}")
            labels[name] = self.unescape(value, {"\\": "\\", "n": "\n", '"': '"'})
            position = found.end()
            if comma and position == len(text):
                self.fail("a comma after the last label")
        return labels
