/* SPDX-License-Identifier: MIT */
/*
 * ldr/mapped.c: what a loader finds in a mapped image.
 */
#include "image.h"
#include "ktap.h"
#include <stdlib.h>

static UCHAR *MapValid(void)
{
    UCHAR *File = HostBuildImage();
    PE_IMAGE Image;
    UCHAR *Base = NULL;

    if (NT_SUCCESS(LdrParseImage(File, HOST_FILE_SIZE, &Image))) {
        Base = HostMapImage(File, &Image);
    }
    free(File);
    return Base;
}

static void Put32(UCHAR *Base, ULONG Rva, ULONG Value)
{
    memcpy(Base + Rva, &Value, sizeof(Value));
}

static ULONG Get32(const UCHAR *Base, ULONG Rva)
{
    return LdrpReadUlong(Base + Rva);
}

static void TestHelpers(void)
{
    UCHAR *Base = MapValid();
    ULONG Length;

    CHECK(LdrImageNtHeaders(Base, HOST_IMAGE_SIZE) == (void *)(Base + HOST_NT_OFFSET));
    CHECK(LdrImageNtHeaders(Base, HOST_NT_OFFSET + 247) == NULL);
    CHECK(LdrImageRva(Base, HOST_IMAGE_SIZE, 0x6FFF, 1) == Base + 0x6FFF);
    CHECK(LdrImageRva(Base, HOST_IMAGE_SIZE, 0x6FFF, 2) == NULL);
    CHECK(LdrImageRva(Base, HOST_IMAGE_SIZE, 0xFFFFFFFF, 2) == NULL);
    CHECK(LdrImageDirectory(Base, HOST_IMAGE_SIZE, 0, &Length) == Base + HOST_EXPORT_RVA);
    CHECK_EQUAL(Length, 0x200);
    CHECK(LdrImageDirectory(Base, HOST_IMAGE_SIZE, 9, &Length) == NULL);
    CHECK(LdrImageDirectory(Base, HOST_IMAGE_SIZE, 16, &Length) == NULL);
    memset(Base + HOST_IMAGE_SIZE - 4, 'x', 4);
    CHECK(LdrImageString(Base, HOST_IMAGE_SIZE, HOST_IMAGE_SIZE - 4) == NULL);
    CHECK(LdrImageString(Base, HOST_IMAGE_SIZE, HOST_IMAGE_SIZE) == NULL);
    free(Base);
}

static void TestExportByName(void)
{
    static const struct {
        const char *Name;
        ULONG Rva;
    } Names[] = { { "Alpha", 0x1010 }, { "Beta", 0x1020 }, { "Gamma", 0x1030 } };
    static const char *const Unknown[] = { "", "Aaa", "Alph", "Alphaa", "Delta", "alpha", "Zeta" };
    UCHAR *Base = MapValid();
    LDR_EXPORT Export;

    for (ULONG i = 0; i < ARRAYSIZE(Names); i++) {
        CHECK_EQUAL(
            LdrFindExportByName(Base, HOST_IMAGE_SIZE, Names[i].Name, &Export), STATUS_SUCCESS);
        CHECK_EQUAL(Export.Rva, Names[i].Rva);
        CHECK(Export.Forwarder == NULL);
    }
    CHECK_EQUAL(LdrFindExportByName(Base, HOST_IMAGE_SIZE, "Omega", &Export), STATUS_SUCCESS);
    CHECK(Export.Forwarder != NULL && strcmp(Export.Forwarder, "OTHER.Function") == 0);
    for (ULONG i = 0; i < ARRAYSIZE(Unknown); i++) {
        CHECK_EQUAL(LdrFindExportByName(Base, HOST_IMAGE_SIZE, Unknown[i], &Export),
            STATUS_ENTRYPOINT_NOT_FOUND);
    }
    free(Base);
}

static void TestExportByOrdinal(void)
{
    static const ULONG Missing[] = { 0, 4, 6, 10, 0xFFFF };
    UCHAR *Base = MapValid();
    LDR_EXPORT Export;

    CHECK_EQUAL(LdrFindExportByOrdinal(Base, HOST_IMAGE_SIZE, 5, &Export), STATUS_SUCCESS);
    CHECK_EQUAL(Export.Rva, 0x1010);
    CHECK_EQUAL(LdrFindExportByOrdinal(Base, HOST_IMAGE_SIZE, 9, &Export), STATUS_SUCCESS);
    CHECK_EQUAL(Export.Rva, 0x1020);
    for (ULONG i = 0; i < ARRAYSIZE(Missing); i++) {
        CHECK_EQUAL(LdrFindExportByOrdinal(Base, HOST_IMAGE_SIZE, Missing[i], &Export),
            STATUS_ORDINAL_NOT_FOUND);
    }
    free(Base);
}

static void TestExportFaults(void)
{
    UCHAR *Base = MapValid();
    LDR_EXPORT Export;

    Put32(Base, HOST_EXPORT_RVA + 0x40, HOST_IMAGE_SIZE); /* Alpha outside */
    CHECK_EQUAL(
        LdrFindExportByOrdinal(Base, HOST_IMAGE_SIZE, 5, &Export), STATUS_INVALID_IMAGE_FORMAT);
    Put32(Base, HOST_EXPORT_RVA + 0x64, 0xFFFFFFF0); /* Beta's name outside */
    CHECK_EQUAL(LdrFindExportByName(Base, HOST_IMAGE_SIZE, "Alpha", &Export),
        STATUS_INVALID_IMAGE_FORMAT);
    Put32(Base, HOST_EXPORT_RVA + 20, 0x40000001); /* functions: count times 4 wraps */
    CHECK_EQUAL(LdrFindExportByOrdinal(Base, HOST_IMAGE_SIZE, 0x20000000, &Export),
        STATUS_INVALID_IMAGE_FORMAT);
    Put32(Base, HOST_NT_OFFSET + 0x78, 0); /* no directory */
    CHECK_EQUAL(LdrFindExportByName(Base, HOST_IMAGE_SIZE, "Alpha", &Export),
        STATUS_ENTRYPOINT_NOT_FOUND);
    free(Base);
}

static void TestImports(void)
{
    UCHAR *Base = MapValid();
    LDR_IMPORT_MODULE Module;
    LDR_IMPORT_ENTRY Entry;

    CHECK_EQUAL(LdrImportModule(Base, HOST_IMAGE_SIZE, 0, &Module), STATUS_SUCCESS);
    CHECK(strcmp(Module.Name, "ntdll.dll") == 0);
    CHECK_EQUAL(LdrImportEntry(Base, HOST_IMAGE_SIZE, &Module, 0, &Entry), STATUS_SUCCESS);
    CHECK(Entry.Name != NULL && strcmp(Entry.Name, "NtClose") == 0 && Entry.Hint == 3);
    CHECK(Entry.Slot == (void *)(Base + HOST_IMPORT_RVA + 0x50));
    CHECK_EQUAL(LdrImportEntry(Base, HOST_IMAGE_SIZE, &Module, 1, &Entry), STATUS_SUCCESS);
    CHECK(Entry.Name == NULL && Entry.Ordinal == 17);
    CHECK_EQUAL(LdrImportEntry(Base, HOST_IMAGE_SIZE, &Module, 2, &Entry), STATUS_NO_MORE_ENTRIES);
    CHECK_EQUAL(LdrImportModule(Base, HOST_IMAGE_SIZE, 1, &Module), STATUS_SUCCESS);
    CHECK(strcmp(Module.Name, "old.dll") == 0);
    CHECK_EQUAL(LdrImportEntry(Base, HOST_IMAGE_SIZE, &Module, 0, &Entry), STATUS_SUCCESS);
    CHECK(strcmp(Entry.Name, "Ancient") == 0);
    CHECK(Entry.Slot == (void *)(Base + HOST_IMPORT_RVA + 0x60));
    CHECK_EQUAL(LdrImportModule(Base, HOST_IMAGE_SIZE, 2, &Module), STATUS_NO_MORE_ENTRIES);
    memcpy(Base + HOST_IMPORT_RVA + 0x28, Base + HOST_IMPORT_RVA, 0x14);
    CHECK_EQUAL(LdrImportModule(Base, HOST_IMAGE_SIZE, 2, &Module), STATUS_SUCCESS);
    Put32(Base, HOST_NT_OFFSET + 0x84, 0x3B); /* the directory ends before its third */
    CHECK_EQUAL(LdrImportModule(Base, HOST_IMAGE_SIZE, 2, &Module), STATUS_NO_MORE_ENTRIES);
    Put32(Base, HOST_IMPORT_RVA + 12, HOST_IMAGE_SIZE); /* name outside */
    CHECK_EQUAL(LdrImportModule(Base, HOST_IMAGE_SIZE, 0, &Module), STATUS_INVALID_IMAGE_FORMAT);
    free(Base);
}

static void TestRelocations(void)
{
    UCHAR *Base = MapValid();

    CHECK_EQUAL(LdrRelocateImage(Base, HOST_IMAGE_SIZE, 0x70000), STATUS_SUCCESS);
    CHECK_EQUAL(Get32(Base, 0x1010), HOST_IMAGE_BASE + 0x1234 + 0x70000);
    CHECK_EQUAL(Get32(Base, 0x1021), HOST_IMAGE_BASE + 0x5678 + 0x70000);
    CHECK_EQUAL(Get32(Base, 0x2000), 0x70000);
    CHECK_EQUAL(Get32(Base, 0x1014), 0);
    CHECK_EQUAL(LdrRelocateImage(Base, HOST_IMAGE_SIZE, 0u - 0x70000), STATUS_SUCCESS);
    CHECK_EQUAL(Get32(Base, 0x1010), HOST_IMAGE_BASE + 0x1234);
    free(Base);
}

static void TestRelocationFaults(void)
{
    static const struct {
        ULONG Offset;
        ULONG Value;
    } Changes[] = {
        { 0x00, HOST_IMAGE_SIZE - 0x10 - 3 }, /* the first target ends outside */
        { 0x00, 0xFFFFFFF0 },                 /* page plus offset wraps to 0 */
        { 0x04, 7 },                          /* block smaller than its header */
        { 0x04, 0x1D },                       /* block larger than the directory */
        { 0x04, 0 },                          /* would never end */
        { 0x08, 0x1010 },                     /* a type that PE32 on x86 does not use */
    };

    for (ULONG i = 0; i < ARRAYSIZE(Changes); i++) {
        UCHAR *Base = MapValid();

        Put32(Base, HOST_RELOC_RVA + Changes[i].Offset, Changes[i].Value);
        CHECK_EQUAL(
            LdrRelocateImage(Base, HOST_IMAGE_SIZE, 0x70000), STATUS_INVALID_IMAGE_FORMAT);
        free(Base);
    }
}

static void TestNoRelocations(void)
{
    UCHAR *Base = MapValid();

    Base[HOST_NT_OFFSET + 4 + 18] |= IMAGE_FILE_RELOCS_STRIPPED;
    CHECK_EQUAL(LdrRelocateImage(Base, HOST_IMAGE_SIZE, 0x70000), STATUS_CONFLICTING_ADDRESSES);
    CHECK_EQUAL(Get32(Base, 0x1010), HOST_IMAGE_BASE + 0x1234);
    free(Base);
}

const KTAP_TEST KtapTests[] = {
    { "mapped: headers, addresses, directories", TestHelpers },
    { "mapped: exports by name", TestExportByName },
    { "mapped: exports by ordinal", TestExportByOrdinal },
    { "mapped: damaged exports", TestExportFaults },
    { "mapped: imports", TestImports },
    { "mapped: relocation and back", TestRelocations },
    { "mapped: damaged relocations", TestRelocationFaults },
    { "mapped: relocations stripped", TestNoRelocations },
    { NULL, NULL },
};
