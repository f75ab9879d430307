/* SPDX-License-Identifier: MIT */
/*
 * Private to boot/: the steps of the start, in the order they run.
 */
#pragma once
#include "boot.h"
#include "ke.h"

/* main.c: called by entry.S with the physical address of Multiboot's information. */
DECLSPEC_NORETURN void KiSystemStartup(ULONG Information);
extern volatile ULONG KdDebuggerPresent;

/*
 * multiboot.c: copies what the loader left at Information into KeLoaderBlock.
 * Runs before anything can be printed; tolerates whatever is absent.
 */
void BootReadMultiboot(ULONG Information);

/* phase1.c: the first system thread; its argument is not used. */
void Phase1Initialization(PVOID Context);

/* crash.c: breaks down in the way Kind names; returns if there is no such way. */
void BootCrash(PCSTR Kind);

/* options.c: KeLoaderBlock.CommandLine to KeBootOptions; reports what is unknown. */
void BootParseOptions(void);

/*
 * stop.c: says why the kernel cannot go on, in whole sentences on the console,
 * and stops: an error of the set-up, not of the kernel, hence no bugcheck.
 */
DECLSPEC_NORETURN void BootStop(PCSTR Format, ...) _Printf_(1, 2);
