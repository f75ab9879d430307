/* SPDX-License-Identifier: MIT */
/*
 * smss.exe's own declarations: what its three files share.
 */
#pragma once
#include "csr/csrmsg.h"
#include "user/ntdll/ntdll.h"

/* Made once by main.c, then read only. */
typedef struct _SMP_SESSION {
    PWSTR Environment; /* of every process that smss starts */
    HANDLE Console;    /* inheritable: standard handles of the same */
    HANDLE SmApiPort;
    HANDLE CsrProcess;
    HANDLE CsrPort; /* our end of \Windows\SbApiPort */
} SMP_SESSION, *PSMP_SESSION;

/* main.c */
VOID SmpReport(PCSTR What, PCUNICODE_STRING Name, NTSTATUS Status);

/* subsystem.c */
_Must_inspect_result_ NTSTATUS SmpStartSubsystem(PSMP_SESSION Session);
_Must_inspect_result_ NTSTATUS SmpTellSubsystem(
    PSMP_SESSION Session, PRTL_USER_PROCESS_INFORMATION Program, PCUNICODE_STRING Image);
VOID SmpStopSubsystem(PSMP_SESSION Session);

/* program.c */
_Must_inspect_result_ NTSTATUS SmpCreateProcess(PSMP_SESSION Session, PUNICODE_STRING Image,
    PUNICODE_STRING CommandLine, HANDLE ExceptionPort,
    PRTL_USER_PROCESS_INFORMATION Information);
VOID SmpEndProcess(PRTL_USER_PROCESS_INFORMATION Information, NTSTATUS Status);
NTSTATUS SmpRunProgram(PSMP_SESSION Session, PCUNICODE_STRING CommandLine);
