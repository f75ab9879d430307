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

/* Mostly somebody has looked for a hole: then VadHint is what lies below it. */
static void MiLinkVad(PMM_ADDRESS_SPACE Space, PMMVAD Vad)
{
    PMMVAD Before = Space->VadHint;

    if (Before != NULL && Before->End < Vad->Start) {
        PMMVAD After = MiVadOf(RtlAvlNext(&Before->Node));

        if (After == NULL || After->Start > Vad->End) {
            RtlAvlInsertBehind(&Space->VadRoot, &Before->Node, &Vad->Node);
            return;
        }
    }
    if (!RtlAvlInsert(&Space->VadRoot, &Vad->Node)) {
        KeBugCheckEx(PFN_LIST_CORRUPT, 0x56, Vad->Start, Vad->End, 0);
    }
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
    MiLinkVad(Space, Vad);
    Space->VadCount++;
    Space->VadHint = Vad;
    KeTraceAcquire(ResourceVad, Vad->Start);
    return Vad;
}

void MiForgetHints(PMM_ADDRESS_SPACE Space, PMMVAD Vad)
{
    Space->VadHint = NULL;
    if (Space->HoleHint != NULL && Vad->Start <= Space->HoleHint->Start) {
        Space->HoleHint = MiVadOf(RtlAvlPrevious(&Vad->Node));
    }
}

void MiDeleteVad(PMM_ADDRESS_SPACE Space, PMMVAD Vad)
{
    MiForgetHints(Space, Vad);
    MiDeletePtes(Space, Vad->Start > Vad->Lowest ? Vad->Start : Vad->Lowest, Vad->End);
    RtlAvlRemove(&Space->VadRoot, &Vad->Node);
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

/* From the lowest address up, but for what HoleHint says. */
static ULONG_PTR MiFindBottomUp(
    PMM_ADDRESS_SPACE Space, SIZE_T Size, ULONG_PTR Highest, ULONG Alignment)
{
    BOOLEAN Full = Alignment == MM_ALLOCATION_GRANULARITY; /* up to Base */
    PMMVAD Before = Full ? Space->HoleHint : NULL;
    PMMVAD Vad = MiVadOf(
        Before == NULL ? RtlAvlFirst(&Space->VadRoot) : RtlAvlNext(&Before->Node));
    ULONG_PTR Base =
        Before == NULL ? MM_LOWEST_USER_ADDRESS : ALIGN_UP_BY(Before->End + 1, Alignment);

    while (Vad != NULL && (Vad->Start < Base || Vad->Start - Base < Size)) {
        Full = Full && Vad->Start <= Base;
        if (Full) {
            Space->HoleHint = Vad;
        }
        Before = Vad;
        Base = ALIGN_UP_BY(Vad->End + 1, Alignment);
        Vad = MiVadOf(RtlAvlNext(&Vad->Node));
    }
    Space->VadHint = Before;
    return Base <= Highest && Size - 1 <= Highest - Base ? Base : 0;
}

/* From Highest down. */
static ULONG_PTR MiFindTopDown(
    PMM_ADDRESS_SPACE Space, SIZE_T Size, ULONG_PTR Highest, ULONG Alignment)
{
    ULONG_PTR Limit = Highest + 1; /* of the gap below it */
    PMMVAD Vad = MiVadOf(RtlAvlLast(&Space->VadRoot));

    while (Limit >= MM_LOWEST_USER_ADDRESS + Size) {
        ULONG_PTR Base = ALIGN_DOWN_BY(Limit - Size, Alignment);

        if (Base >= (Vad == NULL ? MM_LOWEST_USER_ADDRESS : Vad->End + 1)) {
            Space->VadHint = Vad;
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

ULONG_PTR MiFindFreeRange(PMM_ADDRESS_SPACE Space, SIZE_T Size, ULONG_PTR Highest,
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
