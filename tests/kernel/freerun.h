/* SPDX-License-Identifier: MIT */
/*
 * The free-running stress of all dispatcher objects: threads of several processes
 * (tests/user/freerun.c) use them at the same time, and what must hold at any moment
 * and in the end is looked at from three sides.
 *
 *   tests/user/freecount.h  each thread judges what its calls return
 *   freecheck.c             the kernel's own lists are looked at meanwhile; the end
 *   ke_free.c               starts the processes, keeps them going, finds who hangs
 */
#pragma once
#include "tests/freerun.h"

extern PVOID KtFreeObjects[FREE_OBJECTS]; /* bodies, referenced */
extern FREE_MEMORY KtFree;                /* a copy, as of the last look */

/* ---- freecheck.c --------------------------------------------------------------------- */

/* Under the dispatcher lock: nobody waits for what he could have; FALSE: says what is wrong. */
BOOLEAN KtAuditFree(void);
/* All is quiet: nothing was lost and nothing came from nowhere. */
void KtJudgeFree(void);
/* Who does what, and waits for what. */
void KtReportFree(void);
