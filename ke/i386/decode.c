/* SPDX-License-Identifier: MIT */
/*
 * Tells apart what the processor reports with one vector and NT with several
 * exception codes: privileged instructions, LOCK in the wrong place, the two
 * errors of a division, and the kinds of floating-point faults.
 */
#include "ke/i386/kii386.h"

#define KI_MAXIMUM_INSTRUCTION 15
#define KI_MAXIMUM_OPERAND     8 /* opcode, ModR/M, SIB, displacement; rounded up */

/* An instruction, zeros where its page ends. */
typedef struct _KI_INSTRUCTION {
    UCHAR Bytes[KI_MAXIMUM_INSTRUCTION + KI_MAXIMUM_OPERAND];
    const UCHAR *Opcode; /* in Bytes, behind the prefixes */
    BOOLEAN Lock, Fs, ShortOperand, ShortAddress;
} KI_INSTRUCTION, *PKI_INSTRUCTION;

static BOOLEAN KiNotePrefix(PKI_INSTRUCTION Instruction, UCHAR Byte)
{
    switch (Byte) {
    case 0xF0:
        Instruction->Lock = TRUE;
        return TRUE;
    case 0x64:
        Instruction->Fs = TRUE;
        return TRUE;
    case 0x66:
        Instruction->ShortOperand = TRUE;
        return TRUE;
    case 0x67:
        Instruction->ShortAddress = TRUE;
        return TRUE;
    case 0x26: case 0x2E: case 0x36: case 0x3E: case 0x65: /* segments */
    case 0xF2: case 0xF3:                                  /* REP */
        return TRUE;
    default:
        return FALSE;
    }
}

static void KiFetchInstruction(PKTRAP_FRAME TrapFrame, PKI_INSTRUCTION Instruction)
{
    ULONG_PTR Eip = TrapFrame->Eip;
    ULONG i;

    memset(Instruction, 0, sizeof(*Instruction));
    for (i = 0; i < KI_MAXIMUM_INSTRUCTION; i++) {
        if (!KiReadUser(Instruction->Bytes + i, (const void __user *)(Eip + i), 1)) {
            break;
        }
    }
    Instruction->Opcode = Instruction->Bytes;
    while (Instruction->Opcode < Instruction->Bytes + KI_MAXIMUM_INSTRUCTION &&
           KiNotePrefix(Instruction, *Instruction->Opcode)) {
        Instruction->Opcode++;
    }
}

/* ---- Privileged, or none at all ---------------------------------------------------- */

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
    KI_INSTRUCTION Instruction;

    KiFetchInstruction(TrapFrame, &Instruction);
    switch (Instruction.Opcode[0]) {
    case 0x6C: case 0x6D: case 0x6E: case 0x6F: /* INS, OUTS */
    case 0xE4: case 0xE5: case 0xE6: case 0xE7: /* IN, OUT */
    case 0xEC: case 0xED: case 0xEE: case 0xEF:
    case 0xF4: case 0xFA: case 0xFB: /* HLT, CLI, STI */
        return TRUE;
    case 0x0F:
        return KiIsPrivilegedExtended(Instruction.Opcode[1], Instruction.Opcode[2]);
    default:
        return FALSE;
    }
}

NTSTATUS KiDecodeInvalidOpcode(PKTRAP_FRAME TrapFrame)
{
    KI_INSTRUCTION Instruction;

    KiFetchInstruction(TrapFrame, &Instruction);
    return Instruction.Lock ? STATUS_INVALID_LOCK_SEQUENCE : STATUS_ILLEGAL_INSTRUCTION;
}

/* ---- Division: by zero, or with a quotient that is too large ------------------------ */

/* General register by its number in an instruction. */
static ULONG KiFrameRegister(PKTRAP_FRAME TrapFrame, ULONG Number)
{
    const ULONG Registers[8] = {
        TrapFrame->Eax, TrapFrame->Ecx, TrapFrame->Edx, TrapFrame->Ebx,
        TrapFrame->HardwareEsp, TrapFrame->Ebp, TrapFrame->Esi, TrapFrame->Edi,
    };

    return Registers[Number];
}

/* The number of an eight-bit register: 4 to 7 are AH, CH, DH, BH. */
static ULONG KiFrameByteRegister(PKTRAP_FRAME TrapFrame, ULONG Number)
{
    return Number < 4 ? KiFrameRegister(TrapFrame, Number)
                      : KiFrameRegister(TrapFrame, Number - 4) >> 8;
}

/* Operand: the ModR/M byte of a memory operand with 32-bit addressing. */
static ULONG_PTR KiOperandAddress(PKTRAP_FRAME TrapFrame, const UCHAR *Operand)
{
    ULONG Mod = *Operand >> 6;
    ULONG Base = *Operand++ & 7;
    ULONG_PTR Address = 0;
    ULONG Displacement;

    if (Base == 4) {
        UCHAR Sib = *Operand++;

        Base = Sib & 7;
        if ((Sib >> 3 & 7) != 4) {
            Address = KiFrameRegister(TrapFrame, Sib >> 3 & 7) << (Sib >> 6);
        }
    }
    if (Mod == 0 && Base == 5) {
        Mod = 2; /* no base */
    } else {
        Address += KiFrameRegister(TrapFrame, Base);
    }
    if (Mod == 2) {
        memcpy(&Displacement, Operand, sizeof(Displacement));
        return Address + Displacement;
    }
    return Mod == 1 ? Address + (ULONG_PTR)(LONG_PTR)(signed char)*Operand : Address;
}

/* FALSE: it cannot be told. */
static BOOLEAN KiReadDivisor(PKTRAP_FRAME TrapFrame, PKI_INSTRUCTION Instruction, PULONG Divisor)
{
    const UCHAR *Operand = Instruction->Opcode + 1;
    ULONG Size = Instruction->Opcode[0] == 0xF6 ? 1 : Instruction->ShortOperand ? 2 : 4;
    ULONG_PTR Address;

    *Divisor = 0;
    if (*Operand >> 6 == 3) {
        *Divisor = Size == 1 ? KiFrameByteRegister(TrapFrame, *Operand & 7)
                             : KiFrameRegister(TrapFrame, *Operand & 7);
        *Divisor &= 0xFFFFFFFF >> (32 - 8 * Size);
        return TRUE;
    }
    if (Instruction->ShortAddress) {
        return FALSE;
    }
    Address = KiOperandAddress(TrapFrame, Operand);
    if (Instruction->Fs) {
        Address += (ULONG_PTR)KeGetCurrentThread()->Teb;
    }
    return KiReadUser(Divisor, (const void __user *)Address, Size);
}

/* DIV and IDIV with a divisor other than zero have an overflow; AAM cannot have. */
NTSTATUS KiDecodeDivideError(PKTRAP_FRAME TrapFrame)
{
    KI_INSTRUCTION Instruction;
    ULONG Divisor;

    KiFetchInstruction(TrapFrame, &Instruction);
    if ((Instruction.Opcode[0] & 0xFE) == 0xF6 &&
        KiReadDivisor(TrapFrame, &Instruction, &Divisor) && Divisor != 0) {
        return STATUS_INTEGER_OVERFLOW;
    }
    return STATUS_INTEGER_DIVIDE_BY_ZERO;
}

/* ---- Floating point ------------------------------------------------------------------- */

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

/*
 * KiDecodeX87Fault - why, and by *Address which instruction: the processor tells at
 * the next one.  KiFlushNpxError has put the registers into the save area.
 */
NTSTATUS KiDecodeX87Fault(_Out_ ULONG_PTR *Address)
{
    PFXSAVE_FORMAT FxArea = KiFxArea(KeGetUserTrapFrame(KeGetCurrentThread()));

    *Address = FxArea->ErrorOffset;
    if ((FxArea->StatusWord & 0x41) == 0x41 && !(FxArea->ControlWord & 1)) {
        return STATUS_FLOAT_STACK_CHECK;
    }
    return KiFloatingCode(FxArea->StatusWord & ~(ULONG)FxArea->ControlWord & 0x3F);
}

/*
 * KiDecodeSseFault - one instruction computes several numbers, so NT only tells
 * those faults that leave the operands as they are from those that have a result.
 */
NTSTATUS KiDecodeSseFault(_Out_ ULONG_PTR *MXCsr)
{
    PKTHREAD Thread = KeGetCurrentThread();
    PFXSAVE_FORMAT FxArea = KiFxArea(KeGetUserTrapFrame(Thread));

    KiSaveNpxState(Thread);
    *MXCsr = FxArea->MXCsr;
    return (FxArea->MXCsr & ~(FxArea->MXCsr >> 7) & 0x07) != 0 ? STATUS_FLOAT_MULTIPLE_FAULTS
                                                               : STATUS_FLOAT_MULTIPLE_TRAPS;
}
