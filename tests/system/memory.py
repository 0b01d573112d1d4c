# SPDX-License-Identifier: Apache-2.0
"""Looks for words in the memory of a process; takes root."""

import base64
import json
import urllib.parse

TOO_LARGE_BYTES = 256 << 20  # the shadow memory of sanitizers
NOT_MEMORY = ("[vvar]", "[vvar_vclock]", "[vsyscall]")


def regions(pid):
    """(start, end, name) of all that the process itself can read."""
    with open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as maps:
        for line in maps:
            fields = line.split(maxsplit=5)
            start, end = (int(part, 16) for part in fields[0].split("-"))
            name = fields[5].strip() if len(fields) > 5 else ""
            if "r" in fields[1] and name not in NOT_MEMORY and end - start <= TOO_LARGE_BYTES:
                yield start, end, name


def read(pid):
    """(name of the region, its bytes)."""
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for start, end, name in regions(pid):
            try:
                memory.seek(start)
                yield name or "anonymous", memory.read(end - start)
            except PermissionError:
                raise
            except OSError:
                continue  # unmapped meanwhile, or a device


def spellings(secret):
    """As a file, a data source, a URL, a JSON document or a header would have it."""
    texts = {secret, urllib.parse.quote(secret, safe=""), urllib.parse.quote(secret), urllib.parse.quote_plus(secret),
             json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    return {text.encode() for text in texts} | {base64.b64encode(secret.encode())}


def found(pid, secrets):
    """{name of a secret: [where]} of those that are there, by any of their marks or spellings.

    secrets   {name: (whole, marks)}; a mark is a part that stands for it in every spelling
    """
    wanted = [(name, text) for name, (whole, marks) in secrets.items()
              for text in spellings(whole) | {mark.encode() for mark in marks}]
    places = {}
    for region, content in read(pid):
        for name, text in wanted:
            at = content.find(text)
            if at >= 0:
                around = content[max(0, at - 48):at + 64]
                places.setdefault(name, []).append((region, around))
    return places
