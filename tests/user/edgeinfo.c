/* SPDX-License-Identifier: MIT */
/*
 * edgeinfo.exe: each information class of processes and threads, asked and set: with
 * the right and without, with lengths and buffers that are wrong in one way, and what
 * comes first when several are.  Then every number that is no class.  subsystem: native
 */
#include "tests/user/edges.h"

#define LAST_CLASS 0x60 /* NT 5.2 has fewer */

typedef enum _KIND { OfProcess, OfThread } KIND;

/* The classes; a length of 0 is one that cannot be asked, or set. */
typedef struct _CLASS {
    PCSTR Name;
    KIND Kind;
    ULONG Class;
    ULONG QueryLength;
    ULONG SetLength;
    ULONG Value; /* that can be set */
    NTSTATUS Expected;
    NTSTATUS Later; /* when it has ended */
    ACCESS_MASK AlsoNeeded; /* to set it */
} CLASS;

#define NOT_SET 0, 0, STATUS_SUCCESS, STATUS_SUCCESS, 0
#define OK      STATUS_SUCCESS, STATUS_SUCCESS, 0

/* NT's numbers, by which also those are called that the stock headers do not name. */
enum {
    PBasePriority = 5, PExceptionPort = 8, PAccessToken = 9, PHardErrorMode = 12,
    PPriorityClass = 18, PAffinityMask = 21, PPriorityBoost = 22, PSession = 24,
    TTimes = 1, TPriority = 2, TBasePriority = 3, TAffinityMask = 4, TStartAddress = 9,
    TLastThread = 12, TIdealProcessor = 13, TPriorityBoost = 14,
};

static const CLASS Classes[] = {
    {"ProcessBasicInformation", OfProcess, ProcessBasicInformation,
        sizeof(PROCESS_BASIC_INFORMATION), NOT_SET},
    {"ProcessTimes", OfProcess, ProcessTimes, sizeof(KERNEL_USER_TIMES), NOT_SET},
    {"ProcessBasePriority", OfProcess, PBasePriority, 0, sizeof(LONG), 8, OK},
    {"ProcessDebugPort", OfProcess, ProcessDebugPort, sizeof(HANDLE), NOT_SET},
    {"ProcessExceptionPort", OfProcess, PExceptionPort, 0, sizeof(HANDLE), 0x7FF0,
        STATUS_INVALID_HANDLE, STATUS_INVALID_HANDLE, PROCESS_SUSPEND_RESUME},
    {"ProcessAccessToken", OfProcess, PAccessToken, 0, 2 * sizeof(HANDLE), 0,
        STATUS_NOT_IMPLEMENTED, STATUS_NOT_IMPLEMENTED, 0},
    {"ProcessDefaultHardErrorMode", OfProcess, PHardErrorMode, sizeof(ULONG), sizeof(ULONG), 1,
        OK},
    {"ProcessPriorityClass", OfProcess, PPriorityClass, 2, 2, 0x200, OK},
    {"ProcessHandleCount", OfProcess, ProcessHandleCount, sizeof(ULONG), NOT_SET},
    {"ProcessAffinityMask", OfProcess, PAffinityMask, 0, sizeof(ULONG_PTR), 1, STATUS_SUCCESS,
        STATUS_PROCESS_IS_TERMINATING, 0},
    {"ProcessPriorityBoost", OfProcess, PPriorityBoost, sizeof(ULONG), sizeof(ULONG), 1, OK},
    {"ProcessSessionInformation", OfProcess, PSession, sizeof(ULONG), NOT_SET},
    {"ProcessBreakOnTermination", OfProcess, ProcessBreakOnTermination, sizeof(ULONG),
        sizeof(ULONG), 0, OK},
    {"ThreadBasicInformation", OfThread, ThreadBasicInformation,
        sizeof(THREAD_BASIC_INFORMATION), NOT_SET},
    {"ThreadTimes", OfThread, TTimes, sizeof(KERNEL_USER_TIMES), NOT_SET},
    {"ThreadPriority", OfThread, TPriority, 0, sizeof(LONG), 8, OK},
    {"ThreadBasePriority", OfThread, TBasePriority, 0, sizeof(LONG), 1, OK},
    {"ThreadAffinityMask", OfThread, TAffinityMask, 0, sizeof(ULONG_PTR), 1, STATUS_SUCCESS,
        STATUS_PROCESS_IS_TERMINATING, 0},
    {"ThreadQuerySetWin32StartAddress", OfThread, TStartAddress, sizeof(PVOID), sizeof(PVOID),
        0x1234, OK},
    {"ThreadAmILastThread", OfThread, TLastThread, sizeof(ULONG), NOT_SET},
    {"ThreadIdealProcessor", OfThread, TIdealProcessor, 0, sizeof(ULONG), 32, OK},
    {"ThreadPriorityBoost", OfThread, TPriorityBoost, sizeof(ULONG), sizeof(ULONG), 1, OK},
};

static const ACCESS_MASK All[] = {PROCESS_ALL_ACCESS, THREAD_ALL_ACCESS};
static const ACCESS_MASK ToQuery[] = {PROCESS_QUERY_INFORMATION, THREAD_QUERY_INFORMATION};
static const ACCESS_MASK ToSet[] = {PROCESS_SET_INFORMATION, THREAD_SET_INFORMATION};

static HANDLE Objects[2]; /* a process, and its thread, which never runs */

static NTSTATUS Query(KIND Kind, HANDLE Handle, ULONG Class, PVOID Buffer, ULONG Length)
{
    return Kind == OfProcess
        ? NtQueryInformationProcess(Handle, (PROCESSINFOCLASS)Class, Buffer, Length, NULL)
        : NtQueryInformationThread(Handle, (THREADINFOCLASS)Class, Buffer, Length, NULL);
}

static NTSTATUS QueryLength(KIND Kind, ULONG Class, PVOID Buffer, ULONG Length, PULONG Returned)
{
    return Kind == OfProcess
        ? NtQueryInformationProcess(
              Objects[Kind], (PROCESSINFOCLASS)Class, Buffer, Length, Returned)
        : NtQueryInformationThread(
              Objects[Kind], (THREADINFOCLASS)Class, Buffer, Length, Returned);
}

static NTSTATUS Set(KIND Kind, HANDLE Handle, ULONG Class, PVOID Buffer, ULONG Length)
{
    return Kind == OfProcess
        ? NtSetInformationProcess(Handle, (PROCESSINFOCLASS)Class, Buffer, Length)
        : NtSetInformationThread(Handle, (THREADINFOCLASS)Class, Buffer, Length);
}

/* ---- Handles: through the table of edges.h, whose calls have no other parameter ------- */

static const CLASS *Current;

static NTSTATUS QueryCurrent(HANDLE Handle)
{
    return Query(Current->Kind, Handle, Current->Class, LastPage, Current->QueryLength);
}

static NTSTATUS SetCurrent(HANDLE Handle)
{
    *(PULONG)LastPage = Current->Value;
    *(PULONG)(LastPage + sizeof(ULONG)) = 0;
    return Set(Current->Kind, Handle, Current->Class, LastPage, Current->SetLength);
}

static void TryHandles(const EDGE *Edge, KIND Kind, NTSTATUS Expected)
{
    (void)KtapStatus(Edge->Call(NULL), STATUS_INVALID_HANDLE, Edge->Name);
    TryKinds(Edge, Objects[1 - Kind]);
    TryRights(Edge, Objects[Kind], All[Kind], Expected);
}

static void TestHandles(const CLASS *Class, BOOLEAN Ended)
{
    KIND Kind = Class->Kind;
    EDGE Edge = {.Name = Class->Name};

    Current = Class;
    if (Class->QueryLength != 0) {
        Edge.Right = ToQuery[Kind];
        Edge.Call = QueryCurrent;
        TryHandles(&Edge, Kind, STATUS_SUCCESS);
    }
    if (Class->SetLength != 0) {
        Edge.Right = ToSet[Kind] | Class->AlsoNeeded;
        Edge.Call = SetCurrent;
        TryHandles(&Edge, Kind, Ended ? Class->Later : Class->Expected);
    }
}

/* ---- Lengths ------------------------------------------------------------------------------ */

static void TestLengths(const CLASS *Class)
{
    const ULONG Wrong[] = {0, Class->QueryLength - 1, Class->QueryLength + 1,
        2 * Class->QueryLength, 0x80000000, 0xFFFFFFFF};
    ULONG Returned = 999;

    for (ULONG i = 0; i < ARRAYSIZE(Wrong); i++) {
        (void)KtapStatus(Query(Class->Kind, Objects[Class->Kind], Class->Class, LastPage, Wrong[i]),
            STATUS_INFO_LENGTH_MISMATCH, Class->Name);
    }
    (void)KtapStatus(
        QueryLength(Class->Kind, Class->Class, LastPage, Class->QueryLength, &Returned),
        STATUS_SUCCESS, Class->Name);
    (void)KtapEqual(Returned, Class->QueryLength, "its length comes back");
    (void)KtapStatus(
        QueryLength(Class->Kind, Class->Class, LastPage, Class->QueryLength, IN_KERNEL),
        STATUS_ACCESS_VIOLATION, "to where it can");
    (void)KtapStatus(QueryLength(Class->Kind, Class->Class, LastPage, Class->QueryLength,
                         (PVOID)(LastPage + 101)), STATUS_SUCCESS, "at an odd place, too");
}

static void TestSetLengths(const CLASS *Class)
{
    const ULONG Wrong[] = {0, Class->SetLength - 1, Class->SetLength + 1, 2 * Class->SetLength,
        0x80000000, 0xFFFFFFFF};

    for (ULONG i = 0; i < ARRAYSIZE(Wrong); i++) {
        (void)KtapStatus(Set(Class->Kind, Objects[Class->Kind], Class->Class, LastPage, Wrong[i]),
            STATUS_INFO_LENGTH_MISMATCH, Class->Name);
    }
}

/* ---- Buffers ------------------------------------------------------------------------------- */

static void TestBuffers(const CLASS *Class)
{
    PLACE Places[PLACES];

    GetPlaces(Places, Class->QueryLength, STATUS_DATATYPE_MISALIGNMENT);
    if (Class->QueryLength % sizeof(ULONG) != 0) {
        Places[2].Address = LastPage + PAGE_SIZE;
    }
    for (ULONG i = 0; i < PLACES; i++) {
        (void)KtapStatus(Query(Class->Kind, Objects[Class->Kind], Class->Class, Places[i].Address,
                             Class->QueryLength), Places[i].Expected, Places[i].Name);
    }
    (void)KtapStatus(Query(Class->Kind, Objects[Class->Kind], Class->Class,
                         LastPage + PAGE_SIZE - Class->QueryLength / 4 * 4 - 4,
                         Class->QueryLength), STATUS_SUCCESS, "up to the end of a page");
}

/* Values that need no alignment are those of bytes. */
static void TestSetBuffers(const CLASS *Class)
{
    BOOLEAN OfBytes = Class->SetLength % sizeof(ULONG) != 0;
    PLACE Places[PLACES];

    GetPlaces(Places, Class->SetLength, STATUS_DATATYPE_MISALIGNMENT);
    if (OfBytes) {
        Places[2].Address = LastPage + PAGE_SIZE - 1;
    }
    for (ULONG i = 0; i < PLACES; i++) {
        BOOLEAN Odd = Places[i].Expected == STATUS_DATATYPE_MISALIGNMENT;

        if (Places[i].Address == ReadOnlyPage) {
            continue; /* can be read; there are zeroes, of which some are no values */
        }
        if (Odd && OfBytes) {
            RtlCopyMemory(Places[i].Address, &Class->Value, Class->SetLength);
            Places[i].Expected = Class->Expected;
        }
        (void)KtapStatus(Set(Class->Kind, Objects[Class->Kind], Class->Class, Places[i].Address,
                             Class->SetLength), Places[i].Expected, Places[i].Name);
    }
}

/* ---- Several wrong: the class, its length, the buffer, the handle ---------------------------- */

static void TestOrder(const CLASS *Class)
{
    if (Class->QueryLength != 0) {
        (void)KtapStatus(Query(Class->Kind, NULL, Class->Class, NULL, Class->QueryLength - 1),
            STATUS_INFO_LENGTH_MISMATCH, "the length before the buffer");
        (void)KtapStatus(Query(Class->Kind, NULL, Class->Class, NULL, Class->QueryLength),
            STATUS_ACCESS_VIOLATION, "the buffer before the handle");
    }
    if (Class->SetLength != 0) {
        (void)KtapStatus(Set(Class->Kind, NULL, Class->Class, NULL, Class->SetLength - 1),
            STATUS_INFO_LENGTH_MISMATCH, "the length before the value");
        (void)KtapStatus(Set(Class->Kind, NULL, Class->Class, NULL, Class->SetLength),
            STATUS_ACCESS_VIOLATION, "the value before the handle");
    }
}

/* ---- Numbers of no class ------------------------------------------------------------------- */

static const CLASS *FindClass(KIND Kind, ULONG Number)
{
    for (ULONG i = 0; i < ARRAYSIZE(Classes); i++) {
        if (Classes[i].Kind == Kind && Classes[i].Class == Number) {
            return &Classes[i];
        }
    }
    return NULL;
}

/* Nothing else is looked at: no handle, no buffer. */
static void TestNoClasses(KIND Kind)
{
    ULONG Asked = 0, Taken = 0;

    for (ULONG Number = 0; Number < LAST_CLASS; Number++) {
        const CLASS *Class = FindClass(Kind, Number);
        BOOLEAN ImageName = Kind == OfProcess && Number == ProcessImageFileName;

        if ((Class == NULL || Class->QueryLength == 0) && !ImageName) {
            Asked += Query(Kind, NULL, Number, NULL, 4) != STATUS_INVALID_INFO_CLASS;
        }
        if (Class == NULL || Class->SetLength == 0) {
            Taken += Set(Kind, NULL, Number, NULL, 4) != STATUS_INVALID_INFO_CLASS;
        }
    }
    (void)KtapEqual(Asked, 0, "classes that can be asked are in the table");
    (void)KtapEqual(Taken, 0, "those that can be set, too");
    (void)KtapStatus(Query(Kind, Objects[Kind], 0xFFFFFFFF, LastPage, 4),
        STATUS_INVALID_INFO_CLASS, "the largest number");
    (void)KtapStatus(Set(Kind, Objects[Kind], 0xFFFFFFFF, LastPage, 4), STATUS_INVALID_INFO_CLASS,
        "the largest number");
}

/* The one whose length varies: long enough, or told how long; an empty place is never enough. */
static void TestImageName(void)
{
    ULONG Needed = 0, Again = 0;

    (void)KtapStatus(QueryLength(OfProcess, ProcessImageFileName, NULL, 0, &Needed),
        STATUS_INFO_LENGTH_MISMATCH, "ProcessImageFileName: how long?");
    (void)KtapEqual(Needed, sizeof(UNICODE_STRING) + sizeof(L"sleeper.exe"), "so long");
    (void)KtapStatus(QueryLength(OfProcess, ProcessImageFileName, LastPage, Needed - 1, &Again),
        STATUS_INFO_LENGTH_MISMATCH, "a byte too short");
    (void)KtapEqual(Again, Needed, "the same");
    (void)KtapStatus(QueryLength(OfProcess, ProcessImageFileName, LastPage + PAGE_SIZE - Needed,
                         Needed, &Again), STATUS_SUCCESS, "just so long");
    (void)KtapStatus(QueryLength(OfProcess, ProcessImageFileName, LastPage + 1, Needed, NULL),
        STATUS_DATATYPE_MISALIGNMENT, "at an odd place");
    (void)KtapStatus(QueryLength(OfProcess, ProcessImageFileName, ReadOnlyPage, Needed, NULL),
        STATUS_ACCESS_VIOLATION, "on a read-only page");
}

/* ---- The whole ------------------------------------------------------------------- */

static void MakeObjects(void)
{
    UNICODE_STRING Path = RTL_CONSTANT_STRING(L"\\??\\C:\\programs\\sleeper.exe");
    RTL_USER_PROCESS_INFORMATION Child;
    PRTL_USER_PROCESS_PARAMETERS Parameters;
    NTSTATUS Status = RtlCreateProcessParameters(
        &Parameters, &Path, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);

    if (NT_SUCCESS(Status)) {
        Status = RtlCreateUserProcess(&Path, OBJ_CASE_INSENSITIVE, Parameters, NULL, NULL, NULL,
            FALSE, NULL, NULL, &Child);
        (void)RtlDestroyProcessParameters(Parameters);
    }
    if (KtapStatus(Status, STATUS_SUCCESS, "a process")) {
        ULONG First = 0; /* what later settings return as the one before */

        Objects[OfProcess] = Child.ProcessHandle;
        Objects[OfThread] = Child.ThreadHandle;
        (void)Set(OfThread, Child.ThreadHandle, TIdealProcessor, &First, sizeof(First));
    }
}

VOID NTAPI NtProcessStartup(PPEB Peb)
{
    UNREFERENCED_PARAMETER(Peb);
    MakePlaces();
    MakeObjects();
    for (ULONG i = 0; i < ARRAYSIZE(Classes); i++) {
        TestHandles(&Classes[i], FALSE);
        if (Classes[i].QueryLength != 0) {
            TestLengths(&Classes[i]);
            TestBuffers(&Classes[i]);
        }
        if (Classes[i].SetLength != 0) {
            TestSetLengths(&Classes[i]);
            TestSetBuffers(&Classes[i]);
        }
        TestOrder(&Classes[i]);
    }
    TestNoClasses(OfProcess);
    TestNoClasses(OfThread);
    TestImageName();
    (void)NtTerminateProcess(Objects[OfProcess], STATUS_CANCELLED);
    (void)NtWaitForMultipleObjects(2, Objects, WaitAll, FALSE, NULL);
    for (ULONG i = 0; i < ARRAYSIZE(Classes); i++) {
        TestHandles(&Classes[i], TRUE);
    }
    (void)NtTerminateProcess(NtCurrentProcess(), KtapEnd());
}
