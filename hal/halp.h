/* SPDX-License-Identifier: MIT */
/*
 * Private to the HAL: port and register access, and what its files say to one
 * another.  The public half is inc/hal.h.
 */
#pragma once
#include "hal.h"

FORCEINLINE void HalpWritePort8(USHORT Port, UCHAR Value)
{
    __asm__ volatile("outb %0, %1" : : "a"(Value), "Nd"(Port));
}

FORCEINLINE void HalpWritePort16(USHORT Port, USHORT Value)
{
    __asm__ volatile("outw %0, %1" : : "a"(Value), "Nd"(Port));
}

FORCEINLINE UCHAR HalpReadPort8(USHORT Port)
{
    UCHAR Value;
    __asm__ volatile("inb %1, %0" : "=a"(Value) : "Nd"(Port));
    return Value;
}

FORCEINLINE ULONGLONG HalpReadMsr(ULONG Register)
{
    ULONGLONG Value;
    __asm__ volatile("rdmsr" : "=A"(Value) : "c"(Register));
    return Value;
}

FORCEINLINE void HalpWriteMsr(ULONG Register, ULONGLONG Value)
{
    __asm__ volatile("wrmsr" : : "c"(Register), "A"(Value));
}

/* pic.c: two 8259 */
void HalpInitializePic(void);
void HalpSetPicMask(ULONG Irq, BOOLEAN Masked);
BOOLEAN HalpIsPicSpurious(UCHAR Vector);
void HalpEndPicInterrupt(UCHAR Vector);

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
#define HALP_PROCESSORS 8 /* table of their local APIC ids; ke supports no more */

typedef struct _HALP_APIC_TABLE {
    ULONG LocalApic; /* physical */
    HALP_IO_APIC IoApic;
    HALP_ISA_LINE Lines[HALP_ISA_LINES];
    ULONG ProcessorCount; /* enabled ones, in the table or not */
    UCHAR ProcessorIds[HALP_PROCESSORS];
} HALP_APIC_TABLE;

BOOLEAN HalpInitializeApic(const HALP_APIC_TABLE *Table, PHAL_MAP_REGISTERS MapRegisters);
void HalpSetIoApicMask(ULONG Irq, BOOLEAN Masked);
void HalpEndApicInterrupt(void);
void HalpInitializeLocalApic(void);
UCHAR HalpLocalApicId(void);
/* Command: HALP_IPI_... and a vector.  Interrupts are off; returns when it is sent. */
void HalpSendIpi(UCHAR ApicId, ULONG Command);
#define HALP_IPI_FIXED 0x4000
#define HALP_IPI_NMI   0x4400
#define HALP_IPI_INIT  0x4500
#define HALP_IPI_START 0x4600 /* + page number of the first instruction */
void HalpStartApicTimer(ULONG Count, BOOLEAN Periodic, UCHAR Vector);
ULONG HalpReadApicTimer(void);

/* processor.c: the processors of the table, this one first */
void HalpNumberProcessors(const HALP_APIC_TABLE *Table);

/* acpi.c: FALSE when there is no usable MADT */
BOOLEAN HalpFindApicTable(PHAL_MAP_REGISTERS MapRegisters, _Out_ HALP_APIC_TABLE *Table);

/* screen.c */
void HalpInitializeScreen(void);
void HalpScreenWrite(PCSTR Text, SIZE_T Length);
