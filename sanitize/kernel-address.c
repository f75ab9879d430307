/* SPDX-License-Identifier: MIT */
/*
 * KASAN's run-time half: gcc calls it before every access to memory that it cannot
 * prove right.  A shadow byte says of eight bytes of memory how many of the first
 * may be touched (0: all), or why none may.
 *
 * The shadow goes by physical address, so that one serves the direct map and the
 * blocks that pool and stacks map in system PTE space.  User addresses are not
 * looked at: the kernel touches them only by KiCopyFromUser and KiCopyToUser.
 * mm reports through inc/kasan.h what is in use.
 */
#include "kasan.h"
#include "ke/ki.h"
#include "mm/mi.h"
#include "sanitize/sanitize.h"

#define KASAN_POOL 0xFB /* pool that is free, a header, or behind a block */
#define KASAN_PAGE 0xFF /* a page in a free list */

extern void *__real_memset(void *To, int Fill, size_t Length); /* unchecked: see the end */

static PUCHAR KasanShadow; /* NULL until memory is known: nothing is checked */
static ULONG KasanLimit;   /* physical address behind the last that has a shadow */

/* ---- What mm says ------------------------------------------------------------------------- */

ULONG KasanShadowPages(ULONG Highest)
{
    return BYTES_TO_PAGES((Highest + 1) * (PAGE_SIZE / 8));
}

void KasanInitialize(PVOID Shadow, ULONG Highest)
{
    KasanLimit = (Highest + 1) << PAGE_SHIFT;
    KasanShadow = Shadow;
}

/* KasanLimit or above: memory without a shadow, which is not checked. */
static ULONG KasanPhysical(ULONG_PTR Va)
{
    if (Va >= MI_SYSTEM_PTES && Va < MI_SELF_MAP) {
        PMMPTE Pte = MiSystemPte((PCVOID)Va);

        return (Pte->Low & MI_VALID) ? (Pte->Low & MI_FRAME) + Va % PAGE_SIZE : KasanLimit;
    }
    return Va - KERNEL_BASE; /* wraps for user addresses, and is large for the rest */
}

static void KasanSetShadow(ULONG Physical, SIZE_T Length, UCHAR Value)
{
    if (KasanShadow != NULL && Physical < KasanLimit) {
        __real_memset(&KasanShadow[Physical / 8], Value, Length / 8);
    }
}

/* A range of pool, which may have several pages and then be mapped one by one. */
static void KasanSetPool(ULONG_PTR Va, SIZE_T Length, UCHAR Value)
{
    while (Length != 0) {
        SIZE_T Part = PAGE_SIZE - Va % PAGE_SIZE;

        Part = Part < Length ? Part : Length;
        KasanSetShadow(KasanPhysical(Va), Part, Value);
        Va += Part;
        Length -= Part;
    }
}

void KasanAllow(PCVOID Start, SIZE_T Size, SIZE_T Room)
{
    ULONG_PTR Va = (ULONG_PTR)Start;
    SIZE_T Whole = Size & ~7u;

    KasanSetPool(Va, Whole, 0);
    KasanSetPool(Va + Whole, Room - Whole, KASAN_POOL);
    if (Size != Whole) {
        KasanSetPool(Va + Whole, 8, (UCHAR)(Size % 8));
    }
}

void KasanForbidPool(PCVOID Start, SIZE_T Room)
{
    KasanSetPool((ULONG_PTR)Start, Room, KASAN_POOL);
}

void KasanForbidPage(ULONG Page)
{
    KasanSetShadow(Page << PAGE_SHIFT, PAGE_SIZE, KASAN_PAGE);
}

void KasanAllowPage(ULONG Page)
{
    KasanSetShadow(Page << PAGE_SHIFT, PAGE_SIZE, 0);
}

/* ---- Checks ---------------------------------------------------------------------------------- */

static void KasanReport(ULONG_PTR Va, SIZE_T Length, PCSTR What, UCHAR Shadow, ULONG_PTR Caller)
{
    PCSTR Why = Shadow == KASAN_PAGE   ? "in a free page"
                : Shadow == KASAN_POOL ? "in pool that is free or behind a block"
                                       : "just behind the end of a pool block";

    if (SanBeginReport()) {
        ULONG Offset = 0;
        PCSTR Name = KiLookupSymbol(Caller, &Offset);

        KePrint("\nKASAN: %s of %u bytes at %08x, %s, by %s+%x\n", What, Length, Va, Why,
            Name == NULL ? "?" : Name, Offset);
        SanEndReport(Caller);
    }
}

/* Length is at least 1 and the range lies in one page. */
static void KasanCheckPart(
    ULONG_PTR Va, SIZE_T Length, SIZE_T Whole, PCSTR What, ULONG_PTR Caller)
{
    ULONG First = KasanPhysical(Va);
    ULONG Last = First + Length - 1;

    if (First >= KasanLimit) {
        return;
    }
    for (ULONG i = First / 8; i <= Last / 8; i++) {
        UCHAR Shadow = KasanShadow[i];
        ULONG Touched = i < Last / 8 ? 7 : Last % 8;

        if (Shadow != 0 && (Shadow >= KASAN_POOL || Touched >= Shadow)) {
            KasanReport(Va, Whole, What, Shadow, Caller);
            return;
        }
    }
}

static void KasanCheck(ULONG_PTR Va, SIZE_T Length, PCSTR What, ULONG_PTR Caller)
{
    SIZE_T Whole = Length;

    while (KasanShadow != NULL && Va >= KERNEL_BASE && Length != 0) {
        SIZE_T Part = PAGE_SIZE - Va % PAGE_SIZE;

        Part = Part < Length ? Part : Length;
        KasanCheckPart(Va, Part, Whole, What, Caller);
        Va += Part;
        Length -= Part;
    }
}

/* ---- What gcc calls ---------------------------------------------------------------------------- */

#define CALLER ((ULONG_PTR)__builtin_return_address(0))

#define KASAN_CHECKS(Size)                                                                     \
    void __asan_load##Size##_noabort(ULONG_PTR Va);                                            \
    void __asan_load##Size##_noabort(ULONG_PTR Va)                                             \
    {                                                                                          \
        KasanCheck(Va, Size, "read", CALLER);                                                  \
    }                                                                                          \
    void __asan_store##Size##_noabort(ULONG_PTR Va);                                           \
    void __asan_store##Size##_noabort(ULONG_PTR Va)                                            \
    {                                                                                          \
        KasanCheck(Va, Size, "write", CALLER);                                                 \
    }
KASAN_CHECKS(1)
KASAN_CHECKS(2)
KASAN_CHECKS(4)
KASAN_CHECKS(8)
KASAN_CHECKS(16)

void __asan_loadN_noabort(ULONG_PTR Va, SIZE_T Length);
void __asan_loadN_noabort(ULONG_PTR Va, SIZE_T Length)
{
    KasanCheck(Va, Length, "read", CALLER);
}

void __asan_storeN_noabort(ULONG_PTR Va, SIZE_T Length);
void __asan_storeN_noabort(ULONG_PTR Va, SIZE_T Length)
{
    KasanCheck(Va, Length, "write", CALLER);
}

/* Before a call that does not return: stacks have no shadow, so nothing is to be undone. */
void __asan_handle_no_return(void);
void __asan_handle_no_return(void)
{
}

/* ---- Routines in rtl/memory.c that copy with string instructions (ld --wrap) ---------------------- */

extern void *__real_memcpy(void *To, const void *From, size_t Length);
extern void *__real_memmove(void *To, const void *From, size_t Length);
void *__wrap_memcpy(void *To, const void *From, size_t Length);
void *__wrap_memmove(void *To, const void *From, size_t Length);
void *__wrap_memset(void *To, int Fill, size_t Length);

void *__wrap_memcpy(void *To, const void *From, size_t Length)
{
    KasanCheck((ULONG_PTR)From, Length, "read", CALLER);
    KasanCheck((ULONG_PTR)To, Length, "write", CALLER);
    return __real_memcpy(To, From, Length);
}

void *__wrap_memmove(void *To, const void *From, size_t Length)
{
    KasanCheck((ULONG_PTR)From, Length, "read", CALLER);
    KasanCheck((ULONG_PTR)To, Length, "write", CALLER);
    return __real_memmove(To, From, Length);
}

void *__wrap_memset(void *To, int Fill, size_t Length)
{
    KasanCheck((ULONG_PTR)To, Length, "write", CALLER);
    return __real_memset(To, Fill, Length);
}
