/* SPDX-License-Identifier: MIT */
/*
 * The main program of every host test.
 */
#include "ktap.h"
#include <stdio.h>

#define KTAP_REMARKS 10 /* a test; the rest are counted only */

static unsigned KtapFailures;

void KtapCheck(bool Passed, const char *File, int Line, const char *Remark, ...)
{
    va_list Arguments;

    if (Passed) {
        return;
    }
    if (++KtapFailures > KTAP_REMARKS) {
        return;
    }
    printf("# %s:%d: ", File, Line);
    va_start(Arguments, Remark);
    vprintf(Remark, Arguments);
    va_end(Arguments);
    printf("\n");
}

ULONG KtapRandom(ULONG *Seed)
{
    uint64_t State = *Seed * 6364136223846793005ull + 1442695040888963407ull;

    *Seed = (ULONG)(State >> 32) ^ (ULONG)State;
    return *Seed >> 3;
}

int main(void)
{
    unsigned Count = 0;
    int Result = 0;

    while (KtapTests[Count].Name != NULL) {
        Count++;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("TAP version 13\n1..%u\n", Count);
    for (unsigned i = 0; i < Count; i++) {
        KtapFailures = 0;
        KtapTests[i].Run();
        printf("%sok %u - %s\n", KtapFailures == 0 ? "" : "not ", i + 1, KtapTests[i].Name);
        Result |= KtapFailures != 0;
    }
    return Result;
}
