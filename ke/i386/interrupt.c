/* SPDX-License-Identifier: MIT */
/*
 * Hardware interrupts: from the vector that trap.S pushed to the routine that was
 * connected to it, and the C half of the way back to user mode.
 */
#include "ke/i386/kii386.h"

#define KI_FIRST_VECTOR 0x30

/* Filled while interrupts are off, at the start; read-only afterwards. */
static struct {
    PKINTERRUPT_ROUTINE Routine;
    KIRQL Irql;
} KiInterruptTable[KI_IDT_ENTRIES];

void KiConnectInterrupt(UCHAR Vector, KIRQL Irql, PKINTERRUPT_ROUTINE Routine)
{
    ASSERT(Vector >= KI_FIRST_VECTOR && Irql >= DEVICE_LEVEL);
    KiInterruptTable[Vector].Irql = Irql;
    KiInterruptTable[Vector].Routine = Routine;
}

void KiInterrupt(PKTRAP_FRAME TrapFrame)
{
    UCHAR Vector = (UCHAR)(TrapFrame->ErrCode + 0x80); /* as the stub encoded it */
    PKINTERRUPT_ROUTINE Routine = KiInterruptTable[Vector].Routine;
    KIRQL OldIrql;

    if (!HalBeginInterrupt(Vector)) {
        return;
    }
    OldIrql = KiEnterInterrupt(Routine != NULL ? KiInterruptTable[Vector].Irql : DEVICE_LEVEL);
    if (Routine != NULL) {
        Routine(TrapFrame);
    }
    HalEndOfInterrupt(Vector);
    KiExitInterrupt(OldIrql);
}

/* KiExitToUser found UserApcPending: interrupts off, IRQL PASSIVE. */
void KiDeliverUserApcs(PKTRAP_FRAME TrapFrame)
{
    KiSetIrql(APC_LEVEL);
    KiEnableInterrupts();
    KiDeliverApc(UserMode, TrapFrame);
    KeLowerIrql(PASSIVE_LEVEL);
}

/*
 * About to enter user mode at a raised IRQL or, which debug builds check, holding a
 * mutex or short lock, with APCs disabled, or attached to another process.  They also know the
 * system service that returns; 0: none, a trap or an interrupt.
 */
void KiBadExitToUser(PKTRAP_FRAME TrapFrame)
{
    PKTHREAD Thread = KeGetCurrentThread();
    ULONG_PTR Service = 0;

#ifndef NDEBUG
    Service = TrapFrame->DbgEip;
#endif
    if (KeGetCurrentIrql() != PASSIVE_LEVEL || KiInShortSection()) {
        KeBugCheckEx(IRQL_GT_ZERO_AT_SYSTEM_SERVICE, Service, KeGetCurrentIrql(),
            TrapFrame->Eip, (ULONG_PTR)Thread);
    }
    KeBugCheckEx(APC_INDEX_MISMATCH, Service, Thread->ApcStateIndex,
        (USHORT)Thread->KernelApcDisable | (ULONG)(USHORT)Thread->SpecialApcDisable << 16,
        TrapFrame->Eip);
}
