/* SPDX-License-Identifier: MIT */
/*
 * The PIT, whose frequency is known, and what is measured with it: the time
 * stamp counter and the local APIC timer.
 *
 * A measurement is short (a millisecond), because under instruction counting it
 * is paid for in instructions, and careful: a host that takes the processor away
 * between the two reads of a sample would spoil it, so of several samples the
 * one whose reads lie closest together is taken.
 */
#include "hal/halp.h"

#define PIT_FREQUENCY 1193182u
#define PIT_CHANNEL0  0x40
#define PIT_CHANNEL2  0x42
#define PIT_COMMAND   0x43
#define SPEAKER_PORT  0x61
#define SPEAKER_GATE  0x01 /* channel 2 counts */
#define SPEAKER_ON    0x02

#define PIT_SELECT2_MODE0 0xB0 /* channel 2, both bytes, count down once */
#define PIT_LATCH2        0x80
#define PIT_SELECT0_MODE2 0x34 /* channel 0, both bytes, rate generator */

#define CALIBRATION_PIT_TICKS (PIT_FREQUENCY / 1000) /* a millisecond */
#define SAMPLE_ATTEMPTS       3

static ULONGLONG HalpTscFrequency;
static ULONG HalpApicClockCount; /* of the local APIC timers, for one period */

typedef struct _HALP_SAMPLE {
    ULONGLONG Tsc; /* in the middle of reading the counter */
    ULONG Count;   /* PIT channel 2, counting down */
    ULONG Width;   /* TSC ticks the reading took */
} HALP_SAMPLE;

static ULONG HalpReadPitCounter(void)
{
    ULONG Low;

    HalpWritePort8(PIT_COMMAND, PIT_LATCH2);
    Low = HalpReadPort8(PIT_CHANNEL2);
    return Low | (ULONG)HalpReadPort8(PIT_CHANNEL2) << 8;
}

static void HalpStartPitCounter(void)
{
    UCHAR Speaker = HalpReadPort8(SPEAKER_PORT);

    HalpWritePort8(SPEAKER_PORT, (UCHAR)((Speaker & ~SPEAKER_ON) | SPEAKER_GATE));
    HalpWritePort8(PIT_COMMAND, PIT_SELECT2_MODE0);
    HalpWritePort8(PIT_CHANNEL2, 0xFF);
    HalpWritePort8(PIT_CHANNEL2, 0xFF);
    while (HalpReadPitCounter() == 0) {
        /* the count is loaded at the PIT's next tick */
    }
}

static HALP_SAMPLE HalpSampleOnce(void)
{
    HALP_SAMPLE Sample;
    ULONGLONG Before = HalQueryTsc();

    Sample.Count = HalpReadPitCounter();
    Sample.Width = (ULONG)(HalQueryTsc() - Before);
    Sample.Tsc = Before + Sample.Width / 2;
    return Sample;
}

static HALP_SAMPLE HalpSample(void)
{
    HALP_SAMPLE Best = HalpSampleOnce();
    ULONG i;

    for (i = 1; i < SAMPLE_ATTEMPTS; i++) {
        HALP_SAMPLE Next = HalpSampleOnce();

        if (Next.Width < Best.Width) {
            Best = Next;
        }
    }
    return Best;
}

void HalCalibrateTimeStampCounter(void)
{
    HALP_SAMPLE First;
    HALP_SAMPLE Last;

    if (!(HalCpuFeatures & HAL_CPU_TSC)) {
        return;
    }
    HalpStartPitCounter();
    First = HalpSample();
    while (First.Count - HalpReadPitCounter() < CALIBRATION_PIT_TICKS) {
        __asm__ volatile("pause");
    }
    Last = HalpSample();
    HalpTscFrequency = (Last.Tsc - First.Tsc) * PIT_FREQUENCY / (First.Count - Last.Count);
}

ULONGLONG HalTscFrequency(void)
{
    return HalpTscFrequency;
}

/* Ticks a second of the local APIC timer, measured against the PIT. */
static ULONG HalpMeasureApicTimer(void)
{
    ULONG Start;
    ULONG Ticks;
    ULONG Elapsed;

    HalpStartPitCounter();
    Start = HalpReadPitCounter();
    HalpStartApicTimer(0xFFFFFFFF, FALSE, 0);
    do {
        Elapsed = Start - HalpReadPitCounter();
        Ticks = 0xFFFFFFFF - HalpReadApicTimer();
    } while (Elapsed < CALIBRATION_PIT_TICKS);
    return (ULONG)((ULONGLONG)Ticks * PIT_FREQUENCY / Elapsed);
}

/* Only processors of a machine with APICs ask; those have a TSC. */
void HalStallExecution(ULONG Microseconds)
{
    ULONGLONG End = HalQueryTsc() + HalpTscFrequency * Microseconds / 1000000;

    while (HalQueryTsc() < End) {
        __asm__ volatile("pause");
    }
}

static ULONG HalpStartPitClock(ULONG Period)
{
    ULONG Divisor = (ULONG)((ULONGLONG)Period * PIT_FREQUENCY / 10000000);

    HalpWritePort8(PIT_COMMAND, PIT_SELECT0_MODE2);
    HalpWritePort8(PIT_CHANNEL0, (UCHAR)Divisor);
    HalpWritePort8(PIT_CHANNEL0, (UCHAR)(Divisor >> 8));
    HalEnableInterrupt(0);
    return (ULONG)((ULONGLONG)Divisor * 10000000 / PIT_FREQUENCY);
}

ULONG HalInitializeClock(ULONG Period)
{
    if (HalInterruptController() == HalControllerPic) {
        return HalpStartPitClock(Period);
    }
    HalpApicClockCount = (ULONG)((ULONGLONG)HalpMeasureApicTimer() * Period / 10000000);
    HalStartProcessorClock();
    return Period;
}

void HalStartProcessorClock(void)
{
    HalpStartApicTimer(HalpApicClockCount, TRUE, HAL_VECTOR_CLOCK);
}
