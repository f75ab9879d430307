/* SPDX-License-Identifier: MIT */
/*
 * Data sections: shared memory, or the bytes of a file.  Files lie in memory that
 * never changes, so their whole pages are mapped as they are and a view that may
 * write gets copies.
 */
#include "mm/mi.h"

static NTSTATUS MiCreateFileArea(PMM_BACKING_FILE File, SIZE_T Size, PCONTROL_AREA *ControlArea)
{
    PCONTROL_AREA Area = MiCreateControlArea(BYTES_TO_PAGES(Size), 1);

    if (Area == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Area->File = File;
    Area->Subsections[0] = (SUBSECTION){
        .PageCount = Area->PageCount,
        .FileBytes = (ULONG)File->Size, /* zeros, not the next file, behind the end */
        .Prototype = MI_PROTO_COMMITTED,
    };
    MiFillSubsection(Area, &Area->Subsections[0]);
    *ControlArea = Area;
    return STATUS_SUCCESS;
}

/*
 * MiCreateDataArea - the memory of a section that is no image.
 *
 * File NULL: zeroed pages, made at the first touch.  With SEC_RESERVE they do not
 * exist before a view commits them.
 */
NTSTATUS MiCreateDataArea(PMM_BACKING_FILE File, SIZE_T Size, ULONG Protection, ULONG Attributes,
    PCONTROL_AREA *ControlArea)
{
    PCONTROL_AREA Area;

    if (File != NULL) {
        return (Protection & (PAGE_READWRITE | PAGE_EXECUTE_READWRITE))
                   ? STATUS_ACCESS_DENIED /* nothing here can be written back */
                   : MiCreateFileArea(File, Size, ControlArea);
    }
    Area = MiCreateControlArea(BYTES_TO_PAGES(Size), 0);
    if (Area == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    for (ULONG i = 0; !(Attributes & SEC_RESERVE) && i < Area->PageCount; i++) {
        Area->Prototypes[i] = MI_PROTO_COMMITTED;
    }
    *ControlArea = Area;
    return STATUS_SUCCESS;
}
