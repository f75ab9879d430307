/* SPDX-License-Identifier: MIT */
/*
 * The programs of tests/user as tests of the suite, and the demonstration itself.
 */
#include "tests/kernel/ktprogram.h"
#include "boot.h"

START_TEST(ps_demo, "smss, csrss, a Win32 parent and its child")
{
    NTSTATUS ExitStatus = STATUS_PENDING;

    if (ok_status(KtRunProgram(L"\\SystemRoot\\system32\\smss.exe",
                      L"smss.exe C:\\programs\\parent.exe", &ExitStatus), STATUS_SUCCESS)) {
        ok_eq(ExitStatus, 0);
    }
}

START_TEST(ps_image_missing, "a program that is not there")
{
    NTSTATUS ExitStatus = STATUS_PENDING;

    ok_status(KtRunProgram(L"\\??\\C:\\programs\\nobody.exe", L"nobody", &ExitStatus),
        STATUS_OBJECT_NAME_NOT_FOUND);
    ok_status(KtRunProgram(L"\\??\\C:\\nowhere\\nobody.exe", L"nobody", &ExitStatus),
        STATUS_OBJECT_PATH_NOT_FOUND);
}

START_TEST(user_badptr, "bad pointers to every system call")
{
    KtRunNativeTest(L"\\??\\C:\\tests\\badptr.exe");
}

START_TEST(user_fuzz, "system calls at random; seed= chooses them")
{
    CHAR Narrow[64];
    WCHAR Line[64];

    (void)RtlStringFormat(Narrow, sizeof(Narrow), "fuzz.exe seed=%u", KeBootOptions.Seed);
    (void)RtlMultiByteToUnicodeN(Line, sizeof(Line), NULL, Narrow, strlen(Narrow) + 1);
    KtRunNativeTestWith(L"\\??\\C:\\tests\\fuzz.exe", Line);
}

START_TEST(user_waits, "timers, signals and waits as user mode sees them")
{
    KtRunNativeTest(L"\\??\\C:\\tests\\waits.exe");
}

START_TEST(user_parallel, "threads of one program on all processors")
{
    KtRunNativeTest(L"\\??\\C:\\tests\\parallel.exe");
}
