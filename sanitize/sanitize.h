/* SPDX-License-Identifier: MIT */
/*
 * What the run-time halves of the compiler's sanitizers share: `make
 * SANITIZE=undefined` and `make SANITIZE=kernel-address` link one of them into the
 * kernel; no other build contains a line of this folder.
 *
 * A report stops the system, because what follows cannot be trusted.  A test that
 * provokes one on purpose announces it.  Next: undefined.c, kernel-address.c.
 */
#pragma once
#include "ke.h"

/* From here to the next call, reports in this thread are printed and counted. */
void SanExpectReports(void);
/* The number of reports since then; the next one is a bugcheck again. */
ULONG SanEndExpectation(void);

/*
 * SanBeginReport - is there to be a report now?
 *
 * TRUE: print what happened, then call SanEndReport.  FALSE: the report would be
 * about the reporting itself.
 */
BOOLEAN SanBeginReport(void);
/* Counts the report if it was expected; bugchecks otherwise. */
void SanEndReport(ULONG_PTR Caller);
