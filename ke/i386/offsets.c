/* SPDX-License-Identifier: MIT */
/*
 * Holds offsets.h, which assembly reads, against the structures, which C reads.
 * A structure that changed shows up here as a compiler's error.
 */
#include "ke/i386/descriptor.h"
#include "ke/i386/offsets.h"
#include "ke/ki.h"

#define ASSERT_OFFSET(Constant, Type, Field)                                                   \
    _Static_assert((Constant) == offsetof(Type, Field), #Type "." #Field)

ASSERT_OFFSET(PcExceptionList, KPCR, NtTib.ExceptionList);
ASSERT_OFFSET(PcSelfPcr, KPCR, SelfPcr);
ASSERT_OFFSET(PcPrcb, KPCR, Prcb);
ASSERT_OFFSET(PcIrql, KPCR, Irql);
ASSERT_OFFSET(PcIdt, KPCR, IDT);
ASSERT_OFFSET(PcGdt, KPCR, GDT);
ASSERT_OFFSET(PcTss, KPCR, TSS);
ASSERT_OFFSET(PcShortSectionBy, KPCR, ShortSectionBy);
ASSERT_OFFSET(PcCurrentThread, KPCR, PrcbData.CurrentThread);
ASSERT_OFFSET(PcSetMember, KPCR, PrcbData.SetMember);

ASSERT_OFFSET(TsDbgEip, KTRAP_FRAME, DbgEip);
ASSERT_OFFSET(TsSegGs, KTRAP_FRAME, SegGs);
ASSERT_OFFSET(TsSegEs, KTRAP_FRAME, SegEs);
ASSERT_OFFSET(TsSegDs, KTRAP_FRAME, SegDs);
ASSERT_OFFSET(TsEdx, KTRAP_FRAME, Edx);
ASSERT_OFFSET(TsEcx, KTRAP_FRAME, Ecx);
ASSERT_OFFSET(TsEax, KTRAP_FRAME, Eax);
ASSERT_OFFSET(TsPreviousPreviousMode, KTRAP_FRAME, PreviousPreviousMode);
ASSERT_OFFSET(TsExceptionList, KTRAP_FRAME, ExceptionList);
ASSERT_OFFSET(TsSegFs, KTRAP_FRAME, SegFs);
ASSERT_OFFSET(TsEdi, KTRAP_FRAME, Edi);
ASSERT_OFFSET(TsEsi, KTRAP_FRAME, Esi);
ASSERT_OFFSET(TsEbx, KTRAP_FRAME, Ebx);
ASSERT_OFFSET(TsEbp, KTRAP_FRAME, Ebp);
ASSERT_OFFSET(TsErrCode, KTRAP_FRAME, ErrCode);
ASSERT_OFFSET(TsEip, KTRAP_FRAME, Eip);
ASSERT_OFFSET(TsSegCs, KTRAP_FRAME, SegCs);
ASSERT_OFFSET(TsEFlags, KTRAP_FRAME, EFlags);
ASSERT_OFFSET(TsHardwareEsp, KTRAP_FRAME, HardwareEsp);
ASSERT_OFFSET(TsV86Es, KTRAP_FRAME, V86Es);
_Static_assert(sizeof(KTRAP_FRAME) == KTRAP_FRAME_LENGTH, "trap frame");

ASSERT_OFFSET(ThInitialStack, KTHREAD, InitialStack);
ASSERT_OFFSET(ThKernelStack, KTHREAD, KernelStack);
ASSERT_OFFSET(ThTrapFrame, KTHREAD, TrapFrame);
ASSERT_OFFSET(ThTeb, KTHREAD, Teb);
ASSERT_OFFSET(ThServiceTable, KTHREAD, ServiceTable);
ASSERT_OFFSET(ThApcProcess, KTHREAD, ApcState.Process);
ASSERT_OFFSET(ThUserApcPending, KTHREAD, ApcState.UserApcPending);
ASSERT_OFFSET(ThApcStateIndex, KTHREAD, ApcStateIndex);
ASSERT_OFFSET(ThApcDisable, KTHREAD, KernelApcDisable);
ASSERT_OFFSET(ThApcDisable + 2, KTHREAD, SpecialApcDisable);
ASSERT_OFFSET(ThPreviousMode, KTHREAD, PreviousMode);
ASSERT_OFFSET(ThNpxState, KTHREAD, NpxState);
ASSERT_OFFSET(ThContextSwitches, KTHREAD, ContextSwitches);
ASSERT_OFFSET(ThDebugActive, KTHREAD, DebugActive);

ASSERT_OFFSET(PrDirectoryTableBase, KPROCESS, DirectoryTableBase);
ASSERT_OFFSET(PrActiveProcessors, KPROCESS, ActiveProcessors);

ASSERT_OFFSET(SdBase, KSERVICE_TABLE_DESCRIPTOR, Base);
ASSERT_OFFSET(SdNumber, KSERVICE_TABLE_DESCRIPTOR, Number);
ASSERT_OFFSET(SdLimit, KSERVICE_TABLE_DESCRIPTOR, Limit);

ASSERT_OFFSET(TssEsp0, KTSS, Esp0);
ASSERT_OFFSET(TssCr3, KTSS, Cr3);
ASSERT_OFFSET(TssFaultCr3, KI_TASKS, DoubleFault.Cr3);
ASSERT_OFFSET(TssNmiCr3, KI_TASKS, Nmi.Cr3);

_Static_assert(sizeof(KPCR) <= 0x1000, "the KPCR is one page");
_Static_assert(UserMode == 1 && KernelMode == 0, "syscall.S stores the low bit of CS");
