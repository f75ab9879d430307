/* SPDX-License-Identifier: MIT */
/*
 * The heap's structures, shared by heap.c (the interface), heapblock.c (small
 * blocks) and heaplarge.c (blocks straight from virtual memory).
 *
 * Small blocks come in size classes: each class has a list of free blocks and
 * blocks never change their class, so both allocating and freeing are a few
 * instructions.  New blocks are cut from the top of the newest segment, a range
 * of reserved addresses that is committed as the top moves up.
 */
#pragma once
#include "user/ntdll/ntdllp.h"

/*
 * Before every block.  State tells busy from free and is mixed with the address,
 * so that a pointer that is not a block's, or is freed twice, is recognised.
 */
typedef struct _RTLP_HEAP_BLOCK {
    USHORT Class; /* RTLP_LARGE_CLASS: a large block */
    USHORT State;
    ULONG Size; /* bytes asked for */
} RTLP_HEAP_BLOCK, *PRTLP_HEAP_BLOCK;

#define RTLP_BLOCK_BUSY 0xB5E5
#define RTLP_BLOCK_FREE 0xF4EE

/* 8 bytes of alignment for the user, as on NT for x86. */
_Static_assert(sizeof(RTLP_HEAP_BLOCK) == 8, "keeps blocks aligned");

/* Classes 0-15 are 16 to 256 bytes by 16; then four a doubling up to 32 KiB. */
#define RTLP_LINEAR_CLASSES 16
#define RTLP_CLASS_COUNT    (RTLP_LINEAR_CLASSES + 4 * 7)
#define RTLP_LARGE_CLASS    0xFFFF
#define RTLP_MAXIMUM_SMALL  (0x8000 - sizeof(RTLP_HEAP_BLOCK))
#define RTLP_MAXIMUM_SIZE   0x7FF00000u

typedef struct _RTLP_HEAP_SEGMENT {
    LIST_ENTRY Links;
    PUCHAR First;     /* the first block */
    PUCHAR Top;       /* here the next block is cut */
    PUCHAR Committed; /* end of what is committed */
    PUCHAR End;
} RTLP_HEAP_SEGMENT, *PRTLP_HEAP_SEGMENT;

typedef struct _RTLP_LARGE_BLOCK {
    LIST_ENTRY Links;
    SIZE_T RegionSize;
    ULONG Pad;
    RTLP_HEAP_BLOCK Block; /* last: the user's bytes follow */
} RTLP_LARGE_BLOCK, *PRTLP_LARGE_BLOCK;

_Static_assert(sizeof(RTLP_LARGE_BLOCK) % 8 == 0, "keeps blocks aligned");

#define RTLP_HEAP_SIGNATURE 0x50414548 /* "HEAP" */

/* Lock guards everything below it. */
typedef struct _RTLP_HEAP {
    ULONG Signature;
    ULONG Flags; /* HEAP_ */
    RTL_CRITICAL_SECTION Lock;
    LIST_ENTRY Segments; /* newest first */
    LIST_ENTRY LargeBlocks;
    PRTLP_HEAP_BLOCK Free[RTLP_CLASS_COUNT]; /* linked through the user's first bytes */
    RTLP_HEAP_SEGMENT FirstSegment;          /* starts with this structure */
} RTLP_HEAP, *PRTLP_HEAP;

static inline PVOID RtlpBlockData(PRTLP_HEAP_BLOCK Block)
{
    return Block + 1;
}

static inline PRTLP_HEAP_BLOCK RtlpDataBlock(PVOID Data)
{
    return (PRTLP_HEAP_BLOCK)Data - 1;
}

static inline USHORT RtlpBlockState(PRTLP_HEAP_BLOCK Block, USHORT State)
{
    return State ^ (USHORT)((ULONG_PTR)Block >> 3);
}

/* heapblock.c; with the lock held */
PRTLP_HEAP_BLOCK RtlpAllocateSmall(PRTLP_HEAP Heap, SIZE_T Size);
VOID RtlpFreeSmall(PRTLP_HEAP Heap, PRTLP_HEAP_BLOCK Block);
BOOLEAN RtlpIsSmallBlock(PRTLP_HEAP Heap, PRTLP_HEAP_BLOCK Block);
SIZE_T RtlpClassCapacity(ULONG Class);
VOID RtlpFreeSegments(PRTLP_HEAP Heap);
VOID RtlpInitializeSegment(PRTLP_HEAP_SEGMENT Segment, PUCHAR Base, PUCHAR First,
    SIZE_T Committed, SIZE_T Reserved);

/* heaplarge.c; with the lock held */
PRTLP_HEAP_BLOCK RtlpAllocateLarge(PRTLP_HEAP Heap, SIZE_T Size);
BOOLEAN RtlpFreeLarge(PRTLP_HEAP_BLOCK Block);
BOOLEAN RtlpIsLargeBlock(PRTLP_HEAP Heap, PRTLP_HEAP_BLOCK Block);
SIZE_T RtlpLargeCapacity(PRTLP_HEAP_BLOCK Block);
VOID RtlpFreeLargeBlocks(PRTLP_HEAP Heap);
