/* SPDX-License-Identifier: MIT */
/*
 * Judging a PE file before it becomes an image section.  Every byte is hostile:
 * headers are copied out before they are judged, and ranges are compared by
 * LdrpIsInside, which cannot wrap.
 *
 * Next: mapped.c, which reads the image once it is mapped.
 */
#include "ldr/pe.h"

#define LDRP_USER_SPACE_SIZE 0x7FFF0000u

/* In the New Executable header of 16-bit programs. */
#define LDRP_NE_TARGET_OFFSET  0x36
#define LDRP_NE_TARGET_WINDOWS 2

#define LDRP_OPTIONAL_FIXED_SIZE \
    ((ULONG)offsetof(IMAGE_OPTIONAL_HEADER32, DataDirectory))

static BOOLEAN LdrpIsPowerOfTwo(ULONG Value)
{
    return Value != 0 && (Value & (Value - 1)) == 0;
}

/* What to say of a file whose new header is not a PE header. */
static NTSTATUS LdrpJudgeOldFormat(const UCHAR *Data, ULONG Size, ULONG Offset)
{
    if ((LdrpReadUlong(Data + Offset) & 0xFFFF) != IMAGE_OS2_SIGNATURE) {
        return STATUS_INVALID_IMAGE_PROTECT;
    }
    if (LdrpIsInside(Offset, LDRP_NE_TARGET_OFFSET + 1, Size)
        && Data[Offset + LDRP_NE_TARGET_OFFSET] == LDRP_NE_TARGET_WINDOWS) {
        return STATUS_INVALID_IMAGE_WIN_16;
    }
    return STATUS_INVALID_IMAGE_NE_FORMAT;
}

/* The DOS header, and where the NT headers start. */
static NTSTATUS LdrpCheckDosHeader(const UCHAR *Data, ULONG Size, ULONG *NtOffset)
{
    IMAGE_DOS_HEADER Dos;

    if (Size == 0) {
        return STATUS_INVALID_FILE_FOR_SECTION;
    }
    if (Size < sizeof(Dos)) {
        return STATUS_INVALID_IMAGE_NOT_MZ;
    }
    memcpy(&Dos, Data, sizeof(Dos));
    if (Dos.e_magic != IMAGE_DOS_SIGNATURE) {
        return STATUS_INVALID_IMAGE_NOT_MZ;
    }
    *NtOffset = (ULONG)Dos.e_lfanew;
    if (*NtOffset % sizeof(ULONG) != 0 || !LdrpIsInside(*NtOffset, sizeof(ULONG), Size)) {
        return STATUS_INVALID_IMAGE_PROTECT;
    }
    if (LdrpReadUlong(Data + *NtOffset) != IMAGE_NT_SIGNATURE) {
        return LdrpJudgeOldFormat(Data, Size, *NtOffset);
    }
    return STATUS_SUCCESS;
}

/*
 * Copy the headers out.  The optional header may be shorter than the structure,
 * by directories it does not have; those read as zero.
 */
static NTSTATUS LdrpCopyHeaders(
    const UCHAR *Data, ULONG Size, ULONG NtOffset, IMAGE_NT_HEADERS32 *Headers)
{
    const ULONG Fixed = offsetof(IMAGE_NT_HEADERS32, OptionalHeader);
    ULONG Length;

    if (!LdrpIsInside(NtOffset, Fixed + sizeof(USHORT), Size)) {
        return STATUS_INVALID_IMAGE_FORMAT;
    }
    memset(Headers, 0, sizeof(*Headers));
    memcpy(Headers, Data + NtOffset, Fixed + sizeof(USHORT));
    Length = Headers->FileHeader.SizeOfOptionalHeader;
    if (Length >= sizeof(USHORT)
        && Headers->OptionalHeader.Magic == IMAGE_NT_OPTIONAL_HDR64_MAGIC) {
        return STATUS_INVALID_IMAGE_WIN_64;
    }
    if (Length < LDRP_OPTIONAL_FIXED_SIZE || Length % sizeof(ULONG) != 0
        || !LdrpIsInside(NtOffset + Fixed, Length, Size)) {
        return STATUS_INVALID_IMAGE_FORMAT;
    }
    if (Length > sizeof(Headers->OptionalHeader)) {
        Length = sizeof(Headers->OptionalHeader);
    }
    memcpy(&Headers->OptionalHeader, Data + NtOffset + Fixed, Length);
    return STATUS_SUCCESS;
}

static BOOLEAN LdrpIsFileHeaderValid(const IMAGE_FILE_HEADER *File)
{
    return (File->Characteristics & IMAGE_FILE_EXECUTABLE_IMAGE) != 0
        && File->NumberOfSections != 0 && File->NumberOfSections <= PE_MAXIMUM_SECTIONS;
}

static BOOLEAN LdrpAreAlignmentsValid(const IMAGE_OPTIONAL_HEADER32 *Optional)
{
    ULONG Section = Optional->SectionAlignment;
    ULONG File = Optional->FileAlignment;

    if (!LdrpIsPowerOfTwo(Section) || !LdrpIsPowerOfTwo(File) || Section < File) {
        return FALSE;
    }
    return Section >= PE_PAGE_SIZE ? File % 512 == 0 : Section == File;
}

/*
 * Sizes that the process or its first thread will be made from.  NT looks at
 * stack and heap only when it makes them; refusing here what cannot fit in user
 * space keeps the later sums from wrapping.
 */
static BOOLEAN LdrpAreSizesValid(const IMAGE_OPTIONAL_HEADER32 *Optional)
{
    return Optional->SizeOfImage != 0 && Optional->SizeOfImage <= PE_MAXIMUM_SIZE
        && Optional->SectionAlignment <= PE_MAXIMUM_SIZE
        && Optional->AddressOfEntryPoint < Optional->SizeOfImage
        && Optional->ImageBase % PE_BASE_GRANULARITY == 0
        && Optional->SizeOfStackReserve <= LDRP_USER_SPACE_SIZE
        && Optional->SizeOfStackCommit <= LDRP_USER_SPACE_SIZE
        && Optional->SizeOfHeapReserve <= LDRP_USER_SPACE_SIZE
        && Optional->SizeOfHeapCommit <= LDRP_USER_SPACE_SIZE;
}

/* Directories that exist lie inside the image and inside the optional header. */
static BOOLEAN LdrpAreDirectoriesValid(const IMAGE_NT_HEADERS32 *Headers)
{
    const IMAGE_OPTIONAL_HEADER32 *Optional = &Headers->OptionalHeader;
    ULONG Room = (Headers->FileHeader.SizeOfOptionalHeader - LDRP_OPTIONAL_FIXED_SIZE)
        / sizeof(IMAGE_DATA_DIRECTORY);
    ULONG Count = Optional->NumberOfRvaAndSizes;

    if (Count > IMAGE_NUMBEROF_DIRECTORY_ENTRIES) {
        Count = IMAGE_NUMBEROF_DIRECTORY_ENTRIES;
    }
    if (Count > Room) {
        return FALSE;
    }
    for (ULONG i = 0; i < Count; i++) {
        IMAGE_DATA_DIRECTORY Entry = Optional->DataDirectory[i];

        if (i != IMAGE_DIRECTORY_ENTRY_SECURITY && Entry.VirtualAddress != 0
            && !LdrpIsInside(Entry.VirtualAddress, Entry.Size, Optional->SizeOfImage)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* Headers, section table included, are what SizeOfHeaders says and in the file. */
static BOOLEAN LdrpIsHeaderSizeValid(
    const IMAGE_NT_HEADERS32 *Headers, ULONG TableOffset, ULONG FileSize)
{
    const IMAGE_OPTIONAL_HEADER32 *Optional = &Headers->OptionalHeader;
    ULONG TableSize = Headers->FileHeader.NumberOfSections * (ULONG)sizeof(IMAGE_SECTION_HEADER);

    return Optional->SizeOfHeaders < Optional->SizeOfImage && Optional->SizeOfHeaders <= FileSize
        && LdrpIsInside(TableOffset, TableSize, Optional->SizeOfHeaders);
}

ULONG LdrSectionSpan(const IMAGE_SECTION_HEADER *Section)
{
    return Section->Misc.VirtualSize != 0 ? Section->Misc.VirtualSize : Section->SizeOfRawData;
}

static BOOLEAN LdrpIsRawDataValid(
    const PE_IMAGE *Image, const IMAGE_SECTION_HEADER *Section, ULONG FileSize)
{
    if (Section->SizeOfRawData == 0) {
        return TRUE;
    }
    if (Image->SinglePiece && Section->PointerToRawData != Section->VirtualAddress) {
        return FALSE;
    }
    return Section->PointerToRawData % Image->FileAlignment == 0
        && LdrpIsInside(Section->PointerToRawData, Section->SizeOfRawData, FileSize);
}

/*
 * Sections follow the headers and each other without gap or overlap, in units
 * of SectionAlignment, and the last one ends the image.
 */
static BOOLEAN LdrpAreSectionsValid(PPE_IMAGE Image, ULONG FileSize)
{
    const ULONGLONG Alignment = Image->SectionAlignment;
    ULONGLONG Next = (Image->SizeOfHeaders + Alignment - 1) & ~(Alignment - 1);

    for (ULONG i = 0; i < Image->SectionCount; i++) {
        const IMAGE_SECTION_HEADER *Section = &Image->Sections[i];
        ULONG Span = LdrSectionSpan(Section);

        if (Span == 0 || Section->VirtualAddress != Next
            || !LdrpIsInside(Section->VirtualAddress, Span, Image->SizeOfImage)
            || !LdrpIsRawDataValid(Image, Section, FileSize)) {
            return FALSE;
        }
        Next = (Next + Span + Alignment - 1) & ~(Alignment - 1);
        if ((Section->Characteristics & IMAGE_SCN_CNT_CODE) != 0) {
            Image->ContainsCode = TRUE;
        }
    }
    return Next == ((Image->SizeOfImage + Alignment - 1) & ~(Alignment - 1));
}

static void LdrpFillImage(PPE_IMAGE Image, const IMAGE_NT_HEADERS32 *Headers)
{
    const IMAGE_OPTIONAL_HEADER32 *Optional = &Headers->OptionalHeader;

    *Image = (PE_IMAGE){
        .ImageBase = Optional->ImageBase,
        .SizeOfImage = Optional->SizeOfImage,
        .SizeOfHeaders = Optional->SizeOfHeaders,
        .EntryPoint = Optional->AddressOfEntryPoint,
        .SectionAlignment = Optional->SectionAlignment,
        .FileAlignment = Optional->FileAlignment,
        .StackReserve = Optional->SizeOfStackReserve,
        .StackCommit = Optional->SizeOfStackCommit,
        .HeapReserve = Optional->SizeOfHeapReserve,
        .HeapCommit = Optional->SizeOfHeapCommit,
        .CheckSum = Optional->CheckSum,
        .TimeDateStamp = Headers->FileHeader.TimeDateStamp,
        .LoaderFlags = Optional->LoaderFlags,
        .Win32VersionValue = Optional->Win32VersionValue,
        .Machine = Headers->FileHeader.Machine,
        .Characteristics = Headers->FileHeader.Characteristics,
        .DllCharacteristics = Optional->DllCharacteristics,
        .Subsystem = Optional->Subsystem,
        .SubsystemMajorVersion = Optional->MajorSubsystemVersion,
        .SubsystemMinorVersion = Optional->MinorSubsystemVersion,
        .SinglePiece = Optional->SectionAlignment < PE_PAGE_SIZE,
        .SectionCount = Headers->FileHeader.NumberOfSections,
    };
}

/*
 * LdrParseImage - judge a file as NtCreateSection(SEC_IMAGE) does.
 *
 * The statuses, in the order of the checks: empty file INVALID_FILE_FOR_SECTION;
 * no DOS header NOT_MZ; bad e_lfanew or signature PROTECT; 16-bit NE_FORMAT or
 * WIN_16; PE32+ WIN_64; anything else INVALID_IMAGE_FORMAT.  *Image is undefined
 * after a failure.  The machine is not judged: whoever runs the image compares
 * it with what KUSER_SHARED_DATA allows.
 */
NTSTATUS LdrParseImage(const void *Data, SIZE_T Size, PPE_IMAGE Image)
{
    IMAGE_NT_HEADERS32 Headers;
    ULONG FileSize = Size <= UINT32_MAX ? (ULONG)Size : UINT32_MAX;
    ULONG NtOffset;
    ULONG TableOffset;
    NTSTATUS Status = LdrpCheckDosHeader(Data, FileSize, &NtOffset);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = LdrpCopyHeaders(Data, FileSize, NtOffset, &Headers);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    TableOffset = NtOffset + (ULONG)offsetof(IMAGE_NT_HEADERS32, OptionalHeader)
        + Headers.FileHeader.SizeOfOptionalHeader;
    if (Headers.OptionalHeader.Magic != IMAGE_NT_OPTIONAL_HDR32_MAGIC
        || !LdrpIsFileHeaderValid(&Headers.FileHeader)
        || !LdrpAreAlignmentsValid(&Headers.OptionalHeader)
        || !LdrpAreSizesValid(&Headers.OptionalHeader) || !LdrpAreDirectoriesValid(&Headers)
        || !LdrpIsHeaderSizeValid(&Headers, TableOffset, FileSize)) {
        return STATUS_INVALID_IMAGE_FORMAT;
    }
    LdrpFillImage(Image, &Headers);
    Image->Sections = (const void *)((const UCHAR *)Data + TableOffset);
    return LdrpAreSectionsValid(Image, FileSize) ? STATUS_SUCCESS : STATUS_INVALID_IMAGE_FORMAT;
}
