/* SPDX-License-Identifier: MIT */
/*
 * catch.exe: an exception that is repaired, and one that nobody wants.  The chapter
 * docs/exceptions.md explains its output:
 *
 *   make run ARGS='run=programs\catch.exe'
 *
 * What __try would do the program does by hand: it puts a record into the list that
 * begins at FS:0.
 */
#include <windows.h>

static DWORD *volatile Nowhere; /* NULL, but the compiler does not know */

static void Print(const char *Text)
{
    DWORD Written;

    WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), Text, (DWORD)lstrlenA(Text), &Written, NULL);
}

static void PrintHex(DWORD Number)
{
    char Digits[9] = {0};

    for (int Place = 7; Place >= 0; Place--, Number >>= 4) {
        Digits[Place] = "0123456789abcdef"[Number & 15];
    }
    Print(Digits);
}

/* Asked first, whatever the stack looks like. */
static LONG NTAPI SeeFirst(PEXCEPTION_POINTERS Pointers)
{
    Print("  vectored handler: code ");
    PrintHex(Pointers->ExceptionRecord->ExceptionCode);
    Print("\n");
    return EXCEPTION_CONTINUE_SEARCH;
}

/* The handler of the one frame: gives a division another divisor, else it is not wanted. */
static EXCEPTION_DISPOSITION __cdecl RepairDivision(
    PEXCEPTION_RECORD Record, PVOID Frame, PCONTEXT Context, PVOID DispatcherContext)
{
    UNREFERENCED_PARAMETER(Frame);
    UNREFERENCED_PARAMETER(DispatcherContext);
    if (Record->ExceptionCode != (DWORD)EXCEPTION_INT_DIVIDE_BY_ZERO) {
        Print("  frame's handler: not mine\n");
        return ExceptionContinueSearch;
    }
    Context->Ecx = 3;
    Print("  frame's handler: go on, with 3 in ECX\n");
    return ExceptionContinueExecution;
}

static DWORD Divide(DWORD Value, DWORD Divisor)
{
    __asm__ volatile("xorl %%edx, %%edx\n\tdivl %1" : "+a"(Value), "+c"(Divisor) : : "edx");
    return Value;
}

int mainCRTStartup(void)
{
    EXCEPTION_REGISTRATION_RECORD Frame = {.Handler = (PEXCEPTION_ROUTINE)RepairDivision};

    AddVectoredExceptionHandler(1, SeeFirst);
    __asm__ volatile("movl %%fs:0, %0\n\tmovl %1, %%fs:0"
                     : "=&r"(Frame.Next)
                     : "r"(&Frame)
                     : "memory");
    Print("12 / 0\n");
    Print(Divide(12, 0) == 4 ? "is 4.\n" : "is wrong.\n");
    Print("Now a write to address 0.\n");
    *Nowhere = 1;
    return 0;
}
