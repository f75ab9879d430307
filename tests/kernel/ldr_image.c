/* SPDX-License-Identifier: MIT */
/*
 * Damaged PE images, from the file in the ramdisk to the end of the process.
 *
 * tests/user/victim.c is patched where it lies in the ramdisk, one field at a
 * time: the section is refused with NT's status, or the process that is made of
 * it ends with one.  The kernel goes on, and has lost nothing.  What the parser
 * does with any bytes at all is tests/host/pe.c's and the fuzzer's there.
 */
#include "boot.h"
#include "ldr/pe.h"
#include "tests/kernel/ktprogram.h"

#define KT_VICTIM     L"\\??\\C:\\tests\\victim.exe"
#define KT_VICTIM_DLL L"\\??\\C:\\tests\\tdllc.dll"
#define KT_PATIENCE   5000 /* milliseconds that a damaged program may run */

/* A file of the ramdisk that a test writes to, and its bytes before. */
typedef struct _KT_FILE {
    PVOID FileObject;
    PMM_BACKING_FILE Backing;
    PUCHAR Data; /* the file itself */
    PUCHAR Saved;
    SIZE_T Size;
    PE_IMAGE Image; /* as it was */
} KT_FILE, *PKT_FILE;

static BOOLEAN KtOpenVictim(PKT_FILE File, PCWSTR Path)
{
    if (!ok_status(IoOpenBackingFile(Path, &File->FileObject, &File->Backing), STATUS_SUCCESS)) {
        return FALSE;
    }
    File->Data = (PUCHAR)File->Backing->Data;
    File->Size = File->Backing->Size;
    File->Saved = ExAllocatePoolWithTag(PagedPool, File->Size, POOL_TAG('K', 't', 'F', 'i'));
    if (!ok(File->Saved != NULL, "memory for a copy")) {
        ObDereferenceObject(File->FileObject);
        return FALSE;
    }
    memcpy(File->Saved, File->Data, File->Size);
    ok_status(LdrParseImage(File->Saved, File->Size, &File->Image), STATUS_SUCCESS);
    MmPurgeImageCache();
    return TRUE;
}

/* What was mapped of the damaged file must not be found again. */
static void KtRestore(PKT_FILE File)
{
    PsDrainReaper();
    MmPurgeImageCache();
    File->Backing->Size = File->Size;
    memcpy(File->Data, File->Saved, File->Size);
}

static void KtCloseVictim(PKT_FILE File)
{
    KtRestore(File);
    ExFreePoolWithTag(File->Saved, POOL_TAG('K', 't', 'F', 'i'));
    ObDereferenceObject(File->FileObject);
}

static NTSTATUS KtCreateSection(PKT_FILE File)
{
    PSECTION Section;
    NTSTATUS Status = MmCreateImageSection(File->Backing, File->FileObject, &Section);

    if (NT_SUCCESS(Status)) {
        ObDereferenceObject(Section);
    }
    return Status;
}

/* ---- Headers: refused by the kernel ------------------------------------------------ */

typedef enum _KT_PLACE {
    InDosHeader,
    InNtHeaders,
    InSection, /* + 40 for each */
    InDirectory, /* + 100 for each: the bytes that the directory points to */
} KT_PLACE;

typedef struct _KT_PATCH {
    PCSTR What;
    KT_PLACE Place;
    ULONG Offset;
    ULONG Width; /* bytes */
    ULONG Value;
    NTSTATUS Status;
} KT_PATCH;

static ULONG KtFileOffset(PKT_FILE File, ULONG Rva)
{
    for (ULONG i = 0; i < File->Image.SectionCount; i++) {
        const IMAGE_SECTION_HEADER *Section = &File->Image.Sections[i];

        if (Rva - Section->VirtualAddress < Section->SizeOfRawData) {
            return Section->PointerToRawData + Rva - Section->VirtualAddress;
        }
    }
    ok(FALSE, "RVA %08x is not in the file", Rva);
    return 0;
}

static ULONG KtPlaceOffset(PKT_FILE File, const KT_PATCH *Patch)
{
    const IMAGE_DOS_HEADER *Dos = (const IMAGE_DOS_HEADER *)File->Saved;
    const IMAGE_NT_HEADERS32 *Nt = (const IMAGE_NT_HEADERS32 *)(File->Saved + Dos->e_lfanew);

    switch (Patch->Place) {
    case InNtHeaders:
        return (ULONG)Dos->e_lfanew + Patch->Offset;
    case InSection:
        return (ULONG)((const UCHAR *)File->Image.Sections - File->Saved) + Patch->Offset;
    case InDirectory:
        return KtFileOffset(File, Nt->OptionalHeader.DataDirectory[Patch->Offset / 100].VirtualAddress) +
               Patch->Offset % 100;
    default:
        return Patch->Offset;
    }
}

static void KtApply(PKT_FILE File, const KT_PATCH *Patch)
{
    memcpy(File->Data + KtPlaceOffset(File, Patch), &Patch->Value, Patch->Width);
}

#define DOS(Field, Width)  InDosHeader, offsetof(IMAGE_DOS_HEADER, Field), Width
#define FILEHEADER(Field)  InNtHeaders, offsetof(IMAGE_NT_HEADERS32, FileHeader.Field), 2
#define OPTIONAL(Field)    InNtHeaders, offsetof(IMAGE_NT_HEADERS32, OptionalHeader.Field), 4
#define OPTIONAL16(Field)  InNtHeaders, offsetof(IMAGE_NT_HEADERS32, OptionalHeader.Field), 2
#define SECTION0(Field)    InSection, offsetof(IMAGE_SECTION_HEADER, Field), 4
#define SECTION1(Field)    InSection, 40 + offsetof(IMAGE_SECTION_HEADER, Field), 4
#define DIRECTORY(n, Field) \
    InNtHeaders, (ULONG)(offsetof(IMAGE_NT_HEADERS32, OptionalHeader.DataDirectory) + \
        8 * (n) + offsetof(IMAGE_DATA_DIRECTORY, Field)), 4
#define BAD STATUS_INVALID_IMAGE_FORMAT

START_TEST(ldr_image_headers, "images with one bad header field each are no sections")
{
    static const KT_PATCH Patches[] = {
        {"magic", DOS(e_magic, 2), 0x4D5B, STATUS_INVALID_IMAGE_NOT_MZ},
        {"header beyond the file", DOS(e_lfanew, 4), 0x10000000, STATUS_INVALID_IMAGE_PROTECT},
        {"header before the file", DOS(e_lfanew, 4), 0xFFFFFFF0, STATUS_INVALID_IMAGE_PROTECT},
        {"header at an odd place", DOS(e_lfanew, 4), 0x42, STATUS_INVALID_IMAGE_PROTECT},
        {"signature", InNtHeaders, 0, 4, 0x4551, STATUS_INVALID_IMAGE_PROTECT},
        {"16-bit signature", InNtHeaders, 0, 2, IMAGE_OS2_SIGNATURE,
            STATUS_INVALID_IMAGE_NE_FORMAT},
        {"no sections", FILEHEADER(NumberOfSections), 0, BAD},
        {"97 sections", FILEHEADER(NumberOfSections), 97, BAD},
        {"65535 sections", FILEHEADER(NumberOfSections), 0xFFFF, BAD},
        {"no optional header", FILEHEADER(SizeOfOptionalHeader), 0, BAD},
        {"odd optional header", FILEHEADER(SizeOfOptionalHeader), 0xE1, BAD},
        {"huge optional header", FILEHEADER(SizeOfOptionalHeader), 0xFFFC, BAD},
        {"not executable", FILEHEADER(Characteristics), 0, BAD},
        {"PE32+", OPTIONAL16(Magic), IMAGE_NT_OPTIONAL_HDR64_MAGIC, STATUS_INVALID_IMAGE_WIN_64},
        {"a ROM image", OPTIONAL16(Magic), 0x107, BAD},
        {"entry point outside", OPTIONAL(AddressOfEntryPoint), 0x7FFFFFFF, BAD},
        {"base not on 64 KiB", OPTIONAL(ImageBase), 0x401000, BAD},
        {"section alignment 0", OPTIONAL(SectionAlignment), 0, BAD},
        {"section alignment 3000", OPTIONAL(SectionAlignment), 0x3000, BAD},
        {"section alignment 80000000", OPTIONAL(SectionAlignment), 0x80000000, BAD},
        {"file alignment 0", OPTIONAL(FileAlignment), 0, BAD},
        {"file alignment 300", OPTIONAL(FileAlignment), 0x300, BAD},
        {"file above section alignment", OPTIONAL(FileAlignment), 0x2000, BAD},
        {"image of no size", OPTIONAL(SizeOfImage), 0, BAD},
        {"image too small", OPTIONAL(SizeOfImage), 0x1000, BAD},
        {"image too large", OPTIONAL(SizeOfImage), 0x01000000, BAD},
        {"image of 4 GiB", OPTIONAL(SizeOfImage), 0xFFFFFFFF, BAD},
        {"no headers", OPTIONAL(SizeOfHeaders), 0, BAD},
        {"headers beyond the file", OPTIONAL(SizeOfHeaders), 0x10000000, BAD},
        {"stack of 4 GiB", OPTIONAL(SizeOfStackReserve), 0xFFFFFFFF, BAD},
        {"stack of 4 GiB committed", OPTIONAL(SizeOfStackCommit), 0xFFFFF000, BAD},
        {"heap of 3 GiB", OPTIONAL(SizeOfHeapReserve), 0xC0000000, BAD},
        {"imports outside", DIRECTORY(1, VirtualAddress), 0x7FFFF000, BAD},
        {"imports that end outside", DIRECTORY(1, Size), 0x7FFFF000, BAD},
        {"imports that wrap", DIRECTORY(1, Size), 0xFFFFFFFF, BAD},
        {"relocations outside", DIRECTORY(5, VirtualAddress), 0xFFFFF000, BAD},
        {"section of no size", SECTION1(Misc), 0, STATUS_SUCCESS}, /* its raw size counts */
        {"section of 4 GiB", SECTION0(Misc), 0xFFFFFFFF, BAD},
        {"sections that overlap", SECTION1(VirtualAddress), 0x1000, BAD},
        {"a gap between sections", SECTION1(VirtualAddress), 0x9000, BAD},
        {"a section in the kernel", SECTION0(VirtualAddress), 0x80000000, BAD},
        {"data beyond the file", SECTION0(PointerToRawData), 0x10000000, BAD},
        {"data that wraps", SECTION0(SizeOfRawData), 0xFFFFF000, BAD},
        {"data at an odd place", SECTION0(PointerToRawData), 0x1010, BAD},
    };
    KT_FILE File;

    if (!KtOpenVictim(&File, KT_VICTIM)) {
        return;
    }
    for (ULONG i = 0; i < ARRAYSIZE(Patches); i++) {
        KtApply(&File, &Patches[i]);
        KtCheckStatus(
            KtCreateSection(&File), Patches[i].Status, __FILE__, __LINE__, Patches[i].What);
        KtRestore(&File);
    }
    ok_status(KtCreateSection(&File), STATUS_SUCCESS);
    KtCloseVictim(&File);
}

/* What NT says depends on how far the headers go. */
static NTSTATUS KtTruncatedStatus(PKT_FILE File, ULONG Size)
{
    ULONG NtOffset = (ULONG)((const IMAGE_DOS_HEADER *)File->Saved)->e_lfanew;

    if (Size == 0) {
        return STATUS_INVALID_FILE_FOR_SECTION;
    }
    if (Size < sizeof(IMAGE_DOS_HEADER)) {
        return STATUS_INVALID_IMAGE_NOT_MZ;
    }
    return Size < NtOffset + 4 ? STATUS_INVALID_IMAGE_PROTECT : BAD;
}

START_TEST(ldr_image_truncated, "images that end within or behind each header")
{
    KT_FILE File;

    if (!KtOpenVictim(&File, KT_VICTIM)) {
        return;
    }
    for (ULONG Size = 0; Size < File.Size; Size += Size < 0x400 ? 1 : 0x100) {
        File.Backing->Size = Size;
        KtCheckStatus(KtCreateSection(&File), KtTruncatedStatus(&File, Size), __FILE__, __LINE__,
            "a truncated image");
    }
    KtCloseVictim(&File);
}

/* ---- Contents: the loader's affair ------------------------------------------------------ */

/* Runs the victim and returns how it ended, or why it did not begin. */
static NTSTATUS KtRunVictim(void)
{
    PEPROCESS Process;
    NTSTATUS Status = PsLaunchProgram(KT_VICTIM, KT_VICTIM, &Process);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (KtWait(Process, KT_PATIENCE) != STATUS_SUCCESS) {
        KtEndProcess(Process, STATUS_TIMEOUT);
    }
    Status = Process->ExitStatus;
    ObDereferenceObject(Process);
    return Status;
}

static void KtRunPatched(PKT_FILE File, const KT_PATCH *Patches, ULONG Count)
{
    for (ULONG i = 0; i < Count; i++) {
        KtApply(File, &Patches[i]);
        KtCheckStatus(KtRunVictim(), Patches[i].Status, __FILE__, __LINE__, Patches[i].What);
        KtRestore(File);
    }
    ok_status(KtRunVictim(), STATUS_SUCCESS);
}

START_TEST(ldr_image_program, "programs that only the loader finds bad")
{
    static const KT_PATCH Patches[] = {
        {"entry point in the headers", OPTIONAL(AddressOfEntryPoint), 0x10,
            STATUS_ACCESS_VIOLATION},
        {"no entry point", OPTIONAL(AddressOfEntryPoint), 0, STATUS_ACCESS_VIOLATION},
        /* Mapped elsewhere, and relocated by what the lie makes the distance. */
        {"base in the kernel", OPTIONAL(ImageBase), 0x80000000, STATUS_ACCESS_VIOLATION},
        {"base 0", OPTIONAL(ImageBase), 0, STATUS_ACCESS_VIOLATION},
        {"base where ntdll is", OPTIONAL(ImageBase), 0x77F00000, STATUS_CONFLICTING_ADDRESSES},
        {"stack as large as user space", OPTIONAL(SizeOfStackReserve), 0x7FFF0000,
            STATUS_NO_MEMORY},
        {"another machine", FILEHEADER(Machine), 0x1234, BAD},
        {"no imports", DIRECTORY(1, VirtualAddress), 0, STATUS_ACCESS_VIOLATION},
        {"imports of no size", DIRECTORY(1, Size), 0, STATUS_ACCESS_VIOLATION},
        {"a module without a name", InDirectory, 112, 4, 0x7FFFFFFF, BAD},
        {"functions outside", InDirectory, 100, 4, 0x7FFFFFFF, BAD},
        {"addresses outside", InDirectory, 116, 4, 0x7FFFFFFF, BAD},
        {"addresses in the headers", InDirectory, 116, 4, 4, BAD},
        {"relocations of odd size", InDirectory, 504, 4, 9, STATUS_SUCCESS},
    };
    KT_FILE File;

    if (KtOpenVictim(&File, KT_VICTIM)) {
        KtRunPatched(&File, Patches, ARRAYSIZE(Patches));
        KtCloseVictim(&File);
    }
}

START_TEST(ldr_image_dll, "DLLs that cannot be what their headers say")
{
    static const KT_PATCH Patches[] = {
        {"base of the program", OPTIONAL(ImageBase), 0x00400000, STATUS_ACCESS_VIOLATION},
        {"base in the kernel", OPTIONAL(ImageBase), 0xFFFF0000, STATUS_ACCESS_VIOLATION},
        {"not MZ", DOS(e_magic, 2), 0, STATUS_INVALID_IMAGE_NOT_MZ},
        {"entry point in data", OPTIONAL(AddressOfEntryPoint), 0x10, STATUS_ACCESS_VIOLATION},
        {"no exports", DIRECTORY(0, VirtualAddress), 0, STATUS_ENTRYPOINT_NOT_FOUND},
        {"exports of no size", DIRECTORY(0, Size), 0, STATUS_ENTRYPOINT_NOT_FOUND},
        {"exports of 4 bytes", DIRECTORY(0, Size), 4, BAD},
        {"4 G functions", InDirectory, 20, 4, 0xFFFFFFFF, BAD},
        {"4 G names", InDirectory, 24, 4, 0xFFFFFFFF, BAD},
        {"functions outside", InDirectory, 28, 4, 0x7FFFFFF0, BAD},
        {"names outside", InDirectory, 32, 4, 0x7FFFFFF0, BAD},
        {"ordinals outside", InDirectory, 36, 4, 0x7FFFFFF0, BAD},
        {"not a DLL", FILEHEADER(Characteristics), IMAGE_FILE_EXECUTABLE_IMAGE, STATUS_SUCCESS},
    };
    KT_FILE File;

    if (KtOpenVictim(&File, KT_VICTIM_DLL)) {
        KtRunPatched(&File, Patches, ARRAYSIZE(Patches));
        KtCloseVictim(&File);
    }
}

/* ---- Anything ------------------------------------------------------------------------------ */

static ULONG KtRandom(PULONG State)
{
    *State ^= *State << 13;
    *State ^= *State >> 17;
    *State ^= *State << 5;
    return *State;
}

/* Up to four words of the headers or of the tables become something else. */
static void KtDamage(PKT_FILE File, PULONG State)
{
    for (ULONG Count = KtRandom(State) % 4 + 1; Count != 0; Count--) {
        ULONG Area = KtRandom(State) % 2 == 0 ? 0x400 : (ULONG)File->Size;
        ULONG Offset = KtRandom(State) % Area & ~3u;
        ULONG Kind = KtRandom(State) % 4;
        ULONG Value = Kind == 0   ? KtRandom(State)
                      : Kind == 1 ? 0xFFFFFFFF << KtRandom(State) % 32
                      : Kind == 2 ? 1u << KtRandom(State) % 32
                                  : KtRandom(State) % 0x8000;

        memcpy(File->Data + Offset, &Value, sizeof(Value));
    }
}

START_TEST(ldr_image_random, "programs and DLLs damaged at random; seed= chooses how")
{
    ULONG State = KeBootOptions.Seed * 2654435761u | 1;
    KT_FILE File;

    for (ULONG Round = 0; Round < 100; Round++) {
        if (!KtOpenVictim(&File, Round % 2 == 0 ? KT_VICTIM : KT_VICTIM_DLL)) {
            return;
        }
        KtDamage(&File, &State);
        (void)KtRunVictim();
        KtCloseVictim(&File);
    }
    ok_status(KtRunVictim(), STATUS_SUCCESS);
}
