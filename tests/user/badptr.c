/* SPDX-License-Identifier: MIT */
/*
 * badptr.exe: bad pointers to every system service.  subsystem: native
 *
 * Each service is called with plausible arguments of which one is replaced by
 * each of the bad values in turn.  The call must return; where the argument is a
 * pointer that the service uses and the value is no address of this process, it
 * must return an error; and nothing may be written to the read-only page.
 */
#include "tests/user/ktap.h"
#include "user/apps/rawcall.h"

/*
 * What an argument normally is:
 *   p buffer of zeros      o OBJECT_ATTRIBUTES without a name
 *   H as p, and a handle comes back in it, which is closed
 *   0 to 9 that number     n 64, a length        t the length of NT_TRACE_FIELDS
 *   c MEM_RESERVE|COMMIT   k SEC_COMMIT
 *   d, e the classes ProcessDefaultHardErrorMode, FilePositionInformation
 *   P this process         T a helper thread     E a signalled event
 *   F a file               S a section           z a handle that is none
 */
typedef struct _BAD_SERVICE {
    PCSTR Name;
    ULONG Number;
    ULONG ArgumentCount;
    PCSTR Signature; /* NULL: not called, see Services */
} BAD_SERVICE;

#define CALL(Name, Signature) {#Name, Number##Name, sizeof(Signature) - 1, Signature}

/*
 * Where z stands for a handle, a real one would make the call wait for ever, end
 * this process, or start a thread at address zero.  Not called at all:
 * NtShutdownSystem, which has no pointer.
 */
static const BAD_SERVICE Services[] = {
    CALL(NtAcceptConnectPort, "H0p0pp"),
    CALL(NtAlertResumeThread, "Tp"),
    CALL(NtAlertThread, "z"),
    CALL(NtAllocateVirtualMemory, "Pp0pc4"),
    CALL(NtCancelTimer, "zp"),
    CALL(NtClearEvent, "E"),
    CALL(NtClose, "z"),
    CALL(NtCompleteConnectPort, "z"),
    CALL(NtConnectPort, "Hp0pp000"),
    CALL(NtContinue, "z0"),
    CALL(NtCreateDirectoryObject, "Hno"),
    CALL(NtCreateEvent, "H0o00"),
    CALL(NtCreateFile, "H0op0001000"),
    CALL(NtCreateIoCompletion, "H0o0"),
    CALL(NtCreateKeyedEvent, "H0o0"),
    CALL(NtCreateMutant, "H0o0"),
    CALL(NtCreatePort, "Ho0n0"),
    CALL(NtCreateProcess, "H0oP0z00"),
    CALL(NtCreateProcessEx, "H0oP0z000"),
    CALL(NtCreateSection, "H0op4k0"),
    CALL(NtCreateSemaphore, "H0o01"),
    CALL(NtCreateSymbolicLinkObject, "H0op"),
    CALL(NtCreateThread, "H0ozppp1"),
    CALL(NtCreateTimer, "H0o0"),
    CALL(NtDelayExecution, "0p"),
    CALL(NtDisplayString, "p"),
    CALL(NtDuplicateObject, "PEPH002"),
    CALL(NtFreeVirtualMemory, "Ppp0"),
    CALL(NtGetContextThread, "Tp"),
    CALL(NtMakePermanentObject, "z"),
    CALL(NtMakeTemporaryObject, "z"),
    CALL(NtMapViewOfSection, "SPp00pp101"),
    CALL(NtOpenDirectoryObject, "H0o"),
    CALL(NtOpenEvent, "H0o"),
    CALL(NtOpenFile, "H0op10"),
    CALL(NtOpenIoCompletion, "H0o"),
    CALL(NtOpenKeyedEvent, "H0o"),
    CALL(NtOpenMutant, "H0o"),
    CALL(NtOpenProcess, "H0op"),
    CALL(NtOpenSection, "H0o"),
    CALL(NtOpenSemaphore, "H0o"),
    CALL(NtOpenSymbolicLinkObject, "H0o"),
    CALL(NtOpenThread, "H0op"),
    CALL(NtOpenTimer, "H0o"),
    CALL(NtProtectVirtualMemory, "Ppp1p"),
    CALL(NtPulseEvent, "zp"),
    CALL(NtQueryAttributesFile, "op"),
    CALL(NtQueryDirectoryObject, "zpn01pp"),
    CALL(NtQueryEvent, "E0p8p"),
    CALL(NtQueryInformationFile, "Fppn5"),
    CALL(NtQueryInformationProcess, "P0pnp"),
    CALL(NtQueryInformationThread, "T0pnp"),
    CALL(NtQueryIoCompletion, "z0p4p"),
    CALL(NtQueryMutant, "z0p8p"),
    CALL(NtQueryObject, "E0pnp"),
    CALL(NtQueryPerformanceCounter, "pp"),
    CALL(NtQuerySection, "S0pnp"),
    CALL(NtQuerySecurityObject, "E7pnp"),
    CALL(NtQuerySemaphore, "z0p8p"),
    CALL(NtQuerySymbolicLinkObject, "zpp"),
    CALL(NtQuerySystemInformation, "0pnp"),
    CALL(NtQuerySystemTime, "p"),
    CALL(NtQueryTimer, "z0pnp"),
    CALL(NtQueryVirtualMemory, "P00pnp"),
    CALL(NtQueueApcThread, "z0000"),
    CALL(NtRaiseException, "zz0"),
    CALL(NtRaiseHardError, "010p1p"),
    CALL(NtReadFile, "F000ppnp0"),
    CALL(NtReadVirtualMemory, "Pppnp"),
    CALL(NtRegisterThreadTerminatePort, "z"),
    CALL(NtReleaseKeyedEvent, "z00p"),
    CALL(NtReleaseMutant, "zp"),
    CALL(NtReleaseSemaphore, "z1p"),
    CALL(NtRemoveIoCompletion, "zpppp"),
    CALL(NtReplyPort, "zp"),
    CALL(NtReplyWaitReceivePort, "zppp"),
    CALL(NtRequestPort, "zp"),
    CALL(NtRequestWaitReplyPort, "zpp"),
    CALL(NtResetEvent, "zp"),
    CALL(NtResumeProcess, "z"),
    CALL(NtResumeThread, "Tp"),
    CALL(NtSetContextThread, "Tp"),
    CALL(NtSetEvent, "Ep"),
    CALL(NtSetInformationFile, "Fppne"),
    CALL(NtSetInformationObject, "E4p2"),
    CALL(NtSetInformationProcess, "Pdp4"),
    CALL(NtSetInformationThread, "T9p4"),
    CALL(NtSetIoCompletion, "z0000"),
    CALL(NtSetSecurityObject, "E4p"),
    CALL(NtSetTimer, "zp0000p"),
    CALL(NtSignalAndWaitForSingleObject, "EE0p"),
    CALL(NtSuspendProcess, "z"),
    CALL(NtSuspendThread, "Tp"),
    CALL(NtTerminateProcess, "z0"),
    CALL(NtTerminateThread, "z0"),
    CALL(NtTestAlert, ""),
    CALL(NtTraceEvent, "00tp"),
    CALL(NtUnmapViewOfSection, "P0"),
    CALL(NtWaitForKeyedEvent, "z00p"),
    CALL(NtWaitForMultipleObjects, "1p10p"),
    CALL(NtWaitForSingleObject, "E0p"),
    CALL(NtWriteFile, "F000ppnp0"),
    CALL(NtWriteVirtualMemory, "Pppnp"),
    CALL(NtYieldExecution, ""),
};

#define BUFFER_SIZE  PAGE_SIZE
#define NO_HANDLE    0x7FF0
#define MAX_ARGUMENTS 11

static struct {
    ULONG_PTR Value;
    PCSTR Name;
    BOOLEAN IsNoAddress; /* an error is due wherever a pointer is used */
} BadValues[] = {
    {0, "NULL", FALSE}, /* many pointers are optional */
    {1, "1", FALSE},    /* as a number it may be fine */
    {0x7FFF0000, "7fff0000", TRUE},
    {0x80000000, "80000000", TRUE},
    {0xFFFFFFFF, "ffffffff", TRUE},
    {0x80101000, "80101000", TRUE},
    {0, "read-only", FALSE}, /* the last two are filled in */
    {0, "unmapped", TRUE},
};
#define READ_ONLY_VALUE 6
#define UNMAPPED_VALUE  7

static PUCHAR Buffers[MAX_ARGUMENTS]; /* a page each, with nothing behind it */
static OBJECT_ATTRIBUTES NoName;
static HANDLE HelperThread;
static HANDLE SignalledEvent;
static HANDLE TestFile;
static HANDLE TestSection;

static NTSTATUS NTAPI Helper(PVOID Parameter)
{
    LARGE_INTEGER Forever = {.QuadPart = INT64_MIN};

    UNREFERENCED_PARAMETER(Parameter);
    for (;;) {
        (void)NtDelayExecution(FALSE, &Forever);
    }
    return STATUS_SUCCESS;
}

static NTSTATUS OpenTestFile(void)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(L"\\SystemRoot\\system32\\ntdll.dll");
    OBJECT_ATTRIBUTES Attributes;
    IO_STATUS_BLOCK Iosb;

    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, NULL, NULL);
    return NtOpenFile(&TestFile, FILE_READ_DATA | FILE_READ_ATTRIBUTES | SYNCHRONIZE, &Attributes,
        &Iosb, FILE_SHARE_READ, FILE_SYNCHRONOUS_IO_NONALERT);
}

static NTSTATUS MakeObjects(void)
{
    LARGE_INTEGER Size = {.QuadPart = 0x10000};
    NTSTATUS Status = RtlCreateUserThread(
        NtCurrentProcess(), NULL, FALSE, 0, 0, 0, Helper, NULL, &HelperThread, NULL);

    InitializeObjectAttributes(&NoName, NULL, 0, NULL, NULL);
    if (NT_SUCCESS(Status)) {
        Status = NtCreateEvent(
            &SignalledEvent, EVENT_ALL_ACCESS, NULL, NotificationEvent, TRUE);
    }
    if (NT_SUCCESS(Status)) {
        Status = OpenTestFile();
    }
    if (NT_SUCCESS(Status)) {
        Status = NtCreateSection(&TestSection, SECTION_ALL_ACCESS, NULL, &Size, PAGE_READWRITE,
            SEC_COMMIT, NULL);
    }
    return Status;
}

/* A wrong length must not let the kernel write over the next buffer. */
static NTSTATUS MakeBuffers(void)
{
    NTSTATUS Status = STATUS_SUCCESS;

    for (ULONG Index = 0; NT_SUCCESS(Status) && Index < MAX_ARGUMENTS; Index++) {
        PVOID Base = NULL;
        SIZE_T Size = BUFFER_SIZE;

        Status = NtAllocateVirtualMemory(
            NtCurrentProcess(), &Base, 0, &Size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
        Buffers[Index] = Base;
    }
    return Status;
}

static NTSTATUS MakeBadValues(void)
{
    PVOID ReadOnly = NULL;
    PVOID Unmapped = NULL;
    SIZE_T Size = PAGE_SIZE;
    NTSTATUS Status = NtAllocateVirtualMemory(
        NtCurrentProcess(), &ReadOnly, 0, &Size, MEM_RESERVE | MEM_COMMIT, PAGE_READONLY);

    if (NT_SUCCESS(Status)) {
        Status = NtAllocateVirtualMemory(
            NtCurrentProcess(), &Unmapped, 0, &Size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    }
    if (NT_SUCCESS(Status)) {
        SIZE_T Whole = 0;
        PVOID Base = Unmapped;

        Status = NtFreeVirtualMemory(NtCurrentProcess(), &Base, &Whole, MEM_RELEASE);
    }
    BadValues[READ_ONLY_VALUE].Value = (ULONG_PTR)ReadOnly;
    BadValues[UNMAPPED_VALUE].Value = (ULONG_PTR)Unmapped;
    return Status;
}

static BOOLEAN IsPointer(CHAR Kind)
{
    return Kind == 'p' || Kind == 'H' || Kind == 'o';
}

static ULONG_PTR PlausibleArgument(CHAR Kind, ULONG Position)
{
    switch (Kind) {
    case 'p':
    case 'H':
        return (ULONG_PTR)Buffers[Position];
    case 'o':
        return (ULONG_PTR)&NoName;
    case 'n':
        return 64;
    case 't':
        return sizeof(NT_TRACE_FIELDS);
    case 'c':
        return MEM_RESERVE | MEM_COMMIT;
    case 'k':
        return SEC_COMMIT;
    case 'd':
        return ProcessDefaultHardErrorMode;
    case 'e':
        return FilePositionInformation;
    case 'P':
        return (ULONG_PTR)NtCurrentProcess();
    case 'T':
        return (ULONG_PTR)HelperThread;
    case 'E':
        return (ULONG_PTR)SignalledEvent;
    case 'F':
        return (ULONG_PTR)TestFile;
    case 'S':
        return (ULONG_PTR)TestSection;
    case 'z':
        return NO_HANDLE;
    default:
        return (ULONG_PTR)(Kind - '0');
    }
}

/*
 * To NtTerminateProcess FFFFFFFF is this process and NULL all its other threads;
 * to NtTerminateThread NULL is this thread: those calls would succeed.  Suspended,
 * this process would stay so; resumed, it would run threads that NtCreateThread has
 * made of nothing.  The option to close the source of a duplication would take from
 * later calls what they need.
 */
static BOOLEAN WouldSpoilTheTest(const BAD_SERVICE *Service, ULONG Position, ULONG_PTR Value)
{
    switch (Service->Number) {
    case NumberNtResumeProcess:
    case NumberNtSuspendProcess:
        return Position == 0 && Value == 0xFFFFFFFF;
    case NumberNtTerminateProcess:
        return Position == 0 && (Value == 0xFFFFFFFF || Value == 0);
    case NumberNtTerminateThread:
        return Position == 0 && Value == 0;
    case NumberNtDuplicateObject:
        return Position == 6 && (Value & DUPLICATE_CLOSE_SOURCE) != 0;
    default:
        return FALSE;
    }
}

static NTSTATUS CallWithBad(const BAD_SERVICE *Service, ULONG BadPosition, ULONG_PTR BadValue)
{
    ULONG_PTR Arguments[MAX_ARGUMENTS + 1] = {0};
    NTSTATUS Status;

    for (ULONG Position = 0; Position < Service->ArgumentCount; Position++) {
        Arguments[Position] = PlausibleArgument(Service->Signature[Position], Position);
        RtlZeroMemory(Buffers[Position], BUFFER_SIZE);
    }
    Arguments[BadPosition] = BadValue;
    Status = RawSystemCall(Service->Number, Arguments);
    for (ULONG Position = 0; NT_SUCCESS(Status) && Position < Service->ArgumentCount; Position++) {
        if (Service->Signature[Position] == 'H' && Position != BadPosition) {
            (void)NtClose(*(PHANDLE)Buffers[Position]);
        }
    }
    return Status;
}

/* How many of the calls went wrong. */
static ULONG TryService(const BAD_SERVICE *Service)
{
    ULONG Wrong = 0;

    for (ULONG Position = 0; Position < Service->ArgumentCount; Position++) {
        for (ULONG Index = 0; Index < ARRAYSIZE(BadValues); Index++) {
            BOOLEAN ErrorDue =
                BadValues[Index].IsNoAddress && IsPointer(Service->Signature[Position]);
            NTSTATUS Status;

            if (WouldSpoilTheTest(Service, Position, BadValues[Index].Value)) {
                continue;
            }
            Status = CallWithBad(Service, Position, BadValues[Index].Value);
            if (ErrorDue && NT_SUCCESS(Status)) {
                KtapPrint("    # %s: argument %lu = %s gives %s\n", Service->Name, Position + 1,
                    BadValues[Index].Name, RtlNtStatusName(Status));
                Wrong++;
            }
        }
    }
    return Wrong;
}

static BOOLEAN IsPageStillZero(const ULONG *Page)
{
    for (ULONG Index = 0; Index < PAGE_SIZE / sizeof(ULONG); Index++) {
        if (Page[Index] != 0) {
            return FALSE;
        }
    }
    return TRUE;
}

VOID NTAPI NtProcessStartup(PPEB Peb)
{
    NTSTATUS Status = MakeObjects();

    UNREFERENCED_PARAMETER(Peb);
    if (NT_SUCCESS(Status)) {
        Status = MakeBuffers();
    }
    if (NT_SUCCESS(Status)) {
        Status = MakeBadValues();
    }
    if (!KtapStatus(Status, STATUS_SUCCESS, "preparation")) {
        (void)NtTerminateProcess(NtCurrentProcess(), KtapEnd());
    }
    KtapEqual(ARRAYSIZE(Services) + 1, SystemServiceCount, "every service but one is called");
    for (ULONG Index = 0; Index < ARRAYSIZE(Services); Index++) {
        (void)KtapCheck(TryService(&Services[Index]) == 0, "%s", Services[Index].Name);
    }
    (void)KtapCheck(IsPageStillZero((const ULONG *)BadValues[READ_ONLY_VALUE].Value),
        "the read-only page is unchanged");
    (void)NtTerminateProcess(NtCurrentProcess(), KtapEnd());
}
