/* SPDX-License-Identifier: MIT */
/*
 * Descriptor tables of a processor, as the processor reads them, and the block
 * in which each processor has its own.
 */
#pragma once
#include "ke.h"

#define KGDT_NMI_TSS 0x58
#define KI_GDT_ENTRIES 16
#define KI_IDT_ENTRIES 256

typedef struct _KGDTENTRY {
    USHORT LimitLow;
    USHORT BaseLow;
    UCHAR BaseMid;
    UCHAR Access; /* present, DPL, type */
    UCHAR Flags;  /* granularity, size, limit 16..19 */
    UCHAR BaseHigh;
} KGDTENTRY, *PKGDTENTRY;
_Static_assert(sizeof(KGDTENTRY) == 8, "hardware layout");

#define KGDT_ACCESS_CODE 0x9A /* present, ring 0, code, readable */
#define KGDT_ACCESS_DATA 0x92
#define KGDT_ACCESS_TSS  0x89
#define KGDT_ACCESS_DPL3 0x60
#define KGDT_FLAGS_FLAT  0xC0 /* pages, 32 bit */
#define KGDT_FLAGS_BYTES 0x40

typedef struct _KIDTENTRY {
    USHORT OffsetLow;
    USHORT Selector;
    USHORT Access;
    USHORT OffsetHigh;
} KIDTENTRY, *PKIDTENTRY;
_Static_assert(sizeof(KIDTENTRY) == 8, "hardware layout");

#define KIDT_INTERRUPT_GATE 0x8E00 /* clears EFLAGS.IF on the way */
#define KIDT_TASK_GATE      0x8500
#define KIDT_DPL3           0x6000

typedef struct _KTSS {
    ULONG Backlink;
    ULONG Esp0, Ss0; /* what the processor loads when it comes from ring 3 */
    ULONG Esp1, Ss1, Esp2, Ss2;
    ULONG Cr3, Eip, EFlags;
    ULONG Eax, Ecx, Edx, Ebx, Esp, Ebp, Esi, Edi;
    ULONG Es, Cs, Ss, Ds, Fs, Gs;
    ULONG Ldt;
    USHORT Trap;
    USHORT IoMapBase;
} KTSS, *PKTSS;
_Static_assert(sizeof(KTSS) == 104, "hardware layout");

/* In this order: syscall.S and switch.S find the other two from KPCR.TSS. */
typedef struct _KI_TASKS {
    KTSS Main;
    KTSS DoubleFault;
    KTSS Nmi;
} KI_TASKS, *PKI_TASKS;

#define KI_FAULT_STACK_SIZE 0x1000

/* All that is a processor's own.  The boot processor's is static. */
typedef struct _KI_PROCESSOR {
    union {
        KPCR Pcr;
        UCHAR PcrPage[0x1000]; /* mm maps it at KIP0PCRADDRESS as well */
    };
    KIDTENTRY Idt[KI_IDT_ENTRIES];
    KGDTENTRY Gdt[KI_GDT_ENTRIES];
    /*
     * SYSENTER enters with ESP = &Tasks.Main.Esp0; a single-step trap at that
     * moment pushes its three words here and in Backlink.
     */
    ULONG EntryScratch[16];
    KI_TASKS Tasks;
    UCHAR DoubleFaultStack[KI_FAULT_STACK_SIZE] __attribute__((aligned(16)));
    UCHAR NmiStack[KI_FAULT_STACK_SIZE] __attribute__((aligned(16)));
} __attribute__((aligned(0x1000))) KI_PROCESSOR, *PKI_PROCESSOR;
