/* SPDX-License-Identifier: MIT */
/*
 * ldr/pe.c: NT's status for each fault in a file, then no fault at all under
 * truncation, boundary values and random damage.
 */
#include "image.h"
#include "ktap.h"
#include <stdlib.h>

#define MUTATIONS 100000

/* File offsets of header fields. */
#define DOS(Field)      ((ULONG)offsetof(IMAGE_DOS_HEADER, Field))
#define NT(Field)       (HOST_NT_OFFSET + (ULONG)offsetof(IMAGE_NT_HEADERS32, Field))
#define FILEHDR(Field)  NT(FileHeader.Field)
#define OPTIONAL(Field) NT(OptionalHeader.Field)
#define SECTION(i, Field)                                                     \
    ((ULONG)HOST_TABLE_OFFSET + (i) * (ULONG)sizeof(IMAGE_SECTION_HEADER)     \
        + (ULONG)offsetof(IMAGE_SECTION_HEADER, Field))
#define DIRECTORY(i, Field) \
    (OPTIONAL(DataDirectory) + (i)*8 + (ULONG)offsetof(IMAGE_DATA_DIRECTORY, Field))

/* Parse exactly Size bytes in a block of their own, so that an overrun is seen. */
static NTSTATUS ParseCopy(const UCHAR *File, ULONG Size)
{
    UCHAR *Copy = malloc(Size != 0 ? Size : 1);
    PE_IMAGE Image;
    NTSTATUS Status;

    memcpy(Copy, File, Size);
    Status = LdrParseImage(Copy, Size, &Image);
    free(Copy);
    return Status;
}

static void TestValid(void)
{
    UCHAR *File = HostBuildImage();
    PE_IMAGE Image;

    CHECK_EQUAL(LdrParseImage(File, HOST_FILE_SIZE, &Image), STATUS_SUCCESS);
    CHECK_EQUAL(Image.ImageBase, HOST_IMAGE_BASE);
    CHECK_EQUAL(Image.SizeOfImage, HOST_IMAGE_SIZE);
    CHECK_EQUAL(Image.SizeOfHeaders, HOST_HEADERS_SIZE);
    CHECK_EQUAL(Image.EntryPoint, 0x1010);
    CHECK_EQUAL(Image.StackReserve, 0x100000);
    CHECK_EQUAL(Image.StackCommit, 0x1000);
    CHECK_EQUAL(Image.HeapReserve, 0x200000);
    CHECK_EQUAL(Image.HeapCommit, 0x2000);
    CHECK_EQUAL(Image.CheckSum, 0xABCD);
    CHECK_EQUAL(Image.TimeDateStamp, 0x12345678);
    CHECK_EQUAL(Image.Machine, IMAGE_FILE_MACHINE_I386);
    CHECK_EQUAL(Image.Characteristics, 0x2102);
    CHECK_EQUAL(Image.Subsystem, IMAGE_SUBSYSTEM_WINDOWS_CUI);
    CHECK_EQUAL(Image.SubsystemMajorVersion, 5);
    CHECK_EQUAL(Image.SubsystemMinorVersion, 2);
    CHECK(Image.ContainsCode && !Image.SinglePiece);
    CHECK_EQUAL(Image.SectionCount, HOST_SECTION_COUNT);
    CHECK(memcmp(Image.Sections[2].Name, ".edata", 7) == 0);
    free(File);
}

/* One change to the valid file each. */
static const struct {
    const char *Why;
    ULONG Offset;
    ULONG Width;
    ULONG Value;
    NTSTATUS Status;
} Faults[] = {
    { "no MZ", DOS(e_magic), 2, 0x4D5A, STATUS_INVALID_IMAGE_NOT_MZ },
    { "e_lfanew beyond the file", DOS(e_lfanew), 4, HOST_FILE_SIZE, STATUS_INVALID_IMAGE_PROTECT },
    { "e_lfanew at the last word", DOS(e_lfanew), 4, HOST_FILE_SIZE - 4,
        STATUS_INVALID_IMAGE_PROTECT },
    { "e_lfanew negative", DOS(e_lfanew), 4, 0xFFFFFFFC, STATUS_INVALID_IMAGE_PROTECT },
    { "e_lfanew misaligned", DOS(e_lfanew), 4, 0x81, STATUS_INVALID_IMAGE_PROTECT },
    { "bad signature", NT(Signature), 4, 0x00004551, STATUS_INVALID_IMAGE_PROTECT },
    { "LE signature", NT(Signature), 4, 0x0000454C, STATUS_INVALID_IMAGE_PROTECT },
    { "NE for no named system", NT(Signature), 2, IMAGE_OS2_SIGNATURE,
        STATUS_INVALID_IMAGE_NE_FORMAT },
    { "PE32+", OPTIONAL(Magic), 2, 0x20B, STATUS_INVALID_IMAGE_WIN_64 },
    { "ROM image", OPTIONAL(Magic), 2, 0x107, STATUS_INVALID_IMAGE_FORMAT },
    { "not executable", FILEHDR(Characteristics), 2, IMAGE_FILE_DLL, STATUS_INVALID_IMAGE_FORMAT },
    { "another machine", FILEHDR(Machine), 2, 0x166, STATUS_SUCCESS },
    { "no optional header", FILEHDR(SizeOfOptionalHeader), 2, 0, STATUS_INVALID_IMAGE_FORMAT },
    { "short optional header", FILEHDR(SizeOfOptionalHeader), 2, 92, STATUS_INVALID_IMAGE_FORMAT },
    { "fewer directories than said", FILEHDR(SizeOfOptionalHeader), 2, 216,
        STATUS_INVALID_IMAGE_FORMAT },
    { "odd optional header", FILEHDR(SizeOfOptionalHeader), 2, 226, STATUS_INVALID_IMAGE_FORMAT },
    { "huge optional header", FILEHDR(SizeOfOptionalHeader), 2, 0xFFFC,
        STATUS_INVALID_IMAGE_FORMAT },
    { "no section", FILEHDR(NumberOfSections), 2, 0, STATUS_INVALID_IMAGE_FORMAT },
    { "a section too few", FILEHDR(NumberOfSections), 2, 4, STATUS_INVALID_IMAGE_FORMAT },
    { "a section too many", FILEHDR(NumberOfSections), 2, 6, STATUS_INVALID_IMAGE_FORMAT },
    { "97 sections", FILEHDR(NumberOfSections), 2, 97, STATUS_INVALID_IMAGE_FORMAT },
    { "section alignment 0", OPTIONAL(SectionAlignment), 4, 0, STATUS_INVALID_IMAGE_FORMAT },
    { "section alignment 0x1800", OPTIONAL(SectionAlignment), 4, 0x1800,
        STATUS_INVALID_IMAGE_FORMAT },
    { "section alignment 2 GiB", OPTIONAL(SectionAlignment), 4, 0x80000000,
        STATUS_INVALID_IMAGE_FORMAT },
    { "section below a page, not file alignment", OPTIONAL(SectionAlignment), 4, 0x800,
        STATUS_INVALID_IMAGE_FORMAT },
    { "both below a page, data elsewhere", OPTIONAL(SectionAlignment), 4, 0x200,
        STATUS_INVALID_IMAGE_FORMAT },
    { "file alignment 0", OPTIONAL(FileAlignment), 4, 0, STATUS_INVALID_IMAGE_FORMAT },
    { "file alignment 0x300", OPTIONAL(FileAlignment), 4, 0x300, STATUS_INVALID_IMAGE_FORMAT },
    { "file alignment 0x100", OPTIONAL(FileAlignment), 4, 0x100, STATUS_INVALID_IMAGE_FORMAT },
    { "file alignment above section alignment", OPTIONAL(FileAlignment), 4, 0x2000,
        STATUS_INVALID_IMAGE_FORMAT },
    { "base not on 64 KiB", OPTIONAL(ImageBase), 4, 0x401000, STATUS_INVALID_IMAGE_FORMAT },
    { "image size 0", OPTIONAL(SizeOfImage), 4, 0, STATUS_INVALID_IMAGE_FORMAT },
    { "image size a page short", OPTIONAL(SizeOfImage), 4, 0x6000, STATUS_INVALID_IMAGE_FORMAT },
    { "image size not rounded", OPTIONAL(SizeOfImage), 4, 0x6200, STATUS_SUCCESS },
    { "image size a page more", OPTIONAL(SizeOfImage), 4, 0x8000, STATUS_INVALID_IMAGE_FORMAT },
    { "image size of 4 GiB less a byte", OPTIONAL(SizeOfImage), 4, 0xFFFFFFFF,
        STATUS_INVALID_IMAGE_FORMAT },
    { "header size 0", OPTIONAL(SizeOfHeaders), 4, 0, STATUS_INVALID_IMAGE_FORMAT },
    { "header size within the table", OPTIONAL(SizeOfHeaders), 4, HOST_TABLE_OFFSET + 199,
        STATUS_INVALID_IMAGE_FORMAT },
    { "header size beyond the file", OPTIONAL(SizeOfHeaders), 4, HOST_FILE_SIZE + 1,
        STATUS_INVALID_IMAGE_FORMAT },
    { "header size over the first section", OPTIONAL(SizeOfHeaders), 4, 0x1001,
        STATUS_INVALID_IMAGE_FORMAT },
    { "no entry point", OPTIONAL(AddressOfEntryPoint), 4, 0, STATUS_SUCCESS },
    { "entry point behind the image", OPTIONAL(AddressOfEntryPoint), 4, HOST_IMAGE_SIZE,
        STATUS_INVALID_IMAGE_FORMAT },
    { "stack of 2 GiB", OPTIONAL(SizeOfStackReserve), 4, 0x80000000, STATUS_INVALID_IMAGE_FORMAT },
    { "stack commit of 4 GiB", OPTIONAL(SizeOfStackCommit), 4, 0xFFFFFFFF,
        STATUS_INVALID_IMAGE_FORMAT },
    { "stack commit over reserve", OPTIONAL(SizeOfStackCommit), 4, 0x200000, STATUS_SUCCESS },
    { "heap of 2 GiB", OPTIONAL(SizeOfHeapReserve), 4, 0x80000000, STATUS_INVALID_IMAGE_FORMAT },
    { "no directories", OPTIONAL(NumberOfRvaAndSizes), 4, 0, STATUS_SUCCESS },
    { "too many directories", OPTIONAL(NumberOfRvaAndSizes), 4, 0xFFFFFFFF, STATUS_SUCCESS },
    { "directory outside", DIRECTORY(2, VirtualAddress), 4, HOST_IMAGE_SIZE + 1,
        STATUS_INVALID_IMAGE_FORMAT },
    { "directory ends outside", DIRECTORY(0, Size), 4, 0x3001, STATUS_INVALID_IMAGE_FORMAT },
    { "directory size wraps", DIRECTORY(0, Size), 4, 0xFFFFFFFF, STATUS_INVALID_IMAGE_FORMAT },
    { "certificates are no RVA", DIRECTORY(4, VirtualAddress), 4, 0x7FFFFFFF, STATUS_SUCCESS },
    { "gap between sections", SECTION(1, VirtualAddress), 4, 0x3000, STATUS_INVALID_IMAGE_FORMAT },
    { "sections overlap", SECTION(1, VirtualAddress), 4, 0x1000, STATUS_INVALID_IMAGE_FORMAT },
    { "section not on a page", SECTION(0, VirtualAddress), 4, 0x1200,
        STATUS_INVALID_IMAGE_FORMAT },
    { "section too small", SECTION(1, Misc), 4, 0x1000, STATUS_INVALID_IMAGE_FORMAT },
    { "section empty", SECTION(1, Misc), 4, 0, STATUS_INVALID_IMAGE_FORMAT },
    { "section wraps", SECTION(4, Misc), 4, 0xFFFFFFFF, STATUS_INVALID_IMAGE_FORMAT },
    { "raw data beyond the file", SECTION(4, SizeOfRawData), 4, 0x400,
        STATUS_INVALID_IMAGE_FORMAT },
    { "raw data wraps", SECTION(0, SizeOfRawData), 4, 0xFFFFFE00, STATUS_INVALID_IMAGE_FORMAT },
    { "raw data misaligned", SECTION(0, PointerToRawData), 4, 0x410,
        STATUS_INVALID_IMAGE_FORMAT },
    { "raw pointer of a section without data", SECTION(1, PointerToRawData), 4, 0xFFFFFFFF,
        STATUS_SUCCESS },
};

static void TestFaults(void)
{
    for (ULONG i = 0; i < ARRAYSIZE(Faults); i++) {
        UCHAR *File = HostBuildImage();
        NTSTATUS Status;

        memcpy(File + Faults[i].Offset, &Faults[i].Value, Faults[i].Width);
        Status = ParseCopy(File, HOST_FILE_SIZE);
        KtapCheck(Status == Faults[i].Status, __FILE__, __LINE__, "%s: %s, not %s", Faults[i].Why,
            RtlNtStatusName(Status), RtlNtStatusName(Faults[i].Status));
        free(File);
    }
}

static void TestSixteenBit(void)
{
    UCHAR *File = HostBuildImage();

    File[HOST_NT_OFFSET] = 'N';
    File[HOST_NT_OFFSET + 0x36] = 2; /* Windows */
    CHECK_EQUAL(ParseCopy(File, HOST_FILE_SIZE), STATUS_INVALID_IMAGE_WIN_16);
    CHECK_EQUAL(ParseCopy(File, HOST_NT_OFFSET + 0x37), STATUS_INVALID_IMAGE_WIN_16);
    CHECK_EQUAL(ParseCopy(File, HOST_NT_OFFSET + 0x36), STATUS_INVALID_IMAGE_NE_FORMAT);
    File[HOST_NT_OFFSET + 0x36] = 1; /* OS/2 */
    CHECK_EQUAL(ParseCopy(File, HOST_FILE_SIZE), STATUS_INVALID_IMAGE_NE_FORMAT);
    free(File);
}

/* An optional header that is cut, and the section table behind it moved down. */
static void TestShortOptionalHeader(void)
{
    UCHAR *File = HostBuildImage();
    IMAGE_NT_HEADERS32 *Headers = (IMAGE_NT_HEADERS32 *)(File + HOST_NT_OFFSET);

    memmove(File + HOST_TABLE_OFFSET - 8, File + HOST_TABLE_OFFSET,
        HOST_SECTION_COUNT * sizeof(IMAGE_SECTION_HEADER));
    Headers->FileHeader.SizeOfOptionalHeader -= 8;
    Headers->OptionalHeader.NumberOfRvaAndSizes = 15;
    CHECK_EQUAL(ParseCopy(File, HOST_FILE_SIZE), STATUS_SUCCESS);
    Headers->OptionalHeader.NumberOfRvaAndSizes = 16;
    CHECK_EQUAL(ParseCopy(File, HOST_FILE_SIZE), STATUS_INVALID_IMAGE_FORMAT);
    free(File);
}

/* Sections and headers at the same place in file and memory. */
static void TestSinglePiece(void)
{
    UCHAR *File = HostBuildImage();
    IMAGE_NT_HEADERS32 *Headers = (IMAGE_NT_HEADERS32 *)(File + HOST_NT_OFFSET);
    IMAGE_SECTION_HEADER *Table = (IMAGE_SECTION_HEADER *)(File + HOST_TABLE_OFFSET);
    PE_IMAGE Image;

    memset(Headers->OptionalHeader.DataDirectory, 0, sizeof(Headers->OptionalHeader.DataDirectory));
    Headers->OptionalHeader.SectionAlignment = 0x200;
    Headers->OptionalHeader.AddressOfEntryPoint = 0x410;
    Headers->OptionalHeader.SizeOfImage = 0x600;
    Headers->FileHeader.NumberOfSections = 1;
    Table[0].VirtualAddress = 0x400;
    CHECK_EQUAL(LdrParseImage(File, HOST_FILE_SIZE, &Image), STATUS_SUCCESS);
    CHECK(Image.SinglePiece);
    Table[0].PointerToRawData = 0x600;
    CHECK_EQUAL(LdrParseImage(File, HOST_FILE_SIZE, &Image), STATUS_INVALID_IMAGE_FORMAT);
    free(File);
}

/* Every length: the status says how far the headers went. */
static void TestTruncation(void)
{
    UCHAR *File = HostBuildImage();

    for (ULONG Size = 0; Size <= HOST_FILE_SIZE; Size++) {
        NTSTATUS Wanted = STATUS_INVALID_IMAGE_FORMAT;

        if (Size == 0) {
            Wanted = STATUS_INVALID_FILE_FOR_SECTION;
        } else if (Size < sizeof(IMAGE_DOS_HEADER)) {
            Wanted = STATUS_INVALID_IMAGE_NOT_MZ;
        } else if (Size < HOST_NT_OFFSET + 4) {
            Wanted = STATUS_INVALID_IMAGE_PROTECT;
        } else if (Size == HOST_FILE_SIZE) {
            Wanted = STATUS_SUCCESS;
        }
        CHECK_EQUAL(ParseCopy(File, Size), Wanted);
    }
    free(File);
}

static bool IsExpectedStatus(NTSTATUS Status)
{
    return Status == STATUS_SUCCESS || Status == STATUS_INVALID_IMAGE_FORMAT
        || Status == STATUS_INVALID_IMAGE_NOT_MZ || Status == STATUS_INVALID_IMAGE_PROTECT
        || Status == STATUS_INVALID_IMAGE_WIN_64 || Status == STATUS_INVALID_IMAGE_NE_FORMAT
        || Status == STATUS_INVALID_IMAGE_WIN_16;
}

/* What the kernel relies on when it maps an accepted file. */
static void CheckAccepted(const PE_IMAGE *Image, ULONG FileSize)
{
    ULONG End = Image->SizeOfHeaders;

    CHECK(Image->SizeOfHeaders <= FileSize && Image->SizeOfHeaders <= Image->SizeOfImage);
    CHECK(Image->SizeOfImage <= PE_MAXIMUM_SIZE && Image->EntryPoint < Image->SizeOfImage);
    CHECK(Image->SectionCount >= 1 && Image->SectionCount <= PE_MAXIMUM_SECTIONS);
    for (ULONG i = 0; i < Image->SectionCount; i++) {
        const IMAGE_SECTION_HEADER *Section = &Image->Sections[i];
        ULONG Span = LdrSectionSpan(Section);

        CHECK(Section->VirtualAddress >= End && Span != 0);
        CHECK_EQUAL(Section->VirtualAddress % Image->SectionAlignment, 0);
        CHECK((ULONGLONG)Section->VirtualAddress + Span <= Image->SizeOfImage);
        CHECK(Section->SizeOfRawData == 0
            || (ULONGLONG)Section->PointerToRawData + Section->SizeOfRawData <= FileSize);
        End = Section->VirtualAddress + Span;
    }
}

/* Parse; if accepted, check, map, damage the mapping too, and use it. */
static void ParseAndUse(const UCHAR *File, ULONG *Seed)
{
    UCHAR *Copy = malloc(HOST_FILE_SIZE);
    PE_IMAGE Image;
    NTSTATUS Status;

    memcpy(Copy, File, HOST_FILE_SIZE);
    Status = LdrParseImage(Copy, HOST_FILE_SIZE, &Image);
    CHECK(IsExpectedStatus(Status));
    if (NT_SUCCESS(Status)) {
        UCHAR *Base;

        CheckAccepted(&Image, HOST_FILE_SIZE);
        Base = HostMapImage(Copy, &Image);
        if (Base != NULL) {
            Base[KtapRandom(Seed) % Image.SizeOfImage] = (UCHAR)KtapRandom(Seed);
            HostExerciseImage(Base, Image.SizeOfImage);
            free(Base);
        }
    }
    free(Copy);
}

static void TestBoundaryValues(void)
{
    static const ULONG Values[] = { 0, 1, 2, 3, 4, 7, 8, 0x3F, 0x40, 0x7F, 0x80, 0xFF, 0x100,
        0x1FF, 0x200, 0x201, 0x3FF, 0x400, 0xBFF, HOST_FILE_SIZE, 0xC01, 0xFFF, 0x1000, 0x1001,
        0x6FFF, HOST_IMAGE_SIZE, 0x7001, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFEFFFF, 0x7FFF0000,
        0x7FFFFFFF, 0x80000000, 0x80000001, 0xFFFFF000, 0xFFFFFFFC, 0xFFFFFFFF };
    const ULONG End = HOST_TABLE_OFFSET + HOST_SECTION_COUNT * sizeof(IMAGE_SECTION_HEADER);
    UCHAR *File = HostBuildImage();
    ULONG Seed = 3;

    for (ULONG Offset = 0; Offset < End; Offset += 2) {
        for (ULONG i = 0; i < ARRAYSIZE(Values); i++) {
            for (ULONG Width = 2; Width <= 4; Width += 2) {
                UCHAR Saved[4];

                memcpy(Saved, File + Offset, 4);
                memcpy(File + Offset, &Values[i], Width);
                ParseAndUse(File, &Seed);
                memcpy(File + Offset, Saved, 4);
            }
        }
    }
    free(File);
}

static void TestRandomDamage(void)
{
    UCHAR *Good = HostBuildImage();
    UCHAR *File = malloc(HOST_FILE_SIZE);
    ULONG Seed = 4;

    for (ULONG i = 0; i < MUTATIONS; i++) {
        ULONG Count = 1 + KtapRandom(&Seed) % 4;

        memcpy(File, Good, HOST_FILE_SIZE);
        while (Count-- != 0) {
            /* Half of the damage goes to the headers. */
            ULONG Range = KtapRandom(&Seed) % 2 != 0 ? HOST_FILE_SIZE : HOST_HEADERS_SIZE;

            File[KtapRandom(&Seed) % Range] ^= (UCHAR)(1 + KtapRandom(&Seed) % 255);
        }
        ParseAndUse(File, &Seed);
    }
    free(File);
    free(Good);
}

const KTAP_TEST KtapTests[] = {
    { "pe: a valid file", TestValid },
    { "pe: status of each fault", TestFaults },
    { "pe: 16-bit programs", TestSixteenBit },
    { "pe: fewer directories than usual", TestShortOptionalHeader },
    { "pe: alignment below a page", TestSinglePiece },
    { "pe: truncation at every byte", TestTruncation },
    { "pe: boundary values in every header field", TestBoundaryValues },
    { "pe: 100000 random mutations", TestRandomDamage },
    { NULL, NULL },
};
