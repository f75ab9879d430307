/* SPDX-License-Identifier: MIT */
/*
 * Virtual address descriptors: which parts of a process's user half are taken and
 * by what.  A balanced tree ordered by address; VADs never overlap.
 */
#include "mm/mi.h"

#define VAD_TAG POOL_TAG('V', 'a', 'd', ' ')

static PMMVAD MiVadOf(const RTL_AVL_NODE *Node)
{
    return Node == NULL ? NULL : CONTAINING_RECORD(Node, MMVAD, Node);
}

static LONG MiCompareVads(const RTL_AVL_NODE *First, const RTL_AVL_NODE *Second)
{
    const MMVAD *One = MiVadOf(First);
    const MMVAD *Two = MiVadOf(Second);

    return One->End < Two->Start ? -1 : One->Start > Two->End;
}

static LONG MiCompareAddress(const void *Key, const RTL_AVL_NODE *Node)
{
    ULONG_PTR Va = *(const ULONG_PTR *)Key;
    const MMVAD *Vad = MiVadOf(Node);

    return Va < Vad->Start ? -1 : Va > Vad->End;
}

void MiInitializeVads(PMM_ADDRESS_SPACE Space)
{
    RtlAvlInitialize(&Space->VadRoot, MiCompareVads);
}

/* One place is asked for several times: reserved, committed, protected, touched. */
PMMVAD MiFindVad(PMM_ADDRESS_SPACE Space, ULONG_PTR Va)
{
    PMMVAD Vad = Space->VadHint;

    if (Vad != NULL && Vad->Start <= Va && Va <= Vad->End) {
        return Vad;
    }
    Vad = MiVadOf(RtlAvlLookup(&Space->VadRoot, &Va, MiCompareAddress));
    if (Vad != NULL) {
        Space->VadHint = Vad;
    }
    return Vad;
}

PMMVAD MiNextVad(const MM_ADDRESS_SPACE *Space, ULONG_PTR Va)
{
    return MiVadOf(RtlAvlLowerBound(&Space->VadRoot, &Va, MiCompareAddress));
}

PMMVAD MiInsertVad(PMM_ADDRESS_SPACE Space, const MMVAD *Model)
{
    PMMVAD Vad;

    if (KeFaultPoint()) {
        return NULL;
    }
    Vad = ExAllocatePoolWithTag(NonPagedPool, sizeof(MMVAD), VAD_TAG);
    if (Vad == NULL) {
        return NULL;
    }
    *Vad = *Model;
    if (Vad->ControlArea != NULL) {
        MiReferenceControlArea(Vad->ControlArea);
    }
    if (!RtlAvlInsert(&Space->VadRoot, &Vad->Node)) {
        KeBugCheckEx(PFN_LIST_CORRUPT, 0x56, Vad->Start, Vad->End, 0);
    }
    Space->VadCount++;
    Space->VadHint = Vad;
    KeTraceAcquire(ResourceVad, Vad->Start);
    return Vad;
}

void MiDeleteVad(PMM_ADDRESS_SPACE Space, PMMVAD Vad)
{
    MiDeletePtes(Space, Vad->Start > Vad->Lowest ? Vad->Start : Vad->Lowest, Vad->End);
    RtlAvlRemove(&Space->VadRoot, &Vad->Node);
    Space->VadHint = NULL;
    Space->VadCount--;
    if (Vad->ControlArea != NULL) {
        MiDereferenceControlArea(Vad->ControlArea);
    }
    KeTraceRelease(ResourceVad, Vad->Start);
    ExFreePoolWithTag(Vad, VAD_TAG);
}

BOOLEAN MiIsRangeFree(const MM_ADDRESS_SPACE *Space, ULONG_PTR Start, ULONG_PTR End)
{
    PMMVAD Next = MiNextVad(Space, Start);

    return Next == NULL || Next->Start > End;
}

/* From the lowest address up. */
static ULONG_PTR MiFindBottomUp(
    const MM_ADDRESS_SPACE *Space, SIZE_T Size, ULONG_PTR Highest, ULONG Alignment)
{
    ULONG_PTR Base = MM_LOWEST_USER_ADDRESS;
    PMMVAD Vad = MiVadOf(RtlAvlFirst(&Space->VadRoot));

    while (Vad != NULL && (Vad->Start < Base || Vad->Start - Base < Size)) {
        Base = ALIGN_UP_BY(Vad->End + 1, Alignment);
        Vad = MiVadOf(RtlAvlNext(&Vad->Node));
    }
    return Base <= Highest && Size - 1 <= Highest - Base ? Base : 0;
}

/* From Highest down. */
static ULONG_PTR MiFindTopDown(
    const MM_ADDRESS_SPACE *Space, SIZE_T Size, ULONG_PTR Highest, ULONG Alignment)
{
    ULONG_PTR Limit = Highest + 1; /* of the gap below it */
    PMMVAD Vad = MiVadOf(RtlAvlLast(&Space->VadRoot));

    while (Limit >= MM_LOWEST_USER_ADDRESS + Size) {
        ULONG_PTR Base = ALIGN_DOWN_BY(Limit - Size, Alignment);

        if (Base >= (Vad == NULL ? MM_LOWEST_USER_ADDRESS : Vad->End + 1)) {
            return Base;
        }
        if (Vad == NULL) {
            return 0;
        }
        Limit = Vad->Start < Limit ? Vad->Start : Limit;
        Vad = MiVadOf(RtlAvlPrevious(&Vad->Node));
    }
    return 0;
}

ULONG_PTR MiFindFreeRange(const MM_ADDRESS_SPACE *Space, SIZE_T Size, ULONG_PTR Highest,
    BOOLEAN TopDown, ULONG Alignment)
{
    if (Highest > MI_HIGHEST_VAD_ADDRESS) {
        Highest = MI_HIGHEST_VAD_ADDRESS;
    }
    if (Size == 0 || Size > MI_HIGHEST_VAD_ADDRESS) {
        return 0;
    }
    return TopDown ? MiFindTopDown(Space, Size, Highest, Alignment)
                   : MiFindBottomUp(Space, Size, Highest, Alignment);
}

ULONG_PTR MiHighestByZeroBits(ULONG_PTR ZeroBits)
{
    return ZeroBits == 0 ? MI_HIGHEST_VAD_ADDRESS : 0xFFFFFFFFu >> ZeroBits;
}
