/* SPDX-License-Identifier: MIT */
/*
 * What the programs edges*.exe share: a call tried with the right that it needs,
 * without it, through handles of other kinds and through none; and places in memory
 * that are wrong in one way each.
 */
#pragma once
#include "tests/user/ktap.h"

typedef struct _EDGE {
    PCSTR Name;
    ACCESS_MASK Right; /* one bit or several; 0: none */
    NTSTATUS (*Call)(HANDLE Handle);
    NTSTATUS Expected; /* with the right */
    NTSTATUS Later;    /* when the object has ended */
} EDGE;

/* A handle to the object that allows Access and nothing else. */
static inline HANDLE Weaken(HANDLE Full, ACCESS_MASK Access)
{
    HANDLE Weak = NULL;

    (void)NtDuplicateObject(
        NtCurrentProcess(), Full, NtCurrentProcess(), &Weak, Access, 0, 0);
    return Weak;
}

/* All rights but one of those that are needed, for each; a closed handle; just the right. */
static inline void TryRights(const EDGE *Edge, HANDLE Full, ACCESS_MASK All, NTSTATUS Expected)
{
    HANDLE Weak = NULL;

    for (ACCESS_MASK Bit = 1; Bit != 0; Bit <<= 1) {
        if ((Edge->Right & Bit) != 0) {
            Weak = Weaken(Full, All & ~Bit);
            (void)KtapStatus(Edge->Call(Weak), STATUS_ACCESS_DENIED, Edge->Name);
            (void)NtClose(Weak);
            (void)KtapStatus(Edge->Call(Weak), STATUS_INVALID_HANDLE, Edge->Name);
        }
    }
    Weak = Weaken(Full, Edge->Right);
    (void)KtapStatus(Edge->Call(Weak), Expected, Edge->Name);
    (void)NtClose(Weak);
}

/* An event, and Other, which is of another kind than the call is for. */
static inline void TryKinds(const EDGE *Edge, HANDLE Other)
{
    HANDLE Event = NULL;

    (void)NtCreateEvent(&Event, EVENT_ALL_ACCESS, NULL, NotificationEvent, FALSE);
    (void)KtapStatus(Edge->Call(Event), STATUS_OBJECT_TYPE_MISMATCH, Edge->Name);
    (void)KtapStatus(Edge->Call(Other), STATUS_OBJECT_TYPE_MISMATCH, Edge->Name);
    (void)NtClose(Event);
}

/* ---- Places ---------------------------------------------------------------------- */

#define IN_KERNEL ((PVOID)0x80101000)

/* A page that is read-only, and one that ends where nothing is; MakePlaces fills them in. */
static PUCHAR ReadOnlyPage, LastPage;

static inline PUCHAR MakePage(ULONG Protect)
{
    PVOID Base = NULL;
    SIZE_T Reserved = 2 * PAGE_SIZE, Size = PAGE_SIZE;

    (void)NtAllocateVirtualMemory(
        NtCurrentProcess(), &Base, 0, &Reserved, MEM_RESERVE, PAGE_READWRITE);
    (void)NtAllocateVirtualMemory(NtCurrentProcess(), &Base, 0, &Size, MEM_COMMIT, Protect);
    return Base;
}

static inline void MakePlaces(void)
{
    ReadOnlyPage = MakePage(PAGE_READONLY);
    LastPage = MakePage(PAGE_READWRITE);
    (void)KtapCheck(ReadOnlyPage != NULL && LastPage != NULL, "pages");
}

typedef struct _PLACE {
    PCSTR Name;
    PVOID Address;
    NTSTATUS Expected; /* of a call that writes there */
} PLACE;

#define PLACES 6

/*
 * Where an out-parameter of Size bytes, a multiple of four, cannot be written.
 * Unaligned: what the call says of one that lies at an odd place.
 */
static inline void GetPlaces(PLACE Places[PLACES], ULONG Size, NTSTATUS Unaligned)
{
    Places[0] = (PLACE){"at NULL", NULL, STATUS_ACCESS_VIOLATION};
    Places[1] = (PLACE){"in the kernel", IN_KERNEL, STATUS_ACCESS_VIOLATION};
    Places[2] = (PLACE){"over the end", LastPage + PAGE_SIZE + 4 - Size, STATUS_ACCESS_VIOLATION};
    Places[3] = (PLACE){"read-only", ReadOnlyPage, STATUS_ACCESS_VIOLATION};
    Places[4] = (PLACE){"at an odd place", LastPage + 1, Unaligned};
    Places[5] = (PLACE){"at half of one", LastPage + 2, Unaligned};
}
