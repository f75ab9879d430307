/* SPDX-License-Identifier: MIT */
/*
 * The start of the system: what starts in which order, and why then.
 *
 * boot/entry.S calls KiSystemStartup on the boot stack with interrupts off.  It
 * ends as the idle thread; everything that may wait is started by the first
 * system thread, Phase1Initialization in boot/phase1.c, which is next to read.
 */
#include "boot/bootp.h"
#include "ex.h"
#include "hal.h"
#include "io.h"
#include "lpc.h"
#include "mm.h"
#include "ob.h"
#include "ps.h"
#include "se.h"

#define MINIMUM_MEMORY (14u << 20) /* a 16 MiB machine less what its firmware keeps */

/* gdb sets it to let a kernel started with the option `debug` go on. */
volatile ULONG KdDebuggerPresent;

/* The start of PsInitSystem fits the table below but for its argument. */
static NTSTATUS BootStartProcesses(void)
{
    return PsInitSystem(Phase1Initialization);
}

/*
 * Phase 0, after memory and the dispatcher: one line a layer, lowest first.
 */
static NTSTATUS (*const BootPhase0[])(void) = {
    ObInitSystem,       /* object types, root directory */
    ExInitSystem,       /* handle tables, events and the like, the service table */
    SeInitSystem,       /* the System token */
    IoInitSystem,       /* files and devices: types, \Device, \??, the console */
    LpcInitSystem,      /* ports */
    MmInitSections,     /* the Section type: mm is below ob, so only now */
    BootStartProcesses, /* process and thread types, System, its first thread */
};

static void BootWaitForDebugger(void)
{
    if (KeBootOptions.WaitDebugger) {
        KePrint("Waiting for gdb: set var KdDebuggerPresent = 1\n");
    }
    while (KeBootOptions.WaitDebugger && !KdDebuggerPresent) {
        __asm__ volatile("pause");
    }
}

static ULONG BootTotalMemory(void)
{
    uint64_t Total = 0;
    ULONG i;

    for (i = 0; i < KeLoaderBlock.RangeCount; i++) {
        Total += KeLoaderBlock.Ranges[i].Length;
    }
    return Total > 0xFFFFFFFFu ? 0xFFFFFFFFu : (ULONG)Total;
}

static void BootPrintMachine(void)
{
    CHAR Features[128];

    HalDescribeCpuFeatures(Features, sizeof(Features));
    KePrint("Nascent: %u MiB of memory, %s, %u MHz: %s\n", (BootTotalMemory() + 0x80000) >> 20,
        HalCpuVendor, (ULONG)(HalTscFrequency() / 1000000), Features);
    if (!(HalCpuFeatures & HAL_CPU_NX)) {
        KePrint("Nascent: no NX here, so data pages can be executed.\n");
    }
    if (!(HalCpuFeatures & HAL_CPU_SMEP) || !(HalCpuFeatures & HAL_CPU_SMAP)) {
        KePrint("Nascent: no SMEP or SMAP here, so a stray kernel access to user memory "
                "goes unnoticed.\n");
    }
}

static void BootStartMemory(void)
{
    ULONG Total = BootTotalMemory();

    if (Total < MINIMUM_MEMORY || MmInitSystem(&KeLoaderBlock) == STATUS_INSUFFICIENT_RESOURCES) {
        BootStop("too little memory: %u KiB usable, at least %u KiB are needed (with QEMU: -m 32).",
            Total >> 10, MINIMUM_MEMORY >> 10);
    }
}

/*
 * KiSystemStartup - from the first C instruction to the idle loop.
 *
 * No interrupts come until KeInitSystem starts the clock.  From then on this is the
 * idle thread: it may be preempted, but nothing it calls may wait.
 */
void KiSystemStartup(ULONG Information)
{
    ULONG i;

    KeLoaderBlock.StartTsc = (ULONG)HalQueryTsc(); /* every processor with PAE has one */
    HalInitializeConsole();
    HalInitializeProcessorFeatures();
    HalCalibrateTimeStampCounter(); /* trace records are stamped with it */
    BootReadMultiboot(Information); /* before anything overwrites it */
    HalMaskInterrupts();
    KeInitializeProcessor();        /* faults are reported, interrupts taken from here on */
    BootParseOptions();
    BootWaitForDebugger();
    BootPrintMachine();
    BootStartMemory();
    HalInitializeInterrupts(MmMapIoSpace);
    KeInitSystem(); /* this thread of execution becomes the idle thread */
    KeStartProcessors();
    for (i = 0; i < ARRAYSIZE(BootPhase0); i++) {
        NTSTATUS Status = BootPhase0[i]();

        if (!NT_SUCCESS(Status)) {
            KeBugCheckEx(PHASE0_INITIALIZATION_FAILED, (__force ULONG)Status, i, 0, 0);
        }
    }
    KiIdleLoop();
}
