/* SPDX-License-Identifier: MIT */
/*
 * Device objects: \Device\Ramdisk, \Device\Console.  Nobody gets a handle to one:
 * opening its name runs IopParseDevice, which makes a file object for it.
 */
#include "io/iop.h"

#define TAG_DEVICE POOL_TAG('D', 'e', 'v', 'i')

POBJECT_TYPE IoDeviceObjectType;

/* A look-up without a packet is not an open of a file: nothing else is in a device. */
static NTSTATUS IopParseDevice(PVOID ParseObject, POBJECT_TYPE ObjectType, KPROCESSOR_MODE Mode,
    ULONG Attributes, PCUNICODE_STRING RemainingName, PVOID Context, PVOID *Found)
{
    UNREFERENCED_PARAMETER(Mode);
    UNREFERENCED_PARAMETER(Attributes);
    if (ObjectType != IoFileObjectType || Context == NULL) {
        return STATUS_OBJECT_TYPE_MISMATCH;
    }
    return IopOpenOnDevice(ParseObject, NULL, RemainingName, Context, Found);
}

static void IopDeleteDevice(PVOID Object)
{
    PDEVICE_OBJECT Device = Object;

    if (Device->Volume != NULL) {
        IopFreeVolume(Device->Volume);
    }
}

NTSTATUS IopInitDevices(void)
{
    static const OBJECT_TYPE_INITIALIZER TypeInfo = {
        .InvalidAttributes = OBJ_OPENLINK,
        .GenericMapping = {STANDARD_RIGHTS_READ, STANDARD_RIGHTS_WRITE, STANDARD_RIGHTS_EXECUTE,
            STANDARD_RIGHTS_ALL},
        .ValidAccessMask = STANDARD_RIGHTS_ALL,
        .PoolTag = TAG_DEVICE,
        .BodySize = sizeof(DEVICE_OBJECT),
        .DeleteProcedure = IopDeleteDevice,
        .ParseProcedure = IopParseDevice,
    };

    return ObCreateObjectType(L"Device", &TypeInfo, &IoDeviceObjectType);
}

NTSTATUS IopCreateDevice(PCWSTR Name, const IOP_DEVICE_ROUTINES *Routines, PIOP_VOLUME Volume)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING String;
    PVOID Object;
    PDEVICE_OBJECT Device;
    NTSTATUS Status;

    RtlInitUnicodeString(&String, Name);
    InitializeObjectAttributes(&Attributes, &String, OBJ_PERMANENT, NULL, NULL);
    Status = ObCreateObject(KernelMode, IoDeviceObjectType,
        (__force OBJECT_ATTRIBUTES __user *)&Attributes, 0, &Object);
    if (!NT_SUCCESS(Status)) {
        if (Volume != NULL) {
            IopFreeVolume(Volume);
        }
        return Status;
    }
    Device = Object;
    Device->Routines = Routines;
    Device->Volume = Volume;
    return ObInsertObject(Device, 0, NULL);
}
