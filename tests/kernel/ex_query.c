/* SPDX-License-Identifier: MIT */
/*
 * NtQueryEvent and its like, NtSignalAndWaitForSingleObject, permanent objects and
 * the listing of directories.
 */
#include "ex.h"
#include "mm.h"
#include "nt/native.h"
#include "tests/kernel/kt.h"

START_TEST(ex_query, "NtQueryEvent, -Mutant, -Semaphore: contents, exact lengths, types")
{
    EVENT_BASIC_INFORMATION EventInfo;
    MUTANT_BASIC_INFORMATION MutantInfo;
    SEMAPHORE_BASIC_INFORMATION SemaphoreInfo;
    HANDLE Event, Mutant, Semaphore;
    ULONG Length = 0;

    ok_status(NtCreateEvent(&Event, EVENT_ALL_ACCESS, NULL, SynchronizationEvent, TRUE),
        STATUS_SUCCESS);
    ok_status(NtCreateMutant(&Mutant, MUTANT_ALL_ACCESS, NULL, TRUE), STATUS_SUCCESS);
    ok_status(
        NtCreateSemaphore(&Semaphore, SEMAPHORE_ALL_ACCESS, NULL, 2, 5), STATUS_SUCCESS);
    ok_status(NtQueryEvent(Event, EventBasicInformation, &EventInfo, 8, &Length), STATUS_SUCCESS);
    ok(EventInfo.EventType == SynchronizationEvent && EventInfo.EventState == 1, "the event");
    ok_eq(Length, 8);
    ok_status(NtQueryEvent(Event, EventBasicInformation, &EventInfo, 7, NULL),
        STATUS_INFO_LENGTH_MISMATCH);
    ok_status(NtQueryEvent(Event, EventBasicInformation, &EventInfo, 9, NULL),
        STATUS_INFO_LENGTH_MISMATCH);
    ok_status(NtQueryEvent(Event, 1, &EventInfo, 8, NULL), STATUS_INVALID_INFO_CLASS);
    ok_status(NtQueryEvent(Mutant, EventBasicInformation, &EventInfo, 8, NULL),
        STATUS_OBJECT_TYPE_MISMATCH);
    ok_status(NtWaitForSingleObject(Mutant, FALSE, NULL), STATUS_SUCCESS);
    ok_status(NtQueryMutant(Mutant, MutantBasicInformation, &MutantInfo, 8, NULL), STATUS_SUCCESS);
    ok(MutantInfo.CurrentCount == -1 && MutantInfo.OwnedByCaller && !MutantInfo.AbandonedState,
        "a mutant taken twice");
    ok_status(NtQuerySemaphore(Semaphore, SemaphoreBasicInformation, &SemaphoreInfo, 8, NULL),
        STATUS_SUCCESS);
    ok(SemaphoreInfo.CurrentCount == 2 && SemaphoreInfo.MaximumCount == 5, "the semaphore");
    ok_status(NtClose(Event), STATUS_SUCCESS);
    ok_status(NtClose(Mutant), STATUS_SUCCESS);
    ok_status(NtClose(Semaphore), STATUS_SUCCESS);
}

/* Leaves it abandoned. */
static void KtTakeAndEnd(PVOID Context)
{
    ok_status(NtWaitForSingleObject(Context, FALSE, NULL), STATUS_SUCCESS);
}

static MUTANT_BASIC_INFORMATION KtQueryMutant(HANDLE Mutant)
{
    MUTANT_BASIC_INFORMATION Information = {.CurrentCount = 99};

    ok_status(NtQueryMutant(Mutant, MutantBasicInformation, &Information, sizeof(Information),
                  NULL), STATUS_SUCCESS);
    return Information;
}

static void KtLookAtMutant(PVOID Context)
{
    MUTANT_BASIC_INFORMATION Information = KtQueryMutant(Context);

    ok(Information.CurrentCount == 0 && !Information.OwnedByCaller, "it is another thread's");
}

START_TEST(ex_query_mutant, "NtQueryMutant: free, owned, somebody else's, abandoned")
{
    LARGE_INTEGER Zero = {.QuadPart = 0};
    MUTANT_BASIC_INFORMATION Information;
    HANDLE Mutant, Event;

    ok_status(NtCreateMutant(&Mutant, MUTANT_ALL_ACCESS, NULL, TRUE), STATUS_SUCCESS);
    ok_status(NtCreateEvent(&Event, EVENT_ALL_ACCESS, NULL, SynchronizationEvent, TRUE),
        STATUS_SUCCESS);
    Information = KtQueryMutant(Mutant);
    ok(Information.CurrentCount == 0 && Information.OwnedByCaller, "it is mine");
    KtJoinThread(KtStartThread(KtLookAtMutant, Mutant));
    ok_status(NtReleaseMutant(Mutant, NULL), STATUS_SUCCESS);
    Information = KtQueryMutant(Mutant);
    ok(Information.CurrentCount == 1 && !Information.OwnedByCaller, "it is free");
    KtJoinThread(KtStartThread(KtTakeAndEnd, Mutant));
    Information = KtQueryMutant(Mutant);
    ok(Information.CurrentCount == 1 && Information.AbandonedState, "it is abandoned");
    ok_status(NtSignalAndWaitForSingleObject(Mutant, Event, FALSE, &Zero), STATUS_ABANDONED);
    ok_status(NtWaitForSingleObject(Event, FALSE, &Zero), STATUS_SUCCESS); /* was not taken */
    ok_status(NtClose(Event), STATUS_SUCCESS);
    ok_status(NtClose(Mutant), STATUS_SUCCESS);
}

typedef struct _KT_ANSWER {
    HANDLE Question;
    HANDLE Answer;
} KT_ANSWER;

/* A pulse wakes only who waits already: the caller must have gone to sleep in one step. */
static void KtPulseAnswer(PVOID Context)
{
    KT_ANSWER *Pair = Context;

    for (ULONG i = 0; i < 100; i++) {
        ok_status(NtWaitForSingleObject(Pair->Question, FALSE, NULL), STATUS_SUCCESS);
        ok_status(NtPulseEvent(Pair->Answer, NULL), STATUS_SUCCESS);
    }
}

START_TEST(ex_signalwait, "NtSignalAndWaitForSingleObject: one step, and what it refuses")
{
    LARGE_INTEGER Timeout = KtMilliseconds(2000), Zero = {.QuadPart = 0};
    HANDLE Mutant, Semaphore;
    PETHREAD Thread;
    KT_ANSWER Pair;
    ULONG Lost = 0;

    ok_status(NtCreateEvent(
        &Pair.Question, EVENT_ALL_ACCESS, NULL, SynchronizationEvent, FALSE), STATUS_SUCCESS);
    ok_status(NtCreateEvent(
        &Pair.Answer, EVENT_ALL_ACCESS, NULL, SynchronizationEvent, FALSE), STATUS_SUCCESS);
    ok_status(NtCreateMutant(&Mutant, MUTANT_ALL_ACCESS, NULL, FALSE), STATUS_SUCCESS);
    ok_status(NtCreateSemaphore(&Semaphore, SEMAPHORE_ALL_ACCESS, NULL, 0, 1), STATUS_SUCCESS);
    Thread = KtStartThread(KtPulseAnswer, &Pair);
    for (ULONG i = 0; i < 100; i++) {
        Lost += NtSignalAndWaitForSingleObject(Pair.Question, Pair.Answer, FALSE, &Timeout) !=
                STATUS_SUCCESS;
    }
    ok(Lost == 0, "%u pulses were lost", Lost);
    KtJoinThread(Thread);
    ok_status(NtSignalAndWaitForSingleObject(Mutant, Pair.Answer, FALSE, &Zero),
        STATUS_MUTANT_NOT_OWNED);
    ok_status(NtSignalAndWaitForSingleObject(Semaphore, Semaphore, FALSE, &Zero), STATUS_SUCCESS);
    ok_status(NtSignalAndWaitForSingleObject(Semaphore, Pair.Answer, FALSE, &Zero),
        STATUS_TIMEOUT);
    ok_status(NtSignalAndWaitForSingleObject(Semaphore, Pair.Answer, FALSE, &Zero),
        STATUS_SEMAPHORE_LIMIT_EXCEEDED);
    ok_status(NtSignalAndWaitForSingleObject(NtCurrentThread(), Pair.Answer, FALSE, &Zero),
        STATUS_OBJECT_TYPE_MISMATCH);
    ok_status(NtSignalAndWaitForSingleObject(Pair.Question, NULL, FALSE, &Zero),
        STATUS_INVALID_HANDLE);
    ok_status(NtWaitForSingleObject(Pair.Question, FALSE, &Zero), STATUS_TIMEOUT);
    ok_status(NtClose(Pair.Question), STATUS_SUCCESS);
    ok_status(NtClose(Pair.Answer), STATUS_SUCCESS);
    ok_status(NtClose(Mutant), STATUS_SUCCESS);
    ok_status(NtClose(Semaphore), STATUS_SUCCESS);
}

static UNICODE_STRING KtPermanentName = RTL_CONSTANT_STRING(L"\\BaseNamedObjects\\KtPermanent");

static NTSTATUS KtPermanent(ULONG Attributes, BOOLEAN Create, PHANDLE Handle)
{
    OBJECT_ATTRIBUTES Named;

    InitializeObjectAttributes(&Named, &KtPermanentName, Attributes, NULL, NULL);
    return Create ? NtCreateEvent(Handle, EVENT_ALL_ACCESS, &Named, NotificationEvent, TRUE)
                  : NtOpenEvent(Handle, EVENT_ALL_ACCESS, &Named);
}

START_TEST(ex_permanent, "permanent objects outlive their handles until made temporary")
{
    OBJECT_BASIC_INFORMATION Basic;
    HANDLE Handle;

    ok_status(KtPermanent(OBJ_PERMANENT, TRUE, &Handle), STATUS_SUCCESS);
    ok_status(NtClose(Handle), STATUS_SUCCESS);
    ok_status(KtPermanent(0, FALSE, &Handle), STATUS_SUCCESS);
    ok_status(NtQueryObject(Handle, ObjectBasicInformation, &Basic, sizeof(Basic), NULL),
        STATUS_SUCCESS);
    ok(Basic.Attributes & OBJ_PERMANENT, "it says that it is permanent");
    ok_status(NtMakeTemporaryObject(Handle), STATUS_SUCCESS);
    ok_status(NtMakePermanentObject(Handle), STATUS_SUCCESS);
    ok_status(NtClose(Handle), STATUS_SUCCESS);
    ok_status(KtPermanent(0, FALSE, &Handle), STATUS_SUCCESS);
    ok_status(NtMakeTemporaryObject(Handle), STATUS_SUCCESS);
    ok_status(NtClose(Handle), STATUS_SUCCESS);
    ok_status(KtPermanent(0, FALSE, &Handle), STATUS_OBJECT_NAME_NOT_FOUND);
    ok_status(NtMakePermanentObject(Handle), STATUS_INVALID_HANDLE);
}

typedef union _KT_LIST {
    OBJECT_DIRECTORY_INFORMATION Entry[16];
    UCHAR Bytes[1024];
} KT_LIST;

static HANDLE KtOpenTypes(void)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\ObjectTypes");
    OBJECT_ATTRIBUTES Attributes;
    HANDLE Handle = NULL;

    InitializeObjectAttributes(&Attributes, &Name, 0, NULL, NULL);
    ok_status(NtOpenDirectoryObject(&Handle, DIRECTORY_QUERY, &Attributes), STATUS_SUCCESS);
    return Handle;
}

/* All entries of \ObjectTypes, by calls with so large a buffer; each is a type. */
static ULONG KtCountTypes(HANDLE Directory, KT_LIST *List, ULONG Length, BOOLEAN Single)
{
    static const UNICODE_STRING Type = RTL_CONSTANT_STRING(L"Type");
    ULONG Context = 0, Needed = 0, Count = 0;
    NTSTATUS Status;

    do {
        OBJECT_DIRECTORY_INFORMATION *Entry = List->Entry;

        Status = NtQueryDirectoryObject(
            Directory, List, Length, Single, Count == 0, &Context, &Needed);
        if (!NT_SUCCESS(Status)) {
            break;
        }
        for (; Entry->Name.Buffer != NULL; Entry++, Count++) {
            ok(RtlEqualUnicodeString(&Entry->TypeName, &Type, FALSE), "a type");
            ok_eq(Entry->Name.Buffer[Entry->Name.Length / sizeof(WCHAR)], 0);
        }
        ok(Needed <= Length, "%u bytes of %u", Needed, Length);
        ok_eq(Context, Count);
    } while (Status == STATUS_MORE_ENTRIES || Single);
    ok_status(Status, Single ? STATUS_NO_MORE_ENTRIES : STATUS_SUCCESS);
    return Count;
}

START_TEST(ob_list, "NtQueryDirectoryObject: one by one, in pieces, too small a buffer")
{
    static KT_LIST List;
    POBJECT_TYPE Types[1];
    ULONG Count = ObQueryTypes(0, Types), Context = 0, Needed = 0;
    HANDLE Directory = KtOpenTypes();

    ok_eq(KtCountTypes(Directory, &List, sizeof(List), FALSE), Count);
    ok_eq(KtCountTypes(Directory, &List, 100, FALSE), Count);
    ok_eq(KtCountTypes(Directory, &List, 100, TRUE), Count);
    ok_status(NtQueryDirectoryObject(Directory, &List, 20, TRUE, TRUE, &Context, &Needed),
        STATUS_BUFFER_TOO_SMALL);
    ok(Needed > 32 && Context == 0, "%u bytes are needed", Needed);
    ok_status(NtQueryDirectoryObject(Directory, &List, 20, FALSE, TRUE, &Context, &Needed),
        STATUS_MORE_ENTRIES);
    Context = 1000;
    ok_status(NtQueryDirectoryObject(
        Directory, &List, sizeof(List), FALSE, FALSE, &Context, NULL), STATUS_NO_MORE_ENTRIES);
    ok_status(NtClose(Directory), STATUS_SUCCESS);
}
