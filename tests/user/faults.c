/* SPDX-License-Identifier: MIT */
/*
 * faults.exe: each way to fault in user mode, the exception it becomes, and that a
 * handler can resume.  Without one the process ends with the exception's code.
 * subsystem: native
 *
 * "faults.exe N" is such a process: it runs case N and nothing else.
 */
#include "tests/user/faultcases.h"
#include "tests/user/child.h"

#define EFLAGS_RF 0x10000u

static volatile ULONG Calls;
static EXCEPTION_RECORD LastRecord;
static CONTEXT LastContext;
static ULONG ResumeAt;

static EXCEPTION_DISPOSITION NTAPI NoteAndResume(
    PEXCEPTION_RECORD Record, PVOID Establisher, PCONTEXT Context, PVOID Dispatcher)
{
    UNREFERENCED_PARAMETER(Establisher);
    UNREFERENCED_PARAMETER(Dispatcher);
    Calls++;
    LastRecord = *Record;
    LastContext = *Context;
    Context->Eip = ResumeAt;
    return ExceptionContinueExecution;
}

static void RunCase(const FAULT_CASE *Case)
{
    __asm__ volatile("pushal\n\tcall *%0\n\tpopal" : : "r"(Case->Code) : "memory", "cc");
}

/* ---- Handled ---- */

static void ExpectInformation(const FAULT_CASE *Case)
{
    ULONG i;

    (void)KtapEqual(LastRecord.NumberParameters, Case->Parameters, "  so many parameters");
    for (i = 0; i < Case->Parameters && i < ARRAYSIZE(Case->Information); i++) {
        if (Case->Information[i] != ANY_VALUE) {
            (void)KtapEqual(
                LastRecord.ExceptionInformation[i], Case->Information[i], "  that say it");
        }
    }
}

static void TestCase(const FAULT_CASE *Case)
{
    ULONG_PTR Address = Case->Address != 0 ? Case->Address : (ULONG_PTR)Case->Fault;
    ULONG_PTR Eip = Case->ContextEip != 0 ? Case->ContextEip : Address;
    TEST_FRAME Frame;

    Calls = 0;
    ResumeAt = (ULONG)(ULONG_PTR)Case->End;
    PushFrame(&Frame, NoteAndResume);
    RunCase(Case);
    PopFrame(&Frame);
    (void)KtapEqual(Calls, 1, Case->Name);
    (void)KtapStatus((NTSTATUS)LastRecord.ExceptionCode, Case->Status, Case->Name);
    (void)KtapEqual((ULONG_PTR)LastRecord.ExceptionAddress, Address, "  its address");
    (void)KtapEqual(LastContext.Eip, Eip, "  where the program would go on");
    ExpectInformation(Case);
}

/* Without it a program's data can be run, and an access to run is reported as a read. */
static BOOLEAN IsNoExecuteOn(void)
{
    return ((const KUSER_SHARED_DATA *)MM_SHARED_USER_DATA_VA)->ProcessorFeatures[PF_NX_ENABLED];
}

/* ---- Debug registers ---- */

static volatile ULONG Watched;

__asm__("_Stepped: nop\n\tnop\n\tret");
extern const UCHAR Stepped[] __asm__("_Stepped");

static LONG NTAPI NoteDebugTrap(EXCEPTION_POINTERS *Pointers)
{
    Calls++;
    LastRecord = *Pointers->ExceptionRecord;
    LastContext = *Pointers->ContextRecord;
    Pointers->ContextRecord->EFlags |= EFLAGS_RF; /* or it would break here again */
    Pointers->ContextRecord->Dr6 = 0;
    return EXCEPTION_CONTINUE_EXECUTION;
}

static void SetBreakpoint(ULONG Number, PVOID Address, ULONG Control)
{
    CONTEXT Context = {.ContextFlags = CONTEXT_DEBUG_REGISTERS, .Dr7 = Control};

    (&Context.Dr0)[Number] = (ULONG)(ULONG_PTR)Address;
    (void)KtapStatus(
        NtSetContextThread(NtCurrentThread(), &Context), STATUS_SUCCESS, "a breakpoint register");
    Calls = 0;
}

static void TestExecuteBreakpoint(void)
{
    SetBreakpoint(1, (PVOID)(ULONG_PTR)(Stepped + 1), 1 << 2);
    __asm__ volatile("call _Stepped" : : : "memory");
    (void)KtapEqual(Calls, 1, "an instruction is about to run");
    (void)KtapStatus((NTSTATUS)LastRecord.ExceptionCode, STATUS_SINGLE_STEP, "as a step");
    (void)KtapEqual((ULONG_PTR)LastRecord.ExceptionAddress, (ULONG_PTR)(Stepped + 1), "  where");
    (void)KtapEqual(LastContext.Dr6 & 0xF, 1 << 1, "  by which register");
}

static void TestWriteBreakpoint(void)
{
    ULONG_PTR After;

    SetBreakpoint(3, (PVOID)&Watched, 1 << 6 | 0xDu << 28); /* four bytes, writes */
    __asm__ volatile("movl $1f, %0\n\tmovl $7, %1\n1:" : "=&m"(After), "=m"(Watched));
    (void)KtapEqual(Calls, 1, "a variable has been written");
    (void)KtapStatus((NTSTATUS)LastRecord.ExceptionCode, STATUS_SINGLE_STEP, "as a step");
    (void)KtapEqual((ULONG_PTR)LastRecord.ExceptionAddress, After, "  behind the instruction");
    (void)KtapEqual(LastContext.Dr6 & 0xF, 1 << 3, "  by which register");
    (void)KtapEqual(Watched, 7, "  the value is there");
    Calls = 0;
    (void)NtQueryInformationThread(NtCurrentThread(), ThreadAmILastThread, (PVOID)&Watched,
        sizeof(Watched), NULL);
    (void)KtapEqual(Calls, 0, "the kernel's own writes are not reported");
    (void)KtapEqual(Watched, 1, "  but made");
}

static void TestDebugRegisters(void)
{
    CONTEXT Context = {.ContextFlags = CONTEXT_DEBUG_REGISTERS};
    PVOID Handler = RtlAddVectoredExceptionHandler(1, NoteDebugTrap);

    TestExecuteBreakpoint();
    TestWriteBreakpoint();
    SetBreakpoint(0, (PVOID)0x80101000, 1);
    (void)NtGetContextThread(NtCurrentThread(), &Context);
    (void)KtapEqual(Context.Dr0, 0, "the kernel cannot be watched");
    (void)KtapEqual(Context.Dr7, 1, "  though the register is enabled");
    SetBreakpoint(0, NULL, 0);
    __asm__ volatile("call _Stepped" : : : "memory");
    (void)KtapEqual(Calls, 0, "switched off");
    (void)RtlRemoveVectoredExceptionHandler(Handler);
}

/* ---- Single steps ---- */

/* A call of the kernel is one step to the program: the next is behind what follows it. */
__asm__("_CallInSteps: pushfl\n\torl $0x100, (%esp)\n\tmovl $0xFFF, %eax\n\tpopfl\n\t"
        "int $0x2e\n\tnop\n"
        "_CallInStepsEnd: ret");
extern const UCHAR CallInStepsEnd[] __asm__("_CallInStepsEnd");

static void TestSteps(void)
{
    PVOID Handler = RtlAddVectoredExceptionHandler(1, NoteDebugTrap);

    Calls = 0;
    __asm__ volatile("pushfl\n\torl $0x100, (%%esp)\n\tpopfl\n\tnop" : : : "memory", "cc");
    (void)KtapEqual(Calls, 1, "a step");
    (void)KtapEqual(LastContext.EFlags & 0x100, 0, "  is one: TF is off in the handler's context");
    (void)KtapEqual(LastContext.Dr6 & 0x400F, 0x4000, "  and Dr6 says so");
    Calls = 0;
    __asm__ volatile("call _CallInSteps" : : : "eax", "ecx", "edx", "memory", "cc");
    (void)KtapEqual(Calls, 1, "a step over a call of the kernel");
    (void)KtapEqual(LastContext.Eip, (ULONG_PTR)CallInStepsEnd, "  ends behind it");
    (void)RtlRemoveVectoredExceptionHandler(Handler);
}

/* ---- The stack's end ---- */

__asm__("_PushAll: movl %esp, _SavedEsp\n"
        "1: pushl %eax\n\tjmp 1b\n"
        "_PushAllEnd: ret");
extern const UCHAR PushAllEnd[] __asm__("_PushAllEnd");
extern ULONG SavedEsp __asm__("_SavedEsp");
ULONG SavedEsp;

static LONG NTAPI UndoOverflow(EXCEPTION_POINTERS *Pointers)
{
    Calls++;
    LastRecord = *Pointers->ExceptionRecord;
    Pointers->ContextRecord->Esp = SavedEsp;
    Pointers->ContextRecord->Eip = (ULONG)(ULONG_PTR)PushAllEnd;
    return EXCEPTION_CONTINUE_EXECUTION;
}

/* There is no room for the exception, which opens the guard page. */
__asm__("_FaultLow: movl %esp, _SavedEsp\n\t"
        "movl %fs:8, %esp\n\taddl $0x40, %esp\n"
        "_FaultLowAt: ud2");
extern const UCHAR FaultLowAt[] __asm__("_FaultLowAt");

/* What a C library's _resetstkoflw does. */
static NTSTATUS RestoreGuard(void)
{
    PTEB Teb = NtCurrentTeb();
    PVOID Base = Teb->NtTib.StackLimit;
    SIZE_T Size = PAGE_SIZE;
    ULONG Old;
    NTSTATUS Status =
        NtProtectVirtualMemory(NtCurrentProcess(), &Base, &Size, PAGE_READWRITE | PAGE_GUARD, &Old);

    Teb->NtTib.StackLimit = (PUCHAR)Teb->NtTib.StackLimit + PAGE_SIZE;
    return Status;
}

static void TestStackOverflow(void)
{
    PVOID Handler = RtlAddVectoredExceptionHandler(1, UndoOverflow);
    ULONG Round;

    for (Round = 0; Round < 2; Round++) {
        Calls = 0;
        __asm__ volatile("call _PushAll" : : : "memory", "cc");
        (void)KtapEqual(Calls, 1, "the stack has an end");
        (void)KtapStatus(
            (NTSTATUS)LastRecord.ExceptionCode, STATUS_STACK_OVERFLOW, "which is told in time");
        (void)KtapStatus(RestoreGuard(), STATUS_SUCCESS, "a new guard page");
    }
    Calls = 0;
    __asm__ volatile("call _FaultLow" : : : "memory", "cc");
    (void)KtapEqual(Calls, 1, "an exception that does not fit");
    (void)KtapStatus((NTSTATUS)LastRecord.ExceptionCode, STATUS_STACK_OVERFLOW, "becomes another");
    (void)KtapEqual((ULONG_PTR)LastRecord.ExceptionAddress, (ULONG_PTR)FaultLowAt, "  where");
    (void)RtlRemoveVectoredExceptionHandler(Handler);
}

/* ---- Not handled ---- */

static void TestUnhandled(void)
{
    ULONG i;

    for (i = 0; i < FaultCaseCount; i++) {
        if (i == 0 || FaultCases[i].Status != FaultCases[i - 1].Status) {
            (void)KtapStatus(RunChild("faults", i), FaultCases[i].Status, FaultCases[i].Name);
        }
    }
    (void)KtapStatus(RunChild("faults", FaultCaseCount), STATUS_STACK_OVERFLOW, "stack overflow");
}

VOID NTAPI NtProcessStartup(PPEB Peb)
{
    ULONG Number;
    ULONG i;

    UNREFERENCED_PARAMETER(Peb);
    if (IsTestChild(&Number)) {
        if (Number < FaultCaseCount) {
            RunCase(&FaultCases[Number]);
        } else {
            __asm__ volatile("call _PushAll" : : : "memory", "cc");
        }
        (void)NtTerminateProcess(NtCurrentProcess(), STATUS_SUCCESS);
    }
    for (i = 0; i < FaultCaseCount; i++) {
        if (FaultCases[i].Code != JumpToData || IsNoExecuteOn()) {
            TestCase(&FaultCases[i]);
        }
    }
    TestSteps();
    TestDebugRegisters();
    TestStackOverflow();
    TestUnhandled();
    (void)NtTerminateProcess(NtCurrentProcess(), KtapEnd());
}
