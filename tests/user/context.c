/* SPDX-License-Identifier: MIT */
/*
 * context.exe: NtGetContextThread, NtSetContextThread and NtContinue: of the
 * caller, of threads that run, wait or are suspended, with each part of CONTEXT,
 * and with registers that nobody may have.  subsystem: native
 */
#include "tests/user/contextfloat.h"
#include "tests/user/seh.h"
#include "tests/user/threads.h"

#define EFLAGS_USER_STATUS 0xCD5u /* the arithmetic flags and DF */

volatile ULONG Counter __asm__("_Counter");
static volatile ULONG Arrived;
static HANDLE Release;

static void Sleep1(void)
{
    LARGE_INTEGER Interval = {.QuadPart = -100000LL};

    (void)NtDelayExecution(FALSE, &Interval);
}

/* ---- The caller's own ---- */

/* NtContinue with every register chosen; they are seen after it. */
typedef struct _REGISTERS {
    ULONG Edi, Esi, Ebp, Esp, Ebx, Edx, Ecx, Eax, EFlags;
} REGISTERS;

REGISTERS Seen __asm__("_Seen");
ULONG BackEsp __asm__("_BackEsp");
extern const UCHAR AfterContinue[] __asm__("_AfterContinue");

/* ContinueWith(Context): calls NtContinue; AfterContinue, its Eip, returns from here. */
__asm__("_ContinueWith: pushal\n\tmovl %esp, _BackEsp\n\t"
        "movl 36(%esp), %eax\n\tpushl $0\n\tpushl %eax\n\tcall _NtContinue@8\n\tud2\n"
        "_AfterContinue: movl %eax, _Seen + 28\n\tmovl %ecx, _Seen + 24\n\t"
        "movl %edx, _Seen + 20\n\tmovl %ebx, _Seen + 16\n\tmovl %esp, _Seen + 12\n\t"
        "movl %ebp, _Seen + 8\n\tmovl %esi, _Seen + 4\n\tmovl %edi, _Seen\n\t"
        "movl _BackEsp, %esp\n\tpushfl\n\tpopl _Seen + 32\n\tcld\n\tpopal\n\tret");
void __cdecl ContinueWith(PCONTEXT Context) __asm__("_ContinueWith");

static void TestContinue(void)
{
    CONTEXT Context = {
        .ContextFlags = CONTEXT_FULL,
        .Edi = 1, .Esi = 2, .Ebp = 3, .Ebx = 4, .Edx = 5, .Ecx = 6, .Eax = 7,
        .Esp = 0x70001234,
        .Eip = (ULONG)(ULONG_PTR)AfterContinue,
        .EFlags = 0xFFFFFFFF & ~0x100u & ~0x4000u & ~0x40000u,
        .SegCs = 0x8, .SegSs = 0x10, .SegDs = 0x10, .SegEs = 0x2B, .SegFs = 0x30, .SegGs = 0x7FF8,
    };

    ContinueWith(&Context);
    (void)KtapCheck(Seen.Edi == 1 && Seen.Esi == 2 && Seen.Ebp == 3 && Seen.Ebx == 4 &&
                        Seen.Edx == 5 && Seen.Ecx == 6 && Seen.Eax == 7,
        "NtContinue loads every register");
    (void)KtapEqual(Seen.Esp, 0x70001234, "the stack pointer, too");
    (void)KtapEqual(Seen.EFlags & 0x23200, 0x200, "no IOPL, no VM; interrupts on");
    (void)KtapEqual(Seen.EFlags & EFLAGS_USER_STATUS, EFLAGS_USER_STATUS, "the program's flags");
    (void)KtapStatus(NtContinue((PCONTEXT)0x10, FALSE), STATUS_ACCESS_VIOLATION, "no CONTEXT");
    (void)KtapStatus(
        NtContinue((PCONTEXT)0x80101000, FALSE), STATUS_ACCESS_VIOLATION, "the kernel's");
}

/* A CONTEXT that leaves everything but what it names. */
static void TestContinueControl(void)
{
    CONTEXT Context = {.ContextFlags = CONTEXT_CONTROL, .EFlags = 0x2};

    Context.Eip = (ULONG)(ULONG_PTR)AfterContinue;
    Context.Edi = 0xBAD;
    Context.Esp = 0x70001234;
    ContinueWith(&Context);
    (void)KtapCheck(Seen.Edi != 0xBAD && Seen.Esp == 0x70001234, "only the control registers");
}

static LONG NTAPI NoteFault(EXCEPTION_POINTERS *Pointers)
{
    Arrived = Pointers->ContextRecord->Eip;
    Pointers->ContextRecord->Eip = (ULONG)(ULONG_PTR)AfterContinue;
    Pointers->ContextRecord->EFlags &= ~0x4100u;
    return EXCEPTION_CONTINUE_EXECUTION;
}

static void TestContinueToKernel(void)
{
    static const ULONG Places[] = {0x80101000, 0xC0300000, 0xFFFFFFFF, 0x7FFF0000, 0};
    PVOID Handler = RtlAddVectoredExceptionHandler(1, NoteFault);
    CONTEXT Context = {.ContextFlags = CONTEXT_CONTROL, .EFlags = 0x2};
    ULONG i;

    __asm__("movl %%esp, %0" : "=r"(Context.Esp));
    Context.Esp -= 0x800;
    for (i = 0; i < ARRAYSIZE(Places); i++) {
        Context.Eip = Places[i];
        ContinueWith(&Context);
        (void)KtapEqual(Arrived, Places[i], "NtContinue to where no code is: a fault there");
    }
    Context.Eip = (ULONG)(ULONG_PTR)AfterContinue;
    Context.EFlags = 0x102;
    ContinueWith(&Context);
    (void)KtapEqual(Arrived, Context.Eip + 5, "with TF: a step behind the first instruction");
    (void)RtlRemoveVectoredExceptionHandler(Handler);
}

/* ---- Other threads ---- */

/* ESI, EDI, EBX, EBP hold what the test expects; ECX is counted up for ever. */
__asm__("_Spinner@4: movl $0x51, %esi\n\tmovl $0x52, %edi\n\tmovl $0x53, %ebx\n\tmovl $0x54, %ebp\n"
        "_SpinLoop: incl _Counter\n\tjmp _SpinLoop\n"
        "_SpinEnd:\n"
        "_Leave: pushl %esi\n\tpushl $-2\n\tcall _NtTerminateThread@8\n\tud2");
NTSTATUS NTAPI Spinner(PVOID Parameter);
extern const UCHAR SpinLoop[] __asm__("_SpinLoop"), SpinEnd[] __asm__("_SpinEnd");
extern const UCHAR Leave[] __asm__("_Leave");

static BOOLEAN IsSpinning(const CONTEXT *Context)
{
    return Context->Esi == 0x51 && Context->Edi == 0x52 && Context->Ebx == 0x53 &&
           Context->Ebp == 0x54 && Context->Eip >= (ULONG_PTR)SpinLoop &&
           Context->Eip < (ULONG_PTR)SpinEnd && Context->SegCs == 0x1B && Context->SegSs == 0x23 &&
           Context->SegFs == 0x3B && (Context->EFlags & 0x200) != 0;
}

static void SendAway(HANDLE Thread, ULONG Esi)
{
    CONTEXT Context = {.ContextFlags = CONTEXT_FULL, .Esi = Esi, .EFlags = 0xFFFFBEFF};

    (void)KtapStatus(NtGetContextThread(Thread, &Context), STATUS_SUCCESS, "get");
    Context.Eip = (ULONG)(ULONG_PTR)Leave;
    Context.Esi = Esi;
    (void)KtapStatus(NtSetContextThread(Thread, &Context), STATUS_SUCCESS, "set");
}

static void TestRunning(void)
{
    HANDLE Thread = StartThread(Spinner, NULL, FALSE);
    CONTEXT Context = {.ContextFlags = CONTEXT_FULL};
    ULONG Before;

    while (Counter == 0) {
        Sleep1();
    }
    (void)KtapStatus(NtGetContextThread(Thread, &Context), STATUS_SUCCESS, "a running thread");
    (void)KtapCheck(IsSpinning(&Context), "it is in its loop");
    Before = Counter;
    for (ULONG i = 0; i < 1000 && Counter == Before; i++) {
        Sleep1(); /* its processor may be one whose turn the host has not given yet */
    }
    (void)KtapCheck(Counter != Before, "and goes on");
    (void)KtapStatus(NtSuspendThread(Thread, NULL), STATUS_SUCCESS, "suspended");
    (void)KtapStatus(NtGetContextThread(Thread, &Context), STATUS_SUCCESS, "a suspended thread");
    Before = Counter; /* now the APC has stopped it, on whatever processor */
    (void)KtapCheck(IsSpinning(&Context), "it is in its loop");
    SendAway(Thread, 0x11);
    Sleep1();
    (void)KtapEqual(Counter, Before, "it stays suspended");
    (void)NtResumeThread(Thread, NULL);
    ExpectEnd(Thread, 0x11, "it goes on where it was sent");
    Counter = 0;
    Thread = StartThread(Spinner, NULL, FALSE);
    while (Counter == 0) {
        Sleep1();
    }
    SendAway(Thread, 0x12);
    ExpectEnd(Thread, 0x12, "a running one does, too");
}

static void TestFlags(void)
{
    static const struct {
        ULONG Flags;
        ULONG First, End; /* offsets of what may change */
    } Parts[] = {
        {CONTEXT_CONTROL, offsetof(CONTEXT, Ebp), offsetof(CONTEXT, ExtendedRegisters)},
        {CONTEXT_INTEGER, offsetof(CONTEXT, Edi), offsetof(CONTEXT, Ebp)},
        {CONTEXT_SEGMENTS, offsetof(CONTEXT, SegGs), offsetof(CONTEXT, Edi)},
        {CONTEXT_FLOATING_POINT, offsetof(CONTEXT, FloatSave), offsetof(CONTEXT, SegGs)},
        {CONTEXT_DEBUG_REGISTERS, offsetof(CONTEXT, Dr0), offsetof(CONTEXT, FloatSave)},
        {CONTEXT_EXTENDED_REGISTERS, offsetof(CONTEXT, ExtendedRegisters), sizeof(CONTEXT)},
        {0, 0, 0},
        {0x3F, 0, 0}, /* of no processor */
    };
    HANDLE Thread = StartThread(Spinner, NULL, TRUE);
    ULONG i, j;

    for (i = 0; i < ARRAYSIZE(Parts); i++) {
        UCHAR Buffer[sizeof(CONTEXT)];
        ULONG Touched = 0, Wrong = 0;

        memset(Buffer, 0xEE, sizeof(Buffer));
        *(ULONG *)(PVOID)Buffer = Parts[i].Flags;
        (void)KtapStatus(
            NtGetContextThread(Thread, (PVOID)Buffer), STATUS_SUCCESS, "a part of a CONTEXT");
        for (j = sizeof(ULONG); j < sizeof(Buffer); j++) {
            if (Buffer[j] != 0xEE) {
                Touched++;
                Wrong += j < Parts[i].First || j >= Parts[i].End;
            }
        }
        (void)KtapCheck(Wrong == 0 && (Touched != 0) == (Parts[i].End != 0), "  and only that");
    }
    (void)KtapStatus(NtGetContextThread(Thread, (PVOID)0x10), STATUS_ACCESS_VIOLATION, "no buffer");
    (void)KtapStatus(
        NtSetContextThread(Thread, (PVOID)0x80101000), STATUS_ACCESS_VIOLATION, "the kernel's");
    (void)NtTerminateThread(Thread, 0x13);
    ExpectEnd(Thread, 0x13, "its end");
}

static NTSTATUS NTAPI Waiter(PVOID Parameter)
{
    UNREFERENCED_PARAMETER(Parameter);
    Arrived = 1;
    return NtWaitForSingleObject(Release, FALSE, NULL);
}

/* A thread in a system call: its frame is the call's, and the wait goes on. */
static void TestWaiting(void)
{
    CONTEXT Context = {.ContextFlags = CONTEXT_FULL | CONTEXT_SEGMENTS};
    HANDLE Thread;

    Arrived = 0;
    Thread = StartThread(Waiter, NULL, FALSE);
    while (Arrived == 0) {
        Sleep1();
    }
    Sleep1();
    (void)KtapStatus(NtGetContextThread(Thread, &Context), STATUS_SUCCESS, "a waiting thread");
    (void)KtapCheck(Context.SegFs == 0x3B && Context.SegDs == 0x23 && Context.SegEs == 0x23 &&
                        Context.SegGs == 0 && (Context.EFlags & 0x200) != 0,
        "it has what its way into the kernel did not save");
    (void)KtapCheck(Context.Eip < 0x80000000 && Context.SegCs == 0x1B && Context.SegSs == 0x23 &&
                        Context.Edx < 0x80000000 && Context.Ecx < 0x80000000 &&
                        Context.Eax < 0x80000000,
        "it shows nothing of the kernel");
    SendAway(Thread, 0x14);
    Sleep1();
    (void)KtapStatus(NtGetContextThread(Thread, &Context), STATUS_SUCCESS, "still waiting");
    (void)KtapEqual(Context.Eip, (ULONG_PTR)Leave, "with other registers");
    (void)NtSetEvent(Release, NULL);
    ExpectEnd(Thread, 0x14, "which it has after the wait");
}

/* In a call the kernel has its frame's EDX; after it the program can be given one again. */
static void TestEdx(void)
{
    CONTEXT Context = {.ContextFlags = CONTEXT_FULL};
    HANDLE Thread;

    Arrived = Counter = 0;
    Thread = StartThread(Waiter, NULL, FALSE);
    while (Arrived == 0) {
        Sleep1();
    }
    Sleep1();
    (void)NtGetContextThread(Thread, &Context);
    Context.Eip = (ULONG)(ULONG_PTR)SpinLoop;
    Context.Edx = 0x1234;
    (void)KtapStatus(NtSetContextThread(Thread, &Context), STATUS_SUCCESS, "EDX of a call");
    (void)NtSetEvent(Release, NULL);
    while (Counter == 0) {
        Sleep1();
    }
    Context.Edx = 0x5678;
    (void)KtapStatus(NtSetContextThread(Thread, &Context), STATUS_SUCCESS, "after the call");
    Context.Edx = 0;
    (void)NtGetContextThread(Thread, &Context);
    (void)KtapEqual(Context.Edx, 0x5678, "it is what was set");
    SendAway(Thread, 0x19);
    ExpectEnd(Thread, 0x19, "its end");
}

/* Everything wrong at once, in user mode and in a system call. */
static void TestHostile(void)
{
    static const ULONG Places[] = {0x80101000, 0xFFFFFFFF, 0x10};
    CONTEXT Context;
    ULONG i, Round;

    for (i = 0; i < 2 * ARRAYSIZE(Places); i++) {
        HANDLE Thread;

        Arrived = Counter = 0;
        Thread = StartThread(i & 1 ? Waiter : Spinner, NULL, FALSE);
        while (Arrived == 0 && Counter == 0) {
            Sleep1();
        }
        Sleep1();
        (void)NtSuspendThread(Thread, NULL);
        memset(&Context, 0xFF, sizeof(Context));
        Context.ContextFlags = CONTEXT_ALL;
        Context.Eip = Places[i / 2];
        for (Round = 0; Round < 2; Round++) {
            (void)KtapStatus(
                NtSetContextThread(Thread, &Context), STATUS_SUCCESS, "registers of ones");
        }
        (void)KtapStatus(NtGetContextThread(Thread, &Context), STATUS_SUCCESS, "read back");
        (void)KtapCheck((Context.EFlags & 0x23200) == 0x200 && Context.SegCs == 0x1B &&
                            Context.SegSs == 0x23 && Context.Dr0 == 0 && Context.Dr3 == 0 &&
                            (Context.Dr7 & 0x2000) == 0,
            "made harmless");
        Context.ContextFlags = CONTEXT_FULL | CONTEXT_DEBUG_REGISTERS | CONTEXT_EXTENDED_REGISTERS;
        Context.Dr7 = 0;
        Context.EFlags = 2;
        Context.Eip = (ULONG)(ULONG_PTR)Leave;
        Context.Esi = 0x15;
        Context.Esp = (ULONG)(ULONG_PTR)NtCurrentTeb()->NtTib.StackLimit + 0x100;
        (void)KtapStatus(NtSetContextThread(Thread, &Context), STATUS_SUCCESS, "back to sense");
        (void)NtResumeThread(Thread, NULL);
        if (i & 1) {
            (void)NtSetEvent(Release, NULL);
        }
        ExpectEnd(Thread, 0x15, "it lives");
    }
}

/* ---- FPU and SSE ---- */

static void TestFloatingPointOfThreads(void)
{
    HANDLE Thread = StartThread(Spinner, NULL, TRUE);

    TestFloatingPoint(Thread);
    Counter = 0;
    (void)NtResumeThread(Thread, NULL);
    while (Counter == 0) {
        Sleep1();
    }
    TestFloatingPoint(Thread);
    (void)NtTerminateThread(Thread, 0x18);
    ExpectEnd(Thread, 0x18, "its end");
}

/* ---- Debug registers are a thread's own ---- */

static void TestDebugRegisters(void)
{
    CONTEXT Context = {.ContextFlags = CONTEXT_DEBUG_REGISTERS};
    HANDLE Thread;

    Counter = 0;
    Thread = StartThread(Spinner, NULL, TRUE);
    Context.Dr0 = 0x1000;
    Context.Dr1 = 0x2000;
    Context.Dr2 = 0x3000;
    Context.Dr3 = (ULONG)(ULONG_PTR)&Arrived;
    Context.Dr6 = 0xFFFFFFFF;
    Context.Dr7 = 0xD0000000 | 1 << 6 | 0x2200; /* and GD, which nobody may have */
    (void)KtapStatus(NtSetContextThread(Thread, &Context), STATUS_SUCCESS, "debug registers");
    Arrived = 5; /* not watched in this thread */
    (void)NtResumeThread(Thread, NULL);
    while (Counter == 0) {
        Sleep1();
    }
    memset(&Context, 0, sizeof(Context));
    Context.ContextFlags = CONTEXT_DEBUG_REGISTERS;
    (void)KtapStatus(NtGetContextThread(Thread, &Context), STATUS_SUCCESS, "of a running thread");
    (void)KtapCheck(Context.Dr0 == 0x1000 && Context.Dr1 == 0x2000 && Context.Dr2 == 0x3000 &&
                        Context.Dr3 == (ULONG_PTR)&Arrived,
        "the addresses");
    (void)KtapEqual(Context.Dr7, 0xD0000000 | 1 << 6, "the control register");
    (void)NtGetContextThread(NtCurrentThread(), &Context);
    (void)KtapCheck(Context.Dr7 == 0 && Context.Dr0 == 0, "mine are my own");
    SendAway(Thread, 0x16);
    ExpectEnd(Thread, 0x16, "its end");
}

/* ---- All at once ---- */

#define STRESS_ROUNDS 200

static HANDLE Others[2];

/* Looks at the other one, which looks at this one: neither may wait for ever. */
static NTSTATUS NTAPI LookAtOther(PVOID Parameter)
{
    HANDLE Other = Others[(ULONG_PTR)Parameter];
    ULONG i;

    for (i = 0; i < STRESS_ROUNDS; i++) {
        CONTEXT Context = {.ContextFlags = CONTEXT_FULL};
        NTSTATUS Status = NtGetContextThread(Other, &Context);

        if (!NT_SUCCESS(Status)) {
            return Status == STATUS_UNSUCCESSFUL ? STATUS_SUCCESS : Status; /* it has ended */
        }
    }
    return STATUS_SUCCESS;
}

static void TestEachOther(void)
{
    LARGE_INTEGER Timeout = {.QuadPart = -300000000LL};
    ULONG_PTR i;

    for (i = 0; i < 2; i++) {
        (void)KtapStatus(RtlCreateUserThread(NtCurrentProcess(), NULL, TRUE, 0, 0, 0, LookAtOther,
                             (PVOID)(1 - i), &Others[i], NULL),
            STATUS_SUCCESS, "a thread");
    }
    (void)NtResumeThread(Others[0], NULL);
    (void)NtResumeThread(Others[1], NULL);
    (void)KtapStatus(NtWaitForMultipleObjects(2, Others, WaitAll, FALSE, &Timeout),
        STATUS_SUCCESS, "both end"); /* each uses the other's handle until then */
    ExpectEnd(Others[0], STATUS_SUCCESS, "threads that look at each other");
    ExpectEnd(Others[1], STATUS_SUCCESS, "both");
}

static NTSTATUS NTAPI EndAtOnce(PVOID Parameter)
{
    UNREFERENCED_PARAMETER(Parameter);
    return STATUS_SUCCESS;
}

/* The thread is anywhere between its start and its end. */
static void TestDying(void)
{
    ULONG Unexpected = 0;
    ULONG i;

    for (i = 0; i < STRESS_ROUNDS; i++) {
        CONTEXT Context = {.ContextFlags = CONTEXT_FULL};
        HANDLE Thread;
        NTSTATUS Status;

        if (!NT_SUCCESS(RtlCreateUserThread(
                NtCurrentProcess(), NULL, FALSE, 0, 0, 0, EndAtOnce, NULL, &Thread, NULL))) {
            Unexpected++;
            break;
        }
        if (i & 1) {
            (void)NtYieldExecution();
        }
        do {
            Status = NtGetContextThread(Thread, &Context);
        } while (Status == STATUS_SUCCESS);
        Unexpected += Status != STATUS_UNSUCCESSFUL;
        (void)NtWaitForSingleObject(Thread, FALSE, NULL);
        (void)NtClose(Thread);
    }
    (void)KtapEqual(Unexpected, 0, "threads on their way out");
}

/* ---- Handles ---- */

static void TestHandles(void)
{
    CONTEXT Context = {.ContextFlags = CONTEXT_FULL};
    HANDLE Thread = StartThread(Spinner, NULL, TRUE);
    HANDLE Weak = NULL;

    (void)NtDuplicateObject(NtCurrentProcess(), Thread, NtCurrentProcess(), &Weak,
        THREAD_QUERY_INFORMATION, 0, 0);
    (void)KtapStatus(NtGetContextThread(Weak, &Context), STATUS_ACCESS_DENIED, "get without right");
    (void)KtapStatus(NtSetContextThread(Weak, &Context), STATUS_ACCESS_DENIED, "set without right");
    (void)KtapStatus(
        NtGetContextThread(NtCurrentProcess(), &Context), STATUS_OBJECT_TYPE_MISMATCH, "a process");
    (void)NtTerminateThread(Thread, 0x17);
    (void)NtWaitForSingleObject(Thread, FALSE, NULL);
    (void)KtapStatus(NtGetContextThread(Thread, &Context), STATUS_UNSUCCESSFUL, "a dead thread");
    (void)KtapStatus(NtSetContextThread(Thread, &Context), STATUS_UNSUCCESSFUL, "a dead thread");
    (void)NtClose(Weak);
    (void)NtClose(Thread);
}

VOID NTAPI NtProcessStartup(PPEB Peb)
{
    UNREFERENCED_PARAMETER(Peb);
    (void)NtCreateEvent(&Release, EVENT_ALL_ACCESS, NULL, SynchronizationEvent, FALSE);
    TestContinue();
    TestContinueControl();
    TestContinueToKernel();
    TestRunning();
    TestFlags();
    TestWaiting();
    TestEdx();
    TestHostile();
    TestFloatingPointOfThreads();
    TestDebugRegisters();
    TestEachOther();
    TestDying();
    TestHandles();
    (void)NtTerminateProcess(NtCurrentProcess(), KtapEnd());
}
