/* SPDX-License-Identifier: MIT */
/*
 * Does `make analyze` see what it should?  Each function has one fault on purpose; the
 * comment names the checks that have to find it.  Compiled into nothing.
 */
#include "ke.h"

KPRIORITY AnFollowNull(PKTHREAD Thread);
ULONG AnUseUnset(ULONG Way);
ULONG AnDoTheSame(ULONG Way);

/* gcc: null-dereference.  clang-tidy: NullDereference. */
KPRIORITY AnFollowNull(PKTHREAD Thread)
{
    return Thread == NULL ? Thread->Priority : 0;
}

/* clang-tidy: UndefinedBinaryOperatorResult. */
ULONG AnUseUnset(ULONG Way)
{
    ULONG Value;

    if (Way == 1) {
        Value = 2;
    }
    return Value + Way;
}

/* clang-tidy: branch-clone. */
ULONG AnDoTheSame(ULONG Way)
{
    if (Way == 1) {
        return 2;
    } else {
        return 2;
    }
}
