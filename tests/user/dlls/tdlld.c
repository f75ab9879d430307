/* SPDX-License-Identifier: MIT */
/*
 * tdlld.dll: refuses to be loaded.
 */
#include <windows.h>

ULONG WINAPI NeverCalled(void)
{
    return 0;
}

BOOL WINAPI DllMain(HINSTANCE Dll, DWORD Reason, LPVOID Reserved)
{
    (void)Dll;
    (void)Reserved;
    return Reason != DLL_PROCESS_ATTACH;
}
