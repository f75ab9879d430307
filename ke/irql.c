/* SPDX-License-Identifier: MIT */
/*
 * Interrupt request levels.  The level of a processor is a byte in its KPCR and
 * costs no device access: levels below DEVICE_LEVEL run with interrupts enabled,
 * levels from there on with EFLAGS.IF clear.
 *
 * The software interrupts, APC_LEVEL and DISPATCH_LEVEL, are bits in the KPCR
 * that are looked at when the level falls: here, and at the end of an interrupt.
 */
#include "ke/ki.h"

static void KiClearSoftwareInterrupt(KIRQL Level)
{
    __asm__ volatile("lock andl %0, %%fs:0x28"
                     :
                     : "ri"(~KI_SOFTWARE_INTERRUPT(Level))
                     : "memory", "cc");
}

/*
 * Runs the software interrupts pending above Irql, the highest first.  Entered
 * and left with interrupts off; on while a handler runs.  A handler may switch
 * threads, so each look at the bits is at those of the processor of that moment.
 */
static void KiDeliverPending(KIRQL Irql)
{
    ULONG Pending;

    while ((Pending = KiPendingSoftwareInterrupts() >> (Irql + 1)) != 0) {
        KIRQL Level = (KIRQL)(Irql + 32 - __builtin_clz(Pending));

        KiClearSoftwareInterrupt(Level);
        KiSetIrql(Level);
        KiEnableInterrupts();
        if (Level == DISPATCH_LEVEL) {
            KiDispatchInterrupt();
        } else {
            KiDeliverApc(KernelMode, NULL);
        }
        KiDisableInterrupts();
        KiSetIrql(Irql);
    }
}

/* With interrupts off nothing is deliverable; KeRestoreInterrupts makes up for it. */
void KiDeliverSoftwareInterrupts(KIRQL Irql)
{
    if (Irql < DISPATCH_LEVEL && KeDisableInterrupts()) {
        KiDeliverPending(Irql);
        KiEnableInterrupts();
    }
}

KIRQL KeRaiseIrqlTo(KIRQL NewIrql)
{
    KIRQL OldIrql = KeGetCurrentIrql();

    ASSERT(NewIrql >= OldIrql);
    KiNoteRaise(OldIrql, NewIrql, __builtin_return_address(0));
    if (NewIrql >= DEVICE_LEVEL) {
        KiDisableInterrupts();
    }
    KiSetIrql(NewIrql);
    return OldIrql;
}

void KeLowerIrql(KIRQL NewIrql)
{
    KIRQL OldIrql = KeGetCurrentIrql();

    ASSERT(NewIrql <= OldIrql);
    ASSERT(NewIrql >= DISPATCH_LEVEL || OldIrql < DISPATCH_LEVEL ||
           KiCurrentPrcb()->HeldSpinLocks.Count == 0);
    KiSetIrql(NewIrql);
    if (OldIrql >= DEVICE_LEVEL && NewIrql < DEVICE_LEVEL) {
        KiEnableInterrupts();
    }
    if (NewIrql < DISPATCH_LEVEL && KiPendingSoftwareInterrupts() >> (NewIrql + 1) != 0) {
        KiDeliverSoftwareInterrupts(NewIrql);
    }
}

void KeRequestSoftwareInterrupt(KIRQL Level)
{
    KIRQL Irql = KeGetCurrentIrql();

    KiPendSoftwareInterrupt(Level);
    if (Irql < Level) {
        KiDeliverSoftwareInterrupts(Irql);
    }
}

BOOLEAN KeDisableInterrupts(void)
{
    ULONG Flags;

    __asm__ volatile("pushfl; popl %0; cli" : "=r"(Flags) : : "memory");
    return (Flags & EFLAGS_INTERRUPT_MASK) != 0;
}

void KeRestoreInterrupts(BOOLEAN Enabled)
{
    KIRQL Irql = KeGetCurrentIrql();

    if (!Enabled) {
        return;
    }
    KiEnableInterrupts();
    if (Irql < DISPATCH_LEVEL && KiPendingSoftwareInterrupts() >> (Irql + 1) != 0) {
        KiDeliverSoftwareInterrupts(Irql);
    }
}

KIRQL KiEnterInterrupt(KIRQL Level)
{
    KIRQL OldIrql = KeGetCurrentIrql();

    KiCurrentPrcb()->InterruptCount++;
    KiSetIrql(Level);
    return OldIrql;
}

void KiExitInterrupt(KIRQL OldIrql)
{
    KiSetIrql(OldIrql);
    if (OldIrql < DISPATCH_LEVEL) {
        KiDeliverPending(OldIrql);
    }
}
