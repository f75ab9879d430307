/* SPDX-License-Identifier: MIT */
/*
 * tdlla.dll: imports tdllb, by name and by number; has thread-local storage with
 * a callback; exports two forwarders.
 */
#include <windows.h>

ULONG WINAPI NextTurn(void);
ULONG WINAPI ByOrdinal(ULONG Value);

static ULONG TlsTurn;
static ULONG OwnTurn;
static BOOL StaticLoad;
static volatile LONG ThreadAttaches;
static volatile LONG ThreadDetaches;

static void NTAPI TlsCallback(PVOID Dll, DWORD Reason, PVOID Reserved)
{
    (void)Dll;
    (void)Reserved;
    if (Reason == DLL_PROCESS_ATTACH) {
        TlsTurn = NextTurn();
    }
}

static const PIMAGE_TLS_CALLBACK TlsCallbacks[] = {TlsCallback, NULL};
static ULONG TlsTemplate[2] = {0x7157, 0};
static ULONG TlsIndex;

/* The linker puts what has this name into the TLS directory. */
const IMAGE_TLS_DIRECTORY32 _tls_used = {
    .StartAddressOfRawData = (DWORD)TlsTemplate,
    .EndAddressOfRawData = (DWORD)(TlsTemplate + 1),
    .AddressOfIndex = (DWORD)&TlsIndex,
    .AddressOfCallBacks = (DWORD)TlsCallbacks,
    .SizeOfZeroFill = sizeof(ULONG),
};

/* This thread's copy of the template: TEB.ThreadLocalStoragePointer[index]. */
PULONG WINAPI TlsOfA(void)
{
    PULONG *Blocks;

    __asm__("movl %%fs:0x2c, %0" : "=r"(Blocks));
    return Blocks[TlsIndex];
}

ULONG WINAPI TlsTurnOfA(void)
{
    return TlsTurn;
}

ULONG WINAPI TurnOfA(void)
{
    return OwnTurn;
}

BOOL WINAPI StaticLoadOfA(void)
{
    return StaticLoad;
}

ULONG WINAPI CallByOrdinal(ULONG Value)
{
    return ByOrdinal(Value);
}

LONG WINAPI ThreadCountOfA(BOOL Detached)
{
    return Detached ? ThreadDetaches : ThreadAttaches;
}

BOOL WINAPI DllMain(HINSTANCE Dll, DWORD Reason, LPVOID Reserved)
{
    (void)Dll;
    switch (Reason) {
    case DLL_PROCESS_ATTACH:
        OwnTurn = NextTurn();
        StaticLoad = Reserved != NULL;
        break;
    case DLL_THREAD_ATTACH:
        ThreadAttaches++;
        break;
    case DLL_THREAD_DETACH:
        ThreadDetaches++;
        break;
    }
    return TRUE;
}
