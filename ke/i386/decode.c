/* SPDX-License-Identifier: MIT */
/*
 * Tells apart what the processor reports with one vector and NT with several
 * exception codes: privileged instructions, LOCK in the wrong place, and the
 * kinds of floating-point faults.
 */
#include "ke/i386/kii386.h"

#define KI_MAXIMUM_INSTRUCTION 15

static BOOLEAN KiIsPrefix(UCHAR Byte)
{
    switch (Byte) {
    case 0x26: case 0x2E: case 0x36: case 0x3E: case 0x64: case 0x65: /* segments */
    case 0x66: case 0x67:                                             /* sizes */
    case 0xF0: case 0xF2: case 0xF3:                                  /* LOCK, REP */
        return TRUE;
    default:
        return FALSE;
    }
}

/* Copies opcode bytes, prefixes skipped, zero where the page ends. */
static void KiFetchOpcode(PKTRAP_FRAME TrapFrame, UCHAR Opcode[3])
{
    ULONG_PTR Eip = TrapFrame->Eip;
    ULONG Limit = KI_MAXIMUM_INSTRUCTION;
    ULONG i;

    memset(Opcode, 0, 3);
    while (Limit-- != 0 && KiReadUser(Opcode, (const void __user *)Eip, 1) &&
           KiIsPrefix(Opcode[0])) {
        Eip++;
    }
    for (i = 1; i < 3 && KiReadUser(Opcode + i, (const void __user *)(Eip + i), 1); i++) {
    }
}

/* Two-byte opcodes, 0F xx; Modrm tells LLDT from SLDT and so on. */
static BOOLEAN KiIsPrivilegedExtended(UCHAR Opcode, UCHAR Modrm)
{
    UCHAR Extension = Modrm >> 3 & 7;

    switch (Opcode) {
    case 0x00: /* LLDT, LTR */
        return Extension == 2 || Extension == 3;
    case 0x01: /* LGDT, LIDT, LMSW, INVLPG */
        return Extension == 2 || Extension == 3 || Extension == 6 || Extension == 7;
    case 0x06: /* CLTS */
    case 0x08: case 0x09: /* INVD, WBINVD */
    case 0x20: case 0x21: case 0x22: case 0x23: /* MOV CRn, DRn */
    case 0x30: case 0x32: case 0x33: /* WRMSR, RDMSR, RDPMC */
    case 0x35: /* SYSEXIT */
        return TRUE;
    default:
        return FALSE;
    }
}

BOOLEAN KiIsPrivilegedInstruction(PKTRAP_FRAME TrapFrame)
{
    UCHAR Opcode[3];

    KiFetchOpcode(TrapFrame, Opcode);
    switch (Opcode[0]) {
    case 0x6C: case 0x6D: case 0x6E: case 0x6F: /* INS, OUTS */
    case 0xE4: case 0xE5: case 0xE6: case 0xE7: /* IN, OUT */
    case 0xEC: case 0xED: case 0xEE: case 0xEF:
    case 0xF4: case 0xFA: case 0xFB: /* HLT, CLI, STI */
        return TRUE;
    case 0x0F:
        return KiIsPrivilegedExtended(Opcode[1], Opcode[2]);
    default:
        return FALSE;
    }
}

NTSTATUS KiDecodeInvalidOpcode(PKTRAP_FRAME TrapFrame)
{
    UCHAR First = 0;

    if (KiReadUser(&First, (const void __user *)(ULONG_PTR)TrapFrame->Eip, 1) && First == 0xF0) {
        return STATUS_INVALID_LOCK_SEQUENCE;
    }
    return STATUS_ILLEGAL_INSTRUCTION;
}

/* Flags: the low six bits of a status word, those that are not masked. */
static NTSTATUS KiFloatingCode(ULONG Flags)
{
    static const struct {
        ULONG Flag;
        NTSTATUS Code;
    } Codes[] = {
        {0x01, STATUS_FLOAT_INVALID_OPERATION}, {0x04, STATUS_FLOAT_DIVIDE_BY_ZERO},
        {0x02, STATUS_FLOAT_DENORMAL_OPERAND}, {0x08, STATUS_FLOAT_OVERFLOW},
        {0x10, STATUS_FLOAT_UNDERFLOW}, {0x20, STATUS_FLOAT_INEXACT_RESULT},
    };
    ULONG i;

    for (i = 0; i < ARRAYSIZE(Codes); i++) {
        if (Flags & Codes[i].Flag) {
            return Codes[i].Code;
        }
    }
    return STATUS_FLOAT_INVALID_OPERATION;
}

/* The current thread's; its registers are in the save area afterwards. */
NTSTATUS KiDecodeFloatingFault(BOOLEAN Sse)
{
    PKTHREAD Thread = KeGetCurrentThread();
    PFXSAVE_FORMAT FxArea = KiFxArea(KeGetUserTrapFrame(Thread));

    KiFlushNpxState(Thread);
    if (Sse) {
        return KiFloatingCode(FxArea->MXCsr & ~(FxArea->MXCsr >> 7) & 0x3F);
    }
    if ((FxArea->StatusWord & 0x41) == 0x41 && !(FxArea->ControlWord & 1)) {
        return STATUS_FLOAT_STACK_CHECK;
    }
    return KiFloatingCode(FxArea->StatusWord & ~(ULONG)FxArea->ControlWord & 0x3F);
}
