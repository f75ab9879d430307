/* SPDX-License-Identifier: MIT */
/*
 * A small valid PE file for tests, and what a loader would do with one.
 */
#pragma once
#include "ldr/pe.h"

/* Where HostBuildImage puts things: file offsets, then RVAs. */
#define HOST_FILE_SIZE     0xC00
#define HOST_HEADERS_SIZE  0x400
#define HOST_NT_OFFSET     0x80
#define HOST_SECTION_COUNT 5
#define HOST_TABLE_OFFSET  (HOST_NT_OFFSET + sizeof(IMAGE_NT_HEADERS32))
#define HOST_IMAGE_BASE    0x10000000
#define HOST_IMAGE_SIZE    0x7000
#define HOST_TEXT_RVA      0x1000
#define HOST_EXPORT_RVA    0x4000
#define HOST_IMPORT_RVA    0x5000
#define HOST_RELOC_RVA     0x6000

/* Exactly HOST_FILE_SIZE bytes; the caller frees them. */
UCHAR *HostBuildImage(void);
/* Map a file that LdrParseImage accepted; NULL if it is too large for a test. */
UCHAR *HostMapImage(const UCHAR *File, const PE_IMAGE *Image);
/* Use everything in ldr/mapped.c on an image that may be nonsense. */
void HostExerciseImage(UCHAR *Base, ULONG Size);
