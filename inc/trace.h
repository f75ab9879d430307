/* SPDX-License-Identifier: MIT */
/*
 * The kernel's half of the trace: record an event, mark the acquisition and the
 * release of resources, and let a test make the Nth acquisition fail.
 *
 * Recording takes no lock and is allowed at any IRQL.  The list of events is
 * inc/trace_events.def; rings and rendering are ke/trace*.c.
 */
#pragma once
#include "nt/trace.h"

/* What KeTraceAcquire and KeTraceRelease are about; names in ke/tracetext.c. */
typedef enum _TRACE_RESOURCE {
    ResourcePage,        /* id: page frame number */
    ResourcePool,        /* id: address */
    ResourceSystemPte,   /* id: address */
    ResourceHandle,      /* id: handle; of which table is in the record's process id */
    ResourceCid,         /* id: process or thread id */
    ResourceObject,      /* id: address of the object body */
    ResourceVad,         /* id: starting address */
    TraceResourceCount
} TRACE_RESOURCE;

/* One record of a ring; strings and further arguments follow as continuations. */
typedef struct _TRACE_RECORD {
    uint64_t Tsc;
    ULONG Sequence; /* global order of all processors' records */
    union {
        struct {
            USHORT Event;  /* TRACE_EVENT_ID; bit 15: continuation of the record before */
            UCHAR Phase;   /* low 4 bits phase, high 4 bits number of continuations */
            UCHAR CpuIrql; /* low 5 bits IRQL, high 3 bits processor */
        };
        ULONG Head; /* the three at once */
    };
    union {
        struct {
            USHORT Process; /* process id / 4 */
            USHORT Thread;  /* thread id / 4 */
        };
        ULONG Who; /* both at once */
    };
    ULONG Attempt;  /* correlation number of the creation this belongs to, or 0 */
    ULONG Arguments[2];
} TRACE_RECORD, *PTRACE_RECORD;
_Static_assert(sizeof(TRACE_RECORD) == 32, "tools and gdb decode 32-byte records");

#define TRACE_CONTINUATION 0x8000

/*
 * A continuation keeps Sequence, Event, Phase and CpuIrql of its event (Sequence
 * counts on) and carries 24 bytes: Head, then Tail.  The stream of them is the
 * number of arguments (1 byte), the length of the text (1 byte), the arguments
 * from the third on (4 bytes each), the text with its zeros.  An event of at most
 * two arguments and no text has none; its unused arguments are 0.
 */
typedef struct _TRACE_CONTINUATION_RECORD {
    UCHAR Head[8];
    ULONG Sequence;
    ULONG Kind; /* the event's Head, and TRACE_CONTINUATION */
    UCHAR Tail[16];
} TRACE_CONTINUATION_RECORD;
_Static_assert(sizeof(TRACE_CONTINUATION_RECORD) == 32, "the size of every record");
#define TRACE_MAX_RECORDS 5 /* of one event: 2 + 24 + 48 bytes continued */

void KeInitializeTrace(void);
void KeTraceRecord(TRACE_EVENT_ID Event, ULONG Count, const ULONG *Arguments,
    _In_opt_ const CHAR *Text, ULONG TextLength);

/* The same for what most events are: two arguments, 0 if there are fewer, no text. */
void KeTraceShort(TRACE_EVENT_ID Event, ULONG First, ULONG Second);

/* KeTrace(TracePspCid, pid): record an event with up to 8 ULONG arguments. */
#define KeTrace(Event, ...)                                                                    \
    KeTraceArguments(Event, sizeof((const ULONG[]){__VA_ARGS__}) / sizeof(ULONG),              \
        (const ULONG[]){__VA_ARGS__})

FORCEINLINE void KeTraceArguments(TRACE_EVENT_ID Event, ULONG Count, const ULONG *Arguments)
{
    if (Count > 2) {
        KeTraceRecord(Event, Count, Arguments, NULL, 0);
    } else {
        KeTraceShort(Event, Arguments[0], Count == 2 ? Arguments[1] : 0);
    }
}

/* The same with a text (the image name), a zero-terminated string. */
void KeTraceRecordText(
    TRACE_EVENT_ID Event, ULONG Count, const ULONG *Arguments, const CHAR *Text);
#define KeTraceNamed(Event, Text, ...)                                                         \
    KeTraceRecordText(Event, sizeof((const ULONG[]){__VA_ARGS__}) / sizeof(ULONG),             \
        (const ULONG[]){__VA_ARGS__}, Text)

/* A pointer or handle as an argument of the two above. */
#define TraceP(Pointer) ((ULONG)(__force ULONG_PTR)(Pointer))

/*
 * Creation attempts.  A thread that begins to create a process gets a number;
 * all its records carry it, as do those of the new process's threads and of a
 * server while it answers a request of a thread that has one.
 */
ULONG KeTraceBeginAttempt(void); /* new number for the current thread */
void KeTraceAdoptAttempt(ULONG Attempt);
ULONG KeTraceCurrentAttempt(void);

/*
 * Resources come and go all the time, so they are recorded only while somebody
 * looks: bit 0 is trace=full or records=on, bit 1 an armed event point, bit 2 a test.
 */
#define TRACE_RESOURCES_PRINTED 1u
#define TRACE_RESOURCES_POINTS  2u
#define TRACE_RESOURCES_TEST    4u
extern ULONG KeTraceResources;

FORCEINLINE void KeTraceAcquire(TRACE_RESOURCE Resource, ULONG_PTR Id)
{
    if (__builtin_expect(KeTraceResources != 0, 0)) {
        KeTraceShort(TraceAcquired, Resource, Id);
    }
}

FORCEINLINE void KeTraceRelease(TRACE_RESOURCE Resource, ULONG_PTR Id)
{
    if (__builtin_expect(KeTraceResources != 0, 0)) {
        KeTraceShort(TraceReleased, Resource, Id);
    }
}

/*
 * Every acquisition asks first: TRUE means behave as if the resource were
 * exhausted.  One-shot: armed for one attempt, fires at its Nth acquisition.
 */
extern BOOLEAN KeFaultArmed;
BOOLEAN KeTestFaultPoint(void) __attribute__((cold, noinline));

FORCEINLINE BOOLEAN KeFaultPoint(void)
{
    return __builtin_expect(KeFaultArmed, FALSE) && KeTestFaultPoint();
}

void KeArmFault(ULONG Attempt, ULONG Acquisition); /* Acquisition 0: only count */
ULONG KeDisarmFault(void);                         /* acquisitions counted since */

/*
 * Every event of an attempt is a point at which a test may step in: at the Nth,
 * Dpc is queued and runs as soon as the IRQL allows.
 */
struct _KDPC;
void KeArmEventPoint(ULONG Attempt, ULONG Event, struct _KDPC *Dpc);
ULONG KeDisarmEventPoint(void); /* events counted since */

/* Reads records back, oldest first; used by tests and by the bugcheck screen. */
ULONG KeTraceSequence(void); /* of the next record */
/*
 * The event that begins at Sequence, with its continuations; the next begins at
 * Sequence + *Count.  FALSE: overwritten, not yet there, or more than MaxRecords.
 */
BOOLEAN KeTraceRead(ULONG Sequence, PTRACE_RECORD Records, ULONG MaxRecords, PULONG Count);

/* What KeTraceRead returned, put together. */
typedef struct _TRACE_VALUES {
    ULONG ArgumentCount;
    ULONG Arguments[TRACE_MAX_ARGUMENTS];
    ULONG TextLength;
    CHAR Text[TRACE_MAX_TEXT]; /* terminated; after its zero perhaps a second string */
} TRACE_VALUES;
void KeTraceDecode(const TRACE_RECORD *Records, TRACE_VALUES *Values);
/* Also without trace=full: what the scheduler does with threads.  For tests. */
void KeTraceScheduling(BOOLEAN On);
PCSTR KeTraceName(ULONG Event); /* as in trace_events.def: "PspCid" */
void KeTraceFreeze(void);
void KeTracePrintLast(ULONG Count);
