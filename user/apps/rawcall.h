/* SPDX-License-Identifier: MIT */
/*
 * System calls without ntdll: by number and INT 2E.  For images that import
 * nothing, and for tests that call every service alike.
 */
#pragma once
#include "user/ntdll/ntdll.h"

enum {
#define SYSTEM_SERVICE(Name, ArgumentCount) Number##Name,
#include "syscalls.def"
#undef SYSTEM_SERVICE
    SystemServiceCount
};

/* Arguments points to the 4-byte arguments in order, as they lie on the stack. */
static inline NTSTATUS RawSystemCall(ULONG Number, const void *Arguments)
{
    NTSTATUS Status;

    __asm__ volatile("int $0x2e"
                     : "=a"(Status), "+d"(Arguments)
                     : "0"(Number)
                     : "ecx", "memory");
    return Status;
}
