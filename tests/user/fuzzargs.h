/* SPDX-License-Identifier: MIT */
/*
 * Arguments for the system-call fuzzer (fuzz.c): most of them nearly right, so
 * that a call gets past the first check, each now and then something else.
 *
 * Everything comes from one random number generator, so that a seed names a run.
 */
#pragma once
#include "tests/user/ktap.h"

#define FUZZ_SLOTS     12
#define FUZZ_SLOT_SIZE 0x400
#define FUZZ_HANDLES   32

/* One thread that makes calls. */
typedef struct _FUZZER {
    ULONG Random;
    PUCHAR Scratch;  /* FUZZ_SLOTS slots, one for each argument */
    PUCHAR Edge;     /* a page, and behind it nothing */
    PUCHAR ReadOnly; /* a page */
    PVOID Code;      /* where a thread may start */
    PVOID Apc;       /* what may interrupt one */
    ULONG Calls;     /* yet to make */
    HANDLE ThreadId;
    ULONG_PTR Stack; /* to begin again on */
    HANDLE Handles[FUZZ_HANDLES];
} FUZZER, *PFUZZER;

static inline ULONG FuzzRandom(PFUZZER Fuzzer)
{
    Fuzzer->Random ^= Fuzzer->Random << 13;
    Fuzzer->Random ^= Fuzzer->Random >> 17;
    Fuzzer->Random ^= Fuzzer->Random << 5;
    return Fuzzer->Random;
}

static inline ULONG FuzzBelow(PFUZZER Fuzzer, ULONG Limit)
{
    return (FuzzRandom(Fuzzer) >> 4) % Limit;
}

/* True once in Times. */
static inline BOOLEAN FuzzOnce(PFUZZER Fuzzer, ULONG Times)
{
    return FuzzBelow(Fuzzer, Times) == 0;
}

#define FUZZ_PICK(Fuzzer, Array) ((Array)[FuzzBelow(Fuzzer, ARRAYSIZE(Array))])

static HANDLE FuzzHandle(PFUZZER Fuzzer)
{
    static const LONG Others[] = {0, -1, -2, -3, 4, 0x7FF0, 0x10000000, 3, (LONG)0x80000004};

    return FuzzOnce(Fuzzer, 8) ? (HANDLE)FUZZ_PICK(Fuzzer, Others)
                               : FUZZ_PICK(Fuzzer, Fuzzer->Handles);
}

/* Where user memory ends, begins, is not all there, or is the kernel's. */
static ULONG_PTR FuzzBadPointer(PFUZZER Fuzzer)
{
    static const ULONG_PTR Fixed[] = {0, 1, 0xFFFF, 0x10000, 0x7FFE0000, 0x7FFEFFFC,
        0x7FFEFFFF, 0x7FFF0000, 0x7FFFFFFF, 0x80000000, 0x80101000, 0xB0000000, 0xC0000000,
        0xC0600000, 0xFFDF0000, 0xFFDFF000, 0xFFFFF000, 0xFFFFFFFC, 0xFFFFFFFF};

    switch (FuzzBelow(Fuzzer, 4)) {
    case 0:
        return (ULONG_PTR)Fuzzer->Edge + PAGE_SIZE - FuzzBelow(Fuzzer, 64);
    case 1:
        return (ULONG_PTR)Fuzzer->ReadOnly + FuzzBelow(Fuzzer, PAGE_SIZE);
    default:
        return FUZZ_PICK(Fuzzer, Fixed);
    }
}

static ULONG_PTR FuzzWord(PFUZZER Fuzzer)
{
    switch (FuzzBelow(Fuzzer, 8)) {
    case 0:
        return 0;
    case 1:
        return 1u << FuzzBelow(Fuzzer, 32);
    case 2:
        return (1u << FuzzBelow(Fuzzer, 32)) - 1;
    case 3:
        return (ULONG_PTR)FuzzHandle(Fuzzer);
    case 4:
        return FuzzBadPointer(Fuzzer);
    case 5:
        return (ULONG_PTR)Fuzzer->Scratch + FuzzBelow(Fuzzer, FUZZ_SLOTS * FUZZ_SLOT_SIZE);
    case 6:
        return FuzzRandom(Fuzzer);
    default:
        return FuzzBelow(Fuzzer, 40);
    }
}

static void FuzzFill(PFUZZER Fuzzer, PVOID Buffer, SIZE_T Length)
{
    for (SIZE_T Index = 0; Index < Length / sizeof(ULONG_PTR); Index++) {
        ((ULONG_PTR *)Buffer)[Index] = FuzzWord(Fuzzer);
    }
}

/* Names that exist, names this test makes, and names that are none. */
static void FuzzName(PFUZZER Fuzzer, PUNICODE_STRING Name)
{
    static const PCWSTR Names[] = {L"\\FuzzA", L"\\FuzzB", L"\\FuzzDirectory",
        L"\\FuzzDirectory\\A", L"\\SystemRoot\\system32\\ntdll.dll", L"\\??\\C:\\tests\\fuzz.exe",
        L"\\??\\C:\\tests", L"\\Device\\Ramdisk", L"\\SystemRoot", L"\\", L"", L"A", L"\\\\", L"\\??\\"};

    RtlInitUnicodeString(Name, FUZZ_PICK(Fuzzer, Names));
    if (FuzzOnce(Fuzzer, 16)) {
        Name->Length = (USHORT)FuzzWord(Fuzzer);
    }
    if (FuzzOnce(Fuzzer, 16)) {
        Name->Buffer = (PWSTR)FuzzBadPointer(Fuzzer);
    }
}

/* Self-relative, nearly right. */
static void FuzzDescriptor(PFUZZER Fuzzer, PUCHAR Slot)
{
    static const ULONG Good[] = {0x80040001, 0x14, 0, 0, 0x20, /* header: owner and DACL */
        0x00000101, 0x05000000, 0x12,                          /* S-1-5-18 */
        0x00140002, 0x1, 0, 0x000C0000, 0x1};                  /* list, and half an entry */

    memcpy(Slot, Good, sizeof(Good));
    if (FuzzOnce(Fuzzer, 2)) {
        ((PULONG)Slot)[FuzzBelow(Fuzzer, ARRAYSIZE(Good))] = FuzzWord(Fuzzer);
    }
    if (FuzzOnce(Fuzzer, 4)) {
        ((PULONG)Slot)[9] = 0; /* no entry: valid */
    }
}

/* Never permanent: what stays on purpose would look like a leak. */
static void FuzzAttributes(PFUZZER Fuzzer, PUCHAR Slot)
{
    POBJECT_ATTRIBUTES Attributes = (POBJECT_ATTRIBUTES)Slot;
    PUNICODE_STRING Name = (PUNICODE_STRING)(Slot + sizeof(*Attributes));
    ULONG Flags = FuzzOnce(Fuzzer, 4) ? FuzzRandom(Fuzzer) & 0x7F2 : OBJ_CASE_INSENSITIVE;

    FuzzName(Fuzzer, Name);
    InitializeObjectAttributes(Attributes, FuzzOnce(Fuzzer, 3) ? NULL : Name,
        Flags & ~(ULONG)OBJ_PERMANENT, FuzzOnce(Fuzzer, 8) ? FuzzHandle(Fuzzer) : NULL, NULL);
    if (FuzzOnce(Fuzzer, 16)) {
        Attributes->SecurityDescriptor = (PVOID)FuzzWord(Fuzzer);
    } else if (FuzzOnce(Fuzzer, 4)) {
        Attributes->SecurityDescriptor = Slot + FUZZ_SLOT_SIZE / 2;
        FuzzDescriptor(Fuzzer, Attributes->SecurityDescriptor);
    }
}

/* Half of them can run; all have something the kernel must not believe. */
static void FuzzContext(PFUZZER Fuzzer, PCONTEXT Context)
{
    FuzzFill(Fuzzer, Context, FUZZ_SLOT_SIZE);
    Context->ContextFlags = CONTEXT_i386 | (FuzzRandom(Fuzzer) & 0x3F);
    if (FuzzOnce(Fuzzer, 2)) {
        Context->ContextFlags |= CONTEXT_FULL;
        Context->Eip = (ULONG)(ULONG_PTR)Fuzzer->Code;
        Context->Esp = (ULONG)(ULONG_PTR)Fuzzer->Edge + PAGE_SIZE - 64;
    }
}

static void FuzzMessage(PFUZZER Fuzzer, PPORT_MESSAGE Message)
{
    FuzzFill(Fuzzer, Message, FUZZ_SLOT_SIZE);
    if (!FuzzOnce(Fuzzer, 4)) {
        Message->DataLength = (USHORT)FuzzBelow(Fuzzer, LPC_MAX_DATA_LENGTH + 8);
        Message->TotalLength = Message->DataLength + sizeof(*Message);
        Message->Type = 0;
        Message->DataInfoOffset = 0;
    }
}

static void FuzzException(PFUZZER Fuzzer, PEXCEPTION_RECORD Record)
{
    FuzzFill(Fuzzer, Record, sizeof(*Record));
    if (!FuzzOnce(Fuzzer, 4)) {
        Record->NumberParameters = FuzzBelow(Fuzzer, EXCEPTION_MAXIMUM_PARAMETERS + 2);
    }
}

/* A millisecond at most: the calls that wait are not to be waited for. */
static void FuzzTimeout(PFUZZER Fuzzer, PLARGE_INTEGER Timeout)
{
    Timeout->QuadPart = -(LONGLONG)FuzzBelow(Fuzzer, 10000);
}

static ULONG_PTR FuzzFilled(PFUZZER Fuzzer, CHAR Kind, PUCHAR Slot)
{
    switch (Kind) {
    case 'o':
        FuzzAttributes(Fuzzer, Slot);
        break;
    case 'd':
        FuzzDescriptor(Fuzzer, Slot);
        break;
    case 'u':
        FuzzName(Fuzzer, (PUNICODE_STRING)Slot);
        break;
    case 'c':
        FuzzContext(Fuzzer, (PCONTEXT)Slot);
        break;
    case 'm':
        FuzzMessage(Fuzzer, (PPORT_MESSAGE)Slot);
        break;
    case 'e':
        FuzzException(Fuzzer, (PEXCEPTION_RECORD)Slot);
        break;
    case 't':
        FuzzTimeout(Fuzzer, (PLARGE_INTEGER)Slot);
        break;
    case 's': /* a size, in 64 bits */
        ((PULONG)Slot)[0] = FuzzOnce(Fuzzer, 4) ? FuzzWord(Fuzzer) : FuzzBelow(Fuzzer, 0x40000);
        ((PULONG)Slot)[1] = FuzzOnce(Fuzzer, 16) ? FuzzWord(Fuzzer) : 0;
        break;
    case 'b': /* a base address */
        *(PULONG_PTR)Slot = FuzzOnce(Fuzzer, 2) ? 0 : 0x20000000 + (FuzzRandom(Fuzzer) & 0xFFF000);
        break;
    default:
        FuzzFill(Fuzzer, Slot, 256);
        break;
    }
    return (ULONG_PTR)Slot;
}

/*
 * One argument.  Kind: h handle, P and T this process and thread as well, 0 to 9
 * a number, f flags, q a protection, g an allocation type, n a length,
 * r an APC routine, B an address to unmap; the rest are pointers (above).
 */
static ULONG_PTR FuzzArgument(PFUZZER Fuzzer, CHAR Kind, ULONG Position)
{
    static const ULONG Types[] = {MEM_COMMIT, MEM_RESERVE, MEM_COMMIT | MEM_RESERVE, MEM_DECOMMIT,
        MEM_RELEASE, MEM_TOP_DOWN | MEM_RESERVE, SEC_COMMIT, SEC_RESERVE, SEC_IMAGE};

    if (FuzzOnce(Fuzzer, 12)) {
        return FuzzWord(Fuzzer);
    }
    if (Kind >= '0' && Kind <= '9') {
        return FuzzBelow(Fuzzer, (ULONG)(Kind - '0') * 4 + 2);
    }
    switch (Kind) {
    case 'h':
        return (ULONG_PTR)FuzzHandle(Fuzzer);
    case 'P':
        return FuzzOnce(Fuzzer, 4) ? (ULONG_PTR)FuzzHandle(Fuzzer) : (ULONG_PTR)NtCurrentProcess();
    case 'T':
        return FuzzOnce(Fuzzer, 8) ? (ULONG_PTR)NtCurrentThread() : (ULONG_PTR)FuzzHandle(Fuzzer);
    case 'f':
        return FuzzOnce(Fuzzer, 2) ? MAXIMUM_ALLOWED : FuzzRandom(Fuzzer);
    case 'q':
        return 1u << FuzzBelow(Fuzzer, 10);
    case 'g':
        return FUZZ_PICK(Fuzzer, Types);
    case 'n':
        return FuzzBelow(Fuzzer, FuzzOnce(Fuzzer, 8) ? 0x20000 : 0x100);
    case 'r':
        return (ULONG_PTR)Fuzzer->Apc;
    case 'B':
        return 0x20000000 + (FuzzRandom(Fuzzer) & 0xFFF000);
    default:
        return FuzzOnce(Fuzzer, 10)
                   ? FuzzBadPointer(Fuzzer)
                   : FuzzFilled(Fuzzer, Kind, Fuzzer->Scratch + Position * FUZZ_SLOT_SIZE);
    }
}
