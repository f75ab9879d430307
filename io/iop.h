/* SPDX-License-Identifier: MIT */
/*
 * Io's own: volumes, devices, open files, and what the files of io/ share.
 *
 *   IOP_VOLUME     the names of one mounted archive: a tree of IOP_FILE
 *   DEVICE_OBJECT  what a name in \Device leads to, with its routines
 *   FILE_OBJECT    one open of a device, or of a file on a device's volume
 *
 * There are no drivers and no IRPs: a service calls the device's routine and
 * returns when that does, so every operation is synchronous.
 */
#pragma once
#include "ex.h"
#include "io.h"
#include "nt/native.h"

/* What NT has and inc/nt/info.h, for lack of users there, has not. */
#define FILE_READ_EA           0x00000008
#define FILE_WRITE_EA          0x00000010
#define FILE_DELETE_CHILD      0x00000040
#define FILE_SUPERSEDE         0
#define FILE_CREATE            2
#define FILE_OPEN_IF           3
#define FILE_OVERWRITE         4
#define FILE_OVERWRITE_IF      5
#define FILE_DELETE_ON_CLOSE   0x00001000
#define FILE_OPEN_BY_FILE_ID   0x00002000
#define FILE_VALID_OPTIONS     0x00FFFFFF
#define FILE_VALID_SHARE       (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)
#define FILE_SYNCHRONOUS_IO    (FILE_SYNCHRONOUS_IO_ALERT | FILE_SYNCHRONOUS_IO_NONALERT)
#define FILE_MODIFYING_ACCESS                                                                  \
    (FILE_WRITE_DATA | FILE_APPEND_DATA | FILE_WRITE_EA | FILE_WRITE_ATTRIBUTES                \
        | FILE_DELETE_CHILD | DELETE)

#define IOP_VOLUME_BUCKETS 64

/* A file or directory of a volume.  Fixed once the volume is mounted. */
typedef struct _IOP_FILE {
    struct _IOP_FILE *NextInBucket;
    struct _IOP_FILE *Parent; /* NULL: the volume's root */
    ULONG Hash;               /* of Parent and Component */
    UNICODE_STRING Component; /* last part of Backing.Name */
    BOOLEAN Directory;
    LARGE_INTEGER Time;       /* of the last write, 100 ns since 1601 */
    MM_BACKING_FILE Backing;  /* Name: windows\system32\ntdll.dll */
} IOP_FILE, *PIOP_FILE;

typedef struct _IOP_VOLUME {
    IOP_FILE Root;
    PIOP_FILE Buckets[IOP_VOLUME_BUCKETS]; /* every other file */
} IOP_VOLUME, *PIOP_VOLUME;

/* ParseContext of a look-up that opens a file; without one a name cannot be opened. */
typedef struct _IOP_OPEN_PACKET {
    ACCESS_MASK Access; /* no generic bits */
    ULONG Disposition;
    ULONG Options;
    PIOP_FILE File; /* result; NULL: the device itself */
    BOOLEAN Parsed; /* result: a new file object was made */
} IOP_OPEN_PACKET, *PIOP_OPEN_PACKET;

typedef struct _DEVICE_OBJECT DEVICE_OBJECT, *PDEVICE_OBJECT;
typedef struct _FILE_OBJECT FILE_OBJECT, *PFILE_OBJECT;

/* Offset NULL: where the file stands, or a device that has no positions. */
typedef NTSTATUS IOP_TRANSFER(PFILE_OBJECT File, VOID __user *Buffer, ULONG Length,
    _In_opt_ const LARGE_INTEGER *Offset, _Out_ PULONG Done);

typedef struct _IOP_DEVICE_ROUTINES {
    /* Name, below Directory (NULL: the device), which may be empty; sets Packet->File. */
    NTSTATUS (*Open)(PDEVICE_OBJECT Device, _In_opt_ PIOP_FILE Directory, PCUNICODE_STRING Name,
        PIOP_OPEN_PACKET Packet);
    IOP_TRANSFER *Read;
    IOP_TRANSFER *Write;
} IOP_DEVICE_ROUTINES;

struct _DEVICE_OBJECT {
    const IOP_DEVICE_ROUTINES *Routines;
    PIOP_VOLUME Volume; /* owned; NULL: not a disk */
};

struct _FILE_OBJECT {
    PDEVICE_OBJECT Device; /* referenced; NULL in a half-made object */
    PIOP_FILE File;        /* on the device's volume, or NULL */
    ULONG Options;         /* FILE_SYNCHRONOUS_IO_... and the like, as opened */
    KEVENT Event;          /* what a wait for the file waits for: always signalled */
    KGUARDED_MUTEX Lock;   /* one operation at a time; guards the following */
    LARGE_INTEGER CurrentByteOffset;
};

/* ---- volume.c ---- */
/*
 * IopLoadVolume - the names and data of an archive.  The archive must stay.
 *
 * STATUS_FILE_INVALID: *Problem says what was expected at *Offset.
 */
_Must_inspect_result_ NTSTATUS IopLoadVolume(const void *Archive, ULONG Size,
    _Out_ PIOP_VOLUME *Volume, _Out_ const CHAR **Problem, _Out_ PULONG Offset);
void IopFreeVolume(PIOP_VOLUME Volume);
/* OBJECT_NAME_NOT_FOUND: all but the last component are there; OBJECT_PATH_NOT_FOUND. */
_Must_inspect_result_ NTSTATUS IopFindFile(PIOP_VOLUME Volume, PIOP_FILE Directory,
    PCUNICODE_STRING Name, _Out_ PIOP_FILE *File);

/* ---- device.c, file.c: object types; ramdisk.c, console.c: devices ---- */
_Must_inspect_result_ NTSTATUS IopInitDevices(void);
_Must_inspect_result_ NTSTATUS IopInitFiles(void);
_Must_inspect_result_ NTSTATUS IopInitCompletion(void);
_Must_inspect_result_ NTSTATUS IopInitConsole(void);
/* A permanent device with a reference by its name.  Owns Volume from here on. */
_Must_inspect_result_ NTSTATUS IopCreateDevice(
    PCWSTR Name, const IOP_DEVICE_ROUTINES *Routines, _In_opt_ PIOP_VOLUME Volume);
/* A file object for a name below a device (and a directory of it). */
_Must_inspect_result_ NTSTATUS IopOpenOnDevice(PDEVICE_OBJECT Device,
    _In_opt_ PIOP_FILE Directory, PCUNICODE_STRING Name, PIOP_OPEN_PACKET Packet,
    _Out_ PVOID *FileObject);
/* The handle of ObjectAttributes' file; Packet says how to open it. */
_Must_inspect_result_ NTSTATUS IopOpenHandle(OBJECT_ATTRIBUTES __user *ObjectAttributes,
    ACCESS_MASK DesiredAccess, PIOP_OPEN_PACKET Packet, _Out_ PHANDLE Handle);
_Must_inspect_result_ NTSTATUS IopReferenceFile(
    HANDLE Handle, ACCESS_MASK DesiredAccess, _Out_ PFILE_OBJECT *File);
_Must_inspect_result_ NTSTATUS IopWriteStatusBlock(
    IO_STATUS_BLOCK __user *IoStatusBlock, NTSTATUS Status, ULONG_PTR Information);
