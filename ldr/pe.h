/* SPDX-License-Identifier: MIT */
/*
 * Reading 32-bit PE images, for the kernel's image sections, ntdll's loader and
 * the host fuzzer.
 *
 * LdrParseImage judges a whole file.  All other routines work on an image that
 * is mapped section by section at Base; Size is its SizeOfImage.  None of them
 * reads outside the bytes it was given, whatever those contain.
 */
#pragma once
#include "nt/image.h"
#include "rtl.h"

#define PE_PAGE_SIZE         0x1000
#define PE_MAXIMUM_SECTIONS  96
#define PE_MAXIMUM_SIZE      0x77000000u /* of a mapped image */
#define PE_BASE_GRANULARITY  0x10000

/* What a well-formed file says; lengths in bytes. */
typedef struct _PE_IMAGE {
    ULONG ImageBase;
    ULONG SizeOfImage;
    ULONG SizeOfHeaders;
    ULONG EntryPoint; /* RVA; 0: none */
    ULONG SectionAlignment;
    ULONG FileAlignment;
    ULONG StackReserve;
    ULONG StackCommit;
    ULONG HeapReserve;
    ULONG HeapCommit;
    ULONG CheckSum;
    ULONG TimeDateStamp;
    ULONG LoaderFlags;
    ULONG Win32VersionValue;
    USHORT Machine; /* reported, not judged */
    USHORT Characteristics;
    USHORT DllCharacteristics;
    USHORT Subsystem;
    USHORT SubsystemMajorVersion;
    USHORT SubsystemMinorVersion;
    BOOLEAN ContainsCode;
    /* Alignment below a page: file offset equals RVA, map it as one piece. */
    BOOLEAN SinglePiece;
    /* In the file's bytes.  Without SizeOfRawData, PointerToRawData means nothing. */
    ULONG SectionCount;
    const IMAGE_SECTION_HEADER *Sections;
} PE_IMAGE, *PPE_IMAGE;

/* A value at any address. */
typedef struct __attribute__((packed)) _LDRP_UNALIGNED {
    ULONG Value;
} LDRP_UNALIGNED;

/* The export directory with its three tables, all of them inside the image; or all zero. */
typedef struct _LDR_EXPORTS {
    const void *Base;
    ULONG Size;
    ULONG Start; /* the directory's own range: an address in it is a forwarder */
    ULONG Length;
    ULONG OrdinalBase;
    ULONG FunctionCount;
    ULONG NameCount;
    const LDRP_UNALIGNED *Functions;
    const LDRP_UNALIGNED *Names;
    const UCHAR *NameOrdinals; /* two bytes each */
} LDR_EXPORTS, *PLDR_EXPORTS;

/* One export.  Forwarder is NULL, or "DLL.Name" / "DLL.#Ordinal". */
typedef struct _LDR_EXPORT {
    ULONG Rva;
    PCSTR Forwarder;
} LDR_EXPORT, *PLDR_EXPORT;

/* One DLL that an image imports from. */
typedef struct _LDR_IMPORT_MODULE {
    PCSTR Name;
    ULONG LookupRva;  /* the table that says what is wanted */
    ULONG AddressRva; /* the table to fill in */
} LDR_IMPORT_MODULE, *PLDR_IMPORT_MODULE;

/* One function of such a DLL: by name, or by ordinal if Name is NULL. */
typedef struct _LDR_IMPORT_ENTRY {
    PCSTR Name;
    USHORT Hint;
    USHORT Ordinal;
    PULONG Slot; /* where its address belongs */
} LDR_IMPORT_ENTRY, *PLDR_IMPORT_ENTRY;

static inline ULONG LdrpReadUlong(const void *Address)
{
    return ((const LDRP_UNALIGNED *)Address)->Value;
}

/* Do Length bytes at Offset end by Limit?  Cannot wrap. */
static inline BOOLEAN LdrpIsInside(ULONG Offset, ULONG Length, ULONG Limit)
{
    return Offset <= Limit && Length <= Limit - Offset;
}

/* ---- The file (pe.c) ---- */

/* Data is aligned to 4 and stays in place as long as Image->Sections is used. */
_Must_inspect_result_ NTSTATUS LdrParseImage(
    _In_ const void *Data, _In_ SIZE_T Size, _Out_ PPE_IMAGE Image);
/* Bytes of address space a section takes, before rounding to pages. */
ULONG LdrSectionSpan(_In_ const IMAGE_SECTION_HEADER *Section);

/* ---- The mapped image (mapped.c) ---- */

/* NULL if these are not the headers of a 32-bit image. */
const IMAGE_NT_HEADERS32 *LdrImageNtHeaders(_In_ const void *Base, _In_ ULONG Size);
/* The address of Length bytes at an RVA, or NULL if not all are inside. */
PVOID LdrImageRva(_In_ const void *Base, _In_ ULONG Size, _In_ ULONG Rva, _In_ ULONG Length);
/* The same for a zero-terminated string. */
PCSTR LdrImageString(_In_ const void *Base, _In_ ULONG Size, _In_ ULONG Rva);
/* NULL if the image has no such directory. */
PVOID LdrImageDirectory(
    _In_ const void *Base, _In_ ULONG Size, _In_ ULONG Index, _Out_ PULONG Length);

/* For as long as the image is mapped.  STATUS_INVALID_IMAGE_FORMAT; none is fine. */
_Must_inspect_result_ NTSTATUS LdrOpenExports(
    _In_ const void *Base, _In_ ULONG Size, _Out_ PLDR_EXPORTS Exports);
/* By name, with an index at which it may be found, or by ordinal if Name is NULL. */
_Must_inspect_result_ NTSTATUS LdrFindExport(_In_ const LDR_EXPORTS *Exports,
    _In_opt_ PCSTR Name, _In_ ULONG HintOrOrdinal, _Out_ PLDR_EXPORT Export);
/* STATUS_ENTRYPOINT_NOT_FOUND, STATUS_ORDINAL_NOT_FOUND or STATUS_INVALID_IMAGE_FORMAT. */
_Must_inspect_result_ NTSTATUS LdrFindExportByName(
    _In_ const void *Base, _In_ ULONG Size, _In_ PCSTR Name, _Out_ PLDR_EXPORT Export);
_Must_inspect_result_ NTSTATUS LdrFindExportByOrdinal(
    _In_ const void *Base, _In_ ULONG Size, _In_ ULONG Ordinal, _Out_ PLDR_EXPORT Export);

/* The pages must be writable.  After a failure the image is unusable. */
_Must_inspect_result_ NTSTATUS LdrRelocateImage(
    _In_ PVOID Base, _In_ ULONG Size, _In_ ULONG Delta);

/* Index counts from 0; STATUS_NO_MORE_ENTRIES ends the iteration. */
_Must_inspect_result_ NTSTATUS LdrImportModule(
    _In_ const void *Base, _In_ ULONG Size, _In_ ULONG Index, _Out_ PLDR_IMPORT_MODULE Module);
_Must_inspect_result_ NTSTATUS LdrImportEntry(_In_ const void *Base, _In_ ULONG Size,
    _In_ const LDR_IMPORT_MODULE *Module, _In_ ULONG Index, _Out_ PLDR_IMPORT_ENTRY Entry);
