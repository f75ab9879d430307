/* SPDX-License-Identifier: MIT */
/*
 * The clock interrupt and the times it keeps.  They live in the page shared with
 * user mode (KUSER_SHARED_DATA), which reads them without a lock or a system
 * call; so does the kernel.
 *
 * One processor advances the time; each charges its running thread for the tick.
 */
#include "ke/ki.h"
#include "hal.h"

ULONG KeMaximumIncrement = HAL_CLOCK_PERIOD;

/*
 * A reader takes High1, Low, High2 and is content when the two agree; so the
 * writer goes the other way.  There is one writer.
 */
static void KiWriteTime(volatile KSYSTEM_TIME *Time, ULONGLONG Value)
{
    Time->High2Time = (LONG)(Value >> 32);
    Time->LowPart = (ULONG)Value;
    Time->High1Time = (LONG)(Value >> 32);
}

void KeQuerySystemTime(PLARGE_INTEGER Time)
{
    Time->QuadPart = (LONGLONG)NascentReadTime(&KiSharedData->SystemTime);
}

ULONGLONG KeQueryInterruptTime(void)
{
    return NascentReadTime(&KiSharedData->InterruptTime);
}

/* The time-stamp counter, or interrupt time on a processor that has none. */
ULONGLONG KeQueryPerformanceCounter(PULONGLONG Frequency)
{
    ULONGLONG TscFrequency = HalTscFrequency();

    if (Frequency != NULL) {
        *Frequency = TscFrequency != 0 ? TscFrequency : 10000000;
    }
    return TscFrequency != 0 ? HalQueryTsc() : KeQueryInterruptTime();
}

static void KiAdvance(volatile KSYSTEM_TIME *Time, ULONG Amount)
{
    KiWriteTime(Time, ((ULONGLONG)(ULONG)Time->High1Time << 32 | Time->LowPart) + Amount);
}

void KeUpdateSystemTime(PKTRAP_FRAME TrapFrame)
{
    if (KiCurrentPrcb()->Number != 0) {
        KeUpdateRunTime(TrapFrame);
        return;
    }
    KiAdvance(&KiSharedData->InterruptTime, KeMaximumIncrement);
    KiAdvance(&KiSharedData->SystemTime, KeMaximumIncrement);
    KiAdvance(&KiSharedData->TickCount, 1);
    KiSharedData->TickCountLowDeprecated = KiSharedData->TickCount.LowPart;
    KiCheckTimers(KeQueryInterruptTime());
    KeUpdateRunTime(TrapFrame);
}

ULONG KeQueryIdleTicks(void)
{
    ULONG Ticks = 0;

    for (ULONG i = 0; i < KeNumberProcessors; i++) {
        Ticks += KiProcessorBlock[i]->IdleTicks;
    }
    return Ticks;
}

void KeUpdateRunTime(PKTRAP_FRAME TrapFrame)
{
    PKPRCB Prcb = KiCurrentPrcb();
    PKTHREAD Thread = Prcb->CurrentThread;

    if (Thread == Prcb->IdleThread) {
        Prcb->IdleTicks++;
        return;
    }
    if (TrapFrame->SegCs & RPL_MASK) {
        Thread->UserTime++;
        InterlockedIncrement(&Thread->Process->UserTime);
    } else {
        Thread->KernelTime++;
        InterlockedIncrement(&Thread->Process->KernelTime);
    }
    Thread->Quantum -= KI_CLOCK_QUANTUM;
    if (Thread->Quantum <= 0) {
        Prcb->QuantumEnd = TRUE;
        KiPendSoftwareInterrupt(DISPATCH_LEVEL);
    }
}

/* Interrupts are off; the shared page is mapped. */
void KeInitializeClock(void)
{
    LARGE_INTEGER Now;

    if (HalQueryRealTimeClock(&Now)) {
        KiWriteTime(&KiSharedData->SystemTime, (ULONGLONG)Now.QuadPart);
    }
    KeMaximumIncrement = HalInitializeClock(HAL_CLOCK_PERIOD);
    KiSharedData->TickCountMultiplier = (ULONG)(((ULONGLONG)KeMaximumIncrement << 24) / 10000);
}
