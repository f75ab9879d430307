/* SPDX-License-Identifier: MIT */
/*
 * Strings and code pages.  The only ANSI code page is Latin-1, whose bytes are
 * the first 256 characters of Unicode; UTF-8 is not built.
 */
#include "user/kernel32/base.h"

int WINAPI lstrlenA(LPCSTR String)
{
    return String != NULL ? (int)strlen(String) : 0;
}

int WINAPI lstrlenW(LPCWSTR String)
{
    return String != NULL ? (int)wcslen(String) : 0;
}

static BOOLEAN BasepIsCodePage(UINT CodePage)
{
    return CodePage == CP_ACP || CodePage == CP_OEMCP || CodePage == CP_THREAD_ACP ||
           CodePage == 1252 || CodePage == 28591;
}

/* Checks what both conversions have in common and sets the last error. */
static BOOL BasepCheckConversion(UINT CodePage, const void *Source, int Length, int Room)
{
    DWORD Error = !BasepIsCodePage(CodePage) || Source == NULL || Length == 0 || Room < 0
                      ? ERROR_INVALID_PARAMETER
                  : Room != 0 && Length > Room ? ERROR_INSUFFICIENT_BUFFER
                                               : ERROR_SUCCESS;

    if (Error != ERROR_SUCCESS) {
        RtlSetLastWin32Error(Error);
    }
    return Error == ERROR_SUCCESS;
}

/* Length -1: up to and with the zero.  Room 0: only says how much is needed. */
int WINAPI MultiByteToWideChar(
    UINT CodePage, DWORD Flags, LPCCH MultiByte, int Length, LPWSTR Wide, int Room)
{
    UNREFERENCED_PARAMETER(Flags);
    if (Length < 0 && MultiByte != NULL) {
        Length = lstrlenA(MultiByte) + 1;
    }
    if (!BasepCheckConversion(CodePage, MultiByte, Length, Room)) {
        return 0;
    }
    if (Room != 0) {
        (void)RtlMultiByteToUnicodeN(
            Wide, (ULONG)Length * sizeof(WCHAR), NULL, MultiByte, (ULONG)Length);
    }
    return Length;
}

int WINAPI WideCharToMultiByte(UINT CodePage, DWORD Flags, LPCWCH Wide, int Length,
    LPSTR MultiByte, int Room, LPCCH DefaultChar, LPBOOL UsedDefaultChar)
{
    UNREFERENCED_PARAMETER(Flags);
    UNREFERENCED_PARAMETER(DefaultChar);
    if (Length < 0 && Wide != NULL) {
        Length = lstrlenW(Wide) + 1;
    }
    if (!BasepCheckConversion(CodePage, Wide, Length, Room)) {
        return 0;
    }
    if (UsedDefaultChar != NULL) {
        *UsedDefaultChar = FALSE;
    }
    if (Room != 0) {
        (void)RtlUnicodeToMultiByteN(
            MultiByte, (ULONG)Room, NULL, Wide, (ULONG)Length * sizeof(WCHAR));
    }
    return Length;
}
