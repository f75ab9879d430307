/* SPDX-License-Identifier: MIT */
/*
 * fpu.exe: the x87 and SSE registers belong to a thread, through switches, APCs
 * and exceptions, and their faults become NT's exceptions.  subsystem: native
 *
 * The compiler uses none of these registers, so what an FXRSTOR has loaded stays
 * until somebody takes it away.  "fpu.exe N" is a process that computes as well.
 */
#include "tests/user/child.h"
#include "tests/user/seh.h"
#include "tests/user/threads.h"

#define WORKERS 4
#define ROUNDS  200

/* FXSAVE's image, as far as it is compared: the processor may forget the rest. */
typedef struct _FX_IMAGE {
    USHORT ControlWord, StatusWord;
    UCHAR Tags, Reserved;
    USHORT Opcode;
    ULONG Instruction, InstructionSelector, Data, DataSelector;
    ULONG MXCsr, MXCsrMask;
    UCHAR Registers[8][16];
    UCHAR Xmm[8][16];
    UCHAR Rest[224];
} FX_IMAGE;

/* The processor wants 16-byte alignment, which no stack here has. */
#define ALIGNED(Buffer) ((PVOID)(((ULONG_PTR)(Buffer) + 15) & ~(ULONG_PTR)15))

static void Load(const FX_IMAGE *Image)
{
    UCHAR Buffer[sizeof(*Image) + 15];
    FX_IMAGE *Aligned = ALIGNED(Buffer);

    *Aligned = *Image;
    __asm__ volatile("fxrstor %0" : : "m"(*Aligned));
}

static void Save(FX_IMAGE *Image)
{
    UCHAR Buffer[sizeof(*Image) + 15];
    FX_IMAGE *Aligned = ALIGNED(Buffer);

    __asm__ volatile("fxsave %0" : "=m"(*Aligned));
    *Image = *Aligned;
}

/* Registers that only Seed has: integers in the x87 stack, anything in XMM. */
static void MakeImage(FX_IMAGE *Image, ULONG Seed)
{
    ULONG i, j;

    RtlZeroMemory(Image, sizeof(*Image));
    Image->ControlWord = (USHORT)(0x037F | (Seed & 3) << 10); /* rounding */
    Image->MXCsr = 0x1F80 | (Seed & 3) << 13;
    Image->Tags = 0xFF;
    for (i = 0; i < 8; i++) {
        Image->Registers[i][0] = (UCHAR)Seed;
        Image->Registers[i][7] = (UCHAR)(0x80 | i);
        Image->Registers[i][8] = (UCHAR)Seed;
        Image->Registers[i][9] = 0x40;
        for (j = 0; j < 16; j++) {
            Image->Xmm[i][j] = (UCHAR)(Seed * 31 + i * 16 + j);
        }
    }
}

static BOOLEAN IsSame(const FX_IMAGE *First, const FX_IMAGE *Second)
{
    ULONG i;

    for (i = 0; i < 8; i++) {
        if (memcmp(First->Registers[i], Second->Registers[i], 10) != 0) {
            return FALSE;
        }
    }
    return First->ControlWord == Second->ControlWord && First->Tags == Second->Tags &&
           First->MXCsr == Second->MXCsr &&
           memcmp(First->Xmm, Second->Xmm, sizeof(First->Xmm)) == 0;
}

/* The registers are there and are Seed's. */
static BOOLEAN Holds(ULONG Seed)
{
    FX_IMAGE Expected, Actual;

    Save(&Actual);
    MakeImage(&Expected, Seed);
    return IsSame(&Expected, &Actual);
}

static void LoadSeed(ULONG Seed)
{
    FX_IMAGE Image;

    MakeImage(&Image, Seed);
    Load(&Image);
}

/* ---- Threads and processes ---- */

/* Rounds in which the registers were not what they should be. */
static ULONG Compute(ULONG Seed)
{
    volatile ULONG Spin;
    ULONG Wrong = 0;
    ULONG i;

    LoadSeed(Seed);
    for (i = 0; i < ROUNDS; i++) {
        for (Spin = 0; Spin < 5000; Spin++) {
        }
        (void)NtYieldExecution();
        if (!Holds(Seed)) {
            Wrong++;
        }
        LoadSeed(++Seed);
    }
    return Wrong;
}

static NTSTATUS NTAPI Worker(PVOID Parameter)
{
    FX_IMAGE Image;

    Save(&Image);
    if (Image.ControlWord != 0x027F || Image.MXCsr != 0x1F80 || Image.Tags != 0) {
        return STATUS_UNSUCCESSFUL;
    }
    return (NTSTATUS)Compute((ULONG)(ULONG_PTR)Parameter);
}

static NTSTATUS NTAPI ChildRunner(PVOID Parameter)
{
    return RunChild("fpu", (ULONG)(ULONG_PTR)Parameter);
}

static void TestSwitches(void)
{
    HANDLE Threads[WORKERS + 2];
    ULONG i;

    for (i = 0; i < WORKERS; i++) {
        Threads[i] = StartThread(Worker, (PVOID)(ULONG_PTR)(10 + i), FALSE);
    }
    for (; i < ARRAYSIZE(Threads); i++) {
        Threads[i] = StartThread(ChildRunner, (PVOID)(ULONG_PTR)(50 + i), FALSE);
    }
    (void)KtapEqual(Compute(5), 0, "the registers of the first thread");
    for (i = 0; i < ARRAYSIZE(Threads); i++) {
        ExpectEnd(Threads[i], STATUS_SUCCESS,
            i < WORKERS ? "those of another one" : "of another process");
    }
}

/* ---- APCs and exceptions ---- */

static ULONG ApcCalls;

static void NTAPI CountApc(PVOID Context, PVOID Argument1, PVOID Argument2)
{
    UNREFERENCED_PARAMETER(Context);
    UNREFERENCED_PARAMETER(Argument1);
    UNREFERENCED_PARAMETER(Argument2);
    ApcCalls++;
}

static void TestApc(void)
{
    LoadSeed(77);
    (void)NtQueueApcThread(NtCurrentThread(), CountApc, NULL, NULL, NULL);
    (void)NtTestAlert();
    (void)KtapCheck(ApcCalls == 1 && Holds(77), "an APC leaves the registers");
}

static BOOLEAN ContextIsRight;

/* Computes itself, and gives the program one other register back. */
static LONG NTAPI HandlerThatComputes(EXCEPTION_POINTERS *Pointers)
{
    FX_IMAGE *Image = (PVOID)Pointers->ContextRecord->ExtendedRegisters;
    FX_IMAGE Expected;

    MakeImage(&Expected, 78);
    ContextIsRight = (Pointers->ContextRecord->ContextFlags & CONTEXT_EXTENDED_REGISTERS) ==
                         CONTEXT_EXTENDED_REGISTERS &&
                     IsSame(Image, &Expected) &&
                     memcmp(Pointers->ContextRecord->FloatSave.RegisterArea + 10,
                         Expected.Registers[1], 10) == 0;
    LoadSeed(1);
    MakeImage(&Expected, 79);
    RtlCopyMemory(Image, &Expected, sizeof(Expected));
    Pointers->ContextRecord->ContextFlags &= ~(CONTEXT_FLOATING_POINT & ~CONTEXT_i386);
    Pointers->ContextRecord->Eip += 2;
    return EXCEPTION_CONTINUE_EXECUTION;
}

static void TestException(void)
{
    PVOID Handler = RtlAddVectoredExceptionHandler(1, HandlerThatComputes);

    LoadSeed(78);
    __asm__ volatile("ud2");
    (void)KtapCheck(Holds(79), "after an exception they are what its CONTEXT says");
    (void)KtapCheck(ContextIsRight, "which had them all");
    (void)RtlRemoveVectoredExceptionHandler(Handler);
}

/* ---- Faults ---- */

/* Denormal operands are missing: QEMU does not report them. */
#define X87(Name, Mask, Before, Instruction)                                                   \
    __asm__("_" #Name ": fninit\n\tpushl $" #Mask "\n\tfldcw (%esp)\n\tpopl %eax\n\t" Before     \
            "\n_" #Name "At: " Instruction "\n_" #Name "Wait: fwait\n\tfninit\n\tret");         \
    extern const UCHAR Name[] __asm__("_" #Name);                                              \
    extern const UCHAR Name##At[] __asm__("_" #Name "At");                                     \
    extern const UCHAR Name##Wait[] __asm__("_" #Name "Wait");

X87(Invalid, 0x37E, "fld1\n\tfchs", "fsqrt")
X87(ByZero, 0x37B, "fldz\n\tfld1", "fdivp %st, %st(1)")
X87(TooLarge, 0x377, "pushl $20000\n\tfildl (%esp)\n\tpopl %eax\n\tfld1", "fscale")
X87(TooSmall, 0x36F, "pushl $-20000\n\tfildl (%esp)\n\tpopl %eax\n\tfld1", "fscale")
X87(NotExact, 0x35F, "pushl $3\n\tfildl (%esp)\n\tpopl %eax\n\tfld1", "fdivp %st, %st(1)")

static const struct {
    PCSTR Name;
    const UCHAR *Code, *Fault, *Wait;
    NTSTATUS Status;
} X87Cases[] = {
    {"root of -1", Invalid, InvalidAt, InvalidWait, STATUS_FLOAT_INVALID_OPERATION},
    {"1 / 0", ByZero, ByZeroAt, ByZeroWait, STATUS_FLOAT_DIVIDE_BY_ZERO},
    {"overflow", TooLarge, TooLargeAt, TooLargeWait, STATUS_FLOAT_OVERFLOW},
    {"underflow", TooSmall, TooSmallAt, TooSmallWait, STATUS_FLOAT_UNDERFLOW},
    {"1 / 3", NotExact, NotExactAt, NotExactWait, STATUS_FLOAT_INEXACT_RESULT},
};

static ULONG Calls;
static EXCEPTION_RECORD LastRecord;
static CONTEXT LastContext;

/* Masks everything and forgets the fault: the instruction can be tried again. */
static LONG NTAPI ForgetFault(EXCEPTION_POINTERS *Pointers)
{
    FLOATING_SAVE_AREA *FloatSave = &Pointers->ContextRecord->FloatSave;

    Calls++;
    LastRecord = *Pointers->ExceptionRecord;
    LastContext = *Pointers->ContextRecord;
    FloatSave->ControlWord |= 0x3F;
    FloatSave->StatusWord &= ~0x80FFu;
    return EXCEPTION_CONTINUE_EXECUTION;
}

static void TestX87Faults(void)
{
    PVOID Handler = RtlAddVectoredExceptionHandler(1, ForgetFault);
    ULONG i;

    for (i = 0; i < ARRAYSIZE(X87Cases); i++) {
        Calls = 0;
        __asm__ volatile("call *%0" : : "r"(X87Cases[i].Code) : "eax", "memory");
        (void)KtapEqual(Calls, 1, X87Cases[i].Name);
        (void)KtapStatus((NTSTATUS)LastRecord.ExceptionCode, X87Cases[i].Status, X87Cases[i].Name);
        (void)KtapEqual((ULONG_PTR)LastRecord.ExceptionAddress, (ULONG_PTR)X87Cases[i].Fault,
            "  the instruction that did it");
        (void)KtapEqual(LastContext.Eip, (ULONG_PTR)X87Cases[i].Wait, "  the one that told");
        (void)KtapEqual(LastRecord.NumberParameters, 1, "  one parameter");
    }
    (void)RtlRemoveVectoredExceptionHandler(Handler);
}

static UCHAR Misaligned[32] __attribute__((used, aligned(16)));

__asm__("_LoadOdd: movl $_Misaligned + 4, %eax\n"
        "_LoadOddAt: movaps (%eax), %xmm0\n\tret\n"
        "_DivideSse: pushl $0x1D80\n\tldmxcsr (%esp)\n\tpopl %eax\n\txorps %xmm1, %xmm1\n\t"
        "movl $1, %eax\n\tcvtsi2ss %eax, %xmm0\n"
        "_DivideSseAt: divss %xmm1, %xmm0\n\tret");
extern const UCHAR LoadOddAt[] __asm__("_LoadOddAt"), DivideSseAt[] __asm__("_DivideSseAt");

static LONG NTAPI MakeRight(EXCEPTION_POINTERS *Pointers)
{
    Calls++;
    LastRecord = *Pointers->ExceptionRecord;
    Pointers->ContextRecord->Eax = (ULONG)(ULONG_PTR)Misaligned;
    *(ULONG *)(PVOID)(Pointers->ContextRecord->ExtendedRegisters + 24) = 0x1F80;
    return EXCEPTION_CONTINUE_EXECUTION;
}

/* QEMU's translator notes SSE exceptions but raises none, and may not check alignment. */
static void TestSseFaults(void)
{
    PVOID Handler = RtlAddVectoredExceptionHandler(1, MakeRight);

    Calls = 0;
    __asm__ volatile("call _LoadOdd" : : : "eax", "memory");
    if (Calls != 0) {
        (void)KtapStatus((NTSTATUS)LastRecord.ExceptionCode, STATUS_ACCESS_VIOLATION, "misaligned");
        (void)KtapEqual((ULONG_PTR)LastRecord.ExceptionAddress, (ULONG_PTR)LoadOddAt, "  where");
        (void)KtapEqual(LastRecord.ExceptionInformation[1], (ULONG_PTR)-1, "  no address");
    } else {
        KtapPrint("    # this processor does not check the alignment of SSE operands\n");
    }
    Calls = 0;
    __asm__ volatile("call _DivideSse" : : : "eax", "memory");
    if (Calls != 0) {
        (void)KtapStatus(
            (NTSTATUS)LastRecord.ExceptionCode, STATUS_FLOAT_MULTIPLE_FAULTS, "SSE: 1 / 0");
        (void)KtapEqual((ULONG_PTR)LastRecord.ExceptionAddress, (ULONG_PTR)DivideSseAt, "  where");
        (void)KtapEqual(LastRecord.ExceptionInformation[1], 0x1D84, "  with MXCSR");
    } else {
        KtapPrint("    # this processor raises no SSE exceptions\n");
    }
    (void)RtlRemoveVectoredExceptionHandler(Handler);
}

VOID NTAPI NtProcessStartup(PPEB Peb)
{
    FX_IMAGE Image;
    ULONG Number;

    UNREFERENCED_PARAMETER(Peb);
    if (IsTestChild(&Number)) {
        (void)NtTerminateProcess(NtCurrentProcess(), Worker((PVOID)(ULONG_PTR)Number));
    }
    Save(&Image);
    (void)KtapEqual(Image.ControlWord, 0x027F, "the first control word");
    (void)KtapEqual(Image.MXCsr, 0x1F80, "the first MXCSR");
    TestSwitches();
    TestApc();
    TestException();
    TestX87Faults();
    TestSseFaults();
    (void)NtTerminateProcess(NtCurrentProcess(), KtapEnd());
}
