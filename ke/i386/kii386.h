/* SPDX-License-Identifier: MIT */
/*
 * Private to ke/i386: what its C and its assembly call in each other.
 */
#pragma once
#include "ke/i386/descriptor.h"
#include "ke/i386/offsets.h"
#include "ke/ki.h"

/* ---- Assembly ------------------------------------------------------------------ */

void KiTrap00(void), KiTrap01(void), KiTrap03(void), KiTrap04(void), KiTrap05(void);
void KiTrap06(void), KiTrap07(void), KiTrap09(void), KiTrap0A(void), KiTrap0B(void);
void KiTrap0C(void), KiTrap0D(void), KiTrap0E(void), KiTrap0F(void), KiTrap10(void);
void KiTrap11(void), KiTrap12(void), KiTrap13(void), KiTrap2D(void);
void KiSystemService(void); /* INT 2E */
void KiFastCallEntry(void); /* SYSENTER */
void KiDoubleFault(void), KiNmi(void); /* doublefault.c, by task gates */
extern UCHAR KiInterruptStubs[]; /* eight bytes each, from vector 30 on */

/* ---- Processors (processor.c, startcpu.S, processors.c) --------------------------- */

/* Fills the block of a processor, on any; its KPRCB. */
PKPRCB KiPrepareProcessor(PKI_PROCESSOR Processor, UCHAR Number, PVOID StackTop);
/* This processor takes its tables, control registers and SYSENTER from the block. */
void KiLoadProcessor(PKI_PROCESSOR Processor);
/* startcpu.S: where another processor begins, to be copied to KI_START_PAGE. */
extern const UCHAR KiStartCode[], KiStartCodeEnd[];
extern PVOID KiStartStack;  /* of the processor being started */
extern ULONG KiStartDirectoryTable;
DECLSPEC_NORETURN void KiProcessorMain(void);

/* ---- C that only assembly calls --------------------------------------------------- */

void KiTrap(PKTRAP_FRAME TrapFrame, ULONG Vector);
void KiInterrupt(PKTRAP_FRAME TrapFrame);
void KiDeliverUserApcs(PKTRAP_FRAME TrapFrame);
DECLSPEC_NORETURN void KiBadExitToUser(PKTRAP_FRAME TrapFrame);
void KiSwapExtendedState(PKTHREAD Old, PKTHREAD New);
void KiTraceThreadStart(void);
DECLSPEC_NORETURN void KiNoUserContext(void);

/* ---- FPU (npx.c) ---------------------------------------------------------------------- */

/* FXSAVE's image. */
typedef struct _FXSAVE_FORMAT {
    USHORT ControlWord;
    USHORT StatusWord;
    UCHAR TagWord; /* a bit a register: 1 in use */
    UCHAR Reserved1;
    USHORT ErrorOpcode;
    ULONG ErrorOffset;
    ULONG ErrorSelector;
    ULONG DataOffset;
    ULONG DataSelector;
    ULONG MXCsr;
    ULONG MXCsrMask;
    UCHAR RegisterArea[8][16];
    UCHAR XmmArea[8][16];
    UCHAR Reserved2[224];
} FXSAVE_FORMAT, *PFXSAVE_FORMAT;
_Static_assert(sizeof(FXSAVE_FORMAT) == KI_FX_AREA_SIZE, "hardware layout");

#define KI_INITIAL_FPCSR 0x027F
#define KI_INITIAL_MXCSR 0x1F80

#define CONTEXT_HAS(Context, Flag)                                                             \
    (((Context)->ContextFlags & (Flag)) == (Flag)) /* the flag includes CONTEXT_i386 */

FORCEINLINE PFXSAVE_FORMAT KiFxArea(PKTRAP_FRAME UserFrame)
{
    return (PFXSAVE_FORMAT)(UserFrame + 1);
}

/* The save area of the current or a new thread says what its registers are. */
void KiSaveNpxState(PKTHREAD Thread);
void KiFxToFloatSave(const FXSAVE_FORMAT *FxArea, FLOATING_SAVE_AREA *FloatSave);
void KiFloatSaveToFx(const FLOATING_SAVE_AREA *FloatSave, PFXSAVE_FORMAT FxArea);
void KiInitializeNpx(void);
ULONG KiMxcsrMask(void);
/* #NM: gives the current thread the FPU.  FALSE: there is none to give. */
BOOLEAN KiLoadNpxState(void);

/* ---- Decoding (decode.c) ------------------------------------------------------------------ */

BOOLEAN KiIsPrivilegedInstruction(PKTRAP_FRAME TrapFrame);
NTSTATUS KiDecodeInvalidOpcode(PKTRAP_FRAME TrapFrame);
NTSTATUS KiDecodeDivideError(PKTRAP_FRAME TrapFrame);
NTSTATUS KiDecodeX87Fault(_Out_ ULONG_PTR *Address);
NTSTATUS KiDecodeSseFault(_Out_ ULONG_PTR *MXCsr);

/* ---- Called upwards; on the short list of tools/layers.py ----------------------------------- */

NTSTATUS MmAccessFault(
    ULONG ErrorCode, PVOID Address, KPROCESSOR_MODE Mode, PKTRAP_FRAME TrapFrame);

/* ---- Debug registers (context.c) --------------------------------------------------------- */

enum { KiDr0, KiDr1, KiDr2, KiDr3, KiDr6, KiDr7 }; /* KTHREAD.Dr */
void KiLoadDebugRegisters(PKTHREAD Thread);

/* ---- Control registers ----------------------------------------------------------------------- */

#define CR0_MP 0x00000002u
#define CR0_TS 0x00000008u
#define CR0_NE 0x00000020u
#define CR0_WP 0x00010000u
#define CR4_PGE        0x00000080u
#define CR4_OSFXSR     0x00000200u
#define CR4_OSXMMEXCPT 0x00000400u
#define CR4_UMIP       0x00000800u
#define CR4_SMEP       0x00100000u
#define CR4_SMAP       0x00200000u

#define KI_CONTROL_REGISTER(Name)                                                              \
    FORCEINLINE ULONG KiRead##Name(void)                                                       \
    {                                                                                          \
        ULONG Value;                                                                           \
        __asm__ volatile("movl %%" #Name ", %0" : "=r"(Value));                                \
        return Value;                                                                          \
    }                                                                                          \
    FORCEINLINE void KiWrite##Name(ULONG Value)                                                \
    {                                                                                          \
        __asm__ volatile("movl %0, %%" #Name : : "r"(Value) : "memory");                       \
    }
KI_CONTROL_REGISTER(cr0)
KI_CONTROL_REGISTER(cr2)
KI_CONTROL_REGISTER(cr3)
KI_CONTROL_REGISTER(cr4)
KI_CONTROL_REGISTER(dr0)
KI_CONTROL_REGISTER(dr1)
KI_CONTROL_REGISTER(dr2)
KI_CONTROL_REGISTER(dr3)
KI_CONTROL_REGISTER(dr6)
KI_CONTROL_REGISTER(dr7)
