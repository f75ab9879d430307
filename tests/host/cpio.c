/* SPDX-License-Identifier: MIT */
/*
 * io/cpio.c: the members of a good archive, the words for each damage, and no
 * access outside the archive whatever is in it.
 */
#include "archive.h"
#include "ktap.h"
#include <stdlib.h>
#include <string.h>

#define MUTATIONS 100000

/* Offsets in a member's header. */
#define MODE_FIELD      14
#define SIZE_FIELD      54
#define NAME_SIZE_FIELD 94

/* Reads all members of exactly Size bytes, in a block of their own. */
static NTSTATUS ReadAll(const UCHAR *Bytes, ULONG Size, CPIO_READER *Reader, ULONG *Count)
{
    UCHAR *Copy = malloc(Size != 0 ? Size : 1);
    CPIO_MEMBER Member;
    NTSTATUS Status;
    volatile UCHAR Seen = 0;

    memcpy(Copy, Bytes, Size);
    IopInitializeCpio(Reader, Copy, Size);
    *Count = 0;
    while ((Status = IopNextCpioMember(Reader, &Member)) == STATUS_SUCCESS) {
        for (ULONG i = 0; i < Member.NameLength; i++) {
            Seen ^= (UCHAR)Member.Name[i];
        }
        for (ULONG i = 0; i < Member.DataSize; i++) {
            Seen ^= Member.Data[i];
        }
        ++*Count;
    }
    free(Copy);
    return Status;
}

static void CheckMember(CPIO_READER *Reader, const char *Name, ULONG Mode, const char *Data)
{
    CPIO_MEMBER Member = {0};

    CHECK_EQUAL(IopNextCpioMember(Reader, &Member), STATUS_SUCCESS);
    CHECK_EQUAL(Member.NameLength, strlen(Name));
    CHECK(Member.NameLength == strlen(Name) && memcmp(Member.Name, Name, strlen(Name)) == 0);
    CHECK_EQUAL(Member.Mode, Mode);
    CHECK_EQUAL(Member.Time, 0x12345678);
    CHECK_EQUAL(Member.DataSize, strlen(Data));
    CHECK(Member.DataSize == strlen(Data) && memcmp(Member.Data, Data, strlen(Data)) == 0);
    CHECK_EQUAL(Member.DataOffset % 4, 0);
}

static void TestMembers(void)
{
    HOST_ARCHIVE Archive;
    CPIO_READER Reader;
    CPIO_MEMBER Member;

    HostBuildArchive(&Archive);
    IopInitializeCpio(&Reader, Archive.Bytes, Archive.Size);
    CheckMember(&Reader, "windows", CPIO_DIRECTORY | 0755, "");
    CheckMember(&Reader, "windows/a.dll", CPIO_REGULAR | 0644, "abcde");
    CheckMember(&Reader, "empty", CPIO_REGULAR | 0644, "");
    CheckMember(&Reader, "sum", CPIO_REGULAR | 0644, "The sum is checked.");
    CHECK_EQUAL(IopNextCpioMember(&Reader, &Member), STATUS_NO_MORE_ENTRIES);
    CHECK_EQUAL(Reader.Offset, Archive.Size);
}

/* One change to the first member (a directory, its name at 110) each. */
static const struct {
    const char *Why;
    ULONG Offset;
    const char *Bytes;
    ULONG ProblemOffset;
    const char *Problem; /* a part of the text */
} Damages[] = {
    { "magic", 0, "070707", 0, "070701" },
    { "magic, last digit", 5, "3", 0, "070701" },
    { "a letter in a number", MODE_FIELD + 7, "g", MODE_FIELD, "hexadecimal" },
    { "a sign in a number", SIZE_FIELD, "-", SIZE_FIELD, "hexadecimal" },
    { "name size 0", NAME_SIZE_FIELD, "00000000", 110, "name" },
    { "name without its zero", NAME_SIZE_FIELD, "00000007", 110, "zero byte" },
    { "name beyond the archive", NAME_SIZE_FIELD, "00001000", 110, "name" },
    { "name size that wraps", NAME_SIZE_FIELD, "ffffff92", 110, "name" },
    { "data beyond the archive", SIZE_FIELD, "00001000", 120, "data" },
    { "data size that wraps", SIZE_FIELD, "ffffff88", 120, "data" },
    { "data size that wraps when padded", SIZE_FIELD, "ffffffff", 120, "data" },
    { "data that swallow the next header", SIZE_FIELD, "00000004", 124, "070701" },
};

static void TestDamages(void)
{
    for (ULONG i = 0; i < sizeof(Damages) / sizeof(Damages[0]); i++) {
        HOST_ARCHIVE Archive;
        CPIO_READER Reader;
        ULONG Count;
        NTSTATUS Status;

        HostBuildArchive(&Archive);
        memcpy(Archive.Bytes + Damages[i].Offset, Damages[i].Bytes, strlen(Damages[i].Bytes));
        Status = ReadAll(Archive.Bytes, Archive.Size, &Reader, &Count);
        KtapCheck(Status == STATUS_FILE_INVALID && Reader.ProblemOffset == Damages[i].ProblemOffset
                && strstr(Reader.Problem, Damages[i].Problem) != NULL,
            __FILE__, __LINE__, "%s: status %x, offset %u, \"%s\"", Damages[i].Why,
            (unsigned)Status, (unsigned)Reader.ProblemOffset, Reader.Problem);
    }
}

static void TestSum(void)
{
    HOST_ARCHIVE Archive = {.Size = 0};
    CPIO_READER Reader;
    ULONG Count;

    HostAddMember(&Archive, "sum", 6, CPIO_REGULAR, "data", true);
    Archive.Bytes[116]++;
    CHECK_EQUAL(ReadAll(Archive.Bytes, Archive.Size, &Reader, &Count), STATUS_FILE_INVALID);
    CHECK_EQUAL(Reader.ProblemOffset, 116);
    CHECK(strstr(Reader.Problem, "sum") != NULL);
}

/* What follows the trailer does not matter; everything before does. */
static void TestTruncation(void)
{
    HOST_ARCHIVE Archive;
    CPIO_READER Reader;
    ULONG Count;

    HostBuildArchive(&Archive);
    for (ULONG Size = 0; Size < Archive.Size; Size++) {
        CHECK_EQUAL(ReadAll(Archive.Bytes, Size, &Reader, &Count), STATUS_FILE_INVALID);
        CHECK(Reader.ProblemOffset <= Size && Reader.Problem[0] != 0);
    }
    memset(Archive.Bytes + Archive.Size, 0xA5, 100);
    CHECK_EQUAL(
        ReadAll(Archive.Bytes, Archive.Size + 100, &Reader, &Count), STATUS_NO_MORE_ENTRIES);
    CHECK_EQUAL(Count, 4);
}

/* The sanitizers are the judge. */
static void TestRandomDamage(void)
{
    HOST_ARCHIVE Good, Archive;
    CPIO_READER Reader;
    ULONG Seed = 1;
    ULONG Count;

    HostBuildArchive(&Good);
    for (ULONG i = 0; i < MUTATIONS; i++) {
        Archive = Good;
        for (ULONG Changes = 1 + KtapRandom(&Seed) % 4; Changes != 0; Changes--) {
            static const char Digits[] = "0123456789abcdefF\0z";

            Archive.Bytes[KtapRandom(&Seed) % Archive.Size] =
                (UCHAR)Digits[KtapRandom(&Seed) % sizeof(Digits)];
        }
        Archive.Size -= KtapRandom(&Seed) % 8 == 0 ? KtapRandom(&Seed) % Archive.Size : 0;
        (void)ReadAll(Archive.Bytes, Archive.Size, &Reader, &Count);
    }
}

const KTAP_TEST KtapTests[] = {
    { "cpio: the members of an archive", TestMembers },
    { "cpio: what is said about each damage", TestDamages },
    { "cpio: the sum of 070702", TestSum },
    { "cpio: truncation at every byte", TestTruncation },
    { "cpio: 100000 random mutations", TestRandomDamage },
    { NULL, NULL },
};
