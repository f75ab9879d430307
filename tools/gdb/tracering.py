# SPDX-License-Identifier: MIT
"""Decodes trace records: bytes in, lines out.  Needs no gdb.

The format is inc/trace.h's, the names are inc/trace_events.def's, and the lines
look like those that ke/tracetext.c prints.
"""
import collections
import functools
import pathlib
import re
import struct

from statusnames import status_name

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
RECORD_SIZE = 32
MAX_RECORDS = 5  # of one event
CONTINUATION = 0x8000
HEADER = struct.Struct("<QIHBBHHIII")
EVENT = re.compile(r'^TRACE_EVENT\((\w+), (\d), (\w+), "([^"]*)", "([^"]*)"\)', re.MULTILINE)

Kind = collections.namedtuple("Kind", "id phase kind name fields")
Event = collections.namedtuple("Event", "sequence tsc kind process thread attempt arguments texts")


@functools.lru_cache(maxsize=None)
def kinds():
    """All events, by number."""
    text = (ROOT / "inc/trace_events.def").read_text()
    return [Kind(i, int(p), k, n, f) for i, p, k, n, f in EVENT.findall(text)]


@functools.lru_cache(maxsize=None)
def resources():
    """Names of TRACE_RESOURCE: ResourceSystemPte is 'system pte'."""
    names = re.findall(r"^    Resource(\w+),", (ROOT / "inc/trace.h").read_text(), re.MULTILINE)
    return [re.sub(r"(?<!^)([A-Z])", r" \1", name).lower() for name in names]


def _continued(records):
    """Arguments from the third on, and the texts, out of an event's continuations."""
    stream = b"".join(r[:8] + r[16:] for r in records)
    if not stream:
        return [0, 0], []
    count, length = stream[0], stream[1]
    end = 2 + 4 * max(count - 2, 0)
    more = list(struct.unpack_from(f"<{max(count - 2, 0)}I", stream, 2))
    texts = stream[end:end + length].decode("latin-1").split("\0")
    return [0] * min(count, 2) + more, texts


def decode(data):
    """The events in a run of records, oldest first; incomplete ones are left out."""
    records = [data[i:i + RECORD_SIZE] for i in range(0, len(data), RECORD_SIZE)]
    events, at = [], 0
    while at < len(records):
        fields = HEADER.unpack(records[at])
        tsc, sequence, event, phase, _, process, thread, attempt = fields[:8]
        more = phase >> 4
        if event & CONTINUATION or event >= len(kinds()) or at + 1 + more > len(records):
            at += 1
            continue
        arguments, texts = _continued(records[at + 1:at + 1 + more])
        arguments[:2] = fields[8:8 + min(len(arguments), 2)]
        events.append(Event(sequence, tsc, kinds()[event], process * 4, thread * 4, attempt,
                            arguments, texts))
        at += 1 + more
    return events


def _fields(event):
    """The fields string of an event with its values."""
    values = iter(event.arguments)

    def one(match):
        if match.group(1) == "t":
            return event.texts[1] if len(event.texts) > 1 else ""
        value = next(values, None)
        if value is None:
            return "?"
        return {"u": str(value), "s": status_name(value)}.get(match.group(1), f"{value:08x}")

    return re.sub(r"%(.)", one, event.kind.fields)


def render(event, seconds):
    """One line, as the kernel would print it."""
    kind = event.kind
    lead = f"[{seconds:8.4f}] {kind.phase or ' '} "
    text = event.texts[0] if event.texts else ""
    if kind.kind.endswith("SUMMARY"):
        return f"{lead}{kind.name:14}  {text:12}  {_fields(event)}"
    if kind.kind in ("ACQ", "REL"):
        which, number = event.arguments[:2]
        name = resources()[which] if which < len(resources()) else "?"
        return f"{lead}    {kind.name} {name} {number:08x}"
    return f"{lead}    " + "  ".join(s for s in (kind.name, text, _fields(event)) if s)
