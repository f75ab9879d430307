/* SPDX-License-Identifier: MIT */
/*
 * The newc form of cpio: for each member a header of 110 characters, its name,
 * its data; name and data are each padded to a multiple of 4 from the archive's
 * start.  A member named TRAILER!!! ends it.
 *
 * The archive comes from outside, so no number in it is believed before it is
 * compared with what is left of the archive.  Damage is told in words.
 */
#include "io/cpio.h"
#include "rtl.h"

#define CPIO_HEADER_SIZE  110
#define CPIO_MAGIC_SIZE   6
#define CPIO_FIELD_SIZE   8 /* hexadecimal digits */
#define CPIO_ALIGNMENT    4

/* The fields that are read, by their place after the magic. */
enum {
    CpioMode = 1,
    CpioTime = 5,
    CpioFileSize = 6,
    CpioNameSize = 11,
    CpioCheck = 12,
};

static const CHAR CpioTrailer[] = "TRAILER!!!";

void IopInitializeCpio(PCPIO_READER Reader, const void *Archive, ULONG Size)
{
    *Reader = (CPIO_READER){.Archive = Archive, .Size = Size, .Problem = ""};
}

static NTSTATUS IopCpioDamaged(PCPIO_READER Reader, ULONG Offset, const CHAR *Expected)
{
    Reader->Problem = Expected;
    Reader->ProblemOffset = Offset;
    return STATUS_FILE_INVALID;
}

static LONG IopHexDigit(UCHAR Character)
{
    if (Character >= '0' && Character <= '9') {
        return Character - '0';
    }
    Character |= 0x20; /* lower case */
    return Character >= 'a' && Character <= 'f' ? Character - 'a' + 10 : -1;
}

/* The header at Reader->Offset is inside the archive. */
static NTSTATUS IopReadField(PCPIO_READER Reader, ULONG Field, PULONG Value)
{
    ULONG Offset = Reader->Offset + CPIO_MAGIC_SIZE + Field * CPIO_FIELD_SIZE;

    *Value = 0;
    for (ULONG i = 0; i < CPIO_FIELD_SIZE; i++) {
        LONG Digit = IopHexDigit(Reader->Archive[Offset + i]);

        if (Digit < 0) {
            return IopCpioDamaged(Reader, Offset, "a number of eight hexadecimal digits");
        }
        *Value = *Value << 4 | (ULONG)Digit;
    }
    return STATUS_SUCCESS;
}

/* Takes Length bytes and the padding after them; Reader->Offset is where they begin. */
static NTSTATUS IopTakeBytes(PCPIO_READER Reader, ULONG Length, const CHAR *Expected)
{
    ULONG Left = Reader->Size - Reader->Offset;
    ULONG Padding;

    if (Length > Left) {
        return IopCpioDamaged(Reader, Reader->Offset, Expected);
    }
    Padding = -(Reader->Offset + Length) % CPIO_ALIGNMENT;
    if (Padding > Left - Length) {
        return IopCpioDamaged(Reader, Reader->Offset + Length, "padding to a multiple of 4");
    }
    Reader->Offset += Length + Padding;
    return STATUS_SUCCESS;
}

/* *HasSum: the header carries the sum of the data's bytes. */
static NTSTATUS IopReadMagic(PCPIO_READER Reader, PBOOLEAN HasSum)
{
    const UCHAR *Header = Reader->Archive + Reader->Offset;

    if (Reader->Size - Reader->Offset < CPIO_HEADER_SIZE) {
        return IopCpioDamaged(
            Reader, Reader->Offset, "a member's header of 110 bytes, or the member TRAILER!!!");
    }
    if (memcmp(Header, "070701", CPIO_MAGIC_SIZE) != 0
        && memcmp(Header, "070702", CPIO_MAGIC_SIZE) != 0) {
        return IopCpioDamaged(
            Reader, Reader->Offset, "the magic 070701 or 070702 of a newc cpio archive");
    }
    *HasSum = Header[CPIO_MAGIC_SIZE - 1] == '2';
    return STATUS_SUCCESS;
}

typedef struct _CPIO_HEADER {
    BOOLEAN HasSum;
    ULONG Sum;
    ULONG NameSize; /* with the zeros after it */
} CPIO_HEADER, *PCPIO_HEADER;

static NTSTATUS IopReadHeader(PCPIO_READER Reader, PCPIO_MEMBER Member, PCPIO_HEADER Header)
{
    const struct {
        ULONG Field;
        PULONG Value;
    } Fields[] = {
        {CpioMode, &Member->Mode},
        {CpioTime, &Member->Time},
        {CpioFileSize, &Member->DataSize},
        {CpioNameSize, &Header->NameSize},
        {CpioCheck, &Header->Sum},
    };
    NTSTATUS Status = IopReadMagic(Reader, &Header->HasSum);

    for (ULONG i = 0; NT_SUCCESS(Status) && i < ARRAYSIZE(Fields); i++) {
        Status = IopReadField(Reader, Fields[i].Field, Fields[i].Value);
    }
    return Status;
}

/* The name follows its header without padding between them. */
static NTSTATUS IopReadName(PCPIO_READER Reader, PCPIO_MEMBER Member, ULONG NameSize)
{
    ULONG Start = Reader->Offset + CPIO_HEADER_SIZE;

    if (NameSize > Reader->Size - Start) {
        return IopCpioDamaged(Reader, Start, "a member's name of the size that its header says");
    }
    Member->Name = (const CHAR *)Reader->Archive + Start;
    Member->NameOffset = Start;
    Member->NameLength = (ULONG)strnlen(Member->Name, NameSize);
    if (Member->NameLength == 0 || Member->NameLength == NameSize) {
        return IopCpioDamaged(Reader, Start, "a member's name that ends with a zero byte");
    }
    return IopTakeBytes(Reader, CPIO_HEADER_SIZE + NameSize, "a member's header and name");
}

static NTSTATUS IopCheckSum(PCPIO_READER Reader, const CPIO_MEMBER *Member, ULONG Expected)
{
    ULONG Sum = 0;

    for (ULONG i = 0; i < Member->DataSize; i++) {
        Sum += Member->Data[i];
    }
    return Sum == Expected ? STATUS_SUCCESS
                           : IopCpioDamaged(Reader, Member->DataOffset,
                                 "file data with the sum that the header says");
}

static NTSTATUS IopReadData(PCPIO_READER Reader, PCPIO_MEMBER Member, const CPIO_HEADER *Header)
{
    NTSTATUS Status;

    Member->Data = Reader->Archive + Reader->Offset;
    Member->DataOffset = Reader->Offset;
    Status = IopTakeBytes(Reader, Member->DataSize, "file data of the size that the header says");
    if (NT_SUCCESS(Status) && Header->HasSum) {
        Status = IopCheckSum(Reader, Member, Header->Sum);
    }
    return Status;
}

static BOOLEAN IopIsTrailer(const CPIO_MEMBER *Member)
{
    return Member->NameLength == sizeof(CpioTrailer) - 1
        && memcmp(Member->Name, CpioTrailer, Member->NameLength) == 0;
}

NTSTATUS IopNextCpioMember(PCPIO_READER Reader, PCPIO_MEMBER Member)
{
    CPIO_HEADER Header;
    NTSTATUS Status = IopReadHeader(Reader, Member, &Header);

    if (NT_SUCCESS(Status)) {
        Status = IopReadName(Reader, Member, Header.NameSize);
    }
    if (NT_SUCCESS(Status)) {
        Status = IopReadData(Reader, Member, &Header);
    }
    return NT_SUCCESS(Status) && IopIsTrailer(Member) ? STATUS_NO_MORE_ENTRIES : Status;
}
