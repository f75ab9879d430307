/* SPDX-License-Identifier: MIT */
/*
 * Floating-point faults by the registers they leave.  fpu.exe makes those that QEMU
 * raises; for the others, all of SSE's among them, the registers are written into
 * this thread's save area.
 */
#include "ke/i386/kii386.h"
#include "tests/kernel/kt.h"

static PFXSAVE_FORMAT KtOwnFxArea(void)
{
    PKTHREAD Thread = KeGetCurrentThread();

    KiSaveNpxState(Thread); /* from now on the area counts */
    return KiFxArea(KeGetUserTrapFrame(Thread));
}

START_TEST(ke_float_sse, "SSE faults: those before the operation, and those after it")
{
    static const struct {
        ULONG MXCsr; /* flags in bits 0 to 5, masks in 7 to 12 */
        NTSTATUS Status;
    } Cases[] = {
        {0x1F01, STATUS_FLOAT_MULTIPLE_FAULTS}, /* invalid */
        {0x1E82, STATUS_FLOAT_MULTIPLE_FAULTS}, /* denormal */
        {0x1D84, STATUS_FLOAT_MULTIPLE_FAULTS}, /* by zero */
        {0x1B88, STATUS_FLOAT_MULTIPLE_TRAPS},  /* overflow */
        {0x1790, STATUS_FLOAT_MULTIPLE_TRAPS},  /* underflow */
        {0x0FA0, STATUS_FLOAT_MULTIPLE_TRAPS},  /* inexact */
        {0x1B8F, STATUS_FLOAT_MULTIPLE_TRAPS},  /* overflow; masked faults from before */
        {0x198C, STATUS_FLOAT_MULTIPLE_FAULTS}, /* by zero, and an overflow */
    };
    PFXSAVE_FORMAT FxArea = KtOwnFxArea();

    for (ULONG i = 0; i < ARRAYSIZE(Cases); i++) {
        ULONG_PTR MXCsr = 0;

        FxArea->MXCsr = Cases[i].MXCsr;
        ok_status(KiDecodeSseFault(&MXCsr), Cases[i].Status);
        ok_eq(MXCsr, Cases[i].MXCsr);
    }
}

START_TEST(ke_float_x87, "x87 faults: which one of several, masked ones, the register stack")
{
    static const struct {
        USHORT StatusWord, ControlWord;
        NTSTATUS Status;
    } Cases[] = {
        {0x0081, 0x037E, STATUS_FLOAT_INVALID_OPERATION},
        {0x0082, 0x037D, STATUS_FLOAT_DENORMAL_OPERAND},
        {0x0084, 0x037B, STATUS_FLOAT_DIVIDE_BY_ZERO},
        {0x0088, 0x0377, STATUS_FLOAT_OVERFLOW},
        {0x0090, 0x036F, STATUS_FLOAT_UNDERFLOW},
        {0x00A0, 0x035F, STATUS_FLOAT_INEXACT_RESULT},
        {0x00C1, 0x037E, STATUS_FLOAT_STACK_CHECK},
        {0x00C5, 0x037B, STATUS_FLOAT_DIVIDE_BY_ZERO}, /* the stack's is masked */
        {0x0086, 0x0379, STATUS_FLOAT_DIVIDE_BY_ZERO}, /* and a denormal operand */
        {0x0085, 0x037A, STATUS_FLOAT_INVALID_OPERATION},
    };
    PFXSAVE_FORMAT FxArea = KtOwnFxArea();

    FxArea->ErrorOffset = 0x401234;
    for (ULONG i = 0; i < ARRAYSIZE(Cases); i++) {
        ULONG_PTR Address = 0;

        FxArea->StatusWord = Cases[i].StatusWord;
        FxArea->ControlWord = Cases[i].ControlWord;
        ok_status(KiDecodeX87Fault(&Address), Cases[i].Status);
        ok_eq(Address, 0x401234);
    }
}
