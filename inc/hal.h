/* SPDX-License-Identifier: MIT */
/*
 * What the layers above may ask of the hardware abstraction layer: every in/out
 * instruction, model-specific register and device register of Nascent is behind
 * one of these routines.
 *
 * The HAL keeps no locks.  Initialisation runs once on the boot processor with
 * interrupts disabled; for the rest each routine says what the caller must hold.
 * Delivery (IDT, IRQL, handlers) is ke's: it calls HalBeginInterrupt when a
 * vector above 0x2F arrives and HalEndOfInterrupt when it is done with it.
 */
#pragma once
#include "nt/ntdef.h"

/*
 * Interrupt vectors.  INT 2E is the system call, so the 8259s cannot use NT's
 * old base 0x20: device lines are at 0x30 with either kind of controller.
 */
#define HAL_VECTOR_IRQ_BASE     0x30 /* + line 0..15 (8259) or 0..23 (I/O APIC) */
#define HAL_VECTOR_PIC_SPURIOUS1 0x37
#define HAL_VECTOR_PIC_SPURIOUS2 0x3F
#define HAL_VECTOR_CLOCK        0xD1 /* local APIC timer; see HalClockVector */
#define HAL_VECTOR_IPI          0xE1 /* from another processor */
#define HAL_VECTOR_APIC_ERROR   0xE3
#define HAL_VECTOR_SPURIOUS     0xFF

/* --- Processor: hal/cpu.c ------------------------------------------------ */

/* Bits of HalCpuFeatures; each is what CPUID offers, not what is switched on. */
#define HAL_CPU_TSC    0x00000001u
#define HAL_CPU_PAE    0x00000002u
#define HAL_CPU_NX     0x00000004u /* boot/entry.S has set EFER.NXE already */
#define HAL_CPU_SMEP   0x00000008u
#define HAL_CPU_SMAP   0x00000010u
#define HAL_CPU_UMIP   0x00000020u
#define HAL_CPU_SEP    0x00000040u
#define HAL_CPU_PGE    0x00000080u
#define HAL_CPU_APIC   0x00000100u
#define HAL_CPU_FPU    0x00000200u
#define HAL_CPU_FXSR   0x00000400u
#define HAL_CPU_SSE    0x00000800u
#define HAL_CPU_SSE2   0x00001000u
#define HAL_CPU_CX8    0x00002000u
#define HAL_CPU_CMOV   0x00004000u
#define HAL_CPU_PSE    0x00008000u
#define HAL_CPU_PAT    0x00010000u
#define HAL_CPU_HYPERVISOR 0x80000000u /* runs under an emulator that says so */

extern ULONG HalCpuFeatures;
extern CHAR HalCpuVendor[13]; /* "GenuineIntel", zero-terminated */

void HalInitializeProcessorFeatures(void);
/* Writes "pae nx smep ..." into Buffer, zero-terminated, cut to Size. */
void HalDescribeCpuFeatures(_Out_ PSTR Buffer, SIZE_T Size);

/* --- Serial ports and text screen: hal/serial.c, hal/screen.c, hal/console.c */

#define HAL_COM1 0x3F8
#define HAL_COM2 0x2F8

/* 115200 8N1 with FIFO, no interrupts.  FALSE: there is no UART at Port. */
BOOLEAN HalSerialInitialize(USHORT Port);
/* Bytes as they are.  Does nothing for a port that is not initialised. */
void HalSerialWrite(USHORT Port, _In_ PCVOID Bytes, SIZE_T Length);
/* The next byte received, or -1 when there is none. */
LONG HalSerialRead(USHORT Port);

/*
 * COM1 and text screen; '\n' becomes CR LF on COM1, and colour escapes (ESC[..m)
 * become screen attributes.  Any IRQL; the caller serialises.
 */
void HalInitializeConsole(void);
void HalConsoleWrite(_In_ PCSTR Text, SIZE_T Length);

/* --- Interrupt controllers: hal/interrupt.c (+ pic.c, apic.c, acpi.c) ------ */

/*
 * Maps Length bytes of device registers at Physical, uncached, for good; NULL
 * when it cannot.  Handed down by boot because mapping is mm's and mm is above.
 */
typedef PVOID (*PHAL_MAP_REGISTERS)(ULONG Physical, SIZE_T Length);

typedef enum _HAL_INTERRUPT_CONTROLLER {
    HalControllerPic,  /* two 8259 and the PIT */
    HalControllerApic, /* local APIC and I/O APIC */
} HAL_INTERRUPT_CONTROLLER;

/* Whatever the firmware has left: no device interrupts from here on. */
void HalMaskInterrupts(void);
/* Every line masked.  APICs when CPUID and ACPI's MADT have them, else 8259. */
void HalInitializeInterrupts(_In_ PHAL_MAP_REGISTERS MapRegisters);
HAL_INTERRUPT_CONTROLLER HalInterruptController(void);

/*
 * FALSE: Vector was a spurious interrupt, to be ignored, without
 * HalEndOfInterrupt.  Called first in the handler, interrupts disabled.
 */
BOOLEAN HalBeginInterrupt(UCHAR Vector);
void HalEndOfInterrupt(UCHAR Vector);

/* ISA line 0..15 to HAL_VECTOR_IRQ_BASE + line.  FALSE: no such line. */
BOOLEAN HalEnableInterrupt(ULONG Irq);
void HalDisableInterrupt(ULONG Irq);

/* --- Processors: hal/processor.c --------------------------------------------- */

/*
 * How many there are; 1 without APICs.  They are numbered from 0, the one that
 * boots, and only HAL_PROCESSORS of them can be started and addressed.
 */
ULONG HalProcessorCount(void);
#define HAL_PROCESSORS 8
/*
 * Makes processor Number begin in real mode at physical address Start, a page
 * below 1 MiB.  *Started becomes TRUE by the code there; FALSE if it does not.
 */
BOOLEAN HalStartProcessor(ULONG Number, ULONG Start, const volatile BOOLEAN *Started);
/* On the started one: its local APIC, with the clock ticking as on the first. */
void HalInitializeProcessor(void);
/* Interrupts are off.  Vector on the other processor; the second one cannot be masked. */
void HalRequestIpi(ULONG Number, UCHAR Vector);
void HalRequestNmi(ULONG Number);

/* --- Time: hal/timer.c, hal/rtc.c ------------------------------------------ */

#define HAL_CLOCK_PERIOD 100000u /* 10 ms in units of 100 ns */

/* Counts TSC ticks against the PIT for about a millisecond. */
void HalCalibrateTimeStampCounter(void);
/* Ticks a second, fixed after calibration; 0 when CPUID offers no TSC. */
ULONGLONG HalTscFrequency(void);

FORCEINLINE ULONGLONG HalQueryTsc(void)
{
    ULONGLONG Ticks;
    __asm__ volatile("rdtsc" : "=A"(Ticks));
    return Ticks;
}

/*
 * Starts the periodic clock, Period in units of 100 ns (at most 500000), after
 * HalInitializeInterrupts.  Returns the period really set.
 */
ULONG HalInitializeClock(ULONG Period);
/* The same on every other processor. */
void HalStartProcessorClock(void);
void HalStallExecution(ULONG Microseconds);
/* HAL_VECTOR_CLOCK, or with the 8259 the vector of line 0. */
UCHAR HalClockVector(void);

/* Battery clock, taken as UTC: 100 ns units since 1601.  FALSE: not plausible. */
BOOLEAN HalQueryRealTimeClock(_Out_ PLARGE_INTEGER SystemTime);

/* --- The end: hal/exit.c --------------------------------------------------- */

#define HAL_EXIT_PASS    0x10 /* QEMU's exit status 33 */
#define HAL_EXIT_FAILURE 0x22 /* QEMU's exit status 69 */

/* Leaves an emulator that has isa-debug-exit at 0xF4; returns where there is none. */
void HalExitEmulator(UCHAR Code);
/* ACPI S5 where its port is known, then HalHalt. */
DECLSPEC_NORETURN void HalPowerOff(void);
/* Interrupts off, for ever. */
DECLSPEC_NORETURN void HalHalt(void);
