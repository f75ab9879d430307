/* SPDX-License-Identifier: MIT */
/*
 * bench.exe: the benchmarks that run in user mode; here those of whole processes,
 * in benchcalls.h those of system calls.
 *
 *     bench.exe all | ID...         prints  bench ID MEDIAN MIN MAX
 *     bench.exe pair                the same for P1 and P2, by the clock (benchpair.h)
 *
 * How a figure is made: benchlib.h.
 */
#include "user/apps/benchcalls.h"
#include "user/apps/benchpair.h"

#define MANY_PROCESSES  1000u
#define WIN32_PROCESSES 100u
#define KIB_PER_PAGE    4u

typedef struct _BENCH_IMAGE {
    HANDLE Section;
    SECTION_IMAGE_INFORMATION Information;
} BENCH_IMAGE;

static BENCH_IMAGE BenchNullImage;
static HANDLE BenchSleepers[MANY_PROCESSES];

/* ---- Native processes, without a loader's or csrss's help ---- */

static NTSTATUS BenchOpenFile(PCWSTR Path, PHANDLE File)
{
    UNICODE_STRING Name;
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Iosb;

    RtlInitUnicodeString(&Name, Path);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    return NtOpenFile(File, FILE_READ_DATA | FILE_EXECUTE | SYNCHRONIZE, &Attributes, &Iosb,
        FILE_SHARE_READ, FILE_SYNCHRONOUS_IO_NONALERT);
}

static NTSTATUS BenchOpenImage(PCWSTR Path, BENCH_IMAGE *Image)
{
    HANDLE File;
    NTSTATUS Status = BenchOpenFile(Path, &File);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = NtCreateSection(
        &Image->Section, SECTION_ALL_ACCESS, NULL, NULL, PAGE_EXECUTE, SEC_IMAGE, File);
    (void)NtClose(File);
    if (NT_SUCCESS(Status)) {
        Status = NtQuerySection(Image->Section, SectionImageInformation, &Image->Information,
            sizeof(Image->Information), NULL);
    }
    return Status;
}

static NTSTATUS BenchStartThread(const BENCH_IMAGE *Image, HANDLE Process, PHANDLE Thread)
{
    const SECTION_IMAGE_INFORMATION *Information = &Image->Information;
    CLIENT_ID ClientId;
    INITIAL_TEB Stack;
    CONTEXT Context;
    NTSTATUS Status = RtlCreateUserStack(
        Process, Information->MaximumStackSize, Information->CommittedStackSize, &Stack);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    RtlInitializeContext(&Context, Information->TransferAddress, 0, 0, Stack.StackBase);
    return NtCreateThread(Thread, THREAD_ALL_ACCESS, NULL, Process, &ClientId, &Context, &Stack,
        FALSE);
}

/* The thread's handle is closed at once; the process's is the caller's. */
static NTSTATUS BenchStart(const BENCH_IMAGE *Image, PHANDLE Process)
{
    HANDLE Thread;
    NTSTATUS Status = NtCreateProcessEx(Process, PROCESS_ALL_ACCESS, NULL, NtCurrentProcess(), 0,
        Image->Section, NULL, NULL, 0);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = BenchStartThread(Image, *Process, &Thread);
    if (!NT_SUCCESS(Status)) {
        (void)NtTerminateProcess(*Process, Status);
        (void)NtClose(*Process);
        return Status;
    }
    return NtClose(Thread);
}

/* ---- B3: a native process from its creation to its end ---- */

static NTSTATUS BenchNativeProcess(ULONG Count)
{
    NTSTATUS Status = STATUS_SUCCESS;

    while (Count-- != 0 && NT_SUCCESS(Status)) {
        HANDLE Process;

        Status = BenchStart(&BenchNullImage, &Process);
        if (NT_SUCCESS(Status)) {
            Status = NtWaitForSingleObject(Process, FALSE, NULL);
            (void)NtClose(Process);
        }
    }
    return Status;
}

static NTSTATUS BenchPrepareB3(void)
{
    if (BenchNullImage.Section != NULL) {
        return STATUS_SUCCESS;
    }
    return BenchOpenImage(L"\\??\\C:\\programs\\benchnull.exe", &BenchNullImage);
}

static NTSTATUS BenchRunB3(void)
{
    NTSTATUS Status = BenchPrepareB3();

    return NT_SUCCESS(Status) ? BenchRow("B3", BenchNativeProcess) : BenchFail("B3", Status);
}

/* ---- B5b: a Win32 process by CreateProcessW ---- */

static NTSTATUS BenchCreateWin32(PCWSTR Path, PHANDLE Process)
{
    STARTUPINFOW StartupInfo = {.cb = sizeof(StartupInfo)};
    PROCESS_INFORMATION Information;

    if (!CreateProcessW(
            Path, NULL, NULL, NULL, FALSE, 0, NULL, NULL, &StartupInfo, &Information)) {
        return RtlGetLastNtStatus();
    }
    CloseHandle(Information.hThread);
    *Process = Information.hProcess;
    return STATUS_SUCCESS;
}

static NTSTATUS BenchWin32Process(ULONG Count)
{
    NTSTATUS Status = STATUS_SUCCESS;

    while (Count-- != 0 && NT_SUCCESS(Status)) {
        HANDLE Process = NULL;

        Status = BenchCreateWin32(L"C:\\programs\\benchk32.exe", &Process);
        if (NT_SUCCESS(Status)) {
            Status = NtWaitForSingleObject(Process, FALSE, NULL);
            (void)NtClose(Process);
        }
    }
    return Status;
}

/* ---- B12: many sleeping processes ---- */

/* All others sleep when a whole clock tick is spent in the idle thread. */
static void BenchSettle(void)
{
    ULONG IdleTicks = BenchReadCounters()->IdleTicks;

    do {
        Sleep(100);
    } while (BenchReadCounters()->IdleTicks == IdleTicks);
}

typedef NTSTATUS (*BENCH_STARTER)(PHANDLE Process);

static BENCH_IMAGE BenchSleeperImage;

static NTSTATUS BenchStartNativeSleeper(PHANDLE Process)
{
    return BenchStart(&BenchSleeperImage, Process);
}

static NTSTATUS BenchStartWin32Sleeper(PHANDLE Process)
{
    return BenchCreateWin32(L"C:\\programs\\sleepk32.exe", Process);
}

/* *Started counts what is to be ended, on failure too. */
static NTSTATUS BenchStartSleepers(BENCH_STARTER Starter, ULONG Count, ULONG *Started)
{
    NTSTATUS Status = STATUS_SUCCESS;

    for (; *Started < Count && NT_SUCCESS(Status); ++*Started) {
        Status = Starter(&BenchSleepers[*Started]);
        if (!NT_SUCCESS(Status)) {
            break;
        }
    }
    BenchSettle();
    return Status;
}

static void BenchEndSleepers(ULONG *Started)
{
    while (*Started != 0) {
        HANDLE Process = BenchSleepers[--*Started];

        (void)NtTerminateProcess(Process, STATUS_SUCCESS);
        (void)NtWaitForSingleObject(Process, FALSE, NULL);
        (void)NtClose(Process);
    }
    BenchSettle();
}

/* The rows whose growth is B12a. */
static const BENCH_OPERATION BenchGrowing[] = {
    BenchNativeProcess, BenchWin32Process, BenchRoundTrip};

static NTSTATUS BenchMeasureGrowing(ULONG *Medians)
{
    NTSTATUS Status = STATUS_SUCCESS;

    for (ULONG Index = 0; Index < ARRAYSIZE(BenchGrowing) && NT_SUCCESS(Status); Index++) {
        BENCH_RESULT Result = {0};

        Status = BenchMeasure(BenchGrowing[Index], &Result);
        Medians[Index] = Result.Median;
    }
    return Status;
}

/* In tenths of a percent; what got faster has not grown. */
static ULONG BenchGrowth(ULONG Before, ULONG After)
{
    return After > Before ? (After - Before) * 1000 / Before : 0;
}

static void BenchPrintTenths(PCSTR Id, ULONG *Values, ULONG Count)
{
    BenchSort(Values, Count);
    BenchPrint("bench %s %lu.%lu %lu.%lu %lu.%lu\n", Id, Values[Count - 1] / 10,
        Values[Count - 1] % 10, Values[0] / 10, Values[0] % 10, Values[Count - 1] / 10,
        Values[Count - 1] % 10);
}

static NTSTATUS BenchMeasureGrowth(ULONG *Started)
{
    ULONG Before[ARRAYSIZE(BenchGrowing)];
    ULONG After[ARRAYSIZE(BenchGrowing)];
    NTSTATUS Status = BenchStartSleepers(BenchStartNativeSleeper, 1, Started);

    if (NT_SUCCESS(Status)) {
        Status = BenchMeasureGrowing(Before);
    }
    if (NT_SUCCESS(Status)) {
        Status = BenchStartSleepers(BenchStartNativeSleeper, MANY_PROCESSES, Started);
    }
    if (NT_SUCCESS(Status)) {
        Status = BenchMeasureGrowing(After);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    for (ULONG Index = 0; Index < ARRAYSIZE(BenchGrowing); Index++) {
        After[Index] = BenchGrowth(Before[Index], After[Index]);
    }
    BenchPrintTenths("B12a", After, ARRAYSIZE(After)); /* the worst is the figure */
    return STATUS_SUCCESS;
}

static NTSTATUS BenchPrepareSleeper(void)
{
    if (BenchSleeperImage.Section != NULL) {
        return STATUS_SUCCESS;
    }
    return BenchOpenImage(L"\\??\\C:\\programs\\sleeper.exe", &BenchSleeperImage);
}

static NTSTATUS BenchRunB12a(void)
{
    ULONG Started = 0;
    NTSTATUS Status = BenchPrepareSleeper();

    if (NT_SUCCESS(Status)) {
        Status = BenchPrepareB3();
    }
    if (NT_SUCCESS(Status)) {
        Status = BenchPrepareB8c();
    }
    /* What is left of a boost decides who of a pair runs first: not what is measured here. */
    if (NT_SUCCESS(Status) && SetProcessPriorityBoost(GetCurrentProcess(), TRUE)) {
        Status = BenchMeasureGrowth(&Started);
        (void)SetProcessPriorityBoost(GetCurrentProcess(), FALSE);
    }
    BenchEndSleepers(&Started);
    return NT_SUCCESS(Status) ? Status : BenchFail("B12a", Status);
}

/* Free pages before and after: everything a process takes, wherever it is. */
static NTSTATUS BenchMemory(PCSTR Id, BENCH_STARTER Starter, ULONG Count)
{
    ULONG Started = 0;
    ULONG Tenths = 0;
    ULONG FreePages;
    NTSTATUS Status = BenchStartSleepers(Starter, 1, &Started); /* what all share is paid */

    FreePages = BenchReadCounters()->FreePages;
    if (NT_SUCCESS(Status)) {
        Status = BenchStartSleepers(Starter, Count, &Started);
    }
    if (NT_SUCCESS(Status)) {
        Tenths = (FreePages - BenchReadCounters()->FreePages) * KIB_PER_PAGE * 10 / (Count - 1);
    }
    BenchEndSleepers(&Started);
    if (!NT_SUCCESS(Status)) {
        return BenchFail(Id, Status);
    }
    BenchPrintTenths(Id, &Tenths, 1);
    return STATUS_SUCCESS;
}

static NTSTATUS BenchRunB12b(void)
{
    NTSTATUS Status = BenchPrepareSleeper();

    return NT_SUCCESS(Status) ? BenchMemory("B12b", BenchStartNativeSleeper, MANY_PROCESSES)
                              : BenchFail("B12b", Status);
}

static NTSTATUS BenchRunB12c(void)
{
    return BenchMemory("B12c", BenchStartWin32Sleeper, WIN32_PROCESSES);
}

/* ---- B13a: the start of the system ---- */

static ULONG BenchEntryTime; /* the first instructions of this, the first Win32 program */

static NTSTATUS BenchRunB13a(void)
{
    ULONG Figure = BenchEntryTime - BenchReadCounters()->StartTsc;

    BenchPrint("bench B13a %lu %lu %lu\n", Figure, Figure, Figure);
    return STATUS_SUCCESS;
}

/* ---- The command line ---- */

/* Either an operation to measure or a routine that does all there is to do. */
static const struct {
    PCSTR Id;
    BENCH_OPERATION Operation;
    NTSTATUS (*Run)(void);
} BenchRows[] = {
    {"B1a", BenchNullSysenter, NULL},
    {"B1b", BenchNullInterrupt, NULL},
    {"B2", BenchQueryTime, NULL},
    {"B3", NULL, BenchRunB3},
    {"B5b", BenchWin32Process, NULL},
    {"B7a", BenchRtlThread, NULL},
    {"B7b", BenchCreateThread, NULL},
    {"B8a", NULL, BenchRunB8a},
    {"B8b", NULL, BenchRunB8b},
    {"B8c", NULL, BenchRunB8c},
    {"B8d", NULL, BenchRunB8d},
    {"B8e", NULL, BenchRunB8e},
    {"B9a", BenchDemandZero, NULL},
    {"B9d", BenchAllocateFree, NULL},
    {"B9e", BenchProtectTwice, NULL},
    {"B10a", BenchCreateEvent, NULL},
    {"B10b", BenchSetEvent, NULL},
    {"B10c", BenchDuplicate, NULL},
    {"B10f", BenchCreateSemaphore, NULL},
    {"B10g", BenchReleaseSemaphore, NULL},
    {"B11a", BenchFaultResume, NULL},
    {"B11b", BenchFaultUnwind, NULL},
    {"B12a", NULL, BenchRunB12a},
    {"B12b", NULL, BenchRunB12b},
    {"B12c", NULL, BenchRunB12c},
    {"B13a", NULL, BenchRunB13a},
};

/* Is Word, one of the blank-separated words of CommandLine? */
static BOOLEAN BenchIsAsked(PCSTR CommandLine, PCSTR Word)
{
    SIZE_T Length = strlen(Word);

    for (PCSTR At = CommandLine; *At != '\0'; At++) {
        if (At != CommandLine && At[-1] == ' ' && strncmp(At, Word, Length) == 0 &&
            (At[Length] == ' ' || At[Length] == '\0')) {
            return TRUE;
        }
    }
    return FALSE;
}

UINT mainCRTStartup(void)
{
    ULONG Entry = BenchClock();
    PCSTR CommandLine = GetCommandLineA();
    BOOLEAN All = BenchIsAsked(CommandLine, "all");
    UINT Failures = 0;

    BenchEntryTime = Entry;
    if (BenchIsAsked(CommandLine, "partner")) {
        BenchBePartner(CommandLine + strlen(CommandLine) - 3);
        ExitProcess(1);
    }
    if (BenchIsAsked(CommandLine, "pair")) {
        Failures += !NT_SUCCESS(BenchRunPair());
    }
    for (ULONG Index = 0; Index < ARRAYSIZE(BenchRows); Index++) {
        if (All || BenchIsAsked(CommandLine, BenchRows[Index].Id)) {
            Failures += !NT_SUCCESS(BenchRows[Index].Run != NULL
                    ? BenchRows[Index].Run()
                    : BenchRow(BenchRows[Index].Id, BenchRows[Index].Operation));
        }
    }
    ExitProcess(Failures);
}
