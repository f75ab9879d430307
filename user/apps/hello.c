/* SPDX-License-Identifier: MIT */
/*
 * hello.exe: the child.  It greets and exits with 42, or with the number that
 * its command line ends in.
 *
 * An ordinary Win32 program, without a C run-time library.
 */
#include <windows.h>

static char *AppendText(char *End, const char *Text)
{
    while (*Text != '\0') {
        *End++ = *Text++;
    }
    return End;
}

static char *AppendNumber(char *End, DWORD Number)
{
    char Digits[10];
    int Count = 0;

    do {
        Digits[Count++] = (char)('0' + Number % 10);
        Number /= 10;
    } while (Number != 0);
    while (Count != 0) {
        *End++ = Digits[--Count];
    }
    return End;
}

/* The creator says who it is; Win32 has no call that asks. */
static DWORD CreatorId(void)
{
    char Value[12];
    DWORD Length = GetEnvironmentVariableA("CREATOR", Value, sizeof(Value));
    DWORD Id = 0;

    for (DWORD Index = 0; Index < Length && Length < sizeof(Value); Index++) {
        Id = Id * 10 + (DWORD)(Value[Index] - '0');
    }
    return Id;
}

/* The last word of the command line, if it is a number. */
static UINT ExitCode(const char *CommandLine)
{
    const char *Word = CommandLine;
    UINT Code = 0;

    for (const char *At = CommandLine; *At != '\0'; At++) {
        if (*At == ' ') {
            Word = At + 1;
        }
    }
    if (Word == CommandLine || *Word < '0' || *Word > '9') {
        return 42;
    }
    while (*Word >= '0' && *Word <= '9') {
        Code = Code * 10 + (UINT)(*Word++ - '0');
    }
    return Code;
}

int mainCRTStartup(void)
{
    char Line[80];
    char *End = AppendText(Line, "Hello from process ");
    DWORD Creator = CreatorId();
    DWORD Written;

    End = AppendNumber(End, GetCurrentProcessId());
    if (Creator != 0) {
        End = AppendText(End, ", started by ");
        End = AppendNumber(End, Creator);
    }
    End = AppendText(End, ".\n");
    WriteFile(
        GetStdHandle(STD_OUTPUT_HANDLE), Line, (DWORD)(End - Line), &Written, NULL);
    return (int)ExitCode(GetCommandLineA());
}
