/* SPDX-License-Identifier: MIT */
/*
 * Trace events as both sides of the system-call boundary see them: their numbers
 * and how user mode reports its own steps (phases 1, 4 and 6) by NtTraceEvent.
 *
 * The kernel's half, rings and rendering, is inc/trace.h.
 */
#pragma once
#include "nt/ntdef.h"

typedef enum _TRACE_EVENT_ID {
#define TRACE_EVENT(Id, Phase, Kind, Name, Fields) Trace##Id,
#include "trace_events.def"
#undef TRACE_EVENT
    TraceEventCount
} TRACE_EVENT_ID;

#define TRACE_MAX_ARGUMENTS 8
#define TRACE_MAX_TEXT      48 /* bytes, final zero included */

/*
 * What NtTraceEvent's Fields point to; its Flags are the TRACE_EVENT_ID and its
 * TraceHandle is ignored.  Text is the image name; after its zero a second
 * string may follow, which a "%t" in the event's fields prints.
 */
typedef struct _NT_TRACE_FIELDS {
    ULONG ArgumentCount;
    ULONG Arguments[TRACE_MAX_ARGUMENTS];
    CHAR Text[TRACE_MAX_TEXT];
} NT_TRACE_FIELDS, *PNT_TRACE_FIELDS;
