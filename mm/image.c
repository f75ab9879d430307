/* SPDX-License-Identifier: MIT */
/*
 * Image sections: from a PE file, which ldr/pe.c judges, to a control area with a
 * subsection for the headers and one for each section of the file.
 */
#include "ldr/pe.h"
#include "mm/mi.h"

#define MI_SINGLE_PIECE_PROTECTION (MI_EXECUTE | MI_WRITABLE | MI_COPY)

/* Control areas that their files hold on to; segment lock. */
static LIST_ENTRY MiImageCache = {&MiImageCache, &MiImageCache};

/* Prototype flags for the Characteristics of a PE section. */
static ULONG MiPrototypeFlags(ULONG Characteristics)
{
    ULONG Kind = 0;
    ULONG Flags = MI_PROTO_COMMITTED;

    if (!(Characteristics & (IMAGE_SCN_MEM_READ | IMAGE_SCN_MEM_WRITE | IMAGE_SCN_MEM_EXECUTE))) {
        return Flags | MI_NOACCESS;
    }
    if (Characteristics & IMAGE_SCN_MEM_EXECUTE) {
        Kind |= MI_EXECUTE;
    }
    if (Characteristics & IMAGE_SCN_MEM_WRITE) {
        Kind |= MI_WRITABLE | ((Characteristics & IMAGE_SCN_MEM_SHARED) ? 0 : MI_COPY);
        Flags |= (Characteristics & IMAGE_SCN_MEM_SHARED) ? MI_PROTO_SHARED : 0;
    }
    return Flags | Kind << MI_KIND_SHIFT;
}

/* The headers, or all of an image whose alignment is below a page. */
static void MiDescribeHeaders(const PE_IMAGE *Image, SIZE_T FileSize, PSUBSECTION Subsection)
{
    *Subsection = (SUBSECTION){
        .PageCount = BYTES_TO_PAGES(Image->SizeOfHeaders),
        .FileBytes = Image->SizeOfHeaders,
        .Prototype = MI_PROTO_COMMITTED,
    };
    if (Image->SinglePiece) {
        Subsection->PageCount = BYTES_TO_PAGES(Image->SizeOfImage);
        Subsection->FileBytes = Image->SizeOfImage < FileSize ? Image->SizeOfImage : FileSize;
        Subsection->Prototype |= MI_SINGLE_PIECE_PROTECTION << MI_KIND_SHIFT;
    }
}

static void MiDescribeSection(const IMAGE_SECTION_HEADER *Header, PSUBSECTION Subsection)
{
    ULONG Pages = BYTES_TO_PAGES(LdrSectionSpan(Header));
    ULONG Raw = Header->SizeOfRawData;

    *Subsection = (SUBSECTION){
        .StartingPage = Header->VirtualAddress >> PAGE_SHIFT,
        .PageCount = Pages,
        .FileOffset = Header->PointerToRawData,
        .FileBytes = Raw < Pages << PAGE_SHIFT ? Raw : Pages << PAGE_SHIFT,
        .Prototype = MiPrototypeFlags(Header->Characteristics),
    };
}

static void MiDescribeImage(const PE_IMAGE *Image, SIZE_T FileSize, PCONTROL_AREA Area)
{
    Area->IsImage = TRUE;
    Area->ImageBase = Image->ImageBase;
    Area->Win32Version = Image->Win32VersionValue;
    Area->Information = (SECTION_IMAGE_INFORMATION){
        .TransferAddress = (PVOID)(Image->ImageBase + Image->EntryPoint),
        .MaximumStackSize = Image->StackReserve,
        .CommittedStackSize = Image->StackCommit,
        .SubSystemType = Image->Subsystem,
        .SubSystemMinorVersion = Image->SubsystemMinorVersion,
        .SubSystemMajorVersion = Image->SubsystemMajorVersion,
        .ImageCharacteristics = Image->Characteristics,
        .DllCharacteristics = Image->DllCharacteristics,
        .Machine = Image->Machine,
        .ImageContainsCode = Image->ContainsCode,
        .LoaderFlags = Image->LoaderFlags,
        .ImageFileSize = (ULONG)FileSize,
    };
}

/* Pages between sections stay as they are here: part of the view, not accessible. */
static void MiFillGaps(PCONTROL_AREA Area)
{
    for (ULONG i = 0; i < Area->PageCount; i++) {
        Area->Prototypes[i] = MI_PROTO_COMMITTED | MI_NOACCESS;
    }
}

static NTSTATUS MiCreateImageArea(PMM_BACKING_FILE File, PCONTROL_AREA *ControlArea)
{
    PE_IMAGE Image;
    PCONTROL_AREA Area;
    NTSTATUS Status = LdrParseImage(File->Data, File->Size, &Image);
    ULONG Count;

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Count = Image.SinglePiece ? 1 : Image.SectionCount + 1;
    Area = MiCreateControlArea(BYTES_TO_PAGES(Image.SizeOfImage), Count);
    if (Area == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Area->File = File;
    MiDescribeImage(&Image, File->Size, Area);
    MiDescribeHeaders(&Image, File->Size, &Area->Subsections[0]);
    for (ULONG i = 1; i < Count; i++) {
        MiDescribeSection(&Image.Sections[i - 1], &Area->Subsections[i]);
    }
    MiFillGaps(Area);
    for (ULONG i = 0; i < Count; i++) {
        MiFillSubsection(Area, &Area->Subsections[i]);
    }
    *ControlArea = Area;
    return STATUS_SUCCESS;
}

/*
 * MiReferenceImage - the control area of an image file, made the first time.
 *
 * The file keeps one reference for good, the caller gets another.
 */
NTSTATUS MiReferenceImage(PMM_BACKING_FILE File, PCONTROL_AREA *ControlArea)
{
    NTSTATUS Status = STATUS_SUCCESS;

    KeAcquireGuardedMutex(&MiSegmentLock);
    if (File->Image != NULL) {
        KeTrace(TraceSectionReused, TraceP(File->Image));
    } else {
        Status = MiCreateImageArea(File, &File->Image);
        if (NT_SUCCESS(Status)) {
            InsertTailList(&MiImageCache, &File->Image->CacheLinks);
            KeTrace(TraceSectionMade, TraceP(File->Image),
                TraceP(File->Image->Information.TransferAddress),
                File->Image->PageCount << PAGE_SHIFT);
        }
    }
    if (NT_SUCCESS(Status)) {
        MiReferenceControlArea(File->Image);
        *ControlArea = File->Image;
    }
    KeReleaseGuardedMutex(&MiSegmentLock);
    return Status;
}

/* For tests: forgets all images that no section and no view uses. */
void MmPurgeImageCache(void)
{
    PLIST_ENTRY Next;

    KeAcquireGuardedMutex(&MiSegmentLock);
    for (PLIST_ENTRY Link = MiImageCache.Flink; Link != &MiImageCache; Link = Next) {
        PCONTROL_AREA Area = CONTAINING_RECORD(Link, CONTROL_AREA, CacheLinks);

        Next = Link->Flink;
        if (Area->References == 1) { /* the file's; a second comes only under the lock */
            RemoveEntryList(Link);
            Area->File->Image = NULL;
            MiDereferenceControlArea(Area);
        }
    }
    KeReleaseGuardedMutex(&MiSegmentLock);
}
