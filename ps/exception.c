/* SPDX-License-Identifier: MIT */
/*
 * Exceptions that no handler took: a message to the process's exception port.
 *
 * csrss sits there for Win32 processes.  The faulting thread waits for the reply;
 * only DBG_EXCEPTION_HANDLED and DBG_CONTINUE let it go on.
 */
#include "ps/psp.h"

/* TRUE: handled, the thread resumes.  FALSE: no port, no answer, or not handled. */
BOOLEAN PspForwardException(PEXCEPTION_RECORD Record)
{
    PVOID Port = PsGetCurrentThread()->ThreadsProcess->ExceptionPort;
    struct {
        LPC_EXCEPTION_MSG Message;
        UCHAR Rest[LPC_MAX_MESSAGE_LENGTH - sizeof(LPC_EXCEPTION_MSG)]; /* of the reply */
    } Buffer = {};

    if (Port == NULL) {
        return FALSE;
    }
    PLPC_EXCEPTION_MSG Message = &Buffer.Message;

    Message->PortMsg.TotalLength = sizeof(LPC_EXCEPTION_MSG);
    Message->PortMsg.DataLength = sizeof(LPC_EXCEPTION_MSG) - sizeof(PORT_MESSAGE);
    Message->ReturnedStatus = STATUS_PENDING;
    Message->ExceptionRecord = *Record;
    NTSTATUS Status = LpcRequestWaitReplyPort(Port, &Message->PortMsg, LPC_EXCEPTION);

    if ((PsGetCurrentThread()->CrossThreadFlags & CT_TERMINATED) != 0) {
        return TRUE; /* told to end meanwhile, by a status that is not the exception's */
    }
    return NT_SUCCESS(Status) && (Message->ReturnedStatus == DBG_CONTINUE ||
                                     Message->ReturnedStatus == DBG_EXCEPTION_HANDLED);
}
