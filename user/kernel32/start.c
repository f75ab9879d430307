/* SPDX-License-Identifier: MIT */
/*
 * kernel32's own attach, and the frames at the bottom of every Win32 thread.
 */
#include "user/kernel32/base.h"

/*
 * _BaseDllInitialize - connect to csrss when the process starts.
 *
 * csrss accepts only processes it was told of, so here is where a Win32 image
 * that was started by plain system calls ends: its loading fails.  The
 * connection asks for no thread attaches: BaseThreadStart does that work.
 */
BOOL WINAPI BaseDllInitialize(HINSTANCE Dll, DWORD Reason, LPVOID Reserved)
{
    BOOLEAN InServer;

    UNREFERENCED_PARAMETER(Reserved);
    if (Reason != DLL_PROCESS_ATTACH) {
        return TRUE;
    }
    (void)LdrDisableThreadCalloutsForDll(Dll);
    BasepInitializeExceptions();
    return NT_SUCCESS(CsrClientConnectToServer(
        CSR_DIRECTORY, BASESRV_SERVERDLL_INDEX, NULL, NULL, &InServer));
}

/* Phase 6 ends here: the program's entry point is called, and returns to exit. */
DECLSPEC_NORETURN VOID NTAPI BaseProcessStart(DWORD(NTAPI *Entry)(VOID))
{
    (void)NtSetInformationThread(
        NtCurrentThread(), ThreadQuerySetWin32StartAddress, &Entry, sizeof(Entry));
    ExitThread(Entry());
}

/* Its own CLIENT_DIED reaches csrss through the port registered here. */
DECLSPEC_NORETURN VOID NTAPI BaseThreadStart(LPTHREAD_START_ROUTINE Routine, LPVOID Parameter)
{
    (void)CsrNewThread();
    ExitThread(Routine(Parameter));
}
