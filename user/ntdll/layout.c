/* SPDX-License-Identifier: MIT */
/*
 * Compares asmdefs.h, for assembly, with what C says.  No code.
 */
#include "user/ntdll/asmdefs.h"
#include "user/ntdll/ntdllp.h"

#define SAME(Name, Member) \
    _Static_assert(Name == FIELD_OFFSET(CONTEXT, Member), #Name " is CONTEXT." #Member)

_Static_assert(CONTEXT_SIZE == sizeof(CONTEXT), "CONTEXT_SIZE");
SAME(CONTEXT_FLAGS, ContextFlags);
SAME(CONTEXT_SEG_GS, SegGs);
SAME(CONTEXT_SEG_FS, SegFs);
SAME(CONTEXT_SEG_ES, SegEs);
SAME(CONTEXT_SEG_DS, SegDs);
SAME(CONTEXT_EDI, Edi);
SAME(CONTEXT_ESI, Esi);
SAME(CONTEXT_EBX, Ebx);
SAME(CONTEXT_EDX, Edx);
SAME(CONTEXT_ECX, Ecx);
SAME(CONTEXT_EAX, Eax);
SAME(CONTEXT_EBP, Ebp);
SAME(CONTEXT_EIP, Eip);
SAME(CONTEXT_SEG_CS, SegCs);
SAME(CONTEXT_EFLAGS, EFlags);
SAME(CONTEXT_ESP, Esp);
SAME(CONTEXT_SEG_SS, SegSs);
_Static_assert(CONTEXT_FULL_VALUE == CONTEXT_FULL, "CONTEXT_FULL");
_Static_assert((int)STATUS_NOT_IMPLEMENTED_VALUE == STATUS_NOT_IMPLEMENTED, "status");
_Static_assert(FIELD_OFFSET(KUSER_SHARED_DATA, SystemCall) == 0x300, "stubs.S");
