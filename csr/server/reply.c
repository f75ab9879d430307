/* SPDX-License-Identifier: MIT */
/*
 * Answers that must arrive.  Whoever asked waits until it is answered, so one that
 * cannot be sent for want of memory is sent again until it can.
 */
#include "csr/server/csrsrv.h"

/* TRUE after a pause: there may be memory now. */
static BOOLEAN CsrpShallTryAgain(NTSTATUS Status)
{
    LARGE_INTEGER Interval = {.QuadPart = -100000}; /* 10 ms */

    if (Status != STATUS_NO_MEMORY && Status != STATUS_INSUFFICIENT_RESOURCES) {
        return FALSE;
    }
    (void)NtDelayExecution(FALSE, &Interval);
    return TRUE;
}

/* Any other failure means that the sender has died: fine. */
VOID CsrReply(HANDLE Port, PPORT_MESSAGE Message)
{
    while (CsrpShallTryAgain(NtReplyPort(Port, Message))) {
    }
}

NTSTATUS CsrAnswerConnection(PHANDLE Port, PPORT_MESSAGE Request, BOOLEAN Accept)
{
    NTSTATUS Status;

    do {
        Status = NtAcceptConnectPort(Port, NULL, Request, Accept, NULL, NULL);
    } while (CsrpShallTryAgain(Status));
    return Status;
}
