/* SPDX-License-Identifier: MIT */
/*
 * The options of the kernel command line.  One table says what there is; it
 * parses, and it prints the text of `help` and the list after an unknown option.
 */
#include "boot/bootp.h"
#include "hal.h"

typedef enum _OPTION_KIND {
    OptionHelp,
    OptionFlag,   /* on, off; the name alone means on */
    OptionTrace,  /* TRACE_LEVEL */
    OptionText,   /* CHAR array */
    OptionNumber, /* ULONG, decimal or 0x */
} OPTION_KIND;

typedef struct _BOOT_OPTION {
    PCSTR Name;
    PCSTR Values;
    PCSTR Help;
    OPTION_KIND Kind;
    USHORT Offset; /* in BOOT_OPTIONS */
    USHORT Size;
} BOOT_OPTION;

#define FIELD(Name) FIELD_OFFSET(BOOT_OPTIONS, Name), sizeof(((BOOT_OPTIONS *)0)->Name)

static const BOOT_OPTION BootOptions[] = {
    {"help", "", "print this list and stop", OptionHelp, 0, 0},
    {"trace", "off|phases|full", "what of the trace is printed (phases)", OptionTrace,
        FIELD(Trace)},
    {"color", "on|off", "colour the trace by phase (off)", OptionFlag, FIELD(Color)},
    {"exit", "on|off", "leave the emulator when the demonstration ends (off)", OptionFlag,
        FIELD(PowerOff)},
    {"debug", "on|off", "wait early in the start until gdb continues (off)", OptionFlag,
        FIELD(WaitDebugger)},
    {"records", "on|off", "send binary trace records to COM2 (off)", OptionFlag, FIELD(Records)},
    {"test", "GLOB", "run the tests whose names match, then stop: test=*, test=ps_*", OptionText,
        FIELD(Test)},
    {"bench", "ID|all", "run the benchmarks, then stop: bench=B3", OptionText, FIELD(Bench)},
    {"run", "PATH", "what smss starts (programs\\parent.exe)", OptionText, FIELD(Run)},
    {"crash", "KIND", "crash on purpose; boot/crash.c has the kinds", OptionText,
        FIELD(Crash)},
    {"seed", "N", "seed of the tests' random numbers (1)", OptionNumber, FIELD(Seed)},
    {"steps", "N", "steps of ke_stress and of ke_free (100000)", OptionNumber, FIELD(Steps)},
    {"tracebuf", "N", "trace records kept for each processor, a power of two (8192)", OptionNumber,
        FIELD(TraceRecords)},
};

BOOT_OPTIONS KeBootOptions = {
    .Trace = TraceLevelPhases,
    .Run = "programs\\parent.exe",
    .Seed = 1,
    .Steps = 100000,
    .TraceRecords = 8192,
};

static void BootPrintOptions(void)
{
    CHAR Syntax[32];
    ULONG i;

    for (i = 0; i < ARRAYSIZE(BootOptions); i++) {
        const BOOT_OPTION *Option = &BootOptions[i];

        RtlStringFormat(Syntax, sizeof(Syntax), "%s%s%s", Option->Name,
            Option->Values[0] != 0 ? "=" : "", Option->Values);
        KePrint("  %-22s %s\n", Syntax, Option->Help);
    }
}

/* Each setter returns FALSE when the value is none of those the option takes. */
static BOOLEAN BootSetFlag(BOOLEAN *Flag, PCSTR Value)
{
    *Flag = Value[0] == 0 || strcmp(Value, "on") == 0;
    return *Flag || strcmp(Value, "off") == 0;
}

static BOOLEAN BootSetTrace(TRACE_LEVEL *Level, PCSTR Value)
{
    static const CHAR Names[][8] = {"off", "phases", "full"};
    ULONG i;

    for (i = 0; i < ARRAYSIZE(Names); i++) {
        if (strcmp(Value, Names[i]) == 0) {
            *Level = (TRACE_LEVEL)i;
            return TRUE;
        }
    }
    return FALSE;
}

static BOOLEAN BootSetText(PSTR Text, SIZE_T Size, PCSTR Value)
{
    if (Value[0] == 0 || strlen(Value) >= Size) {
        return FALSE;
    }
    memcpy(Text, Value, strlen(Value) + 1);
    return TRUE;
}

static BOOLEAN BootSetOption(const BOOT_OPTION *Option, PCSTR Value)
{
    PVOID Field = (PUCHAR)&KeBootOptions + Option->Offset;

    switch (Option->Kind) {
    case OptionHelp:
        KePrint("Options of the kernel command line:\n");
        BootPrintOptions();
        HalExitEmulator(HAL_EXIT_PASS);
        HalHalt();
    case OptionFlag:
        return BootSetFlag(Field, Value);
    case OptionTrace:
        return BootSetTrace(Field, Value);
    case OptionText:
        return BootSetText(Field, Option->Size, Value);
    case OptionNumber:
        return Value[0] != 0 && NT_SUCCESS(RtlCharToInteger(Value, 0, Field));
    }
    return FALSE;
}

/* Word is "name" or "name=value". */
static void BootParseOption(PSTR Word)
{
    PSTR Value = Word;
    ULONG i;

    while (*Value != 0 && *Value != '=') {
        Value++;
    }
    if (*Value != 0) {
        *Value++ = 0;
    }
    for (i = 0; i < ARRAYSIZE(BootOptions); i++) {
        if (strcmp(Word, BootOptions[i].Name) == 0) {
            if (!BootSetOption(&BootOptions[i], Value)) {
                KePrint("Option %s does not take '%s'; it takes %s.\n", Word, Value,
                    BootOptions[i].Values);
            }
            return;
        }
    }
    KePrint("Unknown option '%s' is ignored.  The options are:\n", Word);
    BootPrintOptions();
}

void BootParseOptions(void)
{
    CHAR Line[BOOT_COMMAND_LINE_SIZE];
    PSTR Next = Line;

    memcpy(Line, KeLoaderBlock.CommandLine, sizeof(Line));
    while (*Next != 0) {
        PSTR Word = Next;

        while (*Next != 0 && *Next != ' ') {
            Next++;
        }
        if (*Next != 0) {
            *Next++ = 0;
        }
        if (*Word != 0) {
            BootParseOption(Word);
        }
    }
}
