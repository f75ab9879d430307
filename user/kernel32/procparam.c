/* SPDX-License-Identifier: MIT */
/*
 * The rest of phase 2, still in user mode: the child's process parameters are
 * put together here and written into its address space.
 */
#include "user/kernel32/base.h"

#define BASE_DLL_PATH_LENGTH 1024 /* characters */

/* "The directory name is invalid" must be said before the child exists. */
static NTSTATUS BasepCheckDirectory(PBASE_CREATE Create, PWSTR Buffer, PUNICODE_STRING Directory)
{
    ULONG Size = MAX_PATH * sizeof(WCHAR);
    ULONG Length = RtlGetFullPathName_U(Create->CurrentDirectory, Size, Buffer, NULL);
    DWORD Attributes;

    if (Length == 0 || Length >= Size) {
        return BASE_WIN32_STATUS(ERROR_DIRECTORY);
    }
    Attributes = GetFileAttributesW(Buffer);
    if (Attributes == INVALID_FILE_ATTRIBUTES || (Attributes & FILE_ATTRIBUTE_DIRECTORY) == 0) {
        return BASE_WIN32_STATUS(ERROR_DIRECTORY);
    }
    RtlInitUnicodeString(Directory, Buffer);
    return STATUS_SUCCESS;
}

/* Everything that is a string; numbers and handles come after. */
static NTSTATUS BasepMakeParameters(
    PBASE_CREATE Create, PWSTR DllPathBuffer, PRTL_USER_PROCESS_PARAMETERS *Parameters)
{
    const STARTUPINFOW *Startup = Create->StartupInfo;
    WCHAR DirectoryBuffer[MAX_PATH];
    UNICODE_STRING Image, DllPath, Directory, CommandLine, Title, Desktop, Shell;
    UNICODE_STRING Runtime = {.Length = Startup->cbReserved2,
        .MaximumLength = Startup->cbReserved2,
        .Buffer = (PWSTR)Startup->lpReserved2};
    PWSTR Environment = Create->Environment;

    if (Create->CurrentDirectory != NULL) {
        NTSTATUS Status = BasepCheckDirectory(Create, DirectoryBuffer, &Directory);

        if (!NT_SUCCESS(Status)) {
            return Status;
        }
    }
    if (Environment == NULL) {
        Environment = NtCurrentPeb()->ProcessParameters->Environment;
    }
    BasepSearchPath(DllPathBuffer, BASE_DLL_PATH_LENGTH);
    RtlInitUnicodeString(&DllPath, DllPathBuffer);
    RtlInitUnicodeString(&Image, Create->Image);
    RtlInitUnicodeString(&CommandLine,
        Create->CommandLine != NULL ? Create->CommandLine : Create->ApplicationName);
    RtlInitUnicodeString(&Title, Startup->lpTitle != NULL ? Startup->lpTitle : Create->Image);
    RtlInitUnicodeString(&Desktop, Startup->lpDesktop);
    RtlInitUnicodeString(&Shell, Startup->lpReserved);
    return RtlCreateProcessParameters(Parameters, &Image, &DllPath,
        Create->CurrentDirectory != NULL ? &Directory : NULL, &CommandLine, Environment, &Title,
        &Desktop, &Shell, &Runtime);
}

static VOID BasepCopyStartupInfo(
    const STARTUPINFOW *Startup, PRTL_USER_PROCESS_PARAMETERS Parameters)
{
    Parameters->StartingX = Startup->dwX;
    Parameters->StartingY = Startup->dwY;
    Parameters->CountX = Startup->dwXSize;
    Parameters->CountY = Startup->dwYSize;
    Parameters->CountCharsX = Startup->dwXCountChars;
    Parameters->CountCharsY = Startup->dwYCountChars;
    Parameters->FillAttribute = Startup->dwFillAttribute;
    Parameters->WindowFlags = Startup->dwFlags;
    Parameters->ShowWindowFlags = Startup->wShowWindow;
}

/* A handle that is not open here is none in the child, and no error. */
static NTSTATUS BasepGiveHandle(PBASE_CREATE Create, HANDLE Ours, PHANDLE Theirs)
{
    NTSTATUS Status;

    *Theirs = NULL;
    if (Ours == NULL) {
        return STATUS_SUCCESS;
    }
    Status = NtDuplicateObject(NtCurrentProcess(), Ours, Create->Process, Theirs, 0, 0,
        DUPLICATE_SAME_ACCESS | DUPLICATE_SAME_ATTRIBUTES);
    return Status == STATUS_INVALID_HANDLE ? STATUS_SUCCESS : Status;
}

/*
 * A console program gets its creator's standard handles even if it inherits no
 * others: each is duplicated into it.  NT does so for all but console handles,
 * which are not kernel objects there; here they are.
 */
static NTSTATUS BasepGiveStandardHandles(
    PBASE_CREATE Create, PRTL_USER_PROCESS_PARAMETERS Own, PRTL_USER_PROCESS_PARAMETERS Parameters)
{
    NTSTATUS Status = BasepGiveHandle(Create, Own->StandardInput, &Parameters->StandardInput);

    if (NT_SUCCESS(Status)) {
        Status = BasepGiveHandle(Create, Own->StandardOutput, &Parameters->StandardOutput);
    }
    if (NT_SUCCESS(Status)) {
        Status = BasepGiveHandle(Create, Own->StandardError, &Parameters->StandardError);
    }
    return Status;
}

static NTSTATUS BasepSetStandardHandles(
    PBASE_CREATE Create, PRTL_USER_PROCESS_PARAMETERS Parameters)
{
    PRTL_USER_PROCESS_PARAMETERS Own = NtCurrentPeb()->ProcessParameters;

    if ((Create->Flags & DETACHED_PROCESS) != 0) {
        Parameters->ConsoleHandle = BASE_CONSOLE_DETACHED;
    } else if ((Create->Flags & CREATE_NO_WINDOW) != 0) {
        Parameters->ConsoleHandle = BASE_CONSOLE_NO_WINDOW;
    } else {
        Parameters->ConsoleHandle = Own->ConsoleHandle;
    }
    if ((Create->StartupInfo->dwFlags & STARTF_USESTDHANDLES) != 0) {
        Parameters->StandardInput = Create->StartupInfo->hStdInput;
        Parameters->StandardOutput = Create->StartupInfo->hStdOutput;
        Parameters->StandardError = Create->StartupInfo->hStdError;
        return STATUS_SUCCESS;
    }
    if (Parameters->ConsoleHandle != Own->ConsoleHandle ||
        Create->ImageInformation.SubSystemType != IMAGE_SUBSYSTEM_WINDOWS_CUI) {
        return STATUS_SUCCESS;
    }
    if (!Create->InheritHandles) {
        return BasepGiveStandardHandles(Create, Own, Parameters);
    }
    Parameters->StandardInput = Own->StandardInput;
    Parameters->StandardOutput = Own->StandardOutput;
    Parameters->StandardError = Own->StandardError;
    return STATUS_SUCCESS;
}

NTSTATUS BasePushProcessParameters(PBASE_CREATE Create)
{
    PWSTR DllPath = BaseAllocate(BASE_DLL_PATH_LENGTH * sizeof(WCHAR));
    PRTL_USER_PROCESS_PARAMETERS Parameters;
    NTSTATUS Status;

    if (DllPath == NULL) {
        return STATUS_NO_MEMORY;
    }
    Status = BasepMakeParameters(Create, DllPath, &Parameters);
    BaseFree(DllPath);
    if (!NT_SUCCESS(Status)) {
        return Status;
    }
    BasepCopyStartupInfo(Create->StartupInfo, Parameters);
    Status = BasepSetStandardHandles(Create, Parameters);
    if (NT_SUCCESS(Status)) {
        Status = RtlPushProcessParameters(Create->Process, Create->Peb, Parameters);
    }
    (void)RtlDestroyProcessParameters(Parameters);
    return Status;
}
