/* SPDX-License-Identifier: MIT */
/*
 * What csrss has, for comparisons before and after.  csrss answers in the order in
 * which it is told, so a death that was sent before is in the counts.
 */
#pragma once
#include "csr/csrmsg.h"
#include "tests/user/ktap.h"

/* Processes in the high half, threads in the low half; 0: csrss does not say. */
static inline ULONG CsrCounts(void)
{
    CSR_API_MSG Message = {0};
    NTSTATUS Status = CsrClientCallServer(
        &Message, NULL, CsrpQueryCounts, sizeof(Message.u.QueryCounts));

    return NT_SUCCESS(Status)
               ? Message.u.QueryCounts.ProcessCount << 16 | Message.u.QueryCounts.ThreadCount
               : 0;
}
