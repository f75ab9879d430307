/* SPDX-License-Identifier: MIT */
/*
 * Does UBSan see what it should?  Each operation here is undefined on purpose, on
 * values that the compiler cannot know.  Only in a kernel built with
 * SANITIZE=undefined.
 */
#include "sanitize/sanitize.h"
#include "tests/kernel/kt.h"

static volatile LONG KtLargest = 0x7FFFFFFF;
static volatile LONG KtSmallest = -0x7FFFFFFF - 1;
static volatile ULONG KtThirtyTwo = 32;
static volatile ULONG KtFour = 4;
static LONG KtFourLongs[4] = {1, 2, 3, 4};
static ULONG *volatile KtNull = NULL;
static volatile LONG KtResult; /* keeps the results alive */

static void KtOverflow(void)
{
    KtResult = KtLargest + 1;
    KtResult = KtSmallest - 1;
    KtResult = KtLargest * 2;
    KtResult = -KtSmallest;
}

static void KtShiftTooFar(void)
{
    KtResult = (LONG)(1u << KtThirtyTwo);
}

/* Reported twice: as an index, and as a read behind the object. */
static void KtIndexTooFar(void)
{
    KtResult = KtFourLongs[KtFour];
}

static void KtWrapPointer(void)
{
    PUCHAR High = (PUCHAR)0xFFFFFFF0u;

    KtResult = (LONG)(ULONG_PTR)(High + KtThirtyTwo);
}

static void KtTakeNullMember(void)
{
    KtResult = (LONG)(ULONG_PTR)&CONTAINING_RECORD(KtNull, KT_TEST, Name)->Routine;
}

static __attribute__((returns_nonnull, noinline)) ULONG *KtReturnNull(void)
{
    return KtNull;
}

static void KtTakeReturned(void)
{
    KtResult = (LONG)(ULONG_PTR)KtReturnNull();
}

static ULONG KtReportsOf(void (*Routine)(void))
{
    SanExpectReports();
    Routine();
    return SanEndExpectation();
}

START_TEST(san_undefined, "UBSan: overflow, shift, index, pointer and null are reported")
{
    ok_eq(KtReportsOf(KtOverflow), 4);
    ok_eq(KtReportsOf(KtShiftTooFar), 1);
    ok_eq(KtReportsOf(KtIndexTooFar), 2);
    ok_eq(KtReportsOf(KtTakeReturned), 1);
    ok_eq(KtReportsOf(KtWrapPointer), 1);
    ok_eq(KtReportsOf(KtTakeNullMember), 1);
}
