/* SPDX-License-Identifier: MIT */
/*
 * Ob, objects: types, reference counts, the namespace, handles.  What other
 * layers may call; ob/obp.h is private.
 */
#pragma once
#include "ke.h"

struct _OBJECT_TYPE;
struct _ACCESS_STATE;
struct _EPROCESS;

typedef enum _OB_OPEN_REASON {
    ObCreateHandle,
    ObOpenHandle,
    ObDuplicateHandle,
    ObInheritHandle,
} OB_OPEN_REASON;

/*
 * May refuse: the handle is then not made.  Called with the namespace locked, so it
 * may take only locks above LockLevelDirectory.
 */
typedef NTSTATUS (*OB_OPEN_METHOD)(
    OB_OPEN_REASON Reason, PKPROCESS Process, PVOID Object, ACCESS_MASK Access);
/*
 * A handle went; SystemHandleCount is what is left, 0: that was the last.  No lock
 * is held.  ProcessHandleCount is 0: no type asks for counting by process.
 */
typedef void (*OB_CLOSE_METHOD)(
    PKPROCESS Process, PVOID Object, ULONG ProcessHandleCount, ULONG SystemHandleCount);
/*
 * The last reference went; must accept an object that was never finished.  Runs
 * inside ObDereferenceObject, at PASSIVE_LEVEL or APC_LEVEL, with its caller's locks.
 */
typedef void (*OB_DELETE_METHOD)(PVOID Object);
/*
 * Continues a name inside an object (a device, a file system).  RemainingName has
 * no leading backslash.  On success *Found holds a reference, its type is checked
 * by the caller; OB may also be told to go on in another place: STATUS_REPARSE is
 * not supported.
 */
typedef NTSTATUS (*OB_PARSE_METHOD)(PVOID ParseObject, struct _OBJECT_TYPE *ObjectType,
    KPROCESSOR_MODE Mode, ULONG Attributes, PCUNICODE_STRING RemainingName, PVOID Context,
    _Out_ PVOID *Found);

/*
 * The name of an object that has none of its own: that of *Base, in the namespace,
 * then a backslash and Tail, which belongs to the object.  Tail.Buffer NULL: nothing.
 */
typedef void (*OB_QUERY_NAME_METHOD)(PVOID Object, _Out_ PVOID *Base, _Out_ PUNICODE_STRING Tail);

typedef struct _OBJECT_TYPE_INITIALIZER {
    ULONG InvalidAttributes; /* OBJ_... that creation refuses */
    GENERIC_MAPPING GenericMapping;
    ACCESS_MASK ValidAccessMask;
    ULONG PoolTag;
    ULONG BodySize;       /* bytes */
    BOOLEAN Waitable;     /* body starts with a DISPATCHER_HEADER, or see below */
    USHORT WaitOffset;    /* where the dispatcher header is, from the body */
    OB_OPEN_METHOD OpenProcedure;
    OB_CLOSE_METHOD CloseProcedure;
    OB_DELETE_METHOD DeleteProcedure;
    OB_PARSE_METHOD ParseProcedure;
    OB_QUERY_NAME_METHOD QueryNameProcedure;
    BOOLEAN SecurityRequired; /* may be given a descriptor even if nameless */
} OBJECT_TYPE_INITIALIZER, *POBJECT_TYPE_INITIALIZER;

typedef struct _OBJECT_TYPE {
    UNICODE_STRING Name;
    OBJECT_TYPE_INITIALIZER TypeInfo;
    volatile LONG TotalNumberOfObjects;
    volatile LONG TotalNumberOfHandles;
    ULONG Index;
} OBJECT_TYPE, *POBJECT_TYPE;

typedef struct _OBJECT_HANDLE_INFORMATION {
    ULONG HandleAttributes;
    ACCESS_MASK GrantedAccess;
} OBJECT_HANDLE_INFORMATION, *POBJECT_HANDLE_INFORMATION;

/* OBJECT_ATTRIBUTES taken out of user memory: see ObCaptureAttributes. */
typedef struct _OBP_CAPTURED_ATTRIBUTES {
    HANDLE RootDirectory;
    ULONG Attributes;
    UNICODE_STRING Name; /* pool; empty when there was none */
    PVOID SecurityDescriptor; /* still the caller's memory: ObCreateObject captures it */
} OBJECT_CAPTURED_ATTRIBUTES, *POBJECT_CAPTURED_ATTRIBUTES;

extern POBJECT_TYPE ObpTypeObjectType;
extern POBJECT_TYPE ObpDirectoryObjectType;
extern POBJECT_TYPE ObpSymbolicLinkObjectType;

_Must_inspect_result_ NTSTATUS ObInitSystem(void);
/* While the kernel starts.  Name is not copied.  The type appears in \ObjectTypes. */
_Must_inspect_result_ NTSTATUS ObCreateObjectType(
    PCWSTR Name, const OBJECT_TYPE_INITIALIZER *Info, _Out_ POBJECT_TYPE *Type);
/* The first Max types in the order they were made; returns how many there are. */
ULONG ObQueryTypes(ULONG Max, POBJECT_TYPE Types[]);
/* Permanent ones for the kernel, without a handle; they work before there is a process. */
_Must_inspect_result_ NTSTATUS ObCreateDirectory(PCWSTR Name);
_Must_inspect_result_ NTSTATUS ObCreateSymbolicLink(PCWSTR Name, PCWSTR Target);

/*
 * ObCreateObject - a zeroed body of the type with one reference, in no namespace.
 *
 * ObjectAttributes (user pointer when Mode is User, may be NULL) are captured and
 * kept until ObInsertObject.  BodySize 0: the type's.
 */
_Must_inspect_result_ NTSTATUS ObCreateObject(KPROCESSOR_MODE Mode, POBJECT_TYPE Type,
    _In_opt_ OBJECT_ATTRIBUTES __user *ObjectAttributes, ULONG BodySize, _Out_ PVOID *Object);
/*
 * ObInsertObject - name it (if it was given a name) and make a handle in the
 * current process's table.  Consumes the creator's reference, also on failure.
 * With OBJ_OPENIF and an existing name the handle is to that object and the
 * status STATUS_OBJECT_NAME_EXISTS.  Handle NULL: only the name is inserted and
 * the reference stays with the name; an unnamed object: STATUS_INVALID_PARAMETER.
 */
_Must_inspect_result_ NTSTATUS ObInsertObject(
    PVOID Object, ACCESS_MASK DesiredAccess, _Out_opt_ PHANDLE Handle);

void ObReferenceObject(PVOID Object);
void ObDereferenceObject(PVOID Object);
/* Fails when the last reference is already gone: for look-ups in lists and tables. */
BOOLEAN ObReferenceObjectSafe(PVOID Object);
BOOLEAN ObDereferenceObjectUnlessLast(PVOID Object); /* FALSE: kept; up to DISPATCH_LEVEL */
POBJECT_TYPE ObGetObjectType(PVOID Object);
ULONG ObGetPointerCount(PVOID Object);
ULONG ObGetHandleCount(PVOID Object);

/*
 * ObReferenceObjectByHandle - the object behind a handle of the current process.
 *
 * INVALID_HANDLE, OBJECT_TYPE_MISMATCH (Type NULL: any), ACCESS_DENIED (mode User).
 * -1 and -2 are the current process and thread, with their GrantedAccess.
 */
_Must_inspect_result_ NTSTATUS ObReferenceObjectByHandle(HANDLE Handle, ACCESS_MASK DesiredAccess,
    _In_opt_ POBJECT_TYPE Type, KPROCESSOR_MODE Mode, _Out_ PVOID *Object,
    _Out_opt_ POBJECT_HANDLE_INFORMATION Information);
/* The same with SYNCHRONIZE and the previous mode; *Waitable is what Ke may wait for. */
_Must_inspect_result_ NTSTATUS ObReferenceWaitableByHandle(
    HANDLE Handle, _Out_ PVOID *Object, _Out_ PVOID *Waitable);
_Must_inspect_result_ NTSTATUS ObReferenceObjectByPointer(
    PVOID Object, ACCESS_MASK DesiredAccess, _In_opt_ POBJECT_TYPE Type, KPROCESSOR_MODE Mode);
/* Looks a name up for the kernel itself; Name is a kernel string. */
_Must_inspect_result_ NTSTATUS ObReferenceObjectByName(PCUNICODE_STRING Name, ULONG Attributes,
    _In_opt_ POBJECT_TYPE Type, PVOID ParseContext, _Out_ PVOID *Object);
_Must_inspect_result_ NTSTATUS ObOpenObjectByName(OBJECT_ATTRIBUTES __user *ObjectAttributes,
    POBJECT_TYPE Type, KPROCESSOR_MODE Mode, ACCESS_MASK DesiredAccess, PVOID ParseContext,
    _Out_ PHANDLE Handle);
_Must_inspect_result_ NTSTATUS ObOpenObjectByPointer(PVOID Object, ULONG HandleAttributes,
    ACCESS_MASK DesiredAccess, _In_opt_ POBJECT_TYPE Type, KPROCESSOR_MODE Mode,
    _Out_ PHANDLE Handle);
/* Closes a handle of the current process (kernel: without PROTECT_FROM_CLOSE check). */
NTSTATUS ObCloseHandle(HANDLE Handle, KPROCESSOR_MODE Mode);
/*
 * The end of a service that makes a handle: after success writes it to the caller
 * and, if that fails, closes it and returns the failure; else returns Status.
 */
_Must_inspect_result_ NTSTATUS ObReturnHandle(
    HANDLE __user *User, HANDLE Handle, NTSTATUS Status);
_Must_inspect_result_ NTSTATUS ObCaptureAttributes(OBJECT_ATTRIBUTES __user *ObjectAttributes,
    KPROCESSOR_MODE Mode, _Out_ POBJECT_CAPTURED_ATTRIBUTES Captured);
void ObReleaseAttributes(POBJECT_CAPTURED_ATTRIBUTES Captured);
/* Maps generic rights by the type; ACCESS_DENIED on bits the type does not have. */
_Must_inspect_result_ NTSTATUS ObMapDesiredAccess(
    POBJECT_TYPE Type, ACCESS_MASK Desired, _Out_ PACCESS_MASK Granted);

/*
 * ObInitProcess - give Process a handle table.
 *
 * Parent NULL: empty.  Else every entry of Parent's table with OBJ_INHERIT is
 * duplicated at the same handle value; *Inherited counts them.
 * PROCESS_IS_TERMINATING when Parent's table is gone.
 */
_Must_inspect_result_ NTSTATUS ObInitProcess(
    _In_opt_ PKPROCESS Parent, PKPROCESS Process, _Out_ PULONG Inherited);
/*
 * Closes all handles and frees the table; does nothing when there is none.  The
 * caller has waited for the rundown, so that nobody uses the table any more.
 */
void ObKillProcess(PKPROCESS Process);
ULONG ObQueryHandleCount(PKPROCESS Process);

/*
 * What Ps does for the layers below it.  The body of a Process object begins with its
 * KPROCESS, that of a Thread object with its KTHREAD: so Ob finds pseudo-handles -1 and -2.
 */
typedef struct _OB_UPPER_ROUTINES {
    POBJECT_TYPE ProcessType;
    BOOLEAN (*AcquireHandleTable)(PKPROCESS Process); /* rundown: may its table be used? */
    void (*ReleaseHandleTable)(PKPROCESS Process);
} OB_UPPER_ROUTINES;
extern OB_UPPER_ROUTINES ObUpperRoutines;
