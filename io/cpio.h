/* SPDX-License-Identifier: MIT */
/*
 * Reading a newc cpio archive that lies in memory.  Pure code, tested and fuzzed
 * on the host (tests/host/cpio.c); the ramdisk is built from it in io/volume.c.
 */
#pragma once
#include "nt/ntdef.h"
#include "nt/status.h"

#define CPIO_TYPE_MASK 0170000 /* of CPIO_MEMBER.Mode */
#define CPIO_DIRECTORY 0040000
#define CPIO_REGULAR   0100000

typedef struct _CPIO_READER {
    const UCHAR *Archive;
    ULONG Size;           /* bytes */
    ULONG Offset;         /* of the next header; a multiple of 4 */
    const CHAR *Problem;  /* after STATUS_FILE_INVALID: what was expected, */
    ULONG ProblemOffset;  /* and where */
} CPIO_READER, *PCPIO_READER;

/* Both pointers lead into the archive. */
typedef struct _CPIO_MEMBER {
    const CHAR *Name; /* not zero-terminated by contract: NameLength counts */
    ULONG NameLength;
    ULONG NameOffset;
    const UCHAR *Data;
    ULONG DataSize;
    ULONG DataOffset;
    ULONG Mode;
    ULONG Time; /* seconds since 1970 */
} CPIO_MEMBER, *PCPIO_MEMBER;

void IopInitializeCpio(_Out_ PCPIO_READER Reader, const void *Archive, ULONG Size);
/*
 * The next member.  STATUS_NO_MORE_ENTRIES: the archive's end is reached;
 * STATUS_FILE_INVALID: it is damaged, see Reader->Problem.
 */
_Must_inspect_result_ NTSTATUS IopNextCpioMember(
    _Inout_ PCPIO_READER Reader, _Out_ PCPIO_MEMBER Member);
