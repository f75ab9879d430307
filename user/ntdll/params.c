/* SPDX-License-Identifier: MIT */
/*
 * Process parameters: one block with the structure first and its strings behind.
 *
 * A block that travels to another process is "de-normalised": its strings'
 * pointers are offsets from its start.  Both directions can be called twice.
 */
#include "user/ntdll/ntdllp.h"

#define RTLP_STRING_COUNT 8

/* All strings of a block, in the order in which they lie behind it. */
static VOID RtlpParameterStrings(
    PRTL_USER_PROCESS_PARAMETERS Parameters, PUNICODE_STRING Strings[RTLP_STRING_COUNT])
{
    Strings[0] = &Parameters->CurrentDirectory.DosPath;
    Strings[1] = &Parameters->DllPath;
    Strings[2] = &Parameters->ImagePathName;
    Strings[3] = &Parameters->CommandLine;
    Strings[4] = &Parameters->WindowTitle;
    Strings[5] = &Parameters->DesktopInfo;
    Strings[6] = &Parameters->ShellInfo;
    Strings[7] = &Parameters->RuntimeData;
}

static VOID RtlpMoveStrings(PRTL_USER_PROCESS_PARAMETERS Parameters, ULONG_PTR Delta)
{
    PUNICODE_STRING Strings[RTLP_STRING_COUNT];

    RtlpParameterStrings(Parameters, Strings);
    for (ULONG i = 0; i < RTLP_STRING_COUNT; i++) {
        if (Strings[i]->Buffer != NULL) {
            Strings[i]->Buffer = (PWSTR)((ULONG_PTR)Strings[i]->Buffer + Delta);
        }
    }
}

PRTL_USER_PROCESS_PARAMETERS NTAPI RtlNormalizeProcessParams(
    PRTL_USER_PROCESS_PARAMETERS Parameters)
{
    if (Parameters != NULL && (Parameters->Flags & RTL_USER_PROC_PARAMS_NORMALIZED) == 0) {
        RtlpMoveStrings(Parameters, (ULONG_PTR)Parameters);
        Parameters->Flags |= RTL_USER_PROC_PARAMS_NORMALIZED;
    }
    return Parameters;
}

PRTL_USER_PROCESS_PARAMETERS NTAPI RtlDeNormalizeProcessParams(
    PRTL_USER_PROCESS_PARAMETERS Parameters)
{
    if (Parameters != NULL && (Parameters->Flags & RTL_USER_PROC_PARAMS_NORMALIZED) != 0) {
        RtlpMoveStrings(Parameters, -(ULONG_PTR)Parameters);
        Parameters->Flags &= ~RTL_USER_PROC_PARAMS_NORMALIZED;
    }
    return Parameters;
}

/* Bytes for a string behind the block, terminated and aligned. */
static ULONG RtlpStringRoom(PCUNICODE_STRING String)
{
    return ALIGN_UP_BY(String->Length + sizeof(WCHAR), sizeof(ULONG));
}

static PUCHAR RtlpPlaceString(PUNICODE_STRING To, PCUNICODE_STRING From, PUCHAR Place)
{
    To->Buffer = (PWSTR)Place;
    To->Length = From->Length;
    To->MaximumLength = From->Length + sizeof(WCHAR);
    if (From->Length != 0) {
        memcpy(Place, From->Buffer, From->Length);
    }
    To->Buffer[From->Length / sizeof(WCHAR)] = 0;
    return Place + RtlpStringRoom(From);
}

/* What the new process inherits unless its creator says otherwise. */
static VOID RtlpInheritParameters(PRTL_USER_PROCESS_PARAMETERS New, PWSTR Environment)
{
    PRTL_USER_PROCESS_PARAMETERS Own = NtCurrentPeb()->ProcessParameters;

    New->ConsoleHandle = Own->ConsoleHandle;
    New->Environment = Environment != NULL ? Environment : Own->Environment;
}

/*
 * RtlCreateProcessParameters - a block from the process heap, de-normalised.
 *
 * NULL strings: the current process's for DllPath and CurrentDirectory, the image
 * path for CommandLine, empty for the rest.  Environment is not copied here.
 */
NTSTATUS NTAPI RtlCreateProcessParameters(PRTL_USER_PROCESS_PARAMETERS *Parameters,
    PUNICODE_STRING ImagePathName, PUNICODE_STRING DllPath, PUNICODE_STRING CurrentDirectory,
    PUNICODE_STRING CommandLine, PWSTR Environment, PUNICODE_STRING WindowTitle,
    PUNICODE_STRING DesktopInfo, PUNICODE_STRING ShellInfo, PUNICODE_STRING RuntimeData)
{
    static const UNICODE_STRING Empty;
    PRTL_USER_PROCESS_PARAMETERS Own = NtCurrentPeb()->ProcessParameters;
    PCUNICODE_STRING From[RTLP_STRING_COUNT] = {
        CurrentDirectory != NULL ? CurrentDirectory : &Own->CurrentDirectory.DosPath,
        DllPath != NULL ? DllPath : &Own->DllPath,
        ImagePathName,
        CommandLine != NULL ? CommandLine : ImagePathName,
        WindowTitle != NULL ? WindowTitle : &Empty,
        DesktopInfo != NULL ? DesktopInfo : &Empty,
        ShellInfo != NULL ? ShellInfo : &Empty,
        RuntimeData != NULL ? RuntimeData : &Empty,
    };
    PUNICODE_STRING To[RTLP_STRING_COUNT];
    PRTL_USER_PROCESS_PARAMETERS New;
    ULONG Size = sizeof(*New);
    PUCHAR Place;

    RtlAcquirePebLock();
    for (ULONG i = 0; i < RTLP_STRING_COUNT; i++) {
        Size += RtlpStringRoom(From[i]);
    }
    New = RtlAllocateHeap(RtlGetProcessHeap(), HEAP_ZERO_MEMORY, Size);
    if (New != NULL) {
        New->MaximumLength = New->Length = Size;
        New->Flags = RTL_USER_PROC_PARAMS_NORMALIZED;
        RtlpInheritParameters(New, Environment);
        RtlpParameterStrings(New, To);
        Place = (PUCHAR)(New + 1);
        for (ULONG i = 0; i < RTLP_STRING_COUNT; i++) {
            Place = RtlpPlaceString(To[i], From[i], Place);
        }
        *Parameters = RtlDeNormalizeProcessParams(New);
    }
    RtlReleasePebLock();
    return New != NULL ? STATUS_SUCCESS : STATUS_NO_MEMORY;
}

NTSTATUS NTAPI RtlDestroyProcessParameters(PRTL_USER_PROCESS_PARAMETERS Parameters)
{
    RtlpFree(Parameters);
    return STATUS_SUCCESS;
}
