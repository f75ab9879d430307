/* SPDX-License-Identifier: MIT */
/*
 * Ex's start: the types of its objects and the table of system services.
 */
#include "ex/exp.h"

NTSTATUS ExInitSystem(void)
{
    static NTSTATUS (*const Steps[])(void) = {
        ExpInitEvents,
        ExpInitMutants,
        ExpInitSemaphores,
        ExpInitTimers,
        ExpInitKeyedEvents,
    };
    NTSTATUS Status = STATUS_SUCCESS;

    for (ULONG i = 0; NT_SUCCESS(Status) && i < ARRAYSIZE(Steps); i++) {
        Status = Steps[i]();
    }
    ExpInitServices();
    ExpInitTime();
    return Status;
}
