/* SPDX-License-Identifier: MIT */
/*
 * The option crash=KIND: a bug on purpose, so that what a crash prints can be
 * looked at and tested.  Each kind is a way real bugs end.
 */
#include "boot/bootp.h"
#include "mm.h"
#include "nt/native.h"

#define NOBODYS_ADDRESS ((volatile ULONG *)0xFFBFF000) /* never mapped */
#define TAG_CRASH       POOL_TAG('C', 'r', 's', 'h')
#define USERS_ADDRESS   ((volatile ULONG *)0x7FFE0000) /* every process has it */

typedef struct _BOOT_CRASH {
    PCSTR Kind;
    void (*Routine)(void);
} BOOT_CRASH;

static void BootCrashAssert(void)
{
    KeAssertionFailed("crash != \"assert\"", __FILE__, __LINE__);
}

static void BootCrashFault(void)
{
    *NOBODYS_ADDRESS = 1;
}

static void BootCrashIrql(void)
{
    static KSPIN_LOCK Lock = KSPIN_LOCK_INITIALIZER(LockLevelPfn);

    (void)KeAcquireSpinLock(&Lock);
    *NOBODYS_ADDRESS = 1;
}

static void BootCrashShort(void)
{
    static KSPIN_LOCK Lock = KSPIN_LOCK_INITIALIZER(LockLevelObject);

    KeAcquireShortLock(&Lock);
    *NOBODYS_ADDRESS = 1;
}

/* The text of the kernel is read-only: W^X. */
static void BootCrashWrite(void)
{
    *(volatile UCHAR *)(ULONG_PTR)BootCrashWrite = 0xC3;
}

/* Data is not executable, where the processor can say so. */
static void BootCrashExecute(void)
{
    static UCHAR Code[] = {0xC3};

    ((void (*)(void))(ULONG_PTR)Code)();
}

/* The page that every process has: only SMAP minds. */
static void BootCrashUser(void)
{
    (void)*USERS_ADDRESS;
}

/* Runs into the guard page; the fault then has no stack and becomes a double fault. */
static void BootCrashStack(void)
{
    static void (*volatile Deeper)(void) = BootCrashStack;
    volatile ULONG Level = 1;

    Deeper();
    Level++; /* so that the call is no jump */
}

static void BootCrashWait(void)
{
    LARGE_INTEGER Interval = {.QuadPart = -10000};

    (void)KeRaiseIrqlTo(DISPATCH_LEVEL);
    (void)KeDelayExecutionThread(KernelMode, FALSE, &Interval);
}

static void BootCrashDpcRoutine(PKDPC Dpc, PVOID Context, PVOID Argument1, PVOID Argument2)
{
    UNREFERENCED_PARAMETER(Dpc);
    UNREFERENCED_PARAMETER(Argument1);
    UNREFERENCED_PARAMETER(Argument2);
    (void)KeWaitForSingleObject(Context, Executive, KernelMode, FALSE, NULL);
}

/* The event is signalled: the wait would not block, but is wrong all the same. */
static void BootCrashDpc(void)
{
    static KEVENT Event;
    static KDPC Dpc;

    KeInitializeEvent(&Event, NotificationEvent, TRUE);
    KeInitializeDpc(&Dpc, BootCrashDpcRoutine, &Event);
    (void)KeInsertQueueDpc(&Dpc, NULL, NULL);
    KeFlushQueuedDpcs();
}

static KGUARDED_MUTEX BootOuter, BootInner; /* in this order */

static void BootCrashOrder(void)
{
    KeAcquireGuardedMutex(&BootInner);
    KeAcquireGuardedMutex(&BootOuter);
}

/* A mutex under a spin lock. */
static void BootCrashMutex(void)
{
    static KSPIN_LOCK Lock = KSPIN_LOCK_INITIALIZER(LockLevelPool);

    (void)KeAcquireSpinLock(&Lock);
    KeAcquireGuardedMutex(&BootOuter);
}

static void BootCrashTwice(void)
{
    static KSPIN_LOCK Lock = KSPIN_LOCK_INITIALIZER(LockLevelTimer);

    (void)KeAcquireSpinLock(&Lock);
    KeAcquireSpinLockAtDpcLevel(&Lock);
}

static void BootCrashUnowned(void)
{
    KeReleaseGuardedMutex(&BootOuter);
}

/* In place of NtClose: returns to the program with a mutex. */
static NTSTATUS NTAPI BootCloseAndKeepMutex(HANDLE Handle)
{
    NTSTATUS Status = NtClose(Handle);

    KeAcquireGuardedMutex(&BootInner);
    return Status;
}

static NTSTATUS NTAPI BootCloseAndStayRaised(HANDLE Handle)
{
    static KSPIN_LOCK Lock = KSPIN_LOCK_INITIALIZER(LockLevelReaper);
    NTSTATUS Status = NtClose(Handle);

    (void)KeAcquireSpinLock(&Lock);
    return Status;
}

static NTSTATUS NTAPI BootCloseInGuardedRegion(HANDLE Handle)
{
    KeEnterGuardedRegion();
    return NtClose(Handle);
}

/* The service table is read-only, so a copy takes its place; programs run later. */
static void BootReplaceClose(NTSTATUS (NTAPI *Replacement)(HANDLE))
{
    KSERVICE_TABLE_DESCRIPTOR *Table = &KeServiceDescriptorTable[0];
    PVOID *Services = ExAllocatePoolWithTag(
        NonPagedPool, Table->Limit * sizeof(Services[0]), TAG_CRASH);

    for (ULONG i = 0; Services != NULL && i < Table->Limit; i++) {
        Services[i] = Table->Base[i] == (PVOID)NtClose ? (PVOID)Replacement : Table->Base[i];
    }
    Table->Base = Services;
}

static void BootCrashHeld(void)
{
    BootReplaceClose(BootCloseAndKeepMutex);
}

static void BootCrashRaised(void)
{
    BootReplaceClose(BootCloseAndStayRaised);
}

static void BootCrashRegion(void)
{
    BootReplaceClose(BootCloseInGuardedRegion);
}

static void BootCrashPool(void)
{
    PVOID Block = ExAllocatePoolWithTag(NonPagedPool, 32, TAG_CRASH);

    if (Block != NULL) {
        ExFreePoolWithTag(Block, TAG_CRASH);
        ExFreePoolWithTag(Block, TAG_CRASH);
    }
}

/* Returns if Kind is none, or one that comes later, when programs run. */
void BootCrash(PCSTR Kind)
{
    static const BOOT_CRASH Crashes[] = {
        {"assert", BootCrashAssert}, /* a condition that does not hold */
        {"fault", BootCrashFault},   /* memory that is not there */
        {"irql", BootCrashIrql},     /* the same with a spin lock held */
        {"short", BootCrashShort},   /* with a short lock */
        {"write", BootCrashWrite},   /* read-only memory */
        {"execute", BootCrashExecute}, /* data */
        {"user", BootCrashUser},       /* a user's memory without the copy helpers */
        {"stack", BootCrashStack},   /* recursion without end */
        {"wait", BootCrashWait},     /* a wait at DISPATCH_LEVEL */
        {"dpc", BootCrashDpc},         /* the same in a DPC */
        {"order", BootCrashOrder},     /* two locks in the wrong order */
        {"mutex", BootCrashMutex},     /* a mutex at DISPATCH_LEVEL */
        {"twice", BootCrashTwice},     /* a spin lock by who has it */
        {"unowned", BootCrashUnowned}, /* the release of what nobody holds */
        {"held", BootCrashHeld},       /* a return to user mode with a mutex */
        {"raised", BootCrashRaised},   /* with a spin lock */
        {"region", BootCrashRegion},   /* with APCs disabled */
        {"pool", BootCrashPool},     /* a block freed twice */
    };

    KeInitializeGuardedMutex(&BootOuter, LockLevelProcess);
    KeInitializeGuardedMutex(&BootInner, LockLevelHandleTable);
    for (ULONG i = 0; i < ARRAYSIZE(Crashes); i++) {
        if (strcmp(Kind, Crashes[i].Kind) == 0) {
            Crashes[i].Routine();
            return;
        }
    }
    KePrint("Option crash: '%s' is no kind of crash.\n", Kind);
}
