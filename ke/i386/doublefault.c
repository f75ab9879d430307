/* SPDX-License-Identifier: MIT */
/*
 * Double fault and non-maskable interrupt.  Both come through task gates, on
 * stacks of their own, because the kernel's may be what is broken: a kernel
 * stack that overflows into its guard page ends here.
 *
 * What was interrupted is in the main task's state; nobody goes back to it.
 */
#include "ke/i386/kii386.h"

static PKTSS KiInterruptedTask(void)
{
    return &((PKI_TASKS)KeGetPcr()->TSS)->Main;
}

/* Below the current thread's stack, in its guard page? */
static BOOLEAN KiInGuardPage(ULONG_PTR Address)
{
    PKTHREAD Thread = KeGetCurrentThread();
    ULONG_PTR Limit = (ULONG_PTR)Thread->StackLimit;

    return Limit != 0 && Address < Limit && Address >= Limit - 0x1000;
}

void KiDoubleFault(void)
{
    PKTSS Task = KiInterruptedTask();
    ULONG_PTR Address = KiReadcr2();

    if (KiInGuardPage(Task->Esp) || KiInGuardPage(Address)) {
        KePrint("Kernel stack overflow: ESP %08x, the stack ends at %p.\n", Task->Esp,
            KeGetCurrentThread()->StackLimit);
    }
    KiSetBugCheckFrame(Task->Eip, Task->Ebp);
    KeBugCheckEx(UNEXPECTED_KERNEL_MODE_TRAP, 8, Task->Eip, Task->Esp, Address);
}

void KiNmi(void)
{
    PKTSS Task = KiInterruptedTask();

    if (KiBugCheckActive) {
        KiStandStill(Task->Eip, Task->Ebp); /* KiFreezeOthers has sent it */
    }

    KiSetBugCheckFrame(Task->Eip, Task->Ebp);
    KeBugCheckEx(NMI_HARDWARE_FAILURE, Task->Eip, Task->Esp, 0, 0);
}
