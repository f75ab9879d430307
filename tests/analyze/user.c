/* SPDX-License-Identifier: MIT */
/*
 * The same for user mode, with a structure that only mingw-w64's headers have.
 */
#include <windows.h>

DWORD AnFollowNull(LPSTARTUPINFOW Information);

/* gcc: null-dereference.  clang-tidy: NullDereference. */
DWORD AnFollowNull(LPSTARTUPINFOW Information)
{
    return Information == NULL ? Information->cb : 0;
}
