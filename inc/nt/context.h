/* SPDX-License-Identifier: MIT */
/*
 * The machine state that crosses between kernel and user mode: CONTEXT and
 * EXCEPTION_RECORD.  Stock headers have both; the kernel declares them here
 * and layout.h compares the two.
 */
#pragma once
#include "nt/ntdef.h"

#ifndef _WIN32

#define SIZE_OF_80387_REGISTERS    80
#define MAXIMUM_SUPPORTED_EXTENSION 512

#define CONTEXT_i386               0x00010000
#define CONTEXT_CONTROL            0x00010001 /* SS:ESP, CS:EIP, EFlags, EBP */
#define CONTEXT_INTEGER            0x00010002 /* EAX EBX ECX EDX ESI EDI */
#define CONTEXT_SEGMENTS           0x00010004 /* DS ES FS GS */
#define CONTEXT_FLOATING_POINT     0x00010008 /* the 387 image */
#define CONTEXT_DEBUG_REGISTERS    0x00010010
#define CONTEXT_EXTENDED_REGISTERS 0x00010020 /* the FXSAVE image */
#define CONTEXT_FULL               0x00010007

typedef struct _FLOATING_SAVE_AREA {
    ULONG ControlWord;
    ULONG StatusWord;
    ULONG TagWord;
    ULONG ErrorOffset;
    ULONG ErrorSelector;
    ULONG DataOffset;
    ULONG DataSelector;
    UCHAR RegisterArea[SIZE_OF_80387_REGISTERS];
    ULONG Cr0NpxState;
} FLOATING_SAVE_AREA;

typedef struct _CONTEXT {
    ULONG ContextFlags;
    ULONG Dr0, Dr1, Dr2, Dr3, Dr6, Dr7;
    FLOATING_SAVE_AREA FloatSave;
    ULONG SegGs, SegFs, SegEs, SegDs;
    ULONG Edi, Esi, Ebx, Edx, Ecx, Eax;
    ULONG Ebp, Eip, SegCs, EFlags, Esp, SegSs;
    UCHAR ExtendedRegisters[MAXIMUM_SUPPORTED_EXTENSION];
} CONTEXT, *PCONTEXT;

#define EXCEPTION_MAXIMUM_PARAMETERS 15
#define EXCEPTION_NONCONTINUABLE     0x01

typedef struct _EXCEPTION_RECORD {
    NTSTATUS ExceptionCode;
    ULONG ExceptionFlags;
    struct _EXCEPTION_RECORD *ExceptionRecord;
    PVOID ExceptionAddress;
    ULONG NumberParameters;
    ULONG_PTR ExceptionInformation[EXCEPTION_MAXIMUM_PARAMETERS];
} EXCEPTION_RECORD, *PEXCEPTION_RECORD;

#endif /* the kernel */
