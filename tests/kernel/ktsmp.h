/* SPDX-License-Identifier: MIT */
/*
 * What the tests of several processors share: ke_smp.c, what processors do at the same
 * time, and ke_smp_place.c, which of them a thread gets.
 */
#pragma once
#include "tests/kernel/kt.h"

#define KT_ROUNDS 200

static inline BOOLEAN KtHasProcessors(void)
{
    if (KeNumberProcessors == 1) {
        KtSkip("one processor");
        return FALSE;
    }
    return TRUE;
}

/* FALSE: *Value does not reach Wanted.  Does not give up the processor. */
static inline BOOLEAN KtSpinUntil(const volatile LONG *Value, LONG Wanted)
{
    ULONGLONG End = KeQueryInterruptTime() + KT_LONG * 10000ull;

    while (*Value < Wanted && KeQueryInterruptTime() < End) {
        __builtin_ia32_pause();
    }
    return *Value >= Wanted;
}
