/* SPDX-License-Identifier: MIT */
/*
 * Offsets and constants for assembly, which cannot read C's structures.
 * offsets.c asserts every one of them against the structure it is from.
 */
#pragma once

/* KPCR, through FS */
#define PcExceptionList   0x00
#define PcSelfPcr         0x1C
#define PcPrcb            0x20
#define PcIrql            0x24
#define PcIdt             0x38
#define PcGdt             0x3C
#define PcTss             0x40
#define PcShortSectionBy  0x44
#define PcCurrentThread   0x124
#define PcSetMember       0x134

/* KTRAP_FRAME */
#define TsDbgEip          0x04
#define TsSegGs           0x30
#define TsSegEs           0x34
#define TsSegDs           0x38
#define TsEdx             0x3C
#define TsEcx             0x40
#define TsEax             0x44
#define TsPreviousPreviousMode 0x48
#define TsExceptionList   0x4C
#define TsSegFs           0x50
#define TsEdi             0x54
#define TsEsi             0x58
#define TsEbx             0x5C
#define TsEbp             0x60
#define TsErrCode         0x64
#define TsEip             0x68
#define TsSegCs           0x6C
#define TsEFlags          0x70
#define TsHardwareEsp     0x74
#define TsV86Es           0x7C
#define KTRAP_FRAME_LENGTH 0x8C
#define TsBelowRegisters  TsSegGs /* the frame's first bytes, which nothing here fills */

/* KTHREAD */
#define ThInitialStack    0x18
#define ThKernelStack     0x20
#define ThTrapFrame       0x24
#define ThTeb             0x28
#define ThServiceTable    0x2C
#define ThApcProcess      0x48 /* ApcState.Process */
#define ThUserApcPending  0x4E /* ApcState.UserApcPending */
#define ThApcStateIndex   0x70
#define ThApcDisable      0x72 /* KernelApcDisable and SpecialApcDisable */
#define ThPreviousMode    0xBE
#define ThNpxState        0xC2
#define ThContextSwitches 0x17C
#define ThDebugActive     0x1A8

/* KPROCESS */
#define PrDirectoryTableBase 0x10
#define PrActiveProcessors   0x14

/* KSERVICE_TABLE_DESCRIPTOR */
#define SdBase            0
#define SdNumber          4
#define SdLimit           8

/* KTSS and KI_TASKS */
#define TssEsp0           4
#define TssCr3            0x1C
#define TssFaultCr3       (104 + TssCr3)
#define TssNmiCr3         (208 + TssCr3)

/* KTHREAD.NpxState */
#define KiNpxUnused       0
#define KiNpxSaved        1 /* in the save area at the top of the stack */
#define KiNpxLoaded       2 /* in the processor */

#define KI_FX_AREA_SIZE   512
/* From InitialStack down to what the TSS loads: a user frame's V86 fields stay unused. */
#define KI_ESP0_FROM_TOP  (KI_FX_AREA_SIZE + KTRAP_FRAME_LENGTH - TsV86Es)

#define KI_SERVICE_INDEX_MASK 0xFFF
#define KI_SERVICE_TABLE_SHIFT 12
#define KI_SERVICE_NUMBER_MASK 0x3FFF
#define KI_USER_PROBE_ADDRESS 0x7FFF0000

/* Where other processors start in real mode: a page of the first 640 KiB. */
#define KI_START_PAGE     0x8000

#define EFLAGS_TF         0x100
#define EFLAGS_IF         0x200
#define EFLAGS_FIXED      0x2
