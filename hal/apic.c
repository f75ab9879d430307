/* SPDX-License-Identifier: MIT */
/*
 * The local APIC of this processor and the I/O APIC that serves the ISA lines.
 * Interrupts are edge-triggered and go to the boot processor; priorities are not
 * used (the task priority stays 0) because ke keeps IRQLs by itself.
 */
#include "hal/halp.h"

#define MSR_APIC_BASE    0x1B
#define APIC_BASE_ENABLE 0x800

/* Local APIC registers, byte offsets. */
#define LAPIC_ID            0x020
#define LAPIC_TASK_PRIORITY 0x080
#define LAPIC_END           0x0B0
#define LAPIC_SPURIOUS      0x0F0
#define LAPIC_COMMAND       0x300
#define LAPIC_TARGET        0x310
#define LAPIC_LVT_TIMER     0x320
#define LAPIC_LVT_LINT0     0x350
#define LAPIC_LVT_LINT1     0x360
#define LAPIC_LVT_ERROR     0x370
#define LAPIC_TIMER_INITIAL 0x380
#define LAPIC_TIMER_CURRENT 0x390
#define LAPIC_TIMER_DIVIDE  0x3E0

#define COMMAND_PENDING 0x1000
#define SPURIOUS_ENABLE 0x100
#define LVT_MASKED      0x10000
#define LVT_PERIODIC    0x20000
#define LVT_NMI         0x400
#define DIVIDE_BY_16    0x3

/* I/O APIC: an index and a data register; two words of table per input. */
#define IOAPIC_INDEX   0x00
#define IOAPIC_DATA    0x10
#define IOAPIC_VERSION 1
#define IOAPIC_TABLE   0x10
#define ENTRY_MASKED   0x10000
#define ENTRY_LEVEL    0x8000
#define ENTRY_LOW      0x2000

static volatile UCHAR *HalpLocalApic;
static volatile UCHAR *HalpIoApic;
static ULONG HalpIoApicInputs;
static HALP_APIC_TABLE HalpApicTable;

static ULONG HalpReadLocal(ULONG Offset)
{
    return *(volatile ULONG *)(HalpLocalApic + Offset);
}

static void HalpWriteLocal(ULONG Offset, ULONG Value)
{
    *(volatile ULONG *)(HalpLocalApic + Offset) = Value;
}

static ULONG HalpReadIo(ULONG Index)
{
    *(volatile ULONG *)(HalpIoApic + IOAPIC_INDEX) = Index;
    return *(volatile ULONG *)(HalpIoApic + IOAPIC_DATA);
}

static void HalpWriteIo(ULONG Index, ULONG Value)
{
    *(volatile ULONG *)(HalpIoApic + IOAPIC_INDEX) = Index;
    *(volatile ULONG *)(HalpIoApic + IOAPIC_DATA) = Value;
}

/* Each processor its own, at the same address. */
void HalpInitializeLocalApic(void)
{
    HalpWriteMsr(MSR_APIC_BASE, HalpReadMsr(MSR_APIC_BASE) | APIC_BASE_ENABLE);
    HalpWriteLocal(LAPIC_TASK_PRIORITY, 0);
    HalpWriteLocal(LAPIC_LVT_TIMER, LVT_MASKED);
    HalpWriteLocal(LAPIC_LVT_LINT0, LVT_MASKED); /* the 8259s are masked too */
    HalpWriteLocal(LAPIC_LVT_LINT1, LVT_NMI);
    HalpWriteLocal(LAPIC_LVT_ERROR, HAL_VECTOR_APIC_ERROR);
    HalpWriteLocal(LAPIC_TIMER_DIVIDE, DIVIDE_BY_16);
    HalpWriteLocal(LAPIC_SPURIOUS, SPURIOUS_ENABLE | HAL_VECTOR_SPURIOUS);
    HalpWriteLocal(LAPIC_END, 0);
}

BOOLEAN HalpInitializeApic(const HALP_APIC_TABLE *Table, PHAL_MAP_REGISTERS MapRegisters)
{
    ULONG i;

    HalpApicTable = *Table;
    HalpLocalApic = MapRegisters(Table->LocalApic, 0x1000);
    HalpIoApic = MapRegisters(Table->IoApic.Physical, 0x20);
    if (HalpLocalApic == NULL || HalpIoApic == NULL) {
        return FALSE;
    }
    HalpInitializeLocalApic();
    HalpNumberProcessors(Table);
    HalpIoApicInputs = (HalpReadIo(IOAPIC_VERSION) >> 16 & 0xFF) + 1;
    for (i = 0; i < HalpIoApicInputs; i++) {
        HalpWriteIo(IOAPIC_TABLE + 2 * i, ENTRY_MASKED);
    }
    return TRUE;
}

void HalpSetIoApicMask(ULONG Irq, BOOLEAN Masked)
{
    const HALP_ISA_LINE *Line = &HalpApicTable.Lines[Irq];
    ULONG Input = Line->Input - HalpApicTable.IoApic.FirstInput;
    ULONG Entry = HAL_VECTOR_IRQ_BASE + Irq;

    if (Input >= HalpIoApicInputs) {
        return;
    }
    Entry |= Masked ? ENTRY_MASKED : 0;
    Entry |= Line->Low ? ENTRY_LOW : 0;
    Entry |= Line->Level ? ENTRY_LEVEL : 0;
    HalpWriteIo(IOAPIC_TABLE + 2 * Input + 1, HalpReadLocal(LAPIC_ID));
    HalpWriteIo(IOAPIC_TABLE + 2 * Input, Entry);
}

UCHAR HalpLocalApicId(void)
{
    return (UCHAR)(HalpReadLocal(LAPIC_ID) >> 24);
}

void HalpSendIpi(UCHAR ApicId, ULONG Command)
{
    HalpWriteLocal(LAPIC_TARGET, (ULONG)ApicId << 24);
    HalpWriteLocal(LAPIC_COMMAND, Command);
    while (HalpReadLocal(LAPIC_COMMAND) & COMMAND_PENDING) {
        __asm__ volatile("pause");
    }
}

void HalpEndApicInterrupt(void)
{
    HalpWriteLocal(LAPIC_END, 0);
}

/* Counts down from Count at a sixteenth of the bus clock; Vector 0: no interrupt. */
void HalpStartApicTimer(ULONG Count, BOOLEAN Periodic, UCHAR Vector)
{
    ULONG Mode = (Periodic ? LVT_PERIODIC : 0) | (Vector == 0 ? LVT_MASKED : Vector);

    HalpWriteLocal(LAPIC_LVT_TIMER, Mode);
    HalpWriteLocal(LAPIC_TIMER_INITIAL, Count);
}

ULONG HalpReadApicTimer(void)
{
    return HalpReadLocal(LAPIC_TIMER_CURRENT);
}
