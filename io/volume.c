/* SPDX-License-Identifier: MIT */
/*
 * A volume: the names of an archive as a tree of files and directories, found
 * component by component through one hash table.
 *
 * Built once and then never changed, so looking up takes no lock.  File data
 * stay where they are in the archive.  A directory that no member names, but a
 * member lies in, is there all the same.
 *
 * Next: ramdisk.c, the device that has a volume.
 */
#include "io/cpio.h"
#include "io/iop.h"

#define TAG_VOLUME POOL_TAG('I', 'o', 'V', 'o')
#define TAG_FILE   POOL_TAG('I', 'o', 'M', 'b')
#define MAXIMUM_PATH 255 /* characters of a member's name */

/* Seconds from 1601, where NT's time begins, to 1970. */
#define SECONDS_TO_1970 11644473600ull

static ULONG IopHashComponent(PIOP_FILE Parent, PCUNICODE_STRING Component)
{
    ULONG Hash;
    NTSTATUS Status =
        RtlHashUnicodeString(Component, TRUE, HASH_STRING_ALGORITHM_DEFAULT, &Hash);

    ASSERT(NT_SUCCESS(Status));
    return NT_SUCCESS(Status) ? Hash + (ULONG)(ULONG_PTR)Parent / sizeof(ULONG_PTR) : 0;
}

static PIOP_FILE IopFindInDirectory(
    PIOP_VOLUME Volume, PIOP_FILE Directory, PCUNICODE_STRING Component)
{
    ULONG Hash = IopHashComponent(Directory, Component);
    PIOP_FILE File = Volume->Buckets[Hash % IOP_VOLUME_BUCKETS];

    while (File != NULL
        && !(File->Hash == Hash && File->Parent == Directory
            && RtlEqualUnicodeString(&File->Component, Component, TRUE))) {
        File = File->NextInBucket;
    }
    return File;
}

/* Takes one component and the backslash after it off Rest.  FALSE: there is none. */
static BOOLEAN IopNextComponent(PUNICODE_STRING Rest, PUNICODE_STRING Component)
{
    USHORT Length = 0;
    USHORT Taken;

    while (Length < Rest->Length && Rest->Buffer[Length / sizeof(WCHAR)] != L'\\') {
        if (Rest->Buffer[Length / sizeof(WCHAR)] == L'/') {
            return FALSE; /* no file has it in its name */
        }
        Length += sizeof(WCHAR);
    }
    *Component = (UNICODE_STRING){Length, Length, Rest->Buffer};
    Taken = Length < Rest->Length ? Length + sizeof(WCHAR) : Length;
    Rest->Buffer += Taken / sizeof(WCHAR);
    Rest->Length -= Taken;
    return Length != 0;
}

/* An empty Name is Directory itself.  A directory's name may end with a backslash. */
NTSTATUS IopFindFile(
    PIOP_VOLUME Volume, PIOP_FILE Directory, PCUNICODE_STRING Name, PIOP_FILE *File)
{
    UNICODE_STRING Rest = *Name;
    PIOP_FILE Current = Directory;

    while (Rest.Length != 0) {
        UNICODE_STRING Component;

        if (!Current->Directory) {
            return STATUS_OBJECT_PATH_NOT_FOUND;
        }
        if (!IopNextComponent(&Rest, &Component)) {
            return STATUS_OBJECT_NAME_INVALID;
        }
        Current = IopFindInDirectory(Volume, Current, &Component);
        if (Current == NULL) {
            return Rest.Length != 0 ? STATUS_OBJECT_PATH_NOT_FOUND
                                    : STATUS_OBJECT_NAME_NOT_FOUND;
        }
    }
    if (Name->Length != 0 && Name->Buffer[Name->Length / sizeof(WCHAR) - 1] == L'\\'
        && !Current->Directory) {
        return STATUS_OBJECT_NAME_INVALID;
    }
    *File = Current;
    return STATUS_SUCCESS;
}

/* ---- Building it ----------------------------------------------------------------- */

/* Path: from the root to the new file, whose last component is Component. */
static PIOP_FILE IopAddFile(PIOP_VOLUME Volume, PIOP_FILE Parent, PCUNICODE_STRING Path,
    PCUNICODE_STRING Component)
{
    PIOP_FILE File = ExAllocatePoolZero(NonPagedPool, sizeof(*File) + Path->Length, TAG_FILE);
    PIOP_FILE *Bucket;

    if (File == NULL) {
        return NULL;
    }
    File->Backing.Name = (UNICODE_STRING){Path->Length, Path->Length, (PWSTR)(File + 1)};
    RtlCopyMemory(File->Backing.Name.Buffer, Path->Buffer, Path->Length);
    File->Component = *Component;
    File->Component.Buffer =
        File->Backing.Name.Buffer + (Path->Length - Component->Length) / sizeof(WCHAR);
    File->Parent = Parent;
    File->Directory = TRUE; /* until it is given data */
    File->Hash = IopHashComponent(Parent, Component);
    Bucket = &Volume->Buckets[File->Hash % IOP_VOLUME_BUCKETS];
    File->NextInBucket = *Bucket;
    *Bucket = File;
    return File;
}

typedef struct _IOP_LOADER {
    PIOP_VOLUME Volume;
    CPIO_READER Reader;
} IOP_LOADER, *PIOP_LOADER;

static NTSTATUS IopMemberDamaged(PIOP_LOADER Loader, ULONG Offset, const CHAR *Expected)
{
    Loader->Reader.Problem = Expected;
    Loader->Reader.ProblemOffset = Offset;
    return STATUS_FILE_INVALID;
}

/*
 * Walks Path, adding what is missing.  *Added: the last component is new, so it
 * is the caller's to make a file of it.
 */
static NTSTATUS IopMakePath(PIOP_LOADER Loader, const CPIO_MEMBER *Member,
    PCUNICODE_STRING Path, PIOP_FILE *File, PBOOLEAN Added)
{
    UNICODE_STRING Rest = *Path;
    PIOP_FILE Current = &Loader->Volume->Root;

    *Added = FALSE;
    while (Rest.Length != 0) {
        UNICODE_STRING Component, Prefix = *Path;
        PIOP_FILE Parent = Current;

        if (!Parent->Directory || !IopNextComponent(&Rest, &Component)) {
            return IopMemberDamaged(Loader, Member->NameOffset,
                "a relative name whose parts before the last are directories");
        }
        Current = IopFindInDirectory(Loader->Volume, Parent, &Component);
        if (Current == NULL) {
            Prefix.Length = (USHORT)((Component.Buffer - Path->Buffer) * (LONG)sizeof(WCHAR))
                + Component.Length;
            Current = IopAddFile(Loader->Volume, Parent, &Prefix, &Component);
            *Added = TRUE;
        }
        if (Current == NULL) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
    }
    *File = Current;
    return STATUS_SUCCESS;
}

/* "./a/b" or "a/b" to "a\b"; the archive's root "." to nothing. */
static void IopConvertName(const CPIO_MEMBER *Member, PWSTR Buffer, PUNICODE_STRING Path)
{
    const CHAR *Name = Member->Name;
    ULONG Length = Member->NameLength;

    if (Length >= 2 && Name[0] == '.' && Name[1] == '/') {
        Name += 2;
        Length -= 2;
    } else if (Length == 1 && Name[0] == '.') {
        Length = 0;
    }
    for (ULONG i = 0; i < Length; i++) {
        Buffer[i] = Name[i] == '/' ? L'\\' : (UCHAR)Name[i];
    }
    *Path = (UNICODE_STRING){
        (USHORT)(Length * sizeof(WCHAR)), (USHORT)(Length * sizeof(WCHAR)), Buffer};
}

/* Image pages are mapped where they lie, so data must begin on a page. */
static NTSTATUS IopSetContent(
    PIOP_LOADER Loader, const CPIO_MEMBER *Member, PIOP_FILE File, BOOLEAN Added)
{
    File->Time.QuadPart = (LONGLONG)((Member->Time + SECONDS_TO_1970) * 10000000u);
    if ((Member->Mode & CPIO_TYPE_MASK) == CPIO_DIRECTORY && File->Directory) {
        return STATUS_SUCCESS;
    }
    if ((Member->Mode & CPIO_TYPE_MASK) != CPIO_REGULAR || !Added) {
        return IopMemberDamaged(Loader, Member->NameOffset,
            Added ? "a regular file or a directory"
                  : "a name that no other member has (upper and lower case are the same)");
    }
    if (Member->DataSize != 0 && (ULONG_PTR)Member->Data % PAGE_SIZE != 0) {
        return IopMemberDamaged(Loader, Member->DataOffset,
            "file data at a multiple of 4096 (tools/mkramdisk.py pads names for that)");
    }
    File->Directory = FALSE;
    File->Backing.Data = Member->Data;
    File->Backing.Size = Member->DataSize;
    return STATUS_SUCCESS;
}

static NTSTATUS IopAddMember(PIOP_LOADER Loader, const CPIO_MEMBER *Member)
{
    WCHAR Buffer[MAXIMUM_PATH];
    UNICODE_STRING Path;
    PIOP_FILE File;
    BOOLEAN Added;
    NTSTATUS Status;

    if (Member->NameLength > MAXIMUM_PATH) {
        return IopMemberDamaged(
            Loader, Member->NameOffset, "a name of at most 255 characters");
    }
    IopConvertName(Member, Buffer, &Path);
    Status = IopMakePath(Loader, Member, &Path, &File, &Added);
    return NT_SUCCESS(Status) ? IopSetContent(Loader, Member, File, Added) : Status;
}

NTSTATUS IopLoadVolume(const void *Archive, ULONG Size, PIOP_VOLUME *Volume,
    const CHAR **Problem, PULONG Offset)
{
    IOP_LOADER Loader;
    CPIO_MEMBER Member;
    NTSTATUS Status;

    IopInitializeCpio(&Loader.Reader, Archive, Size);
    Loader.Volume = ExAllocatePoolZero(NonPagedPool, sizeof(IOP_VOLUME), TAG_VOLUME);
    if (Loader.Volume == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Loader.Volume->Root.Directory = TRUE;
    do {
        Status = IopNextCpioMember(&Loader.Reader, &Member);
        if (NT_SUCCESS(Status)) {
            Status = IopAddMember(&Loader, &Member);
        }
    } while (NT_SUCCESS(Status));
    *Problem = Loader.Reader.Problem;
    *Offset = Loader.Reader.ProblemOffset;
    if (Status != STATUS_NO_MORE_ENTRIES) {
        IopFreeVolume(Loader.Volume);
        return Status;
    }
    *Volume = Loader.Volume;
    return STATUS_SUCCESS;
}

void IopFreeVolume(PIOP_VOLUME Volume)
{
    for (ULONG i = 0; i < IOP_VOLUME_BUCKETS; i++) {
        while (Volume->Buckets[i] != NULL) {
            PIOP_FILE File = Volume->Buckets[i];

            Volume->Buckets[i] = File->NextInBucket;
            ExFreePoolWithTag(File, TAG_FILE);
        }
    }
    ExFreePoolWithTag(Volume, TAG_VOLUME);
}
