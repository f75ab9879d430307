/* SPDX-License-Identifier: MIT */
/*
 * DOS paths: what kind one is, making it absolute, turning it into NT's form,
 * searching for a file.
 *
 * In NT's namespace drive letters are symbolic links in the directory \??, so
 * C:\x is \??\C:\x.  Next: curdir.c.
 */
#include "user/ntdll/ntdllp.h"

static BOOLEAN RtlpIsSlash(WCHAR Character)
{
    return Character == L'\\' || Character == L'/';
}

RTL_PATH_TYPE NTAPI RtlDetermineDosPathNameType_U(PCWSTR Path)
{
    if (Path[0] == 0) {
        return RtlPathTypeUnknown;
    }
    if (RtlpIsSlash(Path[0])) {
        if (Path[0] == L'\\' && Path[1] == L'?' && Path[2] == L'?' && Path[3] == L'\\') {
            return RtlPathTypeLocalDevice;
        }
        if (!RtlpIsSlash(Path[1])) {
            return RtlPathTypeRooted;
        }
        if (Path[2] != L'.' && Path[2] != L'?') {
            return RtlPathTypeUncAbsolute;
        }
        if (RtlpIsSlash(Path[3])) {
            return RtlPathTypeLocalDevice;
        }
        return Path[3] == 0 ? RtlPathTypeRootLocalDevice : RtlPathTypeUncAbsolute;
    }
    if (Path[1] != L':') {
        return RtlPathTypeRelative;
    }
    return RtlpIsSlash(Path[2]) ? RtlPathTypeDriveAbsolute : RtlPathTypeDriveRelative;
}

/* A path under construction; never overflows because its caller made it large enough. */
typedef struct _RTLP_PATH {
    PWSTR Buffer;
    ULONG Root;   /* characters that ".." cannot remove */
    ULONG Length; /* characters so far; after the root no final backslash */
} RTLP_PATH, *PRTLP_PATH;

static VOID RtlpPopComponent(PRTLP_PATH Path)
{
    while (Path->Length > Path->Root && Path->Buffer[Path->Length - 1] != L'\\') {
        Path->Length--;
    }
    if (Path->Length > Path->Root) {
        Path->Length--;
    }
}

static VOID RtlpPushComponent(PRTLP_PATH Path, PCWSTR Component, ULONG Length)
{
    if (Length == 2 && Component[0] == L'.' && Component[1] == L'.') {
        RtlpPopComponent(Path);
        return;
    }
    /* "." is nothing, and Win32 names do not end in dots or blanks. */
    while (Length > 0 && (Component[Length - 1] == L'.' || Component[Length - 1] == L' ')) {
        Length--;
    }
    if (Length == 0) {
        return;
    }
    if (Path->Length > Path->Root) {
        Path->Buffer[Path->Length++] = L'\\';
    }
    memcpy(Path->Buffer + Path->Length, Component, Length * sizeof(WCHAR));
    Path->Length += Length;
}

/* Appends all components of Text; a final slash is kept, as NT keeps it. */
static VOID RtlpPushText(PRTLP_PATH Path, PCWSTR Text)
{
    BOOLEAN Slash = FALSE;

    while (*Text != 0) {
        PCWSTR Start = Text;
        while (*Text != 0 && !RtlpIsSlash(*Text)) {
            Text++;
        }
        RtlpPushComponent(Path, Start, (ULONG)(Text - Start));
        for (Slash = FALSE; RtlpIsSlash(*Text); Text++) {
            Slash = TRUE;
        }
    }
    if (Slash && Path->Length > Path->Root) {
        Path->Buffer[Path->Length++] = L'\\';
    }
}

static VOID RtlpSetDrive(PRTLP_PATH Path, WCHAR Drive)
{
    Path->Buffer[0] = Drive;
    Path->Buffer[1] = L':';
    Path->Buffer[2] = L'\\';
    Path->Root = Path->Length = 3;
}

/* "\\server\share" is the root of such a path. */
static PCWSTR RtlpSetShare(PRTLP_PATH Path, PCWSTR Text)
{
    ULONG Separators = 0;

    Path->Buffer[0] = Path->Buffer[1] = L'\\';
    Path->Length = 2;
    for (Text += 2; *Text != 0; Text++) {
        if (RtlpIsSlash(*Text) && ++Separators == 2) {
            break;
        }
        Path->Buffer[Path->Length++] = RtlpIsSlash(*Text) ? L'\\' : *Text;
    }
    Path->Buffer[Path->Length++] = L'\\';
    Path->Root = Path->Length;
    return Text;
}

/* Current is the current directory, "C:\..." */
static VOID RtlpBuildFullPath(PRTLP_PATH Path, PCWSTR Name, PCWSTR Current)
{
    switch (RtlDetermineDosPathNameType_U(Name)) {
    case RtlPathTypeUncAbsolute:
        Name = RtlpSetShare(Path, Name);
        break;
    case RtlPathTypeDriveAbsolute:
        RtlpSetDrive(Path, Name[0]);
        Name += 3;
        break;
    case RtlPathTypeDriveRelative:
        RtlpSetDrive(Path, Name[0]);
        if (RtlUpcaseUnicodeChar(Name[0]) == RtlUpcaseUnicodeChar(Current[0])) {
            RtlpPushText(Path, Current + 3);
        }
        Name += 2;
        break;
    case RtlPathTypeRooted:
        RtlpSetDrive(Path, Current[0]);
        break;
    case RtlPathTypeRelative:
        RtlpSetDrive(Path, Current[0]);
        RtlpPushText(Path, Current + 3);
        break;
    default: /* \\.\ and \\?\ and \??\ mean what they say */
        Path->Length = wcslen(Name);
        memcpy(Path->Buffer, Name, Path->Length * sizeof(WCHAR));
        Path->Root = Path->Length;
        return;
    }
    /* The current directory ends in a backslash that the next component brings. */
    if (Path->Length > Path->Root && Path->Buffer[Path->Length - 1] == L'\\') {
        Path->Length--;
    }
    RtlpPushText(Path, Name);
}

/* Like RtlGetFullPathName_U, into a heap block; NULL if there is no memory. */
static PWSTR RtlpAllocateFullPath(PCWSTR FileName, PULONG Bytes)
{
    PUNICODE_STRING Current = &NtCurrentPeb()->ProcessParameters->CurrentDirectory.DosPath;
    RTLP_PATH Path = {NULL, 0, 0};

    RtlAcquirePebLock();
    Path.Buffer
        = RtlpAllocate(Current->Length + (wcslen(FileName) + 6) * sizeof(WCHAR));
    if (Path.Buffer != NULL) {
        RtlpBuildFullPath(&Path, FileName, Current->Buffer);
        Path.Buffer[Path.Length] = 0;
        *Bytes = Path.Length * sizeof(WCHAR);
    }
    RtlReleasePebLock();
    return Path.Buffer;
}

/* The last component of a path of Bytes bytes; NULL if it ends in a backslash. */
static PWSTR RtlpFilePart(PWSTR Path, ULONG Bytes)
{
    ULONG Length = Bytes / sizeof(WCHAR);

    if (Length == 0 || Path[Length - 1] == L'\\') {
        return NULL;
    }
    while (Length > 0 && Path[Length - 1] != L'\\') {
        Length--;
    }
    return Path + Length;
}

ULONG NTAPI RtlGetFullPathName_U(
    PCWSTR FileName, ULONG BufferLength, PWSTR Buffer, PWSTR *FilePart)
{
    ULONG Bytes = 0;
    PWSTR Full;

    if (FilePart != NULL) {
        *FilePart = NULL;
    }
    if (FileName == NULL || FileName[0] == 0) {
        return 0;
    }
    Full = RtlpAllocateFullPath(FileName, &Bytes);
    if (Full == NULL) {
        return 0;
    }
    if (Bytes + sizeof(WCHAR) > BufferLength) {
        Bytes += sizeof(WCHAR); /* what is needed */
    } else {
        memcpy(Buffer, Full, Bytes + sizeof(WCHAR));
        if (FilePart != NULL) {
            *FilePart = RtlpFilePart(Buffer, Bytes);
        }
    }
    RtlpFree(Full);
    return Bytes;
}

/*
 * RtlDosPathNameToNtPathName_U - "\??\C:\x" for any DOS path; names that are in
 * NT's form (\??\...) stay.  NtPathName's buffer is from the process heap.
 *
 * DirectoryInfo, a way to open relative to the current directory, is not used.
 */
BOOL NTAPI RtlDosPathNameToNtPathName_U(PCWSTR DosPathName, PUNICODE_STRING NtPathName,
    PCWSTR *NtFileNamePart, VOID *DirectoryInfo)
{
    PCWSTR Prefix = L"\\??\\";
    ULONG Skip = 0, Bytes, Room;
    PWSTR Full;

    UNREFERENCED_PARAMETER(DirectoryInfo);
    if (DosPathName == NULL || DosPathName[0] == 0) {
        return FALSE;
    }
    Full = RtlpAllocateFullPath(DosPathName, &Bytes);
    if (Full == NULL) {
        return FALSE;
    }
    switch (RtlDetermineDosPathNameType_U(Full)) {
    case RtlPathTypeUncAbsolute:
        Prefix = L"\\??\\UNC\\";
        Skip = 2;
        break;
    case RtlPathTypeLocalDevice:
        Skip = 4;
        break;
    default:
        break;
    }
    Bytes -= Skip * sizeof(WCHAR);
    Room = (wcslen(Prefix) + 1) * sizeof(WCHAR) + Bytes;
    NtPathName->Buffer = Room > UNICODE_STRING_MAX_BYTES ? NULL : RtlpAllocate(Room);
    if (NtPathName->Buffer != NULL) {
        memcpy(NtPathName->Buffer, Prefix, Room - Bytes - sizeof(WCHAR));
        memcpy((PUCHAR)NtPathName->Buffer + Room - Bytes - sizeof(WCHAR), Full + Skip,
            Bytes + sizeof(WCHAR));
        NtPathName->MaximumLength = (USHORT)Room;
        NtPathName->Length = (USHORT)(Room - sizeof(WCHAR));
        if (NtFileNamePart != NULL) {
            *NtFileNamePart = RtlpFilePart(NtPathName->Buffer, NtPathName->Length);
        }
    }
    RtlpFree(Full);
    return NtPathName->Buffer != NULL;
}
