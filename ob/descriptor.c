/* SPDX-License-Identifier: MIT */
/*
 * Security descriptors of objects: taken out of the caller's memory, put together
 * from parts, taken apart.  What an object keeps is self-relative, in one block of
 * pool; what access it would allow is asked by nobody (docs/differences-from-nt.md).
 *
 * The caller may change his descriptor meanwhile: the first bytes of each part say
 * how long it is and are read once, the rest is judged after it has been copied.
 *
 * Next: security.c.
 */
#include "ob/obp.h"

enum { ObpOwner, ObpGroup, ObpSacl, ObpDacl, ObpParts }; /* as they lie in a descriptor */

/* A SID's first eight bytes or a list's header, and where it lies. */
typedef struct _OBP_PART {
    ULONG_PTR Source;
    union {
        UCHAR Bytes[8];
        ACL Acl;
        struct {
            UCHAR Revision;
            UCHAR SubAuthorityCount;
        } Sid;
    } Header;
    ULONG Length; /* 0: there is none */
} OBP_PART;

typedef struct _OBP_CAPTURE {
    KPROCESSOR_MODE Mode;
    SECURITY_DESCRIPTOR_RELATIVE Header; /* or an absolute one, of the same size */
    OBP_PART Parts[ObpParts];
} OBP_CAPTURE;

static ULONG ObpAlignPart(ULONG Length)
{
    return (Length + 3) & ~3u;
}

static NTSTATUS ObpCaptureHeader(OBP_CAPTURE *Capture, const void __user *Source)
{
    NTSTATUS Status;

    if (Capture->Mode == UserMode && (__force ULONG_PTR)Source % sizeof(ULONG) != 0) {
        return STATUS_DATATYPE_MISALIGNMENT;
    }
    Status = ObpCopyIn(&Capture->Header, Source, sizeof(Capture->Header), Capture->Mode);
    if (NT_SUCCESS(Status) && Capture->Header.Revision != SECURITY_DESCRIPTOR_REVISION) {
        Status = STATUS_UNKNOWN_REVISION;
    }
    return Status;
}

/* A list that its flag does not announce does not count. */
static ULONG ObpPartField(const OBP_CAPTURE *Capture, ULONG Number)
{
    static const USHORT Present[ObpParts] = {0, 0, SE_SACL_PRESENT, SE_DACL_PRESENT};
    const ULONG Fields[ObpParts] = {Capture->Header.Owner, Capture->Header.Group,
        Capture->Header.Sacl, Capture->Header.Dacl};

    return (Capture->Header.Control & Present[Number]) == Present[Number] ? Fields[Number] : 0;
}

static NTSTATUS ObpMeasurePart(OBP_PART *Part, ULONG Number)
{
    if (Number == ObpSacl || Number == ObpDacl) {
        Part->Length = Part->Header.Acl.AclSize;
        return Part->Length >= sizeof(ACL) ? STATUS_SUCCESS : STATUS_INVALID_ACL;
    }
    Part->Length = RtlLengthRequiredSid(Part->Header.Sid.SubAuthorityCount);
    return RtlValidSid(Part->Header.Bytes) ? STATUS_SUCCESS : STATUS_INVALID_SID;
}

/* An offset that leads out of the descriptor leads to other memory of the caller's. */
static NTSTATUS ObpCapturePart(OBP_CAPTURE *Capture, const void __user *Source, ULONG Number)
{
    OBP_PART *Part = &Capture->Parts[Number];
    ULONG Field = ObpPartField(Capture, Number);
    NTSTATUS Status;

    if (Field == 0) {
        return STATUS_SUCCESS;
    }
    Part->Source =
        Capture->Header.Control & SE_SELF_RELATIVE ? (__force ULONG_PTR)Source + Field : Field;
    Status = ObpCopyIn(&Part->Header, (__force const void __user *)Part->Source,
        sizeof(Part->Header), Capture->Mode);
    return NT_SUCCESS(Status) ? ObpMeasurePart(Part, Number) : Status;
}

/* The rest of a part, behind its header. */
static NTSTATUS ObpCopyPart(const OBP_CAPTURE *Capture, ULONG Number, PUCHAR Target)
{
    const OBP_PART *Part = &Capture->Parts[Number];
    const ULONG Size = sizeof(Part->Header);
    NTSTATUS Status;

    RtlCopyMemory(Target, &Part->Header, Size);
    Status = ObpCopyIn(Target + Size, (__force const void __user *)(Part->Source + Size),
        Part->Length - Size, Capture->Mode);
    if (NT_SUCCESS(Status) && (Number == ObpSacl || Number == ObpDacl) &&
        !RtlValidAcl((PACL)Target)) {
        Status = STATUS_INVALID_ACL;
    }
    return Status;
}

/* Block is zeroed and long enough. */
static NTSTATUS ObpAssemble(const OBP_CAPTURE *Capture, PUCHAR Block)
{
    PISECURITY_DESCRIPTOR_RELATIVE Relative = (PISECURITY_DESCRIPTOR_RELATIVE)Block;
    PULONG const Fields[ObpParts] = {
        &Relative->Owner, &Relative->Group, &Relative->Sacl, &Relative->Dacl};
    ULONG End = sizeof(*Relative);
    NTSTATUS Status = STATUS_SUCCESS;

    Relative->Revision = SECURITY_DESCRIPTOR_REVISION;
    Relative->Control = Capture->Header.Control | SE_SELF_RELATIVE;
    for (ULONG i = 0; NT_SUCCESS(Status) && i < ObpParts; i++) {
        if (Capture->Parts[i].Length != 0) {
            *Fields[i] = End;
            Status = ObpCopyPart(Capture, i, Block + End);
            End += ObpAlignPart(Capture->Parts[i].Length);
        }
    }
    return Status;
}

/*
 * ObpCaptureDescriptor - a valid self-relative copy of a descriptor of either form.
 *
 * UNKNOWN_REVISION, INVALID_SID, INVALID_ACL, ACCESS_VIOLATION, and for user mode
 * DATATYPE_MISALIGNMENT.  No part can be longer than 64 KiB.
 */
NTSTATUS ObpCaptureDescriptor(
    const void __user *Source, KPROCESSOR_MODE Mode, PSECURITY_DESCRIPTOR *Captured)
{
    OBP_CAPTURE Capture = {.Mode = Mode};
    ULONG Length = sizeof(SECURITY_DESCRIPTOR_RELATIVE);
    NTSTATUS Status = ObpCaptureHeader(&Capture, Source);
    PUCHAR Block;

    for (ULONG i = 0; NT_SUCCESS(Status) && i < ObpParts; i++) {
        Status = ObpCapturePart(&Capture, Source, i);
        Length += ObpAlignPart(Capture.Parts[i].Length);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Block = ExAllocatePoolZero(PagedPool, Length, TAG_SECURITY);
    if (Block == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Status = ObpAssemble(&Capture, Block);
    if (!NT_SUCCESS(Status)) {
        ObpFreeDescriptor(Block);
        return Status;
    }
    *Captured = Block;
    return STATUS_SUCCESS;
}

#define OBP_DACL_CONTROL                                                                       \
    (SE_DACL_PRESENT | SE_DACL_DEFAULTED | SE_DACL_AUTO_INHERITED | SE_DACL_PROTECTED)
#define OBP_SACL_CONTROL                                                                       \
    (SE_SACL_PRESENT | SE_SACL_DEFAULTED | SE_SACL_AUTO_INHERITED | SE_SACL_PROTECTED)

void ObpSelectParts(PSECURITY_DESCRIPTOR Source, SECURITY_INFORMATION Information,
    PISECURITY_DESCRIPTOR Selected)
{
    PISECURITY_DESCRIPTOR_RELATIVE Relative = Source;
    PUCHAR Start = Source;
    ULONG Control = 0;

    Selected->Revision = SECURITY_DESCRIPTOR_REVISION;
    if (Source == NULL) {
        return;
    }
    if (Information & OWNER_SECURITY_INFORMATION) {
        Selected->Owner = Relative->Owner != 0 ? Start + Relative->Owner : NULL;
        Control |= SE_OWNER_DEFAULTED;
    }
    if (Information & GROUP_SECURITY_INFORMATION) {
        Selected->Group = Relative->Group != 0 ? Start + Relative->Group : NULL;
        Control |= SE_GROUP_DEFAULTED;
    }
    if (Information & SACL_SECURITY_INFORMATION) {
        Selected->Sacl = Relative->Sacl != 0 ? (PACL)(Start + Relative->Sacl) : NULL;
        Control |= OBP_SACL_CONTROL;
    }
    if (Information & DACL_SECURITY_INFORMATION) {
        Selected->Dacl = Relative->Dacl != 0 ? (PACL)(Start + Relative->Dacl) : NULL;
        Control |= OBP_DACL_CONTROL;
    }
    Selected->Control |= Relative->Control & Control;
}

NTSTATUS ObpMergeDescriptors(PSECURITY_DESCRIPTOR Old, PSECURITY_DESCRIPTOR New,
    SECURITY_INFORMATION Information, PSECURITY_DESCRIPTOR *Merged)
{
    SECURITY_DESCRIPTOR Parts = {.Revision = 0};
    ULONG Length;
    NTSTATUS Status;

    ObpSelectParts(Old, OBP_SECURITY_PARTS & ~Information, &Parts);
    ObpSelectParts(New, Information, &Parts);
    Length = RtlLengthSecurityDescriptor(&Parts);
    *Merged = ExAllocatePoolWithTag(PagedPool, Length, TAG_SECURITY);
    if (*Merged == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Status = RtlMakeSelfRelativeSD(&Parts, *Merged, &Length);
    ASSERT(NT_SUCCESS(Status)); /* it is long enough */
    return Status;
}
