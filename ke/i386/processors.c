/* SPDX-License-Identifier: MIT */
/*
 * The other processors: KeStartProcessors gives each a KI_PROCESSOR block, an idle
 * thread with its stack and a trace ring, sends it to startcpu.S, and waits for it
 * in KiProcessorMain, which ends in the idle loop.
 *
 * A processor that cannot be had is no reason to stop: the system runs with those
 * that came up, and says so.  Their memory is for good: one that did not answer in
 * time may still come alive in it.
 */
#include "boot.h"
#include "hal.h"
#include "ke/i386/kii386.h"

/* What a processor needs; the block first, because it begins on a page. */
typedef struct _KI_PROCESSOR_MEMORY {
    KI_PROCESSOR Processor;
    KTHREAD IdleThread;
} KI_PROCESSOR_MEMORY, *PKI_PROCESSOR_MEMORY;

_Static_assert(MAXIMUM_PROCESSORS <= HAL_PROCESSORS, "the HAL cannot start them all");
_Static_assert(offsetof(KI_PROCESSOR, Tasks) / 0x1000 ==
                   (offsetof(KI_PROCESSOR, Tasks) + sizeof(KI_TASKS) - 1) / 0x1000,
    "a task switch needs a TSS in one piece of physical memory");

/* Of the processor being started, one at a time; startcpu.S reads the first two. */
PVOID KiStartStack;
ULONG KiStartDirectoryTable;
static PKI_PROCESSOR KiStartingProcessor;
static volatile BOOLEAN KiProcessorStarted;

/* A started processor's first C: on its idle thread's stack, interrupts off. */
void KiProcessorMain(void)
{
    KiLoadProcessor(KiStartingProcessor);
    HalInitializeProcessor();
    KiProcessorStarted = TRUE;
    KiIdleLoop();
}

/* The block of processor Number, with its idle thread current; NULL: out of memory. */
static PKPRCB KiCreateProcessor(UCHAR Number)
{
    PKI_PROCESSOR_MEMORY Memory = MmAllocatePermanent(sizeof(*Memory));
    PVOID TraceRing = MmAllocatePermanent(KiTraceRingSize());
    PVOID Stack = MmCreateKernelStack();
    PKPRCB Prcb;

    if (Memory == NULL || TraceRing == NULL || Stack == NULL) {
        return NULL;
    }
    Prcb = KiPrepareProcessor(&Memory->Processor, Number, Stack);
    Prcb->TraceRing = TraceRing;
    KiInitializeIdle(Prcb, &Memory->IdleThread, (PUCHAR)Stack - KI_KERNEL_STACK_SIZE, Stack);
    KiStartStack = Stack;
    KiStartingProcessor = &Memory->Processor;
    return Prcb;
}

/* From here on threads may be given to it. */
static void KiActivateProcessor(PKPRCB Prcb)
{
    KIRQL OldIrql = KiLockDispatcher();

    KeNumberProcessors = Prcb->Number + 1;
    KeActiveProcessors |= Prcb->SetMember;
    KiIdleProcess.Affinity = KeActiveProcessors;
    KiUnlockDispatcher(OldIrql);
}

/* The loader must have said that the page of the first instructions is memory. */
static BOOLEAN KiCopyStartCode(void)
{
    for (ULONG i = 0; i < KeLoaderBlock.RangeCount; i++) {
        const BOOT_MEMORY_RANGE *Range = &KeLoaderBlock.Ranges[i];

        if (Range->Base <= KI_START_PAGE &&
            Range->Base + Range->Length >= KI_START_PAGE + 0x1000) {
            memcpy((PVOID)(KERNEL_BASE + KI_START_PAGE), KiStartCode,
                (SIZE_T)(KiStartCodeEnd - KiStartCode));
            return TRUE;
        }
    }
    return FALSE;
}

/* How many were found and what became of the rest: said at every start. */
static void KiPrintProcessors(ULONG Found)
{
    if (HalInterruptController() != HalControllerApic) {
        KePrint("Nascent: 1 processor; without an APIC there is no starting others.\n");
    } else if (Found == KeNumberProcessors) {
        KePrint("Nascent: %u processor%s.\n", Found, Found == 1 ? "" : "s");
    } else {
        KePrint("Nascent: %u processors of %u; at most %u are used, and one that does not "
                "start is left out.\n", KeNumberProcessors, Found, MAXIMUM_PROCESSORS);
    }
}

void KeStartProcessors(void)
{
    ULONG Found = HalProcessorCount();
    ULONG Wanted = Found < MAXIMUM_PROCESSORS ? Found : MAXIMUM_PROCESSORS;

    KiStartDirectoryTable = KiIdleProcess.DirectoryTableBase;
    if (Wanted > 1 && !KiCopyStartCode()) {
        Wanted = 1;
    }
    while (KeNumberProcessors < Wanted) {
        PKPRCB Prcb = KiCreateProcessor(KeNumberProcessors);

        KiProcessorStarted = FALSE;
        if (Prcb == NULL ||
            !HalStartProcessor(Prcb->Number, KI_START_PAGE, &KiProcessorStarted)) {
            break;
        }
        KiActivateProcessor(Prcb);
    }
    KiPrintProcessors(Found);
}
