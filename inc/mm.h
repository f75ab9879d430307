/* SPDX-License-Identifier: MIT */
/*
 * Mm, memory: page frames, pool, system address space, address spaces with their
 * VADs and page tables, sections, faults, and the helpers through which the
 * kernel touches user memory.  What other layers may call; mm/mi.h is private.
 */
#pragma once
#include "boot.h"
#include "ke.h"

#define PAGE_SIZE  0x1000u
#define PAGE_SHIFT 12
#define BYTES_TO_PAGES(Size) (((Size) + PAGE_SIZE - 1) >> PAGE_SHIFT)
#define PAGE_ALIGN(Address)  ((PVOID)((ULONG_PTR)(Address) & ~(ULONG_PTR)(PAGE_SIZE - 1)))

#define MM_LOWEST_USER_ADDRESS  0x00010000u
#define MM_HIGHEST_USER_ADDRESS 0x7FFEFFFFu
#define MM_USER_PROBE_ADDRESS   0x7FFF0000u /* first address past user memory */
#define MM_ALLOCATION_GRANULARITY 0x10000u
#define KERNEL_STACK_SIZE       0x3000u /* bytes, plus a guard page below */

typedef ULONG PFN_NUMBER; /* physical address >> 12 */

/* ---- Start ------------------------------------------------------------------- */

/*
 * MmInitSystem - page frame database, direct map, kernel page protection, pool.
 * STATUS_INSUFFICIENT_RESOURCES when there is too little memory.
 */
_Must_inspect_result_ NTSTATUS MmInitSystem(PLOADER_PARAMETER_BLOCK LoaderBlock);
_Must_inspect_result_ NTSTATUS MmInitSections(void); /* registers the Section type */
ULONG MmQueryFreePages(void);
ULONG MmQueryTotalPages(void);
BOOLEAN MmIsAddressValid(PCVOID Address); /* mapped now, in the current address space? */
/* Walks every page-table entry: W^X, no user access to kernel pages.  Returns violations. */
ULONG MmVerifyProtections(void);

/* ---- Physical pages (mm/pfn.c) -------------------------------------------------- */

/* A zeroed page with one reference, or 0. */
PFN_NUMBER MmAllocateZeroedPage(void);
PFN_NUMBER MmAllocatePage(void); /* contents undefined */
void MmReferencePage(PFN_NUMBER Page);
void MmReleasePage(PFN_NUMBER Page);
/* Through the direct map. */
FORCEINLINE PVOID MmMapPage(PFN_NUMBER Page)
{
    return (PVOID)(KERNEL_BASE + (Page << PAGE_SHIFT));
}
FORCEINLINE ULONG MmGetPhysicalAddress(PCVOID DirectMapAddress)
{
    return (ULONG)(ULONG_PTR)DirectMapAddress - KERNEL_BASE;
}
PVOID MmMapIoSpace(ULONG Physical, SIZE_T Length); /* uncached; NULL on exhaustion */

/* ---- Pool (mm/pool.c) -------------------------------------------------------------- */

typedef enum _POOL_TYPE { NonPagedPool, PagedPool } POOL_TYPE; /* both are nonpaged here */

/* Tag: four characters, 'abcd' written as POOL_TAG('a','b','c','d').  NULL on exhaustion. */
#define POOL_TAG(a, b, c, d) ((ULONG)(a) | (ULONG)(b) << 8 | (ULONG)(c) << 16 | (ULONG)(d) << 24)
_Allocates_(2) PVOID ExAllocatePoolWithTag(POOL_TYPE Type, SIZE_T Size, ULONG Tag);
_Allocates_(2) PVOID ExAllocatePoolZero(POOL_TYPE Type, SIZE_T Size, ULONG Tag);
void ExFreePoolWithTag(PVOID Block, ULONG Tag);
ULONG MmQueryPoolTags(ULONG Max, ULONG Tags[], ULONG Allocations[], ULONG Bytes[]);

/* ---- System address space (mm/syspte.c, mm/stack.c) ----------------------------------- */

PVOID MmCreateKernelStack(void); /* top of KERNEL_STACK_SIZE bytes, or NULL */
void MmDeleteKernelStack(PVOID Top);
PVOID MmAllocatePermanent(SIZE_T Size); /* zeroed pages, never given back; or NULL */
BOOLEAN MmIsGuardPage(PCVOID Address); /* below a kernel stack? for the double fault */

/* ---- Address spaces (mm/space.c, mm/vad.c) --------------------------------------------- */

/* One process's user half.  Embedded in EPROCESS; KPROCESS.AddressSpace points to it. */
typedef struct _MM_ADDRESS_SPACE {
    KGUARDED_MUTEX Lock;   /* guards all below and the user page tables */
    RTL_AVL_TREE VadRoot;  /* MMVAD by starting page */
    PVOID DirectoryMemory; /* pool block that holds the pointer table */
    ULONG Cr3;             /* physical address of the pointer table */
    const volatile KAFFINITY *ActiveProcessors; /* the KPROCESS's: where it is loaded */
    PFN_NUMBER Directories[4];
    ULONG PageCount;       /* private pages and page tables charged */
    ULONG TableCount;      /* page tables of the user half, also empty ones */
    BOOLEAN KeepTables;    /* the empty ones: a process that lives, but not System */
    ULONG VadCount;
    struct _MMVAD *VadHint;  /* where somebody looked last, or NULL */
    struct _MMVAD *HoleHint; /* below its end all multiples of 64 KiB are taken; or NULL */
    struct _MMVAD *SpareTeb; /* place of a TEB that is gone, for the next; or NULL */
    BOOLEAN Deleted;       /* cleaned: no new views */
} MM_ADDRESS_SPACE, *PMM_ADDRESS_SPACE;

typedef struct _SECTION SECTION, *PSECTION;

/* An empty user half; *Cr3 for KeInitializeProcess.  INSUFFICIENT_RESOURCES or success. */
_Must_inspect_result_ NTSTATUS MmCreateProcessAddressSpace(
    PMM_ADDRESS_SPACE Space, _Out_ PULONG Cr3);
/* Makes the boot page tables the address space of the System process. */
void MmInitializeSystemAddressSpace(PMM_ADDRESS_SPACE Space, _Out_ PULONG Cr3);
/*
 * MmInitializeProcessAddressSpace - shared user page, and the program's image if Section.
 *
 * *ImageBase: where it was mapped; returns STATUS_IMAGE_NOT_AT_BASE (a success)
 * when that is not where it was linked to be.
 */
_Must_inspect_result_ NTSTATUS MmInitializeProcessAddressSpace(
    PKPROCESS Process, _In_opt_ PSECTION Section, _Out_ PVOID *ImageBase);
ULONG MmCleanProcessAddressSpace(PKPROCESS Process); /* unmaps all; returns pages freed */
void MmDeleteProcessAddressSpace(PMM_ADDRESS_SPACE Space); /* accepts half-built */

/* ---- PEB and TEB (mm/peb.c) ----------------------------------------------------------------- */

typedef struct _MM_PEB_PARAMETERS {
    PVOID ImageBaseAddress;
    BOOLEAN BeingDebugged;
    ULONG SessionId;
    PSECTION Section; /* image fields: subsystem, version; may be NULL */
} MM_PEB_PARAMETERS;

_Must_inspect_result_ NTSTATUS MmCreatePeb(
    PKPROCESS Process, const MM_PEB_PARAMETERS *Parameters, _Out_ PEB __user **Peb);
_Must_inspect_result_ NTSTATUS MmCreateTeb(PKPROCESS Process, const INITIAL_TEB *InitialTeb,
    const CLIENT_ID *ClientId, PEB __user *Peb, _Out_ TEB __user **Teb);
void MmDeleteTeb(PKPROCESS Process, TEB __user *Teb);

/* ---- Sections (mm/section.c, mm/image.c) --------------------------------------------------------- */

/*
 * The bytes of a file that stays in memory: what io/ hands to mm.  Image is
 * the cached control area, made at the first SEC_IMAGE section of the file.
 */
typedef struct _MM_BACKING_FILE {
    const void *Data;     /* page-aligned, through the direct map */
    SIZE_T Size;          /* bytes */
    UNICODE_STRING Name;  /* path within its volume; lives as long as the volume */
    struct _CONTROL_AREA *Image; /* segment lock */
} MM_BACKING_FILE, *PMM_BACKING_FILE;

/* io/ registers how a file handle leads to its bytes; reference is the file object. */
typedef NTSTATUS MM_REFERENCE_FILE(HANDLE File, ACCESS_MASK Access, KPROCESSOR_MODE Mode,
    PVOID *FileObject, PMM_BACKING_FILE *Backing);
extern MM_REFERENCE_FILE *MmReferenceFileRoutine;

extern struct _OBJECT_TYPE *MmSectionObjectType;
_Must_inspect_result_ NTSTATUS MmCreateImageSection(
    PMM_BACKING_FILE File, PVOID FileObject, _Out_ PSECTION *Section); /* not inserted */
void MmPurgeImageCache(void); /* forgets cached images that are not in use */
const SECTION_IMAGE_INFORMATION *MmGetSectionImageInformation(PSECTION Section); /* or NULL */
/* *Base NULL: anywhere (an image: where it was linked).  Win32Protect for data sections. */
_Must_inspect_result_ NTSTATUS MmMapViewOfSection(PSECTION Section, PKPROCESS Process,
    PVOID *Base, ULONG_PTR ZeroBits, SIZE_T CommitSize, PLARGE_INTEGER Offset,
    PSIZE_T ViewSize, SECTION_INHERIT Inherit, ULONG AllocationType, ULONG Protect);
_Must_inspect_result_ NTSTATUS MmUnmapViewOfSection(PKPROCESS Process, PVOID Base);
/* The name of the image's file, borrowed; FALSE if it has none. */
BOOLEAN MmGetSectionFileName(PSECTION Section, _Out_ PUNICODE_STRING Name);
/* The image's bytes as the file has them; for look-ups in ntdll's exports by Ps. */
PVOID MmGetSectionFileData(PSECTION Section, _Out_ PSIZE_T Size);

/* ---- Virtual memory of a process (mm/virtual.c) ---------------------------------------------------- */

_Must_inspect_result_ NTSTATUS MmAllocateVirtualMemory(PKPROCESS Process, PVOID *Base,
    ULONG_PTR ZeroBits, PSIZE_T Size, ULONG AllocationType, ULONG Protect);
_Must_inspect_result_ NTSTATUS MmFreeVirtualMemory(
    PKPROCESS Process, PVOID *Base, PSIZE_T Size, ULONG FreeType);

/* ---- Faults (mm/fault.c) ------------------------------------------------------------------------------ */

/*
 * MmAccessFault - resolve a page fault: demand zero, image page, copy on write, guard.
 *
 * Success, or what the thread gets: STATUS_ACCESS_VIOLATION, GUARD_PAGE_VIOLATION,
 * STACK_OVERFLOW, IN_PAGE_ERROR.  Kernel faults at kernel addresses are never resolved.
 */
_Must_inspect_result_ NTSTATUS MmAccessFault(
    ULONG ErrorCode, PVOID Address, KPROCESSOR_MODE Mode, PKTRAP_FRAME TrapFrame);

/* ---- User memory (mm/probe.c) ----------------------------------------------------------------------------- */

/*
 * With previous mode User the range is checked against MM_USER_PROBE_ADDRESS; with
 * Kernel it is not.  A fault on the way gives STATUS_ACCESS_VIOLATION.  Read a
 * field once, write out-parameters last.
 */
_Must_inspect_result_ NTSTATUS MmCopyFromUser(
    void *Destination, const void __user *Source, SIZE_T Length);
_Must_inspect_result_ NTSTATUS MmCopyToUser(
    void __user *Destination, const void *Source, SIZE_T Length);
/* Range, alignment (STATUS_DATATYPE_MISALIGNMENT) and that every page takes a write. */
_Must_inspect_result_ NTSTATUS MmProbeForWrite(void __user *Address, SIZE_T Length, ULONG Alignment);
_Must_inspect_result_ NTSTATUS MmProbeForRead(
    const void __user *Address, SIZE_T Length, ULONG Alignment);
_Must_inspect_result_ NTSTATUS MmWriteUlongToUser(ULONG __user *Address, ULONG Value);
_Must_inspect_result_ NTSTATUS MmWriteHandleToUser(HANDLE __user *Address, HANDLE Value);
/* NULL is allowed and gives *Captured = infinite (returns NULL pointer in *Timeout). */
_Must_inspect_result_ NTSTATUS MmCaptureTimeout(
    LARGE_INTEGER __user *User, PLARGE_INTEGER Storage, _Out_ PLARGE_INTEGER *Timeout);
/* Copies string and buffer to pool (length even, at most 64 KiB); free with the second. */
_Must_inspect_result_ NTSTATUS MmCaptureUnicodeString(
    UNICODE_STRING __user *User, _Out_ PUNICODE_STRING Captured);
void MmReleaseUnicodeString(PUNICODE_STRING Captured);
