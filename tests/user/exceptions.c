/* SPDX-License-Identifier: MIT */
/*
 * exceptions.exe: structured exception handling in the small: what each fault
 * raises, what a handler can do, and what happens without one.
 * subsystem: native
 */
#include "tests/user/child.h"
#include "tests/user/seh.h"

/* Runs one instruction in a frame; execution goes on behind it. */
#define FAULT(Frame, Instruction)                                                              \
    __asm__ volatile("movl $1f, %0\n\t" Instruction "\n1:"                                     \
                     : "=m"((Frame).Resume)                                                    \
                     :                                                                         \
                     : "eax", "ecx", "edx", "cc", "memory")

static void Expect(const TEST_FRAME *Frame, NTSTATUS Code, PCSTR Name)
{
    (void)KtapEqual(Frame->Calls, 1, Name);
    (void)KtapStatus(Frame->Code, Code, Name);
}

static void TestAccessViolations(void)
{
    TEST_FRAME Frame;

    PushFrame(&Frame, HandlerThatResumes);
    FAULT(Frame, "movl 0x10, %%eax");
    PopFrame(&Frame);
    Expect(&Frame, STATUS_ACCESS_VIOLATION, "read of 10");
    (void)KtapEqual(Frame.Information[0], 0, "it says: a read");
    (void)KtapEqual(Frame.Information[1], 0x10, "of that address");

    PushFrame(&Frame, HandlerThatResumes);
    FAULT(Frame, "movl %%eax, 0x7FFE0000");
    PopFrame(&Frame);
    Expect(&Frame, STATUS_ACCESS_VIOLATION, "write to a read-only page");
    (void)KtapEqual(Frame.Information[0], 1, "it says: a write");

    PushFrame(&Frame, HandlerThatResumes);
    FAULT(Frame, "movl 0x80101000, %%eax");
    PopFrame(&Frame);
    Expect(&Frame, STATUS_ACCESS_VIOLATION, "read of the kernel");

    PushFrame(&Frame, HandlerThatResumes);
    FAULT(Frame, "movl $0xC0300000, %%edx\n\tjmp *%%edx");
    PopFrame(&Frame);
    Expect(&Frame, STATUS_ACCESS_VIOLATION, "jump into the kernel");
}

static void TestInstructions(void)
{
    TEST_FRAME Frame;

    PushFrame(&Frame, HandlerThatResumes);
    FAULT(Frame, "xorl %%edx, %%edx\n\txorl %%ecx, %%ecx\n\tdivl %%ecx");
    PopFrame(&Frame);
    Expect(&Frame, STATUS_INTEGER_DIVIDE_BY_ZERO, "division by zero");

    PushFrame(&Frame, HandlerThatResumes);
    FAULT(Frame, "ud2");
    PopFrame(&Frame);
    Expect(&Frame, STATUS_ILLEGAL_INSTRUCTION, "an instruction that is none");

    PushFrame(&Frame, HandlerThatResumes);
    FAULT(Frame, "hlt");
    PopFrame(&Frame);
    Expect(&Frame, STATUS_PRIVILEGED_INSTRUCTION, "one that only the kernel may use");

    PushFrame(&Frame, HandlerThatResumes);
    FAULT(Frame, "int3");
    PopFrame(&Frame);
    Expect(&Frame, STATUS_BREAKPOINT, "a breakpoint");
    (void)KtapEqual(Frame.Address, Frame.Resume - 1, "its address is the instruction's");

    PushFrame(&Frame, HandlerThatResumes);
    FAULT(Frame, "pushfl\n\torl $0x100, (%%esp)\n\tpopfl\n\tnop\n\tnop");
    PopFrame(&Frame);
    Expect(&Frame, STATUS_SINGLE_STEP, "one step");
}

/* Named by the instruction that faults. */
static volatile ULONG *volatile Guarded __attribute__((used));

/* A guard page tells once and is then an ordinary page. */
static void TestGuardPage(void)
{
    PVOID Base = NULL;
    SIZE_T Size = PAGE_SIZE;
    TEST_FRAME Frame;

    (void)KtapStatus(NtAllocateVirtualMemory(NtCurrentProcess(), &Base, 0, &Size,
                         MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE | PAGE_GUARD),
        STATUS_SUCCESS, "a guard page");
    Guarded = Base;
    PushFrame(&Frame, HandlerThatResumes);
    FAULT(Frame, "movl _Guarded, %%eax\n\tmovl (%%eax), %%eax");
    PopFrame(&Frame);
    Expect(&Frame, STATUS_GUARD_PAGE_VIOLATION, "its first touch");
    (void)KtapEqual(*Guarded, 0, "its second");
}

/* ---- Unwinding ---- */

static EXCEPTION_DISPOSITION NTAPI HandlerThatUnwinds(
    PEXCEPTION_RECORD Record, PVOID Establisher, PCONTEXT Context, PVOID Dispatcher)
{
    TEST_FRAME *Frame = Establisher;

    UNREFERENCED_PARAMETER(Dispatcher);
    Note(Frame, Record);
    RtlUnwind(Frame, NULL, Record, NULL);
    /* Dispatching has been unwound, too: there is nobody to return to. */
    Context->Eip = Frame->Resume;
    (void)NtContinue(Context, FALSE);
    return ExceptionContinueSearch;
}

static EXCEPTION_DISPOSITION NTAPI HandlerThatSearches(
    PEXCEPTION_RECORD Record, PVOID Establisher, PCONTEXT Context, PVOID Dispatcher)
{
    TEST_FRAME *Frame = Establisher;

    UNREFERENCED_PARAMETER(Context);
    UNREFERENCED_PARAMETER(Dispatcher);
    if ((Record->ExceptionFlags & EXCEPTION_UNWINDING) != 0) {
        Frame->UnwindCalls++;
    } else {
        Frame->Calls++;
    }
    return ExceptionContinueSearch;
}

/* A function of its own, so that its frame is the lower one on the stack. */
static __attribute__((noinline)) void FaultInside(TEST_FRAME *Outer)
{
    TEST_FRAME Inner;

    PushFrame(&Inner, HandlerThatSearches);
    FAULT(*Outer, "ud2");
    (void)KtapEqual(Inner.Calls, 1, "the inner handler is asked first");
    (void)KtapEqual(Inner.UnwindCalls, 1, "and told of the unwind");
}

static void TestUnwind(void)
{
    TEST_FRAME Outer;

    PushFrame(&Outer, HandlerThatUnwinds);
    FaultInside(&Outer);
    (void)KtapEqual(Outer.Calls, 1, "the outer one unwinds");
    (void)KtapCheck((PVOID)NtCurrentTeb()->NtTib.ExceptionList == (PVOID)&Outer,
        "the inner frame is gone");
    PopFrame(&Outer);
}

/* ---- Software and vectored exceptions ---- */

static volatile ULONG VectoredCalls;

static LONG NTAPI VectoredHandler(struct _EXCEPTION_POINTERS *Pointers)
{
    if (Pointers->ExceptionRecord->ExceptionCode != 0xE0001234) {
        return EXCEPTION_CONTINUE_SEARCH;
    }
    VectoredCalls++;
    return EXCEPTION_CONTINUE_EXECUTION;
}

static void TestRaise(void)
{
    EXCEPTION_RECORD Record = {.ExceptionCode = 0xE0001234};
    PVOID Handler = RtlAddVectoredExceptionHandler(TRUE, VectoredHandler);

    RtlRaiseException(&Record);
    (void)KtapEqual(VectoredCalls, 1, "a raised exception reaches a vectored handler");
    (void)KtapCheck(RtlRemoveVectoredExceptionHandler(Handler) != 0, "which can be removed");
}

/* The code's internal bit is taken out: VectoredHandler knows it without. */
static void TestRaiseService(void)
{
    EXCEPTION_RECORD Record = {.ExceptionCode = 0xF0001234};
    PVOID Handler = RtlAddVectoredExceptionHandler(TRUE, VectoredHandler);
    static volatile BOOLEAN Refused;
    static CONTEXT Context;
    PVOID Bad = (PVOID)0x80101000;

    (void)KtapStatus(
        NtRaiseException(&Record, Bad, TRUE), STATUS_ACCESS_VIOLATION, "the kernel's context");
    RtlCaptureContext(&Context);
    if (VectoredCalls < 2) {
        (void)KtapStatus(
            NtRaiseException(Bad, &Context, TRUE), STATUS_ACCESS_VIOLATION, "the kernel's record");
        Record.NumberParameters = EXCEPTION_MAXIMUM_PARAMETERS + 1;
        (void)KtapStatus(
            NtRaiseException(&Record, &Context, TRUE), STATUS_INVALID_PARAMETER, "too much");
        Refused = TRUE;
        Record.NumberParameters = 0;
        (void)NtRaiseException(&Record, &Context, TRUE);
    }
    (void)KtapEqual(VectoredCalls, 2, "raised by the kernel; it comes back to the context");
    (void)KtapCheck(Refused, "but not when there was too much");
    (void)RtlRemoveVectoredExceptionHandler(Handler);
}

/* ---- Flags ---- */

static volatile ULONG FlagsInHandler, FlagsInContext;

static LONG NTAPI NoteFlags(struct _EXCEPTION_POINTERS *Pointers)
{
    ULONG Flags;

    __asm__ volatile("pushfl\n\tpopl %0" : "=r"(Flags));
    FlagsInHandler = Flags;
    FlagsInContext = Pointers->ContextRecord->EFlags;
    Pointers->ContextRecord->EFlags &= ~0x40400u;
    Pointers->ContextRecord->Eip += 2;
    return EXCEPTION_CONTINUE_EXECUTION;
}

/* DF, which compilers count on, and AC: handlers begin with neither. */
static void TestFlags(void)
{
    PVOID Handler = RtlAddVectoredExceptionHandler(TRUE, NoteFlags);

    __asm__ volatile("pushfl\n\torl $0x40400, (%%esp)\n\tpopfl\n\tud2" : : : "memory", "cc");
    (void)KtapEqual(FlagsInContext & 0x40400, 0x40400, "the flags of the fault");
    (void)KtapEqual(FlagsInHandler & 0x40400, 0, "are not the handler's");
    (void)RtlRemoveVectoredExceptionHandler(Handler);
}

/* ---- Without a handler ---- */

static void TestUnhandled(void)
{
    (void)KtapStatus(RunChild("exceptions", 0), STATUS_ILLEGAL_INSTRUCTION,
        "a child without handlers: the fault is its exit status");
}

VOID NTAPI NtProcessStartup(PPEB Peb)
{
    ULONG Number;

    UNREFERENCED_PARAMETER(Peb);
    if (IsTestChild(&Number)) {
        __asm__ volatile("ud2");
    }
    TestAccessViolations();
    TestInstructions();
    TestGuardPage();
    TestUnwind();
    TestRaise();
    TestRaiseService();
    TestFlags();
    TestUnhandled();
    (void)NtTerminateProcess(NtCurrentProcess(), KtapEnd());
}
