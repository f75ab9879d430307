/* SPDX-License-Identifier: MIT */
/*
 * Small heap blocks: size classes, free lists, segments.
 */
#include "user/ntdll/heapp.h"

#define RTLP_COMMIT_STEP  0x4000u  /* bytes; few system calls, little waste */
#define RTLP_SEGMENT_SIZE 0x100000u

/* Bytes of a block of Class, header included. */
static SIZE_T RtlpClassSize(ULONG Class)
{
    if (Class < RTLP_LINEAR_CLASSES) {
        return (Class + 1) * 16;
    }
    ULONG Step = Class - RTLP_LINEAR_CLASSES;
    SIZE_T Doubling = (SIZE_T)256 << (Step / 4);
    return Doubling + Doubling / 4 * (Step % 4 + 1);
}

SIZE_T RtlpClassCapacity(ULONG Class)
{
    return RtlpClassSize(Class) - sizeof(RTLP_HEAP_BLOCK);
}

/* The smallest class for Size bytes, header included; Size is 1 to 32 KiB. */
static ULONG RtlpSizeClass(SIZE_T Size)
{
    if (Size <= 256) {
        return (Size - 1) / 16;
    }
    ULONG Doubling = 31 - __builtin_clz((ULONG)Size - 1); /* 8 for 257 to 512 */
    return RTLP_LINEAR_CLASSES + (Doubling - 8) * 4 + (((Size - 1) >> (Doubling - 2)) & 3);
}

VOID RtlpInitializeSegment(PRTLP_HEAP_SEGMENT Segment, PUCHAR Base, PUCHAR First,
    SIZE_T Committed, SIZE_T Reserved)
{
    Segment->First = Segment->Top = First;
    Segment->Committed = Base + Committed;
    Segment->End = Base + Reserved;
}

static PRTLP_HEAP_SEGMENT RtlpAddSegment(PRTLP_HEAP Heap)
{
    PVOID Base = NULL;
    SIZE_T Reserved = RTLP_SEGMENT_SIZE;
    SIZE_T Committed = RTLP_COMMIT_STEP;

    if (!NT_SUCCESS(NtAllocateVirtualMemory(
            NtCurrentProcess(), &Base, 0, &Reserved, MEM_RESERVE, PAGE_READWRITE))) {
        return NULL;
    }
    if (!NT_SUCCESS(NtAllocateVirtualMemory(
            NtCurrentProcess(), &Base, 0, &Committed, MEM_COMMIT, PAGE_READWRITE))) {
        Reserved = 0;
        (void)NtFreeVirtualMemory(NtCurrentProcess(), &Base, &Reserved, MEM_RELEASE);
        return NULL;
    }
    PRTLP_HEAP_SEGMENT Segment = Base;
    PUCHAR First = (PUCHAR)ALIGN_UP_BY(Segment + 1, 8);
    RtlpInitializeSegment(Segment, Base, First, Committed, Reserved);
    InsertHeadList(&Heap->Segments, &Segment->Links);
    return Segment;
}

/* Makes Size bytes at the segment's top accessible. */
static BOOLEAN RtlpCommitTop(PRTLP_HEAP_SEGMENT Segment, SIZE_T Size)
{
    PVOID Base = Segment->Committed;
    SIZE_T Have = (SIZE_T)(Segment->Committed - Segment->Top);
    SIZE_T Step;

    if (Size <= Have) {
        return TRUE;
    }
    if (Size > (SIZE_T)(Segment->End - Segment->Top)) {
        return FALSE;
    }
    Step = ALIGN_UP_BY(Size - Have, RTLP_COMMIT_STEP);
    if (Step > (SIZE_T)(Segment->End - Segment->Committed)) {
        Step = (SIZE_T)(Segment->End - Segment->Committed);
    }
    if (!NT_SUCCESS(NtAllocateVirtualMemory(
            NtCurrentProcess(), &Base, 0, &Step, MEM_COMMIT, PAGE_READWRITE))) {
        return FALSE;
    }
    Segment->Committed += Step;
    return TRUE;
}

static PRTLP_HEAP_BLOCK RtlpCutBlock(PRTLP_HEAP Heap, SIZE_T Size)
{
    PRTLP_HEAP_SEGMENT Segment
        = CONTAINING_RECORD(Heap->Segments.Flink, RTLP_HEAP_SEGMENT, Links);
    PRTLP_HEAP_BLOCK Block;

    if (!RtlpCommitTop(Segment, Size)) {
        if ((Heap->Flags & HEAP_GROWABLE) == 0) {
            return NULL;
        }
        Segment = RtlpAddSegment(Heap);
        if (Segment == NULL || !RtlpCommitTop(Segment, Size)) {
            return NULL;
        }
    }
    Block = (PRTLP_HEAP_BLOCK)Segment->Top;
    Segment->Top += Size;
    return Block;
}

PRTLP_HEAP_BLOCK RtlpAllocateSmall(PRTLP_HEAP Heap, SIZE_T Size)
{
    ULONG Class = RtlpSizeClass(Size + sizeof(RTLP_HEAP_BLOCK));
    PRTLP_HEAP_BLOCK Block = Heap->Free[Class];

    if (Block != NULL) {
        Heap->Free[Class] = *(PRTLP_HEAP_BLOCK *)RtlpBlockData(Block);
    } else {
        Block = RtlpCutBlock(Heap, RtlpClassSize(Class));
        if (Block == NULL) {
            return NULL;
        }
        Block->Class = (USHORT)Class;
    }
    Block->State = RtlpBlockState(Block, RTLP_BLOCK_BUSY);
    Block->Size = Size;
    return Block;
}

VOID RtlpFreeSmall(PRTLP_HEAP Heap, PRTLP_HEAP_BLOCK Block)
{
    Block->State = RtlpBlockState(Block, RTLP_BLOCK_FREE);
    *(PRTLP_HEAP_BLOCK *)RtlpBlockData(Block) = Heap->Free[Block->Class];
    Heap->Free[Block->Class] = Block;
}

/* Is this a busy block of this heap?  Touches no memory but the heap's. */
BOOLEAN RtlpIsSmallBlock(PRTLP_HEAP Heap, PRTLP_HEAP_BLOCK Block)
{
    for (PLIST_ENTRY Link = Heap->Segments.Flink; Link != &Heap->Segments; Link = Link->Flink) {
        PRTLP_HEAP_SEGMENT Segment = CONTAINING_RECORD(Link, RTLP_HEAP_SEGMENT, Links);
        if ((PUCHAR)Block >= Segment->First && (PUCHAR)(Block + 1) <= Segment->Top) {
            return Block->State == RtlpBlockState(Block, RTLP_BLOCK_BUSY)
                && Block->Class < RTLP_CLASS_COUNT;
        }
    }
    return FALSE;
}

/* All segments but the first, in which the heap itself is. */
VOID RtlpFreeSegments(PRTLP_HEAP Heap)
{
    while (Heap->Segments.Flink != &Heap->FirstSegment.Links) {
        PVOID Base = CONTAINING_RECORD(
            RemoveHeadList(&Heap->Segments), RTLP_HEAP_SEGMENT, Links);
        SIZE_T Size = 0;
        (void)NtFreeVirtualMemory(NtCurrentProcess(), &Base, &Size, MEM_RELEASE);
    }
}
