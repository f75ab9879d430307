/* SPDX-License-Identifier: MIT */
/*
 * The run-time library: data structures, strings and printing that need neither
 * hardware nor a kernel.  The same sources are linked into the kernel, into
 * ntdll.dll and into the host tests.
 *
 * Routines that NT exports from ntdll keep NT's name, signature and NTAPI;
 * Nascent's own (RtlAvl*, RtlFormat*, RtlNtStatusName) are plain C functions.
 * Nothing here locks: the caller owns the structure it passes.
 */
#pragma once
#include "nt/ntdef.h"
#include "nt/security.h"
#include "nt/status.h"

#ifdef _WIN32
#include <string.h>
/* mingw's plain "printf" checks against Microsoft's dialect, which ours is not. */
#ifndef _Printf_
#define _Printf_(f, a) __attribute__((format(gnu_printf, f, a)))
#endif
#endif

/* ---- Memory and C strings (memory.c); compilers call the first four. ---- */

#ifndef _WIN32
void *memcpy(void *restrict Destination, const void *restrict Source, size_t Length);
void *memmove(void *Destination, const void *Source, size_t Length);
void *memset(void *Destination, int Fill, size_t Length);
int memcmp(const void *First, const void *Second, size_t Length);
size_t strlen(const char *String);
size_t strnlen(const char *String, size_t Limit);
int strcmp(const char *First, const char *Second);
int strncmp(const char *First, const char *Second, size_t Limit);
size_t wcslen(const WCHAR *String);

#define RtlCopyMemory(Destination, Source, Length) \
    ((void)memcpy((Destination), (Source), (Length)))
#define RtlMoveMemory(Destination, Source, Length) \
    ((void)memmove((Destination), (Source), (Length)))
#define RtlFillMemory(Destination, Length, Fill) \
    ((void)memset((Destination), (Fill), (Length)))
#define RtlZeroMemory(Destination, Length)        ((void)memset((Destination), 0, (Length)))
#define RtlEqualMemory(First, Second, Length)     (memcmp((First), (Second), (Length)) == 0)
#endif

/* ---- Doubly linked circular lists ---- */

/*
 * Links that do not fit each other stop whoever follows them, before the damage
 * spreads.  A release kernel does without, as without ASSERT; programs can write into
 * the lists of ntdll, so those are always checked.
 */
#if defined(NDEBUG) && !defined(_WIN32)
#define RTL_CHECK_LINKS(Fit) ((void)0)
#else
#define RTL_CHECK_LINKS(Fit) ((Fit) ? (void)0 : __builtin_trap())
#endif

static inline void InitializeListHead(_Out_ PLIST_ENTRY Head)
{
    Head->Flink = Head->Blink = Head;
}

static inline BOOLEAN IsListEmpty(_In_ const LIST_ENTRY *Head)
{
    return Head->Flink == Head;
}

static inline void RtlpInsertListBetween(PLIST_ENTRY Before, PLIST_ENTRY Entry, PLIST_ENTRY After)
{
    RTL_CHECK_LINKS(Before->Flink == After && After->Blink == Before);
    Entry->Flink = After;
    Entry->Blink = Before;
    Before->Flink = Entry;
    After->Blink = Entry;
}

static inline void InsertHeadList(_Inout_ PLIST_ENTRY Head, _Out_ PLIST_ENTRY Entry)
{
    RtlpInsertListBetween(Head, Entry, Head->Flink);
}

static inline void InsertTailList(_Inout_ PLIST_ENTRY Head, _Out_ PLIST_ENTRY Entry)
{
    RtlpInsertListBetween(Head->Blink, Entry, Head);
}

/* Returns TRUE when the list is empty afterwards. */
static inline BOOLEAN RemoveEntryList(_In_ PLIST_ENTRY Entry)
{
    PLIST_ENTRY Before = Entry->Blink;
    PLIST_ENTRY After = Entry->Flink;

    RTL_CHECK_LINKS(Before->Flink == Entry && After->Blink == Entry);
    Before->Flink = After;
    After->Blink = Before;
    return Before == After;
}

/* The head itself comes back when the list is empty, as on NT. */
static inline PLIST_ENTRY RemoveHeadList(_Inout_ PLIST_ENTRY Head)
{
    PLIST_ENTRY Entry = Head->Flink;

    (void)RemoveEntryList(Entry);
    return Entry;
}

static inline PLIST_ENTRY RemoveTailList(_Inout_ PLIST_ENTRY Head)
{
    PLIST_ENTRY Entry = Head->Blink;

    (void)RemoveEntryList(Entry);
    return Entry;
}

/* ---- Bitmaps (bitmap.c) ---- */

#define RTL_BITMAP_NOT_FOUND 0xFFFFFFFFu

typedef struct _RTL_BITMAP {
    ULONG SizeOfBitMap; /* in bits */
    PULONG Buffer;      /* the caller's, whole ULONGs */
} RTL_BITMAP, *PRTL_BITMAP;

VOID NTAPI RtlInitializeBitMap(
    _Out_ PRTL_BITMAP BitMap, _In_ PULONG Buffer, _In_ ULONG SizeOfBitMap);
VOID NTAPI RtlClearAllBits(_Inout_ PRTL_BITMAP BitMap);
VOID NTAPI RtlSetAllBits(_Inout_ PRTL_BITMAP BitMap);
VOID NTAPI RtlSetBits(_Inout_ PRTL_BITMAP BitMap, _In_ ULONG Start, _In_ ULONG Count);
VOID NTAPI RtlClearBits(_Inout_ PRTL_BITMAP BitMap, _In_ ULONG Start, _In_ ULONG Count);
BOOLEAN NTAPI RtlTestBit(_In_ PRTL_BITMAP BitMap, _In_ ULONG Bit);
BOOLEAN NTAPI RtlAreBitsClear(_In_ PRTL_BITMAP BitMap, _In_ ULONG Start, _In_ ULONG Count);
BOOLEAN NTAPI RtlAreBitsSet(_In_ PRTL_BITMAP BitMap, _In_ ULONG Start, _In_ ULONG Count);
ULONG NTAPI RtlNumberOfSetBits(_In_ PRTL_BITMAP BitMap);
/* Both return the first bit of the run, or RTL_BITMAP_NOT_FOUND. */
ULONG NTAPI RtlFindClearBits(_In_ PRTL_BITMAP BitMap, _In_ ULONG Count, _In_ ULONG Hint);
ULONG NTAPI RtlFindClearBitsAndSet(_Inout_ PRTL_BITMAP BitMap, _In_ ULONG Count, _In_ ULONG Hint);

/* ---- AVL trees (avl.c): intrusive, ordered, without equal nodes ---- */

typedef struct _RTL_AVL_NODE {
    struct _RTL_AVL_NODE *Parent;
    struct _RTL_AVL_NODE *Child[2]; /* smaller, larger */
    LONG Balance;                   /* height of Child[1] minus height of Child[0] */
} RTL_AVL_NODE, *PRTL_AVL_NODE;

/* < 0, 0 or > 0: First belongs before, at or after Second. */
typedef LONG (*PRTL_AVL_COMPARE)(const RTL_AVL_NODE *First, const RTL_AVL_NODE *Second);
/* The same for a caller's Key against a node. */
typedef LONG (*PRTL_AVL_COMPARE_KEY)(const void *Key, const RTL_AVL_NODE *Node);

typedef struct _RTL_AVL_TREE {
    PRTL_AVL_NODE Root;
    PRTL_AVL_COMPARE Compare;
    ULONG Count;
} RTL_AVL_TREE, *PRTL_AVL_TREE;

void RtlAvlInitialize(_Out_ PRTL_AVL_TREE Tree, _In_ PRTL_AVL_COMPARE Compare);
/* FALSE, and no change, if an equal node is in the tree. */
BOOLEAN RtlAvlInsert(_Inout_ PRTL_AVL_TREE Tree, _Out_ PRTL_AVL_NODE Node);
/* Without a comparison: the caller knows that Node comes right behind Before. */
void RtlAvlInsertBehind(
    _Inout_ PRTL_AVL_TREE Tree, _Inout_ PRTL_AVL_NODE Before, _Out_ PRTL_AVL_NODE Node);
void RtlAvlRemove(_Inout_ PRTL_AVL_TREE Tree, _Inout_ PRTL_AVL_NODE Node);
PRTL_AVL_NODE RtlAvlLookup(
    _In_ const RTL_AVL_TREE *Tree, _In_ const void *Key, _In_ PRTL_AVL_COMPARE_KEY Compare);
/* First node in order for which Compare(Key, node) <= 0; NULL if none. */
PRTL_AVL_NODE RtlAvlLowerBound(
    _In_ const RTL_AVL_TREE *Tree, _In_ const void *Key, _In_ PRTL_AVL_COMPARE_KEY Compare);
PRTL_AVL_NODE RtlAvlFirst(_In_ const RTL_AVL_TREE *Tree);
PRTL_AVL_NODE RtlAvlLast(_In_ const RTL_AVL_TREE *Tree);
PRTL_AVL_NODE RtlAvlNext(_In_ const RTL_AVL_NODE *Node);
PRTL_AVL_NODE RtlAvlPrevious(_In_ const RTL_AVL_NODE *Node);

/* ---- Counted strings (unicode.c, convert.c) ---- */

/* Initialiser: static const UNICODE_STRING Name = RTL_CONSTANT_STRING(L"..."); */
#ifndef RTL_CONSTANT_STRING
#define RTL_CONSTANT_STRING(s) \
    {                          \
        .Length = sizeof(s) - sizeof((s)[0]), .MaximumLength = sizeof(s), .Buffer = (void *)(s) \
    }
#endif

#ifndef UNICODE_STRING_MAX_BYTES
#define UNICODE_STRING_MAX_BYTES 0xFFFE
#endif

#define HASH_STRING_ALGORITHM_DEFAULT 0
#define HASH_STRING_ALGORITHM_X65599  1

VOID NTAPI RtlInitAnsiString(_Out_ PANSI_STRING Destination, _In_opt_ PCSTR Source);
VOID NTAPI RtlInitUnicodeString(_Out_ PUNICODE_STRING Destination, _In_opt_ PCWSTR Source);
WCHAR NTAPI RtlUpcaseUnicodeChar(_In_ WCHAR Character);
WCHAR NTAPI RtlDowncaseUnicodeChar(_In_ WCHAR Character);
LONG NTAPI RtlCompareUnicodeString(
    _In_ PCUNICODE_STRING First, _In_ PCUNICODE_STRING Second, _In_ BOOLEAN CaseInsensitive);
BOOLEAN NTAPI RtlEqualUnicodeString(
    _In_ PCUNICODE_STRING First, _In_ PCUNICODE_STRING Second, _In_ BOOLEAN CaseInsensitive);
/* Does Second start with First? */
BOOLEAN NTAPI RtlPrefixUnicodeString(
    _In_ PCUNICODE_STRING First, _In_ PCUNICODE_STRING Second, _In_ BOOLEAN CaseInsensitive);
/* Truncates silently at MaximumLength; terminates if there is room. */
VOID NTAPI RtlCopyUnicodeString(
    _Inout_ PUNICODE_STRING Destination, _In_opt_ PCUNICODE_STRING Source);
/* STATUS_BUFFER_TOO_SMALL, and no change, if it does not fit. */
_Must_inspect_result_ NTSTATUS NTAPI RtlAppendUnicodeToString(
    _Inout_ PUNICODE_STRING Destination, _In_opt_ PCWSTR Source);
_Must_inspect_result_ NTSTATUS NTAPI RtlAppendUnicodeStringToString(
    _Inout_ PUNICODE_STRING Destination, _In_ PCUNICODE_STRING Source);
_Must_inspect_result_ NTSTATUS NTAPI RtlHashUnicodeString(_In_ PCUNICODE_STRING String,
    _In_ BOOLEAN CaseInsensitive, _In_ ULONG HashAlgorithm, _Out_ PULONG HashValue);

/* The ANSI code page is Latin-1; these never fail, they truncate.  Sizes in bytes. */
NTSTATUS NTAPI RtlUnicodeToMultiByteN(_Out_ PCHAR MultiByte, _In_ ULONG MultiByteSize,
    _Out_opt_ PULONG BytesWritten, _In_ PCWSTR Unicode, _In_ ULONG UnicodeSize);
NTSTATUS NTAPI RtlMultiByteToUnicodeN(_Out_ PWSTR Unicode, _In_ ULONG UnicodeSize,
    _Out_opt_ PULONG BytesWritten, _In_ PCSTR MultiByte, _In_ ULONG MultiByteSize);

/* Base 0 takes it from a prefix 0x, 0o or 0b; STATUS_INVALID_PARAMETER for other bases. */
_Must_inspect_result_ NTSTATUS NTAPI RtlCharToInteger(
    _In_ PCSTR String, _In_ ULONG Base, _Out_ PULONG Value);
_Must_inspect_result_ NTSTATUS NTAPI RtlUnicodeStringToInteger(
    _In_ PCUNICODE_STRING String, _In_ ULONG Base, _Out_ PULONG Value);

/* ---- Formatted printing (format.c) ---- */

/*
 * What standard printf has for %c %s %d %i %u %x %X %o %p %%, with flags - 0 + #
 * and space, width, precision, * and the lengths hh h l ll z; no floating point.
 * Besides:
 *   %S %ls   PCWSTR; precision counts characters
 *   %pZ      PCUNICODE_STRING (gcc's format check accepts this spelling)
 *   %wZ      the same as NT spells it, for callers that are not checked
 * %p is eight digits of hexadecimal.  NULL strings print as (null).
 */
typedef void (*PRTL_FORMAT_PUT)(void *Context, CHAR Character);

/* Returns how many characters were put. */
ULONG RtlFormatV(_In_ PRTL_FORMAT_PUT Put, void *Context, _In_ PCSTR Format, va_list Arguments)
    _Printf_(3, 0);
/*
 * Into a buffer of Size bytes, always terminated unless Size is 0.  Returns the
 * length of the whole text: a result >= Size means that it was cut.
 */
ULONG RtlStringFormat(_Out_ PCHAR Buffer, _In_ SIZE_T Size, _In_ PCSTR Format, ...)
    _Printf_(3, 4);
ULONG RtlStringFormatV(_Out_ PCHAR Buffer, _In_ SIZE_T Size, _In_ PCSTR Format, va_list Arguments)
    _Printf_(3, 0);

/* ---- Security (sid.c, acl.c, descriptor.c) ---- */

ULONG NTAPI RtlLengthRequiredSid(_In_ ULONG SubAuthorityCount);
ULONG NTAPI RtlLengthSid(_In_ PSID Sid);
BOOLEAN NTAPI RtlValidSid(_In_ PSID Sid);
BOOLEAN NTAPI RtlEqualSid(_In_ PSID Sid1, _In_ PSID Sid2);
NTSTATUS NTAPI RtlCopySid(_In_ ULONG Length, _Out_ PSID Destination, _In_ PSID Source);
NTSTATUS NTAPI RtlInitializeSid(_Out_ PSID Sid,
    _In_ PSID_IDENTIFIER_AUTHORITY IdentifierAuthority, _In_ UCHAR SubAuthorityCount);
PULONG NTAPI RtlSubAuthoritySid(_In_ PSID Sid, _In_ ULONG SubAuthority);
PUCHAR NTAPI RtlSubAuthorityCountSid(_In_ PSID Sid);
PSID_IDENTIFIER_AUTHORITY NTAPI RtlIdentifierAuthoritySid(_In_ PSID Sid);

NTSTATUS NTAPI RtlCreateAcl(_Out_ PACL Acl, _In_ ULONG AclLength, _In_ ULONG AclRevision);
BOOLEAN NTAPI RtlValidAcl(_In_ PACL Acl);
BOOLEAN NTAPI RtlFirstFreeAce(_In_ PACL Acl, _Out_ PVOID *FirstFree);
NTSTATUS NTAPI RtlGetAce(_In_ PACL Acl, _In_ ULONG AceIndex, _Out_ PVOID *Ace);
NTSTATUS NTAPI RtlAddAccessAllowedAce(
    _Inout_ PACL Acl, _In_ ULONG AceRevision, _In_ ACCESS_MASK AccessMask, _In_ PSID Sid);
NTSTATUS NTAPI RtlAddAccessAllowedAceEx(_Inout_ PACL Acl, _In_ ULONG AceRevision,
    _In_ ULONG AceFlags, _In_ ACCESS_MASK AccessMask, _In_ PSID Sid);
NTSTATUS NTAPI RtlAddAccessDeniedAce(
    _Inout_ PACL Acl, _In_ ULONG AceRevision, _In_ ACCESS_MASK AccessMask, _In_ PSID Sid);

NTSTATUS NTAPI RtlCreateSecurityDescriptor(
    _Out_ PSECURITY_DESCRIPTOR SecurityDescriptor, _In_ ULONG Revision);
NTSTATUS NTAPI RtlSetOwnerSecurityDescriptor(_Inout_ PSECURITY_DESCRIPTOR SecurityDescriptor,
    _In_opt_ PSID Owner, _In_ BOOLEAN OwnerDefaulted);
NTSTATUS NTAPI RtlSetGroupSecurityDescriptor(_Inout_ PSECURITY_DESCRIPTOR SecurityDescriptor,
    _In_opt_ PSID Group, _In_ BOOLEAN GroupDefaulted);
NTSTATUS NTAPI RtlSetDaclSecurityDescriptor(_Inout_ PSECURITY_DESCRIPTOR SecurityDescriptor,
    _In_ BOOLEAN DaclPresent, _In_opt_ PACL Dacl, _In_ BOOLEAN DaclDefaulted);
NTSTATUS NTAPI RtlSetSaclSecurityDescriptor(_Inout_ PSECURITY_DESCRIPTOR SecurityDescriptor,
    _In_ BOOLEAN SaclPresent, _In_opt_ PACL Sacl, _In_ BOOLEAN SaclDefaulted);
NTSTATUS NTAPI RtlGetOwnerSecurityDescriptor(_In_ PSECURITY_DESCRIPTOR SecurityDescriptor,
    _Out_ PSID *Owner, _Out_ PBOOLEAN OwnerDefaulted);
NTSTATUS NTAPI RtlGetGroupSecurityDescriptor(_In_ PSECURITY_DESCRIPTOR SecurityDescriptor,
    _Out_ PSID *Group, _Out_ PBOOLEAN GroupDefaulted);
NTSTATUS NTAPI RtlGetDaclSecurityDescriptor(_In_ PSECURITY_DESCRIPTOR SecurityDescriptor,
    _Out_ PBOOLEAN DaclPresent, _Out_ PACL *Dacl, _Out_ PBOOLEAN DaclDefaulted);
NTSTATUS NTAPI RtlGetSaclSecurityDescriptor(_In_ PSECURITY_DESCRIPTOR SecurityDescriptor,
    _Out_ PBOOLEAN SaclPresent, _Out_ PACL *Sacl, _Out_ PBOOLEAN SaclDefaulted);
NTSTATUS NTAPI RtlGetControlSecurityDescriptor(_In_ PSECURITY_DESCRIPTOR SecurityDescriptor,
    _Out_ PSECURITY_DESCRIPTOR_CONTROL Control, _Out_ PULONG Revision);
ULONG NTAPI RtlLengthSecurityDescriptor(_In_ PSECURITY_DESCRIPTOR SecurityDescriptor);
BOOLEAN NTAPI RtlValidSecurityDescriptor(_In_ PSECURITY_DESCRIPTOR SecurityDescriptor);
BOOLEAN NTAPI RtlValidRelativeSecurityDescriptor(_In_ PSECURITY_DESCRIPTOR SecurityDescriptor,
    _In_ ULONG SecurityDescriptorLength, _In_ SECURITY_INFORMATION RequiredInformation);
NTSTATUS NTAPI RtlMakeSelfRelativeSD(_In_ PSECURITY_DESCRIPTOR SecurityDescriptor,
    _Out_ PSECURITY_DESCRIPTOR SelfRelativeSD, _Inout_ PULONG Length);
NTSTATUS NTAPI RtlAbsoluteToSelfRelativeSD(_In_ PSECURITY_DESCRIPTOR AbsoluteSD,
    _Out_ PSECURITY_DESCRIPTOR SelfRelativeSD, _Inout_ PULONG Length);

/* ---- Status names (status.c) ---- */

/* "STATUS_ACCESS_DENIED"; never NULL, codes outside inc/nt/status.h share one text. */
PCSTR RtlNtStatusName(_In_ NTSTATUS Status);
/* The same, but NULL for a code without a name. */
PCSTR RtlFindNtStatusName(_In_ NTSTATUS Status);
