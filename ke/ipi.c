/* SPDX-License-Identifier: MIT */
/*
 * From one processor to another: software interrupts, changes of page tables, and
 * the order to stand still.
 *
 * A software interrupt is a bit in the other KPCR; the interprocessor interrupt
 * only makes the other one look, at the interrupt's end.
 *
 * A translation-buffer flush waits until every processor concerned has done it.
 * There is one request at a time.  Who waits, for its turn or for the others, keeps
 * serving requests, and whoever spins for a lock at DISPATCH_LEVEL takes interrupts:
 * so no lock may be waited for with interrupts off whose holder flushes.
 */
#include "ke/ki.h"
#include "hal.h"

#define KI_FREEZE_PATIENCE 2000000 /* microseconds; an emulated one may wait for its host */

static struct {
    volatile BOOLEAN Taken;
    PCVOID First;
    ULONG Pages;
    volatile KAFFINITY Pending; /* have not done it yet */
} KiFlush;
ULONG KiFlushRequests;

static void KiSendIpi(KAFFINITY Targets)
{
    BOOLEAN Enabled = KeDisableInterrupts();

    for (ULONG i = 0; Targets >> i != 0; i++) {
        if (Targets >> i & 1) {
            HalRequestIpi(i, HAL_VECTOR_IPI);
        }
    }
    if (Enabled) {
        KiEnableInterrupts(); /* and deliver nothing: locks may be held */
    }
}

void KiRequestRemoteInterrupt(PKPRCB Prcb, KIRQL Level)
{
    PKPCR Pcr = CONTAINING_RECORD(Prcb, KPCR, PrcbData);

    InterlockedOr(&Pcr->SoftwareInterrupts, KI_SOFTWARE_INTERRUPT(Level));
    KiSendIpi(Prcb->SetMember);
}

/* ---- Translation buffers ---------------------------------------------------------- */

/* Interrupts off, so that a request is served once and a later one not forgotten. */
static void KiServeFlush(void)
{
    KAFFINITY Self = KiCurrentPrcb()->SetMember;

    if (KiFlush.Pending & Self) {
        KiFlushOwnPages(KiFlush.First, KiFlush.Pages);
        InterlockedAnd(&KiFlush.Pending, ~Self);
    }
}

static void KiTakeFlush(void)
{
    ULONG Turns = 0;

    while (InterlockedExchange(&KiFlush.Taken, TRUE)) {
        BOOLEAN Enabled = KeDisableInterrupts();

        KiServeFlush();
        if (Enabled) {
            KiEnableInterrupts();
        }
        KiRelax(&Turns);
    }
}

static void KiFlushOthers(KAFFINITY Targets, PCVOID First, ULONG Pages)
{
    ULONG Turns = 0;

    KiTakeFlush();
    KiFlushRequests++;
    KiFlush.First = First;
    KiFlush.Pages = Pages;
    (void)InterlockedExchange(&KiFlush.Pending, Targets);
    KiSendIpi(Targets);
    while (KiFlush.Pending != 0) {
        KiRelax(&Turns);
    }
    __atomic_store_n(&KiFlush.Taken, FALSE, __ATOMIC_RELEASE);
}

/*
 * The entries were written before; the fence makes sure that a processor that takes
 * up the address space now, and is not in the mask yet, finds them so.
 */
void KeFlushPages(const volatile KAFFINITY *Processors, PCVOID First, ULONG Pages)
{
    KIRQL OldIrql = KeGetCurrentIrql();
    KAFFINITY Self, Targets;

    if (OldIrql < DISPATCH_LEVEL) {
        KiSetIrql(DISPATCH_LEVEL);
    }
    Self = KiCurrentPrcb()->SetMember;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    Targets = *Processors;
    if (Targets & Self) {
        KiFlushOwnPages(First, Pages);
    }
    if (Targets & ~Self) {
        KiFlushOthers(Targets & ~Self, First, Pages);
    }
    if (OldIrql < DISPATCH_LEVEL) {
        KiLowerFromDispatchLevel(OldIrql);
    }
}

/* The interrupt; what it was sent for beyond this its end sees in the KPCR. */
static void KiProcessIpi(PKTRAP_FRAME TrapFrame)
{
    UNREFERENCED_PARAMETER(TrapFrame);
    KiServeFlush();
}

void KiInitializeIpi(void)
{
    KiConnectInterrupt(HAL_VECTOR_IPI, IPI_LEVEL, KiProcessIpi);
}

/* ---- Standing still ------------------------------------------------------------------ */

void KiStandStill(ULONG_PTR Eip, ULONG_PTR Ebp)
{
    PKPRCB Prcb = KiCurrentPrcb();

    if (!Prcb->Frozen) {
        Prcb->FrozenEip = Eip;
        Prcb->FrozenEbp = Ebp;
        __atomic_store_n(&Prcb->Frozen, TRUE, __ATOMIC_RELEASE);
    }
    HalHalt();
}

/* By an interrupt that cannot be masked; one that does not come is not waited for long. */
void KiFreezeOthers(void)
{
    PKPRCB Self = KiCurrentPrcb();

    for (ULONG i = 0; i < KeNumberProcessors; i++) {
        if (i != Self->Number && !KiProcessorBlock[i]->Frozen) {
            HalRequestNmi(i);
        }
    }
    for (ULONG i = 0; i < KeNumberProcessors; i++) {
        for (ULONG Step = 0; i != Self->Number && !KiProcessorBlock[i]->Frozen &&
                             Step < KI_FREEZE_PATIENCE / 100; Step++) {
            HalStallExecution(100);
        }
    }
}
