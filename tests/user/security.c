/* SPDX-License-Identifier: MIT */
/*
 * security.exe: security descriptors made as programs make them, given to every
 * kind of object, and descriptors that lie.
 * subsystem: native
 */
#include "tests/user/ktap.h"

#define OWNER  OWNER_SECURITY_INFORMATION
#define GROUP  GROUP_SECURITY_INFORMATION
#define DACL   DACL_SECURITY_INFORMATION
#define SACL   SACL_SECURITY_INFORMATION
#define NAME   L"\\BaseNamedObjects\\UtSecurity"
#define ROUNDS 20000

/* Two pages, of which the second cannot be touched: what is read too far, faults. */
static PUCHAR Edge;

static void MakeEdge(void)
{
    SIZE_T Size = 2 * PAGE_SIZE, Page = PAGE_SIZE;
    PVOID Base = NULL;

    (void)KtapStatus(NtAllocateVirtualMemory(
                         NtCurrentProcess(), &Base, 0, &Size, MEM_RESERVE, PAGE_READWRITE),
        STATUS_SUCCESS, "two pages");
    (void)KtapStatus(NtAllocateVirtualMemory(
                         NtCurrentProcess(), &Base, 0, &Page, MEM_COMMIT, PAGE_READWRITE),
        STATUS_SUCCESS, "one of them");
    Edge = (PUCHAR)Base + PAGE_SIZE;
}

static NTSTATUS CreateEventWith(PVOID Descriptor, PCWSTR Text, ACCESS_MASK Access, PHANDLE Event)
{
    UNICODE_STRING Name;
    OBJECT_ATTRIBUTES Attributes;

    RtlInitUnicodeString(&Name, Text);
    InitializeObjectAttributes(
        &Attributes, Text != NULL ? &Name : NULL, 0, NULL, Descriptor);
    return NtCreateEvent(Event, Access, &Attributes, NotificationEvent, FALSE);
}

/* ---- Honest descriptors --------------------------------------------------------------- */

static PSID MakeSid(ULONG First, ULONG Second)
{
    static SID_IDENTIFIER_AUTHORITY Nt = {SECURITY_NT_AUTHORITY};
    PSID Sid = NULL;

    (void)KtapStatus(
        RtlAllocateAndInitializeSid(&Nt, 2, First, Second, 0, 0, 0, 0, 0, 0, &Sid),
        STATUS_SUCCESS, "a SID");
    return Sid;
}

/* Into Buffer of *Length bytes, self-relative: a list of two entries, owner, group. */
static void MakeDescriptor(PVOID Buffer, PULONG Length)
{
    SECURITY_DESCRIPTOR Absolute;
    union {
        ACL Acl;
        ULONG Space[32];
    } List = {.Space = {0}};
    PSID Administrators = MakeSid(32, 544), Users = MakeSid(32, 545);

    (void)KtapStatus(RtlCreateAcl(&List.Acl, sizeof(List), ACL_REVISION), STATUS_SUCCESS, "a list");
    (void)KtapStatus(RtlAddAccessDeniedAce(&List.Acl, ACL_REVISION, DELETE, Users),
        STATUS_SUCCESS, "an entry that denies");
    (void)KtapStatus(
        RtlAddAccessAllowedAce(&List.Acl, ACL_REVISION, EVENT_ALL_ACCESS, Administrators),
        STATUS_SUCCESS, "one that allows");
    (void)RtlCreateSecurityDescriptor(&Absolute, SECURITY_DESCRIPTOR_REVISION);
    (void)RtlSetOwnerSecurityDescriptor(&Absolute, Administrators, FALSE);
    (void)RtlSetGroupSecurityDescriptor(&Absolute, Users, FALSE);
    (void)RtlSetDaclSecurityDescriptor(&Absolute, TRUE, &List.Acl, FALSE);
    (void)KtapStatus(RtlAbsoluteToSelfRelativeSD(&Absolute, Buffer, Length), STATUS_SUCCESS,
        "a self-relative descriptor");
    (void)RtlFreeSid(Administrators);
    (void)RtlFreeSid(Users);
}

static void TestRoundTrip(void)
{
    ULONG_PTR Given[64], Back[64];
    ULONG Length = sizeof(Given), BackLength = 0;
    HANDLE Event = NULL, Other = NULL;

    MakeDescriptor(Given, &Length);
    (void)KtapStatus(
        CreateEventWith(Given, NAME, READ_CONTROL | WRITE_DAC | SYNCHRONIZE, &Event),
        STATUS_SUCCESS, "a named event with it");
    (void)KtapStatus(
        NtQuerySecurityObject(Event, OWNER | GROUP | DACL, Back, sizeof(Back), &BackLength),
        STATUS_SUCCESS, "what it has");
    (void)KtapEqual(BackLength, Length, "is as long");
    (void)KtapCheck(
        RtlValidRelativeSecurityDescriptor(Back, BackLength, OWNER | GROUP | DACL), "valid");
    (void)KtapCheck(memcmp(Given, Back, Length) == 0, "and the same");
    (void)KtapStatus(NtQuerySecurityObject(Event, SACL, Back, sizeof(Back), &BackLength),
        STATUS_ACCESS_DENIED, "the SACL needs a right of its own");
    (void)KtapStatus(
        NtSetSecurityObject(Event, OWNER, Given), STATUS_ACCESS_DENIED, "so does the owner");
    (void)KtapStatus(NtSetSecurityObject(Event, DACL, Given), STATUS_SUCCESS, "the DACL may be set");
    (void)KtapStatus(CreateEventWith(NULL, NULL, SYNCHRONIZE, &Other), STATUS_SUCCESS, "another");
    (void)KtapStatus(NtQuerySecurityObject(Other, DACL, Back, sizeof(Back), &BackLength),
        STATUS_ACCESS_DENIED, "its handle may not even look");
    (void)KtapStatus(
        NtSetSecurityObject(Other, DACL, Given), STATUS_ACCESS_DENIED, "nor change");
    (void)NtClose(Other);
    (void)NtClose(Event);
}

/* ---- Every kind of object ---------------------------------------------------------------- */

static NTSTATUS CreateKind(ULONG Kind, POBJECT_ATTRIBUTES Attributes, PHANDLE Handle)
{
    LARGE_INTEGER Size = {.QuadPart = PAGE_SIZE};
    UNICODE_STRING Target = RTL_CONSTANT_STRING(L"\\");

    switch (Kind) {
    case 0:
        return NtCreateEvent(Handle, MAXIMUM_ALLOWED, Attributes, NotificationEvent, FALSE);
    case 1:
        return NtCreateMutant(Handle, MAXIMUM_ALLOWED, Attributes, FALSE);
    case 2:
        return NtCreateSemaphore(Handle, MAXIMUM_ALLOWED, Attributes, 0, 1);
    case 3:
        return NtCreateTimer(Handle, MAXIMUM_ALLOWED, Attributes, NotificationTimer);
    case 4:
        return NtCreateKeyedEvent(Handle, MAXIMUM_ALLOWED, Attributes, 0);
    case 5:
        return NtCreateIoCompletion(Handle, MAXIMUM_ALLOWED, Attributes, 0);
    case 6:
        return NtCreateDirectoryObject(Handle, MAXIMUM_ALLOWED, Attributes);
    case 7:
        return NtCreateSymbolicLinkObject(Handle, MAXIMUM_ALLOWED, Attributes, &Target);
    case 8:
        return NtCreateSection(
            Handle, MAXIMUM_ALLOWED, Attributes, &Size, PAGE_READWRITE, SEC_COMMIT, NULL);
    default:
        return NtCreatePort(Handle, Attributes, 0, 64, 0);
    }
}

static void TestKind(ULONG Kind, PVOID Given, ULONG Length)
{
    static PCSTR Names[] = {"event", "mutant", "semaphore", "timer", "keyed event",
        "completion port", "directory", "link", "section", "port"};
    UNICODE_STRING Name = RTL_CONSTANT_STRING(NAME);
    OBJECT_ATTRIBUTES Attributes;
    ULONG_PTR Back[64];
    HANDLE Handle = NULL;
    ULONG BackLength = 0;

    InitializeObjectAttributes(&Attributes, &Name, 0, NULL, Given);
    (void)KtapStatus(CreateKind(Kind, &Attributes, &Handle), STATUS_SUCCESS, Names[Kind]);
    (void)KtapStatus(
        NtQuerySecurityObject(Handle, OWNER | GROUP | DACL, Back, sizeof(Back), &BackLength),
        STATUS_SUCCESS, "has a descriptor");
    (void)KtapCheck(BackLength == Length && memcmp(Given, Back, Length) == 0, "the one it got");
    (void)NtClose(Handle);
    Attributes.SecurityDescriptor = Edge - 4;
    (void)KtapStatus(CreateKind(Kind, &Attributes, &Handle), STATUS_ACCESS_VIOLATION,
        "but none that cannot be read");
}

static void TestKinds(void)
{
    ULONG_PTR Given[64];
    ULONG Length = sizeof(Given);

    MakeDescriptor(Given, &Length);
    for (ULONG Kind = 0; Kind < 10; Kind++) {
        TestKind(Kind, Given, Length);
    }
}

/* Processes and threads have no name, but always security. */
static void TestSelf(HANDLE Self)
{
    ULONG_PTR Given[64], Back[64];
    ULONG Length = sizeof(Given), BackLength = 0;

    MakeDescriptor(Given, &Length);
    (void)KtapStatus(NtSetSecurityObject(Self, OWNER | GROUP | DACL, Given), STATUS_SUCCESS,
        "this process or thread gets a descriptor");
    (void)KtapStatus(
        NtQuerySecurityObject(Self, OWNER | GROUP | DACL, Back, sizeof(Back), &BackLength),
        STATUS_SUCCESS, "which can be read");
    (void)KtapCheck(BackLength == Length && memcmp(Given, Back, Length) == 0, "and is the same");
}

/* ---- Descriptors that lie -------------------------------------------------------------------- */

/* A descriptor with owner, group and a list of one entry, as 32-bit words. */
enum { Control, Owner, Group, Sacl, Dacl, OwnerSid, GroupSid = 8, List = 11, Entry = 13, End = 18 };

static const ULONG Honest[End] = {
    0x80040001, 0x14, 0x20, 0, 0x2C,    /* revision 1, relative, DACL present; offsets */
    0x00000101, 0x05000000, 18,         /* owner S-1-5-18 */
    0x00000101, 0x05000000, 18,         /* group */
    0x001C0002, 0x00000001,             /* list: revision 2, 0x1C bytes, one entry */
    0x00140000, 1, 0x00000101, 0x05000000, 18, /* allowed, 0x14 bytes, mask 1, S-1-5-18 */
};

typedef struct _LIE {
    ULONG Word;
    ULONG Value;
    NTSTATUS Status;
    PCSTR What;
} LIE;

static void TestLies(void)
{
    static const LIE Lies[] = {
        {Control, 0x80040001, STATUS_SUCCESS, "none"},
        {Control, 0x80040002, STATUS_UNKNOWN_REVISION, "revision 2"},
        {Control, 0x80000001, STATUS_SUCCESS, "no list announced"},
        {Control, 0x00040001, STATUS_ACCESS_VIOLATION, "offsets as pointers"},
        {Control, 0x80140001, STATUS_SUCCESS, "a SACL announced that is not there"},
        {Owner, 0, STATUS_SUCCESS, "no owner"},
        {Owner, 0xFFFFFFF0, STATUS_INVALID_SID, "an owner before the descriptor"},
        {Owner, 0x48, STATUS_ACCESS_VIOLATION, "an owner behind the end"},
        {Owner, 0x44, STATUS_ACCESS_VIOLATION, "an owner half behind it"},
        {Owner, 0x7FFFFFFF, STATUS_ACCESS_VIOLATION, "an owner in the kernel"},
        {Owner, 0x20, STATUS_SUCCESS, "owner and group the same bytes"},
        {Group, 0x2C, STATUS_INVALID_SID, "a list as the group"},
        {Dacl, 0x14, STATUS_INVALID_ACL, "the owner as a list"},
        {Dacl, 0x46, STATUS_ACCESS_VIOLATION, "a list behind the end"},
        {OwnerSid, 0x00000102, STATUS_INVALID_SID, "a SID of revision 2"},
        {OwnerSid, 0x00001001, STATUS_INVALID_SID, "a SID of 16 sub-authorities"},
        {OwnerSid, 0x00000A01, STATUS_SUCCESS, "a SID that reaches into the list"},
        {GroupSid, 0x00000F01, STATUS_ACCESS_VIOLATION, "a SID that reaches out"},
        {List, 0x001C0001, STATUS_INVALID_ACL, "a list of revision 1"},
        {List, 0x001C0005, STATUS_INVALID_ACL, "a list of revision 5"},
        {List, 0x00000002, STATUS_INVALID_ACL, "a list of no bytes"},
        {List, 0x00070002, STATUS_INVALID_ACL, "a list of seven bytes"},
        {List, 0x00080002, STATUS_INVALID_ACL, "a list without its entry"},
        {List, 0x00180002, STATUS_INVALID_ACL, "a list with most of it"},
        {List, 0x00200002, STATUS_ACCESS_VIOLATION, "a list longer than the memory"},
        {List, 0xFFFF0002, STATUS_ACCESS_VIOLATION, "the longest list there is"},
        {List + 1, 0x00000000, STATUS_SUCCESS, "a list with nothing in it"},
        {List + 1, 0x00000002, STATUS_INVALID_ACL, "a list with too many entries"},
        {List + 1, 0x0000FFFF, STATUS_INVALID_ACL, "with very many"},
        {Entry, 0x00000000, STATUS_INVALID_ACL, "an entry of no bytes"},
        {Entry, 0x00040000, STATUS_INVALID_ACL, "an entry without a mask"},
        {Entry, 0x00080000, STATUS_INVALID_ACL, "an entry without a SID"},
        {Entry, 0x00120000, STATUS_INVALID_ACL, "an entry of an odd size"},
        {Entry, 0x00180000, STATUS_INVALID_ACL, "an entry that leaves the list"},
        {Entry, 0xFFFC0000, STATUS_INVALID_ACL, "one that leaves it far"},
        {Entry, 0x00140005, STATUS_INVALID_ACL, "an entry of another form, too short"},
        {Entry, 0x00140020, STATUS_SUCCESS, "an entry that nobody knows"},
        {Entry + 2, 0x00000201, STATUS_INVALID_ACL, "an entry whose SID leaves it"},
        {Entry + 2, 0x0000FF01, STATUS_INVALID_ACL, "far"},
    };
    PULONG Words = (PULONG)(Edge - sizeof(Honest)); /* the last bytes that can be read */

    for (ULONG i = 0; i < ARRAYSIZE(Lies); i++) {
        HANDLE Event = NULL;

        memcpy(Words, Honest, sizeof(Honest));
        Words[Lies[i].Word] = Lies[i].Value;
        (void)KtapStatus(CreateEventWith(Words, NULL, SYNCHRONIZE, &Event), Lies[i].Status,
            Lies[i].What);
        if (Event != NULL) {
            (void)NtClose(Event);
        }
    }
}

static void TestBadPointers(void)
{
    static const ULONG_PTR Pointers[] = {4, 0x7FFF0000, 0x80101000, 0xFFFFFFFC};
    HANDLE Event = NULL;

    for (ULONG i = 0; i < ARRAYSIZE(Pointers); i++) {
        (void)KtapStatus(CreateEventWith((PVOID)Pointers[i], NULL, SYNCHRONIZE, &Event),
            STATUS_ACCESS_VIOLATION, "a descriptor where none can be");
    }
    (void)KtapStatus(CreateEventWith(Edge - 2, NULL, SYNCHRONIZE, &Event),
        STATUS_DATATYPE_MISALIGNMENT, "one at an odd address");
    (void)KtapStatus(CreateEventWith(NULL, NULL, MAXIMUM_ALLOWED, &Event), STATUS_SUCCESS,
        "an event");
    (void)KtapStatus(NtSetSecurityObject(Event, DACL, NULL), STATUS_ACCESS_VIOLATION, "set none");
    (void)KtapStatus(
        NtSetSecurityObject(NULL, DACL, (PVOID)Honest), STATUS_INVALID_HANDLE, "of nothing");
    (void)KtapStatus(NtSetSecurityObject(Event, DACL, (PVOID)Honest),
        STATUS_NO_SECURITY_ON_OBJECT, "of a nameless object that has none");
    (void)NtClose(Event);
}

/* ---- A descriptor that changes while it is read ------------------------------------------------ */

static volatile BOOLEAN Stop;
static volatile ULONG *Changing;

static NTSTATUS NTAPI Change(PVOID Unused)
{
    UNREFERENCED_PARAMETER(Unused);
    while (!Stop) {
        Changing[List] = 0xFFFF0002;
        Changing[OwnerSid] = 0x00000F01;
        Changing[Entry] = 0xFFFC0000;
        Changing[List] = Honest[List];
        Changing[OwnerSid] = Honest[OwnerSid];
        Changing[Entry] = Honest[Entry];
    }
    RtlExitUserThread(STATUS_SUCCESS);
}

/* A status of those that a lie can have, and what is kept is valid all the same. */
static BOOLEAN IsKeptValid(void)
{
    ULONG_PTR Back[128];
    ULONG Length = 0;
    HANDLE Event = NULL;
    NTSTATUS Status = CreateEventWith((PVOID)Changing, NULL, READ_CONTROL, &Event);
    BOOLEAN Valid;

    if (!NT_SUCCESS(Status)) {
        return Status == STATUS_INVALID_ACL || Status == STATUS_ACCESS_VIOLATION;
    }
    Status = NtQuerySecurityObject(Event, OWNER | GROUP | DACL, Back, sizeof(Back), &Length);
    Valid = NT_SUCCESS(Status) &&
            RtlValidRelativeSecurityDescriptor(Back, Length, OWNER | GROUP | DACL);
    (void)NtClose(Event);
    return Valid;
}

static void TestChanging(void)
{
    HANDLE Thread = NULL;
    ULONG Bad = 0;

    Changing = (PULONG)(Edge - sizeof(Honest));
    memcpy((PVOID)Changing, Honest, sizeof(Honest));
    (void)KtapStatus(RtlCreateUserThread(NtCurrentProcess(), NULL, FALSE, 0, 0, 0,
                         (PUSER_THREAD_START_ROUTINE)Change, NULL, &Thread, NULL),
        STATUS_SUCCESS, "a thread that changes it");
    for (ULONG i = 0; i < ROUNDS; i++) {
        Bad += !IsKeptValid();
    }
    Stop = TRUE;
    (void)KtapStatus(NtWaitForSingleObject(Thread, FALSE, NULL), STATUS_SUCCESS, "it ends");
    (void)KtapEqual(Bad, 0, "no descriptor got in that is not valid");
    (void)NtClose(Thread);
}

/* ---- How long a name stays ------------------------------------------------------------------------ */

static NTSTATUS OpenName(ACCESS_MASK Access, PHANDLE Handle)
{
    UNICODE_STRING Name = RTL_CONSTANT_STRING(NAME);
    OBJECT_ATTRIBUTES Attributes;

    InitializeObjectAttributes(&Attributes, &Name, 0, NULL, NULL);
    return NtOpenEvent(Handle, Access, &Attributes);
}

static void TestPermanence(void)
{
    HANDLE First = NULL, Second = NULL, Third = NULL;

    (void)KtapStatus(
        CreateEventWith(NULL, NAME, EVENT_ALL_ACCESS, &First), STATUS_SUCCESS, "a named event");
    (void)KtapStatus(OpenName(SYNCHRONIZE, &Second), STATUS_SUCCESS, "opened again");
    (void)KtapStatus(NtMakePermanentObject(Second), STATUS_SUCCESS, "any handle makes it permanent");
    (void)KtapStatus(
        NtMakeTemporaryObject(Second), STATUS_ACCESS_DENIED, "temporary needs DELETE");
    (void)NtClose(First);
    (void)NtClose(Second);
    (void)KtapStatus(OpenName(DELETE, &First), STATUS_SUCCESS, "it is still there");
    (void)KtapStatus(OpenName(SYNCHRONIZE, &Second), STATUS_SUCCESS, "twice");
    (void)KtapStatus(NtMakeTemporaryObject(First), STATUS_SUCCESS, "temporary while it is open");
    (void)NtClose(First);
    (void)KtapStatus(OpenName(SYNCHRONIZE, &Third), STATUS_SUCCESS, "the other handle keeps it");
    (void)NtClose(Third);
    (void)NtClose(Second);
    (void)KtapStatus(OpenName(SYNCHRONIZE, &Third), STATUS_OBJECT_NAME_NOT_FOUND, "now it is gone");
    (void)KtapStatus(
        CreateEventWith(NULL, NULL, EVENT_ALL_ACCESS, &First), STATUS_SUCCESS, "a nameless one");
    (void)KtapStatus(NtMakePermanentObject(First), STATUS_SUCCESS, "permanent");
    (void)KtapStatus(NtMakeTemporaryObject(First), STATUS_SUCCESS, "and temporary");
    (void)NtClose(First);
}

VOID NTAPI NtProcessStartup(PPEB Peb)
{
    UNREFERENCED_PARAMETER(Peb);
    MakeEdge();
    TestRoundTrip();
    TestKinds();
    TestSelf(NtCurrentProcess());
    TestSelf(NtCurrentThread());
    TestLies();
    TestBadPointers();
    TestChanging();
    TestPermanence();
    (void)NtTerminateProcess(NtCurrentProcess(), KtapEnd());
}
