/* SPDX-License-Identifier: MIT */
/*
 * Ex's start: the types of its objects and the table of system services.
 */
#include "ex/exp.h"

NTSTATUS ExInitSystem(void)
{
    NTSTATUS Status = ExpInitEvents();

    if (NT_SUCCESS(Status)) {
        Status = ExpInitMutants();
    }
    if (NT_SUCCESS(Status)) {
        Status = ExpInitSemaphores();
    }
    ExpInitServices();
    ExpInitTime();
    return Status;
}
