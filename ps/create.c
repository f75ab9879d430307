/* SPDX-License-Identifier: MIT */
/*
 * Phase 2 of a process's birth: NtCreateProcessEx and PspCreateProcess.
 *
 * A process is built in seventeen stages, numbered as in docs/process-creation.md.
 * Each stage is a function that adds one thing to the half-built EPROCESS.  When
 * one fails the object is dereferenced, and PspDeleteProcess (ps/delete.c) takes
 * apart whatever is there: failure takes the same road as death.
 *
 * Lock order: the address-space lock inside mm; the process-list lock alone.
 * Read next: ps/thread.c (phase 3).
 */
#include "ex/handle.h"
#include "ps/psp.h"

#define PSP_NORMAL_BASE_PRIORITY 8
#define PSP_DEFAULT_QUANTUM      6 /* quantum units; three are charged a clock tick */

/* What the stages hand on to each other. */
typedef struct _PSP_CREATION {
    KPROCESSOR_MODE Mode;
    ULONG Flags; /* PROCESS_CREATE_FLAGS_... */
    PEPROCESS Parent; /* referenced; NULL for the System process */
    PEPROCESS Process;
    ULONG ImageNameLength;
} PSP_CREATION, *PPSP_CREATION;

/* Rights every process has to itself through handle -1, whatever its descriptor says. */
#define PSP_SELF_ACCESS                                                                        \
    (STANDARD_RIGHTS_ALL | PROCESS_VM_OPERATION | PROCESS_VM_READ | PROCESS_VM_WRITE |         \
        PROCESS_QUERY_INFORMATION | PROCESS_TERMINATE | PROCESS_CREATE_THREAD |                \
        PROCESS_DUP_HANDLE | PROCESS_CREATE_PROCESS | PROCESS_SET_INFORMATION |                \
        PROCESS_SET_QUOTA | PROCESS_SUSPEND_RESUME)

/* Records of this creation get a number of their own, once per process made. */
static void PspBeginAttempt(void)
{
    PETHREAD Creator = PsGetCurrentThread();

    if (KeTraceCurrentAttempt() == 0 || KeTraceCurrentAttempt() == Creator->LastAttempt) {
        (void)KeTraceBeginAttempt();
    }
    Creator->LastAttempt = KeTraceCurrentAttempt();
}

/* Stage 2: the object, zeroed, with the fields that need nothing else. */
static NTSTATUS PspBuildObject(PPSP_CREATION Creation, OBJECT_ATTRIBUTES __user *Attributes)
{
    PVOID Object;
    NTSTATUS Status = ObCreateObject(Creation->Mode, PsProcessType, Attributes, 0, &Object);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    PEPROCESS Process = Object;

    Creation->Process = Process;
    ExInitializeRundownProtection(&Process->RundownProtect);
    KeInitializeGuardedMutex(&Process->ProcessLock, LockLevelProcess);
    InitializeListHead(&Process->ThreadListHead);
    InitializeListHead(&Process->ActiveProcessLinks);
    Process->Pcb.CreationAttempt = KeTraceCurrentAttempt();
    if (Creation->Parent != NULL) {
        Process->InheritedFromUniqueProcessId = Creation->Parent->UniqueProcessId;
        Process->DefaultHardErrorProcessing = Creation->Parent->DefaultHardErrorProcessing;
        Process->SessionId = Creation->Parent->SessionId;
    } else {
        Process->DefaultHardErrorProcessing = 1;
    }
    KeTrace(TracePspObject, TraceP(Process));
    return STATUS_SUCCESS;
}

/*
 * Stage 3: the program's section.  Without a handle NT clones the parent, except
 * that a child of System is then left bare; cloning is not built yet.
 */
static NTSTATUS PspAttachSection(PPSP_CREATION Creation, HANDLE SectionHandle)
{
    PVOID Section;

    if (SectionHandle == NULL) {
        return Creation->Parent == PsInitialSystemProcess ? STATUS_SUCCESS
                                                          : STATUS_NOT_IMPLEMENTED;
    }
    NTSTATUS Status = ObReferenceObjectByHandle(SectionHandle, SECTION_MAP_EXECUTE,
        MmSectionObjectType, Creation->Mode, &Section, NULL);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (MmGetSectionImageInformation(Section) == NULL) {
        ObDereferenceObject(Section);
        return STATUS_SECTION_NOT_IMAGE;
    }
    Creation->Process->SectionObject = Section;
    KeTrace(TracePspSection, TraceP(Section));
    return STATUS_SUCCESS;
}

/* Stage 4: debug port, then exception port. */
static NTSTATUS PspAttachPorts(PPSP_CREATION Creation, HANDLE DebugPort, HANDLE ExceptionPort)
{
    PVOID Port;

    if (DebugPort != NULL) {
        return STATUS_NOT_IMPLEMENTED; /* there are no debug objects yet */
    }
    if (ExceptionPort == NULL) {
        return STATUS_SUCCESS;
    }
    NTSTATUS Status = ObReferenceObjectByHandle(
        ExceptionPort, PORT_ALL_ACCESS, LpcPortObjectType, Creation->Mode, &Port, NULL);

    if (NT_SUCCESS(Status)) {
        Creation->Process->ExceptionPort = Port;
        KeTrace(TracePspPorts, TraceP(Port));
    }
    return Status;
}

/* Stages 5 and 6: exit status "still running"; an empty address space. */
static NTSTATUS PspBuildAddressSpace(PPSP_CREATION Creation)
{
    PEPROCESS Process = Creation->Process;
    ULONG Cr3;

    Process->ExitStatus = STATUS_PENDING;
    if (Creation->Parent == NULL) {
        MmInitializeSystemAddressSpace(&Process->Vm, &Cr3);
    } else {
        NTSTATUS Status = MmCreateProcessAddressSpace(&Process->Vm, &Cr3);
        if (!NT_SUCCESS(Status)) {
            return Status;
        }
    }
    Process->Pcb.DirectoryTableBase = Cr3;
    InterlockedOr(&Process->Flags, PSF_HAS_ADDRESS_SPACE);
    return STATUS_SUCCESS;
}

/* Stages 7 and 8: the KPROCESS, a duplicate of the parent's token, the priority class. */
static NTSTATUS PspBuildKernelProcess(PPSP_CREATION Creation)
{
    PEPROCESS Process = Creation->Process;
    PEPROCESS Parent = Creation->Parent;
    KAFFINITY Affinity = Parent != NULL ? Parent->Pcb.Affinity : KeActiveProcessors;

    KeInitializeProcess(
        &Process->Pcb, PSP_NORMAL_BASE_PRIORITY, Affinity, Process->Pcb.DirectoryTableBase);
    Process->Pcb.QuantumReset = PSP_DEFAULT_QUANTUM;
    Process->Pcb.AddressSpace = &Process->Vm;
    Process->Vm.ActiveProcessors = &Process->Pcb.ActiveProcessors;

    PTOKEN Source = Parent != NULL ? Parent->Token : SeSystemToken;
    NTSTATUS Status = STATUS_SUCCESS;

    if (Parent != NULL) {
        Status = SeDuplicatePrimaryToken(Source, &Process->Token);
    } else {
        ObReferenceObject(Source);
        Process->Token = Source;
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    KeTrace(TraceSeToken, TraceP(Process->Token));

    Process->PriorityClass = PROCESS_PRIORITY_CLASS_NORMAL;
    if (Parent != NULL && (Parent->PriorityClass == PROCESS_PRIORITY_CLASS_IDLE ||
                              Parent->PriorityClass == PROCESS_PRIORITY_CLASS_BELOW_NORMAL)) {
        Process->PriorityClass = Parent->PriorityClass;
    }
    return STATUS_SUCCESS;
}

/* Stage 9: the handle table, with what the parent lets it inherit. */
static NTSTATUS PspBuildHandleTable(PPSP_CREATION Creation)
{
    PEPROCESS Parent = Creation->Parent;
    ULONG Inherited = 0;

    if ((Creation->Flags & PROCESS_CREATE_FLAGS_INHERIT_HANDLES) == 0) {
        Parent = NULL;
    }
    NTSTATUS Status = ObInitProcess(
        Parent != NULL ? &Parent->Pcb : NULL, &Creation->Process->Pcb, &Inherited);

    if (NT_SUCCESS(Status)) {
        KeTrace(TraceObTable, TraceP(Creation->Process->Pcb.ObjectTable), Inherited);
    }
    return Status;
}

/* The last part of the image's path, at most 15 characters: EPROCESS.ImageFileName. */
static void PspNameProcess(PEPROCESS Process)
{
    UNICODE_STRING Path;

    if (!MmGetSectionFileName(Process->SectionObject, &Path)) {
        return;
    }
    ULONG Length = Path.Length / sizeof(WCHAR);
    ULONG Start = Length;

    while (Start > 0 && Path.Buffer[Start - 1] != L'\\') {
        Start--;
    }
    for (ULONG i = 0; i < sizeof(Process->ImageFileName) - 1 && Start + i < Length; i++) {
        WCHAR Char = Path.Buffer[Start + i];
        Process->ImageFileName[i] = Char >= 0x20 && Char < 0x7F ? (CHAR)Char : '?';
    }
}

/* Stages 10 and 11: the image and ntdll in the new address space. */
static NTSTATUS PspMapImages(PPSP_CREATION Creation)
{
    PEPROCESS Process = Creation->Process;

    if (Creation->Parent == NULL) {
        return STATUS_SUCCESS;
    }
    NTSTATUS Status = MmInitializeProcessAddressSpace(
        &Process->Pcb, Process->SectionObject, &Process->SectionBaseAddress);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Process->SectionObject == NULL) {
        return STATUS_SUCCESS;
    }
    PspNameProcess(Process);

    Status = PspMapSystemDll(Process);
    if (NT_SUCCESS(Status)) {
        KeTrace(TracePspSystemDll, TraceP(PspSystemDllBase));
    }
    return Status;
}

/* Stage 12: the process id is a handle in PspCidTable, so ids are multiples of 4. */
static NTSTATUS PspAssignProcessId(PPSP_CREATION Creation)
{
    PEPROCESS Process = Creation->Process;
    HANDLE_TABLE_ENTRY Entry = {.Object = Process};

    Process->UniqueProcessId = ExCreateHandle(PspCidTable, &Entry);
    if (Process->UniqueProcessId == NULL) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    Process->Pcb.ProcessId = (ULONG)(ULONG_PTR)Process->UniqueProcessId;
    KeTrace(TracePspCid, Process->Pcb.ProcessId);
    return STATUS_SUCCESS;
}

/* Stage 14: the PEB.  (Stage 13, joining the parent's job, has nothing to join yet.) */
static NTSTATUS PspBuildPeb(PPSP_CREATION Creation)
{
    PEPROCESS Process = Creation->Process;

    if (Process->SectionObject == NULL) {
        return STATUS_SUCCESS;
    }
    MM_PEB_PARAMETERS Parameters = {
        .ImageBaseAddress = Process->SectionBaseAddress,
        .BeingDebugged = Process->DebugPort != NULL,
        .SessionId = Process->SessionId,
        .Section = Process->SectionObject,
    };
    return MmCreatePeb(&Process->Pcb, &Parameters, &Process->Peb);
}

/* First half of stage 15: from here on enumeration finds the process. */
static void PspInsertInActiveList(PEPROCESS Process)
{
    KeAcquireGuardedMutex(&PspProcessListLock);
    InsertTailList(&PsActiveProcessHead, &Process->ActiveProcessLinks);
    PspProcessCount++;
    KeReleaseGuardedMutex(&PspProcessListLock);
    KeTrace(TracePspInserted, TraceP(Process));
}

/* Stages 2 to 14, in NT's order. */
static NTSTATUS PspBuildProcess(PPSP_CREATION Creation,
    OBJECT_ATTRIBUTES __user *ObjectAttributes, HANDLE SectionHandle, HANDLE DebugPort,
    HANDLE ExceptionPort)
{
    NTSTATUS Status = PspBuildObject(Creation, ObjectAttributes);

    if (NT_SUCCESS(Status) && Creation->Parent != NULL) {
        Status = PspAttachSection(Creation, SectionHandle);
    }
    if (NT_SUCCESS(Status)) {
        Status = PspAttachPorts(Creation, DebugPort, ExceptionPort);
    }
    if (NT_SUCCESS(Status)) {
        Status = PspBuildAddressSpace(Creation);
    }
    if (NT_SUCCESS(Status)) {
        Status = PspBuildKernelProcess(Creation);
    }
    if (NT_SUCCESS(Status)) {
        Status = PspBuildHandleTable(Creation);
    }
    if (NT_SUCCESS(Status)) {
        Status = PspMapImages(Creation);
    }
    if (NT_SUCCESS(Status)) {
        Status = PspAssignProcessId(Creation);
    }
    if (NT_SUCCESS(Status)) {
        Status = PspBuildPeb(Creation);
    }
    return Status;
}

/* Stage 1: the parameters that need no object. */
static NTSTATUS PspCheckCreation(ULONG Flags, ULONG JobMemberLevel)
{
    if ((Flags & ~PROCESS_CREATE_FLAGS_ALL_VALID) != 0) {
        return STATUS_INVALID_PARAMETER;
    }
    if (JobMemberLevel != 0) {
        return STATUS_INVALID_PARAMETER; /* no process is in a job */
    }
    if ((Flags & PROCESS_CREATE_FLAGS_LARGE_PAGES) != 0 &&
        !SeTokenHasPrivilege(PsGetCurrentProcess()->Token, SE_LOCK_MEMORY_PRIVILEGE)) {
        return STATUS_PRIVILEGE_NOT_HELD;
    }
    /* Not built: data in large pages, and the override NT documents nowhere. */
    if ((Flags & (PROCESS_CREATE_FLAGS_LARGE_PAGES |
                     PROCESS_CREATE_FLAGS_OVERRIDE_ADDRESS_SPACE)) != 0) {
        return STATUS_NOT_IMPLEMENTED;
    }
    return STATUS_SUCCESS;
}

/* kernel32 reads the new PEB's address here instead of asking for it.  No PEB, no TEB: skip. */
static void PspTellCreatorPeb(PEPROCESS Process)
{
    TEB __user *Teb = (__force TEB __user *)KeGetCurrentThread()->Teb;

    if (Teb != NULL) {
        /* The creator's own TEB being gone is the creator's loss. */
        (void)!NT_SUCCESS(MmCopyToUser(
            &Teb->NtTib.ArbitraryUserPointer, &Process->Peb, sizeof(Process->Peb)));
    }
}

/*
 * Stages 15 to 17: visible to all, a handle for the creator, self access, time.
 * ObInsertObject consumes the creator's reference, so one is kept for what follows it.
 */
static NTSTATUS PspPublishProcess(
    PPSP_CREATION Creation, ACCESS_MASK DesiredAccess, HANDLE __user *ProcessHandle)
{
    PEPROCESS Process = Creation->Process;
    HANDLE Handle;

    PspInsertInActiveList(Process);
    ObReferenceObject(Process);
    NTSTATUS Status = ObInsertObject(Process, DesiredAccess, &Handle);

    if (NT_SUCCESS(Status)) {
        PspSetPriorityClass(Process, Process->PriorityClass);
        Process->Pcb.GrantedAccess = PSP_SELF_ACCESS & PsProcessType->TypeInfo.ValidAccessMask;
        KeTrace(TracePspAccess, Process->Pcb.GrantedAccess);
        KeQuerySystemTime(&Process->CreateTime);
        PspTellCreatorPeb(Process);
        Status = ObReturnHandle(ProcessHandle, Handle, Status);
    }
    if (NT_SUCCESS(Status)) {
        KeTraceNamed(TracePhase2, Process->ImageFileName, Process->Pcb.ProcessId,
            TraceP(Process->InheritedFromUniqueProcessId), TraceP(Process),
            TraceP(Process->SectionObject), TraceP(Process->Peb),
            Process->Pcb.DirectoryTableBase, TraceP(Handle));
    }
    ObDereferenceObject(Process);
    return Status;
}

/*
 * PspCreateProcess - build a process object with an address space and no threads.
 *
 * On success *ProcessHandle is a handle in the caller's table.  On failure nothing
 * remains: the dereference runs PspDeleteProcess.  Statuses: docs/process-creation.md.
 * IRQL: PASSIVE_LEVEL.  Locks: none on entry.
 */
NTSTATUS PspCreateProcess(HANDLE __user *ProcessHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes, HANDLE ParentHandle, ULONG Flags,
    HANDLE SectionHandle, HANDLE DebugPort, HANDLE ExceptionPort, ULONG JobMemberLevel)
{
    PSP_CREATION Creation = {.Mode = KeGetPreviousMode(), .Flags = Flags};
    PVOID Parent;

    ASSERT_IRQL(PASSIVE_LEVEL);
    NTSTATUS Status = PspCheckCreation(Flags, JobMemberLevel);

    if (NT_SUCCESS(Status)) {
        Status = ObReferenceObjectByHandle(
            ParentHandle, PROCESS_CREATE_PROCESS, PsProcessType, Creation.Mode, &Parent, NULL);
    }
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Creation.Parent = Parent;
    PspBeginAttempt();
    KeTrace(TracePspCreateBegin, Creation.Parent->Pcb.ProcessId, Flags);

    Status = PspBuildProcess(
        &Creation, ObjectAttributes, SectionHandle, DebugPort, ExceptionPort);
    if (NT_SUCCESS(Status)) {
        Status = PspPublishProcess(&Creation, DesiredAccess, ProcessHandle);
    } else if (Creation.Process != NULL) {
        ObDereferenceObject(Creation.Process);
    }
    if (!NT_SUCCESS(Status)) {
        KeTrace(TracePspCreateFailed, (__force ULONG)Status);
    }
    ObDereferenceObject(Creation.Parent);
    return Status;
}

/*
 * PspCreateSystemProcess - the process "System", which has no parent and no image.
 *
 * Runs once at boot, through the same stages.  Its one reference is never dropped.
 */
NTSTATUS PspCreateSystemProcess(PEPROCESS *Process)
{
    static const CHAR Name[] = "System";
    PSP_CREATION Creation = {.Mode = KernelMode};
    NTSTATUS Status = PspBuildProcess(&Creation, NULL, NULL, NULL, NULL);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    RtlCopyMemory(Creation.Process->ImageFileName, Name, sizeof(Name));
    PspInsertInActiveList(Creation.Process);
    Creation.Process->Pcb.GrantedAccess = PsProcessType->TypeInfo.ValidAccessMask;
    KeQuerySystemTime(&Creation.Process->CreateTime);
    *Process = Creation.Process;
    return STATUS_SUCCESS;
}

NTSTATUS NTAPI NtCreateProcessEx(HANDLE __user *ProcessHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes, HANDLE ParentProcess, ULONG Flags,
    HANDLE SectionHandle, HANDLE DebugPort, HANDLE ExceptionPort, ULONG JobMemberLevel)
{
    NTSTATUS Status = MmProbeForWrite(ProcessHandle, sizeof(HANDLE), sizeof(HANDLE));

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (ParentProcess == NULL) {
        return STATUS_INVALID_PARAMETER; /* only the System process has no parent */
    }
    return PspCreateProcess(ProcessHandle, DesiredAccess, ObjectAttributes, ParentProcess, Flags,
        SectionHandle, DebugPort, ExceptionPort, JobMemberLevel);
}

/* The older call carries two flags in the low bits of handles, which handles leave free. */
NTSTATUS NTAPI NtCreateProcess(HANDLE __user *ProcessHandle, ACCESS_MASK DesiredAccess,
    OBJECT_ATTRIBUTES __user *ObjectAttributes, HANDLE ParentProcess, BOOLEAN InheritObjectTable,
    HANDLE SectionHandle, HANDLE DebugPort, HANDLE ExceptionPort)
{
    ULONG Flags = 0;

    if (((ULONG_PTR)SectionHandle & 1) != 0) {
        Flags |= PROCESS_CREATE_FLAGS_BREAKAWAY;
    }
    if (((ULONG_PTR)DebugPort & 1) != 0) {
        Flags |= PROCESS_CREATE_FLAGS_NO_DEBUG_INHERIT;
    }
    if (InheritObjectTable) {
        Flags |= PROCESS_CREATE_FLAGS_INHERIT_HANDLES;
    }
    return NtCreateProcessEx(ProcessHandle, DesiredAccess, ObjectAttributes, ParentProcess, Flags,
        (HANDLE)((ULONG_PTR)SectionHandle & ~(ULONG_PTR)1),
        (HANDLE)((ULONG_PTR)DebugPort & ~(ULONG_PTR)1), ExceptionPort, 0);
}
