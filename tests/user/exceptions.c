/* SPDX-License-Identifier: MIT */
/*
 * exceptions.exe: structured exception handling in the small: what each fault
 * raises, what a handler can do, and what happens without one.
 * subsystem: native
 */
#include "tests/user/ktap.h"

/* The head of a frame is what FS:0 points to; the rest is for our handler. */
typedef struct _TEST_FRAME {
    EXCEPTION_REGISTRATION_RECORD Registration;
    ULONG Resume; /* where to go on */
    NTSTATUS Code;
    ULONG_PTR Address;
    ULONG_PTR Information[2];
    ULONG Calls;
    ULONG UnwindCalls;
} TEST_FRAME;

static inline void PushFrame(TEST_FRAME *Frame, PEXCEPTION_ROUTINE Handler)
{
    PTEB Teb = NtCurrentTeb();

    RtlZeroMemory(Frame, sizeof(*Frame));
    Frame->Registration.Handler = Handler;
    Frame->Registration.Next = (PVOID)Teb->NtTib.ExceptionList;
    Teb->NtTib.ExceptionList = (PVOID)&Frame->Registration;
}

static inline void PopFrame(TEST_FRAME *Frame)
{
    NtCurrentTeb()->NtTib.ExceptionList = (PVOID)Frame->Registration.Next;
}

static void Note(TEST_FRAME *Frame, const EXCEPTION_RECORD *Record)
{
    Frame->Calls++;
    Frame->Code = (NTSTATUS)Record->ExceptionCode;
    Frame->Address = (ULONG_PTR)Record->ExceptionAddress;
    Frame->Information[0] = Record->ExceptionInformation[0];
    Frame->Information[1] = Record->ExceptionInformation[1];
}

static EXCEPTION_DISPOSITION NTAPI HandlerThatResumes(
    PEXCEPTION_RECORD Record, PVOID Establisher, PCONTEXT Context, PVOID Dispatcher)
{
    TEST_FRAME *Frame = Establisher;

    UNREFERENCED_PARAMETER(Dispatcher);
    if ((Record->ExceptionFlags & EXCEPTION_UNWINDING) != 0) {
        Frame->UnwindCalls++;
        return ExceptionContinueSearch;
    }
    Note(Frame, Record);
    Context->Eip = Frame->Resume;
    return ExceptionContinueExecution;
}

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

static ULONG VectoredCalls;

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

/* ---- Without a handler ---- */

static NTSTATUS StartSelf(PRTL_USER_PROCESS_INFORMATION Child)
{
    UNICODE_STRING NtImage = RTL_CONSTANT_STRING(L"\\??\\C:\\tests\\exceptions.exe");
    UNICODE_STRING Image = RTL_CONSTANT_STRING(L"C:\\tests\\exceptions.exe");
    UNICODE_STRING CommandLine = RTL_CONSTANT_STRING(L"exceptions.exe fault");
    PRTL_USER_PROCESS_PARAMETERS Parameters;
    NTSTATUS Status = RtlCreateProcessParameters(
        &Parameters, &Image, NULL, NULL, &CommandLine, NULL, NULL, NULL, NULL, NULL);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = RtlCreateUserProcess(
        &NtImage, OBJ_CASE_INSENSITIVE, Parameters, NULL, NULL, NULL, FALSE, NULL, NULL, Child);
    (void)RtlDestroyProcessParameters(Parameters);
    return Status;
}

static void TestUnhandled(void)
{
    RTL_USER_PROCESS_INFORMATION Child;
    PROCESS_BASIC_INFORMATION Information = {0};

    if (!KtapStatus(StartSelf(&Child), STATUS_SUCCESS, "a child without handlers")) {
        return;
    }
    (void)NtResumeThread(Child.ThreadHandle, NULL);
    (void)NtWaitForSingleObject(Child.ProcessHandle, FALSE, NULL);
    (void)NtQueryInformationProcess(Child.ProcessHandle, ProcessBasicInformation, &Information,
        sizeof(Information), NULL);
    (void)KtapStatus(
        Information.ExitStatus, STATUS_ILLEGAL_INSTRUCTION, "the fault is its exit status");
    (void)NtClose(Child.ThreadHandle);
    (void)NtClose(Child.ProcessHandle);
}

/* The child's command line has a second word. */
static BOOLEAN IsFaultingChild(void)
{
    PUNICODE_STRING CommandLine = &NtCurrentPeb()->ProcessParameters->CommandLine;
    static const UNICODE_STRING Child = RTL_CONSTANT_STRING(L"exceptions.exe fault");

    return RtlEqualUnicodeString(CommandLine, &Child, FALSE);
}

VOID NTAPI NtProcessStartup(PPEB Peb)
{
    UNREFERENCED_PARAMETER(Peb);
    if (IsFaultingChild()) {
        __asm__ volatile("ud2");
    }
    TestAccessViolations();
    TestInstructions();
    TestGuardPage();
    TestUnwind();
    TestRaise();
    TestUnhandled();
    (void)NtTerminateProcess(NtCurrentProcess(), KtapEnd());
}
