/* SPDX-License-Identifier: MIT */
/*
 * unwind.exe: dispatching and unwinding through many frames, through each other,
 * and through chains that somebody has damaged.  subsystem: native
 *
 * "unwind.exe N" is a process that must end by its Nth damage.
 */
#include "tests/user/child.h"
#include "tests/user/unwindframes.h"

static void TestManyFrames(void)
{
    TEST_FRAME Chain[FRAMES];

    LinkFrames(Chain, UnwindToMe);
    FAULT();
    ExpectLog("01230U1U2U", "each frame is asked, then unwound, inside out");
    ExpectTop(3);
    (void)KtapStatus(Frames[3].Code, STATUS_ILLEGAL_INSTRUCTION, "by this exception");
    UnlinkFrames();
}

static void TestUnwindCalls(void)
{
    TEST_FRAME Chain[FRAMES];
    PVOID Outer = (PVOID)NtCurrentTeb()->NtTib.ExceptionList;

    LinkFrames(Chain, Search);
    RtlUnwind(&Chain[2], NULL, NULL, (PVOID)5);
    ExpectLog("0U1U", "an unwind without an exception");
    ExpectTop(2);
    RtlUnwind(&Chain[2], NULL, NULL, NULL);
    ExpectLog("", "to where it is already");
    Chain[3].Registration.Next = (PVOID)(LONG_PTR)-1;
    RtlUnwind(NULL, NULL, NULL, NULL);
    ExpectLog("2X3X", "an exit unwinds all");
    (void)KtapCheck((PVOID)NtCurrentTeb()->NtTib.ExceptionList == (PVOID)(LONG_PTR)-1, "none left");
    NtCurrentTeb()->NtTib.ExceptionList = Outer;
}

/* ---- Exceptions in handlers ---- */

static volatile ULONG Passed;

static EXCEPTION_DISPOSITION NTAPI FaultInHandler(
    PEXCEPTION_RECORD Record, PVOID Establisher, PCONTEXT Context, PVOID Dispatcher)
{
    UNREFERENCED_PARAMETER(Dispatcher);
    (void)NoteCall(Record, Establisher);
    if (Record->ExceptionFlags & (FLAGS_UNWIND | EXCEPTION_NESTED_CALL)) {
        return ExceptionContinueSearch;
    }
    __asm__ volatile("ud2" : : : "memory");
    Passed++;
    Context->Eip += 2;
    return ExceptionContinueExecution;
}

static EXCEPTION_DISPOSITION NTAPI SkipInstruction(
    PEXCEPTION_RECORD Record, PVOID Establisher, PCONTEXT Context, PVOID Dispatcher)
{
    UNREFERENCED_PARAMETER(Dispatcher);
    (void)NoteCall(Record, Establisher);
    Context->Eip += 2;
    return ExceptionContinueExecution;
}

/* Frames 1 to Last fault in their handlers. */
static void NestFaults(ULONG Last, PCSTR Expected, PCSTR Name)
{
    TEST_FRAME Chain[FRAMES];

    Passed = 0;
    LinkFrames(Chain, SkipInstruction);
    for (ULONG Number = 1; Number <= Last; Number++) {
        Frames[Number].Registration.Handler = FaultInHandler;
    }
    FAULT();
    ExpectLog(Expected, Name);
    (void)KtapEqual(Passed, Last, "the handlers go on, and so does the program");
    ExpectTop(0);
    UnlinkFrames();
}

static void TestNested(void)
{
    NestFaults(1, "010N1N23", "an exception in a handler is a nested one up to its frame");
    NestFaults(2, "010N1N20N1N2N3", "in two, up to the outer one's, whoever is met on the way");
}

/* ---- Unwinds in unwinds ---- */

/* Its clean-up has its own idea of where to go on. */
static EXCEPTION_DISPOSITION NTAPI UnwindElsewhere(
    PEXCEPTION_RECORD Record, PVOID Establisher, PCONTEXT Context, PVOID Dispatcher)
{
    UNREFERENCED_PARAMETER(Context);
    UNREFERENCED_PARAMETER(Dispatcher);
    (void)NoteCall(Record, Establisher);
    if (Record->ExceptionFlags & EXCEPTION_UNWINDING) {
        RtlUnwind(&Frames[2], NULL, NULL, NULL);
        Passed++;
        (void)NtContinue(&Home, FALSE);
    }
    return ExceptionContinueSearch;
}

static void TestCollidedUnwind(void)
{
    TEST_FRAME Chain[FRAMES];

    Passed = 0;
    LinkFrames(Chain, UnwindToMe);
    Frames[1].Registration.Handler = UnwindElsewhere;
    RtlCaptureContext(&Home);
    if (Passed == 0) {
        FAULT();
        (void)KtapCheck(FALSE, "the first unwind must not come to its end");
    }
    ExpectLog("01230U1U", "the second unwind goes on where the first was");
    ExpectTop(2);
    UnlinkFrames();
}

static EXCEPTION_DISPOSITION NTAPI FaultInCleanUp(
    PEXCEPTION_RECORD Record, PVOID Establisher, PCONTEXT Context, PVOID Dispatcher)
{
    UNREFERENCED_PARAMETER(Context);
    UNREFERENCED_PARAMETER(Dispatcher);
    (void)NoteCall(Record, Establisher);
    if (Record->ExceptionFlags & EXCEPTION_UNWINDING) {
        __asm__ volatile("movl $7, 0x10" : : : "memory");
    }
    return ExceptionContinueSearch;
}

/* Takes the second exception, and comes back to where the first was. */
static EXCEPTION_DISPOSITION NTAPI UnwindHome(
    PEXCEPTION_RECORD Record, PVOID Establisher, PCONTEXT Context, PVOID Dispatcher)
{
    TEST_FRAME *Frame = Establisher;

    UNREFERENCED_PARAMETER(Context);
    UNREFERENCED_PARAMETER(Dispatcher);
    (void)NoteCall(Record, Establisher);
    if (Record->ExceptionFlags & EXCEPTION_UNWINDING) {
        return ExceptionContinueSearch;
    }
    Note(Frame, Record);
    RtlUnwind(Frame, NULL, Record, NULL);
    Passed++;
    (void)NtContinue(&Home, FALSE);
    return ExceptionContinueSearch;
}

static void TestFaultInUnwind(void)
{
    TEST_FRAME Chain[FRAMES];

    Passed = 0;
    LinkFrames(Chain, UnwindHome);
    Frames[1].Registration.Handler = FaultInCleanUp;
    RtlCaptureContext(&Home);
    if (Passed == 0) {
        FAULT();
    }
    ExpectLog("01230U1U1232U", "an exception in an unwind starts at that frame");
    ExpectTop(3);
    (void)KtapEqual(Frames[3].Calls, 2, "two exceptions");
    (void)KtapStatus(Frames[3].Code, STATUS_ACCESS_VIOLATION, "the second");
    UnlinkFrames();
}

/* ---- Handlers that answer wrongly ---- */

static EXCEPTION_DISPOSITION NTAPI ContinueOnce(
    PEXCEPTION_RECORD Record, PVOID Establisher, PCONTEXT Context, PVOID Dispatcher)
{
    UNREFERENCED_PARAMETER(Context);
    UNREFERENCED_PARAMETER(Dispatcher);
    (void)NoteCall(Record, Establisher);
    return Record->ExceptionRecord == NULL ? ExceptionContinueExecution : ExceptionContinueSearch;
}

static EXCEPTION_DISPOSITION NTAPI AnswerNonsense(
    PEXCEPTION_RECORD Record, PVOID Establisher, PCONTEXT Context, PVOID Dispatcher)
{
    UNREFERENCED_PARAMETER(Context);
    UNREFERENCED_PARAMETER(Dispatcher);
    (void)NoteCall(Record, Establisher);
    return Record->ExceptionRecord == NULL ? (EXCEPTION_DISPOSITION)77 : ExceptionContinueSearch;
}

static void TestWrongAnswer(PEXCEPTION_ROUTINE Handler, NTSTATUS Status, PCSTR Name)
{
    EXCEPTION_RECORD Record = {
        .ExceptionCode = (ULONG)SOFTWARE_CODE,
        .ExceptionFlags = EXCEPTION_NONCONTINUABLE,
    };
    TEST_FRAME Chain[FRAMES];

    Passed = 0;
    LinkFrames(Chain, UnwindHome);
    Frames[1].Registration.Handler = Handler;
    RtlCaptureContext(&Home);
    if (Passed == 0) {
        RtlRaiseException(&Record);
    }
    ExpectLog("0101230U1U2U", Name);
    (void)KtapStatus(Frames[3].Code, Status, Name);
    UnlinkFrames();
}

/* ---- Vectored handlers and the last filter ---- */

static PVOID Vectored[4];

static LONG Vector(EXCEPTION_POINTERS *Pointers, CHAR Name)
{
    UNREFERENCED_PARAMETER(Pointers);
    Log[Logged++] = Name;
    Log[Logged] = '\0';
    return EXCEPTION_CONTINUE_SEARCH;
}

static LONG NTAPI VectorB(EXCEPTION_POINTERS *Pointers)
{
    return Vector(Pointers, 'b');
}

static LONG NTAPI VectorC(EXCEPTION_POINTERS *Pointers)
{
    return Vector(Pointers, 'c');
}

static LONG NTAPI VectorD(EXCEPTION_POINTERS *Pointers)
{
    return Vector(Pointers, 'd');
}

/* Takes itself and the next one out, and puts one at either end. */
static LONG NTAPI VectorA(EXCEPTION_POINTERS *Pointers)
{
    (void)Vector(Pointers, 'a');
    (void)KtapCheck(RtlRemoveVectoredExceptionHandler(Vectored[0]) != 0, "removed by itself");
    (void)KtapCheck(RtlRemoveVectoredExceptionHandler(Vectored[1]) != 0, "the next one, too");
    (void)KtapCheck(RtlRemoveVectoredExceptionHandler(Vectored[1]) == 0, "but not twice");
    Vectored[2] = RtlAddVectoredExceptionHandler(1, VectorC);
    Vectored[3] = RtlAddVectoredExceptionHandler(0, VectorD);
    return EXCEPTION_CONTINUE_SEARCH;
}

static LONG NTAPI LastFilter(EXCEPTION_POINTERS *Pointers)
{
    (void)Vector(Pointers, 'f');
    Pointers->ContextRecord->Eip += 2;
    return EXCEPTION_CONTINUE_EXECUTION;
}

static void TestVectored(void)
{
    Vectored[1] = RtlAddVectoredExceptionHandler(1, VectorB);
    Vectored[0] = RtlAddVectoredExceptionHandler(1, VectorA);
    RtlSetUnhandledExceptionFilter(LastFilter);
    __asm__ volatile("ud2");
    ExpectLog("adf", "handlers that change while they are called");
    __asm__ volatile("ud2");
    ExpectLog("cdf", "are others the next time; the filter is last");
    (void)KtapCheck(RtlRemoveVectoredExceptionHandler(Vectored[2]) != 0, "removed");
    (void)KtapCheck(RtlRemoveVectoredExceptionHandler(Vectored[3]) != 0, "removed");
    __asm__ volatile("ud2");
    ExpectLog("f", "the filter alone");
    RtlSetUnhandledExceptionFilter(NULL);
}

/* ---- Damage, each in a process of its own ---- */

static TEST_FRAME Global;

static void SetChain(PVOID First)
{
    NtCurrentTeb()->NtTib.ExceptionList = First;
}

static EXCEPTION_DISPOSITION NTAPI FaultAlways(
    PEXCEPTION_RECORD Record, PVOID Establisher, PCONTEXT Context, PVOID Dispatcher)
{
    UNREFERENCED_PARAMETER(Record);
    UNREFERENCED_PARAMETER(Establisher);
    UNREFERENCED_PARAMETER(Context);
    UNREFERENCED_PARAMETER(Dispatcher);
    __asm__ volatile("ud2");
    return ExceptionContinueSearch;
}

static void RaiseFixed(ULONG Flags)
{
    EXCEPTION_RECORD Record = {.ExceptionCode = (ULONG)SOFTWARE_CODE, .ExceptionFlags = Flags};

    RtlRaiseException(&Record);
}

static void RaiseSecondChance(void)
{
    EXCEPTION_RECORD Record = {.ExceptionCode = (ULONG)SOFTWARE_CODE};
    CONTEXT Context = {.ContextFlags = CONTEXT_FULL};

    RtlCaptureContext(&Context);
    (void)NtRaiseException(&Record, &Context, FALSE);
}

/* SUCCESS: by an error, but where the stack overflows depends on the compiler. */
static const NTSTATUS Damages[] = {
    STATUS_ILLEGAL_INSTRUCTION, STATUS_ILLEGAL_INSTRUCTION, STATUS_ILLEGAL_INSTRUCTION,
    STATUS_ILLEGAL_INSTRUCTION, STATUS_ILLEGAL_INSTRUCTION, STATUS_ILLEGAL_INSTRUCTION,
    STATUS_SUCCESS, STATUS_SUCCESS, STATUS_SUCCESS, STATUS_SUCCESS,
    STATUS_INVALID_UNWIND_TARGET, STATUS_BAD_STACK, STATUS_BAD_STACK,
    STATUS_ILLEGAL_INSTRUCTION, STATUS_ILLEGAL_INSTRUCTION, SOFTWARE_CODE, STATUS_DISK_FULL,
    STATUS_BAD_STACK,
};

static void Damage(ULONG Number)
{
    TEST_FRAME Chain[FRAMES];

    LinkFrames(Chain, Search);
    switch (Number) {
    case 0: /* nobody there */
        SetChain(NULL);
        break;
    case 1: /* not aligned */
        SetChain((PUCHAR)&Chain[0] + 1);
        break;
    case 2: /* not on the stack */
        PushFrame(&Global, Search);
        break;
    case 3: /* in a circle */
        Chain[2].Registration.Next = &Chain[0].Registration;
        break;
    case 4: /* in a small circle */
        Chain[0].Registration.Next = &Chain[0].Registration;
        break;
    case 5: /* a handler on the stack */
        Chain[0].Registration.Handler = (PVOID)&Chain[1];
        break;
    case 6: /* a handler nowhere */
        Chain[3].Registration.Handler = (PVOID)0x10;
        break;
    case 7: /* one that faults, whatever happens */
        Chain[3].Registration.Handler = FaultAlways;
        break;
    case 8: /* a stack as large as memory */
        NtCurrentTeb()->NtTib.StackLimit = NULL;
        NtCurrentTeb()->NtTib.StackBase = (PVOID)0xFFFFFFFC;
        SetChain((PVOID)0x10);
        break;
    case 9: /* one that will go on where nobody can */
        Chain[3].Registration.Handler = ContinueAlways;
        RaiseFixed(EXCEPTION_NONCONTINUABLE);
        break;
    case 10: /* unwound to a frame that is none */
        RtlUnwind((PUCHAR)&Chain[1] + 4, NULL, NULL, NULL);
        break;
    case 11: /* unwound through nowhere */
        Chain[0].Registration.Next = (PVOID)0x1001;
        RtlUnwind(&Chain[2], NULL, NULL, NULL);
        break;
    case 12: /* unwound in a circle */
        Chain[1].Registration.Next = &Chain[0].Registration;
        RtlUnwind(&Chain[3], NULL, NULL, NULL);
        break;
    case 13: /* no stack */
        __asm__ volatile("xorl %%esp, %%esp\n\tud2" : : : "memory");
        break;
    case 14: /* the kernel's stack */
        __asm__ volatile("movl $0xB0019000, %%esp\n\tud2" : : : "memory");
        break;
    case 15:
        RaiseSecondChance();
        break;
    case 16:
        RtlRaiseStatus(STATUS_DISK_FULL);
        break;
    case 17: /* all unwound, through one that is not aligned */
        Chain[0].Registration.Next = (PVOID)((PUCHAR)&Chain[2] + 1);
        RtlUnwind(NULL, NULL, NULL, NULL);
        break;
    }
    __asm__ volatile("ud2");
}

static void TestDamages(void)
{
    ULONG i;

    for (i = 0; i < ARRAYSIZE(Damages); i++) {
        NTSTATUS Status = RunChild("unwind", i);

        if (Damages[i] == STATUS_SUCCESS) {
            (void)KtapCheck((ULONG)Status >> 30 == 3, "damage %lu ends by an error", i);
        } else {
            (void)KtapStatus(Status, Damages[i], "a damaged program ends");
        }
    }
}

VOID NTAPI NtProcessStartup(PPEB Peb)
{
    ULONG Number;

    UNREFERENCED_PARAMETER(Peb);
    if (IsTestChild(&Number)) {
        Damage(Number);
    }
    TestManyFrames();
    TestUnwindCalls();
    TestNested();
    TestCollidedUnwind();
    TestFaultInUnwind();
    TestWrongAnswer(ContinueOnce, STATUS_NONCONTINUABLE_EXCEPTION, "to go on where nobody can");
    TestWrongAnswer(AnswerNonsense, STATUS_INVALID_DISPOSITION, "an answer that is none");
    TestVectored();
    TestDamages();
    (void)NtTerminateProcess(NtCurrentProcess(), KtapEnd());
}
