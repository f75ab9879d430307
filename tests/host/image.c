/* SPDX-License-Identifier: MIT */
/*
 * Builds, maps and uses a PE image on the host; see image.h.
 */
#include "image.h"
#include <stdlib.h>

#define HOST_LARGEST_MAPPED 0x100000
#define HOST_MOST_ENTRIES   4096

static void HostPut32(UCHAR *At, ULONG Value)
{
    memcpy(At, &Value, sizeof(Value));
}

static void HostPut16(UCHAR *At, USHORT Value)
{
    memcpy(At, &Value, sizeof(Value));
}

static void HostPutText(UCHAR *At, const char *Text)
{
    memcpy(At, Text, strlen(Text) + 1);
}

static void HostBuildHeaders(IMAGE_NT_HEADERS32 *Headers)
{
    IMAGE_OPTIONAL_HEADER32 *Optional = &Headers->OptionalHeader;

    Headers->Signature = IMAGE_NT_SIGNATURE;
    Headers->FileHeader = (IMAGE_FILE_HEADER){
        .Machine = IMAGE_FILE_MACHINE_I386,
        .NumberOfSections = HOST_SECTION_COUNT,
        .TimeDateStamp = 0x12345678,
        .SizeOfOptionalHeader = sizeof(*Optional),
        .Characteristics = IMAGE_FILE_EXECUTABLE_IMAGE | IMAGE_FILE_32BIT_MACHINE | IMAGE_FILE_DLL,
    };
    *Optional = (IMAGE_OPTIONAL_HEADER32){
        .Magic = IMAGE_NT_OPTIONAL_HDR32_MAGIC,
        .AddressOfEntryPoint = HOST_TEXT_RVA + 0x10,
        .ImageBase = HOST_IMAGE_BASE,
        .SectionAlignment = 0x1000,
        .FileAlignment = 0x200,
        .MajorSubsystemVersion = 5,
        .MinorSubsystemVersion = 2,
        .SizeOfImage = HOST_IMAGE_SIZE,
        .SizeOfHeaders = HOST_HEADERS_SIZE,
        .CheckSum = 0xABCD,
        .Subsystem = IMAGE_SUBSYSTEM_WINDOWS_CUI,
        .DllCharacteristics = IMAGE_DLLCHARACTERISTICS_NX_COMPAT,
        .SizeOfStackReserve = 0x100000,
        .SizeOfStackCommit = 0x1000,
        .SizeOfHeapReserve = 0x200000,
        .SizeOfHeapCommit = 0x2000,
        .NumberOfRvaAndSizes = IMAGE_NUMBEROF_DIRECTORY_ENTRIES,
        .DataDirectory = {
            [IMAGE_DIRECTORY_ENTRY_EXPORT] = { HOST_EXPORT_RVA, 0x200 },
            [IMAGE_DIRECTORY_ENTRY_IMPORT] = { HOST_IMPORT_RVA, 0x3C },
            [IMAGE_DIRECTORY_ENTRY_BASERELOC] = { HOST_RELOC_RVA, 0x1C },
        },
    };
}

static void HostBuildSections(IMAGE_SECTION_HEADER *Table)
{
    static const IMAGE_SECTION_HEADER Sections[HOST_SECTION_COUNT] = {
        { .Name = ".text", .Misc.VirtualSize = 0x100, .VirtualAddress = HOST_TEXT_RVA,
            .SizeOfRawData = 0x200, .PointerToRawData = 0x400,
            .Characteristics = IMAGE_SCN_CNT_CODE | IMAGE_SCN_MEM_EXECUTE | IMAGE_SCN_MEM_READ },
        { .Name = ".bss", .Misc.VirtualSize = 0x1800, .VirtualAddress = 0x2000,
            .Characteristics = IMAGE_SCN_CNT_UNINITIALIZED_DATA | IMAGE_SCN_MEM_READ
                | IMAGE_SCN_MEM_WRITE },
        { .Name = ".edata", .Misc.VirtualSize = 0x200, .VirtualAddress = HOST_EXPORT_RVA,
            .SizeOfRawData = 0x200, .PointerToRawData = 0x600,
            .Characteristics = IMAGE_SCN_CNT_INITIALIZED_DATA | IMAGE_SCN_MEM_READ },
        /* No virtual size: the raw size counts. */
        { .Name = ".idata", .VirtualAddress = HOST_IMPORT_RVA, .SizeOfRawData = 0x200,
            .PointerToRawData = 0x800,
            .Characteristics = IMAGE_SCN_CNT_INITIALIZED_DATA | IMAGE_SCN_MEM_READ
                | IMAGE_SCN_MEM_WRITE },
        { .Name = ".reloc", .Misc.VirtualSize = 0x1C, .VirtualAddress = HOST_RELOC_RVA,
            .SizeOfRawData = 0x200, .PointerToRawData = 0xA00,
            .Characteristics = IMAGE_SCN_CNT_INITIALIZED_DATA | IMAGE_SCN_MEM_READ
                | IMAGE_SCN_MEM_DISCARDABLE },
    };

    memcpy(Table, Sections, sizeof(Sections));
}

/* Ordinals 5..9: Alpha, nothing, Gamma, Omega -> OTHER.Function, Beta. */
static void HostBuildExports(UCHAR *Section)
{
    static const ULONG Functions[] = { 0x1010, 0, 0x1030, HOST_EXPORT_RVA + 0xC0, 0x1020 };
    static const char *const Names[] = { "Alpha", "Beta", "Gamma", "Omega" };
    static const USHORT Indices[] = { 0, 4, 2, 3 };
    IMAGE_EXPORT_DIRECTORY Directory = {
        .Base = 5,
        .NumberOfFunctions = ARRAYSIZE(Functions),
        .NumberOfNames = ARRAYSIZE(Names),
        .AddressOfFunctions = HOST_EXPORT_RVA + 0x40,
        .AddressOfNames = HOST_EXPORT_RVA + 0x60,
        .AddressOfNameOrdinals = HOST_EXPORT_RVA + 0x71, /* odd on purpose */
    };

    memcpy(Section, &Directory, sizeof(Directory));
    memcpy(Section + 0x40, Functions, sizeof(Functions));
    memcpy(Section + 0x71, Indices, sizeof(Indices));
    for (ULONG i = 0; i < ARRAYSIZE(Names); i++) {
        HostPut32(Section + 0x60 + 4 * i, HOST_EXPORT_RVA + 0x80 + 0x10 * i);
        HostPutText(Section + 0x80 + 0x10 * i, Names[i]);
    }
    HostPutText(Section + 0xC0, "OTHER.Function");
}

/* ntdll.dll: NtClose with hint 3, ordinal 17; old.dll: one name, no lookup table. */
static void HostBuildImports(UCHAR *Section)
{
    IMAGE_IMPORT_DESCRIPTOR Descriptors[2] = {
        { .OriginalFirstThunk = HOST_IMPORT_RVA + 0x40, .Name = HOST_IMPORT_RVA + 0x80,
            .FirstThunk = HOST_IMPORT_RVA + 0x50 },
        { .Name = HOST_IMPORT_RVA + 0x90, .FirstThunk = HOST_IMPORT_RVA + 0x60 },
    };

    memcpy(Section, Descriptors, sizeof(Descriptors));
    HostPut32(Section + 0x40, HOST_IMPORT_RVA + 0xA1);
    HostPut32(Section + 0x44, IMAGE_ORDINAL_FLAG32 | 17);
    memcpy(Section + 0x50, Section + 0x40, 8);
    HostPut32(Section + 0x60, HOST_IMPORT_RVA + 0xB0);
    HostPutText(Section + 0x80, "ntdll.dll");
    HostPutText(Section + 0x90, "old.dll");
    HostPut16(Section + 0xA1, 3);
    HostPutText(Section + 0xA3, "NtClose");
    HostPutText(Section + 0xB2, "Ancient");
}

/* Two addresses in the first page of code, at 10 and (unaligned) 21; one at 2000. */
static void HostBuildRelocations(UCHAR *Section)
{
    HostPut32(Section, HOST_TEXT_RVA);
    HostPut32(Section + 4, 0x10);
    HostPut16(Section + 8, IMAGE_REL_BASED_HIGHLOW << 12 | 0x010);
    HostPut16(Section + 10, IMAGE_REL_BASED_HIGHLOW << 12 | 0x021);
    HostPut32(Section + 0x10, 0x2000);
    HostPut32(Section + 0x14, 0x0C);
    HostPut16(Section + 0x18, IMAGE_REL_BASED_HIGHLOW << 12);
}

UCHAR *HostBuildImage(void)
{
    UCHAR *File = calloc(1, HOST_FILE_SIZE);
    IMAGE_DOS_HEADER *Dos = (IMAGE_DOS_HEADER *)File;

    Dos->e_magic = IMAGE_DOS_SIGNATURE;
    Dos->e_lfanew = HOST_NT_OFFSET;
    HostBuildHeaders((IMAGE_NT_HEADERS32 *)(File + HOST_NT_OFFSET));
    HostBuildSections((IMAGE_SECTION_HEADER *)(File + HOST_TABLE_OFFSET));
    HostPut32(File + 0x410, HOST_IMAGE_BASE + 0x1234);
    HostPut32(File + 0x421, HOST_IMAGE_BASE + 0x5678);
    HostBuildExports(File + 0x600);
    HostBuildImports(File + 0x800);
    HostBuildRelocations(File + 0xA00);
    return File;
}

UCHAR *HostMapImage(const UCHAR *File, const PE_IMAGE *Image)
{
    UCHAR *Base;

    if (Image->SizeOfImage > HOST_LARGEST_MAPPED) {
        return NULL;
    }
    Base = calloc(1, Image->SizeOfImage);
    memcpy(Base, File, Image->SizeOfHeaders);
    for (ULONG i = 0; i < Image->SectionCount; i++) {
        const IMAGE_SECTION_HEADER *Section = &Image->Sections[i];
        ULONG Span = LdrSectionSpan(Section);
        ULONG Length = Section->SizeOfRawData < Span ? Section->SizeOfRawData : Span;

        if (Length != 0) {
            memcpy(Base + Section->VirtualAddress, File + Section->PointerToRawData, Length);
        }
    }
    return Base;
}

static void HostExerciseImports(UCHAR *Base, ULONG Size)
{
    LDR_IMPORT_MODULE Module;
    LDR_IMPORT_ENTRY Entry;

    for (ULONG i = 0; i < HOST_MOST_ENTRIES; i++) {
        if (!NT_SUCCESS(LdrImportModule(Base, Size, i, &Module))) {
            return;
        }
        for (ULONG j = 0; j < HOST_MOST_ENTRIES; j++) {
            if (strlen(Module.Name) > Size
                || !NT_SUCCESS(LdrImportEntry(Base, Size, &Module, j, &Entry))) {
                break;
            }
            HostPut32((UCHAR *)Entry.Slot, Entry.Name != NULL ? (ULONG)strlen(Entry.Name) : 0);
        }
    }
}

static void HostExerciseExports(UCHAR *Base, ULONG Size)
{
    static const char *const Names[] = { "Alpha", "Beta", "Gamma", "Omega", "", "Zeta", "A" };
    LDR_EXPORT Export;

    for (ULONG i = 0; i < ARRAYSIZE(Names); i++) {
        if (NT_SUCCESS(LdrFindExportByName(Base, Size, Names[i], &Export))) {
            LdrImageRva(Base, Size, Export.Rva, 1);
        }
    }
    for (ULONG i = 0; i < 16; i++) {
        if (NT_SUCCESS(LdrFindExportByOrdinal(Base, Size, i, &Export))
            && Export.Forwarder != NULL && strlen(Export.Forwarder) > Size) {
            abort();
        }
    }
}

void HostExerciseImage(UCHAR *Base, ULONG Size)
{
    for (ULONG i = 0; i <= IMAGE_NUMBEROF_DIRECTORY_ENTRIES; i++) {
        ULONG Length;
        UCHAR *Directory = LdrImageDirectory(Base, Size, i, &Length);

        if (Directory != NULL && Length != 0) {
            /* Both ends must be there: the sanitizer watches. */
            *(volatile UCHAR *)Directory;
            *(volatile UCHAR *)(Directory + Length - 1);
        }
    }
    HostExerciseExports(Base, Size);
    HostExerciseImports(Base, Size);
    (void)!LdrRelocateImage(Base, Size, 0x10000);
}
