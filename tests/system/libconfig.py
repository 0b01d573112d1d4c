# SPDX-License-Identifier: Apache-2.0
"""Python values as text for libconfig."""


def quote(text):
    out = []
    for character in text:
        if character in '"\\':
            out.append("\\" + character)
        elif ord(character) < 32:
            out.append(f"\\x{ord(character):02x}")
        else:
            out.append(character)
    return '"' + "".join(out) + '"'


def value(thing):
    """Dictionaries are groups, lists of dictionaries are lists, other lists are arrays."""
    if isinstance(thing, bool):
        return "true" if thing else "false"
    if isinstance(thing, (int, float)):
        return str(thing)
    if isinstance(thing, str):
        return quote(thing)
    if isinstance(thing, dict):
        return "{ " + "".join(f"{name} = {value(inner)}; " for name, inner in thing.items()) + "}"
    if thing and isinstance(thing[0], dict):
        return "( " + ", ".join(value(inner) for inner in thing) + " )"
    return "[ " + ", ".join(value(inner) for inner in thing) + " ]"


def document(settings):
    """One setting per line, so that a test can name the line of each."""
    return "".join(f"{name} = {value(inner)};\n" for name, inner in settings.items())
