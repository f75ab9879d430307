/* SPDX-License-Identifier: MIT */
#include "archive.h"
#include <stdio.h>
#include <string.h>

static void HostPad(HOST_ARCHIVE *Archive)
{
    while (Archive->Size % 4 != 0) {
        Archive->Bytes[Archive->Size++] = 0;
    }
}

static ULONG HostSum(const char *Data)
{
    ULONG Total = 0;

    while (*Data != 0) {
        Total += (UCHAR)*Data++;
    }
    return Total;
}

void HostAddMember(HOST_ARCHIVE *Archive, const char *Name, ULONG NameSize, ULONG Mode,
    const char *Data, bool Sum)
{
    unsigned Size = (unsigned)strlen(Data);

    /* inode mode uid gid links time size device(4) name-size check */
    Archive->Size += (ULONG)sprintf((char *)Archive->Bytes + Archive->Size,
        "%s%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", Sum ? "070702" : "070701", 1,
        (unsigned)Mode, 0, 0, 1, 0x12345678, Size, 0, 0, 0, 0, (unsigned)NameSize,
        Sum ? (unsigned)HostSum(Data) : 0);
    memset(Archive->Bytes + Archive->Size, 0, NameSize);
    memcpy(Archive->Bytes + Archive->Size, Name, strlen(Name));
    Archive->Size += NameSize;
    HostPad(Archive);
    memcpy(Archive->Bytes + Archive->Size, Data, Size);
    Archive->Size += Size;
    HostPad(Archive);
}

void HostBuildArchive(HOST_ARCHIVE *Archive)
{
    Archive->Size = 0;
    HostAddMember(Archive, "windows", 8, CPIO_DIRECTORY | 0755, "", false);
    HostAddMember(Archive, "windows/a.dll", 100, CPIO_REGULAR | 0644, "abcde", false);
    HostAddMember(Archive, "empty", 6, CPIO_REGULAR | 0644, "", false);
    HostAddMember(Archive, "sum", 4, CPIO_REGULAR | 0644, "The sum is checked.", true);
    HostAddMember(Archive, "TRAILER!!!", 11, 0, "", false);
}
