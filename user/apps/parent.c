/* SPDX-License-Identifier: MIT */
/*
 * parent.exe: creates hello.exe, waits for it and reports its exit code.
 *
 * The demonstration of `make run`: everything that the trace shows happens
 * because of the one call of CreateProcessW below.  Exit code 0 means that the
 * child's was the one that was asked for.
 */
#include <windows.h>

#define EXPECTED_EXIT_CODE 42

static void Print(const char *Text)
{
    DWORD Written;

    WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), Text, (DWORD)lstrlenA(Text), &Written, NULL);
}

/* Text of a number, in a buffer that the next call uses again. */
static const char *Decimal(DWORD Number)
{
    static char Digits[11];
    char *At = Digits + sizeof(Digits) - 1;

    do {
        *--At = (char)('0' + Number % 10);
        Number /= 10;
    } while (Number != 0);
    return At;
}

static int Fail(const char *What)
{
    DWORD Error = GetLastError();

    Print(What);
    Print(" failed with error ");
    Print(Decimal(Error));
    Print("\n");
    return 1;
}

static int Report(DWORD ProcessId, DWORD ExitCode)
{
    Print("Process ");
    Print(Decimal(ProcessId));
    Print(" exited with code ");
    Print(Decimal(ExitCode));
    Print(ExitCode == EXPECTED_EXIT_CODE ? ".\n" : ", which was not expected.\n");
    return ExitCode == EXPECTED_EXIT_CODE ? 0 : 2;
}

int mainCRTStartup(void)
{
    WCHAR CommandLine[] = L"C:\\programs\\hello.exe";
    STARTUPINFOW StartupInfo = {.cb = sizeof(StartupInfo)};
    PROCESS_INFORMATION Child;
    DWORD ExitCode;

    SetEnvironmentVariableA("CREATOR", Decimal(GetCurrentProcessId()));
    if (!CreateProcessW(NULL, CommandLine, NULL, NULL, TRUE, 0, NULL, NULL, &StartupInfo,
            &Child)) {
        return Fail("CreateProcessW");
    }
    if (WaitForSingleObject(Child.hProcess, INFINITE) != WAIT_OBJECT_0) {
        return Fail("WaitForSingleObject");
    }
    if (!GetExitCodeProcess(Child.hProcess, &ExitCode)) {
        return Fail("GetExitCodeProcess");
    }
    CloseHandle(Child.hThread);
    CloseHandle(Child.hProcess);
    return Report(Child.dwProcessId, ExitCode);
}
