/* SPDX-License-Identifier: MIT */
/*
 * What the files of ntdll share among themselves and do not export.
 */
#pragma once
#include "user/ntdll/ntdll.h"

/* ---- heap.c, heapblock.c, heaplarge.c: see heapp.h ---- */

/* From the process heap; NULL when there is no memory. */
static inline PVOID RtlpAllocate(SIZE_T Size)
{
    return RtlAllocateHeap(RtlGetProcessHeap(), 0, Size);
}

static inline VOID RtlpFree(PVOID Block)
{
    if (Block != NULL) {
        (void)RtlFreeHeap(RtlGetProcessHeap(), 0, Block);
    }
}

VOID RtlpSeizeHeap(PVOID HeapHandle);

/* ---- critsec.c ---- */

/* Makes a critical section that a dead thread owns free; for the last thread only. */
VOID RtlpSeizeCriticalSection(PRTL_CRITICAL_SECTION CriticalSection);

/* ---- exception.c ---- */

#define RTLP_CHAIN_END ((PEXCEPTION_REGISTRATION_RECORD)(LONG_PTR)-1)

/* A handler of the SEH chain; mingw's PEXCEPTION_ROUTINE has the wrong convention. */
typedef EXCEPTION_DISPOSITION(__cdecl *PRTLP_HANDLER)(
    PEXCEPTION_RECORD Record, PVOID Frame, PCONTEXT Context, PVOID DispatcherContext);

/* What RtlpExecuteHandler (seh.S) registers around a handler that it calls. */
typedef struct _RTLP_GUARD_FRAME {
    EXCEPTION_REGISTRATION_RECORD Registration;
    PEXCEPTION_REGISTRATION_RECORD Frame; /* whose handler is being called */
} RTLP_GUARD_FRAME, *PRTLP_GUARD_FRAME;

EXCEPTION_DISPOSITION NTAPI RtlpExecuteHandler(PEXCEPTION_RECORD Record,
    PEXCEPTION_REGISTRATION_RECORD Frame, PCONTEXT Context,
    PEXCEPTION_REGISTRATION_RECORD *DispatcherContext, PEXCEPTION_ROUTINE Handler,
    PRTLP_HANDLER Guard);
BOOLEAN RtlpIsFrameValid(PEXCEPTION_REGISTRATION_RECORD Frame);
DECLSPEC_NORETURN VOID RtlpRaiseNested(NTSTATUS Status, PEXCEPTION_RECORD Cause);
DECLSPEC_NORETURN VOID NTAPI RtlpRaise(PEXCEPTION_RECORD Record, PCONTEXT Context);
VOID NTAPI RtlpUnwind(PEXCEPTION_REGISTRATION_RECORD TargetFrame, PEXCEPTION_RECORD Record,
    PVOID ReturnAddress, PCONTEXT Context);

/* vectored.c: TRUE if a handler wants to continue. */
BOOLEAN RtlpCallVectoredHandlers(PEXCEPTION_RECORD Record, PCONTEXT Context);
NTSTATUS RtlpInitializeVectoredHandlers(VOID);

/* ---- thread.c, dispatch.S ---- */

VOID NTAPI RtlUserThreadStart(VOID); /* takes EAX and EBX, not a stack frame */
DECLSPEC_NORETURN VOID NTAPI RtlpUserThreadStart(
    PUSER_THREAD_START_ROUTINE Routine, PVOID Parameter);

/* ---- curdir.c ---- */

NTSTATUS RtlpInitializeCurrentDirectory(VOID);

/* ---- tls.c ---- */

/* PEB.TlsBitmap, TlsExpansionBitmap and FlsBitmap over the bits in the PEB itself. */
VOID RtlpInitializeTlsBitmaps(PPEB Peb);
