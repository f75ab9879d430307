/* SPDX-License-Identifier: MIT */
/*
 * The trace's rings.  Each processor writes its own, with interrupts off for the
 * few instructions that takes; the numbers of records come from one counter, so
 * that all rings together have an order.  Format: inc/trace.h.
 *
 * Any processor reads any ring while it is written: TraceIndex says what is complete,
 * and what was copied counts only if the writer cannot have come round meanwhile.
 *
 * Text is only a rendering of this: tracetext.c, at the end of KeTraceRecord.
 */
#include "ke/ki.h"

#define KI_TRACE_RECORDS 8192 /* the boot processor's ring, and the most there are */
#define KI_CONTINUATION_BYTES 24

static TRACE_RECORD KiBootTraceRing[KI_TRACE_RECORDS];
static ULONG KiTraceMask; /* records in a ring, less 1 */
static volatile ULONG KiTraceNextSequence;
static volatile ULONG KiTraceNextAttempt;
ULONG KeTraceResources;
static BOOLEAN KiTracing; /* there is a ring and it is not frozen */

/* The word of a record that begins with Event, but for CpuIrql. */
static const ULONG KiTraceHeads[] = {
#define TRACE_EVENT(Id, Phase, Kind, Name, Fields) Trace##Id | (Phase) << 16,
#include "trace_events.def"
#undef TRACE_EVENT
};

void KeInitializeTrace(void)
{
    ULONG Records = KeBootOptions.TraceRecords;

    if (Records < 64 || Records > KI_TRACE_RECORDS || (Records & (Records - 1)) != 0) {
        Records = KI_TRACE_RECORDS;
    }
    KiStartTraceText();
    KeGetCurrentPrcb()->TraceRing = KiBootTraceRing;
    KiTraceMask = Records - 1;
    KiTracing = TRUE;
}

SIZE_T KiTraceRingSize(void)
{
    return (KiTraceMask + 1) * sizeof(TRACE_RECORD);
}

/* ---- Writing ------------------------------------------------------------------------ */

/* The bytes that continue an event, as inc/trace.h describes them; returns how many. */
static ULONG KiPackContinuation(UCHAR *Stream, ULONG Count, const ULONG *Arguments,
    PCSTR Text, ULONG TextLength)
{
    ULONG Length = 2;

    Stream[0] = (UCHAR)Count;
    Stream[1] = (UCHAR)TextLength;
    for (ULONG i = 2; i < Count; i++, Length += sizeof(ULONG)) {
        __builtin_memcpy(Stream + Length, &Arguments[i], sizeof(ULONG));
    }
    if (TextLength != 0) { /* cut off or not, it ends with a zero */
        memcpy(Stream + Length, Text, TextLength - 1);
        Stream[Length + TextLength - 1] = 0;
    }
    return Length + TextLength;
}

static void KiContinueRecord(TRACE_CONTINUATION_RECORD *Record, const TRACE_RECORD *First,
    ULONG Sequence, const UCHAR *Stream)
{
    Record->Sequence = Sequence;
    Record->Kind = First->Head | TRACE_CONTINUATION;
    /* Lengths are constants: no calls. */
    __builtin_memcpy(Record->Head, Stream, sizeof(Record->Head));
    __builtin_memcpy(Record->Tail, Stream + sizeof(Record->Head), sizeof(Record->Tail));
}

/* Interrupts off: a record of this processor's ring, Ahead of TraceIndex. */
FORCEINLINE TRACE_CONTINUATION_RECORD *KiNextRecord(PKPRCB Prcb, ULONG Ahead)
{
    return (TRACE_CONTINUATION_RECORD *)&Prcb->TraceRing[(Prcb->TraceIndex + Ahead) & KiTraceMask];
}

/*
 * Interrupts off: the record that an event begins with and most events are; More follow.
 * In this order the processor's registers suffice.
 */
FORCEINLINE PTRACE_RECORD KiWriteRecord(
    PKPRCB Prcb, TRACE_EVENT_ID Event, ULONG More, ULONG First, ULONG Second)
{
    PTRACE_RECORD Record = &Prcb->TraceRing[Prcb->TraceIndex & KiTraceMask];
    PKTHREAD Thread;

    Record->Arguments[0] = First;
    Record->Arguments[1] = Second;
    Thread = KeGetCurrentThread();
    Record->Who = Thread->TraceWho;
    Record->Attempt = Thread->CreationAttempt;
    Record->Sequence = InterlockedExchangeAdd(&KiTraceNextSequence, 1 + More);
    Record->Tsc = HalQueryTsc();
    Record->Head = KiTraceHeads[Event] | More << 20 |
                   ((ULONG)KeGetCurrentIrql() | Prcb->TraceNumber) << 24;
    return Record;
}

/* Interrupts off: so many records more are complete, for whoever reads the ring. */
FORCEINLINE void KiPublishRecords(PKPRCB Prcb, ULONG Count)
{
    __atomic_signal_fence(__ATOMIC_RELEASE); /* the processor itself keeps stores in order */
    Prcb->TraceIndex += Count;
}

/* What the test, the console or COM2 wants with an event that has been recorded. */
static __attribute__((cold, noinline)) void KiShowEvent(TRACE_EVENT_ID Event, ULONG Sequence)
{
    ULONG Watched = KiTraceWatched[Event];

    if (Watched & KI_TRACE_OUTPUT) {
        KiOutputTrace(Event, Sequence);
    }
    if (Watched & KI_TRACE_POINT) {
        KiCountEvent();
    }
}

/* The fast path: no text and no third argument, so nothing to pack. */
void KeTraceShort(TRACE_EVENT_ID Event, ULONG First, ULONG Second)
{
    PTRACE_RECORD Record;
    BOOLEAN Enabled;
    PKPRCB Prcb;

    if (!KiTracing) {
        return;
    }
    Enabled = KeDisableInterrupts();
    Prcb = KiCurrentPrcb();
    Record = KiWriteRecord(Prcb, Event, 0, First, Second);
    KiPublishRecords(Prcb, 1);
    if (Enabled) {
        KiEnableInterrupts(); /* and deliver nothing: this is no place for it */
    }
    if (__builtin_expect(KiTraceWatched[Event], 0)) {
        KiShowEvent(Event, Record->Sequence);
    }
}

void KeTraceRecord(TRACE_EVENT_ID Event, ULONG Count, const ULONG *Arguments, const CHAR *Text,
    ULONG TextLength)
{
    UCHAR Stream[(TRACE_MAX_RECORDS - 1) * KI_CONTINUATION_BYTES];
    ULONG Length = KiPackContinuation(Stream, Count, Arguments, Text, TextLength);
    ULONG More = (Length + KI_CONTINUATION_BYTES - 1) / KI_CONTINUATION_BYTES;
    ULONG Sequence, i;
    PTRACE_RECORD First;
    BOOLEAN Enabled;
    PKPRCB Prcb;

    if (!KiTracing) {
        return;
    }
    Enabled = KeDisableInterrupts();
    Prcb = KiCurrentPrcb();
    First = KiWriteRecord(Prcb, Event, More, Count > 0 ? Arguments[0] : 0,
        Count > 1 ? Arguments[1] : 0);
    Sequence = First->Sequence;
    for (i = 0; i < More; i++) {
        KiContinueRecord(
            KiNextRecord(Prcb, 1 + i), First, Sequence + 1 + i, Stream + i * KI_CONTINUATION_BYTES);
    }
    KiPublishRecords(Prcb, 1 + More);
    if (Enabled) {
        KiEnableInterrupts();
    }
    if (__builtin_expect(KiTraceWatched[Event], 0)) {
        KiShowEvent(Event, Sequence);
    }
}

void KeTraceRecordText(
    TRACE_EVENT_ID Event, ULONG Count, const ULONG *Arguments, const CHAR *Text)
{
    KeTraceRecord(Event, Count, Arguments, Text, (ULONG)strnlen(Text, TRACE_MAX_TEXT - 1) + 1);
}

/* ---- Creation attempts ------------------------------------------------------------------ */

ULONG KeTraceBeginAttempt(void)
{
    ULONG Attempt = InterlockedIncrement(&KiTraceNextAttempt);

    KeTraceAdoptAttempt(Attempt);
    return Attempt;
}

void KeTraceAdoptAttempt(ULONG Attempt)
{
    KeGetCurrentThread()->CreationAttempt = Attempt;
}

ULONG KeTraceCurrentAttempt(void)
{
    return KeGetCurrentThread()->CreationAttempt;
}

/* ---- Reading -------------------------------------------------------------------------------- */

ULONG KeTraceSequence(void)
{
    return KiTraceNextSequence;
}

/* The oldest record of a ring that its writer, at Index, does not touch next. */
static ULONG KiOldestRecord(ULONG Index)
{
    ULONG Kept = KiTraceMask + 1 - TRACE_MAX_RECORDS;

    return Index > Kept ? Index - Kept : 0;
}

/* Numbers rise along a ring: a binary search.  The record's index, or FALSE. */
static BOOLEAN KiFindRecord(PKPRCB Prcb, ULONG Sequence, PULONG Index)
{
    ULONG End = __atomic_load_n(&Prcb->TraceIndex, __ATOMIC_ACQUIRE);
    ULONG High = End;
    ULONG Low = KiOldestRecord(End);

    while (Low < High) {
        ULONG Middle = Low + (High - Low) / 2;

        if (Prcb->TraceRing[Middle & KiTraceMask].Sequence < Sequence) {
            Low = Middle + 1;
        } else {
            High = Middle;
        }
    }
    *Index = Low;
    return Low != End && Prcb->TraceRing[Low & KiTraceMask].Sequence == Sequence;
}

static BOOLEAN KiCopyEvent(
    PKPRCB Prcb, ULONG Index, PTRACE_RECORD Records, ULONG MaxRecords, PULONG Count)
{
    ULONG Total = 1u + (Prcb->TraceRing[Index & KiTraceMask].Phase >> 4);
    ULONG i;

    if (Total > MaxRecords || Total > Prcb->TraceIndex - Index) {
        return FALSE;
    }
    for (i = 0; i < Total; i++) {
        Records[i] = Prcb->TraceRing[(Index + i) & KiTraceMask];
    }
    *Count = Total;
    return Index >= KiOldestRecord(__atomic_load_n(&Prcb->TraceIndex, __ATOMIC_ACQUIRE)) &&
           Total == 1u + (Records[0].Phase >> 4);
}

BOOLEAN KeTraceRead(ULONG Sequence, PTRACE_RECORD Records, ULONG MaxRecords, PULONG Count)
{
    BOOLEAN Enabled = KeDisableInterrupts();
    BOOLEAN Found = FALSE;
    ULONG Index, i;

    for (i = 0; i < KeNumberProcessors && !Found; i++) {
        PKPRCB Prcb = KiProcessorBlock[i];

        Found = Prcb->TraceRing != NULL && KiFindRecord(Prcb, Sequence, &Index) &&
                KiCopyEvent(Prcb, Index, Records, MaxRecords, Count);
    }
    if (Enabled) {
        KiEnableInterrupts();
    }
    return Found && !(Records[0].Event & TRACE_CONTINUATION);
}

void KeTraceFreeze(void)
{
    KiTracing = FALSE;
}

void KeTraceDecode(const TRACE_RECORD *Records, TRACE_VALUES *Values)
{
    UCHAR Stream[15 * KI_CONTINUATION_BYTES];
    ULONG More = Records[0].Phase >> 4;
    ULONG i;

    memset(Values, 0, sizeof(*Values));
    Values->ArgumentCount = 2;
    Values->Arguments[0] = Records[0].Arguments[0];
    Values->Arguments[1] = Records[0].Arguments[1];
    if (More == 0) {
        return;
    }
    for (i = 0; i < More; i++) {
        const TRACE_CONTINUATION_RECORD *Record =
            (const TRACE_CONTINUATION_RECORD *)&Records[1 + i];

        memcpy(Stream + i * KI_CONTINUATION_BYTES, Record->Head, sizeof(Record->Head));
        memcpy(Stream + i * KI_CONTINUATION_BYTES + 8, Record->Tail, sizeof(Record->Tail));
    }
    Values->ArgumentCount = Stream[0] <= TRACE_MAX_ARGUMENTS ? Stream[0] : TRACE_MAX_ARGUMENTS;
    i = Values->ArgumentCount > 2 ? (Values->ArgumentCount - 2) * sizeof(ULONG) : 0;
    memcpy(Values->Arguments + 2, Stream + 2, i);
    Values->TextLength = Stream[1] <= TRACE_MAX_TEXT ? Stream[1] : TRACE_MAX_TEXT;
    memcpy(Values->Text, Stream + 2 + i, Values->TextLength);
    Values->Text[TRACE_MAX_TEXT - 1] = 0;
}
