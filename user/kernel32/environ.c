/* SPDX-License-Identifier: MIT */
/*
 * Environment variables.  The block is ntdll's; here are Win32's conventions
 * for sizes: characters, with the zero when the buffer is too small.
 */
#include "user/kernel32/base.h"

DWORD WINAPI GetEnvironmentVariableW(LPCWSTR Name, LPWSTR Buffer, DWORD Size)
{
    UNICODE_STRING Variable;
    UNICODE_STRING Value = {.Buffer = Buffer};
    NTSTATUS Status;

    if (Size > UNICODE_STRING_MAX_BYTES / sizeof(WCHAR)) {
        Size = UNICODE_STRING_MAX_BYTES / sizeof(WCHAR);
    }
    Value.MaximumLength = (USHORT)(Size == 0 ? 0 : (Size - 1) * sizeof(WCHAR));
    RtlInitUnicodeString(&Variable, Name);
    Status = RtlQueryEnvironmentVariable_U(NULL, &Variable, &Value);
    if (Status == STATUS_BUFFER_TOO_SMALL || (NT_SUCCESS(Status) && Size == 0)) {
        return Value.Length / sizeof(WCHAR) + 1;
    }
    if (!NT_SUCCESS(Status)) {
        (void)BaseSetLastNTError(Status);
        return 0;
    }
    Buffer[Value.Length / sizeof(WCHAR)] = L'\0';
    return Value.Length / sizeof(WCHAR);
}

/* Through a wide copy of the largest value that the caller could take. */
static DWORD BasepNarrowVariable(LPCWSTR Name, LPSTR Buffer, DWORD Size)
{
    DWORD Needed = GetEnvironmentVariableW(Name, NULL, 0);
    PWSTR Wide;
    DWORD Length;

    if (Needed == 0 || Needed > Size) {
        return Needed;
    }
    Wide = BaseAllocate(Needed * sizeof(WCHAR));
    if (Wide == NULL) {
        (void)BaseSetLastNTError(STATUS_NO_MEMORY);
        return 0;
    }
    Length = GetEnvironmentVariableW(Name, Wide, Needed);
    (void)RtlUnicodeToMultiByteN(Buffer, Size, NULL, Wide, (Length + 1) * sizeof(WCHAR));
    BaseFree(Wide);
    return Length;
}

DWORD WINAPI GetEnvironmentVariableA(LPCSTR Name, LPSTR Buffer, DWORD Size)
{
    UNICODE_STRING Unicode;
    NTSTATUS Status = BaseAnsiName(Name, &Unicode);
    DWORD Length;

    if (!NT_SUCCESS(Status)) {
        (void)BaseSetLastNTError(Status);
        return 0;
    }
    Length = BasepNarrowVariable(Unicode.Buffer, Buffer, Size);
    RtlFreeUnicodeString(&Unicode);
    return Length;
}

BOOL WINAPI SetEnvironmentVariableW(LPCWSTR Name, LPCWSTR Value)
{
    UNICODE_STRING Variable;
    UNICODE_STRING Text;

    RtlInitUnicodeString(&Variable, Name);
    RtlInitUnicodeString(&Text, Value);
    return BaseResult(
        RtlSetEnvironmentVariable(NULL, &Variable, Value != NULL ? &Text : NULL));
}

BOOL WINAPI SetEnvironmentVariableA(LPCSTR Name, LPCSTR Value)
{
    UNICODE_STRING Variable;
    UNICODE_STRING Text = {0};
    NTSTATUS Status = BaseAnsiName(Name, &Variable);

    if (NT_SUCCESS(Status)) {
        Status = BaseAnsiName(Value, &Text);
    }
    if (NT_SUCCESS(Status)) {
        Status = RtlSetEnvironmentVariable(NULL, &Variable, Value != NULL ? &Text : NULL);
    }
    RtlFreeUnicodeString(&Variable);
    RtlFreeUnicodeString(&Text);
    return BaseResult(Status);
}

/* A copy: the block itself moves when variables are set. */
LPWCH WINAPI GetEnvironmentStringsW(VOID)
{
    PWSTR Copy = NULL;
    PWSTR Environment;
    SIZE_T Size;

    RtlAcquirePebLock();
    Environment = NtCurrentPeb()->ProcessParameters->Environment;
    Size = RtlEnvironmentSize(Environment);
    Copy = BaseAllocate(Size);
    if (Copy != NULL) {
        RtlCopyMemory(Copy, Environment, Size);
    }
    RtlReleasePebLock();
    return Copy;
}

BOOL WINAPI FreeEnvironmentStringsW(LPWCH Strings)
{
    BaseFree(Strings);
    return TRUE;
}

/* Bytes with the empty string at the end. */
static ULONG BasepAnsiEnvironmentSize(PCSTR Ansi)
{
    PCSTR End = Ansi;

    while (*End != '\0') {
        End += strlen(End) + 1;
    }
    return (ULONG)(End - Ansi) + 1;
}

/* The caller frees *Unicode with BaseFree. */
NTSTATUS BasepAnsiEnvironment(PCSTR Ansi, PWSTR *Unicode)
{
    ULONG Size = BasepAnsiEnvironmentSize(Ansi);
    PWSTR Wide = BaseAllocate(Size * sizeof(WCHAR));

    if (Wide == NULL) {
        return STATUS_NO_MEMORY;
    }
    *Unicode = Wide;
    return RtlMultiByteToUnicodeN(Wide, Size * sizeof(WCHAR), NULL, Ansi, Size);
}
