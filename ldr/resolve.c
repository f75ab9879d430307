/* SPDX-License-Identifier: MIT */
/*
 * One export to an address.  An export may be a forwarder, the text "DLL.Name"
 * or "DLL.#Ordinal", that leads to another DLL, and from there to a third.
 */
#include "ldr/ldrp.h"

#define LDRP_MAXIMUM_FORWARDS 16 /* two DLLs may forward to each other for ever */

/* Splits a forwarder at its last dot; DLL names may have dots of their own. */
static NTSTATUS LdrpSplitForwarder(PCSTR Forwarder, PCHAR Dll, PCSTR *Name, PULONG Ordinal)
{
    SIZE_T Length = strlen(Forwarder);
    SIZE_T Dot = Length;

    while (Dot > 0 && Forwarder[Dot - 1] != '.') {
        Dot--;
    }
    if (Dot < 2 || Dot > LDRP_MAXIMUM_NAME || Dot == Length) {
        return STATUS_INVALID_IMAGE_FORMAT;
    }
    memcpy(Dll, Forwarder, Dot - 1);
    Dll[Dot - 1] = 0;
    *Name = Forwarder + Dot;
    *Ordinal = 0;
    if (Forwarder[Dot] == '#') {
        *Name = NULL;
        return RtlCharToInteger(Forwarder + Dot + 1, 10, Ordinal);
    }
    return STATUS_SUCCESS;
}

/* Module's export is elsewhere; Module keeps that DLL loaded. */
static NTSTATUS LdrpFollowForwarder(
    PLDRP_MODULE Module, PCSTR Forwarder, ULONG Depth, PVOID *Address)
{
    CHAR Dll[LDRP_MAXIMUM_NAME];
    PLDRP_MODULE Target;
    PCSTR Name;
    ULONG Ordinal;
    NTSTATUS Status;

    if (Depth == LDRP_MAXIMUM_FORWARDS) {
        return STATUS_ENTRYPOINT_NOT_FOUND;
    }
    Status = LdrpSplitForwarder(Forwarder, Dll, &Name, &Ordinal);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = LdrpLoadImportedModule(Module, Dll, &Target);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = LdrpResolveExport(Target, Name, Ordinal, Depth + 1, Address);
    LdrpDereference(Target);
    return Status;
}

/* By Name, with a hint or 0, or by ordinal if Name is NULL.  Depth: 0 for callers. */
NTSTATUS LdrpResolveExport(
    PLDRP_MODULE Module, PCSTR Name, ULONG HintOrOrdinal, ULONG Depth, PVOID *Address)
{
    LDR_EXPORT Export;
    NTSTATUS Status;

    if (!Module->ExportsOpen) {
        Status = LdrOpenExports(
            Module->Entry.DllBase, Module->Entry.SizeOfImage, &Module->Exports);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        Module->ExportsOpen = TRUE;
    }
    Status = LdrFindExport(&Module->Exports, Name, HintOrOrdinal, &Export);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Export.Forwarder != NULL) {
        return LdrpFollowForwarder(Module, Export.Forwarder, Depth, Address);
    }
    *Address = (PUCHAR)Module->Entry.DllBase + Export.Rva;
    return STATUS_SUCCESS;
}
