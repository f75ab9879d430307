/* SPDX-License-Identifier: MIT */
/*
 * Io, files: the ramdisk's files, the console.  What other layers may call.
 */
#pragma once
#include "mm.h"
#include "ob.h"

extern POBJECT_TYPE IoFileObjectType;
extern POBJECT_TYPE IoDeviceObjectType;

_Must_inspect_result_ NTSTATUS IoInitSystem(void); /* types, \Device, \??, console */
/*
 * IoMountRamdisk - the newc archive at a physical address becomes \Device\Ramdisk.
 *
 * Also makes \SystemRoot and \??\C:.  STATUS_FILE_INVALID if it is damaged;
 * *Problem then says in words what was expected at which offset.
 */
_Must_inspect_result_ NTSTATUS IoMountRamdisk(
    ULONG PhysicalStart, ULONG Size, _Out_ const CHAR **Problem, _Out_ PULONG Offset);
/* The whole content of a file, for the kernel itself: \SystemRoot\system32\ntdll.dll. */
_Must_inspect_result_ NTSTATUS IoOpenBackingFile(
    PCWSTR Path, _Out_ PVOID *FileObject, _Out_ PMM_BACKING_FILE *Backing);
