/* SPDX-License-Identifier: MIT */
/*
 * tdllc.dll: loaded and unloaded while the program runs, at a base that another
 * image has taken, so it is relocated.
 */
#include <windows.h>

static ULONG Data = 0xC0DE;
static ULONG *volatile Pointer = &Data; /* an address that needs relocation */
static LONG *Goodbye;

ULONG WINAPI ReadThroughPointer(void)
{
    return *Pointer;
}

/* Where DllMain says that the DLL was unloaded. */
void WINAPI SayGoodbyeTo(LONG *Place)
{
    Goodbye = Place;
}

BOOL WINAPI DllMain(HINSTANCE Dll, DWORD Reason, LPVOID Reserved)
{
    (void)Dll;
    if (Reason == DLL_PROCESS_DETACH && Goodbye != NULL && Reserved == NULL) {
        *Goodbye = 1;
    }
    return TRUE;
}
