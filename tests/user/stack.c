/* SPDX-License-Identifier: MIT */
/*
 * stack.exe: a thread's stack grows by its guard page and ends with an exception
 * while there is still a page to handle it on.  subsystem: native
 *
 * The program touches its stack below ESP, so that the handler has room.
 */
#include "tests/user/ktap.h"

static volatile ULONG Exceptions;
static volatile NTSTATUS LastCode;

/* The page can be touched now: try again. */
static LONG NTAPI NoteException(EXCEPTION_POINTERS *Pointers)
{
    Exceptions++;
    LastCode = (NTSTATUS)Pointers->ExceptionRecord->ExceptionCode;
    return EXCEPTION_CONTINUE_EXECUTION;
}

/* Touches each page from the guard down to Last; TRUE: StackLimit went along. */
static BOOLEAN Grow(PUCHAR Last)
{
    PTEB Teb = NtCurrentTeb();
    PUCHAR Page;

    for (Page = (PUCHAR)Teb->NtTib.StackLimit - PAGE_SIZE; Page >= Last; Page -= PAGE_SIZE) {
        *(volatile UCHAR *)Page = 1;
        if ((PUCHAR)Teb->NtTib.StackLimit != Page) {
            return FALSE;
        }
    }
    return TRUE;
}

VOID NTAPI NtProcessStartup(PPEB Peb)
{
    PTEB Teb = NtCurrentTeb();
    PUCHAR Bottom = Teb->DeallocationStack;
    ULONG Value;

    UNREFERENCED_PARAMETER(Peb);
    (void)RtlAddVectoredExceptionHandler(1, NoteException);
    (void)KtapCheck(Bottom < (PUCHAR)Teb->NtTib.StackLimit, "the stack is not all committed");
    (void)KtapCheck(Grow(Bottom + 2 * PAGE_SIZE), "page by page the limit moves down");
    (void)KtapEqual(Exceptions, 0, "nobody is told");
    (void)KtapCheck(Grow(Bottom + PAGE_SIZE), "so it does on the last page");
    (void)KtapEqual(Exceptions, 1, "but now with an exception");
    (void)KtapStatus(LastCode, STATUS_STACK_OVERFLOW, "that says why");
    (void)KtapStatus(NtReadVirtualMemory(NtCurrentProcess(), Bottom, &Value, sizeof(Value), NULL),
        STATUS_PARTIAL_COPY, "below is nothing");
    (void)NtTerminateProcess(NtCurrentProcess(), KtapEnd());
}
