/* SPDX-License-Identifier: MIT */
/*
 * What a Multiboot loader passes, and its copy in our own memory.
 *
 * Loaders differ, so nothing is taken for granted: QEMU puts the kernel's path
 * in front of the command line, v86 gives a module no string and no memory
 * sizes, GRUB gives all.  A part is looked at only if its flag is set.  The
 * structures are read through the early map of the first gigabyte.
 */
#include "boot/bootp.h"

#define INFO_MEMORY       0x001
#define INFO_COMMAND_LINE 0x004
#define INFO_MODULES      0x008
#define INFO_MEMORY_MAP   0x040
#define INFO_LOADER_NAME  0x200

#define MEMORY_AVAILABLE 1
#define EARLY_MAP_SIZE   0x40000000u
#define MEGABYTE         0x100000u

typedef struct _MULTIBOOT_INFO {
    uint32_t Flags;
    uint32_t MemoryLower; /* KiB from 0 */
    uint32_t MemoryUpper; /* KiB from 1 MiB */
    uint32_t BootDevice;
    uint32_t CommandLine;
    uint32_t ModuleCount;
    uint32_t Modules;
    uint32_t Symbols[4];
    uint32_t MapLength;
    uint32_t Map;
    uint32_t DrivesLength;
    uint32_t Drives;
    uint32_t ConfigTable;
    uint32_t LoaderName;
} MULTIBOOT_INFO;

typedef struct _MULTIBOOT_MODULE {
    uint32_t Start;
    uint32_t End;
    uint32_t String;
    uint32_t Reserved;
} MULTIBOOT_MODULE;

typedef struct __attribute__((packed)) _MULTIBOOT_MAP_ENTRY {
    uint32_t Size; /* of what follows */
    uint64_t Base;
    uint64_t Length;
    uint32_t Type;
} MULTIBOOT_MAP_ENTRY;

LOADER_PARAMETER_BLOCK KeLoaderBlock;

extern CHAR KiKernelStart[], KiKernelEnd[]; /* linker.ld */

/* NULL when the address is 0 or beyond the early map. */
static PCVOID BootMap(ULONG Physical, ULONG Length)
{
    if (Physical == 0 || Physical >= EARLY_MAP_SIZE || Length > EARLY_MAP_SIZE - Physical) {
        return NULL;
    }
    return (PCVOID)(KERNEL_BASE + Physical);
}

static void BootCopyString(PSTR Destination, SIZE_T Size, ULONG Physical)
{
    const CHAR *Source = BootMap(Physical, (ULONG)Size);

    if (Source != NULL) {
        SIZE_T Length = strnlen(Source, Size - 1);

        memcpy(Destination, Source, Length);
        Destination[Length] = 0;
    }
}

/* Keeps the ranges in ascending order. */
static void BootAddRange(uint64_t Base, uint64_t Length)
{
    ULONG i = KeLoaderBlock.RangeCount;

    if (Length == 0 || i == BOOT_MAX_MEMORY_RANGES) {
        return;
    }
    for (; i > 0 && KeLoaderBlock.Ranges[i - 1].Base > Base; i--) {
        KeLoaderBlock.Ranges[i] = KeLoaderBlock.Ranges[i - 1];
    }
    KeLoaderBlock.Ranges[i].Base = Base;
    KeLoaderBlock.Ranges[i].Length = Length;
    KeLoaderBlock.RangeCount++;
}

static void BootReadMemory(const MULTIBOOT_INFO *Info)
{
    const UCHAR *Map = BootMap(Info->Map, Info->MapLength);
    ULONG Offset = 0;

    if (!(Info->Flags & INFO_MEMORY_MAP) || Map == NULL) {
        if (Info->Flags & INFO_MEMORY) {
            BootAddRange(0, Info->MemoryLower * 1024ull);
            BootAddRange(MEGABYTE, Info->MemoryUpper * 1024ull);
        }
        return;
    }
    while (Offset + sizeof(MULTIBOOT_MAP_ENTRY) <= Info->MapLength) {
        const MULTIBOOT_MAP_ENTRY *Entry = (const MULTIBOOT_MAP_ENTRY *)(Map + Offset);

        if (Entry->Type == MEMORY_AVAILABLE) {
            BootAddRange(Entry->Base, Entry->Length);
        }
        if (Entry->Size > Info->MapLength - Offset) {
            return; /* damaged; keep what was readable */
        }
        Offset += Entry->Size + sizeof(Entry->Size);
    }
}

/* The first module is the ramdisk; its string may be missing and is not read. */
static void BootReadModules(const MULTIBOOT_INFO *Info)
{
    const MULTIBOOT_MODULE *Module = BootMap(Info->Modules, sizeof(MULTIBOOT_MODULE));

    if ((Info->Flags & INFO_MODULES) && Info->ModuleCount != 0 && Module != NULL &&
        Module->End > Module->Start) {
        KeLoaderBlock.RamdiskStart = Module->Start;
        KeLoaderBlock.RamdiskSize = Module->End - Module->Start;
    }
}

/* The path of the kernel is no option: QEMU always, GRUB legacy with a slash. */
static void BootDropPath(void)
{
    CHAR *Line = KeLoaderBlock.CommandLine;
    SIZE_T Word = 0;

    if (strcmp(KeLoaderBlock.LoaderName, "qemu") != 0 && Line[0] != '/') {
        return;
    }
    while (Line[Word] != 0 && Line[Word] != ' ') {
        Word++;
    }
    while (Line[Word] == ' ') {
        Word++;
    }
    memmove(Line, &Line[Word], strlen(&Line[Word]) + 1);
}

void BootReadMultiboot(ULONG Information)
{
    const MULTIBOOT_INFO *Info = BootMap(Information, sizeof(MULTIBOOT_INFO));

    KeLoaderBlock.KernelStart = (ULONG)KiKernelStart - KERNEL_BASE;
    KeLoaderBlock.KernelEnd = (ULONG)KiKernelEnd - KERNEL_BASE;
    if (Info == NULL) {
        return;
    }
    BootReadMemory(Info);
    BootReadModules(Info);
    if (Info->Flags & INFO_LOADER_NAME) {
        BootCopyString(
            KeLoaderBlock.LoaderName, sizeof(KeLoaderBlock.LoaderName), Info->LoaderName);
    }
    if (Info->Flags & INFO_COMMAND_LINE) {
        BootCopyString(
            KeLoaderBlock.CommandLine, sizeof(KeLoaderBlock.CommandLine), Info->CommandLine);
        BootDropPath();
    }
}
