/* SPDX-License-Identifier: MIT */
/*
 * The table of system services, made from inc/syscalls.def: addresses, and how
 * many bytes of arguments the trap copies from the caller's stack for each.
 *
 * A count in the list that disagrees with the prototype in inc/nt/native.h would
 * corrupt the kernel stack; user/ntdll links its stubs by the same number, and
 * stdcall makes a disagreement visible there ("ret n").
 */
#include "ex/exp.h"

/* In read-only memory: a hook has nowhere to go. */
static const PVOID KiServiceTable[] = {
#define SYSTEM_SERVICE(Name, Arguments) (PVOID)Name,
#include "syscalls.def"
#undef SYSTEM_SERVICE
};

static const UCHAR KiArgumentTable[] = {
#define SYSTEM_SERVICE(Name, Arguments) (Arguments) * sizeof(ULONG),
#include "syscalls.def"
#undef SYSTEM_SERVICE
};

void ExpInitServices(void)
{
    KeServiceDescriptorTable[0] = (KSERVICE_TABLE_DESCRIPTOR){
        .Base = KiServiceTable,
        .Number = KiArgumentTable,
        .Limit = ARRAYSIZE(KiServiceTable),
    };
}
