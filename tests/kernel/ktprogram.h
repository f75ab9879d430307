/* SPDX-License-Identifier: MIT */
/*
 * Programs as tests: run a PE image from the ramdisk and judge how it ended.
 */
#pragma once
#include "tests/kernel/kt.h"

/* A native program whose entry point ends the process with status 0. */
#define KT_NULL_PROGRAM L"\\??\\C:\\programs\\benchnull.exe"

/* Launches and waits at most a minute; *ExitStatus only on success. */
_Must_inspect_result_ NTSTATUS KtRunProgram(
    PCWSTR Path, PCWSTR CommandLine, _Out_ NTSTATUS *ExitStatus);
/* Terminates it and waits until it has ended. */
void KtEndProcess(PEPROCESS Process, NTSTATUS ExitStatus);
/* A native test program of tests/user; passes if all its checks did. */
void KtRunNativeTest(PCWSTR Path);
void KtRunNativeTestWith(PCWSTR Path, PCWSTR CommandLine);
/* A Win32 test program: the same through smss and csrss. */
void KtRunWin32Test(PCWSTR Program);
