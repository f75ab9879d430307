/* SPDX-License-Identifier: MIT */
/*
 * Phase 1 of the start, the first thread of the System process: everything that
 * may wait.  The ramdisk, ntdll, and then the tests or the session manager.
 *
 * Next: ps/launch.c, which makes the first process; user/smss/main.c.
 */
#include "boot/bootp.h"
#include "hal.h"
#include "io.h"
#include "ps.h"
#include "tests/kernel/kt.h"

#define SESSION_MANAGER L"\\SystemRoot\\system32\\smss.exe"

static VOID BootMountRamdisk(VOID)
{
    const CHAR *problem = "";
    ULONG offset = 0;
    NTSTATUS status;

    if (KeLoaderBlock.RamdiskSize == 0) {
        BootStop("no ramdisk.  The loader must pass it as the first Multiboot module:\n"
                 "  GRUB: module /boot/ramdisk.img    QEMU: -initrd build/ramdisk.img");
    }
    status =
        IoMountRamdisk(KeLoaderBlock.RamdiskStart, KeLoaderBlock.RamdiskSize, &problem, &offset);
    if (!NT_SUCCESS(status)) {
        BootStop("the ramdisk (%u bytes at physical %08x) is damaged.\n"
                 "  At offset %u was expected: %s.",
            KeLoaderBlock.RamdiskSize, KeLoaderBlock.RamdiskStart, offset, problem);
    }
}

static VOID BootLocateSystemDll(VOID)
{
    const CHAR *which = "";
    NTSTATUS status = PsLocateSystemDll(&which);

    if (status == STATUS_OBJECT_NAME_NOT_FOUND || status == STATUS_OBJECT_PATH_NOT_FOUND) {
        BootStop("the ramdisk has no file windows/system32/ntdll.dll.");
    }
    if (!NT_SUCCESS(status)) {
        KePrint("ntdll.dll cannot be used: %s\n", which);
        KeBugCheckEx(PROCESS1_INITIALIZATION_FAILED, (__force ULONG)status, 0, 0, 0);
    }
}

/* Leaves the emulator; without one, says so and leaves the machine running. */
static VOID BootEnd(BOOLEAN Passed)
{
    PsDrainReaper();
    HalExitEmulator(Passed ? HAL_EXIT_PASS : HAL_EXIT_FAILURE);
    HalPowerOff();
}

/* "smss.exe C:\programs\parent.exe", or the benchmark program with its argument. */
static VOID BootSessionCommandLine(PWSTR Line, SIZE_T Size)
{
    CHAR text[128];

    if (KeBootOptions.Bench[0] != 0) {
        RtlStringFormat(
            text, sizeof(text), "smss.exe C:\\programs\\bench.exe %s", KeBootOptions.Bench);
    } else {
        RtlStringFormat(text, sizeof(text), "smss.exe C:\\%s", KeBootOptions.Run);
    }
    RtlMultiByteToUnicodeN(Line, (ULONG)Size, NULL, text, (ULONG)strlen(text) + 1);
}

/* Runs the session manager to its end; its exit status is the demonstration's. */
static NTSTATUS BootRunSession(VOID)
{
    WCHAR line[128];
    PEPROCESS process;
    NTSTATUS status;

    BootSessionCommandLine(line, sizeof(line));
    status = PsLaunchProgram(SESSION_MANAGER, line, &process);
    if (!NT_SUCCESS(status)) {
        BootStop("smss.exe (windows/system32/smss.exe in the ramdisk) does not start: %s.",
            RtlNtStatusName(status));
    }
    KeWaitForSingleObject(process, Executive, KernelMode, FALSE, NULL);
    status = process->ExitStatus;
    ObDereferenceObject(process);
    return status;
}

void Phase1Initialization(PVOID Context)
{
    NTSTATUS status;

    UNREFERENCED_PARAMETER(Context);
    BootMountRamdisk();
    BootLocateSystemDll();
    if (KeBootOptions.Test[0] != 0) {
        BootEnd(KtRunTests(KeBootOptions.Test));
    }
    status = BootRunSession();
    if (!NT_SUCCESS(status)) {
        KePrint("smss.exe ended with %s.\n", RtlNtStatusName(status));
    }
    if (KeBootOptions.PowerOff) {
        BootEnd(NT_SUCCESS(status));
    }
    KePrint("The demonstration has ended; the system goes on idle.\n");
}
