/* SPDX-License-Identifier: MIT */
/*
 * The idle loop, which each processor's idle thread runs at DISPATCH_LEVEL when
 * there is nothing else: it takes the place of the DISPATCH_LEVEL interrupt,
 * retiring DPCs and switching to threads that become ready, and halts.
 */
#include "ke/ki.h"

/*
 * Interrupts stay off from the last look at the work until the halt.  STI takes
 * effect after the next instruction, so an interrupt in between ends the halt.
 */
static void KiHaltUntilInterrupt(PKPRCB Prcb)
{
    KiDisableInterrupts();
    if (IsListEmpty(&Prcb->DpcListHead) && Prcb->NextThread == NULL) {
        __asm__ volatile("sti; hlt" : : : "memory");
    } else {
        KiEnableInterrupts();
    }
}

void KiIdleLoop(void)
{
    PKPRCB Prcb = KiCurrentPrcb(); /* this thread never moves */

    (void)KeRaiseIrqlTo(DISPATCH_LEVEL);
    KiEnableInterrupts();
    for (;;) {
        KiRetireDpcList(Prcb);
        Prcb->QuantumEnd = FALSE;
        if (Prcb->NextThread == NULL) {
            KiHaltUntilInterrupt(Prcb);
            continue;
        }
        KiLockDispatcherAtDpcLevel();
        if (Prcb->NextThread != NULL) {
            KiSwapThread(Prcb->IdleThread);
        }
        KiFinishSwitch(Prcb->IdleThread, DISPATCH_LEVEL);
    }
}
