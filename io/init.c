/* SPDX-License-Identifier: MIT */
/*
 * Io's start: the types Device and File, \Device, the console.  The ramdisk comes
 * in phase 1 (IoMountRamdisk).
 *
 * Read io/file.c first, then ramdisk.c and console.c; io/iop.h has the structures.
 */
#include "io/iop.h"

/* How Mm gets from a file handle to what a section is made of. */
static NTSTATUS IopReferenceBackingFile(HANDLE Handle, ACCESS_MASK Access, KPROCESSOR_MODE Mode,
    PVOID *FileObject, PMM_BACKING_FILE *Backing)
{
    PVOID Object;
    PFILE_OBJECT File;
    NTSTATUS Status =
        ObReferenceObjectByHandle(Handle, Access, IoFileObjectType, Mode, &Object, NULL);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    File = Object;
    if (File->File == NULL || File->File->Directory) {
        ObDereferenceObject(File);
        return STATUS_INVALID_FILE_FOR_SECTION;
    }
    *FileObject = File;
    *Backing = &File->File->Backing;
    return STATUS_SUCCESS;
}

static NTSTATUS IopInitNames(void)
{
    NTSTATUS Status = ObCreateDirectory(L"\\Device");

    return NT_SUCCESS(Status) ? ObCreateSymbolicLink(L"\\DosDevices", L"\\??") : Status;
}

NTSTATUS IoInitSystem(void)
{
    static NTSTATUS (*const Steps[])(void) = {
        IopInitDevices,
        IopInitFiles,
        IopInitCompletion,
        IopInitNames,
        IopInitConsole,
    };
    NTSTATUS Status = STATUS_SUCCESS;

    for (ULONG i = 0; NT_SUCCESS(Status) && i < ARRAYSIZE(Steps); i++) {
        Status = Steps[i]();
    }
    MmReferenceFileRoutine = IopReferenceBackingFile;
    return Status;
}
