/* SPDX-License-Identifier: MIT */
/*
 * The last dereference: object-type Delete routines of processes and threads.
 *
 * Both accept an object at any stage of its making, because failed creation ends
 * here too.  They run at PASSIVE_LEVEL in whoever dropped the last reference.
 */
#include "ex/handle.h"
#include "ps/psp.h"

static void PspRemoveCid(HANDLE Id)
{
    PHANDLE_TABLE_ENTRY Entry;

    if (Id == NULL) {
        return;
    }
    Entry = ExLockHandle(PspCidTable, Id);
    if (Entry == NULL) {
        KeBugCheckEx(CID_HANDLE_DELETION, (ULONG_PTR)Id, 0, 0, 0);
    }
    ExRemoveLockedHandle(PspCidTable, Id, Entry);
}

static void PspRemoveFromActiveList(PEPROCESS Process)
{
    /* An object whose stage 2 never ran is all zeroes; one never listed is empty. */
    if (Process->ActiveProcessLinks.Flink == NULL) {
        return;
    }
    KeAcquireGuardedMutex(&PspProcessListLock);
    if (!IsListEmpty(&Process->ActiveProcessLinks)) {
        RemoveEntryList(&Process->ActiveProcessLinks);
        PspProcessCount--;
    }
    KeReleaseGuardedMutex(&PspProcessListLock);
}

void PspDeleteProcess(PVOID Object)
{
    PEPROCESS Process = Object;

    KeTrace(TracePspProcessDeleted, Process->Pcb.ProcessId, TraceP(Process));
    PspRemoveFromActiveList(Process);
    if (Process->Pcb.ObjectTable != NULL) {
        ObKillProcess(&Process->Pcb); /* no thread ever did it */
    }
    if ((Process->Flags & PSF_HAS_ADDRESS_SPACE) != 0) {
        if ((Process->Flags & PSF_VM_DELETED) == 0 && Process->Pcb.AddressSpace != NULL) {
            (void)MmCleanProcessAddressSpace(&Process->Pcb);
        }
        MmDeleteProcessAddressSpace(&Process->Vm);
    }
    if (Process->SectionObject != NULL) {
        ObDereferenceObject(Process->SectionObject);
    }
    if (Process->ExceptionPort != NULL) {
        ObDereferenceObject(Process->ExceptionPort);
    }
    if (Process->Token != NULL) {
        ObDereferenceObject(Process->Token);
    }
    PspRemoveCid(Process->UniqueProcessId);
}

void PspDeleteThread(PVOID Object)
{
    PETHREAD Thread = Object;
    PEPROCESS Process = Thread->ThreadsProcess;

    KeTrace(TracePspThreadDeleted, TraceP(Thread));
    if (Process == NULL) {
        return;
    }
    PspRemoveCid(Thread->Cid.UniqueThread);
    KeAcquireGuardedMutex(&Process->ProcessLock);
    if (!IsListEmpty(&Thread->ThreadListEntry)) {
        RemoveEntryList(&Thread->ThreadListEntry);
    }
    KeReleaseGuardedMutex(&Process->ProcessLock);
    ObDereferenceObject(Process);
}
