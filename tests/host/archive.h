/* SPDX-License-Identifier: MIT */
/*
 * newc cpio archives for the tests of io/cpio.c.
 */
#pragma once
#include "io/cpio.h"
#include <stddef.h>

#define HOST_ARCHIVE_SIZE 4096

typedef struct _HOST_ARCHIVE {
    UCHAR Bytes[HOST_ARCHIVE_SIZE];
    ULONG Size;
} HOST_ARCHIVE;

/* NameSize counts the zeros after the name; Sum: 070702 with the data's sum. */
void HostAddMember(HOST_ARCHIVE *Archive, const char *Name, ULONG NameSize, ULONG Mode,
    const char *Data, bool Sum);
/* A directory, a padded name, an empty file, a file with a sum, the trailer. */
void HostBuildArchive(HOST_ARCHIVE *Archive);
