/* SPDX-License-Identifier: MIT */
/*
 * Thread-local storage by index: a bit in the PEB, a slot in each TEB.  NT's
 * further 1024 slots (TlsExpansionSlots) are not built.
 */
#include "user/kernel32/base.h"

DWORD WINAPI TlsAlloc(VOID)
{
    PTEB Teb = NtCurrentTeb();
    ULONG Index;

    RtlAcquirePebLock();
    Index = RtlFindClearBitsAndSet(NtCurrentPeb()->TlsBitmap, 1, 0);
    RtlReleasePebLock();
    if (Index == RTL_BITMAP_NOT_FOUND) {
        (void)BaseSetLastNTError(STATUS_NO_MEMORY);
        return TLS_OUT_OF_INDEXES;
    }
    Teb->TlsSlots[Index] = NULL;
    return Index;
}

static BOOL BasepIsTlsIndex(DWORD Index)
{
    return Index < ARRAYSIZE(((PTEB)NULL)->TlsSlots) ? TRUE
                                                     : BaseSetLastNTError(STATUS_INVALID_PARAMETER);
}

/* The only call whose success also sets the last error: a value may be NULL. */
LPVOID WINAPI TlsGetValue(DWORD Index)
{
    if (!BasepIsTlsIndex(Index)) {
        return NULL;
    }
    RtlSetLastWin32Error(ERROR_SUCCESS);
    return NtCurrentTeb()->TlsSlots[Index];
}

BOOL WINAPI TlsSetValue(DWORD Index, LPVOID Value)
{
    if (!BasepIsTlsIndex(Index)) {
        return FALSE;
    }
    NtCurrentTeb()->TlsSlots[Index] = Value;
    return TRUE;
}

/* Other threads' slots are cleared by the kernel, which knows all of them. */
BOOL WINAPI TlsFree(DWORD Index)
{
    PRTL_BITMAP Bitmap = NtCurrentPeb()->TlsBitmap;
    BOOLEAN Used;

    if (!BasepIsTlsIndex(Index)) {
        return FALSE;
    }
    RtlAcquirePebLock();
    Used = RtlTestBit(Bitmap, Index);
    if (Used) {
        NtCurrentTeb()->TlsSlots[Index] = NULL;
        (void)NtSetInformationThread(
            NtCurrentThread(), ThreadZeroTlsCell, &Index, sizeof(Index));
        RtlClearBits(Bitmap, Index, 1);
    }
    RtlReleasePebLock();
    return Used ? TRUE : BaseSetLastNTError(STATUS_INVALID_PARAMETER);
}
