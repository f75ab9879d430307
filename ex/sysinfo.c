/* SPDX-License-Identifier: MIT */
/*
 * NtQuerySystemInformation.  Classes that NT has and Nascent does not fill give
 * STATUS_NOT_IMPLEMENTED, numbers that are no class STATUS_INVALID_INFO_CLASS.
 */
#include "ex/exp.h"

/* winternl.h has the same 48 bytes as an array. */
typedef struct _SYSTEM_TIMEOFDAY_INFORMATION {
    LARGE_INTEGER BootTime;
    LARGE_INTEGER CurrentTime;
    LARGE_INTEGER TimeZoneBias;
    ULONG TimeZoneId;
    ULONG Reserved;
    ULONGLONG BootTimeBias;
    ULONGLONG SleepTimeBias;
} SYSTEM_TIMEOFDAY_INFORMATION;
_Static_assert(sizeof(SYSTEM_TIMEOFDAY_INFORMATION) == 0x30, "NT layout");
_Static_assert(sizeof(SYSTEM_BASIC_INFORMATION) == 0x2C, "NT layout");

#define EXP_LAST_INFORMATION_CLASS 0x48 /* of NT 5.2 */

typedef struct _EXP_QUERY {
    VOID __user *Buffer;
    ULONG Length;
    ULONG Needed; /* result */
} EXP_QUERY;

static NTSTATUS ExpAnswer(EXP_QUERY *Query, PCVOID Information, ULONG Size)
{
    Query->Needed = Size;
    return Query->Length == Size ? MmCopyToUser(Query->Buffer, Information, Size)
                                 : STATUS_INFO_LENGTH_MISMATCH;
}

static NTSTATUS ExpQueryBasic(EXP_QUERY *Query)
{
    const SYSTEM_BASIC_INFORMATION Information = {
        .MaximumIncrement = KeMaximumIncrement,
        .PhysicalPageSize = PAGE_SIZE,
        .NumberOfPhysicalPages = MmQueryTotalPages(),
        .LowestPhysicalPage = 1,
        .HighestPhysicalPage = MmQueryTotalPages(),
        .AllocationGranularity = MM_ALLOCATION_GRANULARITY,
        .LowestUserAddress = MM_LOWEST_USER_ADDRESS,
        .HighestUserAddress = MM_HIGHEST_USER_ADDRESS,
        .ActiveProcessors = KeActiveProcessors,
        .NumberOfProcessors = (CCHAR)KeNumberProcessors,
    };

    return ExpAnswer(Query, &Information, sizeof(Information));
}

/* As NT: a shorter buffer gets the beginning. */
static NTSTATUS ExpQueryTimeOfDay(EXP_QUERY *Query)
{
    SYSTEM_TIMEOFDAY_INFORMATION Information = {.BootTime = ExpBootTime};

    KeQuerySystemTime(&Information.CurrentTime);
    Query->Needed = sizeof(Information);
    if (Query->Length > sizeof(Information)) {
        return STATUS_INFO_LENGTH_MISMATCH;
    }
    Query->Needed = Query->Length;
    return MmCopyToUser(Query->Buffer, &Information, Query->Length);
}

static NTSTATUS ExpQueryCounters(EXP_QUERY *Query)
{
    NASCENT_COUNTERS Counters;

    ExQueryCounters(&Counters);
    return ExpAnswer(Query, &Counters, sizeof(Counters));
}

static NTSTATUS ExpQueryClass(EXP_QUERY *Query, ULONG InformationClass)
{
    switch (InformationClass) {
    case SystemBasicInformation:
        return ExpQueryBasic(Query);
    case SystemTimeOfDayInformation:
        return ExpQueryTimeOfDay(Query);
    case SystemNascentCounters:
        return ExpQueryCounters(Query);
    default:
        return InformationClass <= EXP_LAST_INFORMATION_CLASS ? STATUS_NOT_IMPLEMENTED
                                                              : STATUS_INVALID_INFO_CLASS;
    }
}

NTSTATUS NTAPI NtQuerySystemInformation(SYSTEM_INFORMATION_CLASS InformationClass,
    VOID __user *Information, ULONG Length, ULONG __user *ReturnLength)
{
    EXP_QUERY Query = {.Buffer = Information, .Length = Length};
    NTSTATUS Status = ExpQueryClass(&Query, (ULONG)InformationClass);

    if (ReturnLength != NULL && (NT_SUCCESS(Status) || Status == STATUS_INFO_LENGTH_MISMATCH)) {
        NTSTATUS WriteStatus = MmWriteUlongToUser(ReturnLength, Query.Needed);

        Status = NT_SUCCESS(WriteStatus) ? Status : WriteStatus;
    }
    return Status;
}
