/* SPDX-License-Identifier: MIT */
/*
 * Host tests: pure code of the kernel, compiled for the machine that builds it
 * and run under the address and undefined-behaviour sanitizers.  One program a
 * subject; each lists its tests in KtapTests and prints KTAP on standard output.
 */
#pragma once
#include "nt/ntdef.h"

typedef struct _KTAP_TEST {
    const char *Name;
    void (*Run)(void);
} KTAP_TEST;

/* Defined by the test program; ends with an entry without a name. */
extern const KTAP_TEST KtapTests[];

/* Counts a failure of the current test if Passed is false; printf-like remark. */
void KtapCheck(bool Passed, const char *File, int Line, const char *Remark, ...)
    __attribute__((format(printf, 4, 5)));

#define CHECK(Condition) KtapCheck((Condition), __FILE__, __LINE__, "%s", #Condition)
#define CHECK_EQUAL(Got, Wanted)                                                        \
    do {                                                                                \
        unsigned long long Got_ = (unsigned long long)(Got);                            \
        unsigned long long Wanted_ = (unsigned long long)(Wanted);                      \
        KtapCheck(Got_ == Wanted_, __FILE__, __LINE__, "%s is 0x%llx, not 0x%llx", #Got, \
            Got_, Wanted_);                                                             \
    } while (0)

/* The same numbers on every machine (a linear congruential generator). */
ULONG KtapRandom(ULONG *Seed);
