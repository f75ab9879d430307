/* SPDX-License-Identifier: MIT */
/*
 * Sections of memory and of images: statuses, sharing, copies on write.
 */
#include "tests/kernel/kt.h"
#include "io.h"
#include "mm/mi.h"
#include "nt/native.h"

#define KtSelf NtCurrentProcess()

static NTSTATUS KtCreate(PHANDLE Handle, LONGLONG Size, ULONG Protect, ULONG Attributes)
{
    LARGE_INTEGER Maximum = {.QuadPart = Size};

    return NtCreateSection(Handle, SECTION_ALL_ACCESS, NULL, Size == 0 ? NULL : &Maximum, Protect,
        Attributes, NULL);
}

static NTSTATUS KtMap(HANDLE Section, PVOID *Base, LONGLONG Offset, SIZE_T Size, ULONG Protect)
{
    LARGE_INTEGER Start = {.QuadPart = Offset};

    return NtMapViewOfSection(
        Section, KtSelf, Base, 0, 0, &Start, &Size, ViewUnmap, 0, Protect);
}

START_TEST(mm_section, "sections of memory: statuses, two views of the same pages")
{
    PVOID First = NULL, Second = NULL, Third = NULL;
    ULONG Value = 0x12345678, Seen = 0;
    HANDLE Section;

    ok_status(KtCreate(&Section, 0, PAGE_READWRITE, SEC_COMMIT), STATUS_INVALID_PARAMETER_4);
    ok_status(KtCreate(&Section, 1, PAGE_READWRITE, 0), STATUS_INVALID_PARAMETER_6);
    ok_status(KtCreate(&Section, 1, PAGE_GUARD, SEC_COMMIT), STATUS_INVALID_PAGE_PROTECTION);
    ok_status(KtCreate(&Section, 1, PAGE_READONLY, SEC_IMAGE), STATUS_INVALID_FILE_FOR_SECTION);
    ok_status(KtCreate(&Section, 1ll << 40, PAGE_READWRITE, SEC_COMMIT), STATUS_SECTION_TOO_BIG);
    ok_status(KtCreate(&Section, 0x20000, PAGE_READWRITE, SEC_COMMIT), STATUS_SUCCESS);
    ok_status(KtMap(Section, &First, 0, 0, PAGE_READWRITE), STATUS_SUCCESS);
    ok_status(KtMap(Section, &Second, 0x10000, 0x1000, PAGE_READONLY), STATUS_SUCCESS);
    ok_status(KtMap(Section, &Third, 0x1000, 0, PAGE_READWRITE), STATUS_MAPPED_ALIGNMENT);
    ok_status(KtMap(Section, &Third, 0x20000, 0, PAGE_READWRITE), STATUS_INVALID_VIEW_SIZE);
    ok_status(KtMap(Section, &Third, 0, 0x20001, PAGE_READWRITE), STATUS_INVALID_VIEW_SIZE);
    ok_status(KtMap(Section, &Third, 0, 0, PAGE_EXECUTE_READ), STATUS_SECTION_PROTECTION);
    ok_status(KtMap(Section, &First, 0, 0, PAGE_READWRITE), STATUS_CONFLICTING_ADDRESSES);
    ok_eq(KiCopyToUser((PUCHAR)First + 0x10004, &Value, sizeof(Value)), 0);
    ok_eq(KiCopyFromUser(&Seen, (PUCHAR)Second + 4, sizeof(Seen)), 0);
    ok_eq(Seen, Value);
    ok(KiCopyToUser(Second, &Value, sizeof(Value)) != 0, "a read-only view is read-only");
    ok_status(KtMap(Section, &Third, 0x10000, 0, PAGE_WRITECOPY), STATUS_SUCCESS);
    ok_eq(KiCopyToUser((PUCHAR)Third + 4, &(ULONG){1}, sizeof(Value)), 0);
    ok_eq(KiCopyFromUser(&Seen, (PUCHAR)Second + 4, sizeof(Seen)), 0);
    ok_eq(Seen, Value);
    ok_status(NtClose(Section), STATUS_SUCCESS);
    ok_eq(KiCopyFromUser(&Seen, (PUCHAR)Second + 8, sizeof(Seen)), 0);
    ok_status(NtUnmapViewOfSection(KtSelf, First), STATUS_SUCCESS);
    ok_status(NtUnmapViewOfSection(KtSelf, First), STATUS_NOT_MAPPED_VIEW);
    ok_status(NtUnmapViewOfSection(KtSelf, Second), STATUS_SUCCESS);
    ok_status(NtUnmapViewOfSection(KtSelf, Third), STATUS_SUCCESS);
}

START_TEST(mm_section_reserve, "a reserved section exists where a view has committed it")
{
    PVOID View = NULL, Part;
    SIZE_T Size = 0x1000;
    HANDLE Section;

    ok_status(KtCreate(&Section, 0x10000, PAGE_READWRITE, SEC_RESERVE), STATUS_SUCCESS);
    ok_status(KtMap(Section, &View, 0, 0, PAGE_READWRITE), STATUS_SUCCESS);
    ok(KiCopyToUser(View, "x", 1) != 0, "not committed");
    Part = View;
    ok_status(NtAllocateVirtualMemory(KtSelf, &Part, 0, &Size, MEM_COMMIT, PAGE_READWRITE),
        STATUS_SUCCESS);
    ok(KiCopyToUser(View, "x", 1) == 0, "committed");
    ok_status(NtUnmapViewOfSection(KtSelf, View), STATUS_SUCCESS);
    ok_status(NtClose(Section), STATUS_SUCCESS);
}

/* ntdll is mapped in System already, so a second view must go elsewhere. */
START_TEST(mm_image, "a second view of ntdll: elsewhere, shared text, private data")
{
    PVOID Base = NULL, FileObject;
    SIZE_T Size = 0;
    USHORT Magic = 0;
    PMM_BACKING_FILE File;
    PSECTION Section;

    ok_status(IoOpenBackingFile(L"\\SystemRoot\\system32\\ntdll.dll", &FileObject, &File),
        STATUS_SUCCESS);
    ok_status(MmCreateImageSection(File, FileObject, &Section), STATUS_SUCCESS);
    ObDereferenceObject(FileObject);
    ok_status(MmMapViewOfSection(Section, KeGetCurrentProcess(), &Base, 0, 0, NULL, &Size,
                  ViewUnmap, 0, PAGE_EXECUTE), STATUS_IMAGE_NOT_AT_BASE);
    ok(KiCopyFromUser(&Magic, Base, sizeof(Magic)) == 0 && Magic == 0x5A4D, "begins with MZ");
    ok(KiCopyToUser(Base, &Magic, sizeof(Magic)) != 0, "headers are read-only");
    ok_status(MmUnmapViewOfSection(KeGetCurrentProcess(), Base), STATUS_SUCCESS);
    ObDereferenceObject(Section);
}
