/* SPDX-License-Identifier: MIT */
/*
 * Phase 1, item 2: from what CreateProcess was given to the path of an image.
 *
 * With an application name that is the image.  Without one it is the command
 * line's first quoted word; or, where there are no quotes, the shortest of its
 * blank-separated beginnings that names a file: "C:\Program Files\x y" may mean
 * C:\Program.exe, and on NT it does.
 */
#include "user/kernel32/base.h"

#define BASE_SEARCH_PATH_LENGTH 1024 /* characters */

/* Appends as much as fits and always terminates. */
static VOID BasepAppend(PUNICODE_STRING Path, PCWSTR Text, ULONG Length)
{
    ULONG Room = (Path->MaximumLength - Path->Length) / sizeof(WCHAR) - 1;

    if (Length > Room) {
        Length = Room;
    }
    RtlCopyMemory(Path->Buffer + Path->Length / sizeof(WCHAR), Text, Length * sizeof(WCHAR));
    Path->Length += (USHORT)(Length * sizeof(WCHAR));
    Path->Buffer[Path->Length / sizeof(WCHAR)] = L'\0';
}

/* The directory of the running program, without the last '\'. */
static VOID BasepAppendOwnDirectory(PUNICODE_STRING Path)
{
    PUNICODE_STRING Image = &NtCurrentPeb()->ProcessParameters->ImagePathName;
    ULONG Length = Image->Length / sizeof(WCHAR);

    while (Length != 0 && Image->Buffer[Length - 1] != L'\\') {
        Length--;
    }
    if (Length != 0) {
        BasepAppend(Path, Image->Buffer, Length - 1);
    }
}

static VOID BasepAppendPathVariable(PUNICODE_STRING Path)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"Path");
    UNICODE_STRING Value;

    Value.Length = 0;
    Value.Buffer = Path->Buffer + Path->Length / sizeof(WCHAR);
    Value.MaximumLength = Path->MaximumLength - Path->Length - sizeof(WCHAR);
    if (NT_SUCCESS(RtlQueryEnvironmentVariable_U(NULL, &Name, &Value))) {
        Path->Length += Value.Length;
    }
    Path->Buffer[Path->Length / sizeof(WCHAR)] = L'\0';
}

/*
 * BasepSearchPath - the directories where programs and DLLs are looked for:
 * the program's own, the system's, the current one, then those of PATH.
 */
VOID BasepSearchPath(PWSTR Buffer, ULONG Count)
{
    static const WCHAR System[] = L";C:\\WINDOWS\\system32;C:\\WINDOWS\\system;C:\\WINDOWS;.;";
    UNICODE_STRING Path = {
        .MaximumLength = (USHORT)(Count * sizeof(WCHAR)), .Buffer = Buffer};

    BasepAppendOwnDirectory(&Path);
    BasepAppend(&Path, System, ARRAYSIZE(System) - 1);
    BasepAppendPathVariable(&Path);
}

/* A directory of that name counts as a miss. */
static BOOLEAN BasepIsFile(PCWSTR Path)
{
    DWORD Attributes = GetFileAttributesW(Path);

    return Attributes != INVALID_FILE_ATTRIBUTES && (Attributes & FILE_ATTRIBUTE_DIRECTORY) == 0;
}

static NTSTATUS BasepSearchOne(PCWSTR SearchPath, PCWSTR Name, PWSTR Image, ULONG Count)
{
    ULONG Room = Count * sizeof(WCHAR);
    ULONG Length = RtlDosSearchPath_U(SearchPath, Name, L".exe", Room, Image, NULL);

    if (Length == 0 || Length >= Room || !BasepIsFile(Image)) {
        return BASE_WIN32_STATUS(ERROR_FILE_NOT_FOUND);
    }
    return STATUS_SUCCESS;
}

/*
 * The word is ended in place for the time of the search and the character put
 * back; so, as on NT, a command line in read-only memory faults.
 */
static NTSTATUS BasepSearchWord(
    PCWSTR SearchPath, PWSTR Word, PWSTR End, PWSTR Image, ULONG Count)
{
    WCHAR Saved = *End;
    NTSTATUS Status;

    *End = L'\0';
    Status = BasepSearchOne(SearchPath, Word, Image, Count);
    *End = Saved;
    return Status;
}

static NTSTATUS BasepSearchCommandLine(
    PCWSTR SearchPath, PWSTR CommandLine, PWSTR Image, ULONG Count)
{
    BOOLEAN Quoted = *CommandLine == L'"';
    PWSTR Word = CommandLine + (Quoted ? 1 : 0);
    PWSTR End = Word;
    NTSTATUS Status;

    do {
        while (*End != L'\0' && *End != L'"' && (Quoted || (*End != L' ' && *End != L'\t'))) {
            End++;
        }
        Status = BasepSearchWord(SearchPath, Word, End, Image, Count);
        if (NT_SUCCESS(Status) || Quoted || *End == L'\0') {
            return Status;
        }
        End++; /* longer by the next word */
    } while (TRUE);
}

/* Image gets the full DOS path; Count is its size in characters. */
NTSTATUS BasepFindImage(PCWSTR ApplicationName, PWSTR CommandLine, PWSTR Image, ULONG Count)
{
    PWSTR SearchPath;
    NTSTATUS Status;

    if (ApplicationName != NULL) {
        ULONG Length = RtlGetFullPathName_U(ApplicationName, Count * sizeof(WCHAR), Image, NULL);

        if (Length == 0 || Length >= Count * sizeof(WCHAR) || !BasepIsFile(Image)) {
            return BASE_WIN32_STATUS(ERROR_FILE_NOT_FOUND);
        }
        return STATUS_SUCCESS;
    }
    SearchPath = BaseAllocate(BASE_SEARCH_PATH_LENGTH * sizeof(WCHAR));
    if (SearchPath == NULL) {
        return STATUS_NO_MEMORY;
    }
    BasepSearchPath(SearchPath, BASE_SEARCH_PATH_LENGTH);
    Status = BasepSearchCommandLine(SearchPath, CommandLine, Image, Count);
    BaseFree(SearchPath);
    return Status;
}
