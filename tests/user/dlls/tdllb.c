/* SPDX-License-Identifier: MIT */
/*
 * tdllb.dll: the DLL at the bottom.  Its counter gives each initialiser its turn.
 */
#include <windows.h>

static ULONG Turn;
static ULONG OwnTurn;

ULONG WINAPI NextTurn(void)
{
    return ++Turn;
}

ULONG WINAPI TurnOfB(void)
{
    return OwnTurn;
}

/* Exported by its number alone. */
ULONG WINAPI ByOrdinal(ULONG Value)
{
    return Value * 3;
}

BOOL WINAPI DllMain(HINSTANCE Dll, DWORD Reason, LPVOID Reserved)
{
    (void)Dll;
    (void)Reserved;
    if (Reason == DLL_PROCESS_ATTACH) {
        OwnTurn = NextTurn();
    }
    return TRUE;
}
