/* SPDX-License-Identifier: MIT */
/*
 * ntdll.dll, the one DLL the kernel knows.
 *
 * It is mapped into every process at the same base before the process runs, so
 * the kernel can enter user mode at its routines: the thunk that initialises a
 * process, the dispatchers of APCs and exceptions, and the system-call stub whose
 * address every process reads from the shared page.
 */
#include "ldr/pe.h"
#include "ps/psp.h"

#define PSP_SYSTEM_DLL_PATH L"\\SystemRoot\\system32\\ntdll.dll"

PSECTION PspSystemDllSection;
PVOID PspSystemDllBase;
PVOID PspLdrInitializeThunk;

/* The stubs' addresses go to the shared page, not to the kernel. */
static PVOID PspFastSystemCall;
static PVOID PspFastSystemCallRet;
static PVOID PspIntSystemCall;

static const struct {
    const CHAR *Name;
    PVOID *Address;
} PspSystemDllExports[] = {
    {"LdrInitializeThunk", &PspLdrInitializeThunk},
    {"KiUserApcDispatcher", &KeUserApcDispatcher},
    {"KiUserExceptionDispatcher", &KeUserExceptionDispatcher},
    {"KiUserCallbackDispatcher", &KeUserCallbackDispatcher},
    {"KiRaiseUserExceptionDispatcher", &KeRaiseUserExceptionDispatcher},
    {"KiFastSystemCall", &PspFastSystemCall},
    {"KiFastSystemCallRet", &PspFastSystemCallRet},
    {"KiIntSystemCall", &PspIntSystemCall},
};

static NTSTATUS PspMapDllAt(PKPROCESS Process, PVOID *Base, PSIZE_T Size)
{
    LARGE_INTEGER Offset = {.QuadPart = 0};

    *Size = 0;
    return MmMapViewOfSection(PspSystemDllSection, Process, Base, 0, 0, &Offset, Size, ViewShare,
        0, PAGE_EXECUTE_READ);
}

/* Image is a kernel copy of the mapped DLL. */
static NTSTATUS PspFindExports(PVOID Image, ULONG Size, _Out_ const CHAR **Which)
{
    for (ULONG i = 0; i < ARRAYSIZE(PspSystemDllExports); i++) {
        LDR_EXPORT Export;

        *Which = PspSystemDllExports[i].Name;
        NTSTATUS Status = LdrFindExportByName(Image, Size, *Which, &Export);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
        if (Export.Forwarder != NULL) {
            return STATUS_INVALID_IMAGE_FORMAT;
        }
        *PspSystemDllExports[i].Address = (PUCHAR)PspSystemDllBase + Export.Rva;
    }
    return STATUS_SUCCESS;
}

/* The parser reads plain memory, and user memory is never that: so it reads a copy. */
static NTSTATUS PspReadExports(SIZE_T Size, _Out_ const CHAR **Which)
{
    PVOID Copy = ExAllocatePoolWithTag(PagedPool, Size, TAG_PS);

    if (Copy == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    NTSTATUS Status = MmCopyFromUser(Copy, (__force const void __user *)PspSystemDllBase, Size);

    if (NT_SUCCESS(Status)) {
        Status = PspFindExports(Copy, Size, Which);
    }
    ExFreePoolWithTag(Copy, TAG_PS);
    return Status;
}

/*
 * PsLocateSystemDll - section of ntdll, its base, its entry points.
 *
 * Runs in the System process, which keeps a view of it as NT's does.
 */
NTSTATUS PsLocateSystemDll(const CHAR **Which)
{
    PMM_BACKING_FILE Backing;
    PVOID File;
    SIZE_T Size;

    *Which = "\\SystemRoot\\system32\\ntdll.dll";
    NTSTATUS Status = IoOpenBackingFile(PSP_SYSTEM_DLL_PATH, &File, &Backing);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = MmCreateImageSection(Backing, File, &PspSystemDllSection);
    ObDereferenceObject(File); /* the section keeps what it needs */
    if (NT_SUCCESS(Status)) {
        Status = PspMapDllAt(&PsInitialSystemProcess->Pcb, &PspSystemDllBase, &Size);
    }
    if (NT_SUCCESS(Status)) {
        Status = PspReadExports(Size, Which);
    }
    if (NT_SUCCESS(Status)) {
        KeSetSystemCallStub(PspFastSystemCall, PspFastSystemCallRet, PspIntSystemCall);
    }
    return Status;
}

/* STATUS_CONFLICTING_ADDRESSES when the program's own image lies where ntdll must. */
NTSTATUS PspMapSystemDll(PEPROCESS Process)
{
    PVOID Base = PspSystemDllBase;
    SIZE_T Size;

    return PspMapDllAt(&Process->Pcb, &Base, &Size);
}
