/* SPDX-License-Identifier: MIT */
/*
 * Atomic operations as exports, for programs whose compiler does not know them.
 * The header makes these names inline functions, so they are defined in
 * assembly's names here.
 */
#include "user/kernel32/base.h"

#define EXPORTED(Name, Size) __asm__("_" #Name "@" #Size)

LONG WINAPI BasepInterlockedIncrement(LONG volatile *Addend) EXPORTED(InterlockedIncrement, 4);
LONG WINAPI BasepInterlockedDecrement(LONG volatile *Addend) EXPORTED(InterlockedDecrement, 4);
LONG WINAPI BasepInterlockedExchange(LONG volatile *Target, LONG Value)
    EXPORTED(InterlockedExchange, 8);
LONG WINAPI BasepInterlockedExchangeAdd(LONG volatile *Addend, LONG Value)
    EXPORTED(InterlockedExchangeAdd, 8);
LONG WINAPI BasepInterlockedCompareExchange(LONG volatile *Target, LONG Value, LONG Comparand)
    EXPORTED(InterlockedCompareExchange, 12);

LONG WINAPI BasepInterlockedIncrement(LONG volatile *Addend)
{
    return __sync_add_and_fetch(Addend, 1);
}

LONG WINAPI BasepInterlockedDecrement(LONG volatile *Addend)
{
    return __sync_sub_and_fetch(Addend, 1);
}

LONG WINAPI BasepInterlockedExchange(LONG volatile *Target, LONG Value)
{
    return __atomic_exchange_n(Target, Value, __ATOMIC_SEQ_CST);
}

LONG WINAPI BasepInterlockedExchangeAdd(LONG volatile *Addend, LONG Value)
{
    return __sync_fetch_and_add(Addend, Value);
}

LONG WINAPI BasepInterlockedCompareExchange(LONG volatile *Target, LONG Value, LONG Comparand)
{
    return __sync_val_compare_and_swap(Target, Comparand, Value);
}
