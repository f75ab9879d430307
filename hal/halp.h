/* SPDX-License-Identifier: MIT */
/*
 * Private to the HAL: port and register access, and what its files say to one
 * another.  The public half is inc/hal.h.
 */
#pragma once
#include "hal.h"

FORCEINLINE VOID HalpWritePort8(USHORT Port, UCHAR Value)
{
    __asm__ volatile("outb %0, %1" : : "a"(Value), "Nd"(Port));
}

FORCEINLINE VOID HalpWritePort16(USHORT Port, USHORT Value)
{
    __asm__ volatile("outw %0, %1" : : "a"(Value), "Nd"(Port));
}

FORCEINLINE UCHAR HalpReadPort8(USHORT Port)
{
    UCHAR value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(Port));
    return value;
}

FORCEINLINE ULONGLONG HalpReadMsr(ULONG Register)
{
    ULONGLONG value;
    __asm__ volatile("rdmsr" : "=A"(value) : "c"(Register));
    return value;
}

FORCEINLINE VOID HalpWriteMsr(ULONG Register, ULONGLONG Value)
{
    __asm__ volatile("wrmsr" : : "c"(Register), "A"(Value));
}

/* pic.c: two 8259 */
VOID HalpInitializePic(VOID);
VOID HalpSetPicMask(ULONG Irq, BOOLEAN Masked);
BOOLEAN HalpIsPicSpurious(UCHAR Vector);
VOID HalpEndPicInterrupt(UCHAR Vector);

/* apic.c: local APIC and I/O APIC */
typedef struct _HALP_IO_APIC {
    ULONG Physical;
    ULONG FirstInput; /* global system interrupt of its input 0 */
} HALP_IO_APIC;

/* Where an ISA line really ends, from the MADT's overrides. */
typedef struct _HALP_ISA_LINE {
    ULONG Input;   /* global system interrupt */
    BOOLEAN Low;   /* active low */
    BOOLEAN Level; /* level-triggered */
} HALP_ISA_LINE;

#define HALP_ISA_LINES 16

typedef struct _HALP_APIC_TABLE {
    ULONG LocalApic; /* physical */
    HALP_IO_APIC IoApic;
    HALP_ISA_LINE Lines[HALP_ISA_LINES];
} HALP_APIC_TABLE;

BOOLEAN HalpInitializeApic(const HALP_APIC_TABLE *Table, PHAL_MAP_REGISTERS MapRegisters);
VOID HalpSetIoApicMask(ULONG Irq, BOOLEAN Masked);
VOID HalpEndApicInterrupt(VOID);
VOID HalpStartApicTimer(ULONG Count, BOOLEAN Periodic, UCHAR Vector);
ULONG HalpReadApicTimer(VOID);

/* acpi.c: FALSE when there is no usable MADT */
BOOLEAN HalpFindApicTable(PHAL_MAP_REGISTERS MapRegisters, _Out_ HALP_APIC_TABLE *Table);

/* screen.c */
VOID HalpInitializeScreen(VOID);
VOID HalpScreenWrite(PCSTR Text, SIZE_T Length);
