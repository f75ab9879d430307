/* SPDX-License-Identifier: MIT */
/*
 * NtDisplayString: text for the console before there is a console.
 */
#include "ex/exp.h"

#define DISPLAY_MAX_BYTES 1024 /* of UTF-16 */

/* More than DISPLAY_MAX_BYTES: STATUS_INVALID_PARAMETER, and nothing is printed. */
NTSTATUS NTAPI NtDisplayString(UNICODE_STRING __user *String)
{
    UNICODE_STRING Text;
    NTSTATUS Status = MmCaptureUnicodeString(String, &Text);

    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    if (Text.Length <= DISPLAY_MAX_BYTES) {
        KePrint("%pZ", &Text);
    } else {
        Status = STATUS_INVALID_PARAMETER;
    }
    MmReleaseUnicodeString(&Text);
    return Status;
}
