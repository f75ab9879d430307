/* SPDX-License-Identifier: MIT */
/*
 * The processors of the machine: their numbers, their start, and interrupts from
 * one to another.
 *
 * A processor that has not been started waits for INIT and then for a start-up
 * interrupt, whose vector is the page it begins in, in real mode.  The second
 * start-up interrupt that the protocol asks for is sent only to one that has not
 * shown signs of life after the first.
 */
#include "hal/halp.h"

_Static_assert(HALP_PROCESSORS == HAL_PROCESSORS, "one table, two names");

#define INIT_DELAY    10000 /* microseconds, as the protocol has it */
#define START_STEP    100
#define FIRST_STEPS   20
#define SECOND_STEPS  5000 /* half a second: an emulator's host may be busy */

static ULONG HalpProcessorCount = 1;
static UCHAR HalpApicIds[HALP_PROCESSORS]; /* by number */

void HalpNumberProcessors(const HALP_APIC_TABLE *Table)
{
    ULONG Listed = Table->ProcessorCount < HALP_PROCESSORS ? Table->ProcessorCount
                                                           : HALP_PROCESSORS;
    ULONG Next = 1;
    ULONG i;

    HalpApicIds[0] = HalpLocalApicId();
    for (i = 0; i < Listed && Next < HALP_PROCESSORS; i++) {
        if (Table->ProcessorIds[i] != HalpApicIds[0]) {
            HalpApicIds[Next++] = Table->ProcessorIds[i];
        }
    }
    HalpProcessorCount = Table->ProcessorCount > Listed ? Table->ProcessorCount : Next;
}

ULONG HalProcessorCount(void)
{
    return HalpProcessorCount;
}

static BOOLEAN HalpAwaitProcessor(const volatile BOOLEAN *Started, ULONG Steps)
{
    while (!*Started && Steps-- != 0) {
        HalStallExecution(START_STEP);
    }
    return *Started;
}

BOOLEAN HalStartProcessor(ULONG Number, ULONG Start, const volatile BOOLEAN *Started)
{
    UCHAR Id = HalpApicIds[Number];

    HalpSendIpi(Id, HALP_IPI_INIT);
    HalStallExecution(INIT_DELAY);
    HalpSendIpi(Id, HALP_IPI_START | Start >> 12);
    if (HalpAwaitProcessor(Started, FIRST_STEPS)) {
        return TRUE;
    }
    HalpSendIpi(Id, HALP_IPI_START | Start >> 12);
    return HalpAwaitProcessor(Started, SECOND_STEPS);
}

void HalInitializeProcessor(void)
{
    HalpInitializeLocalApic();
    HalStartProcessorClock();
}

void HalRequestIpi(ULONG Number, UCHAR Vector)
{
    HalpSendIpi(HalpApicIds[Number], HALP_IPI_FIXED | Vector);
}

void HalRequestNmi(ULONG Number)
{
    HalpSendIpi(HalpApicIds[Number], HALP_IPI_NMI);
}
