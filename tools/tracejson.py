#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Trace records as JSON, one event a line: what `records=on` sends to COM2.

    make run ARGS=records=on
    tools/tracejson.py build/records.bin
"""
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools/gdb"))
import tracering  # noqa: E402  (the decoder that gdb uses, too)

KEY = re.compile(r"(\w+)=%(.)")


def as_object(event):
    """An event as a dictionary; its fields are named as in inc/trace_events.def."""
    values = iter(event.arguments)
    fields = {}
    for key, form in KEY.findall(event.kind.fields):
        if form == "t":
            fields[key] = event.texts[1] if len(event.texts) > 1 else ""
        else:
            fields[key] = next(values, None)
    return {"sequence": event.sequence, "tsc": event.tsc, "event": event.kind.id,
            "phase": int(event.kind.phase), "kind": event.kind.kind, "name": event.kind.name,
            "process": event.process, "thread": event.thread, "attempt": event.attempt,
            "text": event.texts[0] if event.texts else "", "fields": fields}


def main(paths):
    if len(paths) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    for event in tracering.decode(pathlib.Path(paths[0]).read_bytes()):
        print(json.dumps(as_object(event)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
