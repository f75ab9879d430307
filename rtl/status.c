/* SPDX-License-Identifier: MIT */
/*
 * Names of status codes for people.  The list is made by the build from
 * inc/nt/status.h, so a code cannot have a value and lack a name.
 */
#include "rtl.h"

static const struct {
    NTSTATUS Status;
    PCSTR Name;
} RtlpStatusNames[] = {
#define NTSTATUS_NAME(Name) { Name, #Name },
#include "status_names.inc"
#undef NTSTATUS_NAME
};

/* NULL: no name.  Where several share a value, the first in status.h is given. */
PCSTR RtlFindNtStatusName(NTSTATUS Status)
{
    for (ULONG i = 0; i < ARRAYSIZE(RtlpStatusNames); i++) {
        if (RtlpStatusNames[i].Status == Status) {
            return RtlpStatusNames[i].Name;
        }
    }
    return NULL;
}

PCSTR RtlNtStatusName(NTSTATUS Status)
{
    PCSTR Name = RtlFindNtStatusName(Status);

    return Name != NULL ? Name : "unknown status";
}
