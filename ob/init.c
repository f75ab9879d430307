/* SPDX-License-Identifier: MIT */
/*
 * Ob's start: three types, the root directories, then the types get their names.
 *
 * Read ob/object.c first, then name.c and handle.c; ob/obp.h shows how an object
 * lies in memory.  Lock order: namespace, handle table.
 */
#include "ob/obp.h"

OB_UPPER_ROUTINES ObUpperRoutines;

NTSTATUS ObInitSystem(void)
{
    NTSTATUS Status = ObpInitTypes();

    if (NT_SUCCESS(Status)) {
        Status = ObpInitDirectories();
    }
    if (NT_SUCCESS(Status)) {
        Status = ObpPublishTypes();
    }
    return Status;
}
