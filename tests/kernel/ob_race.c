/* SPDX-License-Identifier: MIT */
/*
 * One handle table, many threads: handles are made, closed, looked up and duplicated
 * at the same time, many of them just as they go.  A look-up finds an object that is
 * alive or none; who owns a handle can close it, once.
 */
#include "nt/native.h"
#include "ob.h"
#include "ex.h"
#include "tests/kernel/kt.h"

#define THREADS 6
#define ROUNDS  30000
#define SLOTS   2 /* few, so that the threads meet */

typedef struct _KT_RACE {
    HANDLE volatile Slots[SLOTS]; /* who takes a handle out of its slot owns it */
    volatile LONG Found;
    volatile LONG Gone;
    volatile LONG Wrong;
} KT_RACE;

static void KtDiscard(KT_RACE *Race, HANDLE Handle)
{
    if (Handle != NULL && NtClose(Handle) != STATUS_SUCCESS) {
        InterlockedIncrement(&Race->Wrong);
    }
}

static HANDLE KtNewHandle(KT_RACE *Race)
{
    HANDLE Handle = NULL;

    if (NtCreateEvent(&Handle, EVENT_ALL_ACCESS, NULL, NotificationEvent, FALSE)
        != STATUS_SUCCESS) {
        InterlockedIncrement(&Race->Wrong);
    }
    return Handle;
}

/* The handle is somebody else's and may be closed, and used again, at any moment. */
static void KtLookUp(KT_RACE *Race, HANDLE Handle)
{
    PVOID Object;
    NTSTATUS Status = ObReferenceObjectByHandle(
        Handle, EVENT_MODIFY_STATE, ExEventObjectType, KernelMode, &Object, NULL);

    if (Status == STATUS_SUCCESS) {
        InterlockedIncrement(&Race->Found);
        if (ObGetPointerCount(Object) == 0 || KeReadStateEvent(Object) != 0) {
            InterlockedIncrement(&Race->Wrong);
        }
        ObDereferenceObject(Object);
    } else if (Status == STATUS_INVALID_HANDLE) {
        InterlockedIncrement(&Race->Gone);
    } else {
        InterlockedIncrement(&Race->Wrong);
    }
}

static void KtDuplicate(KT_RACE *Race, HANDLE Handle)
{
    HANDLE Duplicate = NULL;
    NTSTATUS Status = NtDuplicateObject(NtCurrentProcess(), Handle, NtCurrentProcess(),
        &Duplicate, 0, 0, DUPLICATE_SAME_ACCESS);

    if (Status == STATUS_SUCCESS) {
        KtDiscard(Race, Duplicate);
    } else if (Status != STATUS_INVALID_HANDLE) {
        InterlockedIncrement(&Race->Wrong);
    }
}

static void KtRacer(PVOID Context)
{
    KT_RACE *Race = Context;
    ULONG Random = (ULONG)(ULONG_PTR)KeGetCurrentThread();

    for (ULONG Round = 0; Round < ROUNDS; Round++) {
        HANDLE volatile *Slot;
        HANDLE Handle;

        Random = Random * 1664525u + 1013904223u;
        Slot = &Race->Slots[(Random >> 28) % SLOTS];
        Handle = *Slot;
        switch ((Random >> 24) % 4) {
        case 0:
            KtDiscard(Race, InterlockedExchange(Slot, NULL));
            break;
        case 1:
            KtDiscard(Race, InterlockedExchange(Slot, KtNewHandle(Race)));
            break;
        case 2:
            KtDuplicate(Race, Handle);
            break;
        default:
            KtLookUp(Race, Handle);
            break;
        }
    }
}

START_TEST(ob_race, "handles made, closed, looked up and duplicated by many threads at once")
{
    static KT_RACE Race;
    PETHREAD Threads[THREADS];

    Race = (KT_RACE){.Found = 0};
    for (ULONG i = 0; i < THREADS; i++) {
        Threads[i] = KtStartThread(KtRacer, &Race);
    }
    for (ULONG i = 0; i < THREADS; i++) {
        KtJoinThread(Threads[i]);
    }
    for (ULONG i = 0; i < SLOTS; i++) {
        KtDiscard(&Race, Race.Slots[i]);
    }
    ok_eq(Race.Wrong, 0);
    ok(Race.Found != 0 && Race.Gone != 0, "some are found and some are gone: %d, %d", Race.Found,
        Race.Gone);
}
