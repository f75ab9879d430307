/* SPDX-License-Identifier: MIT */
/*
 * Standard handles, the console and the debugger's output.  The console is a
 * device of the kernel's, so a console handle is a file handle.
 */
#include "user/kernel32/base.h"

/* NULL for an id that is none of the three. */
static PHANDLE BasepStandardHandle(DWORD Id)
{
    PRTL_USER_PROCESS_PARAMETERS Parameters = NtCurrentPeb()->ProcessParameters;

    switch (Id) {
    case STD_INPUT_HANDLE:
        return &Parameters->StandardInput;
    case STD_OUTPUT_HANDLE:
        return &Parameters->StandardOutput;
    case STD_ERROR_HANDLE:
        return &Parameters->StandardError;
    default:
        RtlSetLastWin32Error(ERROR_INVALID_HANDLE);
        return NULL;
    }
}

HANDLE WINAPI GetStdHandle(DWORD Id)
{
    PHANDLE Place = BasepStandardHandle(Id);

    return Place != NULL ? *Place : INVALID_HANDLE_VALUE;
}

BOOL WINAPI SetStdHandle(DWORD Id, HANDLE Handle)
{
    PHANDLE Place = BasepStandardHandle(Id);

    if (Place == NULL) {
        return FALSE;
    }
    *Place = Handle;
    return TRUE;
}

BOOL WINAPI WriteConsoleA(
    HANDLE Console, CONST VOID *Buffer, DWORD Count, LPDWORD Written, LPVOID Reserved)
{
    UNREFERENCED_PARAMETER(Reserved);
    return WriteFile(Console, Buffer, Count, Written, NULL);
}

/* In pieces, so that no length needs memory. */
BOOL WINAPI WriteConsoleW(
    HANDLE Console, CONST VOID *Buffer, DWORD Count, LPDWORD Written, LPVOID Reserved)
{
    const WCHAR *Text = Buffer;
    CHAR Piece[128];
    DWORD Done = 0;

    UNREFERENCED_PARAMETER(Reserved);
    while (Done < Count) {
        DWORD Length = min(Count - Done, sizeof(Piece));
        DWORD Bytes;

        (void)RtlUnicodeToMultiByteN(
            Piece, sizeof(Piece), NULL, Text + Done, Length * sizeof(WCHAR));
        if (!WriteFile(Console, Piece, Length, &Bytes, NULL)) {
            return FALSE;
        }
        Done += Length;
    }
    if (Written != NULL) {
        *Written = Done;
    }
    return TRUE;
}

VOID WINAPI OutputDebugStringA(LPCSTR Text)
{
    (void)DbgPrint("%s", Text);
}

VOID WINAPI OutputDebugStringW(LPCWSTR Text)
{
    (void)DbgPrint("%ls", Text);
}

BOOL WINAPI IsDebuggerPresent(VOID)
{
    return NtCurrentPeb()->BeingDebugged;
}

VOID WINAPI DebugBreak(VOID)
{
    DbgBreakPoint();
}
