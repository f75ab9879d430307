/* SPDX-License-Identifier: MIT */
/*
 * PsLaunchProgram: a user process made by the kernel itself.
 *
 * smss, the first one, has no user-mode creator, and neither have the programs of
 * the boot-time tests.  The kernel goes through the same services as a creator
 * would, with previous mode Kernel: section, process, parameters, stack, thread.
 */
#include "ps/psp.h"

#define PSP_STACK_RESERVE 0x40000 /* bytes, unless the image wants more */
#define PSP_STACK_COMMIT  0x4000
#define PSP_CONSOLE       L"\\Device\\Console"
#define PSP_DLL_PATH      L"C:\\WINDOWS\\system32"
#define PSP_DIRECTORY     L"C:\\"
#define PSP_ENVIRONMENT   L"Path=C:\\WINDOWS\\system32\0SystemRoot=C:\\WINDOWS\0"

typedef struct _PSP_LAUNCH {
    PEPROCESS Process; /* referenced through its handle while it is needed */
    HANDLE Section;
    HANDLE Console;
    HANDLE ProcessHandle;
    SECTION_IMAGE_INFORMATION Image;
} PSP_LAUNCH, *PPSP_LAUNCH;

/* ---- Process parameters ---------------------------------------------------------- */

/* Appends a string after the structure and stores its offset: the de-normalised form. */
static void PspAddString(
    PRTL_USER_PROCESS_PARAMETERS Parameters, PUNICODE_STRING Slot, PCUNICODE_STRING Text)
{
    PUCHAR End = (PUCHAR)Parameters + Parameters->Length;

    RtlCopyMemory(End, Text->Buffer, Text->Length);
    Slot->Buffer = (PWSTR)(ULONG_PTR)Parameters->Length;
    Slot->Length = Text->Length;
    Slot->MaximumLength = Text->Length + sizeof(WCHAR); /* the block is zeroed */
    Parameters->Length += ALIGN_UP_BY(Slot->MaximumLength, sizeof(ULONG));
}

/* The Win32 form of an NT path as the loader and programs see it. */
static UNICODE_STRING PspImagePath(PCWSTR Path)
{
    UNICODE_STRING Name;

    RtlInitUnicodeString(&Name, Path);
    if (Name.Length > 4 * sizeof(WCHAR) && Path[1] == L'?') { /* skip \??\ */
        Name.Buffer += 4;
        Name.Length -= 4 * sizeof(WCHAR);
    }
    return Name;
}

static PRTL_USER_PROCESS_PARAMETERS PspBuildParameters(
    PPSP_LAUNCH Launch, PCWSTR Path, PCWSTR CommandLine)
{
    UNICODE_STRING Image = PspImagePath(Path);
    UNICODE_STRING Command, DllPath, Directory;

    RtlInitUnicodeString(&Command, CommandLine);
    RtlInitUnicodeString(&DllPath, PSP_DLL_PATH);
    RtlInitUnicodeString(&Directory, PSP_DIRECTORY);
    ULONG Size = sizeof(RTL_USER_PROCESS_PARAMETERS) + Image.Length + Command.Length +
        DllPath.Length + Directory.Length + 5 * 2 * sizeof(WCHAR);
    PRTL_USER_PROCESS_PARAMETERS Parameters = ExAllocatePoolZero(PagedPool, Size, TAG_PS);

    if (Parameters == NULL) {
        return NULL;
    }
    Parameters->MaximumLength = Size;
    Parameters->Length = sizeof(RTL_USER_PROCESS_PARAMETERS);
    Parameters->StandardInput = Launch->Console;
    Parameters->StandardOutput = Launch->Console;
    Parameters->StandardError = Launch->Console;
    PspAddString(Parameters, &Parameters->CurrentDirectory.DosPath, &Directory);
    PspAddString(Parameters, &Parameters->DllPath, &DllPath);
    PspAddString(Parameters, &Parameters->ImagePathName, &Image);
    PspAddString(Parameters, &Parameters->CommandLine, &Command);
    return Parameters;
}

/* Into the new process's memory, from the kernel's. */
static NTSTATUS PspWriteMemory(
    PPSP_LAUNCH Launch, PVOID Address, const void *Bytes, SIZE_T Length)
{
    KAPC_STATE Attached;

    KeStackAttachProcess(&Launch->Process->Pcb, &Attached);
    NTSTATUS Status = MmCopyToUser((__force void __user *)Address, Bytes, Length);

    KeUnstackDetachProcess(&Attached);
    return Status;
}

/* Bytes at a fresh address in the new process. */
static NTSTATUS PspGiveMemory(
    PPSP_LAUNCH Launch, const void *Bytes, SIZE_T Length, _Out_ PVOID *Address)
{
    SIZE_T Size = Length;

    *Address = NULL;
    NTSTATUS Status = MmAllocateVirtualMemory(
        &Launch->Process->Pcb, Address, 0, &Size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    return PspWriteMemory(Launch, *Address, Bytes, Length);
}

static NTSTATUS PspGiveParameters(PPSP_LAUNCH Launch, PCWSTR Path, PCWSTR CommandLine)
{
    static const WCHAR Environment[] = PSP_ENVIRONMENT;
    PRTL_USER_PROCESS_PARAMETERS Parameters = PspBuildParameters(Launch, Path, CommandLine);
    PVOID Address;

    if (Parameters == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    NTSTATUS Status = PspGiveMemory(Launch, Environment, sizeof(Environment),
        &Parameters->Environment);

    if (NT_SUCCESS(Status)) {
        Status = PspGiveMemory(Launch, Parameters, Parameters->Length, &Address);
    }
    if (NT_SUCCESS(Status)) {
        Status = PspWriteMemory(Launch,
            (__force PVOID)&Launch->Process->Peb->ProcessParameters, &Address, sizeof(Address));
    }
    ExFreePoolWithTag(Parameters, TAG_PS);
    return Status;
}

/* ---- Stack and thread ----------------------------------------------------------------- */

/* Reserved as a whole; committed at the top, with a guard page below that. */
static NTSTATUS PspGiveStack(PPSP_LAUNCH Launch, _Out_ PINITIAL_TEB Teb)
{
    PKPROCESS Process = &Launch->Process->Pcb;
    SIZE_T Reserve = Launch->Image.MaximumStackSize;
    SIZE_T Commit = PSP_STACK_COMMIT + PAGE_SIZE;
    PVOID Base = NULL;

    Reserve = Reserve > PSP_STACK_RESERVE ? Reserve : PSP_STACK_RESERVE;
    NTSTATUS Status =
        MmAllocateVirtualMemory(Process, &Base, 0, &Reserve, MEM_RESERVE, PAGE_READWRITE);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    *Teb = (INITIAL_TEB){
        .StackBase = (PUCHAR)Base + Reserve,
        .StackLimit = (PUCHAR)Base + Reserve - PSP_STACK_COMMIT,
        .AllocatedStackBase = Base,
    };
    PVOID Guard = (PUCHAR)Teb->StackLimit - PAGE_SIZE;

    Status = MmAllocateVirtualMemory(Process, &Guard, 0, &Commit, MEM_COMMIT, PAGE_READWRITE);
    if (NT_SUCCESS(Status)) {
        Commit = PAGE_SIZE;
        Status = MmAllocateVirtualMemory(
            Process, &Guard, 0, &Commit, MEM_COMMIT, PAGE_READWRITE | PAGE_GUARD);
    }
    return Status;
}

static NTSTATUS PspGiveThread(PPSP_LAUNCH Launch)
{
    INITIAL_TEB Teb = {.StackBase = NULL};
    HANDLE Thread;
    NTSTATUS Status = PspGiveStack(Launch, &Teb);
    PCONTEXT Context = ExAllocatePoolZero(PagedPool, sizeof(CONTEXT), TAG_PS);

    if (Context == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Context->ContextFlags = CONTEXT_FULL;
    Context->Eip = (ULONG_PTR)Launch->Image.TransferAddress;
    Context->Eax = Context->Eip;
    Context->Ebx = (__force ULONG_PTR)Launch->Process->Peb;
    /* A native entry point is a function of one argument, the PEB, that does not return. */
    Context->Esp = (ULONG_PTR)Teb.StackBase - 2 * sizeof(ULONG);
    Context->SegCs = KGDT_R3_CODE | RPL_MASK;
    Context->SegDs = Context->SegEs = Context->SegSs = KGDT_R3_DATA | RPL_MASK;
    Context->SegFs = KGDT_R3_TEB | RPL_MASK;
    Context->EFlags = 0x3000 | EFLAGS_INTERRUPT_MASK;
    if (NT_SUCCESS(Status)) {
        Status = PspWriteMemory(Launch, (PUCHAR)Teb.StackBase - sizeof(ULONG), &Context->Ebx,
            sizeof(ULONG));
    }
    if (NT_SUCCESS(Status)) {
        Status = NtCreateThread((__force HANDLE __user *)&Thread, THREAD_ALL_ACCESS, NULL,
            Launch->ProcessHandle, NULL, (__force CONTEXT __user *)Context,
            (__force INITIAL_TEB __user *)&Teb, FALSE);
    }
    if (NT_SUCCESS(Status)) {
        (void)ObCloseHandle(Thread, KernelMode);
    }
    ExFreePoolWithTag(Context, TAG_PS);
    return Status;
}

/* ---- The whole -------------------------------------------------------------------------- */

static NTSTATUS PspOpenImage(PPSP_LAUNCH Launch, PCWSTR Path)
{
    PMM_BACKING_FILE Backing;
    PSECTION Section;
    PVOID File;
    NTSTATUS Status = IoOpenBackingFile(Path, &File, &Backing);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = MmCreateImageSection(Backing, File, &Section);
    ObDereferenceObject(File);
    if (NT_SUCCESS(Status)) {
        Launch->Image = *MmGetSectionImageInformation(Section);
        Status = ObInsertObject(Section, SECTION_ALL_ACCESS, &Launch->Section);
    }
    return Status;
}

static NTSTATUS PspOpenConsole(PPSP_LAUNCH Launch)
{
    OBJECT_ATTRIBUTES Attributes;
    UNICODE_STRING Name;
    IO_STATUS_BLOCK Io;

    RtlInitUnicodeString(&Name, PSP_CONSOLE);
    InitializeObjectAttributes(
        &Attributes, &Name, OBJ_CASE_INSENSITIVE | OBJ_INHERIT, NULL, NULL);
    return NtOpenFile((__force HANDLE __user *)&Launch->Console,
        FILE_READ_DATA | FILE_WRITE_DATA | SYNCHRONIZE,
        (__force OBJECT_ATTRIBUTES __user *)&Attributes, (__force IO_STATUS_BLOCK __user *)&Io,
        FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_SYNCHRONOUS_IO_NONALERT);
}

static NTSTATUS PspMakeProcess(PPSP_LAUNCH Launch)
{
    PVOID Process;
    NTSTATUS Status = NtCreateProcessEx((__force HANDLE __user *)&Launch->ProcessHandle,
        PROCESS_ALL_ACCESS, NULL, NtCurrentProcess(), PROCESS_CREATE_FLAGS_INHERIT_HANDLES,
        Launch->Section, NULL, NULL, 0);

    if (NT_SUCCESS(Status)) {
        Status = ObReferenceObjectByHandle(Launch->ProcessHandle, PROCESS_ALL_ACCESS,
            PsProcessType, KernelMode, &Process, NULL);
    }
    if (NT_SUCCESS(Status)) {
        Launch->Process = Process;
    }
    return Status;
}

static void PspCloseLaunch(PPSP_LAUNCH Launch)
{
    HANDLE Handles[] = {Launch->Section, Launch->Console, Launch->ProcessHandle};

    for (ULONG i = 0; i < ARRAYSIZE(Handles); i++) {
        if (Handles[i] != NULL) {
            (void)ObCloseHandle(Handles[i], KernelMode);
        }
    }
}

NTSTATUS PsLaunchProgram(PCWSTR Path, PCWSTR CommandLine, PEPROCESS *Process)
{
    PSP_LAUNCH Launch = {};
    NTSTATUS Status = PspOpenImage(&Launch, Path);

    if (NT_SUCCESS(Status)) {
        Status = PspOpenConsole(&Launch);
    }
    if (NT_SUCCESS(Status)) {
        Status = PspMakeProcess(&Launch);
    }
    if (NT_SUCCESS(Status)) {
        Status = PspGiveParameters(&Launch, Path, CommandLine);
    }
    if (NT_SUCCESS(Status)) {
        Status = PspGiveThread(&Launch);
    }
    PspCloseLaunch(&Launch);
    if (NT_SUCCESS(Status)) {
        *Process = Launch.Process;
    } else if (Launch.Process != NULL) {
        ObDereferenceObject(Launch.Process);
    }
    return Status;
}
