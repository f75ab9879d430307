/* SPDX-License-Identifier: MIT */
/*
 * csrss.exe, the user-mode half of the Windows subsystem: start.
 *
 * smss starts it before any Win32 program.  It makes its two ports, starts the
 * thread that serves clients, and only then connects to smss: the connection
 * says "ready".  The first thread goes on as the one that serves smss.
 *
 * Next: process.c for what it keeps, api.c for what it answers.
 */
#include "csr/server/csrsrv.h"

HANDLE CsrApiPort;
HANDLE CsrSbApiPort;
RTL_CRITICAL_SECTION CsrpLock;

VOID CsrpLockStructures(VOID)
{
    (void)RtlEnterCriticalSection(&CsrpLock);
}

VOID CsrpUnlockStructures(VOID)
{
    (void)RtlLeaveCriticalSection(&CsrpLock);
}

PVOID CsrpAllocate(SIZE_T Size)
{
    return RtlAllocateHeap(RtlGetProcessHeap(), HEAP_ZERO_MEMORY, Size);
}

VOID CsrpFree(PVOID Block)
{
    (void)RtlFreeHeap(RtlGetProcessHeap(), 0, Block);
}

/* It lives as long as its handle, so as long as csrss unless the caller closes it. */
static NTSTATUS CsrpOpenDirectory(PCWSTR Path, PHANDLE Directory)
{
    UNICODE_STRING Name;
    OBJECT_ATTRIBUTES Attributes;

    RtlInitUnicodeString(&Name, Path);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_OPENIF | OBJ_CASE_INSENSITIVE, NULL, NULL);
    return NtCreateDirectoryObject(Directory, DIRECTORY_ALL_ACCESS, &Attributes);
}

static NTSTATUS CsrpCreatePort(HANDLE Directory, PCWSTR PortName, ULONG ConnectInfo, PHANDLE Port)
{
    UNICODE_STRING Name;
    OBJECT_ATTRIBUTES Attributes;

    RtlInitUnicodeString(&Name, PortName);
    InitializeObjectAttributes(&Attributes, &Name, OBJ_CASE_INSENSITIVE, Directory, NULL);
    return NtCreatePort(Port, &Attributes, ConnectInfo, LPC_MAX_MESSAGE_LENGTH, 0);
}

static NTSTATUS CsrpCreatePorts(VOID)
{
    HANDLE Directory;
    NTSTATUS Status = CsrpOpenDirectory(CSR_DIRECTORY, &Directory);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = CsrpCreatePort(Directory, CSR_API_PORT, sizeof(CSR_API_CONNECTINFO), &CsrApiPort);
    if (NT_SUCCESS(Status)) {
        Status = CsrpCreatePort(Directory, CSR_SB_PORT, 0, &CsrSbApiPort);
    }
    if (NT_SUCCESS(Status)) {
        Status = CsrpOpenDirectory(BASE_NAMED_OBJECTS, &Directory);
    }
    return Status;
}

/*
 * Clients wait for csrss with work to do, so it runs before them: NT gives it
 * base priority 13, too.  It works without, hence the status does not matter.
 */
static VOID CsrpRaisePriority(VOID)
{
    PROCESS_PRIORITY_CLASS Class = {FALSE, PROCESS_PRIORITY_CLASS_HIGH};

    (void)NtSetInformationProcess(
        NtCurrentProcess(), ProcessPriorityClass, &Class, sizeof(Class));
}

static NTSTATUS CsrpConnectToSm(VOID)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(SM_API_PORT_NAME);
    SECURITY_QUALITY_OF_SERVICE Qos = {
        sizeof(Qos), SecurityImpersonation, SECURITY_DYNAMIC_TRACKING, TRUE};
    SB_CONNECTION_INFO Info = {
        .SubsystemType = IMAGE_SUBSYSTEM_WINDOWS_CUI, .SbApiPortName = CSR_SB_PORT_NAME};
    ULONG InfoLength = sizeof(Info);
    HANDLE Port;

    /* The connection is kept: its end is how smss would learn of csrss's. */
    return NtConnectPort(&Port, &Name, &Qos, NULL, NULL, NULL, &Info, &InfoLength);
}

static NTSTATUS CsrServerInitialization(VOID)
{
    HANDLE Thread;
    NTSTATUS Status = RtlInitializeCriticalSection(&CsrpLock);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    CsrpInitializeProcesses();
    CsrpInitializeThreads();
    CsrpRaisePriority();
    Status = CsrpCreatePorts();
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    Status = RtlCreateUserThread(
        NtCurrentProcess(), NULL, FALSE, 0, 0, 0, CsrApiRequestThread, NULL, &Thread, NULL);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    (void)NtClose(Thread);
    return CsrpConnectToSm();
}

/* Failing is ending: smss holds the exception port and learns of it. */
VOID NTAPI NtProcessStartup(PPEB Peb)
{
    NTSTATUS Status = CsrServerInitialization();

    UNREFERENCED_PARAMETER(Peb);
    if (NT_SUCCESS(Status)) {
        Status = CsrSbApiRequestThread(NULL);
    }
    (void)NtTerminateProcess(NtCurrentProcess(), Status);
}
