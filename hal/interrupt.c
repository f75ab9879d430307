/* SPDX-License-Identifier: MIT */
/*
 * Which interrupt controllers are in use, and the routines that hide it.
 * Next: pic.c, apic.c; acpi.c finds the APICs.
 */
#include "hal/halp.h"

static HAL_INTERRUPT_CONTROLLER HalpController;

void HalMaskInterrupts(void)
{
    HalpInitializePic();
}

void HalInitializeInterrupts(PHAL_MAP_REGISTERS MapRegisters)
{
    HALP_APIC_TABLE Table;

    if ((HalCpuFeatures & HAL_CPU_APIC) && HalpFindApicTable(MapRegisters, &Table) &&
        HalpInitializeApic(&Table, MapRegisters)) {
        HalpController = HalControllerApic;
    }
}

HAL_INTERRUPT_CONTROLLER HalInterruptController(void)
{
    return HalpController;
}

BOOLEAN HalBeginInterrupt(UCHAR Vector)
{
    if (HalpController == HalControllerPic) {
        return !HalpIsPicSpurious(Vector);
    }
    return Vector != HAL_VECTOR_SPURIOUS;
}

void HalEndOfInterrupt(UCHAR Vector)
{
    if (HalpController == HalControllerPic) {
        HalpEndPicInterrupt(Vector);
    } else {
        HalpEndApicInterrupt();
    }
}

static BOOLEAN HalpSetMask(ULONG Irq, BOOLEAN Masked)
{
    if (Irq >= HALP_ISA_LINES) {
        return FALSE;
    }
    if (HalpController == HalControllerPic) {
        HalpSetPicMask(Irq, Masked);
    } else {
        HalpSetIoApicMask(Irq, Masked);
    }
    return TRUE;
}

BOOLEAN HalEnableInterrupt(ULONG Irq)
{
    return HalpSetMask(Irq, FALSE);
}

void HalDisableInterrupt(ULONG Irq)
{
    HalpSetMask(Irq, TRUE);
}

UCHAR HalClockVector(void)
{
    return HalpController == HalControllerApic ? HAL_VECTOR_CLOCK : HAL_VECTOR_IRQ_BASE;
}
