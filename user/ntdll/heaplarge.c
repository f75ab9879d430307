/* SPDX-License-Identifier: MIT */
/*
 * Large heap blocks: each is an allocation of virtual memory of its own, given
 * back to the system when freed.
 */
#include "user/ntdll/heapp.h"

PRTLP_HEAP_BLOCK RtlpAllocateLarge(PRTLP_HEAP Heap, SIZE_T Size)
{
    PRTLP_LARGE_BLOCK Large = NULL;
    SIZE_T RegionSize = Size + sizeof(*Large);

    if (!NT_SUCCESS(NtAllocateVirtualMemory(NtCurrentProcess(), (PVOID *)&Large, 0, &RegionSize,
            MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE))) {
        return NULL;
    }
    Large->RegionSize = RegionSize;
    Large->Block.Class = RTLP_LARGE_CLASS;
    Large->Block.State = RtlpBlockState(&Large->Block, RTLP_BLOCK_BUSY);
    Large->Block.Size = Size;
    InsertTailList(&Heap->LargeBlocks, &Large->Links);
    return &Large->Block;
}

BOOLEAN RtlpFreeLarge(PRTLP_HEAP_BLOCK Block)
{
    PRTLP_LARGE_BLOCK Large = CONTAINING_RECORD(Block, RTLP_LARGE_BLOCK, Block);
    PVOID Base = Large;
    SIZE_T Size = 0;

    RemoveEntryList(&Large->Links);
    return NT_SUCCESS(NtFreeVirtualMemory(NtCurrentProcess(), &Base, &Size, MEM_RELEASE));
}

/* By search, for the block's own memory is not to be trusted (it may be gone). */
BOOLEAN RtlpIsLargeBlock(PRTLP_HEAP Heap, PRTLP_HEAP_BLOCK Block)
{
    for (PLIST_ENTRY Link = Heap->LargeBlocks.Flink; Link != &Heap->LargeBlocks;
         Link = Link->Flink) {
        if (&CONTAINING_RECORD(Link, RTLP_LARGE_BLOCK, Links)->Block == Block) {
            return TRUE;
        }
    }
    return FALSE;
}

SIZE_T RtlpLargeCapacity(PRTLP_HEAP_BLOCK Block)
{
    return CONTAINING_RECORD(Block, RTLP_LARGE_BLOCK, Block)->RegionSize
        - sizeof(RTLP_LARGE_BLOCK);
}

VOID RtlpFreeLargeBlocks(PRTLP_HEAP Heap)
{
    while (!IsListEmpty(&Heap->LargeBlocks)) {
        (void)RtlpFreeLarge(
            &CONTAINING_RECORD(Heap->LargeBlocks.Flink, RTLP_LARGE_BLOCK, Links)->Block);
    }
}
