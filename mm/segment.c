/* SPDX-License-Identifier: MIT */
/*
 * Control areas: the memory of a section, whoever maps it.  One prototype per page
 * says which page it is, if there is one yet, and how views may use it.
 *
 * The control area of an image stays with its file for good, so the next process
 * that runs the image finds every page that was ever read already there.
 */
#include "mm/mi.h"

#define SEGMENT_TAG POOL_TAG('M', 'm', 'C', 'a')

KGUARDED_MUTEX MiSegmentLock; /* guards prototypes and MM_BACKING_FILE.Image */

PCONTROL_AREA MiCreateControlArea(ULONG PageCount, ULONG SubsectionCount)
{
    SIZE_T Size = sizeof(CONTROL_AREA) + SubsectionCount * sizeof(SUBSECTION) +
                  PageCount * sizeof(ULONG);
    PCONTROL_AREA Area = ExAllocatePoolZero(PagedPool, Size, SEGMENT_TAG);

    if (Area != NULL) {
        Area->References = 1;
        Area->PageCount = PageCount;
        Area->SubsectionCount = SubsectionCount;
        Area->Subsections = (PSUBSECTION)(Area + 1);
        Area->Prototypes = (PULONG)(Area->Subsections + SubsectionCount);
    }
    return Area;
}

void MiReferenceControlArea(PCONTROL_AREA ControlArea)
{
    InterlockedIncrement(&ControlArea->References);
}

void MiDereferenceControlArea(PCONTROL_AREA ControlArea)
{
    if (InterlockedDecrement(&ControlArea->References) != 0) {
        return;
    }
    for (ULONG i = 0; i < ControlArea->PageCount; i++) {
        if (ControlArea->Prototypes[i] & MI_PROTO_PAGE) {
            MmReleasePage(ControlArea->Prototypes[i] >> PAGE_SHIFT);
        }
    }
    ExFreePoolWithTag(ControlArea, SEGMENT_TAG);
}

/* The bytes of the file behind a page of a subsection, 0 to PAGE_SIZE. */
static ULONG MiFileBytesOfPage(const SUBSECTION *Subsection, ULONG Page)
{
    ULONG Offset = Page << PAGE_SHIFT;

    if (Offset >= Subsection->FileBytes) {
        return 0;
    }
    return Subsection->FileBytes - Offset < PAGE_SIZE ? Subsection->FileBytes - Offset : PAGE_SIZE;
}

void MiFillSubsection(PCONTROL_AREA ControlArea, PSUBSECTION Subsection)
{
    PULONG Prototype = &ControlArea->Prototypes[Subsection->StartingPage];
    ULONG Copy = MI_COPY << MI_KIND_SHIFT;

    for (ULONG i = 0; i < Subsection->PageCount; i++) {
        ULONG Bytes = MiFileBytesOfPage(Subsection, i);
        const UCHAR *Data = Bytes == 0 ? NULL
                                       : (const UCHAR *)ControlArea->File->Data +
                                             Subsection->FileOffset + (i << PAGE_SHIFT);

        Prototype[i] = Subsection->Prototype;
        if (Bytes == PAGE_SIZE && (ULONG_PTR)Data % PAGE_SIZE == 0 &&
            !(Subsection->Prototype & MI_PROTO_SHARED)) {
            Prototype[i] |= MmGetPhysicalAddress(Data) | MI_PROTO_PAGE;
        } else if (Bytes == 0 && (Subsection->Prototype & Copy)) {
            Prototype[i] |= MI_PROTO_ZERO;
        }
    }
}

static const SUBSECTION *MiSubsectionOf(const CONTROL_AREA *ControlArea, ULONG Index)
{
    const SUBSECTION *Subsection = ControlArea->Subsections;

    while (Index - Subsection->StartingPage >= Subsection->PageCount) {
        Subsection++;
    }
    return Subsection;
}

/* A new page with what the file has for it.  Segment lock held. */
static PFN_NUMBER MiReadSectionPage(PCONTROL_AREA ControlArea, ULONG Index)
{
    PFN_NUMBER Page = ControlArea->IsImage ? MiAllocateUntracedPage(TRUE) : MmAllocateZeroedPage();

    if (Page != 0 && ControlArea->File != NULL) {
        const SUBSECTION *Subsection = MiSubsectionOf(ControlArea, Index);
        ULONG Offset = Index - Subsection->StartingPage;

        RtlCopyMemory(MmMapPage(Page), (const UCHAR *)ControlArea->File->Data +
            Subsection->FileOffset + (Offset << PAGE_SHIFT), MiFileBytesOfPage(Subsection, Offset));
    }
    if (Page != 0) {
        MiPfnDatabase[Page].State = PfnShared;
    }
    return Page;
}

PFN_NUMBER MiGetSectionPage(PCONTROL_AREA ControlArea, ULONG Index)
{
    volatile ULONG *Prototype = &ControlArea->Prototypes[Index];

    if (!(*Prototype & MI_PROTO_PAGE)) {
        KeAcquireGuardedMutex(&MiSegmentLock);
        if (!(*Prototype & MI_PROTO_PAGE)) {
            PFN_NUMBER Page = MiReadSectionPage(ControlArea, Index);

            if (Page != 0) {
                *Prototype |= Page << PAGE_SHIFT | MI_PROTO_PAGE;
            }
        }
        KeReleaseGuardedMutex(&MiSegmentLock);
    }
    return (*Prototype & MI_PROTO_PAGE) ? *Prototype >> PAGE_SHIFT : 0;
}
