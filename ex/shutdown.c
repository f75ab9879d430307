/* SPDX-License-Identifier: MIT */
/*
 * NtShutdownSystem: the orderly end.  There is nothing to flush, so it is short.
 */
#include "boot.h"
#include "ex/exp.h"
#include "hal.h"

/* With exit=on an emulator ends with the status of success. */
NTSTATUS NTAPI NtShutdownSystem(SHUTDOWN_ACTION Action)
{
    switch (Action) {
    case ShutdownNoReboot:
        KePrint("The system has stopped. You may switch it off.\n");
        HalHalt();
    case ShutdownReboot:
        return STATUS_NOT_IMPLEMENTED;
    case ShutdownPowerOff:
        KePrint("The system switches itself off.\n");
        if (KeBootOptions.PowerOff) {
            HalExitEmulator(HAL_EXIT_PASS);
        }
        HalPowerOff();
    default:
        return STATUS_INVALID_PARAMETER;
    }
}
