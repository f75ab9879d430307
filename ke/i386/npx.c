/* SPDX-License-Identifier: MIT */
/*
 * The FPU and SSE registers of threads, lazily.  A thread runs with CR0.TS set
 * until its first floating-point instruction traps (#NM) and the registers are
 * loaded from the save area at the top of its kernel stack; if it has them when
 * it is switched out they are saved there.  Most threads never pay.
 *
 * KTHREAD.NpxState is the thread's own; the kernel itself only borrows
 * a register, in page.c.
 */
#include "ke/i386/kii386.h"

FORCEINLINE void KiSetTaskSwitched(void)
{
    KiWritecr0(KiReadcr0() | CR0_TS);
}

static void KiInitializeFxArea(PFXSAVE_FORMAT FxArea)
{
    memset(FxArea, 0, sizeof(*FxArea));
    FxArea->ControlWord = KI_INITIAL_FPCSR;
    FxArea->MXCsr = KI_INITIAL_MXCSR;
}

/* The save area of a thread that never had the registers says so only when asked. */
static void KiFillFxArea(PKTHREAD Thread)
{
    if (Thread->NpxState == KiNpxUnused) {
        KiInitializeFxArea(KiFxArea(KeGetUserTrapFrame(Thread)));
        Thread->NpxState = KiNpxSaved;
    }
}

void KiSaveNpxState(PKTHREAD Thread)
{
    KiFillFxArea(Thread);
    KiFlushNpxState(Thread);
}

BOOLEAN KiLoadNpxState(void)
{
    PKTHREAD Thread = KeGetCurrentThread();
    BOOLEAN Enabled;

    if (!(HalCpuFeatures & HAL_CPU_FXSR)) {
        return FALSE;
    }
    KiFillFxArea(Thread);
    Enabled = KeDisableInterrupts(); /* TS and NpxState change as one */
    __asm__ volatile("clts\n\tfxrstor %0" : : "m"(*KiFxArea(KeGetUserTrapFrame(Thread))));
    Thread->NpxState = KiNpxLoaded;
    KeRestoreInterrupts(Enabled);
    return TRUE;
}

void KiFlushNpxState(PKTHREAD Thread)
{
    BOOLEAN Enabled = KeDisableInterrupts();

    if (Thread->NpxState == KiNpxLoaded) {
        __asm__ volatile("fxsave %0" : "=m"(*KiFxArea(KeGetUserTrapFrame(Thread))));
        Thread->NpxState = KiNpxSaved;
        KiSetTaskSwitched();
    }
    KeRestoreInterrupts(Enabled);
}

/*
 * KiFlushNpxError - KiFlushNpxState after an x87 fault, interrupts off.
 *
 * Which instruction caused it is asked of FNSTENV, because QEMU's FXSAVE forgets it.
 */
void KiFlushNpxError(PKTHREAD Thread)
{
    ULONG Environment[7]; /* 3: the address */

    if (Thread->NpxState == KiNpxLoaded) {
        KiFlushNpxState(Thread); /* which leaves the registers as they are */
        __asm__ volatile("clts\n\tfnstenv %0" : "=m"(Environment));
        KiSetTaskSwitched();
        KiFxArea(KeGetUserTrapFrame(Thread))->ErrorOffset = Environment[3];
    }
}

/* KiSwapContext, when either thread has more state than most.  Still on Old's stack. */
void KiSwapExtendedState(PKTHREAD Old, PKTHREAD New)
{
    KiFlushNpxState(Old);
    if (Old->DebugActive || New->DebugActive) {
        KiLoadDebugRegisters(New);
    }
}

/* Bits of MXCSR the processors have: loading another faults. */
static ULONG KiMxcsrBits;

/* At the start of the first processor, when the FPU is nobody's. */
void KiInitializeNpx(void)
{
    static FXSAVE_FORMAT FxArea __attribute__((aligned(16))); /* nobody aligns the stack */

    if (HalCpuFeatures & HAL_CPU_FXSR) {
        __asm__ volatile("clts\n\tfxsave %0" : "=m"(FxArea));
        KiSetTaskSwitched();
    }
    KiMxcsrBits = FxArea.MXCsrMask != 0 ? FxArea.MXCsrMask : 0xFFBF;
}

ULONG KiMxcsrMask(void)
{
    return KiMxcsrBits;
}

/* ---- FXSAVE's format and FNSAVE's, which CONTEXT.FloatSave has ----------------- */

#define TAG_VALID   0
#define TAG_ZERO    1
#define TAG_SPECIAL 2
#define TAG_EMPTY   3

/* What FNSAVE's tag word would say about a register that is in use. */
static ULONG KiTagOfRegister(const UCHAR *Register)
{
    ULONG Exponent = (Register[8] | (ULONG)Register[9] << 8) & 0x7FFF;
    ULONG Low, High;

    memcpy(&Low, Register, sizeof(Low));
    memcpy(&High, Register + 4, sizeof(High));
    if (Exponent == 0 && (Low | High) == 0) {
        return TAG_ZERO;
    }
    if (Exponent == 0 || Exponent == 0x7FFF || !(High & 0x80000000)) {
        return TAG_SPECIAL;
    }
    return TAG_VALID;
}

/* The registers lie in stack order, the tags in physical order: TOP is the bridge. */
static ULONG KiExpandTagWord(const FXSAVE_FORMAT *FxArea)
{
    ULONG Top = FxArea->StatusWord >> 11 & 7;
    ULONG TagWord = 0;
    ULONG i;

    for (i = 0; i < 8; i++) {
        ULONG Tag = TAG_EMPTY;

        if (FxArea->TagWord >> i & 1) {
            Tag = KiTagOfRegister(FxArea->RegisterArea[(i - Top) & 7]);
        }
        TagWord |= Tag << (2 * i);
    }
    return TagWord;
}

void KiFxToFloatSave(const FXSAVE_FORMAT *FxArea, FLOATING_SAVE_AREA *FloatSave)
{
    ULONG i;

    FloatSave->ControlWord = 0xFFFF0000 | FxArea->ControlWord;
    FloatSave->StatusWord = 0xFFFF0000 | FxArea->StatusWord;
    FloatSave->TagWord = 0xFFFF0000 | KiExpandTagWord(FxArea);
    FloatSave->ErrorOffset = FxArea->ErrorOffset;
    FloatSave->ErrorSelector =
        (FxArea->ErrorSelector & 0xFFFF) | (ULONG)FxArea->ErrorOpcode << 16;
    FloatSave->DataOffset = FxArea->DataOffset;
    FloatSave->DataSelector = 0xFFFF0000 | FxArea->DataSelector;
    for (i = 0; i < 8; i++) {
        memcpy(FloatSave->RegisterArea + 10 * i, FxArea->RegisterArea[i], 10);
    }
    FloatSave->Cr0NpxState = 0;
}

void KiFloatSaveToFx(const FLOATING_SAVE_AREA *FloatSave, PFXSAVE_FORMAT FxArea)
{
    ULONG i;

    FxArea->ControlWord = (USHORT)FloatSave->ControlWord;
    FxArea->StatusWord = (USHORT)FloatSave->StatusWord;
    FxArea->ErrorOpcode = FloatSave->ErrorSelector >> 16 & 0x7FF;
    FxArea->ErrorOffset = FloatSave->ErrorOffset;
    FxArea->ErrorSelector = FloatSave->ErrorSelector & 0xFFFF;
    FxArea->DataOffset = FloatSave->DataOffset;
    FxArea->DataSelector = FloatSave->DataSelector & 0xFFFF;
    FxArea->TagWord = 0;
    for (i = 0; i < 8; i++) {
        if ((FloatSave->TagWord >> (2 * i) & 3) != TAG_EMPTY) {
            FxArea->TagWord |= (UCHAR)(1 << i);
        }
        memcpy(FxArea->RegisterArea[i], FloatSave->RegisterArea + 10 * i, 10);
    }
}
