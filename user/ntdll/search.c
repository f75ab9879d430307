/* SPDX-License-Identifier: MIT */
/*
 * Searching for a file along a list of directories.
 */
#include "user/ntdll/ntdllp.h"

/* Directories exist, too. */
BOOLEAN NTAPI RtlDoesFileExists_U(PCWSTR FileName)
{
    UNICODE_STRING NtPath;
    OBJECT_ATTRIBUTES Attributes;
    FILE_BASIC_INFORMATION Information;
    NTSTATUS Status;

    if (!RtlDosPathNameToNtPathName_U(FileName, &NtPath, NULL, NULL)) {
        return FALSE;
    }
    InitializeObjectAttributes(&Attributes, &NtPath, OBJ_CASE_INSENSITIVE, NULL, NULL);
    Status = NtQueryAttributesFile(&Attributes, &Information);
    RtlFreeUnicodeString(&NtPath);
    return NT_SUCCESS(Status);
}

static BOOLEAN RtlpHasExtension(PCWSTR FileName)
{
    BOOLEAN Dot = FALSE;

    for (; *FileName != 0; FileName++) {
        if (*FileName == L'.') {
            Dot = TRUE;
        } else if (*FileName == L'\\' || *FileName == L'/') {
            Dot = FALSE;
        }
    }
    return Dot;
}

/* Directory\FileName+Extension into Candidate, which has the room. */
static VOID RtlpMakeCandidate(PWSTR Candidate, PCWSTR Directory, ULONG DirectoryLength,
    PCWSTR FileName, PCWSTR Extension)
{
    memcpy(Candidate, Directory, DirectoryLength * sizeof(WCHAR));
    Candidate += DirectoryLength;
    if (DirectoryLength != 0 && Candidate[-1] != L'\\' && Candidate[-1] != L'/') {
        *Candidate++ = L'\\';
    }
    memcpy(Candidate, FileName, wcslen(FileName) * sizeof(WCHAR));
    Candidate += wcslen(FileName);
    memcpy(Candidate, Extension, (wcslen(Extension) + 1) * sizeof(WCHAR));
}

ULONG NTAPI RtlDosSearchPath_U(PCWSTR Path, PCWSTR FileName, PCWSTR Extension,
    ULONG BufferLength, PWSTR Buffer, PWSTR *FilePart)
{
    BOOLEAN Relative = RtlDetermineDosPathNameType_U(FileName) == RtlPathTypeRelative;
    ULONG Bytes = 0;
    PWSTR Candidate;

    if (Extension == NULL || RtlpHasExtension(FileName)) {
        Extension = L"";
    }
    Candidate = RtlpAllocate(
        (wcslen(Path) + wcslen(FileName) + wcslen(Extension) + 2) * sizeof(WCHAR));
    if (Candidate == NULL) {
        return 0;
    }
    do {
        ULONG Length = 0;
        while (Relative && Path[Length] != 0 && Path[Length] != L';') {
            Length++;
        }
        RtlpMakeCandidate(Candidate, Path, Length, FileName, Extension);
        if ((Length != 0 || !Relative) && RtlDoesFileExists_U(Candidate)) {
            Bytes = RtlGetFullPathName_U(Candidate, BufferLength, Buffer, FilePart);
            break;
        }
        Path += Length + (Path[Length] == L';');
    } while (Relative && *Path != 0);
    RtlpFree(Candidate);
    return Bytes;
}
