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

typedef struct _HALP_SAMPLE {
    ULONGLONG Tsc; /* in the middle of reading the counter */
    ULONG Count;   /* PIT channel 2, counting down */
    ULONG Width;   /* TSC ticks the reading took */
} HALP_SAMPLE;

static ULONG HalpReadPitCounter(VOID)
{
    ULONG low;

    HalpWritePort8(PIT_COMMAND, PIT_LATCH2);
    low = HalpReadPort8(PIT_CHANNEL2);
    return low | (ULONG)HalpReadPort8(PIT_CHANNEL2) << 8;
}

static VOID HalpStartPitCounter(VOID)
{
    UCHAR speaker = HalpReadPort8(SPEAKER_PORT);

    HalpWritePort8(SPEAKER_PORT, (UCHAR)((speaker & ~SPEAKER_ON) | SPEAKER_GATE));
    HalpWritePort8(PIT_COMMAND, PIT_SELECT2_MODE0);
    HalpWritePort8(PIT_CHANNEL2, 0xFF);
    HalpWritePort8(PIT_CHANNEL2, 0xFF);
    while (HalpReadPitCounter() == 0) {
        /* the count is loaded at the PIT's next tick */
    }
}

static HALP_SAMPLE HalpSampleOnce(VOID)
{
    HALP_SAMPLE sample;
    ULONGLONG before = HalQueryTsc();

    sample.Count = HalpReadPitCounter();
    sample.Width = (ULONG)(HalQueryTsc() - before);
    sample.Tsc = before + sample.Width / 2;
    return sample;
}

static HALP_SAMPLE HalpSample(VOID)
{
    HALP_SAMPLE best = HalpSampleOnce();
    ULONG i;

    for (i = 1; i < SAMPLE_ATTEMPTS; i++) {
        HALP_SAMPLE next = HalpSampleOnce();

        if (next.Width < best.Width) {
            best = next;
        }
    }
    return best;
}

VOID HalCalibrateTimeStampCounter(VOID)
{
    HALP_SAMPLE first;
    HALP_SAMPLE last;

    if (!(HalCpuFeatures & HAL_CPU_TSC)) {
        return;
    }
    HalpStartPitCounter();
    first = HalpSample();
    while (first.Count - HalpReadPitCounter() < CALIBRATION_PIT_TICKS) {
        __asm__ volatile("pause");
    }
    last = HalpSample();
    HalpTscFrequency = (last.Tsc - first.Tsc) * PIT_FREQUENCY / (first.Count - last.Count);
}

ULONGLONG HalTscFrequency(VOID)
{
    return HalpTscFrequency;
}

/* Ticks a second of the local APIC timer, measured against the PIT. */
static ULONG HalpMeasureApicTimer(VOID)
{
    ULONG start;
    ULONG ticks;
    ULONG elapsed;

    HalpStartPitCounter();
    start = HalpReadPitCounter();
    HalpStartApicTimer(0xFFFFFFFF, FALSE, 0);
    do {
        elapsed = start - HalpReadPitCounter();
        ticks = 0xFFFFFFFF - HalpReadApicTimer();
    } while (elapsed < CALIBRATION_PIT_TICKS);
    return (ULONG)((ULONGLONG)ticks * PIT_FREQUENCY / elapsed);
}

static ULONG HalpStartPitClock(ULONG Period)
{
    ULONG divisor = (ULONG)((ULONGLONG)Period * PIT_FREQUENCY / 10000000);

    HalpWritePort8(PIT_COMMAND, PIT_SELECT0_MODE2);
    HalpWritePort8(PIT_CHANNEL0, (UCHAR)divisor);
    HalpWritePort8(PIT_CHANNEL0, (UCHAR)(divisor >> 8));
    HalEnableInterrupt(0);
    return (ULONG)((ULONGLONG)divisor * 10000000 / PIT_FREQUENCY);
}

ULONG HalInitializeClock(ULONG Period)
{
    ULONG count;

    if (HalInterruptController() == HalControllerPic) {
        return HalpStartPitClock(Period);
    }
    count = (ULONG)((ULONGLONG)HalpMeasureApicTimer() * Period / 10000000);
    HalpStartApicTimer(count, TRUE, HAL_VECTOR_CLOCK);
    return Period;
}
