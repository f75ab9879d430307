/* SPDX-License-Identifier: MIT */
/*
 * The heap's interface: RtlCreateHeap, RtlAllocateHeap and so on.
 *
 * Every routine that takes a block checks that it is a busy block of that heap,
 * so freeing twice or a wrong pointer returns FALSE and breaks nothing.
 *
 * Lock order: the heap's lock is the innermost of ntdll.
 * Next: heapp.h (structures), heapblock.c, heaplarge.c.
 */
#include "user/ntdll/heapp.h"

#define RTLP_DEFAULT_RESERVE 0x100000u

/*
 * Heaps are entered in PEB.ProcessHeaps, where debuggers look; one more than
 * there is room for works all the same.  The first heap is made before there
 * is a PEB lock, and before there is a second thread.
 */
static VOID RtlpEnterHeapInPeb(PRTLP_HEAP Heap)
{
    PPEB Peb = NtCurrentPeb();

    if (Peb->FastPebLock != NULL) {
        RtlAcquirePebLock();
    }
    if (Peb->ProcessHeaps != NULL && Peb->NumberOfHeaps < Peb->MaximumNumberOfHeaps) {
        Peb->ProcessHeaps[Peb->NumberOfHeaps++] = Heap;
    }
    if (Peb->FastPebLock != NULL) {
        RtlReleasePebLock();
    }
}

static VOID RtlpRemoveHeapFromPeb(PRTLP_HEAP Heap)
{
    PPEB Peb = NtCurrentPeb();

    RtlAcquirePebLock();
    for (ULONG i = 0; i < Peb->NumberOfHeaps; i++) {
        if (Peb->ProcessHeaps[i] == Heap) {
            Peb->ProcessHeaps[i] = Peb->ProcessHeaps[--Peb->NumberOfHeaps];
            break;
        }
    }
    RtlReleasePebLock();
}

static VOID RtlpInitializeHeap(PRTLP_HEAP Heap, ULONG Flags, SIZE_T Committed, SIZE_T Reserved)
{
    PUCHAR First = (PUCHAR)ALIGN_UP_BY(Heap + 1, 8);

    Heap->Signature = RTLP_HEAP_SIGNATURE;
    Heap->Flags = Flags;
    RtlInitializeCriticalSection(&Heap->Lock);
    InitializeListHead(&Heap->Segments);
    InitializeListHead(&Heap->LargeBlocks);
    RtlpInitializeSegment(&Heap->FirstSegment, (PUCHAR)Heap, First, Committed, Reserved);
    InsertHeadList(&Heap->Segments, &Heap->FirstSegment.Links);
}

/*
 * RtlCreateHeap - a new heap; NULL if there is no memory.
 *
 * Sizes of 0 mean the PEB's defaults.  A heap at an address of the caller's, with
 * his lock or parameters, is not implemented: NULL.
 */
PVOID NTAPI RtlCreateHeap(ULONG Flags, PVOID HeapBase, SIZE_T ReserveSize, SIZE_T CommitSize,
    PVOID Lock, PRTL_HEAP_PARAMETERS Parameters)
{
    PVOID Base = NULL;
    SIZE_T Reserved = ALIGN_UP_BY(ReserveSize, MM_ALLOCATION_GRANULARITY);
    SIZE_T Committed = ALIGN_UP_BY(CommitSize, PAGE_SIZE);

    if (HeapBase != NULL || Lock != NULL || Parameters != NULL
        || ReserveSize > RTLP_MAXIMUM_SIZE || CommitSize > RTLP_MAXIMUM_SIZE) {
        return NULL;
    }
    if (Committed == 0) {
        Committed = PAGE_SIZE;
    }
    if (Reserved == 0) {
        Reserved = RTLP_DEFAULT_RESERVE;
    }
    if (Reserved < Committed) {
        Reserved = ALIGN_UP_BY(Committed, MM_ALLOCATION_GRANULARITY);
    }
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
    RtlpInitializeHeap(Base, Flags, Committed, Reserved);
    RtlpEnterHeapInPeb(Base);
    return Base;
}

/* Returns NULL if destroyed, else the heap; the process heap cannot be. */
PVOID NTAPI RtlDestroyHeap(PVOID HeapHandle)
{
    PRTLP_HEAP Heap = HeapHandle;
    PVOID Base = HeapHandle;
    SIZE_T Size = 0;

    if (Heap == NULL) {
        return NULL;
    }
    if (Heap == RtlGetProcessHeap() || Heap->Signature != RTLP_HEAP_SIGNATURE) {
        return HeapHandle;
    }
    RtlpRemoveHeapFromPeb(Heap);
    RtlpFreeLargeBlocks(Heap);
    RtlpFreeSegments(Heap);
    (void)RtlDeleteCriticalSection(&Heap->Lock);
    Heap->Signature = 0;
    (void)NtFreeVirtualMemory(NtCurrentProcess(), &Base, &Size, MEM_RELEASE);
    return NULL;
}

static VOID RtlpLockHeap(PRTLP_HEAP Heap, ULONG Flags)
{
    if (((Heap->Flags | Flags) & HEAP_NO_SERIALIZE) == 0) {
        RtlEnterCriticalSection(&Heap->Lock);
    }
}

static VOID RtlpUnlockHeap(PRTLP_HEAP Heap, ULONG Flags)
{
    if (((Heap->Flags | Flags) & HEAP_NO_SERIALIZE) == 0) {
        RtlLeaveCriticalSection(&Heap->Lock);
    }
}

/*
 * For the last thread of a process.  Whatever the dead owner of the lock was doing,
 * a list of blocks is changed by one store: at worst a block is lost.
 */
VOID RtlpSeizeHeap(PVOID HeapHandle)
{
    RtlpSeizeCriticalSection(&((PRTLP_HEAP)HeapHandle)->Lock);
}

/* With the lock held. */
static BOOLEAN RtlpIsBusyBlock(PRTLP_HEAP Heap, PRTLP_HEAP_BLOCK Block)
{
    return RtlpIsSmallBlock(Heap, Block) || RtlpIsLargeBlock(Heap, Block);
}

static SIZE_T RtlpBlockCapacity(PRTLP_HEAP_BLOCK Block)
{
    return Block->Class == RTLP_LARGE_CLASS ? RtlpLargeCapacity(Block)
                                            : RtlpClassCapacity(Block->Class);
}

PVOID NTAPI RtlAllocateHeap(PVOID HeapHandle, ULONG Flags, SIZE_T Size)
{
    PRTLP_HEAP Heap = HeapHandle;
    PRTLP_HEAP_BLOCK Block = NULL;

    if (Size <= RTLP_MAXIMUM_SIZE) {
        RtlpLockHeap(Heap, Flags);
        Block = Size <= RTLP_MAXIMUM_SMALL ? RtlpAllocateSmall(Heap, Size)
                                           : RtlpAllocateLarge(Heap, Size);
        RtlpUnlockHeap(Heap, Flags);
    }
    if (Block == NULL) {
        if (((Heap->Flags | Flags) & HEAP_GENERATE_EXCEPTIONS) != 0) {
            RtlRaiseStatus(STATUS_NO_MEMORY);
        }
        return NULL;
    }
    if (((Heap->Flags | Flags) & HEAP_ZERO_MEMORY) != 0 && Block->Class != RTLP_LARGE_CLASS) {
        memset(RtlpBlockData(Block), 0, Size);
    }
    return RtlpBlockData(Block);
}

/* FALSE if Data is not a busy block of this heap; NULL is freed gladly. */
BOOLEAN NTAPI RtlFreeHeap(PVOID HeapHandle, ULONG Flags, PVOID Data)
{
    PRTLP_HEAP Heap = HeapHandle;
    BOOLEAN Freed = FALSE;

    if (Data == NULL) {
        return TRUE;
    }
    RtlpLockHeap(Heap, Flags);
    if (RtlpIsSmallBlock(Heap, RtlpDataBlock(Data))) {
        RtlpFreeSmall(Heap, RtlpDataBlock(Data));
        Freed = TRUE;
    } else if (RtlpIsLargeBlock(Heap, RtlpDataBlock(Data))) {
        Freed = RtlpFreeLarge(RtlpDataBlock(Data));
    }
    RtlpUnlockHeap(Heap, Flags);
    if (!Freed) {
        RtlSetLastWin32ErrorAndNtStatusFromNtStatus(STATUS_INVALID_PARAMETER);
    }
    return Freed;
}

/* The size asked for, or (SIZE_T)-1 for what is not a block. */
SIZE_T NTAPI RtlSizeHeap(PVOID HeapHandle, ULONG Flags, PVOID Data)
{
    PRTLP_HEAP Heap = HeapHandle;
    SIZE_T Size = (SIZE_T)-1;

    RtlpLockHeap(Heap, Flags);
    if (Data != NULL && RtlpIsBusyBlock(Heap, RtlpDataBlock(Data))) {
        Size = RtlpDataBlock(Data)->Size;
    }
    RtlpUnlockHeap(Heap, Flags);
    return Size;
}

/*
 * Changes the size where the block is, if it has the room.  Returns FALSE if it
 * has not; *OldSize is (SIZE_T)-1 if Data is not a block.
 */
static BOOLEAN RtlpResizeInPlace(
    PRTLP_HEAP Heap, ULONG Flags, PVOID Data, SIZE_T Size, PSIZE_T OldSize)
{
    PRTLP_HEAP_BLOCK Block = RtlpDataBlock(Data);
    BOOLEAN Resized = FALSE;

    *OldSize = (SIZE_T)-1;
    RtlpLockHeap(Heap, Flags);
    if (RtlpIsBusyBlock(Heap, Block)) {
        *OldSize = Block->Size;
        if (Size <= RtlpBlockCapacity(Block)) {
            Block->Size = Size;
            Resized = TRUE;
        }
    }
    RtlpUnlockHeap(Heap, Flags);
    if (Resized && Size > *OldSize && ((Heap->Flags | Flags) & HEAP_ZERO_MEMORY) != 0) {
        memset((PUCHAR)Data + *OldSize, 0, Size - *OldSize);
    }
    return Resized;
}

/* On failure NULL, and the old block stays. */
PVOID NTAPI RtlReAllocateHeap(PVOID HeapHandle, ULONG Flags, PVOID Data, SIZE_T Size)
{
    PRTLP_HEAP Heap = HeapHandle;
    SIZE_T OldSize;
    PVOID New;

    if (Data == NULL) {
        return NULL;
    }
    if (RtlpResizeInPlace(Heap, Flags, Data, Size, &OldSize)) {
        return Data;
    }
    if (OldSize == (SIZE_T)-1 || (Flags & HEAP_REALLOC_IN_PLACE_ONLY) != 0) {
        return NULL;
    }
    New = RtlAllocateHeap(Heap, Flags, Size);
    if (New != NULL) {
        memcpy(New, Data, OldSize < Size ? OldSize : Size);
        (void)RtlFreeHeap(Heap, Flags, Data);
    }
    return New;
}
