#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds: one right stream per feature, one wrong one per rule of the protocol. Run it after a change of the frames."""

import os
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "system"))

import frames as f  # noqa: E402

POSTS = ("posts", f.GAUGE, ())
CHANNELS = ("channels", f.GAUGE, ("type", "state"))
SENT = ("sent_total", f.COUNTER, ("kind",))
BUILD = ("server_info", f.INFO, ("version",), "With \\ and\nline feed and \"quote\".")
ODD = ("odd", f.UNTYPED, ())


def stream(*families):
    return f.Stream().start(*(families or (POSTS, CHANNELS, SENT)))


def good():
    everything = [f.point(0, 2 ** 64 - 1), f.point(1, -0.5, ["a\\b", 'c"d\ne\t\r']), f.point(2, 3, [""])]
    yield "hello_only", f.Stream().start()
    yield "described", stream()
    yield "all_kinds", stream(POSTS, CHANNELS, SENT, BUILD, ODD).whole_round(
        everything + [f.point(3, 1, ["5.37"]), f.point(4, float("nan"))])
    yield "infinities", stream(ODD, POSTS).whole_round([f.point(0, float("inf")), f.point(1, float("-inf"))])
    yield "numbers", stream(("number", f.GAUGE, ("x",))).whole_round(
        [f.point(0, value, [str(number)]) for number, value in
         enumerate([0.1, 1e-320, 1.7976931348623157e308, -0.0, 1e15, 123456789012345680.0, 2.0 / 3, 0])])
    yield "several_rounds", stream().whole_round(everything).whole_round([]).whole_round(everything)
    for name, status in (("failed", f.FAILED), ("timeout", f.TIMEOUT), ("not_ready", f.NOT_READY), ("no_data", f.NO_DATA)):
        yield name, stream().whole_round(everything).whole_round(everything, status, error="that is <why> & how")
    yield "partial", stream().whole_round(everything).whole_round(everything, f.PARTIAL, unknown=[1, 2])
    yield "unicode", stream().whole_round([f.point(1, 1, ["é€😀", "\u07ff\uffff"])])
    yield "several_frames", stream().begin().samples(f.point(0, 1)).samples().samples(f.point(2, 1, ["a"])).end(
        f.OK, 2, len(f.points(f.point(0, 1))) + len(f.points()) + len(f.points(f.point(2, 1, ["a"]))))
    yield "bye", stream().whole_round(everything).put(f.BYE, f.text("drained"))
    yield "half_a_round", stream().begin().samples(*everything)
    yield "no_families", f.Stream().start().whole_round([])
    yield "reserved_names", stream(("minotor_up", f.GAUGE, ()), ("processes", f.GAUGE, ()), ("zebra", f.GAUGE, ())).whole_round(
        [f.point(0, 1), f.point(1, 1), f.point(2, 1)])


def bad():
    one = f.point(0, 1)
    size = len(f.points(one))
    yield "magic", stream().put(f.BEGIN, f.begin(), 1, magic=0x4D6F)
    yield "version", stream().put(f.BEGIN, f.begin(), 1, version=2)
    yield "type", stream().put(7, b"")
    yield "type_zero", stream().put(0, b"")
    yield "length", stream().put(f.BEGIN, b"", 1, length=65521)
    gap = stream()
    gap.sequence += 1
    yield "sequence_gap", gap.begin()
    again = stream()
    again.sequence -= 1
    yield "sequence_again", again.begin()
    yield "desc_before_hello", f.Stream().put(f.DESC, f.desc(0, "x"))
    yield "begin_before_hello", f.Stream().begin()
    yield "second_hello", stream().put(f.HELLO, f.hello(1))
    yield "points_outside", stream().put(f.POINTS, f.points(one), 0)
    yield "end_outside", stream().put(f.END, f.end(f.OK, 0, 0), 0)
    yield "begin_inside", stream().begin().begin()
    yield "desc_inside", stream().begin().put(f.DESC, f.desc(3, "x"))
    yield "bye_inside", stream().begin().put(f.BYE, f.text("x"))
    yield "after_bye", stream().put(f.BYE, f.text("x")).begin()
    yield "round_too_early", f.Stream().put(f.HELLO, f.hello(2)).put(f.DESC, f.desc(0, "a")).begin()
    yield "too_many_families", f.Stream().put(f.HELLO, f.hello(1025))
    yield "more_than_announced", stream().put(f.DESC, f.desc(3, "x"))
    yield "desc_id_gap", f.Stream().put(f.HELLO, f.hello(2)).put(f.DESC, f.desc(1, "a"))
    yield "round_zero", stream().put(f.BEGIN, f.begin(), 0)
    yield "round_not_growing", stream().whole_round([]).put(f.BEGIN, f.begin(), 1)
    yield "points_of_other_round", stream().begin().put(f.POINTS, f.points(one), 2)
    yield "end_of_other_round", stream().begin().put(f.END, f.end(f.OK, 0, 0), 2)
    yield "round_in_hello", f.Stream().put(f.HELLO, f.hello(1), 1)
    for name, made in (("name", f.desc(0, "1x")), ("empty_name", f.desc(0, "")), ("colon", f.desc(0, "a:b")),
                       ("long_name", f.desc(0, "x" * 201)), ("label", f.desc(0, "a", labels=["b-c"])),
                       ("label_reserved", f.desc(0, "a", labels=["__x"])), ("label_le", f.desc(0, "a", labels=["le"])),
                       ("label_target", f.desc(0, "a", labels=["target"])), ("label_twice", f.desc(0, "a", labels=["b", "b"])),
                       ("label_count", f.desc(0, "a", labels=list("abcdefghi"))), ("family_type", f.desc(0, "a", kind=5)),
                       ("help_utf8", f.desc(0, "a", help_text=b"\xff")), ("help_long", f.desc(0, "a", help_text="x" * 1025)),
                       ("help_nul", f.desc(0, "a", help_text="x\0y")), ("unit", f.desc(0, "a", unit="m/s")),
                       ("desc_cut", f.desc(0, "a")[:-1]), ("desc_longer", f.desc(0, "a") + b"x")):
        yield name, f.Stream().put(f.HELLO, f.hello(1)).put(f.DESC, made)
    yield "family_twice", stream(POSTS, POSTS)
    yield "hello_cut", f.Stream().put(f.HELLO, f.hello(1)[:-1])
    yield "hello_longer", f.Stream().put(f.HELLO, f.hello(1) + b"x")
    yield "hello_utf8", f.Stream().put(f.HELLO, f.hello(1, build=b"\xc0\x80"))
    yield "begin_cut", stream().put(f.BEGIN, f.begin()[:-1], 1)
    yield "unknown_family", stream().begin().samples(f.point(3, 1))
    yield "labels_missing", stream().begin().samples(f.point(1, 1, ["x"]))
    yield "labels_extra", stream().begin().samples(f.point(0, 1, ["x"]))
    yield "value_kind", stream().begin().put(f.POINTS, f.points(b"\0\0\2\0" + bytes(8)), 1)
    yield "label_utf8", stream().begin().samples(f.point(2, 1, [b"\xed\xa0\x80"]))
    yield "label_nul", stream().begin().samples(f.point(2, 1, ["\0"]))
    yield "label_long", stream().begin().samples(f.point(2, 1, ["x" * 1025]))
    yield "duplicate", stream().begin().samples(one, one)
    yield "duplicate_later", stream().begin().samples(f.point(2, 1, ["a"])).samples(f.point(2, 2, ["a"]))
    yield "counter_nan", stream().begin().samples(f.point(2, float("nan"), ["x"]))
    yield "counter_negative", stream().begin().samples(f.point(2, -1.0, ["x"]))
    yield "counter_infinite", stream().begin().samples(f.point(2, float("inf"), ["x"]))
    yield "points_cut", stream().begin().put(f.POINTS, f.points(one)[:-1], 1)
    yield "points_longer", stream().begin().put(f.POINTS, f.points(one) + b"x", 1)
    yield "points_count", stream().begin().put(f.POINTS, struct.pack("<H", 2) + one, 1)
    yield "points_empty", stream().begin().put(f.POINTS, b"", 1)
    yield "end_samples", stream().begin().samples(one).end(f.OK, 2, size)
    yield "end_bytes", stream().begin().samples(one).end(f.OK, 1, size + 1)
    yield "end_status", stream().begin().end(6, 0, 0)
    yield "end_ok_with_unknown", stream().begin().end(f.OK, 0, 0, unknown=[0])
    yield "end_unknown_id", stream().begin().end(f.PARTIAL, 0, 0, unknown=[9])
    yield "end_unknown_twice", stream().begin().end(f.PARTIAL, 0, 0, unknown=[1, 1])
    yield "end_error_utf8", stream().begin().end(f.FAILED, 0, 0, error=b"\xfe")
    yield "end_error_long", stream().begin().end(f.FAILED, 0, 0, error="x" * 257)
    yield "end_cut", stream().begin().put(f.END, f.end(f.OK, 0, 0)[:-1], 1)
    yield "end_longer", stream().begin().put(f.END, f.end(f.OK, 0, 0) + b"x", 1)
    yield "bye_cut", stream().put(f.BYE, b"\x05\x00abc")


def control():
    """(name, sender as the target's first byte, datagram)."""
    yield "setting", 0, f.setting("database.host", "/run/postgresql")
    for name, kind in (("start", f.START), ("listener", f.LISTENER), ("data", f.DATA), ("drain", f.DRAIN)):
        yield name, 0, bytes([kind])
    yield "slot", 0, f.slot(1, "kpi", generation=2)
    yield "slot_new", 0, f.slot(63, "kpi", target="other")
    yield "slot_removed", 0, f.slot(1, "kpi", interval_ms=0)
    yield "slot_beyond", 0, f.slot(64, "kpi")
    yield "slot_state", 0, f.slot_state(1, f.BACKOFF, restarts=(1, 2, 3, 4, 5, 6, 7), error="killed by signal 11")
    yield "slot_state_beyond", 0, f.slot_state(1, 9)
    yield "ready", 1, bytes([f.READY])
    yield "busy", 1, bytes([f.BUSY]) + struct.pack("<qB", 12345, 6)
    yield "idle", 2, bytes([f.IDLE]) + struct.pack("<qB", -1, 0)
    yield "bad_frame", 2, bytes([f.BAD_FRAME]) + struct.pack("<IIQ", 1, 2, 3) + f.text("bad magic") + f.text("6e4d")
    yield "bad_frame_of_worker", 1, bytes([f.BAD_FRAME]) + struct.pack("<IIQ", 1, 2, 3) + f.text("x") + f.text("")
    yield "setting_of_worker", 1, f.setting("a", "b")
    yield "setting_nul", 0, bytes([f.SETTING]) + f.text("a\0b") + f.text("") + f.text("")
    yield "setting_long", 0, f.setting("x" * 65, "y")
    yield "setting_cut", 0, f.setting("a", "b")[:-1]
    yield "setting_longer", 0, f.setting("a", "b") + b"x"
    session = struct.pack("<IB", 7, 1)
    for kind, name in enumerate(("want", "use", "rest", "released"), start=12):
        yield name, 1, bytes([kind]) + (session if name in ("want", "released") else b"")
    yield "want_of_front", 2, bytes([12]) + session
    yield "grant", 0, bytes([16]) + session
    yield "recall", 0, bytes([17])
    yield "ask_pool", 1, bytes([18])
    yield "pool", 0, bytes([19]) + struct.pack("<4I5Q", 2, 1, 1, 0, 3, 4, 5, 6, 2 ** 64 - 1)
    for name, sender, size in (("state", 1, 8), ("state_kept", 0, 2048), ("state_large", 1, 2049)):
        yield name, sender, bytes([20]) + struct.pack("<IQH", 1, 2, size) + bytes(size)
    for name, sender in (("login", 1), ("login_kept", 0)):
        yield name, sender, bytes([21]) + struct.pack("<q4B", 2 ** 40, 1, 2, 3, 4)
    layers = bytes([0, 1, 2, 3, 4, 0, 0, 0, 1, 0, 2])
    confinement = bytes([26]) + struct.pack("<I", 1) + b"\7" + layers + f.text("landlock is partial (ABI 4)")
    for name, sender in (("sandbox_told", 0), ("sandbox", 1), ("sandbox_of_front", 2)):
        yield name, sender, confinement
    yield "sandbox_of_the_front", 0, bytes([26]) + struct.pack("<I", 64) + b"\0" + layers + f.text("")
    yield "sandbox_beyond", 0, bytes([26]) + struct.pack("<I", 65) + b"\0" + layers + f.text("")
    yield "sandbox_of_no_state", 0, bytes([26]) + struct.pack("<I", 1) + b"\0" + b"\xff" + layers[1:] + f.text("")
    yield "sandbox_cut", 1, confinement[:-1]
    yield "renew", 1, bytes([27])
    yield "renew_of_front", 2, bytes([27])
    yield "unknown", 0, b"\x16"
    yield "empty", 0, b""


def checksum(*parts):
    """FNV-1a."""
    value = 0xcbf29ce484222325
    for byte in b"".join(parts):
        value = (value ^ byte) * 0x100000001b3 % 2 ** 64
    return struct.pack("<Q", value)


def record(collector="kpi", target="mattermost", version=1, content=b"\1\2\3", layout=1, mark=b"MnSt"):
    """One record of the state file, without the zeros at its end; the target adds them."""
    body = (f.text(collector) + f.text(target) + struct.pack("<QI", 0x0123456789abcdef, version) +
            checksum(struct.pack("<I", version), content) + f.text(content))
    head = mark + struct.pack("<I", layout)
    return head + checksum(head, body, bytes(4096 - len(body) - 16)) + body


def states():
    yield "record", record().ljust(4096, b"\0")
    yield "largest", record("x" * 31, "y" * 31, 2 ** 32 - 1, b"z" * 2048).ljust(4096, b"\0")
    yield "unpadded", record()
    yield "empty_state", record(content=b"")
    yield "state_too_large", record(content=b"z" * 2049)
    yield "name_too_long", record("x" * 32)
    yield "name_empty", record("")
    yield "name_no_word", record("Kpi")
    yield "name_nul", record("k\0i")
    yield "rubbish_behind", record() + b"x"
    yield "other_layout", record(layout=2)
    yield "other_mark", record(mark=b"MnSu")
    yield "cut", record()[:30]
    yield "mark_only", b"MnSt"
    yield "nothing", b""


def write(target, name, data):
    folder = os.path.join(HERE, "seeds", target)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as out:
        out.write(data)


def main():
    for number, (name, made) in enumerate(good()):
        write("fuzz_frame_reader", "good_" + name, bytes([number * 7 % 96]) + made.take())
    for number, (name, made) in enumerate(bad()):
        write("fuzz_frame_reader", "bad_" + name, bytes([number * 5 % 96]) + made.take())
    for name, sender, data in control():
        write("fuzz_control", name, bytes([sender]) + data)
    for name, data in states():
        write("fuzz_state_file", name, data)


if __name__ == "__main__":
    main()
