/* SPDX-License-Identifier: MIT */
/*
 * Every counter by which a leak shows: tests compare them before and after.
 */
#include "ex/exp.h"

ULONG (*ExCountProcesses)(void);
ULONG (*ExCountCids)(void);

/* The first four letters of an ASCII name, as a pool tag has them. */
static ULONG ExpShortName(PCUNICODE_STRING Name)
{
    ULONG Short = 0;

    for (ULONG i = 0; i < 4 && i < Name->Length / sizeof(WCHAR); i++) {
        Short |= (ULONG)(UCHAR)Name->Buffer[i] << (8 * i);
    }
    return Short;
}

static void ExpQueryTypes(PNASCENT_COUNTERS Counters)
{
    POBJECT_TYPE Types[NASCENT_COUNTER_TYPES];

    Counters->TypeCount = ObQueryTypes(ARRAYSIZE(Types), Types);
    for (ULONG i = 0; i < Counters->TypeCount; i++) {
        Counters->Types[i].Name = ExpShortName(&Types[i]->Name);
        Counters->Types[i].Objects = (ULONG)Types[i]->TotalNumberOfObjects;
        Counters->Types[i].Handles = (ULONG)Types[i]->TotalNumberOfHandles;
        Counters->HandleCount += Counters->Types[i].Handles;
    }
}

static void ExpQueryTags(PNASCENT_COUNTERS Counters)
{
    ULONG Tags[NASCENT_COUNTER_TAGS];
    ULONG Allocations[NASCENT_COUNTER_TAGS];
    ULONG Bytes[NASCENT_COUNTER_TAGS];

    Counters->TagCount = MmQueryPoolTags(NASCENT_COUNTER_TAGS, Tags, Allocations, Bytes);
    for (ULONG i = 0; i < Counters->TagCount && i < NASCENT_COUNTER_TAGS; i++) {
        Counters->Tags[i].Tag = Tags[i];
        Counters->Tags[i].Allocations = Allocations[i];
        Counters->Tags[i].Bytes = Bytes[i];
    }
}

void ExQueryCounters(PNASCENT_COUNTERS Counters)
{
    RtlZeroMemory(Counters, sizeof(*Counters));
    Counters->FreePages = MmQueryFreePages();
    Counters->ProcessCount = ExCountProcesses != NULL ? ExCountProcesses() : 0;
    Counters->CidCount = ExCountCids != NULL ? ExCountCids() : 0;
    Counters->IdleTicks = KeQueryIdleTicks();
    Counters->StartTsc = KeLoaderBlock.StartTsc;
    ExpQueryTypes(Counters);
    ExpQueryTags(Counters);
}
