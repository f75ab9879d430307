/* SPDX-License-Identifier: MIT */
/*
 * loader.exe: what the loader does with the DLLs of tests/user/dlls/.
 *
 * It imports tdlla, which imports tdllb.  tdllc and tdlld are loaded later; all
 * four want the same base, so that all but one are relocated.
 */
#include "tests/user/ktap.h"

ULONG WINAPI NextTurn(void);
ULONG WINAPI TurnOfB(void);
ULONG WINAPI TurnOfA(void);
ULONG WINAPI TlsTurnOfA(void);
PULONG WINAPI TlsOfA(void);
BOOL WINAPI StaticLoadOfA(void);
ULONG WINAPI CallByOrdinal(ULONG Value);
ULONG WINAPI ForwardedTurn(void);
ULONG WINAPI ForwardedNumber(ULONG Value);
LONG WINAPI ThreadCountOfA(BOOL Detached);

static void TestOrder(void)
{
    (void)KtapEqual(TurnOfB(), 1, "tdllb is initialised first");
    (void)KtapEqual(TlsTurnOfA(), 2, "then tdlla's TLS callback");
    (void)KtapEqual(TurnOfA(), 3, "then tdlla's DllMain");
    (void)KtapCheck(StaticLoadOfA(), "lpReserved says that it is a static load");
}

static void TestImports(void)
{
    ULONG Before = NextTurn();

    (void)KtapEqual(CallByOrdinal(5), 15, "an import by ordinal");
    (void)KtapEqual(ForwardedTurn(), Before + 1, "a forwarder to a name");
    (void)KtapEqual(ForwardedNumber(7), 21, "a forwarder to an ordinal");
    (void)KtapCheck(HeapSize(GetProcessHeap(), 0, HeapAlloc(GetProcessHeap(), 0, 40)) == 40,
        "kernel32's forwarders to ntdll");
    (void)KtapCheck((PVOID)GetProcAddress(GetModuleHandleW(L"kernel32"), "HeapAlloc") ==
                        (PVOID)GetProcAddress(GetModuleHandleW(L"ntdll.dll"), "RtlAllocateHeap"),
        "GetProcAddress follows them");
}

static void TestLookups(void)
{
    HMODULE B = GetModuleHandleW(L"TDLLB.DLL");
    WCHAR Path[MAX_PATH];

    (void)KtapCheck(B != NULL, "a module is found whatever the case");
    (void)KtapCheck(GetProcAddress(B, (LPCSTR)5) != NULL, "a procedure by ordinal");
    (void)KtapCheck(GetProcAddress(B, "ByOrdinal") == NULL, "that has no name");
    (void)KtapEqual(GetLastError(), ERROR_PROC_NOT_FOUND, "ERROR_PROC_NOT_FOUND");
    (void)KtapCheck(GetProcAddress(B, (LPCSTR)99) == NULL, "an ordinal that is not there");
    (void)KtapCheck(
        GetModuleHandleW(NULL) == (HMODULE)NtCurrentPeb()->ImageBaseAddress, "the program itself");
    (void)KtapCheck(GetModuleFileNameW(B, Path, ARRAYSIZE(Path)) > 9, "a module's path");
}

static void TestLoadAndUnload(void)
{
    static LONG Goodbye;
    HMODULE C = LoadLibraryW(L"tdllc.dll");
    ULONG(WINAPI * Read)(void);
    void(WINAPI * SayGoodbyeTo)(LONG *);

    if (!KtapCheck(C != NULL, "tdllc.dll is loaded")) {
        return;
    }
    (void)KtapCheck(C != GetModuleHandleW(L"tdlla.dll") && C != GetModuleHandleW(L"tdllb.dll"),
        "not where another one is");
    Read = (PVOID)GetProcAddress(C, "ReadThroughPointer");
    SayGoodbyeTo = (PVOID)GetProcAddress(C, "SayGoodbyeTo");
    if (Read != NULL && SayGoodbyeTo != NULL) {
        (void)KtapEqual(Read(), 0xC0DE, "its pointers are relocated");
        SayGoodbyeTo(&Goodbye);
    }
    (void)KtapCheck(LoadLibraryA("TDLLC") == C, "loaded twice it is the same");
    (void)KtapCheck(FreeLibrary(C), "freed once");
    (void)KtapEqual((ULONG)Goodbye, 0, "it is still there");
    (void)KtapCheck(FreeLibrary(C), "freed twice");
    (void)KtapEqual((ULONG)Goodbye, 1, "its DllMain has been told");
    (void)KtapCheck(GetModuleHandleW(L"tdllc.dll") == NULL, "and it is gone");
}

static void TestFailures(void)
{
    (void)KtapCheck(LoadLibraryW(L"nothere.dll") == NULL, "a DLL that is not there");
    (void)KtapEqual(GetLastError(), ERROR_MOD_NOT_FOUND, "ERROR_MOD_NOT_FOUND");
    (void)KtapCheck(LoadLibraryW(L"tdlld.dll") == NULL, "one whose DllMain refuses");
    (void)KtapEqual(GetLastError(), ERROR_DLL_INIT_FAILED, "ERROR_DLL_INIT_FAILED");
    (void)KtapCheck(GetModuleHandleW(L"tdlld.dll") == NULL, "it does not stay");
}

static DWORD WINAPI UseTls(LPVOID Parameter)
{
    PULONG Tls = TlsOfA();

    UNREFERENCED_PARAMETER(Parameter);
    return Tls[0] == 0x7157 && Tls[1] == 0; /* a fresh copy of the template */
}

static void TestThreads(void)
{
    PULONG Tls = TlsOfA();
    HANDLE Thread;
    DWORD Code = 0;

    (void)KtapEqual(Tls[0], 0x7157, "thread-local storage has its template");
    (void)KtapEqual(Tls[1], 0, "and zeros behind it");
    Tls[0] = 1;
    Thread = CreateThread(NULL, 0, UseTls, NULL, 0, NULL);
    (void)WaitForSingleObject(Thread, INFINITE);
    (void)KtapCheck(GetExitCodeThread(Thread, &Code) && Code == 1, "a thread has its own copy");
    (void)KtapEqual((ULONG)ThreadCountOfA(FALSE), 1, "DllMain heard of its start");
    (void)KtapEqual((ULONG)ThreadCountOfA(TRUE), 1, "and of its end");
    (void)CloseHandle(Thread);
}

UINT mainCRTStartup(void)
{
    TestOrder();
    TestImports();
    TestLookups();
    TestLoadAndUnload();
    TestFailures();
    TestThreads();
    return (UINT)KtapEnd();
}
