/* SPDX-License-Identifier: MIT */
/*
 * Between a user thread's trap frame and the CONTEXT that programs see.  Whatever
 * comes from a CONTEXT is made harmless here: the kernel leaves by IRET with it.
 */
#include "ke/i386/kii386.h"

#define DR6_WRITABLE   0x0000E00Fu /* status bits */
#define DR7_USER       0xFFFF0155u /* local enables, LE, lengths and types */
#define DR7_ENABLES    0x00000055u
#define DR7_FIXED      0x00000400u

/*
 * KiCompleteFrame - fills in what SYSENTER left out of its frame (syscall.S).
 *
 * What is missing a program cannot rely on after a call, or it is always the same.
 */
void KiCompleteFrame(PKTRAP_FRAME TrapFrame)
{
    if (TrapFrame->EFlags & EFLAGS_IF) {
        return;
    }
    TrapFrame->SegFs = KGDT_R3_TEB | RPL_MASK;
    TrapFrame->SegDs = TrapFrame->SegEs = KGDT_R3_DATA | RPL_MASK;
    TrapFrame->SegGs = 0;
    TrapFrame->ExceptionList = (ULONG)-1;
    TrapFrame->PreviousPreviousMode = UserMode;
    TrapFrame->Eax = TrapFrame->Ecx = TrapFrame->Edx = 0;
    TrapFrame->EFlags |= EFLAGS_IF;
}

/* ---- To CONTEXT ------------------------------------------------------------------- */

static void KiContextFromFx(PKTRAP_FRAME TrapFrame, PCONTEXT Context)
{
    PFXSAVE_FORMAT FxArea = KiFxArea(TrapFrame);

    if (TrapFrame == KeGetUserTrapFrame(KeGetCurrentThread())) {
        KiSaveNpxState(KeGetCurrentThread());
    }
    if (CONTEXT_HAS(Context, CONTEXT_FLOATING_POINT)) {
        KiFxToFloatSave(FxArea, &Context->FloatSave);
    }
    if (CONTEXT_HAS(Context, CONTEXT_EXTENDED_REGISTERS)) {
        memcpy(Context->ExtendedRegisters, FxArea, KI_FX_AREA_SIZE);
    }
}

static void KiContextFromDebugRegisters(PKTHREAD Thread, PCONTEXT Context)
{
    BOOLEAN Active = Thread->DebugActive;

    Context->Dr0 = Active ? Thread->Dr[KiDr0] : 0;
    Context->Dr1 = Active ? Thread->Dr[KiDr1] : 0;
    Context->Dr2 = Active ? Thread->Dr[KiDr2] : 0;
    Context->Dr3 = Active ? Thread->Dr[KiDr3] : 0;
    Context->Dr6 = Thread->Dr[KiDr6]; /* single steps set it too */
    Context->Dr7 = Active ? Thread->Dr[KiDr7] : 0;
}

void KeContextFromTrapFrame(PKTRAP_FRAME TrapFrame, PCONTEXT Context)
{
    KiCompleteFrame(TrapFrame);
    if (CONTEXT_HAS(Context, CONTEXT_CONTROL)) {
        Context->Ebp = TrapFrame->Ebp;
        Context->Eip = TrapFrame->Eip;
        Context->SegCs = TrapFrame->SegCs & 0xFFFF;
        Context->EFlags = TrapFrame->EFlags;
        Context->Esp = TrapFrame->HardwareEsp;
        Context->SegSs = TrapFrame->HardwareSegSs & 0xFFFF;
    }
    if (CONTEXT_HAS(Context, CONTEXT_SEGMENTS)) {
        Context->SegGs = TrapFrame->SegGs & 0xFFFF;
        Context->SegFs = TrapFrame->SegFs & 0xFFFF;
        Context->SegEs = TrapFrame->SegEs & 0xFFFF;
        Context->SegDs = TrapFrame->SegDs & 0xFFFF;
    }
    if (CONTEXT_HAS(Context, CONTEXT_INTEGER)) {
        Context->Edi = TrapFrame->Edi;
        Context->Esi = TrapFrame->Esi;
        Context->Ebx = TrapFrame->Ebx;
        Context->Edx = TrapFrame->Edx;
        Context->Ecx = TrapFrame->Ecx;
        Context->Eax = TrapFrame->Eax;
    }
    if (CONTEXT_HAS(Context, CONTEXT_FLOATING_POINT) ||
        CONTEXT_HAS(Context, CONTEXT_EXTENDED_REGISTERS)) {
        KiContextFromFx(TrapFrame, Context);
    }
    if (CONTEXT_HAS(Context, CONTEXT_DEBUG_REGISTERS)) {
        KiContextFromDebugRegisters(KeGetCurrentThread(), Context);
    }
}

/* ---- From CONTEXT -------------------------------------------------------------------- */

/* Any selector but a user one that exists would fault when the kernel loads it. */
static ULONG KiSanitizeSelector(ULONG Selector)
{
    switch (Selector & 0xFFFF & ~(ULONG)RPL_MASK) {
    case KGDT_R3_CODE:
    case KGDT_R3_DATA:
    case KGDT_R3_TEB:
        return (Selector & 0xFFFF) | RPL_MASK;
    default:
        return 0;
    }
}

static ULONG KiSanitizeFlags(ULONG EFlags)
{
    return (EFlags & EFLAGS_USER_SANITIZE) | EFLAGS_IF | EFLAGS_FIXED;
}

static void KiContextToFx(PKTRAP_FRAME TrapFrame, const CONTEXT *Context)
{
    PFXSAVE_FORMAT FxArea = KiFxArea(TrapFrame);

    if (!(HalCpuFeatures & HAL_CPU_FXSR)) {
        return;
    }
    if (TrapFrame == KeGetUserTrapFrame(KeGetCurrentThread())) {
        KiSaveNpxState(KeGetCurrentThread());
    }
    if (CONTEXT_HAS(Context, CONTEXT_EXTENDED_REGISTERS)) {
        memcpy(FxArea, Context->ExtendedRegisters, KI_FX_AREA_SIZE);
        FxArea->MXCsr &= KiMxcsrMask();
    }
    if (CONTEXT_HAS(Context, CONTEXT_FLOATING_POINT)) {
        KiFloatSaveToFx(&Context->FloatSave, FxArea);
    }
}

/* A breakpoint address in the kernel's half becomes 0: no watching the kernel. */
static ULONG KiSanitizeBreakpoint(ULONG Address)
{
    return Address < KI_USER_PROBE_ADDRESS ? Address : 0;
}

static void KiContextToDebugRegisters(PKTHREAD Thread, const CONTEXT *Context)
{
    Thread->Dr[KiDr0] = KiSanitizeBreakpoint(Context->Dr0);
    Thread->Dr[KiDr1] = KiSanitizeBreakpoint(Context->Dr1);
    Thread->Dr[KiDr2] = KiSanitizeBreakpoint(Context->Dr2);
    Thread->Dr[KiDr3] = KiSanitizeBreakpoint(Context->Dr3);
    Thread->Dr[KiDr6] = Context->Dr6 & DR6_WRITABLE;
    Thread->Dr[KiDr7] = Context->Dr7 & DR7_USER;
    if (Thread->DebugActive || (Thread->Dr[KiDr7] & DR7_ENABLES)) {
        Thread->DebugActive = (Thread->Dr[KiDr7] & DR7_ENABLES) != 0;
        KiLoadDebugRegisters(Thread);
    }
}

/* DR7 last, so that no half-loaded breakpoint fires. */
void KiLoadDebugRegisters(PKTHREAD Thread)
{
    KiWritedr7(DR7_FIXED);
    if (Thread->DebugActive) {
        KiWritedr0(Thread->Dr[KiDr0]);
        KiWritedr1(Thread->Dr[KiDr1]);
        KiWritedr2(Thread->Dr[KiDr2]);
        KiWritedr3(Thread->Dr[KiDr3]);
        KiWritedr7(Thread->Dr[KiDr7] | DR7_FIXED);
    }
}

/*
 * During a system call the Edx slot links the frames (syscall.S).  Nothing is lost:
 * when a call is over EDX is undefined.
 */
static BOOLEAN KiIsServiceFrame(PKTRAP_FRAME TrapFrame)
{
    PKTHREAD Thread = KeGetCurrentThread();

    return Thread->TrapFrame != NULL && TrapFrame == KeGetUserTrapFrame(Thread);
}

void KeContextToTrapFrame(PKTRAP_FRAME TrapFrame, const CONTEXT *Context)
{
    KiCompleteFrame(TrapFrame);
    if (CONTEXT_HAS(Context, CONTEXT_CONTROL)) {
        TrapFrame->Ebp = Context->Ebp;
        TrapFrame->Eip = Context->Eip;
        TrapFrame->SegCs = KGDT_R3_CODE | RPL_MASK;
        TrapFrame->EFlags = KiSanitizeFlags(Context->EFlags);
        TrapFrame->HardwareEsp = Context->Esp;
        TrapFrame->HardwareSegSs = KGDT_R3_DATA | RPL_MASK;
    }
    if (CONTEXT_HAS(Context, CONTEXT_SEGMENTS)) {
        TrapFrame->SegGs = KiSanitizeSelector(Context->SegGs);
        TrapFrame->SegFs = KGDT_R3_TEB | RPL_MASK;
        TrapFrame->SegEs = KiSanitizeSelector(Context->SegEs);
        TrapFrame->SegDs = KiSanitizeSelector(Context->SegDs);
    }
    if (CONTEXT_HAS(Context, CONTEXT_INTEGER)) {
        TrapFrame->Edi = Context->Edi;
        TrapFrame->Esi = Context->Esi;
        TrapFrame->Ebx = Context->Ebx;
        if (!KiIsServiceFrame(TrapFrame)) {
            TrapFrame->Edx = Context->Edx;
        }
        TrapFrame->Ecx = Context->Ecx;
        TrapFrame->Eax = Context->Eax;
    }
    if (CONTEXT_HAS(Context, CONTEXT_FLOATING_POINT) ||
        CONTEXT_HAS(Context, CONTEXT_EXTENDED_REGISTERS)) {
        KiContextToFx(TrapFrame, Context);
    }
    if (CONTEXT_HAS(Context, CONTEXT_DEBUG_REGISTERS) &&
        TrapFrame == KeGetUserTrapFrame(KeGetCurrentThread())) {
        KiContextToDebugRegisters(KeGetCurrentThread(), Context);
    }
}
