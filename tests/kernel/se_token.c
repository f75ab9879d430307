/* SPDX-License-Identifier: MIT */
/*
 * The System token and its copies.
 */
#include "se.h"
#include "tests/kernel/kt.h"

START_TEST(se_token, "every process has a copy of the System token")
{
    PTOKEN Copy;

    ok(SeTokenHasPrivilege(SeSystemToken, SE_LOCK_MEMORY_PRIVILEGE), "System may lock memory");
    ok(!SeTokenHasPrivilege(SeSystemToken, 0), "privilege 0 does not exist");
    ok(!SeTokenHasPrivilege(SeSystemToken, 64), "nor does privilege 64");
    ok_status(SeDuplicatePrimaryToken(SeSystemToken, &Copy), STATUS_SUCCESS);
    ok(Copy != SeSystemToken, "the copy is another object");
    ok(SeTokenHasPrivilege(Copy, SE_DEBUG_PRIVILEGE), "with the same privileges");
    ok_eq(ObGetPointerCount(Copy), 1);
    ObDereferenceObject(Copy);
}
