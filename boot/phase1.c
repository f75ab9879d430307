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

static void BootMountRamdisk(void)
{
    const CHAR *Problem = "";
    ULONG Offset = 0;
    NTSTATUS Status;

    if (KeLoaderBlock.RamdiskSize == 0) {
        BootStop("no ramdisk.  The loader must pass it as the first Multiboot module:\n"
                 "  GRUB: module /boot/ramdisk.img    QEMU: -initrd build/ramdisk.img");
    }
    Status =
        IoMountRamdisk(KeLoaderBlock.RamdiskStart, KeLoaderBlock.RamdiskSize, &Problem, &Offset);
    if (!NT_SUCCESS(Status)) {
        BootStop("the ramdisk (%u bytes at physical %08x) is damaged.\n"
                 "  At offset %u was expected: %s.",
            KeLoaderBlock.RamdiskSize, KeLoaderBlock.RamdiskStart, Offset, Problem);
    }
}

static void BootLocateSystemDll(void)
{
    const CHAR *Which = "";
    NTSTATUS Status = PsLocateSystemDll(&Which);

    if (Status == STATUS_OBJECT_NAME_NOT_FOUND || Status == STATUS_OBJECT_PATH_NOT_FOUND) {
        BootStop("the ramdisk has no file windows/system32/ntdll.dll.");
    }
    if (!NT_SUCCESS(Status)) {
        KePrint("ntdll.dll cannot be used: %s\n", Which);
        KeBugCheckEx(PROCESS1_INITIALIZATION_FAILED, (__force ULONG)Status, 0, 0, 0);
    }
}

/* Leaves the emulator; without one, says so and leaves the machine running. */
static void BootEnd(BOOLEAN Passed)
{
    PsDrainReaper();
    HalExitEmulator(Passed ? HAL_EXIT_PASS : HAL_EXIT_FAILURE);
    HalPowerOff();
}

/* "smss.exe C:\programs\parent.exe", or the benchmark program with its argument. */
static void BootSessionCommandLine(PWSTR Line, SIZE_T Size)
{
    CHAR Text[128];

    if (KeBootOptions.Bench[0] != 0) {
        RtlStringFormat(
            Text, sizeof(Text), "smss.exe C:\\programs\\bench.exe %s", KeBootOptions.Bench);
    } else {
        RtlStringFormat(Text, sizeof(Text), "smss.exe C:\\%s", KeBootOptions.Run);
    }
    RtlMultiByteToUnicodeN(Line, (ULONG)Size, NULL, Text, (ULONG)strlen(Text) + 1);
}

/* Runs the session manager to its end; its exit status is the demonstration's. */
static NTSTATUS BootRunSession(void)
{
    WCHAR Line[128];
    PEPROCESS Process;
    NTSTATUS Status;

    BootSessionCommandLine(Line, sizeof(Line));
    Status = PsLaunchProgram(SESSION_MANAGER, Line, &Process);
    if (!NT_SUCCESS(Status)) {
        BootStop("smss.exe (windows/system32/smss.exe in the ramdisk) does not start: %s.",
            RtlNtStatusName(Status));
    }
    KeWaitForSingleObject(Process, Executive, KernelMode, FALSE, NULL);
    Status = Process->ExitStatus;
    ObDereferenceObject(Process);
    return Status;
}

void Phase1Initialization(PVOID Context)
{
    NTSTATUS Status;

    UNREFERENCED_PARAMETER(Context);
    BootMountRamdisk();
    BootLocateSystemDll();
    if (KeBootOptions.Crash[0] != 0) {
        BootCrash(KeBootOptions.Crash);
    }
    if (KeBootOptions.Test[0] != 0) {
        BootEnd(KtRunTests(KeBootOptions.Test));
    }
    Status = BootRunSession();
    if (Status != STATUS_SUCCESS) { /* small exit codes are successes to NT, not to us */
        KePrint("smss.exe ended with %s.\n", RtlNtStatusName(Status));
    }
    if (KeBootOptions.PowerOff) {
        BootEnd(Status == STATUS_SUCCESS);
    }
    KePrint("The demonstration has ended; the system goes on idle.\n"
            "With QEMU on this terminal, Ctrl-A then X quits.\n");
}
