/* SPDX-License-Identifier: MIT */
/*
 * The trace as text on the console and as raw records on COM2.
 *
 *   [  0.0412] 2 process object  hello.exe     pid=24 eprocess=8a3c1000 ...
 *   [  0.0405] 2     PspCreateProcess: ObCreateObject  eprocess=8a3c1000
 *
 * A SUMMARY is a phase's one line; with trace=full its STEPs stand before it,
 * indented.  Names and fields come from inc/trace_events.def, which says what the
 * conversions in a fields string mean.
 */
#include "ke/ki.h"

typedef enum _KI_TRACE_KIND { SUMMARY, STEP, ACQ, REL, USER_SUMMARY, USER_STEP } KI_TRACE_KIND;

static const struct {
    PCSTR Id;
    PCSTR Name;
    PCSTR Fields;
    UCHAR Kind; /* KI_TRACE_KIND */
} KiTraceEvents[] = {
#define TRACE_EVENT(Id, Phase, Kind, Name, Fields) {#Id, Name, Fields, Kind},
#include "trace_events.def"
#undef TRACE_EVENT
};

static const PCSTR KiResourceNames[TraceResourceCount] = {
    [ResourcePage] = "page", [ResourcePool] = "pool", [ResourceSystemPte] = "system pte",
    [ResourceHandle] = "handle", [ResourceCid] = "cid", [ResourceObject] = "object",
    [ResourceVad] = "vad",
};

UCHAR KiTraceWatched[TraceEventCount]; /* KI_TRACE_... */
static uint64_t KiTraceStart;            /* TSC */

static BOOLEAN KiIsPrinted(ULONG Event)
{
    UCHAR Kind = KiTraceEvents[Event].Kind;

    return KeBootOptions.Trace == TraceLevelFull ||
           (KeBootOptions.Trace == TraceLevelPhases && (Kind == SUMMARY || Kind == USER_SUMMARY));
}

void KiStartTraceText(void)
{
    KiTraceStart = HalQueryTsc();
    KiTraceServices = KeBootOptions.Trace == TraceLevelFull;
    KeTraceScheduling(FALSE);
    if (KeBootOptions.Records) {
        KeBootOptions.Records = HalSerialInitialize(HAL_COM2);
    }
    for (ULONG i = 0; i < TraceEventCount; i++) {
        KiTraceWatched[i] = KeBootOptions.Records || KiIsPrinted(i) ? KI_TRACE_OUTPUT : 0;
    }
    if (KiTraceWatched[TraceAcquired]) {
        KeTraceResources = TRACE_RESOURCES_PRINTED;
    }
}

void KeTraceScheduling(BOOLEAN On)
{
    KiTraceScheduling = On || KeBootOptions.Trace == TraceLevelFull;
}

PCSTR KeTraceName(ULONG Event)
{
    return Event < TraceEventCount ? KiTraceEvents[Event].Id : "?";
}

/* ---- A line --------------------------------------------------------------------------- */

typedef struct _KI_TRACE_LINE {
    ULONG Length;
    CHAR Text[240];
} KI_TRACE_LINE, *PKI_TRACE_LINE;

static void KiAppend(PKI_TRACE_LINE Line, PCSTR Format, ...) _Printf_(2, 3);
static void KiAppend(PKI_TRACE_LINE Line, PCSTR Format, ...)
{
    ULONG Room = sizeof(Line->Text) - Line->Length;
    ULONG Length;
    va_list Arguments;

    va_start(Arguments, Format);
    Length = RtlStringFormatV(Line->Text + Line->Length, Room, Format, Arguments);
    va_end(Arguments);
    Line->Length += Length < Room ? Length : Room - 1;
}

/* "[  0.0412] ", since the start of the trace. */
static void KiAppendTime(PKI_TRACE_LINE Line, uint64_t Tsc)
{
    ULONGLONG Frequency = HalTscFrequency();
    ULONGLONG Ticks = Frequency != 0 ? (Tsc - KiTraceStart) * 10000 / Frequency : 0;

    KiAppend(Line, "[%3u.%04u] ", (ULONG)(Ticks / 10000), (ULONG)(Ticks % 10000));
}

/* The phase's number, coloured as everything of that phase is in the book. */
static void KiAppendPhase(PKI_TRACE_LINE Line, ULONG Phase)
{
    static const UCHAR Colors[] = {0, 36, 33, 32, 35, 34, 92, 31}; /* ECMA-48 */

    if (Phase == 0 || Phase >= ARRAYSIZE(Colors)) {
        KiAppend(Line, "  ");
    } else if (KeBootOptions.Color) {
        KiAppend(Line, "\033[1;%um%u\033[0m ", Colors[Phase], Phase);
    } else {
        KiAppend(Line, "%u ", Phase);
    }
}

static PCSTR KiSecondString(const TRACE_VALUES *Values)
{
    ULONG First = (ULONG)strnlen(Values->Text, TRACE_MAX_TEXT - 1) + 1;

    return First < TRACE_MAX_TEXT ? Values->Text + First : "";
}

static void KiAppendConversion(
    PKI_TRACE_LINE Line, CHAR Conversion, ULONG Value, const TRACE_VALUES *Values)
{
    switch (Conversion) {
    case 'u':
        KiAppend(Line, "%u", Value);
        break;
    case 's':
        if (RtlFindNtStatusName((__force NTSTATUS)Value) != NULL) {
            KiAppend(Line, "%s", RtlNtStatusName((__force NTSTATUS)Value));
        } else { /* a program's own exit code */
            KiAppend(Line, "%08x", Value);
        }
        break;
    case 't':
        KiAppend(Line, "%s", KiSecondString(Values));
        break;
    default:
        KiAppend(Line, "%08x", Value);
        break;
    }
}

/* A fields string with its values; it ends where the arguments do. */
static void KiAppendFields(PKI_TRACE_LINE Line, PCSTR Fields, const TRACE_VALUES *Values)
{
    ULONG Next = 0;

    if (*Fields != 0) {
        KiAppend(Line, "  ");
    }
    for (; *Fields != 0; Fields++) {
        if (*Fields != '%') {
            KiAppend(Line, "%c", *Fields);
            continue;
        }
        Fields++;
        if (*Fields == 't') {
            KiAppendConversion(Line, 't', 0, Values);
        } else if (Next < Values->ArgumentCount) {
            KiAppendConversion(Line, *Fields, Values->Arguments[Next++], Values);
        } else {
            KiAppend(Line, "?");
        }
    }
}

static void KiAppendResource(PKI_TRACE_LINE Line, PCSTR Verb, const TRACE_VALUES *Values)
{
    ULONG Resource = Values->Arguments[0];

    KiAppend(Line, "      %s %s %08x", Verb,
        Resource < TraceResourceCount ? KiResourceNames[Resource] : "?", Values->Arguments[1]);
}

void KiRenderTrace(const TRACE_RECORD *Records)
{
    ULONG Event = Records->Event < TraceEventCount ? Records->Event : 0;
    KI_TRACE_LINE Line = {.Length = 0};
    TRACE_VALUES Values;

    KeTraceDecode(Records, &Values);
    KiAppendTime(&Line, Records->Tsc);
    KiAppendPhase(&Line, Records->Phase & 0xF);
    switch (KiTraceEvents[Event].Kind) {
    case SUMMARY:
    case USER_SUMMARY:
        KiAppend(&Line, "%-14s  %-12s", KiTraceEvents[Event].Name, Values.Text);
        KiAppendFields(&Line, KiTraceEvents[Event].Fields, &Values);
        break;
    case ACQ:
    case REL:
        KiAppendResource(&Line, KiTraceEvents[Event].Name, &Values);
        break;
    default:
        KiAppend(&Line, "    %s", KiTraceEvents[Event].Name);
        if (Values.Text[0] != 0) {
            KiAppend(&Line, "  %s", Values.Text);
        }
        KiAppendFields(&Line, KiTraceEvents[Event].Fields, &Values);
        break;
    }
    KePrint("%s\n", Line.Text);
}

/* ---- What KeTraceRecord calls ---------------------------------------------------------------- */

void KiOutputTrace(TRACE_EVENT_ID Event, ULONG Sequence)
{
    TRACE_RECORD Records[TRACE_MAX_RECORDS];
    ULONG Count;

    if (!KeTraceRead(Sequence, Records, ARRAYSIZE(Records), &Count)) {
        return;
    }
    if (KeBootOptions.Records) {
        KiPrintRecords(Records, Count * sizeof(Records[0]));
    }
    if (KiIsPrinted(Event)) {
        KiRenderTrace(Records);
    }
}

/* The last Count events, oldest first. */
void KeTracePrintLast(ULONG Count)
{
    TRACE_RECORD Records[TRACE_MAX_RECORDS];
    ULONG Sequence = KeTraceSequence();
    ULONG Limit = Count * TRACE_MAX_RECORDS;
    ULONG Length;

    while (Count != 0 && Limit-- != 0 && Sequence != 0) {
        Count -= KeTraceRead(--Sequence, Records, ARRAYSIZE(Records), &Length);
    }
    while (KeTraceRead(Sequence, Records, ARRAYSIZE(Records), &Length)) {
        KiRenderTrace(Records);
        Sequence += Length;
    }
}
