/* SPDX-License-Identifier: MIT */
/*
 * Section objects: NtCreateSection, NtOpenSection, NtQuerySection, and what the
 * kernel asks of a section.  A section is a name and a protection for a control
 * area; mapping it is view.c.
 */
#include "mm/mi.h"
#include "nt/native.h"

POBJECT_TYPE MmSectionObjectType;
MM_REFERENCE_FILE *MmReferenceFileRoutine;

static void MiDeleteSection(PVOID Object)
{
    PSECTION Section = Object;

    if (Section->ControlArea != NULL) {
        MiDereferenceControlArea(Section->ControlArea);
    }
    if (Section->FileObject != NULL) {
        ObDereferenceObject(Section->FileObject);
    }
}

NTSTATUS MmInitSections(void)
{
    static const OBJECT_TYPE_INITIALIZER Info = {
        .InvalidAttributes = OBJ_OPENLINK,
        .GenericMapping = {STANDARD_RIGHTS_READ | SECTION_QUERY | SECTION_MAP_READ,
            STANDARD_RIGHTS_WRITE | SECTION_MAP_WRITE,
            STANDARD_RIGHTS_EXECUTE | SECTION_MAP_EXECUTE, SECTION_ALL_ACCESS},
        .ValidAccessMask = SECTION_ALL_ACCESS,
        .PoolTag = POOL_TAG('S', 'e', 'c', 't'),
        .BodySize = sizeof(SECTION),
        .DeleteProcedure = MiDeleteSection,
    };

    KeInitializeGuardedMutex(&MiSegmentLock, LockLevelSegment);
    return ObCreateObjectType(L"Section", &Info, &MmSectionObjectType);
}

/* The object for a control area, whose reference it takes over, also on failure. */
static NTSTATUS MiCreateSectionObject(KPROCESSOR_MODE Mode,
    OBJECT_ATTRIBUTES __user *ObjectAttributes, PCONTROL_AREA ControlArea, const SECTION *Model,
    PSECTION *Section)
{
    PVOID Object;
    NTSTATUS Status = ObCreateObject(Mode, MmSectionObjectType, ObjectAttributes, 0, &Object);

    if (!NT_SUCCESS(Status)) {
        MiDereferenceControlArea(ControlArea);
        return Status;
    }
    *Section = Object;
    **Section = *Model;
    (*Section)->ControlArea = ControlArea;
    if (Model->FileObject != NULL) {
        ObReferenceObject(Model->FileObject);
    }
    return STATUS_SUCCESS;
}

/* FileObject is referenced for as long as the section lives. */
NTSTATUS MmCreateImageSection(PMM_BACKING_FILE File, PVOID FileObject, PSECTION *Section)
{
    SECTION Model = {NULL, FileObject, PAGE_EXECUTE, SEC_IMAGE | SEC_FILE, 0};
    PCONTROL_AREA ControlArea;
    NTSTATUS Status = MiReferenceImage(File, &ControlArea);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Model.Size = ControlArea->PageCount << PAGE_SHIFT;
    return MiCreateSectionObject(KernelMode, NULL, ControlArea, &Model, Section);
}

const SECTION_IMAGE_INFORMATION *MmGetSectionImageInformation(PSECTION Section)
{
    return Section->ControlArea->IsImage ? &Section->ControlArea->Information : NULL;
}

BOOLEAN MmGetSectionFileName(PSECTION Section, PUNICODE_STRING Name)
{
    if (Section->ControlArea->File == NULL || Section->ControlArea->File->Name.Length == 0) {
        return FALSE;
    }
    *Name = Section->ControlArea->File->Name;
    return TRUE;
}

PVOID MmGetSectionFileData(PSECTION Section, PSIZE_T Size)
{
    *Size = Section->ControlArea->File->Size;
    return (PVOID)Section->ControlArea->File->Data;
}

/* What NtCreateSection was asked for, captured. */
typedef struct _MI_SECTION_REQUEST {
    ULONG Protection;
    ULONG Attributes;
    LONGLONG MaximumSize; /* 0: the file's size */
    HANDLE FileHandle;
} MI_SECTION_REQUEST;

static NTSTATUS MiCheckSectionRequest(const MI_SECTION_REQUEST *Request)
{
    ULONG Protection = MiProtectionFromWin32(Request->Protection);
    ULONG Kind = Request->Attributes & (SEC_IMAGE | SEC_RESERVE | SEC_COMMIT);

    if ((Request->Attributes & ~(SEC_IMAGE | SEC_RESERVE | SEC_COMMIT | SEC_FILE)) != 0 ||
        Kind == 0 || (Kind & (Kind - 1)) != 0) {
        return STATUS_INVALID_PARAMETER_6;
    }
    if (Protection == MI_INVALID_PROTECTION || (Protection & MI_SOFT_FLAGS) != 0) {
        return STATUS_INVALID_PAGE_PROTECTION;
    }
    if (Request->FileHandle != NULL) {
        return STATUS_SUCCESS;
    }
    if (Kind == SEC_IMAGE) {
        return STATUS_INVALID_FILE_FOR_SECTION;
    }
    if (Request->MaximumSize <= 0) {
        return STATUS_INVALID_PARAMETER_4;
    }
    return Request->MaximumSize > MM_HIGHEST_USER_ADDRESS ? STATUS_SECTION_TOO_BIG
                                                          : STATUS_SUCCESS;
}

/* Rights on the file that a section of this protection needs. */
static ACCESS_MASK MiFileAccess(ULONG Protection)
{
    if (Protection & (PAGE_READWRITE | PAGE_EXECUTE_READWRITE)) {
        return FILE_READ_DATA | FILE_WRITE_DATA |
               (Protection == PAGE_EXECUTE_READWRITE ? FILE_EXECUTE : 0);
    }
    if (Protection & (PAGE_EXECUTE | PAGE_EXECUTE_READ | PAGE_EXECUTE_WRITECOPY)) {
        return FILE_EXECUTE;
    }
    return FILE_READ_DATA;
}

static NTSTATUS MiCreateRequestedArea(const MI_SECTION_REQUEST *Request, PMM_BACKING_FILE File,
    SECTION *Model, PCONTROL_AREA *ControlArea)
{
    NTSTATUS Status;

    if (Request->Attributes & SEC_IMAGE) {
        Status = MiReferenceImage(File, ControlArea);
        Model->Size = NT_SUCCESS(Status) ? (*ControlArea)->PageCount << PAGE_SHIFT : 0;
        return Status;
    }
    Model->Size = (SIZE_T)Request->MaximumSize;
    if (File != NULL) {
        if (File->Size == 0 && Request->MaximumSize == 0) {
            return STATUS_MAPPED_FILE_SIZE_ZERO;
        }
        if (Request->MaximumSize < 0 || Request->MaximumSize > (LONGLONG)File->Size) {
            return STATUS_SECTION_TOO_BIG; /* a file here cannot grow */
        }
        Model->Size = Request->MaximumSize == 0 ? File->Size : Model->Size;
    }
    return MiCreateDataArea(
        File, Model->Size, Request->Protection, Request->Attributes, ControlArea);
}

/* File object, control area, section object, each undone if the next fails. */
static NTSTATUS MiCreateRequestedSection(const MI_SECTION_REQUEST *Request,
    OBJECT_ATTRIBUTES __user *ObjectAttributes, PSECTION *Section)
{
    SECTION Model = {.Protection = Request->Protection, .Attributes = Request->Attributes};
    PMM_BACKING_FILE File = NULL;
    PCONTROL_AREA ControlArea;
    NTSTATUS Status = STATUS_SUCCESS;

    if (Request->FileHandle != NULL) {
        Status = MmReferenceFileRoutine(Request->FileHandle, MiFileAccess(Request->Protection),
            KeGetPreviousMode(), &Model.FileObject, &File);
        Model.Attributes |= SEC_FILE;
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = MiCreateRequestedArea(Request, File, &Model, &ControlArea);
    if (NT_SUCCESS(Status)) {
        Status = MiCreateSectionObject(
            KeGetPreviousMode(), ObjectAttributes, ControlArea, &Model, Section);
    }
    if (Model.FileObject != NULL) {
        ObDereferenceObject(Model.FileObject);
    }
    return Status;
}

NTSTATUS NTAPI NtCreateSection(HANDLE __user *SectionHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes, LARGE_INTEGER __user *MaximumSize,
    ULONG SectionPageProtection, ULONG AllocationAttributes, HANDLE FileHandle)
{
    MI_SECTION_REQUEST Request = {SectionPageProtection, AllocationAttributes, 0, FileHandle};
    PSECTION Section;
    HANDLE Handle;
    NTSTATUS Status = MmProbeForWrite(SectionHandle, sizeof(HANDLE), sizeof(ULONG));

    if (NT_SUCCESS(Status) && MaximumSize != NULL) {
        Status = MmCopyFromUser(&Request.MaximumSize, MaximumSize, sizeof(LARGE_INTEGER));
    }
    if (NT_SUCCESS(Status)) {
        Status = MiCheckSectionRequest(&Request);
    }
    if (NT_SUCCESS(Status)) {
        Status = MiCreateRequestedSection(&Request, ObjectAttributes, &Section);
    }
    if (NT_SUCCESS(Status)) {
        Status = ObInsertObject(Section, DesiredAccess, &Handle);
    }
    return NT_SUCCESS(Status) ? ObReturnHandle(SectionHandle, Handle, Status) : Status;
}

NTSTATUS NTAPI NtOpenSection(
    HANDLE __user *SectionHandle, ACCESS_MASK DesiredAccess, OBJECT_ATTRIBUTES __user *Attributes)
{
    HANDLE Handle;
    NTSTATUS Status = MmProbeForWrite(SectionHandle, sizeof(HANDLE), sizeof(ULONG));

    if (NT_SUCCESS(Status)) {
        Status = ObOpenObjectByName(Attributes, MmSectionObjectType, KeGetPreviousMode(),
            DesiredAccess, NULL, &Handle);
    }
    return NT_SUCCESS(Status) ? ObReturnHandle(SectionHandle, Handle, Status) : Status;
}

/* The answer and its length; 0: not for this section. */
static SIZE_T MiQuerySection(PSECTION Section, SECTION_INFORMATION_CLASS Class, PVOID Buffer)
{
    if (Class == SectionBasicInformation) {
        PSECTION_BASIC_INFORMATION Basic = Buffer;

        Basic->AllocationAttributes = Section->Attributes;
        Basic->MaximumSize.QuadPart = Section->Size;
        return sizeof(*Basic);
    }
    if (!Section->ControlArea->IsImage) {
        return 0;
    }
    RtlCopyMemory(Buffer, &Section->ControlArea->Information, sizeof(SECTION_IMAGE_INFORMATION));
    return sizeof(SECTION_IMAGE_INFORMATION);
}

NTSTATUS NTAPI NtQuerySection(HANDLE SectionHandle, SECTION_INFORMATION_CLASS InformationClass,
    void __user *Information, SIZE_T Length, SIZE_T __user *ReturnLength)
{
    union {
        SECTION_BASIC_INFORMATION Basic;
        SECTION_IMAGE_INFORMATION Image;
    } Buffer = {.Image = {.ZeroBits = 0}};
    SIZE_T Needed = InformationClass == SectionBasicInformation ? sizeof(Buffer.Basic)
                                                                : sizeof(Buffer.Image);
    PVOID Section;
    NTSTATUS Status;

    if ((ULONG)InformationClass > SectionImageInformation) {
        return STATUS_INVALID_INFO_CLASS;
    }
    if (Length < Needed) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    Status = MmProbeForWrite(Information, Needed, sizeof(ULONG));
    if (NT_SUCCESS(Status)) {
        Status = ObReferenceObjectByHandle(SectionHandle, SECTION_QUERY, MmSectionObjectType,
            KeGetPreviousMode(), &Section, NULL);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Needed = MiQuerySection(Section, InformationClass, &Buffer);
    ObDereferenceObject(Section);
    Status = Needed == 0 ? STATUS_SECTION_NOT_IMAGE : MmCopyToUser(Information, &Buffer, Needed);
    if (NT_SUCCESS(Status) && ReturnLength != NULL) {
        Status = MmCopyToUser(ReturnLength, &Needed, sizeof(Needed));
    }
    return Status;
}
