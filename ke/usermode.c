/* SPDX-License-Identifier: MIT */
/*
 * Ke's own dealings with user memory and the addresses in ntdll at which the
 * kernel enters user mode.  The layers above use mm's helpers instead.
 */
#include "ke/ki.h"

#define KI_USER_PROBE_ADDRESS 0x7FFF0000u

/* Set once by PsLocateSystemDll. */
PVOID KeUserApcDispatcher;
PVOID KeUserExceptionDispatcher;
PVOID KeUserCallbackDispatcher;
PVOID KeRaiseUserExceptionDispatcher;

static BOOLEAN KiIsUserRange(ULONG_PTR Address, SIZE_T Length)
{
    return Address < KI_USER_PROBE_ADDRESS && Length <= KI_USER_PROBE_ADDRESS - Address;
}

BOOLEAN KiReadUser(void *Destination, const void __user *Source, SIZE_T Length)
{
    return KiIsUserRange((__force ULONG_PTR)Source, Length) &&
           KiCopyFromUser(Destination, Source, Length) == 0;
}

BOOLEAN KiWriteUser(void __user *Destination, const void *Source, SIZE_T Length)
{
    return KiIsUserRange((__force ULONG_PTR)Destination, Length) &&
           KiCopyToUser(Destination, Source, Length) == 0;
}

/* Which of ntdll's two stubs enters the kernel: by SYSENTER if the processor has it. */
void KeSetSystemCallStub(PVOID KiFastSystemCall, PVOID KiFastSystemCallRet, PVOID KiIntSystemCall)
{
    PKUSER_SHARED_DATA SharedData = (PKUSER_SHARED_DATA)KI_USER_SHARED_DATA;
    BOOLEAN Fast = (HalCpuFeatures & HAL_CPU_SEP) != 0;

    SharedData->SystemCall = (ULONG)(ULONG_PTR)(Fast ? KiFastSystemCall : KiIntSystemCall);
    SharedData->SystemCallReturn = (ULONG)(ULONG_PTR)KiFastSystemCallRet;
}
