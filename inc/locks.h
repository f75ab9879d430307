/* SPDX-License-Identifier: MIT */
/*
 * The order of locks.  A processor or thread may acquire only a lock whose level
 * is higher than every lock it holds; debug builds check it at every acquire
 * (ke/held.c).  The levels are in locks.def.
 */
#pragma once

typedef enum _LOCK_LEVEL {
    LockLevelNone,
#define LOCK_LEVEL(Id, Name) Id,
#include "locks.def"
#undef LOCK_LEVEL
    LockLevelMax
} LOCK_LEVEL;

#define LOCK_LEVEL_LAST_MUTEX LockLevelConsole
