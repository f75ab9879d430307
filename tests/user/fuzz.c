/* SPDX-License-Identifier: MIT */
/*
 * fuzz.exe: every system service with arguments at random.  subsystem: native
 *
 *     fuzz.exe seed=N rounds=N calls=N
 *
 * Each round starts this image again as a child that is lost from the start: its
 * two threads make calls, then one does something fatal (fuzzlast.h).  What is
 * left of it and of what it created is ended, and the next round must find the
 * system as good as new.  A bugcheck, a hang or a leak fails the test; the suite
 * compares the counters.
 */
#include "tests/user/fuzzlast.h"
#include "user/apps/rawcall.h"

#define FUZZ_CHILD_MILLISECONDS 400
#define FUZZ_END_MILLISECONDS   20000
#define FUZZ_LAST_PROCESS_ID    0x2000

typedef struct _FUZZ_SERVICE {
    ULONG Number;
    ULONG ArgumentCount;
    PCSTR Signature; /* fuzzargs.h */
    ULONG Rarity;    /* made once in so many times: it may end or stop the caller */
} FUZZ_SERVICE;

#define CALL(Name, Signature)         {Number##Name, sizeof(Signature) - 1, Signature, 1}
#define RARE(Name, Signature, Rarity) {Number##Name, sizeof(Signature) - 1, Signature, Rarity}

/*
 * All services but NtShutdownSystem, and NtDisplayString and NtRaiseHardError,
 * which would print what they are given.  Nor those that change how long a name
 * lives: what they left behind would look like a leak.
 */
static const FUZZ_SERVICE Services[] = {
    CALL(NtAcceptConnectPort, "HhmPpp"),
    CALL(NtAlertResumeThread, "Tp"),
    CALL(NtAlertThread, "T"),
    CALL(NtAllocateVirtualMemory, "Pb1sgq"),
    CALL(NtCancelTimer, "hp"),
    CALL(NtClearEvent, "h"),
    CALL(NtClose, "h"),
    CALL(NtCompleteConnectPort, "h"),
    RARE(NtConnectPort, "Huppppps", 16),
    RARE(NtContinue, "c1", 64),
    CALL(NtCreateDirectoryObject, "Hfo"),
    CALL(NtCreateEvent, "Hfo11"),
    CALL(NtCreateFile, "Hfops2111pn"),
    CALL(NtCreateIoCompletion, "Hfo1"),
    CALL(NtCreateKeyedEvent, "Hfo1"),
    CALL(NtCreateMutant, "Hfo1"),
    CALL(NtCreatePort, "Honnn"),
    CALL(NtCreateProcess, "HfoP1hhh"),
    CALL(NtCreateProcessEx, "HfoP9hhh0"),
    CALL(NtCreateSection, "Hfosqgh"),
    CALL(NtCreateSemaphore, "Hfo19"),
    CALL(NtCreateSymbolicLinkObject, "Hfou"),
    CALL(NtCreateThread, "HfoPpcp1"),
    CALL(NtCreateTimer, "Hfo1"),
    CALL(NtDelayExecution, "1t"),
    CALL(NtDuplicateObject, "PhPHf91"),
    CALL(NtFreeVirtualMemory, "Pbsg"),
    CALL(NtGetContextThread, "Tc"),
    CALL(NtMapViewOfSection, "hPb1nss1gq"),
    CALL(NtOpenDirectoryObject, "Hfo"),
    CALL(NtOpenEvent, "Hfo"),
    CALL(NtOpenFile, "Hfop79"),
    CALL(NtOpenIoCompletion, "Hfo"),
    CALL(NtOpenKeyedEvent, "Hfo"),
    CALL(NtOpenMutant, "Hfo"),
    CALL(NtOpenProcess, "Hfop"),
    CALL(NtOpenSection, "Hfo"),
    CALL(NtOpenSemaphore, "Hfo"),
    CALL(NtOpenSymbolicLinkObject, "Hfo"),
    CALL(NtOpenThread, "Hfop"),
    CALL(NtOpenTimer, "Hfo"),
    CALL(NtProtectVirtualMemory, "Pbsqp"),
    CALL(NtPulseEvent, "hp"),
    CALL(NtQueryAttributesFile, "op"),
    CALL(NtQueryDirectoryObject, "hpn11pp"),
    CALL(NtQueryEvent, "h1pnp"),
    CALL(NtQueryInformationFile, "hppn4"),
    CALL(NtQueryInformationProcess, "P9pnp"),
    CALL(NtQueryInformationThread, "T4pnp"),
    CALL(NtQueryIoCompletion, "h1pnp"),
    CALL(NtQueryMutant, "h1pnp"),
    CALL(NtQueryObject, "h2pnp"),
    CALL(NtQueryPerformanceCounter, "pp"),
    CALL(NtQuerySection, "h1pnp"),
    CALL(NtQuerySecurityObject, "h9pnp"),
    CALL(NtQuerySemaphore, "h1pnp"),
    CALL(NtQuerySymbolicLinkObject, "hup"),
    CALL(NtQuerySystemInformation, "2pnp"),
    CALL(NtQuerySystemTime, "p"),
    CALL(NtQueryTimer, "h1pnp"),
    CALL(NtQueryVirtualMemory, "PB0pnp"),
    CALL(NtQueueApcThread, "Trppp"),
    RARE(NtRaiseException, "ec1", 64),
    CALL(NtReadFile, "hhppppnsp"),
    CALL(NtReadVirtualMemory, "Pppnp"),
    CALL(NtRegisterThreadTerminatePort, "h"),
    CALL(NtReleaseKeyedEvent, "h91t"),
    CALL(NtReleaseMutant, "hp"),
    CALL(NtReleaseSemaphore, "h2p"),
    CALL(NtRemoveIoCompletion, "hpppt"),
    CALL(NtReplyPort, "hm"),
    RARE(NtReplyWaitReceivePort, "hpmm", 32),
    CALL(NtRequestPort, "hm"),
    RARE(NtRequestWaitReplyPort, "hmm", 16),
    CALL(NtResetEvent, "hp"),
    CALL(NtResumeProcess, "P"),
    CALL(NtResumeThread, "Tp"),
    RARE(NtSetContextThread, "Tc", 32),
    CALL(NtSetEvent, "hp"),
    CALL(NtSetInformationFile, "hppn4"),
    CALL(NtSetInformationObject, "h4p2"),
    CALL(NtSetInformationProcess, "P7pn"),
    CALL(NtSetInformationThread, "T4pn"),
    CALL(NtSetIoCompletion, "h9999"),
    CALL(NtSetSecurityObject, "h9d"),
    CALL(NtSetTimer, "hpr11np"),
    CALL(NtSignalAndWaitForSingleObject, "hh1t"),
    RARE(NtSuspendProcess, "P", 64),
    RARE(NtSuspendThread, "Tp", 16),
    RARE(NtTerminateProcess, "P2", 128),
    RARE(NtTerminateThread, "T2", 32),
    CALL(NtTestAlert, ""),
    CALL(NtTraceEvent, "h999p"),
    RARE(NtUnmapViewOfSection, "PB", 2),
    CALL(NtWaitForKeyedEvent, "h91t"),
    CALL(NtWaitForMultipleObjects, "2p11t"),
    CALL(NtWaitForSingleObject, "h1t"),
    CALL(NtWriteFile, "hhppppnsp"),
    CALL(NtWriteVirtualMemory, "Pppnp"),
    CALL(NtYieldExecution, ""),
};

/* The child's; both of its threads read them. */
static FUZZER Fuzzers[2];

/* ---- The child: calls ----------------------------------------------------------- */

/* By the stub of KUSER_SHARED_DATA, as ntdll does it: SYSENTER where there is one. */
static NTSTATUS FastSystemCall(ULONG Number, const ULONG_PTR *Arguments)
{
    PVOID Stub = *(PVOID *)0x7FFE0300;
    NTSTATUS Status;

    __asm__ volatile("movl %%esp, %%ebx\n\t"
                     "addl $40, %%esi\n\t"
                     "movl $11, %%ecx\n"
                     "1:\tpushl (%%esi)\n\t"
                     "subl $4, %%esi\n\t"
                     "loop 1b\n\t"
                     "pushl $0\n\t" /* the caller of the stub */
                     "call *%%edx\n\t"
                     "movl %%ebx, %%esp"
                     : "=a"(Status), "+d"(Stub), "+S"(Arguments)
                     : "0"(Number)
                     : "ebx", "ecx", "memory", "cc");
    return Status;
}

static BOOLEAN IsPermanent(HANDLE Handle)
{
    OBJECT_BASIC_INFORMATION Basic;

    return NT_SUCCESS(NtQueryObject(
               Handle, ObjectBasicInformation, &Basic, sizeof(Basic), NULL)) &&
           (Basic.Attributes & OBJ_PERMANENT) != 0;
}

/*
 * Critical processes stop the system when they end; 29 makes one, 0x1D of them.  And
 * the descriptor that a permanent object is given stays, which would look like a leak.
 */
static BOOLEAN IsForbidden(ULONG Number, const ULONG_PTR *Arguments)
{
    return (Number == NumberNtSetInformationProcess &&
               Arguments[1] == ProcessBreakOnTermination) ||
           (Number == NumberNtSetSecurityObject && IsPermanent((HANDLE)Arguments[0]));
}

/* Is what a process or thread handle stands for of this process's making? */
static BOOLEAN IsOurs(ULONG Number, HANDLE Handle)
{
    PROCESS_BASIC_INFORMATION Process;
    THREAD_BASIC_INFORMATION Thread;
    ULONG_PTR Self = (ULONG_PTR)NtCurrentTeb()->ClientId.UniqueProcess;

    if (Number == NumberNtOpenThread) {
        return NT_SUCCESS(NtQueryInformationThread(Handle, (THREADINFOCLASS)ThreadBasicInformation,
                   &Thread, sizeof(Thread), NULL)) &&
               (ULONG_PTR)Thread.ClientId.UniqueProcess == Self;
    }
    return NT_SUCCESS(NtQueryInformationProcess(
               Handle, ProcessBasicInformation, &Process, sizeof(Process), NULL)) &&
           (Process.UniqueProcessId == Self || Process.InheritedFromUniqueProcessId == Self);
}

/* Keeps a new handle for later calls; what it replaces is closed, or stays open. */
static void KeepHandle(PFUZZER Fuzzer, ULONG Number, const ULONG_PTR *Arguments)
{
    HANDLE Handle = *(PHANDLE)Arguments[0];
    PHANDLE Place = &FUZZ_PICK(Fuzzer, Fuzzer->Handles);

    if ((Number == NumberNtOpenProcess || Number == NumberNtOpenThread) &&
        !IsOurs(Number, Handle)) {
        (void)NtClose(Handle);
        return;
    }
    if (FuzzOnce(Fuzzer, 2)) {
        (void)NtClose(*Place);
    }
    *Place = Handle;
}

static void MakeCall(PFUZZER Fuzzer)
{
    const FUZZ_SERVICE *Service = &FUZZ_PICK(Fuzzer, Services);
    ULONG_PTR Arguments[FUZZ_SLOTS];
    NTSTATUS Status;

    if (!FuzzOnce(Fuzzer, Service->Rarity)) {
        return;
    }
    for (ULONG Position = 0; Position < FUZZ_SLOTS; Position++) {
        Arguments[Position] =
            Position < Service->ArgumentCount
                ? FuzzArgument(Fuzzer, Service->Signature[Position], Position)
                : 0;
    }
    if (IsForbidden(Service->Number, Arguments)) {
        return;
    }
    Status = FuzzOnce(Fuzzer, 2) ? RawSystemCall(Service->Number, Arguments)
                                 : FastSystemCall(Service->Number, Arguments);
    if (NT_SUCCESS(Status) && Service->Signature[0] == 'H') {
        KeepHandle(Fuzzer, Service->Number, Arguments);
    }
}

/* A thread of a garbage context may get here: it sleeps a little and ends. */
static void Bystander(void)
{
    LARGE_INTEGER Timeout = {.QuadPart = -50000};

    (void)NtDelayExecution(TRUE, &Timeout);
    (void)NtTerminateThread(NtCurrentThread(), STATUS_SUCCESS);
}

static void NTAPI QuietApc(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    UNREFERENCED_PARAMETER(Context);
    UNREFERENCED_PARAMETER(Argument1);
    UNREFERENCED_PARAMETER(Argument2);
}

static PVOID Allocate(SIZE_T Reserved, SIZE_T Size, ULONG Protect)
{
    PVOID Base = NULL;

    (void)NtAllocateVirtualMemory(
        NtCurrentProcess(), &Base, 0, &Reserved, MEM_RESERVE, PAGE_READWRITE);
    (void)NtAllocateVirtualMemory(NtCurrentProcess(), &Base, 0, &Size, MEM_COMMIT, Protect);
    return Base;
}

static void InitializeFuzzer(PFUZZER Fuzzer, ULONG Seed, ULONG Calls)
{
    Fuzzer->Random = Seed * 2654435761u | 1;
    for (ULONG Index = 0; Index < 8; Index++) {
        (void)FuzzRandom(Fuzzer); /* seeds that are neighbours drift apart */
    }
    Fuzzer->Scratch = Allocate(FUZZ_SLOTS * FUZZ_SLOT_SIZE, FUZZ_SLOTS * FUZZ_SLOT_SIZE,
        PAGE_READWRITE);
    Fuzzer->Edge = Allocate(2 * PAGE_SIZE, PAGE_SIZE, PAGE_READWRITE);
    Fuzzer->ReadOnly = Allocate(PAGE_SIZE, PAGE_SIZE, PAGE_READONLY);
    Fuzzer->Code = Bystander;
    Fuzzer->Apc = QuietApc;
    Fuzzer->Calls = Calls;
}

static PFUZZER CurrentFuzzer(void)
{
    for (ULONG Index = 0; Index < ARRAYSIZE(Fuzzers); Index++) {
        if (Fuzzers[Index].ThreadId == NtCurrentTeb()->ClientId.UniqueThread) {
            return &Fuzzers[Index];
        }
    }
    return NULL;
}

/* Makes its calls and dies of the last; an exception on the way brings it back here. */
static void MakeCalls(void)
{
    PFUZZER Fuzzer = CurrentFuzzer();

    if (Fuzzer == NULL) { /* no other thread is sent here */
        (void)NtTerminateProcess(NtCurrentProcess(), STATUS_UNSUCCESSFUL);
        return;
    }
    while (Fuzzer->Calls != 0) {
        Fuzzer->Calls--;
        MakeCall(Fuzzer);
    }
    FuzzLastAct(Fuzzer);
    (void)NtTerminateProcess(NtCurrentProcess(), STATUS_SUCCESS);
}

static NTSTATUS NTAPI FuzzThread(PVOID Parameter)
{
    PFUZZER Fuzzer = Parameter;

    Fuzzer->ThreadId = NtCurrentTeb()->ClientId.UniqueThread;
    Fuzzer->Stack = (ULONG_PTR)__builtin_frame_address(0) - 256;
    MakeCalls();
    return STATUS_SUCCESS;
}

/* A thread made of garbage dies alone; one that makes calls goes on with the next. */
static LONG NTAPI Survive(PEXCEPTION_POINTERS Pointers)
{
    PFUZZER Fuzzer = CurrentFuzzer();
    PCONTEXT Context = Pointers->ContextRecord;

    if (Fuzzer == NULL) {
        (void)NtTerminateThread(NtCurrentThread(), STATUS_SUCCESS);
    } else if (Fuzzer->Calls != 0) {
        Context->ContextFlags = CONTEXT_FULL;
        Context->SegDs = Context->SegEs = 0x23;
        Context->EFlags = 0x202;
        Context->Esp = Fuzzer->Stack;
        Context->Eip = (ULONG)(ULONG_PTR)MakeCalls;
        return EXCEPTION_CONTINUE_EXECUTION;
    }
    return EXCEPTION_CONTINUE_SEARCH;
}

static void RunChild(ULONG Seed, ULONG Calls)
{
    HANDLE Thread;

    (void)RtlAddVectoredExceptionHandler(TRUE, Survive);
    InitializeFuzzer(&Fuzzers[0], Seed, Calls);
    InitializeFuzzer(&Fuzzers[1], ~Seed, Calls);
    (void)RtlCreateUserThread(NtCurrentProcess(), NULL, FALSE, 0, 0, 0, FuzzThread, &Fuzzers[1],
        &Thread, NULL);
    (void)FuzzThread(&Fuzzers[0]);
}

/* ---- The parent ------------------------------------------------------------------- */

static ULONG Option(PCSTR Name, ULONG Default)
{
    PCUNICODE_STRING Line = &NtCurrentPeb()->ProcessParameters->CommandLine;
    CHAR Text[128] = {0};
    ULONG Value = Default;
    ULONG Bytes;

    (void)RtlUnicodeToMultiByteN(Text, sizeof(Text) - 1, &Bytes, Line->Buffer, Line->Length);
    for (PCSTR At = Text; *At != 0; At++) {
        if (strncmp(At, Name, strlen(Name)) == 0) {
            (void)!RtlCharToInteger(At + strlen(Name), 10, &Value);
            break;
        }
    }
    return Value;
}

static NTSTATUS StartChild(ULONG Seed, ULONG Calls, PRTL_USER_PROCESS_INFORMATION Child)
{
    UNICODE_STRING Image = RTL_CONSTANT_STRING(L"\\??\\C:\\tests\\fuzz.exe");
    PRTL_USER_PROCESS_PARAMETERS Parameters;
    CHAR Narrow[64];
    WCHAR Wide[64];
    UNICODE_STRING Line = {.Buffer = Wide, .MaximumLength = sizeof(Wide)};
    ULONG Bytes;
    NTSTATUS Status;

    (void)RtlStringFormat(Narrow, sizeof(Narrow), "fuzz.exe child=%lu calls=%lu", Seed, Calls);
    (void)RtlMultiByteToUnicodeN(Wide, sizeof(Wide), &Bytes, Narrow, strlen(Narrow));
    Line.Length = (USHORT)Bytes;
    Status = RtlCreateProcessParameters(
        &Parameters, &Image, NULL, NULL, &Line, NULL, NULL, NULL, NULL, NULL);
    if (NT_SUCCESS(Status)) {
        Status = RtlCreateUserProcess(&Image, OBJ_CASE_INSENSITIVE, Parameters, NULL, NULL, NULL,
            FALSE, NULL, NULL, Child);
        (void)RtlDestroyProcessParameters(Parameters);
    }
    return Status;
}

static NTSTATUS EndProcess(HANDLE Process)
{
    LARGE_INTEGER Timeout = {.QuadPart = FUZZ_END_MILLISECONDS * -10000ll};

    (void)NtTerminateProcess(Process, STATUS_CANCELLED);
    return NtWaitForSingleObject(Process, FALSE, &Timeout);
}

/* What the child made may live on without it; ends all but System and this process. */
static NTSTATUS EndGrandchildren(void)
{
    OBJECT_ATTRIBUTES Attributes;
    NTSTATUS Status = STATUS_SUCCESS;

    InitializeObjectAttributes(&Attributes, NULL, 0, NULL, NULL);
    for (ULONG_PTR Id = 8; Status == STATUS_SUCCESS && Id < FUZZ_LAST_PROCESS_ID; Id += 4) {
        CLIENT_ID ClientId = {.UniqueProcess = (HANDLE)Id};
        HANDLE Process;

        if (ClientId.UniqueProcess != NtCurrentTeb()->ClientId.UniqueProcess &&
            NT_SUCCESS(NtOpenProcess(&Process, PROCESS_ALL_ACCESS, &Attributes, &ClientId))) {
            Status = EndProcess(Process);
            (void)NtClose(Process);
        }
    }
    return Status;
}

static NTSTATUS RunRound(ULONG Seed, ULONG Calls)
{
    LARGE_INTEGER Timeout = {.QuadPart = FUZZ_CHILD_MILLISECONDS * -10000ll};
    RTL_USER_PROCESS_INFORMATION Child;
    NTSTATUS Status = StartChild(Seed, Calls, &Child);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    (void)NtResumeThread(Child.ThreadHandle, NULL);
    (void)NtWaitForSingleObject(Child.ProcessHandle, FALSE, &Timeout);
    Status = EndProcess(Child.ProcessHandle);
    (void)NtClose(Child.ThreadHandle);
    (void)NtClose(Child.ProcessHandle);
    return Status == STATUS_SUCCESS ? EndGrandchildren() : Status;
}

VOID NTAPI NtProcessStartup(PPEB Peb)
{
    ULONG Seed = Option("seed=", 1);
    ULONG Rounds = Option("rounds=", 20);
    ULONG Calls = Option("calls=", 1000);
    NTSTATUS Status = STATUS_SUCCESS;
    ULONG Round;

    UNREFERENCED_PARAMETER(Peb);
    if (Option("child=", 0) != 0) {
        RunChild(Option("child=", 0), Calls);
    }
    KtapPrint("    # seed %lu, %lu rounds of %lu calls\n", Seed, Rounds, Calls);
    for (Round = 0; Round < Rounds && Status == STATUS_SUCCESS; Round++) {
        Status = RunRound(Seed * 1000 + Round + 1, Calls);
    }
    (void)KtapStatus(Status, STATUS_SUCCESS, "every round starts and ends");
    (void)KtapEqual(Round, Rounds, "no round was the last");
    (void)NtTerminateProcess(NtCurrentProcess(), KtapEnd());
}
