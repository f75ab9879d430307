/* SPDX-License-Identifier: MIT */
/*
 * Reading a PE image that is mapped: directories, exports, relocations, imports.
 *
 * The headers were judged when the section was made, but the image's own code
 * may have written to them since, and nobody has judged the tables: any table
 * may be at an odd address, lie, or end outside.  The first lie ends the work.
 */
#include "ldr/pe.h"

PVOID LdrImageRva(const void *Base, ULONG Size, ULONG Rva, ULONG Length)
{
    return LdrpIsInside(Rva, Length, Size) ? (PUCHAR)Base + Rva : NULL;
}

PCSTR LdrImageString(const void *Base, ULONG Size, ULONG Rva)
{
    PCSTR String = LdrImageRva(Base, Size, Rva, 1);

    if (String == NULL || strnlen(String, Size - Rva) == Size - Rva) {
        return NULL;
    }
    return String;
}

/* A mapped image was parsed when its section was made; this only guards memory. */
const IMAGE_NT_HEADERS32 *LdrImageNtHeaders(const void *Base, ULONG Size)
{
    const IMAGE_DOS_HEADER *Dos = Base;
    const IMAGE_NT_HEADERS32 *Headers;

    if (Size < sizeof(*Dos) || Dos->e_magic != IMAGE_DOS_SIGNATURE
        || Dos->e_lfanew % (LONG)sizeof(ULONG) != 0) {
        return NULL;
    }
    Headers = LdrImageRva(Base, Size, (ULONG)Dos->e_lfanew, sizeof(*Headers));
    if (Headers == NULL || Headers->Signature != IMAGE_NT_SIGNATURE
        || Headers->OptionalHeader.Magic != IMAGE_NT_OPTIONAL_HDR32_MAGIC) {
        return NULL;
    }
    return Headers;
}

PVOID LdrImageDirectory(const void *Base, ULONG Size, ULONG Index, PULONG Length)
{
    const IMAGE_NT_HEADERS32 *Headers = LdrImageNtHeaders(Base, Size);
    const IMAGE_DATA_DIRECTORY *Entry;

    *Length = 0;
    if (Headers == NULL || Index >= IMAGE_NUMBEROF_DIRECTORY_ENTRIES
        || Index >= Headers->OptionalHeader.NumberOfRvaAndSizes) {
        return NULL;
    }
    Entry = &Headers->OptionalHeader.DataDirectory[Index];
    if (Entry->VirtualAddress == 0 || !LdrpIsInside(Entry->VirtualAddress, Entry->Size, Size)) {
        return NULL;
    }
    *Length = Entry->Size;
    return (PUCHAR)Base + Entry->VirtualAddress;
}

/* ---- Exports ---- */

static PVOID LdrpTable(const void *Base, ULONG Size, ULONG Rva, ULONG Count, ULONG EntrySize)
{
    return Count <= Size / EntrySize ? LdrImageRva(Base, Size, Rva, Count * EntrySize) : NULL;
}

NTSTATUS LdrOpenExports(const void *Base, ULONG Size, PLDR_EXPORTS Exports)
{
    IMAGE_EXPORT_DIRECTORY Directory;
    ULONG Length;
    const UCHAR *Start = LdrImageDirectory(Base, Size, IMAGE_DIRECTORY_ENTRY_EXPORT, &Length);

    *Exports = (LDR_EXPORTS){ .Base = Base, .Size = Size };
    if (Start == NULL || Length == 0) {
        return STATUS_SUCCESS; /* it has none */
    }
    if (Length < sizeof(Directory)) {
        return STATUS_INVALID_IMAGE_FORMAT;
    }
    memcpy(&Directory, Start, sizeof(Directory));
    Exports->Functions = LdrpTable(
        Base, Size, Directory.AddressOfFunctions, Directory.NumberOfFunctions, sizeof(ULONG));
    Exports->Names = LdrpTable(
        Base, Size, Directory.AddressOfNames, Directory.NumberOfNames, sizeof(ULONG));
    Exports->NameOrdinals = LdrpTable(
        Base, Size, Directory.AddressOfNameOrdinals, Directory.NumberOfNames, sizeof(USHORT));
    if (Exports->Functions == NULL || Exports->Names == NULL || Exports->NameOrdinals == NULL) {
        return STATUS_INVALID_IMAGE_FORMAT;
    }
    Exports->Start = (ULONG)(Start - (const UCHAR *)Base);
    Exports->Length = Length;
    Exports->OrdinalBase = Directory.Base;
    Exports->FunctionCount = Directory.NumberOfFunctions;
    Exports->NameCount = Directory.NumberOfNames;
    return STATUS_SUCCESS;
}

static NTSTATUS LdrpTakeExport(
    const LDR_EXPORTS *Exports, ULONG Index, NTSTATUS Missing, PLDR_EXPORT Export)
{
    ULONG Rva;

    if (Index >= Exports->FunctionCount || Exports->Functions[Index].Value == 0) {
        return Missing;
    }
    Rva = Exports->Functions[Index].Value;
    *Export = (LDR_EXPORT){ .Rva = Rva };
    if (Rva - Exports->Start < Exports->Length) {
        Export->Forwarder = LdrImageString(Exports->Base, Exports->Size, Rva);
        return Export->Forwarder != NULL ? STATUS_SUCCESS : STATUS_INVALID_IMAGE_FORMAT;
    }
    return Rva < Exports->Size ? STATUS_SUCCESS : STATUS_INVALID_IMAGE_FORMAT;
}

/* Compares Name with the string at Rva; FALSE if that runs out of the image. */
static BOOLEAN LdrpCompareName(const LDR_EXPORTS *Exports, ULONG Rva, PCSTR Name, int *Order)
{
    const UCHAR *Wanted = (const UCHAR *)Name;
    const UCHAR *Candidate = LdrImageRva(Exports->Base, Exports->Size, Rva, 1);
    const UCHAR *End = (const UCHAR *)Exports->Base + Exports->Size;

    if (Candidate == NULL) {
        return FALSE;
    }
    while (*Wanted != 0 && *Wanted == *Candidate) {
        Wanted++;
        if (++Candidate == End) {
            return FALSE;
        }
    }
    *Order = *Wanted - *Candidate;
    return TRUE;
}

/* Is the name at Index, which may be any number, the one of Size bytes that is wanted? */
static BOOLEAN LdrpIsNameAt(const LDR_EXPORTS *Exports, ULONG Index, PCSTR Name, ULONG Size)
{
    const void *Candidate = NULL;

    if (Index < Exports->NameCount) {
        Candidate = LdrImageRva(Exports->Base, Exports->Size, Exports->Names[Index].Value, Size);
    }
    return Candidate != NULL && memcmp(Candidate, Name, Size) == 0;
}

/* Names are sorted by their bytes, so half of them are ruled out at each look. */
static NTSTATUS LdrpSearchName(const LDR_EXPORTS *Exports, PCSTR Name, PULONG Index)
{
    ULONG Low = 0;
    ULONG High = Exports->NameCount;

    while (Low < High) {
        ULONG Middle = Low + (High - Low) / 2;
        int Order;

        if (!LdrpCompareName(Exports, Exports->Names[Middle].Value, Name, &Order)) {
            return STATUS_INVALID_IMAGE_FORMAT;
        }
        if (Order == 0) {
            *Index = Middle;
            return STATUS_SUCCESS;
        }
        if (Order < 0) {
            High = Middle;
        } else {
            Low = Middle + 1;
        }
    }
    return STATUS_ENTRYPOINT_NOT_FOUND;
}

/*
 * A hint is an index into the names.  Import libraries by GNU dlltool count
 * from 1, so the place before is tried, too; a wrong hint costs little.
 */
static NTSTATUS LdrpFindName(
    const LDR_EXPORTS *Exports, PCSTR Name, ULONG Hint, PLDR_EXPORT Export)
{
    ULONG Size = (ULONG)strlen(Name) + 1;
    const UCHAR *Ordinal;

    if (LdrpIsNameAt(Exports, Hint - 1, Name, Size)) {
        Hint--;
    } else if (!LdrpIsNameAt(Exports, Hint, Name, Size)) {
        NTSTATUS Status = LdrpSearchName(Exports, Name, &Hint);

        if (!NT_SUCCESS(Status)) {
            return Status;
        }
    }
    Ordinal = Exports->NameOrdinals + Hint * sizeof(USHORT);
    return LdrpTakeExport(
        Exports, Ordinal[0] | (ULONG)Ordinal[1] << 8, STATUS_ENTRYPOINT_NOT_FOUND, Export);
}

NTSTATUS LdrFindExport(
    const LDR_EXPORTS *Exports, PCSTR Name, ULONG HintOrOrdinal, PLDR_EXPORT Export)
{
    if (Name != NULL) {
        return LdrpFindName(Exports, Name, HintOrOrdinal, Export);
    }
    /* An ordinal below the base wraps to an index beyond the table. */
    return LdrpTakeExport(
        Exports, HintOrOrdinal - Exports->OrdinalBase, STATUS_ORDINAL_NOT_FOUND, Export);
}

NTSTATUS LdrFindExportByName(const void *Base, ULONG Size, PCSTR Name, PLDR_EXPORT Export)
{
    LDR_EXPORTS Exports;
    NTSTATUS Status = LdrOpenExports(Base, Size, &Exports);

    return NT_SUCCESS(Status) ? LdrFindExport(&Exports, Name, 0, Export) : Status;
}

NTSTATUS LdrFindExportByOrdinal(const void *Base, ULONG Size, ULONG Ordinal, PLDR_EXPORT Export)
{
    LDR_EXPORTS Exports;
    NTSTATUS Status = LdrOpenExports(Base, Size, &Exports);

    return NT_SUCCESS(Status) ? LdrFindExport(&Exports, NULL, Ordinal, Export) : Status;
}

/* ---- Relocations ---- */

/* Entries are the block's USHORTs, which the caller found inside the image. */
static NTSTATUS LdrpRelocateBlock(PVOID Base, ULONG Size, const IMAGE_BASE_RELOCATION *Block,
    const UCHAR *Entries, ULONG Lowest, ULONG Delta)
{
    ULONG Count = (Block->SizeOfBlock - sizeof(*Block)) / sizeof(USHORT);
    ULONG Page = Block->VirtualAddress;

    for (ULONG i = 0; i < Count; i++) {
        ULONG Entry = Entries[2 * i] | (ULONG)Entries[2 * i + 1] << 8;
        LDRP_UNALIGNED *Target;

        if (Entry >> 12 == IMAGE_REL_BASED_ABSOLUTE) {
            continue;
        }
        if (Entry >> 12 != IMAGE_REL_BASED_HIGHLOW || Page > Size) {
            return STATUS_INVALID_IMAGE_FORMAT;
        }
        Target = LdrImageRva(Base, Size, Page + (Entry & 0xFFF), sizeof(ULONG));
        if (Target == NULL || Page + (Entry & 0xFFF) < Lowest) {
            return STATUS_INVALID_IMAGE_FORMAT;
        }
        Target->Value += Delta;
    }
    return STATUS_SUCCESS;
}

/*
 * LdrRelocateImage - add Delta to every absolute address in the image.
 *
 * STATUS_CONFLICTING_ADDRESSES: the linker left the relocations out.  An image
 * that has none for another reason contains no absolute address.
 */
NTSTATUS LdrRelocateImage(PVOID Base, ULONG Size, ULONG Delta)
{
    const IMAGE_NT_HEADERS32 *Headers = LdrImageNtHeaders(Base, Size);
    ULONG Lowest = 0;
    ULONG Left;
    const UCHAR *Next = LdrImageDirectory(Base, Size, IMAGE_DIRECTORY_ENTRY_BASERELOC, &Left);

    if (Headers == NULL) {
        return STATUS_INVALID_IMAGE_FORMAT;
    }
    if (Delta != 0 && (Headers->FileHeader.Characteristics & IMAGE_FILE_RELOCS_STRIPPED) != 0) {
        return STATUS_CONFLICTING_ADDRESSES;
    }
    /* The pages of the headers stay read-only, unless sections share them. */
    if (Headers->OptionalHeader.SectionAlignment >= PE_PAGE_SIZE) {
        Lowest = Headers->OptionalHeader.SizeOfHeaders;
    }
    while (Left >= sizeof(IMAGE_BASE_RELOCATION)) {
        IMAGE_BASE_RELOCATION Block;
        NTSTATUS Status;

        memcpy(&Block, Next, sizeof(Block));
        if (Block.SizeOfBlock < sizeof(Block) || Block.SizeOfBlock > Left) {
            return STATUS_INVALID_IMAGE_FORMAT;
        }
        Status = LdrpRelocateBlock(Base, Size, &Block, Next + sizeof(Block), Lowest, Delta);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        Next += Block.SizeOfBlock;
        Left -= Block.SizeOfBlock;
    }
    return STATUS_SUCCESS;
}

/* ---- Imports ---- */

/* The array of descriptors ends with an empty one, or with its directory. */
NTSTATUS LdrImportModule(
    const void *Base, ULONG Size, ULONG Index, PLDR_IMPORT_MODULE Module)
{
    IMAGE_IMPORT_DESCRIPTOR Descriptor;
    ULONG Length;
    const UCHAR *Start = LdrImageDirectory(Base, Size, IMAGE_DIRECTORY_ENTRY_IMPORT, &Length);

    if (Start == NULL || Index >= Length / sizeof(Descriptor)) {
        return STATUS_NO_MORE_ENTRIES;
    }
    memcpy(&Descriptor, Start + Index * sizeof(Descriptor), sizeof(Descriptor));
    if (Descriptor.Name == 0 || Descriptor.FirstThunk == 0) {
        return STATUS_NO_MORE_ENTRIES;
    }
    *Module = (LDR_IMPORT_MODULE){
        .Name = LdrImageString(Base, Size, Descriptor.Name),
        .LookupRva = Descriptor.OriginalFirstThunk != 0 ? Descriptor.OriginalFirstThunk
                                                        : Descriptor.FirstThunk,
        .AddressRva = Descriptor.FirstThunk,
    };
    return Module->Name != NULL ? STATUS_SUCCESS : STATUS_INVALID_IMAGE_FORMAT;
}

/* An entry must be read before its slot is filled: both tables may be one. */
NTSTATUS LdrImportEntry(const void *Base, ULONG Size, const LDR_IMPORT_MODULE *Module,
    ULONG Index, PLDR_IMPORT_ENTRY Entry)
{
    const LDRP_UNALIGNED *Lookup;
    const UCHAR *Hint;

    if (Index >= Size / sizeof(ULONG) || Module->LookupRva > Size || Module->AddressRva > Size) {
        return STATUS_INVALID_IMAGE_FORMAT;
    }
    Lookup = LdrImageRva(Base, Size, Module->LookupRva + Index * sizeof(ULONG), sizeof(ULONG));
    *Entry = (LDR_IMPORT_ENTRY){
        .Slot = LdrImageRva(Base, Size, Module->AddressRva + Index * sizeof(ULONG), sizeof(ULONG)),
    };
    if (Lookup == NULL || Entry->Slot == NULL) {
        return STATUS_INVALID_IMAGE_FORMAT;
    }
    if (Lookup->Value == 0) {
        return STATUS_NO_MORE_ENTRIES;
    }
    if ((Lookup->Value & IMAGE_ORDINAL_FLAG32) != 0) {
        Entry->Ordinal = (USHORT)Lookup->Value;
        return STATUS_SUCCESS;
    }
    Hint = LdrImageRva(Base, Size, Lookup->Value, sizeof(USHORT));
    if (Hint == NULL) {
        return STATUS_INVALID_IMAGE_FORMAT;
    }
    Entry->Hint = (USHORT)(Hint[0] | Hint[1] << 8);
    Entry->Name = LdrImageString(Base, Size, Lookup->Value + (ULONG)sizeof(USHORT));
    return Entry->Name != NULL ? STATUS_SUCCESS : STATUS_INVALID_IMAGE_FORMAT;
}
