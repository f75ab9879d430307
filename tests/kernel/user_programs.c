/* SPDX-License-Identifier: MIT */
/*
 * The programs of tests/user that are tests of user mode.  Each prints its own
 * checks; here only counts whether all of them passed, and that all of the
 * kernel's counters are afterwards what they were.
 */
#include "tests/kernel/ktprogram.h"

START_TEST(user_process_params, "bad parameters of NtCreateProcessEx and NtCreateThread")
{
    KtRunNativeTest(L"\\??\\C:\\tests\\process_params.exe");
}

START_TEST(user_handles, "handles, rights, names and the objects behind them")
{
    KtRunNativeTest(L"\\??\\C:\\tests\\handles.exe");
}

START_TEST(user_security, "security descriptors, honest ones and others; permanence")
{
    KtRunNativeTest(L"\\??\\C:\\tests\\security.exe");
}

START_TEST(user_memory, "virtual memory and sections")
{
    KtRunNativeTest(L"\\??\\C:\\tests\\memory.exe");
}

START_TEST(user_lpc, "ports: connections, requests, deaths")
{
    KtRunNativeTest(L"\\??\\C:\\tests\\lpc.exe");
}

START_TEST(user_exceptions, "faults, handlers, unwinding")
{
    KtRunNativeTest(L"\\??\\C:\\tests\\exceptions.exe");
}

START_TEST(user_faults, "each fault, its exception, and the end of a process by it")
{
    KtRunNativeTest(L"\\??\\C:\\tests\\faults.exe");
}

START_TEST(user_fpu, "x87 and SSE registers and their faults")
{
    KtRunNativeTest(L"\\??\\C:\\tests\\fpu.exe");
}

START_TEST(user_context, "registers of threads, read and written")
{
    KtRunNativeTest(L"\\??\\C:\\tests\\context.exe");
}

START_TEST(user_apc, "user APCs and alerts")
{
    KtRunNativeTest(L"\\??\\C:\\tests\\apc.exe");
}

START_TEST(user_unwind, "dispatching and unwinding, through damaged chains, too")
{
    KtRunNativeTest(L"\\??\\C:\\tests\\unwind.exe");
}

START_TEST(user_exceptport, "the second chance: exception ports")
{
    KtRunNativeTest(L"\\??\\C:\\tests\\exceptport.exe");
}

START_TEST(user_loader, "DLLs: imports, relocation, order, threads, failures")
{
    KtRunWin32Test(L"C:\\tests\\loader.exe");
}

START_TEST(user_scheduling, "priorities, processors and boosts of processes and threads")
{
    KtRunWin32Test(L"C:\\tests\\scheduling.exe");
}

START_TEST(user_createprocess, "CreateProcessW: parameters, inheritance, exit codes")
{
    KtRunWin32Test(L"C:\\tests\\createprocess.exe");
}

START_TEST(user_subsystem, "csrss: what it knows of threads and processes, however they end")
{
    KtRunWin32Test(L"C:\\tests\\subsystem.exe");
}

START_TEST(user_createfault, "every acquisition of one CreateProcessW failed in turn")
{
    KtRunWin32Test(L"C:\\tests\\createfault.exe");
}

START_TEST(user_edges, "each call for each dispatcher object: rights, kinds, names, waiters")
{
    KtRunNativeTest(L"\\??\\C:\\tests\\edges.exe");
}

START_TEST(user_edges_threads, "each call for a thread: rights, kinds, counts, pointers")
{
    KtRunNativeTest(L"\\??\\C:\\tests\\edgethreads.exe");
}

START_TEST(user_edges_processes, "each call for a process: rights, kinds, names, pointers")
{
    KtRunNativeTest(L"\\??\\C:\\tests\\edgeprocesses.exe");
}

START_TEST(user_edges_info, "each information class of processes and threads, asked and set")
{
    KtRunNativeTest(L"\\??\\C:\\tests\\edgeinfo.exe");
}

START_TEST(user_suspend, "processes suspended and resumed as a whole")
{
    KtRunNativeTest(L"\\??\\C:\\tests\\suspend.exe");
}
