/* SPDX-License-Identifier: MIT */
/*
 * UBSan's run-time half: what gcc calls where an operation turns out to be one
 * that C leaves undefined.  The compiler passes a description of the place, whose
 * first member is always the line, and the operands.
 *
 * Names and layouts are the compiler's; the handlers' prototypes are in no header.
 */
#include "sanitize/sanitize.h"

typedef struct _UBSAN_LOCATION {
    PCSTR File;
    ULONG Line;
    ULONG Column;
} UBSAN_LOCATION;

typedef struct _UBSAN_TYPE {
    USHORT Kind; /* 0: an integer */
    USHORT Info; /* of an integer: bit 0 signed, above it log2 of its bits */
    CHAR Name[]; /* with quotes */
} UBSAN_TYPE;

/* The descriptions, as far as they are read. */
typedef struct _UBSAN_PLACE {
    UBSAN_LOCATION Location;
    const UBSAN_TYPE *Types[2];
} UBSAN_PLACE;

/* An operand's low 32 bits: longer ones are passed by address. */
static ULONG SanOperand(const UBSAN_TYPE *Type, ULONG_PTR Operand)
{
    return Type->Info >> 1 > 5 ? *(const ULONG *)Operand : Operand;
}

static BOOLEAN SanBeginPlace(const UBSAN_LOCATION *Location, PCSTR What)
{
    if (!SanBeginReport()) {
        return FALSE;
    }
    KePrint("\nUBSan: %s:%u:%u: %s", Location->File, Location->Line, Location->Column, What);
    return TRUE;
}

static void SanReportPlace(const UBSAN_LOCATION *Location, PCSTR What, ULONG_PTR Caller)
{
    if (SanBeginPlace(Location, What)) {
        KePrint("\n");
        SanEndReport(Caller);
    }
}

static void SanReportOperands(
    const UBSAN_PLACE *Place, PCSTR What, ULONG_PTR Left, ULONG_PTR Right, ULONG_PTR Caller)
{
    if (SanBeginPlace(&Place->Location, What)) {
        KePrint(", operands %08x and %08x, type %s\n", SanOperand(Place->Types[0], Left),
            SanOperand(Place->Types[0], Right), Place->Types[0]->Name);
        SanEndReport(Caller);
    }
}

static void SanReportAddress(
    const UBSAN_LOCATION *Location, PCSTR What, ULONG_PTR Address, ULONG_PTR Caller)
{
    if (SanBeginPlace(Location, What)) {
        KePrint(", address %08x\n", Address);
        SanEndReport(Caller);
    }
}

#define CALLER ((ULONG_PTR)__builtin_return_address(0))

/* Operations on two integers of one type. */
#define BINARY_HANDLER(Name, What)                                                             \
    void Name(const UBSAN_PLACE *Place, ULONG_PTR Left, ULONG_PTR Right);                      \
    void Name(const UBSAN_PLACE *Place, ULONG_PTR Left, ULONG_PTR Right)                       \
    {                                                                                          \
        SanReportOperands(Place, What, Left, Right, CALLER);                                   \
    }
BINARY_HANDLER(__ubsan_handle_add_overflow, "signed addition overflows")
BINARY_HANDLER(__ubsan_handle_sub_overflow, "signed subtraction overflows")
BINARY_HANDLER(__ubsan_handle_mul_overflow, "signed multiplication overflows")
BINARY_HANDLER(__ubsan_handle_divrem_overflow, "division overflows or divides by zero")

void __ubsan_handle_negate_overflow(const UBSAN_PLACE *Place, ULONG_PTR Value);
void __ubsan_handle_negate_overflow(const UBSAN_PLACE *Place, ULONG_PTR Value)
{
    SanReportOperands(Place, "negation overflows", 0, Value, CALLER);
}

/* Right has the second type; no count of shifts needs more than 32 bits. */
void __ubsan_handle_shift_out_of_bounds(const UBSAN_PLACE *Place, ULONG_PTR Left, ULONG_PTR Right);
void __ubsan_handle_shift_out_of_bounds(const UBSAN_PLACE *Place, ULONG_PTR Left, ULONG_PTR Right)
{
    if (SanBeginPlace(&Place->Location, "shift out of bounds")) {
        KePrint(", %08x by %d, type %s\n", SanOperand(Place->Types[0], Left),
            SanOperand(Place->Types[1], Right), Place->Types[0]->Name);
        SanEndReport(CALLER);
    }
}

void __ubsan_handle_out_of_bounds(const UBSAN_PLACE *Place, ULONG_PTR Index);
void __ubsan_handle_out_of_bounds(const UBSAN_PLACE *Place, ULONG_PTR Index)
{
    if (SanBeginPlace(&Place->Location, "index out of bounds")) {
        KePrint(", %d in %s\n", SanOperand(Place->Types[1], Index), Place->Types[0]->Name);
        SanEndReport(CALLER);
    }
}

void __ubsan_handle_type_mismatch_v1(const UBSAN_PLACE *Place, ULONG_PTR Address);
void __ubsan_handle_type_mismatch_v1(const UBSAN_PLACE *Place, ULONG_PTR Address)
{
    SanReportAddress(&Place->Location,
        Address == 0 ? "null pointer used" : "object too small for its use", Address, CALLER);
}

void __ubsan_handle_pointer_overflow(
    const UBSAN_LOCATION *Location, ULONG_PTR Base, ULONG_PTR Result);
void __ubsan_handle_pointer_overflow(
    const UBSAN_LOCATION *Location, ULONG_PTR Base, ULONG_PTR Result)
{
    UNREFERENCED_PARAMETER(Result);
    SanReportAddress(Location, "pointer arithmetic wraps", Base, CALLER);
}

void __ubsan_handle_load_invalid_value(const UBSAN_PLACE *Place, ULONG_PTR Value);
void __ubsan_handle_load_invalid_value(const UBSAN_PLACE *Place, ULONG_PTR Value)
{
    if (SanBeginPlace(&Place->Location, "value that its type cannot hold")) {
        KePrint(", %u in %s\n", Value, Place->Types[0]->Name);
        SanEndReport(CALLER);
    }
}

void __ubsan_handle_vla_bound_not_positive(const UBSAN_PLACE *Place, ULONG_PTR Bound);
void __ubsan_handle_vla_bound_not_positive(const UBSAN_PLACE *Place, ULONG_PTR Bound)
{
    UNREFERENCED_PARAMETER(Bound);
    SanReportPlace(&Place->Location, "array of no or negative length", CALLER);
}

void __ubsan_handle_nonnull_arg(const UBSAN_LOCATION *Location);
void __ubsan_handle_nonnull_arg(const UBSAN_LOCATION *Location)
{
    SanReportPlace(Location, "null argument where none may be", CALLER);
}

/* The place of the return statement comes by itself, the attribute's in the description. */
void __ubsan_handle_nonnull_return_v1(
    const UBSAN_LOCATION *Attribute, const UBSAN_LOCATION *Return);
void __ubsan_handle_nonnull_return_v1(
    const UBSAN_LOCATION *Attribute, const UBSAN_LOCATION *Return)
{
    UNREFERENCED_PARAMETER(Attribute);
    SanReportPlace(Return, "null returned where none may be", CALLER);
}

void __ubsan_handle_invalid_builtin(const UBSAN_LOCATION *Location);
void __ubsan_handle_invalid_builtin(const UBSAN_LOCATION *Location)
{
    SanReportPlace(Location, "bits of zero counted from one end", CALLER);
}

/* The compiler expects no return: the system stops even where a test expects reports. */
DECLSPEC_NORETURN void __ubsan_handle_builtin_unreachable(const UBSAN_LOCATION *Location);
void __ubsan_handle_builtin_unreachable(const UBSAN_LOCATION *Location)
{
    SanReportPlace(Location, "unreachable code reached", CALLER);
    KeBugCheckEx(NASCENT_SANITIZER, CALLER, 0, 0, 0);
}
