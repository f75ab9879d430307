/* SPDX-License-Identifier: MIT */
/*
 * The loader's own declarations.  It runs in user mode, inside ntdll.
 *
 *   init.c     a new thread's first code: elects who initialises the process
 *   process.c  process initialisation in numbered stages
 *   module.c   the lists of modules, looking one up, references
 *   search.c   from a DLL's name to an open file
 *   map.c      from a file to a mapped, relocated module
 *   snap.c     imports: load what is wanted, fill in addresses
 *   resolve.c  one export to an address, through forwarders
 *   tls.c      thread-local storage of modules
 *   call.c     entry points, thread start and end, process shutdown
 *   api.c      LdrLoadDll and the other exports
 *   fail.c     what happens when a process cannot start
 *
 * LdrpLoaderLock guards all of it.  pe.h reads images; it trusts no byte of them.
 */
#pragma once
#include "user/ntdll/ntdllp.h"
#include "ldr/pe.h"

#define LDRP_PINNED     0xFFFF /* LoadCount of a module that stays */
#define LDRP_MAXIMUM_NAME 128  /* characters of a DLL's name in an import table */

struct _LDRP_MODULE;

/* A reference that one module holds to another, by import or forwarder. */
typedef struct _LDRP_DEPENDENCY {
    struct _LDRP_DEPENDENCY *Next;
    struct _LDRP_MODULE *Module;
} LDRP_DEPENDENCY, *PLDRP_DEPENDENCY;

/*
 * A module.  LoadCount counts LdrLoadDll calls and dependencies of others; two
 * DLLs that import each other therefore stay for good.
 */
typedef struct _LDRP_MODULE {
    LDR_DATA_TABLE_ENTRY Entry; /* first: NT's lists lead here */
    PLDRP_DEPENDENCY Dependencies;
    ULONG ImportCount; /* functions, for the trace */
    BOOLEAN Unloading;
    BOOLEAN ExportsOpen;
    LDR_EXPORTS Exports; /* if so: from the first that was looked for */
    /* Thread-local storage, valid if HasTls: the initial bytes and the rest, zeroed. */
    BOOLEAN HasTls;
    const VOID *TlsData;
    ULONG TlsDataSize;
    ULONG TlsZeroSize;
    ULONG TlsCallbacksRva; /* 0: none */
} LDRP_MODULE, *PLDRP_MODULE;

/* Walks one of NT's three lists; Member is the LIST_ENTRY's name in the entry. */
#define LDRP_MODULE_OF(Link, Member) \
    ((PLDRP_MODULE)CONTAINING_RECORD(Link, LDR_DATA_TABLE_ENTRY, Member))

extern RTL_CRITICAL_SECTION LdrpLoaderLock;
extern PEB_LDR_DATA LdrpLdrData;
extern PLDRP_MODULE LdrpImageModule; /* the EXE */
extern PLDRP_MODULE LdrpNtdllModule;
extern BOOLEAN LdrpShutdownInProgress;

/* init.c; jumped to from LdrInitializeThunk */
VOID NTAPI LdrpInit(PCONTEXT Context, PVOID NtdllBase, PVOID Unused);

/* process.c */
NTSTATUS LdrpInitializeProcess(PCONTEXT Context, PVOID NtdllBase);

/* module.c */
NTSTATUS LdrpCreateModule(
    PVOID Base, PCUNICODE_STRING FullName, ULONG Flags, PLDRP_MODULE *Module);
VOID LdrpDestroyModule(PLDRP_MODULE Module);
PLDRP_MODULE LdrpFindByName(PCUNICODE_STRING Name);
PLDRP_MODULE LdrpFindByBase(PVOID Base);
PLDRP_MODULE LdrpFindByAddress(PVOID Address);
VOID LdrpReference(PLDRP_MODULE Module);
NTSTATUS LdrpAddDependency(PLDRP_MODULE Module, PLDRP_MODULE Target);
VOID LdrpDereference(PLDRP_MODULE Module);
VOID LdrpPinModules(VOID);

/* search.c; on success the caller owns *File and *FullName */
NTSTATUS LdrpOpenDll(
    PCWSTR DllPath, PCUNICODE_STRING Name, PUNICODE_STRING FullName, PHANDLE File);
/* Adds ".dll" to a name without extension.  Result must be freed. */
NTSTATUS LdrpCompleteName(PCUNICODE_STRING Name, PUNICODE_STRING Complete);

/* map.c */
NTSTATUS LdrpMapDll(PCWSTR DllPath, PCUNICODE_STRING Name, PLDRP_MODULE *Module);
NTSTATUS LdrpRelocateModule(PLDRP_MODULE Module);
/* The section that holds an RVA, or NULL. */
const IMAGE_SECTION_HEADER *LdrpSectionOfRva(PLDRP_MODULE Module, ULONG Rva);

/* snap.c; a module is returned with a reference that the caller owns */
NTSTATUS LdrpLoadModule(PCWSTR DllPath, PCUNICODE_STRING Name, PLDRP_MODULE *Module);
NTSTATUS LdrpLoadImportedModule(PLDRP_MODULE Importer, PCSTR Name, PLDRP_MODULE *Module);
NTSTATUS LdrpSnapImports(PLDRP_MODULE Module);

/* resolve.c */
NTSTATUS LdrpResolveExport(
    PLDRP_MODULE Module, PCSTR Name, ULONG HintOrOrdinal, ULONG Depth, PVOID *Address);

/* tls.c */
NTSTATUS LdrpInitializeTls(VOID);
NTSTATUS LdrpAllocateTls(VOID);
VOID LdrpFreeTls(VOID);
VOID LdrpCallTlsCallbacks(PLDRP_MODULE Module, ULONG Reason, PVOID Reserved);

/* call.c */
NTSTATUS LdrpRunInitializeRoutines(PCONTEXT Context);
VOID LdrpCallDetach(PLDRP_MODULE Module, PVOID Reserved);
VOID LdrpAttachThread(VOID);

/* fail.c */
/* Remembers what could not be found, for the message; the first one counts. */
VOID LdrpNoteFailure(NTSTATUS Status, PCSTR Name, ULONG Ordinal, PCUNICODE_STRING Dll);
DECLSPEC_NORETURN VOID LdrpFailProcess(NTSTATUS Status);
#define LDRP_TRACE_NAME 32 /* bytes of an image's name in an event */
/* One trace event about Module (NULL: the process). */
#define LdrpTrace(Event, Module, Count, ...)                                        \
    do {                                                                            \
        CHAR TraceName_[LDRP_TRACE_NAME];                                                        \
        NascentTraceEvent((Event), LdrpTraceName((Module), TraceName_), NULL, (Count), \
            __VA_ARGS__);                                                           \
    } while (0)
PCSTR LdrpTraceName(PLDRP_MODULE Module, PCHAR Buffer);
