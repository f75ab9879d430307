/* SPDX-License-Identifier: MIT */
/*
 * Mounting archives that a test makes: what is a good one, what is said about a
 * bad one, and that a mount which fails anywhere leaves nothing behind.
 */
#include "tests/kernel/kt.h"
#include "io/cpio.h"
#include "io/iop.h"

#define ARCHIVE_SIZE (2 * PAGE_SIZE)
#define TAG_TEST     POOL_TAG('T', 'e', 's', 't')

typedef struct _KT_ARCHIVE {
    PCHAR Bytes; /* on a page */
    ULONG Size;
} KT_ARCHIVE, *PKT_ARCHIVE;

/* A member; with OnPage zeros after the name move its data to a page. */
static void KtAddMember(
    PKT_ARCHIVE Archive, PCSTR Name, ULONG Mode, ULONG DataSize, BOOLEAN OnPage)
{
    ULONG NameSize = (ULONG)strlen(Name) + 1;

    if (OnPage) {
        NameSize = (ULONG)ALIGN_UP_BY(Archive->Size + 110 + NameSize, PAGE_SIZE)
            - Archive->Size - 110;
    }
    RtlStringFormat(Archive->Bytes + Archive->Size, ARCHIVE_SIZE - Archive->Size,
        "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s", 1, Mode, 0, 0, 1, 0,
        DataSize, 0, 0, 0, 0, NameSize, 0, Name);
    Archive->Size = (ULONG)ALIGN_UP_BY(Archive->Size + 110 + NameSize, 4);
    Archive->Size = (ULONG)ALIGN_UP_BY(Archive->Size + DataSize, 4);
}

static BOOLEAN KtCreateArchive(PKT_ARCHIVE Archive)
{
    Archive->Bytes = ExAllocatePoolZero(NonPagedPool, ARCHIVE_SIZE, TAG_TEST);
    Archive->Size = 0;
    return ok(Archive->Bytes != NULL, "memory for an archive");
}

/* Mounts and frees it, and the archive; the status is the mount's. */
static NTSTATUS KtLoad(PKT_ARCHIVE Archive, const CHAR **Problem)
{
    PIOP_VOLUME Volume;
    ULONG Offset;

    KtAddMember(Archive, "TRAILER!!!", 0, 0, FALSE);
    NTSTATUS Status =
        IopLoadVolume(Archive->Bytes, Archive->Size, &Volume, Problem, &Offset);

    if (NT_SUCCESS(Status)) {
        IopFreeVolume(Volume);
    }
    ExFreePoolWithTag(Archive->Bytes, TAG_TEST);
    return Status;
}

static NTSTATUS KtFind(PIOP_VOLUME Volume, PCWSTR Path, PIOP_FILE *File)
{
    UNICODE_STRING Name;

    RtlInitUnicodeString(&Name, Path);
    return IopFindFile(Volume, &Volume->Root, &Name, File);
}

START_TEST(io_volume, "a volume has its members and the directories they lie in")
{
    KT_ARCHIVE Archive;
    PIOP_VOLUME Volume;
    const CHAR *Problem;
    ULONG Offset;
    PIOP_FILE File;

    if (!KtCreateArchive(&Archive)) {
        return;
    }
    KtAddMember(&Archive, ".", CPIO_DIRECTORY, 0, FALSE);
    KtAddMember(&Archive, "./One/Two/File.Txt", CPIO_REGULAR, 5, TRUE);
    KtAddMember(&Archive, "one/two", CPIO_DIRECTORY, 0, FALSE);
    KtAddMember(&Archive, "one/empty", CPIO_REGULAR, 0, FALSE);
    KtAddMember(&Archive, "TRAILER!!!", 0, 0, FALSE);
    if (ok_status(IopLoadVolume(Archive.Bytes, Archive.Size, &Volume, &Problem, &Offset),
            STATUS_SUCCESS)) {
        ok_status(KtFind(Volume, L"one\\two\\FILE.txt", &File), STATUS_SUCCESS);
        ok(!File->Directory && File->Backing.Size == 5, "a file of five bytes");
        ok(File->Backing.Data == Archive.Bytes + PAGE_SIZE, "its data are not copied");
        ok_eq(File->Backing.Name.Length, sizeof(L"One\\Two\\File.Txt") - sizeof(WCHAR));
        ok_status(KtFind(Volume, L"ONE", &File), STATUS_SUCCESS);
        ok(File->Directory, "a directory that no member names");
        ok_status(KtFind(Volume, L"one\\empty", &File), STATUS_SUCCESS);
        ok(!File->Directory && File->Backing.Size == 0, "an empty file");
        ok_status(KtFind(Volume, L"two", &File), STATUS_OBJECT_NAME_NOT_FOUND);
        IopFreeVolume(Volume);
    }
    ExFreePoolWithTag(Archive.Bytes, TAG_TEST);
}

START_TEST(io_volume_damage, "archives that are sound but cannot be a volume")
{
    static const struct {
        PCSTR First, Second;
        ULONG Mode; /* of the second */
        ULONG DataSize;
        PCSTR Problem; /* how the text begins */
    } Cases[] = {
        {"a", "a", CPIO_REGULAR, 0, "a name that no other member has"},
        {"a", "A", CPIO_REGULAR, 0, "a name that no other member has"},
        {"a", "a", CPIO_DIRECTORY, 0, "a name that no other member has"},
        {"a/b", "a", CPIO_REGULAR, 0, "a name that no other member has"},
        {"a", "a/b", CPIO_REGULAR, 0, "a relative name"},
        {"a", "/b", CPIO_REGULAR, 0, "a relative name"},
        {"a", "b//c", CPIO_REGULAR, 0, "a relative name"},
        {"a", "b", 0120000, 0, "a regular file or a directory"},
        {"a", "b", CPIO_REGULAR, 4, "file data at a multiple of 4096"},
    };

    for (ULONG i = 0; i < ARRAYSIZE(Cases); i++) {
        const CHAR *Problem = "";
        KT_ARCHIVE Archive;

        if (!KtCreateArchive(&Archive)) {
            return;
        }
        KtAddMember(&Archive, Cases[i].First, CPIO_REGULAR, 0, FALSE);
        KtAddMember(&Archive, Cases[i].Second, Cases[i].Mode, Cases[i].DataSize, FALSE);
        ok_status(KtLoad(&Archive, &Problem), STATUS_FILE_INVALID);
        ok(strncmp(Problem, Cases[i].Problem, strlen(Cases[i].Problem)) == 0,
            "case %u: \"%s\"", i, Problem);
    }
}

/* The counters after the test say whether anything stayed. */
START_TEST(io_volume_fault, "each allocation of a mount failed in turn")
{
    ULONG Acquisition = 0;
    NTSTATUS Status;

    do {
        const CHAR *Problem;
        KT_ARCHIVE Archive;

        if (!KtCreateArchive(&Archive)) {
            return;
        }
        KtAddMember(&Archive, "one/two/three", CPIO_REGULAR, 0, FALSE);
        KeArmFault(KeTraceBeginAttempt(), ++Acquisition);
        Status = KtLoad(&Archive, &Problem);
        (void)KeDisarmFault();
        ok(NT_SUCCESS(Status) || Status == STATUS_INSUFFICIENT_RESOURCES, "fault %u: %s",
            Acquisition, RtlNtStatusName(Status));
    } while (!NT_SUCCESS(Status) && Acquisition < 100);
    ok(Acquisition >= 5, "a volume, three files, and then success; it was %u", Acquisition);
}
