/* SPDX-License-Identifier: MIT */
/*
 * Phase 1, items 3 to 6: the file is opened, a section is made of it, and what
 * the kernel says about the image decides whether it can be run here.
 */
#include "user/kernel32/base.h"

/* Item 3.  A file may be executable and still not be readable. */
static NTSTATUS BasepOpenFile(PBASE_CREATE Create)
{
    UNICODE_STRING Name;
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Iosb;
    NTSTATUS Status;

    if (!RtlDosPathNameToNtPathName_U(Create->Image, &Name, NULL, NULL)) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    Status = NtOpenFile(&Create->File,
        SYNCHRONIZE | FILE_READ_ATTRIBUTES | FILE_READ_DATA | FILE_EXECUTE, &Attributes, &Iosb,
        FILE_SHARE_READ | FILE_SHARE_DELETE,
        FILE_SYNCHRONOUS_IO_NONALERT | FILE_NON_DIRECTORY_FILE);
    if (!NT_SUCCESS(Status)) {
        Status = NtOpenFile(&Create->File, SYNCHRONIZE | FILE_EXECUTE, &Attributes, &Iosb,
            FILE_SHARE_READ | FILE_SHARE_DELETE,
            FILE_SYNCHRONOUS_IO_NONALERT | FILE_NON_DIRECTORY_FILE);
    }
    RtlFreeUnicodeString(&Name);
    return Status;
}

static BOOLEAN BasepIsBatchFile(PCWSTR Image)
{
    static const UNICODE_STRING Bat = RTL_CONSTANT_STRING(L".bat");
    static const UNICODE_STRING Cmd = RTL_CONSTANT_STRING(L".cmd");
    UNICODE_STRING Tail;

    RtlInitUnicodeString(&Tail, Image);
    if (Tail.Length < Bat.Length) {
        return FALSE;
    }
    Tail.Buffer += (Tail.Length - Bat.Length) / sizeof(WCHAR);
    Tail.Length = Bat.Length;
    return RtlEqualUnicodeString(&Tail, &Bat, TRUE) || RtlEqualUnicodeString(&Tail, &Cmd, TRUE);
}

/*
 * Item 5: what NT would hand to its DOS machine or to cmd.exe, neither of which
 * is built, is told apart from what is no program at all.
 */
static NTSTATUS BasepMapImageStatus(PCWSTR Image, NTSTATUS Status)
{
    switch (Status) {
    case STATUS_INVALID_IMAGE_WIN_16:
    case STATUS_INVALID_IMAGE_PROTECT:
    case STATUS_INVALID_IMAGE_NE_FORMAT:
        return BASE_WIN32_STATUS(ERROR_CALL_NOT_IMPLEMENTED);
    case STATUS_INVALID_IMAGE_NOT_MZ:
        return BASE_WIN32_STATUS(
            BasepIsBatchFile(Image) ? ERROR_CALL_NOT_IMPLEMENTED : ERROR_BAD_EXE_FORMAT);
    case STATUS_INVALID_IMAGE_WIN_64:
        return BASE_WIN32_STATUS(ERROR_EXE_MACHINE_TYPE_MISMATCH);
    case STATUS_INVALID_IMAGE_FORMAT:
    case STATUS_INVALID_FILE_FOR_SECTION:
    case STATUS_FILE_INVALID:
        return BASE_WIN32_STATUS(ERROR_BAD_EXE_FORMAT);
    default:
        return Status; /* not the image's fault */
    }
}

/* Subsystem versions from 3.10 to NT 5.2's own. */
static BOOLEAN BasepIsImageVersionOk(const SECTION_IMAGE_INFORMATION *Information)
{
    ULONG Version =
        (ULONG)Information->SubSystemMajorVersion << 16 | Information->SubSystemMinorVersion;

    return Version >= (3 << 16 | 10) &&
           Version <= (USER_SHARED_DATA->NtMajorVersion << 16 | USER_SHARED_DATA->NtMinorVersion);
}

/* Item 6. */
static NTSTATUS BasepCheckImage(const SECTION_IMAGE_INFORMATION *Information)
{
    if ((Information->ImageCharacteristics & IMAGE_FILE_DLL) != 0) {
        return BASE_WIN32_STATUS(ERROR_BAD_EXE_FORMAT);
    }
    if (Information->Machine < USER_SHARED_DATA->ImageNumberLow ||
        Information->Machine > USER_SHARED_DATA->ImageNumberHigh) {
        return BASE_WIN32_STATUS(ERROR_EXE_MACHINE_TYPE_MISMATCH);
    }
    if (Information->SubSystemType == IMAGE_SUBSYSTEM_POSIX_CUI) {
        return BASE_WIN32_STATUS(ERROR_CALL_NOT_IMPLEMENTED); /* NT runs its POSIX.EXE */
    }
    if (Information->SubSystemType != IMAGE_SUBSYSTEM_WINDOWS_GUI &&
        Information->SubSystemType != IMAGE_SUBSYSTEM_WINDOWS_CUI) {
        return BASE_WIN32_STATUS(ERROR_CHILD_NOT_COMPLETE);
    }
    if (!BasepIsImageVersionOk(Information)) {
        return BASE_WIN32_STATUS(ERROR_BAD_EXE_FORMAT);
    }
    return STATUS_SUCCESS;
}

/* On failure the caller closes what is in Create. */
NTSTATUS BasepOpenImage(PBASE_CREATE Create)
{
    PSECTION_IMAGE_INFORMATION Information = &Create->ImageInformation;
    NTSTATUS Status = BasepOpenFile(Create);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    NascentTraceEvent(
        TraceImageOpened, Create->ImageName, NULL, 1, (ULONG)(ULONG_PTR)Create->File);
    Status = NtCreateSection(&Create->Section, SECTION_ALL_ACCESS, NULL, NULL, PAGE_EXECUTE,
        SEC_IMAGE, Create->File);
    if (!NT_SUCCESS(Status)) {
        return BasepMapImageStatus(Create->Image, Status);
    }
    Status = NtQuerySection(
        Create->Section, SectionImageInformation, Information, sizeof(*Information), NULL);
    if (NT_SUCCESS(Status)) {
        Status = BasepCheckImage(Information);
    }
    if (NT_SUCCESS(Status)) {
        NascentTraceEvent(TracePhase1, Create->ImageName, NULL, 5,
            (ULONG)(ULONG_PTR)Create->File, (ULONG)(ULONG_PTR)Create->Section,
            (ULONG)(ULONG_PTR)Information->TransferAddress, Information->SubSystemType,
            Information->MaximumStackSize);
    }
    return Status;
}
