/* SPDX-License-Identifier: MIT */
/*
 * NT's basic types, for both sides of the system-call boundary.
 *
 * User-mode images are compiled by mingw-w64 and take the types from its own
 * windows.h and winternl.h, so that whatever Nascent declares a second time is
 * checked against the real thing.  The kernel is freestanding and takes the
 * second half of this file, which says the same with fixed-width types.
 * layout.h, included by both, asserts that the two halves agree.
 *
 * Next: abi.h (structures), status.h (status codes), native.h (system calls).
 */
#pragma once

#ifdef _WIN32

/*
 * winternl.h publishes cut-down versions of a few structures.  abi.h has the
 * full ones under the same names, so the stock ones are renamed out of the way.
 */
#define WIN32_NO_STATUS
#include <windows.h>
#undef WIN32_NO_STATUS
#include <ntstatus.h>

#define _TEB                         _STOCK_TEB
#define TEB                          STOCK_TEB
#define PTEB                         PSTOCK_TEB
#define _PEB                         _STOCK_PEB
#define PEB                          STOCK_PEB
#define PPEB                         PSTOCK_PEB
#define _PEB_LDR_DATA                _STOCK_PEB_LDR_DATA
#define PEB_LDR_DATA                 STOCK_PEB_LDR_DATA
#define PPEB_LDR_DATA                PSTOCK_PEB_LDR_DATA
#define _LDR_DATA_TABLE_ENTRY        _STOCK_LDR_DATA_TABLE_ENTRY
#define LDR_DATA_TABLE_ENTRY         STOCK_LDR_DATA_TABLE_ENTRY
#define PLDR_DATA_TABLE_ENTRY        PSTOCK_LDR_DATA_TABLE_ENTRY
#define _RTL_USER_PROCESS_PARAMETERS _STOCK_RTL_USER_PROCESS_PARAMETERS
#define RTL_USER_PROCESS_PARAMETERS  STOCK_RTL_USER_PROCESS_PARAMETERS
#define PRTL_USER_PROCESS_PARAMETERS PSTOCK_RTL_USER_PROCESS_PARAMETERS
#define _PROCESS_BASIC_INFORMATION   _STOCK_PROCESS_BASIC_INFORMATION
#define PROCESS_BASIC_INFORMATION    STOCK_PROCESS_BASIC_INFORMATION
#define PPROCESS_BASIC_INFORMATION   PSTOCK_PROCESS_BASIC_INFORMATION
#include <winternl.h>
#undef _TEB
#undef TEB
#undef PTEB
#undef _PEB
#undef PEB
#undef PPEB
#undef _PEB_LDR_DATA
#undef PEB_LDR_DATA
#undef PPEB_LDR_DATA
#undef _LDR_DATA_TABLE_ENTRY
#undef LDR_DATA_TABLE_ENTRY
#undef PLDR_DATA_TABLE_ENTRY
#undef _RTL_USER_PROCESS_PARAMETERS
#undef RTL_USER_PROCESS_PARAMETERS
#undef PRTL_USER_PROCESS_PARAMETERS
#undef _PROCESS_BASIC_INFORMATION
#undef PROCESS_BASIC_INFORMATION
#undef PPROCESS_BASIC_INFORMATION

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

typedef LONG KPRIORITY;
typedef UCHAR KPROCESSOR_MODE;

#define __user
#define __force
#undef _Must_inspect_result_
#define _Must_inspect_result_ __attribute__((warn_unused_result))

#else /* the kernel */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Annotations for the checker sparse; nothing to the compiler. */
#ifdef __CHECKER__
#define __user    __attribute__((noderef, address_space(1)))
#define __force   __attribute__((force))
#define __bitwise __attribute__((bitwise))
#define __acquires(x) __attribute__((context(x, 0, 1)))
#define __releases(x) __attribute__((context(x, 1, 0)))
#else
#define __user
#define __force
#define __bitwise
#define __acquires(x)
#define __releases(x)
#endif

#define _In_
#define _In_opt_
#define _Out_
#define _Out_opt_
#define _Inout_
#define _Inout_opt_
/* gcc passes nothing in registers to functions of a type that has attributes. */
#ifdef NDEBUG
#define _Must_inspect_result_
#define _Allocates_(n)
#else
#define _Must_inspect_result_ __attribute__((warn_unused_result))
#define _Allocates_(n)        __attribute__((malloc, alloc_size(n)))
#endif
#define _Printf_(f, a)        __attribute__((format(printf, f, a)))
#define DECLSPEC_NORETURN     __attribute__((noreturn))
#define FORCEINLINE           static inline __attribute__((always_inline))

#define NTAPI __attribute__((stdcall))
#define CONST const
#define VOID  void

typedef char CHAR, CCHAR, *PCHAR, *PSTR;
typedef const char *PCSTR;
typedef unsigned char UCHAR, *PUCHAR, BOOLEAN, *PBOOLEAN, BYTE;
typedef int16_t SHORT, *PSHORT;
typedef uint16_t USHORT, *PUSHORT, WORD, CSHORT;
typedef int32_t LONG, *PLONG, KPRIORITY, INT;
typedef uint32_t ULONG, *PULONG, DWORD, *PDWORD;
/* Windows aligns 64-bit members to 8, and so does -malign-double, which sparse has not. */
#ifdef __CHECKER__
typedef int64_t __attribute__((aligned(8))) LONGLONG, *PLONGLONG;
typedef uint64_t __attribute__((aligned(8))) ULONGLONG, *PULONGLONG, ULONG64;
#else
typedef int64_t LONGLONG, *PLONGLONG;
typedef uint64_t ULONGLONG, *PULONGLONG, ULONG64;
#endif
typedef uint16_t WCHAR, *PWCHAR, *PWSTR;
typedef const WCHAR *PCWSTR;
typedef void *PVOID, *HANDLE, **PHANDLE;
typedef const void *PCVOID;
typedef uintptr_t ULONG_PTR, *PULONG_PTR, SIZE_T, *PSIZE_T, KAFFINITY, *PKAFFINITY;
typedef intptr_t LONG_PTR, *PLONG_PTR;
typedef ULONG ACCESS_MASK, *PACCESS_MASK;
typedef int32_t __bitwise NTSTATUS;
typedef NTSTATUS *PNTSTATUS;
typedef CCHAR KPROCESSOR_MODE;
typedef uint64_t PHYSICAL_ADDRESS;

#define TRUE  1
#define FALSE 0

typedef union _LARGE_INTEGER {
    struct {
        ULONG LowPart;
        LONG HighPart;
    };
    struct {
        ULONG LowPart;
        LONG HighPart;
    } u;
    LONGLONG QuadPart;
} LARGE_INTEGER, *PLARGE_INTEGER;

typedef union _ULARGE_INTEGER {
    struct {
        ULONG LowPart;
        ULONG HighPart;
    };
    ULONGLONG QuadPart;
} ULARGE_INTEGER, *PULARGE_INTEGER;

typedef struct _LIST_ENTRY {
    struct _LIST_ENTRY *Flink;
    struct _LIST_ENTRY *Blink;
} LIST_ENTRY, *PLIST_ENTRY;

typedef struct _SINGLE_LIST_ENTRY {
    struct _SINGLE_LIST_ENTRY *Next;
} SINGLE_LIST_ENTRY, *PSINGLE_LIST_ENTRY;

/* Counted strings; lengths are in bytes, without a terminator. */
typedef struct _UNICODE_STRING {
    USHORT Length;
    USHORT MaximumLength;
    PWSTR Buffer;
} UNICODE_STRING, *PUNICODE_STRING;
typedef const UNICODE_STRING *PCUNICODE_STRING;

typedef struct _STRING {
    USHORT Length;
    USHORT MaximumLength;
    PCHAR Buffer;
} STRING, ANSI_STRING, *PSTRING, *PANSI_STRING;
typedef const ANSI_STRING *PCANSI_STRING;

typedef struct _CLIENT_ID {
    HANDLE UniqueProcess;
    HANDLE UniqueThread;
} CLIENT_ID, *PCLIENT_ID;

typedef struct _OBJECT_ATTRIBUTES {
    ULONG Length;
    HANDLE RootDirectory;
    PUNICODE_STRING ObjectName;
    ULONG Attributes;
    PVOID SecurityDescriptor;
    PVOID SecurityQualityOfService;
} OBJECT_ATTRIBUTES, *POBJECT_ATTRIBUTES;

#define OBJ_INHERIT          0x00000002
#define OBJ_PERMANENT        0x00000010
#define OBJ_EXCLUSIVE        0x00000020
#define OBJ_CASE_INSENSITIVE 0x00000040
#define OBJ_OPENIF           0x00000080
#define OBJ_OPENLINK         0x00000100
#define OBJ_KERNEL_HANDLE    0x00000200
#define OBJ_FORCE_ACCESS_CHECK 0x00000400
#define OBJ_VALID_ATTRIBUTES 0x000007F2

#define InitializeObjectAttributes(p, name, attributes, root, security)                        \
    do {                                                                                       \
        (p)->Length = sizeof(OBJECT_ATTRIBUTES);                                               \
        (p)->RootDirectory = (root);                                                           \
        (p)->ObjectName = (name);                                                              \
        (p)->Attributes = (attributes);                                                        \
        (p)->SecurityDescriptor = (security);                                                  \
        (p)->SecurityQualityOfService = NULL;                                                  \
    } while (0)

typedef struct _IO_STATUS_BLOCK {
    union {
        NTSTATUS Status;
        PVOID Pointer;
    };
    ULONG_PTR Information;
} IO_STATUS_BLOCK, *PIO_STATUS_BLOCK;

typedef struct _GENERIC_MAPPING {
    ACCESS_MASK GenericRead;
    ACCESS_MASK GenericWrite;
    ACCESS_MASK GenericExecute;
    ACCESS_MASK GenericAll;
} GENERIC_MAPPING, *PGENERIC_MAPPING;

#define DELETE                   0x00010000
#define READ_CONTROL             0x00020000
#define WRITE_DAC                0x00040000
#define WRITE_OWNER              0x00080000
#define SYNCHRONIZE              0x00100000
#define STANDARD_RIGHTS_REQUIRED 0x000F0000
#define STANDARD_RIGHTS_READ     READ_CONTROL
#define STANDARD_RIGHTS_WRITE    READ_CONTROL
#define STANDARD_RIGHTS_EXECUTE  READ_CONTROL
#define STANDARD_RIGHTS_ALL      0x001F0000
#define SPECIFIC_RIGHTS_ALL      0x0000FFFF
#define ACCESS_SYSTEM_SECURITY   0x01000000
#define MAXIMUM_ALLOWED          0x02000000
#define GENERIC_ALL              0x10000000
#define GENERIC_EXECUTE          0x20000000
#define GENERIC_WRITE            0x40000000
#define GENERIC_READ             0x80000000

#define MINLONG (-0x7FFFFFFF - 1)

#define FIELD_OFFSET(type, field) ((LONG)offsetof(type, field))
#define CONTAINING_RECORD(address, type, field)                                                \
    ((type *)((PUCHAR)(address)-offsetof(type, field)))
#define UNREFERENCED_PARAMETER(p) ((void)(p))
#define ARRAYSIZE(a)              (sizeof(a) / sizeof((a)[0]))

#endif /* the kernel */

/* The same for both. */
#ifndef ALIGN_UP_BY
#define ALIGN_DOWN_BY(value, size) ((ULONG_PTR)(value) & ~((ULONG_PTR)(size)-1))
#define ALIGN_UP_BY(value, size)   ALIGN_DOWN_BY((ULONG_PTR)(value) + (size)-1, size)
#endif

#define NtCurrentProcess() ((HANDLE)(LONG_PTR)-1)
#define NtCurrentThread()  ((HANDLE)(LONG_PTR)-2)
