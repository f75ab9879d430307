/* SPDX-License-Identifier: MIT */
/*
 * What the boot loader told us, copied out of its memory before that memory is
 * reused, and the options of the kernel command line.
 */
#pragma once
#include "nt/ntdef.h"

#define BOOT_MAX_MEMORY_RANGES 32
#define BOOT_COMMAND_LINE_SIZE 256
#define KERNEL_BASE            0x80000000u /* virtual address of physical address 0 */

typedef struct _BOOT_MEMORY_RANGE {
    uint64_t Base; /* physical, bytes */
    uint64_t Length;
} BOOT_MEMORY_RANGE;

/* Filled by boot/multiboot.c; read-only afterwards. */
typedef struct _LOADER_PARAMETER_BLOCK {
    ULONG RangeCount; /* usable RAM, ascending; holds kernel and ramdisk too */
    BOOT_MEMORY_RANGE Ranges[BOOT_MAX_MEMORY_RANGES];
    ULONG KernelStart; /* physical; page-aligned */
    ULONG KernelEnd;
    ULONG RamdiskStart; /* physical; 0 when no module was given */
    ULONG RamdiskSize;  /* bytes */
    ULONG StartTsc;     /* low half, at the first C instruction; for benchmarks */
    CHAR LoaderName[32];
    CHAR CommandLine[BOOT_COMMAND_LINE_SIZE]; /* options only, no path */
} LOADER_PARAMETER_BLOCK, *PLOADER_PARAMETER_BLOCK;

typedef enum _TRACE_LEVEL {
    TraceLevelOff,
    TraceLevelPhases, /* SUMMARY events; the default */
    TraceLevelFull,
} TRACE_LEVEL;

typedef struct _BOOT_OPTIONS {
    TRACE_LEVEL Trace;     /* trace=off|phases|full */
    BOOLEAN Color;         /* color=on|off */
    BOOLEAN PowerOff;      /* exit=on: leave QEMU when the demonstration ends */
    BOOLEAN WaitDebugger;  /* debug: int3-free wait until gdb sets KdDebuggerPresent */
    BOOLEAN Records;       /* records=on: binary trace records on COM2 */
    CHAR Test[64];         /* test=GLOB; empty: no tests */
    CHAR Bench[16];        /* bench=ID or bench=all; empty: none */
    CHAR Run[64];          /* run=programs\parent.exe, what smss starts */
    CHAR Crash[16];        /* crash=KIND: a bug on purpose; empty: none */
    ULONG Seed;            /* seed=N for tests */
    ULONG Steps;           /* steps=N for ke_stress, ke_free */
    ULONG TraceRecords;    /* tracebuf=N: records a ring, a power of two */
} BOOT_OPTIONS;

extern LOADER_PARAMETER_BLOCK KeLoaderBlock;
extern BOOT_OPTIONS KeBootOptions;
